"""A BigQuery client for a ``bigquery://project`` URL, with credentials from the machine."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import google.auth
import sqlalchemy as sa
from google.auth.environment_vars import CREDENTIALS
from google.auth.exceptions import DefaultCredentialsError
from google.auth.impersonated_credentials import Credentials
from google.cloud import bigquery
from sqlalchemy_bigquery.parse_url import parse_url

from checkpoints.errors import ContractError, WarehouseError
from checkpoints.text import did_you_mean
from checkpoints.warehouse.bigquery_errors import explained
from checkpoints.warehouse.engine import ReadOptions

SCOPE = "https://www.googleapis.com/auth/bigquery"
CLOUD = "https://www.googleapis.com/auth/cloud-platform"

SECRETS = ("credentials_base64", "credentials_path")
PARAMETERS = ("labels", "location", "maximum_bytes_billed", "priority", "use_query_cache")
"""What may follow the ``?`` of a URL; all else that the library takes has no use here."""


class Opened(NamedTuple):
    """A client, and what the URL says of every query."""

    client: bigquery.Client
    defaults: bigquery.QueryJobConfig


def client_for(url: sa.URL, options: ReadOptions) -> Opened:
    """A client for the project and the options of a URL.

    Raises:
        ContractError: the URL has an option that is not known.
        WarehouseError: there are no credentials, or they cannot be used.
    """
    _refuse_unknown(url)
    try:
        project, location, dataset, *_, defaults, _, _ = parse_url(url)
    except ValueError as error:
        raise ContractError(f"warehouse {url}: {error}") from error
    defaults = defaults or bigquery.QueryJobConfig()
    with explained(project or "the default project"):
        credentials, found = _credentials(options)
        if not (project or found):
            raise ContractError(f"warehouse {url}: name the project, as in bigquery://project")
        client = bigquery.Client(
            project=project or found,
            location=location,
            credentials=credentials,
            default_query_job_config=defaults,
        )
    if dataset:
        defaults.default_dataset = bigquery.DatasetReference(client.project, dataset)
    return Opened(client, defaults)


def _refuse_unknown(url: sa.URL) -> None:
    shown = url.set(query={})
    if any(name in url.query for name in SECRETS):
        raise ContractError(
            f"warehouse {shown}: credentials do not belong in a URL: use "
            "application-default credentials or --impersonate-service-account"
        )
    problems = [
        f"warehouse {shown}: unknown parameter {name!r}: "
        + (did_you_mean(name, PARAMETERS) or f"known are {', '.join(PARAMETERS)}")
        for name in url.query
        if name not in PARAMETERS
    ]
    problems += [
        f"warehouse {shown}: parameter {name!r} is given {len(value)} times: give it once"
        for name, value in url.query.items()
        if not isinstance(value, str)
    ]
    if problems:
        raise ContractError(*problems)


def _credentials(options: ReadOptions) -> tuple[Any, str | None]:
    """Application-default credentials, or what they impersonate, and the project they belong to.

    Raises:
        WarehouseError: there are none, or their file is unusable.
    """
    file = os.environ.get(CREDENTIALS)
    try:
        found, project = google.auth.default(scopes=[CLOUD if options.impersonate else SCOPE])
    # Of a file that holds other JSON, the library raises whatever it stumbles over.
    except (DefaultCredentialsError, OSError, ValueError, TypeError, AttributeError) as error:
        if file:
            raise WarehouseError(
                f"{CREDENTIALS} names {file!r}, which cannot be used ({_words(error)}): "
                "correct the file or the variable, or unset it"
            ) from error
        raise WarehouseError(
            f"there are no Google credentials here ({_words(error)}): run "
            f"gcloud auth application-default login, or set {CREDENTIALS}"
        ) from error
    if options.impersonate is None:
        return found, project
    account = Credentials(  # type: ignore[no-untyped-call]
        found, target_principal=options.impersonate, target_scopes=[SCOPE]
    )
    return account, project


def _words(error: Exception) -> str:
    """The first line of the library's own words, some of which come with the error behind them."""
    text = str(error.args[0]) if isinstance(error, DefaultCredentialsError) else str(error)
    return next(iter(text.strip().splitlines()), type(error).__name__).rstrip(".")
