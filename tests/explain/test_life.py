from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.archive.incidents import Acknowledgement
from checkpoints.contract.model import Contract
from checkpoints.explain.life import lived, not_told
from checkpoints.explain.roots import found_in
from checkpoints.rules.evidence import Status
from checkpoints.rules.rule import Outcome
from tests.support.warehouses import D
from tests.support.watching import EVERY, Days, branches, report_of

BELOW = "scores joined"
"""What lacks the dates that the factors have lost."""

EIGHT, NINE, TEN = "2025-01-08", "2025-01-09", "2025-01-10"


@pytest.fixture(scope="module")
def pipeline(tmp_path_factory: pytest.TempPathFactory) -> Contract:
    return branches(tmp_path_factory.mktemp("branches"))


@pytest.fixture
def watched(pipeline: Contract) -> Days:
    return Days(pipeline)


def acknowledge(watched: Days, id: str, until: str) -> None:
    at = datetime(2025, 1, 12, 9, tzinfo=UTC)
    noted = Acknowledgement(by="Ada", until=D(until), note="backfill is asked for", at=at)
    watched.known = tuple(
        one.model_copy(update={"acknowledged": noted}) if one.id == id else one
        for one in watched.known
    )


def run(watched: Days, day: str, names: str = "", *lost: str) -> list[str]:
    """What is told the day after ``day``, when these datasets have lost these dates."""
    return watched.run(report_of(watched.contract, dict.fromkeys(names.split(), lost), last=D(day)))


def test_a_fortnight_with_exactly_the_notices_that_a_person_would_want(watched: Days) -> None:
    """A hole opens, grows, is acknowledged, grows, is repaired bit by bit, and comes back."""
    name, lost = "factors-missing-2025-01-08", f"factors {BELOW}"
    told: dict[str, list[str]] = {}

    def on(day: str, *holes: str) -> None:
        told[day] = run(watched, day, lost, *holes)

    on("2025-01-07")
    on("2025-01-08", EIGHT)
    on("2025-01-09", EIGHT)
    on("2025-01-10", EIGHT, NINE, TEN)
    on("2025-01-11", EIGHT, NINE, TEN)
    acknowledge(watched, name, until="2025-01-18")
    for day in (12, 13, 14, 15, 16):
        on(f"2025-01-{day}", EIGHT, NINE, TEN)
    on("2025-01-17", EIGHT, NINE, TEN, "2025-01-11")
    on("2025-01-18", EIGHT, NINE)
    on("2025-01-19", EIGHT)
    on("2025-01-20")
    on("2025-01-21", NINE)
    on("2025-01-22", NINE)
    assert {day: lines for day, lines in told.items() if lines} == {
        "2025-01-08": [f"opened {name}: 08"],
        "2025-01-10": [f"grown {name}: 08 09 10"],
        "2025-01-17": [f"grown {name}: 08 09 10 11"],
        "2025-01-20": [f"recovered {name}: 08"],
        "2025-01-21": ["opened factors-missing-2025-01-09: 09"],
    }
    assert watched.open == ["opened factors-missing-2025-01-09: factors 09"]


def test_what_stays_open_is_told_again_after_a_week_unless_it_is_acknowledged(
    watched: Days,
) -> None:
    told = {day: run(watched, f"2025-01-{day:02}", "scores", EIGHT) for day in range(8, 24)}
    name = "scores-missing-2025-01-08"
    assert {day: lines for day, lines in told.items() if lines} == {
        8: [f"opened {name}: 08"], 15: [f"reminder {name}: 08"], 22: [f"reminder {name}: 08"],
    }  # fmt: skip
    acknowledge(watched, name, until="2025-02-01")
    later = {
        day: run(watched, f"2025-{day}", "scores", EIGHT) for day in ("01-30", "01-31", "02-01")
    }
    assert [day for day, lines in later.items() if lines] == ["02-01"]  # a day later by the clock


def test_the_time_after_which_one_is_reminded_can_be_set(watched: Days) -> None:
    reports = [
        report_of(watched.contract, {"scores": [EIGHT]}, last=D(f"2025-01-{n}")) for n in (10, 11)
    ]
    assert [len(watched.run(r, remind_after=timedelta(days=1))) for r in reports] == [1, 1]


def test_what_comes_back_on_the_same_date_is_a_new_incident(watched: Days) -> None:
    days = {10: [EIGHT], 11: [], 12: [EIGHT], 13: [], 14: [EIGHT]}
    told = [run(watched, f"2025-01-{day}", "scores", *lost) for day, lost in days.items()]
    assert [lines[0].split(":")[0] for lines in told] == [
        "opened scores-missing-2025-01-08", "recovered scores-missing-2025-01-08",
        "opened scores-missing-2025-01-08-2", "recovered scores-missing-2025-01-08-2",
        "opened scores-missing-2025-01-08-3",
    ]  # fmt: skip


def test_a_date_that_was_told_and_is_lost_again_meanwhile_is_no_news(watched: Days) -> None:
    told = [run(watched, TEN, "scores", *days) for days in ((EIGHT, NINE), (EIGHT,), (EIGHT, NINE))]
    assert told == [["opened scores-missing-2025-01-08: 08 09"], [], []]
    assert watched.open == ["growing scores-missing-2025-01-08: scores 08 09"]


def test_the_root_may_move_up_and_down_and_the_incident_stays_one(watched: Days) -> None:
    assert run(watched, TEN, "scores", EIGHT) == ["opened scores-missing-2025-01-08: 08"]
    assert run(watched, TEN, "factors scores joined", EIGHT) == [
        "grown scores-missing-2025-01-08: 08"  # somebody else has to repair it
    ]
    assert watched.open == ["opened scores-missing-2025-01-08: factors 08"]
    assert run(watched, TEN, "scores", EIGHT) == []
    assert watched.open == ["opened scores-missing-2025-01-08: scores 08"]
    assert run(watched, TEN) == ["recovered scores-missing-2025-01-08: 08"]


def test_what_is_repaired_above_and_not_yet_below_is_no_new_incident(watched: Days) -> None:
    run(watched, TEN, "factors scores joined", EIGHT, NINE)
    halfway = {"factors": [EIGHT], "scores": [EIGHT, NINE], "joined": [EIGHT, NINE]}
    assert watched.run(report_of(watched.contract, halfway, last=D(TEN))) == []
    (one,) = watched.known
    assert (one.state, one.dates) == ("shrinking", (D(EIGHT),))
    assert {part.dataset: len(part.dates) for part in one.below} == {"scores": 2, "joined": 2}


def test_a_far_hole_of_a_dataset_is_another_incident_and_a_near_date_is_not(watched: Days) -> None:
    run(watched, TEN, "scores", EIGHT)
    assert run(watched, "2025-01-16", "scores", EIGHT, NINE, "2025-01-15") == [
        "grown scores-missing-2025-01-08: 08 09", "opened scores-missing-2025-01-15: 15",
    ]  # fmt: skip
    between = [f"2025-01-{n:02}" for n in range(8, 16)]
    assert run(watched, "2025-01-16", "scores", *between) == [
        "grown scores-missing-2025-01-08: 08 09 10 11 12 13 14"
    ]
    assert run(watched, "2025-01-16") == [
        "recovered scores-missing-2025-01-08: 08 09 10 11 12 13 14",
        "recovered scores-missing-2025-01-15: 15",
    ]  # fmt: skip


def test_a_smaller_window_says_nothing_of_dates_outside_of_it(watched: Days) -> None:
    run(watched, TEN, "scores", EIGHT, TEN)
    week = {"first": D(NINE), "last": D("2025-01-15")}
    assert watched.run(report_of(watched.contract, **week)) == []
    assert watched.open == ["shrinking scores-missing-2025-01-08: scores 08"]
    assert watched.run(report_of(watched.contract, **week)) == []
    assert run(watched, "2025-01-15") == ["recovered scores-missing-2025-01-08: 08"]


def test_a_run_of_other_suites_recovers_nothing(watched: Days) -> None:
    run(watched, TEN, "factors scores joined", EIGHT)
    assert watched.run(report_of(watched.contract, last=D(TEN), suites=["L5", "L6"])) == []
    assert watched.open == ["opened factors-missing-2025-01-08: factors 08"]


def test_dates_that_are_not_due_yet_have_not_recovered(watched: Days) -> None:
    run(watched, TEN, "scores", EIGHT)
    early = report_of(watched.contract, last=D(TEN))
    (scores,) = (record for record in early.datasets if record.name == "scores")
    cells = [
        cell._replace(status=Status.NOT_YET_DUE) if cell.date == D(EIGHT) else cell
        for cell in scores.days
    ]
    waiting = scores.model_copy(update={"days": tuple(cells)})
    assert watched.run(early.model_copy(update={"datasets": (waiting,)})) == []
    assert watched.open == ["opened scores-missing-2025-01-08: scores 08"]


def test_what_cannot_be_read_recovers_nothing_and_recovers_itself(watched: Days) -> None:
    run(watched, TEN, "scores", EIGHT)
    gone = report_of(watched.contract, last=D(TEN), unreadable={"scores": "table is gone"})
    assert watched.run(gone) == ["opened scores-unreadable-2025-01-11: "]
    assert watched.run(gone) == []
    assert len(watched.open) == 2
    assert run(watched, TEN, "scores", EIGHT) == ["recovered scores-unreadable-2025-01-11: "]
    assert watched.open == ["opened scores-missing-2025-01-08: scores 08"]


def test_a_check_that_could_not_be_evaluated_recovers_nothing_beside_one_that_passed(
    watched: Days,
) -> None:
    run(watched, TEN, "scores", EIGHT)
    report = report_of(watched.contract, last=D(TEN))
    (passed,) = (
        check
        for check in report.checks
        if (check.dataset, check.kind) == ("scores", "daily_conversion_ratio")
    )
    errored = passed.model_copy(update={"outcome": Outcome.ERRORED, "of": "raw"})
    told = watched.run(report.model_copy(update={"checks": (*report.checks, errored)}))
    assert [line.split("-")[1] for line in told] == ["unreadable"]
    assert "opened scores-missing-2025-01-08: scores 08" in watched.open


def test_what_has_stopped_is_not_told_every_day(watched: Days) -> None:
    lost = [f"2025-01-{n}" for n in range(10, 32)]
    told = {n: run(watched, f"2025-01-{n}", EVERY, *lost[: n - 9]) for n in range(10, 31)}
    assert {
        day: [line.split(":")[0] for line in lines] for day, lines in told.items() if lines
    } == {
        12: ["opened scores-late-2025-01-10"],
        19: ["reminder scores-late-2025-01-10"],
        20: ["grown scores-late-2025-01-10"],  # after ten days it is the schedule's
        27: ["reminder scores-late-2025-01-10"],
    }
    (one,) = watched.known
    assert (one.kind, one.dataset, one.below[0].dataset) == ("late", "schedule", "scores")
    assert run(watched, "2025-01-31")[0].startswith("recovered scores-late-2025-01-10")


def test_an_earlier_window_says_nothing_of_what_has_stopped(watched: Days) -> None:
    run(watched, "2025-01-14", EVERY, *(f"2025-01-{n}" for n in range(10, 15)))
    assert run(watched, NINE) == []
    assert watched.open[0].startswith("opened scores-late-2025-01-10")


def test_what_the_contract_has_no_more_has_recovered(watched: Days) -> None:
    run(watched, TEN, "scores", EIGHT)
    report = report_of(watched.contract, last=D(TEN))
    left = {
        "checks": tuple(check for check in report.checks if check.dataset != "scores"),
        "datasets": tuple(record for record in report.datasets if record.name != "scores"),
    }
    assert watched.run(report.model_copy(update=left)) == [
        "recovered scores-missing-2025-01-08: 08"
    ]


def test_incidents_of_another_contract_are_left_alone(watched: Days) -> None:
    run(watched, TEN, "scores", EIGHT)
    other = report_of(watched.contract, {"scores": [EIGHT]}, last=D(TEN), name="other.yml")
    assert watched.run(other) == ["opened scores-missing-2025-01-08-2: 08"]
    assert run(watched, TEN) == ["recovered scores-missing-2025-01-08: 08"]
    assert [one.contract for one in watched.known if one.is_open] == ["other.yml"]


HOLES = st.dictionaries(
    st.sampled_from(EVERY.split()[1:]),
    st.sets(st.integers(1, 20).map(lambda n: f"2025-01-{n:02}"), max_size=6),
)


@settings(max_examples=30, deadline=None)
@given(st.lists(HOLES, min_size=1, max_size=3))
def test_nothing_is_told_twice_and_all_recovers(
    pipeline: Contract, runs: Sequence[dict[str, set[str]]]
) -> None:
    watched = Days(pipeline)
    for holes in runs:
        report = report_of(pipeline, holes)
        watched.run(report)
        assert [watched.run(report), watched.run(report)] == [[], []]
    watched.run(report_of(pipeline))
    assert watched.open == []


def test_that_the_root_has_moved_up_is_told_by_the_next_run_where_nobody_heard(
    watched: Days,
) -> None:
    run(watched, TEN, "scores", EIGHT)
    before = watched.known
    lost = dict.fromkeys(("factors", "scores", "joined"), (EIGHT,))
    report = report_of(watched.contract, lost, last=D(TEN))
    _, (notice,) = lived(before, found_in(report, watched.contract), report, report.started_at)
    watched.known = (not_told(notice, before),)
    assert watched.run(report) == ["grown scores-missing-2025-01-08: 08"]
    assert watched.run(report) == []
