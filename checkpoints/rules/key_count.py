"""What rules have in common that allow no key of which something is true."""

from __future__ import annotations

from abc import ABC
from typing import ClassVar

from checkpoints.rules.evidence import PairEvidence
from checkpoints.rules.facts import RowsOfDate
from checkpoints.rules.rule import CountRule, Evaluation, Outcome, not_evaluated


class KeyCountRule(CountRule, ABC):
    """A rule that every key keeps: on the due dates where it needs them, else on all."""

    compares: ClassVar[bool] = False
    is_about_rows: ClassVar[bool] = True

    def judge(self, evidence: PairEvidence) -> Evaluation:
        """The observed value is the number of keys that break it, added up over the dates."""
        cells = evidence.due if self.needs_due_dates else evidence.cells
        if not cells:
            return not_evaluated()
        held = [
            (cell.date, evidence.rows[cell.date]) for cell in cells if cell.date in evidence.rows
        ]
        if not held:
            return not_evaluated("no keys on the dates that it judges")
        broken = {day: number for day, rows in held if (number := self.broken_of(rows))}
        return Evaluation(
            outcome=Outcome.of(not broken),
            observed=sum(broken.values()),
            unexpected_dates=tuple(broken),
        )

    def broken_of(self, rows: RowsOfDate) -> int:
        """The keys of a date that break it."""
        broken = self.broken_where()
        return rows.true_of.get(broken, 0) if broken else 0

    def told_of(self, rows: RowsOfDate) -> str:
        """``12 of 240 keys``."""
        return f"{self.broken_of(rows)} of {rows.keys} keys"
