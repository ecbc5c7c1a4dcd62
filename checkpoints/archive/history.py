"""The past runs of a project, each in a few lines: fast for thousands of them.

What a list of runs shows is kept in ``uncommitted/runs/heads.json``, per run with the size and
times of the files it was taken from. A run whose files are no longer those is read again, so the
list never repeats what a changed report used to say; without the file, all of them are.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Literal, NamedTuple

from pydantic import AwareDatetime, BaseModel, ValidationError

from checkpoints.archive.runs import run_ids, runs_folder
from checkpoints.archive.signoff import read_signoff, signoff_path
from checkpoints.coverage.results import Verdict
from checkpoints.dates import DateRange
from checkpoints.errors import CheckpointsError, ContractError, ExitCode
from checkpoints.files import write_text
from checkpoints.records import Record, reason
from checkpoints.rules.evidence import Status


class Share(Record):
    """Keys of a dataset over the due dates of a run's window, and how many dates lack some."""

    dataset: str
    layer: str
    of: str | None
    expected: int
    matched: int
    lacking: int

    @property
    def ratio(self) -> float | None:
        """Matched ÷ expected; None when nothing was due."""
        return self.matched / self.expected if self.expected else None


class RunHead(Record):
    """What a list of runs shows of a report; ``report_sha256`` is of the file it was read from."""

    checkpoint: str
    window: DateRange
    window_label: str
    as_of: date
    started_at: AwareDatetime
    exit_code: ExitCode
    passed: bool
    summary: str
    report_sha256: str
    shares: tuple[Share, ...]

    def coverage(self, layer: str) -> float | None:
        """That of its least complete dataset; None when nothing was due in the layer."""
        found = [s.ratio for s in self.shares if s.layer == layer and s.of]
        return min((r for r in found if r is not None), default=None)

    def coverage_of(self, dataset: str) -> float | None:
        """Matched ÷ expected keys of a dataset; None when nothing was due, or it is not there."""
        return next((s.ratio for s in self.shares if s.dataset == dataset), None)

    @property
    def layers(self) -> tuple[str, ...]:
        """The layers that are compared with another, upstream first."""
        return tuple(dict.fromkeys(s.layer for s in self.shares if s.of))

    @property
    def datasets(self) -> tuple[str, ...]:
        """The datasets that are compared with another, upstream first."""
        return tuple(s.dataset for s in self.shares if s.of)


class StoredRun(Record):
    """A stored run; without a head, ``problem`` says why.

    ``altered``: the report is not the one that was signed.
    """

    run_id: str
    head: RunHead | None = None
    signed_by: str | None = None
    signed_at: AwareDatetime | None = None
    altered: bool = False
    problem: str = ""


class Stamp(NamedTuple):
    """What a file system says about a file; it differs as soon as the file was written again."""

    size: int
    modified_ns: int
    changed_ns: int


class Kept(Record):
    """A run as it was read last, and the stamps of its report and its sign-off then."""

    report: Stamp | None
    signoff: Stamp | None
    run: StoredRun


class KeptRuns(Record):
    """The whole file; another version of it is as good as none."""

    version: Literal[1] = 1
    runs: dict[str, Kept]


class _Dataset(BaseModel):
    """Days as ``report.Day`` has them: date, status, expected, present, matched, …"""

    name: str
    layer: str
    of: str | None
    days: tuple[tuple[str, str, int, int, int, int, int], ...]


class _Source(BaseModel):
    """The part of a report that a head is made of; the rest of the file is passed over."""

    schema_version: Literal[1]
    checkpoint: str
    window: DateRange
    window_label: str
    as_of: date
    started_at: AwareDatetime
    verdict: Verdict
    coverage: tuple[_Dataset, ...]


def run_heads(project: Path) -> tuple[StoredRun, ...]:
    """Every stored run, newest first; a damaged one says so and does not hide the others."""
    known = _read_kept(project)
    found = {
        run_id: _kept(project, run_id, known.get(run_id)) for run_id in reversed(run_ids(project))
    }
    if len(found) != len(known) or any(known.get(name) is not kept for name, kept in found.items()):
        with suppress(CheckpointsError):  # an archive that is only read is as good, and slower
            write_text(_kept_path(project), KeptRuns(runs=found).model_dump_json() + "\n")
    return tuple(kept.run for kept in found.values())


def _kept_path(project: Path) -> Path:
    return runs_folder(project) / "heads.json"


def _read_kept(project: Path) -> dict[str, Kept]:
    try:
        return KeptRuns.model_validate_json(_kept_path(project).read_bytes()).runs
    except (OSError, ValidationError):
        return {}


def _kept(project: Path, run_id: str, known: Kept | None) -> Kept:
    """What was kept, if nothing was written since; else the run read again."""
    report = runs_folder(project) / run_id / "report.json"
    stamps = _stamp(report), _stamp(signoff_path(project, run_id))
    if known and (known.report, known.signoff) == stamps:
        return known
    return Kept(report=stamps[0], signoff=stamps[1], run=_read(project, run_id, report))


def _stamp(path: Path) -> Stamp | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return Stamp(found.st_size, found.st_mtime_ns, found.st_ctime_ns)


def _read(project: Path, run_id: str, report: Path) -> StoredRun:
    try:
        head = _head(report)
    except ContractError as error:
        return StoredRun(run_id=run_id, problem=str(error))
    try:
        signed = read_signoff(project, run_id)
    except ContractError as error:
        return StoredRun(run_id=run_id, head=head, problem=str(error))
    return StoredRun(
        run_id=run_id,
        head=head,
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        altered=signed is not None and signed.report_sha256 != head.report_sha256,
    )


def _head(path: Path) -> RunHead:
    try:
        content = path.read_bytes()
        source = _Source.model_validate_json(content)
    except OSError as error:
        raise ContractError(f"{path}: cannot read the run report ({error.strerror})") from error
    except ValidationError as error:
        raise ContractError(
            f"{path}: is not a run report of version 1 ({reason(error)}): run the checkpoint again"
        ) from error
    return RunHead(
        checkpoint=source.checkpoint,
        window=source.window,
        window_label=source.window_label,
        as_of=source.as_of,
        started_at=source.started_at,
        exit_code=source.verdict.exit_code,
        passed=source.verdict.passed,
        summary=source.verdict.summary,
        report_sha256=sha256(content).hexdigest(),
        shares=tuple(map(_share, source.coverage)),
    )


def _share(dataset: _Dataset) -> Share:
    due = [(day[2], day[4]) for day in dataset.days if day[1] == Status.DUE]
    return Share(
        dataset=dataset.name,
        layer=dataset.layer,
        of=dataset.of,
        expected=sum(expected for expected, _ in due),
        matched=sum(matched for _, matched in due),
        lacking=sum(matched < expected for expected, matched in due),
    )
