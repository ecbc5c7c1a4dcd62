"""Values of the environment that are sent to others and that nobody is shown. Pure."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from collections.abc import Iterator, Mapping
from html import escape
from typing import Any
from urllib.parse import quote, quote_plus

from checkpoints.contract.loading import VARIABLE

FEWEST_BYTES = 6
"""What is shorter cannot be told from other text once it is encoded."""

SHORTEST_LINE = 8
"""A shorter line of a value that has several may stand in other text as well."""


def filled(value: Any, environment: Mapping[str, str]) -> Any:
    """Put variables into every string of a JSON value, in place of ``${NAME}``."""
    if isinstance(value, dict):
        return {filled(k, environment): filled(v, environment) for k, v in value.items()}
    if isinstance(value, list):
        return [filled(inner, environment) for inner in value]
    if not isinstance(value, str):
        return value
    return VARIABLE.sub(lambda found: environment.get(found[1]) or found[2] or "", value)


class Mask:
    """Takes secrets, given by name, out of texts: ``[NAME]`` stands for each."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        forms = {form: name for name, value in secrets.items() for form in _forms(value)}
        longest_first = sorted(filter(None, forms), key=len, reverse=True)
        self._longest = len(longest_first[0]) if longest_first else 0
        self._names = [forms[form] for form in longest_first]
        found = "|".join(f"({re.escape(form)})" for form in longest_first)
        self._secret = re.compile(found, re.IGNORECASE)

    def __repr__(self) -> str:
        return f"Mask({sorted(set(self._names))})"

    def __call__(self, text: str) -> str:
        """The text without any of the secrets, also where one is encoded."""
        if not self._names:
            return text
        return self._secret.sub(lambda found: f"[{self._names[(found.lastindex or 1) - 1]}]", text)

    def of_end(self, text: str) -> str:
        """The end of a longer text without any of the secrets, also of one that was cut there."""
        return self(text)[self._longest :]


def _forms(value: str) -> Iterator[str]:
    """How a value may stand in what a service answers: as a whole, encoded, or line by line."""
    yield from (
        value,
        value.strip(),
        escape(value),
        quote(value, errors="surrogateescape"),
        quote(value, safe="", errors="surrogateescape"),
        quote_plus(value, errors="surrogateescape"),
    )
    lines = map(str.strip, value.splitlines())
    yield from (line for line in lines if len(line) >= SHORTEST_LINE)
    yield from (json.dumps(value)[1:-1], json.dumps(value, ensure_ascii=False)[1:-1])
    data = value.encode(errors="surrogateescape")
    if len(data) < FEWEST_BYTES:
        return
    for before, mixed in enumerate((0, 2, 3)):  # it may stand anywhere in what was encoded
        encoded = b64encode(b"\0" * before + data).decode()
        whole = encoded.rstrip("=")
        inner = whole[mixed : len(whole) - (whole != encoded)]
        yield from (inner, inner.replace("+", "-").replace("/", "_"))
        if not before:
            yield from (whole, whole.replace("+", "-").replace("/", "_"))


def variables_in(value: object) -> dict[str, str | None]:
    """The variables that stand in a JSON value, and what each has where it is not set.

    None where it has no default in any one place.
    """
    found: dict[str, str | None] = {}
    for one in VARIABLE.finditer(json.dumps(value, ensure_ascii=False)):
        found[one[1]] = one[2] if found.get(one[1], one[2]) is not None else None
    return found
