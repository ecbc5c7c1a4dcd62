"""The Data Docs site as a whole: what a run adds to it, what stays, and what it never holds."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from checkpoints.contract.loading import ContractFile
from checkpoints.errors import RunRefused
from checkpoints.library.judge import build_docs
from tests.library.test_data_docs import words_of
from tests.support.commands import command
from tests.support.projects import GX, project_of
from tests.support.runs import HOLE, accept, library_run

SUITES = ("reference", "L1", "L3", "L4")


def site_of(file: ContractFile) -> Path:
    return file.project / "uncommitted/data_docs/local_site"


def result_pages(file: ContractFile) -> set[str]:
    """The runs that have pages of results."""
    return {page.parts[-3] for page in site_of(file).glob("validations/*/*/*/*.html")}


def archived(file: ContractFile) -> set[str]:
    """The runs whose results are stored."""
    stored = file.project.glob("uncommitted/validations/*/*/*/*.json")
    return {result.parts[-3] for result in stored}


def keep(file: ContractFile, runs: int) -> None:
    settings = file.project / "great_expectations.yml"
    text = settings.read_text(encoding="utf-8")
    assert "keep_runs: 100" in text
    settings.write_text(text.replace("keep_runs: 100", f"keep_runs: {runs}"), encoding="utf-8")


def test_the_site_holds_nothing_but_pages_and_never_the_projects_id(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    accept(file.project, library_run(file).run_id)
    build_docs(file.project)
    own_id = yaml.safe_load((GX / "great_expectations.yml").read_text())["data_context_id"]
    files = [path for path in site_of(file).rglob("*") if path.is_file()]

    assert {path.suffix for path in files} == {".html", ".json"}
    assert len(files) == 1 + 4 + 4 + 2  # the list, suites, results, the run and its sign-off
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert own_id not in text
        assert not re.search(r"(src|href)=\"?https?:|@import|url\(", text), path


def test_a_run_writes_its_own_pages_and_reads_none_of_the_others(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    old = library_run(file, 1)
    for result in file.project.glob(f"uncommitted/validations/*/{old.run_id}/*/*.json"):
        result.write_text("damaged")
    pages = {p: p.stat().st_mtime_ns for p in site_of(file).glob("validations/*/*/*/*.html")}
    new = library_run(file, 2)

    assert len(pages) == 4
    assert {p: p.stat().st_mtime_ns for p in pages} == pages
    assert result_pages(file) == {old.run_id, new.run_id}


def test_pages_of_the_latest_runs_and_of_signed_ones_are_kept_and_every_result(
    tmp_path: Path,
) -> None:
    file = project_of(tmp_path)
    keep(file, 2)
    runs = [library_run(file, minute).run_id for minute in range(2)]
    accept(file.project, runs[0])
    runs += [library_run(file, minute).run_id for minute in range(2, 5)]

    assert result_pages(file) == {runs[0], *runs[3:]}
    assert archived(file) == set(runs)
    shutil.rmtree(site_of(file))
    build_docs(file.project)
    assert result_pages(file) == {runs[0], *runs[3:]}


def test_the_page_of_a_run_leads_to_its_suites_and_results_as_long_as_they_are_there(
    tmp_path: Path,
) -> None:
    file = project_of(tmp_path, name="Orders <EU>", environment="staging")
    keep(file, 1)
    page = site_of(file) / f"signoff/{library_run(file, 1).run_id}.html"
    leads = set(re.findall(r'href="\.\./(\w+)/(\w+)', page.read_text()))
    assert leads == {(kind, s) for s in SUITES for kind in ("validations", "expectations")}
    for shown in (
        site_of(file) / "expectations/L4.html",
        *site_of(file).glob("validations/*/*/*/*"),
    ):
        assert "<strong>Orders &lt;EU&gt;</strong>" in shown.read_text()
    library_run(file, 2)
    assert "../expectations/L4.html" in page.read_text()
    assert "../validations/" not in page.read_text()
    keep_all = file.project / "great_expectations.yml"
    keep_all.write_text(keep_all.read_text().replace("keep_runs: 1 ", "keep_runs: 9 "))
    assert command("checkpoints", "docs", "--contract", str(file.path)).returncode == 0
    assert "../validations/" in page.read_text()


def test_a_setting_that_was_lowered_takes_effect_when_docs_are_rebuilt(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    runs = [library_run(file, minute).run_id for minute in range(3)]
    keep(file, 1)
    build_docs(file.project)

    assert result_pages(file) == {runs[-1]}
    assert "no page" in words_of((site_of(file) / "index.html").read_text())


def test_the_page_of_a_suite_that_is_not_declared_any_more_goes(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    library_run(file)
    stranger = site_of(file) / "expectations/L9.html"
    stranger.write_text("what L9 expected")
    build_docs(file.project)

    assert not stranger.exists()
    assert len(list(stranger.parent.iterdir())) == 4


def test_the_first_page_lists_runs_with_verdict_sign_off_and_results(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    whole = library_run(file, 1).run_id
    broken = library_run(file, 2, factors=HOLE).run_id
    accept(file.project, whole)
    with pytest.raises(RunRefused):
        accept(file.project, broken)
    page = (site_of(file) / "index.html").read_text(encoding="utf-8")
    words = words_of(page)

    assert "What is expected of each layer: reference · L1 · L3 · L4" in words
    assert words.index("✗ INCOMPLETE") < words.index("✓ COMPLETE")
    assert words.index("unsigned") < words.index("Ada, 2025-02-21")
    assert f'href="signoff/{whole}.html"' in page
    shown = re.findall(rf'href="(validations/L4/{broken}/[^"]+)"', page)
    assert len(shown) == 1
    assert (site_of(file) / shown[0]).is_file()
    assert re.search(r'aria-label="L4: [^"]*over 2 runs', page)


def test_a_project_without_any_run_has_a_first_page(tmp_path: Path) -> None:
    file = project_of(tmp_path)

    assert "No run is stored yet" in words_of(build_docs(file.project).read_text())
