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
    """Dates on which a dataset lacks keys and that are tolerated: the first of them ``until``."""

    dataset: str
    dates: tuple[date, ...]
    until: date

    def __str__(self) -> str:
        """``2 dates of orders are late (2025-01-06 → 2025-01-07), tolerated until 2025-01-10``."""
        verb = "is" if len(self.dates) == 1 else "are"
        spans = ", ".join(map(str, ranges_of(self.dates)))
        return (
            f"{number_of_dates(len(self.dates))} of {self.dataset} {verb} late ({spans}), "
            f"tolerated until {self.until}"
        )


def with_late(contract: Contract, cells: Cells, moment: datetime) -> Cells:
    """The cells, of which those that lack keys and are late have that status.

    A dataset is late itself, or lacks what nothing but a late one above it lacks.
    """
    if not any(dataset.late_days for dataset in contract.datasets.values()):
        return cells
    late: dict[str, set[date]] = {}
    for name in upstream_first(contract):
        late[name] = set(_late_dates(contract, name, cells, late, moment))
    return {
        pair: tuple(
            cell._replace(status=Status.LATE)
            if cell.date in late[pair.dataset] and cell.state.is_lacking
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
    late: Mapping[str, set[date]],
    moment: datetime,
) -> Iterator[date]:
    """The dates on which a dataset is late, or has nothing to be built from as what is above is."""
    overdue = last_overdue(contract, name, moment)
    dataset = contract.datasets[name]
    tolerated = dataset.late_days > 0
    needs_every = dataset.upstream is not None and dataset.upstream.every
    lacking = {c.date for p, found in cells.items() if p.dataset == name for c in _lacking(found)}
    own = {cell.date: cell for cell in cells.get(upstream_pair(contract, name), ())}
    for day in lacking:
        above = [day in late[one] for one in names_above(contract, name)]
        excused = bool(above) and (any(above) if needs_every else all(above))
        has_all = day in own and not own[day].missing
        if (tolerated and day > overdue) or (excused and has_all):
            yield day


def _lacking(cells: Iterable[Cell]) -> Iterator[Cell]:
    return (cell for cell in cells if cell.state.is_lacking)


def late_of(contract: Contract, cells: Cells, moment: datetime) -> Iterator[Late]:
    """What is late in each dataset."""
    places = (
        (pair.dataset, cell.date)
        for pair, found in cells.items()
        for cell in found
        if cell.status is Status.LATE
    )
    found: dict[str, set[date]] = {}
    for name, day in places:
        found.setdefault(name, set()).add(day)
    for name in contract.names:
        if days := sorted(found.get(name, ())):
            until = min(tolerated_until(contract, name, day, moment) for day in days)
            yield Late(dataset=name, dates=tuple(days), until=until)


def late_in_words(late: Sequence[Late]) -> str:
    """``2 dates of orders, order_items are late, tolerated until 2025-01-10``."""
    number = len({day for one in late for day in one.dates})
    names = ", ".join(one.dataset for one in late)
    verb, until = "is" if number == 1 else "are", min(one.until for one in late)
    return f"{number_of_dates(number)} of {names} {verb} late, tolerated until {until}"
