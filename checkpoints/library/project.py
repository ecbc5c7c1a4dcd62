"""The Great Expectations project of a contract: its files, written where they are missing.

A project that was somebody's before keeps all that it has. It gets the data source of the coverage
frame, and a Data Docs site of ours beside its own.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path

from checkpoints.archive.runs import OWN_SITE, docs_folder
from checkpoints.errors import ContractError
from checkpoints.files import write_text

CONFIGURATION = "great_expectations.yml"

PLUGIN = Path("cross_layer") / "__init__.py"
PLUGIN_TEXT = '''"""The expectations of generated suites, for programs that load those themselves.

Great Expectations puts this folder on the module path and imports nothing of it: import
cross_layer before a suite or a checkpoint is loaded. Written by `checkpoints suites`.
"""

from checkpoints.plugin import *  # noqa: F403
'''

EARLIER = re.compile(r"(?<=module_name: )cross_layer(?=\.(?:site|pages)\b)")
"""How a project of version 1.0 names our classes, which were part of it."""


def files_of(project: Path) -> tuple[dict[Path, str], str]:
    """The configuration and the plugin as they are to be, by path; and the name of our site.

    Raises:
        ContractError: its configuration cannot be read, or has something else where ours would be.
    """
    path, ours = project / CONFIGURATION, _template()
    before = _text_of(path)
    if before is None or before == ours:
        return {path: ours, project / "plugins" / PLUGIN: PLUGIN_TEXT}, ""
    from checkpoints.library.configuration import completed  # ruamel.yaml, which others spare

    own = completed(path, EARLIER.sub("checkpoints.plugin", before), ours)
    return {path: own.text, project / own.plugins / PLUGIN: PLUGIN_TEXT}, own.site


def complete(project: Path) -> list[Path]:
    """Write what a project lacks; returns the paths that were written.

    Raises:
        CheckpointsError: a file cannot be written.
        ContractError: its configuration cannot be read, or has something else where ours would be.
    """
    texts, site = files_of(project)
    if site == OWN_SITE:
        docs_folder(project, OWN_SITE).mkdir(parents=True, exist_ok=True)
    ignored = project / ".gitignore"
    if not ignored.exists():
        texts[ignored] = "uncommitted/\n"
    changed = lacking(texts)
    for path in changed:
        write_text(path, texts[path])
    return changed


def lacking(texts: Mapping[Path, str]) -> list[Path]:
    """The files that are missing, or have another text than they are to have."""
    return [path for path, text in texts.items() if _text_of(path) != text]


def _template() -> str:
    folder = files("checkpoints.library") / "templates"
    return (folder / CONFIGURATION).read_text(encoding="utf-8")


def _text_of(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ContractError(f"{path}: cannot be read ({error}): correct it") from error
