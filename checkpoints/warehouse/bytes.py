"""What a read is billed, and whether that is allowed. Pure."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from checkpoints.text import human_bytes


class Bytes(NamedTuple):
    """What is read of a dataset, and what is billed for that at least."""

    read: int
    billed: int


def refusal(sizes: Collection[Bytes], before: int, allowed: int, least: int) -> str:
    """Why datasets of these sizes are not read; empty when they may be.

    ``before`` was billed already, and ``least`` is billed for each table; all in bytes.
    """
    total = sum(size.billed for size in sizes)
    if total + before <= allowed:
        return ""
    read = human_bytes(sum(size.read for size in sizes))
    again = f" after {human_bytes(before)} that were billed before" if before else ""
    return (
        f"a read would be billed {human_bytes(total)}{again} (it reads {read}, and each table is "
        f"billed at least {least / 2**20:g} MiB), {human_bytes(total + before - allowed)} more "
        f"than the {human_bytes(allowed)} allowed: nothing was read; narrow the window or raise "
        "--max-bytes"
    )
