"""The first page of Data Docs: the list of runs, with what the library has stored about each."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from checkpoints.archive.history import StoredRun
from checkpoints.files import write_text
from checkpoints.output.runs_page import Link, render_index


def write_site_index(folder: Path, runs: Sequence[StoredRun]) -> Path:
    """Write ``index.html`` of the site in ``folder``; ``runs`` are newest first."""
    index = folder / "index.html"
    suites = sorted(folder.glob("expectations/*.html"), key=lambda page: _rank(runs, page.stem))
    links = [(page.stem, _address(folder, page)) for page in suites]
    results = _results(folder, [name for name, _ in links])
    write_text(index, render_index(runs, suites=links, results=results))
    return index


def _rank(runs: Sequence[StoredRun], suite: str) -> tuple[int, str]:
    """Layers as the latest run has them, upstream first; then the others."""
    head = next((run.head for run in runs if run.head), None)
    layers = list(dict.fromkeys(share.layer for share in head.shares)) if head else []
    return (layers.index(suite) if suite in layers else len(layers)), suite


def _results(folder: Path, suites: Sequence[str]) -> dict[str, list[Link]]:
    """The pages of validation results that are there, by run."""
    found: dict[str, list[Link]] = {}
    for suite in suites:
        for page in folder.glob(f"validations/{suite}/*/*/*.html"):
            run = page.relative_to(folder).parts[2]
            found.setdefault(run, []).append((suite, _address(folder, page)))
    return found


def _address(folder: Path, page: Path) -> str:
    return quote(page.relative_to(folder).as_posix())
