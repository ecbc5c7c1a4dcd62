"""The benchmarks at a tiny size: contestants agree with what was planted, and nothing is timed."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import duckdb
import pytest

from benchmarks.backfill import fill_ledger
from benchmarks.commands import CHECK, measure_commands
from benchmarks.evidence import Verdicts, measure_evidence, read_evidence, true_verdicts, writer_of
from benchmarks.measuring import Bench, DidNotRun
from benchmarks.results import (
    BARE,
    COUNTS,
    DAILY,
    OURS,
    SETS,
    CurvePoint,
    EvidenceRow,
    Results,
    Row,
    collected,
    read_results,
    this_machine,
)
from benchmarks.row_rules import build as build_rows
from benchmarks.row_rules import measure as measure_rows
from benchmarks.seasons import (
    build_warehouse,
    contract_of_25,
    make_season,
    schedule_of,
    shipped_contract,
)
from benchmarks.synthetic import Shape, make_synthetic
from benchmarks.tables import filled, save
from benchmarks.worlds import World

TINY = Shape(tables=8, rows=3_200, dates=40, rows_per_key=2)
FAILING = {
    ("cache", "conversion_ratio"),
    ("cache", "date_gap"),
    ("defense", "conversion_ratio"),
    ("defense", "no_orphan_keys"),
    ("scores", "conversion_ratio"),
    ("zones", "conversion_ratio"),
    ("zones", "date_gap"),
}


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    return make_synthetic(TINY, tmp_path_factory.mktemp("world"))


def found(world: World, contestant: str) -> Verdicts:
    return read_evidence(world, contestant, 1, lambda: 0.0).verdicts


def test_key_sets_find_what_was_planted(world: World) -> None:
    truth = true_verdicts(world)
    assert len(truth) == 25
    assert {(c.dataset, c.kind) for c in world.checks if not truth[c.id]} == FAILING


@pytest.mark.parametrize("contestant", [OURS, SETS])
def test_exact_contestants_find_what_is_true(world: World, contestant: str) -> None:
    assert found(world, contestant) == true_verdicts(world)


def test_counts_are_blind_to_keys_that_differ(world: World) -> None:
    truth, counted = true_verdicts(world), found(world, COUNTS)
    wrong = [check for check in world.checks if counted[check.id] != truth[check.id]]
    assert {(c.dataset, c.kind) for c in wrong} == {
        ("defense", "conversion_ratio"),
        ("defense", "no_orphan_keys"),
    }


def test_the_sql_for_other_tools_finds_rows_where_a_rule_fails(world: World) -> None:
    writer = writer_of(world)
    with duckdb.connect(str(world.warehouse), read_only=True) as connection:
        passed = {
            check.id: not connection.execute(writer.failing(check)).fetchall()
            for check in world.checks
        }
    assert passed == true_verdicts(world)


def test_rows_are_measured_in_processes_of_their_own(world: World, tmp_path: Path) -> None:
    bench = Bench(environment=os.environ, scratch=tmp_path)
    (ours,) = measure_evidence(bench, world, 1, 1, [OURS])
    assert (ours.reads, ours.most_reads, ours.tables) == (8, 1, 8)
    assert ours.rules_right == ours.rules == 25
    (check,) = measure_commands(bench, world, 1, [], [CHECK])
    assert check.rules_right == check.rules == 25


def test_a_process_that_fails_says_all_it_wrote(tmp_path: Path) -> None:
    bench = Bench(environment=os.environ, scratch=tmp_path)
    with pytest.raises(DidNotRun, match="complaint ended with exit code 3:\nout\nerr"):
        bench.run("complaint", ["sh", "-c", "echo out; echo err >&2; exit 3"])


def test_the_schedule_has_holes_that_key_sets_and_presence_agree_on(tmp_path: Path) -> None:
    schedule, last = schedule_of(tmp_path), date(2024, 12, 1)
    games = [game for game in schedule.games if game.date <= last]
    warehouse = tmp_path / "warehouse.duckdb"
    build_warehouse(replace(schedule, games=games), warehouse)
    for name, contract, rules in (("whole", shipped_contract(), 48), ("cut", contract_of_25(), 25)):
        world = make_season(name, tmp_path / name, warehouse, contract, (schedule.one[0], last))
        truth = true_verdicts(world)
        assert len(truth) == rules
        assert found(world, OURS) == found(world, SETS) == truth
        counted = found(world, COUNTS)
        wrong = {c.dataset for c in world.checks if counted[c.id] != truth[c.id]}
        assert wrong == {"team_defense_game_summary"}


def test_a_ledger_has_as_many_transitions_as_asked(tmp_path: Path) -> None:
    path = tmp_path / "ledger.sqlite3"
    fill_ledger(path, 20_000)
    with closing(sqlite3.connect(path)) as ledger:
        counts = "SELECT (SELECT count(*) FROM plans), (SELECT count(*) FROM calls), count(*)"
        assert ledger.execute(f"{counts} FROM transitions").fetchone() == (3, 5_000, 20_000)


def evidence(name: str, seconds: float) -> EvidenceRow:
    about = {"world": "8 × 1 M", "tables": 8, "rules": 24, "rules_right": 24}
    measured = {"seconds": seconds, "best": seconds, "peak_bytes": 1, "reads": 8, "most_reads": 1}
    return EvidenceRow.model_validate({"name": name, **about, **measured})


def results(rows: list[Row], sections: list[str], before: Results | None) -> Results:
    about = {"command": "make bench", "date": "2025-01-01", "size": "tiny", "schedule": "none"}
    machine = this_machine()
    return collected(rows, sections, before, seconds=1, machine=machine, versions={}, **about)


def test_results_become_tables_and_a_picture_and_sections_left_out_are_kept(tmp_path: Path) -> None:
    rows = [evidence(OURS, 1), evidence(SETS, 4), evidence(DAILY, 2), evidence(BARE, 0.5)]
    points = [
        CurvePoint(curve=curve, rows=n, dates=n, warehouse=n / 1000, here=0.02, floor=0.03)
        for curve in ("rows", "dates")
        for n in (10, 100)
    ]
    (tmp_path / "README.md").write_text("a\n<!-- targets -->\nold\n<!-- end -->\nb\n")
    measured = results([*rows, *points], ["evidence", "curve"], None)
    assert {path.name for path in save(measured, tmp_path)} == {
        *("results.json", "curves.svg", "README.md")
    }
    text = (tmp_path / "README.md").read_text()
    assert "old" not in text
    assert text.startswith("a\n")
    assert "| 8 × 1 M | 0.50 ×: yes | 2.00 ×: yes | 4.0 × faster: **no** | yes |" in text
    assert (tmp_path / "curves.svg").read_text().count("<circle") == 12
    assert filled(text, measured) == text
    again = results(rows[:1], ["evidence"], read_results(tmp_path))
    assert (len(again.evidence), len(again.curve), again.date) == (1, 4, str(date(2025, 1, 1)))


def test_row_rules_are_measured_on_tables_that_the_shipped_contract_reads(tmp_path: Path) -> None:
    path = tmp_path / "w.duckdb"
    build_rows(path, 40_000)
    found = measure_rows(path, Path("gx/pipeline.yml"))
    assert [measured.what.partition(" ")[0] for measured in found] == [
        "evidence",
        "COUNT(DISTINCT",
        "COUNT(DISTINCT",
    ]
    assert all(measured.seconds > 0 < measured.peak for measured in found)
    with duckdb.connect(str(path), read_only=True) as connection:
        rows = "SELECT count(*), count(DISTINCT (game_id, player_id)) FROM nba_raw.{}"
        whole = connection.execute(rows.format("bdl_player_boxscores")).fetchone()
    assert whole == (40_000, 40_000)
