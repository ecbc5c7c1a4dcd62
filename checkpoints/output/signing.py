"""Accepting a run: refused unless it passed or every failure is a known gap; bound by hashes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from hashlib import sha256
from pathlib import Path

from pydantic import AwareDatetime

from checkpoints.archive.history import stored_runs
from checkpoints.archive.remediation import RemediationRecord
from checkpoints.archive.repairs import StoredRepair, repairs_of, stored_repairs
from checkpoints.archive.report import Report
from checkpoints.archive.runs import report_path, stored_report, validation_results
from checkpoints.archive.signoff import SignOff, read_signoff, signed_page_path, signoff_path
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.model import KnownGap
from checkpoints.coverage.results import CheckRecord, gates
from checkpoints.errors import CheckpointsError, ExitCode, PublishingError, RunRefused
from checkpoints.files import sha256_of, write_text
from checkpoints.library.results import disagreements
from checkpoints.output.page import Archived, render_page
from checkpoints.output.site import links_of, publish, write_index
from checkpoints.records import Digest
from checkpoints.rules.rule import Outcome
from checkpoints.text import WORDS, dates


@dataclass(frozen=True, slots=True, kw_only=True)
class Signed:
    """A run that was accepted; ``sha256`` is of its sign-off, ``page`` where people read it.

    ``older``: the contract has changed since the run was made.
    """

    record: SignOff
    sha256: str
    report: Report
    older: bool
    page: Path


def sign(
    file: ContractFile, run_id: str | None, *, by: str, note: str, at: AwareDatetime
) -> Signed:
    """Record that ``by`` accepts a run of a contract, and write the page as it is signed.

    Without ``run_id`` it is the latest one, which has to be of the contract as it is now.

    Raises:
        ContractError: there is no such run, or it is of another contract.
        RunRefused: it did not pass and not every failure is a known gap, it is signed already,
            its contract has changed since, or its parts contradict each other.
        PublishingError: it is signed, and its page cannot be published.
    """
    report = stored_report(file, run_id)
    older = report.provenance.contract_sha256 != file.sha256
    if not by.strip():
        raise RunRefused("--by is empty: say who accepts the run")
    if signed := read_signoff(file.project, report.run_id):
        raise RunRefused(f"run {report.run_id} was signed by {signed.by!r} at {signed.at:%F %T}")
    gaps = file.contract.gaps_in_force(report.window, report.as_of)
    repairs = repairs_of(stored_repairs(file.project), stored_runs(file.project), report.run_id)
    results = validation_results(file.project, report.run_id)
    _refuse(report, gaps, repairs, results)
    if older and run_id is None:
        raise RunRefused(_changed_since(file, report))
    record = SignOff(
        run_id=report.run_id,
        by=by.strip(),
        note=note,
        at=at,
        report_sha256=sha256_of(report_path(file.project, report.run_id)),
        page_sha256="",  # of the page, which shows the rest of the record
        validation_results=tuple(_digest(file.project, p, sha256_of(p)) for p in results),
        remediation=tuple(_digest(file.project, r.path, r.sha256) for r in repairs),
        documented=gaps,
        because=tuple(dict.fromkeys(r.because for s in repairs if (r := s.repair) and r.because)),
    )
    archived = Archived(
        report_sha256=record.report_sha256,
        signed=record,
        repairs=repairs,
        links=links_of(file.project, report.run_id, repairs),
    )
    page = render_page(report, archived)
    record = record.model_copy(update={"page_sha256": sha256(page.encode()).hexdigest()})
    published = _store(file.project, record, page)
    digest = sha256_of(signoff_path(file.project, report.run_id))
    return Signed(record=record, sha256=digest, report=report, older=older, page=published)


def _changed_since(file: ContractFile, report: Report) -> str:
    then, now = report.provenance.contract_sha256[:12], file.sha256[:12]
    return (
        f"run {report.run_id} was made by an older text of {file.path.name!r} ({then}, now {now}): "
        "make another with python -m checkpoints run, or accept this one as it is with "
        f"--run {report.run_id}"
    )


def _digest(project: Path, path: Path, digest: str) -> Digest:
    return Digest(path=path.relative_to(project).as_posix(), sha256=digest)


def _store(project: Path, record: SignOff, page: str) -> Path:
    """The page first: without its record it is not signed yet."""
    write_text(signed_page_path(project, record.run_id), page)
    write_text(signoff_path(project, record.run_id), record.model_dump_json(indent=1) + "\n")
    try:
        published = publish(project, record.run_id, page)
        write_index(project)
    except CheckpointsError as error:
        done = f"run {record.run_id} is signed, but its page is not with the others"
        raise PublishingError(
            f"{done}: put this right, then run python -m checkpoints docs", *error.problems
        ) from error
    return published


def _refuse(
    report: Report,
    gaps: tuple[KnownGap, ...],
    repairs: Sequence[StoredRepair],
    results: Sequence[Path],
) -> None:
    """Refuse a run unless it passed, or its every failure is a known gap."""
    problems = list(_refusals(gaps, report))
    if problems and (landed := [r for s in repairs if (r := s.repair) and _repaired(r, report)]):
        problems.append(
            f"the backfill of {landed[-1].started_at:%F %T} UTC has repaired this run since: "
            "read the tables again with python -m checkpoints run, and sign that run"
        )
    if report.judge == "great_expectations":
        problems[:0] = disagreements(report, results)
    if problems:
        word = WORDS[report.verdict.exit_code]
        why = f"run {report.run_id} cannot be signed: {word}: {report.verdict.summary}"
        raise RunRefused(why, *problems)


def _repaired(repair: RemediationRecord, report: Report) -> bool:
    return repair.run_id == report.run_id and repair.exit_code is ExitCode.COMPLETE


def _refusals(gaps: tuple[KnownGap, ...], report: Report) -> Iterator[str]:
    """Why a run may not be signed; nothing when it passed or every failure is a known gap."""
    match report.verdict.exit_code:
        case ExitCode.NOTHING_DUE:
            yield "there is nothing to accept: run the checkpoint over other dates"
        case ExitCode.COULD_NOT_TELL:
            yield "resolve what could not be evaluated, then run the checkpoint again"
    for check in report.checks:
        what = f"{check.name} of {check.dataset!r}"
        if check.outcome is Outcome.ERRORED:
            yield f"{what} could not be evaluated: {check.message}"
        elif gates(check, report.verdict.fail_on):
            open_ = _undocumented(gaps, check) if check.rule.excusable else []
            if open_:
                yield (
                    f"{what} failed, and known_gaps do not cover {dates(len(open_))} of it "
                    f"(first {open_[0]}): {_remedy(check)}, or declare them there"
                )
            elif not (check.unexpected_dates and check.rule.excusable):
                yield f"{what} failed, on no date that known_gaps could cover: {_remedy(check)}"


def _remedy(check: CheckRecord) -> str:
    """What the rule says, and what is left to do where no backfill helps."""
    helped = check.rule.repairable or not check.rule.excusable
    correct = "" if helped else ". Correct the table"
    warning = "" if check.severity == "critical" else f", run without --fail-on {check.severity}"
    return f"{check.rule.fix}{correct}{warning}"


def _undocumented(gaps: tuple[KnownGap, ...], check: CheckRecord) -> list[date]:
    own = [gap.range for gap in gaps if gap.dataset == check.dataset]
    return [d for d in check.unexpected_dates if not any(d in dates for dates in own)]
