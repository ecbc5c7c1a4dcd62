"""Rules about rows, one by one, on real tables with literal rows."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.checks import checks_of
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window
from checkpoints.coverage.results import CheckRecord, judged
from checkpoints.dates import DateRange
from checkpoints.rules.unique_keys import UniqueKeys
from checkpoints.warehouse.evidence import Evidence, gather
from tests.support.warehouses import D, contract_of, fill

TYPES = (
    "d DATE, game VARCHAR, player VARCHAR, rate DOUBLE, points INTEGER, kind VARCHAR, w TIMESTAMP"
)
TABLE = {"date": "d", "key": ["game", "player"], "written_at": "w"}
Row = tuple[Any, ...]
NOON = datetime(2025, 1, 31, 12, tzinfo=UTC)


def row(
    day: int,
    player: str | None = "a",
    game: str | None = "g1",
    rate: float | None = 0.5,
    points: int | None = 10,
    kind: str | None = "final",
    w: str | None = "2025-01-20 03:00",
) -> Row:
    """A row of a day in January 2025."""
    return date(2025, 1, day), game, player, rate, points, kind, w


def contract(folder: Path, *rules: dict[str, Any], **changes: Any) -> ContractFile:
    """Schedule, box scores and features made from them, of which the rules are."""
    features = {"layer": "L4", "table": "s.features", **TABLE, "upstream": "boxes"}
    raw = {
        "version": 1, "grace_days": 1, "warehouse": "duckdb:///unused.duckdb",
        "reference": "schedule", "layers": {"reference": "r", "L1": "raw", "L4": "features"},
        "seasons": [{"name": "2025", "from": "2025-01-01", "to": "2025-03-31"}],
        "datasets": {
            "schedule": {"layer": "reference", "table": "s.schedule", **TABLE},
            "boxes": {"layer": "L1", "table": "s.boxes", **TABLE, "upstream": "schedule"},
            "features": {**features, "rules": list(rules), **changes},
        },
        "checkpoints": {"after_backfill": {"suites": ["reference", "L1", "L4"]}},
    }  # fmt: skip
    return contract_of(folder, raw)


def read(
    folder: Path,
    rule: dict[str, Any],
    features: Iterable[Row],
    boxes: Iterable[Row] | None = None,
    schedule: Iterable[Row] | None = None,
    first: str = "2025-01-05",
    last: str = "2025-01-31",
    **changes: Any,
) -> tuple[CheckRecord, Evidence]:
    """What the rule finds in features; without box scores there is one for each of these."""
    found = contract(folder, rule, **changes).contract
    rows = list(features)
    above = rows if boxes is None else list(boxes)
    tables = {"schedule": above if schedule is None else schedule, "boxes": above, "features": rows}
    window = Window(range=DateRange(D(first), D(last)), label="")
    url = fill(folder / "w.duckdb", tables, TYPES)
    evidence = gather(found, url, window, D("2025-01-31"), now=NOON)
    (check,) = checks_of(found, ["L4"])
    return judged(check, evidence.frame), evidence


def verdict(folder: Path, *arguments: Any, **named: Any) -> tuple[str, float | None, list[str]]:
    """Outcome, observed value, and the unexpected dates as days of January."""
    record, _ = read(folder, *arguments, **named)
    observed = None if record.observed is None else round(record.observed, 6)
    return str(record.outcome), observed, [f"{day:%d}" for day in record.unexpected_dates]


UNIQUE = {"rule": "unique_keys"}
THREE = [row(10, "a"), row(10, "b"), row(11, "a")]


def test_a_key_that_stands_twice_on_its_date_is_not_unique(tmp_path: Path) -> None:
    assert verdict(tmp_path, UNIQUE, THREE) == ("PASSED", 0, [])
    assert verdict(tmp_path, UNIQUE, [*THREE, row(10, "a")]) == ("FAILED", 1, ["10"])


def test_the_same_key_on_two_dates_is_no_repetition_and_null_keys_are_none(tmp_path: Path) -> None:
    rows = [*THREE, row(11, None), row(11, None), row(12, "a")]
    assert verdict(tmp_path, UNIQUE, rows) == ("PASSED", 0, [])


def test_keys_are_unique_on_dates_that_are_not_due_too(tmp_path: Path) -> None:
    rows = [*THREE, row(31, "a"), row(31, "a")]
    assert verdict(tmp_path, UNIQUE, rows) == ("FAILED", 1, ["31"])


def test_a_key_may_stand_as_often_as_at_most_says(tmp_path: Path) -> None:
    rows = [*[row(10, "a")] * 3, *[row(11, "a")] * 4]
    assert verdict(tmp_path, {**UNIQUE, "at_most": 3}, rows) == ("FAILED", 1, ["11"])


def test_unique_with_columns_leaves_other_rows_of_the_key_alone(tmp_path: Path) -> None:
    with_kind = {**UNIQUE, "columns": "kind"}
    rows = [row(10, "a", kind="home"), row(10, "a", kind="away"), row(10, "b", kind=None)]
    assert verdict(tmp_path, with_kind, [*rows, row(10, "b", kind=None)]) == ("PASSED", 0, [])
    twice = [*rows, row(10, "a", kind="home")]
    record, _ = read(tmp_path, with_kind, twice)
    assert (record.outcome, record.observed) == ("FAILED", 1)
    assert record.name == "unique_keys with kind"


def test_unique_by_a_coarser_key_with_the_rest_of_the_key(tmp_path: Path) -> None:
    by_game = {**UNIQUE, "by": "game", "columns": ["player", "game"]}
    assert verdict(tmp_path, by_game, [row(10, "a"), row(10, "b")]) == ("PASSED", 0, [])
    assert verdict(tmp_path, by_game, [row(10, "a"), row(10, "a")]) == ("FAILED", 1, ["10"])
    own = {**UNIQUE, "columns": ["player"]}
    assert verdict(tmp_path, own, [row(10, "a"), row(10, "a")]) == ("FAILED", 1, ["10"])


WHOLE = {"rule": "rows_per_key", "by": "game", "at_least": 2, "at_most": 3}


def test_a_game_with_too_few_or_too_many_players_is_not_whole(tmp_path: Path) -> None:
    rows = [
        *[row(10, p, "g1") for p in "ab"],
        *[row(10, p, "g2") for p in "abcd"],
        row(11, "a", "g3"),
    ]
    assert verdict(tmp_path, WHOLE, rows) == ("FAILED", 2, ["10", "11"])
    record, _ = read(tmp_path, WHOLE, rows[:2])
    assert (record.outcome, record.name) == ("PASSED", "rows_per_key by game")


def test_games_that_are_not_due_need_not_be_whole(tmp_path: Path) -> None:
    assert verdict(tmp_path, WHOLE, [row(31, "a")])[0] == "NOT_EVALUATED"
    warm = verdict(tmp_path, WHOLE, [row(5, "a"), *THREE[:2]], warmup_days=5)
    assert warm == ("PASSED", 0, [])


FILLED = {"rule": "filled", "columns": ["rate", "points"], "at_least": 0.75}


def test_a_key_with_null_in_any_of_its_rows_and_columns_is_not_filled(tmp_path: Path) -> None:
    rows = [row(10, p) for p in "abc"]
    assert verdict(tmp_path, FILLED, [*rows, row(10, "d", rate=None)]) == ("PASSED", 0.75, [])
    more = [*rows, row(10, "d", points=None), row(10, "c", rate=None)]
    assert verdict(tmp_path, FILLED, more) == ("FAILED", 0.5, ["10"])


def test_over_the_window_only_dates_below_the_share_are_unexpected(tmp_path: Path) -> None:
    rows = [*[row(10, p) for p in "abcd"], *[row(11, p, rate=None) for p in "ab"]]
    assert verdict(tmp_path, FILLED, rows) == ("FAILED", 0.666667, ["11"])
    lenient = {**FILLED, "at_least": 0.6}
    assert verdict(tmp_path, lenient, rows) == ("PASSED", 0.666667, [])
    record, _ = read(tmp_path, {**lenient, "per": "date"}, rows)
    assert (record.outcome, record.observed, record.unexpected_dates) == (
        "FAILED", 0, (D("2025-01-11"),),
    )  # fmt: skip
    assert (record.matched, record.expected) == (0, 2)
    assert record.message == "1 of 2 dates below the threshold"
    assert record.name == "filled rate, points per date"


def test_null_is_counted_by_a_coarser_key_too(tmp_path: Path) -> None:
    rows = [row(10, "a", "g1"), row(10, "b", "g1", rate=None), row(10, "a", "g2")]
    by_game = {"rule": "filled", "columns": "rate", "by": "game"}
    assert verdict(tmp_path, by_game, rows) == ("FAILED", 0.5, ["10"])


def test_what_is_due_and_holds_nothing_is_not_filled_or_unfilled(tmp_path: Path) -> None:
    above = [row(10), row(11)]
    assert verdict(tmp_path, FILLED, [], above)[0] == "NOT_EVALUATED"
    assert verdict(tmp_path, FILLED, [row(11)], above) == ("PASSED", 1, [])


@pytest.mark.parametrize(
    ("column", "bounds", "good", "bad"),
    [
        ("rate", {"from": 0, "to": 1}, [0.0, 1.0], [-0.01, 2.39]),
        ("rate", {"to": 1}, [-5.0], [1.5]),
        ("points", {"from": 0}, [0, 60], [-1]),
        ("kind", {"from": "b", "to": "c"}, ["b", "bz"], ["a", "ca"]),
        ("kind", {"one_of": ["final", "5"]}, ["final", "5"], ["live", "", "Final"]),
        ("points", {"one_of": [2, 3]}, [2, 3], [1]),
        ("d", {"from": "2025-01-01"}, [], []),
        ("w", {"from": "2025-01-11T00:00:00"}, ["2025-01-11"], ["2025-01-10 23:59"]),
    ],
)
def test_a_value_outside_is_seen_and_null_is_not(
    tmp_path: Path, column: str, bounds: dict[str, Any], good: list[Any], bad: list[Any]
) -> None:
    rule = {"rule": "within", "column": column, **bounds}
    if column == "d":
        assert verdict(tmp_path, rule, [row(10)]) == ("PASSED", 1, [])
        return
    rows = [row(10, f"good {n}", **{column: value}) for n, value in enumerate([*good, None])]
    assert verdict(tmp_path, rule, rows) == ("PASSED", 1, [])
    for value in bad:
        both = [*rows, row(11, **{column: value}), row(11, **{column: good[0]})]
        share = round(len(good) / (len(good) + 1), 6)
        assert verdict(tmp_path, rule, both) == ("FAILED", share, ["11"])


def test_a_column_without_any_value_has_nothing_outside(tmp_path: Path) -> None:
    rule = {"rule": "within", "column": "rate", "to": 1}
    assert verdict(tmp_path, rule, [row(10, rate=None)])[0] == "NOT_EVALUATED"


AGREES = {"rule": "agrees", "column": "points", "with": "boxes.points"}


def test_values_of_keys_that_both_have_must_agree(tmp_path: Path) -> None:
    boxes = [row(10, "a", points=1), row(10, "b", points=2), row(10, "c", points=3)]
    same = [*boxes[:2], row(10, "only here", points=9)]
    assert verdict(tmp_path, AGREES, same, boxes) == ("PASSED", 1, [])
    other = [boxes[0], row(10, "b", points=4)]
    assert verdict(tmp_path, AGREES, other, boxes) == ("FAILED", 0.5, ["10"])
    assert verdict(tmp_path, {**AGREES, "at_least": 0.5}, other, boxes) == ("PASSED", 0.5, [])
    assert verdict(tmp_path, {**AGREES, "tolerance": 2}, other, boxes) == ("PASSED", 1, [])
    assert verdict(tmp_path, {**AGREES, "tolerance": 1.9}, other, boxes)[0] == "FAILED"


def test_a_value_that_only_one_of_both_has_does_not_agree(tmp_path: Path) -> None:
    boxes = [row(10, "a", points=None), row(10, "b", points=2), row(11, "a", points=None)]
    mine = [row(10, "a", points=1), row(10, "b", points=None), row(11, "a", points=None)]
    assert verdict(tmp_path, AGREES, mine, boxes) == ("FAILED", 0.333333, ["10"])


def test_numbers_agree_as_numbers_and_at_the_tolerance(tmp_path: Path) -> None:
    rule = {"rule": "agrees", "column": "rate", "with": "boxes.points", "tolerance": 0.1}
    rows = [row(10, rate=1.1)]
    assert verdict(tmp_path, rule, rows, [row(10, points=1)]) == ("PASSED", 1, [])
    record, _ = read(tmp_path, {**rule, "tolerance": 0}, rows, [row(10, points=1)])
    assert (record.outcome, record.name) == ("FAILED", "agrees rate with points")


def test_what_is_no_number_agrees_with_nothing(tmp_path: Path) -> None:
    nan = float("nan")
    boxes = [row(10, "a", rate=1.0), row(10, "b", rate=nan), row(10, "c", rate=2.0)]
    mine = [row(10, "a", rate=nan), row(10, "b", rate=nan), row(10, "c", rate=2.0)]
    for tolerance in (0, 1):
        rule = {"rule": "agrees", "column": "rate", "with": "boxes.rate", "tolerance": tolerance}
        assert verdict(tmp_path, rule, mine, boxes) == ("FAILED", 0.333333, ["10"])


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"column": "d", "with": "boxes.points"},
            "column 'd' is DATE and column 'points' is INTEGER: they never match",
        ),
        (
            {"column": "kind", "with": "boxes.kind", "tolerance": 1},
            "column 'kind' is VARCHAR, and a tolerance is for numbers: remove it",
        ),
    ],
)
def test_values_that_can_never_agree_are_an_error_that_names_both(
    tmp_path: Path, changes: dict[str, Any], message: str
) -> None:
    record, _ = read(tmp_path, {**AGREES, **changes}, [row(10)])
    assert (record.outcome, record.observed) == ("ERRORED", None)
    assert message in record.message


def test_values_of_two_locations_are_never_said_to_agree(tmp_path: Path) -> None:
    record, _ = read(tmp_path, AGREES, [row(10, points=1)], [row(10, points=2)], location="US")
    assert record.outcome == "ERRORED"
    assert "no query reads values of two locations, as 'points' needs it" in record.message


def test_facts_of_several_locations_are_put_together(tmp_path: Path) -> None:
    rows = [row(10, "a"), row(10, "b", rate=None), row(10, "b")]
    for rule, share in ((FILLED, 0.5), ({"rule": "filled", "columns": "rate", "by": "game"}, 0)):
        assert verdict(tmp_path, rule, rows, location="US") == ("FAILED", share, ["10"])
    assert verdict(tmp_path, UNIQUE, rows, location="US") == ("FAILED", 1, ["10"])
    counted = {"rule": "row_count", "at_most": 2}
    assert verdict(tmp_path, counted, rows, location="US") == ("FAILED", 1, ["10"])
    late = [row(10, w="2025-01-21")]
    assert verdict(tmp_path, FRESH, rows, late, location="US") == ("FAILED", 1, ["10"])
    assert verdict(tmp_path, FRESH, late, rows, location="US") == ("PASSED", 0, [])


def test_all_rows_of_a_coarser_key_must_agree(tmp_path: Path) -> None:
    rule = {"rule": "agrees", "column": "kind", "with": "boxes.kind", "by": "game"}
    boxes = [row(10, "a", kind="home"), row(10, "b", kind="home")]
    assert verdict(tmp_path, rule, boxes[:1], boxes) == ("PASSED", 1, [])
    mixed = [*boxes, row(10, "c", kind="away")]
    assert verdict(tmp_path, rule, mixed, boxes) == ("FAILED", 0, ["10"])


FRESH = {"rule": "fresh"}


def test_rows_are_stale_when_the_first_was_written_before_the_last_upstream(
    tmp_path: Path,
) -> None:
    boxes = [row(10, w="2025-01-11 01:00"), row(10, "b", w="2025-01-14 02:00")]
    early = [row(10, w="2025-01-11 03:00"), row(10, "b", w="2025-01-15 00:00")]
    record, _ = read(tmp_path, FRESH, early, boxes)
    assert (record.outcome, record.observed, record.figure) == ("FAILED", 1, "1 stale date")
    assert record.message == (
        "rows of 2025-01-10 were written 2025-01-11 03:00, their upstream 2025-01-14 02:00 (UTC)"
    )
    late = [row(10, w="2025-01-14 02:00"), row(10, "b", w="2025-01-14 03:00")]
    assert verdict(tmp_path, FRESH, late, boxes) == ("PASSED", 0, [])


def test_a_lookback_reads_the_upstream_before_the_window(tmp_path: Path) -> None:
    boxes = [row(7, w="2025-01-25 00:00"), *[row(day, w="2025-01-12") for day in (9, 10, 11)]]
    mine = [row(day, w="2025-01-13") for day in (9, 10, 11)]
    given = (mine, boxes)
    assert verdict(tmp_path, FRESH, *given, first="2025-01-09") == ("PASSED", 0, [])
    back = {**FRESH, "lookback_days": 3}
    assert verdict(tmp_path, back, *given, first="2025-01-09") == ("FAILED", 2, ["09", "10"])


def test_rows_of_which_none_says_when_they_were_written_are_stale(tmp_path: Path) -> None:
    mine = [row(10, w=None), row(11, w=None), row(11, "b", w="2025-01-30")]
    record, _ = read(tmp_path, FRESH, mine, [row(10), row(11)])
    assert (record.outcome, record.unexpected_dates) == ("FAILED", (D("2025-01-10"),))
    assert record.message == "no row says when it was written on 1 date"


def test_dates_without_rows_are_not_stale(tmp_path: Path) -> None:
    assert verdict(tmp_path, FRESH, [row(11)], [row(10), row(11)]) == ("PASSED", 0, [])
    assert verdict(tmp_path, FRESH, [], [row(10)])[0] == "NOT_EVALUATED"


HOURS = {"rule": "up_to_date", "hours": 36}


def test_the_last_writing_is_at_most_so_many_hours_before_now(tmp_path: Path) -> None:
    on_time = [row(10, w="2025-01-30 00:00")]
    assert verdict(tmp_path, HOURS, on_time) == ("PASSED", 1.5, [])
    record, _ = read(tmp_path, HOURS, [row(10, w="2025-01-29 23:57")])
    assert (record.outcome, record.figure, record.limit) == ("FAILED", "36.1 hours", "≤ 36 hours")
    assert record.message == "written last 2025-01-29 23:57 (UTC)"


def test_a_window_that_has_ended_asks_for_nothing_that_came_later(tmp_path: Path) -> None:
    rows = [row(10, w="2025-01-14 12:00")]
    assert verdict(tmp_path, HOURS, rows, last="2025-01-15") == ("PASSED", 1.5, [])


def test_a_short_window_looks_for_the_last_writing_before_it(tmp_path: Path) -> None:
    rows = [row(29, w="2025-01-31 00:00")]
    assert verdict(tmp_path, HOURS, rows, first="2025-01-31") == ("PASSED", 0.5, [])
    record, _ = read(tmp_path, HOURS, [], rows, first="2025-01-31")
    assert record.outcome == "FAILED"
    assert record.message == "no row from 2025-01-19 on says when"


def steady(*odd: tuple[int, int]) -> list[Row]:
    """Ten rows on each date from the 5th to the 20th, but for those that are given."""
    counts = {**dict.fromkeys(range(5, 21), 10), **dict(odd)}
    return [row(day, str(n)) for day, number in counts.items() for n in range(number)]


def test_the_rows_of_a_due_date_lie_within_absolute_bounds(tmp_path: Path) -> None:
    rule = {"rule": "row_count", "at_least": 5, "at_most": 20}
    found, _ = read(tmp_path, rule, steady((8, 4), (9, 25), (10, 0)), steady())
    assert (found.outcome, found.observed) == ("FAILED", 3)
    assert [f"{day:%d}" for day in found.unexpected_dates] == ["08", "09", "10"]
    assert found.message == "2025-01-10 has 0 rows, at least 5 are required"
    assert verdict(tmp_path, rule, steady()) == ("PASSED", 0, [])


def test_half_a_day_is_seen_against_the_median_of_the_dates_before(tmp_path: Path) -> None:
    rule = {"rule": "row_count", "of_median": 0.5, "last": 6}
    found, _ = read(tmp_path, rule, steady((7, 2), (15, 4), (16, 5)))
    assert [f"{day:%d}" for day in found.unexpected_dates] == ["15"]  # the 7th has too few before
    assert found.message == "2025-01-15 has 4 rows, the median of the 6 due dates before is 10"
    assert verdict(tmp_path, rule, steady()[:40])[0] == "NOT_EVALUATED"


def test_dates_that_hold_nothing_do_not_lower_the_median(tmp_path: Path) -> None:
    rule = {"rule": "row_count", "of_median": 0.5, "last": 6}
    lost = [(day, 0) for day in range(10, 15)]
    found, _ = read(tmp_path, rule, steady(*lost, (15, 4)), steady())
    assert [f"{day:%d}" for day in found.unexpected_dates] == ["10", "11", "12", "13", "14", "15"]


def test_every_row_counts_and_not_only_every_key(tmp_path: Path) -> None:
    rule = {"rule": "row_count", "at_most": 2}
    assert verdict(tmp_path, rule, [row(10), row(10), row(10)]) == ("FAILED", 1, ["10"])


def test_a_dataset_without_a_key_has_a_batch_a_date(tmp_path: Path) -> None:
    rows = [row(10), row(10, rate=None), row(11), row(12, rate=None)]
    found = (
        (UNIQUE, ("FAILED", 1, ["10"])),
        ({"rule": "rows_per_key", "at_most": 1}, ("FAILED", 1, ["10"])),
        ({"rule": "filled", "columns": "rate"}, ("FAILED", 0.333333, ["10", "12"])),
        ({"rule": "filled", "columns": "rate", "by": "game"}, ("FAILED", 0.333333, ["10", "12"])),
        ({"rule": "within", "column": "rate", "to": 1}, ("PASSED", 1, [])),
        ({"rule": "row_count", "at_most": 1}, ("FAILED", 1, ["10"])),
        (FRESH, ("PASSED", 0, [])),
    )
    for rule, expected in found:
        assert verdict(tmp_path, rule, rows, key=[]) == expected, rule


def test_a_rule_for_keyed_datasets_leaves_those_without_a_key_alone(tmp_path: Path) -> None:
    found = contract(tmp_path, key=[]).contract
    keyed = found.model_copy(update={"rules_for_keyed": (UniqueKeys(rule="unique_keys"),)})
    assert [c.dataset for c in checks_of(keyed) if c.kind == "unique_keys"] == [
        "schedule",
        "boxes",
    ]


def test_rules_about_rows_are_errors_where_the_reference_cannot_be_read(tmp_path: Path) -> None:
    found = contract(tmp_path, FILLED).contract
    url = fill(tmp_path / "w.duckdb", {"boxes": [row(10)], "features": [row(10)]}, TYPES)
    window = Window(range=DateRange(D("2025-01-05"), D("2025-01-31")), label="")
    frame = gather(found, url, window, D("2025-01-31")).frame
    (check,) = checks_of(found, ["L4"])
    assert judged(check, frame).outcome == "ERRORED"


def test_the_keys_that_break_a_rule_are_shown(tmp_path: Path) -> None:
    rows = [row(10, "a"), row(10, "b", rate=None), row(11, "c", rate=None)]
    record, evidence = read(tmp_path, FILLED, rows)
    assert [(s.check == record.id, f"{s.date:%d}", s.broken) for s in evidence.keys] == [
        (True, "11", (("g1", "c"),)),
        (True, "10", (("g1", "b"),)),
    ]
    assert all(s.missing == s.orphans == () for s in evidence.keys)
    boxes = [row(10, "a", points=1), row(10, "b", points=1)]
    mine = [row(10, "a", points=2), row(10, "b", points=1), row(10, "c", points=2)]
    _, evidence = read(tmp_path, AGREES, mine, boxes)
    assert [s.broken for s in evidence.keys if s.check] == [(("g1", "a"),)]
