"""A condition on the rows of a dataset: a column, and what its values are compared with."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import ConfigDict, Field, ValidationInfo, field_validator, model_validator

from checkpoints.records import Name, Record

Scalar = bool | int | Annotated[float, Field(allow_inf_nan=False)] | str

Scalars = Annotated[tuple[Scalar, ...], Field(min_length=1)]

OPPOSITES = {"is_null": "not_null", "not_null": "is_null"}


class Condition(Record):
    """One condition on a column; a row is read when all conditions of its dataset hold.

    NULL is neither less nor greater than anything, equals nothing and is like nothing: such rows
    are left out. They stay where an operator says what a value is *not*.
    """

    model_config = ConfigDict(populate_by_name=False)  # in a contract, ">" is the only name

    column: Name
    equals: Scalar | None = None
    not_equals: Scalar | None = None
    one_of: Scalars | None = None
    none_of: Scalars | None = None
    like: str | None = None
    not_like: str | None = None
    above: Scalar | None = Field(default=None, alias=">")
    at_least: Scalar | None = Field(default=None, alias=">=")
    below: Scalar | None = Field(default=None, alias="<")
    at_most: Scalar | None = Field(default=None, alias="<=")
    is_null: bool | None = None
    not_null: bool | None = None

    @field_validator(*OPPOSITES)
    @classmethod
    def _only_true(cls, value: bool | None, info: ValidationInfo) -> bool | None:
        if value is False:
            opposite = OPPOSITES[str(info.field_name)]
            raise ValueError(f"can only be true: write {opposite}: true in its place")
        return value

    @model_validator(mode="after")
    def _one_operator(self) -> Condition:
        if len(self.operator) != 1:
            fields = type(self).model_fields
            names = [field.alias or name for name, field in fields.items() if name != "column"]
            raise ValueError(f"needs exactly one of {', '.join(names)}")
        return self

    @property
    def operator(self) -> dict[str, Any]:
        """The operator that is set, as a contract writes it, with its operand."""
        return self.model_dump(exclude={"column"}, exclude_none=True, by_alias=True)
