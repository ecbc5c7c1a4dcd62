"""How single keys are shown to people, and what is said of those that are not."""

from __future__ import annotations

import re
from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console

from checkpoints.output.console import print_report
from checkpoints.output.site import write_run_page
from checkpoints.text import Detail
from checkpoints.warehouse import reading
from tests.support.projects import project_of
from tests.support.runs import FULL, HOLE, accept, checked, library_run, stored
from tests.support.warehouses import BASIC, D, contract_of

HALF = [row for row in FULL if row[1].endswith("_0") or row[0] < D("2025-02-01")]


def test_dates_whose_keys_were_not_read_are_said_on_the_page_and_in_the_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reading, "DETAILED_DATES", 2)
    report = stored(tmp_path, factors=HALF)
    left = "8 more dates were not all read: "
    page = write_run_page(tmp_path, report).read_text()
    assert left + '<span class="nowrap">2025-02-01 → 2025-02-08</span>' in page
    out = StringIO()
    print_report(Console(file=out, width=120), report, detail=Detail.VERBOSE)
    assert f"keys of {left}2025-02-01 → 2025-02-08" in out.getvalue()
    assert "not all read" not in write_run_page(tmp_path, stored(tmp_path, minute=1)).read_text()


TURN = "x\u202ey\u2066z\x85"
SEEN = r"x\u202ey\u2066z\u0085"
TURNING = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def test_a_missing_key_and_its_double_are_told_apart_on_both_pages(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    given = [*FULL[:-1], (FULL[-1][0], f"{FULL[-1][1]} ")]
    library_run(file, factors=given)
    site = file.project / "uncommitted/data_docs/local_site"
    (run,) = site.glob("signoff/*.html")
    assert "<td>&#34;20250210_1&#34;</td><td>&#34;20250210_1 &#34;</td>" in run.read_text()
    (result,) = site.glob("validations/L4/*/*/*.html")
    assert "<code>&#34;20250210_1 &#34;</code>" in result.read_text()


def test_controls_of_names_and_data_are_seen_on_every_page(tmp_path: Path) -> None:
    datasets = {**BASIC["datasets"], f"f{TURN}": BASIC["datasets"]["factors"]}
    gap = {"dataset": f"f{TURN}", "from": "2025-01-20", "to": "2025-01-20", "until": "2025-12-31"}
    file = project_of(
        tmp_path,
        datasets=datasets,
        layers={**BASIC["layers"], "L4": f"layer{TURN}"},
        known_gaps=[{**gap, "reason": f"why{TURN}", "owner": f"who{TURN}"}],
    )
    report = library_run(file, factors=[*FULL, (D("2025-02-03"), f"k{TURN}")])
    accept(file.project, report.run_id, by=f"by{TURN}", note=f"note{TURN}")
    site = file.project / "uncommitted/data_docs/local_site"
    pages = list(site.rglob("*.html"))
    assert len(pages) == 10
    assert [page.name for page in pages if TURNING.search(page.read_text())] == []
    run = (site / f"signoff/{report.run_id}.html").read_text()
    for text in ("f", "why", "who", "by", "note", "k"):
        assert text + SEEN.removesuffix(r"\u0085") in run, text


def test_controls_of_names_and_data_are_seen_in_every_other_output(tmp_path: Path) -> None:
    datasets = {**BASIC["datasets"], f"f{TURN}": BASIC["datasets"]["factors"]}
    seasons = [{**BASIC["seasons"][0], "name": f"s{TURN}"}]
    contract_of(tmp_path, datasets=datasets, seasons=seasons)
    files = {f"--{kind}": tmp_path / kind for kind in ("markdown", "junit")}
    options = [str(part) for option in files.items() for part in option]
    window = ("--from", "2025-01-01", "--to", "2025-02-10", "--as-of", "2025-02-20")
    done = checked(tmp_path, *options, window=window, factors=HOLE, GITHUB_ACTIONS="true")
    for text in (done.stderr, done.stdout, *(path.read_text() for path in files.values())):
        assert not TURNING.search(text)
    assert f"f{SEEN}" in done.stdout
    assert f"f{SEEN}" in files["--junit"].read_text()
    assert f"f{SEEN}".replace("\\", "\\\\") in files["--markdown"].read_text()
    told = checked(tmp_path, verb="coverage", window=window, factors=HOLE).stdout
    assert f"s{SEEN}" in told
    assert not TURNING.search(told)
    wrong = checked(tmp_path, "--checkpoint", f"c{TURN}", window=window)
    assert not TURNING.search(wrong.stderr)
