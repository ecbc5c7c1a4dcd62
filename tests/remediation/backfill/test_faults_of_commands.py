"""Commands that hang, die, lie and write half: what a repair makes of each, from the tables."""

from __future__ import annotations

import os
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.command_project import (
    CommandProject,
    command_project,
    gone,
    is_alive,
    wait_until,
)

THREE = ("01-07", "01-08", "01-09")
LANDED = dict.fromkeys(THREE, "landed")


@pytest.fixture
def made(tmp_path: Path) -> CommandProject:
    return command_project(tmp_path, *THREE)


def of(tmp_path: Path, **service: Any) -> CommandProject:
    return command_project(tmp_path, *THREE, **service)


def keeper_of(pid: int) -> int:
    """The process that ends what another leaves behind."""
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    (found,) = [c for c in children if b"keeper.py" in Path(f"/proc/{c}/cmdline").read_bytes()]
    return int(found)


def history(made: CommandProject) -> dict[str, str]:
    return {day: f"{entry.state}: {entry.detail}" for day, entry in made.entries().items()}


def test_a_command_lands_and_what_it_said_is_in_the_record(made: CommandProject) -> None:
    made.acts(d07=["say one; land; say two"])
    code, said = made.repair()
    assert code == 0, said
    assert (made.asked, made.states) == (list(THREE), LANDED)
    assert len({run.key for run in made.runs}) == 3
    assert [call.answer for call in made.record().calls] == [
        "exit code 0: one | two", "exit code 0", "exit code 0",
    ]  # fmt: skip


def test_a_command_that_hangs_is_ended_with_its_children_and_sent_again(tmp_path: Path) -> None:
    made = of(tmp_path, timeout_seconds=3)
    made.acts(d08=["say begun; linger; sleep 60"])
    code, said = made.repair()
    assert code == 0, said
    assert (made.asked, made.states) == (["01-07", "01-08", "01-08", "01-09"], LANDED)
    assert "unknown: ended after 3 s without an end: begun" in said
    gone(made.processes, seconds=0.5)


def test_what_a_hanging_command_had_landed_is_not_sent_again(tmp_path: Path) -> None:
    made = of(tmp_path, timeout_seconds=3)
    made.acts(d08=["land; sleep 60"])
    code, said = made.repair()
    assert code == 0, said
    assert (made.asked, made.states) == (list(THREE), LANDED)


def test_a_command_that_is_not_idempotent_is_left_unknown(tmp_path: Path) -> None:
    made = of(tmp_path, idempotent=False, timeout_seconds=3)
    made.acts(d08=["say begun; sleep 60"], d09=["say no; exit 3"])
    code, _ = made.repair()
    assert (code, made.asked) == (4, list(THREE))
    assert made.states == {"01-07": "landed", "01-08": "unknown", "01-09": "unknown"}


def test_a_command_that_a_signal_ended_may_have_done_it(made: CommandProject) -> None:
    made.acts(d08=["say working; die"])
    code, said = made.repair()
    assert code == 0, said
    assert (made.asked, made.states) == (["01-07", "01-08", "01-08", "01-09"], LANDED)
    assert "unknown: ended by SIGKILL: working" in said


@pytest.mark.parametrize(
    ("act", "state"),
    [("say done", "still missing"), ("half", "partial"), ("land; append", "multiplied")],
)
def test_a_command_that_says_0_is_believed_by_the_tables_alone(
    made: CommandProject, act: str, state: str
) -> None:
    made.acts(d09=[act])
    code, said = made.repair()
    assert code == 4, said
    assert made.states == {**LANDED, "01-09": state}


def test_every_exit_code_is_what_the_contract_says_it_is(tmp_path: Path) -> None:
    dates = ("01-07", "01-08", "01-09", "01-10", "01-11")
    made = command_project(tmp_path, *dates, refused=[2], nothing_that_day=[4], breaker_after=9)
    made.acts(
        d08=["say later; exit 75", "exit 75"], d09=["say never; exit 2"],
        d10=["say no games; exit 4"], d11=["say what; exit 9"],
    )  # fmt: skip
    code, said = made.repair()
    assert code == 4
    assert made.asked == ["01-07", "01-08", "01-08", "01-08", "01-09", "01-10"]
    found = history(made)
    assert found["01-09"] == "rejected: exit code 2: never"
    assert found["01-10"].endswith("but its upstream has data: exit code 4: no games")
    assert "its answer for 2025-01-10 contradicts the tables" in said
    assert made.states["01-08"] == "landed"
    made.acts(d10=["land"], d11=["say what; exit 9", "say what; exit 9"])
    code, said = made.typed("resume")
    assert code == 4
    assert history(made)["01-11"] == "rejected: exit code 9: what"


def test_megabytes_and_bytes_of_every_kind_are_read_and_the_last_is_kept(
    made: CommandProject,
) -> None:
    made.acts(d07=["chatter; chatter; land; say the end"])
    code, said = made.repair()
    assert code == 0, said
    heard = made.entries()["01-07"].answer
    assert heard.endswith("red | the end")
    assert len(heard) <= 300
    assert heard.isprintable()


def test_a_secret_is_given_by_name_and_found_nowhere(tmp_path: Path) -> None:
    made = of(tmp_path, env=["DB_PASSWORD"])
    made.acts(d07=["reveal DB_PASSWORD; land"], d08=["reveal DB_PASSWORD; exit 3"])
    code, said = made.repair("-v", DB_PASSWORD="hunter2/#!")
    assert code == 4
    assert "exit code 3: the value is [DB_PASSWORD]" in said
    assert made.entries()["01-07"].answer == "exit code 0: the value is [DB_PASSWORD]"
    kept = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert [path for path in kept if b"hunter2" in path.read_bytes()] == []
    assert "hunter2" not in said


def test_what_it_needs_and_lacks_is_said_before_anything_is_sent(tmp_path: Path) -> None:
    made = of(tmp_path, env=["DB_PASSWORD", "HOME"], cwd=str(tmp_path / "gone"))
    code, said = made.repair()
    assert (code, made.states, made.runs) == (2, {}, [])
    assert "services.rebuild: environment variable DB_PASSWORD is not set" in said
    assert f"services.rebuild: cwd '{tmp_path}/gone' is no folder" in said


def test_a_program_that_is_not_there_stops_the_service(tmp_path: Path) -> None:
    made = of(tmp_path, argv=["pyhton-of-mine", "{date}"])
    code, said = made.repair()
    assert code == 4
    assert made.states == {"01-07": "rejected", "01-08": "blocked", "01-09": "blocked"}
    assert "cannot start 'pyhton-of-mine' (No such file or directory): install it, or" in said
    assert made.entries()["01-07"].attempts == 1


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_ends_the_command_and_resume_goes_on(
    made: CommandProject, number: int
) -> None:
    made.acts(d08=["say begun; linger; sleep 60"])
    made.plan()
    running = made.start("run", "--yes")
    wait_until(lambda: len(made.processes) == 3)
    running.send_signal(number)
    _, said = running.communicate(timeout=20)
    assert running.wait() == 130, said
    gone(made.processes, seconds=0.5)
    assert made.states == {"01-07": "landed", "01-08": "verifying", "01-09": "planned"}
    assert "ended because the run was interrupted" in made.entries()["01-08"].answer
    code, said = made.typed("resume")
    assert code == 0, said
    assert (made.asked, made.states) == (["01-07", "01-08", "01-08", "01-09"], LANDED)


def test_what_was_written_before_the_interrupt_is_found_in_the_tables(
    made: CommandProject,
) -> None:
    made.acts(d08=["land; say written; linger; sleep 60"])
    made.plan()
    running = made.start("run", "--yes")
    wait_until(lambda: len(made.processes) == 3)
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert made.states == {"01-07": "landed", "01-08": "landed", "01-09": "planned"}


def test_a_command_that_does_not_heed_the_interrupt_is_killed(made: CommandProject) -> None:
    made.acts(d08=["ignore; cling; sleep 60"])
    made.plan()
    running = made.start("run", "--yes")
    wait_until(lambda: len(made.processes) == 3)
    started = time.monotonic()
    running.send_signal(signal.SIGINT)
    running.communicate(timeout=20)
    assert time.monotonic() - started > 2
    gone(made.processes, seconds=0.5)


def test_a_second_interrupt_leaves_no_process_behind(made: CommandProject) -> None:
    made.acts(d08=["ignore; cling; sleep 60"])
    made.plan()
    running = made.start("run", "--yes")
    wait_until(lambda: len(made.processes) == 3)
    running.send_signal(signal.SIGINT)
    time.sleep(0.3)
    running.send_signal(signal.SIGINT)
    _, said = running.communicate(timeout=1)
    assert (running.wait(), said.splitlines()[-1]) == (130, "interrupted")
    gone(made.processes)


@pytest.mark.parametrize(("act", "runs"), [("land", 1), ("say begun", 2)])
def test_a_command_ends_with_a_run_that_is_killed_and_its_tables_are_looked_at_first(
    tmp_path: Path, act: str, runs: int
) -> None:
    made = of(tmp_path, timeout_seconds=4)
    made.acts(d08=[f"{act}; linger; sleep 60"])
    made.plan()
    running = made.start("run", "--yes")
    wait_until(lambda: len(made.processes) == 3)
    os.kill(running.pid, signal.SIGKILL)
    running.communicate(timeout=20)
    gone(made.processes)
    assert made.states == {"01-07": "landed", "01-08": "sending", "01-09": "planned"}
    code, said = made.typed("resume")
    assert code == 0, said
    assert (made.asked, made.states) == (["01-07", *["01-08"] * runs, "01-09"], LANDED)


def test_a_command_that_outlives_the_killed_run_is_waited_for(made: CommandProject) -> None:
    made.acts(d07=["sleep 1.5; land"])
    made.plan()
    running = made.start("run", "--yes")
    wait_until(lambda: made.runs)
    for pid in (keeper_of(running.pid), running.pid):
        os.kill(pid, signal.SIGKILL)
    running.communicate(timeout=20)
    assert made.states["01-07"] == "sending"
    assert is_alive(made.runs[0].pid)
    code, said = made.typed("resume")
    assert code == 0, said
    assert (made.asked, made.states) == (list(THREE), LANDED)
