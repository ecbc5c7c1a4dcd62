"""The page of a run as the one who signs reads it, on a screen and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from checkpoints.output.glossary import GLOSSARY
from checkpoints.output.lacking import together
from checkpoints.output.site import refresh_pages, write_run_page
from tests.support.browser import assert_sound, looked_at, scrolls_sideways
from tests.support.runs import FULL, HOLE, accept, page_of, repaired, stored
from tests.support.warehouses import BASIC, D, contract_of, days

WIDTHS = (400, 1440)
SECOND = {**BASIC["datasets"]["factors"], "table": "s.second"}
STRANGER = (D("2025-01-10"), "stranger")
LONG = "n" * 60


@contextmanager
def read(browser: Any, path: Path, width: int) -> Iterator[Any]:
    """The open page without scripts: everything is there to be read."""
    with looked_at(browser, path, width=width, scripts=False) as visit:
        yield visit.page


@pytest.fixture
def failed(tmp_path: Path) -> Path:
    """Two datasets of L4 lack the same ten dates, one of them holds a stranger."""
    file = contract_of(
        tmp_path,
        name="Orders <EU>",
        environment="staging",
        datasets={**BASIC["datasets"], "second": SECOND},
    )
    report = stored(tmp_path, file, factors=[*HOLE, STRANGER], second=HOLE)
    return write_run_page(tmp_path, report)


@pytest.mark.parametrize("width", WIDTHS)
def test_the_pipeline_its_environment_and_what_was_checked_stand_at_the_top(
    failed: Path, chromium: Any, width: int
) -> None:
    with read(chromium, failed, width) as page:
        assert page.locator("header").inner_text().split() == ["Orders", "<EU>", "staging"]
        banner = page.locator(".banner").inner_text()
        assert (
            "5 datasets in 4 layers of Orders <EU>, 2025-01-01 to 2025-03-31, each against "
            in banner
        )
        assert "its upstream by date and key; 17 checks" in banner
        assert page.locator(".banner").bounding_box()["y"] < 200


def test_without_a_name_it_is_the_contracts_file_and_the_warehouse_without_options(
    tmp_path: Path,
) -> None:
    report = stored(tmp_path)
    url = f"{report.provenance.warehouse}?token=secret"
    made = report.provenance.model_copy(update={"warehouse": url})
    assert made.pipeline == f"{tmp_path.name}/pipeline.yml"
    assert made.place == report.provenance.warehouse


@pytest.mark.parametrize("width", WIDTHS)
def test_a_missing_range_is_read_once_with_all_of_its_datasets(
    failed: Path, chromium: Any, width: int
) -> None:
    with read(chromium, failed, width) as page:
        text = page.locator("main").inner_text()
        assert text.count("2025-01-20 → 2025-01-29") == 1
        row = page.locator("tr", has_text="2025-01-20 → 2025-01-29")
        assert "factors" in row.inner_text()
        assert "second" in row.inner_text()
        assert "all of them missing or partial" in text


def test_dates_of_the_same_datasets_stand_together_and_each_once() -> None:
    first, second, third = (D(f"2025-01-0{n}") for n in (1, 2, 3))
    found = together({"a": [first, second, third], "b": [third, second], "c": []})
    assert found == [(("a", "b"), (second, third)), (("a",), (first,))]


@pytest.mark.parametrize("width", WIDTHS)
def test_failed_checks_come_first_by_dataset_and_passed_ones_are_folded(
    failed: Path, chromium: Any, width: int
) -> None:
    with read(chromium, failed, width) as page:
        groups = page.locator("#failed + table tr.group").all_inner_texts()
        assert [text.split()[0] for text in groups] == ["factors", "second"]
        assert "1 orphan, none allowed" in page.locator("main").inner_text()
        passed = page.locator("details", has_text="checks passed").first
        assert not passed.get_by_text("0 orphans").first.is_visible()
        passed.locator("summary").first.click()
        assert passed.get_by_text("0 orphans, none allowed").first.is_visible()
        assert "a failure would be a warning only" in passed.inner_text()
        assert "✓ passed" not in passed.inner_text()


@pytest.mark.parametrize("width", WIDTHS)
def test_the_words_are_explained_in_one_fold(failed: Path, chromium: Any, width: int) -> None:
    with read(chromium, failed, width) as page:
        words = page.locator("#words")
        assert not words.get_by_text(GLOSSARY["orphan"]).is_visible()
        words.locator("summary").click()
        assert words.get_by_text(GLOSSARY["orphan"]).is_visible()
        assert set(words.locator("dt").all_inner_texts()) == set(GLOSSARY)


def test_calendars_are_as_wide_as_the_page_and_show_the_newest_dates(
    tmp_path: Path, chromium: Any
) -> None:
    seasons = [{"name": "2025", "from": D("2025-01-01"), "to": D("2025-12-31")}]
    long = days("2025-01-01", "2025-12-31", games=1)
    tables = dict.fromkeys(("schedule", "raw", "summary", "factors"), long)
    file = contract_of(tmp_path, seasons=seasons)
    page = write_run_page(tmp_path, stored(tmp_path, file, as_of="2026-01-05", **tables))
    for width in WIDTHS:
        with read(chromium, page, width) as opened:
            frame = opened.locator(".calendar").first
            calendar, around = frame.locator("svg").bounding_box(), frame.bounding_box()
            newest = frame.locator("use").last.bounding_box()
            assert calendar["width"] >= 0.95 * around["width"]
            assert newest["x"] >= around["x"]
            assert newest["x"] + newest["width"] <= around["x"] + around["width"] + 1
            oldest = frame.locator("use").first.bounding_box()
            assert (oldest["x"] < 0) is (width == 400)


def test_tables_that_scroll_say_so_and_keep_their_dates_whole(failed: Path, chromium: Any) -> None:
    with looked_at(chromium, failed, width=400) as visit:
        page = visit.page
        page.evaluate("document.querySelectorAll('details').forEach(fold => fold.open = true)")
        shown = "frame => getComputedStyle(frame, '::before').display === 'block'"
        wide = [
            frame
            for frame in page.locator(".scroll").all()
            if frame.evaluate("f => f.scrollWidth > f.clientWidth && !!f.querySelector('.wide')")
        ]
        assert wide
        assert all(frame.evaluate(shown) for frame in wide)
        assert not scrolls_sideways(page)
        dates = page.locator("main .nowrap", has_text="2025-01-20")
        assert dates.first.evaluate("date => date.getClientRects().length") == 1


@pytest.mark.parametrize("width", WIDTHS)
def test_the_list_of_runs_shows_who_signed_at_every_width(
    tmp_path: Path, chromium: Any, width: int
) -> None:
    file = contract_of(tmp_path, name="Orders", environment="staging")
    stored(tmp_path, file)
    index = accept(tmp_path).parents[1] / "index.html"
    with read(chromium, index, width) as page:
        signed = page.get_by_text("Ada, 2025-02-21")
        assert signed.is_visible()
        assert signed.bounding_box()["x"] + signed.bounding_box()["width"] <= width
        assert page.locator("header").inner_text().split() == ["Orders", "staging"]


def test_what_was_read_is_a_card_only_where_bytes_are_known(tmp_path: Path) -> None:
    text = page_of(tmp_path)
    assert "bytes not reported" not in text
    assert "<dt>Read</dt><dd>1 statement" in text.partition("Provenance")[2]


def test_the_page_says_what_to_type_next(tmp_path: Path) -> None:
    raw = {**BASIC["datasets"], "factors": {**BASIC["datasets"]["factors"]}}
    file = contract_of(tmp_path, datasets=raw)
    report = stored(tmp_path, file, factors=HOLE)
    where = f"--contract {file.path}</code>"
    again = (
        "python -m checkpoints run --checkpoint after_backfill --from 2025-01-01 --to 2025-03-31"
    )
    text = write_run_page(tmp_path, report).read_text()
    assert f"python -m remediation plan --run {report.run_id} {where}" in text
    assert f"python -m remediation run --yes {where}" in text
    assert again in text
    repaired(tmp_path, report)  # not everything landed
    text = write_run_page(tmp_path, report).read_text()
    assert f"python -m remediation resume {where}" in text
    assert "remediation plan --run" not in text
    repaired(tmp_path, report, exit_code=0)
    text = write_run_page(tmp_path, report).read_text()
    assert "remediation resume" not in text
    assert again in text
    whole = stored(tmp_path, file, minute=5)
    text = write_run_page(tmp_path, whole).read_text()
    assert f"signoff --by &#34;your name&#34; --run {whole.run_id} {where}" in text
    signed = accept(tmp_path, whole.run_id).read_text()
    assert f"signoff --contract {file.path} --verify PAGE" in signed


def test_a_repair_and_its_plan_are_on_the_page_of_its_run_as_soon_as_it_is_asked_for(
    tmp_path: Path,
) -> None:
    report = stored(tmp_path, factors=HOLE)
    page = write_run_page(tmp_path, report)
    plan = tmp_path / "uncommitted/plans/abcdef.json"
    plan.parent.mkdir()
    plan.write_text("{}")
    record = repaired(tmp_path, report)
    assert "Remediation</h2>" not in page.read_text()
    assert refresh_pages(tmp_path, [report.run_id]) == []
    text = page.read_text()
    assert "Remediation</h2>" in text
    copies = page.with_suffix(".plan-abcdef.json"), page.with_suffix(".remediation-abcdef.json")
    for copy, source in zip(copies, (plan, record), strict=True):
        assert f'<a href="{copy.name}">' in text
        assert copy.read_text() == source.read_text()


def test_a_hundred_datasets_and_names_of_sixty_letters_stay_inside_the_page(
    tmp_path: Path, chromium: Any
) -> None:
    names = [f"{LONG[:57]}{n:03}" for n in range(97)]
    datasets = {**BASIC["datasets"], **{n: {**SECOND, "table": f"s.{n}"} for n in names}}
    file = contract_of(tmp_path, name=LONG * 3, environment=LONG * 3, datasets=datasets)
    report = stored(tmp_path, file, **{names[0]: HOLE, names[1]: HOLE})
    page = write_run_page(tmp_path, report)
    for width in WIDTHS:
        with read(chromium, page, width) as opened:
            assert not scrolls_sideways(opened)
            opened.locator("details", has_text="checks passed").first.locator(
                "summary"
            ).first.click()
            assert not scrolls_sideways(opened)


def test_a_page_without_dates_is_sound(tmp_path: Path, chromium: Any) -> None:
    tables = dict.fromkeys(BASIC["datasets"], FULL[:0])
    page = write_run_page(tmp_path, stored(tmp_path, **tables))
    assert_sound(chromium, page)
    with read(chromium, page, 400) as opened:
        assert "not evaluated: nothing was due" in opened.locator("main").inner_text()
