"""Does any key stand more often than it may?"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from checkpoints.records import Names, Whole
from checkpoints.rules.facts import Fact
from checkpoints.rules.key_count import KeyCountRule


class UniqueKeys(KeyCountRule):
    """No key has more than ``at_most`` rows on a date, due or not.

    With ``columns`` each of its rows has other values in these. Where one of them is NULL, there is
    nothing to compare.
    """

    expectation: ClassVar[str] = "expect_keys_to_be_unique"
    template: ClassVar[str] = "no key of $dataset stands more than $at_most times on its date"
    repaired_by_replacing: ClassVar[bool] = True
    fix: ClassVar[str] = "rows that stand twice: only a service that replaces them repairs that"
    noun: ClassVar[tuple[str, str]] = ("repeated key", "repeated keys")

    rule: Literal["unique_keys"]
    at_most: Annotated[Whole, Field(ge=1)] = 1
    columns: Names = ()

    @model_validator(mode="after")
    def _once_with_columns(self) -> UniqueKeys:
        if self.columns and self.at_most != 1:
            raise ValueError("at_most: with columns, a key stands once: remove at_most or columns")
        return self

    def identity(self) -> tuple[str, ...]:
        """``with player_id``."""
        return ("with", ", ".join(self.columns)) if self.columns else ()

    def wording(self) -> str:
        """Once is what people say."""
        if self.columns:
            return "no key of $dataset stands more than once on its date with the same $columns"
        if self.at_most == 1:
            return "no key of $dataset stands more than once on its date"
        return self.template

    def broken_where(self) -> Fact:
        """It has more rows than it may, or two with the same values in the columns."""
        return Fact(distinct=self.columns) if self.columns else Fact(at_most=self.at_most)
