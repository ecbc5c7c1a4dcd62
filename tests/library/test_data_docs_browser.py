"""Data Docs in a real browser without a network: every kind of page, as a person uses it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.runs import runs_folder
from checkpoints.library.judge import build_docs
from tests.support.browser import assert_sound, html_problems, looked_at
from tests.support.projects import project_of
from tests.support.runs import HOLE, accept, library_run
from tests.support.warehouses import D

HOSTILE = "<script>document.title='owned'</script>\x1b[31m"
PARTIAL = [row for row in HOLE if row[1] != "20250112_1"]
STRANGERS = [(D("2025-02-01"), HOSTILE), (D("2025-02-02"), "x" * 300)]
NULL = [(D("2025-02-03"), None)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    folder: Path
    runs: dict[str, str]

    def result(self, run: str, suite: str) -> Path:
        found = list(self.folder.glob(f"validations/{suite}/{self.runs[run]}/*/*.html"))
        assert len(found) == 1
        return found[0]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    file = project_of(tmp_path_factory.mktemp("project"))
    bad = {"summary": PARTIAL + STRANGERS + NULL, "factors": PARTIAL}
    runs = {
        "errored": library_run(file, 1, factors=None),
        "nothing due": library_run(file, 2, as_of="2025-01-01"),
        "failed": library_run(file, 3, **bad),
        "complete": library_run(file, 4),
    }
    accept(file.project, runs["complete"].run_id, by="Ada <b>", note="<i>fine</i>")
    damaged = runs_folder(file.project) / "20200101T000000000000Z-old" / "report.json"
    damaged.parent.mkdir()
    damaged.write_text("{")
    index = build_docs(file.project)
    return Site(folder=index.parent, runs={name: run.run_id for name, run in runs.items()})


@pytest.mark.parametrize(
    ("run", "suite"),
    [
        ("failed", "L3"),
        ("failed", "L4"),
        ("errored", "L4"),
        ("nothing due", "L3"),
        ("complete", "L1"),
    ],
)
def test_result_pages_are_sound(chromium: Any, site: Site, run: str, suite: str) -> None:
    assert_sound(chromium, site.result(run, suite))


@pytest.mark.parametrize("page", ["index.html", "expectations/L4.html"])
def test_the_index_and_suite_pages_are_sound(chromium: Any, site: Site, page: str) -> None:
    assert_sound(chromium, site.folder / page)


def test_no_page_is_malformed_or_leads_nowhere_whatever_the_data_contains(site: Site) -> None:
    pages = list(site.folder.rglob("*.html"))

    assert len(pages) == 1 + 4 + 4 * 5  # the list, suites, four runs with a page and four results
    assert {page.name: found for page in pages if (found := html_problems(page))} == {}


def visible(texts: Iterable[Any]) -> bool:
    return all(text.is_visible() for text in texts)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_marks_are_words_and_signs_that_need_no_font_of_anybody(
    chromium: Any, site: Site, scheme: str
) -> None:
    with looked_at(chromium, site.result("failed", "L3"), scheme=scheme) as visit:
        marks = visit.page.get_by_text("✗ failed", exact=True).all()
        assert len(marks) == 3  # ratio, gap and NULL keys
        assert visible(marks)
        assert visible(visit.page.get_by_text("✗ failed (warning)", exact=True).all())
        assert "INCOMPLETE" in visit.page.locator("h1").inner_text()
        assert visit.page.title().startswith("INCOMPLETE")


def test_folds_open_and_links_are_reached_with_the_keyboard_alone(
    chromium: Any, site: Site
) -> None:
    with looked_at(chromium, site.result("failed", "L3"), scripts=False) as visit:
        fold = visit.page.locator("details", has_text="one by one").first
        assert not fold.get_by_text("2025-01-25").is_visible()
        for _ in range(30):
            visit.page.keyboard.press("Tab")
            if fold.locator("summary").evaluate("mark => mark === document.activeElement"):
                break
        visit.page.keyboard.press("Enter")
        assert fold.get_by_text("2025-01-25").is_visible()


def test_keys_of_the_warehouse_are_text(chromium: Any, site: Site) -> None:
    with looked_at(chromium, site.result("failed", "L3")) as visit:
        visit.page.evaluate("document.querySelectorAll('details').forEach(d => d.open = true)")
        keys = visit.page.locator(".keys code")
        assert visible(keys.all())
        quoted = "\"<script>document.title='owned'</script>\\u001b[31m\""
        assert quoted in keys.all_inner_texts()
        assert "owned" not in visit.page.title()


def test_on_paper_everything_folded_is_there_and_nothing_is_cut(
    chromium: Any, site: Site, tmp_path: Path
) -> None:
    with looked_at(chromium, site.result("failed", "L3"), width=700) as visit:
        visit.page.emulate_media(media="print")
        folded = visit.page.locator(".days li", has_text="2025-01-25").first
        assert folded.bounding_box()["height"] > 0
        assert visit.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_every_page_of_the_site_is_reached_from_the_first_one(chromium: Any, site: Site) -> None:
    seen: set[str] = set()
    with looked_at(chromium, site.folder / "index.html") as visit:
        waiting = [(site.folder / "index.html").as_uri()]
        while waiting:
            page = waiting.pop()
            if page in seen or not page.endswith(".html"):
                continue
            seen.add(page)
            visit.page.goto(page)
            links = visit.page.eval_on_selector_all("a[href]", "found => found.map(a => a.href)")
            waiting.extend(link.partition("#")[0] for link in links)
        assert visit.complaints == []
    assert seen >= {page.as_uri() for page in site.folder.rglob("*.html")}
