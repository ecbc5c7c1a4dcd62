"""An incident in words for those who are told of it: what, where, since when, why, what next. Pure.

The first line of a text stands by itself, for those who read no further.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import date

from checkpoints.archive.incidents import Incident, IncidentKind
from checkpoints.archive.report import Report
from checkpoints.contract.due import is_root
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.model import Contract
from checkpoints.contract.notifiers import Event
from checkpoints.coverage.results import CheckRecord
from checkpoints.dates import DateRange
from checkpoints.explain.life import Notice
from checkpoints.explain.words import dates_in_words, named, sentence
from checkpoints.output.notify.notification import Notification
from checkpoints.rules.evidence import Cell, CellState
from checkpoints.rules.rule import Outcome
from checkpoints.text import counted, dates, one_line

TITLE_LENGTH = 80
"""What a phone shows."""

SENT_NOTHING = "the source sent nothing, or nobody loaded it"

MOST_SAID = 2
"""Checks whose message is part of a cause."""

STILL = {Event.REMINDER: "still ", Event.GROWN: "now "}
AGAIN = {
    IncidentKind.MISSING: "nothing missing",
    IncidentKind.LATE: "goes on",
    IncidentKind.ORPHANS: "no orphan keys",
    IncidentKind.UNREADABLE: "can be judged",
}
"""What is so once it has recovered; that rows are as they should be, their checks tell."""

GIVES_BACK = (IncidentKind.MISSING, IncidentKind.LATE)
"""Kinds that a backfill repairs."""


def notification_of(notice: Notice, report: Report, file: ContractFile) -> Notification:
    """What people are told; the report is that of the run that gave rise to it."""
    one = notice.incident
    is_over = notice.event is Event.RECOVERED
    is_known = one.dataset in file.contract.datasets
    cause = "" if is_over else likely_cause(one, report, file.contract)
    command = "" if is_over else _command(one, report, file)
    link = link_to(file.contract, report.run_id)
    heading = _heading(notice, report, is_known=is_known)
    is_more = notice.event is Event.GROWN and notice.added and notice.added != one.dates
    added = f"New: {dates_in_words(notice.added, report.calendar())}." if is_more else ""
    lines = [heading, added, _since(one), cause and f"Likely cause: {cause}."]
    lines += [f"Next: {command}"] if command else []
    lines += [f"Acknowledge: {_acknowledge(one, file)}"] if not is_over else []
    lines += [f"Page: {link}"] if link else []
    return Notification(
        event=notice.event,
        title=one_line(_title(notice, is_known=is_known), TITLE_LENGTH),
        text="\n".join(one_line(line) for line in lines if line),
        contract=file.path.name,
        ranges=tuple(report.ranges(one.told_dates if is_over else one.dates)),
        cause=cause,
        command=command,
        link=link,
        incident=one,
    )


def for_a_test(file: ContractFile) -> Notification:
    """A test of a notifier: it says that nothing is wrong."""
    text = f"Nothing is wrong: this is a test of the notifiers of {file.path.name}."
    return Notification(
        event="test",
        title="checkpoints: a test of the notifiers",
        text=text,
        contract=file.path.name,
        link=file.contract.public_url or "",
    )


def link_to(contract: Contract, run_id: str) -> str:
    """The address of the page of a run; empty where the pages have none."""
    return f"{contract.public_url}/signoff/{run_id}.html" if contract.public_url else ""


def _title(notice: Notice, *, is_known: bool) -> str:
    """``is_known``: the dataset is still in the contract."""
    one, event = notice.incident, notice.event
    names = one.dataset + (f" and {len(one.beside)} more" if one.beside else "")
    if event is Event.RECOVERED:
        again = AGAIN.get(one.kind) or _checks(one, "passes", "pass")
        return f"{names}: recovered, {again}" if is_known else f"{names}: no longer in the contract"
    start = f"{names}: {STILL.get(event, '')}"
    days = dates(len(one.dates))
    on = f" on {days}" if one.dates else ""
    match one.kind:
        case IncidentKind.MISSING:
            return f"{start}{days if one.dates else 'keys'} missing"
        case IncidentKind.LATE:
            return f"{start}stopped"
        case IncidentKind.ORPHANS:
            return f"{start}orphan keys{on}"
        case IncidentKind.ROWS:
            return f"{start}{_checks(one, 'fails', 'fail')}{on}"
        case IncidentKind.UNREADABLE:
            return f"{start}cannot be judged"


def _checks(one: Incident, one_does: str, they: str) -> str:
    """``filled points fails``, ``4 checks fail``."""
    several = f"{len(one.checks)} checks {they}"
    return f"{one.checks[0]} {one_does}" if len(one.checks) == 1 else several


def _heading(notice: Notice, report: Report, *, is_known: bool) -> str:
    one = notice.incident
    if notice.event is not Event.RECOVERED:
        return f"{sentence(one, report.calendar())}."
    names = named([one.dataset, *(part.dataset for part in one.beside)])
    days = one.told_dates
    was = f" It was about {dates_in_words(days, report.calendar())}." if days else ""
    if not is_known:
        return f"{one.dataset} is no longer in the contract.{was}"
    return f"{names} {'have' if one.beside else 'has'} recovered.{was}"


def _since(one: Incident) -> str:
    opened = f"{one.opened_at:%Y-%m-%d}"
    if one.recovered_at is None:
        return f"{one.severity.capitalize()}, open since {opened}."
    days = (one.recovered_at.date() - one.opened_at.date()).days
    lasted = counted(days, "day") if days else "less than a day"
    return f"Opened on {opened}, recovered on {one.recovered_at:%Y-%m-%d}: {lasted}."


def likely_cause(one: Incident, report: Report, contract: Contract) -> str:
    """Why, as far as one run can tell, in a sentence without a full stop; empty where it cannot."""
    match one.kind:
        case IncidentKind.MISSING if not one.checks:
            return "its own checks allow what it lacks, and those of what is built from it do not"
        case IncidentKind.MISSING:
            return _why_missing(one, report, contract)
        case IncidentKind.LATE:
            return _why_late(one, report)
        case IncidentKind.ORPHANS:
            above = _upstream(one, report)
            return above and f"{above} lost keys, or wrote them otherwise, after it had been built"
        case IncidentKind.ROWS:
            return _why_rows(one, report)
        case IncidentKind.UNREADABLE:
            return ""


def _why_missing(one: Incident, report: Report, contract: Contract) -> str:
    above, cells = _upstream(one, report), _cells(one.dataset, report)
    found = [cells[day] for day in one.dates if day in cells]
    if not (above and found):
        return SENT_NOTHING if found and is_root(contract, one.dataset) else ""
    higher = _cells(above, report)
    lacking = [day for day in one.dates if day in higher and higher[day].state.is_lacking]
    if lacking:
        return f"its upstream {above} lacks {_of_them(len(lacking), one.dates)} too"
    empty = sum(cell.state is CellState.MISSING for cell in found)
    if not empty:
        return f"its upstream {above} has these keys: it was built in part, or before they came"
    has = f"{above} has {_of_them(empty, one.dates)}"
    if above == contract.reference:
        return f"{has}: {SENT_NOTHING}"
    return f"its upstream {has}: the backfill did not reach it"


def _of_them(count: int, days: Sequence[date]) -> str:
    if count == len(days):
        return "this date" if count == 1 else "these dates"
    return f"{count} of these dates"


def _why_rows(one: Incident, report: Report) -> str:
    """It is the highest in the lineage that fails; why, its checks may say."""
    said = [f"{check.name}: {check.message}" for check in _failed(one, report) if check.message]
    details = f" ({'; '.join(said[:MOST_SAID])})" if said else ""
    days = _of_them(len(one.dates), one.dates) if one.dates else "any date"
    return f"nothing above it fails on {days}: it was built or loaded so{details}"


def _why_late(one: Incident, report: Report) -> str:
    above = _upstream(one, report)
    cells = _cells(above, report)
    if not any(day in cells for day in one.dates):
        return "its source, or the job that loads it, has stopped"
    goes_on = any(cells[day].present for day in one.dates if day in cells)
    if goes_on:
        return f"its upstream {above} goes on: what builds it has stopped"
    return f"its upstream {above} has nothing on these dates either"


def _upstream(one: Incident, report: Report) -> str:
    return next((r.of or "" for r in report.datasets if r.name == one.dataset), "")


def _cells(dataset: str, report: Report) -> Mapping[date, Cell]:
    return {cell.date: cell for cell in report.days_of(dataset)}


def _failed(one: Incident, report: Report) -> Iterator[CheckRecord]:
    own = (c for c in report.checks if c.dataset == one.dataset and c.name in one.checks)
    return (check for check in own if check.outcome is Outcome.FAILED)


def _command(one: Incident, report: Report, file: ContractFile) -> str:
    """What to type next, in any folder."""
    dataset = file.contract.datasets.get(one.dataset)  # it may be gone from the contract
    if dataset and dataset.service and (one.kind in GIVES_BACK or _is_repairable(one, report)):
        which = f"--layer {dataset.layer}" if one.beside else f"--dataset {one.dataset}"
        return f"python -m remediation plan {which}{file.option}"
    verb = "coverage" if one.kind in GIVES_BACK else "check"
    span = DateRange(one.dates[0], one.dates[-1]) if one.dates else report.window
    window = f" --from {span.first} --to {span.last}"
    return f"python -m checkpoints {verb}{window}{file.option}"


def _is_repairable(one: Incident, report: Report) -> bool:
    return any(check.rule.repairable for check in _failed(one, report))


def _acknowledge(one: Incident, file: ContractFile) -> str:
    what = f"python -m checkpoints incidents ack {one.id} --by NAME --until DATE"
    return what + file.option
