"""Why a date of a dataset is not called, although it is asked for. Pure."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date

from checkpoints.archive.remediation import Why
from checkpoints.archive.report import Report
from checkpoints.contract.checks import tells_keys_apart, upstream_pair
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above
from checkpoints.rules.evidence import ITS_CALENDAR, Cell, Status
from remediation.plan.candidates import Want
from remediation.plan.model import call_id
from remediation.plan.order import built_by, filled_from

Cause = tuple[Why, str]


def cause_of(
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
        return Why.NOT_DUE, f"not expected then ({day.status if day else Status.OFF})"
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
        whole = f"its upstream {upstream.of!r}" if upstream.of else ITS_CALENDAR
        return Why.COMPLETE, f"it has all that {whole} has"
    return None


def _protected(contract: Contract, service: str, when: date) -> str:
    """A call rebuilds all that its service builds, so one protected dataset forbids it."""
    built = built_by(contract, service)
    for period in contract.protected:
        if period.dataset in built and when in period.range:
            return f"{service} would rebuild {period.dataset!r}, protected: {period.reason}"
    return ""
