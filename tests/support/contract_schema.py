"""What the JSON Schema of contracts says of one."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any

from jsonschema import Draft202012Validator

from checkpoints.output.manual.schema import contract_schema


@cache
def _validator() -> Draft202012Validator:
    schema = contract_schema()
    Draft202012Validator.check_schema(schema)
    return Draft202012Validator(schema)


def refusals(raw: Mapping[str, Any]) -> list[str]:
    """Its places and problems; ``raw`` is the YAML before variables are put in."""
    found = _validator().iter_errors(raw)
    return [f"{error.json_path}: {error.message:.200}" for error in found]
