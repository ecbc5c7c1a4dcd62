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


@dataclass(frozen=True, slots=True, kw_only=True)
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
        code=401,
        reason="authError",
        message="Request had invalid authentication credentials. Expected OAuth 2 access token, "
        "login cookie or other valid authentication credential. See "
        "https://developers.google.com/identity/sign-in/web/devconsole-project.",
    )


def rate_limit_exceeded() -> GoogleError:
    return GoogleError(
        code=403,
        reason="rateLimitExceeded",
        domain="usageLimits",
        message="Exceeded rate limits: too many api requests per user per method for this "
        f"user_method. For more information, see {QUOTAS}",
    )


def quota_exceeded() -> GoogleError:
    return GoogleError(
        code=403,
        reason="quotaExceeded",
        domain="usageLimits",
        message="Custom quota exceeded: Your usage exceeded the custom quota for "
        "QueryUsagePerUserPerDay, which is set by your administrator. "
        f"For more information, see {QUOTAS}",
    )


def backend_error() -> GoogleError:
    return GoogleError(
        code=503,
        reason="backendError",
        message="Error encountered during execution. Retrying may solve the problem.",
    )


def dataset_denied(project: str, dataset: str) -> GoogleError:
    return GoogleError(
        code=403,
        reason="accessDenied",
        message=f"Access Denied: Dataset {project}:{dataset}: Permission bigquery.datasets.get "
        f"denied on dataset {project}:{dataset} (or it may not exist).",
    )


def table_denied(project: str, dataset: str, table: str, *, querying: bool) -> GoogleError:
    name = f"{project}:{dataset}.{table}"
    detail = (
        f"User does not have permission to query table {name}, or perhaps it does not exist."
        if querying
        else f"Permission bigquery.tables.get denied on table {name} (or it may not exist)."
    )
    return GoogleError(
        code=403, reason="accessDenied", message=f"Access Denied: Table {name}: {detail}"
    )


def jobs_denied(project: str) -> GoogleError:
    return GoogleError(
        code=403,
        reason="accessDenied",
        message=f"Access Denied: Project {project}: User does not have bigquery.jobs.create "
        f"permission in project {project}.",
    )


def elsewhere(project: str, dataset: str, location: str) -> GoogleError:
    return GoogleError(
        code=404,
        reason="notFound",
        message=f"Not found: Dataset {project}:{dataset} was not found in location {location}",
    )


def no_query(project: str, query_id: str) -> GoogleError:
    return GoogleError(code=404, reason="notFound", message=f"Not found: Job {project}:{query_id}")


def unfiltered(project: str, dataset: str, table: str, column: str) -> GoogleError:
    return GoogleError(
        code=400,
        reason="invalidQuery",
        location="query",
        message=f"Cannot query over table '{project}.{dataset}.{table}' without a filter over "
        f"column(s) '{column}' that can be used for partition elimination",
    )


def too_many_bytes(limit: int, needed: int) -> GoogleError:
    return GoogleError(
        code=400,
        reason="bytesBilledLimitExceeded",
        message=f"Query exceeded limit for bytes billed: {limit}. {needed} or higher required.",
    )


def invalid(message: str) -> GoogleError:
    return GoogleError(code=400, reason="invalid", message=message)


def internal(message: str) -> GoogleError:
    return GoogleError(code=500, reason="dontRetry", message=message)


def cancelled(detail: str = "User requested cancellation") -> GoogleError:
    return GoogleError(code=400, reason="stopped", message=f"Job execution was cancelled: {detail}")
