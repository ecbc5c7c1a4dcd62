"""What ``manual.yml`` says of the contract's keys, and the classes that have these."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from inspect import getdoc
from pathlib import Path
from typing import Any

from pydantic import BaseModel, Field, field_validator

from checkpoints.contract.loading import models_in
from checkpoints.contract.model import KINDS as SERVICES
from checkpoints.contract.model import Contract
from checkpoints.contract.notifiers import KINDS as NOTIFIERS
from checkpoints.contract.yaml_file import read_yaml
from checkpoints.records import Record
from checkpoints.rules.rule import Rule

MANUAL = Path(__file__).with_name("manual.yml")


class Entry(Record):
    """What a key is, in a sentence or two of Markdown, and values that it may have."""

    what: str
    examples: tuple[Any, ...] = ()


class Section(Record):
    """A section of the page: the class whose keys it lists, and an example in YAML."""

    title: str
    level: int = 2
    record: str
    note: str = ""
    example: str = ""

    @property
    def link(self) -> str:
        """To the section, in Markdown."""
        title = self.title.lower()
        return f"[{title}](#{title.replace(' ', '-')})"


class Manual(Record):
    """The whole of ``manual.yml``: ``keys`` by class; ``rules`` are examples."""

    keys: dict[str, dict[str, Entry]]
    intro: str
    sections: tuple[Section, ...] = Field(min_length=1)
    rules: dict[str, str]

    @field_validator("keys", mode="before")
    @classmethod
    def _an_entry_may_be_a_sentence(cls, keys: dict[str, dict[str, Any]]) -> object:
        return {
            name: {key: {"what": e} if isinstance(e, str) else e for key, e in entries.items()}
            for name, entries in keys.items()
        }


@cache
def manual() -> Manual:
    """What is said of the contract."""
    return Manual.model_validate(read_yaml(MANUAL))


def kinds(modules: dict[str, str]) -> dict[str, type[BaseModel]]:
    """The classes of services, or of notifiers, by kind."""
    return {kind: import_module(name).KIND for kind, name in modules.items()}


@cache
def records() -> dict[str, type[BaseModel]]:
    """Every class that a mapping of a contract may be of, by name."""
    of_kinds = (*kinds(SERVICES).values(), *kinds(NOTIFIERS).values())
    roots: tuple[type[BaseModel], ...] = (Contract, Rule, *of_kinds)
    return {model.__name__: model for root in roots for model in _within(root)}


def _within(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for inner in models_in(field.annotation):
            yield from _within(inner)


def entry(model: type[BaseModel], key: str) -> Entry | None:
    """What is said of a key of a class, or of the one that it has the key from."""
    for name, field in model.model_fields.items():
        if key == (field.alias or name) and field.description:
            return Entry(what=field.description)
    said_of = manual().keys
    names = (base.__name__ for base in model.__mro__)
    return next((said_of[n][key] for n in names if key in said_of.get(n, {})), None)


def told_of(model: type[BaseModel]) -> str:
    """What a class says of itself, as Markdown: each paragraph a line."""
    paragraphs = (getdoc(model) or "").split("\n\n")
    return "\n\n".join(" ".join(p.split()).replace("``", "`") for p in paragraphs)
