from __future__ import annotations

from datetime import UTC, date, datetime
from typing import Any

import pytest

from checkpoints.archive.incidents import Acknowledgement, Below, Incident
from checkpoints.explain.life import Event
from checkpoints.explain.words import sentence, standing
from tests.support.warehouses import D

AT = datetime(2025, 1, 9, 6, tzinfo=UTC)
HOLE = tuple(D(f"2025-01-{n:02}") for n in (8, 9, 13))


def incident(kind: str, dates: tuple[date, ...] = HOLE, **more: Any) -> Incident:
    return Incident.model_validate({
        "id": "factors-1", "contract": "pipeline.yml", "dataset": "factors", "kind": kind,
        "dates": dates, "checks": ("date_gap",), "severity": "critical", "state": "opened",
        "opened_at": AT, "changed_at": AT, "run_id": "run", **more,
    })  # fmt: skip


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (incident("missing"), "factors lacks 3 dates (2025-01-08 → 2025-01-09, 2025-01-13)"),
        (
            incident("missing", HOLE[:1], beside=(Below(dataset="cache", dates=HOLE[:1]),)),
            "factors, cache lack 1 date (2025-01-08)",
        ),
        (
            incident("missing", tuple(D(f"2025-01-{n}") for n in (10, 12, 14, 16))),
            "factors lacks 4 dates from 2025-01-10 to 2025-01-16",
        ),
        (incident("late", HOLE[:1]), "factors has stopped, nothing on 1 date (2025-01-08)"),
        (incident("late", (), message="written last yesterday"),
         "factors has stopped: written last yesterday"),
        (incident("orphans", HOLE[:1]),
         "factors holds keys that the upstream lacks on 1 date (2025-01-08)"),
        (incident("rows", HOLE[:1]), "factors fails date_gap on 1 date (2025-01-08)"),
        (incident("rows", HOLE[:1], checks=("a", "b", "c")),
         "factors fails 3 checks on 1 date (2025-01-08)"),
        (incident("unreadable", (), message="no table",
                  below=[{"dataset": n, "dates": ()} for n in "abcde"]),
         "factors cannot be judged: no table, below it: a, b, c and 2 more"),
    ],
)  # fmt: skip
def test_an_incident_in_a_sentence(one: Incident, said: str) -> None:
    assert sentence(one) == said


def test_a_break_without_games_splits_no_range() -> None:
    assert sentence(incident("missing"), HOLE) == (
        "factors lacks 3 dates (2025-01-08 → 2025-01-13)"
    )


def test_who_knows_of_an_incident() -> None:
    noted = Acknowledgement(by="Ada", until=D("2025-01-20"), at=AT)
    one = incident("missing", told_at=AT)
    assert standing(one, Event.OPENED) == "told (opened)"
    assert standing(one) == "told on 2025-01-09"
    assert standing(one.model_copy(update={"acknowledged": noted})) == (
        "told on 2025-01-09, quiet until 2025-01-20 (acknowledged by Ada)"
    )
    assert standing(one, Event.RECOVERED) == "recovered"
