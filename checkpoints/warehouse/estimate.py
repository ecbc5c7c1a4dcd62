"""What the presence query would read of each dataset, and what that costs."""

from __future__ import annotations

from typing import Literal

from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from checkpoints.records import Record
from checkpoints.warehouse.engine import Reading, labelled
from checkpoints.warehouse.reading import open_warehouse

TIB = 2**40


class DatasetEstimate(Record):
    """Bytes of the date and key columns of one dataset in the window."""

    dataset: str
    location: str | None
    bytes: int


class Estimate(Record):
    """The whole answer of ``checkpoints estimate``; ``cost`` is ``total_bytes`` at list price.

    A run reads partial and orphan dates a second time for their keys, which is not in it, and
    BigQuery bills at least 10 MB per table and statement.
    """

    schema_version: Literal[1] = 1
    window: DateRange
    datasets: tuple[DatasetEstimate, ...]
    total_bytes: int
    price_per_tib: float
    currency: str
    cost: float
    unreadable: dict[str, str]


def estimate_window(
    contract: Contract,
    url: str,
    window: Window,
    reading: Reading,
    *,
    price_per_tib: float | None = None,
) -> Estimate:
    """Ask the warehouse by dry runs; nothing is read.

    Raises:
        ContractError: the URL is unusable.
        WarehouseError: the warehouse cannot tell.
    """
    with open_warehouse(contract, url, labelled(reading, tool="checkpoints")) as warehouse:
        found = warehouse.estimates([window.range])
        datasets = tuple(
            DatasetEstimate(dataset=name, location=warehouse.locations[name], bytes=size)
            for name, size in found.items()
        )
        unreadable = dict(warehouse.unreadable)
    total, options = sum(found.values()), contract.bigquery
    price = options.price_per_tib if price_per_tib is None else price_per_tib
    return Estimate(
        window=window.range,
        datasets=datasets,
        total_bytes=total,
        price_per_tib=price,
        currency=options.currency,
        cost=total / TIB * price,
        unreadable=unreadable,
    )
