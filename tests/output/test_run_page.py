"""The page of a run: what it says, and that it can be read without a network in ten years."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive import runs as archive
from checkpoints.archive.report import Report
from checkpoints.files import sha256_of
from checkpoints.output.calendar import layer_calendars
from checkpoints.output.site import write_run_page
from checkpoints.rules.evidence import CellState
from checkpoints.warehouse.engine import Statement
from tests.support.browser import assert_sound, looked_at
from tests.support.runs import (
    FULL,
    GAP,
    HOLE,
    HOSTILE,
    accept,
    latest_report,
    page_of,
    repaired,
    stored,
)
from tests.support.warehouses import BASIC, D, contract_of, days


def changed(project: Path, report: Report, **fields: Any) -> str:
    """The page of a report with other fields."""
    report = report.model_copy(update=fields)
    archive.save_report(project, report)
    return write_run_page(project, report).read_text()


def test_the_page_says_under_what_circumstances_the_run_was_made(tmp_path: Path) -> None:
    report = stored(tmp_path)
    made = {"revision": "0123abc", "dirty": True, "user": "ada"}
    read = {"bytes_processed": 3_000_000, "bytes_billed": 10_000_000, "seconds": 1.25}
    statement = Statement(location="EU", job_id="j", cached=False, rows=40, **read)
    provenance = report.provenance.model_copy(update=made)
    text = changed(tmp_path, report, provenance=provenance, statements=(statement,))
    for words in (
        "✓ COMPLETE</span>",
        "13 of 13 evaluated checks passed",
        '2025-03-31</span><small>season 2025, as of <span class="nowrap">2025-02-20',
        "2025-02-21 09:00:00 UTC<small>after_backfill, 0.2 s, by ada</small>",
        "<dd>3.0 MB<small>1 statement, 1.25 s, 10.0 MB billed</small>",
        report.provenance.contract_sha256,
        "<code>0123abc</code>, dirty: tracked files had uncommitted changes",
        *(f"{name} " for name in ("great-expectations", "duckdb", "google-cloud-bigquery")),
        f"<dt>Report SHA-256</dt><dd><code>{sha256_of(latest_report(tmp_path))}",
    ):
        assert words in text
    clean = report.provenance.model_copy(update={"revision": "0123abc", "dirty": False})
    assert "<code>0123abc</code>, clean" in changed(tmp_path, report, provenance=clean)


def test_the_checklist_ticks_the_suites_whose_failures_do_not_gate(tmp_path: Path) -> None:
    stranger = (D("2025-01-10"), "stranger")
    warned = page_of(tmp_path, factors=[*FULL, stranger])
    assert '☑</span> <strong class="good">L4</strong>' in warned
    assert "3 of 4 checks passed, 1 failed (warning)" in warned
    failed = page_of(tmp_path, factors=HOLE)
    assert '☒</span> <strong class="bad">L4</strong>' in failed
    assert '☑</span> <strong class="good">L3</strong>' in failed


def test_layers_without_an_evaluated_coverage_are_not_called_checked(tmp_path: Path) -> None:
    assert "✓ YES" in page_of(tmp_path, minute=1)
    text = page_of(tmp_path, minute=2, **dict.fromkeys(BASIC["datasets"], FULL[:4]))
    assert "✗ NO</span><small>not evaluated: L4</small>" in text
    assert '☐</span> <strong class="warn">L4</strong>' in text
    assert "not ticked: </span>no coverage evaluated: 2 of 4 checks passed, 2 not eval" in text
    assert '<dd class="bad">UNKNOWN (layer L4)</dd>' in text
    assert "No coverage was evaluated for layer L4: whether it has gaps is unknown." in text
    gone = {**BASIC["datasets"]["factors"], "table": "s.gone"}
    lost = contract_of(tmp_path, datasets={**BASIC["datasets"], "factors": gone})
    unread = page_of(tmp_path, lost, minute=3)
    assert "✗ NO</span><small>unreadable dataset: factors</small>" in unread
    assert "Dataset factors could not be read: whether it has gaps is unknown." in unread
    assert '<dd class="bad">UNKNOWN (unreadable dataset factors)</dd>' in unread
    assert "could not be evaluated: dataset &#39;factors&#39;" in unread
    assert "✓ No due date lacks a key" not in text + unread


def test_gaps_are_none_documented_or_open(tmp_path: Path) -> None:
    assert '<dd class="good">NONE</dd>' in page_of(tmp_path)
    report = stored(tmp_path, factors=HOLE)
    assert "OPEN (10 dates of 1 dataset)" in write_run_page(tmp_path, report).read_text()
    documented = contract_of(tmp_path, known_gaps=[GAP])
    signed = accept(tmp_path, report.run_id).read_text()
    unsigned = page_of(tmp_path, documented, minute=1, factors=HOLE)
    for text in (signed, unsigned):
        assert '<dd class="warn">DOCUMENTED (1)</dd>' in text
        assert "2025-01-20 → 2025-01-29</td><td>source &lt;lost&gt;</td><td>data &amp; co" in text
        assert "2025-12-31" in text
    found = '10 dates: <span class="nowrap">2025-01-20 → 2025-01-29</span>'
    assert found in unsigned
    assert f"python -m checkpoints signoff --contract {documented.path} --verify<" in signed


def test_the_page_shows_what_remediation_did(tmp_path: Path) -> None:
    failed = stored(tmp_path, minute=1, factors=HOLE)
    repaired(tmp_path, failed)
    text = page_of(tmp_path, minute=3)
    cells = '<td class="number">16</td><td class="number">10</td><td class="number">1</td>'
    assert f'phase4</th>{cells}<td class="number">2</td><td>3 rejected</td>' in text
    assert "by robot, 61 s, plan <code>abcdef012345</code>" in text
    assert "73.6 % (56/76)" in text
    assert "100.0 % (76/76)" in text
    assert "1 → 0" in text
    assert "The rules before: 2 of 12 failed; after: 12 of 12 passed." in text
    assert "remediation-abcdef.json</code></a>, plan <code>uncommitted/plans/abcdef.json<" in text


@pytest.mark.parametrize(
    ("window", "shown"),
    [
        ({"first": "2024-01-01", "last": "2024-12-31"}, False),
        ({"first": "2024-01-01", "last": "2025-01-01"}, True),
        ({"first": "2025-01-20", "last": "2025-01-21"}, True),
        ({"first": "2025-04-01", "last": "2025-04-02"}, False),
    ],
)
def test_repairs_of_dates_of_the_window_are_on_the_page(
    tmp_path: Path, window: dict[str, str], shown: bool
) -> None:
    failed = stored(tmp_path, minute=1, factors=HOLE)
    repaired(tmp_path, failed, window=window)
    assert ("Remediation" in page_of(tmp_path, minute=3)) is shown


def test_a_signature_ends_the_story_of_a_repair(tmp_path: Path) -> None:
    failed = stored(tmp_path, minute=1, factors=HOLE)
    repaired(tmp_path, failed)
    assert "Remediation" in page_of(tmp_path, minute=3)
    second = stored(tmp_path, minute=4)
    assert "Remediation" in accept(tmp_path, second.run_id).read_text()
    later = page_of(tmp_path, minute=5)
    assert "Remediation" not in later


# ------------------------------------------------------------------ the calendar


def test_every_date_of_the_window_is_in_the_calendar_in_one_state(tmp_path: Path) -> None:
    file = contract_of(tmp_path, known_gaps=[GAP])
    partial = [r for r in HOLE if r[1] != "20250205_1"]
    pause = [r for r in FULL if r[0] != D("2025-01-12")]
    report = stored(
        tmp_path, file, as_of="2025-02-10", schedule=pause, raw=pause, summary=pause,
        factors=[r for r in partial if r[0] not in (D("2025-01-12"), D("2025-02-06"))],
    )  # fmt: skip
    layer = next(c for c in layer_calendars(report) if c.layer == "L4")
    assert layer.counts == {
        CellState.MISSING: 1,
        CellState.PARTIAL: 1,
        CellState.KNOWN_GAP: 10,
        CellState.COMPLETE: 24,
        CellState.WARM_UP: 3,
        CellState.NOT_DUE: 50,
        CellState.OFF: 1,
    }
    assert sum(layer.counts.values()) == 90
    rows = {str(row.date): row for row in layer.dates if row.cells}
    found = rows["2025-02-05"]
    assert (found.state, found.figures) == ("partial", {"factors": "1/2 partial"})
    assert "2025-01-12" not in rows
    cells = {cell.title.splitlines()[0]: cell for cell in layer.dates}
    assert cells["Sun 2025-01-12"].state is CellState.OFF
    assert cells["Thu 2025-02-06"].title == "Thu 2025-02-06\nfactors: 0/2 missing"
    places = {(cell.column, cell.date.weekday()) for cell in layer.dates}
    assert len(places) == len(layer.dates)


def test_weeks_without_anything_expected_are_left_out_and_named(tmp_path: Path) -> None:
    rows = [*days("2025-01-01", "2025-01-10"), *days("2025-02-03", "2025-02-10")]
    report = stored(tmp_path, **dict.fromkeys(("schedule", "raw", "summary", "factors"), rows))
    layer = layer_calendars(report)[0]
    assert [text for _, text in layer.breaks] == ["2025-01-13 to 2025-02-02: nothing expected"]
    assert layer.sentence == "18 complete, 40 not due, 32 off"


def test_what_two_layers_lost_is_missing_in_the_calendars_of_both(tmp_path: Path) -> None:
    report = stored(tmp_path, summary=HOLE, factors=HOLE)
    found = {c.layer: c.counts for c in layer_calendars(report)}
    assert found["L3"][CellState.MISSING] == found["L4"][CellState.MISSING] == 10
    assert found["L4"][CellState.WARM_UP] == 3
    assert CellState.MISSING not in found["L1"]


def test_a_cell_is_the_worst_of_the_datasets_of_its_layer_and_shows_all_of_them(
    tmp_path: Path,
) -> None:
    factors = BASIC["datasets"]["factors"]
    second = {**factors, "table": "s.second", "upstream": "raw", "warmup_days": 0}
    both = contract_of(tmp_path, datasets={**BASIC["datasets"], "second": second})
    layer = layer_calendars(stored(tmp_path, both, factors=HOLE, second=FULL))[-1]
    assert layer.datasets == ("factors", "second")
    cells = {cell.title.splitlines()[0]: cell for cell in layer.dates}
    lost = cells["Mon 2025-01-20"]
    assert lost.state is CellState.MISSING
    assert lost.title.splitlines()[1:] == ["factors: 0/2 missing", "second: 2/2 complete"]
    # Warm-up of the one, not of the other.
    assert cells["Wed 2025-01-01"].state is CellState.COMPLETE
    figures = {str(row.date): row.figures for row in layer.dates}
    assert figures["2025-01-01"] == {"factors": "2/2 warm up", "second": "2/2 complete"}


# ------------------------------------------------------------------ in a real browser


@pytest.fixture
def failed_page(tmp_path: Path) -> Path:
    """A failed run with everything on its page, by people who write markup."""
    file = contract_of(tmp_path, known_gaps=[{**GAP, "to": D("2025-01-21"), "reason": HOSTILE}])
    hostile = [*HOLE[:-1], (D("2025-02-01"), HOSTILE)]
    report = stored(tmp_path, file, factors=hostile)
    repaired(tmp_path, report, by=HOSTILE, problem=HOSTILE)
    return write_run_page(tmp_path, report)


def test_nothing_is_loaded_and_two_checkers_find_nothing(failed_page: Path, chromium: Any) -> None:
    assert_sound(chromium, failed_page)
    assert_sound(chromium, failed_page.parents[1] / "index.html")


def test_marks_and_folds_work_and_markup_is_text(failed_page: Path, chromium: Any) -> None:
    with looked_at(chromium, failed_page) as visit:
        page = visit.page
        assert page.title().startswith("INCOMPLETE · after_backfill")
        assert page.locator("text=UNSIGNED").is_visible()
        assert page.locator("td", has_text="✗ failed").count() == 3
        assert page.locator("td", has_text=HOSTILE).count() >= 2
        folded = page.locator("details", has_text="9 dates").first
        assert "2025-01-25" not in folded.inner_text()
        folded.locator("summary").click()
        assert "2025-01-25" in folded.inner_text()


def test_the_figures_of_a_cell_show_under_the_pointer_and_under_the_arrow_keys(
    failed_page: Path, chromium: Any
) -> None:
    with looked_at(chromium, failed_page, width=375) as visit:
        page, tip = visit.page, visit.page.locator("#tip")
        layer = page.locator(".calendar").nth(2)
        assert tip.is_hidden()
        layer.locator("use[href='#missing']").first.hover()
        assert tip.inner_text() == "Wed 2025-01-22\nfactors: 0/2 missing"
        page.mouse.move(0, 0)
        assert tip.is_hidden()
        page.keyboard.press("Tab")
        while page.evaluate("!document.activeElement.matches('section:nth-of-type(3) .calendar')"):
            page.keyboard.press("Tab")
        page.evaluate("new Promise(done => requestAnimationFrame(() => setTimeout(done, 50)))")
        assert tip.is_visible()  # though the page was scrolled to the calendar
        assert tip.inner_text().startswith("Mon 2025-03-31\nfactors: 0/0 not due")
        page.keyboard.press("Home")
        assert tip.inner_text().startswith("Wed 2025-01-01\nfactors: 2/2 warm up")
        for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowDown"):
            page.keyboard.press(key)
        assert tip.inner_text() == "Thu 2025-01-23\nfactors: 0/2 missing"
        page.keyboard.press("ArrowUp")
        page.keyboard.press("ArrowLeft")
        assert tip.inner_text() == "Wed 2025-01-15\nfactors: 2/2 complete"
        page.keyboard.press("Escape")
        assert tip.is_hidden()
        page.keyboard.press("End")
        assert tip.inner_text().splitlines()[0] == "Mon 2025-03-31"


def test_without_scripts_cells_have_titles_and_the_table_says_the_same(
    failed_page: Path, chromium: Any
) -> None:
    with looked_at(chromium, failed_page, scripts=False) as visit:
        cell = visit.page.locator(".calendar").nth(2).locator("use[href='#missing']").first
        title = cell.locator("title").text_content()
        assert title == "Wed 2025-01-22\nfactors: 0/2 missing"
        table = visit.page.locator("details", has_text="L4 as a table")
        table.locator("summary").click()
        row = table.locator("tr", has_text="2025-01-22")
        assert row.inner_text().split("\t") == ["2025-01-22", "missing", "0/2 missing"]


def test_on_paper_the_folded_dates_of_the_checks_are_open(failed_page: Path, chromium: Any) -> None:
    with looked_at(chromium, failed_page) as visit:
        visit.page.evaluate("dispatchEvent(new Event('beforeprint'))")
        assert visit.page.locator("details.print:not([open])").count() == 0
        visit.page.evaluate("dispatchEvent(new Event('afterprint'))")
        assert visit.page.locator("details.print[open]").count() == 0


def test_a_signed_page_is_as_sound_as_an_unsigned_one(tmp_path: Path, chromium: Any) -> None:
    stored(tmp_path)
    page = accept(tmp_path, by=HOSTILE, note=HOSTILE * 20)
    assert_sound(chromium, page)
    assert_sound(chromium, page.parents[1] / "index.html")
    with looked_at(chromium, page) as visit:
        assert HOSTILE in visit.page.locator(".banner").inner_text()
        assert visit.page.title().startswith("COMPLETE")


def test_the_page_of_two_seasons_stays_small(tmp_path: Path) -> None:
    seasons = [{"name": "2025", "from": D("2025-01-01"), "to": D("2026-12-31")}]
    file = contract_of(tmp_path, seasons=seasons)
    long = days("2025-01-01", "2026-12-31", games=1)
    page = page_of(tmp_path, file, schedule=long, raw=long, summary=long)
    assert len(page.encode()) < 1_000_000


def test_the_page_names_the_dates_that_a_threshold_tolerates(tmp_path: Path) -> None:
    lost = (D("2025-01-20"), "20250120_0")
    whole = page_of(tmp_path)
    tolerated = page_of(tmp_path, summary=[row for row in FULL if row != lost])
    assert "<summary>Within tolerance" not in whole
    assert "1 date lacks keys within tolerance</span>" in tolerated
    banner = tolerated.partition("Within tolerance</summary>")[2].partition("</details>")[0]
    assert "summary" in banner
    assert "2025-01-20" in banner
