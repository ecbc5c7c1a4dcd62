"""What ``checkpoints explain`` shows, and what it reads it from."""

from __future__ import annotations

import json
import re
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from checkpoints.archive.runs import save_report
from checkpoints.explain.summary import Explanation
from checkpoints.validation import Options, check, request_of
from remediation.ledger.ledger import ledger_path
from remediation.ledger.states import State
from tests.support.commands import command
from tests.support.planted import Planted, planted
from tests.support.warehouses import D

EIGHT, NINE, TEN = "2025-01-08", "2025-01-09", "2025-01-10"
REFUSED = (State.REJECTED, "2025-01-31T10:01", {"status": 503, "seconds": 0.1})
SENDING = (State.SENDING, "2025-01-31T10:00", {})


@pytest.fixture
def made(tmp_path: Path) -> Planted:
    return planted(tmp_path)


def run_on(made: Planted, first: str, last: str) -> None:
    """Judge a window and store the report."""
    options: Options = {
        "first": D(first), "last": D(last), "as_of": D("2025-02-09"),
        "checkpoint": "after_backfill",
    }  # fmt: skip
    at = datetime(2025, 2, 9, 12, tzinfo=UTC)
    save_report(made.file.project, check(request_of(made.file, options, at, lambda: 0.0)))


def test_the_terminal_names_each_root_cause_its_dates_and_what_is_below(made: Planted) -> None:
    made.lose("raw summary factors", EIGHT, NINE)
    made.lose("factors", "2025-01-12")
    made.called("2025-01-12", SENDING, REFUSED)
    contract = ("--contract", str(made.file.path))
    window = ("--from", "2025-01-01", "--to", "2025-01-20", "--as-of", "2025-02-10")
    ran = command("checkpoints", "explain", *contract, *window, COLUMNS="80")
    assert ran.stdout == (
        "all datasets, 2025-01-01 → 2025-01-20, as of 2025-02-10: 3 dates lack something, "
        "2 root causes\n"
        "\n"
        "source has nothing · certain\n"
        "  L1: raw (2 dates)\n"
        "  2025-01-08 → 2025-01-09\n"
        "  the topmost source holds nothing of it\n"
        "  it last held something on 2025-01-07\n"
        "  below it: summary (2 dates), factors (2 dates)\n"
        "\n"
        "called and not landed · certain\n"
        "  L4: factors (1 date)\n"
        "  2025-01-12\n"
        "  compute was called and the table does not show it: HTTP 503\n"
        "  e.g. 2025-01-12: tried 1 time, last 2025-01-31 10:00 UTC\n"
        f"next   python -m remediation plan --contract {made.file.path}\n"
    )
    assert (ran.stdout, ran.returncode) == ("", 0)


def test_without_dates_it_is_what_is_open_in_the_window_of_the_latest_run(made: Planted) -> None:
    made.lose("factors", EIGHT, "2025-01-18")
    run_on(made, "2025-01-05", "2025-01-10")
    contract = ("--contract", str(made.file.path), "--as-of", "2025-02-10")
    ran = command("checkpoints", "explain", "factors", *contract, "--json", "-")
    found = Explanation.model_validate_json(ran.stdout)
    assert (str(found.window), [day.date for day in found.days]) == (
        "2025-01-05 → 2025-01-10", [D(EIGHT)],
    )  # fmt: skip


def test_datasets_of_a_layer_that_lack_the_same_dates_are_one_root_cause(tmp_path: Path) -> None:
    cache = {"layer": "L4", "upstream": "summary", "service": "compute"}
    made = planted(tmp_path, {"cache": cache})
    made.lose("factors cache", EIGHT)
    made.lose("cache", TEN)
    (cause,) = made.explain()["causes"]
    assert [(part["dataset"], part["dates"]) for part in cause["at"]] == [
        ("factors", [EIGHT]), ("cache", [EIGHT, TEN]),
    ]  # fmt: skip


def test_of_several_sources_each_that_has_nothing_is_named(tmp_path: Path) -> None:
    spare = {"layer": "L1", "upstream": "schedule"}
    either = {"upstream": {"any_of": ["raw", "spare"]}}
    made = planted(tmp_path, {"spare": spare, "summary": either})
    made.lose("raw", EIGHT)
    assert made.reasons("factors", EIGHT) == ["nothing is missing at factors, certain"]
    made.lose("raw spare summary factors", EIGHT)
    assert made.reasons("factors", EIGHT) == [
        "source has nothing at raw, certain", "source has nothing at spare, certain",
    ]  # fmt: skip


def test_a_ledger_of_version_3_is_read(made: Planted) -> None:
    made.lose("factors", EIGHT)
    made.called(EIGHT, SENDING, REFUSED)
    with closing(sqlite3.connect(ledger_path(made.file.project))) as ledger:
        ledger.executescript(
            "DROP VIEW calls; ALTER TABLE transitions DROP COLUMN request;"
            "ALTER TABLE plans DROP COLUMN because; DROP TABLE seen_before; PRAGMA user_version=3;"
        )
    assert made.reasons("factors", EIGHT) == ["called and not landed at factors, certain"]


def test_a_ledger_of_an_unknown_version_is_told(made: Planted) -> None:
    made.called(EIGHT, SENDING, REFUSED)
    with closing(sqlite3.connect(ledger_path(made.file.project))) as ledger:
        ledger.execute("PRAGMA user_version = 99")
    assert "is not a ledger of version 3 or 4 (it says 99)" in made.explain(code=3)["problem"]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("factor", EIGHT), "dataset 'factor' is not in the contract: did you mean 'factors'?"),
        (("factors", EIGHT, "--last", "7d"), "DATE and options for dates exclude each other"),
        (("factors", "8 January"), "'8 January' is no date: write it like 2025-01-31"),
        (("--json", "-", "--markdown", "-"), "cannot both be written to stdout"),
        (("--from", TEN, "--to", EIGHT), "is after"),
    ],
)
def test_what_cannot_be_meant_is_refused(
    made: Planted, arguments: tuple[str, ...], said: str
) -> None:
    ran = command("checkpoints", "explain", *arguments, "--contract", str(made.file.path))
    assert ran.returncode == 2
    assert said in re.sub(r"\s+", " ", ran.stderr)


def test_a_warehouse_that_is_gone_is_no_explanation(made: Planted) -> None:
    made.database.unlink()
    ran = command("checkpoints", "explain", "factors", EIGHT, "--contract", str(made.file.path))
    assert (ran.returncode, "does not exist" in ran.stderr) == (3, True)


def test_the_tables_are_read_once_and_nothing_is_written(made: Planted) -> None:
    made.lose("factors", EIGHT)
    before = sorted(path for path in made.file.project.rglob("*"))
    assert json.loads(json.dumps(made.explain("factors", EIGHT)))["schema_version"] == 1
    assert sorted(path for path in made.file.project.rglob("*")) == before
