"""Has every key as many rows as it should?"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from checkpoints.records import Whole
from checkpoints.rules.facts import Fact
from checkpoints.rules.key_count import KeyCountRule


class RowsPerKey(KeyCountRule):
    """On the due dates, the rows of every key are neither too few nor too many."""

    expectation: ClassVar[str] = "expect_rows_per_key_to_be_between"
    template: ClassVar[str] = "every key of $dataset has $at_least to $at_most rows"
    needs_due_dates: ClassVar[bool] = True
    repairable: ClassVar[bool] = True
    fix: ClassVar[str] = "backfill these dates"
    noun: ClassVar[tuple[str, str]] = (
        "key with too few or too many rows",
        "keys with too few or too many rows",
    )

    rule: Literal["rows_per_key"]
    at_least: Annotated[Whole, Field(ge=1)] | None = None
    at_most: Annotated[Whole, Field(ge=1)] | None = None

    @model_validator(mode="after")
    def _bounded(self) -> RowsPerKey:
        if self.at_least is None and self.at_most is None:
            raise ValueError("needs at_least, at_most or both")
        if self.at_least and self.at_most and self.at_least > self.at_most:
            raise ValueError(f"at_least {self.at_least} is more than at_most {self.at_most}")
        return self

    def wording(self) -> str:
        """With the bounds that there are."""
        if self.at_most is None:
            return "every key of $dataset has at least $at_least rows"
        if self.at_least is None:
            return "no key of $dataset has more than $at_most rows"
        if self.at_least == self.at_most:
            return "every key of $dataset has $at_least rows"
        return self.template

    def broken_where(self) -> Fact:
        """Its rows are fewer or more than that."""
        return Fact(at_least=self.at_least or 0, at_most=self.at_most)
