"""Contracts are read by the core schema of YAML 1.2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.yaml_file import read_yaml
from checkpoints.errors import ContractError


def read(folder: Path, text: str) -> dict[str, Any]:
    file = folder / "file.yml"
    file.write_text(text)
    return read_yaml(file)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("001", 1),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("-7", -7),
        ("1e3", 1000.0),
        (".5", 0.5),
        ("off", "off"),
        ("no", "no"),
        ("NO", "NO"),
        ("yes", "yes"),
        ("on", "on"),
        ("true", True),
        ("False", False),
        ("12:30", "12:30"),
        ("1_000", "1_000"),
        ("2025-01-10", "2025-01-10"),
        ("~", None),
        ("", None),
        ("'001'", "001"),
    ],
)
def test_a_plain_value_is_what_yaml_1_2_says(tmp_path: Path, written: str, value: object) -> None:
    found = read(tmp_path, f"a: {written}")["a"]
    assert (found, type(found)) == (value, type(value))


def test_keys_are_text_also_when_they_look_like_a_switch(tmp_path: Path) -> None:
    assert read(tmp_path, "on: {no: 1}") == {"on": {"no": 1}}


def test_an_anchor_is_merged_and_its_keys_can_be_replaced(tmp_path: Path) -> None:
    text = "base: &b {x: 1, y: 2}\nmore: {<<: *b, y: 3}\n"
    assert read(tmp_path, text)["more"] == {"x": 1, "y": 3}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: 1\na: 2", "line 2, column 1: malformed YAML: key 'a' appears twice"),
        ("1: a", "key 1 is not text: put it in quotes"),
        ("2025-01-10: &x a\n? [a]\n: b", "line 2"),
        ("a: !!binary aGk=", "is not supported: write the value as text"),
        ("a: &x [*x]", "an anchor contains itself"),
        ("a: [", "malformed YAML"),
        ("a: {column: n, >: 0}", 'cannot start any token: put ">" in quotes'),
        ("a:\n- column: n\n  >=: 0", ': put ">" in quotes'),
        ("- a", "is not a mapping: start with 'version: 1'"),
    ],
)
def test_what_cannot_be_meant_is_refused(tmp_path: Path, text: str, told: str) -> None:
    with pytest.raises(ContractError, match=r"file\.yml") as refusal:
        read(tmp_path, text)
    assert told in str(refusal.value)
