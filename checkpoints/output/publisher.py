"""Where the answer of a command goes beside the terminal: what a publisher is, and all of them.

An output format is one file of this package, with a ``PUBLISHER``, and its name
here. Its options appear on every command that publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module

from checkpoints.errors import CheckpointsError, PublishingError
from checkpoints.output.findings import Findings, Section

NAMES = (
    "junit",
    "markdown",
    "github",
)
"""The modules of this package that have a ``PUBLISHER``, in the order of the help text."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of the command line, with one value.

    ``is_file``: the value is the path of a file to write, or ``-`` for standard output; where no
    file can be written, the command does not begin.
    """

    flag: str
    metavar: str
    help: str
    is_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the user and the environment of a command ask for.

    ``options`` are the values by flag (``--junit``), without those that were not given;
    ``environ`` holds the variables that publishers look at, as far as they are set. ``write``
    writes a text to the path that was given for a file.
    ``write_line`` shows a line to whoever reads the log of the command.
    """

    options: Mapping[str, str]
    environ: Mapping[str, str]
    write: Callable[[str, str], None]
    write_line: Callable[[str], None]


Publish = Callable[[Findings, Sequence[Section], Given], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """One place to which findings are published.

    ``publish`` takes the findings, further sections for those who show Markdown, and what was
    given; it does nothing when it was not asked for, and raises ``CheckpointsError`` when it
    fails. ``variables`` are those of the environment that it looks at.
    """

    publish: Publish
    options: tuple[Option, ...] = ()
    variables: tuple[str, ...] = ()


@cache
def publishers() -> Mapping[str, Publisher]:
    """Every publisher by its name."""
    return {name: import_module(f"checkpoints.output.{name}").PUBLISHER for name in NAMES}


def publish(given: Given, found: Findings, sections: Sequence[Section] = ()) -> None:
    """Hand an answer to every publisher; none of them keeps another one from its part.

    Raises:
        PublishingError: with every problem.
    """
    problems: list[str] = []
    for name, publisher in publishers().items():
        try:
            publisher.publish(found, sections, given)
        except CheckpointsError as error:
            problems += error.problems
        except Exception as error:  # noqa: BLE001 (a defect of one format is not the others')
            problems.append(f"cannot publish as {name}: {type(error).__name__}: {error}")
    if problems:
        raise PublishingError(*problems)
