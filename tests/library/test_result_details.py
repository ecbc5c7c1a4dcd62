"""What a result of the library carries survives its way through JSON."""

from __future__ import annotations

import json
from datetime import date, timedelta
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.contract.checks import checks_of
from checkpoints.coverage.results import KeySample
from checkpoints.dates import DateRange
from checkpoints.library.results import (
    KEYED_DATES,
    KeysOfDate,
    RunEvidence,
    details_of,
    evaluation_of,
    result_evidence,
    succeeded,
)
from checkpoints.library.table import coverage_table, evidence_of
from checkpoints.rules.daily_conversion_ratio import DailyConversionRatio
from checkpoints.rules.date_gap import DateGap
from checkpoints.rules.evidence import Cell, Pair, SampledKeys, Status
from checkpoints.rules.no_orphan_keys import NoOrphanKeys
from checkpoints.rules.rule import Rule
from tests.support.projects import ALL, NO_L4, D, every_day, frame_of
from tests.support.warehouses import contract_of

WINDOW = DateRange(D("2025-01-01"), D("2025-12-31"))
AS_OF = D("2025-06-30")
RULES: list[Rule] = [
    DailyConversionRatio(rule="daily_conversion_ratio", at_least=0.8),
    DateGap(rule="date_gap", at_most_days=1),
    NoOrphanKeys(rule="no_orphan_keys"),
]


def cell(n: int, expected: int, matched: int, orphans: int, status: Status = Status.DUE) -> Cell:
    present = min(matched, expected) + orphans
    day = WINDOW.first + timedelta(days=n)
    return Cell(day, status, expected, present, min(matched, expected), orphans, 0)


def evidence(cells: list[Cell], samples: dict[date, Any] | None = None) -> RunEvidence:
    about = {"undated": 0, "window": WINDOW, "as_of": AS_OF, "fail_on": "warning"}
    return RunEvidence(cells=tuple(cells), samples=samples or {}, **about)


@settings(deadline=None)
@given(
    counts=st.lists(st.tuples(*[st.integers(0, 9)] * 3, st.sampled_from(Status)), max_size=60),
    rule=st.sampled_from(RULES),
)
def test_an_evaluation_and_its_evidence_come_back_as_they_went(
    counts: list[tuple[int, int, int, Status]], rule: Rule
) -> None:
    cells = [cell(n, *found) for n, found in enumerate(counts)]
    found = rule.judge(evidence(cells))
    details = json.loads(json.dumps(details_of(found, evidence(cells), rule)))
    result = {"observed_value": found.observed, "details": details}
    shown = result_evidence(result)
    by_date = {c.date: c._replace(status=Status.DUE) for c in cells}

    assert evaluation_of(succeeded(found.outcome), result, {}) == found
    assert (shown.window, shown.as_of, shown.fail_on) == (WINDOW, AS_OF, "warning")
    assert shown.cells == tuple(by_date[day] for day in found.unexpected_dates)
    assert {d for run in shown.ranges for d in run.dates()} >= set(found.unexpected_dates)


def test_a_break_without_games_does_not_split_a_range() -> None:
    off = [cell(n, 0, 0, 0, Status.OFF) for n in (2, 3)]
    cells = sorted([*off, *(cell(n, 4, 0, 0) for n in (0, 1, 4, 5)), cell(6, 4, 4, 0)])
    details = details_of(RULES[1].judge(evidence(cells)), evidence(cells), RULES[1])

    assert details["ranges"] == [["2025-01-01", "2025-01-06"]]
    assert details["figures"] == ["4 0 0 0"] * 4


def test_keys_are_kept_of_the_latest_unexpected_dates_only() -> None:
    cells = [cell(n, 2, 2, 1) for n in range(30)] + [cell(30, 2, 2, 0)]
    samples = {c.date: SampledKeys((("gone",),), (("odd", "7"),)) for c in cells}
    given_keys = evidence(cells, samples)
    found = details_of(RULES[2].judge(given_keys), given_keys, RULES[2])
    shown = result_evidence({"details": found})

    assert [entry.day for entry in shown.keys] == [c.date for c in cells[30 - KEYED_DATES : 30]]
    assert shown.keys[-1] == KeysOfDate(D("2025-01-30"), (("gone",),), (("odd", "7"),))


def test_a_result_that_raised_has_no_evidence() -> None:
    assert result_evidence({}) is None


def test_the_table_gives_every_pair_its_own_evidence_whatever_the_names(tmp_path: Any) -> None:
    contract = contract_of(tmp_path).contract
    days = every_day("2025-01-05", "2025-01-06", ALL, NO_L4)
    frame = frame_of(contract, days, undated="factors")
    found = {"date": D("2025-01-06"), "missing": (("k",),), "orphans": ()}
    sample = KeySample(dataset="factors", of="raw", **found)
    table = coverage_table(frame, checks_of(contract), [sample])
    of_raw, of_summary = (
        evidence_of(table, Pair("factors", of, "keys")) for of in ("raw", "summary")
    )

    assert of_raw.cells == frame.cells[Pair("factors", "raw", "keys")]
    assert of_raw.samples == {D("2025-01-06"): SampledKeys((("k",),))}
    assert (of_summary.samples, of_summary.undated) == ({}, 3)
    assert (of_raw.window, of_raw.as_of) == (frame.window.range, frame.as_of)
