"""Placeholders in the values of a service: where the dates of a call are put in. Pure."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from typing import Any

from checkpoints.contract.loading import VARIABLE
from remediation.plan.groups import CallGroup

PLACEHOLDER = re.compile(
    r"\$\{\s*[A-Za-z_][^{}]*\}*"
    r"|\{+(?:[A-Za-z_]|\s+(?i:dates?|days?|from|to)\b)[^{}]*\}*"
)
"""``{date}``, whatever looks as if it should be, and ``${NAME}`` of the environment.

``{ id }`` is none: so are the fields of a GraphQL query written.
"""

KNOWN = ("{date}", "{from}", "{to}", "{dates}")
DATES = re.compile(r"(?<!\$)\{(?:date|from|to|dates)\}")
"""``${date}`` is a variable of that name."""

CODE = re.compile(r"\{\s*[A-Za-z_.][^{}]*\{")
"""A name in braces that hold others, as in GraphQL: there is no placeholder but the known ones."""

IN_CODE = re.compile(rf"\$\{{[^{{}}]*\}}|{DATES.pattern}")

ENCODED = "base64"
"""A mapping with this key alone is the JSON of its value, encoded."""


def refuse_placeholders(*values: Any) -> None:
    """Refuse what looks like ``{date}`` in the strings of JSON values and is not.

    Raises:
        ValueError: a call would hold something with braces in it.
    """
    for placeholder in _placeholders(values):
        if placeholder.startswith("$"):
            if not VARIABLE.fullmatch(placeholder):
                raise ValueError(f"{placeholder} is no variable: write ${{NAME}} or ${{NAME:-…}}")
        elif placeholder not in KNOWN:
            known = " or ".join(KNOWN)
            raise ValueError(
                f"{placeholder} is no placeholder: write {known}, or a space after {{ in other text"
            )


def unnamed_dates(dates_per_call: object, where: str, *values: Any) -> str:
    """Why a call would not say exactly which dates it is for; empty when it does.

    ``where`` names the fields that hold the values.
    """
    found = {name for name in _placeholders(values) if name in KNOWN}
    if dates_per_call == 1:
        return "" if found else f"no call would name its date: write {{date}} in {where}"
    if wrong := sorted(found - _allowed(dates_per_call, found)):
        return (
            f"{' and '.join(wrong)} cannot name several dates: with dates_per_call: "
            f"{dates_per_call} write {_wanted(dates_per_call)} in {where}"
        )
    if "{dates}" in found or {"{from}", "{to}"} <= found:
        return ""
    return f"no call would name its dates: write {_wanted(dates_per_call)} in {where}"


def _allowed(dates_per_call: object, found: set[str]) -> set[str]:
    """Ends say nothing of a list's gaps: beside its dates they may name a job."""
    is_list = dates_per_call == "list" and "{dates}" not in found
    return {"{dates}"} if is_list else {"{dates}", "{from}", "{to}"}


def _wanted(dates_per_call: object) -> str:
    return "{dates}" if dates_per_call == "list" else "{from} and {to}, or {dates},"


def has_variables(*values: Any) -> bool:
    """Whether a variable that is not set stands anywhere in the strings of JSON values."""
    return any(placeholder.startswith("$") for placeholder in _placeholders(values))


def _placeholders(values: Any) -> list[str]:
    return [found for text in _strings(values) for found in _pattern_of(text).findall(text)]


def _pattern_of(text: str) -> re.Pattern[str]:
    """What to look for: a text that closes all of its braces may be code."""
    is_code = CODE.search(text) and text.count("{") == text.count("}")
    return IN_CODE if is_code else PLACEHOLDER


def _strings(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _strings(name)
            yield from _strings(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _strings(inner)
    elif isinstance(value, str):
        yield value


def with_dates(value: Any, group: CallGroup) -> Any:
    """Put the dates of calls into every string of a JSON value, keys as well.

    ``{date}`` and ``{from}`` become the first as YYYY-MM-DD, ``{to}`` the last, and ``{dates}`` all
    of them, with commas; a string that is nothing else becomes a list. A mapping with the key
    ``base64`` alone becomes the encoded JSON of its value.
    """
    if isinstance(value, dict):
        if [*value] == [ENCODED]:
            inner = json.dumps(with_dates(value[ENCODED], group))
            return base64.b64encode(inner.encode()).decode()
        return {in_text(key, group): with_dates(inner, group) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [with_dates(inner, group) for inner in value]
    if value == "{dates}":
        return [str(day) for day in group.dates]
    return in_text(value, group) if isinstance(value, str) else value


def in_text(text: str, group: CallGroup) -> str:
    """Put the dates of calls into a text."""
    put = {
        "{date}": str(group.first),
        "{from}": str(group.first),
        "{to}": str(group.last),
        "{dates}": ",".join(map(str, group.dates)),
    }
    return DATES.sub(lambda found: put[found[0]], text)
