"""Scratch copies of the project, in which a test adds what a developer would add."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.support.commands import ROOT

PARTS = ("checkpoints", "remediation", "gx/plugins", "gx/great_expectations.yml")


def scratch_copy(tmp_path: Path) -> Path:
    """Copy the packages and the Data Context, without a contract; returns the copy's root.

    ``command(…, cwd=copy)`` runs the code of the copy: the current directory is imported first.
    """
    copy = tmp_path / "scratch"
    for part in PARTS:
        source, target = ROOT / part, copy / part
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    return copy


def edit(path: Path, old: str, new: str) -> None:
    """Replace a text that occurs exactly once in a file."""
    text = path.read_text(encoding="utf-8")
    assert text.count(old) == 1, f"{old!r} occurs {text.count(old)} times in {path.name}"
    path.write_text(text.replace(old, new), encoding="utf-8")
