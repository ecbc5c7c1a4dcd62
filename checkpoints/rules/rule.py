"""What every rule has: parameters in the contract, a judgement, and its words.

A rule is one file of this folder. ``registry`` finds it there; contract, suites, expectations,
terminal, pages, JUnit and planning ask it for what they need.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from string import Template
from typing import Any, ClassVar, Literal, get_args

from checkpoints.dates import DateRange
from checkpoints.records import Name, Names, Record
from checkpoints.rules.evidence import ITS_CALENDAR, Cell, Match, Pair, PairEvidence
from checkpoints.rules.facts import Agreement, Fact, RowsOfDate
from checkpoints.rules.sources import Sources
from checkpoints.text import counted

Severity = Literal["critical", "warning", "info"]
NOTHING_DUE = "nothing was due"


class Outcome(StrEnum):
    """How a check ends."""

    PASSED = "PASSED"
    FAILED = "FAILED"
    ERRORED = "ERRORED"
    NOT_EVALUATED = "NOT_EVALUATED"

    @classmethod
    def of(cls, passed: bool) -> Outcome:
        """That of a check that was evaluated."""
        return cls.PASSED if passed else cls.FAILED


@dataclass(frozen=True, slots=True, kw_only=True)
class Evaluation:
    """What a rule found.

    ``observed`` is in the unit of the threshold (None: nothing was due). ``matched`` and
    ``expected`` are the figures behind a ratio. ``unexpected_dates`` are all of them, in order.
    """

    outcome: Outcome
    observed: float | None = None
    matched: int | None = None
    expected: int | None = None
    unexpected_dates: tuple[date, ...] = ()
    message: str = ""


def not_evaluated(message: str = NOTHING_DUE) -> Evaluation:
    """There was nothing to judge."""
    return Evaluation(outcome=Outcome.NOT_EVALUATED, message=message)


class Rule(Record, ABC):
    """What every rule has, beside its name."""

    # A subclass names itself by ``rule: Literal["its_name"]``.

    expectation: ClassVar[str]
    """The type of its expectation, ``expect_…``: never change it, archives name it."""

    template: ClassVar[str]
    """What it requires, with ``$dataset``, ``$of``, ``$limit``, ``$unit`` and its parameters; see
    ``wording``."""

    compares: ClassVar[bool] = True
    """Evidence: it needs a dataset to compare with; else the dataset alone."""

    is_about_rows: ClassVar[bool] = False
    """Evidence: the rows of its own keys; with an ``of``, beside those of that dataset."""

    counts_rows: ClassVar[bool] = False
    """Evidence: it needs the number of the dataset's rows on each date."""

    needs_due_dates: ClassVar[bool] = True
    """Evidence: without a due date there is nothing to judge."""

    tells_missing: ClassVar[bool] = True
    """It says how much may be missing. Alone, the others are not green."""

    measures_coverage: ClassVar[bool] = False
    """The first such rule of a dataset says what its coverage is measured by."""

    is_ratio: ClassVar[bool] = False
    """Observed value and threshold are shares of 1."""

    repairable: ClassVar[bool] = True
    """A backfill of its unexpected dates repairs it."""

    repaired_by_replacing: ClassVar[bool] = False
    """A backfill repairs it where the service replaces the rows of a date."""

    excusable: ClassVar[bool] = True
    """A known gap can cover its unexpected dates."""

    fix: ClassVar[str] = "backfill these dates"
    """What to do about its unexpected dates."""

    goes_with_upstream: ClassVar[bool] = False
    """A rebuild of the upstream may remove what it found."""

    goes_with_rebuild: ClassVar[bool] = False
    """A rebuild of the dataset, for whatever else, may remove what it found."""

    tells_late: ClassVar[bool] = False
    """It tells that a dataset has stopped, whatever dates it lacks."""

    holds_for_reference: ClassVar[bool] = False
    """The reference has it with its defaults, unless the contract gives it another."""

    dataset: Name | None = None
    severity: Severity = "critical"
    of: Sources | None = None
    match: Match | None = None
    by: Names = ()

    @classmethod
    def kind(cls) -> str:
        """Its name in the contract."""
        (name,) = get_args(cls.model_fields["rule"].annotation)
        return str(name)

    @classmethod
    def parameter_names(cls) -> tuple[str, ...]:
        """Its own parameters, beside those that every rule has."""
        return tuple(n for n in cls.model_fields if n != "rule" and n not in Rule.model_fields)

    def parameters(self) -> dict[str, Any]:
        """The values of its own parameters."""
        return {name: getattr(self, name) for name in self.parameter_names()}

    @property
    @abstractmethod
    def threshold(self) -> float:
        """What the observed value is compared with."""

    @property
    def needs_only_dates(self) -> bool:
        """Whether a calendar is enough to compare with, which says dates and no keys."""
        return self.compares and self.tells_missing and not self.is_about_rows

    @classmethod
    def stands_alone(cls) -> bool:
        """Whether the dataset alone is enough: what is due, the reference says."""
        return not (cls.compares or cls.needs_due_dates)

    def identity(self) -> tuple[str, ...]:
        """What tells it from others of its kind on the same dataset, beside their pair.

        Words that stand after its name: ``filled usage_rate``.
        """
        return ()

    def broken_where(self) -> Fact | Agreement | None:
        """Evidence: what is true of a key that breaks it."""
        return None

    def about(self) -> Fact | None:
        """Evidence: what is true of the keys that it is about; None: it is about all."""
        return None

    def reads_written_at(self) -> bool:
        """Evidence: whether it needs when the rows were written, of all that it is about."""
        return False

    def counts_rows_of(self) -> tuple[Fact, ...]:
        """Evidence: facts of which it needs the number of rows that meet the conditions."""
        return ()

    def reads_above_before(self, window: DateRange) -> DateRange | None:  # noqa: ARG002
        """Evidence: dates before the window of what it is compared with."""
        return None

    def reads_before(
        self,
        window: DateRange,  # noqa: ARG002 (the rules that need it)
        as_of: date,  # noqa: ARG002
        seasons: Sequence[DateRange],  # noqa: ARG002
    ) -> DateRange | None:
        """Evidence: dates before the window of which it needs the latest with keys."""
        return None

    @abstractmethod
    def judge(self, evidence: PairEvidence) -> Evaluation:
        """What the evidence says; pure."""

    @classmethod
    @abstractmethod
    def quantity(cls, value: float) -> str:
        """A value in its unit: ``80.0 %``, ``3 days``."""

    @classmethod
    @abstractmethod
    def limit(cls, threshold: float) -> str:
        """What is required of the value: ``≥ 80 %``."""

    @classmethod
    def requirement(cls, threshold: float) -> str:
        """What stands after the value in a sentence: ``required ≥ 80 %``."""
        return f"required {cls.limit(threshold)}"

    @classmethod
    def in_column(cls, value: float) -> str:
        """A value in a column of the terminal, where the unit may be understood."""
        return cls.quantity(value)

    @classmethod
    def on_date(cls, cell: Cell) -> str:
        """What is there on one unexpected date."""
        return f"{cell.matched} of {cell.expected}"

    def told_of(self, rows: RowsOfDate) -> str:  # noqa: ARG002
        """What it says of the rows of one unexpected date; empty where keys say all."""
        return ""

    def wording(self) -> str:
        """The ``template``, where it does not depend on parameters."""
        return self.template

    def limit_in_words(self) -> str:
        """The threshold as ``$limit`` of the template says it."""
        return self.quantity(self.threshold)

    def sentence(self, pair: Pair, *, by_date: bool) -> str:
        """What it requires of a pair; ``by_date`` when one of the two has one batch per date.

        ``player_composite_factors holds at least 80 % of the keys of bdl_player_boxscores``
        """
        words = {
            **{name: _in_words(value) for name, value in self.parameters().items()},
            "dataset": pair.dataset,
            "of": pair.of or ITS_CALENDAR,
            "limit": self.limit_in_words(),
            "unit": "dates" if by_date else "keys",
        }
        by_count = " (compared by count)" if self.compares and pair.match == "count" else ""
        by = f" (by {', '.join(pair.by)})" if pair.by else ""
        return Template(self.wording()).substitute(words) + by_count + by


def _in_words(parameter: object) -> str:
    several = parameter if isinstance(parameter, tuple) else (parameter,)
    return ", ".join(map(str, several))


def name_of(kind: str, identity: Sequence[str], by: Sequence[str]) -> str:
    """A rule as people tell it from others: ``filled usage_rate by game_id``."""
    grain = ("by", ", ".join(by)) if by else ()
    return " ".join((kind, *identity, *grain))


class DaysRule(Rule, ABC):
    """A rule that allows at most some calendar days."""

    @classmethod
    def quantity(cls, value: float) -> str:
        """``3 days``."""
        return counted(round(value), "day")

    @classmethod
    def limit(cls, threshold: float) -> str:
        """``≤ 3 days``."""
        return f"≤ {cls.quantity(threshold)}"


class CountRule(Rule, ABC):
    """A rule that allows none of what it counts."""

    needs_due_dates: ClassVar[bool] = False
    tells_missing: ClassVar[bool] = False
    repairable: ClassVar[bool] = False
    noun: ClassVar[tuple[str, str]]
    """What is counted: one of it, and several."""

    @property
    def threshold(self) -> float:
        """None is allowed."""
        return 0

    @classmethod
    def quantity(cls, value: float) -> str:
        """``3 orphans``."""
        return f"{value:.0f} {cls.noun[0] if value == 1 else cls.noun[1]}"

    @classmethod
    def requirement(cls, threshold: float) -> str:  # noqa: ARG003 (the others')
        """``none allowed``."""
        return "none allowed"

    @classmethod
    def in_column(cls, value: float) -> str:
        """Only the number: the rule's name says of what."""
        return f"{value:.0f}"

    @classmethod
    def limit(cls, threshold: float) -> str:
        """``= 0``."""
        return f"= {threshold:.0f}"
