"""Questions that may not be answered: asked side by side, none of which holds up the others."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import TypeVar

from checkpoints.doctor.finding import Finding, problem, told
from checkpoints.errors import CheckpointsError
from checkpoints.process import in_background, interruptible
from checkpoints.text import one_line

T = TypeVar("T")

LONGEST = 300
"""Characters of an error that nobody expected."""


class Question:
    """What is found in an area, by a thread of its own that begins at once.

    What was found before the time is up, or before something broke, is kept. ``whose`` it is
    begins a line that says that there is no answer, ``advice`` ends it.
    """

    def __init__(
        self,
        area: str,
        look: Callable[[], Iterable[Finding]],
        seconds: float,
        advice: str,
        whose: str = "",
    ) -> None:
        self._area, self._look, self._advice, self._whose = area, look, advice, whose
        self._seconds, self._until = seconds, time.monotonic() + seconds
        self._found: list[Finding] = []
        self._end = in_background(self._ask)

    def _ask(self) -> None:
        for finding in self._look():
            self._found.append(finding)

    def findings(self) -> list[Finding]:
        """Everything that was found, and why there is no more; waits until the time is up."""
        try:
            with interruptible():
                error = self._end.exception(max(0.0, self._until - time.monotonic()))
        except TimeoutError:
            late = f"{self._whose}there was no answer within {self._seconds:g} s"
            return [*self._found, problem(self._area, late, self._advice)]
        if isinstance(error, CheckpointsError):
            told_ = (told(self._area, self._whose + message) for message in error.problems)
            return [*self._found, *told_]
        if error is not None:
            what = f"{self._whose}unexpected {type(error).__name__}: {error}"
            said = one_line(what, LONGEST)
            return [*self._found, problem(self._area, said, self._advice)]
        return list(self._found)
