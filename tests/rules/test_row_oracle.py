"""Rules about rows say what a naive pandas oracle says, on random tables."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoints.contract.checks import checks_of
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage.results import CheckRecord, judged
from checkpoints.dates import DateRange
from checkpoints.warehouse.evidence import gather
from tests.support.warehouses import contract_of, fill

START = date(2025, 1, 1)
LENGTH = 9
LAST = START + timedelta(days=LENGTH - 1)
AS_OF = LAST + timedelta(days=3)
NOW = datetime(2025, 1, 14, 17, 30, tzinfo=UTC)
TYPES = "d DATE, k VARCHAR, j BIGINT, i INTEGER, x DOUBLE, t VARCHAR, born DATE, w TIMESTAMP"
COLUMNS = [column.split()[0] for column in TYPES.split(", ")]
KEY = ["k", "j"]
TABLE = {"date": "d", "key": KEY, "written_at": "w"}


class World(NamedTuple):
    """The rows of two tables, and the rules of ``left``; these dates are due."""

    left: list[tuple[Any, ...]]
    right: list[tuple[Any, ...]]
    due: list[date]
    rules: list[dict[str, Any]]


def days(first: int, last: int) -> st.SearchStrategy[date]:
    return st.integers(first, last).map(lambda n: START + timedelta(days=n))


def moments() -> st.SearchStrategy[datetime]:
    return st.integers(0, 60).map(lambda n: datetime(2025, 1, 1) + timedelta(hours=5 * n))


def row() -> st.SearchStrategy[tuple[Any, ...]]:
    return st.tuples(
        st.one_of(days(0, LENGTH - 1), days(3, 4), st.none()),
        st.sampled_from(["a", "a", "b", "É", None]),
        st.sampled_from([1, 1, 2, None]),
        st.sampled_from([None, 0, 1, 2, 3]),
        st.sampled_from([None, -0.5, 0.0, 0.5, 1.0, 1.1, 2.39]),
        st.sampled_from([None, "x", "y", "X", "5"]),
        st.one_of(st.none(), days(-1, 2)),
        st.one_of(st.none(), moments()),
    )


def by() -> st.SearchStrategy[list[str]]:
    return st.sampled_from([[], [], ["k"], ["j"], KEY, ["k", "t"]])


def columns(least: int) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from([*KEY, "i", "x", "t", "born"]), unique=True, min_size=least)


def shares() -> st.SearchStrategy[dict[str, Any]]:
    at_least = st.sampled_from([0.0, 0.5, 0.9, 1.0])
    return st.fixed_dictionaries({"at_least": at_least, "per": st.sampled_from(["window", "date"])})


BOUNDS = [
    {"column": "i", "from": 1, "to": 2},
    {"column": "x", "from": 0},
    {"column": "x", "to": 1},
    {"column": "i", "one_of": [0, 3]},
    {"column": "t", "one_of": ["x", "5"]},
    {"column": "t", "from": "X", "to": "x"},
    {"column": "born", "from": "2025-01-01", "to": "2025-01-02"},
]
OTHERS = [
    {"column": "i", "with": "right.i"},
    {"column": "i", "with": "right.x", "tolerance": 1},
    {"column": "x", "with": "right.x", "tolerance": 0.1},
    {"column": "x", "with": "right.x"},
    {"column": "t", "with": "right.t"},
    {"column": "born", "with": "right.born"},
]


def bounds_of(names: tuple[str, str], least: int, most: int) -> st.SearchStrategy[dict[str, int]]:
    low, high = st.integers(least, 2), st.integers(2, most)
    both = st.tuples(low, high).map(lambda found: dict(zip(names, found, strict=True)))
    return st.one_of(both, low.map(lambda n: {names[0]: n}), high.map(lambda n: {names[1]: n}))


@st.composite
def rules(draw: st.DrawFn) -> list[dict[str, Any]]:
    """One of each kind, and a second of some."""
    between = bounds_of(("at_least", "at_most"), 1, 4)
    medians = {"of_median": draw(st.sampled_from([0.5, 0.7, 1.0])), "last": 6}
    counts = draw(st.one_of(between, st.just(medians), between.map(lambda found: found | medians)))
    return [
        {"rule": "unique_keys", "at_most": draw(st.integers(1, 2)), "by": draw(by())},
        {"rule": "unique_keys", "columns": draw(columns(1)), "by": draw(by())},
        {"rule": "rows_per_key", "by": draw(by()), **draw(between)},
        {"rule": "filled", "columns": draw(columns(1)), "by": draw(by()), **draw(shares())},
        {"rule": "within", "by": draw(by()), **draw(st.sampled_from(BOUNDS)), **draw(shares())},
        {
            "rule": "agrees",
            "by": draw(st.sampled_from([[], ["k"], ["j"]])),
            **draw(st.sampled_from(OTHERS)),
            **draw(shares()),
        },
        {"rule": "fresh", "lookback_days": draw(st.integers(0, 3))},
        {"rule": "up_to_date", "hours": draw(st.sampled_from([12, 36.5, 100, 400]))},
        {"rule": "row_count", **counts},
    ]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    right = draw(st.lists(row(), min_size=4, max_size=20))
    changed = [found for found in right if draw(st.booleans())]
    left = [*changed, *draw(st.lists(row(), max_size=20)), *changed[:2]]
    due = draw(st.sets(days(0, LENGTH - 1), min_size=5))
    return World(left, right, sorted(due), draw(rules()))


# ------------------------------------------------------------------ the oracle


def table(rows: list[tuple[Any, ...]]) -> pd.DataFrame:
    found = pd.DataFrame(rows, columns=COLUMNS, dtype=object)
    return found[found["d"].notna()]


Group = tuple[date, pd.DataFrame]
Answer = tuple[str, float | None, list[date]]


def groups(frame: pd.DataFrame, key: list[str]) -> list[Group]:
    """The rows of each key, with its date; a key with NULL is none."""
    keyed = frame[frame[key].notna().all(axis=1)]
    return [(found[0], rows) for found, rows in keyed.groupby(["d", *key], sort=True)]


def of_counts(broken: list[tuple[date, bool]], nothing: bool) -> Answer:
    if nothing:
        return "NOT_EVALUATED", None, []
    dates = sorted({day for day, bad in broken if bad})
    return "FAILED" if dates else "PASSED", sum(bad for _, bad in broken), dates


def of_shares(rule: dict[str, Any], sound: list[tuple[date, bool]]) -> Answer:
    """``sound`` has every key that counts."""
    if not sound:
        return "NOT_EVALUATED", None, []
    frame = pd.DataFrame(sound, columns=["d", "sound"]).astype({"sound": float})
    daily = frame.groupby("d")["sound"].mean()
    observed = float(daily.min() if rule["per"] == "date" else frame["sound"].mean())
    failed = observed < rule["at_least"]
    low = [day for day, share in daily.items() if failed and share < rule["at_least"]]
    return "FAILED" if failed else "PASSED", round(observed, 9), low


def unique_keys(world: World, rule: dict[str, Any]) -> Answer:
    found = groups(table(world.left), rule["by"] or KEY)

    def twice(rows: pd.DataFrame) -> bool:
        if not rule.get("columns"):
            return len(rows) > rule["at_most"]
        return bool(rows[rule["columns"]].dropna().duplicated().any())

    return of_counts([(day, twice(rows)) for day, rows in found], not found)


def due_groups(world: World, rule: dict[str, Any]) -> list[Group]:
    found = groups(table(world.left), rule["by"] or KEY)
    return [(day, rows) for day, rows in found if day in world.due]


def rows_per_key(world: World, rule: dict[str, Any]) -> Answer:
    found = due_groups(world, rule)
    least, most = rule.get("at_least", 1), rule.get("at_most", 1000)
    return of_counts([(day, not least <= len(rows) <= most) for day, rows in found], not found)


def filled(world: World, rule: dict[str, Any]) -> Answer:
    found = due_groups(world, rule)
    return of_shares(
        rule, [(day, bool(rows[rule["columns"]].notna().all().all())) for day, rows in found]
    )


def within(world: World, rule: dict[str, Any]) -> Answer:
    def inside(value: Any) -> bool:
        if "one_of" in rule:
            return value in rule["one_of"]
        shown = str(value) if isinstance(value, date) else value
        low, high = rule.get("from", shown), rule.get("to", shown)
        return bool(low <= shown <= high)

    valued = [(day, rows[rule["column"]].dropna()) for day, rows in due_groups(world, rule)]
    return of_shares(rule, [(day, all(map(inside, v))) for day, v in valued if len(v)])


def agrees(world: World, rule: dict[str, Any]) -> Answer:
    key, other = rule["by"] or KEY, rule["with"].removeprefix("right.")
    theirs = {
        (day, *rows.iloc[0][key]): rows[other].dropna()
        for day, rows in groups(table(world.right), key)
    }
    sound = []
    for day, rows in due_groups(world, rule):
        above = theirs.get((day, *rows.iloc[0][key]))
        if above is None:
            continue
        mine = rows[rule["column"]].dropna()
        both = {*mine, *above}
        if rule.get("tolerance"):
            same = not both or max(both) - min(both) <= rule["tolerance"] + 1e-9
        else:
            same = len(both) <= 1
        sound.append((day, same and bool(len(mine)) == bool(len(above))))
    return of_shares(rule, sound)


def held(world: World) -> pd.DataFrame:
    """The rows of the dates that hold a key."""
    frame = table(world.left)
    return frame[frame["d"].isin({day for day, _ in groups(frame, KEY)})]


def fresh(world: World, rule: dict[str, Any]) -> Answer:
    mine, above = held(world), table(world.right)
    judged_on, stale = 0, []
    for day in world.due:
        rows = mine[mine["d"] == day]
        back = [day - timedelta(days=n) for n in range(rule["lookback_days"] + 1)]
        moments_above = above[above["d"].isin(back)]["w"].dropna()
        written = rows["w"].dropna()
        if len(rows) and not len(written):
            stale.append(day)
        elif len(written) and len(moments_above):
            judged_on += 1
            stale += [day] if written.min() < moments_above.max() else []
    if not (judged_on or stale):
        return "NOT_EVALUATED", None, []
    return "FAILED" if stale else "PASSED", len(stale), stale


def up_to_date(world: World, rule: dict[str, Any]) -> Answer:
    """The season and the window begin on the same day."""
    end = datetime(2025, 1, 10)
    written = held(world)["w"].dropna()
    last = written.max() if len(written) else datetime(2025, 1, 1)
    late = max(end - last, timedelta()) / timedelta(days=1)
    return "PASSED" if late <= rule["hours"] / 24 else "FAILED", round(late, 9), []


def row_count(world: World, rule: dict[str, Any]) -> Answer:
    frame = table(world.left)
    keyed = frame[frame[KEY].notna().all(axis=1)]
    counts = [int((keyed["d"] == day).sum()) for day in world.due]
    bad, any_judged = [], False
    for n, (day, number) in enumerate(zip(world.due, counts, strict=True)):
        before = [count for count in counts[:n] if count][-6:]
        low = [rule["at_least"]] if "at_least" in rule else []
        if "of_median" in rule and len(before) >= 5:
            low.append(rule["of_median"] * float(pd.Series(before).median()) - 1e-9)
        any_judged |= bool(low) or "at_most" in rule
        if any(number < least for least in low) or number > rule.get("at_most", number):
            bad.append(day)
    if not any_judged:
        return "NOT_EVALUATED", None, []
    return "FAILED" if bad else "PASSED", len(bad), bad


ORACLES: dict[str, Callable[[World, dict[str, Any]], Answer]] = {
    oracle.__name__: oracle
    for oracle in (
        unique_keys, rows_per_key, filled, within, agrees, fresh, up_to_date, row_count,
    )
}  # fmt: skip


# ------------------------------------------------------------------ what the rules say


def contract(folder: Path, world: World) -> Contract:
    datasets: dict[str, Any] = {
        "ref": {"layer": "reference", "table": "s.ref", **TABLE},
        "right": {"layer": "L1", "table": "s.right", **TABLE, "upstream": "ref"},
        "left": {"layer": "L3", "table": "s.left", **TABLE, "upstream": "right"},
    }
    datasets["left"]["rules"] = world.rules
    raw = {
        "version": 1, "grace_days": 1, "warehouse": "duckdb:///unused.duckdb",
        "reference": "ref", "layers": {"reference": "r", "L1": "a", "L3": "b"},
        "seasons": [{"name": "one", "from": START, "to": date(2025, 6, 1)}],
        "datasets": datasets,
        "checkpoints": {"after_backfill": {"suites": ["L3"]}},
    }  # fmt: skip
    return contract_of(folder, raw).contract


def tables_of(world: World) -> dict[str, list[tuple[Any, ...]]]:
    reference = [(day, "a", 1, None, None, None, None, None) for day in world.due]
    return {"ref": reference, "left": world.left, "right": world.right}


def found_in(world: World, found: Contract, url: str) -> list[CheckRecord]:
    window = Window(range=DateRange(START, LAST), label="")
    frame = gather(found, url, window, AS_OF, now=NOW).frame
    return [judged(check, frame) for check in checks_of(found, ["L3"])]


def answer(record: CheckRecord) -> Answer:
    observed = None if record.observed is None else round(record.observed, 9)
    return str(record.outcome), observed, list(record.unexpected_dates)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(worlds())
def test_every_rule_about_rows_says_what_the_oracle_says(world: World) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = contract(folder, world)
        records = found_in(world, found, fill(folder / "w.duckdb", tables_of(world), TYPES))
    for rule, record in zip(world.rules, records, strict=True):
        assert answer(record) == ORACLES[rule["rule"]](world, rule), record.name
