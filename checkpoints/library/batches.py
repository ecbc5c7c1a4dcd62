"""Each expectation of a suite is judged on the table that it is about.

Ours on the coverage table, and those of the library's own on the rows of their dataset.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import pandas as pd
from great_expectations.core.expectation_validation_result import (
    ExpectationSuiteValidationResult,
    ExpectationValidationResult,
)
from great_expectations.core.validation_definition import ValidationDefinition
from great_expectations.expectations.expectation import Expectation
from great_expectations.validator.v1_validator import Validator
from great_expectations.validator.validation_statistics import calc_validation_statistics

from checkpoints.library.results import RunEvidence
from checkpoints.library.stock import is_stock, settle, stock_evaluation
from checkpoints.library.table import columns_table, rows_table
from checkpoints.rules.evidence import Cell, Status
from checkpoints.rules.rule import not_evaluated
from checkpoints.warehouse.rows import Rows

OF_COLUMNS = ("expect_table_column", "expect_column_to_exist")
"""How the types of those begin that judge which columns there are: they need no rows."""

OF_THE_TABLE = "expect_table_"
"""How the types of those begin that judge an empty table as well."""

RESULT_FORMAT = {
    "result_format": "COMPLETE",
    "exclude_unexpected_values": True,
    "partial_unexpected_count": 0,
    "return_unexpected_index_query": False,
}
"""The positions of all unexpected rows, and none of their values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Batches:
    """The tables of a run: that of the coverage, and the ``rows`` of datasets.

    ``run`` says what is the same for all of them; ``due`` are the datasets with due dates.
    """

    coverage: pd.DataFrame
    rows: Mapping[str, Rows]
    run: RunEvidence
    due: frozenset[str]


def validated(
    definition: ValidationDefinition, batches: Batches
) -> ExpectationSuiteValidationResult:
    """The results of a suite; they are not stored yet."""
    ours, stock = list[Expectation](), dict[str, list[Expectation]]()
    for expectation in definition.suite.expectations:
        if is_stock(expectation):
            stock.setdefault((expectation.meta or {})["dataset"], []).append(expectation)
        else:
            ours.append(expectation)
    validator = _validator(definition, batches.coverage, {"result_format": "COMPLETE"})
    definition.suite.expectations = ours
    result = validator.validate_expectation_suite(definition.suite)
    for name, expectations in stock.items():
        result.results += _on_rows(definition, expectations, name, batches)
    result.success, result.statistics = _statistics(result.results)
    return result


def _statistics(results: Sequence[ExpectationValidationResult]) -> tuple[bool, dict[str, Any]]:
    found = calc_validation_statistics(list(results))._asdict()
    return found.pop("success"), found


def _validator(
    definition: ValidationDefinition, table: pd.DataFrame, result_format: dict[str, Any]
) -> Validator:
    return Validator(
        batch_definition=definition.batch_definition,
        batch_parameters={"dataframe": table},
        result_format=result_format,
    )


def _on_rows(
    definition: ValidationDefinition,
    expectations: Sequence[Expectation],
    name: str,
    batches: Batches,
) -> Iterator[ExpectationValidationResult]:
    """The results of the expectations about one dataset, each judged by itself.

    One table after the other: the validators of a data source share the table that it loaded last.
    """
    rows = batches.rows[name]
    of_columns = [e for e in expectations if e.expectation_type.startswith(OF_COLUMNS)]
    others = [e for e in expectations if e not in of_columns]
    if rows.error:
        yield from (_without(expectation, rows.error) for expectation in expectations)
        return
    for table, members in ((columns_table, of_columns), (rows_table, others)):
        validator = _validator(definition, table(rows), RESULT_FORMAT)
        for expectation in members:
            of_table = name in batches.due and expectation.expectation_type.startswith(OF_THE_TABLE)
            if rows.rows or of_table or members is of_columns:
                result = validator.validate_expectation(expectation)
                evaluation = stock_evaluation(result, rows.days)
            else:
                result, evaluation = _without(expectation), not_evaluated("no rows in the window")
            settle(result, evaluation, replace(batches.run, cells=_cells(result, rows.days)))
            yield result


def _without(expectation: Expectation, error: str = "") -> ExpectationValidationResult:
    """A result that the library was not asked for: as it reports an error, if there is one."""
    return ExpectationValidationResult(
        success=not error,
        expectation_config=expectation.configuration,
        result={},
        exception_info={
            "raised_exception": bool(error),
            "exception_message": error or None,
            "exception_traceback": None,
        },
    )


def _cells(result: ExpectationValidationResult, days: Sequence[date]) -> list[Cell]:
    """The rows of each date: how many there are, and how many of them are as expected."""
    rows = Counter(days)
    bad = Counter(days[n] for n in (result.result or {}).get("unexpected_index_list") or ())
    return [
        Cell(day, Status.DUE, count, count, count - bad[day], 0, 0)
        for day, count in sorted(rows.items())
    ]
