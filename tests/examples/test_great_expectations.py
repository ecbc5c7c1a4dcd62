"""A contract added to a Great Expectations project: the new suites beside what was there."""

from __future__ import annotations

from pathlib import Path

from checkpoints.rules.rule import Outcome
from tests.support.commands import ROOT
from tests.support.examples import reports, run
from tests.support.warehouses import D

OWN = ROOT / "examples/great_expectations/gx"


def test_suites_are_added_beside_a_projects_own_and_find_what_those_do_not_see(
    tmp_path: Path,
) -> None:
    done = run(OWN.parent, tmp_path / "shop")
    assert done.returncode == 0, done.stdout + done.stderr
    project = tmp_path / "shop/gx"
    assert done.stdout.count("nightly passed: suites: 1, expectations: 3\n") == 2
    assert "\nreports: expect_daily_conversion_ratio_to_be_at_least, expect_no" in done.stdout
    (report,) = reports(project)
    (failed,) = [check for check in report.checks if check.outcome is Outcome.FAILED]
    assert failed.dataset == "order_totals"
    assert [*failed.unexpected_dates] == [D("2024-04-10"), D("2024-04-11"), D("2024-04-12")]
    for path in (path for path in OWN.rglob("*") if path.suffix in (".json", ".css")):
        assert (project / path.relative_to(OWN)).read_bytes() == path.read_bytes()
    before = (OWN / "great_expectations.yml").read_text().splitlines()
    after = iter((project / "great_expectations.yml").read_text().splitlines())
    assert all(line in after for line in before)  # in this order, with others between
    assert {path.name for path in (project / "expectations").glob("*.json")} == {
        "order_totals.json", "raw.json", "reports.json",
    }  # fmt: skip
    pages = project / "uncommitted/data_docs"
    for site in ("local_site", "cross_layer"):
        assert [*pages.glob(f"{site}/validations/order_totals/**/*.html")]
        assert [*pages.glob(f"{site}/validations/reports/**/*.html")]
    assert "INCOMPLETE" in (pages / "cross_layer/index.html").read_text()
