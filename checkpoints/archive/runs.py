"""The runs of a project on disk: ``uncommitted/runs/<run id>/``, a folder each."""

from __future__ import annotations

from pathlib import Path

from checkpoints.archive.report import Report, read_report
from checkpoints.errors import ContractError
from checkpoints.files import write_text
from checkpoints.text import did_you_mean


def runs_folder(project: Path) -> Path:
    """Where the runs of a project are kept, a folder each."""
    return project / "uncommitted" / "runs"


def save_report(project: Path, report: Report) -> Path:
    """Store a report under its run id."""
    path = runs_folder(project) / report.run_id / "report.json"
    write_text(path, report.model_dump_json() + "\n")
    return path


def run_ids(project: Path) -> list[str]:
    """The stored runs, oldest first."""
    return sorted(path.parent.name for path in runs_folder(project).glob("*/report.json"))


def report_path(project: Path, run_id: str | None) -> Path:
    """The report of a run, or of the latest one.

    Raises:
        ContractError: there is no such run.
    """
    known = run_ids(project)
    if not known:
        raise ContractError(
            f"no run is stored in {runs_folder(project)}: make one with python -m checkpoints run"
        )
    if run_id is not None and run_id not in known:
        hint = did_you_mean(run_id, known) or f"did you mean {known[-1]!r}?"
        raise ContractError(f"run {run_id!r} is not stored: {hint}")
    return runs_folder(project) / (run_id or known[-1]) / "report.json"


def stored_report(project: Path, run_id: str | None) -> Report:
    """Read the report of a run, or of the latest one.

    Raises:
        ContractError: there is no such run, or its report is damaged.
    """
    return read_report(report_path(project, run_id))


def validation_results(project: Path, run_id: str) -> list[Path]:
    """The results that Great Expectations stored for a run, one per suite."""
    return sorted((project / "uncommitted" / "validations").glob(f"*/{run_id}/*/*.json"))
