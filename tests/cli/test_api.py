"""``from checkpoints import …``: the same verdicts as on the command line, loaded when used."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import date
from inspect import isfunction
from pathlib import Path

import pytest

import checkpoints
from checkpoints import ContractError, ExitCode, Report, check, load_contract, run
from tests.support.commands import ROOT, command, environment
from tests.support.projects import project_of
from tests.support.runs import HOLE, warehouse
from tests.support.warehouses import BASIC, write_contract


def test_the_example_of_the_docs_says_what_the_command_says(tmp_path: Path) -> None:
    url = f"duckdb:///{tmp_path}/w.duckdb"
    assert command("demo", "build", "--warehouse", url).returncode == 0
    page = (ROOT / "docs" / "python.md").read_text("utf-8")
    (example,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    ran = subprocess.run(
        [sys.executable, "-c", example],
        cwd=ROOT, env=environment(WAREHOUSE_URL=url), capture_output=True, text=True, check=True,
    )  # fmt: skip
    done = command("checkpoints", "check", "--season", "2024-25", "--json", "-", WAREHOUSE_URL=url)
    report = Report.model_validate_json(done.stdout)
    first, *failures = ran.stdout.splitlines()
    assert first == f"{report.verdict.summary} 1"
    failed = [c for c in report.checks if c.outcome == "FAILED"]
    assert [line.split()[0] for line in failures] == [c.dataset for c in failed]
    assert "player_daily_cache" in {c.dataset for c in failed}


def test_a_run_is_stored_with_its_page(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    url = warehouse(tmp_path, factors=HOLE)
    report = run(file, season="2025", as_of=date(2025, 2, 20), warehouse=url)
    assert report.verdict.exit_code is ExitCode.INCOMPLETE
    stored = file.project / "uncommitted" / "runs" / report.run_id / "report.json"
    assert Report.model_validate_json(stored.read_text()) == report
    pages = file.project / "uncommitted" / "data_docs" / "local_site"
    assert list(pages.rglob(f"*{report.run_id}*.html"))


def test_a_checkpoint_brings_its_window_and_what_does_not_fit_is_refused(tmp_path: Path) -> None:
    contract = load_contract(write_contract(tmp_path, BASIC, warehouse=warehouse(tmp_path)))
    report = check(contract, checkpoint="daily", as_of=date(2025, 2, 10))
    assert (report.window.first, report.window.last) == (date(2025, 2, 4), date(2025, 2, 10))
    with pytest.raises(ContractError, match="'1999' is not in the contract"):
        check(contract, season="1999")
    with pytest.raises(ContractError, match="'weekly' is not in the contract, which has: "):
        check(contract, checkpoint="weekly", as_of=date(2025, 2, 10))


def test_every_name_is_there_and_listed_and_no_other() -> None:
    assert set(checkpoints.__all__) <= set(dir(checkpoints))
    for name in checkpoints.__all__:
        assert getattr(checkpoints, name).__module__.startswith("checkpoints.")
    assert isfunction(run)
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        checkpoints.nothing  # noqa: B018


def test_the_package_itself_loads_nothing() -> None:
    script = "import sys, checkpoints; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    ours = {name for name in ran.stdout.split() if name.startswith("checkpoints")}
    assert ours == {"checkpoints"}
    assert "pydantic" not in ran.stdout.split()


def test_variables_of_the_contract_are_not_needed_where_an_option_stands_in(
    tmp_path: Path,
) -> None:
    unset = {"warehouse": "${NO_SUCH_URL}", "bigquery": {"max_bytes": "${NO_SUCH_LIMIT}"}}
    path = write_contract(tmp_path, BASIC, **unset)
    window = {"season": "2025", "as_of": date(2025, 2, 20)}
    options = {"warehouse": warehouse(tmp_path, factors=HOLE), "max_bytes": "1GB"}
    report = check(load_contract(path), **window, **options)
    assert report.verdict.exit_code is ExitCode.INCOMPLETE
    with pytest.raises(ContractError) as refused:
        check(load_contract(path), **window)
    assert [problem.rpartition("variable ")[2] for problem in refused.value.problems] == [
        "NO_SUCH_URL is not set: export NO_SUCH_URL=…",
        "NO_SUCH_LIMIT is not set: export NO_SUCH_LIMIT=…",
    ]
    typed = ("--season", "2025", "--as-of", "2025-02-20", "--contract", str(path))
    told = command("checkpoints", "coverage", *typed, "--warehouse", options["warehouse"])
    assert (told.returncode, told.stderr.count("NO_SUCH")) == (2, 2)
    more = ("--max-bytes", "1GB", "--warehouse", options["warehouse"])
    assert command("checkpoints", "coverage", *typed, *more).returncode == 0
    assert command("checkpoints", "suites", "--contract", str(path)).returncode == 0
