"""What can go wrong: something that is measured did not do its work."""

from __future__ import annotations


class BenchmarkError(Exception):
    """The root; nothing else is raised on purpose."""


class DidNotRun(BenchmarkError):
    """A process ended otherwise than it should; the message ends with what it said last."""

    def __init__(self, what: str, code: int, out: str) -> None:
        super().__init__(f"{what} ended with {code}:\n{out.strip()[-2000:]}")
