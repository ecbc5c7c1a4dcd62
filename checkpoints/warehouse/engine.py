"""What reading a warehouse takes and what it cost: the records both engines share."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from checkpoints.contract.model import Contract, Dataset, DateType
from checkpoints.errors import WarehouseError
from checkpoints.records import Record
from checkpoints.text import human_bytes, parse_bytes

if TYPE_CHECKING:
    import sqlalchemy as sa


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How to read. Only BigQuery looks at it.

    ``fresh`` answers never come from the query cache. ``max_bytes`` is the most one statement may
    bill, and all of them together. ``impersonate`` is a service account's address.
    """

    labels: Mapping[str, str] = field(default_factory=dict)
    fresh: bool = False
    max_bytes: int | None = None
    timeout_seconds: float = 600
    impersonate: str | None = None


class Column(NamedTuple):
    """A column as the warehouse has it; ``date_type`` is None where it holds no dates."""

    type: str
    date_type: DateType | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The columns of a table or query, and the location of its data (None: there is one)."""

    columns: Mapping[str, Column]
    location: str | None


class Engine(Protocol):
    """A warehouse that can be described and read. It is never written to.

    ``bills_bytes``: what is read costs money, so ``max_bytes`` holds.
    """

    bills_bytes: bool
    statements: list[StatementRecord]

    def describe(self, dataset: Dataset) -> Description:
        """Look up a dataset.

        Raises:
            LookupError: it cannot be read; the message says why and what exists.
            WarehouseError: nothing can be looked up.
        """
        ...

    def rows(self, statement: sa.Select[Any], location: str | None) -> list[tuple[Any, ...]]:
        """Run a statement where its data is.

        Raises:
            WarehouseError: it failed.
        """
        ...

    def estimate(self, _statement: sa.Select[Any], _location: str | None, /) -> int:
        """How many bytes a statement would read; nothing is read.

        Raises:
            WarehouseError: the engine cannot tell.
        """
        ...


def labelled(reading: Reading, **labels: str) -> Reading:
    """The same reading with labels, in the form that BigQuery takes."""
    valid = {k: re.sub(r"[^a-z0-9_-]", "-", v.lower())[:63] for k, v in labels.items()}
    return replace(reading, labels={**reading.labels, **valid})


def nearest(name: str, known: Sequence[str]) -> str:
    """What exists in place of a name that does not."""
    near = get_close_matches(name, known, n=3)
    if near:
        return f"did you mean {' or '.join(map(repr, near))}?"
    return f"it has {', '.join(sorted(known)[:12]) or 'none'}"


def require_bytes(total: int, allowed: int | None) -> None:
    """Refuse to read more than is allowed.

    Raises:
        WarehouseError: it would be more.
    """
    if allowed is not None and total > allowed:
        raise WarehouseError(
            f"the statements would read {human_bytes(total)}, {human_bytes(total - allowed)} more "
            f"than the {human_bytes(allowed)} allowed: nothing was read; narrow the window or "
            "raise --max-bytes"
        )


class StatementRecord(Record):
    """One statement that was sent: where, what it read, and how long it took.

    ``bytes_processed`` and ``bytes_billed`` are None where the engine does not say.
    """

    location: str | None
    job_id: str | None
    bytes_processed: int | None
    bytes_billed: int | None
    cached: bool | None
    rows: int
    seconds: float


def reading_of(
    contract: Contract, *, max_bytes: str | None = None, impersonate: str | None = None
) -> Reading:
    """How a contract's warehouse is to be read; ``max_bytes`` takes precedence over its own.

    Raises:
        ContractError: ``max_bytes`` is no amount of bytes.
    """
    chosen = max_bytes or contract.bigquery.max_bytes
    return Reading(
        max_bytes=parse_bytes(chosen) if chosen else None,
        timeout_seconds=contract.bigquery.timeout_seconds,
        impersonate=impersonate,
    )
