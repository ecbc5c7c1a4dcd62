"""What a command has to say to CI: one finding per check, in the same form for every publisher.

JUnit, GitHub's annotations and the Markdown summary are three renderings of it. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from checkpoints.archive.report import Report
from checkpoints.coverage.results import CheckRecord, gates
from checkpoints.dates import ranges_of
from checkpoints.errors import ExitCode
from checkpoints.rules.rule import CountRule, Outcome, Severity
from checkpoints.text import WORDS, dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that was judged.

    ``name`` is stable from run to run and unique in its suite. ``gates``: a failure that fails
    the command; any other failure is a warning. ``details`` are lines of plain text.
    """

    suite: str
    name: str
    outcome: Outcome
    gates: bool
    kind: str
    message: str
    details: str = ""

    @property
    def is_error(self) -> bool:
        """True when CI has to fail for it."""
        return self.outcome is Outcome.ERRORED or (self.outcome is Outcome.FAILED and self.gates)

    @property
    def is_warning(self) -> bool:
        """True for a failure that is shown and does not gate."""
        return self.outcome is Outcome.FAILED and not self.gates


@dataclass(frozen=True, slots=True, kw_only=True)
class Findings:
    """All findings of a command, and what they are about; ``verdict`` is one line."""

    name: str
    verdict: str
    started_at: datetime
    seconds: float
    properties: Mapping[str, str]
    findings: tuple[Finding, ...]


Section = Sequence[str]
"""Lines of Markdown, the last one empty."""


def findings_of(report: Report) -> Findings:
    """What a run of a checkpoint found."""
    calendar, word = report.calendar(), WORDS[report.verdict.exit_code]
    tolerated = ", ".join(report.within_tolerance())
    return Findings(
        name=report.checkpoint,
        verdict=": ".join([word, report.verdict.summary, *filter(None, [tolerated])]),
        started_at=report.started_at,
        seconds=report.seconds,
        properties=_properties(report),
        findings=tuple(
            finding_of(c, report.verdict.fail_on, calendar, report.expired_for(c))
            for c in report.checks
        ),
    )


def _properties(report: Report) -> dict[str, str]:
    """Which run it was, over what, by which contract and code."""
    made = report.provenance
    return {
        "window": f"{report.window.first} to {report.window.last}",
        **({"windows": report.window_label} if report.windows else {}),
        "as_of": str(report.as_of),
        "run_id": report.run_id,
        "contract_sha256": made.contract_sha256,
        "revision": f"{made.revision or 'none'}{' (dirty)' if made.dirty else ''}",
        "warehouse": made.warehouse,
        "judge": report.judge,
        "fail_on": report.verdict.fail_on,
        "exit_code": f"{report.verdict.exit_code:d}",
    }


def finding_of(
    check: CheckRecord,
    fail_on: Severity,
    calendar: Sequence[date] = (),
    more: Sequence[str] = (),
) -> Finding:
    """A check as CI shows it, with ``more`` to be said of it.

    Failures lighter than ``fail_on`` are warnings. Dates are merged to ranges over ``calendar``.
    """
    return Finding(
        suite=check.suite,
        name=_name(check),
        outcome=check.outcome,
        gates=gates(check, fail_on),
        kind=check.kind,
        message="; ".join([_message(check), *more]),
        details="\n".join([*_details(check, calendar), *more]),
    )


def failure(command: str, problems: Sequence[str], code: ExitCode, at: datetime) -> Findings:
    """A command that ends without a verdict, for the reasons given; ``at`` is aware."""
    found = Finding(
        suite="command",
        name="the command ends with a verdict",
        outcome=Outcome.ERRORED,
        gates=True,
        kind=code.name.lower(),
        message=problems[0] if problems else "no reason is known",
        details="\n".join(problems),
    )
    return Findings(
        name=command,
        verdict=f"{WORDS[code]}: {found.message}",
        started_at=at,
        seconds=0,
        properties={"exit_code": f"{code:d}"},
        findings=(found,),
    )


def sentence_of(check: CheckRecord) -> str:
    """A check and what it found, in a line: ``factors: 12 % of raw, at least 80 % required …``."""
    return f"{_name(check)}: {_message(check)}"


def _name(check: CheckRecord) -> str:
    """What is checked, without the threshold: a changed threshold is the same test."""
    compared = bool(check.compared_with)
    against = f" of {check.of}" if compared else f" of {check.about}" if check.about else ""
    by_count = ", by count" if compared and check.match == "count" else ""
    lighter = f" ({check.severity})" if check.severity != "critical" else ""
    over = f" {check.over}" if check.over else ""
    return f"{check.dataset}: {check.name}{against}{by_count}{over}{lighter}"


def _message(check: CheckRecord) -> str:
    if check.observed is None:
        return check.message
    where = f", on {dates(len(check.unexpected_dates))}" if check.unexpected_dates else ""
    counted = f": {check.message}" if check.message and issubclass(check.rule, CountRule) else ""
    return f"{_observed(check)}, {check.requirement}{where}{counted}"


def _observed(check: CheckRecord) -> str:
    exact = f" ({check.matched}/{check.expected})" if check.expected else ""
    return f"{check.figure}{exact}"


def _details(check: CheckRecord, calendar: Sequence[date]) -> list[str]:
    lines = [f"observed: {_observed(check)}", f"required: {check.limit}"]
    if check.unexpected_dates:
        lines.append(f"{dates(len(check.unexpected_dates))}:")
        lines += [f"  {span}" for span in ranges_of(check.unexpected_dates, calendar)]
    return [*lines, check.message] if check.message else lines
