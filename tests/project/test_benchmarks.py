"""The benchmarks at a tiny size: everyone agrees with what was planted, and nothing is timed."""

from __future__ import annotations

import os
import time
from dataclasses import replace
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from benchmarks import many_rules, seasons
from benchmarks.commands import CHECK, RUN, measure_commands
from benchmarks.contestants.tool import rules_of
from benchmarks.evidence import measure_evidence
from benchmarks.findings import Finding, right
from benchmarks.incident import fill_ledger
from benchmarks.incident import make_world as make_incident
from benchmarks.measuring import Bench
from benchmarks.names import COUNTS, OURS, SETS, SETS_PER_PAIR
from benchmarks.reading import answer
from benchmarks.record import filled, record, save
from benchmarks.results import CurvePoint, EvidenceRow, Results
from benchmarks.seasons import counted_truth, schedule_of
from benchmarks.shape import Shape
from benchmarks.synthetic import make_world, truth_of
from benchmarks.world import load_world

TINY = Shape(tables=8, rows=3_200, dates=40, rows_per_key=2)
LACKING_RULES = 9


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_world(TINY, tmp_path_factory.mktemp("world"))


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(environment=os.environ, scratch=tmp_path)


def test_the_truth_that_was_planted_is_what_the_tables_hold(saved: Path) -> None:
    world, truth = load_world(saved)
    assert truth == truth_of(world, TINY) == counted_truth(world)
    assert len(truth) == 24
    assert sum(not found.passed for found in truth.values()) == LACKING_RULES


def test_the_truth_of_two_tables_too(tmp_path: Path) -> None:
    world, truth = load_world(make_world(replace(TINY, tables=2), tmp_path))
    assert truth == counted_truth(world)
    assert [found.passed for found in truth.values()] == [False, False, False]


@pytest.mark.parametrize("contestant", [OURS, SETS, SETS_PER_PAIR])
def test_exact_contestants_find_every_date(saved: Path, contestant: str) -> None:
    world, truth = load_world(saved)
    assert answer(world, contestant, 1, time.perf_counter).findings == truth


def test_counts_are_blind_to_keys_that_differ(saved: Path) -> None:
    world, truth = load_world(saved)
    found = answer(world, COUNTS, 1, time.perf_counter).findings
    wrong = [check for check in world.checks if found[check.id] != truth[check.id]]
    assert {(c.dataset, c.kind) for c in wrong} == {
        ("defense", "conversion_ratio"),
        ("defense", "no_orphan_keys"),
    }
    assert right(found, truth) == 22


def test_the_sql_that_other_tools_are_told_finds_rows_where_a_rule_fails(saved: Path) -> None:
    world, truth = load_world(saved)
    rules = rules_of(world)
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        passed = {
            rules.ids[name]: Finding(not connection.execute(sql).fetchall(), None)
            for name, sql in rules.sql.items()
        }
    assert right(passed, truth) == len(truth) == 24


def test_evidence_rows_count_the_reads_of_every_table(saved: Path, bench: Bench) -> None:
    rows = {row.contestant: row for row in measure_evidence(bench, saved, 1, 1, [OURS, SETS])}
    assert (rows[OURS].reads, rows[OURS].most_reads, rows[OURS].tables) == (8, 1, 8)
    assert rows[SETS].reads == 48
    assert rows[OURS].rules_right == rows[OURS].dates_right == rows[OURS].rules == 24


def test_whole_commands_are_compared_with_the_truth(saved: Path, bench: Bench) -> None:
    rows = {row.tool: row for row in measure_commands(bench, saved, 1, [], {})}
    assert {name: row.exit_code for name, row in rows.items()} == {CHECK: 1, RUN: 1}
    assert rows[CHECK].rules_right == rows[RUN].dates_right == 24
    assert rows[CHECK].reads is not None


@pytest.mark.parametrize("cut", [True, False])
def test_the_schedule_has_holes_that_key_sets_and_presence_agree_on(
    tmp_path: Path, cut: bool
) -> None:
    schedule = schedule_of(None)
    warehouse = tmp_path / "warehouse.duckdb"
    seasons.build_warehouse(schedule, warehouse)
    raw = seasons.contract_of_24() if cut else seasons.shipped_contract()
    saved = seasons.make_world("one", tmp_path / "one", warehouse, raw, schedule.one)
    world, truth = load_world(saved)
    assert len(truth) == (24 if cut else 37)
    for contestant in (OURS, SETS, SETS_PER_PAIR):
        assert answer(world, contestant, 1, time.perf_counter).findings == truth
    counted = answer(world, COUNTS, 1, time.perf_counter).findings
    wrong = {c.dataset for c in world.checks if counted[c.id] != truth[c.id]}
    assert wrong == {"team_defense_game_summary"}


def test_many_rules_are_as_many_as_asked(tmp_path: Path) -> None:
    world, truth = load_world(many_rules.make_world(500, tmp_path))
    assert len(truth) == len(world.checks) == 500


def test_an_incident_lacks_every_date_and_a_ledger_has_its_rows(tmp_path: Path) -> None:
    now = datetime(2025, 1, 1, tzinfo=UTC)
    world, _ = load_world(make_incident(tmp_path, 7, "http://127.0.0.1:9", now))
    assert len(list((tmp_path / "gx" / "uncommitted" / "runs").glob("*/report.json"))) == 1
    assert fill_ledger(tmp_path / "ledger.sqlite3", 20_000, now) == 3
    assert world.first == date(1990, 1, 1)


EVIDENCE = [
    EvidenceRow(
        world="8 × 1 M",
        contestant=name,
        seconds=seconds,
        best=seconds,
        here=0.01,
        peak_bytes=1,
        tables=8,
        reads=8,
        most_reads=1,
        rules=24,
        rules_right=24,
        dates_right=24,
    )
    for name, seconds in (
        (OURS, 1.0),
        (SETS, 4.0),
        ("daily count distinct per table", 2.0),
        ("bare scan", 0.5),
    )
]
POINTS = [
    CurvePoint(curve=curve, rows=n, dates=n, warehouse=n / 1000, here=0.02, floor=0.03)
    for curve in ("rows", "dates")
    for n in (10, 100)
]


def results(sections: tuple[str, ...], before: Path) -> Results:
    return record(
        [row for row in (*EVIDENCE, *POINTS) if type(row).__name__[:5].lower() in sections],
        size="tiny",
        sections=("evidence", "curve") if len(sections) > 1 else ("evidence",),
        schedule="made up",
        date=date(2025, 1, 1),
        seconds=1,
        before=before,
    )


def test_results_become_tables_and_a_picture(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text("a\n<!-- targets -->\nold\n<!-- end -->\nb\n")
    found = results(("evide", "curve"), tmp_path / "results.json")
    assert {path.name for path in save(found, tmp_path)} == {
        *("results.json", "curves.svg", "README.md")
    }
    text = (tmp_path / "README.md").read_text()
    assert "old" not in text
    assert text.startswith("a\n")
    assert "| 8 × 1 M | 0.50 ×: yes | 2.00 ×: yes | 4.0 × faster: **no** | yes |" in text
    assert (tmp_path / "curves.svg").read_text().count("<circle") == 12
    assert filled(text, found) == text


def test_sections_that_are_left_out_keep_their_figures(tmp_path: Path) -> None:
    save(results(("evide", "curve"), tmp_path / "none"), tmp_path)
    again = results(("evide",), tmp_path / "results.json")
    assert len(again.curve) == len(POINTS)
