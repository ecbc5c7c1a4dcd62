"""How figures are said, the same in the terminal and on the pages. Pure."""

from __future__ import annotations

import re
from enum import IntEnum
from typing import TYPE_CHECKING

from checkpoints.errors import ContractError, ExitCode

if TYPE_CHECKING:
    pass


def parse_bytes(text: str) -> int:
    """``2GB`` → 2000000000, ``512 MiB`` → 536870912.

    Raises:
        ContractError: the text is no amount of bytes.
    """
    match = re.fullmatch(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([kMGT]?)(i?)B?\s*", text, re.IGNORECASE)
    if not match:
        raise ContractError(f"{text!r} is not an amount of bytes: write it like 2GB or 500MB")
    amount, unit, binary = float(match[1]), match[2].upper(), bool(match[3])
    return int(amount * (1024 if binary else 1000) ** " KMGT".index(unit or " "))


def human_bytes(count: int) -> str:
    """``2000000`` → ``2.0 MB`` (powers of 1000)."""
    value = float(count)
    for unit in ("B", "kB", "MB", "GB", "TB"):
        if value < 1000 or unit == "TB":
            return f"{value:.0f} B" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1000
    raise AssertionError


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
    """Printable, with every run of whitespace a single space, and cut if it is very long."""
    line = " ".join(printable(text).split())
    return line if len(line) <= at_most else line[: at_most - 1] + "…"


def dates(count: int) -> str:
    """``1`` → ``1 date``."""
    return f"{count} date{'' if count == 1 else 's'}"
