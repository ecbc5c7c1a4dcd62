"""Plans of random reports: nothing is dropped, nothing is called in vain or out of order."""

from __future__ import annotations

import random
from datetime import date

from hypothesis import given, settings
from hypothesis import strategies as st

from checkpoints.archive.remediation import Why
from checkpoints.archive.report import Report
from checkpoints.contract.model import Contract
from checkpoints.rules.evidence import Status
from checkpoints.rules.rule import Outcome
from remediation.plan.candidates import Asked, candidates
from remediation.plan.planning import Request, make_plan
from tests.support.reports import (
    CALENDAR,
    SHA,
    UPSTREAM,
    check_of,
    plan_for,
    report_of,
    truthful_report,
)

SOME_DATES = st.lists(st.sampled_from(CALENDAR), max_size=8, unique=True)
NAMES = list(UPSTREAM)


@st.composite
def reports(draw: st.DrawFn) -> Report:
    present = {name: {day: draw(st.integers(0, 1)) for day in draw(SOME_DATES)} for name in NAMES}
    checks = []
    for name in NAMES:
        for kind in ("conversion_ratio", "date_gap", "no_orphan_keys"):
            outcome = draw(st.sampled_from(["PASSED", "FAILED", "ERRORED", "NOT_EVALUATED"]))
            checks.append(check_of(name, draw(SOME_DATES), outcome=outcome, kind=kind))
    return report_of(checks, present)


@given(report=reports(), passing=st.booleans(), seed=st.integers(0, 99), data=st.data())
@settings(max_examples=60, deadline=None)
def test_every_candidate_is_planned_or_explained(
    contract: Contract, report: Report, passing: bool, seed: int, data: st.DataObject
) -> None:
    protected = data.draw(st.sampled_from(CALENDAR))
    raw = contract.model_dump(mode="json", by_alias=True)
    raw["protected"] = [
        {"dataset": "cache", "from": str(protected), "to": str(protected), "reason": "kept"}
    ]
    guarded = Contract.model_validate(raw)
    flying = frozenset(f"four/{day}" for day in data.draw(SOME_DATES))
    request = Request(include_passing=passing, in_flight=flying)
    plan = make_plan(report, guarded, SHA, request)

    planned = {(name, day) for (name, _), days in plan.dates_of().items() for day in days}
    asides = {Why.NOT_REPAIRABLE, Why.ERRORED, Why.PASSED}
    explained = [(u.dataset, d) for u in plan.unplanned if u.why not in asides for d in u.dates]
    asked = Asked(names=frozenset(NAMES), include_passing=passing)
    wanted = {(n, d) for n, days in candidates(report, guarded, asked).items() for d in days}
    assert planned | set(explained) == wanted
    assert not planned & set(explained)
    assert len(explained) == len(set(explained))
    assert not any(call.service == "four" and call.date == protected for call in plan.calls)
    assert not flying & {call.id for call in plan.calls}
    due = {(r.name, d.date): d for r in report.datasets for d in r.days if d.status is Status.DUE}
    for name, day in planned:
        lacks = due[name, day].missing or (UPSTREAM[name], day) in planned
        assert lacks or guarded.is_date_grain(name)  # a batch says nothing about its keys

    place = {call.id: n for n, call in enumerate(plan.calls)}
    assert all(place[d] < place[c.id] for c in plan.calls for d in c.depends_on)
    for name, day in planned:
        if (UPSTREAM[name], day) in planned:
            service = guarded.datasets[name].service
            above = guarded.datasets[UPSTREAM[name]].service
            assert f"{above}/{day}" in plan.calls[place[f"{service}/{day}"]].depends_on

    shuffled = [*report.checks]
    random.Random(seed).shuffle(shuffled)
    mixed = tuple(
        c.model_copy(update={"unexpected_dates": tuple(reversed(c.unexpected_dates))})
        for c in shuffled
    )
    again = report.model_copy(update={"checks": mixed, "datasets": report.datasets[::-1]})
    assert make_plan(again, guarded, SHA, request) == plan


AMOUNTS = st.dictionaries(
    st.sampled_from(NAMES),
    st.dictionaries(st.sampled_from(CALENDAR), st.integers(0, 2), max_size=12),
)


@given(present=AMOUNTS, earliest=st.sampled_from(CALENDAR))
@settings(max_examples=200, deadline=None)
def test_once_a_plan_has_landed_only_what_it_left_out_fails(
    contract: Contract, present: dict[str, dict[date, int]], earliest: date
) -> None:
    raw = contract.model_dump(mode="json", by_alias=True)
    raw["services"]["four"]["earliest_rebuildable"] = str(earliest)
    guarded = Contract.model_validate(raw)
    plan = plan_for(guarded, truthful_report(guarded, present))
    assert all(call.date >= earliest for call in plan.calls if call.service == "four")
    after = {name: {**present.get(name, {})} for name in UPSTREAM}
    for call in plan.calls:
        for name in call.datasets:
            after[name][call.date] = after.get(UPSTREAM[name], {}).get(call.date, 2)
    left_out = {(entry.dataset, day) for entry in plan.unplanned for day in entry.dates}
    for check in truthful_report(guarded, after).checks:
        if check.outcome is Outcome.FAILED:
            assert {(check.dataset, day) for day in check.unexpected_dates} <= left_out
