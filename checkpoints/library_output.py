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
    """Keep progress bars, warnings and log records of the library off the command's output."""
    logger = logging.getLogger("great_expectations")
    propagate, nowhere = logger.propagate, logging.NullHandler()
    logger.propagate = False
    logger.addHandler(nowhere)
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            yield
    finally:
        logger.removeHandler(nowhere)
        logger.propagate = propagate
