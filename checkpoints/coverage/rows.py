"""What rules ask of the rows of a dataset, by date. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from checkpoints.contract.model import Contract
from checkpoints.coverage.layout import Bits, broken_bits, grains_of
from checkpoints.coverage.presence import Presence, count
from checkpoints.rules.evidence import Pair
from checkpoints.rules.facts import Agreement, Fact, RowsOfDate


def rows_by_date(contract: Contract, presence: Presence, pair: Pair) -> Mapping[date, RowsOfDate]:
    """What was asked of the rows of a pair's dataset, on the dates that have any."""
    layout = presence.layout
    down, *up = grains_of(contract, pair)
    asked: list[Fact | Agreement] = list(layout.facts_of(down))
    asked += [told.agreement for told in layout.agreed if (told.left, [told.right]) == (down, up)]
    written = presence.written.get(pair.dataset, {})
    if not (asked or written or pair.dataset in layout.rows):
        return {}
    here = (Bits(layout.bit(down)),)
    bits = {told: broken_bits(contract, layout, pair, told) for told in asked}
    return {
        day: RowsOfDate(
            keys=keys,
            rows=presence.rows.get(day, {}).get(pair.dataset, 0),
            written=written.get(day),
            rows_of={
                fact: n
                for (grain, fact), found in presence.rows_of.items()
                if grain == down and (n := found.get(day, 0))
            },
            true_of={told: n for told, ways in bits.items() if (n := count(masks, ways))},
        )
        for day, masks in presence.by_date.items()
        if (keys := count(masks, here))
    }
