"""What a repair makes of faults that meet a request for several dates: the canary is the 17th, and
the 18th and 19th are asked for together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.support.rehearsals import Outcome, fault, incomplete, rehearsal

RANGE = {
    "dates_per_call": "range",
    "path": "/process-date-range",
    "body": {"start_date": "{from}", "end_date": "{to}"},
}
LIST = {"dates_per_call": "list", "path": "/process-dates", "body": {"dates": "{dates}"}}
ONCE, TWICE = "4/17 4/18-19", "4/17 4/18-19 4/18-19"
ALL_LANDED = "4/17 landed, 4/18 landed, 4/19 landed"
BOTH_REJECTED = "4/17 landed, 4/18 rejected, 4/19 rejected"


def landed(sent: str) -> Outcome:
    return Outcome(code=0, sent=sent, states=ALL_LANDED, games=(2, 2, 2))


def without_the_18th(state: str, games: int = 0) -> Outcome:
    return incomplete(ONCE, f"4/17 landed, 4/18 {state}, 4/19 landed", 2, games, 2)


LOST = [
    (fault("reset before the write", "18", times=1), {}, landed(TWICE)),
    (fault("reset after the write", "18"), {}, landed(ONCE)),
    (fault("no answer, never lands", "18", times=1, answer_after=3), {"timeout_seconds": 1},
     landed(f"{ONCE} 4/18")),
    (fault("no answer, lands later", "18", write_after=1.5, answer_after=1.6),
     {"timeout_seconds": 1, "settle_seconds": 5}, landed(ONCE)),
    (fault("gateway timeout", "18", write_after=0.5), {"settle_seconds": 5}, landed(ONCE)),
]  # fmt: skip
REFUSED = [
    (fault("rate limited", "18", times=1), {}, landed(TWICE)),
    (fault("unavailable", "19", times=1), {}, landed(TWICE)),
    (fault("unauthorized", "18"), {}, incomplete(ONCE, BOTH_REJECTED, 2, 0, 0)),
    (fault("contradiction", "19"), {}, incomplete(ONCE, BOTH_REJECTED, 2, 0, 0)),
    (fault("server error", "18"), {}, incomplete(ONCE, BOTH_REJECTED, 2, 0, 0)),
]
OF_ONE_DATE = [
    (fault("server error after the write", "18"), {}, landed(ONCE)),
    (fault("lands late", "18", write_after=0.4), {"settle_seconds": 5}, landed(ONCE)),
    (fault("partial failure", "18"), {}, without_the_18th("rejected")),
    (fault("half written", "18"), {}, without_the_18th("partial", games=1)),
    (fault("never lands", "18"), {}, without_the_18th("still missing")),
]


@pytest.mark.parametrize(
    ("met", "declared", "expected"),
    [*LOST, *REFUSED, *OF_ONE_DATE],
    ids=lambda value: value.get("fault", "") if isinstance(value, dict) else "",
)
def test_each_date_of_a_range_ends_in_what_the_tables_show(
    tmp_path: Path, met: dict[str, Any], declared: dict[str, Any], expected: Outcome
) -> None:
    with rehearsal(tmp_path, met, **RANGE, **declared) as made:
        made.repaired(expected)


@pytest.mark.parametrize("together", [RANGE, LIST], ids=["range", "list"])
def test_the_next_run_sends_what_is_missing_of_a_request(
    tmp_path: Path, together: dict[str, Any]
) -> None:
    with rehearsal(tmp_path, fault("never lands", "19", times=1), **together) as made:
        made.repaired(incomplete(ONCE, "4/17 landed, 4/18 landed, 4/19 still missing", 2, 2, 0))
        again = made.repair("resume")
        assert made.outcome(again) == landed(f"{ONCE} 4/19")
