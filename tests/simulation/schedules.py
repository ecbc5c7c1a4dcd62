"""Schedules, drawn: few draws each, every one from a list that begins with the harmless."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from functools import cache
from itertools import product

from hypothesis import strategies as st

from tests.simulation.model import Blow, Fault, Writes
from tests.simulation.model_plans import BUILDS, Options
from tests.simulation.model_runs import Schedule

DAYS = tuple(date(2025, 1, day) for day in range(7, 19))
CALENDAR = st.sampled_from([DAYS, (*DAYS[:2], *DAYS[3:])])
"""Every day, or one not: it is there already."""

FAILED = '{"results": [{"processor": "p", "status": "error", "error": "no rows"}]}'
LOST = 0
SILENT = -1

SERVICES = st.sampled_from(
    [("four",), ("three",), ("three", "four"), ("four", "five"), ("three", "four", "five")]
)
TIMES = st.sampled_from([(4.0, 6.0), (4.0, 3.0), (2.0, 3.0), (2.0, 0.0)])
"""Timeout and settle time."""

PACES = st.sampled_from(list(product([1.0, 4.0], [0.0, 1.0], [0.0, 0.3])))
"""Seconds between looks, between calls, and for half a look."""

AT_A_TIME = st.sampled_from(
    [(False, n, None) for n in (1, 2, 3, 4)] + [(False, 1, 3), (False, 4, 1), (True, 4, 4)]
)
"""``ordered``, and how many calls at a time by the contract and by whoever runs it."""

TOGETHER = st.sampled_from([(1, 14)] * 3 + list(product(["range", "list"], [2, 4, 14])))
"""``dates_per_call`` and ``at_most``."""

TRUST = st.sampled_from(
    [(True, False), (True, False), (False, False), (False, False), (False, True)]
)
"""``idempotent``, and whether a person lets unknown calls be sent again."""

WRITES = (Writes.ALL, Writes.HALF, Writes.FIRST, Writes.NONE)
TAKEN = ((200, ""), (200, FAILED), (200, "<html>"), (409, ""), (502, ""), (LOST, ""), (SILENT, ""))
REFUSED = (
    Fault(refused=True),
    Fault(lost=True),
    Fault(status=400, body="nothing that day"),
    Fault(status=401),
    Fault(status=404),
    Fault(status=302),
    Fault(no_token=True),
    Fault(after=60.0),
)


@cache
def faults(timeout: float, settle: float, late: bool) -> tuple[tuple[Fault, ...], ...]:
    """Whatever a service may do, by kind; ``late``: also work for longer than declared."""
    worked = tuple(_worked(timeout, settle, (1.5, 3.0) if late else ()))
    failed = tuple(
        Fault(status=500, after=after, ends=ends * after, writes=writes)
        for after, writes, ends in product((0.5, 2.0), WRITES, (0.5, 6) if late else (0.5,))
    )
    busy = tuple(
        Fault(status=status, retry_after=wait, retry_date=dated)
        for wait, status, dated in product((None, 3, 0, 40, 400), (429, 503), (False, True))
    )
    jobs = tuple(_jobs(settle, (1.5, 3.0) if late else ())) if settle else ()
    return tuple(kind for kind in (worked, failed, busy, REFUSED, jobs) if kind)


@cache
def fault_of(timeout: float, settle: float, late: bool) -> st.SearchStrategy[Fault]:
    """Any of them, each kind as often as the others."""
    return st.one_of(*map(st.sampled_from, faults(timeout, settle, late)))


@cache
def working_on(timeout: float) -> st.SearchStrategy[Fault]:
    """The service works on the date for longer than it takes to answer, as declared."""
    worked = faults(timeout, 6.0, False)[0]
    return st.sampled_from([fault for fault in worked if fault.ends > fault.after])


def _worked(timeout: float, settle: float, later: tuple[float, ...]) -> Iterator[Fault]:
    """The service works on the date, and says so or is not heard."""
    parts = (0.0, *((0.25, 0.95) if settle else ()), *later)
    ways = product(
        WRITES, parts, (0.5, 2.0, 3.75), TAKEN, (False, False, False, True), (False, True)
    )
    for writes, part, after, (status, body), damages, spares in ways:
        if body == FAILED and part and not later:
            continue  # its word that it failed is its word that it has ended
        heard = 60.0 if status == SILENT else after
        answered = min(heard, timeout)
        yield Fault(
            status=200 if status in (LOST, SILENT) else status,
            body=body,
            after=heard,
            lost=status == LOST,
            ends=answered + part * max(settle, 1.0) - 0.1 if part else answered / 2,
            writes=writes,
            damages=damages,
            spares=spares,
        )


def _jobs(settle: float, later: tuple[float, ...]) -> Iterator[Fault]:
    """The service takes the request, says that it runs, and what became of it, or is not heard.

    It works until it says so; where it is not heard, until the settle time is over.
    """
    ways = product(WRITES, (0.2, 0.6, 1.0), ("", "lost", "failed"), (False, True), (1.0, *later))
    for writes, part, outcome, spares, over in ways:
        lasts = part * settle
        ends = settle if outcome == "lost" else lasts
        yield Fault(
            after=0.5,
            job=lasts,
            lost=outcome == "lost",
            failed=outcome == "failed",
            ends=0.5 + ends * over - 0.1,
            writes=writes,
            spares=spares,
        )


@st.composite
def options_of(draw: st.DrawFn, pace: tuple[float, float, float]) -> Options:
    """How the services are declared, and what a run is asked for."""
    timeout, settle = draw(TIMES)
    ordered, concurrency, at_a_time = draw(AT_A_TIME)
    dates_per_call, at_most = draw(TOGETHER)
    idempotent, resend = draw(TRUST)
    return Options(
        idempotent=idempotent,
        resend_unknown=resend,
        dates_per_call=dates_per_call,
        at_most=at_most,
        ordered=ordered,
        concurrency=concurrency,
        at_a_time=at_a_time,
        breaker_after=draw(st.sampled_from([5, 1, 2, 3])),
        timeout_seconds=timeout,
        settle_seconds=settle,
        poll_seconds=pace[0],
        seconds_between_calls=pace[1],
        results=draw(st.booleans()),
        stoppable=draw(st.booleans()),
        canary=draw(st.integers(1, 2)),
        max_dates=draw(st.sampled_from([None, None, None, 1, 2, 3])),
    )


MOMENTS = (0.0, 1.0, 5.0, 12.0, 30.0)
BLOWS = list(product(range(60), [Blow.CRASH, Blow.CRASH, *Blow]))
BLIND = list(product(MOMENTS, [0.5, 5.0, 30.0]))
KILLS = st.tuples(st.integers(8, 40), st.sampled_from([Blow.CRASH, Blow.INTERRUPT]))
PAUSES = [0.0, 1.0, 5.0, 20.0]


@st.composite
def schedules(draw: st.DrawFn, late: bool = False) -> Schedule:
    """Everything that may happen; ``late``: services also work for longer than declared."""
    pace = draw(PACES)
    options = draw(options_of(pace))
    number = draw(st.integers(1, 6)) + (options.dates_per_call != 1)
    services, days = draw(SERVICES), draw(CALENDAR)[:number]
    fault = fault_of(options.timeout_seconds, options.settle_seconds, late)
    calls = st.sampled_from([f"{name}/{day}" for name in services for day in days])
    queued: dict[str, list[Fault]] = {}
    for call, met in draw(st.lists(st.tuples(calls, fault), max_size=6)):
        queued.setdefault(call, []).append(met)
    downed = draw(st.sampled_from([None, None, *services]))
    datasets = ["raw", *(name for service in services for name in BUILDS[service])]
    vanished = st.sampled_from(list(product(MOMENTS, datasets, days, (None, 40.0))))
    blows = draw(st.lists(st.sampled_from(BLOWS), max_size=4))
    return Schedule(
        options=options,
        dates=dict.fromkeys(services, days),
        faults=queued,
        always={downed: draw(fault)} if downed else {},
        sound_at_first=draw(st.integers(0, 4)) if downed else 0,
        blind=draw(st.lists(st.sampled_from(BLIND), max_size=2)),
        vanishing=draw(st.lists(vanished, max_size=2)),
        blows=blows,
        pauses=[draw(st.sampled_from(PAUSES)) for _ in blows],
        plans=draw(st.sampled_from([(), (), (0, 1), (0, 1, 0)])) if blows else (),
        look_seconds=pace[2],
        promised=not late,
    )


@st.composite
def going_down(draw: st.DrawFn) -> Schedule:
    """One service that goes wrong for good after some calls, and nothing else."""
    pace = draw(PACES)
    options = draw(options_of(pace))
    service = draw(st.sampled_from(["four", "three"]))
    return Schedule(
        options=replace(options, breaker_after=draw(st.integers(1, 3)), max_dates=None),
        dates={service: draw(CALENDAR)[: draw(st.integers(6, 12))]},
        always={service: draw(fault_of(options.timeout_seconds, options.settle_seconds, False))},
        sound_at_first=draw(st.integers(1, 4)),
        look_seconds=pace[2],
    )


@st.composite
def killed_in_flight(draw: st.DrawFn) -> Schedule:
    """Runs that are killed while the service works on a date, and taken up again at once."""
    options = replace(draw(options_of(draw(PACES))), settle_seconds=6.0, max_dates=None)
    days, works_on = DAYS[: draw(st.integers(1, 5))], working_on(options.timeout_seconds)
    return Schedule(
        options=options,
        dates={"four": days},
        faults={f"four/{day}": draw(st.lists(works_on, min_size=1, max_size=2)) for day in days},
        blows=draw(st.lists(KILLS, min_size=1, max_size=4)),
        pauses=draw(st.lists(st.sampled_from([0.0, 1.0, 3.0]), max_size=4)),
        plans=draw(st.sampled_from([(), (0, 1), (0, 0, 1, 0)])),
    )
