"""Read a YAML file by the core schema of YAML 1.2: what is not a number or true/false is text.

YAML 1.1, which PyYAML reads by itself, takes ``no`` for false, ``010`` for eight and ``12:30`` for
750. Source: yaml.org/spec/1.2.2, 10.3.2 (tag resolution), and yaml.org/type/merge for ``<<``.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from checkpoints.errors import ContractError

MERGE = "tag:yaml.org,2002:merge"
RESOLVERS = (
    ("null", r"~|null|Null|NULL|", "~nN\0"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+", "-+0123456789"),
    (
        "float",
        r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?|[-+]?\.(inf|Inf|INF)|\.(nan|NaN|NAN)",
        "-+.0123456789",
    ),
    ("merge", r"<<", "<"),
)
BASES = {"0o": 8, "0x": 16}

_Loader: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # ten times as fast, if it was built


class _CoreSchema(_Loader):  # type: ignore[misc]
    """Safe loading by the core schema, in which a repeated key is an error."""

    yaml_implicit_resolvers: dict[str, Any] = {}  # noqa: RUF012 (PyYAML's own name and type)

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key_node, _ in node.value:
            if key_node.tag == MERGE:
                continue
            key = self.construct_object(key_node, deep=True)
            if not isinstance(key, str):
                raise _marked(f"key {key!r} is not text: put it in quotes", key_node)
            if key in seen:
                raise _marked(f"key {key!r} appears twice", key_node)
            seen.add(key)
        return dict(super().construct_mapping(node, deep))

    def construct_int(self, node: yaml.ScalarNode) -> int:
        return int(node.value[2:], base) if (base := BASES.get(node.value[:2])) else int(node.value)

    def construct_other(self, node: yaml.Node) -> Any:
        raise _marked(f"tag {node.tag} is not supported: write the value as text", node)


for _name, _pattern, _first in RESOLVERS:
    _CoreSchema.add_implicit_resolver(
        f"tag:yaml.org,2002:{_name}",
        re.compile(rf"^(?:{_pattern})$"),
        [c if c != "\0" else "" for c in _first],
    )
_CoreSchema.add_constructor("tag:yaml.org,2002:int", _CoreSchema.construct_int)
for _tag in ("binary", "timestamp", "omap", "pairs", "set"):
    _CoreSchema.add_constructor(f"tag:yaml.org,2002:{_tag}", _CoreSchema.construct_other)


def read_yaml(path: Path) -> dict[str, Any]:
    """The mapping that a file holds.

    Raises:
        ContractError: it cannot be read, is malformed, or is something else.
    """
    return parse_yaml(path, text_of(path))


def text_of(path: Path) -> str:
    """The text of a file, its line endings as they are.

    Raises:
        ContractError: it cannot be read.
    """
    try:
        return path.read_bytes().decode("utf-8")
    except OSError as error:
        raise ContractError(
            f"{path}: cannot read the contract ({error.strerror}): give its path with --contract"
        ) from error
    except UnicodeDecodeError as error:
        raise ContractError(
            f"{path}: is not UTF-8 text (byte {error.start}): save it as UTF-8"
        ) from error


def parse_yaml(path: Path, text: str) -> dict[str, Any]:
    """The mapping that a text holds which is, or is to be, that of a file.

    Raises:
        ContractError: it is malformed, or something else.
    """
    try:
        raw = yaml.load(text, Loader=_CoreSchema)
        _refuse_circles(raw, ())
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        where = f"line {mark.line + 1}, column {mark.column + 1}" if mark else "somewhere"
        advice = _advice(text, mark) if mark else ""
        raise ContractError(f"{path}: {where}: malformed YAML: {error.problem}{advice}") from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        raise ContractError(f"{path}: malformed YAML: {error}") from error
    if not isinstance(raw, dict):
        raise ContractError(f"{path}: is not a mapping: start with 'version: 1'")
    return raw


def _advice(text: str, mark: yaml.Mark) -> str:
    """What to do about an operator such as ``>=``, which to YAML begins a block of text."""
    line = "".join(text.splitlines()[mark.line : mark.line + 1])
    around = line[max(0, mark.column - 1) : mark.column + 1]
    return ': put ">" in quotes' if ">" in around else ""


def _marked(problem: str, node: yaml.Node) -> yaml.MarkedYAMLError:
    return yaml.MarkedYAMLError(problem=problem, problem_mark=node.start_mark)


def _refuse_circles(value: Any, above: tuple[int, ...]) -> None:
    """An anchor may be used again, but not inside itself."""
    if id(value) in above:
        raise ValueError("an anchor contains itself: write the value out")
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in inner:
        _refuse_circles(one, (*above, id(value)))
