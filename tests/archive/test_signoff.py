"""Signing a run: who may, what is bound, what is refused."""

from __future__ import annotations

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from checkpoints import validation
from checkpoints.archive import runs as archive
from checkpoints.archive.signoff import read_signoff, verify
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.coverage.results import decide
from checkpoints.errors import ContractError, ExitCode, PublishingError, RunRefused
from checkpoints.output.site import rebuild_pages, write_run_page
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.runs import (
    AT,
    FULL,
    GAP,
    HOLE,
    accept,
    latest_report,
    repaired,
    request_of,
    stored,
)
from tests.support.warehouses import BASIC, D, contract_of


def test_a_passed_run_is_signed_once_and_its_page_says_by_whom(tmp_path: Path) -> None:
    report = stored(tmp_path)
    assert "UNSIGNED" in write_run_page(tmp_path, report).read_text()
    page = accept(tmp_path, by="Ada <b>", note="looks & is right")
    text = page.read_text()
    assert "UNSIGNED" not in text
    assert "Ada &lt;b&gt;" in text
    assert "looks &amp; is right" in text
    record = read_signoff(tmp_path, report.run_id)
    assert (record.by, record.at) == ("Ada <b>", AT)
    with pytest.raises(RunRefused, match="was signed by 'Ada <b>'"):
        accept(tmp_path, by="Eve")


def test_a_failed_run_cannot_be_signed_and_the_reason_is_named(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=HOLE)
    with pytest.raises(RunRefused) as refused:
        accept(tmp_path, report.run_id)
    assert (
        "conversion_ratio of 'factors' failed, and known_gaps do not cover 10 dates of it"
        in str(refused.value)
    )
    assert read_signoff(tmp_path, report.run_id) is None


def test_why_dates_were_rebuilt_is_on_the_page_and_in_the_sign_off(tmp_path: Path) -> None:
    report = stored(tmp_path)
    repaired(tmp_path, report, because="a bug in <L3>", exit_code=0)
    text = accept(tmp_path).read_text()
    assert "Rebuilt because: a bug in &lt;L3&gt;" in text
    assert read_signoff(tmp_path, report.run_id).because == ("a bug in <L3>",)


def test_a_failure_whose_every_date_is_a_known_gap_can_be_signed(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=HOLE)
    contract_of(tmp_path, known_gaps=[GAP])
    page = accept(tmp_path, report.run_id)
    assert "DOCUMENTED (1)" in page.read_text()
    assert "source &lt;lost&gt;" in page.read_text()


@pytest.mark.parametrize(
    "change", [{"until": D("2025-02-19")}, {"to": D("2025-01-28")}, {"dataset": "summary"}]
)
def test_a_gap_that_expired_or_does_not_cover_the_failure_does_not_help(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    report = stored(tmp_path, factors=HOLE)
    contract_of(tmp_path, known_gaps=[{**GAP, **change}])
    with pytest.raises(RunRefused, match="known_gaps do not cover"):
        accept(tmp_path, report.run_id)


def test_a_run_that_could_not_tell_cannot_be_signed(tmp_path: Path) -> None:
    datasets = {**BASIC["datasets"], "factors": {**BASIC["datasets"]["factors"], "table": "s.gone"}}
    stored(tmp_path, contract_of(tmp_path, datasets=datasets))
    with pytest.raises(RunRefused, match="could not be evaluated"):
        accept(tmp_path)


def test_nobody_and_unknown_runs_are_refused(tmp_path: Path) -> None:
    contract_of(tmp_path)
    with pytest.raises(ContractError, match="no run is stored"):
        accept(tmp_path)
    stored(tmp_path)
    with pytest.raises(RunRefused, match="--by is empty"):
        accept(tmp_path, by=" ")
    with pytest.raises(ContractError, match="run 'x' is not stored"):
        accept(tmp_path, "x")
    with pytest.raises(ContractError, match=r"run '\.\./x' is not stored"):
        accept(tmp_path, "../x")


@pytest.mark.parametrize(
    ("name", "version", "message"),
    [
        ("report.json", 9, r"report.json: is not a run report of version 1"),
        ("signoff.json", 1, r"signoff.json: is not a sign-off of version 2"),
    ],
)
def test_a_file_of_another_version_is_refused_with_its_path(
    tmp_path: Path, name: str, version: int, message: str
) -> None:
    report = archive.report_path(tmp_path, stored(tmp_path).run_id)
    stored_as = json.loads(report.read_text()) | {"schema_version": version}
    report.with_name(name).write_text(json.dumps(stored_as))
    with pytest.raises(ContractError, match=message):
        accept(tmp_path)


def test_the_command_prints_what_was_signed_and_refuses_with_exit_2(tmp_path: Path) -> None:
    stored(tmp_path)
    signoff = ("signoff", "--by", "Ada", "--contract", str(tmp_path / "pipeline.yml"))
    signed = command("checkpoints", *signoff)
    assert signed.returncode == 0
    page = Path(signed.stdout.splitlines()[-1])
    assert page.is_file()
    (digest,) = (line.split()[-1] for line in signed.stdout.splitlines() if "sign-off" in line)
    assert digest == sha256(page.with_suffix(".json").read_bytes()).hexdigest()
    again = command("checkpoints", *signoff)
    assert (again.returncode, again.stdout) == (2, "")


def test_a_report_whose_verdict_was_changed_is_still_refused_for_its_checks(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=HOLE)
    forged = report.verdict.model_copy(update={"exit_code": ExitCode.COMPLETE, "passed": True})
    archive.save_report(tmp_path, report.model_copy(update={"verdict": forged}))
    with pytest.raises(RunRefused, match="conversion_ratio of 'factors' failed"):
        accept(tmp_path, by="Mallory")


def test_a_run_that_failed_on_a_warning_it_was_to_fail_on_cannot_be_signed(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=[*FULL, (D("2025-01-10"), "stranger")])
    verdict = decide(report.checks, len(report.checks), "warning", [])
    archive.save_report(tmp_path, report.model_copy(update={"verdict": verdict}))
    with pytest.raises(RunRefused, match="no_orphan_keys of 'factors' failed"):
        accept(tmp_path)


def test_the_sign_off_binds_report_page_and_remediation_by_their_hashes(tmp_path: Path) -> None:
    report = stored(tmp_path)
    path, repair = latest_report(tmp_path), repaired(tmp_path, report)
    page = accept(tmp_path, note="fine")
    record = json.loads(page.with_suffix(".json").read_text())

    assert record == {
        "schema_version": 2,
        "run_id": report.run_id,
        "by": "Ada",
        "note": "fine",
        "at": "2025-02-21T09:30:00Z",
        "report_sha256": sha256(path.read_bytes()).hexdigest(),
        "page_sha256": sha256(page.read_bytes()).hexdigest(),
        "validation_results": [],
        "remediation": [
            {
                "path": f"uncommitted/runs/{report.run_id}/remediation-abcdef.json",
                "sha256": sha256(repair.read_bytes()).hexdigest(),
            }
        ],
        "documented": [],
    }
    assert page.with_suffix(".json").read_bytes() == path.with_name("signoff.json").read_bytes()


def test_what_the_library_stored_must_say_what_the_report_says(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    report, path = validation.run(request_of(tmp_path, file))
    results = archive.validation_results(file.project, report.run_id)
    suites = [p.relative_to(file.project).parts[2] for p in results]
    assert suites == ["L1", "L3", "L4", "reference"]

    kept = results[2].read_text()
    results[2].write_text(kept.replace('"observed_value": 1.0', '"observed_value": 0.9'))
    with pytest.raises(RunRefused, match="of 'factors' in suite 'L4': the report says PASSED"):
        accept(file.project)
    results[2].unlink()
    with pytest.raises(RunRefused, match="its validation result is not in uncommitted/validations"):
        accept(file.project)
    results[2].write_text("[]")
    with pytest.raises(RunRefused, match="is not a validation result"):
        accept(file.project)
    results[2].write_text(kept)
    text = path.read_text()
    path.write_text(text.replace('"matched":82', '"matched":81', 1))
    with pytest.raises(RunRefused, match="PASSED with other figures"):
        accept(file.project)
    path.write_text(text)

    record = accept(file.project).with_suffix(".json").read_text()
    assert record.count("uncommitted/validations/") == 4


# ------------------------------------------------ several contracts and texts of one folder


def beside(folder: Path, name: str = "orders.yml") -> ContractFile:
    """Another contract in the same folder: the same promises and a note."""
    path = folder / name
    path.write_text((folder / "pipeline.yml").read_text() + "known_gaps: []\n")
    return load_contract(path, {})


def test_the_run_of_another_contract_is_neither_signed_nor_planned(tmp_path: Path) -> None:
    contract_of(tmp_path)
    other = stored(tmp_path, beside(tmp_path), factors=HOLE)
    asked = ("--contract", str(tmp_path / "pipeline.yml"))
    for words in (("checkpoints", "signoff", "--by", "Ada"), ("remediation", "plan")):
        latest = command(*words, *asked)
        assert latest.returncode == 2
        assert "no run of 'pipeline.yml' is stored: the latest in " in latest.stderr
        assert f"{other.run_id}, is of 'orders.yml': make one with" in latest.stderr
        named = command(*words, *asked, "--run", other.run_id)
        assert named.returncode == 2
        assert f"run {other.run_id} is of 'orders.yml', not of 'pipeline.yml'" in named.stderr
    assert read_signoff(tmp_path, other.run_id) is None


def test_the_latest_run_is_that_of_the_contract_wherever_its_folder_is(tmp_path: Path) -> None:
    (tmp_path / "before").mkdir()
    own = stored(tmp_path / "before", minute=1)
    stored(tmp_path / "before", beside(tmp_path / "before"), minute=2)
    (tmp_path / "before").rename(tmp_path / "after")
    assert accept(tmp_path / "after").stem == own.run_id


def test_a_run_by_an_older_text_of_the_contract_is_signed_only_by_its_name(tmp_path: Path) -> None:
    report = stored(tmp_path)
    file = contract_of(tmp_path, grace_days=2)
    then = report.provenance.contract_sha256
    said = rf"older text of 'pipeline.yml' \({then[:12]}, now {file.sha256[:12]}\)"
    with pytest.raises(
        RunRefused, match=f"{said}.*accept this one as it is with --run {report.run_id}"
    ):
        accept(tmp_path)
    signoff = ("signoff", "--by", "Ada", "--contract", str(file.path), "--run")
    with_no_name = command("checkpoints", *signoff, "")
    assert (with_no_name.returncode, "run '' is not stored" in with_no_name.stderr) == (2, True)
    signed = command("checkpoints", *signoff, report.run_id)
    assert signed.returncode == 0
    assert f"SHA-256 {then}, an older text of it" in signed.stdout


def test_repairs_of_another_contract_are_not_part_of_what_is_signed(tmp_path: Path) -> None:
    contract_of(tmp_path)
    other = stored(tmp_path, beside(tmp_path), minute=1, factors=HOLE)
    repaired(tmp_path, other)
    report = stored(tmp_path, contract_of(tmp_path), minute=5)
    accept(tmp_path)
    assert read_signoff(tmp_path, report.run_id).remediation == ()


# ------------------------------------------------ what a refusal proposes


def test_a_complete_run_is_signed_with_its_warnings_which_are_listed(tmp_path: Path) -> None:
    stored(tmp_path, factors=[*FULL, (D("2025-01-10"), "stranger")])
    where = ("--contract", str(tmp_path / "pipeline.yml"))
    signed = command("checkpoints", "signoff", "--by", "Ada", "--note", "it is known", *where)
    assert signed.returncode == 0
    for line in (
        "note        it is known",
        "checkpoint  after_backfill",
        "window      2025-01-01 → 2025-03-31 (season 2025), as of 2025-02-20",
        "verdict     COMPLETE: 12 of 13 evaluated checks passed, 1 failed (1 below critical)",
        "warning     factors: no_orphan_keys of summary (warning): 1 orphan, none allowed, "
        "on 1 date",
    ):
        assert line in signed.stdout.splitlines()
    page = Path(signed.stdout.splitlines()[-1]).read_text()
    assert "Accepted with 1 warning: factors “no orphan keys”: 1 orphan<" in page


@pytest.mark.parametrize(
    ("tables", "fail_on", "said"),
    [
        ({"factors": HOLE}, "critical", "10 dates of it (first 2025-01-20): backfill these dates, "
         "or declare them there"),
        ({"factors": [*FULL, (D("2025-01-10"), None)]}, "critical", "a backfill does not remove "
         "them. Correct the table, or declare them there"),
        ({"factors": [*FULL, (None, "k")]}, "critical", "no_null_keys of 'factors' failed, on no "
         "date that known_gaps could cover: rows without a date or a key: a backfill does not"),
        ({"factors": [*FULL, (D("2025-01-10"), "x")]}, "warning", "keys that the upstream lacks: a "
         "backfill does not remove them. Correct the table, run without --fail-on warning, or"),
        (dict.fromkeys(BASIC["datasets"], ()), "critical", "up_to_date of 'schedule' failed, on no "
         "date that known_gaps could cover: it has stopped: load it, or give it more days where it "
         "pauses that long"),
    ],
)  # fmt: skip
def test_a_refusal_says_per_check_what_its_rule_says(
    tmp_path: Path, tables: dict[str, Any], fail_on: Any, said: str
) -> None:
    report = stored(tmp_path, **tables)
    verdict = decide(report.checks, len(report.checks), fail_on, [])
    archive.save_report(tmp_path, report.model_copy(update={"verdict": verdict}))
    with pytest.raises(RunRefused) as refused:
        accept(tmp_path)
    assert said in str(refused.value)
    assert ("backfill these dates" in str(refused.value)) is ("backfill these dates" in said)


def test_after_a_complete_backfill_the_tables_are_to_be_read_again(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=HOLE)
    repaired(tmp_path, report)
    with pytest.raises(RunRefused) as refused:
        accept(tmp_path)
    assert "has repaired this run" not in str(refused.value)
    repaired(tmp_path, report, exit_code=0)
    with pytest.raises(RunRefused, match="backfill of 2025-02-21 09:02:00 UTC has repaired this"):
        accept(tmp_path)


def test_a_page_that_cannot_be_published_does_not_hide_that_the_run_is_signed(
    tmp_path: Path,
) -> None:
    report = stored(tmp_path)
    docs = tmp_path / "uncommitted" / "data_docs"
    docs.write_text("")
    with pytest.raises(PublishingError, match=f"run {report.run_id} is signed, but its page"):
        accept(tmp_path)
    assert read_signoff(tmp_path, report.run_id).by == "Ada"
    docs.unlink()
    assert rebuild_pages(tmp_path) == []
    page = archive.pages_folder(tmp_path) / f"{report.run_id}.html"
    assert verify(tmp_path, page).exit_code is ExitCode.COMPLETE
