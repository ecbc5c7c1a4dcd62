"""Great Expectations projects and coverage frames for tests."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from checkpoints.archive.report import new_run_id
from checkpoints.contract.checks import checks_of, pairs_of
from checkpoints.contract.loading import ContractFile, contract_option
from checkpoints.contract.model import Contract
from checkpoints.contract.window import Window
from checkpoints.coverage import results
from checkpoints.coverage.frame import CoverageFrame, build_frame
from checkpoints.coverage.layout import layout_of
from checkpoints.coverage.presence import presence_of
from checkpoints.coverage.results import CheckRecord, KeySample
from checkpoints.dates import DateRange
from checkpoints.library.judge import judge
from checkpoints.library.project import complete
from checkpoints.library.suites import write
from checkpoints.rules.rule import Outcome
from tests.support.commands import ROOT
from tests.support.warehouses import BASIC, D, contract_of

GX = ROOT / "gx"
ALL = "schedule raw summary factors"
NO_L4 = "schedule raw summary"
Days = Mapping[date, list[str]]
SEQUENCE = count()


def project_of(folder: Path, raw: Mapping[str, Any] = BASIC, **changes: Any) -> ContractFile:
    """A project of its own: Data Context, contract and suites."""
    project = folder / "gx"
    project.mkdir()
    file = contract_of(project, raw, **changes)
    complete(project)
    write(file.project, file.contract)
    return file


def frame_of(
    contract: Contract,
    days: Days,
    *,
    as_of: str = "2025-03-01",
    unreadable: Mapping[str, str] | None = None,
    undated: str = "",
) -> CoverageFrame:
    """A frame of single keys; a key is the datasets that hold it, ``name?`` with a NULL in it."""

    def mask(names: str) -> int:
        layout = layout_of(contract)
        bits = {name: layout.bit(layout.own(name)) for name in contract.names}
        nulls = {f"{name}?": layout.null(layout.own(name)) for name in contract.names}
        return sum((bits | nulls)[name] for name in names.split())

    rows = [(day, mask(names), 1) for day, keys in days.items() for names in keys]
    lost = [(None, mask(undated), 3)] if undated else []
    return build_frame(
        contract,
        presence_of(layout_of(contract), [*rows, *lost]),
        Window(range=DateRange(min(days), max(days)), label="test"),
        D(as_of),
        pairs_of(contract),
        unreadable,
    )


def every_day(first: str, last: str, *keys: str) -> dict[date, list[str]]:
    return {day: list(keys) for day in DateRange(D(first), D(last)).dates()}


class Judged(NamedTuple):
    """What the library found, and its pages, one per suite."""

    records: tuple[CheckRecord, ...]
    pages: list[Path]


def judged(
    file: ContractFile,
    frame: CoverageFrame,
    checkpoint: str = "after_backfill",
    keys: Sequence[KeySample] = (),
    at: datetime | None = None,
) -> Judged:
    at = at or datetime(2025, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=next(SEQUENCE))
    run = new_run_id(checkpoint, at)
    option = contract_option(file.path)
    given = (file.project, file.contract, checkpoint, frame, run, at, keys)
    records = judge(*given, contract_option=option)
    site = file.project / "uncommitted/data_docs/local_site"
    return Judged(records, sorted(site.glob(f"validations/*/{run}/*/*.html")))


def by_rules(contract: Contract, frame: CoverageFrame) -> tuple[CheckRecord, ...]:
    suites = contract.checkpoints["after_backfill"].suites
    return tuple(results.judged(c, frame) for c in checks_of(contract, suites))


def of_dataset(verdict: Judged, dataset: str) -> dict[str, Outcome]:
    return {r.kind: r.outcome for r in verdict.records if r.dataset == dataset}


KNOWN_GAP = {
    "dataset": "factors", "from": "2025-02-01", "to": "2025-02-02", "until": "2025-12-31",
    "reason": "source lost", "owner": "data-eng",
}  # fmt: skip

FRAMES: dict[str, tuple[Days, dict[str, Any]]] = {
    "complete": (every_day("2025-01-05", "2025-01-20", ALL, ALL), {}),
    "a gap in the last layer": (
        every_day("2025-01-05", "2025-01-20", ALL)
        | every_day("2025-01-08", "2025-01-14", NO_L4)
        | {D("2025-01-17"): [ALL, NO_L4]},
        {},
    ),
    "orphans and nulls": (
        every_day("2025-01-05", "2025-01-20", ALL)
        | {D("2025-01-09"): [ALL, "factors", "summary?"]},
        {"undated": "raw"},
    ),
    "an unreadable layer": (
        every_day("2025-01-05", "2025-01-20", NO_L4),
        {"unreadable": {"summary": "table 'summary' is not in schema 's': did you mean 'sum'?"}},
    ),
    "an unreadable reference": (
        every_day("2025-01-05", "2025-01-20", ALL),
        {"unreadable": {"schedule": "dataset 'schedule' has no column 'd'"}},
    ),
    "nothing due yet": (every_day("2025-01-05", "2025-01-20", ALL), {"as_of": "2025-01-05"}),
    "nothing at all": ({D("2025-01-05"): [], D("2025-01-06"): []}, {}),
    "only warm-up": (every_day("2025-01-01", "2025-01-03", NO_L4), {}),
    "a known gap": (
        every_day("2025-01-30", "2025-02-04", ALL) | every_day("2025-02-01", "2025-02-02", NO_L4),
        {},
    ),
}
