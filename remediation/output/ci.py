"""What CI shows of a remediation: the rules of the window read again, and what did not land."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime

from checkpoints.archive.remediation import RemediationRecord, Unplanned
from checkpoints.dates import ranges_of
from checkpoints.errors import ExitCode
from checkpoints.output.findings import Finding, Findings, Section, finding_of
from checkpoints.output.markdown import folded, table
from checkpoints.rules.rule import Outcome
from checkpoints.text import counted, dates
from remediation.ledger.states import DONE
from remediation.output.reporter import (
    CHANGE_HEADINGS,
    ORPHAN_HEADINGS,
    REMAINING_HEADINGS,
    Remaining,
    change_cells,
    not_told_of,
    remaining,
    told_of,
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
            **_about(record, record.plan_id),
            "warehouse": record.warehouse,
            "by": record.by,
            "exit_code": f"{record.exit_code:d}",
        },
        findings=(
            *(finding_of(c, record.verdict_before.fail_on) for c in record.checks_after),
            *_found(record),
        ),
    )


def sections_of(record: RemediationRecord, following: Sequence[str] = ()) -> list[Section]:
    """Before and after, what remains and why, orphans, what to do next, what nobody called."""
    changed = [change_cells(change) for change in record.changes]
    left = [group.cells(_ranges(group.dates)) for group in remaining(record.remaining)]
    sections = [table(CHANGE_HEADINGS, changed, "Before and after")] if changed else []
    if left:
        sections.append(table(REMAINING_HEADINGS, left, "What remains"))
    if record.orphans:
        rows = [(o.dataset, o.of, o.keys, len(o.dates), _ranges(o.dates)) for o in record.orphans]
        sections.append(table(ORPHAN_HEADINGS, rows, "Orphans that stay"))
    if lines := [*not_told_of(record.undelivered), *told_of(record)]:
        sections.append(table(("who was told of what landed",), [(line,) for line in lines]))
    if following:
        sections.append(table(("what to do next",), [(step,) for step in following]))
    return [*sections, *_unplanned(record.unplanned)]


def planned(plan: Plan, code: ExitCode, at: datetime) -> tuple[Findings, list[Section]]:
    """What a plan would do when nothing was sent; ``code`` is what the command ends in."""
    calls = [
        _finding(
            "calls",
            _every_date_lands(service),
            f"nothing was sent: {dates(len(plan.calls_of(service)))} would be"
            + _for_checks(plan, service),
            outcome=Outcome.NOT_EVALUATED,
            gates=False,
        )
        for service in plan.services()
    ]
    left = [
        _finding(
            "unplanned",
            f"{entry.dataset}: every failed date is planned ({entry.why})",
            f"{dates(len(entry.dates))}: {entry.reason}",
            map(str, ranges_of(entry.dates)),
            gates=code is not ExitCode.COMPLETE,
        )
        for entry in plan.unrepaired
    ]
    found = Findings(
        name="remediation",
        verdict=f"Nothing was sent: {counted(len(plan.calls), 'call')} planned",
        started_at=at,
        seconds=0,
        properties={**_about(plan, plan.id), "exit_code": f"{code:d}"},
        findings=(*calls, *left),
    )
    return found, _unplanned(plan.unplanned)


def _for_checks(plan: Plan, service: str) -> str:
    """``, 2 for filled usage_rate``: how many dates are called for each check about rows."""
    names = (name for call in plan.calls_of(service) for name in {c.name for c in call.checks})
    return "".join(f", {number} for {name}" for name, number in sorted(Counter(names).items()))


def _about(of: RemediationRecord | Plan, plan_id: str) -> dict[str, str]:
    because = {"rebuilt because": of.because} if of.because else {}
    return {
        **because,
        "window": f"{of.window.first} to {of.window.last}",
        "run_id": of.run_id,
        "plan_id": plan_id,
        "contract_sha256": of.contract_sha256,
    }


def _finding(
    kind: str,
    name: str,
    problem: str,
    details: Iterable[str] = (),
    *,
    outcome: Outcome = Outcome.FAILED,
    gates: bool = True,
) -> Finding:
    """One of this suite: ``outcome`` where there is a problem, else it has passed."""
    return Finding(
        suite=SUITE,
        name=name,
        outcome=outcome if problem else Outcome.PASSED,
        gates=gates,
        kind=kind,
        message=problem,
        details="\n".join(details),
    )


def _found(record: RemediationRecord) -> Iterator[Finding]:
    """Which dates did not land, which got worse, and whether the window could be read again."""
    for service in dict.fromkeys(call.service for call in record.calls):
        own = [call for call in record.calls if call.service == service]
        groups = remaining(call for call in own if call.state not in DONE)
        count = sum(len(group.dates) for group in groups)
        problem = f"{count} of {dates(len(own))} did not land" if groups else ""
        sentences = map(_sentence, groups)
        yield _finding("landing", _every_date_lands(service), problem, sentences)
    for change in record.changes:
        lost = [f"{worse.date}: {worse.what}" for worse in change.regressions]
        problem = f"{dates(len(lost))} got worse" if lost else ""
        yield _finding("regression", f"{change.dataset}: no date gets worse", problem, lost)
    if problem := record.problem:
        name = "the window is read again"
        yield _finding("unreadable", name, problem, [problem], outcome=Outcome.ERRORED)


def _every_date_lands(service: str) -> str:
    return f"{service}: every date lands"


def _sentence(group: Remaining) -> str:
    where = f"{group.state}, {dates(len(group.dates))} ({_ranges(group.dates)})"
    return f"{where}: {group.why}" if group.why else where


def _ranges(days: Iterable[date]) -> str:
    return ", ".join(map(str, ranges_of(days)))


def _unplanned(entries: Sequence[Unplanned]) -> list[Section]:
    lines = [
        f"{entry.dataset}, {dates(len(entry.dates))}: {entry.reason} ({_ranges(entry.dates)})"
        for entry in entries
        if entry.dates
    ]
    return [folded("Not planned, and why", lines)] if lines else []
