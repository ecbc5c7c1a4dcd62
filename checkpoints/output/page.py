"""Render the page of a run: self-contained HTML, nothing is loaded from anywhere. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from itertools import groupby
from typing import Literal, NamedTuple

from jinja2 import Environment, PackageLoader, StrictUndefined

from checkpoints import __version__
from checkpoints.archive.repairs import StoredRepair
from checkpoints.archive.report import Report
from checkpoints.archive.signoff import SignOff
from checkpoints.contract.gaps import standing
from checkpoints.contract.model import KnownGap
from checkpoints.coverage.results import CheckRecord, DatasetRecord, gates
from checkpoints.dates import ranges_of
from checkpoints.errors import ExitCode
from checkpoints.output.calendar import layer_calendars
from checkpoints.output.glossary import GLOSSARY
from checkpoints.output.lacking import lacking_of, shortfalls
from checkpoints.output.next_steps import next_steps
from checkpoints.rules.evidence import CellState
from checkpoints.rules.rule import Outcome, Severity
from checkpoints.text import (
    WORDS,
    counted,
    duration,
    human_bytes,
    keys_shown,
    percent,
    printable,
    share,
)

MARKS = {
    Outcome.PASSED: "✓ passed",
    Outcome.FAILED: "✗ failed",
    Outcome.ERRORED: "! errored",
    Outcome.NOT_EVALUATED: "– not evaluated",
}
GLYPHS = {
    ExitCode.COMPLETE: "✓",
    ExitCode.INCOMPLETE: "✗",
    ExitCode.COULD_NOT_TELL: "!",
    ExitCode.NOTHING_DUE: "–",
}
LIGHTER = {"warning": "a warning only", "info": "for information only"}
"""What a failure would be that is not critical."""

OTHERS = {Outcome.PASSED: "passed", Outcome.NOT_EVALUATED: "not evaluated: nothing was due"}
"""The checks that need nobody's attention."""

TONES = {ExitCode.COMPLETE: "good", ExitCode.NOTHING_DUE: "warn"}
SCRIPT = "calendar.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Links:
    """Addresses, relative to the page of a run: of copies of plans and remediation records by plan,
    and of its suites and their results by suite, after the name of the window where there are
    several; of the ``keys`` as CSV, where they are stored.
    """

    suites: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    results: Mapping[str, Sequence[tuple[str, str]]] = field(default_factory=dict)
    plans: Mapping[str, str] = field(default_factory=dict)
    records: Mapping[str, str] = field(default_factory=dict)
    keys: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What the archive knows of a run beside its report, and where its other pages are.

    ``problems`` say why the page is not to be trusted; ``sources`` is a hash of what it is made
    of, by which it is known to be out of date.
    """

    report_sha256: str
    signed: SignOff | None
    repairs: Sequence[StoredRepair]
    links: Links = Links()
    problems: Sequence[str] = ()
    sources: str = ""


class Failed(NamedTuple):
    """A dataset's checks that failed or could not be evaluated, the gravest first."""

    dataset: str
    layer: str
    checks: list[CheckRecord]


class Unknown(NamedTuple):
    """Of what no gap is known: layers without an evaluated coverage, unreadable datasets."""

    layers: list[str]
    datasets: list[str]

    def __str__(self) -> str:
        """``layers L3, L5; unreadable dataset factors``."""
        named = zip(("layer", "unreadable dataset"), self, strict=True)
        return "; ".join(
            f"{noun}{'' if len(names) == 1 else 's'} {', '.join(names)}"
            for noun, names in named
            if names
        )


def render_page(report: Report, archived: Archived) -> str:
    """The page of one run."""
    documented = archived.signed.documented if archived.signed else report.known_gaps
    found, fail_on = failures(report), report.verdict.fail_on
    page = environment().get_template("run.html")
    return page.render(
        report=report,
        contract_option=report.provenance.option,
        archived=archived,
        word=WORDS[report.verdict.exit_code],
        scope=scope_of(report),
        steps=list(next_steps(report, archived.repairs, signed=archived.signed is not None)),
        calendars=layer_calendars(report),
        suites=by_suite(report.checks),
        failed=failed_datasets(report, found),
        others=[
            (title, by_suite(chosen))
            for outcome, title in OTHERS.items()
            if (chosen := [c for c in report.checks if c.outcome is outcome])
        ],
        warnings=[c for c in found if c.outcome is Outcome.FAILED and not gates(c, fail_on)],
        shortfalls=[
            (kind, list(found))
            for kind, found in groupby(shortfalls(report), key=lambda one: one.kind)
        ],
        lacking=lacking_of(report),
        documented=[standing(gap, report.as_of) for gap in documented],
        gaps=gaps_sentence(report, documented),
        unknown=unknown_of(report),
        states=[state for state in CellState if report.late or state is not CellState.LATE],
        titles={check.id: check.title for check in report.checks},
        ranges_of=partial(ranges_of, calendar=report.calendar()),
    )


def by_suite(checks: Iterable[CheckRecord]) -> dict[str, list[CheckRecord]]:
    """Checks by their suite, in the order in which these come."""
    suites: dict[str, list[CheckRecord]] = {}
    for check in checks:
        suites.setdefault(check.suite, []).append(check)
    return suites


def scope_of(report: Report) -> str:
    """What was checked against what: ``3 datasets in 2 layers, 2025-01-01 to … ; 12 checks``."""
    names = {check.dataset for check in report.checks}
    compared = [r for r in report.coverage if r.name in names and r.of]
    layers = {r.layer for r in report.coverage if r.name in names}
    several = len(compared) != 1
    grain = [
        f"{n} {how}"
        for how, n in {
            "by the number of keys": sum(r.match == "count" for r in compared),
            "by date alone": sum(r.by_date and r.match != "count" for r in compared),
        }.items()
        if n
    ]
    against = [f"{'each ' if several else ''}against its upstream by date and key"]
    against += [f"({', '.join(grain)})"] if grain else []
    topmost = [
        f", {r.name} against its calendar, {report.calendars[r.name]}"
        for r in report.coverage
        if r.name in names and not r.of and r.name in report.calendars
    ]
    return (
        f"{counted(len(names), 'dataset')} in {counted(len(layers), 'layer')} of "
        f"{report.provenance.pipeline}, {report.window.first} to {report.window.last}"
        f"{', ' + ' '.join(against) if compared else ''}{''.join(topmost)}; "
        f"{counted(len(report.checks), 'check')}"
    )


def failed_datasets(report: Report, failures: Iterable[CheckRecord]) -> list[Failed]:
    """The datasets of failed checks; what fails the run first, else in the contract's order."""
    order = {record.name: n for n, record in enumerate(report.coverage)}
    layers = {record.name: record.layer for record in report.coverage}
    found: dict[str, list[CheckRecord]] = {}
    for check in failures:
        found.setdefault(check.dataset, []).append(check)

    def rank(name: str) -> tuple[bool, bool, int]:
        checks = found[name]
        errored = any(c.outcome is Outcome.ERRORED for c in checks)
        gating = any(gates(c, report.verdict.fail_on) for c in checks)
        return not errored, not gating, order.get(name, len(order))

    return [Failed(name, layers.get(name, ""), found[name]) for name in sorted(found, key=rank)]


def tone_of(checks: Sequence[CheckRecord], fail_on: Severity) -> Literal["good", "warn", "bad"]:
    """Of a suite: bad when something in it gates, warn when no coverage was evaluated."""
    if any(c.outcome is Outcome.ERRORED or gates(c, fail_on) for c in checks):
        return "bad"
    decisive = [c for c in checks if c.rule.tells_missing] or checks
    return "warn" if all(c.outcome is Outcome.NOT_EVALUATED for c in decisive) else "good"


def tally(checks: Sequence[CheckRecord]) -> str:
    """``3 of 4 checks passed, 1 failed (warning)``."""
    passed = sum(c.outcome is Outcome.PASSED for c in checks)
    failed = Counter(f"failed ({c.severity})" for c in checks if c.outcome is Outcome.FAILED)
    other = Counter(
        str(c.outcome).lower().replace("_", " ")
        for c in checks
        if c.outcome in (Outcome.ERRORED, Outcome.NOT_EVALUATED)
    )
    rest = [f"{n} {what}" for what, n in (*failed.items(), *other.items())]
    return ", ".join([f"{passed} of {len(checks)} checks passed", *rest])


def unknown_of(report: Report) -> Unknown:
    """Layers of which no coverage was evaluated, whatever the reason; and unreadable datasets."""
    evaluated = {
        c.dataset
        for c in report.checks
        if c.outcome in (Outcome.PASSED, Outcome.FAILED) and c.rule.tells_missing
    }
    compared = [record for record in report.judged() if not _is_retired(report, record)]
    seen = {record.layer for record in compared if record.name in evaluated}
    layers = dict.fromkeys(record.layer for record in compared if record.layer not in seen)
    return Unknown(list(layers), list(report.unreadable))


def _is_retired(report: Report, record: DatasetRecord) -> bool:
    """In the whole window: then it has no coverage to be evaluated."""
    states = {day.state for day in record.days} - {CellState.OFF}
    wholly = {retired.dataset for retired in report.retired if not retired.partly}
    return record.name in wholly and states == {CellState.RETIRED}


def gaps_sentence(report: Report, documented: Sequence[KnownGap]) -> str:
    """Whether due dates lack keys, whatever the thresholds tolerate.

    NONE, or what there is of DOCUMENTED, OPEN, LATE (tolerated for some days), and UNKNOWN where
    nothing was evaluated.
    """
    open_ = [
        (name, day)
        for name, dates in lacking_of(report).items()
        for day in dates
        if not any(gap.dataset == name and day in gap.range for gap in documented)
    ]
    parts = [f"DOCUMENTED ({len(documented)})"] if documented else []
    if open_:
        datasets = len({name for name, _ in open_})
        parts.append(f"OPEN ({counted(len(open_), 'date')} of {counted(datasets, 'dataset')})")
    if report.late:
        number = sum(len(one.dates) for one in report.late)
        datasets = len({one.dataset for one in report.late})
        parts.append(f"LATE ({counted(number, 'date')} of {counted(datasets, 'dataset')})")
    if any(unknown := unknown_of(report)):
        parts.append(f"UNKNOWN ({unknown})")
    return ", ".join(parts) or "NONE"


def failures(report: Report) -> list[CheckRecord]:
    """The checks that could not be evaluated or failed, the gravest first."""
    found = [c for c in report.checks if c.outcome in (Outcome.ERRORED, Outcome.FAILED)]
    fail_on = report.verdict.fail_on
    return sorted(found, key=lambda c: (c.outcome is Outcome.FAILED, not gates(c, fail_on)))


@cache
def environment() -> Environment:
    """The templates, with the words they share."""
    loaded = Environment(
        loader=PackageLoader("checkpoints.output"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_printable,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    loaded.globals.update(
        share=share,
        counted=counted,
        duration=duration,
        tone_of=tone_of,
        tally=tally,
        percent=percent,
        marks=MARKS,
        lighter=LIGHTER,
        glossary=GLOSSARY,
        glyphs=GLYPHS,
        tones=TONES,
        words=WORDS,
        human_bytes=human_bytes,
        keys_shown=keys_shown,
        script=_script(),
        script_sha256=b64encode(sha256(_script().encode()).digest()).decode(),
    )
    return loaded


def _printable(value: object) -> object:
    """Text whose control characters are seen."""
    # Markup is a str as well: what is escaped already must stay Markup.
    return printable(value) if type(value) is str else value


def _script() -> str:
    return (files("checkpoints.output") / "templates" / SCRIPT).read_text(encoding="utf-8")


def _design() -> str:
    """Changes with the version and with every template."""
    folder = files("checkpoints.output") / "templates"
    texts = [(folder / n).read_text("utf-8") for n in sorted(e.name for e in folder.iterdir())]
    return sha256("".join([__version__, *texts]).encode()).hexdigest()


DESIGN_SHA256 = _design()
