"""What a dataset is built from, or compared with: another one, or several together."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field, model_validator

from checkpoints.records import Name, Record


class Sources(Record):
    """What a dataset is compared with: another one, whose name is enough, or several together."""

    any_of: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None
    all_of: Annotated[tuple[Name, ...], Field(min_length=1)] | None = None

    @model_validator(mode="before")
    @classmethod
    def _a_name_stands_for_itself(cls, value: object) -> object:
        if not isinstance(value, str | dict | Sources):
            raise ValueError("is neither the name of a dataset nor any_of or all_of several")
        return {"any_of": (value,)} if isinstance(value, str) else value

    @model_validator(mode="after")
    def _one_of_the_two(self) -> Sources:
        if (self.any_of is None) == (self.all_of is None):
            raise ValueError("needs either any_of or all_of")
        if len(set(self.names)) < len(self.names):
            raise ValueError("names a dataset twice")
        return self

    @property
    def names(self) -> tuple[str, ...]:
        """Of the datasets."""
        return self.any_of or self.all_of or ()

    @property
    def every(self) -> bool:
        """Only a key that every one of several has is expected."""
        return self.any_of is None and len(self.names) > 1

    def __str__(self) -> str:
        """``a``, ``a or b``, ``a and b``: what people read, and ``Pair.of``."""
        return (" and " if self.every else " or ").join(self.names)

    def placed(self) -> Iterator[tuple[str, str]]:
        """Each name, with the place where it stands in the contract: ``.any_of[0]``."""
        operator = "all_of" if self.any_of is None else "any_of"
        for n, name in enumerate(self.names):
            yield f".{operator}[{n}]" if len(self.names) > 1 else "", name
