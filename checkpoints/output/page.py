"""Render the page of a run: self-contained HTML, nothing is loaded from anywhere. Pure."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from checkpoints import __version__
from checkpoints.archive.report import Report
from checkpoints.archive.stored_repairs import StoredRepair
from checkpoints.contract.model import KnownGap
from checkpoints.dates import ranges_of
from checkpoints.errors import ExitCode
from checkpoints.output.calendar import CELL, layer_calendars
from checkpoints.output.run_summary import (
    failures,
    gaps_sentence,
    read_totals,
    shortfalls,
    suites_of,
    unchecked_layers,
)
from checkpoints.rules.evidence import CellState
from checkpoints.rules.rule import Outcome
from checkpoints.text import WORDS, human_bytes, percent, printable, share

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
TONES = {ExitCode.COMPLETE: "good", ExitCode.NOTHING_DUE: "warn"}
SCRIPT = "calendar.js"


@dataclass(frozen=True, slots=True, kw_only=True)
class Acceptance:
    """Who accepted a run, when and why."""

    by: str
    at: datetime
    note: str

    @property
    def line(self) -> str:
        """All of it; the page has it in its head, where ``verify`` looks it up."""
        return f"{self.at.isoformat()} {self.by}: {self.note}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Archived:
    """What the archive knows of a run beside its report.

    ``problems`` say why the page is not to be trusted; ``sources`` is a hash of what it is made
    of, by which it is known to be out of date.
    """

    report_sha256: str
    acceptance: Acceptance | None
    documented: Sequence[KnownGap]
    repairs: Sequence[StoredRepair]
    problems: Sequence[str] = ()
    sources: str = ""


def render_page(report: Report, archived: Archived) -> str:
    """The page of one run."""
    return (
        environment()
        .get_template("run.html")
        .render(
            report=report,
            archived=archived,
            word=WORDS[report.verdict.exit_code],
            calendars=layer_calendars(report),
            suites=suites_of(report),
            failures=list(failures(report)),
            shortfalls=shortfalls(report),
            gaps=gaps_sentence(report, archived.documented),
            unchecked=unchecked_layers(report),
            totals=read_totals(report),
            states=list(CellState),
            ranges_of=partial(ranges_of, calendar=report.calendar()),
            cell=CELL,
        )
    )


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
        percent=percent,
        marks=MARKS,
        glyphs=GLYPHS,
        tones=TONES,
        words=WORDS,
        human_bytes=human_bytes,
        script=_script(),
        script_sha256=b64encode(sha256(_script().encode()).digest()).decode(),
    )
    return loaded


def _printable(value: Any) -> Any:
    """Text without the control characters that HTML does not take."""
    return printable(value) if type(value) is str else value


def _script() -> str:
    return (files("checkpoints.output") / "templates" / SCRIPT).read_text(encoding="utf-8")


def _design() -> str:
    """Changes with the version and with every template."""
    folder = files("checkpoints.output") / "templates"
    texts = [(folder / n).read_text("utf-8") for n in sorted(e.name for e in folder.iterdir())]
    return sha256("".join([__version__, *texts]).encode()).hexdigest()


DESIGN_SHA256 = _design()
