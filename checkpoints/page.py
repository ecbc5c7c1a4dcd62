"""Render the pages of runs: self-contained HTML, nothing is loaded from anywhere. Pure."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from checkpoints.calendar_map import CELL, State, layer_calendars, state_of
from checkpoints.contract import KnownGap
from checkpoints.gate import NEED_NO_DUE_DATE, gates
from checkpoints.repairs import Repair
from checkpoints.report import CheckRecord, DatasetRecord, Day, Report, ReportHead
from checkpoints.rules import Outcome
from checkpoints.wording import WORDS, figure, limit, share

MARKS = {
    Outcome.PASSED: "✓ passed",
    Outcome.FAILED: "✗ failed",
    Outcome.ERRORED: "! errored",
    Outcome.NOT_EVALUATED: "– not evaluated",
}
FAILED_FIRST = [Outcome.ERRORED, Outcome.FAILED, Outcome.NOT_EVALUATED, Outcome.PASSED]


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What the archive knows of a run beside its report."""

    report_sha256: str
    altered: bool
    signed_by: str | None
    signed_at: datetime | None
    note: str
    documented: Sequence[KnownGap]
    repairs: Sequence[Repair]


@dataclass(frozen=True, slots=True, kw_only=True)
class IndexEntry:
    """A row of the list of runs; without a head, ``problem`` says why."""

    run_id: str
    head: ReportHead | None = None
    signed_by: str | None = None
    signed_at: datetime | None = None
    altered: bool = False
    problem: str = ""


def render_page(report: Report, archived: Archived) -> str:
    """The page of one run."""
    checks = sorted(report.checks, key=lambda c: FAILED_FIRST.index(c.outcome))
    return (
        _environment()
        .get_template("run.html")
        .render(
            report=report,
            archived=archived,
            checks=checks,
            word=WORDS[report.verdict.exit_code],
            calendars=layer_calendars(report),
            lacking=[(d, days) for d in report.coverage if (days := _lacking(d))],
            checklist=_checklist(report),
            gaps=_gaps(report, archived),
            unchecked=_unchecked(report),
            states=list(State),
            cell=CELL,
        )
    )


def render_index(entries: Sequence[IndexEntry]) -> str:
    """The list of runs, newest first, unsigned ones marked as such."""
    return _environment().get_template("runs.html").render(entries=entries, words=WORDS)


@cache
def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("checkpoints"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.globals.update(
        figure=figure, limit=limit, share=share, state_of=state_of, marks=MARKS
    )
    return environment


def _lacking(dataset: DatasetRecord) -> list[Day]:
    """Days that need words: something due is lacking, or something does not belong."""
    states = (State.MISSING, State.PARTIAL, State.KNOWN_GAP)
    return [d for d in dataset.days if state_of(d) in states or d.orphans or d.null_keys]


def _gaps(report: Report, archived: Archived) -> str:
    """NONE, DOCUMENTED or OPEN: whether due dates lack keys, whatever the thresholds tolerate."""
    open_ = {
        (r.name, d.date)
        for r in report.coverage
        for d in r.days
        if _is_open(d)
        and not any(g.dataset == r.name and d.date in g.range for g in archived.documented)
    }
    documented = f"DOCUMENTED ({len(archived.documented)})" if archived.documented else ""
    if not open_:
        return documented or "NONE"
    left = f"OPEN ({len(open_)} dates of {len({name for name, _ in open_})} datasets)"
    return f"{documented}, {left}" if documented else left


def _is_open(day: Day) -> bool:
    return state_of(day) in (State.MISSING, State.PARTIAL)


def _checklist(report: Report) -> list[tuple[str, str, bool]]:
    """Suites in order, what became of their checks, and whether nothing in them gates."""
    suites: dict[str, list[CheckRecord]] = {}
    for check in report.checks:
        suites.setdefault(check.suite, []).append(check)
    return [(suite, _tally(found), _is_good(report, found)) for suite, found in suites.items()]


def _unchecked(report: Report) -> list[str]:
    """Layers of which no coverage was evaluated, whatever the reason."""
    evaluated = {
        c.dataset
        for c in report.checks
        if c.outcome in (Outcome.PASSED, Outcome.FAILED) and c.kind not in NEED_NO_DUE_DATE
    }
    layers: dict[str, bool] = {}
    for record in report.coverage:
        if record.of is not None:
            layers[record.layer] = layers.get(record.layer, False) or record.name in evaluated
    return [*(layer for layer, seen in layers.items() if not seen), *report.unreadable]


def _is_good(report: Report, checks: Sequence[CheckRecord]) -> bool:
    if all(c.outcome is Outcome.NOT_EVALUATED for c in checks):
        return False
    errored = any(c.outcome is Outcome.ERRORED for c in checks)
    return not errored and not any(gates(c, report.verdict.fail_on) for c in checks)


def _tally(checks: Sequence[CheckRecord]) -> str:
    passed = sum(c.outcome is Outcome.PASSED for c in checks)
    failed = Counter(c.severity for c in checks if c.outcome is Outcome.FAILED)
    others = [f"{n} {severity}" for severity, n in failed.items()]
    return ", ".join([f"{passed} of {len(checks)} passed", *others])
