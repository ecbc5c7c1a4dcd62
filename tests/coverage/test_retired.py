"""A dataset that is retired: from then on it is neither expected nor blamed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.report import Report
from checkpoints.archive.runs import save_report
from checkpoints.contract.window import Window
from checkpoints.coverage.results import CheckRecord
from checkpoints.dates import DateRange
from checkpoints.errors import ExitCode
from checkpoints.output.site import write_run_page
from checkpoints.rules.evidence import Status
from checkpoints.rules.rule import Outcome
from checkpoints.validation import Request, check
from tests.support.commands import command
from tests.support.projects import project_of
from tests.support.runs import library_run, request_of
from tests.support.warehouses import BASIC, KEYED, D, contract_of, days

END = D("2025-01-15")
FULL = days("2025-01-01", "2025-02-10")
UNTIL = days("2025-01-01", "2025-01-14")
DAILY = {"rule": "daily_conversion_ratio", "at_least": 1.0}
STOPPED = {"rule": "up_to_date", "days": 3}
ANY = {"any_of": ["book", "live"]}
TOLD = "book: retired on 2025-01-15, nothing is expected from then on"


def contract_with(upstream: Any = ANY, retired: Any = END, **summary: Any) -> dict[str, Any]:
    """Two raw sources, of which one is retired, and a summary of them."""
    every = {**KEYED, "rules": [DAILY, STOPPED]}
    raw = {"layer": "L1", "upstream": "schedule", **every}
    below = {"layer": "L3", "table": "s.summary", "upstream": upstream, **every, **summary}
    return {
        **BASIC,
        "datasets": {
            "schedule": BASIC["datasets"]["schedule"],
            "book": {**raw, "table": "s.book", "retired": retired},
            "live": {**raw, "table": "s.live"},
            "summary": below,
        },
    }


def request_with(folder: Path, raw: dict[str, Any], **tables: Any) -> Request:
    """The season to date; the retired source has nothing from its end on."""
    full = {"schedule": FULL, "book": UNTIL, "live": FULL, "summary": FULL, **tables}
    return request_of(folder, contract_of(folder, raw), as_of="2025-02-11", **full)


def report_of(folder: Path, raw: dict[str, Any], **tables: Any) -> Report:
    return check(request_with(folder, raw, **tables))


def checks(report: Report, dataset: str) -> dict[str, CheckRecord]:
    return {c.kind: c for c in report.checks if c.dataset == dataset}


def lost(report: Report, dataset: str) -> list[str]:
    return [str(d) for d in checks(report, dataset)["daily_conversion_ratio"].unexpected_dates]


def statuses(report: Report, dataset: str) -> dict[str, Status]:
    (record,) = (r for r in report.datasets if r.name == dataset)
    return {str(cell.date): cell.status for cell in record.days}


def test_a_retired_source_is_not_expected_and_those_below_go_on(tmp_path: Path) -> None:
    report = report_of(tmp_path, contract_with())
    assert report.verdict.exit_code is ExitCode.COMPLETE, report.verdict.summary
    found = statuses(report, "book")
    assert (found["2025-01-14"], found["2025-01-15"]) == (Status.DUE, Status.RETIRED)
    assert Status.RETIRED not in statuses(report, "summary").values()
    assert Status.DUE in statuses(report, "book").values()


def test_before_its_end_a_retired_source_must_be_whole(tmp_path: Path) -> None:
    report = report_of(tmp_path, contract_with(retired=D("2025-01-17")))
    assert lost(report, "book") == ["2025-01-15", "2025-01-16"]


def test_all_of_goes_on_with_the_sources_that_are_left(tmp_path: Path) -> None:
    report = report_of(
        tmp_path, contract_with({"all_of": ["book", "live"]}), summary=FULL[2:-2], book=UNTIL[1:]
    )
    assert lost(report, "summary") == ["2025-01-01", "2025-02-10"]


def test_what_has_nothing_left_to_be_built_from_is_retired_as_well(tmp_path: Path) -> None:
    report = report_of(tmp_path, contract_with("book"), summary=UNTIL)
    assert report.verdict.exit_code is ExitCode.COMPLETE, report.verdict.summary
    assert statuses(report, "summary")["2025-01-15"] is Status.RETIRED
    told = "summary: nothing is expected from 2025-01-15 on, as book is retired"
    assert list(map(str, report.retired)) == [TOLD, told]


def test_a_comparison_that_ends_with_what_is_retired_is_told(tmp_path: Path) -> None:
    gap = {"rule": "date_gap", "at_most_days": 1}
    raw = contract_with("live", rules=[{**DAILY, "of": "book"}, gap])
    report = report_of(tmp_path, raw, summary=UNTIL)
    assert lost(report, "summary") == []
    assert checks(report, "summary")["date_gap"].outcome is Outcome.FAILED
    told = "summary: it is not compared with book from 2025-01-15 on, as that is retired"
    assert list(map(str, report.retired)) == [TOLD, told]


def test_keys_that_come_after_the_end_of_the_upstream_are_no_orphans(tmp_path: Path) -> None:
    strange = [*FULL, (D("2025-01-10"), "strange")]
    report = report_of(tmp_path, contract_with("book"), summary=strange)
    found = checks(report, "summary")["no_orphan_keys"]
    assert found.unexpected_dates == (D("2025-01-10"),)
    (sample,) = (s for s in report.keys if s.dataset == "summary")
    assert (sample.date, sample.orphans) == (D("2025-01-10"), (("strange",),))


def test_its_own_later_end_takes_precedence_over_that_of_its_upstream(tmp_path: Path) -> None:
    raw = contract_with("book")
    raw["datasets"]["summary"]["retired"] = D("2025-01-18")
    report = report_of(tmp_path, raw, summary=days("2025-01-01", "2025-01-16"))
    assert lost(report, "summary") == ["2025-01-17"], "it holds nothing, and was not retired yet"
    assert checks(report, "summary")["no_orphan_keys"].outcome is Outcome.PASSED


@pytest.mark.parametrize("last", [D("2025-02-02"), D("2025-02-10")])
def test_it_has_not_stopped_also_where_the_window_has_no_games(tmp_path: Path, last: Any) -> None:
    playing = [row for row in FULL if row[0] <= last]
    request = request_with(tmp_path, contract_with(), schedule=playing, live=playing)
    dates = DateRange(D("2025-02-07"), D("2025-02-11"))
    report = check(replace(request, window=Window(range=dates, label="")))
    stopped = {name: checks(report, name)["up_to_date"].outcome for name in ("book", "live")}
    assert stopped["book"] is Outcome.PASSED
    assert stopped["live"] is (Outcome.PASSED if last > dates.first else Outcome.FAILED)


def test_the_page_says_once_what_is_retired(tmp_path: Path) -> None:
    report = report_of(tmp_path, contract_with("book"), summary=UNTIL, live=FULL[2:])
    save_report(tmp_path, report)
    page = write_run_page(tmp_path, report).read_text()
    assert page.count(TOLD) == 1
    assert page.count('href="#retired"') > 20, "in the legend and in the calendar of L3"
    assert page.count("book: 0/0 retired") > 20


def test_a_layer_of_which_all_is_retired_has_no_unknown_gaps(tmp_path: Path) -> None:
    request = request_with(tmp_path, contract_with("book"))
    dates = DateRange(D("2025-02-01"), D("2025-02-10"))
    report = check(replace(request, window=Window(range=dates, label="")))
    save_report(tmp_path, report)
    page = write_run_page(tmp_path, report).read_text()
    assert "UNKNOWN" not in page
    assert "No coverage was evaluated" not in page


def test_the_commands_say_briefly_what_is_retired(tmp_path: Path) -> None:
    request = request_with(tmp_path, contract_with("book"), summary=UNTIL)
    more = "summary: nothing is expected from 2025-01-15 on, as book is retired"
    common = ("--season", "2025", "--as-of", "2025-02-11", "--warehouse", request.warehouse)
    common = (*common, "--contract", str(request.file.path))
    found = command("checkpoints", "check", *common, "--markdown", str(tmp_path / "found.md"))
    assert f"{TOLD} (and 1 more: --verbose)\n" in found.stdout
    assert more in command("checkpoints", "check", "-v", *common).stdout
    assert TOLD in (tmp_path / "found.md").read_text()
    coverage = command("checkpoints", "coverage", *common)
    assert more in coverage.stdout


def test_the_library_judges_what_is_retired_alike(tmp_path: Path) -> None:
    file = project_of(tmp_path, contract_with("book"))
    report = library_run(
        file, as_of="2025-02-11", schedule=FULL, book=UNTIL, live=FULL, summary=UNTIL
    )
    assert report.verdict.exit_code is ExitCode.COMPLETE, report.verdict.summary
    assert checks(report, "book")["up_to_date"].observed == 0
