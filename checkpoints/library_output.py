"""Around every call of Great Expectations: nothing printed, nothing swallowed, no traceback."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

from checkpoints.errors import CheckpointsError, LibraryError


@contextmanager
def sentences() -> Iterator[None]:
    """Whatever the library raises ends in one sentence."""
    try:
        yield
    except CheckpointsError:
        raise
    except Exception as error:
        reason = str(error).strip().splitlines() or ["no message"]
        raise LibraryError(
            f"Great Expectations failed ({type(error).__name__}): {reason[0]}"
        ) from error


@contextmanager
def quiet() -> Iterator[None]:
    """Keep progress bars, warnings and log records of the library off the command's output.

    Raises:
        LibraryError: the library logged that it left out a page, which it does not raise.
    """
    logger, lost = logging.getLogger("great_expectations"), _LostPages()
    propagate = logger.propagate
    logger.propagate = False
    logger.addHandler(lost)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.removeHandler(lost)
        logger.propagate = propagate
    if lost.reasons:
        raise LibraryError(*(f"Data Docs are incomplete: {reason}" for reason in lost.reasons))


class _LostPages(logging.Handler):
    """Collects what the library logs instead of raising when it cannot write a page."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.reasons: dict[str, None] = {}

    def emit(self, record: logging.LogRecord) -> None:
        """Keep the first line of the reason."""
        if record.name.startswith("great_expectations.render"):
            _, _, reason = record.getMessage().partition("Detailed information follows:")
            first = next(iter(reason.strip().splitlines()), record.getMessage())
            self.reasons[first.partition("  Traceback:")[0]] = None
