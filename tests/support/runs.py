"""Stored runs for tests: a small contract, a DuckDB file, a report in the archive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from checkpoints import validation
from checkpoints.archive import runs as archive
from checkpoints.archive.report import Report
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window, resolve_window
from tests.support.warehouses import D, contract_of, days, fill

AT = datetime(2025, 2, 21, 9, 30, tzinfo=UTC)
FULL = days("2025-01-01", "2025-02-10")
HOLE = [r for r in FULL if not D("2025-01-20") <= r[0] <= D("2025-01-29")]
GAP = {
    "dataset": "factors",
    "from": D("2025-01-20"),
    "to": D("2025-01-29"),
    "reason": "source <lost>",
    "owner": "data & co",
    "until": D("2025-12-31"),
}
HOSTILE = "<script>document.title='owned'</script>"


def request_of(
    folder: Path,
    file: ContractFile | None = None,
    minute: int = 0,
    as_of: str = "2025-02-20",
    **tables: Any,
) -> validation.Request:
    """A request over the whole season; ``tables`` replace the rows of complete ones."""
    file = file or contract_of(folder)
    url = fill(folder / "w.duckdb", {**dict.fromkeys(file.contract.names, FULL), **tables})
    return season_request(file, url, minute, as_of)


def season_request(file: ContractFile, url: str, minute: int, as_of: str) -> validation.Request:
    """A request over the whole season, made so many minutes past nine."""
    return validation.Request(
        file=file,
        warehouse=url,
        window=resolve_window(file.contract, as_of=D(as_of), season="2025"),
        as_of=D(as_of),
        checkpoint="after_backfill",
        fail_on="critical",
        started_at=datetime(2025, 2, 21, 9, tzinfo=UTC) + timedelta(minutes=minute),
        elapsed=lambda: 0.25,
    )


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


def repair_of(report: Report, **changes: Any) -> dict[str, Any]:
    """A record of remediation that answers a run: ten calls landed, two did not."""
    figures = {"of": "raw", "expected": 76, "matched": 56, "lacking": ["2025-01-20"]}
    after = {**figures, "matched": 76, "lacking": []}
    verdict = report.verdict.model_dump(mode="json")
    return {
        "version": 1,
        "plan_id": "abcdef0123456789",
        "run_id": report.run_id,
        "report": {"path": f"uncommitted/runs/{report.run_id}/report.json", "sha256": "0" * 64},
        "contract_sha256": "c" * 64,
        "warehouse": "duckdb:///w.duckdb",
        "exit_code": 4,
        "calls": [],
        "unplanned": [],
        "by": "robot",
        "window": report.model_dump(mode="json")["window"],
        "started_at": "2025-02-21T09:02:00Z",
        "seconds": 61.4,
        "counts": {"phase4": {"landed": 10, "partial": 1, "still missing": 2, "rejected": 3}},
        "problem": "",
        "plan_file": "uncommitted/plans/abcdef.json",
        "ledger": "uncommitted/ledger.sqlite3",
        "verdict_before": {**verdict, "summary": "2 of 12 failed"},
        "verdict_after": {**verdict, "summary": "12 of 12 passed"},
        "changes": [
            {
                "dataset": "factors",
                "layer": "L4",
                "before": figures,
                "after": after,
                "regressions": [],
            }
        ],
        **changes,
    }
