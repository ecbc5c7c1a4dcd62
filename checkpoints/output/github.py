"""Findings as GitHub's workflow commands, which show on the page of a workflow run."""

from __future__ import annotations

from collections.abc import Sequence

from checkpoints.output.findings import Finding, Findings, Section
from checkpoints.output.publisher import Given, Publisher
from checkpoints.text import one_line

MOST = 10
"""GitHub shows at most 10 per step and kind, and drops the others without a word."""


def _annotate(found: Findings, _: Sequence[Section], given: Given) -> None:
    if given.environ.get("GITHUB_ACTIONS") == "true":
        for line in workflow_commands(found.findings):
            given.write_line(line)


PUBLISHER = Publisher(publish=_annotate, variables=("GITHUB_ACTIONS",))


def workflow_commands(findings: Sequence[Finding]) -> list[str]:
    """Workflow commands, errors first, never more than GitHub shows; a last one counts the rest."""
    errors = [f for f in findings if f.is_error]
    found = [*errors, *(f for f in findings if f.is_warning)]
    if len(found) <= MOST:
        return [_of(finding) for finding in found]
    shown, rest = found[: MOST - 1], found[MOST - 1 :]
    level = "error" if any(f.is_error for f in rest) else "warning"
    more = f"and {len(rest)} more: see the summary, or the JUnit file"
    return [*map(_of, shown), command(level, "more findings", more)]


def _of(finding: Finding) -> str:
    return command("error" if finding.is_error else "warning", finding.name, finding.message)


def command(level: str, title: str, message: str) -> str:
    """``::error title=…::…``; nothing in the texts can end the command or begin another."""
    return f"::{level} title={_property(one_line(title))}::{_data(one_line(message))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
