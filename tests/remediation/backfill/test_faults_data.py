"""Services that say they wrote a date and did not, or not all of it, or too much."""

from __future__ import annotations

from pathlib import Path

from demo.layers import BOX_SCORES
from demo.tables import SCHEDULE
from tests.support.rehearsals import (
    HOLES,
    SENT_ONCE,
    SUMMARY,
    fault,
    incomplete,
    lose_rows,
    rehearsal,
)

NOTHING = (
    "player_composite_factors has 0 of 2; team_defense_zone_analysis has 0 of 1; "
    "player_daily_cache has 0 of 1"
)


def test_without_a_fault_every_date_lands_by_one_call(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as made:
        said = made.repaired(SENT_ONCE)
        assert "COMPLETE 3 of 3 calls landed" in said


def test_200_and_nothing_written_is_still_missing_and_a_second_run_repairs_it(
    tmp_path: Path,
) -> None:
    with rehearsal(tmp_path, fault("never lands", "18", times=1)) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 still missing, 4/19 landed", 2, 0, 2)
        )
        assert f"phase4  2024-11-18  still missing: {NOTHING}" in said
        assert "STILL INCOMPLETE 2 of 3 calls landed" in said
        again = made.repair("resume")
        assert (again.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


def test_200_and_nothing_written_at_the_canary_sends_nothing_else(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("never lands", "17")) as made:
        said = made.repaired(
            incomplete("4/17", "4/17 still missing, 4/18 blocked, 4/19 blocked", 0, 0, 0)
        )
        assert "the canary phase4/2024-11-17 did not land: it is still missing" in said


def test_200_and_half_of_the_games_written_is_partial(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("half written", "18", times=1)) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 partial, 4/19 landed", 2, 1, 2)
        )
        assert "phase4  2024-11-18  partial: player_composite_factors has 1 of 2" in said
        again = made.repair("resume")
        assert (again.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


def test_200_with_a_failed_processor_in_its_results_is_rejected_with_its_error(
    tmp_path: Path,
) -> None:
    with rehearsal(tmp_path, fault("partial failure", "18")) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 rejected, 4/19 landed", 2, 0, 2)
        )
        line = "rejected: player_composite_factors: failed (out of memory)"
        assert f"phase4  2024-11-18  {line}" in said


def test_a_failed_processor_of_an_earlier_phase_blocks_what_is_built_on_it(
    tmp_path: Path,
) -> None:
    lacking = {3: HOLES, 4: HOLES}
    with rehearsal(tmp_path, fault("partial failure", "18", phase=3), lacking=lacking) as made:
        said = made.repaired(
            incomplete(
                "3/17 3/18 3/19 4/17 4/19",
                "3/17 landed, 3/18 rejected, 3/19 landed, 4/17 landed, 4/18 blocked, 4/19 landed",
                2,
                0,
                2,
            )
        )
        assert "player_game_summary: failed (out of memory)" in said
        assert "phase4  2024-11-18  blocked: needs phase3, which is rejected" in said


def test_accepted_and_written_within_the_settle_time_is_sent_once(tmp_path: Path) -> None:
    late = fault("lands late", "17", "18", "19", write_after=0.4)
    with rehearsal(tmp_path, late, settle_seconds=5) as made:
        made.repaired(SENT_ONCE)


def test_written_after_the_settle_deadline_is_found_by_the_next_run_and_not_sent_again(
    tmp_path: Path,
) -> None:
    with rehearsal(tmp_path, fault("lands late", "18", write_after=5)) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 still missing, 4/19 landed", 2, 0, 2)
        )
        assert f"phase4  2024-11-18  still missing: {NOTHING}" in said
        made.wait_for_log("late /phase4/process 2024-11-18")
        again = made.repair("resume")
        assert made.outcome(again) == SENT_ONCE


FIVE_DAYS = [f"2024-11-{day}" for day in range(16, 21)]
SLOWLY = {"breaker_after": 2, "settle_seconds": 0.1, "seconds_between_calls": 0.8}
"""Each date is settled before the next is sent."""


def test_dates_that_never_land_open_the_breaker_and_one_probe_decides(tmp_path: Path) -> None:
    never = fault("never lands", "17", "18", "19", "20")
    with rehearsal(tmp_path, never, lacking={4: FIVE_DAYS}, **SLOWLY) as made:
        said = made.repaired(
            incomplete(
                "4/16 4/17 4/18 4/19",
                "4/16 landed, 4/17 still missing, 4/18 still missing, "
                "4/19 still missing, 4/20 blocked",
                0,
                0,
                0,
            )
        )
        assert "2 dates in a row did not land: one more is tried in 0.2 s" in said
        assert "and the probe phase4/2024-11-19 did not land" in said


def test_a_probe_that_lands_goes_on_with_the_rest(tmp_path: Path) -> None:
    never = fault("never lands", "17", "18")
    with rehearsal(tmp_path, never, lacking={4: FIVE_DAYS}, **SLOWLY) as made:
        said = made.repaired(
            incomplete(
                "4/16 4/17 4/18 4/19 4/20",
                "4/16 landed, 4/17 still missing, 4/18 still missing, 4/19 landed, 4/20 landed",
                0,
                0,
                2,
            )
        )
        assert "2 dates in a row did not land: one more is tried in 0.2 s" in said


def test_a_canary_that_damages_the_day_before_stops_the_backfill(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("damages the day before", "17")) as made:
        said = made.repaired(incomplete("4/17", "4/17 landed, 4/18 blocked, 4/19 blocked", 2, 0, 0))
        assert made.games("2024-11-16") == 0
        damage = "player_composite_factors on 2024-11-16 had 2 of 2, now 0"
        assert f"the canary damaged other dates: {damage}" in said


def test_damage_in_the_middle_of_a_run_is_found_when_the_window_is_read_again(
    tmp_path: Path,
) -> None:
    damaging = fault("damages the day before", "19", times=1)
    with rehearsal(tmp_path, damaging, seconds_between_calls=1) as made:
        said = made.repaired(
            incomplete("4/17 4/18 4/19", "4/17 landed, 4/18 planned, 4/19 landed", 2, 0, 2)
        )
        assert "STILL INCOMPLETE 2 of 3 calls landed" in said
        assert "the window read again lacks it" in said
        again = made.repair("resume")
        assert (again.code, made.sent) == (0, "4/17 4/18 4/19 4/18")
        assert made.games(HOLES[1]) == 2


def test_400_on_a_day_that_has_nothing_any_more_is_believed(tmp_path: Path) -> None:
    with rehearsal(tmp_path) as made:
        made.plan()
        for table in (SCHEDULE, *BOX_SCORES, SUMMARY, "nba_analytics.team_defense_game_summary"):
            lose_rows(made.warehouse, table, "game_date", HOLES[1])
        ran = made.repair()
        assert made.outcome(ran) == incomplete(
            "4/17 4/18 4/19", "4/17 landed, 4/18 nothing there, 4/19 landed", 2, 0, 2
        )
        said = '400: {"status": "error", "error": "no data for 2024-11-18 in nba_analytics'
        assert f"phase4  2024-11-18  nothing there: HTTP {said}" in ran.said
        assert "matched keys 2 → 0" in ran.said


def test_400_on_a_day_that_has_upstream_data_stops_and_shows_the_answer(tmp_path: Path) -> None:
    with rehearsal(tmp_path, fault("contradiction", "18")) as made:
        said = made.repaired(
            incomplete("4/17 4/18", "4/17 landed, 4/18 rejected, 4/19 blocked", 2, 0, 0)
        )
        assert "it says there is nothing that day, but its upstream has data" in said
        assert '{"status": "error", "error": "no games that day"}' in said
        assert "its answer for 2024-11-18 contradicts the tables" in said
