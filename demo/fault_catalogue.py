"""The faults by name: what each does, and the blocks it is made of. Pure.

A scenario names one and may replace any of its blocks.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """One fault of the catalogue: a sentence for people, and fields of ``Fault``."""

    about: str
    blocks: Mapping[str, Any]


def _known(about: str, **blocks: Any) -> Known:
    return Known(about=about, blocks=blocks)


def _refuses(status: int, about: str, **blocks: Any) -> Known:
    return _known(f"answers {status}, {about}", status=status, write="nothing", **blocks)


CATALOGUE: Mapping[str, Known] = {
    "never lands": _known("answers 200 and writes nothing, now or later", write="nothing"),
    "half written": _known("answers 200 and writes half of the games", write="half"),
    "partial failure": _known(
        "answers 200, and its results say that one processor failed", write="all but one"
    ),
    "lands late": _known("answers 200 at once and writes 30 s later", write_after=30),
    "contradiction": _refuses(400, "whatever there is that day", message="no games that day"),
    "unauthorized": _refuses(401, "as for an expired token"),
    "forbidden": _refuses(403, "as without permission"),
    "not found": _refuses(404, "as for a wrong path"),
    "method not allowed": _refuses(405, "as for a wrong method"),
    "unprocessable": _refuses(422, "as for a wrong body"),
    "already running": _known(
        "answers 409; an earlier call writes 2 s later",
        status=409,
        write_after=2,
        message="already running",
    ),
    "rate limited": _refuses(429, "with Retry-After: 1", retry_after=1),
    "rate limited until": _refuses(
        429, "with the date in 2 s as Retry-After", retry_after=2, retry_after_as="date"
    ),
    "quota used up": _refuses(429, "with Retry-After: 3600", retry_after=3600),
    "server error": _refuses(500, "and writes nothing"),
    "server error after the write": _known("writes all and answers 500", status=500),
    "bad gateway": _refuses(502, "and writes nothing"),
    "unavailable": _refuses(503, "and writes nothing"),
    "gateway timeout": _known(
        "answers 504, and the worker writes 2 s later", status=504, write_after=2
    ),
    "connection refused": _known(
        "writes and answers, then nobody can connect for 2 s", refuse_for=2
    ),
    "reset before the write": _known(
        "breaks the connection off and writes nothing", write="nothing", reset="before the answer"
    ),
    "reset after the write": _known("writes, then resets instead", reset="before the answer"),
    "reset in the answer": _known("writes, then resets in mid-answer", reset="in the answer"),
    "no answer, lands later": _known(
        "is silent for 150 s and writes after 140 s", answer_after=150, write_after=140
    ),
    "no answer, never lands": _known(
        "is silent for 150 s and writes nothing", answer_after=150, write="nothing"
    ),
    "login redirect": _known(
        "redirects to a log-in page",
        status=302,
        write="nothing",
        headers={"Location": "/login"},
        body="html",
    ),
    "html": _known("answers 200 with a web page, and writes nothing", write="nothing", body="html"),
    "broken json": _known("writes, and its answer is cut JSON", body="broken json"),
    "huge body": _known("writes, and answers 64 MB", body_bytes=64_000_000),
    "slow drip": _known("writes, and takes 150 s for the body", drip_seconds=150),
    "damages the day before": _known(
        "writes the date, and deletes the day before", damage_day_before=True
    ),
    "custom": _known("only what the keys beside it say"),
}
