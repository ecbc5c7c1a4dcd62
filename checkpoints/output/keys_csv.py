"""Missing and orphan keys as CSV (RFC 4180), a line each."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from checkpoints.contract.model import Contract
from checkpoints.warehouse.every_key import LostKey

COLUMNS = ("dataset", "layer", "of", "date", "kind", "key_columns")


def csv_lines(contract: Contract, keys: Iterable[LostKey]) -> Iterator[str]:
    """A heading, then a line for each key, its parts in ``key_1`` and so on.

    What is there is quoted, so that a blank survives; what is not is empty: a key may have fewer
    parts than the widest, and without any the whole date is meant.
    """
    widest = max(len(dataset.key) for dataset in contract.datasets.values())
    yield _line([*COLUMNS, *(f"key_{n}" for n in range(1, widest + 1))])
    for key in keys:
        named = (key.dataset, key.layer, key.of, str(key.date), key.kind, " ".join(key.columns))
        yield _line([*named, *key.key, *[None] * (widest - len(key.key))])


def _line(values: Iterable[str | None]) -> str:
    quoted = ("" if v is None else '"' + v.replace('"', '""') + '"' for v in values)
    return ",".join(quoted) + "\r\n"
