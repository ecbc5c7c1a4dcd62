"""Words and figures, the same in the terminal, on the pages and in messages. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import IntEnum

from pydantic import ByteSize, TypeAdapter, ValidationError
from rich import filesize

from checkpoints.errors import ContractError, ExitCode


def parse_bytes(text: str) -> int:
    """``2GB`` → 2000000000, ``512 MiB`` → 536870912.

    Raises:
        ContractError: the text is no amount of bytes.
    """
    try:
        return TypeAdapter(ByteSize).validate_python(text)
    except ValidationError as error:
        raise ContractError(
            f"{text!r} is not an amount of bytes: write it like 2GB or 500MB"
        ) from error


def human_bytes(count: int) -> str:
    """``2000000`` → ``2.0 MB`` (powers of 1000)."""
    return filesize.decimal(count)


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Ask whether an unknown name is one of the (at most three) known ones that look like it.

    Empty when none does.
    """
    near = get_close_matches(name, list(known))
    return f"did you mean {' or '.join(map(repr, near))}?" if near else ""


class Detail(IntEnum):
    """How much is said: the verdict and errors; what a screen holds; everything."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


WORDS = {
    ExitCode.COMPLETE: "COMPLETE",
    ExitCode.INCOMPLETE: "INCOMPLETE",
    ExitCode.USAGE: "USAGE ERROR",
    ExitCode.COULD_NOT_TELL: "COULD NOT TELL",
    ExitCode.BACKFILL_INCOMPLETE: "STILL INCOMPLETE",
    ExitCode.NOTHING_DUE: "NOTHING DUE",
    ExitCode.INTERRUPTED: "INTERRUPTED",
}
"""A verdict in a word."""

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What neither a terminal nor XML takes: control characters, surrogates, non-characters."""


def percent(ratio: float) -> str:
    """``0.1368`` → ``13.6 %``. Rounds down: what fails at 80 % never reads 80.0 %."""
    return f"{int(ratio * 1000 + 1e-9) / 10:.1f} %"


def share(matched: int, expected: int) -> str:
    """``24, 160`` → ``15.0 % (24/160)``."""
    return f"{percent(matched / expected)} ({matched}/{expected})" if expected else "nothing due"


def printable(text: str) -> str:
    """Without characters that end a line in disguise, move a cursor or are no text at all."""
    return UNPRINTABLE.sub(
        "\N{REPLACEMENT CHARACTER}", text.replace("\r\n", "\n").replace("\r", "\n")
    )


def one_line(text: str, at_most: int = 1000) -> str:
    """One line of at most ``at_most`` characters, none of which moves a cursor or is invisible.

    Characters that cannot be printed and runs of whitespace become single spaces.
    """
    start = text[: 4 * at_most]  # what others send may be huge
    line = " ".join("".join(c if c.isprintable() else " " for c in start).split())
    whole = len(line) <= at_most and len(start) == len(text)
    return line if whole else line[: at_most - 1] + "…"


def duration(seconds: float) -> str:
    """``119`` → ``119 s``, ``700`` → ``12 min``, ``11100`` → ``3 h 05 min``."""
    if round(seconds) < 120:
        return f"{round(seconds)} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


def counted(count: int, noun: str) -> str:
    """``1, "check"`` → ``1 check``."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def dates(count: int) -> str:
    """``1`` → ``1 date``."""
    return counted(count, "date")
