"""The runs of a project on disk: a folder each, ``uncommitted/runs/<run id>/``.

Contracts that lie in one folder share its runs. Their file names tell them apart, wherever the
folder was when a run was made.

It holds the report (``report.json``) and beside it its head (``head.json``): the few lines that a
list of runs shows, so that a list of thousands does not parse thousands of reports. A head is
written once, with its report (``checkpoints docs`` adds those of older runs). One that is missing,
or that is of another report by its SHA-256, is worked out from the report each time: a changed
report never keeps its old head.
"""

from __future__ import annotations

from datetime import date
from operator import not_
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, ValidationError

from checkpoints.archive.report import Report, read_report
from checkpoints.contract.loading import ContractFile
from checkpoints.coverage.results import DatasetRecord
from checkpoints.dates import DateRange
from checkpoints.errors import ContractError, ExitCode
from checkpoints.files import sha256_of, write_text
from checkpoints.records import Record
from checkpoints.rules.evidence import Tally
from checkpoints.text import did_you_mean

HEAD = "head.json"


class Share(Record):
    """Keys of a dataset over the due dates of a run's window; ``lacking`` dates lack some."""

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
    """What a list of runs shows of a report; ``report_sha256`` is of the file it was made from.

    ``contract`` is the name of the contract's file; heads of older runs do not say the ``pipeline``
    and its ``environment``.
    """

    contract: str
    pipeline: Annotated[str, Field(exclude_if=not_)] = ""
    environment: Annotated[str, Field(exclude_if=not_)] = ""
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

    @property
    def title(self) -> str:
        """What tells its contract from others of the folder: its own name, or that of the file."""
        is_named = self.pipeline and not self.pipeline.endswith(f"/{self.contract}")
        return self.pipeline if is_named else self.contract

    @property
    def by_dataset(self) -> dict[str, float | None]:
        """Matched ÷ expected keys of the datasets that are compared with another, upstream first.

        None where nothing was due.
        """
        return {share.dataset: share.ratio for share in self.shares if share.of}

    @property
    def by_layer(self) -> dict[str, float | None]:
        """The coverage of a layer is that of its least complete dataset."""
        found: dict[str, list[float]] = {s.layer: [] for s in self.shares if s.of}
        for share in self.shares:
            if share.of and share.ratio is not None:
                found[share.layer].append(share.ratio)
        return {layer: min(ratios, default=None) for layer, ratios in found.items()}


class HeadFile(Record):
    """``head.json``."""

    version: Literal[1] = 1
    head: RunHead


def runs_folder(project: Path) -> Path:
    """Where the runs of a project are kept, a folder each."""
    return project / "uncommitted" / "runs"


OWN_SITE = "cross_layer"
"""Our Data Docs site in a project that had others before; else it is ``local_site``."""


def docs_folder(project: Path, site: str) -> Path:
    """Where the pages of a Data Docs site are."""
    return project / "uncommitted" / "data_docs" / site


def site_folder(project: Path) -> Path:
    """Our Data Docs site; the pages of runs are part of it."""
    own = docs_folder(project, OWN_SITE)
    return own if own.is_dir() else docs_folder(project, "local_site")


def pages_folder(project: Path) -> Path:
    """Where the pages of runs are: ``<run id>.html``, with a copy of the sign-off beside it."""
    return site_folder(project) / "signoff"


def plans_folder(project: Path) -> Path:
    """Where the plans of a project are kept."""
    return project / "uncommitted" / "plans"


def validation_results(project: Path, run_id: str) -> list[Path]:
    """The results that Great Expectations stored for a run, one per suite."""
    return sorted((project / "uncommitted" / "validations").glob(f"*/{run_id}/*/*.json"))


def keys_path(project: Path, run_id: str) -> Path:
    """Every missing and orphan key of a run as CSV, where that was asked for."""
    return runs_folder(project) / run_id / "keys.csv"


def run_ids(project: Path) -> list[str]:
    """The stored runs, oldest first."""
    return sorted(path.parent.name for path in runs_folder(project).glob("*/report.json"))


def no_runs(project: Path) -> ContractError:
    """What to say where nothing is stored."""
    return ContractError(
        f"no run is stored in {runs_folder(project)}: make one with python -m checkpoints run"
    )


def report_path(project: Path, run_id: str) -> Path:
    """The report of a run.

    Raises:
        ContractError: there is no such run.
    """
    known = run_ids(project)
    if not known:
        raise no_runs(project)
    if run_id not in known:
        hint = did_you_mean(run_id, known) or f"did you mean {known[-1]!r}?"
        raise ContractError(f"run {run_id!r} is not stored: {hint}")
    return runs_folder(project) / run_id / "report.json"


def contract_name(report: Report) -> str:
    """The name of the file of the contract that a run was made by."""
    return Path(report.provenance.contract).name


def latest_run(file: ContractFile) -> str:
    """The latest run of a contract.

    Raises:
        ContractError: there is none, or a later report is damaged.
    """
    known = run_ids(file.project)
    if not known:
        raise no_runs(file.project)
    names = ((run_id, read_head(file.project, run_id).contract) for run_id in reversed(known))
    own = next((run_id for run_id, name in names if name == file.path.name), None)
    if own is None:
        other = read_head(file.project, known[-1]).contract
        raise ContractError(
            f"no run of {file.path.name!r} is stored: the latest in {runs_folder(file.project)}, "
            f"{known[-1]}, is of {other!r}: make one with python -m checkpoints run"
        )
    return own


def run_before(file: ContractFile, run_id: str) -> str:
    """The run of a contract that was made before one of it.

    Raises:
        ContractError: there is none, or an earlier report is damaged.
    """
    for earlier in reversed([known for known in run_ids(file.project) if known < run_id]):
        if read_head(file.project, earlier).contract == file.path.name:
            return earlier
    raise ContractError(
        f"there is no run of {file.path.name!r} before {run_id}: make another one with "
        "python -m checkpoints run"
    )


def stored_report(file: ContractFile, run_id: str | None) -> Report:
    """Read the report of a run of a contract, or of its latest one.

    Raises:
        ContractError: there is no such run, it is of another contract, or its report is damaged.
    """
    run_id = latest_run(file) if run_id is None else run_id
    report = read_report(report_path(file.project, run_id))
    if (name := contract_name(report)) != file.path.name:
        raise ContractError(
            f"run {report.run_id} is of {name!r}, not of {file.path.name!r}: "
            f"give --contract {file.path.with_name(name)}"
        )
    return report


def save_report(project: Path, report: Report) -> Path:
    """Store a report under its run id, and its head beside it; returns the report's path.

    Raises:
        CheckpointsError: one of the files cannot be written.
    """
    path = runs_folder(project) / report.run_id / "report.json"
    write_text(path, report.model_dump_json() + "\n")
    keep_head(project, report.run_id, _head_of(report, sha256_of(path)))
    return path


def keep_head(project: Path, run_id: str, head: RunHead) -> None:
    """Write the head of a stored run, unless it is there.

    Raises:
        CheckpointsError: it cannot be written.
    """
    path = runs_folder(project) / run_id / HEAD
    if _kept_head(path) != head:
        write_text(path, HeadFile(head=head).model_dump_json() + "\n")


def read_head(project: Path, run_id: str) -> RunHead:
    """The head of a stored run; nothing is written.

    Raises:
        ContractError: its report is damaged.
    """
    path = runs_folder(project) / run_id / "report.json"
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise ContractError(f"{path}: cannot read the run report ({error.strerror})") from error
    kept = _kept_head(path.with_name(HEAD))
    if kept and kept.report_sha256 == digest:
        return kept
    return _head_of(read_report(path), digest)


def _kept_head(path: Path) -> RunHead | None:
    try:
        return HeadFile.model_validate_json(path.read_bytes()).head
    except (OSError, ValidationError):
        return None


def _head_of(report: Report, digest: str) -> RunHead:
    return RunHead(
        contract=contract_name(report),
        pipeline=report.provenance.pipeline,
        environment=report.provenance.place,
        checkpoint=report.checkpoint,
        window=report.window,
        window_label=report.window_label,
        as_of=report.as_of,
        started_at=report.started_at,
        exit_code=report.verdict.exit_code,
        passed=report.verdict.passed,
        summary=report.verdict.summary,
        report_sha256=digest,
        shares=tuple(map(_share, report.coverage)),
    )


def _share(dataset: DatasetRecord) -> Share:
    tally = Tally.of(dataset.days)
    return Share(
        dataset=dataset.name,
        layer=dataset.layer,
        of=dataset.of,
        expected=tally.expected,
        matched=tally.matched,
        lacking=len(tally.lacking),
    )
