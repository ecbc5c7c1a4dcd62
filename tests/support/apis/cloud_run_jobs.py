"""The Cloud Run Admin API v2: a job is run with other arguments, and its operation is read."""

from __future__ import annotations

from typing import Any

from checkpoints.dates import DateRange
from tests.support.apis.google import GoogleApi, GoogleTokens, refusal
from tests.support.apis.server import Pipeline, Reply, Request
from tests.support.warehouses import D

PLACE = "projects/pipeline/locations/us-west2"
JOB = "features"
KNOWN = {"name", "args", "env", "clearArgs"}


class CloudRunJobs(GoogleApi):
    """One job, whose container takes ``--start-date`` and ``--end-date``.

    An operation is not done until its execution ended; then it has an error or a response.
    """

    def __init__(self, tokens: GoogleTokens, pipeline: Pipeline) -> None:
        super().__init__(tokens)
        self._pipeline = pipeline
        self.operations: dict[str, dict[str, Any]] = {}

    def answer_known(self, request: Request) -> Reply:
        name = request.path.removeprefix("/v2/")
        if request.method == "GET":
            found = self.operations.get(name)
            return Reply(body=found) if found else refusal(404, f"Operation {name} not found.")
        if name != f"{PLACE}/jobs/{JOB}:run":
            told = f"Resource '{name.rpartition('/')[2]}' of kind 'JOB' does not exist."
            return refusal(404, told)
        return self._run(request.body)

    def _run(self, body: dict[str, Any]) -> Reply:
        overrides = body.get("overrides", {})
        containers = overrides.get("containerOverrides", [])
        for container in containers:
            for field in set(container) - KNOWN:
                told = (
                    f'Invalid JSON payload received. Unknown name "{field}" at '
                    "'overrides.container_overrides[0]': Cannot find field."
                )
                return refusal(400, told)
        number = len(self.operations)
        execution = {
            "@type": "type.googleapis.com/google.cloud.run.v2.Execution",
            "name": f"{PLACE}/jobs/{JOB}/executions/{JOB}-{number:05}",
            "job": JOB, "taskCount": 1, "reconciling": True,
            "conditions": [{"type": "Completed", "state": "CONDITION_PENDING"}],
        }  # fmt: skip
        name = f"{PLACE}/operations/0c3f-{number}"
        self.operations[name] = {"name": name, "metadata": execution}
        args = containers[0]["args"]
        given = dict(zip(args[::2], args[1::2], strict=True))
        days = DateRange(D(given["--start-date"]), D(given["--end-date"])).dates()
        started = dict(self.operations[name])
        self._pipeline.start(list(days), lambda why: self._end(name, why))
        return Reply(body=started)

    def _end(self, name: str, why: str) -> None:
        execution = self.operations[name]["metadata"]
        told = f"Task {JOB}-00000-task0 failed with message: {why}"
        ends = {"error": {"code": 2, "message": told}} if why else {"response": execution}
        self.operations[name] = {**self.operations[name], "done": True, **ends}
