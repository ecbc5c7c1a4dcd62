"""Dagster's GraphQL API: a backfill of an asset's partitions, and how far it is.

What it refuses is answered with HTTP 200, as one of the types of a union; a ``PythonError`` among
them with 500, as is a query that it cannot read.
"""

from __future__ import annotations

import re
from typing import Any

from tests.support.apis.server import Api, Pipeline, Reply, Request
from tests.support.warehouses import D

ASSET = "player_features"
TOKEN = "Dagster-Cloud-Api-Token"
OPERATION = re.compile(
    r"\s*(mutation|query)\s+\w+\(\$(\w+): (\w+)!\)\s*\{\s*(\w+)\((\w+): \$\2\)\s*\{(.*)\}\s*\}\s*",
    re.DOTALL,
)


class Dagster(Api):
    """One asset with a partition per date.

    ``refuses`` is the member of the union that a launch ends in, with its message. A backfill of
    which a run failed is COMPLETED_FAILED; one that ``fails`` itself is FAILED, and says why.
    """

    def __init__(self, pipeline: Pipeline, token: str) -> None:
        super().__init__()
        self._pipeline = pipeline
        self._token = token
        self.refuses: tuple[str, str] | None = None
        self.fails = False
        self.backfills: dict[str, dict[str, Any]] = {}

    def answer(self, request: Request) -> Reply:
        if request.headers.get(TOKEN) != self._token:
            return Reply(status=401, body={"error": "Unauthorized"})
        if request.path != "/graphql":
            return Reply(status=404, body="Not Found")
        asked = OPERATION.fullmatch(request.body["query"])
        if not asked:
            error = {"message": "Syntax Error", "locations": [{"line": 1, "column": 1}]}
            return Reply(status=400, body={"data": None, "errors": [error]})
        _, variable, _, field, _, selection = asked.groups()
        if variable not in request.body.get("variables", {}):
            told = f"Variable '${variable}' of required type was not provided."
            return Reply(status=500, body={"data": None, "errors": [{"message": told}]})
        given = request.body["variables"][variable]
        launched = field == "launchPartitionBackfill"
        answer = self._launch(given) if launched else self._status(given)
        status = 500 if answer["__typename"] == "PythonError" else 200
        return Reply(status=status, body={"data": {field: selected(answer, selection)}})

    def _launch(self, given: dict[str, Any]) -> dict[str, Any]:
        if self.refuses:
            kind, message = self.refuses
            return {"__typename": kind, "message": message}
        assert given["assetSelection"] == [{"path": [ASSET]}]
        days = [D(name) for name in given["partitionNames"]]
        name = f"bckfl{len(self.backfills):03}"
        self.backfills[name] = {
            "__typename": "PartitionBackfill", "id": name, "status": "REQUESTED", "error": None,
        }  # fmt: skip
        self._pipeline.start(days, lambda why: self._end(name, why))
        return {"__typename": "LaunchBackfillSuccess", "backfillId": name, "launchedRunIds": []}

    def _end(self, name: str, why: str) -> None:
        status = "COMPLETED_FAILED" if why else "COMPLETED_SUCCESS"
        end: dict[str, Any] = {"status": status}
        if why and self.fails:
            end = {"status": "FAILED", "error": {"message": why}}
        self.backfills[name] |= end

    def _status(self, name: str) -> dict[str, Any]:
        unknown = {"__typename": "BackfillNotFoundError", "message": f"no backfill {name}"}
        return self.backfills.get(name, unknown)


def selected(answer: dict[str, Any], selection: str) -> dict[str, Any]:
    """The fields that a query asks for, of the one type of the union that the answer is."""
    kind = answer["__typename"]
    fields: set[str] = set()
    for on, inner in re.findall(r"\.\.\. on (\w+)\s*\{((?:[^{}]|\{[^{}]*\})*)\}", selection):
        if on == kind or (on == "Error" and kind.endswith("Error")):
            fields |= set(re.findall(r"\w+", re.sub(r"\{[^{}]*\}", "", inner)))
    if re.search(r"^\s*__typename", selection):
        fields.add("__typename")
    return {name: value for name, value in answer.items() if name in fields}
