"""Single keys that are read: which, of which dates, and what is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import duckdb
import pytest

from checkpoints.contract.checks import checks_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.results import KeySample, judged
from checkpoints.dates import DateRange
from checkpoints.errors import WarehouseError
from checkpoints.warehouse import reading
from checkpoints.warehouse.evidence import Evidence, gather
from tests.support.warehouses import BASIC, D, contract_of, days, fill

CROWD = 25_000
WITHOUT, UNDATED = "without a key or a readable date", "without a date that can be read"


def gathered(contract: Contract, url: str, first: str, last: str) -> Evidence:
    window = Window(range=DateRange(D(first), D(last)), label="")
    return gather(contract, url, window, D("2025-06-01"))


def crowded(folder: Path, contract: Contract) -> str:
    """Every key of three dates in every table; ``summary`` has another name for five a date."""
    path = folder / "w.duckdb"
    url = fill(path, dict.fromkeys(contract.names, ()))
    with duckdb.connect(str(path)) as connection:
        for name in contract.names:
            key = f"if(r % {CROWD // 5} = 7, 'z', '')" if name == "summary" else "''"
            connection.execute(
                f"INSERT INTO s.{name} SELECT DATE '2025-01-10' + d::INT, {key} || r "
                f"FROM range(3) AS days(d), range({CROWD}) AS keys(r)"
            )
    return url


def shown(samples: tuple[KeySample, ...], dataset: str) -> list[tuple[str, int, int]]:
    return [(f"{s.date:%m-%d}", len(s.missing), len(s.orphans)) for s in samples
            if s.dataset == dataset]  # fmt: skip


def test_keys_are_shown_however_many_match_on_their_dates(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    found = gathered(contract, crowded(tmp_path, contract), "2025-01-10", "2025-01-12")
    assert shown(found.keys, "summary") == [("01-12", 5, 5), ("01-11", 5, 5), ("01-10", 5, 5)]
    assert found.keys[0].missing[0] == ("10007",)
    assert found.keys[0].orphans[0] == ("z10007",)
    assert found.keys_unread == ()
    assert found.statements[-1].rows < 100


def test_twenty_keys_of_each_kind_stand_for_the_others(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    every = days("2025-01-10", "2025-01-10", games=90)
    tables = {**dict.fromkeys(contract.names, every), "summary": every[30:]}
    found = gathered(contract, fill(tmp_path / "w.duckdb", tables), "2025-01-10", "2025-01-10")
    sample = next(s for s in found.keys if s.dataset == "summary")
    assert sample.missing == tuple(sorted((k,) for _, k in every[:30]))[:20]
    assert found.statements[-1].rows == 20


def partial(first: str, last: str) -> list[tuple[Any, str]]:
    """Four keys a day, of which one is lost on every date of a range."""
    return [r for r in days("2025-01-05", "2025-04-30", games=4)
            if not (D(first) <= r[0] <= D(last) and r[1].endswith("_3"))]  # fmt: skip


def test_the_newest_dates_come_first_and_those_of_failed_checks_before_them(
    tmp_path: Path,
) -> None:
    lenient = [{"rule": "conversion_ratio", "at_least": 0.1}]
    strict = [{"rule": "conversion_ratio", "at_least": 1}]
    datasets = {n: dict(d) for n, d in BASIC["datasets"].items()}
    datasets["raw"]["rules"] = lenient
    datasets["summary"]["rules"] = []
    datasets["factors"] = {**datasets["factors"], "upstream": "schedule", "rules": strict}
    contract = contract_of(tmp_path, datasets=datasets, rules_for_keyed=[]).contract
    every = days("2025-01-05", "2025-04-30", games=4)
    url = fill(
        tmp_path / "w.duckdb",
        {
            "schedule": every,
            "raw": partial("2025-02-01", "2025-04-30"),
            "summary": partial("2025-02-01", "2025-04-30"),
            "factors": partial("2025-01-10", "2025-01-14"),
        },
    )
    found = gathered(contract, url, "2025-01-05", "2025-04-30")
    assert [(s.dataset, f"{s.date:%m-%d}") for s in found.keys[:6]] == [
        *(("factors", f"01-{day}") for day in (14, 13, 12, 11, 10)),
        ("raw", "04-30"),
    ]
    assert len({s.date for s in found.keys}) == reading.DETAILED_DATES
    read = [s.date for s in found.keys if s.dataset == "raw"]
    assert (min(read), max(read)) == (D("2025-03-07"), D("2025-04-30"))
    left = [D("2025-02-01"), D("2025-03-06")]
    assert [found.keys_unread[0], found.keys_unread[-1]] == left
    assert len(found.keys_unread) == 34


def test_a_limit_on_rows_leaves_out_passed_pairs_and_then_old_dates(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DETAILED_ROWS", 4)
    datasets = {n: dict(d) for n, d in BASIC["datasets"].items()}
    datasets["raw"]["rules"] = []
    strict = [{"rule": "conversion_ratio", "at_least": 1}]
    datasets["summary"]["rules"] = []
    datasets["factors"] = {**datasets["factors"], "upstream": "schedule", "rules": strict}
    datasets["factors"]["warmup_days"] = 0
    contract = contract_of(tmp_path, datasets=datasets, rules_for_keyed=[]).contract
    every = days("2025-01-10", "2025-01-12", games=4)
    tables = {
        **dict.fromkeys(contract.names, every),
        "raw": [r for r in every if not r[1].endswith("_3")],
        "factors": [r for r in every if not r[1].endswith("_0") and r[1] != "20250110_1"],
    }
    found = gathered(contract, fill(tmp_path / "w.duckdb", tables), "2025-01-10", "2025-01-12")
    assert shown(found.keys, "factors") == [("01-12", 1, 0), ("01-11", 1, 0), ("01-10", 2, 0)]
    assert len(found.keys_unread) == 3
    assert found.statements[-1].rows == 4


def test_keys_of_several_locations_are_told_apart_after_they_are_merged(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    places = {"schedule": "a", "raw": "b", "summary": "a", "factors": "b"}
    datasets = {n: {**d, "location": places[n]} for n, d in BASIC["datasets"].items()}
    one = contract_of(tmp_path).contract
    scattered = contract_of(tmp_path, datasets=datasets).contract
    url = crowded(tmp_path, one)
    window = ("2025-01-10", "2025-01-12")
    assert gathered(scattered, url, *window).keys == gathered(one, url, *window).keys[:9]
    monkeypatch.setattr(reading, "MERGED_KEYS", 10)
    few = gathered(scattered, url, *window)
    assert shown(few.keys, "summary") == [("01-12", 5, 5)]
    assert few.keys_unread == (D("2025-01-10"), D("2025-01-11"))


def test_keys_that_an_unreadable_upstream_may_hold_are_no_orphans(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    held = {name: days("2025-01-10", "2025-01-12") for name in contract.names if name != "raw"}
    found = gathered(contract, fill(tmp_path / "w.duckdb", held), "2025-01-10", "2025-01-12")
    assert list(found.frame.unreadable) == ["raw"]
    assert (found.keys, found.keys_unread) == ((), ())


NULLS = {"rule": "no_null_keys"}
WEEK = days("2025-01-10", "2025-01-12")


def of_nulls(evidence: Evidence, contract: Contract) -> dict[str, Any]:
    """What the rule found, by dataset: the figure, the message, the dates."""
    records = [judged(check, evidence.frame) for check in checks_of(contract)]
    return {
        r.dataset: (r.figure, r.message, [f"{day:%m-%d}" for day in r.unexpected_dates])
        for r in records
        if r.kind == "no_null_keys"
    }


@pytest.mark.parametrize("places", ["aaaa", "abab"])
def test_rows_without_a_key_or_a_date_are_counted_one_by_one(tmp_path: Path, places: str) -> None:
    datasets = {
        name: {**dataset, "location": place}
        for (name, dataset), place in zip(BASIC["datasets"].items(), places, strict=True)
    }
    contract = contract_of(tmp_path, datasets=datasets, rules_for_keyed=[NULLS]).contract
    lost = [(D("2025-01-11"), None)] * 1000 + [(D("2025-01-12"), " ")] * 2
    undated = [(None, "a")] * 30 + [(None, None)] * 4
    tables = {
        **dict.fromkeys(contract.names, WEEK),
        "summary": [*WEEK, *lost, *undated],
        "factors": [*WEEK, *undated[:1]],
    }
    found = gathered(contract, fill(tmp_path / "w.duckdb", tables), "2025-01-10", "2025-01-12")
    assert of_nulls(found, contract) == {
        "schedule": (f"0 rows {WITHOUT}", "", []),
        "raw": (f"0 rows {WITHOUT}", "", []),
        "summary": (f"1,036 rows {WITHOUT}", f"34 rows {UNDATED}", ["01-11", "01-12"]),
        "factors": (f"1 row {WITHOUT}", f"1 row {UNDATED}", []),
    }
    cells = next(cells for pair, cells in found.frame.cells.items() if pair.dataset == "summary")
    assert [cell.null_keys for cell in cells] == [0, 1000, 2]


def test_only_what_has_rows_without_a_key_is_read_again_to_count_them(tmp_path: Path) -> None:
    contract = contract_of(tmp_path, rules_for_keyed=[NULLS]).contract
    url = fill(tmp_path / "w.duckdb", dict.fromkeys(contract.names, WEEK))
    assert len(gathered(contract, url, "2025-01-10", "2025-01-12").statements) == 1
    fill(tmp_path / "w.duckdb", {"raw": [*WEEK, (D("2025-01-11"), None)]})
    assert len(gathered(contract, url, "2025-01-10", "2025-01-12").statements) == 2


def test_where_they_cannot_be_counted_distinct_keys_stand_for_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise WarehouseError("more would be read than is allowed")

    contract = contract_of(tmp_path, rules_for_keyed=[NULLS]).contract
    lost = [(D("2025-01-11"), None)] * 9 + [(None, "a")] * 3
    tables = {**dict.fromkeys(contract.names, WEEK), "raw": [*WEEK, *lost]}
    url = fill(tmp_path / "w.duckdb", tables)
    monkeypatch.setattr(reading, "nulls_statement", refused)
    found = of_nulls(gathered(contract, url, "2025-01-10", "2025-01-12"), contract)["raw"]
    assert found == (f"2 rows {WITHOUT}", f"1 row {UNDATED}", ["01-11"])
