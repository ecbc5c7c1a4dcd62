"""The sign-off record: a page per run that a person reads, and who accepted it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from checkpoints.archive import repairs_of, report_path, run_ids, runs_folder
from checkpoints.contract import Contract, KnownGap
from checkpoints.contract_file import ContractFile
from checkpoints.errors import ContractError, ExitCode, RunRefused
from checkpoints.gate import decide, gates
from checkpoints.page import Archived, IndexEntry, render_index, render_page
from checkpoints.report import CheckRecord, Record, Report, read_head, read_report
from checkpoints.rules import Outcome
from checkpoints.shell import write_text


class SignOff(Record):
    """Who accepted which run, when and why; the hash is of the run's ``report.json``."""

    schema_version: Literal[1] = 1
    run_id: str
    by: str
    note: str
    at: AwareDatetime
    report_sha256: str
    documented: tuple[KnownGap, ...]


def sign(file: ContractFile, run_id: str | None, *, by: str, note: str, at: AwareDatetime) -> Path:
    """Record that ``by`` accepts a run; returns the page.

    Raises:
        ContractError: there is no such run.
        RunRefused: it did not pass and not every failure is a known gap, or it is signed already.
    """
    path = report_path(file.project, run_id)
    report = read_report(path)
    if not by.strip():
        raise RunRefused("--by is empty: say who accepts the run")
    if signed := read_signoff(file.project, report.run_id):
        raise RunRefused(f"run {report.run_id} was signed by {signed.by!r} at {signed.at:%F %T}")
    if report.verdict != decide(report.checks, report.verdict.declared, report.verdict.fail_on):
        raise RunRefused(
            f"run {report.run_id} cannot be signed: its verdict does not follow from its checks, "
            "so its report.json was changed: run the checkpoint again"
        )
    if problems := list(_refusals(file.contract, report)):
        raise RunRefused(
            f"run {report.run_id} cannot be signed: {report.verdict.summary}", *problems
        )
    record = SignOff(
        run_id=report.run_id,
        by=by.strip(),
        note=note,
        at=at,
        report_sha256=_report_sha256(file.project, report.run_id),
        documented=tuple(_gaps_in_force(file.contract, report)),
    )
    write_text(path.with_name("signoff.json"), record.model_dump_json(indent=1) + "\n")
    return write_run_page(file.project, report)


def _report_sha256(project: Path, run_id: str) -> str:
    return hashlib.sha256(report_path(project, run_id).read_bytes()).hexdigest()


def _refusals(contract: Contract, report: Report) -> Iterator[str]:
    """Why a run may not be signed; nothing when it passed or every failure is a known gap."""
    if report.verdict.exit_code not in (ExitCode.COMPLETE, ExitCode.INCOMPLETE):
        yield f"its verdict is not about the data (exit code {report.verdict.exit_code})"
    for check in report.checks:
        if gates(check, report.verdict.fail_on) and (
            open_ := _undocumented(contract, report, check)
        ):
            yield (
                f"{check.kind} of {check.dataset!r} failed, and {len(open_)} of its dates are no "
                f"known gap (first {open_[0]}): backfill them, or declare them in known_gaps"
            )
        elif check.outcome is Outcome.ERRORED:
            yield f"{check.kind} of {check.dataset!r} could not be evaluated: {check.message}"


def _undocumented(contract: Contract, report: Report, check: CheckRecord) -> list[date]:
    gaps = [g for g in _gaps_in_force(contract, report) if g.dataset == check.dataset]
    open_ = [d for d in check.unexpected_dates if not any(d in gap.range for gap in gaps)]
    return open_ if check.unexpected_dates else [report.window.first]


def _gaps_in_force(contract: Contract, report: Report) -> list[KnownGap]:
    """Declared gaps that touch the window and are accepted on the report's as-of date."""
    window = report.window
    return [
        gap
        for gap in contract.known_gaps
        if gap.first <= window.last and window.first <= gap.last and report.as_of <= gap.until
    ]


def read_signoff(project: Path, run_id: str) -> SignOff | None:
    """The sign-off of a run, if there is one.

    Raises:
        ContractError: it is damaged.
    """
    path = runs_folder(project) / run_id / "signoff.json"
    if not path.exists():
        return None
    try:
        return SignOff.model_validate_json(path.read_text("utf-8"))
    except ValidationError as error:
        raise ContractError(
            f"{path}: is not a sign-off of version 1: restore it from a backup"
        ) from error


def pages_folder(project: Path) -> Path:
    """Where the pages are: inside the Data Docs site."""
    return project / "uncommitted" / "data_docs" / "local_site" / "signoff"


def write_run_page(project: Path, report: Report) -> Path:
    """Write the page of a stored run, and the list of all runs; returns the page's path."""
    page = pages_folder(project) / f"{report.run_id}.html"
    write_text(page, render_page(report, _archived(project, report)))
    _write_index(project)
    return page


def rebuild_pages(project: Path) -> list[str]:
    """Write the pages of all stored runs again; returns what is wrong with damaged ones."""
    problems: list[str] = []
    for run_id in run_ids(project):
        try:
            write_run_page(project, read_report(report_path(project, run_id)))
        except ContractError as error:
            problems.extend(error.problems)
    return problems


def _archived(project: Path, report: Report) -> Archived:
    signed = read_signoff(project, report.run_id)
    sha256 = _report_sha256(project, report.run_id)
    return Archived(
        report_sha256=sha256,
        altered=signed is not None and signed.report_sha256 != sha256,
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        note=signed.note if signed else "",
        documented=signed.documented if signed else (),
        repairs=repairs_of(project, report),
    )


def _write_index(project: Path) -> None:
    entries = [_entry(project, run_id) for run_id in reversed(run_ids(project))]
    write_text(pages_folder(project) / "index.html", render_index(entries))


def _entry(project: Path, run_id: str) -> IndexEntry:
    """A row of the list of runs; one damaged run does not hide the others."""
    try:
        head = read_head(report_path(project, run_id))
        signed = read_signoff(project, run_id)
        altered = signed is not None and signed.report_sha256 != _report_sha256(project, run_id)
    except ContractError as error:
        return IndexEntry(run_id=run_id, problem=str(error))
    return IndexEntry(
        run_id=run_id,
        head=head,
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        altered=altered,
    )
