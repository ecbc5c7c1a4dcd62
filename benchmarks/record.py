"""The results on disk: JSON, the picture, and the tables of the README."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from datetime import date
from pathlib import Path
from typing import Any

from benchmarks.machine import machine
from benchmarks.picture import picture
from benchmarks.results import SECTION_OF, Results, Row
from benchmarks.tables import tables
from benchmarks.venvs import version_of

BLOCK = "<!-- {name} -->\n.*?<!-- end -->"
PINNED = {
    "Soda Core": ("soda", "soda-core"),
    "dbt-core": ("dbt", "dbt-core"),
    "dbt-duckdb": ("dbt", "dbt-duckdb"),
    "pointblank": ("pointblank", "pointblank"),
    "reladiff": ("reladiff", "reladiff"),
}


def record(
    rows: Iterable[Row],
    *,
    size: str,
    sections: Collection[str],
    schedule: str,
    date: date,
    seconds: float,
    before: Path,
) -> Results:
    """The rows with what they were measured on; other sections as they were before."""
    found: dict[str, list[Row]] = {section: [] for section in sections}
    for row in rows:
        found[SECTION_OF[type(row)]].append(row)
    known = _before(before) if len(sections) < len(SECTION_OF) else {}
    return Results.model_validate(
        {
            **known,
            "command": f"make bench SIZE={size}",
            "date": str(date),
            "size": size,
            "seconds": round(seconds + known.get("seconds", 0)),
            "schedule": schedule,
            "machine": machine(),
            "versions": {name: version_of(*where) for name, where in PINNED.items()},
            **found,
        }
    )


def _before(path: Path) -> dict[str, Any]:
    if not path.is_file():
        return {}
    return Results.model_validate_json(path.read_bytes()).model_dump()


def save(results: Results, folder: Path) -> list[Path]:
    """Write ``results.json`` and ``curves.svg``; put the tables into the folder's README."""
    folder.mkdir(parents=True, exist_ok=True)
    content = {"results.json": results.model_dump_json(indent=1) + "\n"}
    if results.curve:
        content["curves.svg"] = picture(results.curve)
    readme = folder / "README.md"
    if readme.is_file():
        content["README.md"] = filled(readme.read_text(encoding="utf-8"), results)
    for name, text in content.items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")
    return [folder / name for name in content]


def filled(text: str, results: Results) -> str:
    """A text whose blocks ``<!-- name -->…<!-- end -->`` hold the tables of the results."""
    for name, lines in tables(results).items():
        block = f"<!-- {name} -->\n" + "\n".join(lines) + "\n<!-- end -->"
        pattern = re.compile(BLOCK.format(name=name), re.DOTALL)
        text = pattern.sub(lambda _, block=block: block, text)  # type: ignore[misc]
    return text
