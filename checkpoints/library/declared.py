"""Does the library have the expectations and actions that a contract declares?

To know that takes the library, which commands that only read a contract spare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from great_expectations.checkpoint.actions import ValidationAction
from great_expectations.exceptions.exceptions import ExpectationNotFoundError
from great_expectations.expectations.core.unexpected_rows_expectation import (
    UnexpectedRowsExpectation,
)
from great_expectations.expectations.expectation import Expectation
from great_expectations.expectations.registry import (
    get_expectation_impl,
    list_registered_expectation_implementations,
)
from pydantic.v1 import ValidationError

from checkpoints.contract.model import Action, Contract
from checkpoints.contract.stock import StockCheck, stock_checks_of
from checkpoints.errors import ContractError
from checkpoints.library.stock import ROW_BY_ROW
from checkpoints.text import did_you_mean

OF_THE_LIBRARY = {
    *("id", "meta", "batch_id", "result_format", "catch_exceptions", "rendered_content"),
    *("severity", "windows", "notes", "description"),
}
"""What every expectation has besides its arguments."""


def refuse_unknown(contract: Contract) -> None:
    """Accept only expectations and actions that the library has, with arguments that they take.

    Raises:
        ContractError: with every one that is not so.
    """
    problems = [
        f"{check.expectation.type} of {check.dataset!r}: {problem}"
        for check in stock_checks_of(contract)
        for problem in _problems(check)
    ]
    for name, checkpoint in contract.checkpoints.items():
        for n, action in enumerate(checkpoint.actions):
            place = f"checkpoints.{name}.actions[{n}]"
            problems += [f"{place}: {problem}" for problem in _action_problems(action)]
    if problems:
        raise ContractError(*problems)


def _problems(check: StockCheck) -> Iterator[str]:
    kind, given = check.expectation.type, check.expectation.arguments
    try:
        found = get_expectation_impl(kind)
    except ExpectationNotFoundError:
        known = list_registered_expectation_implementations()
        hint = did_you_mean(kind, known) or "see greatexpectations.io/expectations"
        yield f"Great Expectations has no such expectation: {hint}"
        return
    if issubclass(found, UnexpectedRowsExpectation):
        yield "it needs SQL, and rows are judged in memory: make a dataset of its query instead"
    elif hasattr(found, "rule_class"):
        yield "it is one of our rules: declare it under rules"
    elif check.expectation.repairable and not issubclass(found, ROW_BY_ROW):
        yield "it judges all rows together, so that it has no dates to repair: remove repairable"
    allowed = sorted(set(found.__fields__) - OF_THE_LIBRARY)
    for name in given:
        if name not in allowed:
            hint = did_you_mean(name, allowed) or f"it takes {', '.join(allowed)}"
            yield f"unknown argument {name!r}: {hint}"
    if set(given) <= set(allowed):
        yield from _invalid(found, given)


def _action_problems(action: Action) -> Iterator[str]:
    known = {made.__fields__["type"].default: made for made in _below(ValidationAction)}
    known.pop(None, None)
    if action.type not in known:
        hint = did_you_mean(action.type, known) or f"known: {', '.join(sorted(known))}"
        yield f"Great Expectations has no action {action.type!r}: {hint}"
        return
    yield from _invalid(known[action.type], action.model_dump(mode="json"))


def _invalid(made: type[Expectation | ValidationAction], given: Mapping[str, Any]) -> Iterator[str]:
    """What the library says of arguments that it does not take."""
    try:
        made(**given)
    except ValidationError as error:
        first: dict[str, str] = {}
        for problem in error.errors():
            first.setdefault(".".join(map(str, problem["loc"])), problem["msg"])
        yield from (f"{name.removesuffix('.__root__')}: {said}" for name, said in first.items())
    except (TypeError, ValueError) as error:
        yield str(error)


def _below(made: type[ValidationAction]) -> Iterator[type[ValidationAction]]:
    for below in made.__subclasses__():
        yield below
        yield from _below(below)
