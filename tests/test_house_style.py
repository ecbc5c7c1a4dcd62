"""What the code promises about itself: pure modules, small functions, no stray effects."""

from __future__ import annotations

import ast
import re
import statistics
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
PACKAGES = ("checkpoints", "remediation", "demo", "gx/plugins/cross_layer", "benchmarks")
SOURCES = sorted(path for package in PACKAGES for path in (ROOT / package).rglob("*.py"))
SHELLS = {
    "benchmarks/launch.py",
    "benchmarks/query_log/sitecustomize.py",
    "checkpoints/shell.py",
    "checkpoints/ci_options.py",
    *(f"{p}/options.py" for p in PACKAGES),
    *(f"{p}/__main__.py" for p in PACKAGES),
}
PURE = (
    "benchmarks.findings",
    "benchmarks.hand_sql",
    "benchmarks.picture",
    "benchmarks.planted",
    "benchmarks.tables",
    "checkpoints.annotations",
    "checkpoints.calendar_map",
    "checkpoints.ci_findings",
    "checkpoints.columns",
    "checkpoints.contract",
    "checkpoints.coverage",
    "checkpoints.findings",
    "checkpoints.gaps",
    "checkpoints.gate",
    "checkpoints.junit",
    "checkpoints.markdown",
    "checkpoints.page",
    "checkpoints.rules",
    "checkpoints.runs_page",
    "checkpoints.summary",
    "checkpoints.trend",
    "checkpoints.window",
    "checkpoints.wording",
    "demo.fault_catalogue",
    "demo.faults",
    "remediation.candidates",
    "remediation.ci_findings",
    "remediation.elsewhere",
    "remediation.plan",
    "remediation.planning",
    "remediation.replay",
    "remediation.shell_script",
    "remediation.spelled",
)
EFFECTS = {"socket", "subprocess", "time", "os"}
HEAVY = {"duckdb", "sqlalchemy", "sqlite3", "requests", "great_expectations", "pandas", "google"}


def functions() -> Iterator[tuple[str, int]]:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.FunctionDef) and node.end_lineno:
                yield f"{path.relative_to(ROOT)}:{node.name}", node.end_lineno - node.lineno + 1


@pytest.mark.parametrize("module", PURE)
def test_decisions_import_no_network_database_library_or_clock(module: str) -> None:
    script = (
        f"import sys, {module} as module\n"
        "print(*{m.split('.')[0] for m in sys.modules})\n"
        "print(*{v.__name__.split('.')[0] for v in vars(module).values() if type(v) is type(sys)})"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    loaded, named = done.stdout.split("\n")[:2]
    assert not set(loaded.split()) & HEAVY
    assert not set(named.split()) & EFFECTS


@pytest.mark.parametrize("module", PURE)
def test_decisions_never_ask_for_today(module: str) -> None:
    text = (ROOT / (module.replace(".", "/") + ".py")).read_text()
    assert not re.search(r"\b(now|today|utcnow|monotonic|perf_counter)\(", text)


def test_functions_and_files_are_small() -> None:
    sizes = dict(functions())
    assert statistics.median(sizes.values()) <= 10
    assert sorted(sizes.values())[int(len(sizes) * 0.9)] <= 30
    assert {name: n for name, n in sizes.items() if n > 60} == {}
    lines = {str(p.relative_to(ROOT)): len(p.read_text().splitlines()) for p in SOURCES}
    assert {name: n for name, n in lines.items() if n > 350} == {}


def test_only_the_shells_print_exit_or_read_the_environment() -> None:
    effects = re.compile(
        r"(?<!\.)\bprint\(|sys\.exit\(|os\.environ|os\.getenv|datetime\.now\(|date\.today\("
    )
    found = {
        f"{path.relative_to(ROOT)}: {match[0]}"
        for path in SOURCES
        if str(path.relative_to(ROOT)) not in SHELLS
        for match in effects.finditer(path.read_text())
    }
    assert found == set()


def test_imports_go_one_way() -> None:
    allowed = {
        "checkpoints": {"checkpoints"},
        "remediation": {"checkpoints", "remediation"},
        "demo": {"checkpoints", "demo"},
        "gx": {"checkpoints", "cross_layer"},
        "benchmarks": {"checkpoints", "remediation", "demo", "benchmarks"},
    }
    ours = {"checkpoints", "remediation", "demo", "cross_layer", "benchmarks", "tests"}
    for path in SOURCES:
        package = path.relative_to(ROOT).parts[0]
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [a.name for a in node.names] if isinstance(node, ast.Import) else []
            roots = {name.split(".")[0] for name in names} & ours
            assert roots <= allowed[package], path


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
