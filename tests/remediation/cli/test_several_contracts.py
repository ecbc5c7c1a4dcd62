"""Contracts that share a project: each command takes the plans of the one that was typed.

They can only do so as pipeline.yml and pipeline.yaml; any other name has a project of its own.
"""

from __future__ import annotations

import os

import duckdb

from checkpoints.contract.loading import load_contract
from checkpoints.contract.window import Window
from checkpoints.dates import DateRange
from remediation.ledger.ledger import ledger_path, open_ledger
from tests.support.backfills import EIGHT, real_now
from tests.support.forks import fork
from tests.support.remediation_commands import newest, seen, typed
from tests.support.runs import judged
from tests.support.scripted_service import FIRST, LAST, TODAY, Project, answer


def as_other(made: Project, *arguments: str) -> tuple[int, str]:
    """Exit code and standard error of a command with the other contract."""
    other = str(made.folder / "pipeline.yaml")
    env = {**os.environ, "COLUMNS": "120"}
    running = fork("remediation", *arguments, "--contract", other, env=env)
    _, err = running.communicate(timeout=60)
    return running.wait(), err


def with_other(made: Project) -> None:
    """The same contract under another name, judged later."""
    (made.folder / "pipeline.yaml").write_text((made.folder / "pipeline.yml").read_text() + "\n")
    window = Window(range=DateRange(FIRST, LAST), label="January")
    judged(load_contract(made.folder / "pipeline.yaml", {}), window, TODAY)


def test_each_contract_has_its_own_newest_plan(planned: Project) -> None:
    own = newest(planned)
    with_other(planned)
    code, err = as_other(planned, "run")
    assert code == 2
    command = f"give --contract {planned.folder / 'pipeline.yml'}"
    assert f"plan {own.short_id} is of 'pipeline.yml', not of 'pipeline.yaml': {command}" in err
    assert as_other(planned, "plan", "-q")[0] == 0
    assert newest(planned) == own
    code, said = seen(planned, "run")
    assert (code, planned.service.sent) == (0, [])
    assert f"Plan {own.short_id} of run" in said
    assert f"Plan {own.short_id}" not in as_other(planned, "run")[1]


def test_resume_takes_a_plan_of_its_contract_and_status_names_each(planned: Project) -> None:
    planned.service.on("/four", EIGHT, answer(500))
    assert typed(planned, "run", "--yes")[0] == 4
    with_other(planned)
    code, err = as_other(planned, "resume")
    assert code == 2
    assert "is of 'pipeline.yml', not of 'pipeline.yaml': give --contract" in err
    assert "(pipeline.yml)" not in seen(planned, "status")[1]
    assert as_other(planned, "plan", "-q")[0] == 0
    planned.service.on("/four", EIGHT, answer(500))
    assert as_other(planned, "run", "--yes")[0] == 4
    _, shown = seen(planned, "status")
    assert "(pipeline.yml)" in shown
    assert "(pipeline.yaml)" in shown
    code, said = seen(planned, "resume")  # the other was started last
    assert code in (0, 1), said


def test_a_plan_says_which_of_its_services_pauses(made: Project) -> None:
    made.check()
    address = made.service.url.removeprefix("http://")
    with open_ledger(ledger_path(made.folder), real_now) as ledger:
        ledger.pause("four", address, 500, "Retry-After: 500")
        ledger.pause("five", "elsewhere", 500, "Retry-After: 500")
    code, said = seen(made, "plan")
    assert code == 0
    assert "note: four asked for a pause until " in said
    assert "(Retry-After: 500): nothing is sent before" in said
    assert "note: five" not in said


def test_a_plan_of_what_could_not_be_evaluated_is_shown_and_exits_3(made: Project) -> None:
    with duckdb.connect(str(made.database)) as connection:
        connection.execute("DROP TABLE s.cache")
    made.check()
    code, said = seen(made, "plan")
    assert code == 3
    assert "could not be evaluated" in said
    assert newest(made).calls
