"""Rows that align, and ranges that fill lines without being torn apart."""

from __future__ import annotations

import textwrap
from collections.abc import Collection, Iterator, Sequence

from rich.text import Text

from checkpoints.text import counted

GAP = 2
NARROWEST = 10  # a date
ROOM = 44
"""The least width for texts beside a name, in cells; with less they go below it."""

BELOW = 4
"""The indent of texts below a name, in cells."""

UNBROKEN = "\N{NO-BREAK SPACE}"


def aligned(rows: Sequence[Sequence[Text]], right: Collection[int] = ()) -> list[Text]:
    """A line per row, the columns aligned, those numbered in ``right`` to the right.

    Nothing is cut, and no line ends with blanks.
    """
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    lines = []
    for row in rows:
        cells = [cell.copy() for cell in row]
        for number, cell in enumerate(cells):
            cell.align("right" if number in right else "left", widths[number])
        lines.append(Text(" " * GAP).join(cells))
        lines[-1].rstrip()
    return lines


def width_of(lines: Sequence[Text]) -> int:
    """The cells that the widest line takes."""
    return max((line.cell_len for line in lines), default=0)


def hanging(
    names: Sequence[Text], parts: Sequence[Sequence[str]], width: int, at_most: int | None = None
) -> Iterator[Text]:
    """A name and what belongs to it: beside it in a column, or below it where that is narrow."""
    beside = width_of(names) + GAP
    indent = beside if width - beside >= ROOM else BELOW
    for name, texts in zip(names, parts, strict=True):
        lines = filled(texts, width - indent, at_most)
        if indent == BELOW or not lines:
            yield name
        for number, line in enumerate(lines):
            start = name.copy() if indent == beside and not number else Text()
            start.pad_right(indent - start.cell_len)
            yield start + Text(line)


def narrowed(rows: Sequence[Sequence[Text]], width: int, spare: Sequence[int]) -> list[Text]:
    """Aligned rows; while they are too wide, without one more of the ``spare`` columns."""
    left = list(range(len(rows[0])))
    for column in (None, *spare):
        left = [n for n in left if n != column]
        lines = aligned([[row[n] for n in left] for row in rows])
        if width_of(lines) <= width:
            break
    return lines


def filled(parts: Sequence[str], width: int, at_most: int | None = None) -> list[str]:
    """``a, b, c`` in lines of at most ``width`` cells, each part whole.

    With ``at_most`` in no more lines than that, the last one ending in ``and 3 more``.
    """
    lines = _wrapped(parts, width)
    if at_most is None or len(lines) <= at_most:
        return lines
    for shown in range(min(len(parts) - 1, at_most * width // NARROWEST), 0, -1):
        more = f"{parts[shown - 1]} and {len(parts) - shown} more"
        lines = _wrapped([*parts[: shown - 1], more], width)
        if len(lines) <= at_most and len(lines[-1]) <= width:
            return lines
    return [counted(len(parts), "range")]


def _wrapped(parts: Sequence[str], width: int) -> list[str]:
    """Lines that end with a comma, all but the last one."""
    text = " ".join(f"{part.replace(' ', UNBROKEN)}," for part in parts)
    lines = textwrap.wrap(text, width, break_long_words=False, break_on_hyphens=False)
    lines[-1:] = [line.removesuffix(",") for line in lines[-1:]]
    return [line.replace(UNBROKEN, " ") for line in lines]
