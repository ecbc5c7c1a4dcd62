"""``python -m remediation`` as a user types it, in processes of its own."""

from __future__ import annotations

import os
import time

from remediation.ledger.ledger import LedgerEntry, ledger_path, read_ledger
from remediation.ledger.plans import newest_plan, read_plan
from remediation.plan.model import Plan
from tests.support.backfills import THREE_DAYS, real_now
from tests.support.forks import Forked, fork
from tests.support.scripted_service import Project

HOLES = {"summary": ("2025-01-12",), "factors": THREE_DAYS, "scores": THREE_DAYS}


def strict_on_scores(made: Project) -> None:
    rules = [{"rule": "conversion_ratio", "of": "raw", "at_least": 0.9}]
    datasets = made.raw["datasets"]
    scores = {**datasets["scores"], "rules": rules}
    made.change(rules_for_keyed=[], datasets={**datasets, "scores": scores})


def start(made: Project, *arguments: str, **environment: str) -> Forked:
    contract = str(made.folder / "pipeline.yml")
    env = {**os.environ, "COLUMNS": "120", **environment}
    return fork("remediation", *arguments, "--contract", contract, env=env)


def typed(made: Project, *arguments: str, **environment: str) -> tuple[int, str, str]:
    """Exit code, standard output, standard error."""
    running = start(made, *arguments, **environment)
    out, err = running.communicate(timeout=60)
    assert "Traceback" not in err
    return running.wait(), out, err


def seen(made: Project, *arguments: str, **environment: str) -> tuple[int, str]:
    """Exit code, and all that a person reads: notes, then the answer."""
    code, out, err = typed(made, *arguments, **environment)
    return code, err + out


def newest(made: Project) -> Plan:
    return read_plan(newest_plan(made.file()))


def wait_for_call(made: Project, number: int) -> None:
    deadline = time.monotonic() + 20
    while len(made.service.calls) < number and time.monotonic() < deadline:
        time.sleep(0.01)
    assert len(made.service.calls) == number


def entries(made: Project) -> dict[str, LedgerEntry]:
    """The calls of all plans; where several plans hold one, the last by plan id."""
    with read_ledger(ledger_path(made.folder), real_now) as ledger:
        return {e.id: e for e in ledger.entries()}


def states(made: Project) -> dict[str, str]:
    return {name: str(entry.state) for name, entry in entries(made).items()}
