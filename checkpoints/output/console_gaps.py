"""What people read in the terminal about known gaps."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from checkpoints.contract.gaps import GapState, KnownGaps, Standing
from checkpoints.output.columns import BELOW, aligned
from checkpoints.text import dates, one_line

STYLE = {
    GapState.IN_FORCE: "green",
    GapState.ENDS_SOON: "bold yellow",
    GapState.EXPIRED: "bold red",
}


def print_gaps(console: Console, found: KnownGaps, problem: str = "") -> None:
    """A line per gap, and below it who accepted it and why.

    ``problem`` says why no run tells what is still lacking.
    """
    if not found.gaps:
        console.print("no known gap is declared")
        return
    lines = aligned([_cells(one) for one in found.gaps])
    for line, one in zip(lines, found.gaps, strict=True):
        console.print(line, soft_wrap=True)
        below = f"{one_line(one.gap.owner)}: {one_line(one.gap.reason)}"
        console.print(" " * BELOW + below, soft_wrap=True)
    if problem:
        console.print(f"what they still lack is not known: {problem}", soft_wrap=True)


def _cells(one: Standing) -> list[Text]:
    return [
        Text(one_line(one.gap.dataset)),
        Text(str(one.gap.range)),
        Text(one.words, style=STYLE[one.state]),
        Text(f"until {one.gap.until}"),
        Text(_lacks(one)),
    ]


def _lacks(one: Standing) -> str:
    """``10 of 10 dates lack keys``; nothing where the latest run did not read the gap."""
    if one.lacking is None:
        return ""
    if not one.lacking:
        return "nothing is missing any more"
    count = len(one.lacking)
    return f"{count} of {dates(one.read)} {'lacks' if count == 1 else 'lack'} keys"
