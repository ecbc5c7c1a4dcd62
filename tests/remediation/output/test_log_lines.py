"""``--log-json``: every line on standard error is an object that a log agent understands."""

from __future__ import annotations

import json
import signal
from datetime import datetime
from typing import Any

from tests.support.backfills import EIGHT, SEVEN
from tests.support.remediation_commands import newest, start, typed, wait_for_call
from tests.support.scripted_service import Project, answer, silence

SEVERITIES = {"DEBUG", "INFO", "NOTICE", "WARNING", "ERROR", "CRITICAL", "ALERT", "EMERGENCY"}
LABELS = "logging.googleapis.com/labels"


def entries_of(err: str) -> list[dict[str, Any]]:
    """The lines, each checked for what Cloud Logging wants of it."""
    entries = [json.loads(line) for line in err.splitlines()]
    for entry in entries:
        assert entry["severity"] in SEVERITIES
        assert isinstance(entry["message"], str)
        assert entry["message"]
        assert entry["time"].endswith("Z")
        assert datetime.fromisoformat(entry["time"]).tzinfo is not None
        assert all(isinstance(value, str) for value in entry[LABELS].values())
        if "httpRequest" in entry:
            assert isinstance(entry["httpRequest"]["status"], int)
    times = [entry["time"] for entry in entries]
    assert times == sorted(times)
    return entries


def test_each_event_is_an_object_on_a_line(planned: Project) -> None:
    planned.service.on("/four", EIGHT, answer(500, "out of \x1b[31mmemory\nat once"))
    code, out, err = typed(planned, "run", "--yes", "--log-json", "--json", "-")
    assert code == 4
    entries = entries_of(err)
    plan = newest(planned)
    assert all(e[LABELS]["plan"] == plan.short_id for e in entries)
    assert all(e[LABELS]["run"] == plan.run_id for e in entries)
    sent = [e for e in entries if e[LABELS].get("state") == "sending"]
    assert [(e[LABELS]["service"], e["dates"]) for e in sent] == [
        (call.path[1:], [str(call.date)]) for call in planned.service.calls
    ]
    (refused,) = [e for e in entries if e.get("httpRequest", {}).get("status", 200) != 200]
    assert refused["severity"] == "ERROR"
    assert refused["httpRequest"] == {"status": 500}
    assert refused["dates"] == [EIGHT]
    assert refused["message"] == (
        r"four 2025-01-08: rejected: HTTP 500: out of \u001b[31mmemory at once"
    )
    last = entries[-1]
    assert (last["severity"], last["exitCode"]) == ("ERROR", 4)
    assert last["message"] == "STILL INCOMPLETE: 4 of 6 calls landed, 2 dates remain"
    assert last["counts"]["four"] == {"landed": 2, "rejected": 1}
    assert last["record"].endswith(f"remediation-{plan.short_id}.json")
    assert json.loads(out)["exit_code"] == 4
    code, _, err = typed(planned, "resume", "--log-json")
    assert code == 0
    assert [e["severity"] for e in entries_of(err)][-1] == "NOTICE"


def test_errors_and_interrupts_are_lines_as_well(planned: Project) -> None:
    planned.change_service("four", timeout_seconds=20)
    planned.check()
    typed(planned, "plan")
    planned.service.on("/four", SEVEN, silence(3, lands=False))
    running = start(planned, "run", "--yes", "--log-json")
    wait_for_call(planned, 1)
    running.send_signal(signal.SIGINT)
    _, err = running.communicate(timeout=10)
    assert running.returncode == 130
    last = entries_of(err)[-1]
    assert last["severity"] == "WARNING"
    assert "to continue: python -m remediation resume" in last["message"]
    (planned.folder / "uncommitted" / "ledger.sqlite3").write_bytes(b"damaged" * 1000)
    code, _, err = typed(planned, "run", "--yes", "--log-json")
    assert code == 3
    (entry,) = entries_of(err)
    assert (entry["severity"], entry["exitCode"]) == ("ERROR", 3)
    assert "file is not a database" in entry["message"]
