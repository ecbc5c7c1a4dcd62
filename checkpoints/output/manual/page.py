"""``docs/contract.md``: the contract, section by section, as a page that people read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from checkpoints.contract.model import Service
from checkpoints.contract.notifiers import Notifier
from checkpoints.output.manual.entries import Section, manual, records, told_of
from checkpoints.output.manual.schema import (
    A_VARIABLE,
    YES_OR_NO,
    Schema,
    definitions_of_contract,
)
from checkpoints.rules.registry import RULES
from checkpoints.rules.rule import Rule

FAMILIES = (Rule, Service, Notifier)
"""Classes whose keys stand in one table for all that are made from them."""

NO_WORDS = (A_VARIABLE, YES_OR_NO, {"type": "null"})
"""Alternatives that every key has that may have them."""

WORDS = {
    "boolean": "true or false", "integer": "whole number", "number": "number", "string": "text",
    "array": "list", "object": "mapping",
}  # fmt: skip
HEAD = ("| key | type | default | what it is |", "|---|---|---|---|")
A_VALUE = ["true or false", "whole number", "number", "text"]
BOUNDS = {"minimum": "≥", "exclusiveMinimum": ">", "maximum": "≤"}


def contract_page() -> str:
    """The page, in Markdown."""
    said, tables = manual(), _tables()
    parts = ["# The contract", said.intro, " · ".join(s.link for s in said.sections if s.level < 3)]
    for section in said.sections:
        parts += _section(section, tables)
        parts += _rules(tables) if section.record == Rule.__name__ else ()
    return "\n\n".join(part.strip() for part in parts if part) + "\n"


def _section(section: Section, tables: dict[str, str]) -> Iterator[str]:
    yield f"{'#' * section.level} {section.title}"
    yield told_of(records()[section.record])
    yield section.note
    yield tables[section.record]
    yield _yaml(section.example)


def _rules(tables: dict[str, str]) -> Iterator[str]:
    """Each rule: what it requires, its own keys, and an example."""
    for kind, rule in RULES.items():
        yield f"### `{kind}`"
        yield told_of(rule)
        yield tables[rule.__name__]
        example = manual().rules.get(kind)
        yield _yaml(f"- {example}" if example else "")


def _yaml(text: str) -> str:
    return f"```yaml\n{text.strip()}\n```" if text else ""


def _tables() -> dict[str, str]:
    """By class, its keys without those of its family."""
    schemas = definitions_of_contract()
    return {name: _table(model, schemas) for name, model in records().items()}


def _table(model: type[BaseModel], schemas: Schema) -> str:
    """What is required stands first."""
    family = [base.__name__ for base in FAMILIES if issubclass(model, base) and model is not base]
    known = {key for name in family for key in ("rule", *schemas[name]["properties"])}
    properties, required = (schemas[model.__name__].get(k, ()) for k in ("properties", "required"))
    keys = sorted((key for key in properties if key not in known), key=lambda k: k not in required)
    rows = [
        f"| `{key}` | {_words(properties[key], schemas)} "
        f"| {'required' if key in required else _default(properties[key])} "
        f"| {properties[key]['description']} |"
        for key in keys
    ]
    return "\n".join([*HEAD, *rows]) if rows else ""


def _default(schema: Schema) -> str:
    default = schema.get("default")
    return "" if default in (None, [], "") else f"`{_written(default)}`"


def _written(value: Any) -> str:
    """As a contract has it."""
    if isinstance(value, float):
        return f"{value:g}"
    return value if isinstance(value, str) else json.dumps(value).replace('"', "")


def _words(schema: Schema, schemas: Schema) -> str:
    """The type of a value."""
    if "anyOf" in schema:
        several = [_words(one, schemas) for one in schema["anyOf"] if one not in NO_WORDS]
        return "any value" if several == A_VALUE else " or ".join(dict.fromkeys(several))
    if "$ref" in schema:
        return _named(schema["$ref"].rpartition("/")[2], schemas)
    if "enum" in schema or "const" in schema:
        words = [f"`{_written(value)}`" for value in schema.get("enum", [schema.get("const")])]
        return " or ".join(filter(None, [", ".join(words[:-1]), words[-1]]))
    if schema.get("format") == "date":
        return "date"
    kinds = schema.get("type", [])
    words = [" or ".join(WORDS[kind] for kind in ([kinds] if isinstance(kinds, str) else kinds))]
    words += [f"of {_words(inner, schemas)}" for inner in _inside(schema)]
    bounds = (f"{sign} {schema[bound]:g}" for bound, sign in BOUNDS.items() if bound in schema)
    words.append(", ".join(bounds))
    return " ".join(filter(None, words)) or "any value"


def _inside(schema: Schema) -> list[Schema]:
    """Of a list or mapping, what it holds, where that is not just anything."""
    patterns = schema.get("patternProperties", {}).values()
    found = (schema.get("items"), *patterns, schema.get("additionalProperties"))
    return [inner for inner in found if isinstance(inner, dict) and inner]


def _named(name: str, schemas: Schema) -> str:
    if name == "Name":
        return WORDS["string"]
    section = next((s for s in manual().sections if s.record == name), None)
    return section.link if section else _words(schemas[name], schemas)
