"""What rules about a share of the dataset's own keys have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import date
from typing import ClassVar, Literal, NamedTuple

from checkpoints.rules.evidence import Cell, PairEvidence
from checkpoints.rules.facts import Fact, RowsOfDate
from checkpoints.rules.ratio import RatioRule, Share
from checkpoints.rules.rule import Evaluation, Outcome, not_evaluated
from checkpoints.text import dates


class Sound(NamedTuple):
    """Keys that keep a rule, and all that it is about."""

    keys: int
    of: int

    @property
    def share(self) -> float:
        """Of 1."""
        return self.keys / self.of


class KeyShareRule(RatioRule, ABC):
    """A rule that at least a share of the keys keep, over the window or on each due date.

    Only dates that hold keys are judged: what is missing is for other rules to say.
    """

    compares: ClassVar[bool] = False
    is_about_rows: ClassVar[bool] = True
    tells_missing: ClassVar[bool] = False

    at_least: Share = 1.0
    per: Literal["window", "date"] = "window"
    share_of: Literal["keys", "rows"] = "keys"

    def identity(self) -> tuple[str, ...]:
        """What it is about, whether every date is judged for itself, and whether by rows."""
        per = ["per date"] if self.per == "date" else []
        return (*self.about_columns(), *per, *(["by rows"] if self.share_of == "rows" else []))

    def counts_rows_of(self) -> tuple[Fact, ...]:
        """Where the share is one of rows, the facts that tell it."""
        facts = (self.broken_where(), self.about())
        rows = self.share_of == "rows"
        return tuple(fact for fact in facts if rows and isinstance(fact, Fact))

    def wording(self) -> str:
        """What is said of the window, or of every due date."""
        said = self.template.replace("$unit", "rows") if self.share_of == "rows" else self.template
        return ("on every due date, " if self.per == "date" else "") + said

    @abstractmethod
    def about_columns(self) -> tuple[str, ...]:
        """Words that say which columns, and what of them."""

    def counted(self, cell: Cell, rows: RowsOfDate) -> int:  # noqa: ARG002
        """The keys, or rows, of a date that it is about."""
        return self.all_of(rows)

    def all_of(self, rows: RowsOfDate) -> int:
        """The keys, or rows, of the dataset that it is about."""
        about, by_rows = self.about(), self.share_of == "rows"
        if about is None:
            return rows.rows if by_rows else rows.keys
        return rows.rows_of.get(about, 0) if by_rows else rows.true_of.get(about, 0)

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The unexpected dates are those whose own share is too low, once it has failed."""
        due = evidence.due
        if not due:
            return not_evaluated()
        found = self._found(due, evidence.rows)
        if not found:
            return not_evaluated("no keys to judge on the due dates")
        low = tuple(day for day, sound in found.items() if sound.share < self.at_least)
        judged = Sound(*map(sum, zip(*found.values(), strict=True)))
        message = ""
        if self.per == "date":
            judged = min(found.values(), key=lambda sound: sound.share)
            message = f"{len(low)} of {dates(len(found))} below the threshold"
        passed = judged.share >= self.at_least
        return Evaluation(
            outcome=Outcome.of(passed),
            observed=judged.share,
            matched=judged.keys,
            expected=judged.of,
            unexpected_dates=() if passed else low,
            message=message,
        )

    def _found(self, due: list[Cell], rows: Mapping[date, RowsOfDate]) -> dict[date, Sound]:
        return {
            cell.date: Sound(keys - self.broken_of(of_date), keys)
            for cell in due
            if (of_date := rows.get(cell.date)) and (keys := self.counted(cell, of_date))
        }

    def broken_of(self, rows: RowsOfDate) -> int:
        """The keys, or rows, of a date that break it."""
        broken = self.broken_where()
        if self.share_of == "rows" and isinstance(broken, Fact):
            return rows.rows_of.get(broken, 0)
        return rows.true_of.get(broken, 0) if broken else 0

    def told_of(self, rows: RowsOfDate) -> str:
        """``12 of 240 keys``."""
        return f"{self.broken_of(rows)} of {self.all_of(rows)} {self.share_of}"
