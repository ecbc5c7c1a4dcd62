"""From a request to a report: read the warehouse, judge, decide; ``run`` also stores what it found.

The clock is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Literal

from checkpoints.archive.provenance import provenance, user_name
from checkpoints.archive.report import Report, new_run_id
from checkpoints.archive.runs import save_report
from checkpoints.contract.checks import Check, checks_of, coverage_pair, upstream_pair
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window
from checkpoints.coverage.results import CheckRecord, dataset_records, decide, judged
from checkpoints.errors import ContractError
from checkpoints.rules.rule import Severity
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.reading import Evidence, gather


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to check: a contract's checkpoint, over a window of a warehouse.

    ``as_of`` is the date that counts as today, ``started_at`` is aware, and ``elapsed`` tells the
    seconds since the command began.
    """

    file: ContractFile
    warehouse: str
    window: Window
    as_of: date
    checkpoint: str
    fail_on: Severity
    started_at: datetime
    reading: ReadOptions | None = None
    elapsed: Callable[[], float]

    @property
    def run_id(self) -> str:
        """The run's name in its report, its archive and the labels of its jobs."""
        return new_run_id(self.checkpoint, self.started_at)

    def checks(self) -> tuple[Check, ...]:
        """Every check the checkpoint declares.

        Raises:
            ContractError: the contract has no such checkpoint.
        """
        declared = self.file.contract.checkpoints
        if self.checkpoint not in declared:
            raise ContractError(
                f"--checkpoint {self.checkpoint!r} is not in the contract, "
                f"which has: {', '.join(declared)}"
            )
        return checks_of(self.file.contract, declared[self.checkpoint].suites)


def check(request: Request) -> Report:
    """Judge by the rules alone; nothing is stored.

    Raises:
        ContractError: the request does not fit the contract.
        WarehouseError: the warehouse cannot be read.
    """
    checks = request.checks()
    evidence = _gather(request)
    records = [judged(c, evidence.frame) for c in checks]
    return _report(request, evidence, records, checks, "rules")


def run(request: Request) -> tuple[Report, Path]:
    """Let Great Expectations judge and archive; store the report. Returns the report and its path.

    Raises:
        ContractError: the request does not fit the contract, or its suites are stale.
        WarehouseError: the warehouse cannot be read.
        LibraryError: the library did not judge what the contract declares.
    """
    checks = request.checks()
    evidence = _gather(request)
    from checkpoints.library.judge import judge  # imports pandas, which ``check`` does not need

    verdict = judge(
        request.file.project,
        request.file.contract,
        request.checkpoint,
        evidence.frame,
        request.run_id,
        request.started_at,
        keys=evidence.keys,
        fail_on=request.fail_on,
    )
    report = _report(request, evidence, verdict.records, checks, "great_expectations")
    return report, save_report(request.file.project, report)


def _gather(request: Request) -> Evidence:
    labels = {"tool": "checkpoints", "checkpoint": request.checkpoint}
    return gather(
        request.file.contract,
        request.warehouse,
        request.window,
        request.as_of,
        (request.reading or ReadOptions()).labelled(**labels, run_id=request.run_id),
    )


def _report(
    request: Request,
    evidence: Evidence,
    records: Sequence[CheckRecord],
    declared: Sequence[Check],
    judge: Literal["rules", "great_expectations"],
) -> Report:
    contract, dates = request.file.contract, request.window.range
    window = dates
    return Report(
        run_id=request.run_id,
        checkpoint=request.checkpoint,
        judge=judge,
        window=window,
        window_label=request.window.label,
        as_of=request.as_of,
        started_at=request.started_at,
        seconds=round(request.elapsed(), 3),
        provenance=provenance(request.file, request.warehouse, user_name()),
        verdict=decide(records, len(declared), request.fail_on),
        checks=tuple(records),
        datasets=tuple(dataset_records(contract, evidence.frame, upstream_pair)),
        coverage=tuple(dataset_records(contract, evidence.frame, coverage_pair)),
        keys=evidence.keys,
        statements=evidence.statements,
        unreadable=dict(evidence.frame.unreadable),
        known_gaps=contract.gaps_in_force(window, request.as_of),
    )
