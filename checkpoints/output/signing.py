"""Accepting a run: refused unless it passed or every failure is a known gap; bound by hashes."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime

from checkpoints.archive.report import Report, read_report
from checkpoints.archive.runs import report_path, validation_results
from checkpoints.archive.signoff import (
    SignOff,
    read_signoff,
    signed_page_path,
    signoff_path,
)
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.model import KnownGap
from checkpoints.coverage.results import CheckRecord, gates
from checkpoints.errors import ExitCode, RunRefused
from checkpoints.files import sha256_of, write_text
from checkpoints.library.results import disagreements
from checkpoints.output.page import Acceptance, Archived, render_page
from checkpoints.output.site import publish, repairs_for, write_index
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
    if problems := [*_contradictions(file.project, report), *_refusals(gaps, report)]:
        raise RunRefused(
            f"run {report.run_id} cannot be signed: {report.verdict.summary}", *problems
        )
    acceptance = Acceptance(by=by.strip(), at=at, note=note)
    archived = Archived(
        report_sha256=digest,
        acceptance=acceptance,
        documented=gaps,
        repairs=repairs_for(file.project, report.run_id),
    )
    page = render_page(report, archived)
    record = _record(file.project, acceptance, archived, report.run_id, page)
    return _store(file.project, record, page)


def _record(
    project: Path, acceptance: Acceptance, archived: Archived, run_id: str, page: str
) -> SignOff:
    return SignOff(
        run_id=run_id,
        by=acceptance.by,
        note=acceptance.note,
        at=acceptance.at,
        report_sha256=archived.report_sha256,
        page_sha256=sha256(page.encode()).hexdigest(),
        validation_results=tuple(
            _digest(project, path, sha256_of(path)) for path in validation_results(project, run_id)
        ),
        remediation=tuple(_digest(project, r.path, r.sha256) for r in archived.repairs),
        documented=tuple(archived.documented),
    )


def _digest(project: Path, path: Path, digest: str) -> Digest:
    return Digest(path=path.relative_to(project).as_posix(), sha256=digest)


def _store(project: Path, record: SignOff, page: str) -> Path:
    """The page first: without its record it is not signed yet."""
    write_text(signed_page_path(project, record.run_id), page)
    write_text(signoff_path(project, record.run_id), record.model_dump_json(indent=1) + "\n")
    published = publish(project, record.run_id, page)
    write_index(project)
    return published


def _contradictions(project: Path, report: Report) -> Iterator[str]:
    """Where the report says something else than what Great Expectations stored."""
    if report.judge == "great_expectations":
        yield from disagreements(report, validation_results(project, report.run_id))


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
