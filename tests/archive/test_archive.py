"""The pages of stored runs: written when their sources change, and honest about damage."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive import runs as archive
from checkpoints.archive.history import StoredRun, stored_runs
from checkpoints.archive.runs import pages_folder
from checkpoints.output import page, site
from checkpoints.output.site import rebuild_pages, render_list, write_run_page
from tests.support.browser import assert_sound, looked_at
from tests.support.runs import AT, FULL, HOLE, accept, latest_report, page_of, repaired, stored


@pytest.fixture
def rendered(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The runs whose pages were rendered, in order."""
    found: list[str] = []
    real = page.render_page

    def render(report: Any, archived: Any) -> str:
        found.append(report.run_id)
        return real(report, archived)

    monkeypatch.setattr(site, "render_page", render)
    return found


def index_of(project: Path) -> str:
    return (pages_folder(project).parent / "index.html").read_text()


def test_a_page_is_rendered_again_only_when_its_sources_change(
    tmp_path: Path, rendered: list[str]
) -> None:
    runs = [stored(tmp_path, minute=minute) for minute in (1, 3, 5)]
    assert rebuild_pages(tmp_path) == []
    assert sorted(rendered) == [run.run_id for run in runs]
    rendered.clear()
    assert rebuild_pages(tmp_path) == []
    assert rendered == []

    archive.save_report(tmp_path, runs[0].model_copy(update={"seconds": 9.0}))
    rebuild_pages(tmp_path)
    assert rendered == [runs[0].run_id]
    rendered.clear()
    repaired(tmp_path, runs[0])  # at 09:02: before the second and third run
    rebuild_pages(tmp_path)
    assert sorted(rendered) == [run.run_id for run in runs]
    rendered.clear()
    (pages_folder(tmp_path) / f"{runs[1].run_id}.html").unlink()
    rebuild_pages(tmp_path)
    assert rendered == [runs[1].run_id]


def test_a_signed_page_stays_as_it_was_signed(tmp_path: Path, rendered: list[str]) -> None:
    report = stored(tmp_path, minute=5)
    text = accept(tmp_path).read_text()
    repaired(tmp_path, report)
    assert rebuild_pages(tmp_path) == []
    assert write_run_page(tmp_path, report).read_text() == text
    assert rendered == []


def test_a_report_changed_after_its_sign_off_no_longer_shows_as_signed(tmp_path: Path) -> None:
    report = stored(tmp_path)
    signed = accept(tmp_path)
    assert "DOES NOT MATCH" not in signed.read_text()
    archive.save_report(tmp_path, report.model_copy(update={"seconds": 9.0}))
    assert rebuild_pages(tmp_path) == []
    assert "SIGNATURE DOES NOT MATCH: report.json was changed" in signed.read_text()
    assert '<div class="banner bad">' in signed.read_text()
    assert "signature does not match" in index_of(tmp_path)


def test_a_signed_page_that_is_lost_everywhere_is_not_passed_off_as_the_signed_one(
    tmp_path: Path,
) -> None:
    report = stored(tmp_path)
    signed = accept(tmp_path)
    signed.unlink()
    archive.report_path(tmp_path, report.run_id).with_name("signoff.html").unlink()
    assert rebuild_pages(tmp_path) == []
    assert "the page that was signed is lost" in signed.read_text()


def test_a_withdrawn_sign_off_leaves_no_copy_behind(tmp_path: Path) -> None:
    report = stored(tmp_path)
    signed = accept(tmp_path)
    archive.report_path(tmp_path, report.run_id).with_name("signoff.json").unlink()
    assert rebuild_pages(tmp_path) == []
    assert "UNSIGNED" in signed.read_text()
    assert not signed.with_suffix(".json").exists()


def test_one_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    old = archive.runs_folder(tmp_path) / "20200101T000000000000Z-old" / "report.json"
    old.parent.mkdir(parents=True)
    old.write_text("{")
    page = write_run_page(tmp_path, stored(tmp_path))
    assert "COMPLETE" in index_of(tmp_path)
    assert "20200101T000000000000Z-old" in index_of(tmp_path)
    assert len(rebuild_pages(tmp_path)) == 1
    latest_report(tmp_path).with_name("signoff.json").write_text("{}")
    problems = rebuild_pages(tmp_path)
    assert ["signoff.json: is not a sign-off" in problem for problem in problems] == [True, False]
    assert "signoff.json: is not a sign-off of version 2" in page.read_text()
    assert "signoff.json: is not a sign-off of version 2" in index_of(tmp_path)


def test_a_damaged_remediation_record_is_named_on_the_page_of_its_run_only(tmp_path: Path) -> None:
    first, second = stored(tmp_path, minute=1), stored(tmp_path, minute=3)
    repaired(tmp_path, first).write_text("{}")
    (problem,) = rebuild_pages(tmp_path)
    assert "remediation-abcdef.json: is not a remediation record of version 1" in problem
    pages = [pages_folder(tmp_path) / f"{run.run_id}.html" for run in (first, second)]
    assert ["remediation-abcdef.json" in page.read_text() for page in pages] == [True, False]


def test_the_run_that_a_repair_answers_shows_it_as_soon_as_the_next_run_is_stored(
    tmp_path: Path,
) -> None:
    failed = stored(tmp_path, minute=1, factors=HOLE)
    page = write_run_page(tmp_path, failed)
    repaired(tmp_path, failed)
    assert "Remediation" not in page.read_text()
    write_run_page(tmp_path, stored(tmp_path, minute=3))
    assert "Remediation" in page.read_text()


# ------------------------------------------------------------------ the list of runs


def test_the_list_shows_signed_and_unsigned_runs_newest_first(tmp_path: Path) -> None:
    stored(tmp_path, minute=1)
    accept(tmp_path)
    page_of(tmp_path, minute=2, factors=HOLE)
    text = index_of(tmp_path)
    assert text.index("09:02:00") < text.index("09:01:00")
    assert text.index('"warn">unsigned') < text.index("Ada, 2025-02-21")
    assert "2 stored, 1 of them unsigned" in text
    assert 'class="sparkline"' in text


def many(run: StoredRun, count: int) -> list[StoredRun]:
    """Runs a day apart, newest first; every third was signed."""
    newest = run.head.started_at.toordinal()
    return [
        run.model_copy(
            update={
                "run_id": f"{n:06}-after_backfill",
                "head": run.head.model_copy(
                    update={"started_at": AT.fromordinal(newest - n).replace(tzinfo=AT.tzinfo)}
                ),
                **({"signed_by": "Ada", "signed_at": AT} if n % 3 == 0 else {}),
            }
        )
        for n in range(count)
    ]


def test_a_thousand_runs_are_folded_by_month_and_stay_small(tmp_path: Path, chromium: Any) -> None:
    stored(tmp_path, factors=HOLE)
    text = render_list(many(stored_runs(tmp_path)[0], 1000))
    assert len(text) < 1_000_000
    assert text.count("<details open>") == 1
    index = tmp_path / "index.html"
    index.write_text(text)
    with looked_at(chromium, index, width=375) as visit:
        months = visit.page.locator("details:not(#words)")
        assert months.count() == 34
        assert months.first.locator("summary").inner_text() == "February 2025 21 runs"
        assert months.nth(1).locator("a").first.is_hidden()
        months.nth(1).locator("summary").click()
        assert months.nth(1).locator("a").first.is_visible()


def test_the_list_of_damaged_altered_and_unsigned_runs_is_sound(
    tmp_path: Path, chromium: Any
) -> None:
    for minute in range(4):
        report = stored(tmp_path, minute=minute, factors=HOLE if minute == 2 else FULL)
    accept(tmp_path, report.run_id, by="<i>Ada</i>")
    archive.save_report(tmp_path, report.model_copy(update={"seconds": 9.0}))
    (archive.report_path(tmp_path, stored_runs(tmp_path)[3].run_id)).write_text("<b>{")
    assert len(rebuild_pages(tmp_path)) == 1
    assert_sound(chromium, pages_folder(tmp_path).parent / "index.html")


def test_an_empty_list_says_how_a_run_is_made() -> None:
    assert "python -m checkpoints run" in render_list([])
