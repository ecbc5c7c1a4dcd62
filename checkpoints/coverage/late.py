"""What a date lacks for some days after it became due, and is tolerated, and told. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime

from checkpoints.contract.checks import upstream_pair
from checkpoints.contract.due import last_overdue, tolerated_until
from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above
from checkpoints.dates import ranges_of
from checkpoints.records import Record
from checkpoints.rules.evidence import Cell, Pair, Status
from checkpoints.text import dates as number_of_dates

Cells = Mapping[Pair, tuple[Cell, ...]]
"""Of each pair, oldest date first; all of the same dates."""


class Late(Record):
    """Dates on which a dataset lacks keys, and that are tolerated ``until`` the end of a date."""

    dataset: str
    dates: tuple[date, ...]
    until: date

    def __str__(self) -> str:
        """``1 date of orders is late (2025-01-06), tolerated until 2025-01-10``."""
        spans = ", ".join(map(str, ranges_of(self.dates)))
        number = len(self.dates)
        return (
            f"{number_of_dates(number)} of {self.dataset} {_be(number)} late ({spans}), "
            f"tolerated until {self.until}"
        )


def late_in_words(late: Sequence[Late]) -> str:
    """``2 dates of orders, order_items are late, the first tolerated until 2025-01-10``."""
    number = len({day for one in late for day in one.dates})
    names = ", ".join(dict.fromkeys(one.dataset for one in late))
    until = sorted({one.until for one in late})
    first = "the first " if len(until) > 1 else ""
    return (
        f"{number_of_dates(number)} of {names} {_be(number)} late, "
        f"{first}tolerated until {until[0]}"
    )


def _be(number: int) -> str:
    return "is" if number == 1 else "are"


def late_of(contract: Contract, cells: Cells, moment: datetime) -> tuple[Late, ...]:
    """What is late at a moment, by dataset, of cells that do not say so yet.

    A dataset is late itself, or lacks what nothing but a late one above it lacks.
    """
    if not any(dataset.late_days for dataset in contract.datasets.values()):
        return ()
    until: dict[str, dict[date, date]] = {}
    for name in upstream_first(contract):
        until[name] = dict(_late_dates(contract, name, cells, until, moment))
    return tuple(
        Late(
            dataset=name,
            dates=tuple(d for d, end in until[name].items() if end == last),
            until=last,
        )
        for name in contract.names
        for last in sorted(set(until[name].values()))
    )


def with_late(cells: Cells, late: Iterable[Late]) -> Cells:
    """The cells, of which those that lack keys and are late have that status."""
    places = {(one.dataset, day) for one in late for day in one.dates}
    if not places:
        return cells
    return {
        pair: tuple(
            cell._replace(status=Status.LATE)
            if (pair.dataset, cell.date) in places and cell.state.is_lacking
            else cell
            for cell in found
        )
        for pair, found in cells.items()
    }


def upstream_first(contract: Contract) -> list[str]:
    """The datasets, each after all that it is built from."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        for above in names_above(contract, name):
            if above not in ordered:
                add(above)
        ordered[name] = None

    for name in contract.names:
        add(name)
    return list(ordered)


def _late_dates(
    contract: Contract,
    name: str,
    cells: Cells,
    until: Mapping[str, Mapping[date, date]],
    moment: datetime,
) -> Iterator[tuple[date, date]]:
    """The dates on which a dataset is late, and until when; ``until`` is that of those above it."""
    upstream, overdue = contract.datasets[name].upstream, last_overdue(contract, name, moment)
    own = {cell.date: cell for cell in cells.get(upstream_pair(contract, name), ())}
    lacking = {
        cell.date
        for pair, found in cells.items()
        if pair.dataset == name
        for cell in found
        if cell.state.is_lacking
    }
    for day in sorted(lacking):
        ends = [tolerated_until(contract, name, day, moment)] if day > overdue else []
        above = [until[one].get(day) for one in names_above(contract, name)]
        late_above = [end for end in above if end]
        if upstream and late_above and day in own and not own[day].missing:
            if upstream.every:
                ends.append(max(late_above))
            elif len(late_above) == len(above):
                ends.append(min(late_above))
        if ends:
            yield day, max(ends)
