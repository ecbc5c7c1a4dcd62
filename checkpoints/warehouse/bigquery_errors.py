"""What BigQuery and the way to it answer with, in one sentence that says what to do."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import GoogleAuthError, TransportError
from requests.exceptions import RequestException

from checkpoints.errors import DatasetUnreadable, WarehouseError

ADVICE = {
    "accessDenied": (
        "grant roles/bigquery.dataViewer on the dataset and roles/bigquery.jobUser on the project"
    ),
    "bytesBilledLimitExceeded": "nothing was billed; narrow the window or raise --max-bytes",
    "quotaExceeded": "the project's quota is used up: wait, or ask for more",
    "rateLimitExceeded": "too many requests at once, also after retries: try again later",
    "billingNotEnabled": "enable billing for the project that runs the jobs",
}
"""What to do, by the reason that BigQuery gives for an error."""

OF_A_DATASET = ("accessDenied", "invalid", "invalidQuery", "notFound")
"""Reasons that are about what a statement reads, or about its SQL."""

OF_ALL = ("Access Denied: Project", "Not found: Project", "Not found: Job")
"""How errors of these reasons begin when they are about everything."""

UNREACHABLE = (RequestException, TransportError, ConnectionError)
"""Errors of the way there: BigQuery said nothing."""


@contextmanager
def explained(project: str) -> Iterator[None]:
    """Turn the client's errors into one sentence that says what to do.

    Raises:
        DatasetUnreadable: BigQuery answered with an error that is about what was to be read.
        WarehouseError: any other error.
    """
    try:
        yield
    except GoogleAPICallError as error:
        of_a_dataset = reason_of(error) in OF_A_DATASET and not words_of(error).startswith(OF_ALL)
        kind = DatasetUnreadable if of_a_dataset else WarehouseError
        raise kind(_sentence(project, error)) from error
    except RetryError as error:
        if isinstance(error.cause, UNREACHABLE):
            raise WarehouseError(unreachable(error.cause)) from error
        raise WarehouseError(f"BigQuery still fails after retries: {error.cause}") from error
    except UNREACHABLE as error:
        raise WarehouseError(unreachable(error)) from error
    except GoogleAuthError as error:
        raise WarehouseError(
            f"the Google credentials were refused ({words_of(error)}): "
            "run gcloud auth application-default login again, or check the service account"
        ) from error


def unreachable(error: BaseException | None) -> str:
    """That BigQuery cannot be reached, and what the last attempt came to."""
    came_to = f" ({short(error)})" if error else ""
    return f"BigQuery cannot be reached{came_to}: check the network, then try again"


def short(error: BaseException) -> str:
    """An error without the request that it was about; of the network, the system's own words."""
    if not isinstance(error, UNREACHABLE):
        return words_of(error)
    found = re.search(r"\[Errno -?\d+\] ([^'\")]+)", str(error))
    return f"{type(error).__name__}: {found[1]}" if found else type(error).__name__


def reason_of(error: BaseException) -> str:
    """BigQuery's one word for an error; empty when it says none."""
    return str(_detail(error).get("reason", ""))


def words_of(error: BaseException) -> str:
    """The service's own words, without the request that the client puts before them."""
    text = _detail(error).get("message") or getattr(error, "message", None) or str(error)
    return next(iter(str(text).strip().splitlines()), type(error).__name__).rstrip(".")


def _sentence(project: str, error: GoogleAPICallError) -> str:
    said = words_of(error)
    advice = ADVICE.get(reason_of(error), "")
    if isinstance(error, NotFound) and re.search("^Not found: Dataset .* location", said):
        advice = "its data is elsewhere: set location on the datasets of the contract"
    if "without a filter" in said:
        advice = (
            "filter it by {from} and {to} in this query, or declare its date_type "
            "(and location), so that it is not probed"
        )
    return f"project {project!r}: {said}" + (f": {advice}" if advice else "")


def _detail(error: BaseException) -> dict[str, object]:
    """What BigQuery says of an error; empty when it says nothing."""
    first: object = next(iter(getattr(error, "errors", None) or []), {})
    return first if isinstance(first, dict) else {}
