"""``examples/orders``: what its script finds, calls and leaves, read from tables and records."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, date, datetime
from pathlib import Path

import duckdb
import pytest

from checkpoints.archive.signoff import read_signoff
from checkpoints.errors import ExitCode
from checkpoints.rules.rule import Outcome
from tests.support.examples import copied, reports, rows, run
from tests.support.warehouses import D

LOST = "2024-11-14"
CHRISTMAS = [
    D("2024-12-23"), D("2024-12-24"), D("2024-12-27"), D("2024-12-30"), D("2024-12-31"),
    D("2025-01-02"), D("2025-01-03"),
]  # fmt: skip
"""The business days of it."""

HOLIDAYS = {
    D("2024-03-08"), D("2024-03-29"), D("2024-04-01"), D("2024-05-01"), D("2024-05-09"),
    D("2024-05-20"), D("2024-10-03"), D("2024-12-25"), D("2024-12-26"), D("2025-01-01"),
}  # fmt: skip
"""Those of Berlin from Monday to Friday; on the first one most of Germany works."""

CALLS = """core 2024-11-14 2024-11-14
marts 2024-11-14 2024-11-14
marts 2024-12-23 2024-12-24
marts 2024-12-27 2024-12-27
marts 2024-12-30 2024-12-31
marts 2025-01-02 2025-01-03
"""

LOGGED = """    import sys
    with open("calls.txt", "a") as calls:
        print(*sys.argv[1:], file=calls)
    main()
"""

RAW = """(SELECT order_id, line, ordered_at AT TIME ZONE 'Europe/Berlin' AS ordered_at, amount
FROM raw.order_lines)"""
SHOULD_BE = {
    "core.order_lines": f"SELECT * FROM {RAW}",
    "marts.order_revenue": f"""SELECT order_id, ordered_at::DATE, sum(amount)
    FROM {RAW} GROUP BY ALL""",
    "marts.daily_revenue": f"""SELECT ordered_at::DATE, count(DISTINCT order_id), sum(amount)
    FROM {RAW} GROUP BY ALL""",
}
"""By table, the rows that follow from what the shop sent."""


def lacking(warehouse: Path, table: str) -> list[tuple[object, ...]]:
    """Rows that a table should have and has not."""
    there = f"SELECT * EXCLUDE built_at FROM {table}"
    return rows(warehouse, f"{SHOULD_BE[table]} EXCEPT ALL {there} ORDER BY ALL")


def surplus(warehouse: Path, table: str) -> list[tuple[object, ...]]:
    """Rows that a table has and should not have."""
    there = f"SELECT * EXCLUDE built_at FROM {table}"
    return rows(warehouse, f"{there} EXCEPT ALL {SHOULD_BE[table]} ORDER BY ALL")


def written_since(warehouse: Path, table: str, day: str, moment: datetime) -> list[date]:
    """The dates of the rows that were written after a moment."""
    query = f"SELECT DISTINCT {day} FROM {table} WHERE built_at > '{moment}' ORDER BY 1"
    return [found for (found,) in rows(warehouse, query)]


def test_a_line_is_lost_and_the_marts_are_empty_at_christmas(tmp_path: Path) -> None:
    example = copied("orders", tmp_path)
    subprocess.run([sys.executable, example / "build.py"], check=True, capture_output=True)
    built = example / "warehouse.duckdb"

    days = "SELECT DISTINCT (ordered_at AT TIME ZONE 'Europe/Berlin')::DATE FROM raw.order_lines"
    weekdays = "SELECT unnest(range(DATE '2024-03-01', '2025-01-10', INTERVAL 1 DAY))::DATE AS d"
    closed = rows(built, f"SELECT d FROM ({weekdays}) WHERE isodow(d) < 6 EXCEPT {days}")
    assert {day for (day,) in closed} == HOLIDAYS

    (line,) = lacking(built, "core.order_lines")
    assert line[:2] == ("B241114-2", 2)
    orders = lacking(built, "marts.order_revenue")
    assert sorted({day for _, day, _ in orders}) == [D(LOST), *CHRISTMAS]
    assert [order for order, day, _ in orders if day == D(LOST)] == ["B241114-2"]
    assert [day for day, *_ in lacking(built, "marts.daily_revenue")] == [D(LOST), *CHRISTMAS]


def test_a_rebuild_waits_while_others_read(tmp_path: Path) -> None:
    example = copied("orders", tmp_path)
    subprocess.run([sys.executable, example / "build.py"], check=True, capture_output=True)
    whole = [sys.executable, "rebuild.py", "core", LOST, LOST]
    with duckdb.connect(example / "warehouse.duckdb", read_only=True):
        rebuilding = subprocess.Popen(whole, cwd=example, stdout=subprocess.DEVNULL)
        with pytest.raises(subprocess.TimeoutExpired):
            rebuilding.wait(timeout=2)
    assert rebuilding.wait(timeout=60) == 0
    assert lacking(example / "warehouse.duckdb", "core.order_lines") == []


def test_what_was_planted_is_found_called_verified_and_signed(tmp_path: Path) -> None:
    example = copied("orders", tmp_path)
    program = example / "rebuild.py"
    program.write_text(program.read_text().replace("    main()\n", LOGGED))
    started = datetime.now(UTC)
    done = run(example)
    assert done.returncode == 0, done.stdout + done.stderr
    before, after = reports(example)

    assert before.verdict.exit_code == ExitCode.INCOMPLETE
    assert {
        (check.dataset, check.kind): [*check.unexpected_dates]
        for check in before.checks
        if check.outcome is not Outcome.PASSED
    } == {
        ("order_lines", "daily_conversion_ratio"): [D(LOST)],
        ("order_revenue", "daily_conversion_ratio"): CHRISTMAS,
        ("daily_revenue", "daily_conversion_ratio"): CHRISTMAS,
    }
    (sample,) = before.keys
    assert (sample.dataset, sample.of, sample.date) == ("order_lines", "raw_lines", D(LOST))
    assert (sample.missing, sample.orphans) == ((("B241114-2", "2"),), ())
    assert before.keys_unread == ()
    assert HOLIDAYS.isdisjoint(before.calendar())

    assert (example / "calls.txt").read_text() == CALLS
    warehouse = example / "warehouse.duckdb"
    for table in SHOULD_BE:
        assert lacking(warehouse, table) == surplus(warehouse, table) == []
    assert written_since(warehouse, "core.order_lines", "ordered_at::DATE", started) == [D(LOST)]
    for table, day in (("marts.order_revenue", "ordered_on"), ("marts.daily_revenue", "day")):
        assert written_since(warehouse, table, day, started) == [D(LOST), *CHRISTMAS]

    assert after.verdict.exit_code == ExitCode.COMPLETE
    assert {check.outcome for check in after.checks} == {Outcome.PASSED}
    signed = read_signoff(example, after.run_id)
    assert signed
    assert signed.by == "Ada"
    assert read_signoff(example, before.run_id) is None
