"""What CI gets of the commands: files, annotations, and nothing where a program reads."""

from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from checkpoints.archive.report import Report
from tests.output.test_ci_outputs import assert_is_junit
from tests.support.backfills import EIGHT
from tests.support.remediation_commands import typed
from tests.support.runs import FULL, HOLE, checked
from tests.support.scripted_service import Project, answer
from tests.support.warehouses import BASIC, D, write_contract

STRANGER = (D("2025-01-10"), "stranger")


def on_github(folder: Path) -> dict[str, str]:
    return {"GITHUB_ACTIONS": "true", "GITHUB_STEP_SUMMARY": str(folder / "summary.md")}


def cases(path: Path) -> dict[str, list[str]]:
    """What became of every case of a JUnit file."""
    root = ElementTree.parse(path).getroot()
    assert_is_junit(root)
    return {case.attrib["name"]: [c.tag for c in case] for case in root.iter("testcase")}


def test_every_check_is_a_case_and_only_what_gates_fails_ci(tmp_path: Path) -> None:
    found = tmp_path / "junit.xml"
    done = checked(tmp_path, "--junit", str(found), factors=[*HOLE, STRANGER])
    assert (done.returncode, done.stdout) == (1, "")
    shown = cases(found)
    assert len(shown) == 13
    assert {name for name, tags in shown.items() if tags == ["failure"]} == {
        "factors: conversion_ratio of raw",
        "factors: daily_conversion_ratio of summary",
    }
    assert shown["factors: no_orphan_keys of summary (warning)"] == ["system-out"]


def test_a_warning_fails_ci_when_it_gates(tmp_path: Path) -> None:
    found, rows = tmp_path / "junit.xml", [*FULL, STRANGER]
    done = checked(tmp_path, "--junit", str(found), factors=rows)
    assert (done.returncode, "warning" in done.stdout) == (0, True)
    assert "failure" not in str(cases(found))
    gating = ("--fail-on", "warning", "--junit", str(found))
    assert checked(tmp_path, *gating, factors=rows).returncode == 1
    assert cases(found)["factors: no_orphan_keys of summary (warning)"] == ["failure"]


def test_on_github_the_summary_is_appended_and_annotations_are_printed(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    summary.write_text("# of an earlier command\n")
    done = checked(tmp_path, factors=HOLE, **on_github(tmp_path))
    assert [line.split("::")[1] for line in done.stdout.splitlines()] == [
        "error title=factors%3A conversion_ratio of raw",
        "error title=factors%3A daily_conversion_ratio of summary",
    ]
    text = summary.read_text()
    assert text.startswith("# of an earlier command\n### after_backfill\n")
    assert "2025-01-20 → 2025-01-29" in text
    checked(tmp_path, factors=HOLE, **on_github(tmp_path))
    assert summary.read_text().count("### after_backfill") == 2


def test_all_that_a_step_appends_stays_below_what_github_takes(tmp_path: Path) -> None:
    summary = tmp_path / "summary.md"
    for already in (1024 * 1024 - 2500, 1024 * 1024 - 100, 1024 * 1024 + 5):
        summary.write_text("x" * already)
        assert checked(tmp_path, factors=HOLE, **on_github(tmp_path)).returncode == 1
        assert summary.stat().st_size <= max(1024 * 1024, already)


def test_a_named_summary_goes_there_and_nowhere_else(tmp_path: Path) -> None:
    (tmp_path / "mine.md").write_text("old")
    named = ("--markdown", str(tmp_path / "mine.md"))
    checked(tmp_path, *named, factors=HOLE, **on_github(tmp_path))
    assert (tmp_path / "mine.md").read_text().startswith("### after_backfill")
    assert not (tmp_path / "summary.md").exists()


def test_json_on_standard_output_is_alone_there_on_github_too(tmp_path: Path) -> None:
    done = checked(tmp_path, "--json", "-", factors=HOLE, **on_github(tmp_path))
    assert Report.model_validate_json(done.stdout).verdict.exit_code == 1
    assert done.stderr.count("::error ") == 2


def test_off_github_nothing_is_printed_for_it(tmp_path: Path) -> None:
    for said in ({}, {"GITHUB_ACTIONS": "false"}):
        done = checked(tmp_path, factors=HOLE, **said)
        assert "::error" not in done.stdout + done.stderr


def test_ci_learns_of_a_command_that_came_to_no_answer(tmp_path: Path) -> None:
    found = tmp_path / "junit.xml"
    found.write_text("<of an earlier run/>")
    junit, none = ("--junit", str(found)), ("--warehouse", "duckdb:///none.duckdb")
    done = checked(tmp_path, *none, *junit, **on_github(tmp_path))
    assert done.returncode == 3
    assert cases(found) == {"the command ends with a verdict": ["error"]}
    assert done.stdout.startswith("::error title=the command ends with a verdict::warehouse file")
    assert "**COULD NOT TELL: warehouse file" in (tmp_path / "summary.md").read_text()
    assert checked(tmp_path, *junit, window=("--season", "1999")).returncode == 2
    assert "'1999' is not in the contract" in found.read_text()


def test_a_summary_of_github_that_cannot_be_written_is_an_error_said_once(tmp_path: Path) -> None:
    done = checked(tmp_path, GITHUB_STEP_SUMMARY=str(tmp_path / "no" / "summary.md"))
    assert done.returncode == 3
    assert done.stderr.count("error: cannot ") == 1


# --- remediation -------------------------------------------------------------------------------


def in_ci(made: Project, *options: str) -> tuple[int, str, Path, str]:
    """Plan and run on GitHub: exit code, standard output, JUnit file and summary."""
    typed(made, "plan")
    found = made.folder / "junit.xml"
    code, out, _ = typed(made, "run", *options, "--junit", str(found), **on_github(made.folder))
    return code, out, found, (made.folder / "summary.md").read_text()


def test_what_did_not_land_fails_ci_beside_the_rules_of_the_window_read_again(
    made: Project,
) -> None:
    made.service.on("/four", EIGHT, *[answer(200)] * 9)
    code, out, found, summary = in_ci(made, "--yes")
    assert code == 4
    shown = cases(found)
    assert shown["four: every date lands"] == ["failure"]
    assert shown["factors: no date gets worse"] == []
    assert shown["raw: conversion_ratio of schedule"] == []
    assert "still missing, 1 date (2025-01-08)" in found.read_text()
    assert "four%3A every date lands::1 of 3 dates did not land" in out
    assert "#### Before and after" in summary
    assert "| four | still missing | 1 | 2025-01-08 |" in summary


def test_a_repair_that_landed_is_green_in_ci(made: Project) -> None:
    code, out, found, summary = in_ci(made, "--yes")
    assert (code, out) == (0, "")
    assert set(map(str, cases(found).values())) == {"[]"}
    assert "**COMPLETE: 3 of 3 calls landed" in summary


def test_a_dry_run_shows_what_would_be_called_and_fails_nothing(made: Project) -> None:
    code, out, found, _ = in_ci(made)
    assert (code, out) == (0, "")
    assert cases(found) == {"four: every date lands": ["skipped"]}
    assert "nothing was sent: 3 dates would be" in found.read_text()


def test_quiet_is_one_line_in_every_command_and_verbose_cuts_nothing(made: Project) -> None:
    code, out, err = typed(made, "plan", "-q")
    assert (code, out.count("\n"), err) == (0, 1, "")
    made.service.on("/four", EIGHT, *[answer(200)] * 9)
    code, out, err = typed(made, "run", "--yes", "-q")
    assert (code, err) == (4, "")
    assert out.splitlines()[0].startswith("STILL INCOMPLETE 2 of 3 calls landed in ")
    assert len(out.splitlines()) == 1
    _, out, _ = typed(made, "status", "-q")
    assert "four: 2 landed, 1 still missing" in out
    assert "why" not in out
    _, out, _ = typed(made, "status", "-v")
    assert "2025-01-08" in out


def test_an_answer_of_a_service_cannot_command_the_workflow(made: Project) -> None:
    made.service.on("/four", EIGHT, *[answer(400, "::stop-commands::x " * 9)] * 9)
    typed(made, "plan")
    _, out, err = typed(made, "run", "--yes", **on_github(made.folder))
    assert "stop-commands" in err
    for line in (out + err).splitlines():
        assert line.startswith("::error title=") or not line.strip().startswith("::")


def test_what_a_threshold_tolerates_is_said_beside_the_verdict(tmp_path: Path) -> None:
    lost = [(D("2025-01-20"), "20250120_0"), (D("2025-01-24"), "20250124_0")]
    ratio = {"rule": "conversion_ratio", "at_least": 0.8}
    factors = {**BASIC["datasets"]["factors"], "rules": [ratio]}
    write_contract(tmp_path, BASIC, datasets={**BASIC["datasets"], "factors": factors})
    named = ("--junit", str(tmp_path / "j.xml"), "--markdown", str(tmp_path / "m.md"))
    done = checked(tmp_path, *named, factors=[row for row in FULL if row not in lost])
    summary = "12 of 12 evaluated checks passed; 2 dates lack keys within tolerance"
    assert done.returncode == 0
    assert f"COMPLETE {summary}\n" in done.stdout
    assert "\nwithin tolerance: factors 2025-01-20, 2025-01-24\n" in done.stdout
    verdict = f"COMPLETE: {summary}: factors 2025-01-20, 2025-01-24"
    assert f'<property name="verdict" value="{verdict}"' in (tmp_path / "j.xml").read_text()
    assert f"**{verdict}**" in (tmp_path / "m.md").read_text()
