"""Who was told of what landed: the table ``deliveries`` of the ledger.

A row is the last that is known of one service, date and plan. It is written before anything is
sent, so that what a killed run may have sent is sent again with the same Idempotency-Key.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterable
from datetime import date, datetime
from pathlib import Path

from checkpoints.archive.remediation import SETTLED_DELIVERIES, Delivery, DeliveryState
from remediation.ledger.file import explained, text_of
from remediation.plan.groups import CallGroup
from remediation.plan.model import Call

_SETTLED = ", ".join(f"'{state}'" for state in sorted(SETTLED_DELIVERIES))
OPEN_DELIVERY = f"told.state NOT IN ({_SETTLED})"
COLUMNS = "plan_id, service, date, datasets, state, attempts, detail, request"


class Deliveries:
    """Reads and writes the table in an open ledger."""

    def __init__(
        self, connection: sqlite3.Connection, now: Callable[[], datetime], path: Path
    ) -> None:
        self._connection = connection
        self._now = now
        self._path = path

    def add(self, plan_id: str, notices: Iterable[Call], *, verified: bool) -> None:
        """Note what a plan made land and is to be told, once; what was not ``verified`` waits.

        Raises:
            LedgerError: the disk refuses.
        """
        state = DeliveryState.DUE if verified else DeliveryState.NOT_VERIFIED
        at = text_of(self._now())
        with explained(self._path), self._connection:
            self._connection.executemany(
                f"""INSERT INTO deliveries (plan_id, service, date, datasets, state, at)
                VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO UPDATE
                SET state = excluded.state, at = excluded.at
                WHERE state = '{DeliveryState.NOT_VERIFIED}'""",
                [
                    (plan_id, n.service, str(n.date), "\n".join(n.datasets), state, at)
                    for n in notices
                ],
            )

    def move(self, plan_id: str, group: CallGroup, state: DeliveryState, detail: str = "") -> None:
        """Note what became of what is told together; ``sending`` counts an attempt.

        Raises:
            LedgerError: the disk refuses.
        """
        sending = state is DeliveryState.SENDING
        told = (state, sending, detail, group.id, text_of(self._now()), plan_id, group.service)
        self._update(
            """UPDATE deliveries SET state = ?, attempts = attempts + ?, detail = ?, request = ?,
            at = ? WHERE plan_id = ? AND service = ? AND date = ?""",
            [(*told, str(day)) for day in group.dates],
        )

    def hold(self, plan_id: str, group: CallGroup, detail: str) -> None:
        """Note why nothing is sent now; what was known before stays.

        Raises:
            LedgerError: the disk refuses.
        """
        self._update(
            "UPDATE deliveries SET detail = ? WHERE plan_id = ? AND service = ? AND date = ?",
            [(detail, plan_id, group.service, str(day)) for day in group.dates],
        )

    def open(self) -> list[Delivery]:
        """What is to be told and was not, of every plan."""
        return self._read(f"WHERE {OPEN_DELIVERY}")

    def of_plan(self, plan_id: str) -> list[Delivery]:
        """All that a plan made land and that is, or was, to be told."""
        return self._read("WHERE plan_id = ?", plan_id)

    def _update(self, statement: str, rows: Iterable[tuple[object, ...]]) -> None:
        with explained(self._path), self._connection:
            self._connection.executemany(statement, rows)

    def _read(self, where: str, *values: object) -> list[Delivery]:
        query = f"SELECT {COLUMNS} FROM deliveries AS told {where} ORDER BY service, date, plan_id"
        with explained(self._path):
            return [_delivery(*row) for row in self._connection.execute(query, values)]


def _delivery(
    plan_id: str,
    service: str,
    day: str,
    datasets: str,
    state: str,
    attempts: int,
    detail: str,
    request: str,
) -> Delivery:
    return Delivery(
        plan_id=plan_id,
        service=service,
        date=date.fromisoformat(day),
        datasets=tuple(datasets.split("\n")),
        state=DeliveryState(state),
        attempts=attempts,
        detail=detail,
        request=request,
    )
