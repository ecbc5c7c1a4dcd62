"""The post-mortem of what is missing, as Markdown for people."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from checkpoints.archive.remediation import RemediationRecord
from checkpoints.dates import DateRange
from checkpoints.explain.causes import Cause
from checkpoints.explain.replay import Alert, Look
from checkpoints.explain.story import Chapter, Measure, Span, Story
from checkpoints.explain.summary import RootCause
from checkpoints.output.findings import Section
from checkpoints.output.markdown import escaped, table
from checkpoints.rules.evidence import CellState
from checkpoints.text import counted, dates, share

RANGES = 12
"""Ranges that a sentence lists."""

LOOKS = 10
"""Runs that are listed of a cause."""

NAMES = "<names>"

GOOD = (CellState.COMPLETE, CellState.WARM_UP, CellState.OFF, CellState.RETIRED, CellState.NOT_DUE)


def postmortem(story: Story) -> str:
    """What is missing, why, why it was not seen, what it did, what was repaired, what prevents."""
    found = story.explanation
    title = f"What is missing: {found.dataset or 'all datasets'}, {found.window}"
    parts = (
        _opening(story),
        _figures(story.measures),
        _timeline(story),
        *(_chapter(number, chapter) for number, chapter in enumerate(story.chapters, 1)),
        _impact(story),
        _repaired(story.repairs),
        _prevention(story),
    )
    lines = [f"# {escaped(title)}", "", *chain.from_iterable(parts)]
    return "\n".join(lines).rstrip() + "\n"


def _opening(story: Story) -> Section:
    found = story.explanation
    about = f"By {found.contract}, as of {found.as_of}, from a fresh read of the tables."
    lines = [about, *found.unreadable.values(), *filter(None, [found.problem])]
    if not story.chapters:
        lines.append("Nothing is missing that should be there.")
    lines += [_summary(chapter, story) for chapter in story.chapters[:3]]
    return [*_paragraphs(lines)]


def _summary(chapter: Chapter, story: Story) -> str:
    """The cause in a few sentences: where, how much, what is there above it, who was not told."""
    cause = chapter.cause
    names, days = {part.dataset for part in cause.at}, set(cause.dates)
    own = (m for m in story.measures if m.dataset in names)
    figures = [m for m in own if days & {*m.missing, *m.partial}]
    ratios = ", ".join(f"{m.dataset} holds {share(m.matched, m.expected)}" for m in figures)
    text = (
        f"{_layer(story, cause)}: {cause.cause} ({cause.confidence}), on {dates(len(cause.dates))} "
        f"from {cause.dates[0]} to {cause.dates[-1]}. {_sentence(cause.why)}"
    )
    return f"{text} Over the window {ratios}." if ratios else text


def _layer(story: Story, cause: RootCause) -> str:
    return f"{cause.layer} ({story.layers[cause.layer]})"


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""


def _paragraphs(lines: Iterable[str]) -> Iterator[str]:
    for line in filter(None, lines):
        yield from (escaped(line, 5000), "")


def _figures(measures: Sequence[Measure]) -> Section:
    rows = (
        (m.layer, m.dataset, m.of, share(m.matched, m.expected), len(m.missing), len(m.partial))
        for m in measures
    )
    heading = ("layer", "dataset", "measured by", "keys there", "dates missing", "partial")
    return ["## How much is there", "", *table(heading, rows)]


def _timeline(story: Story) -> Section:
    """Ranges, by layer: of several datasets of a layer the worst is shown."""
    of = {measure.dataset: measure.layer for measure in story.measures}
    layers = list(dict.fromkeys(of.values()))
    rows = [
        (span.range, span.dates, *(_worst(span, of, layer) for layer in layers))
        for span in story.timeline
    ]
    return ["## Timeline", "", *table(("dates", "number", *layers), rows)] if rows else []


def _worst(span: Span, of: dict[str, str], layer: str) -> str:
    """``there``, or how many of the datasets lack something, and how."""
    found = [state for name, state in span.states.items() if of.get(name) == layer]
    bad = [state for state in found if state not in GOOD]
    if not bad:
        return "there" if CellState.COMPLETE in found else (found[0].words if found else "–")
    kinds = Counter(bad)
    every = len(kinds) == 1 and len(bad) == len(found)
    return ", ".join(
        f"{s.words}{'' if every else f' ({n} of {len(found)})'}" for s, n in kinds.items()
    )


def _chapter(number: int, chapter: Chapter) -> Section:
    cause = chapter.cause
    where = ", ".join(part.dataset for part in cause.at)
    lines = [
        f"{dates(len(cause.dates))}: {_ranges(cause.ranges)}.",
        f"{_sentence(cause.why)} Confidence: {cause.confidence}.",
    ]
    if cause.cause is Cause.SOURCE_HAS_NOTHING and cause.last_there:
        lines.append(f"It last held something on {cause.last_there}.")
    shown = [f"- {escaped(example)}" for example in cause.examples]
    return [
        f"## Cause {number}: {cause.cause} · {escaped(where)}", "",
        *_paragraphs(lines), *shown, *([""] if shown else []),
        "### Why it was not seen", "", *_paragraphs(_seen(chapter)), *_runs(chapter.looks),
    ]  # fmt: skip


def _ranges(ranges: Sequence[DateRange]) -> str:
    more = f" and {counted(len(ranges) - RANGES, 'more range')}" if len(ranges) > RANGES else ""
    return ", ".join(map(str, ranges[:RANGES])) + more


def _seen(chapter: Chapter) -> Iterator[str]:
    """When the alert would have come, who looked without seeing it, and who saw it first."""
    first, found = chapter.cause.dates[0], chapter.looks
    for alert in chapter.alerts:
        yield _alert(alert)
    yield from (f"No rule of checkpoint {name!r} asks for it." for name in chapter.silent)
    told = next((look for look in found if look.failed), None)
    blind = [look for look in found if not look.failed and (told is None or look.at < told.at)]
    if not found:
        yield f"No stored run covers any of these dates: from {first} on nobody has looked."
    for look in blind[:3]:
        yield _blind(look)
    if told:
        after = (told.at.date() - first).days
        yield (
            f"Run {told.run_id} was the first stored one to fail for it, {counted(after, 'day')} "
            f"after its first date: {', '.join(told.failed)}."
        )
    yield from _since_when(chapter)


def _since_when(chapter: Chapter) -> Iterator[str]:
    """The checks that would have told of it, of which the first runs had none."""
    wanted = dict.fromkeys(check for alert in chapter.alerts for check in alert.checks)
    for check in wanted:
        having = next((look for look in chapter.looks if check in look.judged), None)
        if having and having is not chapter.looks[0]:
            yield f"{check} is checked since run {having.run_id} ({having.at:%Y-%m-%d})."


def _alert(alert: Alert) -> str:
    return (
        f"Had checkpoint {alert.checkpoint!r} been run each day with the rules of today, it would "
        f"have failed first on {alert.date}, if all of it was missing since it was due: "
        f"{', '.join(alert.checks)}."
    )


def _blind(look: Look) -> str:
    """A run that covered the dates and did not fail for them, and why."""
    start = f"Run {look.run_id} ({look.at:%Y-%m-%d}) covered {dates(look.covered)} of it"
    if not look.judged:
        suites = ", ".join(look.suites) or "nothing"
        text = f"{start} and had no check of these datasets: it judged {suites} alone"
    elif look.lacking:
        text = f"{start}, saw {dates(look.lacking)} lacking, and none of its checks failed for them"
    else:
        text = f"{start}, and by what it read they were there"
    would = ", ".join(look.would)
    return f"{text}; the rules of today fail over what it read: {would}." if would else f"{text}."


def _runs(found: Sequence[Look]) -> Section:
    rows = (
        (f"{k.at:%Y-%m-%d}", k.checkpoint, k.covered, k.lacking, len(k.judged), ", ".join(k.failed))
        for k in found[:LOOKS]
    )
    heading = ("run", "checkpoint", "dates covered", "lacking", "checks", "failed")
    return table(heading, rows) if found else []


def _impact(story: Story) -> Section:
    """What is below each cause on its dates."""
    rows = [
        (chapter.cause.cause, part.dataset, len(part.dates), part.dates[0], part.dates[-1])
        for chapter in story.chapters
        for part in chapter.cause.explains
    ]
    if not rows:
        return []
    heading = ("because of", "dataset below", "dates", "first", "last")
    return ["## Impact downstream", "", *table(heading, rows)]


def _repaired(repairs: Sequence[RemediationRecord]) -> Section:
    if not repairs:
        return ["## What was repaired", "", "No repair of these dates is recorded.", ""]
    rows = (
        (f"{r.started_at:%Y-%m-%d %H:%M}", r.plan_id[:12], r.by, _states(r), _figures_of(r))
        for r in repairs
    )
    heading = ("at", "plan", "by", "calls", "keys before and after")
    return ["## What was repaired", "", *table(heading, rows)]


def _states(repair: RemediationRecord) -> str:
    total = Counter[str]()
    for states in repair.counts.values():
        total.update({str(state): number for state, number in states.items()})
    return ", ".join(f"{number} {state}" for state, number in total.items())


def _figures_of(repair: RemediationRecord) -> str:
    return "; ".join(
        f"{c.dataset} {share(c.before.matched, c.before.expected)} to "
        + (share(c.after.matched, c.after.expected) if c.after else "not read")
        for c in repair.changed
    )


def _prevention(story: Story) -> Section:
    """What to do, by the cause: each once for all datasets; and the checkpoints that would tell."""
    groups: dict[str, list[str]] = {}
    for chapter in story.chapters:
        for part in chapter.cause.at:
            advice = _advice(chapter.cause.cause, story.services.get(part.dataset, ""))
            groups.setdefault(advice, []).append(part.dataset)
    lines = [
        text.replace(NAMES, ", ".join(dict.fromkeys(names)))
        for text, names in groups.items()
        if text
    ]
    told: dict[str, list[str]] = {}
    for alert in (alert for chapter in story.chapters for alert in chapter.alerts):
        told.setdefault(alert.checkpoint, []).extend(alert.checks)
    for checkpoint, checks in told.items():
        names = ", ".join(dict.fromkeys(checks))
        lines.append(f"Run checkpoint {checkpoint!r} each day: {names} would have told of it.")
    shown = [f"- {escaped(line, 2000)}" for line in lines]
    return ["## What prevents it", "", *shown, ""] if shown else []


def _advice(cause: Cause, service: str) -> str:
    """What to do about datasets whose names stand for ``NAMES``."""
    match cause:
        case Cause.NEVER_CALLED if service:
            return (
                f"Whoever fills what {NAMES} is built from tells {service}: after every backfill "
                "python -m checkpoints run, then python -m remediation plan and run."
            )
        case Cause.NEVER_CALLED:
            return f"Name the service that rebuilds {NAMES} in the contract."
        case Cause.NOT_LANDED:
            return f"Find out why {service} answers and does not write {NAMES}, then plan again."
        case Cause.GONE_AGAIN:
            return f"Find out who removes rows of {NAMES}, then plan again."
        case Cause.KEYS_DO_NOT_MATCH:
            return f"Write the keys of {NAMES} as those of its upstream are, and rebuild the dates."
        case Cause.STALE:
            return f"Rebuild {NAMES} whenever its upstream is written anew."
        case Cause.SOURCE_HAS_NOTHING:
            return f"Ask who provides {NAMES}, or declare a known gap."
        case Cause.UNREADABLE:
            return f"Make {NAMES} readable."
    return ""
