"""From a plan to a record: lock, ledger, calls, verification, the window once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import date, datetime
from pathlib import Path

from checkpoints.archive.remediation import CallStatus, RemediationRecord, counts_of
from checkpoints.archive.report import Report
from checkpoints.archive.runs import report_path, runs_folder
from checkpoints.contract.loading import ContractFile
from checkpoints.errors import WarehouseError
from checkpoints.files import sha256_of, write_text
from checkpoints.records import Digest
from checkpoints.warehouse.engine import ReadOptions
from remediation.backfill.engine import backfill
from remediation.backfill.revalidation import (
    Revalidation,
    fresh_frame,
    not_revalidated,
    revalidate,
)
from remediation.backfill.tables import Tables, retry_while_busy
from remediation.backfill.work import Pace, Work
from remediation.clock import Clock
from remediation.ledger.journal import Event
from remediation.ledger.ledger import Ledger, ledger_path, open_ledger
from remediation.ledger.lock import only_run
from remediation.ledger.plans import kept_path
from remediation.ledger.states import DONE, State
from remediation.plan.model import Call, Plan
from remediation.service.credentials import Tokens
from remediation.service.dispatch import Dispatch
from remediation.service.kind import check_callable, service_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run, with what, and who asks.

    ``report`` is the one the plan was made from.
    """

    file: ContractFile
    plan: Plan
    report: Report
    warehouse: str
    as_of: date
    by: str
    tokens: Tokens
    clock: Clock
    tell: Callable[[Event], None]
    reading: ReadOptions
    pace: Pace

    def fresh(self) -> ReadOptions:
        """How the tables are read: what a cache remembers proves nothing."""
        labels = {"tool": "remediation", "plan": self.plan.short_id, "run_id": self.plan.run_id}
        return replace(self.reading, fresh=True).labelled(**labels)


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
        calls = _statuses(request.plan, ledger)
        revalidation = _revalidate(request, calls)
        _reopen_gone(ledger, request.plan, calls, revalidation.calls)
    seconds = round(request.clock.monotonic() - started, 3)
    record = _record(request, revalidation, started_at, seconds)
    where = _record_path(request.file.project, request.plan)
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
        tables=tables,
        clock=request.clock,
        tell=request.tell,
        pace=request.pace,
    )


@contextmanager
def _dispatch(request: Request) -> Iterator[Mapping[str, Dispatch]]:
    """A dispatcher for every service of the plan; credentials are fetched for all of them first."""
    with ExitStack() as stack:
        dispatch = {}
        for name in request.plan.services():
            service = service_of(request.file.contract, name)
            sender = stack.enter_context(service.open_sender(request.tokens, request.clock))
            dispatch[name] = Dispatch(sender)
        yield dispatch


def _statuses(plan: Plan, ledger: Ledger) -> tuple[CallStatus, ...]:
    """In the order of the plan."""
    found = {entry.id: entry for entry in ledger.entries(plan.id)}
    return tuple(
        CallStatus(
            service=call.service,
            date=call.date,
            datasets=call.datasets,
            state=found[call.id].state,
            attempts=found[call.id].attempts,
            detail=found[call.id].detail,
        )
        for call in plan.calls
    )


def _revalidate(request: Request, calls: Sequence[CallStatus]) -> Revalidation:
    """Read the whole window again."""
    contract, report = request.file.contract, request.report
    try:
        frame = retry_while_busy(
            lambda: fresh_frame(
                contract, request.warehouse, report, request.as_of, request.fresh()
            ),
            request.clock,
        )
    except WarehouseError as error:
        return not_revalidated(calls, str(error))
    return revalidate(contract, frame, report, calls)


def _reopen_gone(
    ledger: Ledger, plan: Plan, before: Sequence[CallStatus], after: Sequence[CallStatus]
) -> None:
    """What was done and is not there any more is to be called again, also by ``resume``."""
    gone: dict[str, list[Call]] = {}
    for call, old, new in zip(plan.calls, before, after, strict=True):
        if old.state in DONE and new.state not in DONE:
            gone.setdefault(new.detail, []).append(call)
    for reason, calls in gone.items():
        ledger.move(plan.id, calls, State.PLANNED, detail=reason)


def _record(
    request: Request, found: Revalidation, started_at: datetime, seconds: float
) -> RemediationRecord:
    report, project = request.report, request.file.project
    stored = report_path(project, report.run_id)
    return RemediationRecord(
        plan_id=request.plan.id,
        run_id=report.run_id,
        report=Digest(path=stored.relative_to(project).as_posix(), sha256=sha256_of(stored)),
        plan_file=kept_path(project, request.plan.id).relative_to(project).as_posix(),
        ledger=ledger_path(project).relative_to(project).as_posix(),
        contract_sha256=request.file.sha256,
        warehouse=request.plan.warehouse,
        by=request.by,
        window=report.window,
        started_at=started_at,
        seconds=seconds,
        exit_code=found.exit_code,
        counts=counts_of(found.calls),
        calls=found.calls,
        unplanned=request.plan.unplanned,
        verdict_before=report.verdict,
        verdict_after=found.verdict,
        checks_after=found.checks,
        changes=found.changes,
        problem=found.problem,
    )


def _record_path(project: Path, plan: Plan) -> Path:
    return runs_folder(project) / plan.run_id / f"remediation-{plan.short_id}.json"
