"""The processor services: what a call for some dates computes, and what it answers."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from http import HTTPStatus
from typing import Any

from duckdb import DuckDBPyConnection

from checkpoints.dates import DateRange, ranges_of
from demo.faults import HONEST, Fault
from demo.incident import lose_half
from demo.layers import PHASES, Step, compute, delete, has_rows, in_warmup, season_first
from demo.tables import SCHEDULE
from demo.warehouse import Writer

FIELDS: Mapping[str, tuple[str, ...]] = {
    "process": ("game_date",),
    "process-date": ("analysis_date",),
    "process-date-range": ("start_date", "end_date"),
    "process-dates": ("dates",),
}
"""The body's names for its date, for the ends of a range of dates, or for a list, by route."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An HTTP status and the JSON object that goes with it."""

    status: HTTPStatus
    body: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A well-formed call: the steps of one phase to do for some dates.

    A fault does nothing to the dates that are ``spared``.
    """

    phase: int
    days: tuple[date, ...]
    steps: tuple[Step, ...]
    spared: frozenset[date] = frozenset()

    @property
    def said(self) -> str:
        """Its dates, for people: ``2024-12-03``, ``2024-12-03 to 2024-12-05``."""
        ranges = ranges_of(self.days)
        return ", ".join(str(r.first) + f" to {r.last}" * (r.days > 1) for r in ranges)


class Malformed(ValueError):
    """The request cannot be understood; its text says why."""


def parse_call(path: str, body: bytes) -> Call | None:
    """Read ``/phase4/process`` and its JSON body; None when there is no such route.

    Raises:
        Malformed: the body is not what the route takes.
    """
    prefix, _, route = path.strip("/").partition("/")
    phase = next((number for number in PHASES if prefix == f"phase{number}"), None)
    if phase is None or route not in FIELDS:
        return None
    fields = _json_object(body)
    return Call(
        phase=phase,
        days=_days(fields, *FIELDS[route]),
        steps=_chosen(PHASES[phase], fields.get("processors", [])),
    )


def _json_object(body: bytes) -> dict[str, Any]:
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("the body is not JSON") from error
    if not isinstance(fields, dict):
        raise Malformed("the body is not a JSON object")
    return fields


def _days(fields: dict[str, Any], name: str, end: str = "") -> tuple[date, ...]:
    """The date, the range of dates or the list of them that a body names."""
    if end:
        first, last = _date(name, fields.get(name)), _date(end, fields.get(end))
        if first > last:
            raise Malformed(f"{end} is before {name}")
        return tuple(DateRange(first, last).dates())
    if name != "dates":
        return (_date(name, fields.get(name)),)
    values = fields.get(name)
    if not isinstance(values, list) or not values:
        raise Malformed(f"dates is required and is a list of dates, got {values!r:.40}")
    return tuple(sorted({_date(f"each of {name}", value) for value in values}))


def _date(name: str, value: Any) -> date:
    if isinstance(value, str):
        with suppress(ValueError):
            return datetime.strptime(value, "%Y-%m-%d").date()
    raise Malformed(f"{name} is required and is a date like 2024-10-22, got {value!r:.40}")


def _chosen(steps: tuple[Step, ...], names: Any) -> tuple[Step, ...]:
    """The named steps, in the phase's order; all of them when no name is given."""
    known = [step.dataset for step in steps]
    if not isinstance(names, list) or any(name not in known for name in names):
        raise Malformed(f"processors is a list of some of {', '.join(known)}, got {names!r:.80}")
    return tuple(step for step in steps if not names or step.dataset in names)


def answer(
    call: Call, writer: Writer, now: Callable[[], datetime], fault: Fault = HONEST
) -> Answer:
    """Compute what the call asks for and say how each processor fared.

    A processor that has something to start from replaces the rows of the date. Its rows are of the
    time at which it begins, by ``now``: UTC without a zone.

    400 when no processor finds anything to start from. 200 otherwise, also when all of them
    skip the date as part of the warm-up. What ``fault`` does to the rows is not told, but for a
    processor that is left out.
    """
    with writer.transaction() as connection:
        results = [
            result
            for day in call.days
            for result in _of_day(
                connection, call.steps, day, now, HONEST if day in call.spared else fault
            )
        ]
    if all(result["status"] == "no_data" for result in results):
        sources = ", ".join(dict.fromkeys(step.upstream for step in call.steps))
        return refusal(HTTPStatus.BAD_REQUEST, f"no data for {call.said} in {sources}")
    return _done(call, results)


def _of_day(
    connection: DuckDBPyConnection,
    steps: Sequence[Step],
    day: date,
    now: Callable[[], datetime],
    fault: Fault,
) -> list[dict[str, Any]]:
    """How each processor fared, or says that it did."""
    if fault.write == "nothing":
        return [_success(step) for step in steps]
    left_out = steps[:1] if fault.write == "all but one" else ()
    results = [
        _failure(step) if step in left_out else _run(connection, step, day, now()) for step in steps
    ]
    _spoil(connection, steps, day, fault)
    return results


def claim(call: Call) -> Answer:
    """The answer of a service that says it did everything, whether it did or not."""
    return _done(call, [_success(step) for _ in call.days for step in call.steps])


def _done(call: Call, results: Sequence[dict[str, Any]]) -> Answer:
    body = {"date": call.said, "status": _overall(results), "results": results}
    return Answer(status=HTTPStatus.OK, body=body)


def refusal(status: HTTPStatus, message: str) -> Answer:
    """An answer that only says why not."""
    return Answer(status=status, body={"status": "error", "error": message})


def _overall(results: Sequence[dict[str, Any]]) -> str:
    if any(r["status"] == "failed" for r in results):
        return "partial_failure"
    return "skipped" if all(r["status"] == "skipped" for r in results) else "success"


def _success(step: Step) -> dict[str, Any]:
    return {"processor": step.dataset, "status": "success"}


def _failure(step: Step) -> dict[str, Any]:
    return {"processor": step.dataset, "status": "failed", "rows": 0, "error": "out of memory"}


def _spoil(connection: DuckDBPyConnection, steps: Sequence[Step], day: date, fault: Fault) -> None:
    for step in steps:
        if fault.write == "half":
            lose_half(connection, step, day)
        if fault.damage_day_before:
            delete(connection, step, day - timedelta(days=1))


def _run(connection: DuckDBPyConnection, step: Step, day: date, now: datetime) -> dict[str, Any]:
    status, rows = "success", 0
    first = season_first(connection, day)
    if first and in_warmup(step, first, day) and has_rows(connection, SCHEDULE, day):
        status = "skipped"
    elif not has_rows(connection, step.upstream, day):
        status = "no_data"
    else:
        delete(connection, step, day)
        rows = compute(connection, step, day, day, now)
    return {"processor": step.dataset, "status": status, "rows": rows}
