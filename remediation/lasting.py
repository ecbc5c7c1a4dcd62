"""Output for people that may go away while a run goes on."""

from __future__ import annotations

import os
from contextlib import suppress
from typing import IO, Any, cast

from rich.console import Console


class LastingStream:
    """A text stream that falls silent when its reader is gone (``| head``)."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write, or drop the text when nobody reads."""
        try:
            return self._stream.write(text)
        except BrokenPipeError:
            self._fall_silent()
        return len(text)

    def flush(self) -> None:
        """Flush, or drop what is left when nobody reads."""
        try:
            self._stream.flush()
        except BrokenPipeError:
            self._fall_silent()

    def _fall_silent(self) -> None:
        """Lead the stream nowhere, so that what it still holds does not fail again at the end."""
        nowhere = os.open(os.devnull, os.O_WRONLY)
        with suppress(OSError):  # a stream without a file of its own
            os.dup2(nowhere, self._stream.fileno())
        os.close(nowhere)


def lasting(console: Console) -> Console:
    """The same console; a closed pipe no longer ends the program."""
    console.file = cast("IO[str]", LastingStream(console.file))
    return console
