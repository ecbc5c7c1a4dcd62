"""``--log-json``: an object on a line for every event, with the field names of Cloud Logging.

An agent that reads a program's output makes ``severity``, ``time``, ``httpRequest`` and
``logging.googleapis.com/labels`` part of the log entry; the rest becomes its ``jsonPayload``, of
which ``message`` is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any, Literal

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.errors import CheckpointsError, ExitCode
from remediation.ledger.journal import Event
from remediation.ledger.states import State
from remediation.output.reporter import Unframed

Severity = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"]
SEVERITIES: dict[State, Severity] = {
    State.REJECTED: "ERROR",
    State.STILL_MISSING: "ERROR",
    State.UNKNOWN: "WARNING",
    State.PARTIAL: "WARNING",
    State.BLOCKED: "WARNING",
    State.NOTHING_THERE: "NOTICE",
}
"""Of the states that need somebody's eye; the others are INFO."""


class LogLines(Unframed):
    """Writes log lines; ``labels`` are part of each of them."""

    def __init__(
        self,
        write: Callable[[str], Any],
        now: Callable[[], datetime],
        labels: Mapping[str, str],
    ) -> None:
        self._write = write
        self._now = now
        self._labels = labels

    def say(
        self,
        severity: Severity,
        message: str,
        labels: Mapping[str, str] | None = None,
        **fields: Any,
    ) -> None:
        """Write one line; only ASCII, so that no terminal or agent can be confused by it."""
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        entry = {
            "severity": severity,
            "message": message,
            "time": at.replace("+00:00", "Z"),
            "logging.googleapis.com/labels": {**self._labels, **(labels or {})},
            **fields,
        }
        self._write(json.dumps(entry) + "\n")

    def tell(self, event: Event) -> None:
        """Write an event."""
        labels = {"service": event.service}
        fields: dict[str, Any] = {
            "total": event.total,
            "settled": event.settled,
            "landed": event.landed,
        }
        if event.state is None:
            self.say("INFO", f"{event.service}: {event.text}", labels, **fields)
            return
        labels["state"] = event.state
        fields["dates"] = [str(call.date) for call in event.calls]
        if event.status is not None:
            fields["httpRequest"] = {"status": event.status}
        severity = SEVERITIES.get(event.state, "INFO")
        self.say(severity, _sentence(event), labels, **fields)

    def remark(self, text: str) -> None:
        """Write something unusual about the plan."""
        self.say("NOTICE", text)

    def interrupted(self, command: str) -> None:
        """Write that the run was interrupted."""
        self.say("WARNING", f"interrupted: the ledger is intact; to continue: {command}")

    def failed(self, error: CheckpointsError) -> None:
        """Write every problem."""
        for problem in error.problems:
            self.say("ERROR", problem, exitCode=int(error.exit_code))

    def conclude(self, record: RemediationRecord, path: str) -> None:
        """Write what a run came to: what got worse, what remains, and the verdict."""
        for change in record.changes:
            for worse in change.regressions:
                text = f"{change.dataset} got worse on {worse.date}: {worse.what}"
                self.say("ERROR", text, {"dataset": change.dataset}, dates=[str(worse.date)])
        if record.problem:
            self.say("ERROR", f"the window could not be read again: {record.problem}")
        landed = sum(call.state is State.LANDED for call in record.calls)
        remain = len(record.remaining)
        self.say(
            "NOTICE" if record.exit_code is ExitCode.COMPLETE else "ERROR",
            f"{landed} of {len(record.calls)} calls landed, {remain} dates remain",
            exitCode=int(record.exit_code),
            counts=record.model_dump(mode="json")["counts"],
            rules=record.verdict_after.summary if record.verdict_after else None,
            record=path,
        )


def _sentence(event: Event) -> str:
    why = f": {event.text}" if event.text else ""
    return f"{event.service} {event.dates}: {event.state}{why}"
