"""One run of a command: what it is given, what its end means, and what is kept of its output."""

from __future__ import annotations

import os
import stat
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import pytest
from pydantic import ValidationError

from checkpoints.contract.secrets import Mask
from checkpoints.errors import ContractError
from remediation.plan.groups import CallGroup, alone
from remediation.plan.model import Call
from remediation.service.answer import DETAIL_LENGTH, Answer, Kind
from remediation.service.command import CommandSender, CommandService, heard, with_last_lines
from remediation.service.kind import Access
from remediation.service.programs import KEPT_BYTES
from tests.remediation.service.test_service_call import CLOCK
from tests.support.command_project import command_project, declare, gone, is_alive, wait_until
from tests.support.warehouses import D

CALL = alone(Call(service="rebuild", date=D("2025-01-07"), datasets=("factors",)))
ENVIRONMENT = {"PATH": os.environ["PATH"], "HOME": "/home/me", "OTHER": "not passed on"}


def group_of(*days: str) -> CallGroup:
    calls = (Call(service="rebuild", date=D(f"2025-{d}"), datasets=("factors",)) for d in days)
    return CallGroup(tuple(calls))


def declared(*argv: str, **fields: Any) -> CommandService:
    return CommandService.model_validate({"kind": "command", "argv": argv, **fields})


def shell(script: str, **fields: Any) -> CommandService:
    """A service that runs a script of sh, whose ``$0`` is the date."""
    return declared("sh", "-c", script, "{date}", **fields)


@contextmanager
def sender_of(service: CommandService, **variables: str) -> Iterator[CommandSender]:
    none: Any = None
    access = Access(tokens=none, clock=CLOCK, environment={**ENVIRONMENT, **variables})
    with service.open_sender(access) as sender:
        yield sender


def unexpected(answer: Answer) -> None:
    raise AssertionError(answer)


def sent(service: CommandService, group: CallGroup = CALL, **variables: str) -> Answer:
    with sender_of(service, **variables) as sender:
        return sender.send(group, key="the-key", tell=unexpected)


def test_the_dates_stand_in_any_word_and_nothing_is_a_shell() -> None:
    several = group_of("01-07", "01-08", "01-09")
    argv = ("run.py", "--start-date={from}", "{to}", "$HOME; rm *", "{dates}", "--days={dates}")
    request = declared(*argv, dates_per_call="range", cwd="a b").describe(several)
    assert request.argv == (
        "run.py", "--start-date=2025-01-07", "2025-01-09", "$HOME; rm *",
        "2025-01-07,2025-01-08,2025-01-09", "--days=2025-01-07,2025-01-08,2025-01-09",
    )  # fmt: skip
    assert request.dates == several.dates
    assert str(request).startswith("cd 'a b' && run.py --start-date=2025-01-07 2025-01-09 '$HOME")
    assert declared("run", "{date}").describe(CALL).model_dump(mode="json") == {
        "service": "rebuild", "date": "2025-01-07", "argv": ["run", "2025-01-07"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"argv": []}, "at least 1 item"),
        ({"argv": ["", "{date}"]}, "the first word is empty"),
        ({"argv": ["run", "{date}\0"]}, "holds a NUL"),
        ({"argv": ["run"]}, "no call would name its date: write {date} in argv"),
        ({"argv": ["run", "{day}"]}, "{day} is no placeholder"),
        ({"argv": ["run", "{date}"], "dates_per_call": "list"}, "{date} cannot name several dates"),
        ({"argv": ["run", "{from}"], "dates_per_call": "range"}, "write {from} and {to}, or {date"),
        ({"busy": [0]}, "0 is in 'accepted' as well: leave it in one of them"),
        ({"refused": [7], "busy": [7]}, "7 is in 'refused' as well"),
        ({"accepted": []}, "at least 1 item"),
        ({"refused": [256]}, "less than or equal to 255"),
        ({"env": ["A B"]}, "should match pattern"),
    ],
)
def test_a_command_that_cannot_be_meant_is_refused(fields: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError) as raised:
        CommandService.model_validate({"kind": "command", "argv": ["run", "{date}"], **fields})
    assert said in str(raised.value)


def test_variables_are_put_in_when_the_contract_is_loaded(tmp_path: Path) -> None:
    made = command_project(tmp_path, "01-07", argv=["${RUNNER:-sh}", "{date}"], cwd="${WHERE}")
    service = made.file().contract.services["rebuild"]
    assert isinstance(service, CommandService)
    assert service.argv == ("sh", "{date}")
    assert service.problems() == ["environment variable WHERE is not set: export WHERE=…"]
    declare(made, argv=["run", "{day}"])
    with pytest.raises(ContractError, match=r"services\.rebuild\.argv: \{day\} is no placeholder"):
        made.file()


def test_it_is_given_its_key_and_what_is_named_and_little_else(tmp_path: Path) -> None:
    service = shell("env > seen; pwd >> seen; cat >> seen", cwd=str(tmp_path), env=["MINE"])
    assert sent(service, MINE="1", THEIRS="2").kind is Kind.ACCEPTED
    *variables, folder = (tmp_path / "seen").read_text().splitlines()
    given = dict(line.split("=", 1) for line in variables)
    given.pop("_", None)
    assert given == {
        "PATH": ENVIRONMENT["PATH"], "HOME": "/home/me", "MINE": "1", "PWD": str(tmp_path),
        "IDEMPOTENCY_KEY": "the-key",
    }  # fmt: skip
    assert folder == str(tmp_path)


@pytest.mark.parametrize(
    ("code", "idempotent", "kind"),
    [
        (0, True, Kind.ACCEPTED),
        (3, True, Kind.ACCEPTED),
        (75, True, Kind.BUSY),
        (75, False, Kind.BUSY),
        (10, False, Kind.REJECTED),
        (20, True, Kind.NOTHING_THAT_DAY),
        (1, True, Kind.REJECTED),
        (1, False, Kind.UNKNOWN),
    ],
)
def test_an_exit_code_is_the_answer(code: int, idempotent: bool, kind: Kind) -> None:
    codes = {"accepted": [0, 3], "refused": [10], "nothing_that_day": [20]}
    service = shell(f"echo $0 >&2; exit {code}", idempotent=idempotent, **codes)
    answer = sent(service)
    assert (answer.kind, answer.stops) == (kind, False)
    assert answer.detail == f"exit code {code}: 2025-01-07"
    assert answer.status is None
    assert 0 < answer.seconds < 5


def test_a_duckdb_file_that_is_being_read_is_busy_and_not_a_failure(tmp_path: Path) -> None:
    file = str(tmp_path / "w.duckdb")
    duckdb.connect(file).close()
    write = f"import duckdb, sys; duckdb.connect({file!r})"
    service = declared(sys.executable, "-c", write, "{date}")
    with duckdb.connect(file, read_only=True):
        answer = sent(service)
    assert (answer.kind, answer.detail[:27]) == (Kind.BUSY, "the tables were being read:")
    assert sent(service).kind is Kind.ACCEPTED


def test_a_code_that_is_given_takes_precedence_over_a_default() -> None:
    assert sent(shell("exit 75", refused=[75])).kind is Kind.REJECTED


def test_one_that_a_signal_ended_may_have_done_it() -> None:
    answer = sent(shell("echo out of memory; kill -KILL $$"))
    assert (answer.kind, answer.detail) == (Kind.UNKNOWN, "ended by SIGKILL: out of memory")


def test_its_last_lines_are_kept_without_colours_and_controls() -> None:
    script = r"for n in 1 2 3 4 5 6; do echo line $n; done; printf '\033[31mred\033[0m\a\r50%%\r'"
    answer = sent(shell(script))
    assert answer.detail == "exit code 0: line 4 | line 5 | line 6 | red | 50%"


def test_of_a_failure_in_python_the_reason_is_kept() -> None:
    service = declared(sys.executable, "-c", "raise OSError('no source')", "{date}")
    assert sent(service).detail.endswith(", in <module> | OSError: no source")
    assert "Traceback" not in sent(service).detail


def test_of_long_lines_the_end_is_kept() -> None:
    detail = with_last_lines("exit code 1", "x" * 1000 + " the reason")
    assert len(detail) == DETAIL_LENGTH
    assert detail.startswith("exit code 1: …xxx")
    assert detail.endswith("x the reason")


def test_megabytes_are_read_and_hardly_any_is_kept() -> None:
    service = declared(
        sys.executable, "-c", "import os\nfor n in range(500): os.write(1, os.urandom(20000))\n"
        "os.write(2, b'\\nthe end')", "{date}",
    )  # fmt: skip
    answer = sent(service)
    assert answer.kind is Kind.ACCEPTED
    assert answer.detail.endswith(" | the end")
    assert answer.detail.isprintable()
    assert len(answer.detail) <= DETAIL_LENGTH


def test_secrets_are_not_kept_however_they_are_written() -> None:
    value = "p@ss/word of mine\nand a second line"
    python = "import os, urllib.parse as u; s = os.environ['DSN']; print(u.quote(s)); print(s)"
    service = declared(sys.executable, "-c", f"{python}; print(os.environ['PIN'])", "{date}",
        env=["DSN", "PIN"])  # fmt: skip
    assert sent(service, DSN=value, PIN="7").detail == "exit code 0: [DSN] | [DSN] | [PIN]"
    one_by_one = shell('echo "$DSN" | tail -n 1', env=["DSN"])
    assert sent(one_by_one, DSN=value).detail == "exit code 0: [DSN]"


def test_a_secret_of_which_the_beginning_was_let_go_is_not_kept() -> None:
    mask = Mask({"KEY": "0123456789"})
    output = b"456789 " + b"\0" * (KEPT_BYTES - 11) + b"end\n"
    assert len(output) == KEPT_BYTES
    assert "456789" not in heard(output, mask)
    assert heard(b"456789 end", mask) == "456789 end"


def test_one_that_takes_too_long_is_ended_with_its_children_and_nothing_is_known(
    tmp_path: Path,
) -> None:
    script = f"echo begun; sleep 61 & echo $$ $! > {tmp_path}/pids; wait"
    answer = sent(shell(script, timeout_seconds=1))
    assert answer.kind is Kind.UNKNOWN
    assert answer.detail == "ended after 1 s without an end: begun"
    assert not any(map(is_alive, pids_in(tmp_path)))


def test_what_it_says_when_it_is_asked_to_end_is_heard() -> None:
    script = "trap 'echo tidied up; exit 0' TERM; sleep 61 & wait"
    answer = sent(shell(script, timeout_seconds=1))
    assert (answer.kind, answer.detail) == (
        Kind.UNKNOWN, "ended after 1 s without an end: tidied up",
    )  # fmt: skip


def test_a_child_that_ignores_the_request_to_end_is_killed(tmp_path: Path) -> None:
    inner = f"trap '' TERM; echo $$ > {tmp_path}/pids; while :; do sleep 0.1; done"
    started = time.monotonic()
    answer = sent(shell(f'sh -c "{inner}" & wait'.replace("$$", r"\$\$"), timeout_seconds=1))
    assert answer.kind is Kind.UNKNOWN
    assert time.monotonic() - started > 2
    gone(pids_in(tmp_path), seconds=0.5)


def test_a_child_that_holds_the_output_open_delays_nothing(tmp_path: Path) -> None:
    started = time.monotonic()
    answer = sent(shell(f"sleep 61 & echo $! > {tmp_path}/pids; echo done"))
    (child,) = pids_in(tmp_path)
    assert is_alive(child)  # what a command leaves at work in the background goes on
    os.kill(child, 9)
    assert answer.detail == "exit code 0: done"
    assert time.monotonic() - started < 5


def test_one_that_closes_its_output_is_waited_for(tmp_path: Path) -> None:
    answer = sent(shell(f"echo first; exec >&- 2>&-; sleep 0.3; touch {tmp_path}/late; exit 9"))
    assert (answer.kind, answer.detail) == (Kind.REJECTED, "exit code 9: first")
    assert (tmp_path / "late").exists()


def test_what_cannot_be_started_was_not_sent_and_stops_the_service(tmp_path: Path) -> None:
    answer = sent(declared("no-such-program", "{date}"))
    assert (answer.kind, answer.stops) == (Kind.NOT_SENT, True)
    assert answer.detail == (
        "cannot start 'no-such-program' (No such file or directory): "
        "install it, or correct argv, cwd or PATH"
    )
    script = tmp_path / "job.sh"
    script.write_text("#!/bin/sh\n")
    answer = sent(declared("./job.sh", "{date}", cwd=str(tmp_path)))
    assert (answer.kind, answer.stops) == (Kind.NOT_SENT, True)
    assert answer.detail.endswith("(Permission denied): make it executable: chmod +x ./job.sh")
    script.chmod(script.stat().st_mode | stat.S_IXUSR)
    assert sent(declared("./job.sh", "{date}", cwd=str(tmp_path))).kind is Kind.ACCEPTED


@contextmanager
def two_at_work(folder: Path) -> Iterator[tuple[CommandSender, list[int], list[Answer]]]:
    """A sender, the processes of two commands that hang, and the answers as they come."""
    answers: list[Answer] = []
    script = f"sleep 61 & echo $$ $! >> {folder}/pids; echo $0; wait"
    with sender_of(shell(script)) as sender:
        groups = [group_of("01-07"), group_of("01-08")]
        threads = [
            threading.Thread(
                target=lambda g: answers.append(sender.send(g, key="k", tell=unexpected)),
                args=(group,),
            )
            for group in groups
        ]
        for thread in threads:
            thread.start()
        wait_until(lambda: len(pids_in(folder)) == 4)
        yield sender, pids_in(folder), answers
    for thread in threads:
        thread.join(5)
    assert len(answers) == 2


def pids_in(folder: Path) -> list[int]:
    path = folder / "pids"
    return [int(word) for word in path.read_text().split()] if path.exists() else []


def test_stop_ends_all_that_runs_and_nothing_more_begins(tmp_path: Path) -> None:
    with two_at_work(tmp_path) as (sender, pids, answers):
        assert sender.stop() is True
        wait_until(lambda: len(answers) == 2)
        assert not any(map(is_alive, pids))
        assert {(a.kind, a.detail[:43]) for a in answers} == {
            (Kind.UNKNOWN, "ended because the run was interrupted: 2025")
        }
        after = sender.send(CALL, key="k", tell=unexpected)
        assert (after.kind, after.stops) == (Kind.NOT_SENT, False)
        assert len(pids_in(tmp_path)) == 4


def test_a_sender_that_is_closed_leaves_nothing_behind(tmp_path: Path) -> None:
    with two_at_work(tmp_path) as (_, pids, _):
        pass
    assert not any(map(is_alive, pids))
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    assert not {*map(str, pids)} & {*children}  # their exit codes were asked for
    assert [c for c in children if b"keeper.py" in Path(f"/proc/{c}/cmdline").read_bytes()] == []
