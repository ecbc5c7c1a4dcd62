"""Do columns hold values?"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkpoints.records import Name, OneOrMore
from checkpoints.rules.facts import Fact, has_null
from checkpoints.rules.key_share import KeyShareRule


class Filled(KeyShareRule):
    """Enough keys have no row with NULL in any of the columns."""

    expectation: ClassVar[str] = "expect_columns_to_be_filled"
    template: ClassVar[str] = "at least $limit of the $unit of $dataset have no NULL in $columns"

    rule: Literal["filled"]
    columns: Annotated[tuple[Name, ...], Field(min_length=1), OneOrMore()]

    def broken_where(self) -> Fact:
        """Any row of the key has NULL in any of them."""
        return has_null(*self.columns)

    def about_columns(self) -> tuple[str, ...]:
        """``usage_rate, minutes``."""
        return (", ".join(self.columns),)
