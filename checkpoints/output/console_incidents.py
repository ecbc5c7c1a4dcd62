"""What people read in the terminal about incidents."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from checkpoints.archive.incidents import Incident, IncidentState
from checkpoints.archive.report import Report
from checkpoints.explain.watching import Watched
from checkpoints.explain.words import sentence, standing
from checkpoints.text import counted, one_line

MOST = 3
STYLE = {IncidentState.RECOVERED: "green", IncidentState.SHRINKING: "yellow"}


def incident_lines(watched: Watched, report: Report, *, verbose: bool = False) -> tuple[str, ...]:
    """A line for each that is open or was told just now; what was told comes first."""
    told = {notice.incident.id: notice for notice in watched.notices}
    shown = [notice.incident for notice in watched.notices]
    shown += [one for one in watched.open if one.id not in told]
    calendar = report.calendar()
    lines = [
        f"incident {one.id}: {sentence(one, calendar)}; "
        f"{standing(one, told[one.id].event if one.id in told else None)}"
        for one in (shown if verbose else shown[:MOST])
    ]
    if len(lines) < len(shown):
        more = counted(len(shown) - len(lines), "more incident")
        lines.append(f"and {more}: python -m checkpoints incidents")
    return tuple(map(one_line, lines))


def print_incidents(console: Console, incidents: Sequence[Incident], *, every: bool) -> None:
    """Each with its state, what is wrong, and who knows; ``every``: recovered ones are shown."""
    for one in incidents:
        since = f"since {one.opened_at:%Y-%m-%d}"
        if one.recovered_at:
            since = f"{one.opened_at:%Y-%m-%d} to {one.recovered_at:%Y-%m-%d}"
        state = Text(str(one.state), style=STYLE.get(one.state, "red"))
        heading = (Text(one_line(one.id), style="bold"), " · ", state, f" · {since}")
        console.print(Text.assemble(*heading, f" · {one.severity}"), soft_wrap=True)
        note = f": {one.acknowledged.note}" if one.acknowledged and one.acknowledged.note else ""
        for line in (sentence(one), standing(one) + note):
            console.print(f"  {one_line(line)}", soft_wrap=True)
    if not incidents:
        console.print("there was no incident" if every else "no incident is open")
