"""Incidents that only rows, other tables or a finer grain show; and what is none, for both."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.incidents import (
    BDL,
    BOXES,
    CACHE,
    DAY,
    DEFENSE,
    EVENTS,
    FULL,
    GAME,
    GAMEBOOK,
    GRADES,
    LATER,
    LAYERS,
    OTHERS,
    PREDICTIONS,
    SCHEDULE,
    SHIPPED,
    STORE,
    TEAM_BOXES,
    ZONES,
    after,
    append,
    change,
    empty,
    failed,
    floor,
    incident,
    judged,
    lose,
    on,
    one_row,
    postpone,
    swap,
)
from tests.support.warehouses import D

AROUND = {"first": D("2025-01-10"), "last": D("2025-01-22")}
JANUARY = {"first": D("2025-01-01"), "last": D("2025-01-31")}
"""In which a date of 31 is less than what a ratio over the window sees."""

OTHERWISE = f"prediction_accuracy agrees predicted_points: {DAY}"

BY_THE_EXAMPLE = [
    # Grades that differ from what they grade.
    incident("grades differ", change(GRADES, "predicted_points = predicted_points + 1"), OTHERWISE),
    incident(
        "a grade differs",
        change(GRADES, "predicted_points = predicted_points + 1", one_row(GRADES)),
        OTHERWISE,
    ),
    incident(
        "a grade is of no prediction",
        change(GRADES, "predicted_points = NULL", one_row(GRADES)),
        OTHERWISE,
    ),
    incident(
        "predictions were made again after they were graded",
        change(PREDICTIONS, f"predicted_points = predicted_points + 1, processed_at = {LATER}"),
        f"prediction_accuracy fresh: {DAY}",
        OTHERWISE,
    ),
    incident(
        "a grade is of other points than were made",
        change(GRADES, "actual_points = actual_points + 2", one_row(GRADES)),
        f"prediction_accuracy agrees actual_points with points: {DAY}",
    ),
    incident(
        "half of the grades say nothing of what happened",
        change(GRADES, "actual_points = NULL", "game_id < '20250117_ORL'"),
        "prediction_accuracy filled predicted_points, actual_points, absolute_error per date: "
        + DAY,
        f"prediction_accuracy agrees actual_points with points: {DAY}",
    ),
    # A game that is not whole, or has no teams at all.
    *(
        incident(
            f"both teams of a game are missing from {name}",
            f"DELETE FROM {table} WHERE {on(table)} AND {GAME}",
            f"{name} daily_conversion_ratio by game_id: {DAY}",
        )
        for table, name in ((DEFENSE, "team_defense_game_summary"), (TEAM_BOXES, "team_boxscores"))
    ),
    incident(
        "one team of a game is missing",
        f"DELETE FROM {TEAM_BOXES} WHERE {on(TEAM_BOXES)} AND {GAME} AND team = 'NYK'",
        f"team_boxscores rows_per_key by game_id: {DAY}",
    ),
    incident(
        "two teams that played are missing from the league",
        f"DELETE FROM {ZONES} WHERE {on(ZONES)} AND team IN ('NYK', 'DEN')",
        f"team_defense_zone_analysis daily_conversion_ratio by team: {DAY}",
    ),
    # Fewer rows: of each game, of the day, of a table that should have as many on every date.
    incident(
        "a tenth of the events of each game",
        f"DELETE FROM {EVENTS} WHERE {on(EVENTS)} AND event_number > 1",
        f"play_by_play rows_per_key by game_id: {DAY}",
    ),
    incident(
        "the events of one game of ten",
        f"DELETE FROM {EVENTS} WHERE {on(EVENTS)} AND NOT {GAME}",
        f"play_by_play daily_conversion_ratio by game_id: {DAY}",
        **JANUARY,
    ),
    incident(
        "a tenth of a game's events on a date of four games",
        f"DELETE FROM {EVENTS} WHERE {on(EVENTS, '2025-01-16')} AND event_number > 1",
        "play_by_play rows_per_key by game_id: 2025-01-16",
        "play_by_play row_count: 2025-01-16",
    ),
    incident(
        "a tenth of the teams",
        f"DELETE FROM {ZONES} WHERE {on(ZONES)} AND team NOT IN ('ATL', 'BOS', 'BKN')",
        f"team_defense_zone_analysis daily_conversion_ratio by team: {DAY}",
        f"team_defense_zone_analysis row_count: {DAY}",
    ),
    incident(
        "a tenth of the cache",
        f"DELETE FROM {CACHE} WHERE {on(CACHE)} AND player_id % 10 > 0",
        f"player_daily_cache daily_conversion_ratio by player_id: {DAY}",
    ),
    # Tables that the shipped contract leaves out.
    incident(
        "events never loaded",
        f"DELETE FROM {EVENTS}",
        *(
            f"play_by_play {rule} by game_id: 2025-01-10 to 2025-01-22 (13)"
            for rule in ("conversion_ratio", "date_gap", "daily_conversion_ratio")
        ),
    ),
    incident(
        "a date of events",
        lose(EVENTS),
        f"play_by_play row_count: {DAY}",
        f"play_by_play daily_conversion_ratio by game_id: {DAY}",
        **JANUARY,
    ),
    incident(
        "a date of features",
        lose(STORE),
        *floor("ml_feature_store"),
        f"player_predictions no_orphan_keys warning: {DAY}",
        **JANUARY,
    ),
    incident(
        "features are there twice", append(STORE, GAME), f"ml_feature_store unique_keys: {DAY}"
    ),
    incident(
        "an event is there twice", append(EVENTS, limit=1), f"play_by_play unique_keys: {DAY}"
    ),
    incident(
        "features are older than one of the two tables that they were made from",
        change(CACHE, f"processed_at = {LATER}"),
        f"ml_feature_store fresh by player_id: {DAY}",
    ),
    incident(
        "features are NULL",
        empty(STORE, "features"),
        f"ml_feature_store filled features per date: {DAY}",
    ),
    incident(
        "one date of a cache is NULL",
        empty(CACHE, "points"),
        f"player_daily_cache filled games, minutes, points per date: {DAY}",
    ),
    # Keys that only their own grain shows.
    incident(
        "the players of a cache have no number",
        change(CACHE, "player_id = NULL"),
        f"player_daily_cache no_null_keys: {DAY}",
        f"player_daily_cache daily_conversion_ratio by player_id: {DAY}",
    ),
    incident(
        "home and away of a source swapped that nothing is made from",
        swap(BOXES),
        f"nbac_player_boxscores no_orphan_keys by game_id warning: {DAY}",
        f"nbac_player_boxscores daily_conversion_ratio by game_id: {DAY}",
        **JANUARY,
    ),
]


@pytest.mark.parametrize(("happens", "fails", "window"), BY_THE_EXAMPLE)
def test_the_example_is_red_by_exactly_what_sees_it(
    whole: Path, tmp_path: Path, happens: str, fails: tuple[str, ...], window: dict[str, Any]
) -> None:
    report = judged(FULL, after(whole, tmp_path / "w.duckdb", happens), **(window or AROUND))
    assert (failed(report), int(report.verdict.exit_code)) == (list(fails), 1)


CONTRACTS = pytest.mark.parametrize("contract", [SHIPPED, FULL], ids=["shipped", "example"])
WINDOWS = pytest.mark.parametrize(
    "window", [{"season": "2024-25"}, {"checkpoint": "daily"}], ids=["season", "daily"]
)


def assert_complete(contract: Path, url: str, **window: Any) -> None:
    report = judged(contract, url, **window)
    assert failed(report) == []
    assert report.verdict.passed
    assert not report.verdict.tolerated


@CONTRACTS
@WINDOWS
def test_a_healthy_pipeline_is_complete(
    whole: Path, contract: Path, window: dict[str, Any]
) -> None:
    assert_complete(contract, f"duckdb:///{whole}", **window)


@CONTRACTS
def test_a_postponed_game_is_not_missed(whole: Path, tmp_path: Path, contract: Path) -> None:
    tables = (*(table for table in LAYERS if table not in (ZONES, CACHE)), *OTHERS)
    assert_complete(contract, after(whole, tmp_path / "w.duckdb", postpone(*tables)), **AROUND)


@CONTRACTS
def test_a_date_of_postponed_games_is_not_missed(
    whole: Path, tmp_path: Path, contract: Path
) -> None:
    happens = change(SCHEDULE, "game_status = 'Postponed'") + ";" + lose(*LAYERS, *OTHERS)
    assert_complete(contract, after(whole, tmp_path / "w.duckdb", happens), **AROUND)


@CONTRACTS
def test_a_date_is_not_missed_before_it_is_due(whole: Path, tmp_path: Path, contract: Path) -> None:
    happens = lose(*LAYERS, *OTHERS, first="2026-01-02")
    url = after(whole, tmp_path / "w.duckdb", happens)
    assert_complete(contract, url, checkpoint="daily", as_of="2026-01-02")
    late = judged(contract, url, checkpoint="daily")
    assert {str(day) for found in late.checks for day in found.unexpected_dates} == {"2026-01-02"}
    assert not late.verdict.passed


def retiring(contract: Path, table: str, folder: Path) -> Path:
    """A copy of a contract in which a table's dataset is retired."""
    declared = f"    table: {table}\n"
    text = contract.read_text(encoding="utf-8")
    assert declared in text
    copy = folder / "pipeline.yml"
    copy.write_text(text.replace(declared, declared + "    retired: 2025-11-20\n"), "utf-8")
    return copy


@pytest.mark.parametrize(
    ("contract", "table"),
    [(SHIPPED, BDL), (SHIPPED, GAMEBOOK), (SHIPPED, BOXES), (FULL, GAMEBOOK)],
    ids=["bdl", "gamebook", "the third", "gamebook in the example"],
)
def test_a_retired_source_is_not_missed(
    whole: Path, tmp_path: Path, contract: Path, table: str
) -> None:
    url = after(whole, tmp_path / "w.duckdb", lose(table, first="2025-11-20", last="2026-01-02"))
    by = "" if contract == SHIPPED else " by game_id"
    assert failed(judged(contract, url, season="2025-26")) == [
        f"{table.split('.')[1]} {rule}{by}: 2025-11-20 to 2026-01-02 (42)"
        for rule in ("conversion_ratio", "date_gap", "daily_conversion_ratio")
    ]
    assert_complete(retiring(contract, table, tmp_path), url, season="2025-26")
