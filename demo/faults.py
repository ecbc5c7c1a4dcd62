"""What a rehearsal makes the services do wrong: faults per phase and date. Pure.

A fault is what is written × how it is answered. Its defaults together are an honest call:
everything is written, and the answer says what was done.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator

from checkpoints.contract.model import Period
from checkpoints.records import Record

Write = Literal["all", "half", "all but one", "nothing"]
Seconds = Annotated[float, Field(ge=0, le=3600)]


class Fault(Record):
    """How a call is dealt with; all times are seconds since it came in.

    ``write``: ``half`` leaves the first half of the date's keys, ``all but one`` leaves out the
    first processor, and the answer says so. ``status`` None is what the processors say, or 200
    when they have not run by then. ``headers`` come on top; ``retry_after`` is sent as seconds
    or as an HTTP date. ``message`` is the error that a status from 400 on explains itself with.
    ``body_bytes`` pads the body, ``drip_seconds`` is how long sending it takes. ``reset`` breaks
    the connection off; for ``refuse_for`` seconds from the answer on nobody can connect.
    """

    fault: str = ""
    write: Write = "all"
    write_after: Seconds = 0
    damage_day_before: bool = False
    answer_after: Seconds = 0
    status: Annotated[int, Field(ge=200, le=599)] | None = None
    headers: dict[str, str] = Field(default_factory=dict)
    retry_after: Annotated[int, Field(ge=0)] | None = None
    retry_after_as: Literal["seconds", "date"] = "seconds"
    message: str = ""
    body: Literal["json", "broken json", "html"] = "json"
    body_bytes: Annotated[int, Field(ge=0, le=1_000_000_000)] = 0
    drip_seconds: Seconds = 0
    reset: Literal["never", "before the answer", "in the answer"] = "never"
    refuse_for: Seconds = 0

    @field_validator("headers")
    @classmethod
    def _are_lines(cls, value: dict[str, str]) -> dict[str, str]:
        if not all(
            text.isascii() and text.isprintable() for pair in value.items() for text in pair
        ):
            raise ValueError("header names and values are printable ASCII")
        return value

    @property
    def spares_other_dates(self) -> bool:
        """True when a request for several dates is answered as if all went well: the dates that
        the fault is not for are written as they should be."""
        return self.status is None and self.reset == "never" and self.writes_at_once

    @property
    def writes_at_once(self) -> bool:
        """True when nothing is written after the answer."""
        return self.write_after <= self.answer_after

    @property
    def writes_first(self) -> bool:
        """True when the answer is given after the rows are written."""
        return self.write != "nothing" and self.writes_at_once


HONEST = Fault()
"""No fault at all."""


class Planned(Fault):
    """A fault, for the calls of one phase on some dates: the first ``times``, or every one."""

    phase: Literal[3, 4, 5]
    dates: Annotated[tuple[Period, ...], Field(min_length=1)]
    times: Annotated[int, Field(ge=1)] | None = None

    @field_validator("dates", mode="before")
    @classmethod
    def _as_periods(cls, value: Any) -> Any:
        """A date, a range, or a list of either."""
        given = value if isinstance(value, list) else [value]
        return [v if isinstance(v, Mapping) else {"from": _date(v), "to": _date(v)} for v in given]

    def is_for(self, phase: int, day: date) -> bool:
        """True when the fault is meant for such a call."""
        return phase == self.phase and any(day in period.range for period in self.dates)

    @property
    def sentence(self) -> str:
        """Which calls it is for, and which fault it is."""
        dates = ", ".join(
            str(p.first) if p.first == p.last else f"{p.first} to {p.last}" for p in self.dates
        )
        often = {None: "every call", 1: "the first call"}
        calls = often.get(self.times, f"the first {self.times} calls")
        return f"phase {self.phase}, {dates}, {calls}: {self.fault}"


def _date(value: Any) -> date:
    if isinstance(value, date):
        return value
    with suppress(ValueError):
        return date.fromisoformat(str(value))
    raise ValueError(f"{value!r} is no date like 2024-11-08")


class Scenario(Record):
    """The whole of a scenario file. Of several faults for a date, each follows the one before."""

    version: Literal[1]
    faults: Annotated[tuple[Planned, ...], Field(min_length=1)]


class Rehearsal:
    """Counts the calls, and says which fault each of them meets."""

    def __init__(self, faults: tuple[Planned, ...] = ()) -> None:
        self._faults = faults
        self._calls: Counter[tuple[int, date]] = Counter()
        self._met: Counter[tuple[int, date]] = Counter()

    def next(self, phase: int, days: Sequence[date]) -> tuple[int, Fault, frozenset[date]]:
        """The number of this call for its dates, from 1 on, what it meets, and the dates that are
        spared.

        It meets the fault of the first of its dates that has one.
        """
        self._calls.update((phase, day) for day in days)
        faults = {day: self._fault(phase, day) for day in days}
        fault = next((one for one in faults.values() if one is not HONEST), HONEST)
        sound = frozenset(day for day, one in faults.items() if one is HONEST)
        spared = sound if fault.spares_other_dates else frozenset[date]()
        return max(self._calls[phase, day] for day in days), fault, spared

    def _fault(self, phase: int, day: date) -> Fault:
        for number, fault in enumerate(self._faults):
            if not fault.is_for(phase, day):
                continue
            if fault.times is None or self._met[number, day] < fault.times:
                self._met[number, day] += 1
                return fault
        return HONEST
