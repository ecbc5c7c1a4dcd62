"""How single keys are shown to people, and what is said of those that are not."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from checkpoints.output.console import print_report
from checkpoints.output.site import write_run_page
from checkpoints.text import Detail
from checkpoints.warehouse import reading
from tests.support.runs import FULL, stored
from tests.support.warehouses import D

HALF = [row for row in FULL if row[1].endswith("_0") or row[0] < D("2025-02-01")]


def test_dates_whose_keys_were_not_read_are_said_on_the_page_and_in_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DETAILED_DATES", 2)
    report = stored(tmp_path, factors=HALF)
    left = "8 more dates were not all read: "
    page = write_run_page(tmp_path, report).read_text()
    assert left + '<span class="nowrap">2025-02-01 → 2025-02-08</span>' in page
    out = StringIO()
    print_report(Console(file=out, width=120), report, detail=Detail.VERBOSE)
    assert f"keys of {left}2025-02-01 → 2025-02-08" in out.getvalue()
    assert "not all read" not in write_run_page(tmp_path, stored(tmp_path, minute=1)).read_text()
