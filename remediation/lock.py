"""One run at a time: a lock that the operating system releases when its holder dies."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from remediation.errors import AlreadyRunning, LedgerError


@contextmanager
def only_run(ledger: Path, holder: str, since: str) -> Iterator[None]:
    """Hold the ledger of a project; ``holder`` and ``since`` are told to whoever comes second.

    Raises:
        AlreadyRunning: another run holds it.
        LedgerError: the folder cannot be written.
    """
    lock = FileLock(ledger.with_suffix(".lock"))
    note = ledger.with_suffix(".holder.json")
    try:
        ledger.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(blocking=False)
    except Timeout as error:
        raise AlreadyRunning(
            f"another run is at work ({_holder(note)}): wait for it, or see "
            "python -m remediation status"
        ) from error
    except OSError as error:
        raise LedgerError(f"{ledger.parent}: cannot be written ({error.strerror})") from error
    try:
        note.write_text(json.dumps({"holder": holder, "since": since}), encoding="utf-8")
        yield
    finally:
        note.unlink(missing_ok=True)
        lock.release()


def _holder(note: Path) -> str:
    try:
        held = json.loads(note.read_text(encoding="utf-8"))
        return f"{held['holder']}, since {held['since']}"
    except (OSError, ValueError, KeyError, TypeError):
        return "it does not say whose"
