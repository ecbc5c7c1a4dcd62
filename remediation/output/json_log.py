"""``--log-json``: an object on a line for every event, with the field names of Cloud Logging.

A logging agent that reads a program's output makes ``severity``, ``time``, ``httpRequest`` and
``logging.googleapis.com/labels`` part of the log entry; the rest becomes its ``jsonPayload``, of
which ``message`` is shown.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Literal

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.coverage.results import CheckRecord
from checkpoints.errors import CheckpointsError, ExitCode
from checkpoints.output.findings import sentence_of
from checkpoints.text import counted, dates
from remediation.ledger.journal import Event
from remediation.ledger.ledger import moment
from remediation.ledger.states import State
from remediation.output.following import still_failing, warnings_of
from remediation.output.reporter import Reporter, not_told_of, told_of, verdict_of

Severity = Literal["DEBUG", "INFO", "NOTICE", "WARNING", "ERROR"]
SEVERITIES: dict[State, Severity] = {
    State.REJECTED: "ERROR",
    State.STILL_MISSING: "ERROR",
    State.MULTIPLIED: "ERROR",
    State.UNKNOWN: "WARNING",
    State.PARTIAL: "WARNING",
    State.BLOCKED: "WARNING",
    State.NOTHING_THERE: "NOTICE",
}
"""Of the states that need somebody's eye; the others are INFO."""

NO_LABELS: Mapping[str, str] = {}


class JsonLogReporter(Reporter):
    """Writes log lines through ``write``; ``labels`` are part of each of them."""

    def __init__(
        self, write: Callable[[str], Any], now: Callable[[], datetime], labels: Mapping[str, str]
    ) -> None:
        self._write = write
        self._now = now
        self._labels = labels

    def _log(
        self, severity: Severity, message: str, labels: Mapping[str, str] = NO_LABELS, **fields: Any
    ) -> None:
        # JSON in ASCII: whatever is in the message, it stays one line.
        at = self._now().astimezone(UTC).isoformat(timespec="milliseconds")
        entry = {
            "severity": severity,
            "message": message,
            "time": at.replace("+00:00", "Z"),
            "logging.googleapis.com/labels": {**self._labels, **labels},
            **fields,
        }
        self._write(json.dumps(entry) + "\n")

    def report(self, event: Event) -> None:
        """Write an event."""
        of = {"service": event.service}
        fields: dict[str, Any] = {
            "total": event.total,
            "settled": event.settled,
            "landed": event.landed,
        }
        if event.state is None:
            text = event.text
            if event.until:
                fields["until"] = event.until.isoformat(timespec="seconds")
                text = text or f"waiting until {moment(event.until)}: {event.waits_for}"
            self._log("INFO", f"{event.service}: {text}", of, **fields)
            return
        fields["dates"] = [str(call.date) for call in event.calls]
        if event.status is not None:
            fields["httpRequest"] = {"status": event.status}
        severity = SEVERITIES.get(event.state, "INFO")
        why = f": {event.text}" if event.text else ""
        message = f"{event.service} {event.dates}: {event.state}{why}"
        self._log(severity, message, {**of, "state": event.state}, **fields)

    def remark(self, text: str) -> None:
        """Write something unusual about the plan."""
        self._log("NOTICE", text)

    def interrupted(self, command: str) -> None:
        """Write that the run was interrupted."""
        self._log("WARNING", f"interrupted: the ledger is intact; to continue: {command}")

    def failed(self, error: CheckpointsError) -> None:
        """Write every problem."""
        for problem in error.problems:
            self._log("ERROR", problem, exitCode=int(error.exit_code))

    def conclude(self, record: RemediationRecord, path: str, following: Sequence[str] = ()) -> None:
        """Write what a run came to: what got worse, what still fails, the verdict, what to do."""
        for change in record.changes:
            for worse in change.regressions:
                text = f"{change.dataset} got worse on {worse.date}: {worse.what}"
                self._log("ERROR", text, {"dataset": change.dataset}, dates=[str(worse.date)])
        for check in still_failing(record):
            self._log("ERROR", f"still fails: {sentence_of(check)}", **_fields(check))
        for check in warnings_of(record):
            self._log("NOTICE", f"warning: {sentence_of(check)}", **_fields(check))
        for found in record.orphans:
            keys, days = counted(found.keys, "key"), dates(len(found.dates))
            text = f"orphans stay: {keys} of {found.dataset} on {days} that {found.of} lacks"
            more = {"keys": found.keys, "dates": list(map(str, found.dates))}
            self._log("NOTICE", text, {"dataset": found.dataset}, **more)
        for text in not_told_of(record.undelivered):
            self._log("WARNING", text)
        for text in told_of(record):
            self._log("INFO", text)
        if record.problem:
            self._log("ERROR", f"the window could not be read again: {record.problem}")
        word, landings = verdict_of(record)
        left = len(record.remaining)
        remain = f"{dates(left)} {'remains' if left == 1 else 'remain'}"
        self._log(
            "NOTICE" if record.exit_code is ExitCode.COMPLETE else "ERROR",
            f"{word}: {landings}, {remain}",
            exitCode=int(record.exit_code),
            counts=record.model_dump(mode="json")["counts"],
            rules=record.verdict_after.summary if record.verdict_after else None,
            record=path,
            next=list(following),
        )


def _fields(check: CheckRecord) -> dict[str, Any]:
    return {
        "labels": {"dataset": check.dataset, "rule": check.name},
        "observed": check.observed,
        "dates": list(map(str, check.unexpected_dates)),
    }
