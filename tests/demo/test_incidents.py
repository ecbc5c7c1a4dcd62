"""Incidents of real pipelines in a healthy warehouse, each red by exactly what sees it."""

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
    FACTORS,
    GAME,
    GAMEBOOK,
    GRADES,
    LATER,
    LAYERS,
    SCHEDULE,
    SHIPPED,
    SUMMARY,
    ZONES,
    after,
    append,
    change,
    empty,
    failed,
    floor,
    four_players,
    incident,
    judged,
    lose,
    on,
    one_row,
    swap,
)
from tests.support.warehouses import D

JANUARY = {"first": D("2025-01-01"), "last": D("2025-01-31")}
SEASON = {"season": "2024-25"}
THIRTEEN = (
    "(SELECT DISTINCT game_date FROM nba_raw.nbac_schedule WHERE dayofweek(game_date) = 4 "
    "AND game_date BETWEEN '2024-11-07' AND '2025-02-06')"
)


def twice(dataset: str, columns: str = "player_id") -> str:
    return f"{dataset} unique_keys with {columns}: {DAY}"


BY_THE_SHIPPED_CONTRACT = [
    # Duplicates: a backfill appended rows.
    incident(
        "a date is there twice",
        append(SUMMARY),
        f"player_game_summary rows_per_key: {DAY}",
        twice("player_game_summary"),
    ),
    incident("a game is there twice", append(SUMMARY, GAME), twice("player_game_summary")),
    incident("five rows are there twice", append(SUMMARY, GAME, 5), twice("player_game_summary")),
    incident(
        "players are there twice with other values",
        append(SUMMARY, GAME, 5, "points + 1 AS points"),
        twice("player_game_summary"),
    ),
    incident("rows of bdl twice", append(BDL, GAME, 5), twice("bdl_player_boxscores")),
    incident("rows of gamebook twice", append(GAMEBOOK, GAME), twice("nbac_gamebook_player_stats")),
    incident("rows of the third source twice", append(BOXES, GAME), twice("nbac_player_boxscores")),
    incident("factors twice", append(FACTORS, GAME, 5), twice("player_composite_factors")),
    incident("the cache twice", append(CACHE, limit=5), twice("player_daily_cache")),
    incident("grades twice", append(GRADES, GAME, 5), twice("prediction_accuracy")),
    incident("games twice", append(SCHEDULE), f"nbac_schedule unique_keys: {DAY}"),
    incident(
        "a team twice",
        append(DEFENSE, limit=1),
        f"team_defense_game_summary rows_per_key: {DAY}",
        twice("team_defense_game_summary", "team"),
    ),
    incident(
        "a team of the league twice",
        append(ZONES, limit=1),
        twice("team_defense_zone_analysis", "team"),
        f"team_defense_zone_analysis rows_per_key: {DAY}",
    ),
    # A column is NULL in 71 % of the rows.
    incident(
        "points of the cache are NULL",
        empty(CACHE, "points"),
        f"player_daily_cache filled player_id, points per date by rows: {DAY}",
    ),
    incident(
        "points allowed of the zones are NULL",
        empty(ZONES, "points_allowed"),
        f"team_defense_zone_analysis filled points_allowed per date by rows: {DAY}",
    ),
    incident(
        "both teams of a game are missing",
        f"DELETE FROM {DEFENSE} WHERE {on(DEFENSE)} AND {GAME}",
        f"team_defense_game_summary daily_conversion_ratio: {DAY}",
    ),
    incident(
        "usage rates of a date are NULL",
        empty(SUMMARY, "usage_rate"),
        f"player_game_summary filled player_id, points, usage_rate per date by rows: {DAY}",
    ),
    incident(
        "usage rates of five dates are NULL",
        empty(SUMMARY, "usage_rate", "2025-01-13", DAY),
        "player_game_summary filled player_id, points, usage_rate per date by rows: "
        "2025-01-13 to 2025-01-17 (5)",
        **SEASON,
    ),
    incident(
        "points of a source are NULL",
        empty(BDL, "points"),
        f"bdl_player_boxscores filled points per date by rows: {DAY}",
    ),
    incident(
        "points allowed are NULL",
        empty(DEFENSE, "points_allowed"),
        f"team_defense_game_summary filled points_allowed: {DAY}",
    ),
    incident(
        "factors are NULL",
        empty(FACTORS, "fatigue_minutes"),
        f"player_composite_factors filled player_id, fatigue_minutes per date by rows: {DAY}",
    ),
    incident(
        "predicted points of grades are NULL",
        empty(GRADES, "predicted_points"),
        f"prediction_accuracy filled predicted_points per date by rows: {DAY}",
    ),
    # Out of bounds.
    *(
        incident(
            f"a usage rate of {rate}",
            change(SUMMARY, f"usage_rate = {rate}", one_row(SUMMARY)),
            f"player_game_summary within usage_rate from 0 to 1: {DAY}",
        )
        for rate in ("2.39", "-0.1")
    ),
    incident(
        "usage rates in per cent",
        change(SUMMARY, "usage_rate = usage_rate * 100", first="2025-01-13", last=DAY),
        "player_game_summary within usage_rate from 0 to 1: 2025-01-13 to 2025-01-17 (5)",
    ),
    # Older than what they were made from.
    incident(
        "a source was loaded again",
        change(BDL, f"loaded_at = {LATER}"),
        f"player_game_summary fresh: {DAY}",
        f"team_defense_game_summary fresh: {DAY}",
    ),
    incident(
        "a game of a source was loaded again",
        change(GAMEBOOK, f"loaded_at = {LATER}", GAME),
        f"player_game_summary fresh: {DAY}",
        f"team_defense_game_summary fresh: {DAY}",
    ),
    incident(
        "a summary was made again, and what looks back at it was not",
        change(SUMMARY, f"processed_at = {LATER}", first="2024-12-30"),
        "player_composite_factors fresh: 2025-01-01 to 2025-01-13 (13)",
        "player_daily_cache fresh: 2025-01-01 to 2025-01-29 (29)",
    ),
    incident(
        "a factor was made before its summary",
        change(FACTORS, "processed_at = game_date + INTERVAL 33 HOUR", one_row(FACTORS)),
        f"player_composite_factors fresh: {DAY}",
    ),
    incident(
        "nobody knows when factors were made",
        change(FACTORS, "processed_at = NULL"),
        f"player_composite_factors fresh: {DAY}",
    ),
    # Games that are not whole.
    incident(
        "one team of a game is missing",
        f"DELETE FROM {DEFENSE} WHERE {on(DEFENSE)} AND {GAME} AND team = 'NYK'",
        f"team_defense_game_summary rows_per_key: {DAY}",
    ),
    *(
        incident(f"four players in {name}", four_players(table), f"{name} rows_per_key: {DAY}")
        for table, name in (
            (BDL, "bdl_player_boxscores"),
            (GAMEBOOK, "nbac_gamebook_player_stats"),
            (SUMMARY, "player_game_summary"),
            (FACTORS, "player_composite_factors"),
            (GRADES, "prediction_accuracy"),
        )
    ),
    # A source that never loaded; the layers below have the other.
    *(
        incident(
            f"{name} never loaded",
            f"DELETE FROM {table}",
            f"{name} conversion_ratio: 2025-01-01 to 2025-01-31 (31)",
            f"{name} date_gap: 2025-01-01 to 2025-01-31 (31)",
            f"{name} daily_conversion_ratio: 2025-01-01 to 2025-01-31 (31)",
        )
        for table, name in (
            (BDL, "bdl_player_boxscores"),
            (GAMEBOOK, "nbac_gamebook_player_stats"),
            (BOXES, "nbac_player_boxscores"),
        )
    ),
    # Half of a day is ungraded.
    incident(
        "half of the games ungraded",
        f"DELETE FROM {GRADES} WHERE {on(GRADES)} AND game_id < '20250117_PHI'",
        *floor("prediction_accuracy"),
    ),
    incident(
        "half of the players ungraded",
        f"DELETE FROM {GRADES} WHERE {on(GRADES)} AND player_id % 2 = 0",
        f"prediction_accuracy rows_per_key: {DAY}",
    ),
    # Lost dates. What the layer below still has does not belong there: a warning.
    incident(
        "thirteen dates of a season, of which 91 per cent are there",
        f"DELETE FROM {SUMMARY} WHERE game_date IN {THIRTEEN}",
        "player_game_summary daily_conversion_ratio: 2024-11-07 to 2025-02-06 (13)",
        "player_composite_factors no_orphan_keys warning: 2024-11-07 to 2025-02-06 (13)",
        first=D("2024-10-22"),
        last=D("2025-04-01"),
    ),
    incident(
        "a date of the summary",
        lose(SUMMARY),
        *floor("player_game_summary"),
        f"player_composite_factors no_orphan_keys warning: {DAY}",
    ),
    incident(
        "a date of factors",
        lose(FACTORS),
        *floor("player_composite_factors"),
        f"prediction_accuracy no_orphan_keys warning: {DAY}",
    ),
    *(
        incident(f"a date of {name}", lose(table), *floor(name))
        for table, name in (
            (BDL, "bdl_player_boxscores"),
            (GAMEBOOK, "nbac_gamebook_player_stats"),
            (BOXES, "nbac_player_boxscores"),
            (DEFENSE, "team_defense_game_summary"),
            (ZONES, "team_defense_zone_analysis"),
            (CACHE, "player_daily_cache"),
            (GRADES, "prediction_accuracy"),
        )
    ),
    incident(
        "a date of the last three layers",
        lose(SUMMARY, DEFENSE, FACTORS, ZONES, CACHE, GRADES),
        *floor(
            "player_game_summary",
            "team_defense_game_summary",
            "player_composite_factors",
            "team_defense_zone_analysis",
            "player_daily_cache",
            "prediction_accuracy",
        ),
    ),
    incident(
        "a date of every layer",
        lose(*LAYERS),
        *floor(*(table.split(".")[1] for table in LAYERS)),
    ),
    incident(
        "the last date of grades",
        lose(GRADES, first="2025-01-31"),
        "prediction_accuracy recent_coverage: 2025-01-31",
        *floor("prediction_accuracy", day="2025-01-31"),
    ),
    incident(
        "months of precompute and predictions",
        lose(FACTORS, ZONES, CACHE, GRADES, first="2024-12-29", last="2025-06-22"),
        *(
            f"{name} {rule}: 2024-12-29 to 2025-06-22 (149)"
            for name in (
                "player_composite_factors",
                "team_defense_zone_analysis",
                "player_daily_cache",
            )
            for rule in ("conversion_ratio", "date_gap", "daily_conversion_ratio")
        ),
        "prediction_accuracy conversion_ratio: 2024-12-29 to 2025-06-22 (149)",
        "prediction_accuracy recent_coverage: 2025-06-16 to 2025-06-22 (3)",
        "prediction_accuracy daily_conversion_ratio: 2024-12-29 to 2025-06-22 (149)",
        "player_composite_factors conversion_ratio: 2024-12-29 to 2025-06-22 (149)",
        "prediction_accuracy conversion_ratio: 2024-12-29 to 2025-06-22 (149)",
        **SEASON,
    ),
    *(
        incident(
            f"109 days of {name} early in the season, as daily sees it in June",
            lose(table, first="2024-11-20", last="2025-03-08"),
            f"{name} date_gap over the season 2024-25 so far: 2024-11-20 to 2025-03-08 (99)",
            f"{name} daily_conversion_ratio over the season 2024-25 so far: "
            "2024-11-20 to 2025-03-08 (99)",
            checkpoint="daily",
            as_of="2025-06-21",
        )
        for table, name in ((FACTORS, "player_composite_factors"), (CACHE, "player_daily_cache"))
    ),
    # The schedule stopped three weeks ago, and with it everything or nothing.
    incident(
        "the schedule and everything stopped",
        lose(SCHEDULE, *LAYERS, first="2025-12-13", last="2026-01-02"),
        "nbac_schedule up_to_date over the last 7 days: 2025-12-28 to 2026-01-03 (7)",
        checkpoint="daily",
    ),
    incident(
        "games are not said to be final any more",
        change(SCHEDULE, "game_status = 'Live'", first="2025-12-13", last="2026-01-02"),
        "nbac_schedule up_to_date: 2025-12-13 to 2026-01-03 (22)",
        *(
            f"{table.split('.')[1]} no_orphan_keys warning: 2025-12-13 to 2026-01-02 (20)"
            for table in (BDL, GAMEBOOK, BOXES)
        ),
        season="2025-26",
    ),
    # Wrong keys, and none.
    incident(
        "home and away of factors swapped",
        swap(FACTORS),
        f"player_composite_factors no_orphan_keys warning: {DAY}",
        *floor("player_composite_factors"),
        f"prediction_accuracy no_orphan_keys warning: {DAY}",
        *floor("prediction_accuracy"),
    ),
    incident(
        "home and away of the team summary swapped",
        swap(DEFENSE),
        f"team_defense_game_summary no_orphan_keys warning: {DAY}",
        *floor("team_defense_game_summary"),
    ),
    incident(
        "home and away of a source swapped, of which the layer below has only half",
        swap(BDL),
        *floor("player_game_summary", "team_defense_game_summary"),
    ),
    *(
        incident(
            f"{name} loaded without keys",
            change(table, f"game_id = {blank}"),
            f"{name} no_null_keys: {DAY}",
            *floor(name),
        )
        for table, name, blank in (
            (BDL, "bdl_player_boxscores", "NULL"),
            (DEFENSE, "team_defense_game_summary", "' '"),
            (GRADES, "prediction_accuracy", "NULL"),
        )
    ),
    incident(
        "a row without a key",
        append(FACTORS, limit=1, change="NULL AS game_id"),
        f"player_composite_factors no_null_keys: {DAY}",
    ),
    incident(
        "rows without a date",
        append(SUMMARY, change="NULL AS game_date"),
        "player_game_summary no_null_keys: -",
    ),
]


@pytest.mark.parametrize(("happens", "fails", "window"), BY_THE_SHIPPED_CONTRACT)
def test_the_shipped_contract_is_red_by_exactly_what_sees_it(
    whole: Path, tmp_path: Path, happens: str, fails: tuple[str, ...], window: dict[str, Any]
) -> None:
    url = after(whole, tmp_path / "w.duckdb", happens)
    report = judged(SHIPPED, url, **(window or JANUARY))
    assert (sorted(failed(report)), int(report.verdict.exit_code)) == (sorted(fails), 1)
