"""The text of a ``great_expectations.yml`` that was somebody's before, with what it lacks of ours.

What is there stays as it is, letter by letter: entries are put below those of their section.
"""

from __future__ import annotations

import io
import re
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from checkpoints.archive.runs import OWN_SITE
from checkpoints.errors import ContractError

SITE_CLASS = {"module_name": "checkpoints.plugin.site", "class_name": "SelfContainedSite"}

STORES = {
    "expectations_store_name": "expectations_store",
    "checkpoint_store_name": "checkpoint_store",
    "validation_results_store_name": "validation_results_store",
    "": "validation_definition_store",
}
"""The keys that say what a store is called, and its name without; of the last there is no key."""

BEFORE_1 = ("datasources", "validations_store_name", "evaluation_parameter_store_name")
"""What Great Expectations refuses since its version 1.0."""

OTHERWISE = (
    "give the contract another name than pipeline.yml, such as layers.yml: it then has a project "
    "of its own, in a folder beside it"
)


class Completed(NamedTuple):
    """A configuration that has all of ours."""

    text: str
    plugins: str
    site: str
    """The folder of its plugins, and the name of our Data Docs site."""


def completed(path: Path, text: str, ours: str) -> Completed:
    """A configuration with what it lacks of ``ours``.

    Raises:
        ContractError: it cannot be read, or has something else where ours would be.
    """
    try:
        known, wanted = _loaded(text), _loaded(ours)
        if earlier := [key for key in BEFORE_1 if key in known]:
            raise ContractError(
                f"{path}: is of Great Expectations 0.x ({earlier[0]}): migrate it to 1.x, "
                f"or {OTHERWISE}"
            )
        for section in ("stores", "data_docs_sites", "fluent_datasources"):
            if not isinstance(known.get(section) or {}, dict):
                raise TypeError(f"{section} is no mapping")
        problems = list(_conflicts(path.parent, known, wanted))
        lacks = {} if problems else _lacking(known, wanted)
        plugins = known.get("plugins_directory") or wanted["plugins_directory"]
        site = site_of({**(known.get("data_docs_sites") or {}), **wanted["data_docs_sites"]})
    except (YAMLError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ContractError(f"{path}: is no configuration of a project: {reason}") from error
    if problems:
        raise ContractError(*(f"{path}: {problem}: {OTHERWISE}" for problem in problems))
    return Completed(_with(text, lacks), str(plugins), site)


def site_of(sites: Mapping[str, Any]) -> str:
    """The name of our Data Docs site among those of a project; empty where there is none."""
    ours = SITE_CLASS.items()
    return next((name for name, site in sites.items() if ours <= dict(site).items()), "")


def _loaded(text: str) -> Any:
    yaml = YAML()
    yaml.preserve_quotes = True
    return yaml.load(text)


def _dumped(content: Any) -> str:
    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1000
    written = io.StringIO()
    yaml.dump(content, written)
    return written.getvalue()


def _conflicts(project: Path, known: Any, wanted: Any) -> Iterator[str]:
    """What is otherwise than the generated files, and the archive, take it to be."""
    stores = known.get("stores") or {}
    for key, usual in STORES.items():
        name = known.get(key) or usual
        backend = (stores.get(name) or {}).get("store_backend") or {}
        folder = wanted["stores"][usual]["store_backend"]["base_directory"]
        found = backend.get("base_directory", folder if not backend else backend["class_name"])
        if project / found != project / folder:
            yield f"{name} is in {found!r}, and what is generated would be in {folder!r}"
    datasources = known.get("fluent_datasources") or {}
    for name, ours in wanted["fluent_datasources"].items():
        if name in datasources and datasources[name].get("id") != ours["id"]:
            yield f"fluent_datasources has a {name!r} that is not ours"
    sites = known.get("data_docs_sites") or {}
    if OWN_SITE in sites and not site_of({OWN_SITE: sites[OWN_SITE]}):
        yield f"data_docs_sites has a {OWN_SITE!r} that is not ours"


def _lacking(known: Any, wanted: Any) -> dict[str, Any]:
    """The entries that a configuration lacks, by section, and the values, by key."""
    sites = known.get("data_docs_sites") or {}
    if sites:
        site = wanted["data_docs_sites"].pop(site_of(wanted["data_docs_sites"]))
        site["store_backend"]["base_directory"] = f"uncommitted/data_docs/{OWN_SITE}/"
        wanted["data_docs_sites"][OWN_SITE] = site
    sections = {
        "stores": {
            known.get(key) or usual: wanted["stores"][usual] for key, usual in STORES.items()
        },
        "data_docs_sites": {} if site_of(sites) else wanted["data_docs_sites"],
        "fluent_datasources": wanted["fluent_datasources"],
    }
    keys = ("plugins_directory", *filter(None, STORES))
    found = {key: wanted[key] for key in keys if not known.get(key)}
    for section, entries in sections.items():
        there = known.get(section) or {}
        if lacks := {name: entry for name, entry in entries.items() if name not in there}:
            found[section] = lacks
    return found


def _with(text: str, lacks: Mapping[str, Any]) -> str:
    """A configuration with entries and values; written anew where it has an unusual form."""
    content, edited = _loaded(text), text
    for key, value in lacks.items():
        there = content.get(key)
        edited = _inserted(edited, key, value, there)
        if there:
            there.update(value)
        else:
            content[key] = value
    try:
        same = _loaded(edited) == content
    except YAMLError:
        same = False
    return edited if same else _dumped(content)


def _inserted(text: str, key: str, value: Any, there: Any) -> str:
    """The text with a value, or with further entries below those that are ``there``."""
    own = re.search(rf"^{key}:.*\n?", text, re.MULTILINE)
    if own is None:
        start = end = len(text)
        block = f"\n{_block({key: value})}"
    elif there:
        start = end = _end_of_section(text, own.end())
        block = textwrap.indent(_block(value), " " * there.lc.col)
    else:
        start, end = own.span()
        block = _block({key: value})
    newline = "\r\n" if "\r\n" in text else "\n"
    before = text[:start]
    if before and not before.endswith("\n"):
        before += newline
    return before + block.replace("\n", newline) + text[end:]


def _end_of_section(text: str, start: int) -> int:
    """Where the last entry ends; what then stands at the margin belongs to what follows."""
    following = re.compile(r"^[^\s#]", re.MULTILINE).search(text, start)
    lines = text[start : following.start() if following else None].splitlines(keepends=True)
    while lines and (not lines[-1].strip() or lines[-1].startswith("#")):
        del lines[-1]
    return start + sum(map(len, lines))


def _block(content: Any) -> str:
    """The lines of it, without a comment of what follows it in ours."""
    return re.sub(r"\n(?:\n|#.*)*\Z", "\n", _dumped(content))
