"""From a plan to a record: lock, ledger, calls, verification, the window once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path
from typing import Any

from checkpoints.archive.report import Report
from checkpoints.archive.runs import report_path
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.model import Contract
from checkpoints.coverage.frame import CoverageFrame
from checkpoints.errors import ExitCode, WarehouseError, worst
from checkpoints.files import write_text
from checkpoints.warehouse.engine import Reading, labelled
from remediation.backfill.engine import backfill
from remediation.backfill.patience import patiently
from remediation.backfill.record import (
    CallRecord,
    RemediationRecord,
    counts_of,
    file_record,
    record_path,
)
from remediation.backfill.revalidation import (
    changes_of,
    exit_code_of,
    fresh_checks,
    fresh_frame,
    recounted,
    verdict_of,
)
from remediation.backfill.verification import Tables
from remediation.backfill.work import Work
from remediation.clock import Clock
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Entry, Ledger, ledger_path, open_ledger
from remediation.ledger.lock import only_run
from remediation.ledger.plans import kept_path
from remediation.ledger.states import DONE, State
from remediation.plan.model import Call, Plan
from remediation.service.credentials import Tokens
from remediation.service.dispatch import Dispatch, Dispatcher
from remediation.service.kind import check_callable, service_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run, with what, and who asks; ``report`` is the one the plan was made from."""

    file: ContractFile
    plan: Plan
    report: Report
    warehouse: str
    as_of: date
    by: str
    tokens: Tokens
    clock: Clock
    tell: Callable[[Event], None]
    reading: Reading
    canary: int = 1
    max_dates: int | None = None
    concurrency: int | None = None
    resend_unknown: bool = False

    def fresh(self) -> Reading:
        """How the tables are read: what a cache remembers proves nothing."""
        labels = {"tool": "remediation", "plan": self.plan.short_id, "run_id": self.plan.run_id}
        return labelled(replace(self.reading, fresh=True), **labels)


def run(request: Request) -> tuple[RemediationRecord, Path]:
    """Carry out a plan and prove from the tables what landed. Returns the record and its path.

    Raises:
        ServiceNotCallable: a service has no usable address; nothing was sent.
        CredentialsError: a service's token cannot be had; nothing was sent.
        AlreadyRunning: another run is at work; nothing was sent.
        WarehouseError: the tables cannot be read before a service's first call.
        LedgerError: the ledger cannot be used.
    """
    check_callable(request.file.contract, request.plan.services())
    started_at, started = request.clock.now(), request.clock.monotonic()
    path = ledger_path(request.file.project)
    with (
        only_run(path, request.by, started_at.isoformat(timespec="seconds")),
        open_ledger(path, request.clock.now) as ledger,
    ):
        with _dispatch(request) as dispatch:
            backfill(_work(request, ledger, dispatch))
        calls = _call_records(request.plan, ledger.entries(request.plan.id))
        record = _after(request, calls, started_at)
        _put_back(ledger, request.plan, calls, record.calls)
    seconds = round(request.clock.monotonic() - started, 3)
    record = record.model_copy(update={"seconds": seconds})
    where = record_path(request.file.project, request.plan)
    write_text(where, record.model_dump_json(indent=1) + "\n")
    return record, where


def _work(request: Request, ledger: Ledger, dispatch: Mapping[str, Dispatch]) -> Work:
    tables = Tables(
        contract=request.file.contract,
        url=request.warehouse,
        as_of=request.as_of,
        clock=request.clock,
        reading=request.fresh(),
    )
    return Work(
        plan=request.plan,
        contract=request.file.contract,
        ledger=ledger,
        dispatch=dispatch,
        look=tables.look,
        look_source=tables.look_source,
        last_look=tables.last_look,
        clock=request.clock,
        tell=request.tell,
        canary=request.canary,
        max_dates=request.max_dates,
        concurrency=request.concurrency,
        resend_unknown=request.resend_unknown,
    )


@contextmanager
def _dispatch(request: Request) -> Iterator[Mapping[str, Dispatch]]:
    """A dispatcher for every service of the plan; credentials are fetched for all of them first."""
    with ExitStack() as stack:
        dispatch = {}
        for name in request.plan.services():
            service = service_of(request.file.contract, name)
            sender = stack.enter_context(service.open_sender(request.tokens, request.clock))
            dispatch[name] = Dispatcher(sender)
        yield dispatch


def _call_records(plan: Plan, entries: list[Entry]) -> tuple[CallRecord, ...]:
    found = {entry.id: entry for entry in entries}
    return tuple(
        CallRecord(
            service=call.service,
            date=call.date,
            datasets=call.datasets,
            state=found[call.id].state,
            attempts=found[call.id].attempts,
            detail=found[call.id].detail,
        )
        for call in plan.calls
    )


def _put_back(
    ledger: Ledger, plan: Plan, before: Sequence[CallRecord], after: Sequence[CallRecord]
) -> None:
    """What was done and is not there any more is to be called again, also by ``resume``."""
    gone: dict[str, list[Call]] = {}
    for call, old, new in zip(plan.calls, before, after, strict=True):
        if old.state in DONE and new.state not in DONE:
            gone.setdefault(new.detail, []).append(call)
    for reason, calls in gone.items():
        ledger.move(plan.id, calls, State.PLANNED, detail=reason)


def _after(
    request: Request, calls: tuple[CallRecord, ...], started_at: datetime
) -> RemediationRecord:
    """The record, with the whole window read again."""
    contract, report, project = request.file.contract, request.report, request.file.project
    done = all(call.state in DONE for call in calls)
    code = ExitCode.COMPLETE if done else ExitCode.BACKFILL_INCOMPLETE
    record = RemediationRecord(
        plan_id=request.plan.id,
        run_id=report.run_id,
        report=file_record(project, report_path(project, report.run_id)),
        plan_file=kept_path(project, request.plan.id).relative_to(project).as_posix(),
        ledger=ledger_path(project).relative_to(project).as_posix(),
        contract_sha256=request.file.sha256,
        warehouse=request.plan.warehouse,
        by=request.by,
        window=report.window,
        started_at=started_at,
        seconds=0,
        exit_code=code,
        counts=counts_of(calls),
        calls=calls,
        unplanned=request.plan.unplanned,
        verdict_before=report.verdict,
    )
    try:
        frame = patiently(
            lambda: fresh_frame(
                contract, request.warehouse, report, request.as_of, request.fresh()
            ),
            request.clock,
        )
    except WarehouseError as error:
        failed = worst(code, ExitCode.COULD_NOT_TELL)
        return record.model_copy(update={"problem": str(error), "exit_code": failed})
    return record.model_copy(update=_judged(contract, frame, report, calls))


def _judged(
    contract: Contract, frame: CoverageFrame, report: Report, calls: tuple[CallRecord, ...]
) -> dict[str, Any]:
    """What the record says once the window was read again."""
    checks = fresh_checks(contract, frame, report)
    verdict = verdict_of(checks, report)
    changes = changes_of(contract, frame, checks, report)
    seen = recounted(contract, frame, calls)
    return {
        "calls": seen,
        "counts": counts_of(seen),
        "verdict_after": verdict,
        "checks_after": checks,
        "changes": changes,
        "exit_code": exit_code_of(seen, verdict, changes),
    }
