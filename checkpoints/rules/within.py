"""Do the values of a column lie where they may?"""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from checkpoints.records import Name
from checkpoints.rules.condition import Condition, Scalar, Scalars
from checkpoints.rules.facts import Fact, has_value
from checkpoints.rules.key_share import KeyShareRule


class Within(KeyShareRule):
    """Of the keys that have a value, enough have none outside.

    NULL is no value: whether there is any is for another rule to say.
    """

    expectation: ClassVar[str] = "expect_column_to_be_within"
    template: ClassVar[str] = (
        "at least $limit of the $unit of $dataset with a $column have it $between"
    )

    rule: Literal["within"]
    column: Name
    least: Scalar | None = Field(default=None, alias="from")
    most: Scalar | None = Field(default=None, alias="to")
    one_of: Scalars | None = None

    @model_validator(mode="after")
    def _bounded(self) -> Within:
        if (self.one_of is None) == (self.least is None and self.most is None):
            raise ValueError("needs either one_of, or from, to or both")
        bounds = (self.least, self.most)
        alike = all(isinstance(b, str) for b in bounds) or all(
            isinstance(b, int | float) for b in bounds
        )
        if alike and self.least > self.most:  # type: ignore[operator]
            raise ValueError(f"from {self.least} is after to {self.most}")
        return self

    def wording(self) -> str:
        """With the bounds that there are."""
        return super().wording().replace("$between", self._between("$least", "$most", "$one_of"))

    def about_columns(self) -> tuple[str, ...]:
        """``usage_rate from 0 to 1``."""
        several = ", ".join(map(str, self.one_of or ()))
        return self.column, self._between(str(self.least), str(self.most), several)

    def _between(self, least: str, most: str, several: str) -> str:
        if self.one_of is not None:
            return f"one of {several}"
        ends = [f"from {least}"] if self.least is not None else []
        return " ".join([*ends, *([f"to {most}"] if self.most is not None else [])])

    def about(self) -> Fact:
        """Any row of the key has a value."""
        return has_value(self.column)

    def broken_where(self) -> Fact:
        """Any of the key's values lies outside."""
        if self.one_of is not None:
            inside = [Condition(column=self.column, one_of=self.one_of)]
        else:
            inside = [
                Condition.model_validate({"column": self.column, operator: bound})
                for operator, bound in ((">=", self.least), ("<=", self.most))
                if bound is not None
            ]
        return Fact(conditions=tuple(inside), broken=True)
