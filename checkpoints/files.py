"""Files, written as a whole or not at all."""

from __future__ import annotations

import hashlib
from pathlib import Path

from checkpoints.errors import CheckpointsError


def write_text(path: Path, text: str) -> None:
    """Write a whole file at once: a reader sees the old content or the new, never half of it.

    Links are followed; a device or pipe is written to, not replaced.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    try:
        path = path.resolve()
        if path.exists() and not path.is_file():
            path.write_text(text, encoding="utf-8")
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary = path.with_name(f".{path.name}.partial")
        temporary.write_text(text, encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        raise CheckpointsError(
            f"cannot write {str(path)!r} ({error.strerror}): make the folder writable "
            "or name another"
        ) from error


def sha256_of(path: Path) -> str:
    """The SHA-256 of a file's bytes, as 64 hexadecimal digits.

    Raises:
        OSError: the file cannot be read.
    """
    return hashlib.sha256(path.read_bytes()).hexdigest()
