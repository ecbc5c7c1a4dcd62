"""Notifications are sent: to all notifiers side by side, none of which can hold up a command."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

from checkpoints.contract.model import Contract
from checkpoints.contract.notifiers import Notifier
from checkpoints.contract.secrets import Mask
from checkpoints.explain.life import Notice
from checkpoints.output.notify.kind import NotifierKind, NotSent, Send
from checkpoints.output.notify.notification import Notification
from checkpoints.process import in_background
from checkpoints.text import one_line

GRACE_SECONDS = 1.0
"""How much longer than its timeout a notifier is waited for: it may say itself what went wrong."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of notifications on one way: those that were ``taken``, and why others were not.

    ``label`` names the way; ``problem`` is empty where all were taken. Neither holds a secret.
    """

    label: str
    taken: tuple[Notification, ...] = ()
    problem: str = ""

    def __str__(self) -> str:
        return f"{self.label!r}: {self.problem or 'ok'}"


def wants(notifier: Notifier, notice: Notice, contract: Contract) -> bool:
    """Whether a notifier is to tell something."""
    one = notice.incident
    names = {one.dataset, *(part.dataset for part in one.beside)}
    layers = {contract.datasets[name].layer for name in names if name in contract.datasets}
    return (
        notice.event in notifier.on
        and one.severity in notifier.severities
        and (not notifier.datasets or bool(names & {*notifier.datasets}))
        and (not notifier.layers or bool(layers & {*notifier.layers}))
    )


def deliver(
    given: Sequence[tuple[Notifier, Sequence[Notification]]], environment: Mapping[str, str]
) -> list[Delivery]:
    """Send to every notifier what it is given, on each of its ways one after another.

    No notifier is waited for longer than its timeout and a moment; whatever it does, nothing is
    raised. A way on which one notification fails is not tried with the next.
    """
    started = time.monotonic()
    works = [
        work
        for notifier, notifications in given
        if isinstance(notifier, NotifierKind) and notifications
        for work in _works(notifier, notifications, environment)
    ]
    return [work.delivery(started) for work in works]


def _works(
    notifier: NotifierKind, notifications: Sequence[Notification], environment: Mapping[str, str]
) -> list[_Work]:
    mask = Mask(notifier.secrets(environment))
    ways: Mapping[str, Send]
    if unset := notifier.unset(environment):
        exports = " ".join(f"{name}=…" for name in unset)
        what = "environment variable" + ("s" if len(unset) > 1 else "")
        problem = f"{what} not set: export {exports}"
        ways = {notifier.label: partial(_refuse, problem)}
    else:
        ways = notifier.ways(environment)
    return [
        _Work(label, send, notifier.timeout_seconds, mask, notifications)
        for label, send in ways.items()
    ]


def _refuse(problem: str, _: Notification) -> None:
    raise NotSent(problem)


class _Work:
    """Notifications that are sent on one way, from a thread of its own."""

    def __init__(
        self,
        label: str,
        send: Send,
        seconds: float,
        mask: Mask,
        notifications: Sequence[Notification],
    ) -> None:
        self._label, self._send, self._seconds, self._mask = label, send, seconds, mask
        self._notifications = notifications
        self._taken: list[Notification] = []
        self._ending = in_background(self._run)

    def _run(self) -> None:
        for notification in self._notifications:
            self._send(notification)
            self._taken.append(notification)

    def delivery(self, started: float) -> Delivery:
        """Wait for the end, until the time is over that began when all were ``started``."""
        problem = self._problem(started)
        taken, given = tuple(self._taken), len(self._notifications)
        if problem and given > 1:
            problem += f"; {given - len(taken)} of {given} notifications were not sent"
        return Delivery(label=self._label, taken=taken, problem=one_line(self._mask(problem), 300))

    def _problem(self, started: float) -> str:
        left = started + self._seconds + GRACE_SECONDS - time.monotonic()
        try:
            error = self._ending.exception(max(0.0, left))
        except TimeoutError:
            return f"it had not taken it after {self._seconds:g} s"
        if isinstance(error, NotSent):
            return str(error)
        return f"{type(error).__name__} while it was sent" if error else ""
