"""Rules about rows in a whole run: judged by the library as by the rules, with their keys."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from tests.rules.test_row_rules import AGREES, FRESH, TABLE, TYPES, UNIQUE, WHOLE, Row, row
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.warehouses import fill

RULES: list[dict[str, Any]] = [
    UNIQUE,
    {**UNIQUE, "columns": "kind", "by": "game"},
    WHOLE,
    {"rule": "filled", "columns": "rate"},
    {"rule": "filled", "columns": "points", "per": "date", "at_least": 0.5},
    {"rule": "within", "column": "rate", "from": 0, "to": 1.0},
    {"rule": "within", "column": "kind", "one_of": ["final", "5"]},
    {"rule": "within", "column": "points", "one_of": [1, 10]},
    AGREES,
    {**AGREES, "column": "kind", "with": "boxes.kind", "by": "game"},
    {**FRESH, "lookback_days": 2},
    {"rule": "row_count", "at_least": 2, "of_median": 0.5},
    {"rule": "up_to_date", "hours": 30},
    {"rule": "conversion_ratio", "at_least": 1, "by": "game"},
]
WINDOW = ("--from", "2025-01-06", "--to", "2025-01-20", "--as-of", "2025-01-25")


def broken() -> tuple[list[Row], list[Row]]:
    """Box scores, and features with one thing wrong on each date."""
    boxes = [row(day, p) for day in range(5, 18) for p in "ab"]
    boxes[0] = row(5, "a", w="2025-01-22 00:00")  # before the window, and late
    features = [
        *[row(day, p, w="2025-01-20 04:00") for day in range(5, 18) for p in "ab"],
        row(10, "a", kind=None),
        row(11, "c", rate=None),
        row(12, "d", rate=2.39),
        row(13, "e", kind="live"),
    ]
    features[-5] = row(17, "b", points=7)
    return boxes, features


def test_a_run_and_a_check_find_the_same_and_show_the_keys(tmp_path: Path) -> None:
    boxes, features = broken()
    tables = {"schedule": boxes, "boxes": boxes, "features": features}
    url = fill(tmp_path / "w.duckdb", tables, TYPES)
    layers = {"reference": "r", "L1": "raw", "L4": "features"}
    of_features = {"layer": "L4", "table": "s.features", **TABLE, "upstream": "boxes"}
    file = project_of(
        tmp_path,
        layers=layers,
        checkpoints={"after_backfill": {"suites": list(layers)}},
        warehouse=url,
        datasets={
            "schedule": {"layer": "reference", "table": "s.schedule", **TABLE},
            "boxes": {"layer": "L1", "table": "s.boxes", **TABLE, "upstream": "schedule"},
            "features": {**of_features, "rules": RULES},
        },
        rules_for_keyed=[{"rule": "unique_keys", "severity": "warning"}],
    )
    given = ("--contract", str(file.path), "--json", "-")

    checked = command("checkpoints", "check", *WINDOW, *given)
    ran = command("checkpoints", "run", *WINDOW, *given, "--junit", str(tmp_path / "junit.xml"))

    assert (checked.returncode, ran.returncode) == (1, 1), checked.stderr + ran.stderr
    by_rules, by_library = json.loads(checked.stdout), json.loads(ran.stdout)
    assert by_library["checks"] == by_rules["checks"]
    assert by_library["keys"] == by_rules["keys"]
    found = {c["kind"] + " " + " ".join(c["identity"]): c for c in by_library["checks"]}
    failed = {name.strip() for name, c in found.items() if c["outcome"] == "FAILED"}
    assert failed >= {
        "unique_keys",
        "filled rate",
        "within rate from 0 to 1.0",
        "within kind one of final, 5",
        "within points one of 1, 10",
        "agrees points",
        "fresh",
    }
    assert found["fresh "]["unexpected_dates"] == ["2025-01-06", "2025-01-07"]
    assert found["within rate from 0 to 1.0"]["unexpected_dates"] == ["2025-01-12"]
    samples = {s["check"]: s["broken"] for s in by_library["keys"]}
    assert samples[found["filled rate"]["id"]] == [["g1", "c"]]
    (page,) = file.project.glob("uncommitted/data_docs/local_site/validations/L4/*/*/*.html")
    html = page.read_text()
    assert "at least 100 % of the keys of features have no NULL in rate" in html
    assert "1 of 3 keys" in html
    assert '<span class="soft">not as required</span> <code>g1 · c</code>' in html
    (run_page,) = file.project.glob("uncommitted/data_docs/local_site/signoff/*.html")
    shown = run_page.read_text()
    assert "<td>features</td><td>filled rate</td><td>g1 · c</td>" in shown
    assert "of None" not in shown
    cases = ElementTree.parse(tmp_path / "junit.xml").iter("testcase")
    names = [(case.get("classname"), case.get("name")) for case in cases]
    assert {"features: filled rate", "features: agrees kind by game of boxes"} <= {
        name for _, name in names
    }
    assert len(set(names)) == len(names)
