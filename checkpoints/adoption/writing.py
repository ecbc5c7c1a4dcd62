"""The text of a contract that is proposed: few lines, with what each was taken for. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from textwrap import wrap

from checkpoints.adoption.facts import Dataset
from checkpoints.adoption.linking import keys_compared
from checkpoints.adoption.proposing import Proposal

WIDTH = 100
COMMENT = 33
"""The column in which a comment behind a short line begins."""

PLAIN = re.compile(r"^[A-Za-z_][A-Za-z0-9_./-]*$")
WORDS = ("y", "n", "yes", "no", "on", "off", "true", "false", "null", "none")
"""What YAML takes for something other than a text."""

RULES = """\
rules_for_all: [{rule: daily_conversion_ratio, at_least: 0.80}]     # no date is lost in silence
rules_for_keyed:
  [{rule: no_null_keys}, {rule: unique_keys}, {rule: no_orphan_keys, severity: warning}]
"""

OWNER, UNTIL = "nobody yet", "2099-12-31"
"""Who accepts that a dataset begins later, and how long."""

SERVICE = """\
# What rebuilds a date is not known. With service: build in a dataset, and this, it is called:
# services:
#   build: {kind: command, argv: [python, build.py, "{date}"], timeout_seconds: 3600}
#   # or {url: "https://example.com", path: /build, body: {date: "{date}"}}
"""


def contract_text(proposal: Proposal, warehouse: str) -> str:
    """The contract as text; ``warehouse`` is its URL as it is to stand there."""
    body = [*_head(proposal, warehouse), "datasets:", *_datasets(proposal)]
    suites = ", ".join(map(_scalar, proposal.layers.described))
    checkpoints = f"checkpoints: {{after_backfill: {{suites: [{suites}]}}}}"
    return "\n".join([*body, RULES + checkpoints, *_gaps(proposal), SERVICE])


def _head(proposal: Proposal, warehouse: str) -> Iterator[str]:
    yield "# Proposed by checkpoints init. A comment says why; one with a ? is to be looked at."
    yield "version: 1"
    yield f"warehouse: {_scalar(warehouse)}"
    if warehouse.startswith("bigquery"):
        yield _beside("bigquery: {max_bytes: 100GB}", "the most a run may read")
    if proposal.zone:
        yield _beside(f"timezone: {proposal.zone}", "? where a day of a TIMESTAMP begins")
    yield from _calendar(proposal)
    described = (f"{_scalar(k)}: {_scalar(v)}" for k, v in proposal.layers.described.items())
    yield from _flow("layers: {", described, "}", indent="  ")


def _calendar(proposal: Proposal) -> Iterator[str]:
    calendar, starts = proposal.calendar, proposal.starts
    if proposal.reference:
        why = "? its dates are those that are due: no hole shows in it"
        yield _beside(f"reference: {_scalar(proposal.reference)}", why)
    else:
        yield _beside(f"calendar: {calendar.text}", calendar.reason if calendar.expected else "?")
    if fit := proposal.holidays:
        part = f", subdivision: {fit.subdivision}" if fit.subdivision else ""
        why = f"? they are {len(fit.off)} of the working days without rows"
        yield _beside(f"holidays: {{country: {fit.country}{part}}}", why)
    if starts:
        yield _beside(f"starts: {starts}", "nothing was due before")


def _datasets(proposal: Proposal) -> Iterator[str]:
    keys = keys_compared(proposal.datasets, proposal.links)
    for dataset in sorted(proposal.datasets, key=lambda d: _place(proposal, d)):
        for comment in _comments(proposal, dataset, keys[dataset.name]):
            yield f"  # {comment}"
        fields = _fields(proposal, dataset, keys)
        yield from _flow(f"  {_scalar(dataset.name)}: {{", fields, "}", indent="    ")
    left_out = ", ".join(f"{name} ({why})" for name, why in proposal.left_out.items())
    if left_out:
        yield from wrap(
            f"Left out: {left_out}.", WIDTH, initial_indent="# ", subsequent_indent="#   "
        )


def _gaps(proposal: Proposal) -> Iterator[str]:
    """Dates before a dataset begins, which are taken to be none of its own."""
    late = [(d.name, dates) for d in proposal.datasets if (dates := proposal.before(d))]
    if late:
        yield _beside("known_gaps:", "? they begin later; where that is a loss, remove the entry")
    for name, dates in late:
        yield (
            f"  - {{dataset: {_scalar(name)}, from: {dates.first}, to: {dates.last}, "
            f"reason: begins later, owner: {OWNER}, until: {UNTIL}}}"
        )


def _place(proposal: Proposal, dataset: Dataset) -> int:
    layers = list(proposal.layers.described)
    first = dataset.name != proposal.reference
    return 2 * layers.index(proposal.layers.of[dataset.name]) + first


def _comments(proposal: Proposal, dataset: Dataset, key: Sequence[str]) -> Iterator[str]:
    """Why it has its key and its upstream, and what to look at."""
    link = proposal.links.get(dataset.name)
    own = "+".join(dataset.unique)
    is_ = "is " if not dataset.key_reason.startswith("?") else ""
    said = [f"{own} {is_}{dataset.key_reason}" if own else dataset.key_reason]
    if link:
        how = "" if key else "compared by date alone with "
        said.append(f"{'' if link.sure else '? '}{how}{link.upstream}: {link.reason}")
    if dataset.others:
        said.append(f"? {' or '.join(dataset.others)} may be its date as well")
    yield from wrap("; ".join(filter(None, said)), WIDTH - len("  # "))


def _fields(
    proposal: Proposal, dataset: Dataset, keys: dict[str, tuple[str, ...]]
) -> Iterator[str]:
    link, key, path = proposal.links.get(dataset.name), keys[dataset.name], dataset.table.path
    dotted = any("." in part for part in path)
    yield f"layer: {_scalar(proposal.layers.of[dataset.name])}"
    yield f"table: {_list(path) if dotted else _scalar('.'.join(path))}"
    yield f"date: {_scalar(dataset.date)}"
    if key:
        yield f"key: {_list(key)}"
    if link:
        yield f"upstream: {_scalar(link.upstream)}"
        if link.by and key and keys.get(link.upstream):
            yield f"by: {_list(link.by)}"
    if dataset.name in proposal.habits:
        yield f"calendar: {proposal.habits[dataset.name].text}"
    if dataset.written_at:
        yield f"written_at: {_scalar(dataset.written_at)}"
    if dataset.key and not key:
        yield f"rules: [{{rule: unique_keys, columns: {_list(dataset.unique)}}}]"
    elif link and link.at_least:
        yield f"rules: [{{rule: daily_conversion_ratio, at_least: {link.at_least}}}]"


def _flow(start: str, entries: Iterator[str], end: str, indent: str) -> Iterator[str]:
    """A mapping on as few lines as hold it."""
    line, found = start, list(entries)
    for n, entry in enumerate(found):
        last = n == len(found) - 1
        piece = entry + (end if last else ", ")
        if len(line) + len(piece.rstrip()) > WIDTH and line.strip():
            yield line.rstrip()
            line = indent
        line += piece
    yield line


def _beside(line: str, comment: str) -> str:
    return f"{line:<{COMMENT}}  # {comment}"


def _list(names: Sequence[str]) -> str:
    return _scalar(names[0]) if len(names) == 1 else f"[{', '.join(map(_scalar, names))}]"


def _scalar(text: str) -> str:
    """A text as YAML has it: in quotes where it would be something else."""
    plain = PLAIN.match(text) or re.match(r"^[a-z]+://[^\s#,{}\[\]]+$", text)
    sure = plain and text.lower() not in WORDS
    prose = re.match(r"^[A-Za-z][A-Za-z0-9_ .-]*[A-Za-z0-9]$", text) and text.lower() not in WORDS
    return text if sure or prose else json.dumps(text, ensure_ascii=False)
