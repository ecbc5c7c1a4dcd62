"""To be described."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from typing import Literal, NamedTuple

Match = Literal["keys", "count"]


class Status(StrEnum):
    """Whether a date counts for a dataset. Only ``due`` dates do."""

    DUE = "due"
    WARM_UP = "warm-up"
    OFF = "off"
    NOT_YET_DUE = "not yet due"
    KNOWN_GAP = "known gap"


class Pair(NamedTuple):
    """A dataset, the dataset it is compared with (None: nothing), and how."""

    dataset: str
    of: str | None
    match: Match


class Cell(NamedTuple):
    """One date of one pair. Numbers are of distinct keys, or of batches at a date grain.

    ``expected`` keys of the upstream, ``present`` keys of the dataset, ``matched`` in both,
    ``orphans`` only in the dataset; ``null_keys`` is 1 where rows have NULL in a key column.
    """

    date: date
    status: Status
    expected: int
    present: int
    matched: int
    orphans: int
    null_keys: int

    @property
    def missing(self) -> int:
        """Keys of the upstream that the dataset lacks."""
        return self.expected - self.matched
