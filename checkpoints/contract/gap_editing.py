"""Put a known gap into the text of a contract, or end one; all other text stays as it is. Pure.

ruamel.yaml says where in the text things stand, and how a value is written; the text between is
not written anew, so that comments, quotes, blanks and line endings are kept.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from datetime import date
from io import StringIO
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.comments import CommentedMap
from ruamel.yaml.error import YAMLError
from ruamel.yaml.events import (
    CollectionEndEvent,
    CollectionStartEvent,
    MappingStartEvent,
    SequenceStartEvent,
)

from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.contract.model import KnownGap
from checkpoints.contract.yaml_file import text_of
from checkpoints.errors import ContractError

KEY, EXAMPLE = "known_gaps", "seasons"
"""The list of the gaps, and the one that is followed in its form where that has no entries."""

DASH = re.compile(r"^[ ?:]*-(?=\s)", re.MULTILINE)


class Node(NamedTuple):
    """A value and the characters of the text at which it starts and ends.

    ``parts`` are the items of a list; of a mapping, its keys and values in turn.
    """

    kind: type[Any]
    start: int
    end: int
    in_flow: bool = False
    text: str = ""
    style: str | None = None
    parts: tuple[Node, ...] = ()

    @property
    def is_block_mapping(self) -> bool:
        """Whether its keys stand on lines of their own."""
        return self.kind is MappingStartEvent and not self.in_flow

    def value(self, key: str) -> Node | None:
        """What a mapping has of its own under a key."""
        pairs = zip(self.parts[::2], self.parts[1::2], strict=True)
        return next((value for name, value in pairs if name.text == key), None)


def with_gap(file: ContractFile, gap: KnownGap, environment: Mapping[str, str]) -> str:
    """The text of a contract with a gap after its other ones, written in the form of these.

    Raises:
        ContractError: the file cannot be read or edited, or would be no such contract.
    """
    text = _added(file.path, text_of(file.path), gap)
    return _confirmed(file, text, (*file.contract.known_gaps, gap), environment)


def with_end(file: ContractFile, number: int, until: date, environment: Mapping[str, str]) -> str:
    """The text of a contract in which the gap of that number, from 0, is accepted ``until`` then.

    Raises:
        ContractError: the file cannot be read or edited, or would be no such contract.
    """
    known = file.contract.known_gaps
    ended = known[number].model_copy(update={"until": until})
    text = _ended(file.path, text_of(file.path), number, until)
    return _confirmed(file, text, (*known[:number], ended, *known[number + 1 :]), environment)


def _confirmed(
    file: ContractFile, text: str, gaps: tuple[KnownGap, ...], environment: Mapping[str, str]
) -> str:
    """An edited text, read as a contract: these known gaps are all that may have changed."""
    try:
        read = load_contract(file.path, environment, text).contract
    except ContractError:
        read = None
    if read != file.contract.model_copy(update={KEY: gaps}):
        raise ContractError(
            f"{file.path}: edited by a command it would say something else, as a value is repeated "
            f"in another place or is a variable: edit {KEY} by hand"
        )
    return text


def _added(path: Path, text: str, gap: KnownGap) -> str:
    root, end = _parsed(path, text)
    gaps = root.value(KEY)
    if gaps is None:
        if root.in_flow:
            return _in_brackets(text, root, f"{_quoted(KEY, root)}: [{_in_flow(gap, root)}]")
        key = " " * _column(text, root.parts[0].start) + f"{KEY}:\n"
        return _inserted(text, end, key + _item(text, root, root.value(EXAMPLE), gap))
    if gaps.kind is not SequenceStartEvent:
        raise ContractError(
            f"{path}: {KEY} repeats another list of the file: write its entries out"
        )
    if gaps.parts and not gaps.in_flow:
        return _inserted(text, _line_after(text, gaps.end), _item(text, root, gaps, gap))
    bracket = text.index("[", gaps.start)
    if root.in_flow or gaps.parts or "#" in text[bracket : gaps.end]:
        return _in_brackets(text, gaps, _in_flow(gap, root))
    before = text[:bracket].rstrip()
    kept, item = before + text[gaps.end :], _item(text, root, root.value(EXAMPLE), gap)
    return _inserted(kept, _line_after(kept, len(before)), item)


def _ended(path: Path, text: str, number: int, until: date) -> str:
    gaps = _parsed(path, text)[0].value(KEY)
    entry = gaps.parts[number] if gaps and gaps.parts else None
    found = entry.value("until") if entry else None
    if found is None:
        raise ContractError(
            f"{path}: {KEY}[{number}] repeats another place of the file, where its until stands: "
            "change it there"
        )
    quote = found.style if found.style in ("'", '"') else ""
    return f"{text[: found.start]}{quote}{until}{quote}{text[found.end :]}"


def _parsed(path: Path, text: str) -> tuple[Node, int]:
    """The mapping that a file holds, and where a further key of it may stand."""
    if re.search(r"\r(?!\n)", text):
        raise ContractError(f"{path}: a line ends with CR alone: save it with other line endings")
    try:
        # A tab before a comment is an error to ruamel.yaml, and none to what reads contracts.
        events = iter(YAML(typ="safe", pure=True).parse(text.replace("\t", " ")))
        next(events), next(events)  # the beginnings of the stream and of the document
        root, last = _node(next(events), events), next(events)
    except (YAMLError, RecursionError) as error:
        problem = " ".join(str(error).split())
        raise ContractError(
            f"{path}: cannot be edited by a command, edit {KEY} by hand ({problem})"
        ) from error
    return root, last.start_mark.index if last.explicit else len(text)


def _node(event: Any, events: Iterator[Any]) -> Node:
    start, end = event.start_mark.index, event.end_mark.index
    if not isinstance(event, CollectionStartEvent):
        text, style = getattr(event, "value", ""), getattr(event, "style", None)
        return Node(type(event), start, end, text=text, style=style)
    parts: list[Node] = []
    while not isinstance(inner := next(events), CollectionEndEvent):
        parts.append(_node(inner, events))
    in_flow = bool(event.flow_style)
    end = inner.end_mark.index if in_flow else parts[-1].end
    return Node(type(event), start, end, in_flow, parts=tuple(parts))


def _entry(gap: KnownGap) -> CommentedMap:
    entry = CommentedMap({"dataset": gap.dataset, "from": gap.first, "to": gap.last})
    entry.update({"reason": gap.reason, "owner": gap.owner, "until": gap.until})
    return entry


def _written(entry: CommentedMap) -> str:
    yaml, out = YAML(pure=True), StringIO()
    yaml.width, yaml.allow_unicode = 10_000, True
    yaml.dump(entry, out)
    return out.getvalue()


def _in_flow(gap: KnownGap, root: Node) -> str:
    """``{dataset: factors, …}``; as JSON in a file that is JSON."""
    entry = _entry(gap)
    if _is_json(root):
        return json.dumps(entry, ensure_ascii=False, default=str)
    entry.fa.set_flow_style()
    return _written(entry).rstrip("\n")


def _is_json(root: Node) -> bool:
    return root.in_flow and root.parts[0].style == '"'


def _quoted(key: str, root: Node) -> str:
    return f'"{key}"' if _is_json(root) else key


def _item(text: str, root: Node, example: Node | None, gap: KnownGap) -> str:
    """The lines of an entry of a list, in the form of the last entry of the ``example``."""
    column, as_block = _column(text, root.parts[0].start) + 2, False
    if example and example.parts and not example.in_flow:
        dash = list(DASH.finditer(text, 0, example.parts[-1].start))[-1]
        column, as_block = len(dash[0]) - 1, example.parts[-1].is_block_mapping
    lines = _written(_entry(gap)).rstrip("\n").split("\n") if as_block else [_in_flow(gap, root)]
    first, *others = lines
    return "".join(
        f"{' ' * column}{line}\n" for line in (f"- {first}", *(f"  {o}" for o in others))
    )


def _in_brackets(text: str, list_: Node, new: str) -> str:
    """A text with one more entry at the end of a list or mapping in brackets."""
    if not list_.parts:
        close = list_.end - 1
        line = text.rfind("\n", 0, close) + 1
        if text[line:close].strip() or line <= list_.start:
            return f"{text[:close]}{new}{text[close:]}"
        return _inserted(text, line, f"{text[line:close]}  {new}\n")
    last = list_.parts[-1]
    tail = text[last.end : list_.end - 1]
    comma = re.match(r"\s*,", tail)
    if "\n" not in tail:
        at = last.end + (comma.end() if comma else 0)
        return f"{text[:at]}{' ' if comma else ', '}{new}{text[at:]}"
    line = text.rfind("\n", 0, last.start) + 1
    indent = re.match(r"[ \t]*", text[line:])
    if not comma:
        text = f"{text[: last.end]},{text[last.end :]}"
    after = _line_after(text, last.end + 1)
    return _inserted(text, after, f"{indent[0] if indent else ''}{new}{',' if comma else ''}\n")


def _inserted(text: str, at: int, lines: str) -> str:
    """A text with whole lines more; they end as its other ones do."""
    before = text[:at] if text[:at].endswith("\n") else text[:at] + "\n"
    ending = "\r\n" if "\r\n" in text else "\n"
    added = (before[at:] + lines).replace("\n", ending)
    return text[:at] + added + text[at:]


def _line_after(text: str, end: int) -> int:
    """Where the line begins after the one in which the first ``end`` characters end."""
    return text.find("\n", len(text[:end].rstrip())) + 1 or len(text)


def _column(text: str, at: int) -> int:
    return len(text[text.rfind("\n", 0, at) + 1 : at].lstrip("\ufeff"))
