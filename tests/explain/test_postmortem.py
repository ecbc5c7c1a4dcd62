"""The post-mortem says what happened, from the tables, the archive and the ledger."""

from __future__ import annotations

import re
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from checkpoints.archive.runs import save_report
from checkpoints.contract.loading import load_contract
from checkpoints.validation import Options, check, request_of
from demo.incident import FILLED
from demo.warehouse import build, fill_demo
from tests.support.backfills import EIGHT, NINE, SEVEN, carry_out, plan_of
from tests.support.commands import command
from tests.support.incidents import SHIPPED
from tests.support.planted import Planted, planted
from tests.support.scripted_service import TODAY, answer, project
from tests.support.warehouses import D

BEGUN = "2025-01-05"


def read(text: str) -> str:
    """As it is drawn."""
    return re.sub(r"\\(.)", r"\1", text)


def section(text: str, title: str) -> str:
    found = re.search(rf"^##+ {title}.*?\n(.*?)(?=^##? |\Z)", text, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def written(folder: Path, contract: Path, *options: str, **environ: str) -> str:
    path = folder / "postmortem.md"
    asked = ("--contract", str(contract), "--markdown", str(path), *options)
    ran = command("checkpoints", "explain", *asked, **environ)
    assert ran.returncode == 0, ran.stderr
    return read(path.read_text(encoding="utf-8"))


def run_on(made: Planted, day: date, checkpoint: str, first: str, last: str) -> str:
    """Judge a window on a day, and store the report; returns its id."""
    options: Options = {
        "first": D(first), "last": D(last), "as_of": day, "checkpoint": checkpoint,
    }  # fmt: skip
    at = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
    file = load_contract(made.file.path, {})
    report = check(request_of(file, options, at, lambda: 0.0))
    save_report(made.file.project, report)
    return report.run_id


@pytest.fixture
def hole(tmp_path: Path) -> Planted:
    """Ten dates that ``factors`` lacks, and a checkpoint that looks at the layer above alone."""
    checkpoints = {
        "after_backfill": {"suites": ["reference", "L1", "L3", "L4"]},
        "analytics": {"suites": ["L3"]},
    }
    made = planted(tmp_path, checkpoints=checkpoints)
    made.lose("factors", *(f"2025-01-{day:02}" for day in range(5, 15)))
    return made


WINDOW = ("--from", "2025-01-01", "--to", "2025-01-20", "--as-of", "2025-02-10")


def test_it_says_who_looked_without_seeing_it_and_who_saw_it_first(
    hole: Planted, tmp_path: Path
) -> None:
    blind = run_on(hole, D("2025-01-20"), "analytics", "2025-01-01", "2025-01-19")
    seeing = run_on(hole, D("2025-02-01"), "after_backfill", "2025-01-01", "2025-01-19")
    text = section(written(tmp_path, hole.file.path, *WINDOW), "Why it was not seen")
    lines = [line for line in text.splitlines() if line]
    assert lines[:4] == [
        "Had checkpoint 'after_backfill' been run each day with the rules of today, it would have "
        "failed first on 2025-01-06, if all of it was missing since it was due: "
        "conversion_ratio, daily_conversion_ratio.",
        "No rule of checkpoint 'analytics' asks for it.",
        f"Run {blind} (2025-01-20) covered 10 dates of it and had no check of these datasets: it "
        "judged L3 alone; the rules of today fail over what it read: conversion_ratio, "
        "daily_conversion_ratio.",
        f"Run {seeing} was the first stored one to fail for it, 27 days after its first date: "
        "conversion_ratio, daily_conversion_ratio.",
    ]  # fmt: skip
    rows = [line for line in lines if line.startswith("| 2025")]
    assert rows == [
        "| 2025-01-20 | analytics | 10 | 10 | 0 |  |",
        "| 2025-02-01 | after_backfill | 10 | 10 | 4 | conversion_ratio, daily_conversion_ratio |",
    ]


def test_a_rule_that_the_contract_had_not_then_is_told_with_the_run_in_which_it_first_stood(
    hole: Planted, tmp_path: Path
) -> None:
    now = hole.file.path.read_text()
    without = re.sub(r"    - rule: daily_conversion_ratio\n      at_least: 0.8\n", "", now)
    without = without.replace("at_least: 0.8", "at_least: 0.1")
    assert without != now
    hole.file.path.write_text(without)
    early = run_on(hole, D("2025-01-20"), "after_backfill", "2025-01-01", "2025-01-19")
    hole.file.path.write_text(now)
    late = run_on(hole, D("2025-02-01"), "after_backfill", "2025-01-01", "2025-01-19")
    text = section(written(tmp_path, hole.file.path, *WINDOW), "Why it was not seen")
    assert (
        f"Run {early} (2025-01-20) covered 10 dates of it, saw 10 dates lacking, and none of its "
        "checks failed for them; the rules of today fail over what it read: "
    ) in text
    assert f"daily_conversion_ratio is checked since run {late} (2025-02-01)" in text


def test_without_a_run_nobody_has_looked(hole: Planted, tmp_path: Path) -> None:
    text = written(tmp_path, hole.file.path, *WINDOW)
    assert f"No stored run covers any of these dates: from {BEGUN} on nobody has looked." in text
    assert "No repair of these dates is recorded." in text


def test_a_repair_is_told_with_its_calls_and_what_did_not_land(tmp_path: Path) -> None:
    with project(tmp_path, {"factors": (SEVEN, EIGHT, NINE)}, settle_seconds=0.3) as made:
        made.service.on("/four", EIGHT, answer(200), answer(200), answer(200))
        plan = plan_of(made)
        carry_out(made, plan)
        window = ("--from", "2025-01-04", "--to", "2025-01-20", "--as-of", str(TODAY))
        text = written(tmp_path, made.folder / "pipeline.yml", *window)
    assert "called and not landed" in text
    assert "was called and the table does not show it: HTTP 200" in section(text, "Cause 1")
    repaired = section(text, "What was repaired")
    assert f"| {plan.id[:12]} | someone |" in repaired
    assert "2 landed" in repaired
    assert "1 still missing" in repaired
    assert "factors 82.3 % (28/34) to 94.1 % (32/34)" in repaired


def test_of_the_incident_of_the_demo_it_tells_the_whole_story(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path / 'warehouse.duckdb'}"
    build(tmp_path / "warehouse.duckdb", fill_demo)
    window = ("--from", "2024-10-22", "--to", "2026-01-03", "--as-of", "2026-01-05")
    contract = Path(shutil.copy(SHIPPED, tmp_path))  # where nothing was ever called
    text = written(tmp_path, contract, *window, WAREHOUSE_URL=url)
    start = text.split("## ")[0]
    assert "L4 (precompute): never called (likely), on 220 dates" in start
    assert "from 2024-11-06 to 2026-01-02" in start
    assert "'phase4' was never called: the ledger has nothing" in start
    assert "player_composite_factors holds 13.6 % (224/1646)" in start
    figures = section(text, "How much is there")
    assert "| L3 | player_game_summary |" in figures
    assert "| 100.0 % (1856/1856) | 0 | 0 |" in figures
    gap = (
        f"| {date(2024, 12, 29)} → {date(2025, 6, 22)} | 149 | there | there | missing | missing |"
    )
    assert gap in section(text, "Timeline")
    assert not any(str(day) in section(text, "Timeline") for day in FILLED[0].dates()[:3])
    assert "failed first on 2024-11-07, " in section(text, "Why it was not seen")
    assert "| never called | prediction_accuracy | 220 |" in section(text, "Impact downstream")
    assert "tells phase4: after every backfill" in section(text, "What prevents it")
