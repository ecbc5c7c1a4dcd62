"""Does a column say the same in two datasets?"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from checkpoints.records import Name, Number
from checkpoints.rules.evidence import Cell
from checkpoints.rules.facts import Agreement, RowsOfDate
from checkpoints.rules.key_share import KeyShareRule


class Agrees(KeyShareRule):
    """Of the keys that both datasets have, enough have the same value in both.

    A number may differ by ``tolerance``. A key whose value only one of the two has does not agree.
    """

    expectation: ClassVar[str] = "expect_column_to_agree"
    template: ClassVar[str] = (
        "at least $limit of the $unit that $dataset and $of both have agree in $column"
    )
    compares: ClassVar[bool] = True

    rule: Literal["agrees"]
    column: Name
    other: Name = Field(alias="with")
    tolerance: Annotated[Number, Field(ge=0)] = 0.0

    @model_validator(mode="before")
    @classmethod
    def _with(cls, given: Any) -> Any:
        """In a contract it is ``with: DATASET.COLUMN``."""
        if not isinstance(given, dict) or "other" in given:
            return given
        if "of" in given:
            raise ValueError("of: is said by with: DATASET.COLUMN: remove it")
        dataset, dot, other = str(given.get("with", "")).rpartition(".")
        if not (dataset and dot and other):
            raise ValueError("needs with: DATASET.COLUMN, which it is compared with")
        kept = {name: value for name, value in given.items() if name != "with"}
        return {**kept, "of": dataset, "other": other}

    def wording(self) -> str:
        """The other column is named where it is called otherwise."""
        other = "" if self.other == self.column else " and $other"
        within = " within $tolerance" if self.tolerance else ""
        return super().wording() + other + within

    def about_columns(self) -> tuple[str, ...]:
        """``points with pts``."""
        return (self.column, *(() if self.other == self.column else ("with", self.other)))

    def broken_where(self) -> Agreement:
        """The values of both differ."""
        return Agreement(column=self.column, other=self.other, tolerance=self.tolerance)

    def counted(self, cell: Cell, rows: RowsOfDate) -> int:  # noqa: ARG002
        """The keys that both have."""
        return cell.matched

    def told_of(self, rows: RowsOfDate) -> str:
        """``12 keys differ``."""
        broken = self.broken_of(rows)
        return f"{broken} {'key differs' if broken == 1 else 'keys differ'}"
