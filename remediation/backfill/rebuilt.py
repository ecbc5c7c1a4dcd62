"""Whether rows were written anew by a call, which their keys do not show.

Clocks differ: the moment of a call is never compared with that of a row. What is compared comes
from one column, the latest ``written_at`` of the rows that were seen before a service's calls were
sent and the earliest of those that are seen now. What was seen is in the ledger, and stays as it is
once a call may have been taken; so it holds for every later look, also of another run.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from checkpoints.rules.evidence import Cell
from checkpoints.rules.fresh import NEVER, moment
from checkpoints.text import counted
from remediation.backfill.tables import Held, NotRebuilt
from remediation.ledger.ledger import Ledger, RowsSeen
from remediation.plan.model import Call

NOT_ACCEPTED = "it has no written_at that would show that it was rebuilt, and no answer says so"
UNSEEN = "what it held before the call is not known"


class Rebuilds:
    """What there was before the calls of a plan that write rows anew."""

    def __init__(self, ledger: Ledger, plan_id: str) -> None:
        self._ledger = ledger
        self._plan_id = plan_id
        self._before = ledger.seen_before(plan_id)

    def note(self, calls: Sequence[Call], found: Mapping[str, Held]) -> None:
        """Note what calls that were never taken will rebuild, as a look has found it."""
        seen = {call: dict(_seen(call, found[call.id])) for call in calls}
        if seen:
            self._ledger.note_seen(self._plan_id, seen)
            self._before |= {call.id: rows for call, rows in seen.items()}

    def judged(self, call: Call, held: Held) -> Held:
        """What a call has left, judged by what there was before it.

        Of what may lack keys no more are asked than there were.
        """
        if not call.rebuilds:
            return held
        before = self._before.get(call.id, {})
        held_none = {name for name, seen in before.items() if not seen.matched}
        silent = [name for name in call.rebuilds if name not in held_none | held.written.keys()]
        accepted = not silent or self._ledger.is_accepted(self._plan_id, call)
        cells = {
            name: _as_before(cell, before.get(name)) if name in call.tolerated else cell
            for name, cell in held.cells.items()
        }
        old = [_timed(call, name, held, before.get(name)) for name in held.written]
        if not accepted:
            old += [NotRebuilt(name, NOT_ACCEPTED, whole=True) for name in silent]
        have = "has" if len(silent) == 1 else "have"
        note = f"accepted; {', '.join(silent)} {have} no written_at that would show that "
        were = "it was" if len(silent) == 1 else "they were"
        return replace(
            held,
            cells=cells,
            not_rebuilt=tuple(one for one in old if one),
            note=f"{note}{were} rebuilt" if silent else "",
        )


def _seen(call: Call, held: Held) -> Iterator[tuple[str, RowsSeen]]:
    for name in call.rebuilds:
        written = held.written.get(name)
        yield name, RowsSeen(held.cells[name].matched, written.last if written else None)


def _as_before(cell: Cell, before: RowsSeen | None) -> Cell:
    enough = before is not None and 0 < before.matched <= cell.matched < cell.expected
    return cell._replace(expected=cell.matched) if enough else cell


def _timed(call: Call, name: str, held: Held, before: RowsSeen | None) -> NotRebuilt | None:
    """Whether all rows of a dataset were written after what was there before; None when so."""
    now, rows = held.written[name], held.counts[name].rows
    if not rows:
        return None  # its keys say so
    if before is None or now is None:
        return NotRebuilt(name, NEVER if before else UNSEEN, whole=True)
    if before.written is None or now.first > before.written:
        return None
    whole = now.last <= before.written
    which = counted(rows, "row") if whole else f"some of {counted(rows, 'row')}"
    are = "is" if rows == 1 else "are"
    told = f"{which} of {call.date} {are} still of {moment(now.first)} (UTC)"
    return NotRebuilt(name, told, whole)
