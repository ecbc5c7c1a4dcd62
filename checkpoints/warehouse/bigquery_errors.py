"""What BigQuery's errors mean, and what to do about them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import requests
from google.api_core.exceptions import GoogleAPICallError, NotFound, RetryError
from google.auth.exceptions import DefaultCredentialsError, GoogleAuthError
from google.cloud import bigquery

from checkpoints.errors import WarehouseError
from checkpoints.warehouse.engine import nearest

LISTED = 500
ADVICE = {
    "accessDenied": (
        "grant roles/bigquery.dataViewer on the dataset and roles/bigquery.jobUser on the project"
    ),
    "bytesBilledLimitExceeded": "nothing was billed; narrow the window or raise --max-bytes",
    "quotaExceeded": "the project's quota is used up: wait, or ask for more",
    "rateLimitExceeded": "too many requests at once, also after retries: try again later",
    "billingNotEnabled": "enable billing for the project that runs the jobs",
}


def reason_of(error: GoogleAPICallError) -> str:
    """BigQuery's own word for an error; empty when it gives none."""
    first: object = next(iter(error.errors or []), {})
    return str(first.get("reason", "")) if isinstance(first, dict) else ""


@contextmanager
def explained(
    project: str, kind: type[LookupError] | type[WarehouseError] = WarehouseError
) -> Iterator[None]:
    """Turn the client's errors into one sentence that says what to do.

    Errors of one table become ``kind``; those of credentials and network concern everything.
    """
    try:
        yield
    except GoogleAPICallError as error:
        raise kind(_sentence(project, error)) from error
    except DefaultCredentialsError as error:
        raise WarehouseError(
            "there are no Google credentials here: run gcloud auth application-default login, "
            "or set GOOGLE_APPLICATION_CREDENTIALS"
        ) from error
    except GoogleAuthError as error:
        raise WarehouseError(
            f"the Google credentials were refused ({_first_line(error)}): "
            "run gcloud auth application-default login again, or check the service account"
        ) from error
    except RetryError as error:
        raise WarehouseError(f"BigQuery still fails after retries: {error.cause}") from error
    except requests.exceptions.RequestException as error:
        raise WarehouseError(
            f"BigQuery cannot be reached ({type(error).__name__}): check the network"
        ) from error


def _sentence(project: str, error: GoogleAPICallError) -> str:
    reason, said = reason_of(error), _first_line(error)
    advice = ADVICE.get(reason, "")
    if isinstance(error, NotFound) and "location" in said.lower():
        advice = "its data is elsewhere: set location on the datasets of the contract"
    if "without a filter" in said:
        advice = "declare date_type (and location) of this query, so that it is not probed"
    return f"project {project!r}: {said}" + (f": {advice}" if advice else "")


def _first_line(error: Exception) -> str:
    """The service's own words, without the request that the client puts before them."""
    details: object = next(iter(getattr(error, "errors", None) or []), {})
    said = details.get("message") if isinstance(details, dict) else None
    text = said or getattr(error, "message", None) or str(error)
    return next(iter(str(text).strip().splitlines()), type(error).__name__).rstrip(".")


def no_table(client: bigquery.Client, reference: bigquery.TableReference, error: NotFound) -> str:
    """What the dataset has in place of a table that is not there."""
    where = f"dataset {reference.project}.{reference.dataset_id}"
    try:
        tables = client.list_tables(
            bigquery.DatasetReference(reference.project, reference.dataset_id), max_results=LISTED
        )
        known = [table.table_id for table in tables]
    except GoogleAPICallError:
        return f"{where} is not there, or may not be seen ({_first_line(error)})"
    return f"table {reference.table_id!r} is not in {where}: {nearest(reference.table_id, known)}"
