"""From a plan to a record: lock, ledger, calls, verification, the window once more."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from pathlib import Path

from checkpoints.archive.remediation import CallStatus, RemediationRecord, counts_of
from checkpoints.archive.report import Report
from checkpoints.archive.runs import report_path, runs_folder
from checkpoints.contract.loading import ContractFile
from checkpoints.errors import WarehouseError
from checkpoints.files import sha256_of, write_text
from checkpoints.records import Digest
from checkpoints.rules.rule import Outcome
from checkpoints.warehouse.engine import ReadOptions
from checkpoints.warehouse.evidence import gather
from remediation.backfill.delivery import Delivering
from remediation.backfill.engine import backfill, calls_of_window
from remediation.backfill.rebuilt import Rebuilds
from remediation.backfill.revalidation import Revalidation, revalidate, window_again
from remediation.backfill.rows import Multiplied, RowsBefore
from remediation.backfill.tables import Held, Tables, retry_while_busy
from remediation.backfill.work import Pace, Work
from remediation.clock import Clock
from remediation.ledger.journal import Event, Journal, grouped
from remediation.ledger.ledger import Ledger, ledger_path, open_ledger
from remediation.ledger.lock import only_run
from remediation.ledger.plans import is_of, kept_path
from remediation.ledger.states import IN_FLIGHT, State
from remediation.plan.model import Plan
from remediation.plan.notices import notices_of
from remediation.service.credentials import Tokens
from remediation.service.dispatch import Dispatch
from remediation.service.kind import Access, check_callable, service_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to run, with what, and who asks.

    ``report`` is the one the plan was made from; the ``environment`` holds what is secret.
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
    environment: Mapping[str, str] = field(default_factory=dict, repr=False)

    def access(self) -> Access:
        """What services are called with."""
        return Access(tokens=self.tokens, clock=self.clock, environment=self.environment)

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
    contract, services = request.file.contract, request.plan.services()
    told = tuple(dict.fromkeys(group.service for group in notices_of(request.plan, contract)))
    check_callable(contract, tuple(dict.fromkeys((*services, *told))), request.environment)
    started_at, started = request.clock.now(), request.clock.monotonic()
    path = ledger_path(request.file.project)
    with (
        only_run(path, request.by, started_at.isoformat(timespec="seconds")),
        open_ledger(path, request.clock.now) as ledger,
    ):
        delivering = _delivering(request, ledger)
        journal, rows = _make_calls(request, ledger, delivering)
        calls = _statuses(request.plan, ledger)
        revalidation = _revalidate(request, calls, rows, Rebuilds(ledger, request.plan.id))
        _write_down(journal, request.plan, calls, revalidation.calls)
        seconds = round(request.clock.monotonic() - started, 3)
        record = _record(request, revalidation, started_at, seconds)
        where = _write(request, record)  # what landed is recorded whatever becomes of the notices
        told_of = delivering.send_landed(request.plan.id, revalidation.calls, _unread(record))
        if told_of:
            record = record.model_copy(update={"deliveries": told_of})
            _write(request, record)
    return record, where


def _unread(record: RemediationRecord) -> frozenset[str]:
    """The datasets that the last reading of the window could not judge; all where it failed."""
    if record.problem:
        return frozenset(name for call in record.calls for name in call.datasets)
    errored = {check.dataset for check in record.checks_after if check.outcome is Outcome.ERRORED}
    return frozenset(errored | {c.dataset for c in record.changes if c.after is None})


def _write(request: Request, record: RemediationRecord) -> Path:
    folder = runs_folder(request.file.project) / request.plan.run_id
    path = folder / f"remediation-{request.plan.short_id}.json"
    write_text(path, record.model_dump_json(indent=1) + "\n")
    return path


def deliver(request: Request) -> None:
    """Send what earlier runs did not deliver, where there is nothing else to do.

    Raises:
        AlreadyRunning: another run is at work; nothing was sent.
        LedgerError: the ledger cannot be used.
    """
    path = ledger_path(request.file.project)
    started_at = request.clock.now().isoformat(timespec="seconds")
    with (
        only_run(path, request.by, started_at),
        open_ledger(path, request.clock.now) as ledger,
    ):
        _delivering(request, ledger).send_earlier()


def _delivering(request: Request, ledger: Ledger) -> Delivering:
    return Delivering(
        request.file.contract,
        ledger,
        request.access(),
        request.tell,
        is_own=partial(is_of, request.file),
        resend_unknown=request.pace.resend_unknown,
    )


def _make_calls(
    request: Request, ledger: Ledger, delivering: Delivering
) -> tuple[Journal, dict[str, RowsBefore]]:
    """Credentials are fetched for all services of the plan before the first call."""
    contract, access = request.file.contract, request.access()
    with ExitStack() as stack:
        senders = {
            name: stack.enter_context(service_of(contract, name).open_sender(access))
            for name in request.plan.services()
        }
        work = Work(
            plan=request.plan,
            contract=contract,
            ledger=ledger,
            dispatch={name: Dispatch(sender) for name, sender in senders.items()},
            tables=_tables(request),
            clock=request.clock,
            tell=request.tell,
            pace=request.pace,
            send_earlier=delivering.send_earlier,
        )
        return backfill(work)


def _tables(request: Request) -> Tables:
    return Tables(
        contract=request.file.contract,
        url=request.warehouse,
        as_of=request.as_of,
        clock=request.clock,
        reading=request.fresh(),
    )


def _statuses(plan: Plan, ledger: Ledger) -> tuple[CallStatus, ...]:
    """In the order of the plan."""
    found = {entry.id: entry.model_dump(exclude={"in_flight"}) for entry in ledger.entries(plan.id)}
    return tuple(
        CallStatus.model_validate(
            {**found[call.id], "checks": call.checks, "rebuilds": call.rebuilds}
        )
        for call in plan.calls
    )


def _revalidate(
    request: Request,
    calls: Sequence[CallStatus],
    rows: Mapping[str, RowsBefore],
    rebuilds: Rebuilds,
) -> Revalidation:
    """Read the whole window again; what each service builds, with its rows; what was rebuilt."""
    contract, report, url = request.file.contract, request.report, request.warehouse
    window, now = window_again(contract, report), request.clock.now()
    try:
        multiplied = _multiplied(request, calls, rows)
        rebuilt = _rebuilt(request, rebuilds)
        evidence = retry_while_busy(
            lambda: gather(
                contract, url, window, request.as_of, request.fresh(), with_keys=False, now=now
            ),
            request.clock,
        )
    except WarehouseError as error:
        return Revalidation(calls=tuple(calls), problem=str(error))
    return revalidate(contract, evidence.frame, report, calls, multiplied, rebuilt)


def _rebuilt(request: Request, rebuilds: Rebuilds) -> dict[str, Held]:
    """What the calls that write rows anew have left, by id."""
    calls = [call for call in request.plan.calls if call.rebuilds]
    found = _tables(request).look(calls)
    return {call.id: rebuilds.judged(call, found[call.id]) for call in calls}


def _multiplied(
    request: Request, calls: Sequence[CallStatus], rows: Mapping[str, RowsBefore]
) -> dict[str, tuple[Multiplied, ...]]:
    """The dates of the window and beside it on which rows were multiplied, called or not, by id.

    Without those of which that is written down already, or which may still be in flight.
    """
    plan, contract = request.plan, request.file.contract
    windows = [call for name in rows for call in calls_of_window(plan, contract, name)]
    skipped = {call.id for call in calls if call.state in IN_FLIGHT | {State.MULTIPLIED}}
    called = {call.id for call in calls if call.attempts}
    held = _tables(request).look(windows)
    found = {
        call.id: rows[call.service].multiplied(
            call.date,
            held[call.id].counts,
            called=call.id in called,
            twice=held[call.id].standing_twice,
        )
        for call in windows
        if call.id not in skipped
    }
    return {name: multiplied for name, multiplied in found.items() if multiplied}


def _write_down(
    journal: Journal, plan: Plan, before: Sequence[CallStatus], after: Sequence[CallStatus]
) -> None:
    """What was done and is not there any more is to be called again, also by ``resume``.

    What was multiplied is not.
    """
    moves = grouped(
        ((new.state is State.MULTIPLIED, new.detail, call.service), call)
        for call, old, new in zip(plan.calls, before, after, strict=True)
        if old.state != new.state
    )
    for (multiplied, reason, _), calls in moves.items():
        journal.move(calls, State.MULTIPLIED if multiplied else State.PLANNED, detail=reason)


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
        because=request.plan.because,
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
        orphans=found.orphans,
        problem=found.problem,
    )
