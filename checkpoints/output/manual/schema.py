"""The JSON Schema of a contract: what editors complete and check.

It takes what the loader takes before variables are put in, and refuses every unknown key. What the
loader checks besides, such as names that refer to each other, it does not know.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, TypeAdapter
from pydantic.json_schema import models_json_schema

from checkpoints.contract.loading import VARIABLE
from checkpoints.contract.model import KINDS as SERVICES
from checkpoints.contract.notifiers import KINDS as NOTIFIERS
from checkpoints.output.manual.entries import entry, kinds, records, told_of
from checkpoints.records import Name
from checkpoints.rules.registry import RULES

Schema = dict[str, Any]

BESIDE = "pipeline.schema.json"
"""What the file is called that is written beside a contract."""

BOUNDS = {
    "ge": "minimum", "gt": "exclusiveMinimum", "le": "maximum", "lt": "exclusiveMaximum",
    "min_length": "minItems", "max_length": "maxItems",
}  # fmt: skip
"""What pydantic calls a bound that comes before a check of ours."""

NAME: Schema = TypeAdapter(Name).json_schema()
DATE = r"^\d{4}-\d{2}-\d{2}"
YES_OR_NO: Schema = {"enum": ["yes", "no", "on", "off"]}
"""Text, by YAML 1.2, which the loader takes for true or false."""

A_NAME: Schema = {"$ref": "#/$defs/Name"}
A_VARIABLE: Schema = {"$ref": "#/$defs/Variable"}
AS_THEY_ARE = ("Action", "Notifier", "Apprise", "Command", "Webhook", "Address")
"""Where no variable is put in before values are checked: numbers and words are written out."""


def editor_line(schema: str = BESIDE) -> str:
    """The comment that tells an editor where the schema of a contract is.

    ``schema`` is its path, relative to the contract, or its address.
    """
    return f"# yaml-language-server: $schema={schema}"


def schema_text() -> str:
    """The schema as it is written into a file."""
    return json.dumps(contract_schema(), indent=1, ensure_ascii=False) + "\n"


def contract_schema() -> Schema:
    """The schema, by draft 2020-12."""
    definitions = definitions_of_contract()
    definitions |= {
        "Calendar": {
            "anyOf": [definitions["Calendar"]["properties"]["kind"], definitions["Calendar"]]
        },
        "Name": NAME,
        "Notifier": _by_key(kinds(NOTIFIERS)),
        "Rule": _choice("rule", RULES, default=""),
        "Service": _choice("kind", kinds(SERVICES), default="http"),
        "Sources": {"anyOf": [A_NAME, definitions["Sources"]]},
        "Variable": {
            "description": "A variable of the environment, or text with one in it.",
            "type": "string",
            "pattern": VARIABLE.pattern,
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The contract of a pipeline",
        **definitions.pop("Contract"),
        "$defs": dict(sorted(definitions.items())),
    }


def definitions_of_contract() -> Schema:
    """The schema of each class by itself, by its name."""
    _, found = models_json_schema([(model, "validation") for model in records().values()])
    definitions: Schema = {
        name: _plain(schema, name not in AS_THEY_ARE) for name, schema in found["$defs"].items()
    }
    agrees = definitions["Agrees"]["properties"]
    agrees["with"] = {"type": "string", "pattern": r".\.."}
    del agrees["of"]
    for name, model in records().items():
        _describe(model, definitions[name])
    return definitions


def _choice(key: str, models: Mapping[str, type[BaseModel]], default: str) -> Schema:
    """A mapping whose ``key`` says of which class it is."""
    words = [{"const": word, "description": told_of(model)} for word, model in models.items()]
    return {
        "type": "object",
        "properties": {key: {"anyOf": [*words, A_VARIABLE]}},
        "required": [] if default else [key],
        "allOf": [
            {
                "if": {
                    "properties": {key: {"const": word}},
                    "required": [] if word == default else [key],
                },
                "then": {"$ref": f"#/$defs/{model.__name__}"},
            }
            for word, model in models.items()
        ],
    }


def _by_key(models: Mapping[str, type[BaseModel]]) -> Schema:
    """A mapping of the class whose key it has."""
    return {
        "type": "object",
        "oneOf": [{"required": [key]} for key in models],
        "allOf": [
            {"if": {"required": [key]}, "then": {"$ref": f"#/$defs/{model.__name__}"}}
            for key, model in models.items()
        ],
    }


def _describe(model: type[BaseModel], schema: Schema) -> None:
    """With what the manual says."""
    schema["description"] = told_of(model)
    for key, value in schema["properties"].items():
        said = entry(model, key)
        value |= {"description": said.what} if said else {}
        value |= {"examples": list(said.examples)} if said and said.examples else {}


def _plain(schema: Any, variables: bool) -> Any:
    """As the standard has it, without what says nothing; ``variables`` may stand for values."""
    if isinstance(schema, list):
        return [_plain(inner, variables) for inner in schema]
    if not isinstance(schema, dict):
        return schema
    if "discriminator" in schema:
        return {"$ref": "#/$defs/Rule"}
    given: Schema = schema
    found: Schema = {}
    for key, value in given.items():
        if key in ("properties", "patternProperties") and isinstance(value, dict):
            found[key] = {name: _plain(inner, variables) for name, inner in value.items()}
        elif key == "default":
            found |= {} if value is None or isinstance(value, dict) else {key: value}
        elif key not in ("title", "description"):
            found[BOUNDS.get(key, key)] = _plain(value, variables)
    if "patternProperties" in found:
        found["additionalProperties"] = False
    if NAME.items() <= found.items():
        return {**A_NAME, **{k: v for k, v in found.items() if k not in NAME}}
    return _flat(_with_variable(found) if variables else found)


def _flat(schema: Schema) -> Schema:
    """Alternatives that are alternatives themselves, side by side."""
    if "anyOf" not in schema:
        return schema
    inner = (one["anyOf"] if [*one] == ["anyOf"] else [one] for one in schema["anyOf"])
    return {**schema, "anyOf": [one for several in inner for one in several]}


def _with_variable(schema: Schema) -> Schema:
    """A value for which a variable may stand that its own form would refuse."""
    if schema.get("format") == "date":
        schema = {**schema, "pattern": DATE}
    if schema.get("type") == "boolean":
        return _either(schema, YES_OR_NO, A_VARIABLE)
    pattern: str = schema.get("pattern", "")
    by_number = schema.get("type") in ("integer", "number") and "const" not in schema
    by_word = "enum" in schema or (pattern and not re.search(pattern, "${A:-b}"))
    return _either(schema, A_VARIABLE) if by_number or by_word else schema


def _either(schema: Schema, *others: Schema) -> Schema:
    outside = {key: schema[key] for key in ("default",) if key in schema}
    return {"anyOf": [_without(schema, "default"), *others], **outside}


def _without(schema: Schema, key: str) -> Schema:
    return {name: value for name, value in schema.items() if name != key}
