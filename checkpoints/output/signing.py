"""Accepting a run: refused unless it passed or every failure is a known gap; bound by hashes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime

from checkpoints.archive.history import stored_runs
from checkpoints.archive.repairs import repairs_of, stored_repairs
from checkpoints.archive.report import Report, read_report
from checkpoints.archive.runs import report_path, validation_results
from checkpoints.archive.signoff import SignOff, read_signoff, signed_page_path, signoff_path
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.model import KnownGap
from checkpoints.coverage.results import CheckRecord, gates
from checkpoints.errors import ExitCode, RunRefused
from checkpoints.files import sha256_of, write_text
from checkpoints.library.results import disagreements
from checkpoints.output.page import Archived, render_page
from checkpoints.output.site import publish, write_index
from checkpoints.records import Digest
from checkpoints.rules.rule import Outcome


def sign(file: ContractFile, run_id: str | None, *, by: str, note: str, at: AwareDatetime) -> Path:
    """Record that ``by`` accepts a run, and write the page as it is signed; returns the page.

    Raises:
        ContractError: there is no such run.
        RunRefused: it did not pass and not every failure is a known gap, it is signed already,
            or its parts contradict each other.
    """
    path = report_path(file.project, run_id)
    report, digest = read_report(path), sha256_of(path)
    if not by.strip():
        raise RunRefused("--by is empty: say who accepts the run")
    if signed := read_signoff(file.project, report.run_id):
        raise RunRefused(f"run {report.run_id} was signed by {signed.by!r} at {signed.at:%F %T}")
    gaps = file.contract.gaps_in_force(report.window, report.as_of)
    problems = list(_refusals(gaps, report))
    if report.judge == "great_expectations":
        problems[:0] = disagreements(report, validation_results(file.project, report.run_id))
    if problems:
        why = f"run {report.run_id} cannot be signed: {report.verdict.summary}"
        raise RunRefused(why, *problems)
    repairs = repairs_of(stored_repairs(file.project), stored_runs(file.project), report.run_id)
    results = validation_results(file.project, report.run_id)
    record = SignOff(
        run_id=report.run_id,
        by=by.strip(),
        note=note,
        at=at,
        report_sha256=digest,
        page_sha256="",  # of the page, which shows the rest of the record
        validation_results=tuple(_digest(file.project, p, sha256_of(p)) for p in results),
        remediation=tuple(_digest(file.project, r.path, r.sha256) for r in repairs),
        documented=gaps,
    )
    page = render_page(report, Archived(report_sha256=digest, signed=record, repairs=repairs))
    page_sha256 = sha256(page.encode()).hexdigest()
    return _store(file.project, record.model_copy(update={"page_sha256": page_sha256}), page)


def _digest(project: Path, path: Path, digest: str) -> Digest:
    return Digest(path=path.relative_to(project).as_posix(), sha256=digest)


def _store(project: Path, record: SignOff, page: str) -> Path:
    """The page first: without its record it is not signed yet."""
    write_text(signed_page_path(project, record.run_id), page)
    write_text(signoff_path(project, record.run_id), record.model_dump_json(indent=1) + "\n")
    published = publish(project, record.run_id, page)
    write_index(project)
    return published


def _refusals(gaps: tuple[KnownGap, ...], report: Report) -> Iterator[str]:
    """Why a run may not be signed; nothing when it passed or every failure is a known gap."""
    if report.verdict.exit_code not in (ExitCode.COMPLETE, ExitCode.INCOMPLETE):
        yield f"its verdict is not about the data (exit code {report.verdict.exit_code})"
    for check in report.checks:
        if gates(check, report.verdict.fail_on) and (open_ := _undocumented(gaps, report, check)):
            yield (
                f"{check.kind} of {check.dataset!r} failed, and {len(open_)} of its dates are not "
                f"covered by known_gaps (first {open_[0]}): backfill them, or declare them there"
            )
        elif check.outcome is Outcome.ERRORED:
            yield f"{check.kind} of {check.dataset!r} could not be evaluated: {check.message}"


def _undocumented(gaps: tuple[KnownGap, ...], report: Report, check: CheckRecord) -> list[date]:
    own = [gap.range for gap in gaps if gap.dataset == check.dataset]
    open_ = [d for d in check.unexpected_dates if not any(d in dates for dates in own)]
    return open_ if check.unexpected_dates else [report.window.first]
