"""What a service or a notifier needs before it can be called. Pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """Where a request goes; ``trusted`` is the file of the authorities that certificates are of.

    Without one it is the client's own. ``shown`` is how people read it.
    """

    name: str
    port: int
    tls: bool
    shown: str
    trusted: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """A program as it is typed, and the folder and the PATH that it is looked for with."""

    word: str
    folder: str = ""
    path: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Needs:
    """All that must be there; ``problems`` is what is known to be wrong without looking.

    ``credentials`` fetches what a call carries, or raises a ``CheckpointsError``.
    """

    problems: tuple[str, ...] = ()
    host: Host | None = None
    program: Program | None = None
    credentials: Callable[[], object] | None = None
