"""Secrets of the environment: filled in when a request leaves, and taken out of every text."""

from __future__ import annotations

import base64
import html
import json
from urllib.parse import quote, quote_plus

import pytest

from checkpoints.contract.secrets import Mask, filled

SECRET = 'k3y/+= "é" \\ of mine'


def test_variables_are_filled_in_at_any_depth() -> None:
    value = {"a": ["${ONE}", {"b-${TWO:-two}": "x ${ONE} y ${TWO:-}"}], "n": 3}
    assert filled(value, {"ONE": "1"}) == {"a": ["1", {"b-two": "x 1 y "}], "n": 3}
    assert filled("${TWO:-two}", {"TWO": ""}) == "two"
    assert filled("${ONE}", {"ONE": "${TWO}", "TWO": "no"}) == "${TWO}"


@pytest.mark.parametrize(
    "text",
    [
        SECRET,
        SECRET.upper(),
        f"{SECRET}{SECRET} and {SECRET}",
        quote(SECRET),
        quote(SECRET, safe=""),
        quote(SECRET, safe="").lower(),
        quote_plus(SECRET),
        json.dumps(SECRET),
        json.dumps(SECRET, ensure_ascii=False),
        html.escape(SECRET),
        base64.b64encode(SECRET.encode()).decode(),
        base64.urlsafe_b64encode(SECRET.encode()).decode(),
        base64.b64encode(b"user:" + SECRET.encode()).decode(),
        base64.b64encode(b"a user:" + SECRET.encode() + b"!").decode(),
        base64.b64encode(b"one user:" + SECRET.encode() + b"!!").decode(),
    ],
)
def test_a_secret_is_masked_however_it_is_written(text: str) -> None:
    mask = Mask({"KEY": SECRET, "OTHER": "zzz"})
    shown = mask(f"you sent {text}.")
    assert "[KEY]" in shown
    assert "k3y" not in shown.lower()
    assert "mine" not in shown.lower()
    longest = max(shown.replace("[KEY]", " ").split(), key=len)
    assert len(longest) <= 12, shown  # what stood around it


def test_the_longer_of_two_secrets_is_masked_whole() -> None:
    mask = Mask({"SHORT": "abc", "LONG": "abcdef"})
    assert mask("abcdef abc") == "[LONG] [SHORT]"


def test_nothing_is_masked_where_there_is_no_secret() -> None:
    assert Mask({})("as it is") == "as it is"
    assert Mask({"EMPTY": ""})("as it is") == "as it is"


def test_a_mask_does_not_show_what_it_hides() -> None:
    assert repr(Mask({"KEY": SECRET})) == "Mask(['KEY'])"
