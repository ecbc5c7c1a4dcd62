"""Where CI looks: a JUnit file, a Markdown summary, GitHub's annotations."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from checkpoints.errors import CheckpointsError
from checkpoints.files import write_text
from checkpoints.output.findings import Findings
from checkpoints.output.github import workflow_commands
from checkpoints.output.markdown import MOST_BYTES, Section, markdown


@dataclass(frozen=True, slots=True, kw_only=True)
class Surface:
    """What CI asked for.

    ``summary`` is GitHub's file of this step, to which is appended; ``annotate`` takes a line.
    """

    junit: Path | None = None
    markdown: Path | None = None
    summary: Path | None = None
    annotate: Callable[[str], None] | None = None

    @property
    def wanted(self) -> bool:
        """Whether anybody looks."""
        return any((self.junit, self.markdown, self.summary, self.annotate))


def publish(surface: Surface, found: Findings, sections: Sequence[Section] = ()) -> None:
    """Write what CI asked for.

    Raises:
        CheckpointsError: a file cannot be written; the others are.
    """
    problems: list[str] = []
    for write in (_annotate, _summarize, _markdown, _junit):
        try:
            write(surface, found, sections)
        except CheckpointsError as error:
            problems += error.problems
    if problems:
        raise CheckpointsError(*problems)


def _annotate(surface: Surface, found: Findings, _: Sequence[Section]) -> None:
    if surface.annotate:
        for line in workflow_commands(found.findings):
            surface.annotate(line)


def _junit(surface: Surface, found: Findings, _: Sequence[Section]) -> None:
    if surface.junit:
        from checkpoints.output.junit import junit_xml  # only those who ask pay for its import

        write_text(surface.junit, junit_xml(found))


def _markdown(surface: Surface, found: Findings, sections: Sequence[Section]) -> None:
    if surface.markdown:
        write_text(surface.markdown, markdown(found, sections))


def _summarize(surface: Surface, found: Findings, sections: Sequence[Section]) -> None:
    """Append: other commands of the same step have written to the same file."""
    path = surface.summary
    if not path:
        return
    try:
        with path.open("ab") as file:
            file.write(markdown(found, sections, MOST_BYTES - file.tell()).encode())
    except OSError as error:
        raise CheckpointsError(
            f"cannot append to {str(path)!r}, which GITHUB_STEP_SUMMARY names "
            f"({error.strerror}): unset it, or name a file with --markdown"
        ) from error
