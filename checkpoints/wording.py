"""How figures are said, the same in the terminal and on the pages. Pure."""

from __future__ import annotations

import re
from enum import IntEnum

from checkpoints.errors import ExitCode
from checkpoints.report import CheckRecord


class Detail(IntEnum):
    """How much is said: the verdict and errors; what a screen holds; everything."""

    QUIET = 0
    NORMAL = 1
    VERBOSE = 2


WORDS = {
    ExitCode.COMPLETE: "COMPLETE",
    ExitCode.INCOMPLETE: "INCOMPLETE",
    ExitCode.USAGE: "NOT UNDERSTOOD",
    ExitCode.COULD_NOT_TELL: "COULD NOT TELL",
    ExitCode.BACKFILL_INCOMPLETE: "STILL INCOMPLETE",
    ExitCode.NOTHING_DUE: "NOTHING DUE",
    ExitCode.INTERRUPTED: "INTERRUPTED",
}
"""A verdict in a word."""

UNPRINTABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
"""What neither a terminal nor XML takes: control characters, surrogates, non-characters."""

RATIOS = {"conversion_ratio", "daily_conversion_ratio", "recent_coverage"}


def percent(ratio: float) -> str:
    """``0.1368`` → ``13.6 %``. Rounds down: what fails at 80 % never reads 80.0 %."""
    return f"{int(ratio * 1000 + 1e-9) / 10:.1f} %"


def share(matched: int, expected: int) -> str:
    """``24, 160`` → ``15.0 % (24/160)``."""
    return f"{percent(matched / expected)} ({matched}/{expected})" if expected else "nothing due"


def quantity(kind: str, value: float) -> str:
    """A value in the unit of a rule."""
    if kind in RATIOS:
        return percent(value)
    unit = {"date_gap": "day", "no_orphan_keys": "orphan", "no_null_keys": "date or key"}[kind]
    plural = {"date or key": "dates or keys"}.get(unit, f"{unit}s")
    return f"{value:.0f} {unit if value == 1 else plural}"


def figure(check: CheckRecord) -> str:
    """What a check observed."""
    return "–" if check.observed is None else quantity(check.kind, check.observed)


def limit(check: CheckRecord) -> str:
    """What a check demands."""
    if check.kind in RATIOS:
        return f"≥ {check.threshold * 100:.6g} %"
    return f"≤ {check.threshold:.0f} days" if check.kind == "date_gap" else "= 0"


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
