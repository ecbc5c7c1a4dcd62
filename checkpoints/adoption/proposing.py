"""A contract, decided question by question: dates and keys, then lineage, then the calendar."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date

from checkpoints.adoption.calendars import Habit, expected_dates, habit_of, holiday_like
from checkpoints.adoption.columns import date_choice, unreadable_date
from checkpoints.adoption.facts import Ask, Dataset, Question, Table, dataset_names
from checkpoints.adoption.holiday_lists import Fit, best_fit
from checkpoints.adoption.keys import proposed_key
from checkpoints.adoption.layers import Layers, layers_of
from checkpoints.adoption.lineage import Link, in_order
from checkpoints.adoption.linking import linked
from checkpoints.adoption.measuring import Survey
from checkpoints.adoption.vocabulary import CALENDARS, DIMENSION, words_of
from checkpoints.dates import DAY, DateRange

ZONES = (
    "Europe/Berlin",
    "Europe/London",
    "America/New_York",
    "America/Chicago",
    "America/Los_Angeles",
    "Asia/Kolkata",
    "Asia/Tokyo",
    "Australia/Sydney",
)
"""Tried where the dates of moments keep no calendar in UTC, as they do on the wrong side of
midnight."""

UNDATED = "no date column is declared: name it in meta (date: …), or give --warehouse"

PLAIN = {
    "daily": Habit("daily"),
    "business_days": Habit("business_days"),
    "weekly": Habit("weekly", "monday"),
    "monthly": Habit("monthly", "1"),
    "irregular": Habit("irregular"),
}
"""The calendars that an answer may name."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """All that a contract is written from. ``left_out`` says why, by table.

    ``zone`` is None where no column needs one. ``others`` are columns that may be a date as well.
    """

    datasets: Sequence[Dataset]
    links: Mapping[str, Link]
    layers: Layers
    calendar: Habit
    habits: Mapping[str, Habit] = field(default_factory=dict)
    reference: str | None = None
    holidays: Fit | None = None
    zone: str | None = None
    left_out: Mapping[str, str] = field(default_factory=dict)
    others: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def starts(self) -> date | None:
        """The first date of what has no upstream here."""
        return min((dataset.first for dataset in self._roots), default=None)

    @property
    def newest(self) -> date | None:
        """The last date of what has no upstream here."""
        return max((dataset.last for dataset in self._roots), default=None)

    @property
    def _roots(self) -> list[Dataset]:
        return [d for d in self.datasets if d.name not in self.links and d.counts]

    def before(self, dataset: Dataset) -> DateRange | None:
        """The dates before a dataset begins, where any was due for it."""
        if not dataset.counts or not self.starts or dataset.first <= self.starts:
            return None
        before = DateRange(self.starts, dataset.first - DAY)
        return before if self._due(dataset.name, before) else None

    def is_old(self, today: date) -> bool:
        """Whether dates were due since the newest, but for the last days."""
        if not self.newest or (today - self.newest).days <= 2:
            return False
        return bool(self._due("", DateRange(self.newest + DAY, today - 2 * DAY)))

    def _due(self, name: str, dates: DateRange) -> list[date]:
        habit = self.habits.get(name, self.calendar)
        habit = habit if habit.kind != "irregular" else Habit("daily")
        return expected_dates(habit, dates, self.holidays.off if self.holidays else ())


def proposed(
    survey: Survey,
    tables: Sequence[Table],
    unreadable: Mapping[tuple[str, ...], str],
    ask: Ask,
    *,
    zone_said: bool = False,
) -> Proposal:
    """What a warehouse's tables come to.

    Raises:
        WarehouseError: it cannot be read.
    """
    paths = [*(table.path for table in tables), *unreadable]
    names = dict(zip(paths, dataset_names(paths), strict=True))
    left_out = {names[path]: why for path, why in unreadable.items()}
    left_out |= {names[t.path]: why for t in tables if (why := _why_none(t, survey.today))}
    usable = {
        name: _without(t, [u for u in tables if names[u.path] in left_out])
        for t in tables
        if (name := names[t.path]) not in left_out
    }
    zoned = [
        n for n, t in usable.items() if t.date_type(date_choice(t).column or "") == "timestamp"
    ]
    if zoned and not zone_said:
        proposal = (_zone(survey, usable[zoned[0]]),)
        text = f"time zone in which a day begins ({', '.join(zoned[:3])} has moments)?"
        survey = replace(survey, zone="".join(ask(Question(text, proposal))))
    datasets = [_dataset(survey, table, name, ask) for name, table in usable.items()]
    found = _joined(survey, datasets, left_out, ask)
    return replace(found, zone=survey.zone if zoned or zone_said else None)


def _zone(survey: Survey, table: Table) -> str:
    """The first zone in which the dates of a table keep a calendar; else that of the survey."""
    column = date_choice(table).column or ""
    for zone in (survey.zone, *ZONES):
        counts = replace(survey, zone=zone).counts(table, column)
        if counts and habit_of(counts).kind != "irregular":
            return zone
    return survey.zone


def _without(table: Table, others: Sequence[Table]) -> Table:
    """A table, said to be built from what others are built from in place of these."""
    above = table.known.upstream
    left = {other.path: other.known.upstream or () for other in others}
    while above and (gone := [path for path in above if path in left]):
        above = tuple(dict.fromkeys(up for p in above for up in (left[p] if p in gone else (p,))))
    return replace(table, known=replace(table.known, upstream=above))


def _why_none(table: Table, today: date) -> str:
    """Why a table is no dataset; empty where it is one."""
    if table.rows == 0:
        return "no rows"
    column = date_choice(table).column
    if column is None:
        unread = unreadable_date(table)
        why = f"{unread} holds no ISO dates: convert it in a query" if unread else "no date column"
        return table.part or (why if table.rows is not None else UNDATED)
    words, found = set(words_of(table.name)), table.dated.get(column)
    ahead = found and found.days == table.rows and found.last > today + 31 * DAY
    return "it lists dates" if CALENDARS & words or words <= DIMENSION or ahead else ""


def _dataset(survey: Survey, table: Table, name: str, ask: Ask) -> Dataset:
    choice = date_choice(table)
    column = choice.column or ""
    if choice.others:
        told = table.dated.get(column)
        why = f"{told.days:,} dates, {told.first} to {told.last}" if told else "by name"
        text = f"date of {name}: {column} ({why}; there is also {', '.join(choice.others)})?"
        column = "".join(ask(Question(text, (column,), [column, *choice.others])))
    dataset = Dataset(
        name=name,
        table=table,
        date=column,
        counts=survey.counts(table, column),
        written_at=choice.written_at if choice.written_at != column else None,
        others=() if choice.sure else choice.others,
    )
    key, reason = proposed_key(survey, dataset)
    text = f"key of {name}: {'+'.join(key) or 'none'} ({reason})?"
    answer = ask(Question(text, key, list(table.columns), many=True))
    moment = any(table.kind(c) in ("timestamp", "datetime") for c in answer)
    seen = bool(answer) and not moment
    once = survey.distinct_of_all(table, column, answer, dated=False) if seen else None
    return replace(
        dataset,
        key=answer,
        unique=answer,
        is_entity=once is not None and once == sum(dataset.counts.values()),
        key_reason=reason if answer == key else "as was said",
    )


def _joined(
    survey: Survey, datasets: Sequence[Dataset], left_out: Mapping[str, str], ask: Ask
) -> Proposal:
    """The datasets with their lineage and calendars."""
    habits = {d.name: habit_of(d.counts) for d in datasets if d.counts}
    ordered, links = linked(survey, in_order(datasets), ask)
    calendar, reference = _calendar(ordered, links, habits, ask)
    why = dict(left_out)
    if reference is None:
        for name, habit in habits.items():
            if habit.kind == "irregular":
                why[name] = f"{habit.reason}, without a pattern: no hole shows"
    else:
        by_date = Link(reference, (), (), "it says on which dates anything is due", sure=False)
        links = {d.name: links.get(d.name, by_date) for d in ordered if d.name != reference}
    kept = [d for d in ordered if d.name not in why]
    links = {n: k for n, k in links.items() if not {n, k.upstream} & why.keys()}
    own = {d.name: h for d in kept if (h := _own(habits.get(d.name), calendar)) and not reference}
    return Proposal(
        datasets=kept,
        links=links,
        layers=layers_of(kept, links),
        calendar=calendar,
        habits=own,
        reference=reference,
        holidays=None if reference else _holidays(kept, calendar, own, ask),
        left_out=why,
    )


def _own(habit: Habit | None, calendar: Habit) -> Habit | None:
    """The calendar of a dataset, where it is not the contract's."""
    return habit if habit and habit.same != calendar.same else None


def _calendar(
    datasets: Sequence[Dataset], links: Mapping[str, Link], habits: Mapping[str, Habit], ask: Ask
) -> tuple[Habit, str | None]:
    """The calendar of most, or the root that says on which dates anything is due."""
    roots = [d.name for d in datasets if d.name not in links and d.name in habits]
    below = Counter(_root(d.name, links) for d in datasets)
    if not roots:
        return Habit("daily"), None
    first = max(roots, key=lambda name: below[name])
    habit = habits[first]
    text = f"calendar: {habit.kind} ({first} has {habit.reason})?"
    answer = "".join(ask(Question(text, (habit.kind,), list(PLAIN))))
    if answer == "irregular":
        return Habit("irregular"), first
    said = (other for other in habits.values() if other.kind == answer)
    return (habit if answer == habit.kind else next(said, PLAIN[answer])), None


def _root(name: str, links: Mapping[str, Link]) -> str:
    while name in links:
        name = links[name].upstream
    return name


def _holidays(
    datasets: Sequence[Dataset], calendar: Habit, own: Mapping[str, Habit], ask: Ask
) -> Fit | None:
    """Whose holidays explain the working days on which no dataset has rows."""
    working = [
        d for d in datasets if own.get(d.name, calendar).kind == "business_days" and d.counts
    ]
    if not working:
        return None
    days = {day for dataset in working for day in dataset.counts}
    fit = best_fit(holiday_like(days), DateRange(min(days), max(days)))
    if fit is None:
        return None
    name = "-".join(filter(None, (fit.country, fit.subdivision)))
    text = f"holidays of {name} (they are {len(fit.off)} of the working days without rows)?"
    return fit if ask(Question(text, (name,), [name])) == (name,) else None
