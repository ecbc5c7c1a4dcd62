"""A condition on a column, as a contract has it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from checkpoints.records import Name, Record

Scalar = bool | int | Annotated[float, Field(allow_inf_nan=False)] | str
Scalars = Annotated[tuple[Scalar, ...], Field(min_length=1)]


class Condition(Record):
    """One condition on a column; a row is read when all conditions of its dataset hold."""

    column: Name
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    one_of: Scalars | None = None
    none_of: Scalars | None = None
    like: str | None = None
    not_like: str | None = None
    below: Scalar | None = Field(default=None, alias="<")
    above: Scalar | None = Field(default=None, alias=">")
    is_null: Literal[True] | None = None
    not_null: Literal[True] | None = None

    @model_validator(mode="after")
    def _one_operator(self) -> Condition:
        if len(self.operator) != 1:
            raise ValueError(
                "needs exactly one of equals, not_equals, one_of, none_of, like, not_like"
            )
        return self

    @property
    def operator(self) -> dict[str, Any]:
        """The operator that is set, with its operand."""
        return self.model_dump(exclude={"column"}, exclude_none=True)
