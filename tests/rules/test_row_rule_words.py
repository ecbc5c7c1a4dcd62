"""Rules about rows in a contract: what is refused, what they are called, and their sentences."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.checks import checks_of
from checkpoints.errors import ContractError
from tests.rules.test_row_rules import AGREES, FILLED, FRESH, HOURS, UNIQUE, WHOLE, contract


@pytest.mark.parametrize(
    ("rule", "message"),
    [
        (
            {"rule": "unique_keys", "columns": "kind", "at_most": 2},
            "with columns, a key stands once",
        ),
        ({"rule": "rows_per_key"}, "needs at_least, at_most or both"),
        (
            {"rule": "rows_per_key", "at_least": 3, "at_most": 2},
            "at_least 3 is more than at_most 2",
        ),
        ({"rule": "within", "column": "rate"}, "needs either one_of, or from, to or both"),
        ({"rule": "within", "column": "rate", "from": 2, "to": 1}, "from 2 is after to 1"),
        ({"rule": "agrees", "column": "rate"}, "needs with: DATASET.COLUMN"),
        ({**AGREES, "of": "boxes"}, "of: is said by with: DATASET.COLUMN: remove it"),
        ({**AGREES, "with": "boxen.points"}, "unknown dataset 'boxen': did you mean 'boxes'?"),
        ({**FILLED, "of": "boxes"}, "of: filled compares 'features' with nothing: remove it"),
        ({"rule": "up_to_date", "days": 2, "hours": 3}, "has days and hours: remove one of them"),
        ({"rule": "row_count"}, "needs at_least, at_most or of_median"),
        (
            {"rule": "conversion_ratio", "at_least": 1, "by": "points"},
            "by names 'points', which is no",
        ),
    ],
)
def test_parameters_that_make_no_sense_are_refused(
    tmp_path: Path, rule: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError) as refused:
        contract(tmp_path, rule)
    assert message in str(refused.value)


@pytest.mark.parametrize("rule", [FRESH, HOURS])
def test_a_rule_about_moments_needs_a_column_that_has_them(
    tmp_path: Path, rule: dict[str, Any]
) -> None:
    with pytest.raises(ContractError) as refused:
        contract(tmp_path, rule, written_at=None)
    assert "give 'features' written_at, the column that says so" in str(refused.value)


def test_tables_of_two_grains_are_compared_by_what_both_have(tmp_path: Path) -> None:
    by_game = {"rule": "conversion_ratio", "at_least": 1, "of": "schedule", "by": "game"}
    contract(tmp_path, by_game, key=["game"], by="game")
    with pytest.raises(ContractError, match="compare them by columns that both have"):
        contract(tmp_path, {**by_game, "by": []}, key=["game"], by="game")
    with pytest.raises(ContractError, match="so that their keys are never the same things"):
        contract(tmp_path, key=["game"])


def test_two_rules_of_a_kind_are_told_apart_by_what_they_are_about(tmp_path: Path) -> None:
    rules = (
        {"rule": "filled", "columns": "rate"},
        {"rule": "filled", "columns": "points"},
        {"rule": "within", "column": "rate", "from": 0, "to": 1},
        {"rule": "within", "column": "rate", "from": 0.05, "to": 0.5, "at_least": 0.9},
        {"rule": "within", "column": "kind", "one_of": ["final", "live"]},
        {"rule": "rows_per_key", "at_least": 1},
        {"rule": "rows_per_key", "at_least": 2, "by": "game"},
    )
    checks = checks_of(contract(tmp_path, *rules).contract, ["L4"])
    assert len({check.id for check in checks}) == len(rules)
    assert [check.name for check in checks] == [
        "filled rate",
        "filled points",
        "within rate from 0 to 1",
        "within rate from 0.05 to 0.5",
        "within kind one of final, live",
        "rows_per_key",
        "rows_per_key by game",
    ]
    with pytest.raises(ContractError, match="filled rate of 'features' is declared twice"):
        contract(tmp_path, rules[0], rules[0])


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        (UNIQUE, "no key of features stands more than once on its date"),
        (
            {**UNIQUE, "columns": ["kind", "w"]},
            "no key of features stands more than once on its date with the same kind, w",
        ),
        ({**UNIQUE, "at_most": 2}, "no key of features stands more than 2 times on its date"),
        (WHOLE, "every key of features has 2 to 3 rows (by game)"),
        (FILLED, "at least 75 % of the keys of features have no NULL in rate, points"),
        (
            {**FILLED, "per": "date"},
            "on every due date, at least 75 % of the keys of features have no NULL in rate, points",
        ),
        (
            {"rule": "within", "column": "kind", "one_of": ["a", "b"]},
            "at least 100 % of the keys of features with a kind have it one of a, b",
        ),
        (
            {"rule": "within", "column": "rate", "from": 0, "to": 1},
            "at least 100 % of the keys of features with a rate have it from 0 to 1",
        ),
        (
            {**AGREES, "with": "boxes.rate", "tolerance": 0.5},
            "at least 100 % of the keys that features and boxes both have agree in points and rate "
            "within 0.5",
        ),
        (
            {**FRESH, "lookback_days": 3},
            "the rows of features were written after those of boxes of that date and of 3 days "
            "before it",
        ),
        (
            {"rule": "row_count", "at_least": 5, "of_median": 0.5},
            "on every due date, features has at least 5 rows and at least 0.5 of the median of the "
            "last 28 due dates",
        ),
        (
            HOURS,
            "the last rows of features were written at most 36 hours before now, the end of the "
            "window and that of its last season",
        ),
    ],
)
def test_every_rule_is_a_sentence(tmp_path: Path, rule: dict[str, Any], sentence: str) -> None:
    (check,) = checks_of(contract(tmp_path, rule).contract, ["L4"])
    assert check.rule.sentence(check.pair, by_date=False) == sentence
