"""The sign-off record: a page per run that a person reads, and who accepted it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from checkpoints.archive import repairs_of, report_path, run_ids, runs_folder
from checkpoints.contract import Contract, KnownGap
from checkpoints.contract_file import ContractFile
from checkpoints.errors import ExitCode, RunRefused
from checkpoints.gate import gates
from checkpoints.page import Archived, render_index, render_page
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
    if problems := list(_refusals(file.contract, report)):
        raise RunRefused(
            f"run {report.run_id} cannot be signed: {report.verdict.summary}", *problems
        )
    record = SignOff(
        run_id=report.run_id,
        by=by.strip(),
        note=note,
        at=at,
        report_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        documented=tuple(_gaps_in_force(file.contract, report)),
    )
    write_text(path.with_name("signoff.json"), record.model_dump_json(indent=1) + "\n")
    return write_run_page(file.project, report)


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
    """The sign-off of a run, if there is one."""
    path = runs_folder(project) / run_id / "signoff.json"
    return SignOff.model_validate_json(path.read_text("utf-8")) if path.exists() else None


def pages_folder(project: Path) -> Path:
    """Where the pages are: inside the Data Docs site."""
    return project / "uncommitted" / "data_docs" / "local_site" / "signoff"


def write_run_page(project: Path, report: Report) -> Path:
    """Write the page of a stored run, and the list of all runs; returns the page's path."""
    page = pages_folder(project) / f"{report.run_id}.html"
    write_text(page, render_page(report, _archived(project, report)))
    _write_index(project)
    return page


def rebuild_pages(project: Path) -> None:
    """Write the pages of all stored runs again."""
    for run_id in run_ids(project):
        write_run_page(project, read_report(report_path(project, run_id)))


def _archived(project: Path, report: Report) -> Archived:
    path = report_path(project, report.run_id)
    signed = read_signoff(project, report.run_id)
    return Archived(
        report_sha256=hashlib.sha256(path.read_bytes()).hexdigest(),
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        note=signed.note if signed else "",
        documented=signed.documented if signed else (),
        repairs=repairs_of(project, report),
    )


def _write_index(project: Path) -> None:
    rows = []
    for run_id in reversed(run_ids(project)):
        head = read_head(report_path(project, run_id))
        signed = read_signoff(project, run_id)
        rows.append((head, signed.by if signed else None, signed.at if signed else None))
    write_text(pages_folder(project) / "index.html", render_index(rows))
