"""The contract file: what is refused, and how it is said."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.checks import checks_of
from checkpoints.contract.loading import load_contract
from checkpoints.errors import ContractError
from tests.support.warehouses import BASIC, D, contract_of, write_contract

SHIPPED = Path("gx/pipeline.yml")
END = D("2025-01-02")
KJ = ["k", "j"]
WIDE = {"wide": {**BASIC["datasets"]["summary"], "key": KJ, "rules": []}}
BY_COUNT = {"rule": "conversion_ratio", "of": "raw", "at_least": 1, "match": "count"}
GAP = {"from": END, "to": END, "until": END, "reason": "lost", "owner": "me"}


def problems(folder: Path, **changes: Any) -> str:
    with pytest.raises(ContractError) as refused:
        contract_of(folder, **changes)
    return str(refused.value)


def dataset(name: str, **changes: Any) -> dict[str, Any]:
    return {**BASIC["datasets"], name: {**BASIC["datasets"][name], **changes}}


def seasons(**months: str) -> list[dict[str, str]]:
    """Seasons of 2025 from the first of a month to the first of another: ``x="01 02"``."""
    spans = {name: span.split() for name, span in months.items()}
    return [
        {"name": name, "from": f"2025-{first}-01", "to": f"2025-{last}-01"}
        for name, (first, last) in spans.items()
    ]


def test_the_shipped_contract_loads_with_ten_datasets_and_all_rules() -> None:
    contract = load_contract(SHIPPED, {}).contract
    assert len(contract.datasets) == 10
    kinds = [c.kind for c in checks_of(contract)]
    assert {kind: kinds.count(kind) for kind in sorted(set(kinds))} == {
        "conversion_ratio": 12,
        "daily_conversion_ratio": 9,
        "date_gap": 8,
        "filled": 9,
        "fresh": 6,
        "no_null_keys": 10,
        "no_orphan_keys": 7,
        "recent_coverage": 1,
        "rows_per_key": 8,
        "unique_keys": 10,
        "up_to_date": 1,
        "within": 1,
    }


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"version: 1\nlayers: {a: [b\nc: d\n", r"line 3, column 2: malformed YAML"),
        (b"version: 1\ngrace_days: 1\ngrace_days: 2\n", r"line 3, .*'grace_days' appears twice"),
        (b"version: \xff", "not UTF-8"),
        *(
            (text, "pipeline.yml")
            for text in (b"", b"[]", b"version", b"\0", b"!!python/object:os.system {}")
        ),
    ],
)
def test_a_file_that_is_no_mapping_is_refused_with_path_and_line(
    tmp_path: Path, content: bytes, message: str
) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_bytes(content)
    with pytest.raises(ContractError, match=message) as refused:
        load_contract(path, {})
    assert str(path) in str(refused.value)


def test_every_problem_is_reported_at_once_with_its_place(tmp_path: Path) -> None:
    rules = [{"rule": "conversion_ratio", "at_least": 1.4}, {"rule": "date_gap", "at_most": 3}]
    text = problems(tmp_path, datasets=dataset("raw", rules=rules, colour="red"), grace_days=-1)
    assert "datasets.raw.rules[0].at_least: Input should be less than or equal to 1" in text
    assert "datasets.raw.rules[1].at_most: unknown key" in text
    assert "datasets.raw.rules[1].at_most_days: is missing" in text
    assert "datasets.raw.colour: unknown key" in text
    assert "grace_days:" in text


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"datasets": dataset("raw", upstream="shedule")}, "did you mean 'schedule'?"),
        ({"datasets": dataset("raw", upstream=None)}, "datasets.raw.upstream: is missing"),
        ({"datasets": dataset("raw", service="phase9")}, "unknown service 'phase9'"),
        ({"datasets": dataset("raw", on_landed="phase9")}, "on_landed: unknown service 'phase9'"),
        (
            {"datasets": dataset("raw", on_landed="phase9")},
            "datasets.raw.on_landed: no service builds 'raw'",
        ),
        ({"datasets": dataset("raw", layer="L9")}, "unknown layer 'L9'"),
        ({"datasets": dataset("raw", upstream="factors")}, "upstream goes in a circle: raw"),
        ({"datasets": dataset("raw", key=["k", "j"])}, "'raw' has 2 key columns and 'schedule' 1"),
        (
            {"datasets": dataset("raw", key=["k", "j"], match="count")},
            "datasets.raw.upstream: 'raw' has 2 key columns and 'schedule' 1",
        ),
        (
            {"datasets": {**dataset("factors", key=KJ, upstream="wide", rules=[BY_COUNT]), **WIDE}},
            "datasets.factors.rules[0].of: 'factors' has 2 key columns and 'raw' 1",
        ),
        (
            {
                "datasets": {**BASIC["datasets"], **WIDE},
                "cross_layer": [{**BY_COUNT, "dataset": "wide"}],
            },
            "cross_layer[0].of: 'wide' has 2 key columns and 'raw' 1",
        ),
        (
            {"known_gaps": [{**GAP, "dataset": "schedule"}]},
            "known_gaps[0].dataset: 'schedule' is the reference, which says on which dates",
        ),
        ({"datasets": dataset("raw", table=None)}, "needs either table or query"),
        (
            {"datasets": dataset("raw", table=None, query="SELECT d FROM t WHERE d >= '{from}'")},
            "datasets.raw.query: '{from}' is in quotes: write {from}, which becomes a DATE literal",
        ),
        ({"datasets": dataset("raw", table="s..raw")}, "has an empty part"),
        ({"datasets": dataset("raw", where=[{"column": "k"}])}, "exactly one of equals"),
        ({"datasets": dataset("raw", where=[{"column": "k", ">": 1, "<": 2}])}, "like, >, >=, <, "),
        (
            {"datasets": dataset("raw", where=[{"column": "k", ">": [1]}])},
            "datasets.raw.where[0].>: is neither text nor a number nor true or false, got [1]",
        ),
        (
            {"datasets": dataset("raw", where=[{"column": "k", "at_least": 1}])},
            "datasets.raw.where[0].at_least: unknown key: remove it or correct its spelling: keys",
        ),
        (
            {"datasets": dataset("raw", where=[{"column": "k", "is_null": False}])},
            "where[0].is_null: can only be true: write not_null: true in its place, got False",
        ),
        (
            {"datasets": dataset("raw", where=[{"column": "k", "not_null": False}])},
            "where[0].not_null: can only be true: write is_null: true in its place",
        ),
        ({"reference": "games"}, "unknown dataset 'games'"),
        ({"timezone": "Amerika/New_York"}, "is not a time zone name"),
        ({"seasons": seasons(x="02 01")}, "from 2025-02-01 is after to 2025-01-01"),
        ({"seasons": seasons(x="01 02", y="02 03")}, "'x' and 'y' overlap on 2025-02-01"),
        ({"checkpoints": {"daily": {"suites": ["L7"]}}}, "unknown suite 'L7'"),
        ({"checkpoints": {"daily": {"suites": []}}}, "suites: is empty"),
        ({"known_gaps": [{**GAP, "dataset": "raw", "until": 86400}]}, "is not a date such as 2025"),
        ({"protected": [{"dataset": "raw", "reason": "r", "from": "20250101", "to": END}]},
         "protected[0].from: is not a date such as 2025-01-31, got '20250101'"),
        ({"services": {"s": {"url": "https://x", "earliest_rebuildable": 20250101}}},
         "services.s.earliest_rebuildable: is not a date such as 2025-01-31, got 20250101"),
        ({"datasets": dataset("raw", table="a.b.c.d")}, "has more than 3 parts"),
        ({"cross_layer": [{"rule": "date_gap", "at_most_days": 1}]}, "[0].dataset: is missing"),
        (
            {"cross_layer": [{"rule": "no_null_keys", "dataset": "faktors"}]},
            "did you mean 'factors'?",
        ),
        (
            {"protected": [{"dataset": "q", "from": D("2025-01-01"), "to": END, "reason": "r"}]},
            "protected[0].dataset: unknown dataset 'q'",
        ),
        (
            {"datasets": dataset("raw", rules=[{"rule": "no_orphan_keys", "of": "raw"}])},
            "cannot be compared with itself",
        ),
        (
            {"rules_for_keyed": [{"rule": "no_null_keys"}, {"rule": "no_null_keys"}]},
            "declared twice",
        ),
        ({"datasets": dataset("raw", exempt=[{"rule": "date_gab", "reason": "r"}])},
         "datasets.raw.exempt[0].rule: unknown rule 'date_gab': did you mean 'date_gap'?"),
        ({"datasets": dataset("raw", exempt=[{"rule": "date_gap", "reason": "r"}])},
         "exempt[0].rule: neither rules_for_all nor rules_for_keyed has 'date_gap'"),
        ({"datasets": dataset("raw", exempt=[{"rule": "no_null_keys"}])}, "[0].reason: is missing"),
        ({"rules_for_all": [{"rule": "no_null_keys", "of": "raw"}]}, "rules_for_all[0]: holds for"),
        ({"timezone": "${NO_SUCH_VARIABLE}"}, "timezone: environment variable NO_SUCH_VARIABLE is"),
        ({"bigquery": {"max_bytes": "2 lbs"}}, "bigquery.max_bytes: could not interpret byte unit"),
    ],
)  # fmt: skip
def test_an_unsound_contract_is_refused(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    assert message in problems(tmp_path, **changes)


def test_keys_of_another_width_are_compared_by_date_where_one_side_has_no_key(
    tmp_path: Path,
) -> None:
    text = problems(tmp_path, datasets=dataset("raw", key=["k", "j"]))
    assert "match" not in text
    assert "compare them by columns that both have (by: …)" in text
    contract_of(tmp_path, datasets=dataset("factors", key=[]))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"datasets": dataset("raw", keys=["k"])},
            "datasets.raw.keys: unknown key: did you mean 'key'",
        ),
        ({"datasets": dataset("raw", wherre=[])}, "did you mean 'where'? keys are layer, table, "),
        (
            {"datasets": dataset("raw", where=[{"colum": "k", "equals": 1}])},
            "datasets.raw.where[0].colum: unknown key: did you mean 'column'?",
        ),
        (
            {"datasets": dataset("raw", rules=[{"rule": "date_gap", "at_most": 3}])},
            "rules[0].at_most: unknown key: did you mean 'at_most_days'? keys are dataset, sev",
        ),
        ({"cross_layers": []}, "cross_layers: unknown key: did you mean 'cross_layer'"),
        (
            {"rules_for_keyed": [{"rule": "no_null_keys", "severty": "info"}]},
            "rules_for_keyed[0].severty: unknown key: did you mean 'severity'?",
        ),
        (
            {"seasons": [{"name": "2025", "from": END, "to": END, "until": END}]},
            "seasons[0].until: unknown key: remove it or correct its spelling: keys are from, to",
        ),
        (
            {"checkpoints": {"suites": {"suites": ["L4"], "windw": "7d"}}},
            "checkpoints.suites.windw: unknown key: did you mean 'window' or 'windows'? "
            "keys are suites, window, windows",
        ),
        (
            {"services": {"results": {"url": "https://x", "results": {"paths": "a"}}}},
            "services.results.results.paths: unknown key: did you mean 'path'? "
            "keys are path, status, succeeded",
        ),
        (
            {"services": {"s": {"url": "https://x", "accept": [200]}}},
            "services.s.accept: unknown key: did you mean 'accepted'? keys are kind, timeout",
        ),
        ({"bigquery": {"max_byte": "1GB"}}, "bigquery.max_byte: unknown key: did you mean 'max_"),
    ],
)  # fmt: skip
def test_an_unknown_key_is_answered_with_the_keys_there_are(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    assert message in problems(tmp_path, **changes)


def test_a_variable_is_needed_only_where_no_option_stands_in_for_it(tmp_path: Path) -> None:
    unset = {"warehouse": "bigquery://${PROJECT}", "bigquery": {"max_bytes": "${LIMIT}"}}
    path = write_contract(tmp_path, BASIC, **unset)
    file = load_contract(path, {"LIMIT": "2GB"})
    assert file.contract.bigquery.max_bytes == 2_000_000_000
    file.require(warehouse="bigquery://other", max_bytes=None)
    with pytest.raises(ContractError, match=r"pipeline.yml: warehouse: .* PROJECT is not set"):
        file.require(warehouse=None)
    file = load_contract(path, {"PROJECT": "mine"})
    assert file.contract.warehouse == "bigquery://mine"
    file.require(warehouse=None, max_bytes="1GB")
    with pytest.raises(ContractError, match=r"bigquery.max_bytes: .* LIMIT is not set"):
        file.require(warehouse=None, max_bytes=None)


def test_variables_take_the_environment_then_the_default(tmp_path: Path) -> None:
    path = write_contract(tmp_path, BASIC, warehouse="${A:-duckdb:////a}", grace_days="${GRACE:-2}")
    assert load_contract(path, {}).contract.warehouse == "duckdb:////a"
    assert load_contract(path, {"A": "duckdb:///b"}).contract.warehouse == "duckdb:///b"
    assert load_contract(path, {}).contract.grace_days == 2
    assert load_contract(path, {"GRACE": "0"}).contract.grace_days == 0
    assert load_contract(path, {"GRACE": ""}).contract.grace_days == 2


def test_a_variable_that_looks_like_a_number_stays_text_where_text_is_wanted(
    tmp_path: Path,
) -> None:
    where = [{"column": "k", "not_equals": "${ID}"}]
    datasets = dataset("schedule", where=where)
    path = write_contract(tmp_path, BASIC, datasets=datasets)
    contract = load_contract(path, {"ID": "0022400061"}).contract
    assert contract.datasets["schedule"].where[0].not_equals == "0022400061"


def test_an_unset_variable_of_a_service_does_not_stop_a_check(tmp_path: Path) -> None:
    file = contract_of(tmp_path, services={"s": {"url": "${S_URL}", "path": "/{date}"}})
    assert file.contract.services["s"].url == "${S_URL}"


def test_the_hash_ignores_comments_and_environment_but_not_content(tmp_path: Path) -> None:
    path = write_contract(tmp_path, BASIC, warehouse="duckdb:///${X}")
    first = load_contract(path, {"X": "1"}).sha256
    path.write_text("# a comment\n" + path.read_text())
    assert load_contract(path, {"X": "2"}).sha256 == first
    path.write_text(path.read_text().replace("0.95", "0.94"))
    assert load_contract(path, {"X": "1"}).sha256 != first


def test_an_unreadable_contract_is_refused_with_its_path(tmp_path: Path) -> None:
    with pytest.raises(ContractError, match=r"nowhere.yml: cannot read the contract"):
        load_contract(tmp_path / "nowhere.yml", os.environ)
