"""Files, written as a whole or not at all."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from checkpoints.errors import CheckpointsError


def write_text(path: Path, text: str) -> None:
    """Write a whole file at once: a reader sees the old content or the new, never half of it.

    Links are followed, and a file keeps its permissions; a device or pipe is written to, not
    replaced.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    with replacing(path) as unfinished:
        unfinished.write_text(text, encoding="utf-8")


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Another path to be written, which takes the place of a file when all of it is there.

    As ``write_text`` does it: a device or pipe is the path itself.

    Raises:
        CheckpointsError: one of the two cannot be written.
    """
    try:
        if path.exists() and not path.is_file():
            yield path
            return
        path = path.resolve()
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_name(f".{path.name}.partial")
        try:
            yield unfinished
            if path.exists():
                unfinished.chmod(path.stat().st_mode)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)
    except OSError as error:
        raise CheckpointsError(
            f"cannot write {str(path)!r} ({error.strerror}): make the folder writable "
            "or name another"
        ) from error


def obstacle(path: Path) -> str:
    """Why a file cannot be written, as far as is known before it is; empty when it can."""
    real = os.path.realpath(path)
    if os.path.isdir(real):
        return "is a directory"
    folder = os.path.dirname(real)
    while not os.path.lexists(folder):
        folder = os.path.dirname(folder)
    if not os.path.isdir(folder):
        return f"{folder!r} is no directory"
    if os.path.exists(path) and not os.path.isfile(path):
        return "" if os.access(path, os.W_OK) else "may not be written"
    return "" if os.access(folder, os.W_OK | os.X_OK) else f"{folder!r} may not be written"


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()
