"""From a run report to a plan. Pure: no clock, no network, no database.

Candidates are, per dataset, the unexpected dates of its failed checks that a backfill can
repair, and of the checks that will fail because the plan fills its upstream; or the dates that
are to be rebuilt although nothing is missing, and those alone. Each becomes part of a call or is
listed with the reason why not; none is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import NamedTuple

from checkpoints.archive.remediation import RowCheck, Unplanned, Why
from checkpoints.archive.report import Report
from checkpoints.contract.checks import row_checks
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above, names_in
from checkpoints.coverage.results import CheckRecord
from checkpoints.rules.evidence import Pair
from checkpoints.rules.rule import Outcome
from remediation.errors import PlanError
from remediation.plan.candidates import (
    Asked,
    Want,
    Wanted,
    candidates,
    coming_above,
    foreseen,
    foreseen_stale,
    is_repairable,
    lacking,
    to_rewrite,
    will_have,
)
from remediation.plan.causes import Cause, cause_of
from remediation.plan.dependents import dependents, refuse_unread
from remediation.plan.model import Call, Plan, call_id, content_hash
from remediation.plan.order import (
    are_level,
    built_by,
    filled_from,
    service_rank,
    upstream_first,
)

Place = tuple[str, date]
"""A dataset and one of its dates."""


class Asks(NamedTuple):
    """What is asked of a planned date: that checks about rows pass, that rows are written anew.

    ``tolerated``: keys are missing, and nobody asks for them.
    """

    checks: tuple[RowCheck, ...]
    anew: bool
    tolerated: bool


Planned = Mapping[Place, Asks]


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: all datasets, or those of one layer, or one; and whether passed checks
    count as well.

    ``dates`` of the one dataset are to be rebuilt, whatever is there, ``because`` of something, and
    nothing else. ``with_dependents``, so are the dates that are made from what is planned.
    ``in_flight`` are ids of calls that a service may still be working on.
    """

    only_dataset: str | None = None
    only_layer: str | None = None
    include_passing: bool = False
    dates: frozenset[date] = frozenset()
    because: str = ""
    with_dependents: bool = False
    in_flight: frozenset[str] = frozenset()


def make_plan(report: Report, contract: Contract, contract_sha256: str, request: Request) -> Plan:
    """The smallest set of calls that repairs what failed, or that rebuilds what is asked for.

    Raises:
        PlanError: the report was made under another contract or knows nothing of dates that are
            asked for, the dataset or layer is unknown, options do not go together, or two services
            need each other on the same date.
    """
    _refuse_another_contract(report, contract_sha256)
    asked = _asked(contract, request)
    refuse_unread(report, asked.dates)
    planned, causes = _decide(report, contract, asked, request.in_flight)
    draft = Plan.model_construct(
        id="",
        run_id=report.run_id,
        contract_sha256=contract_sha256,
        warehouse=report.provenance.warehouse,
        window=report.window,
        as_of=report.as_of,
        only_dataset=request.only_dataset,
        only_layer=request.only_layer,
        include_passing=request.include_passing,
        because=request.because.strip(),
        with_dependents=request.with_dependents,
        calls=_calls(contract, planned),
        unplanned=(
            *_unplanned(contract, causes),
            *_stale(report, contract, asked, request.in_flight, planned),
            *_unasked(report, contract, asked, request.in_flight, {*planned, *causes}, planned),
        ),
    )
    return Plan.model_validate({**dict(draft), "id": content_hash(draft)})


def check_played(as_of: date, today: date, *, yes_future: bool) -> None:
    """Refuse dates that have not come yet, unless somebody wants them.

    Raises:
        PlanError: ``as_of`` is after today.
    """
    if as_of > today and not yes_future:
        raise PlanError(
            f"as of {as_of}, which is after today ({today}): dates that have not come yet would be "
            "called; run the checkpoint again without --as-of, or add --yes-future"
        )


def _refuse_another_contract(report: Report, contract_sha256: str) -> None:
    if report.provenance.contract_sha256 != contract_sha256:
        raise PlanError(
            f"run {report.run_id} was made under another contract "
            f"({report.provenance.contract_sha256[:12]}, now {contract_sha256[:12]}): "
            "run the checkpoint again"
        )


def _asked(contract: Contract, request: Request) -> Asked:
    """What is asked for; every wrong name is told at once."""
    dataset, layer, problems = request.only_dataset, request.only_layer, [*_unfit(request)]
    if dataset is not None and dataset not in contract.datasets:
        known = ", ".join(contract.names)
        problems.append(f"--dataset {dataset!r} is not in the contract, which has: {known}")
    if layer is not None and layer not in contract.layers:
        known = ", ".join(contract.layers)
        problems.append(f"--layer {layer!r} is not in the contract, which has: {known}")
    if problems:
        raise PlanError(*problems)
    names = frozenset(
        name
        for name in contract.names
        if dataset in (None, name) and layer in (None, contract.datasets[name].layer)
    )
    if not names and dataset is None:
        raise PlanError(f"--layer {layer!r} has no datasets: name another, or leave it out")
    if not names:
        raise PlanError(f"--dataset {dataset!r} is not in --layer {layer!r}: leave one out")
    return Asked(
        names=names,
        include_passing=request.include_passing,
        about_rows=row_checks(contract),
        dates=request.dates,
        with_dependents=request.with_dependents,
    )


def _unfit(request: Request) -> Iterator[str]:
    """Which parts of a request do not go together."""
    if request.dates and request.only_dataset is None:
        yield "dates are rebuilt of one dataset: name it with --dataset"
    if request.dates and not request.because.strip():
        yield "dates that are there are rebuilt for a reason: give it with --because"
    if request.because.strip() and not request.dates:
        yield "--because is the reason to rebuild dates: name them with --dates, or --from and --to"
    if request.dates and request.include_passing:
        yield "--include-passing is for what lacks keys, not for dates that are named: leave it out"


def _decide(
    report: Report, contract: Contract, asked: Asked, in_flight: Collection[str]
) -> tuple[Planned, dict[Place, Cause]]:
    """Each candidate is either planned or has a cause; upstreams are decided first.

    Where a service builds datasets of several depths, what its calls write beside what they are
    for may lie above what was decided already: then it is decided again, knowing that.
    """
    wanted, rewritten = candidates(report, contract, asked), to_rewrite(report, contract, asked)
    order = sorted(contract.names, key=lambda n: upstream_first(contract, n))
    beside: set[Place] = set()
    while True:
        found = _Decided(wanted=wanted, beside=set(beside))
        for name in order:
            anew = frozenset(day for dataset, day in rewritten if dataset == name)
            _decide_dataset(report, contract, asked, in_flight, name, anew, found)
        if found.beside == beside or are_level(contract):
            return found.planned, found.causes
        beside = found.beside


@dataclass(slots=True, kw_only=True)
class _Decided:
    """What is decided of the datasets so far.

    What is ``filled`` brings keys to others: ``coming`` says how many there will be. What
    ``spreads`` makes what is made from it stale, as does what the same calls write ``beside`` it.
    """

    wanted: Wanted
    planned: dict[Place, Asks] = field(default_factory=dict)
    causes: dict[Place, Cause] = field(default_factory=dict)
    coming: dict[str, dict[date, int]] = field(default_factory=dict)
    filled: set[Place] = field(default_factory=set)
    spreads: set[Place] = field(default_factory=set)
    beside: set[Place] = field(default_factory=set)

    def written_for(self, contract: Contract, name: str) -> set[Place]:
        """What is written anew and makes rows of a dataset stale.

        What the calls of its own service write beside is not counted: its dates would go on to
        make each other stale.
        """
        own = built_by(contract, contract.datasets[name].service)
        return self.spreads | {place for place in self.beside if place[0] not in own}


def _decide_dataset(
    report: Report,
    contract: Contract,
    asked: Asked,
    in_flight: Collection[str],
    name: str,
    anew: frozenset[date],
    so_far: _Decided,
) -> None:
    """Decide the dates of a dataset; those of ``anew`` are to be written again.

    A dataset that no service builds, such as a view, will have what comes to its upstream. What is
    planned for its rows alone gets no keys that others could get from it.
    """
    dataset, none = contract.datasets[name], frozenset[Want]()
    built = dataset.service is not None
    above = coming_above(report, contract, name, so_far.coming)
    cells = {cell.date: cell for cell in report.days_of(name)}
    more = frozenset[date]()
    if above and built and not asked.dates:
        more = foreseen(report, contract, asked, name, above)
    own = so_far.wanted.get(name, {})
    written = so_far.written_for(contract, name)
    stale = foreseen_stale(report, contract, asked, name, written)
    if asked.with_dependents:
        anew |= dependents(report, contract, name, written)
    for when in own.keys() | more | stale.keys() | anew:
        cell, wants = cells.get(when), own.get(when, none) | stale.get(when, none)
        checks, again = _row_checks(wants), when in anew
        # Whatever they compare, its rows are to be written again.
        compared = None if again or checks else wants
        cause = cause_of(
            report, contract, in_flight, so_far.filled, above, name, when, cell, compared
        )
        if cause is not None:
            so_far.causes[name, when] = cause
        elif cell is not None:
            lacks = when in more or (again and bool(cell.missing))
            for_keys = any(isinstance(want, Pair) for want in wants)
            tolerated = lacks and not (for_keys or when in more or when in above)
            so_far.planned[name, when] = Asks(checks, again, tolerated and cell.matched > 0)
            if lacks or checks or not again or asked.with_dependents:
                so_far.spreads.add((name, when))
                so_far.beside |= {(n, when) for n in built_by(contract, dataset.service)}
            if for_keys or (lacks and not tolerated):
                so_far.filled.add((name, when))
                so_far.coming.setdefault(name, {})[when] = will_have(contract, name, cell, above)
    if above and not built:
        so_far.coming[name] = {
            when: will_have(contract, name, cells[when], above) for when in above if when in cells
        }


def _row_checks(wants: Iterable[Want]) -> tuple[RowCheck, ...]:
    found = [want for want in wants if isinstance(want, RowCheck)]
    return tuple(sorted(found, key=lambda check: (check.name, check.id)))


def _calls(contract: Contract, planned: Planned) -> tuple[Call, ...]:
    """One call per service and date, upstream services first, then the oldest date."""
    by_call: dict[Place, list[str]] = {}
    for name, when in sorted(planned, key=lambda p: contract.names.index(p[0])):
        by_call.setdefault((contract.datasets[name].service or "", when), []).append(name)
    rank = {service: service_rank(contract, service) for service, _ in by_call}
    return tuple(
        Call(
            service=service,
            date=when,
            datasets=tuple(names),
            checks=tuple(check for name in names for check in planned[name, when].checks),
            rebuilds=tuple(name for name in names if planned[name, when].anew),
            tolerated=tuple(name for name in names if planned[name, when].tolerated),
            depends_on=_depends_on(contract, planned, service, when, names),
        )
        for (service, when), names in sorted(
            by_call.items(), key=lambda entry: (rank[entry[0][0]], entry[0][1], entry[0][0])
        )
    )


def _depends_on(
    contract: Contract,
    planned: Collection[Place],
    service: str,
    when: date,
    names: Iterable[str],
) -> tuple[str, ...]:
    upstreams = {above for name in names for above in names_above(contract, name)}
    filled = filled_from(contract, planned, upstreams, when)
    services = {contract.datasets[name].service or "" for name in filled}
    return tuple(sorted(call_id(s, when) for s in services - {service}))


def _unplanned(contract: Contract, causes: Mapping[Place, Cause]) -> Iterator[Unplanned]:
    """Causes merged: one entry per dataset and reason."""
    merged: dict[tuple[str, Cause], list[date]] = {}
    for (name, when), cause in causes.items():
        merged.setdefault((name, cause), []).append(when)
    order = sorted(merged, key=lambda entry: (contract.names.index(entry[0]), entry[1]))
    for name, (why, reason) in order:
        dates = tuple(sorted(merged[name, (why, reason)]))
        yield Unplanned(dataset=name, why=why, reason=reason, dates=dates)


def _stale(
    report: Report,
    contract: Contract,
    asked: Asked,
    in_flight: Collection[str],
    planned: Planned,
) -> Iterator[Unplanned]:
    """The dates that are made from what is written anew, and that nobody asked for."""
    if asked.with_dependents or not any(asks.anew for asks in planned.values()):
        return
    whole, _ = _decide(report, contract, replace(asked, with_dependents=True), in_flight)
    cause = Why.STALE, "it is made from what is written anew: --with-dependents plans it"
    yield from _unplanned(contract, dict.fromkeys(whole.keys() - planned.keys(), cause))


def _unasked(
    report: Report,
    contract: Contract,
    asked: Asked,
    in_flight: Collection[str],
    decided: Collection[Place],
    planned: Planned,
) -> Iterator[Unplanned]:
    """What else lacks something; where dates are named, of nothing else is spoken."""
    if not asked.dates:
        yield from _passed(report, contract, asked, in_flight, decided)
        yield from _never_planned(report, contract, asked, planned)


def _passed(
    report: Report,
    contract: Contract,
    asked: Asked,
    in_flight: Collection[str],
    decided: Collection[Place],
) -> Iterator[Unplanned]:
    """Dates that lack keys, and that no failed check asks for: a threshold tolerates them."""
    tolerated = {
        (check.dataset, day)
        for check in asked.checks(report)
        if is_repairable(contract, check) and check.outcome is Outcome.PASSED and not check.stock
        for day in lacking(report, check)
    }.difference(decided)
    if asked.include_passing or not tolerated:
        return
    planned, causes = _decide(report, contract, replace(asked, include_passing=True), in_flight)
    merged: dict[tuple[str, str], list[date]] = {}
    for name, day in sorted(tolerated, key=lambda t: (contract.names.index(t[0]), t[1])):
        how = "--include-passing plans it"
        if (name, day) not in planned:
            _, how = causes.get((name, day), (Why.PASSED, "no plan repairs it"))
        merged.setdefault((name, how), []).append(day)
    for (name, how), dates in merged.items():
        reason = f"lacks keys, but its checks passed ({how})"
        yield Unplanned(dataset=name, why=Why.PASSED, reason=reason, dates=tuple(dates))


def _never_planned(
    report: Report, contract: Contract, asked: Asked, planned: Collection[Place]
) -> Iterator[Unplanned]:
    """What no backfill repairs, and what could not be evaluated.

    Keys that the upstream lacks only until the same plan rebuilds it are not listed.
    """
    found: list[Unplanned] = []
    for check in asked.checks(report):
        if check.outcome is Outcome.ERRORED:
            reason = f"{check.name} could not be evaluated: {check.message}"
            found.append(Unplanned(dataset=check.dataset, why=Why.ERRORED, reason=reason, dates=()))
        elif check.outcome is Outcome.FAILED and not is_repairable(contract, check):
            dates = tuple(sorted(check.unexpected_dates))
            if check.rule.goes_with_upstream:
                above = names_in(contract, check.pair)[1:]
                dates = tuple(d for d in dates if not filled_from(contract, planned, above, d))
            if check.rule.goes_with_rebuild:
                dates = tuple(d for d in dates if (check.dataset, d) not in planned)
            if check.unexpected_dates and not dates:
                continue
            found.append(
                Unplanned(
                    dataset=check.dataset,
                    why=Why.NOT_REPAIRABLE,
                    reason=_fix(contract, check),
                    dates=dates,
                )
            )
    yield from sorted(dict.fromkeys(found), key=lambda u: (u.dataset, u.why, u.reason, u.dates))


def _fix(contract: Contract, check: CheckRecord) -> str:
    service = contract.datasets[check.dataset].service
    if service is None or not check.rule.repaired_by_replacing:
        return check.rule.fix
    return f"{check.rule.fix}; if a call of {service!r} does, say so: replaces: true"
