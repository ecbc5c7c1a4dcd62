"""From a run report to a plan. Pure: no clock, no network, no database.

Candidates are, per dataset, the unexpected dates of its failed checks that a backfill can
repair, and of the checks that will fail because the plan fills its upstream. Each becomes part
of a call or is listed with the reason why not; none is dropped.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date

from checkpoints.archive.remediation import RowCheck, Unplanned, Why
from checkpoints.archive.report import Report
from checkpoints.contract.checks import row_checks, tells_keys_apart, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above, names_in
from checkpoints.coverage.results import CheckRecord
from checkpoints.rules.evidence import Cell, Pair, Status
from checkpoints.rules.rule import Outcome
from remediation.errors import PlanError
from remediation.plan.candidates import (
    Asked,
    Want,
    candidates,
    cells_of,
    coming_above,
    foreseen,
    foreseen_stale,
    is_repairable,
    lacking,
    to_rewrite,
    will_have,
)
from remediation.plan.model import Call, Plan, call_id, content_hash
from remediation.plan.order import built_by, filled_from, service_rank, upstream_first

Cause = tuple[Why, str]
Planned = Mapping[tuple[str, date], tuple[RowCheck, ...]]
"""The planned dates of datasets, and the checks about rows that each is planned for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What is asked for: all datasets, or those of one layer, or one; and whether passed checks
    count as well.

    ``in_flight`` are ids of calls that a service may still be working on.
    """

    only_dataset: str | None = None
    only_layer: str | None = None
    include_passing: bool = False
    in_flight: frozenset[str] = frozenset()


def make_plan(report: Report, contract: Contract, contract_sha256: str, request: Request) -> Plan:
    """The smallest set of calls that repairs what failed.

    Raises:
        PlanError: the report was made under another contract, the dataset or layer is unknown,
            or two services need each other on the same date.
    """
    _refuse_another_contract(report, contract_sha256)
    asked = _asked(contract, request)
    planned, causes = _decide(report, contract, asked, request.in_flight)
    decided = {*planned, *causes}
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
        calls=_calls(contract, planned),
        rewrites=_rewrites(contract, planned, to_rewrite(report, contract, asked)),
        unplanned=(
            *_unplanned(contract, causes),
            *_passed(report, contract, asked, request.in_flight, decided),
            *_never_planned(report, contract, asked, planned),
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
    """The datasets asked for; every wrong name is told at once."""
    dataset, layer, problems = request.only_dataset, request.only_layer, []
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
        names=names, include_passing=request.include_passing, about_rows=row_checks(contract)
    )


def _decide(
    report: Report, contract: Contract, asked: Asked, in_flight: Collection[str]
) -> tuple[Planned, dict[tuple[str, date], Cause]]:
    """Each candidate is either planned or has a cause; upstreams are decided first.

    A dataset that no service builds, such as a view, will have what comes to its upstream. What is
    planned for its rows alone gets no keys that others could get from it.
    """
    wanted, rewritten = candidates(report, contract, asked), to_rewrite(report, contract, asked)
    coming: dict[str, dict[date, int]] = {}
    planned: dict[tuple[str, date], tuple[RowCheck, ...]] = {}
    filled: set[tuple[str, date]] = set()
    causes: dict[tuple[str, date], Cause] = {}
    for name in sorted(contract.names, key=lambda n: upstream_first(contract, n)):
        built = contract.datasets[name].service is not None
        above = coming_above(report, contract, name, coming)
        cells = {cell.date: cell for cell in cells_of(report, name)}
        more = (
            foreseen(report, contract, asked, name, above) if above and built else frozenset[date]()
        )
        own = wanted.get(name, {})
        stale = foreseen_stale(report, contract, asked, name, planned)
        for when in own.keys() | more | stale.keys():
            cell, none = cells.get(when), frozenset[Want]()
            wants = own.get(when, none) | stale.get(when, none)
            # Whatever they compare, its rows are to be written again.
            again = (name, when) in rewritten or bool(_row_checks(wants))
            compared = None if again else wants
            cause = _cause(report, contract, in_flight, filled, above, name, when, cell, compared)
            if cause is not None:
                causes[name, when] = cause
            elif cell is not None:
                planned[name, when] = _row_checks(wants)
                if when in more or any(isinstance(want, Pair) for want in wants):
                    filled.add((name, when))
                    coming.setdefault(name, {})[when] = will_have(contract, name, cell, above)
        if above and not built:
            coming[name] = {
                when: will_have(contract, name, cells[when], above)
                for when in above
                if when in cells
            }
    return planned, causes


def _row_checks(wants: Iterable[Want]) -> tuple[RowCheck, ...]:
    found = [want for want in wants if isinstance(want, RowCheck)]
    return tuple(sorted(found, key=lambda check: (check.name, check.id)))


def _cause(
    report: Report,
    contract: Contract,
    in_flight: Collection[str],
    filled: Collection[tuple[str, date]],
    above: Collection[date],
    name: str,
    when: date,
    day: Cell | None,
    wants: frozenset[Want] | None,
) -> Cause | None:
    """Why a date of a dataset is not called; None when it is."""
    dataset = contract.datasets[name]
    if day is None and name in report.unreadable:
        return Why.ERRORED, report.unreadable[name]
    if day is None or day.status is not Status.DUE:
        return Why.NOT_DUE, f"not expected then ({day.status if day else 'no figures'})"
    if dataset.service is None:
        return Why.NO_SERVICE, "the contract names no service that builds it"
    if protected := _protected(contract, dataset.service, when):
        return Why.PROTECTED, protected
    earliest = contract.services[dataset.service].earliest_rebuildable
    if earliest is not None and when < earliest:
        return Why.TOO_OLD, f"{dataset.service} cannot rebuild dates before {earliest}"
    if call_id(dataset.service, when) in in_flight:
        return Why.IN_FLIGHT, f"{dataset.service} may still be working on an earlier call"
    return _cause_above(report, contract, filled, above, name, when, day, wants)


def _cause_above(
    report: Report,
    contract: Contract,
    filled: Collection[tuple[str, date]],
    above: Collection[date],
    name: str,
    when: date,
    day: Cell,
    wants: frozenset[Want] | None,
) -> Cause | None:
    """Why its upstream gives a date of a dataset nothing to be called for; None when it does.

    Without ``wants`` its rows are to be written again, whatever keys it has.
    """
    upstream, names = upstream_pair(contract, name), names_above(contract, name)
    if unreadable := next((report.unreadable[n] for n in names if n in report.unreadable), ""):
        return Why.ERRORED, f"its upstream could not be read: {unreadable}"
    comes = filled_from(contract, filled, names, when)
    # Of several that all are needed, one alone brings nothing.
    if comes and (len(names) == 1 or day.expected or when in above):
        return None
    if not day.expected:
        return Why.UPSTREAM_EMPTY, f"its upstream {upstream.of!r} has nothing on these dates"
    # A batch per date, or a count, says nothing about the keys that a finer comparison lacks.
    if day.missing or wants is None:
        return None
    if tells_keys_apart(contract, upstream) or wants <= {upstream}:
        return Why.COMPLETE, f"it has all that its upstream {upstream.of!r} has"
    return None


def _protected(contract: Contract, service: str, when: date) -> str:
    """A call rebuilds all that its service builds, so one protected dataset forbids it."""
    built = built_by(contract, service)
    for period in contract.protected:
        if period.dataset in built and when in period.range:
            return f"{service} would rebuild {period.dataset!r}, protected: {period.reason}"
    return ""


def _rewrites(
    contract: Contract, planned: Collection[tuple[str, date]], wanted: Iterable[tuple[str, date]]
) -> tuple[str, ...]:
    """The ids of the planned calls that write rows again."""
    built = ((contract.datasets[name].service or "", (name, day)) for name, day in wanted)
    return tuple(sorted({call_id(s, at[1]) for s, at in built if at in planned}))


def _calls(contract: Contract, planned: Planned) -> tuple[Call, ...]:
    """One call per service and date, upstream services first, then the oldest date."""
    by_call: dict[tuple[str, date], list[str]] = {}
    for name, when in sorted(planned, key=lambda p: contract.names.index(p[0])):
        by_call.setdefault((contract.datasets[name].service or "", when), []).append(name)
    rank = {service: service_rank(contract, service) for service, _ in by_call}
    return tuple(
        Call(
            service=service,
            date=when,
            datasets=tuple(names),
            checks=tuple(check for name in names for check in planned[name, when]),
            depends_on=_depends_on(contract, planned, service, when, names),
        )
        for (service, when), names in sorted(
            by_call.items(), key=lambda entry: (rank[entry[0][0]], entry[0][1], entry[0][0])
        )
    )


def _depends_on(
    contract: Contract,
    planned: Collection[tuple[str, date]],
    service: str,
    when: date,
    names: Iterable[str],
) -> tuple[str, ...]:
    upstreams = {above for name in names for above in names_above(contract, name)}
    filled = filled_from(contract, planned, upstreams, when)
    services = {contract.datasets[name].service or "" for name in filled}
    return tuple(sorted(call_id(s, when) for s in services - {service}))


def _unplanned(contract: Contract, causes: Mapping[tuple[str, date], Cause]) -> Iterator[Unplanned]:
    """Causes merged: one entry per dataset and reason."""
    merged: dict[tuple[str, Cause], list[date]] = {}
    for (name, when), cause in causes.items():
        merged.setdefault((name, cause), []).append(when)
    order = sorted(merged, key=lambda entry: (contract.names.index(entry[0]), entry[1]))
    for name, (why, reason) in order:
        dates = tuple(sorted(merged[name, (why, reason)]))
        yield Unplanned(dataset=name, why=why, reason=reason, dates=dates)


def _passed(
    report: Report,
    contract: Contract,
    asked: Asked,
    in_flight: Collection[str],
    decided: Collection[tuple[str, date]],
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
    report: Report, contract: Contract, asked: Asked, planned: Collection[tuple[str, date]]
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
