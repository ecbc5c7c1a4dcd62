"""Expectations of Great Expectations' own: declared, judged on rows, told, and left alone."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.report import Report, read_report
from checkpoints.archive.runs import validation_results
from checkpoints.contract.stock import stock_checks_of, words_of
from checkpoints.coverage.results import CheckRecord
from checkpoints.errors import ContractError
from checkpoints.library.judge import refuse_unusable
from checkpoints.library.results import disagreements
from checkpoints.library.suites import generate
from checkpoints.rules.rule import Outcome
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.warehouses import BASIC, contract_of, fill

WINDOW = ("--from", "2025-01-06", "--to", "2025-01-08", "--as-of", "2025-02-01")
TYPES = "d DATE, k VARCHAR, minutes DECIMAL(6, 2), points BIGINT"
HEALTHY = [
    ("2025-01-06", "a", 12.5, 9007199254740993),
    ("2025-01-06", "b", 30, 2),
    ("2025-01-07", "c", 31, 3),
    ("2025-01-08", "d", 32, None),
]


def raw_with(*expectations: dict[str, Any], **more: Any) -> dict[str, Any]:
    datasets = dict(BASIC["datasets"])
    datasets["summary"] = {**datasets["summary"], "expectations": list(expectations)}
    return {**BASIC, "datasets": datasets, **more}


def everywhere(folder: Path, rows: list[tuple[Any, ...]]) -> str:
    """A warehouse whose datasets all hold these rows."""
    tables = dict.fromkeys(("schedule", "raw", "summary", "factors"), rows)
    return fill(folder / "w.duckdb", tables, TYPES)


def ran(
    folder: Path, rows: list[tuple[Any, ...]], *expectations: dict[str, Any], **more: Any
) -> tuple[Report, str]:
    """What ``run`` reports of such a warehouse, and its stderr."""
    url = everywhere(folder, rows)
    file = project_of(folder, raw_with(*expectations, **more), warehouse=url)
    done = command("checkpoints", "run", "--contract", str(file.path), *WINDOW, "--json", "-")
    return Report.model_validate_json(done.stdout), done.stderr


def stock(report: Report) -> list[CheckRecord]:
    return [check for check in report.checks if check.stock]


BETWEEN = "expect_column_values_to_be_between"
IN_SET = "expect_column_values_to_be_in_set"
IN_BOUNDS = {"type": BETWEEN, "column": "minutes", "max_value": 40}


def test_the_dates_of_rows_that_are_not_as_expected_are_all_found(tmp_path: Path) -> None:
    rows = [
        *HEALTHY,
        ("2025-01-07", "e", 99, 1),
        *(("2025-01-08", f"x{n}", 99, 1) for n in range(300)),
    ]
    report, _ = ran(tmp_path, rows, {**IN_BOUNDS, "mostly": 0.99, "severity": "warning"})

    (check,) = stock(report)
    assert check.outcome is Outcome.FAILED
    assert (check.suite, check.dataset, check.kind) == ("L3", "summary", IN_BOUNDS["type"])
    assert (check.matched, check.expected, check.threshold) == (4, 305, 0.99)
    assert check.unexpected_dates == (date(2025, 1, 7), date(2025, 1, 8))
    assert check.severity == "warning"
    assert not check.rule.repairable
    assert report.verdict.passed, "a warning does not gate"


def test_every_kind_of_expectation_counts_in_the_verdict(tmp_path: Path) -> None:
    report, _ = ran(
        tmp_path,
        HEALTHY,
        {"type": "expect_column_values_to_match_regex", "column": "k", "regex": "^[a-d]$"},
        {"type": IN_SET, "column": "points", "value_set": [9007199254740993, 2, 3]},
        {"type": BETWEEN, "column": "d", "min_value": "2025-01-07", "repairable": True},
        {"type": "expect_column_mean_to_be_between", "column": "minutes", "max_value": 5},
        {"type": "expect_table_row_count_to_equal", "value": 4},
        {"type": "expect_table_columns_to_match_set", "column_set": ["d", "k"]},
        {
            "type": "expect_column_pair_values_to_be_equal",
            "column_A": "k",
            "column_B": "k",
            "row_condition": "minutes > 30",
            "condition_parser": "pandas",
        },
    )

    outcomes = [check.outcome.value for check in stock(report)]
    assert outcomes == ["PASSED", "PASSED", "FAILED", "FAILED", "PASSED", "FAILED", "PASSED"]
    assert report.verdict.declared == len(report.checks) == 7 + 13
    assert report.verdict.exit_code == 1
    found = {check.kind: check for check in stock(report)}
    assert found["expect_column_mean_to_be_between"].observed == 26.375
    assert "minutes" in found["expect_table_columns_to_match_set"].message
    dated = found[BETWEEN]
    assert (dated.unexpected_dates, dated.rule.repairable) == ((date(2025, 1, 6),), True)


def test_an_expectation_that_raises_could_not_be_evaluated(tmp_path: Path) -> None:
    report, _ = ran(
        tmp_path,
        HEALTHY,
        {"type": "expect_column_values_to_not_be_null", "column": "gone"},
        {"type": "expect_column_values_to_not_be_null", "column": "k"},
    )

    assert [check.outcome.value for check in stock(report)] == ["ERRORED", "PASSED"]
    assert '"gone"' in stock(report)[0].message
    assert report.verdict.exit_code == 3


def test_without_rows_values_are_not_evaluated_and_missing_rows_are(tmp_path: Path) -> None:
    rows = [(day, key, None, None) for day, key, *_ in HEALTHY]
    url = fill(tmp_path / "w.duckdb", {"schedule": rows, "raw": rows}, TYPES)
    fill(tmp_path / "w.duckdb", {"summary": [], "factors": []}, TYPES)
    raw = raw_with(
        IN_BOUNDS,
        {"type": "expect_column_max_to_be_between", "column": "points", "min_value": 1},
        {"type": "expect_table_row_count_to_be_between", "min_value": 1},
        {"type": "expect_column_to_exist", "column": "points"},
    )
    file = project_of(tmp_path, raw, warehouse=url)
    done = command("checkpoints", "run", "--contract", str(file.path), *WINDOW, "--json", "-")

    found = stock(Report.model_validate_json(done.stdout))
    outcomes = [check.outcome.value for check in found]
    assert outcomes == ["NOT_EVALUATED", "NOT_EVALUATED", "FAILED", "PASSED"]


def test_a_dataset_with_more_rows_than_fit_is_an_error_of_its_expectations(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from checkpoints import api
    from checkpoints.warehouse import rows

    monkeypatch.setattr(rows, "MOST_ROWS", 3)
    url = everywhere(tmp_path, HEALTHY)
    file = project_of(tmp_path, raw_with(IN_BOUNDS), warehouse=url)

    report = api.run(file, first=date(2025, 1, 6), last=date(2025, 1, 8), as_of=date(2025, 2, 1))

    (check,) = stock(report)
    assert check.outcome is Outcome.ERRORED
    assert "has more than 3 rows from 2025-01-06 to 2025-01-08" in check.message
    assert "run a shorter window" in check.message


def test_the_pages_junit_and_the_stored_results_tell_of_it(tmp_path: Path) -> None:
    url = everywhere(tmp_path, HEALTHY)
    file = project_of(tmp_path, raw_with({**IN_BOUNDS, "max_value": 31}), warehouse=url)
    options = ("--contract", str(file.path), *WINDOW)
    done = command("checkpoints", "run", *options, "--junit", "-")

    assert "minutes, max_value 31" in done.stderr
    assert (
        'name="summary: expect_column_values_to_be_between of minutes, max_value 31"' in done.stdout
    )
    (page,) = (file.project / "uncommitted/data_docs/local_site").glob("validations/L3/*/*/*.html")
    text = page.read_text("utf-8")
    assert "minutes values must be less than or equal to 31" in text
    assert "1 of 1 rows" in text
    (stored,) = (file.project / "uncommitted/validations").glob("L3/*/*/*.json")
    (result,) = [
        r for r in json.loads(stored.read_text("utf-8"))["results"]
        if r["expectation_config"]["type"] == IN_BOUNDS["type"]
    ]  # fmt: skip
    assert "unexpected_index_list" not in result["result"], "not a number for each row"
    report = read_report(next((file.project / "uncommitted/runs").glob("*/report.json")))
    results = validation_results(file.project, report.run_id)
    assert list(disagreements(report, results)) == []


def test_check_says_in_one_line_that_it_left_them_out(tmp_path: Path) -> None:
    url = everywhere(tmp_path, HEALTHY)
    file = contract_of(tmp_path, raw_with(IN_BOUNDS), warehouse=url)
    done = command("checkpoints", "check", "--contract", str(file.path), *WINDOW)

    assert done.returncode == 0, done.stderr
    assert "13 of 13 evaluated checks passed; 1 expectation is judged by run only" in done.stdout


@pytest.mark.parametrize(
    ("expectation", "message"),
    [
        ({"type": "expect_column_maen_to_be_between"}, "mean 'expect_column_mean_to_be_between'"),
        ({**IN_BOUNDS, "max_valu": 3}, "unknown argument 'max_valu': did you mean 'max_value'"),
        ({"type": IN_SET, "column": "k"}, "value_set: field required"),
        ({**IN_BOUNDS, "mostly": 3}, "mostly: "),
        ({**IN_BOUNDS, "meta": {}}, "unknown argument 'meta'"),
        ({"type": "expect_table_row_count_to_equal", "value": 1, "repairable": True}, "no dates"),
        ({"type": "unexpected_rows_expectation", "unexpected_rows_query": ""}, "it needs SQL"),
        ({"type": "expect_no_null_keys", "dataset": "raw"}, "declare it under rules"),
    ],
)  # fmt: skip
def test_an_expectation_that_the_library_does_not_take_is_refused(
    tmp_path: Path, expectation: dict[str, Any], message: str
) -> None:
    file = project_of(tmp_path, raw_with(expectation))

    with pytest.raises(ContractError) as refused:
        refuse_unusable(file.project, file.contract)

    assert message in str(refused.value)
    assert str(refused.value).startswith(f"{expectation['type']} of 'summary': ")


def test_the_same_expectation_twice_is_refused_and_another_of_its_type_is_not(
    tmp_path: Path,
) -> None:
    other = {**IN_BOUNDS, "max_value": 50}
    contract = contract_of(tmp_path, raw_with(IN_BOUNDS, other)).contract
    assert len({check.id for check in stock_checks_of(contract)}) == 2
    with pytest.raises(ContractError, match="declared twice"):
        contract_of(tmp_path, raw_with(IN_BOUNDS, {**IN_BOUNDS, "mostly": 0.5}))


def test_a_threshold_leaves_the_id_of_an_expectation_as_it_is(tmp_path: Path) -> None:
    ids = {
        stock_checks_of(contract_of(tmp_path, raw_with({**IN_BOUNDS, "mostly": m})).contract)[0].id
        for m in (0.9, 0.95)
    }
    assert len(ids) == 1


def test_columns_are_found_wherever_an_expectation_names_them(tmp_path: Path) -> None:
    contract = contract_of(
        tmp_path,
        raw_with(
            {"type": "expect_compound_columns_to_be_unique", "column_list": ["k", "my col"]},
            {**IN_BOUNDS, "row_condition": "points > 3 and k == 'a'"},
        ),
    ).contract

    assert words_of(contract)["summary"] >= {"k", "my col", "minutes", "points"}


def test_a_contract_without_expectations_generates_what_it_always_did(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    with_one = contract_of(tmp_path, raw_with(IN_BOUNDS)).contract
    before, after = generate(contract), generate(with_one)

    assert {path for path in before if before[path] != after[path]} == {"expectations/L3.json"}


def test_which_columns_there_are_is_judged_on_all_of_them(tmp_path: Path) -> None:
    declared = {"type": "expect_table_columns_to_match_set", "column_set": ["d", "k"]}
    report, _ = ran(tmp_path, HEALTHY, declared)

    assert [check.outcome.value for check in stock(report)] == ["FAILED"], "others are not read"
