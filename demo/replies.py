"""What goes over the wire: an answer as status, headers and content, faults included."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from email.utils import formatdate

from demo.faults import Fault
from demo.processors import Answer

PIECE = 65_536
DRIP_SECONDS = 0.1
LOG_IN_PAGE = b"<!doctype html><html><title>Log in</title><h1>Log in to go on</h1></html>\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """One HTTP answer, but for its Content-Length."""

    status: int
    headers: tuple[tuple[str, str], ...]
    content: bytes


def reply_of(answer: Answer, fault: Fault, now: float) -> Reply:
    """The reply to a call; ``now`` is in seconds since 1970."""
    status = fault.status or answer.status.value
    kind = "text/html" if fault.body == "html" else "application/json"
    return Reply(
        status=status,
        headers=(("Content-Type", kind), *fault.headers.items(), *_retry_after(fault, now)),
        content=_content(answer, fault, status),
    )


def log_in_page() -> Reply:
    """Where the log-in redirect leads."""
    return Reply(status=200, headers=(("Content-Type", "text/html"),), content=LOG_IN_PAGE)


def _retry_after(fault: Fault, now: float) -> Iterator[tuple[str, str]]:
    if fault.retry_after is not None:
        as_date = fault.retry_after_as == "date"
        until = formatdate(now + fault.retry_after, usegmt=True)
        yield "Retry-After", until if as_date else str(fault.retry_after)


def _content(answer: Answer, fault: Fault, status: int) -> bytes:
    if fault.body == "html":
        return LOG_IN_PAGE.ljust(fault.body_bytes)
    body = answer.body
    if status >= 400 and fault.status is not None:
        body = {"status": "error", "error": fault.message or fault.fault}
    content = json.dumps(body).encode()
    if fault.body == "broken json":
        content = content[: len(content) // 2]
    return content.ljust(fault.body_bytes)


def pieces(reply: Reply, fault: Fault) -> Iterator[tuple[bytes, float]]:
    """The content in pieces, each with the seconds to wait after it."""
    content = reply.content
    if fault.reset == "in the answer":
        content = content[: len(content) // 2]
    size, pause = PIECE, 0.0
    if fault.drip_seconds and content:
        number = max(1, min(len(content), round(fault.drip_seconds / DRIP_SECONDS)))
        size, pause = -(-len(content) // number), fault.drip_seconds / number
    for start in range(0, len(content), size):
        yield content[start : start + size], pause
