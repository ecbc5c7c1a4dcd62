"""Waiting for BigQuery: Ctrl-C and the timeout end it, and a silence is told."""

from __future__ import annotations

import logging
from collections.abc import Callable
from concurrent import futures
from time import monotonic
from typing import TypeVar

from google.api_core.exceptions import GoogleAPICallError
from google.api_core.retry import Retry
from google.auth.exceptions import GoogleAuthError
from google.cloud.bigquery import QueryJob
from google.cloud.bigquery.retry import DEFAULT_JOB_RETRY, DEFAULT_RETRY

from checkpoints.errors import WarehouseError
from checkpoints.process import in_background, interruptible
from checkpoints.warehouse.bigquery_errors import UNREACHABLE, short, unreachable

T = TypeVar("T")

LOGGER = logging.getLogger(__name__)

SECONDS_OF_SILENCE = 6.0
"""After which it is told that BigQuery does not answer."""

SECONDS_BETWEEN_LOOKS = 1.0
SECONDS_TO_CANCEL = 5.0
FAILURES_TOLD = 3


class Patience:
    """How long BigQuery is waited for.

    ``retry`` and ``job_retry`` repeat what Google documents as safe to repeat, but no longer than
    a job may take. The errors that were met on the way are kept, for those who wait.
    """

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds
        # The client's own choice of what is safe to repeat has no public name.
        repeated = DEFAULT_RETRY._predicate
        self.retry: Retry = DEFAULT_RETRY.with_timeout(seconds).with_predicate(
            lambda error: self._met(error) and bool(repeated(error))
        )
        self.job_retry: Retry = DEFAULT_JOB_RETRY.with_timeout(seconds)
        self._failures: list[Exception] = []

    def wait(self, work: Callable[[], T], begun: list[QueryJob]) -> T:
        """Wait for work on another thread: the client notices neither Ctrl-C nor our timeout.

        The jobs that it has ``begun`` by then are cancelled.

        Raises:
            WarehouseError: the time is up.
        """
        self._failures = []
        started, told, answer = monotonic(), False, in_background(work)
        try:
            while (waited := monotonic() - started) < self.seconds:
                with interruptible():
                    futures.wait([answer], min(SECONDS_BETWEEN_LOOKS, self.seconds - waited))
                if answer.done():
                    return answer.result()
                told = told or self._tell(monotonic() - started, begun)
        except KeyboardInterrupt:
            _cancel(begun)
            raise
        raise WarehouseError(self._given_up(begun))

    def _met(self, error: Exception) -> bool:
        self._failures.append(error)
        return True

    def _tell(self, waited: float, begun: list[QueryJob]) -> bool:
        """Say that there is no answer, when it is time; a query that was begun may take its own."""
        silent = not begun or len(self._failures) >= FAILURES_TOLD
        if not silent or waited < SECONDS_OF_SILENCE:
            return False
        last = next(reversed(self._failures), None)
        what = "cannot be reached" if isinstance(last, UNREACHABLE) else "does not answer"
        LOGGER.warning(
            "warning: BigQuery %s%s: no answer for %.0f s; it is retried for up to %.0f s more "
            "(bigquery.timeout_seconds)",
            what,
            f" ({short(last)})" if last else "",
            waited,
            self.seconds - waited,
        )
        return True

    def _given_up(self, begun: list[QueryJob]) -> str:
        failed = _cancel(begun) or next(reversed(self._failures), None)
        job = f"job {begun[0].job_id}" if begun else ""
        if begun and not isinstance(failed, UNREACHABLE):
            return (
                f"BigQuery did not answer within {self.seconds:g} s, and {job} was cancelled: "
                "try again, narrow the window, or raise bigquery.timeout_seconds"
            )
        if failed is not None and not isinstance(failed, UNREACHABLE):
            return f"BigQuery still fails after {self.seconds:g} s: {short(failed)}"
        left = f"; {job} may still be running there" if begun else ""
        return f"{unreachable(failed)}; it was tried for {self.seconds:g} s{left}"


def _cancel(jobs: list[QueryJob]) -> Exception | None:
    """Cancel what still runs; the error when that fails."""
    try:
        for job in jobs:
            job.cancel(retry=None, timeout=SECONDS_TO_CANCEL)
    except (GoogleAPICallError, GoogleAuthError, *UNREACHABLE) as error:
        return error
    return None
