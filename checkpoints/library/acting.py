"""Do what a checkpoint is to do once it has judged: our pages, and the contract's own actions."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from great_expectations.checkpoint.actions import (
    ActionContext,
    UpdateDataDocsAction,
    ValidationAction,
)
from great_expectations.checkpoint.checkpoint import CheckpointResult
from great_expectations.data_context.data_context.file_data_context import FileDataContext
from great_expectations.data_context.types.resource_identifiers import ValidationResultIdentifier
from great_expectations.datasource.fluent.config_str import ConfigStr
from great_expectations.exceptions.exceptions import MissingConfigVariableError

from checkpoints.contract.loading import VARIABLE
from checkpoints.errors import ContractError
from checkpoints.library.suites import DOCS_ACTION

LIBRARY = logging.getLogger("great_expectations")


def act(
    context: FileDataContext,
    actions: Sequence[ValidationAction],
    result: CheckpointResult,
    site: str,
) -> list[str]:
    """Write the pages of ``site`` and of other sites, then do what else is declared.

    Returns what went wrong with any but the first: the verdict stands without them.
    """
    done, problems = ActionContext(), list[str]()
    for action in sorted(actions, key=lambda a: a.type != DOCS_ACTION):
        if isinstance(action, UpdateDataDocsAction) and str(action.type) == DOCS_ACTION:
            ours = action.copy(update={"site_names": [site]})
            done.update(ours, ours.run(checkpoint_result=result, action_context=done))
            problems += other_pages(context, site, [*result.run_results])
        else:
            values = _values(context, action)
            problems += _attempted(
                f"action {action.name!r}",
                lambda a=action, v=values: _do(a, v, result, done),  # type: ignore[misc]
                values,
            )
    return problems


def other_pages(
    context: FileDataContext, site: str, results: list[ValidationResultIdentifier] | None = None
) -> list[str]:
    """Write the pages of every other Data Docs site, of some results or all.

    Returns what went wrong.
    """
    return [
        problem
        for name in context.get_site_names()
        if name != site
        for problem in _attempted(
            f"Data Docs site {name!r}",
            lambda n=name: context.build_data_docs(  # type: ignore[misc]
                site_names=[n], resource_identifiers=results
            ),
        )
    ]


def _attempted(
    what: str, do: Callable[[], object], secrets: Mapping[str, str] | None = None
) -> list[str]:
    """Do what may fail; returns why it did, with the names of ``secrets`` in their place.

    Of some failures the library says so in its log alone.
    """
    with _overheard() as said:
        try:
            do()
        except Exception as error:  # noqa: BLE001 (whatever it is, it is told)
            kind = "" if isinstance(error, ContractError) else f"{type(error).__name__}: "
            said.append(f"{kind}{error}")
    problems = []
    for text in said:
        for name, value in (secrets or {}).items():
            text = text.replace(value, name) if value else text
        problems.append(f"{what} failed: {' '.join(text.split()):.300}")
    return problems


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """The warnings and errors that the library logs."""
    said: list[str] = []

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            said.append(record.getMessage())

    listener = Listener(logging.WARNING)
    LIBRARY.addHandler(listener)
    try:
        yield said
    finally:
        LIBRARY.removeHandler(listener)


def _values(context: FileDataContext, action: ValidationAction) -> dict[str, str]:
    """The variables of an action, as ``${NAME}``, and their values; empty where there is none."""
    found: dict[str, str] = {}
    for variable in VARIABLE.finditer(str([str(value) for _, value in action])):
        try:
            value = context.config_provider.substitute_config(f"${{{variable[1]}}}")
        except MissingConfigVariableError:
            value = ""
        found[variable[0]] = str(value) or variable[2] or ""
    return found


def _do(
    action: ValidationAction,
    values: Mapping[str, str],
    result: CheckpointResult,
    done: ActionContext,
) -> None:
    """Run an action with its values: by itself the library puts them only into some fields.

    Raises:
        ContractError: a variable has no value.
    """
    if unset := [name for name, value in values.items() if not value]:
        raise ContractError(f"{' and '.join(unset)} is not set: export it")
    fields = {
        name: _filled(value, values)
        for name, value in action
        if isinstance(value, str | ConfigStr | list | dict)
    }
    action.copy(update=fields).run(checkpoint_result=result, action_context=done)


def _filled(value: object, values: Mapping[str, str]) -> object:
    """A value with those of its variables."""
    if isinstance(value, list):
        return [_filled(one, values) for one in value]
    if isinstance(value, dict):
        return {name: _filled(one, values) for name, one in value.items()}
    if not isinstance(value, str | ConfigStr):
        return value
    return VARIABLE.sub(lambda variable: values[variable[0]], str(value))
