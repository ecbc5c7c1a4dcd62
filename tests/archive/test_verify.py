"""Whether a page, its report and its validation results still belong together."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from checkpoints import validation
from checkpoints.archive import runs as archive
from checkpoints.archive.runs import pages_folder
from checkpoints.archive.signoff import Standing, verify
from checkpoints.errors import ContractError, ExitCode
from checkpoints.output.site import rebuild_pages, write_run_page
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.runs import AT, accept, latest_report, repaired, request_of, stored


def broken(project: Path, path: Path) -> dict[str, Standing]:
    """The pieces that are not intact; the exit code follows from them."""
    found = verify(project, path)
    bad = {p.name: p.standing for p in found.pieces if p.standing is not Standing.INTACT}
    assert found.exit_code is (ExitCode.COULD_NOT_TELL if bad else ExitCode.COMPLETE)
    return bad


@pytest.fixture
def page(tmp_path: Path) -> Path:
    """The signed page of a run with a remediation record."""
    repaired(tmp_path, stored(tmp_path))
    return accept(tmp_path, by='Ada "L" <b>', note="a & b")


def test_what_was_not_touched_is_intact_by_page_and_by_sign_off(tmp_path: Path, page: Path) -> None:
    for path in (page, page.with_suffix(".json"), tmp_path / "elsewhere.html"):
        if not path.exists():
            shutil.copy(page, path)
            shutil.copy(page.with_suffix(".json"), path.with_suffix(".json"))
        found = verify(tmp_path, path)
        assert (found.by, found.at, len(found.pieces)) == ('Ada "L" <b>', AT, 6)
        assert broken(tmp_path, path) == {}


@pytest.mark.parametrize(
    ("name", "piece"),
    [("report.json", "report"), ("remediation-abcdef.json", "remediation record")],
)
def test_a_changed_or_lost_piece_is_named(
    tmp_path: Path, page: Path, name: str, piece: str
) -> None:
    path = latest_report(tmp_path).with_name(name)
    kept = path.read_bytes()
    path.write_bytes(kept.replace(b"2025-01-20", b"2025-01-21"))
    assert broken(tmp_path, page) == {piece: Standing.ALTERED}
    path.unlink()
    assert broken(tmp_path, page) == {piece: Standing.MISSING}


def test_a_changed_page_is_named_and_docs_brings_the_signed_one_back(
    tmp_path: Path, page: Path
) -> None:
    signed = page.read_text()
    page.write_text(signed.replace("COMPLETE", "INCOMPLETE"))
    assert broken(tmp_path, page) == {"page": Standing.ALTERED}
    assert rebuild_pages(tmp_path) == []
    assert page.read_text() == signed
    page.unlink()
    assert broken(tmp_path, page.with_suffix(".json")) == {"page": Standing.MISSING}
    shutil.rmtree(pages_folder(tmp_path))
    assert rebuild_pages(tmp_path) == []
    assert broken(tmp_path, page) == {}


def test_a_sign_off_that_differs_from_its_copy_is_named(tmp_path: Path, page: Path) -> None:
    record = latest_report(tmp_path).with_name("signoff.json")
    copy = page.with_suffix(".json")
    copy.write_text(copy.read_text().replace("Ada", "Eve"))
    assert broken(tmp_path, page) == {"sign-off beside the page": Standing.ALTERED}
    assert broken(tmp_path, copy) == {"sign-off": Standing.ALTERED}
    record.unlink()
    assert broken(tmp_path, page) == {"sign-off": Standing.MISSING}


def test_validation_results_are_pieces_of_a_run_that_the_library_judged(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    report, _ = validation.run(request_of(tmp_path, file))
    page = accept(file.project)
    assert broken(file.project, page) == {}
    result = archive.validation_results(file.project, report.run_id)[1]
    result.write_text(result.read_text() + " ")
    assert broken(file.project, page) == {"validation result": Standing.ALTERED}


def test_the_page_of_an_unsigned_run_is_bound_to_nothing(tmp_path: Path) -> None:
    page = write_run_page(tmp_path, stored(tmp_path))
    found = verify(tmp_path, page)
    assert (found.pieces, found.exit_code) == ((), ExitCode.COULD_NOT_TELL)


def test_other_files_are_refused_with_what_to_give_instead(tmp_path: Path) -> None:
    (tmp_path / "x.html").write_text("<!doctype html><title>x</title>")
    with pytest.raises(ContractError, match=r"x.html: is neither the page nor the sign-off"):
        verify(tmp_path, tmp_path / "x.html")
    with pytest.raises(ContractError, match=r"gone.html: cannot be read \(No such file"):
        verify(tmp_path, tmp_path / "gone.html")
    (tmp_path / "y.json").write_text("{}")
    with pytest.raises(ContractError, match=r"y.json: is not a sign-off of version 2"):
        verify(tmp_path, tmp_path / "y.json")


def test_the_command_names_what_is_broken_and_exits_3(tmp_path: Path, page: Path) -> None:
    options = ("--verify", str(page), "--contract", str(tmp_path / "pipeline.yml"))
    intact = command("checkpoints", "signoff", *options)
    assert (intact.returncode, intact.stderr) == (0, "")
    assert "INTACT  all 6 pieces belong together" in intact.stdout
    latest_report(tmp_path).write_text("{}")
    broken = command("checkpoints", "signoff", *options)
    assert broken.returncode == 3
    assert "altered  report: " in broken.stdout
    assert "BROKEN  1 of 6 pieces" in broken.stdout
    both = command("checkpoints", "signoff", "--by", "Ada", *options)
    assert both.returncode == 2
    assert "--verify only checks what was signed" in both.stderr
    assert command("checkpoints", "signoff", *options[2:]).returncode == 2
