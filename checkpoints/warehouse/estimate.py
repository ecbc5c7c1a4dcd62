"""What a check would read and cost, told by dry runs: nothing is read."""

from __future__ import annotations

from typing import Literal

from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from checkpoints.records import Record
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import Warehouse, open_warehouse, read_on

TIB = 2**40


class DatasetEstimate(Record):
    """Bytes of the date and key columns of one dataset in the window.

    ``billed_bytes`` are what is billed for them at least: BigQuery has a minimum per table and
    statement.
    """

    dataset: str
    location: str | None
    bytes: int
    billed_bytes: int


class Estimate(Record):
    """The whole answer of ``checkpoints estimate``; ``cost`` is what is billed, at list price.

    ``refused`` is why a run would read nothing, as more would be billed than the ``max_bytes``
    that are allowed; else it is empty. A run reads partial and orphan dates a second time for
    their keys, which is not in it.
    """

    schema_version: Literal[1] = 1
    window: DateRange
    datasets: tuple[DatasetEstimate, ...]
    total_bytes: int
    total_billed_bytes: int
    max_bytes: int | None
    refused: str
    price_per_tib: float
    currency: str
    cost: float
    unreadable: dict[str, str]


def estimate_window(
    contract: Contract,
    url: str,
    window: Window,
    options: ReadOptions,
    price_per_tib: float | None,
) -> Estimate:
    """What the presence query would read of the window and cost, by dry runs; nothing is read.

    ``price_per_tib`` replaces the contract's.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot tell.
    """
    with open_warehouse(contract, url, options.labelled(tool="checkpoints")) as warehouse:
        return estimate_of(warehouse, window, price_per_tib)


def estimate_of(
    warehouse: Warehouse, window: Window, price_per_tib: float | None = None
) -> Estimate:
    """The same of a warehouse that is open.

    Raises:
        WarehouseError: the warehouse cannot tell.
    """
    warehouse, found = read_on(warehouse, lambda w: w.estimates([window.range]))
    billed, declared = sum(size.billed for size in found.values()), warehouse.contract.bigquery
    price = declared.price_per_tib if price_per_tib is None else price_per_tib
    return Estimate(
        window=window.range,
        datasets=tuple(
            DatasetEstimate(
                dataset=name,
                location=warehouse.locations[name],
                bytes=size.read,
                billed_bytes=size.billed,
            )
            for name, size in found.items()
        ),
        total_bytes=sum(size.read for size in found.values()),
        total_billed_bytes=billed,
        max_bytes=warehouse.max_bytes,
        refused=warehouse.refusal(found),
        price_per_tib=price,
        currency=declared.currency,
        cost=billed / TIB * price,
        unreadable=dict(warehouse.unreadable),
    )
