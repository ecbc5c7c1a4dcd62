"""Ends the programs that a process leaves behind; run by it as a program that outlives it.

Standard input says ``+N`` when the process group N begins and ``-N`` when it has ended. The input
ends when the process at its other end does, however that came: what is left then is ended. It is
run by its path and without the packages of the project, so that it starts at once.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

GRACE_SECONDS = 2.0
"""A group that was asked to end has so long to do so."""

TICK_SECONDS = 0.05


def end_groups(groups: Iterable[int], tick: Callable[[], object] = lambda: None) -> None:
    """SIGTERM to all processes of some groups, and after two seconds SIGKILL to those left.

    ``tick`` is done again and again in the meantime. An ended process stays in its group until its
    parent has asked for its exit code.
    """
    left = [group for group in groups if _signal(group, signal.SIGTERM)]
    until = time.monotonic() + GRACE_SECONDS
    while left and time.monotonic() < until:
        tick()
        time.sleep(TICK_SECONDS / 5)
        left = [group for group in left if _signal(group, 0)]
    for group in left:
        _signal(group, signal.SIGKILL)


def _signal(group: int, number: int) -> bool:
    """False where nobody is in the group whom a signal reaches; signal 0 only asks that."""
    try:
        os.killpg(group, number)
    except OSError:
        return False
    return True


def keep(lines: Iterable[str]) -> None:
    """Read to the end, then end the groups that are left."""
    groups: set[int] = set()
    for line in lines:
        change = groups.add if line.startswith("+") else groups.discard
        change(int(line[1:]))
    end_groups(groups)


if __name__ == "__main__":
    keep(sys.stdin)
