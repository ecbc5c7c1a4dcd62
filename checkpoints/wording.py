"""How figures are said, the same in the terminal and on the pages. Pure."""

from __future__ import annotations

from checkpoints.errors import ExitCode
from checkpoints.report import CheckRecord

WORDS = {
    ExitCode.COMPLETE: "COMPLETE",
    ExitCode.INCOMPLETE: "INCOMPLETE",
    ExitCode.COULD_NOT_TELL: "COULD NOT TELL",
    ExitCode.NOTHING_DUE: "NOTHING DUE",
}
"""A verdict in a word."""

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
