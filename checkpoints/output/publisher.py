"""Where the answer of a command goes beside the terminal: what a publisher is.

An output format or a notification is one file of this package, with a ``PUBLISHER``, and one line
of ``checkpoints.output.registry``. Its options appear on every command that publishes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from checkpoints.output.findings import Findings, Section


@dataclass(frozen=True, slots=True, kw_only=True)
class Option:
    """An option of the command line, with one value.

    ``is_file``: the value is the path of a file to write, and a folder is refused.
    """

    flag: str
    metavar: str
    help: str
    is_file: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """What the user and the environment of a command ask for.

    ``options`` are the values by flag (``--junit``), without those that were not given;
    ``environ`` holds the variables that publishers look at, as far as they are set.
    ``write_line`` shows a line to whoever reads the log of the command.
    """

    options: Mapping[str, str]
    environ: Mapping[str, str]
    write_line: Callable[[str], None]


Publish = Callable[[Findings, Sequence[Section], Given], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Publisher:
    """One place to which findings are published.

    ``publish`` takes the findings, further sections for those who show Markdown, and what was
    given; it does nothing when it was not asked for, and raises ``CheckpointsError`` when it
    fails. ``variables`` are those of the environment that it looks at. A command fails with a
    publisher that is ``required``; the failure of another one is only reported.
    """

    publish: Publish
    options: tuple[Option, ...] = ()
    variables: tuple[str, ...] = ()
    required: bool = True
