"""The lock of a ledger: whether a backfill is at work, and whose."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout

from checkpoints.records import Record


class Holder(Record):
    """Who holds the lock, and since when (ISO 8601); both empty where nobody wrote it down."""

    who: str = ""
    since: str = ""

    def __str__(self) -> str:
        return f"{self.who}, since {self.since}" if self.who else "who started it is not recorded"


def at_work(ledger: Path) -> Holder | None:
    """Who holds the ledger of a project; None when no run is at work."""
    lock = lock_of(ledger)
    if not Path(lock.lock_file).exists():
        return None
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return read_note(ledger)
    except OSError:  # the folder cannot be written: all there is to go by is the note
        return read_note(ledger) if note_of(ledger).exists() else None
    lock.release()
    return None


def lock_of(ledger: Path) -> FileLock:
    """The lock, which the operating system releases when its holder dies."""
    return FileLock(ledger.with_suffix(".lock"))


def note_of(ledger: Path) -> Path:
    """Where its holder is written down; a holder that was killed leaves it there."""
    return ledger.with_suffix(".holder.json")


def read_note(ledger: Path) -> Holder:
    """Who is written down."""
    try:
        return Holder.model_validate_json(note_of(ledger).read_bytes())
    except (OSError, ValueError):
        return Holder()
