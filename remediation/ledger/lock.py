"""One run at a time: a lock that the operating system releases when its holder dies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import Timeout

from checkpoints.archive.lock import Holder, lock_of, note_of, read_note
from remediation.errors import AlreadyRunning, LedgerError

SECONDS_TO_WAIT = 0.5
"""Whoever asks whether a run is at work holds the lock for an instant."""


@contextmanager
def only_run(ledger: Path, holder: str, since: str) -> Iterator[None]:
    """Hold the ledger of a project; a second run is told ``holder`` and ``since``.

    Raises:
        AlreadyRunning: another run holds it.
        LedgerError: the folder cannot be written.
    """
    lock, note = lock_of(ledger), note_of(ledger)
    try:
        lock.acquire(timeout=SECONDS_TO_WAIT)
        note.write_text(Holder(who=holder, since=since).model_dump_json(), encoding="utf-8")
    except Timeout as error:
        raise AlreadyRunning(
            f"another run is at work ({read_note(ledger)}): wait for it, or see "
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
