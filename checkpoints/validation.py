"""From options to a request, and from a request to a report: read the warehouse, judge, decide.

``run`` also stores what it found. The clock of a request is the caller's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypedDict

from checkpoints.archive.provenance import provenance, user_name
from checkpoints.archive.report import Provenance, Report, new_run_id
from checkpoints.archive.runs import save_report
from checkpoints.contract.checks import (
    Check,
    checks_of_checkpoint,
    coverage_pair,
    default_checkpoint,
    upstream_pair,
)
from checkpoints.contract.due import calendars_of
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.model import Contract
from checkpoints.contract.stock import StockCheck, stock_checks_of, words_of
from checkpoints.contract.window import Window, resolve_window
from checkpoints.coverage.results import (
    CheckRecord,
    dataset_records,
    decide,
    judged,
    retirements,
    with_unjudged,
)
from checkpoints.errors import ContractError
from checkpoints.rules.rule import Severity
from checkpoints.text import did_you_mean
from checkpoints.warehouse.engine import ReadOptions, Statement, reading_of

if TYPE_CHECKING:
    from checkpoints.warehouse.evidence import Evidence, Tell
    from checkpoints.warehouse.rows import Rows


class Options(TypedDict, total=False):
    """What to check and how; each option is that of the command line.

    The dates are a ``season`` of the contract, or ``first`` to ``last`` (both included), or the
    ``last_days`` such as ``"7d"``. Without any it is the window of the checkpoint, or all of its
    windows, or else the season that contains ``as_of``, which is today unless it is given;
    without seasons, all since the contract ``starts``. A ``checkpoint`` of None is the one that
    the contract means by default.
    """

    season: str | None
    first: date | None
    last: date | None
    last_days: str | None
    as_of: date | None
    checkpoint: str | None
    fail_on: Severity
    warehouse: str | None
    max_bytes: str | None
    impersonate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What to check: a contract's checkpoint, over a window of a warehouse.

    ``checkpoint`` is empty where nothing is judged. ``as_of`` is the date that counts as today,
    ``started_at`` is aware, and ``elapsed`` tells the seconds since the command began. ``tell``
    does more with the warehouse while it is open.
    """

    file: ContractFile
    warehouse: str
    window: Window
    as_of: date
    checkpoint: str
    fail_on: Severity
    started_at: datetime
    reading: ReadOptions = field(default_factory=ReadOptions)
    elapsed: Callable[[], float]
    tell: Tell | None = None

    @property
    def run_id(self) -> str:
        """The run's name in its report, its archive and the labels of its jobs."""
        return new_run_id(self.checkpoint, self.started_at)

    def checks(self) -> tuple[Check, ...]:
        """Every check the checkpoint declares."""
        return checks_of_checkpoint(self.file.contract, self.checkpoint, self.window)

    def stock_checks(self) -> tuple[StockCheck, ...]:
        """Every expectation of Great Expectations' own that the checkpoint declares."""
        contract = self.file.contract
        if not self.window.has_all_rules:
            return ()
        return stock_checks_of(contract, contract.checkpoints[self.checkpoint].suites)


def request_of(
    file: ContractFile, options: Options, now: datetime, elapsed: Callable[[], float]
) -> Request:
    """What the options ask for; ``now`` is aware.

    Raises:
        ContractError: the options do not go together, or do not fit the contract.
    """
    contract = file.contract
    file.require(warehouse=options.get("warehouse"), max_bytes=options.get("max_bytes"))
    checkpoint = _checkpoint_of(contract, options) if "checkpoint" in options else ""
    declared = contract.checkpoints.get(checkpoint)
    as_of = options.get("as_of") or now.astimezone(contract.zone).date()
    return Request(
        file=file,
        warehouse=options.get("warehouse") or contract.warehouse,
        window=resolve_window(
            contract,
            as_of=as_of,
            season=options.get("season"),
            first=options.get("first"),
            last=options.get("last"),
            last_days=options.get("last_days"),
            default_days=declared.window if declared else None,
            parts=declared.parts if declared else None,
        ),
        as_of=as_of,
        checkpoint=checkpoint,
        fail_on=options.get("fail_on", "critical"),
        started_at=now,
        reading=reading_of(contract, options.get("max_bytes"), options.get("impersonate")),
        elapsed=elapsed,
    )


def _checkpoint_of(contract: Contract, options: Options) -> str:
    name = options["checkpoint"]
    if name is None:
        name = default_checkpoint(contract)
    known = ", ".join(contract.checkpoints)
    if name is None:
        raise ContractError(
            f"--checkpoint is missing: the contract has several ({known}): name one, or write "
            "default_checkpoint: NAME into the contract"
        )
    if name not in contract.checkpoints:
        hint = did_you_mean(name, contract.checkpoints)
        raise ContractError(
            f"--checkpoint {name!r} is not in the contract, which has: {known}"
            + (f": {hint}" if hint else "")
        )
    return name


def check(request: Request) -> Report:
    """Judge by the rules alone; nothing is stored.

    Raises:
        WarehouseError: the warehouse cannot be read.
    """
    checks = request.checks()
    evidence = _gather(request)
    records = [judged(c, evidence.frame) for c in checks]
    report = _report(request, _made(request), evidence, records, len(checks), "rules")
    verdict = with_unjudged(report.verdict, len(request.stock_checks()))
    return report.model_copy(update={"verdict": verdict})


def run(request: Request) -> tuple[Report, Path]:
    """Let Great Expectations judge and archive; store the report. Returns the report and its path.

    Raises:
        ContractError: the suites are not those of the contract.
        WarehouseError: the warehouse cannot be read.
        LibraryError: the library did not judge what the contract declares.
    """
    checks, stock = request.checks(), request.stock_checks()
    evidence = _gather(request)
    rows, read = _rows(request, evidence)
    from checkpoints.library.judge import judge  # imports pandas, which ``check`` does not need
    from checkpoints.library.suites import write

    if request.file.state_dir:  # nobody reviews what is there: it is made as it is needed
        write(request.file.project, request.file.contract)
    made = _made(request)
    records = judge(
        request.file.project,
        request.file.contract,
        request.checkpoint,
        evidence.frame,
        request.run_id,
        request.started_at,
        keys=evidence.keys,
        fail_on=request.fail_on,
        contract_option=request.file.option,
        pipeline=(made.pipeline, made.place),
        rows=rows,
    )
    evidence = replace(evidence, statements=(*evidence.statements, *read))
    declared = len(checks) + len(stock)
    report = _report(request, made, evidence, records, declared, "great_expectations")
    return report, save_report(request.file.project, report)


def _gather(request: Request) -> Evidence:
    from checkpoints.warehouse.evidence import gather  # imports SQLAlchemy, which --help spares

    options = _labelled(request, request.reading)
    return gather(
        request.file.contract,
        request.warehouse,
        request.window,
        request.as_of,
        options,
        now=request.started_at,
        tell=request.tell,
    )


def _labelled(request: Request, options: ReadOptions) -> ReadOptions:
    return options.labelled(
        tool="checkpoints", checkpoint=request.checkpoint, run_id=request.run_id
    )


def _rows(request: Request, evidence: Evidence) -> tuple[dict[str, Rows], tuple[Statement, ...]]:
    """The rows of the datasets that have expectations of Great Expectations' own.

    What was billed before counts.
    """
    from checkpoints.warehouse.rows import read_rows  # imports SQLAlchemy

    contract, options = request.file.contract, request.reading
    wanted = words_of(contract, contract.checkpoints[request.checkpoint].suites)
    if not wanted or not request.window.has_all_rules:
        return {}, ()
    if options.max_bytes is not None:
        billed = sum(statement.bytes_billed or 0 for statement in evidence.statements)
        options = replace(options, max_bytes=options.max_bytes - billed)
    options = _labelled(request, options)
    return read_rows(contract, request.warehouse, request.window.part("").range, wanted, options)


def _made(request: Request) -> Provenance:
    return provenance(request.file, request.warehouse, user_name())


def _report(
    request: Request,
    made: Provenance,
    evidence: Evidence,
    records: Sequence[CheckRecord],
    declared: int,
    judge: Literal["rules", "great_expectations"],
) -> Report:
    contract, window = request.file.contract, request.window.range
    datasets = tuple(dataset_records(contract, evidence.frame, upstream_pair))
    coverage = tuple(dataset_records(contract, evidence.frame, coverage_pair))
    return Report(
        run_id=request.run_id,
        checkpoint=request.checkpoint,
        judge=judge,
        window=window,
        window_label=request.window.label,
        windows={part.label: part.range for part in request.window.parts.values()},
        as_of=request.as_of,
        started_at=request.started_at,
        seconds=round(request.elapsed(), 3),
        provenance=made,
        verdict=decide(
            records, declared, request.fail_on, (*datasets, *coverage), evidence.frame.late
        ),
        checks=tuple(records),
        datasets=datasets,
        coverage=coverage,
        keys=evidence.keys,
        keys_unread=evidence.keys_unread,
        statements=evidence.statements,
        unreadable=evidence.frame.unknown(),
        known_gaps=contract.gaps_in_force(window, request.as_of),
        expired_gaps=contract.gaps_expired(window, request.as_of),
        retired=tuple(retirements(contract, evidence.frame)),
        late=evidence.frame.late,
        calendars=calendars_of(contract),
        exempt={name: found.exempt for name, found in contract.datasets.items() if found.exempt},
    )
