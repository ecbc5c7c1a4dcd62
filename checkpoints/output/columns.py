"""Rows that align, and ranges that fill lines without being torn apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence

from rich.cells import cell_len
from rich.text import Text

GAP = 2
NARROWEST = 10  # a date
ROOM = 44
"""Cells that texts need to stand beside a name; with less they go below it."""

BELOW = 4
"""Cells by which they are set in there."""


def aligned(rows: Sequence[Sequence[Text]], right: Collection[int] = ()) -> list[Text]:
    """A line per row, cells padded to the widest of their column; those of ``right`` on the left.

    Nothing is cut, and no line ends with blanks.
    """
    if not rows:
        return []
    widths = [max(cell.cell_len for cell in column) for column in zip(*rows, strict=True)]
    return [_line(row, widths, right) for row in rows]


def _line(row: Sequence[Text], widths: Sequence[int], right: Collection[int]) -> Text:
    line = Text()
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        blanks = " " * (width - cell.cell_len)
        line.append_text(Text(blanks) + cell if number in right else cell + Text(blanks))
        line.append(" " * GAP)
    line.rstrip()
    return line


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

    With ``at_most`` so many lines, the last one ending in ``and 3 more``.
    """
    lines = _wrapped(parts, width)
    if at_most is None or len(lines) <= at_most:
        return lines
    for shown in range(min(len(parts) - 1, at_most * width // NARROWEST), 0, -1):
        more = f"{parts[shown - 1]} and {len(parts) - shown} more"
        lines = _wrapped([*parts[: shown - 1], more], width)
        if len(lines) <= at_most and cell_len(lines[-1]) <= width:
            return lines
    return [f"{len(parts)} ranges"]


def _wrapped(parts: Sequence[str], width: int) -> list[str]:
    lines: list[str] = []
    for part in parts:
        if lines and cell_len(f"{lines[-1]}, {part},") <= width:
            lines[-1] += f", {part}"
        else:
            lines.append(part)
    return [f"{line}," for line in lines[:-1]] + lines[-1:]
