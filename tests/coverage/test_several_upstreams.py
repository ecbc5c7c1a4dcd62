"""A dataset that is compared with several others: with any of them, or with all of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb

from checkpoints.archive.report import Report
from checkpoints.contract.checks import checks_of
from checkpoints.contract.loading import ContractFile
from checkpoints.coverage.results import CheckRecord, KeySample
from checkpoints.rules.rule import Outcome
from checkpoints.validation import check
from tests.support.runs import request_of
from tests.support.warehouses import BASIC, KEYED, D, contract_of

TENTH, ELEVENTH = D("2025-01-10"), D("2025-01-11")
GAMES = [(TENTH, "a"), (TENTH, "b"), (TENTH, "c"), (ELEVENTH, "d")]
BOOK = [(TENTH, "a"), (TENTH, "b")]
LIVE = [(TENTH, "b"), (TENTH, "c"), (ELEVENTH, "d")]
ANY, ALL = {"any_of": ["book", "live"]}, {"all_of": ["book", "live"]}
RATIO = {"rule": "conversion_ratio", "at_least": 1.0}


def contract_with(folder: Path, upstream: Any, **changes: Any) -> ContractFile:
    """Two raw sources, and a summary that is built from both: no other pair is compared by key."""
    raw = {"layer": "L1", **KEYED, "upstream": "schedule", "match": "count"}
    summary = {"layer": "L3", "table": "s.summary", **KEYED, "upstream": upstream, "rules": [RATIO]}
    datasets = {
        "schedule": BASIC["datasets"]["schedule"],
        "book": {**raw, "table": "s.book"},
        "live": {**raw, "table": "s.live"},
        "summary": {**summary, **changes},
    }
    suites = {"after_backfill": {"suites": ["reference", "L1", "L3"]}}
    return contract_of(folder, datasets=datasets, checkpoints=suites)


def report_of(folder: Path, file: ContractFile, **tables: Any) -> Report:
    return check(
        request_of(folder, file, **{"schedule": GAMES, "book": BOOK, "live": LIVE} | tables)
    )


def check_of(report: Report, kind: str, dataset: str = "summary") -> CheckRecord:
    (found,) = (c for c in report.checks if (c.kind, c.dataset) == (kind, dataset))
    return found


def figures(report: Report) -> list[list[int]]:
    """Expected, matched and orphan keys of the summary on the two dates."""
    (record,) = (r for r in report.datasets if r.name == "summary")
    cells = {cell.date: cell for cell in record.days}
    return [[c.expected, c.matched, c.orphans] for c in (cells[TENTH], cells[ELEVENTH])]


def samples(report: Report) -> list[KeySample]:
    return [sample for sample in report.keys if sample.dataset == "summary"]


def test_any_of_expects_what_any_source_has(tmp_path: Path) -> None:
    file = contract_with(tmp_path, ANY)
    summary = [(TENTH, "a"), (TENTH, "b"), (TENTH, "x"), (ELEVENTH, "d")]
    report = report_of(tmp_path, file, summary=summary)
    assert figures(report) == [[3, 2, 1], [1, 1, 0]]
    found = check_of(report, "conversion_ratio")
    assert (found.of, found.matched, found.expected) == ("book or live", 3, 4)
    assert check_of(report, "no_orphan_keys").unexpected_dates == (TENTH,)
    (sample,) = samples(report)
    assert (sample.of, sample.missing, sample.orphans) == ("book or live", (("c",),), (("x",),))


def test_all_of_expects_what_every_source_has(tmp_path: Path) -> None:
    file = contract_with(tmp_path, ALL)
    report = report_of(tmp_path, file, summary=[(TENTH, "a"), (ELEVENTH, "d")])
    assert figures(report) == [[1, 0, 1], [0, 0, 1]]
    assert check_of(report, "conversion_ratio").of == "book and live"
    of_day = {s.date: (s.missing, s.orphans) for s in samples(report)}
    assert of_day == {TENTH: ((("b",),), (("a",),)), ELEVENTH: ((), (("d",),))}


def test_a_rule_may_name_several_and_the_upstream_another(tmp_path: Path) -> None:
    file = contract_with(tmp_path, "live", rules=[{**RATIO, "of": ANY}])
    report = report_of(tmp_path, file, summary=LIVE)
    found = check_of(report, "conversion_ratio")
    assert (found.outcome, found.matched, found.expected) == (Outcome.FAILED, 3, 4)
    assert check_of(report, "no_orphan_keys").of == "live"


def test_without_a_key_a_date_counts_when_any_source_has_it_or_all_have(tmp_path: Path) -> None:
    for upstream, expected in ((ANY, [1, 1]), (ALL, [1, 0])):
        file = contract_with(tmp_path, upstream, key=[])
        report = report_of(tmp_path, file, summary=[(TENTH, "a")])
        assert [row[0] for row in figures(report)] == expected


def test_a_source_that_cannot_be_read_is_named_where_another_could_do(tmp_path: Path) -> None:
    report = report_of(tmp_path, contract_with(tmp_path, ANY), live=None, summary=BOOK)
    found = check_of(report, "conversion_ratio")
    assert found.outcome is Outcome.ERRORED
    assert "dataset 'live'" in found.message
    assert check_of(report, "no_null_keys").outcome is Outcome.PASSED


def test_a_source_whose_keys_never_match_is_named(tmp_path: Path) -> None:
    file = contract_with(tmp_path, ANY)
    request = request_of(tmp_path, file, schedule=GAMES, book=BOOK, live=[], summary=BOOK)
    with duckdb.connect(str(tmp_path / "w.duckdb")) as connection:
        connection.execute("CREATE OR REPLACE TABLE s.live (d DATE, k BOOLEAN)")
    found = check_of(check(request), "conversion_ratio")
    assert found.outcome is Outcome.ERRORED
    assert "'summary' and 'live' cannot be compared" in found.message


def test_a_single_name_is_the_same_check_however_it_is_written(tmp_path: Path) -> None:
    written: list[Any] = ["book", {"any_of": ["book"]}, {"all_of": ["book"]}]
    found = [checks_of(contract_with(tmp_path, upstream).contract) for upstream in written]
    ids = [[c.id for c in checks] for checks in found]
    assert ids[0] == ids[1] == ids[2]
