"""What belongs together because it has something in common, directly or through others. Pure."""

from __future__ import annotations

from collections.abc import Hashable, Iterable
from typing import TypeVar

Member = TypeVar("Member")


def joined(groups: Iterable[tuple[list[Member], set[Hashable]]]) -> list[list[Member]]:
    """Groups, each with its marks: those that have a mark in common become one."""
    found: list[tuple[list[Member], set[Hashable]]] = []
    for members, marks in groups:
        for other in [group for group in found if group[1] & marks]:
            found.remove(other)
            members, marks = other[0] + members, other[1] | marks
        found.append((members, marks))
    return [members for members, _ in found]
