"""The Great Expectations project of a contract: its files, written where they are missing.

A project that was somebody's before keeps all that it has. It gets the data source of the coverage
frame, and a Data Docs site of ours beside its own.
"""

from __future__ import annotations

import io
import re
from importlib.resources import files
from pathlib import Path
from typing import Any

from checkpoints.archive.runs import OWN_SITE, docs_folder
from checkpoints.errors import ContractError
from checkpoints.files import write_text

CONFIGURATION = "great_expectations.yml"
SITE_CLASS = {"module_name": "checkpoints.plugin.site", "class_name": "SelfContainedSite"}

PLUGIN = Path("cross_layer") / "__init__.py"
PLUGIN_TEXT = '''"""The expectations of generated suites, for programs that load those themselves.

Great Expectations puts this folder on the module path and imports nothing of it: import
cross_layer before a suite or a checkpoint is loaded. Written by `checkpoints suites`.
"""

from checkpoints.plugin import *  # noqa: F403
'''

EARLIER = re.compile(r"(?<=module_name: )cross_layer(?=\.(?:site|pages)\b)")
"""How a project of version 1.0 names our classes, which were part of it."""


def complete(project: Path) -> list[Path]:
    """Write what a project lacks; returns the paths that were written.

    Raises:
        CheckpointsError: a file cannot be written.
        ContractError: its configuration cannot be read.
    """
    path, ours = project / CONFIGURATION, _template()
    before = _text_of(path)
    if before is None or before == ours:
        texts = {path: ours, project / "plugins" / PLUGIN: PLUGIN_TEXT}
    else:
        after, plugins = _completed(path, EARLIER.sub("checkpoints.plugin", before), ours)
        texts = {path: after, project / plugins / PLUGIN: PLUGIN_TEXT}
    ignored = project / ".gitignore"
    if not ignored.exists():
        texts[ignored] = "uncommitted/\n"
    changed = [path for path, text in texts.items() if _text_of(path) != text]
    for path in changed:
        write_text(path, texts[path])
    return changed


def site_of(sites: dict[str, Any]) -> str:
    """The name of our Data Docs site among those of a project; empty where there is none."""
    ours = SITE_CLASS.items()
    return next((name for name, site in sites.items() if ours <= dict(site).items()), "")


def _template() -> str:
    folder = files("checkpoints.library") / "templates"
    return (folder / CONFIGURATION).read_text(encoding="utf-8")


def _text_of(path: Path) -> str | None:
    try:
        return path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: cannot be read ({error}): correct it") from error


def _completed(path: Path, text: str, ours: str) -> tuple[str, str]:
    """A configuration with what it lacks of ours, and the folder of its plugins.

    ruamel.yaml keeps the comments; what lacks nothing stays as it is.
    """
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    yaml = YAML()
    yaml.preserve_quotes = True
    yaml.width = 1000
    try:
        known, wanted = yaml.load(text), yaml.load(ours)
        plugins = known.get("plugins_directory")
        lacks = _lacking(known, wanted)
    except (YAMLError, AttributeError, TypeError) as error:
        reason = str(error).splitlines()[0]
        raise ContractError(f"{path}: is no configuration of a project: {reason}") from error
    if not lacks:
        return text, str(plugins)
    if site_of(lacks.get("data_docs_sites") or {}):
        docs_folder(path.parent, OWN_SITE).mkdir(parents=True, exist_ok=True)
    for key, value in lacks.items():
        if isinstance(known.get(key), dict):
            known[key].update(value)
        else:
            known[key] = value
    written = io.StringIO()
    yaml.dump(known, written)
    return written.getvalue(), str(plugins or wanted["plugins_directory"])


def _lacking(known: Any, wanted: Any) -> dict[str, Any]:
    """What a configuration lacks, by its key: all of ours, or the entries of ours."""
    found: dict[str, Any] = {}
    for key in ("plugins_directory", "stores", "fluent_datasources"):
        if not known.get(key):
            found[key] = wanted[key]
        elif isinstance(known[key], dict):
            entries = {name: e for name, e in wanted[key].items() if name not in known[key]}
            found |= {key: entries} if entries else {}
    found |= {key: wanted[key] for key in wanted if key.endswith("_name") and key not in known}
    sites = known.get("data_docs_sites") or {}
    if not site_of(sites):
        site = wanted["data_docs_sites"][site_of(wanted["data_docs_sites"])]
        name = OWN_SITE if sites else next(iter(wanted["data_docs_sites"]))
        if sites:
            site["store_backend"]["base_directory"] = f"uncommitted/data_docs/{OWN_SITE}/"
        found["data_docs_sites"] = {name: site}
    return found
