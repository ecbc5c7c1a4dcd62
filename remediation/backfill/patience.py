"""Wait for a warehouse: for as long as another process writes to it, or not for long at all."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from checkpoints.errors import WarehouseBusy, WarehouseError
from checkpoints.process import in_background
from remediation.clock import Clock

PATIENCE = 20.0
FIRST_PAUSE = 0.02
LONGEST_PAUSE = 0.5

Result = TypeVar("Result")


def patiently(read: Callable[[], Result], clock: Clock) -> Result:
    """Read until the warehouse is free, for at most 20 seconds.

    Raises:
        WarehouseBusy: it was never free.
    """
    deadline = clock.monotonic() + PATIENCE
    pause = FIRST_PAUSE
    while True:
        try:
            return read()
        except WarehouseBusy:
            if clock.monotonic() > deadline:
                raise
        clock.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE)


def within(seconds: float, read: Callable[[], Result]) -> Result:
    """Read on another thread, and go on without the answer when it takes too long.

    Raises:
        WarehouseError: there was no answer in time, or the warehouse cannot be read.
    """
    try:
        return in_background(read).result(timeout=seconds)
    except TimeoutError as error:
        raise WarehouseError(f"the warehouse did not answer within {seconds:g} s") from error
