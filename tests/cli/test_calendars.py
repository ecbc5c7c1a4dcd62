"""A shop that trades on business days, without seasons, by commands alone."""

from __future__ import annotations

import copy
import json
import sys
from collections.abc import Collection
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from checkpoints.library.suites import write
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.warehouses import D, fill

TODAY = ("--as-of", "2024-05-24")
HOLIDAYS = [D("2024-05-01"), D("2024-05-09"), D("2024-05-20")]
LOAD = """\
import sys, duckdb
path, table, day = sys.argv[1:]
with duckdb.connect(path) as connection:
    connection.execute(f"INSERT INTO s.{table} VALUES (?, ?)", [day, day])
"""
SHOP: dict[str, Any] = {
    "version": 1, "timezone": "Europe/Berlin", "calendar": "business_days",
    "holidays": {"country": "DE", "subdivision": "BE"}, "grace": "1 business day",
    "starts": "2024-04-15",
    "layers": {"raw": "orders", "core": "items", "mart": "revenue"},
    "datasets": {
        "orders": {"layer": "raw", "table": "s.orders", "date": "d", "key": "k"},
        "order_items": {
            "layer": "core", "table": "s.order_items", "date": "d", "key": "k",
            "upstream": "orders",
        },
        "daily_revenue": {
            "layer": "mart", "table": "s.daily_revenue", "date": "d", "upstream": "order_items",
        },
    },
    "rules_for_all": [{"rule": "daily_conversion_ratio", "at_least": 0.8}],
    "rules_for_keyed": [
        {"rule": "no_orphan_keys", "severity": "warning"}, {"rule": "no_null_keys"},
    ],
    "checkpoints": {"after_backfill": {"suites": ["raw", "core", "mart"]}},
}  # fmt: skip


def rows(*lost: str) -> list[tuple[Any, ...]]:
    """A key on every business day until today, but for some."""
    days = [D("2024-04-15") + timedelta(days=n) for n in range(40)]
    held = (d for d in days if d.weekday() < 5 and d not in HOLIDAYS and str(d) not in lost)
    return [(day, str(day)) for day in held]


def shop(
    folder: Path, root: Collection[str] = (), middle: Collection[str] = (), **orders: Any
) -> Path:
    """A project whose orders lack dates, whose items lack others; a command loads each table."""
    database = folder / "w.duckdb"
    url = fill(
        database,
        {
            "orders": rows(*root),
            "order_items": rows(*root, *middle),
            "daily_revenue": rows(*root, *middle),
        },
    )
    (folder / "load.py").write_text(LOAD)
    made = {**copy.deepcopy(SHOP), "warehouse": url, "services": {}}
    for name, dataset in made["datasets"].items():
        dataset["service"] = f"load_{name}"
        argv = [sys.executable, str(folder / "load.py"), str(database), name, "{date}"]
        made["services"][f"load_{name}"] = {
            "kind": "command", "argv": argv, "seconds_between_calls": 0,
        }  # fmt: skip
    made["datasets"]["orders"].update(orders)
    return project_of(folder, made).path


def typed(contract: Path, module: str, *arguments: str) -> tuple[int, str]:
    done = command(module, *arguments, "--contract", str(contract))
    return done.returncode, done.stdout + done.stderr


def test_holes_on_business_days_are_found_explained_and_repaired(tmp_path: Path) -> None:
    contract = shop(tmp_path, root=["2024-05-02", "2024-05-03"], middle=["2024-05-07"])
    code, said = typed(contract, "checkpoints", "run", *TODAY)
    assert code == 1, said
    assert "after_backfill · 2024-04-15 to 2024-05-24" in said
    assert "raw orders · 2 dates: 2024-05-02 → 2024-05-03" in said
    assert "orders lacks 2 dates (2024-05-02 → 2024-05-03), below it: order_items" in said
    page = next((contract.parent / "uncommitted/data_docs/local_site/signoff").glob("2*.html"))
    assert "against its calendar, business days of DE-BE" in page.read_text()

    code, said = typed(contract, "checkpoints", "explain", *TODAY)
    assert "its calendar has the date, and 'load_orders' was never called" in said
    assert "its upstream is there, and 'load_order_items' was never called" in said

    code, said = typed(contract, "checkpoints", "coverage", *TODAY)
    assert "of its calendar" in said
    assert "orders          92.3 %  24/26" in said
    assert "season" not in said

    code, said = typed(contract, "remediation", "plan")
    assert "8 calls" in said
    code, said = typed(contract, "remediation", "run", "--yes")
    assert code == 0, said
    assert "8 of 8 calls landed" in said
    code, said = typed(contract, "checkpoints", "check", *TODAY)
    assert code == 0, said


@pytest.mark.parametrize(
    ("day", "why"),
    [
        ("2024-05-01", "no date of its calendar: business days of DE-BE"),
        ("2024-05-04", "no date of its calendar: business days of DE-BE"),
        ("2024-04-12", "the contract starts on 2024-04-15"),
        ("2024-05-24", "it is due 1 business day after its date"),
        ("2024-05-23", "what it lacks is tolerated until 2024-05-26"),
    ],
)
def test_explain_says_why_nothing_is_missing(tmp_path: Path, day: str, why: str) -> None:
    contract = shop(tmp_path, root=["2024-05-23"], late_days=3)
    code, said = typed(contract, "checkpoints", "explain", "daily_revenue", day, *TODAY)
    assert code == 0, said
    assert why in said


def test_what_is_late_is_told_everywhere_and_not_called(tmp_path: Path) -> None:
    contract = shop(tmp_path, root=["2024-05-23"], late_days=3)
    code, said = typed(contract, "checkpoints", "run", *TODAY, "--json", str(tmp_path / "r.json"))
    assert code == 0, said
    assert "COMPLETE 7 of 7 evaluated checks passed; 1 date of orders" in said
    assert "1 date of orders is late (2024-05-23), tolerated until 2024-05-26" in said
    report = json.loads((tmp_path / "r.json").read_text())
    assert [one["dataset"] for one in report["late"]] == list(SHOP["datasets"])
    page = next((contract.parent / "uncommitted/data_docs/local_site/signoff").glob("2*.html"))
    assert "1 date of orders is late (2024-05-23), tolerated until 2024-05-26" in page.read_text()
    assert "LATE (3 dates of 3 datasets)" in page.read_text()
    _, said = typed(contract, "remediation", "plan")
    assert "0 calls" in said
    code, said = typed(contract, "checkpoints", "check", "--as-of", "2024-05-26", "-q")
    assert code == 0, said
    code, said = typed(contract, "checkpoints", "check", "--as-of", "2024-05-27", "-q")
    assert code == 1, said


def test_the_post_mortem_knows_when_a_checkpoint_would_have_told_of_a_lost_date(
    tmp_path: Path,
) -> None:
    contract = shop(tmp_path, root=["2024-05-02"], late_days=2)
    code, said = typed(contract, "checkpoints", "explain", *TODAY, "--markdown", "-")
    assert code == 0, said
    assert "| orders | its calendar |" in said
    assert "would have failed first on 2024-05-05" in said  # due on the third, late for two days


def test_a_window_of_days_off_has_nothing_due(tmp_path: Path) -> None:
    contract = shop(tmp_path)
    window = ("--from", "2024-05-18", "--to", "2024-05-20")
    code, said = typed(contract, "checkpoints", "check", *TODAY, *window)
    assert code == 5, said
    assert "the same with other dates: --from and --to, or --last 30d" in said


def test_a_known_gap_of_the_topmost_dataset_is_put_into_a_contract_without_seasons(
    tmp_path: Path,
) -> None:
    contract = shop(tmp_path, root=["2024-05-02"])
    dates = ("--from", "2024-05-02", "--to", "2024-05-02", "--until", "2199-12-31")
    reason = ("--reason", "lost", "--owner", "me")
    code, said = typed(contract, "checkpoints", "gaps", "add", "orders", *dates, *reason)
    assert code == 0, said
    _, said = typed(contract, "checkpoints", "check", *TODAY, "-v")
    assert "raw orders\n  passed" in said


def test_a_monthly_contract_is_judged_on_its_dates_alone(tmp_path: Path) -> None:
    contract = shop(tmp_path)
    raw = contract.read_text().replace("calendar: business_days", "calendar: monthly")
    raw = raw.replace("grace: 1 business day", "grace: 1 day")
    contract.write_text(raw.replace("holidays:\n  country: DE\n  subdivision: BE\n", ""))
    file = load_contract(contract, {})
    write(file.project, file.contract)
    code, said = typed(contract, "checkpoints", "check", *TODAY)
    assert code == 1, said
    assert "raw orders · 1 date: 2024-05-01" in said
