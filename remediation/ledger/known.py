"""What a project's ledger knows of earlier backfills, without a lock and before any call."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path

from remediation.ledger.ledger import Pause, ledger_path, read_ledger


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """Everything is empty where no backfill was run yet.

    ``in_flight`` are ids of calls that a service may still be working on. ``measured`` is, per
    service, how many calls were timed and their median in seconds. ``started`` are ids of plans,
    and ``unfinished`` the ids of those that have calls to be made and of their runs, the one
    started last first. ``pauses`` are those that are not over, by service and address;
    ``undelivered``: a service is still to be told of what landed.
    """

    in_flight: frozenset[str] = frozenset()
    measured: Mapping[str, tuple[int, float]] = field(default_factory=dict)
    started: frozenset[str] = frozenset()
    unfinished: Sequence[tuple[str, str]] = ()
    undelivered: bool = False
    pauses: Mapping[tuple[str, str], Pause] = field(default_factory=dict)


def known_to(project: Path, now: Callable[[], datetime]) -> Known:
    """Read the ledger of a project, if there is one.

    Raises:
        LedgerError: it cannot be read.
    """
    with read_ledger(ledger_path(project), now) as ledger:
        if ledger is None:
            return Known()
        return Known(
            in_flight=ledger.in_flight(now()),
            measured=ledger.measured(),
            started=frozenset(plan for plan, _ in ledger.plan_ids()),
            unfinished=ledger.unfinished(),
            undelivered=bool(ledger.deliveries.open()),
            pauses=ledger.pauses(),
        )
