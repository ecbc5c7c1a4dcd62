"""Windows and the bounds of calendars: every date of a contract and a command line is bearable."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.window import Window, resolve_window
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError
from tests.support.runs import checked, stored
from tests.support.warehouses import BASIC, D, contract_of, write_contract

END = "9999-12-31"
OPEN = [{"name": "2025", "from": "2025-01-01", "to": END}]
GAP = {"from": "2025-01-20", "to": END, "until": END, "reason": "lost", "owner": "me"}


def window(folder: Path, seasons: list[Any], **asked: Any) -> Window:
    contract = contract_of(folder, seasons=seasons).contract
    return resolve_window(contract, **{"as_of": D("2025-02-20"), **asked})


@pytest.mark.parametrize("asked", [{}, {"season": "2025"}])
def test_a_season_without_an_end_is_looked_at_until_today(
    tmp_path: Path, asked: dict[str, str]
) -> None:
    found = window(tmp_path, OPEN, **asked)
    assert found.range == DateRange(D("2025-01-01"), D("2025-02-20"))
    assert found.label == "season 2025 so far"


def test_a_season_that_has_an_end_is_looked_at_as_a_whole(tmp_path: Path) -> None:
    found = window(tmp_path, [{**OPEN[0], "to": "2026-06-30"}], season="2025")
    assert found.range.last == D("2026-06-30")


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"first": D("2000-01-01"), "last": D("2025-02-20")}, "has 9,183 days"),
        ({"first": D("2025-01-01"), "last": D(END)}, "between 1900-01-01 and 2999-12-31"),
        ({"first": D("0001-01-01"), "last": D("2025-01-01")}, "between 1900-01-01 and"),
        ({"last_days": "99999d"}, "between 1900-01-01 and"),
        ({"last_days": "9999d"}, r"7,320 \(20 years\) at most"),
        ({"default_days": "9999d"}, "with --from and --to"),
        ({"as_of": D(END)}, "today, 9999-12-31, must lie between"),
        ({"as_of": D("0001-01-01")}, "must lie between"),
        ({"season": "far"}, "dates must lie between"),
        ({"season": "ancient"}, "dates must lie between"),
        ({"season": "old"}, "has 31,046 days"),
        ({"as_of": D("1984-12-30")}, "with --from and --to or --last"),
    ],
)
def test_a_window_of_more_than_twenty_years_or_beyond_calendars_is_refused(
    tmp_path: Path, asked: dict[str, Any], told: str
) -> None:
    seasons = [
        {"name": "ancient", "from": "0001-01-01", "to": "0002-01-01"},
        {"name": "old", "from": "1900-01-01", "to": "1984-12-31"},
        {"name": "2025", "from": "2025-01-01", "to": "9999-12-29"},
        {"name": "far", "from": "9999-12-30", "to": END},
    ]
    with pytest.raises(ContractError, match=told):
        window(tmp_path, seasons, **asked)


def test_a_contract_without_any_end_is_judged_at_once(tmp_path: Path) -> None:
    seasons = [
        {"name": "ancient", "from": "0001-01-01", "to": "2024-12-31"},
        {"name": "2025", "from": "2025-01-01", "to": "9999-12-29"},
        {"name": "far", "from": "9999-12-30", "to": END},
    ]
    datasets = {n: {**d, "warmup_days": 366} for n, d in BASIC["datasets"].items() if n != "raw"}
    changes: dict[str, Any] = {
        "seasons": seasons,
        "datasets": {**BASIC["datasets"], **datasets},
        "known_gaps": [{**GAP, "dataset": "summary"}],
        "protected": [{"dataset": "factors", "from": "0001-01-01", "to": END, "reason": "r"}],
        "grace_days": 60,
    }
    started = time.monotonic()
    report = stored(tmp_path, contract_of(tmp_path, **changes))
    assert report.window == DateRange(D("2025-01-01"), D("2025-02-20"))
    assert time.monotonic() - started < 10
    write_contract(tmp_path, BASIC, **changes)
    for typed in (
        ("--from", "2025-01-01", "--to", END),
        ("--as-of", END),
        ("--as-of", "0001-01-01"),
        ("--season", "far"),
        ("--last", "99999d"),
    ):
        done = checked(tmp_path, window=typed)
        assert done.returncode == 2
        assert "must lie between" in done.stderr
        assert "unexpected" not in done.stderr
    assert checked(tmp_path, window=("--as-of", "1900-01-02", "--last", "1d")).returncode == 1
