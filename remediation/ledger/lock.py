"""One run at a time: a lock that the operating system releases when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from checkpoints.records import Record
from remediation.errors import AlreadyRunning, LedgerError

SECONDS_TO_WAIT = 0.5
"""Whoever asks whether a run is at work holds the lock for an instant."""


class Holder(Record):
    """Who holds the lock, and since when (ISO 8601); both empty where nobody wrote it down."""

    who: str = ""
    since: str = ""

    def __str__(self) -> str:
        return f"{self.who}, since {self.since}" if self.who else "who started it is not recorded"


@contextmanager
def only_run(ledger: Path, holder: str, since: str) -> Iterator[None]:
    """Hold the ledger of a project; a second run is told ``holder`` and ``since``.

    Raises:
        AlreadyRunning: another run holds it.
        LedgerError: the folder cannot be written.
    """
    lock, note = _lock(ledger), _note(ledger)
    try:
        lock.acquire(timeout=SECONDS_TO_WAIT)
        note.write_text(Holder(who=holder, since=since).model_dump_json(), encoding="utf-8")
    except Timeout as error:
        raise AlreadyRunning(
            f"another run is at work ({_read_note(ledger)}): wait for it, or see "
            "python -m remediation status"
        ) from error
    except OSError as error:
        lock.release()
        raise LedgerError(
            f"{ledger.parent}: cannot be written ({error.strerror}): make it writable, "
            "or make room on the disk"
        ) from error
    try:
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def at_work(ledger: Path) -> Holder | None:
    """Who holds the ledger of a project; None when no run is at work."""
    lock = _lock(ledger)
    if not Path(lock.lock_file).exists():
        return None
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _read_note(ledger)
    except OSError:  # the folder cannot be written: all there is to go by is the note
        return _read_note(ledger) if _note(ledger).exists() else None
    lock.release()
    return None


def _lock(ledger: Path) -> FileLock:
    return FileLock(ledger.with_suffix(".lock"))


def _note(ledger: Path) -> Path:
    return ledger.with_suffix(".holder.json")


def _read_note(ledger: Path) -> Holder:
    try:
        return Holder.model_validate_json(_note(ledger).read_bytes())
    except (OSError, ValueError):
        return Holder()
