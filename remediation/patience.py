"""Wait for a warehouse file that another process is writing to."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from checkpoints.errors import WarehouseBusy
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
