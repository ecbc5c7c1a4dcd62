"""The scripted project where a request asks for several dates: the bodies, and what lands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

from checkpoints.dates import DateRange
from tests.support.backfills import execute
from tests.support.scripted_service import BUILDS, Act, Project, ScriptedService, project, reply
from tests.support.warehouses import D

RANGE: dict[str, Any] = {
    "dates_per_call": "range",
    "body": {"start_date": "{from}", "end_date": "{to}"},
}
LIST: dict[str, Any] = {"dates_per_call": "list", "body": {"dates": "{dates}"}}
DATE: dict[str, Any] = {"dates_per_call": 1, "body": {"start_date": "{date}", "end_date": "{date}"}}


def january(first: int, last: int) -> tuple[str, ...]:
    return tuple(f"2025-01-{day:02}" for day in range(first, last + 1))


@contextmanager
def lacking(folder: Path, *days: str, **quick: Any) -> Iterator[Project]:
    """A project whose factors lack these days, and whose service writes all that it is asked for;
    in ranges where nothing else is said."""
    with project(folder, {"factors": days}, **{**RANGE, **quick}) as made:
        made.service.otherwise["/four"] = lands()
        yield made


def asked_for(body: Any) -> list[date]:
    """The dates that a request asks for."""
    if "dates" in body:
        return [D(day) for day in body["dates"]]
    return DateRange(D(body["start_date"]), D(body["end_date"])).dates()


def lands(*days: str, status: int = 200) -> Act:
    """Write those of the dates, or all that are asked for, and answer."""
    return then(lambda handler: reply(handler, status), *days)


def then(answered: Any, *days: str) -> Act:
    """Write those of the dates, or all that are asked for, and do that instead of an answer."""

    def act(handler: Any, service: ScriptedService, path: str, day: date) -> None:
        asked = dates_with(service, path, day)
        write_dates(service, path, [one for one in asked if not days or str(one) in days])
        answered(handler)

    return act


def write_dates(service: ScriptedService, path: str, days: Sequence[date]) -> None:
    """All of them at once: whoever reads the warehouse meanwhile holds it."""
    wanted = ", ".join(f"DATE '{day}'" for day in days)
    statements = [
        statement
        for table, upstream in BUILDS[path]
        for statement in (
            f"DELETE FROM s.{table} WHERE d IN ({wanted})",
            f"INSERT INTO s.{table} SELECT DISTINCT d, k FROM s.{upstream} WHERE d IN ({wanted})",
        )
    ]
    execute(service.database, *statements)


def dates_with(service: ScriptedService, path: str, first: date) -> list[date]:
    """What the latest request that begins with a date asks for."""
    return next(
        asked_for(call.body)
        for call in reversed(service.calls)
        if (call.path, call.date) == (path, first)
    )


def sent(made: Project) -> list[str]:
    """The dates of every request: ``7``, ``8-16``, or ``8,10`` where they are no range."""
    said = []
    for call in made.service.calls:
        days = [day.day for day in asked_for(call.body)]
        is_range = days == list(range(days[0], days[-1] + 1)) and len(days) > 1
        said.append(f"{days[0]}-{days[-1]}" if is_range else ",".join(map(str, days)))
    return said
