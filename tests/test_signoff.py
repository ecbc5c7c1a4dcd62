"""Signing a run, and the page that a person reads."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from checkpoints import archive, running
from checkpoints.calendar_map import State, layer_calendars
from checkpoints.contract_file import ContractFile
from checkpoints.errors import ContractError, ExitCode, RunRefused
from checkpoints.gate import decide
from checkpoints.report import Report
from checkpoints.signoff import read_signoff, rebuild_pages, sign, write_run_page
from checkpoints.window import resolve_window
from tests.commands import command
from tests.warehouses import BASIC, D, contract_of, days, fill

AT = datetime(2025, 2, 21, 9, 30, tzinfo=UTC)
FULL = days("2025-01-01", "2025-02-10")
HOLE = [r for r in FULL if not D("2025-01-20") <= r[0] <= D("2025-01-29")]
GAP = {"from": D("2025-01-20"), "to": D("2025-01-29"), "reason": "source <lost>", "owner": "me"}


def stored(
    folder: Path, file: ContractFile | None = None, minute: int = 0, **tables: Any
) -> Report:
    file = file or contract_of(folder)
    url = fill(folder / "w.duckdb", {**dict.fromkeys(file.contract.names, FULL), **tables})
    as_of = D("2025-02-20")
    request = running.Request(
        file=file,
        warehouse=url,
        window=resolve_window(file.contract, as_of=as_of, season="2025"),
        as_of=as_of,
        checkpoint="after_backfill",
        fail_on="critical",
        started_at=datetime(2025, 2, 21, 9, minute, tzinfo=UTC),
        elapsed=lambda: 0.25,
    )
    report = running.check(request)
    archive.save_report(folder, report)
    return report


def test_a_passed_run_is_signed_once_and_its_page_says_by_whom(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file)
    assert "UNSIGNED" in write_run_page(tmp_path, report).read_text()
    page = sign(file, None, by="Ada <b>", note="looks & is right", at=AT)
    text = page.read_text()
    assert "UNSIGNED" not in text
    assert "Ada &lt;b&gt;" in text
    assert "looks &amp; is right" in text
    record = read_signoff(tmp_path, report.run_id)
    assert record is not None
    assert (record.by, record.at) == ("Ada <b>", AT)
    with pytest.raises(RunRefused, match="was signed by 'Ada <b>'"):
        sign(file, None, by="Eve", note="", at=AT)


def test_a_failed_run_cannot_be_signed_and_the_reason_is_named(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file, factors=HOLE)
    with pytest.raises(RunRefused) as refused:
        sign(file, report.run_id, by="Ada", note="", at=AT)
    assert "conversion_ratio of 'factors' failed, and 10 of its dates are no known gap" in str(
        refused.value
    )
    assert read_signoff(tmp_path, report.run_id) is None


def test_a_failure_whose_every_date_is_a_known_gap_can_be_signed(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=HOLE)
    gap = {**GAP, "dataset": "factors", "until": D("2025-12-31")}
    file = contract_of(tmp_path, known_gaps=[gap])
    page = sign(file, report.run_id, by="Ada", note="", at=AT)
    assert "DOCUMENTED (1)" in page.read_text()
    assert "source &lt;lost&gt;" in page.read_text()


@pytest.mark.parametrize(
    "change", [{"until": D("2025-02-19")}, {"to": D("2025-01-28")}, {"dataset": "summary"}]
)
def test_a_gap_that_expired_or_does_not_cover_the_failure_does_not_help(
    tmp_path: Path, change: dict[str, Any]
) -> None:
    report = stored(tmp_path, factors=HOLE)
    gap = {**GAP, "dataset": "factors", "until": D("2025-12-31"), **change}
    file = contract_of(tmp_path, known_gaps=[gap])
    with pytest.raises(RunRefused, match="no known gap"):
        sign(file, report.run_id, by="Ada", note="", at=AT)


def test_a_run_that_could_not_tell_cannot_be_signed(tmp_path: Path) -> None:
    datasets = {**BASIC["datasets"], "factors": {**BASIC["datasets"]["factors"], "table": "s.gone"}}
    file = contract_of(tmp_path, datasets=datasets)
    stored(tmp_path, file)
    with pytest.raises(RunRefused, match="could not be evaluated"):
        sign(file, None, by="Ada", note="", at=AT)


def test_nobody_and_unknown_runs_are_refused(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    with pytest.raises(ContractError, match="no run is stored"):
        sign(file, None, by="Ada", note="", at=AT)
    stored(tmp_path, file)
    with pytest.raises(RunRefused, match="--by is empty"):
        sign(file, None, by=" ", note="", at=AT)
    with pytest.raises(ContractError, match="run 'x' is not stored"):
        sign(file, "x", by="Ada", note="", at=AT)
    with pytest.raises(ContractError, match=r"run '\.\./x' is not stored"):
        sign(file, "../x", by="Ada", note="", at=AT)


def test_a_damaged_report_is_refused_with_its_path(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file)
    path = archive.report_path(tmp_path, report.run_id)
    path.write_text(path.read_text().replace('"schema_version":1', '"schema_version":9'))
    with pytest.raises(ContractError, match=r"report.json: is not a run report of version 1"):
        sign(file, None, by="Ada", note="", at=AT)


def test_the_list_of_runs_shows_signed_and_unsigned_ones_newest_first(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    stored(tmp_path, file, minute=1)
    sign(file, None, by="Ada", note="", at=AT)
    write_run_page(tmp_path, stored(tmp_path, file, minute=2, factors=HOLE))
    text = (tmp_path / "uncommitted/data_docs/local_site/signoff/index.html").read_text()
    assert text.index("09:02:00") < text.index("09:01:00")
    assert text.index("unsigned") < text.index("Ada")


def test_the_command_prints_the_page_and_refuses_with_exit_2(tmp_path: Path) -> None:
    stored(tmp_path)
    contract = str(tmp_path / "pipeline.yml")
    signed = command("checkpoints", "signoff", "--by", "Ada", "--contract", contract)
    assert signed.returncode == 0
    assert Path(signed.stdout.strip()).is_file()
    again = command("checkpoints", "signoff", "--by", "Ada", "--contract", contract)
    assert (again.returncode, again.stdout) == (2, "")


def test_the_page_shows_what_remediation_did(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    failed = stored(tmp_path, file, minute=1, factors=HOLE)
    figures = {"of": "raw", "expected": 76, "matched": 56, "lacking": ["2025-01-20"]}
    record = {
        "version": 1, "plan_id": "abcdef0123456789", "run_id": failed.run_id, "by": "robot",
        "window": failed.model_dump(mode="json")["window"], "started_at": "2025-02-21T09:02:00Z",
        "seconds": 61.4, "counts": {"phase4": {"landed": 10}}, "problem": "",
        "changes": [
            {"dataset": "factors", "layer": "L4", "before": figures,
             "after": {**figures, "matched": 76, "lacking": []}},
        ],
    }  # fmt: skip
    path = archive.report_path(tmp_path, failed.run_id).with_name("remediation-abcdef.json")
    path.write_text(json.dumps(record))
    text = write_run_page(tmp_path, stored(tmp_path, file, minute=3)).read_text()
    assert "phase4 10 landed" in text
    assert "73.6 % (56/76)" in text
    assert "100.0 % (76/76)" in text
    path.write_text("{}")
    assert all("remediation-abcdef.json" in problem for problem in rebuild_pages(tmp_path))
    assert len(rebuild_pages(tmp_path)) == 2


def test_a_report_changed_after_its_sign_off_no_longer_shows_as_signed(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file)
    page = sign(file, None, by="Ada", note="", at=AT)
    assert "DOES NOT MATCH" not in page.read_text()
    path = archive.report_path(tmp_path, report.run_id)
    path.write_text(path.read_text().replace('"expected":82', '"expected":83'))
    assert rebuild_pages(tmp_path) == []
    assert "SIGNATURE DOES NOT MATCH" in page.read_text()
    assert "signature does not match" in page.with_name("index.html").read_text()


def test_a_verdict_that_does_not_follow_from_its_checks_cannot_be_signed(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file, factors=HOLE)
    forged = report.verdict.model_copy(update={"exit_code": ExitCode.COMPLETE, "passed": True})
    archive.save_report(tmp_path, report.model_copy(update={"verdict": forged}))
    with pytest.raises(RunRefused, match="does not follow from its checks"):
        sign(file, None, by="Mallory", note="", at=AT)


def test_a_run_that_failed_on_a_warning_it_was_to_fail_on_cannot_be_signed(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    report = stored(tmp_path, file, factors=[*FULL, (D("2025-01-10"), "stranger")])
    verdict = decide(report.checks, len(report.checks), "warning")
    archive.save_report(tmp_path, report.model_copy(update={"verdict": verdict}))
    with pytest.raises(RunRefused, match="no_orphan_keys of 'factors' failed"):
        sign(file, None, by="Ada", note="", at=AT)


def test_layers_without_an_evaluated_coverage_are_not_called_checked(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    complete = write_run_page(tmp_path, stored(tmp_path, file, minute=1)).read_text()
    assert "<dd>YES</dd>" in complete
    only_warmup = stored(tmp_path, file, minute=2, **dict.fromkeys(file.contract.names, FULL[:4]))
    text = write_run_page(tmp_path, only_warmup).read_text()
    assert '<strong class="bad">NO</strong>: L4 not evaluated' in text


def test_gaps_that_are_documented_are_not_open_as_well(tmp_path: Path) -> None:
    report = stored(tmp_path, factors=HOLE)
    gap = {**GAP, "dataset": "factors", "until": D("2025-12-31")}
    text = sign(contract_of(tmp_path, known_gaps=[gap]), report.run_id, by="A", note="", at=AT)
    assert "<dd>DOCUMENTED (1)</dd>" in text.read_text()


def test_one_damaged_run_does_not_hide_the_others(tmp_path: Path) -> None:
    file = contract_of(tmp_path)
    old = archive.runs_folder(tmp_path) / "20200101T000000000000Z-old" / "report.json"
    old.parent.mkdir(parents=True)
    old.write_text("{")
    write_run_page(tmp_path, stored(tmp_path, file))
    text = (tmp_path / "uncommitted/data_docs/local_site/signoff/index.html").read_text()
    assert "COMPLETE" in text
    assert "20200101T000000000000Z-old" in text
    assert len(rebuild_pages(tmp_path)) == 1
    (archive.report_path(tmp_path, None).with_name("signoff.json")).write_text("{}")
    with pytest.raises(ContractError, match="is not a sign-off of version 1"):
        sign(file, None, by="Ada", note="", at=AT)


# ------------------------------------------------------------------ in a real browser


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    from playwright.sync_api import Error, sync_playwright

    with sync_playwright() as playwright:
        try:
            browser = playwright.chromium.launch(
                executable_path="/usr/bin/chromium", args=["--no-sandbox", "--disable-quic"]
            )
        except Error:
            pytest.skip("needs Chromium at /usr/bin/chromium")
        yield browser
        browser.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [375, 1440])
def test_the_page_is_self_contained_and_readable(
    tmp_path: Path, chromium: Any, scheme: str, width: int
) -> None:
    hostile = (D("2025-02-01"), "<script>document.title='owned'</script>")
    file = contract_of(tmp_path)
    report = stored(tmp_path, file, factors=[*HOLE[:-1], hostile])
    path = write_run_page(tmp_path, report)
    context = chromium.new_context(
        color_scheme=scheme, viewport={"width": width, "height": 900}, offline=True
    )
    page = context.new_page()
    requests: list[str] = []
    errors: list[str] = []
    page.on("request", lambda r: requests.append(r.url))
    page.on("console", lambda m: errors.append(m.text))
    page.on("pageerror", lambda e: errors.append(str(e)))
    page.goto(path.as_uri())
    assert requests == [path.as_uri()]
    assert errors == []
    assert page.title().startswith("INCOMPLETE")
    assert page.locator("text=UNSIGNED").is_visible()
    assert page.locator("td", has_text="✗ failed").count() == 3
    folded = page.locator("details", has_text="11 dates").first
    assert "2025-01-25" not in folded.inner_text()
    folded.locator("summary").click()
    assert "2025-01-25" in folded.inner_text()
    cell = page.locator("svg svg", has=page.locator("use[href='#missing']")).first
    assert "factors: 0/2 missing" in (cell.locator("title").text_content() or "")
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()


def test_the_page_of_two_seasons_stays_small(tmp_path: Path) -> None:
    seasons = [{"name": "2025", "from": D("2025-01-01"), "to": D("2026-12-31")}]
    rows = days("2025-01-01", "2025-02-10")
    file = contract_of(tmp_path, seasons=seasons)
    long = days("2025-01-01", "2026-12-31", games=1)
    report = stored(tmp_path, file, schedule=long, raw=long, summary=long, factors=rows)
    assert write_run_page(tmp_path, report).stat().st_size < 1_000_000


def test_what_two_layers_lost_is_missing_in_the_calendars_of_both(tmp_path: Path) -> None:
    report = stored(tmp_path, summary=HOLE, factors=HOLE)
    found = {c.layer: c.counts for c in layer_calendars(report)}
    assert found["L3"][State.MISSING] == found["L4"][State.MISSING] == 10
    assert found["L4"][State.WARM_UP] == 3
    assert State.MISSING not in found["L1"]
