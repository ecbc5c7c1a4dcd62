"""From outcomes to an exit code."""

from __future__ import annotations

from datetime import date

import pytest

from checkpoints.coverage.results import CheckRecord, DatasetRecord, decide
from checkpoints.errors import ExitCode, worst
from checkpoints.rules.evidence import Cell, Status
from checkpoints.rules.registry import RULES
from checkpoints.rules.rule import Outcome


def record(outcome: str, kind: str = "conversion_ratio", severity: str = "critical") -> CheckRecord:
    return CheckRecord.model_validate(
        {
            "id": "x", "suite": "L4", "dataset": "factors", "of": "summary", "match": "keys",
            "kind": kind, "severity": severity, "threshold": 0.8, "outcome": outcome,
            "observed": None, "matched": None, "expected": None,
            "unexpected_dates": [date(2025, 1, 1)], "message": "",
        }
    )  # fmt: skip


PASSED, FAILED, ERRORED, NOTHING = (
    record(o) for o in ("PASSED", "FAILED", "ERRORED", "NOT_EVALUATED")
)
WARNING = record("FAILED", severity="warning")
INFO = record("FAILED", severity="info")
CLEAN_KEYS = record("PASSED", kind="no_null_keys").model_copy(update={"unexpected_dates": ()})


@pytest.mark.parametrize(
    ("checks", "fail_on", "code"),
    [
        ([PASSED], "critical", 0),
        ([PASSED, NOTHING], "critical", 0),
        ([PASSED, FAILED], "critical", 1),
        ([PASSED, WARNING], "critical", 0),
        ([PASSED, WARNING], "warning", 1),
        ([PASSED, INFO], "warning", 0),
        ([PASSED, FAILED, ERRORED], "critical", 3),
        ([NOTHING, NOTHING], "critical", 5),
        ([NOTHING, CLEAN_KEYS], "critical", 5),
        ([NOTHING, FAILED], "critical", 1),
        ([CLEAN_KEYS], "critical", 0),
    ],
)
def test_outcomes_decide_the_exit_code(checks: list[CheckRecord], fail_on: str, code: int) -> None:
    verdict = decide(checks, len(checks), fail_on, [])  # type: ignore[arg-type]
    assert (verdict.exit_code, verdict.passed) == (code, code == 0)


def test_fewer_results_than_declared_is_never_green() -> None:
    verdict = decide([PASSED], 2, "critical", [])
    assert verdict.exit_code is ExitCode.COULD_NOT_TELL
    assert verdict.summary.startswith("1 of 2 checks could not be evaluated")


def test_no_check_at_all_is_not_green() -> None:
    assert decide([], 0, "critical", []).exit_code is ExitCode.NOTHING_DUE


def test_counts_cover_all_outcomes() -> None:
    verdict = decide([PASSED, FAILED, WARNING, NOTHING], 4, "critical", [])
    assert verdict.counts == {
        Outcome.PASSED: 1,
        Outcome.FAILED: 2,
        Outcome.ERRORED: 0,
        Outcome.NOT_EVALUATED: 1,
    }
    assert verdict.summary.startswith("2 of 3 evaluated checks failed (1 below critical)")


def test_codes_take_precedence_as_documented() -> None:
    order = [2, 3, 4, 1, 5, 0]
    for n, code in enumerate(order):
        assert worst(*map(ExitCode, order[n:])) == code


def lacking(name: str, layer: str, *days: date) -> DatasetRecord:
    cells = tuple(Cell(day, Status.DUE, 5, 3, 3, 0, 0) for day in days)
    return DatasetRecord(
        name=name, layer=layer, of="summary", match="keys", by_date=False, days=cells
    )


def test_what_no_failed_check_names_is_said_to_be_tolerated() -> None:
    second, third = date(2025, 1, 2), date(2025, 1, 3)
    records = [lacking("factors", "L4", second), lacking("cache", "L4", second, third)]
    verdict = decide([PASSED], 1, "critical", [*records, lacking("other", "L5", third)])
    assert verdict.tolerated == {
        "factors": (date(2025, 1, 1), second),
        "cache": (second, third),
    }, "a dataset of a suite that was not run was not judged"
    assert verdict.summary == ("1 of 1 evaluated checks passed; 3 dates lack keys within tolerance")
    failed = decide([FAILED], 1, "critical", [lacking("factors", "L4", date(2025, 1, 1), third)])
    assert failed.tolerated == {"factors": (third,)}, "a failed check names the other"
    assert failed.summary.endswith("checks failed; 1 date lacks keys within tolerance")


def test_what_could_not_be_judged_is_not_tolerated() -> None:
    verdict = decide([ERRORED], 1, "critical", [lacking("factors", "L4", date(2025, 1, 2))])
    assert verdict.tolerated == {}


def test_dates_that_no_rule_judges_are_never_green() -> None:
    verdict = decide([CLEAN_KEYS], 1, "critical", [lacking("factors", "L4", date(2025, 1, 2))])
    assert (verdict.exit_code, verdict.passed) == (ExitCode.COULD_NOT_TELL, False)
    assert verdict.summary.startswith("no rule says how much may be missing, and 1 date lacks keys")


ABOUT_ROWS = [rule.kind() for rule in RULES.values() if not rule.tells_missing]


@pytest.mark.parametrize("kind", ABOUT_ROWS)
def test_a_rule_about_rows_does_not_make_lost_dates_green(kind: str) -> None:
    """What is there may be as it should be: nobody said how much of it may be lost."""
    clean = record("PASSED", kind=kind).model_copy(update={"unexpected_dates": ()})
    lost = [lacking("factors", "L4", date(2025, 1, 2))]
    assert decide([clean], 1, "critical", lost).exit_code is ExitCode.COULD_NOT_TELL
    assert decide([clean, PASSED], 2, "critical", lost).exit_code is ExitCode.COMPLETE
    assert decide([clean, FAILED], 2, "critical", lost).exit_code is ExitCode.INCOMPLETE
    assert decide([clean, NOTHING], 2, "critical", []).exit_code is ExitCode.NOTHING_DUE
    assert decide([clean], 1, "critical", []).exit_code is ExitCode.COMPLETE


def test_rules_that_tell_what_is_missing_are_those_that_compare_over_due_dates() -> None:
    telling = {rule.kind() for rule in RULES.values() if rule.tells_missing}
    assert telling == {"conversion_ratio", "daily_conversion_ratio", "date_gap", "recent_coverage"}
