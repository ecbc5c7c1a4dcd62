"""What a person reads on the Data Docs pages."""

from __future__ import annotations

import json
import re
import shutil
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest

from checkpoints import validation
from checkpoints.archive.runs import validation_results
from checkpoints.contract.loading import ContractFile
from checkpoints.coverage.results import KeySample
from checkpoints.errors import ExitCode, LibraryError
from checkpoints.library.judge import build_docs
from tests.support.projects import (
    ALL,
    FRAMES,
    KNOWN_GAP,
    NO_L4,
    D,
    Judged,
    every_day,
    frame_of,
    judged,
    project_of,
)
from tests.support.runs import FULL, request_of
from tests.support.warehouses import BASIC

AT = datetime(2025, 3, 9, 8, 7, 6, tzinfo=UTC)
RUN = "20250309T080706000000Z-after_backfill"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ContractFile:
    return project_of(tmp_path_factory.mktemp("project"), known_gaps=[KNOWN_GAP])


def path_of(verdict: Judged, suite: str) -> Path:
    """The page of a suite."""
    (found,) = (page for page in verdict.pages if f"/validations/{suite}/" in page.as_posix())
    return found


def page_of(verdict: Judged, suite: str) -> str:
    return path_of(verdict, suite).read_text(encoding="utf-8")


def words_of(page: str) -> str:
    """The text of a page, in which escaped markup is text."""
    body = page.partition("<body>")[2]
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", body)))


def of_frame(file: ContractFile, name: str) -> Judged:
    days, options = FRAMES[name]
    return judged(file, frame_of(file.contract, days, **options))


def test_a_failed_expectation_shows_observed_threshold_ranges_and_all_dates(
    file: ContractFile,
) -> None:
    page = page_of(of_frame(file, "a gap in the last layer"), "L4")
    words = words_of(page)

    assert "✗ failed factors holds at least 80 % of the keys of raw" in words
    assert "Observed52.9 % 9 of 17 Needed≥ 80 % Where8 dates" in words
    assert "2025-01-08 → 2025-01-14 2025-01-17" in words
    folded = re.search(r"<summary>All 8 dates, one by one</summary>(.*?)</details>", page, re.S)
    days = [f"2025-01-{n:02}" for n in (*range(8, 15), 17)]
    assert re.findall(r"\d{4}-\d\d-\d\d", folded[1]) == days
    assert "2025-01-08 0 of 1" in words_of(f"<body>{folded[1]}")
    assert "2025-01-17 1 of 2" in words_of(f"<body>{folded[1]}")


def test_failed_checks_come_first_whatever_the_order_of_the_contract(file: ContractFile) -> None:
    words = words_of(page_of(of_frame(file, "orphans and nulls"), "L4"))

    failed = words.index("every key of factors is in summary on that date")
    assert words.index("What needs attention") < failed < words.index("The other checks")
    assert failed < words.index("factors holds at least 80 % of the keys of raw")
    assert "✗ failed (warning) every key of factors" in words


def test_the_keys_behind_a_date_are_shown_with_what_is_wrong_about_them(file: ContractFile) -> None:
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL, "factors"))
    pair = {"dataset": "factors", "of": "summary"}
    keys = KeySample(**pair, date=D("2025-01-20"), missing=(), orphans=(("A", "7"),))
    verdict = judged(file, frame, keys=[keys])
    words = words_of(page_of(verdict, "L4"))

    assert "Keys behind 1 date, the latest 2025-01-20 does not belong A · 7" in words
    assert "2025-01-20 1 orphan" in words


def test_the_page_says_which_service_a_plan_would_call_and_for_which_dates(tmp_path: Path) -> None:
    raw = json.loads(json.dumps(BASIC))
    raw["datasets"]["factors"]["service"] = "phase4"
    file = project_of(
        tmp_path, raw, services={"phase4": {"url": "https://phase4.example", "path": "/{date}"}}
    )
    days, _ = FRAMES["a gap in the last layer"]
    gap = every_day("2025-01-10", "2025-01-12", NO_L4.replace(" summary", ""))
    verdict = judged(file, frame_of(file.contract, {**days, **gap}))
    words, run = words_of(page_of(verdict, "L4")), path_of(verdict, "L4").parts[-3]

    assert (
        "Call phase4 for at most 8 dates, to rebuild factors: All 8 dates 2025-01-08 → 2" in words
    )
    assert f"python -m remediation plan --run {run} --contract {file.path}" in words
    assert "Nothing about 3 dates of summary: the contract names no service" in words_of(
        page_of(verdict, "L3")
    )


@pytest.mark.parametrize(
    ("frame", "suite", "shown", "not_shown"),
    [
        (
            "orphans and nulls", "L4",
            ("What a plan would do Nothing. What “no orphan keys” found stays: keys that",),
            "remediation plan",
        ),
        (
            "nothing due yet", "L3",
            (
                "– NOTHING DUE L3: nothing was due in the window",
                "– not evaluated summary holds at least 90 % of the keys of raw (nothing was due)",
            ),
            "What needs attention",
        ),
        (
            "an unreadable layer", "L3",
            (
                "✗ COULD NOT TELL L3: 4 of 4 checks could not be evaluated",
                "! errored summary holds",
                "Could not be evaluated: table 'summary' is not in schema 's'",
            ),
            "Traceback",
        ),
    ],
    ids=["no backfill repairs it", "not evaluated", "errored"],
)  # fmt: skip
def test_what_is_no_failure_or_no_backfill_repairs_is_said_so(
    file: ContractFile, frame: str, suite: str, shown: tuple[str, ...], not_shown: str
) -> None:
    words = words_of(page_of(of_frame(file, frame), suite))
    assert [text for text in shown if text not in words] == []
    assert not_shown not in words


HOSTILE = "<script>alert(1)</script> $dataset $$of {{ 1 }} <!-- ' \""


def test_hostile_names_and_messages_are_shown_as_text(tmp_path: Path) -> None:
    raw = json.loads(json.dumps(BASIC).replace('"factors"', json.dumps(HOSTILE)))
    raw["layers"]["L4"] = HOSTILE
    raw["datasets"][HOSTILE]["service"] = HOSTILE
    file = project_of(
        tmp_path, raw, services={HOSTILE: {"url": "https://phase4.example", "path": "/{date}"}}
    )
    masks = every_day("2025-01-10", "2025-01-11", "schedule raw summary")
    frame = frame_of(file.contract, masks, unreadable={"summary": f"{HOSTILE}\x1b[31m\x00"})
    verdict = judged(file, frame)
    pages = [page_of(verdict, "L4"), page_of(verdict, "L3")]
    suites = path_of(verdict, "L4").parents[4] / "expectations"
    pages += [page.read_text() for page in suites.glob("*.html")]

    assert len(pages) == 6
    assert not [page for page in pages if "<script>alert" in page or "\x1b" in page]
    assert f"{HOSTILE} holds at least 80 % of the keys of raw" in words_of(pages[0])
    assert f"Could not be evaluated: {HOSTILE}\\u001b[31m\\u0000" in words_of(pages[1])
    assert f"rebuilt by {HOSTILE}" in " ".join(map(words_of, pages))


def test_a_page_that_could_not_be_rendered_is_an_error_and_hides_no_other(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    verdict = of_frame(file, "a gap in the last layer")
    result = next(file.project.glob("uncommitted/validations/L3/*/*/*.json"))
    result.write_text(result.read_text().replace('"outcome": "PASSED"', '"outcome": "SPLENDID"'))
    shutil.rmtree(file.project / "uncommitted/data_docs")

    with pytest.raises(LibraryError, match=r"Data Docs are incomplete: L3/.*SPLENDID") as caught:
        build_docs(file.project)

    assert len(caught.value.problems) == 1
    assert "52.9 %" in page_of(verdict, "L4")
    assert not path_of(verdict, "L3").exists()


def test_results_stored_before_they_carried_evidence_still_have_a_page(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    verdict = of_frame(file, "a gap in the last layer")
    path = next(file.project.glob("uncommitted/validations/L4/*/*/*.json"))
    stored = json.loads(path.read_text())
    for one in stored["results"]:
        details = one["result"]["details"]
        del details["figures"], details["keys"], details["window"], details["as_of"]
        details["ranges"] = ["2025-01-08 → 2025-01-14"]
    path.write_text(json.dumps(stored))
    build_docs(file.project)
    words = words_of(page_of(verdict, "L4"))

    assert "Observed52.9 % 9 of 17" in words
    assert "2025-01-08 → 2025-01-14 2025-01-17 All 8 dates" in words
    assert "Windownot known" in words


def test_what_is_wrong_with_many_pages_is_said_in_a_few_lines(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    for _ in range(2):
        of_frame(file, "complete")
    for result in file.project.glob("uncommitted/validations/*/*/*/*.json"):
        result.write_text("{}")

    with pytest.raises(LibraryError) as caught:
        build_docs(file.project)

    assert len(caught.value.problems) == 6
    assert caught.value.problems[-1] == "Data Docs are incomplete: so are 3 more pages"
    assert (file.project / "uncommitted/data_docs/local_site/index.html").is_file()


def test_the_page_carries_run_window_and_as_of_date(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-06", ALL))
    page = page_of(judged(file, frame, at=AT), "L3")

    assert "Window2025-01-05 to 2025-01-06as of 2025-03-01" in words_of(page)
    assert f"Run2025-03-09 08:07:06 UTC{RUN}" in words_of(page)
    assert f'href="../../../../signoff/{RUN}.html"' in page


def test_a_suite_page_says_in_words_what_is_expected(file: ContractFile) -> None:
    page = path_of(of_frame(file, "complete"), "L4").parents[4] / "expectations/L4.html"
    words = words_of(page.read_text(encoding="utf-8"))

    assert "What L4 expects precompute: 4 expectations about 1 dataset" in words
    assert "factors holds at least 80 % of the keys of rawconversion_ratio≥ 80 %critical" in words
    assert "every key of factors is in summary on that dateno_orphan_keys= 0warning" in words
    assert "no service rebuilds it" in words


def test_the_page_gates_on_what_the_run_was_to_fail_on(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    request = request_of(tmp_path, file, factors=[*FULL, (D("2025-01-10"), "stranger")])
    report, _ = validation.run(replace(request, fail_on="warning"))
    (result,) = (p for p in validation_results(file.project, report.run_id) if "/L4/" in str(p))
    page = file.project / "uncommitted/data_docs/local_site/validations/L4"
    page = next(page.glob(f"{report.run_id}/*/*.html"))

    assert report.verdict.exit_code is ExitCode.INCOMPLETE
    assert "✗ INCOMPLETE L4: 1 of 4 evaluated checks failed" in words_of(page.read_text())
    of_an_older_version = result.read_text().replace('"fail_on": "warning"', '"written": "before"')
    result.write_text(of_an_older_version)
    build_docs(file.project)
    assert "✓ COMPLETE L4: 3 of 4 evaluated checks passed" in words_of(page.read_text())


def test_docs_can_be_rebuilt_from_the_archive(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    verdict = of_frame(file, "a gap in the last layer")
    before = {page: page.read_text(encoding="utf-8") for page in verdict.pages}
    shutil.rmtree(file.project / "uncommitted/data_docs")

    assert build_docs(file.project).name == "index.html"
    assert {page: page.read_text(encoding="utf-8") for page in verdict.pages} == before
