"""A backfill's whole world in memory: time, tables, services, and runs that are cut short.

Nothing sleeps and nothing is threaded: waiting moves the time on, and what the services do in
between happens in the order of time. The engine and the ledger are the real ones.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from itertools import count

from checkpoints.contract.model import Contract
from checkpoints.contract.upstreams import names_above
from remediation.plan.model import Call
from remediation.service.answer import Answer, Kind
from remediation.service.http import HttpService
from remediation.service.http_answer import Reply, classify

EPOCH = datetime(2025, 3, 1, tzinfo=UTC)
TICK = 1e-6
KEYS = 2
SOURCE = "raw"


class Crash(BaseException):
    """The process was killed here."""


class Blow(StrEnum):
    """What befalls the run itself; ``JUMP`` sets the wall clock."""

    CRASH = "crash"
    INTERRUPT = "interrupt"
    DISK_FULL = "disk full"
    FORWARD = "an hour forward"
    BACKWARD = "an hour backward"


class Writes(StrEnum):
    """How much of a date a service writes; ``FIRST`` only its first dataset."""

    ALL = "all"
    HALF = "half"
    FIRST = "first"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """What a service does with one call.

    It answers ``after`` seconds (at the client's timeout at the latest), works on the date until
    ``ends`` seconds after the call came (0: it does not take it) and then writes.
    ``lost`` and ``refused`` are answers that no HTTP status stands for.
    """

    status: int = 200
    body: str = ""
    after: float = 0.5
    ends: float = 0
    writes: Writes = Writes.NONE
    retry_after: int | None = None
    retry_date: bool = False
    damages: bool = False
    lost: bool = False
    refused: bool = False
    no_token: bool = False

    def answer(self, service: HttpService, now: datetime, timeout: bool) -> Answer:
        """What the client makes of it at last."""
        if timeout or self.lost:
            return Answer(kind=Kind.UNKNOWN, detail="no answer" if timeout else "reset")
        if self.refused or self.no_token:
            return Answer(kind=Kind.NOT_SENT, detail="cannot connect", stops=self.no_token)
        headers: dict[str, str] = {}
        if self.retry_after is not None:
            when = format_datetime(now + timedelta(seconds=self.retry_after), usegmt=True)
            headers["Retry-After"] = when if self.retry_date else str(self.retry_after)
        reply = Reply(status=self.status, headers=headers, text=self.body, mask=str)
        return classify(service, reply, now)


class Time:
    """Simulated time: ``elapsed`` seconds, and a wall clock that can be set."""

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.offset = timedelta()
        self.set_forward_at = -1.0
        self._effects: list[tuple[float, int, Callable[[], None]]] = []
        self._numbers = count()

    def now(self) -> datetime:
        return EPOCH + timedelta(seconds=self.elapsed) + self.offset

    def monotonic(self) -> float:
        return self.elapsed

    def jump(self, hours: int) -> None:
        self.offset += timedelta(hours=hours)
        if hours > 0:
            self.set_forward_at = self.elapsed

    def at(self, when: float, effect: Callable[[], None]) -> None:
        heapq.heappush(self._effects, (when, next(self._numbers), effect))

    def advance(self, seconds: float) -> None:
        """Let time pass, at least a little: nothing takes no time at all."""
        target = self.elapsed + max(seconds, TICK)
        while self._effects and self._effects[0][0] <= target:
            when, _, effect = heapq.heappop(self._effects)
            self.elapsed = max(self.elapsed, when)
            effect()
        self.elapsed = max(self.elapsed, target)


@dataclass(kw_only=True)
class Warehouse:
    """How many keys each dataset has on each date (all of them where nothing is said).

    ``changes`` numbers the latest change of every cell, in one sequence with the looks.
    """

    contract: Contract
    cells: dict[tuple[str, date], int]
    blind: Sequence[tuple[float, float]] = ()
    changes: dict[tuple[str, date], int] = field(default_factory=dict)
    losses: dict[tuple[str, date], int] = field(default_factory=dict)
    sequence: Iterator[int] = field(default_factory=count)

    def keys(self, dataset: str, day: date) -> int:
        return self.cells.get((dataset, day), KEYS)

    def write(self, dataset: str, day: date, keys: int) -> None:
        before, number = self.keys(dataset, day), next(self.sequence)
        self.cells[dataset, day] = keys
        if keys != before:
            self.changes[dataset, day] = number
        if keys < before:
            self.losses[dataset, day] = number

    def is_blind(self, elapsed: float) -> bool:
        return any(start <= elapsed < start + length for start, length in self.blind)

    def upstream(self, dataset: str) -> str:
        return next(iter(names_above(self.contract, dataset)), SOURCE)

    def compare(self, call: Call, of_source: bool) -> list[tuple[str, int, int]]:
        """Per dataset of a call: its name, the keys expected and the keys that match."""
        found = []
        for name in call.datasets:
            expected = self.keys(SOURCE if of_source else self.upstream(name), call.date)
            found.append((name, expected, min(expected, self.keys(name, call.date))))
        return found

    def has_landed(self, call: Call) -> bool:
        found = self.compare(call, of_source=False)
        return any(e for _, e, _ in found) and all(e == m for _, e, m in found)

    def has_nothing(self, call: Call) -> bool:
        """Neither what stands above the call nor the source has the date."""
        both = [*self.compare(call, of_source=False), *self.compare(call, of_source=True)]
        return not any(expected for _, expected, _ in both)

    def changed_at(self, call: Call) -> int:
        """When anything that a look at a call compares changed last."""
        names = {SOURCE, *call.datasets, *(self.upstream(name) for name in call.datasets)}
        return max(self.changes.get((name, call.date), -1) for name in names)


@dataclass(kw_only=True)
class Services:
    """What the services do with the calls that reach them, whoever listens to the answer.

    The n-th call for a date gets the n-th of its ``faults``, later ones ``always`` (once so many
    were ``sound_at_first``), or are carried out as they should be. ``ends`` holds until when a
    date is being worked on.
    """

    time: Time
    warehouse: Warehouse
    faults: dict[str, list[Fault]]
    always: dict[str, Fault]
    sound_at_first: int = 0
    ends: dict[str, float] = field(default_factory=dict)

    def take(self, call: Call) -> Fault:
        queued = self.faults.get(call.id)
        fault = queued.pop(0) if queued else self._usual(call)
        if fault.ends:
            end = self.time.elapsed + fault.ends
            self.ends[call.id] = max(end, self.ends.get(call.id, 0))
            self.time.at(end, lambda: self._work(call, fault))
        return fault

    def _usual(self, call: Call) -> Fault:
        if call.service not in self.always:
            return self._sound(call)
        self.sound_at_first -= 1
        return self._sound(call) if self.sound_at_first >= 0 else self.always[call.service]

    def is_working_on(self, call: Call) -> bool:
        return self.ends.get(call.id, -1) > self.time.elapsed

    def _sound(self, call: Call) -> Fault:
        above = {self.warehouse.upstream(name) for name in call.datasets}
        if not any(self.warehouse.keys(name, call.date) for name in above):
            return Fault(status=400)
        return Fault(ends=0.25, writes=Writes.ALL, body='{"results": [{"status": "success"}]}')

    def _work(self, call: Call, fault: Fault) -> None:
        names: Collection[str] = call.datasets
        if fault.writes is Writes.FIRST:
            names = call.datasets[:1]
        elif fault.writes is Writes.NONE:
            names = ()
        for name in names:
            above = self.warehouse.keys(self.warehouse.upstream(name), call.date)
            half = fault.writes is Writes.HALF
            self.warehouse.write(name, call.date, above // 2 if half else above)
        if fault.damages:
            for name in call.datasets:
                self.warehouse.write(name, call.date - timedelta(days=1), 0)


class Blows:
    """Strikes a run at drawn points: each after so many more points, where it can strike."""

    APPLY: Mapping[Blow, tuple[str, ...]] = {
        Blow.INTERRUPT: ("wait", "look"),
        Blow.DISK_FULL: ("write",),
    }

    def __init__(self, drawn: Sequence[tuple[int, Blow]]) -> None:
        self._drawn = list(drawn)
        self._left = drawn[0][0] if drawn else 0

    def strike(self, where: str) -> Blow | None:
        if not self._drawn:
            return None
        self._left -= 1
        blow = self._drawn[0][1]
        if self._left >= 0 or where not in self.APPLY.get(blow, (where,)):
            return None
        self._drawn.pop(0)
        self._left = self._drawn[0][0] if self._drawn else 0
        return blow

    def end(self) -> None:
        self._drawn.clear()
