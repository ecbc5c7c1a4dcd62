"""The rules there are: every module of this folder that defines one."""

from __future__ import annotations

from functools import reduce
from importlib import import_module
from operator import or_
from pkgutil import iter_modules
from typing import TYPE_CHECKING, Annotated

from pydantic import Field

from checkpoints import rules
from checkpoints.rules.rule import Rule


def _found() -> dict[str, type[Rule]]:
    """Nobody lists the rules: one that is forgotten in a list would fail silently."""
    classes = [
        value
        for module in iter_modules(rules.__path__)
        if module.name != __name__.rpartition(".")[2]
        for value in vars(import_module(f"{rules.__name__}.{module.name}")).values()
        if isinstance(value, type) and issubclass(value, Rule) and "rule" in value.model_fields
    ]
    return {rule.kind(): rule for rule in classes}


RULES = _found()
"""By their names in the contract."""

if TYPE_CHECKING:
    AnyRule = Rule
else:
    AnyRule = Annotated[reduce(or_, RULES.values()), Field(discriminator="rule")]
