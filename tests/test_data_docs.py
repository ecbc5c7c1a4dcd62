"""What a person reads on the Data Docs pages."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from checkpoints.contract_file import ContractFile
from checkpoints.errors import LibraryError
from checkpoints.library import LibraryVerdict, build_docs, judge
from tests.projects import (
    ALL,
    FRAMES,
    KNOWN_GAP,
    D,
    every_day,
    frame_of,
    judged,
    project_of,
)
from tests.warehouses import BASIC


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ContractFile:
    return project_of(tmp_path_factory.mktemp("project"), known_gaps=[KNOWN_GAP])


def page_of(verdict: LibraryVerdict, suite: str) -> str:
    """The latest page of a suite."""
    pages = verdict.docs_index.parent.glob(f"validations/{suite}/*/*/*.html")
    return max(pages, key=lambda path: path.parts).read_text(encoding="utf-8")


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


def words_with_markup(page: str) -> str:
    """The text of a page, in which escaped markup is text."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))


def test_a_failed_expectation_shows_observed_threshold_ranges_and_all_dates(
    file: ContractFile,
) -> None:
    days, _ = FRAMES["a gap in the last layer"]
    page = page_of(judged(file, frame_of(file.contract, days)), "L4")
    words = words_of(page)

    assert "factors holds at least 80 % of the keys of raw (critical)" in words
    assert "observed 52.9 %, needed ≥ 80 % 8 dates: 2025-01-08 → 2025-01-14, 2025-01-17" in words
    assert "9 of 17 needed ≥ 80 %" in words
    folded = re.search(r"<details\s*>\s*<summary>all 8 dates</summary>([^<]*)</details>", page)
    assert folded is not None
    assert folded[1].strip().split(", ") == [
        *(f"2025-01-{n:02}" for n in range(8, 15)),
        "2025-01-17",
    ]
    assert "FAILED" in words


def test_not_evaluated_is_visible_and_no_failure_to_the_library(file: ContractFile) -> None:
    days, options = FRAMES["nothing due yet"]
    words = words_of(page_of(judged(file, frame_of(file.contract, days, **options)), "L3"))

    assert "NOT EVALUATED summary holds at least 90 % of the keys of raw (critical) " in words
    assert "nothing was due" in words
    assert "Unsuccessful Expectations 0" in words


def test_an_errored_expectation_says_why_and_shows_no_traceback(file: ContractFile) -> None:
    days, options = FRAMES["an unreadable layer"]
    words = words_of(page_of(judged(file, frame_of(file.contract, days, **options)), "L3"))

    assert "ERRORED summary holds" in words
    assert "could not be evaluated: table 'summary' is not in schema 's'" in words
    assert "Traceback" not in words


HOSTILE = "<script>alert(1)</script> $dataset $$of {{ 1 }} <!-- ' \""


def test_hostile_names_and_messages_are_shown_as_text(tmp_path: Path) -> None:
    raw = json.loads(json.dumps(BASIC).replace('"factors"', json.dumps(HOSTILE)))
    raw["layers"]["L4"] = HOSTILE
    file = project_of(tmp_path, raw)
    masks = {D("2025-01-10"): ["schedule raw summary"], D("2025-01-11"): ["schedule raw summary"]}
    frame = frame_of(file.contract, masks, unreadable={"summary": HOSTILE})
    verdict = judged(file, frame)
    pages = [page_of(verdict, "L4"), page_of(verdict, "L3")]
    pages += [p.read_text() for p in verdict.docs_index.parent.glob("expectations/*.html")]

    assert not [page for page in pages if "<script>alert" in page]
    assert f"{HOSTILE} holds at least 80 % of the keys of raw" in words_with_markup(pages[0])
    assert f"could not be evaluated: {HOSTILE}" in words_with_markup(pages[1])


def test_a_page_that_could_not_be_rendered_is_an_error(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    rendering = file.project / "plugins/cross_layer/rendering.py"
    text = rendering.read_text(encoding="utf-8")
    rendering.write_text(text.replace("{threshold}", "").replace("limit(", "limit(1, "))
    days, _ = FRAMES["a gap in the last layer"]

    with pytest.raises(LibraryError, match=r"Data Docs are incomplete: TypeError"):
        judged(file, frame_of(file.contract, days))


def test_the_pages_carry_the_run_id_and_time(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    at = datetime(2025, 3, 9, 8, 7, 6, tzinfo=UTC)
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-06", ALL))
    run_id = "20250309T080706000000Z-after_backfill"
    verdict = judge(file.project, file.contract, "after_backfill", frame, run_id, at)
    pages = [*verdict.docs_index.parent.glob(f"validations/L3/{run_id}/*/*.html")]

    assert len(pages) == 1
    assert "2025-03-09T08:07:06Z" in words_of(pages[0].read_text(encoding="utf-8"))
    assert run_id in verdict.docs_index.read_text(encoding="utf-8")


def test_docs_can_be_rebuilt_from_the_archive(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    days, _ = FRAMES["a gap in the last layer"]
    verdict = judged(file, frame_of(file.contract, days))
    shutil.rmtree(file.project / "uncommitted/data_docs")

    assert build_docs(file.project) == verdict.docs_index
    assert "observed 52.9 %, needed ≥ 80 %" in words_of(page_of(verdict, "L4"))
