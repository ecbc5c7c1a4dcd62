"""A season of a small contract: commands on it, and its runs in the archive with their pages."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

from checkpoints import validation
from checkpoints.archive import runs as archive
from checkpoints.archive.report import Report
from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.window import Window, resolve_window
from checkpoints.output.signing import sign
from checkpoints.output.site import write_run_page
from tests.support.commands import ROOT, command
from tests.support.warehouses import BASIC, D, contract_of, days, fill, write_contract

Rows = Iterable[tuple[Any, ...]]
SEASON = ("--season", "2025", "--as-of", "2025-02-20")
AT = datetime(2025, 2, 21, 9, 30, tzinfo=UTC)
FULL = days("2025-01-01", "2025-02-10")
HOLE = [r for r in FULL if not D("2025-01-20") <= r[0] <= D("2025-01-29")]
GAP = {
    "dataset": "factors", "from": D("2025-01-20"), "to": D("2025-01-29"),
    "reason": "source <lost>", "owner": "data & co", "until": D("2025-12-31"),
}  # fmt: skip
HOSTILE = "<script>document.title='owned'</script>"


def warehouse(folder: Path, names: Iterable[str] = BASIC["datasets"], **tables: Rows | None) -> str:
    """A warehouse whose tables are complete but for those that are given; None leaves one out."""
    rows = {**dict.fromkeys(names, FULL), **tables}
    return fill(folder / "w.duckdb", {n: found for n, found in rows.items() if found is not None})


def request_of(
    folder: Path,
    file: ContractFile | None = None,
    minute: int = 0,
    as_of: str = "2025-02-20",
    **tables: Rows | None,
) -> validation.Request:
    """A request over the whole season, made so many minutes past nine."""
    file = file or contract_of(folder)
    return validation.Request(
        file=file,
        warehouse=warehouse(folder, file.contract.names, **tables),
        window=resolve_window(file.contract, as_of=D(as_of), season="2025"),
        as_of=D(as_of),
        checkpoint="after_backfill",
        fail_on="critical",
        started_at=datetime(2025, 2, 21, 9, tzinfo=UTC) + timedelta(minutes=minute),
        elapsed=lambda: 0.25,
    )


def checked(
    folder: Path,
    *options: str,
    verb: str = "check",
    window: Sequence[str] = SEASON,
    factors: Rows | None = FULL,
    cwd: Path = ROOT,
    **variables: str,
) -> CompletedProcess[str]:
    """``python -m checkpoints`` on the contract of a folder, BASIC where it has none."""
    contract = folder / "pipeline.yml"
    if not contract.exists():
        write_contract(folder, BASIC)
    where = ("--contract", str(contract), "--warehouse", warehouse(folder, factors=factors))
    return command("checkpoints", verb, *window, *where, *options, cwd=cwd, **variables)


def judged(file: ContractFile, window: Window, as_of: date) -> Report:
    """The contract's own warehouse, judged by the rules now; the report is in the archive."""
    report = validation.check(
        validation.Request(
            file=file,
            warehouse=file.contract.warehouse,
            window=window,
            as_of=as_of,
            checkpoint="after_backfill",
            fail_on="critical",
            started_at=datetime.now(UTC),
            elapsed=lambda: 0.0,
        )
    )
    archive.save_report(file.project, report)
    return report


def stored(
    folder: Path, file: ContractFile | None = None, minute: int = 0, **tables: Any
) -> Report:
    """A run that was judged by the rules alone, in the archive of ``folder``."""
    report = validation.check(request_of(folder, file, minute, **tables))
    archive.save_report(folder, report)
    return report


def page_of(folder: Path, *arguments: Any, **tables: Any) -> str:
    """The page of a run that is ``stored`` now."""
    return write_run_page(folder, stored(folder, *arguments, **tables)).read_text()


def library_run(file: ContractFile, minute: int = 0, **tables: Any) -> Report:
    """A run that was judged by the library, stored in its project with its page."""
    report, _ = validation.run(request_of(file.project, file, minute, **tables))
    write_run_page(file.project, report)
    return report


def accept(folder: Path, run_id: str | None = None, *, by: str = "Ada", note: str = "") -> Path:
    """Sign a run of the contract in a folder, the latest where none is named; its page."""
    return sign(load_contract(folder / "pipeline.yml", {}), run_id, by=by, note=note, at=AT).page


def repair_of(report: Report, **changes: Any) -> dict[str, Any]:
    """A record of remediation that answers a run: ten calls landed, two did not."""
    figures = {"of": "raw", "expected": 76, "matched": 56, "lacking": ["2025-01-20"]}
    after = {**figures, "matched": 76, "lacking": []}
    verdict = report.verdict.model_dump(mode="json")
    factors = {"dataset": "factors", "layer": "L4", "before": figures, "after": after}
    return {
        "version": 1, "plan_id": "abcdef0123456789", "run_id": report.run_id, "by": "robot",
        "report": {"path": f"uncommitted/runs/{report.run_id}/report.json", "sha256": "0" * 64},
        "contract_sha256": "c" * 64, "warehouse": "duckdb:///w.duckdb", "exit_code": 4,
        "calls": [], "unplanned": [], "window": report.model_dump(mode="json")["window"],
        "started_at": "2025-02-21T09:02:00Z", "seconds": 61.4, "problem": "",
        "counts": {"phase4": {"landed": 10, "partial": 1, "still missing": 2, "rejected": 3}},
        "plan_file": "uncommitted/plans/abcdef.json", "ledger": "uncommitted/ledger.sqlite3",
        "verdict_before": {**verdict, "summary": "2 of 12 failed"},
        "verdict_after": {**verdict, "summary": "12 of 12 passed"},
        "changes": [{**factors, "regressions": []}], **changes,
    }  # fmt: skip


def latest_report(folder: Path) -> Path:
    """The report of the latest run."""
    return archive.report_path(folder, archive.run_ids(folder)[-1])


def repaired(folder: Path, report: Report, **changes: Any) -> Path:
    """Store a record of remediation beside the run that it answers."""
    path = archive.report_path(folder, report.run_id).with_name("remediation-abcdef.json")
    path.write_text(json.dumps(repair_of(report, **changes)))
    return path
