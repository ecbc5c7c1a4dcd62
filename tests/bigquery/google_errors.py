"""Error answers as BigQuery's REST API words them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

STATUS = {
    400: "INVALID_ARGUMENT",
    401: "UNAUTHENTICATED",
    403: "PERMISSION_DENIED",
    404: "NOT_FOUND",
    500: "INTERNAL",
    503: "UNAVAILABLE",
}
QUOTAS = "https://cloud.google.com/bigquery/docs/troubleshoot-quotas"


@dataclass(frozen=True, slots=True)
class GoogleError:
    """One error; the same thing is an HTTP answer, or the end of a query."""

    code: int
    reason: str
    message: str
    domain: str = "global"
    location: str | None = None

    @property
    def proto(self) -> dict[str, str]:
        """As ``status.errorResult`` of a finished query has it."""
        place = {"location": self.location} if self.location else {}
        return {"reason": self.reason, "message": self.message, **place}

    @property
    def body(self) -> dict[str, Any]:
        """The JSON of an HTTP answer."""
        return {
            "error": {
                "code": self.code,
                "message": self.message,
                "errors": [{**self.proto, "domain": self.domain}],
                "status": STATUS[self.code],
            }
        }


def unauthenticated() -> GoogleError:
    return GoogleError(
        401,
        "authError",
        "Request had invalid authentication credentials. Expected OAuth 2 access token, "
        "login cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def rate_limit_exceeded() -> GoogleError:
    message = (
        "Exceeded rate limits: too many api requests per user per method for this user_method. "
        f"For more information, see {QUOTAS}"
    )
    return GoogleError(403, "rateLimitExceeded", message, domain="usageLimits")


def quota_exceeded() -> GoogleError:
    message = (
        "Custom quota exceeded: Your usage exceeded the custom quota for QueryUsagePerUserPerDay, "
        f"which is set by your administrator. For more information, see {QUOTAS}"
    )
    return GoogleError(403, "quotaExceeded", message, domain="usageLimits")


def backend_error() -> GoogleError:
    message = "Error encountered during execution. Retrying may solve the problem."
    return GoogleError(503, "backendError", message)


def _denied(what: str, detail: str) -> GoogleError:
    return GoogleError(403, "accessDenied", f"Access Denied: {what}: {detail}")


def dataset_denied(project: str, dataset: str) -> GoogleError:
    name = f"{project}:{dataset}"
    needed = "Permission bigquery.datasets.get denied on dataset"
    return _denied(f"Dataset {name}", f"{needed} {name} (or it may not exist).")


def table_denied(project: str, dataset: str, table: str, *, querying: bool) -> GoogleError:
    name = f"{project}:{dataset}.{table}"
    detail = (
        f"User does not have permission to query table {name}, or perhaps it does not exist."
        if querying
        else f"Permission bigquery.tables.get denied on table {name} (or it may not exist)."
    )
    return _denied(f"Table {name}", detail)


def jobs_denied(project: str) -> GoogleError:
    needed = "User does not have bigquery.jobs.create permission in project"
    return _denied(f"Project {project}", f"{needed} {project}.")


def elsewhere(project: str, dataset: str, location: str) -> GoogleError:
    message = f"Not found: Dataset {project}:{dataset} was not found in location {location}"
    return GoogleError(404, "notFound", message)


def no_query(project: str, query_id: str) -> GoogleError:
    return GoogleError(404, "notFound", f"Not found: Job {project}:{query_id}")


def unfiltered(project: str, dataset: str, table: str, column: str) -> GoogleError:
    message = (
        f"Cannot query over table '{project}.{dataset}.{table}' without a filter over "
        f"column(s) '{column}' that can be used for partition elimination"
    )
    return GoogleError(400, "invalidQuery", message, location="query")


def bad_value(value: str) -> GoogleError:
    return GoogleError(400, "invalidQuery", f"Invalid date: '{value}'", location="query")


def too_many_bytes(limit: int, needed: int) -> GoogleError:
    message = f"Query exceeded limit for bytes billed: {limit}. {needed} or higher required."
    return GoogleError(400, "bytesBilledLimitExceeded", message)


def invalid(message: str) -> GoogleError:
    return GoogleError(400, "invalid", message)


def internal(message: str) -> GoogleError:
    return GoogleError(500, "dontRetry", message)


def cancelled(detail: str = "User requested cancellation") -> GoogleError:
    return GoogleError(400, "stopped", f"Job execution was cancelled: {detail}")
