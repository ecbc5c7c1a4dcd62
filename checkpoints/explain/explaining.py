"""``explain``: one read of the warehouse, the ledger and the archive, then the walk upstream."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from checkpoints.archive.calls import Ledger, read_calls
from checkpoints.archive.report import Report, read_report
from checkpoints.archive.runs import contract_name, run_ids, runs_folder
from checkpoints.contract.due import topmost
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.window import Window
from checkpoints.dates import EARLIEST, DateRange
from checkpoints.errors import CheckpointsError, ContractError, CouldNotTell
from checkpoints.explain.summary import Explanation, days_of, root_causes
from checkpoints.explain.walking import Place, Walk
from checkpoints.text import did_you_mean
from checkpoints.validation import Request

if TYPE_CHECKING:
    from checkpoints.warehouse.evidence import Evidence

BEFORE = timedelta(days=31)
"""That much before the dates asked for is read as well: it tells since when something lacks."""

RUNS_LOOKED_AT = 20
"""The latest runs in which a date that is gone is looked for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Explained:
    """The answer, and the walk that it was made by."""

    explanation: Explanation
    walk: Walk


def explain(request: Request, dataset: str | None = None, *, whole: bool = False) -> Explained:
    """Say where each date of the window stops, and why.

    Of every date that is lacking or stale, at any dataset or at one; ``whole``: of every date.

    Raises:
        ContractError: there is no such dataset.
        WarehouseError: the warehouse cannot be read.
    """
    contract, asked = request.file.contract, request.window.range
    if dataset is not None and dataset not in contract.datasets:
        hint = did_you_mean(dataset, contract.names) or f"it has {', '.join(contract.names)}"
        raise ContractError(f"dataset {dataset!r} is not in the contract: {hint}")
    evidence = _read(request)
    ledger, problem = _ledger(request, evidence.frame.window.range)
    walk = Walk(contract=contract, frame=evidence.frame, keys=evidence.keys, ledger=ledger)
    lacking = [(name, day) for name, day in walk.lacking() if day in asked]
    seen = _seen_before(request, walk, lacking)
    walk = replace(walk, seen=seen)
    places = [place for place in lacking if dataset in (None, place[0])]
    if whole:
        names = [dataset] if dataset else topmost(contract)
        places = [(name, day) for name in names for day in asked.dates()]
    blocked = [name for name in walk.blocked() if dataset in (None, name)]
    places += [(name, asked.last) for name in blocked if not whole]
    days = days_of(walk, places)
    explanation = Explanation(
        contract=request.file.path.name,
        dataset=dataset,
        window=asked,
        as_of=request.as_of,
        days=days,
        causes=root_causes(walk, days),
        unreadable=evidence.frame.unknown(),
        problem=problem,
    )
    return Explained(explanation=explanation, walk=walk)


def _read(request: Request) -> Evidence:
    from checkpoints.warehouse.evidence import gather  # imports SQLAlchemy, which --help spares

    asked = request.window.range
    first = max(EARLIEST, asked.first - BEFORE)
    window = Window(range=DateRange(first, asked.last), label=request.window.label)
    options = request.reading.labelled(tool="checkpoints")
    return gather(
        request.file.contract,
        request.warehouse,
        window,
        request.as_of,
        options,
        now=request.started_at,
    )


def _ledger(request: Request, window: DateRange) -> tuple[Ledger | None, str]:
    """What was called, or why that cannot be read."""
    try:
        return read_calls(request.file.project, window), ""
    except CouldNotTell as error:
        return None, error.problems[0]


def _seen_before(request: Request, walk: Walk, lacking: Collection[Place]) -> dict[Place, str]:
    """In which earlier run of the same warehouse more of a date was there: the latest."""
    from checkpoints.archive.provenance import masked  # imports what --help spares

    url = masked(request.warehouse)
    looked_for, found = set(lacking), dict[Place, str]()
    for report in reports_of(request.file, RUNS_LOOKED_AT):
        if not looked_for:
            break
        if report.provenance.warehouse != url:
            continue
        for record in report.datasets:
            for cell in record.days:
                place = (record.name, cell.date)
                if place in looked_for and cell.matched > walk.matched(*place):
                    found[place] = report.run_id
                    looked_for.discard(place)
    return found


def reports_of(file: ContractFile, at_most: int) -> Iterator[Report]:
    """The readable reports of a contract, newest first."""
    left = at_most
    for run_id in reversed(run_ids(file.project)):
        if not left:
            return
        report = _readable(runs_folder(file.project) / run_id / "report.json")
        if report and contract_name(report) == file.path.name:
            left -= 1
            yield report


def _readable(path: Path) -> Report | None:
    try:
        return read_report(path)
    except CheckpointsError:
        return None
