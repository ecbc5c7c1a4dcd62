"""What CI shows of a remediation: the rules of the window read again, and what did not land."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime

from checkpoints.archive.remediation import (
    CallStatus,
    Change,
    RemediationRecord,
    Unplanned,
)
from checkpoints.dates import ranges_of
from checkpoints.errors import ExitCode
from checkpoints.output.findings import Finding, Findings, Section, finding_of
from checkpoints.output.markdown import folded, table
from checkpoints.rules.rule import Outcome
from checkpoints.text import dates
from remediation.ledger.states import DONE
from remediation.output.reporter import (
    CHANGE_HEADINGS,
    Remaining,
    change_cells,
    remaining,
    verdict_of,
)
from remediation.plan.model import Plan

SUITE = "backfill"
"""The findings that are not about a rule."""


def findings_of(record: RemediationRecord) -> Findings:
    """What a run of a plan came to: the fresh verdict first."""
    after = record.verdict_after
    now = f"; now {after.summary}" if after else ""
    word, landings = verdict_of(record)
    return Findings(
        name="remediation",
        verdict=f"{word}: {landings}{now}",
        started_at=record.started_at,
        seconds=record.seconds,
        properties={
            "window": f"{record.window.first} to {record.window.last}",
            "run_id": record.run_id,
            "plan_id": record.plan_id,
            "contract_sha256": record.contract_sha256,
            "warehouse": record.warehouse,
            "by": record.by,
            "exit_code": f"{record.exit_code:d}",
        },
        findings=(
            *(finding_of(c, record.verdict_before.fail_on) for c in record.checks_after),
            *_services(record.calls),
            *_regressions(record.changes),
            *_unreadable(record.problem),
        ),
    )


def sections_of(record: RemediationRecord) -> list[Section]:
    """Before and after, what remains and why, what nobody called."""
    changed = [change_cells(change) for change in record.changes]
    left = [
        (group.service, group.state, len(group.dates), _ranges(group, record.calls), group.why)
        for group in remaining(record.remaining)
    ]
    sections = [table(CHANGE_HEADINGS, changed, "Before and after")] if changed else []
    if left:
        columns = ("service", "state", "dates", "ranges", "why")
        sections.append(table(columns, left, "What remains"))
    return [*sections, *_unplanned(record.unplanned)]


def planned(plan: Plan, code: ExitCode, at: datetime) -> tuple[Findings, list[Section]]:
    """What a plan would do when nothing was sent; ``code`` is what the command ends in."""
    fails = code is not ExitCode.COMPLETE
    calls = tuple(
        Finding(
            suite=SUITE,
            name=_name(service),
            outcome=Outcome.NOT_EVALUATED,
            gates=False,
            kind="calls",
            message=f"nothing was sent: {dates(len(plan.calls_of(service)))} would be",
        )
        for service in plan.services()
    )
    left = tuple(
        Finding(
            suite=SUITE,
            name=f"{entry.dataset}: every failed date is planned ({entry.why})",
            outcome=Outcome.FAILED,
            gates=fails,
            kind="unplanned",
            message=f"{dates(len(entry.dates))}: {entry.reason}",
            details="\n".join(map(str, ranges_of(entry.dates))),
        )
        for entry in plan.unrepaired
    )
    found = Findings(
        name="remediation",
        verdict=f"Nothing was sent: {len(plan.calls)} calls are planned",
        started_at=at,
        seconds=0,
        properties={
            "window": f"{plan.window.first} to {plan.window.last}",
            "run_id": plan.run_id,
            "plan_id": plan.id,
            "contract_sha256": plan.contract_sha256,
            "exit_code": f"{code:d}",
        },
        findings=(*calls, *left),
    )
    return found, _unplanned(plan.unplanned)


def _name(service: str) -> str:
    return f"{service}: every date lands"


def _services(calls: Sequence[CallStatus]) -> Iterator[Finding]:
    for service in dict.fromkeys(call.service for call in calls):
        own = [call for call in calls if call.service == service]
        groups = remaining(call for call in own if call.state not in DONE)
        count = sum(len(group.dates) for group in groups)
        yield Finding(
            suite=SUITE,
            name=_name(service),
            outcome=Outcome.FAILED if groups else Outcome.PASSED,
            gates=True,
            kind="landing",
            message=f"{count} of {dates(len(own))} did not land" if groups else "",
            details="\n".join(_sentence(group, own) for group in groups),
        )


def _sentence(group: Remaining, calls: Sequence[CallStatus]) -> str:
    where = f"{group.state}, {dates(len(group.dates))} ({_ranges(group, calls)})"
    return f"{where}: {group.why}" if group.why else where


def _ranges(group: Remaining, calls: Sequence[CallStatus]) -> str:
    return ", ".join(map(str, ranges_of(group.dates, sorted({call.date for call in calls}))))


def _regressions(changes: Sequence[Change]) -> Iterator[Finding]:
    for change in changes:
        worse = change.regressions
        yield Finding(
            suite=SUITE,
            name=f"{change.dataset}: no date gets worse",
            outcome=Outcome.FAILED if worse else Outcome.PASSED,
            gates=True,
            kind="regression",
            message=f"{dates(len(worse))} got worse" if worse else "",
            details="\n".join(f"{r.date}: {r.what}" for r in worse),
        )


def _unreadable(problem: str) -> Iterator[Finding]:
    if problem:
        yield Finding(
            suite=SUITE,
            name="the window is read again",
            outcome=Outcome.ERRORED,
            gates=True,
            kind="unreadable",
            message=problem,
            details=problem,
        )


def _unplanned(entries: Sequence[Unplanned]) -> list[Section]:
    lines = [
        f"{entry.dataset}, {dates(len(entry.dates))}: {entry.reason}"
        f" ({', '.join(map(str, ranges_of(entry.dates)))})"
        for entry in entries
        if entry.dates
    ]
    return [folded("Not planned, and why", lines)] if lines else []
