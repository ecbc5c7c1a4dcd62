"""What the code promises about itself: small functions, files of one idea, no stray effects.

Which package may import which, and which are pure, is import-linter's: see pyproject.toml.
"""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.commands import ROOT

PACKAGES = ("checkpoints", "remediation", "demo", "benchmarks")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SHELLS = re.compile(
    r"/(__main__|launch)\.py$|^demo/options\.py|^checkpoints/(api|process)\.py"
    r"|^[a-z]+/cli/"
    r"|^checkpoints/warehouse/bigquery_client\.py"  # names the file that Google's variable names
)
PURE = re.compile(r"^(checkpoints/(contract|coverage|rules)|remediation/plan)/")


def functions() -> Iterator[tuple[str, int]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


def test_functions_are_small_and_a_file_is_one_idea() -> None:
    sizes = dict(functions())
    assert statistics.median(sizes.values()) <= 10
    assert sorted(sizes.values())[int(len(sizes) * 0.9)] <= 30
    assert {name: n for name, n in sizes.items() if n > 60} == {}
    lines = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}
    assert {name: n for name, n in lines.items() if n > 450} == {}


def test_the_top_level_of_a_package_holds_only_what_all_of_it_shares() -> None:
    assert len(list((ROOT / "checkpoints").glob("*.py"))) <= 10
    assert len(list((ROOT / "remediation").glob("*.py"))) <= 5


def test_decisions_never_ask_for_today() -> None:
    clock = re.compile(r"\b(now|today|utcnow|monotonic|perf_counter)\(")
    for path in SOURCES:
        if PURE.match(str(path.relative_to(ROOT))):
            assert not clock.search(path.read_text()), path


def test_only_the_shells_print_exit_or_read_the_environment() -> None:
    effects = re.compile(
        r"(?<!\.)\bprint\(|sys\.exit\(|os\.environ|os\.getenv|datetime\.now\(|date\.today\("
    )
    found = {
        f"{name}: {match[0]}"
        for path in SOURCES
        if not SHELLS.search(name := str(path.relative_to(ROOT)))
        for match in effects.finditer(path.read_text())
    }
    assert found == set()


def test_nobody_shadows_the_library_alias() -> None:
    assert not (ROOT / "gx" / "__init__.py").exists()
    for path in SOURCES:
        assert not re.search(r"^\s*(import gx\b|from gx\b)", path.read_text(), re.MULTILINE), path


def test_the_project_names_no_machine_and_no_registry() -> None:
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True)
    if listed.returncode:
        pytest.skip("not a git checkout")
    homes = "|".join(f"/{folder}/" for folder in ("work", "root"))
    words = re.compile(rf"{homes}|https?://[\w.]*pypi|--index-url|registry\.npmjs", re.IGNORECASE)
    own = Path(__file__).name
    for name in listed.stdout.split():
        path = ROOT / name
        if path.suffix not in {".png"} and path.name != own and path.is_file():
            assert not words.search(path.read_text(encoding="utf-8")), name
