"""A ledger that is unwritable, full, damaged or foreign: refused, explained, nothing sent."""

from __future__ import annotations

import ctypes
import re
import resource
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from remediation.errors import LedgerError
from remediation.ledger.ledger import ledger_path, open_ledger, read_ledger
from remediation.ledger.states import State
from tests.remediation.ledger.test_ledger import FIRST, SECOND, noon, plan_of, walk
from tests.support.commands import ROOT
from tests.support.remediation_commands import entries, real_now, typed
from tests.support.scripted_service import Project

CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH, PR_CAPBSET_DROP = 1, 2, 24
DAMAGED = "it is damaged: restore it from a backup, or move it away once no call is in flight"


def obey_permissions() -> None:
    """In a child: even the superuser is bound by what the file says."""
    for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
        ctypes.CDLL(None).prctl(PR_CAPBSET_DROP, capability)


def run_in(
    made: Project, prepare: Callable[[], None], *arguments: str
) -> subprocess.CompletedProcess[str]:
    """A command in a process that was prepared first."""
    contract = str(made.folder / "pipeline.yml")
    ran = subprocess.run(
        [sys.executable, "-m", "remediation", *arguments, "--contract", contract],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        preexec_fn=prepare,
    )
    assert "Traceback" not in ran.stderr
    return ran


def is_refused(made: Project, ran: subprocess.CompletedProcess[str], *said: str) -> None:
    assert ran.returncode == 3
    (line,) = [line for line in ran.stderr.splitlines() if line.startswith("error: ")]
    for text in said:
        assert text in line


def test_a_ledger_that_cannot_be_written_is_refused(planned: Project) -> None:
    path = ledger_path(planned.folder)
    with open_ledger(path, real_now):
        pass
    path.chmod(0o444)
    ran = run_in(planned, obey_permissions, "run", "--yes")
    is_refused(
        planned, ran, str(path), "readonly database", "make the file and its folder writable"
    )
    assert planned.service.sent == []
    assert run_in(planned, obey_permissions, "status").returncode == 0


def test_a_folder_that_cannot_be_written_is_refused(planned: Project) -> None:
    path = ledger_path(planned.folder)
    with open_ledger(path, real_now):
        pass
    path.parent.chmod(0o555)
    try:
        ran = run_in(planned, obey_permissions, "run", "--yes")
        is_refused(planned, ran, str(path.parent), "cannot be written (Permission denied)")
        assert planned.service.sent == []
        ran = run_in(planned, obey_permissions, "status")
        assert (ran.returncode, ran.stdout) == (0, "No backfill was run yet.\n")
    finally:
        path.parent.chmod(0o755)


def test_a_full_disk_ends_a_run_before_the_next_call(planned: Project) -> None:
    def little_room() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (150_000, 150_000))

    ran = run_in(planned, little_room, "run", "--yes")
    is_refused(
        planned, ran, "ledger cannot be used", "then go on with: python -m remediation resume"
    )
    with read_ledger(ledger_path(planned.folder), real_now) as ledger:
        assert ledger is not None
        sent = sum(entry.attempts for entry in ledger.entries())
    assert 1 <= sent <= 5
    assert len(planned.service.calls) == sent
    code, _, _ = typed(planned, "resume")
    assert code == 0
    assert len(planned.service.calls) == 6


def test_a_full_database_changes_nothing(tmp_path: Path) -> None:
    plan, path = plan_of(FIRST, SECOND), tmp_path / "l.sqlite3"
    with open_ledger(path, noon) as ledger:
        ledger.register(plan)
        pages = ledger._connection.execute("PRAGMA page_count").fetchone()[0]
        ledger._connection.execute(f"PRAGMA max_page_count = {pages}")
        with pytest.raises(LedgerError, match=r"database or disk is full.*make room on the disk"):
            ledger.move(plan.id, plan.calls, State.SENDING, detail="x" * 100_000)
        assert {e.state for e in ledger.entries()} == {State.PLANNED}
        assert ledger.history(plan.id) == []


def filled(path: Path) -> None:
    """A ledger of some hundred pages."""
    with open_ledger(path, noon) as ledger:
        for number in range(40):
            plan = plan_of(FIRST, SECOND).model_copy(update={"id": f"{number:064}"})
            ledger.register(plan)
            walk(ledger, plan, FIRST, State.SENDING, State.ACCEPTED, State.VERIFYING)
            ledger.move(plan.id, [FIRST], State.PARTIAL, detail="why " * 500)


def garbage_in_the_middle(path: Path) -> None:
    data = bytearray(path.read_bytes())
    page = len(data) // 4096 // 2
    data[4096 * page : 4096 * (page + 1)] = b"garbage!" * 512
    path.write_bytes(data)


def cut_off(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def another_file(path: Path) -> None:
    path.write_bytes(b"no database at all" * 1000)


def another_database(path: Path) -> None:
    path.unlink()
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE calls (a)")
    connection.close()


def another_version(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA user_version = 5")
    connection.close()


@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (garbage_in_the_middle, DAMAGED),
        (cut_off, DAMAGED),
        (another_file, DAMAGED),
        (another_database, "is not a ledger of version 4 (it says 0)"),
        (another_version, "is not a ledger of version 4 (it says 5): use the release that wrote"),
    ],
)
def test_a_damaged_or_foreign_ledger_is_refused_before_anything_is_sent(
    planned: Project, damage: Callable[[Path], None], said: str
) -> None:
    path = ledger_path(planned.folder)
    filled(path)
    damage(path)
    for arguments in (("run", "--yes"), ("run", "--yes", "--log-json")):
        code, out, err = typed(planned, *arguments)
        assert (code, out) == (3, "")
        assert said in err
        assert str(path) in err
    with pytest.raises(LedgerError, match=re.escape(said)):
        entries(planned)
    assert planned.service.sent == []


def test_a_state_that_no_ledger_holds_is_explained(tmp_path: Path) -> None:
    path, plan = tmp_path / "l.sqlite3", plan_of(FIRST)
    with open_ledger(path, noon) as ledger:
        ledger.register(plan)
        ledger.move(plan.id, [FIRST], State.SENDING)
        with ledger._connection:
            ledger._connection.execute("UPDATE transitions SET state = 'land ho'")
        for read in (
            ledger.entries,
            lambda: ledger.counts(plan.id),
            lambda: ledger.move(plan.id, [FIRST], State.ACCEPTED),
        ):
            with pytest.raises(LedgerError, match=f"'land ho' is not a valid State.*{DAMAGED}"):
                read()


def test_a_write_ahead_log_that_lost_its_end_leaves_an_earlier_moment(tmp_path: Path) -> None:
    """SQLite cannot see that commits are gone; what is left is whole, and the tables decide."""
    path, plan = tmp_path / "l.sqlite3", plan_of(FIRST)
    with open_ledger(path, noon) as ledger:
        ledger.register(plan)
        walk(ledger, plan, FIRST, State.SENDING, State.ACCEPTED, State.VERIFYING, State.LANDED)
        for name in (path.name, f"{path.name}-wal"):
            shutil.copy(tmp_path / name, tmp_path / f"copy-{name}")
    log = tmp_path / f"copy-{path.name}-wal"
    whole = log.read_bytes()
    seen = set()
    for cut in range(0, len(whole), 1500):
        for name in ("-wal", "-shm"):
            (tmp_path / f"cut{cut}.sqlite3{name}").unlink(missing_ok=True)
        shutil.copy(tmp_path / f"copy-{path.name}", tmp_path / f"cut{cut}.sqlite3")
        (tmp_path / f"cut{cut}.sqlite3-wal").write_bytes(whole[:cut])
        with open_ledger(tmp_path / f"cut{cut}.sqlite3", noon) as ledger:
            ledger.register(plan)
            seen.add(ledger.entries()[0].state)
    assert {State.PLANNED, State.SENDING, State.VERIFYING} <= seen
