"""The verdicts of ``check`` and ``run`` equal a naive oracle's on random warehouses."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoints.contract.checks import Check, checks_of, coverage_pair, upstream_pair
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.coverage.results import CheckRecord, dataset_records, decide, judged
from checkpoints.dates import DateRange
from checkpoints.library.judge import judge
from checkpoints.warehouse.evidence import gather
from tests.support.projects import project_of
from tests.support.warehouses import contract_of, fill

START = date(2025, 1, 1)
LENGTH = 24
AT = datetime(2025, 2, 1, 12, tzinfo=UTC)
Rows = list[tuple[date | None, str | None, str | None]]


@dataclass(frozen=True)
class World:
    """A contract as plain data, the rows of its tables, a window and today."""

    raw: dict[str, Any]
    tables: dict[str, Rows]
    first: date
    last: date
    as_of: date


Found = dict[date, tuple[int, int, int]]
"""Expected, matched and orphan keys by date."""


def day(n: int) -> date:
    return START + timedelta(days=n)


@st.composite
def rows(draw: st.DrawFn, upstream: Rows) -> Rows:
    """Most of the upstream's rows, without some dates and keys, with orphans, nulls, doubles."""
    lost_dates = draw(st.sets(st.integers(0, LENGTH - 1), max_size=8))
    lost = {day(n) for n in lost_dates}
    kept = [
        row
        for row in upstream
        if row[0] not in lost and not (draw(st.integers(0, 9)) == 0 and row[0] is not None)
    ]
    strange = st.tuples(
        st.one_of(st.none(), st.integers(0, LENGTH - 1).map(day)),
        st.sampled_from([None, "a", "b", "x'; --", "orphan"]),
        st.sampled_from([None, "1", "2"]),
    )
    return [*kept, *kept[:2], *draw(st.lists(strange, max_size=4))]


@st.composite
def known_gaps(draw: st.DrawFn) -> list[dict[str, Any]]:
    if draw(st.booleans()):
        return []
    first = draw(st.integers(0, LENGTH - 1))
    until = day(draw(st.integers(4, LENGTH + 6)))
    gap = {"dataset": "mid", "from": day(first), "to": day(first + 2), "until": until}
    return [{**gap, "reason": "lost", "owner": "me"}]


@st.composite
def worlds(draw: st.DrawFn) -> World:
    ratio = st.sampled_from([0.0, 0.5, 0.8, 0.9, 0.95, 1.0])
    playing = draw(st.sets(st.integers(0, LENGTH - 1), min_size=0, max_size=LENGTH))
    games = [
        (day(n), f"g{g}", str(n)) for n in sorted(playing) for g in range(draw(st.integers(1, 3)))
    ]
    tables: dict[str, Rows] = {"ref": games}
    datasets: dict[str, Any] = {
        "ref": {
            "layer": "reference", "table": "s.ref", "date": "d", "key": ["k", "j"],
            "rules": [{"rule": "up_to_date", "days": draw(st.integers(0, 12))}],
        }
    }  # fmt: skip
    several = [{"any_of": ["raw", "alt"]}, {"all_of": ["alt", "raw"]}]
    sources = {"raw": ["ref"], "alt": ["ref"], "mid": ["raw", *several], "end": ["mid"]}
    for name, above in {"raw": "ref", "alt": "ref", "mid": "raw", "end": "mid"}.items():
        tables[name] = draw(rows(tables[above]))
        grain = draw(st.booleans()) if name == "end" else False
        of = st.sampled_from(["raw", "mid", *several])
        rule_of = {"of": draw(of)} if name == "end" else {}
        upstream = draw(st.sampled_from(sources[name]))
        by_count = draw(st.booleans()) and isinstance(upstream, str)
        datasets[name] = {
            "layer": "L1" if name in ("raw", "alt") else "L3",
            "table": f"s.{name}",
            "date": "d",
            "key": [] if grain else ["k", "j"],
            "upstream": upstream,
            "match": "count" if by_count else "keys",
            "retired": draw(st.sampled_from([None, None, None, day(5), day(14)])),
            "warmup_days": draw(st.sampled_from([0, 0, 3, 8])),
            "rules": [
                {"rule": "conversion_ratio", "at_least": draw(ratio), **rule_of},
                {"rule": "daily_conversion_ratio", "at_least": draw(ratio), **rule_of},
                {"rule": "recent_coverage", "at_least": draw(ratio), "last_days": 5, **rule_of},
                {"rule": "date_gap", "at_most_days": draw(st.integers(0, 5)), **rule_of},
            ],
        }
    raw = {
        "version": 1,
        "grace_days": draw(st.integers(0, 3)),
        "warehouse": "duckdb:///unused.duckdb",
        "reference": "ref",
        "layers": {"reference": "r", "L1": "raw", "L3": "x"},
        "seasons": [
            {"name": "one", "from": START, "to": day(11)},
            {"name": "two", "from": day(13), "to": day(60)},
        ],
        "datasets": datasets,
        "rules_for_keyed": [{"rule": "no_orphan_keys"}, {"rule": "no_null_keys"}],
        "checkpoints": {"after_backfill": {"suites": ["reference", "L1", "L3"]}},
        "known_gaps": draw(known_gaps()),
    }
    first = draw(st.integers(0, 6))
    last = draw(st.integers(first, LENGTH + 3))
    return World(raw, tables, day(first), day(last), day(draw(st.integers(4, LENGTH + 6))))


# ------------------------------------------------------------------ the oracle: loops and sets


def keys_on(world: World, name: str, when: date) -> set[tuple[str, ...]]:
    if not world.raw["datasets"][name]["key"]:
        return {("batch",)} if any(r[0] == when for r in world.tables[name]) else set()
    return {
        (r[1], r[2])
        for r in world.tables[name]
        if r[0] == when and r[1] is not None and r[2] is not None
    }


Of = tuple[tuple[str, ...], bool]
"""Names, and whether every one of them is needed."""


def sources(of: str | dict[str, Sequence[str]] | None) -> Of:
    if of is None or isinstance(of, str):
        return (of,) if of else (), False
    return tuple(of.get("any_of") or of["all_of"]), not of.get("any_of")


def is_retired(world: World, name: str, when: date, of: Of | None = None) -> bool:
    dataset = world.raw["datasets"][name]
    if dataset.get("retired"):
        return when >= dataset["retired"]
    above, _ = of or sources(dataset.get("upstream"))
    return bool(above) and all(is_retired(world, other, when) for other in above)


def is_due(world: World, name: str, of: Of, when: date) -> bool:
    if is_retired(world, name, when, of):
        return False
    if when + timedelta(days=world.raw["grace_days"]) > world.as_of:
        return False
    if not keys_on(world, "ref", when):
        return False
    for season in world.raw["seasons"]:
        offset = (when - season["from"]).days
        if 0 <= offset < world.raw["datasets"][name].get("warmup_days", 0):
            return False
    for gap in world.raw["known_gaps"]:
        if (
            gap["dataset"] == name
            and gap["from"] <= when <= gap["to"]
            and world.as_of <= gap["until"]
        ):
            return False
    return True


def numbers(world: World, name: str, of: Of, match: str, when: date) -> tuple[int, int, int]:
    """Expected, matched, orphans."""
    left = [other for other in of[0] if not is_retired(world, other, when)]
    retired = world.raw["datasets"][name].get("retired")
    if not left or (retired and when >= retired):
        return 0, 0, 0
    by_date = not all(world.raw["datasets"][n]["key"] for n in (name, *of[0]))
    found = [keys_on(world, n, when) for n in left]
    held = [{("batch",)} if keys and by_date else keys for keys in found]
    up = set.intersection(*held) if of[1] else set.union(*held)
    down = keys_on(world, name, when)
    if by_date:
        return int(bool(up)), int(bool(up and down)), int(bool(down and not up))
    if match == "count":
        return len(up), min(len(up), len(down)), max(0, len(down) - len(up))
    return len(up), len(up & down), len(down - up)


def range_of(world: World) -> list[date]:
    return DateRange(world.first, world.last).dates()


def rule_of(check: Check) -> dict[str, Any]:
    return check.rule.model_dump(exclude_none=True)


def oracle(world: World, name: str, rule: dict[str, Any]) -> tuple[str, float | None, list[date]]:
    """Outcome, observed and unexpected dates of one rule."""
    dataset = world.raw["datasets"][name]
    of = sources(rule.get("of") or dataset.get("upstream"))
    match = dataset.get("match", "keys") if of == sources(dataset.get("upstream")) else "keys"
    window = range_of(world)
    due = [d for d in window if is_due(world, name, of, d)]
    if rule["rule"] == "no_null_keys":
        table = world.tables[name]
        keyed = bool(dataset["key"])
        dated = [r[0] for r in table if r[0] in window and None in r[1:] and keyed]
        undated = [r for r in table if r[0] is None]
        if not (undated or any(r[0] in window for r in table)):
            return "NOT_EVALUATED", None, []
        lost = len(dated) + len(undated)
        return "FAILED" if lost else "PASSED", lost, sorted(set(dated))
    if rule["rule"] == "up_to_date":
        return latest_oracle(world, name, rule["days"])
    found = {d: numbers(world, name, of, match, d) for d in window}
    if rule["rule"] == "no_orphan_keys":
        if not any(keys_on(world, name, d) for d in window):
            return "NOT_EVALUATED", None, []
        bad = [d for d in window if found[d][2]]
        return "FAILED" if bad else "PASSED", sum(found[d][2] for d in window), bad
    if rule["rule"] == "date_gap":
        return gap_oracle(world, name, due, found, rule["at_most_days"])
    if rule["rule"] == "recent_coverage" and due:
        due = [d for d in due if d > due[-1] - timedelta(days=rule["last_days"])]
    if not due:
        return "NOT_EVALUATED", None, []
    lost = {d for d in due if lost_in_both(world, name, found, d)}
    expected = sum(found[d][0] for d in due)
    if rule["rule"] == "daily_conversion_ratio" and (expected or lost):
        ratios = {d: found[d][1] / found[d][0] for d in due if found[d][0]}
        ratios |= dict.fromkeys(lost, 0.0)
        bad = [d for d in due if d in ratios and ratios[d] < rule["at_least"]]
        return "FAILED" if bad else "PASSED", min(ratios.values()), bad
    lacking = [d for d in due if found[d][1] < found[d][0] or d in lost]
    if not expected:
        return "FAILED", 0.0, lacking
    ratio = sum(found[d][1] for d in due) / expected
    enough = ratio >= rule["at_least"] and 1 - len(lost) / len(due) >= rule["at_least"]
    return "PASSED" if enough else "FAILED", ratio, lacking


def latest_oracle(world: World, name: str, days: int) -> tuple[str, float | None, list[date]]:
    observed, bad = [], []
    for season in world.raw["seasons"]:
        end = min(world.as_of, world.last, season["to"])
        if season["from"] > end or end < world.first:
            continue
        when = end
        while (
            when >= season["from"]
            and (when >= world.first or (end - when).days <= days)
            and not keys_on(world, name, when)
        ):
            when -= timedelta(days=1)
        observed.append((end - when).days)
        if observed[-1] > days:
            bad += [d for d in range_of(world) if when < d <= end]
    if not observed:
        return "NOT_EVALUATED", None, []
    return "FAILED" if bad else "PASSED", max(observed), bad


def lost_in_both(world: World, name: str, found: Found, when: date) -> bool:
    return not found[when][0] and not keys_on(world, name, when)


def gap_oracle(
    world: World, name: str, due: Sequence[date], found: Found, at_most: int
) -> tuple[str, float | None, list[date]]:
    if not due:
        return "NOT_EVALUATED", None, []
    seasons = world.raw["seasons"]
    longest, bad, run, within = 0, [], [], None
    for d in [*due, None]:
        season = d and [s["from"] for s in seasons if s["from"] <= d <= s["to"]]
        lost = d is not None and lost_in_both(world, name, found, d)
        missing = lost or (d is not None and found[d][0] and not found[d][1])
        if run and not (missing and season == within):
            length = (run[-1] - run[0]).days + 1
            longest = max(longest, length)
            bad += run if length > at_most else []
            run = []
        if missing:
            run.append(d)
            within = season
    return "FAILED" if bad else "PASSED", longest, bad


def tolerated_oracle(world: World, checks: Iterable[Check]) -> dict[str, set[date]]:
    """The due dates that lack keys of any dataset compared with, and fail nothing."""
    judged = [(c.dataset, *oracle(world, c.dataset, rule_of(c))) for c in checks]
    found = {}
    for name, dataset in world.raw["datasets"].items():
        rules = dataset["rules"]
        compared = {sources(of) for of in (dataset.get("upstream"), *(r.get("of") for r in rules))}
        failed = {d for n, out, _, bad in judged if n == name and out == "FAILED" for d in bad}
        for of in compared - {sources(None)}:
            due = {d for d in range_of(world) if is_due(world, name, of, d)}
            match = dataset["match"] if of == sources(dataset["upstream"]) else "keys"
            cells = {d: numbers(world, name, of, match, d) for d in due}
            lost = {d for d in due if lost_in_both(world, name, cells, d)}
            lacking = lost | {d for d in due if cells[d][1] < cells[d][0]}
            found.setdefault(name, set()).update(lacking - failed)
    return {name: days for name, days in found.items() if days}


# ------------------------------------------------------------------ the comparison


def frame_of(world: World, file: ContractFile) -> CoverageFrame:
    url = fill(file.project / "w.duckdb", world.tables, "d DATE, k VARCHAR, j VARCHAR")
    window = Window(range=DateRange(world.first, world.last), label="")
    return gather(file.contract, url, window, world.as_of).frame


def assert_agreement(world: World, records: Iterable[CheckRecord], checks: Iterable[Check]) -> None:
    for record, check in zip(records, checks, strict=True):
        rule = rule_of(check)
        found = (record.outcome, record.observed, list(record.unexpected_dates))
        assert found == oracle(world, check.dataset, rule), (check.dataset, rule)


HEALTH = [HealthCheck.too_slow, HealthCheck.data_too_large]


@settings(max_examples=100, deadline=None, suppress_health_check=HEALTH)
@given(worlds())
def test_check_agrees_with_the_naive_oracle_on_random_warehouses(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = contract_of(Path(folder), world.raw)
        frame = frame_of(world, file)
    checks = checks_of(file.contract)
    records = [judged(c, frame) for c in checks]
    assert_agreement(world, records, checks)
    compared = (upstream_pair, coverage_pair)
    held = [r for pair in compared for r in dataset_records(file.contract, frame, pair)]
    verdict = decide(records, len(checks), "critical", held)
    tolerated = {name: set(days) for name, days in verdict.tolerated.items()}
    assert tolerated == tolerated_oracle(world, checks)


@settings(max_examples=12, deadline=None, suppress_health_check=HEALTH)
@given(worlds())
def test_run_agrees_with_the_naive_oracle_on_random_warehouses(world: World) -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = project_of(Path(folder), world.raw)
        frame = frame_of(world, file)
        records = judge(file.project, file.contract, "after_backfill", frame, "run", AT)
    assert_agreement(world, records, checks_of(file.contract))
