"""Apprise: Slack, Teams, PagerDuty, e-mail and a hundred more, each by an address of its own kind.

Addresses: https://github.com/caronc/apprise/wiki
"""

from __future__ import annotations

import logging
import re
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import partial
from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import AfterValidator, Field

from checkpoints.contract.notifiers import Event
from checkpoints.contract.secrets import Mask, filled
from checkpoints.output.notify.kind import NotifierKind, NotSent, Send
from checkpoints.output.notify.notification import Notification
from checkpoints.records import OneOrMore

if TYPE_CHECKING:
    from apprise import NotifyBase

LOGGER = logging.getLogger("apprise")
LOADING = threading.Lock()
"""The library loads what it knows of a service when it is first asked for one."""

SHORTEST_PART = 3
"""Shorter parts of an address are left as they are in what is said."""


def _is_an_address(value: str) -> str:
    if not re.match(r"[A-Za-z][A-Za-z0-9+.-]*://.|\$\{", value):
        raise ValueError("is no address such as slack://… or mailto://…")
    return value


class Apprise(NotifierKind):
    """Addresses that apprise knows; each is told by itself."""

    kind: ClassVar[str] = "apprise"

    apprise: Annotated[
        tuple[Annotated[str, AfterValidator(_is_an_address)], ...],
        Field(min_length=1),
        OneOrMore(),
    ]

    def ways(self, environment: Mapping[str, str]) -> Mapping[str, Send]:
        """One per address, by its scheme; the rest of it may be secret."""
        mask = Mask(self.secrets(environment))
        sends = [partial(self._send, filled(url, environment), mask) for url in self.apprise]
        if len(sends) == 1:
            return {self.label: sends[0]}
        schemes = [re.match(r"[^:$]*", url) for url in self.apprise]
        return {
            f"{self.label}, address {n} ({(scheme and scheme[0]) or 'of the environment'})": send
            for n, (scheme, send) in enumerate(zip(schemes, sends, strict=True), start=1)
        }

    def _send(self, url: str, mask: Mask, notification: Notification) -> None:
        """Why a notification was not taken, the library says in its log alone."""
        with _overheard() as said:
            service = self._service(url)
            if service is not None and service.notify(
                title=notification.title,
                body=notification.text,
                notify_type=_colour(notification),
                body_format="text",
            ):
                return
        why = " ".join(said) or "the service did not take it"
        raise NotSent(_without_parts(mask(why), url))

    def _service(self, url: str) -> NotifyBase | None:
        """What knows how to tell an address; None where the library does not know it."""
        with LOADING:
            from apprise import Apprise, AppriseAsset  # heavy: only where something is sent

            asset = AppriseAsset(
                app_id="checkpoints", http_redirects=False, storage_mode="memory"
            )  # nothing is written to disk
            service = Apprise.instantiate(url, asset=asset, suppress_exceptions=True)
        if service is not None:
            service.socket_connect_timeout = self.timeout_seconds
            service.socket_read_timeout = self.timeout_seconds
        return service


def _colour(notification: Notification) -> str:
    """What the library calls the type of a notification, and many services show as a colour."""
    if notification.event is Event.RECOVERED:
        return "success"
    if notification.incident is None:
        return "info"
    return "failure" if notification.incident.severity == "critical" else "warning"


def _without_parts(text: str, url: str) -> str:
    """A text without the parts of an address, any of which may be a secret."""
    own = url.partition("://")[2]
    parts = {*re.split(r"[/:@?]+", own), *re.split(r"[^\w.~+-]+", own)}
    for part in sorted(parts, key=len, reverse=True):
        text = text.replace(part, "…") if len(part) >= SHORTEST_PART else text
    return text


@contextmanager
def _overheard() -> Iterator[list[str]]:
    """The warnings and errors that the library logs on this thread; nobody else sees any."""
    said: list[str] = []
    own = threading.get_ident()

    class Listener(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            if record.thread == own and record.getMessage() not in said:
                said.append(record.getMessage())

    listener = Listener(logging.WARNING)
    LOGGER.propagate = False
    LOGGER.addHandler(listener)
    try:
        yield said
    finally:
        LOGGER.removeHandler(listener)


KIND = Apprise
