"""Find the run report that a plan is made from."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

from checkpoints.report import Report, read_report
from remediation.errors import PlanError


def runs_folder(project: Path) -> Path:
    """Where the runs of a project are kept, one folder each, named by run id."""
    return project / "uncommitted" / "runs"


def run_ids(project: Path) -> list[str]:
    """The runs that left a report, oldest first."""
    return sorted(path.parent.name for path in runs_folder(project).glob("*/report.json"))


def find_report(project: Path, run_id: str | None) -> Report:
    """The report of a run; of the latest one without an id.

    Raises:
        PlanError: there is no run, or none of that id.
        ContractError: the report is damaged or of another version.
    """
    known = run_ids(project)
    if not known:
        raise PlanError(
            f"there is no run report in {runs_folder(project)}: run python -m checkpoints run first"
        )
    if run_id is not None and run_id not in known:
        near = get_close_matches(run_id, known, n=1) or known[-1:]
        raise PlanError(f"run {run_id!r} is not stored: did you mean {near[0]!r}?")
    return read_report(runs_folder(project) / (run_id or known[-1]) / "report.json")
