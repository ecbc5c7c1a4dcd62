"""What stands above a dataset, and from when on nothing is left there. Pure."""

from __future__ import annotations

from datetime import date

from checkpoints.contract.model import Contract
from checkpoints.records import Record
from checkpoints.rules.evidence import Pair


class Retirement(Record):
    """From which date on nothing is expected of a dataset.

    ``above`` is what it is compared with, where that is retired and not the dataset itself;
    ``partly`` where that is not its upstream, with which it still is compared.
    """

    dataset: str
    first: date
    above: str = ""
    partly: bool = False

    def __str__(self) -> str:
        """``bdl: retired on 2025-01-15, nothing is expected from then on``."""
        if not self.above:
            return f"{self.dataset}: retired on {self.first}, nothing is expected from then on"
        what = f"it is not compared with {self.above}" if self.partly else "nothing is expected"
        why = "that is retired" if self.partly else f"{self.above} is retired"
        return f"{self.dataset}: {what} from {self.first} on, as {why}"


def names_above(contract: Contract, name: str) -> tuple[str, ...]:
    """The datasets that one is built from; none for the reference."""
    upstream = contract.datasets[name].upstream
    return upstream.names if upstream else ()


def names_in(contract: Contract, pair: Pair) -> tuple[str, ...]:
    """The datasets of a pair: the one that is judged first."""
    return (pair.dataset, *(contract.sources_of(pair.of).names if pair.of else ()))


def retirement(contract: Contract, pair: Pair) -> Retirement | None:
    """From when on nothing is expected of a pair, if that is so.

    Its dataset is retired, or nothing is left of what it is compared with; what the dataset says
    itself takes precedence.
    """
    if own := contract.datasets[pair.dataset].retired:
        return Retirement(dataset=pair.dataset, first=own)
    ends = [_end(contract, name) for name in names_in(contract, pair)[1:]]
    known = [end for end in ends if end]
    if not known or len(known) < len(ends):
        return None
    above, partly = pair.of or "", pair.of != str(contract.datasets[pair.dataset].upstream)
    return Retirement(dataset=pair.dataset, first=max(known), above=above, partly=partly)


def sources_left(contract: Contract, pair: Pair, day: date) -> tuple[str, ...]:
    """The datasets that a pair is compared with on a date: none that is retired then.

    Without an ``of`` the dataset stands for what it is compared with.
    """
    own = contract.datasets[pair.dataset].retired
    if own and own <= day:
        return ()
    ends = {name: _end(contract, name) for name in names_in(contract, pair)[1:]}
    left = tuple(name for name, end in ends.items() if end is None or day < end)
    return left if pair.of else (pair.dataset,)


def turns_of(contract: Contract, pair: Pair) -> list[date]:
    """The dates on which ``sources_left`` changes, in order."""
    own = contract.datasets[pair.dataset].retired
    ends = (own, *(_end(contract, name) for name in names_in(contract, pair)[1:]))
    return sorted({end for end in ends if end})


def _end(contract: Contract, name: str) -> date | None:
    """From when on a dataset is retired, or all that it is built from."""
    if own := contract.datasets[name].retired:
        return own
    ends = [_end(contract, above) for above in names_above(contract, name)]
    return max((end for end in ends if end), default=None) if all(ends) else None
