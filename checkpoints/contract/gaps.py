"""Known gaps: how they stand on a day, which may be declared, and which are to be ended. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from enum import StrEnum

from pydantic import ValidationError

from checkpoints.contract.model import Contract, KnownGap
from checkpoints.contract.references import link_problems
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError
from checkpoints.records import Record
from checkpoints.text import counted, did_you_mean

WEEK = 7
"""Days before its end from which on a gap is said to end."""


class GapState(StrEnum):
    """How a known gap stands on a day."""

    IN_FORCE = "in force"
    ENDS_SOON = "ends soon"
    EXPIRED = "expired"


class Standing(Record):
    """A known gap on a day: ``days_left`` are those after it on which it is still accepted.

    Negative where it has expired. ``lacking`` are the dates of the gap on which the latest run
    still lacks keys, out of ``read`` dates; None where that run has read none of them.
    """

    gap: KnownGap
    state: GapState
    days_left: int
    lacking: tuple[date, ...] | None = None
    read: int = 0

    @property
    def words(self) -> str:
        """``ends in 3 days``."""
        match self.state, self.days_left:
            case GapState.ENDS_SOON, 0:
                return "ends today"
            case GapState.ENDS_SOON, days:
                return f"ends in {counted(days, 'day')}"
        return str(self.state)


class KnownGaps(Record):
    """All known gaps of a contract, in the order of its file, as they stand on ``as_of``.

    ``run_id`` is the run that was looked at for what is still lacking.
    """

    as_of: date
    run_id: str | None
    gaps: tuple[Standing, ...]


def standing(gap: KnownGap, on: date) -> Standing:
    """How a gap stands on a day."""
    left = (gap.until - on).days
    soon = GapState.ENDS_SOON if left <= WEEK else GapState.IN_FORCE
    return Standing(gap=gap, state=GapState.EXPIRED if left < 0 else soon, days_left=left)


def ending(gaps: Iterable[KnownGap], on: date) -> list[str]:
    """A sentence for each gap that ends within a week of a day."""
    stand = [standing(gap, on) for gap in gaps]
    return [
        f"known gap of {found.gap.dataset!r} {found.gap.range} {found.words}, "
        f"until {found.gap.until} ({found.gap.owner}, {found.gap.reason}): then its dates fail"
        for found in stand
        if found.state is GapState.ENDS_SOON
    ]


def expired(gaps: Iterable[KnownGap], dataset: str, dates: Iterable[date]) -> list[str]:
    """A sentence for each of the expired gaps of a dataset that covered any of the dates."""
    failing = set(dates)
    return [
        f"known gap until {gap.until} ({gap.owner}, {gap.reason}) has expired"
        for gap in gaps
        if gap.dataset == dataset and any(day in gap.range for day in failing)
    ]


def new_gap(contract: Contract, values: Mapping[str, object], today: date) -> KnownGap:
    """The gap that ``values`` (by their names in the contract) describe, if it may be declared.

    Raises:
        ContractError: with everything that speaks against it. Gaps that have expired do not.
    """
    try:
        gap = KnownGap.model_validate(values)
    except ValidationError as error:
        found = ((".".join(map(str, e["loc"])) or "the gap", e["msg"]) for e in error.errors())
        raise ContractError(
            *(f"{where}: {what.removeprefix('Value error, ')}: correct it" for where, what in found)
        ) from error
    if problems := list(_problems(contract, gap, today)):
        raise ContractError(*problems)
    return gap


def _problems(contract: Contract, gap: KnownGap, today: date) -> Iterable[str]:
    for problem in link_problems(contract.model_copy(update={"known_gaps": (gap,)})):
        yield problem.partition(": ")[2]  # without its place, which the file does not have yet
    if gap.until < today:
        yield f"until {gap.until} has passed, today is {today}: give a later date"
    for other in contract.gaps_in_force(gap.range, today):
        if other.dataset == gap.dataset:
            yield (
                f"{gap.range} overlaps the known gap {described(other)}: leave its dates out, "
                "or expire it first"
            )


def gap_to_end(contract: Contract, dataset: str, dates: DateRange | None, today: date) -> int:
    """The place among the known gaps of the one of a dataset that is in force (over ``dates``).

    Raises:
        ContractError: there is none, it has expired already, or there are several.
    """
    own = [n for n, gap in enumerate(contract.known_gaps) if gap.dataset == dataset]
    if not own:
        declared = dict.fromkeys(gap.dataset for gap in contract.known_gaps)
        hint = did_you_mean(dataset, declared) or f"known gaps are of: {', '.join(declared)}"
        raise ContractError(
            f"dataset {dataset!r} has no known gap" + (f": {hint}" if declared else ": none has")
        )
    gaps = contract.known_gaps
    found = [n for n in own if dates is None or gaps[n].range == dates]
    if not found:
        raise ContractError(
            f"dataset {dataset!r} has no known gap {dates}: it has {_listed(gaps[n] for n in own)}"
        )
    in_force = [n for n in found if gaps[n].until >= today]
    if not in_force:
        raise ContractError(
            f"nothing to change, it has expired already: {_listed(gaps[n] for n in found)}"
        )
    if len(in_force) > 1:
        raise ContractError(
            f"dataset {dataset!r} has several known gaps, choose one with --from and --to: "
            f"{_listed(gaps[n] for n in in_force)}"
        )
    return in_force[0]


def described(gap: KnownGap) -> str:
    """``2025-01-20 → 2025-01-29 of 'factors' until 2025-12-31 (data-eng, source lost)``."""
    return f"{gap.range} of {gap.dataset!r} until {gap.until} ({gap.owner}, {gap.reason})"


def _listed(gaps: Iterable[KnownGap]) -> str:
    return "; ".join(f"{gap.range} until {gap.until}" for gap in gaps)
