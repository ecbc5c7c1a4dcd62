"""A smoke test on the real service: make test-bigquery-live PROJECT=my-project

It compares one week of two public tables of the baseball season of 2016, which are in US. That
takes a project with billing or the sandbox, roles/bigquery.jobUser on it, and application-default
credentials: gcloud auth application-default login. It reads some megabytes, never more than 1 GB.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.support.commands import command
from tests.support.warehouses import write_contract

PROJECT = os.environ.get("BIGQUERY_LIVE_PROJECT", "")
BASEBALL = "bigquery-public-data.baseball"
WEEK = ("--from", "2016-05-02", "--to", "2016-05-08", "--as-of", "2016-06-01")
pytestmark = pytest.mark.skipif(not PROJECT, reason="needs BIGQUERY_LIVE_PROJECT: a project")


def dataset(layer: str, table: str, **more: Any) -> dict[str, Any]:
    """A table with a game's id and its beginning, which is a TIMESTAMP."""
    named = {"table": f"{BASEBALL}.{table}", "date": "startTime", "key": "gameId"}
    return {"layer": layer, **named, **more}


@pytest.fixture
def arguments(tmp_path: Path) -> tuple[str, ...]:
    """A contract that compares the pitches of every game with the schedule."""
    rules = [{"rule": "conversion_ratio", "at_least": 0.5}]
    raw = {
        "version": 1,
        "warehouse": f"bigquery://{PROJECT}",
        "bigquery": {"max_bytes": "1GB"},
        "timezone": "America/New_York",
        "reference": "schedule",
        "layers": {"reference": "schedule", "L1": "pitches"},
        "seasons": [{"name": "2016", "from": "2016-04-03", "to": "2016-11-02"}],
        "datasets": {
            "schedule": dataset("reference", "schedules"),
            "pitches": dataset("L1", "games_wide", upstream="schedule", rules=rules),
        },
        "checkpoints": {"after_backfill": {"suites": ["L1"]}},
    }
    return (*WEEK, "--contract", str(write_contract(tmp_path, raw)), "--json", "-")


def test_an_estimate_costs_nothing_and_names_bytes(arguments: tuple[str, ...]) -> None:
    done = command("checkpoints", "estimate", *arguments)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert 0 < found["total_bytes"] < 10**9
    assert {each["location"] for each in found["datasets"]} == {"US"}


def test_a_check_reads_little_and_records_its_query(arguments: tuple[str, ...]) -> None:
    done = command("checkpoints", "check", *arguments)
    assert done.returncode in (0, 1), done.stderr
    (statement, *_) = json.loads(done.stdout)["statements"]
    assert statement["job_id"]
    assert statement["bytes_processed"] < 10**9


def test_a_cap_of_one_byte_is_refused_before_reading(arguments: tuple[str, ...]) -> None:
    done = command("checkpoints", "check", *arguments, "--max-bytes", "1B")
    assert done.returncode == 3
    assert "nothing was read" in done.stderr


def test_a_table_that_is_not_there_is_named(arguments: tuple[str, ...]) -> None:
    path = Path(arguments[arguments.index("--contract") + 1])
    path.write_text(path.read_text().replace("baseball.schedules", "baseball.schedule"))
    done = command("checkpoints", "check", *arguments)
    assert done.returncode == 3
    assert "did you mean 'schedules'" in done.stdout
