"""JUnit, Markdown and annotations of findings, whatever the data contains."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import UTC, datetime
from html.parser import HTMLParser
from io import StringIO
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from checkpoints.cli.terminal import defused
from checkpoints.output.findings import Finding, Findings, findings_of
from checkpoints.output.github import command, workflow_commands
from checkpoints.output.junit import junit_xml
from checkpoints.output.markdown import escaped, folded, markdown, sections_of, table
from checkpoints.rules.rule import Outcome
from checkpoints.text import one_line
from tests.support.commands import ROOT
from tests.support.reports import check_of, report_of

anything = st.text(st.characters(exclude_categories=()), max_size=40)
TRICKS = """]]>  <!--  a|b  `|`  **b**  __init__  a_b  1. x  - x  # x  www.x.org  http://x.org
@team  </details>  <img src=x onerror=a>
&lt;  \\|  ---  %0A  ~~x~~  $x$  [a](b)  ![a](b)  ::  + x  ="""
tricky = st.one_of(
    anything,
    st.sampled_from(re.split(r"  |\n", TRICKS)),
    st.sampled_from(["x\n::error::y", "\x1b[31m", "\ud800", "\x85", "\r\n"]),
)


@st.composite
def finding(draw: st.DrawFn) -> Finding:
    texts = {name: draw(tricky) for name in ("suite", "name", "kind", "message", "details")}
    return Finding(**texts, outcome=draw(st.sampled_from(Outcome)), gates=draw(st.booleans()))


def found_of(*findings: Finding, **properties: str) -> Findings:
    return Findings(
        name="after_backfill",
        verdict="INCOMPLETE: 1 of 2",
        started_at=datetime(2025, 1, 21, 12, tzinfo=UTC),
        seconds=1.25,
        properties=properties or {"run_id": "r1"},
        findings=findings,
    )


def plain(outcome: Outcome, name: str = "a: b", *, gates: bool = True) -> Finding:
    return Finding(
        suite="L4", name=name, outcome=outcome, gates=gates, kind="b", message="m", details="d"
    )


# --- JUnit -------------------------------------------------------------------------------------

CHILDREN = {
    "testsuites": {"testsuite"},
    "testsuite": {"properties", "testcase"},
    "properties": {"property"},
    "testcase": {"failure", "error", "skipped", "system-out"},
}
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors"},
    "testsuite": {"name", "time", "tests", "failures", "errors", "skipped", "timestamp"},
    "property": {"name", "value"},
    "testcase": {"name", "classname", "time"},
    "failure": {"type", "message"},
    "error": {"type", "message"},
    "skipped": {"message"},
}
NEEDED = {"testsuite": {"name", "tests", "failures", "errors"}, "property": {"name", "value"}}


def assert_is_junit(root: ElementTree.Element) -> None:
    """The elements and attributes that Jenkins' schema (junit-10) knows, and no others."""
    assert root.tag == "testsuites"
    for element in root.iter():
        allowed = ATTRIBUTES.get(element.tag, set())
        assert element.attrib.keys() <= allowed, element.tag
        assert element.attrib.keys() >= NEEDED.get(element.tag, set())
        assert {child.tag for child in element} <= CHILDREN.get(element.tag, set())


@given(st.lists(finding(), max_size=5), tricky)
def test_junit_is_valid_whatever_the_data_contains(findings: list[Finding], value: str) -> None:
    root = ElementTree.fromstring(junit_xml(found_of(*findings, run_id=value)))
    assert_is_junit(root)
    shown = [case.attrib["name"] for case in root.iter("testcase")]
    assert sorted(shown) == sorted(one_line(f.name) for f in findings)
    failing = sum(f.outcome is Outcome.FAILED and f.gates for f in findings)
    assert len(list(root.iter("failure"))) == failing == int(root.attrib["failures"])


def test_junitparser_is_imported_only_where_junit_is_written() -> None:
    code = "import sys, checkpoints.cli.commands; sys.exit('junitparser' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT).returncode == 0


def test_outcomes_map_to_what_ci_servers_know() -> None:
    findings = [plain(outcome, outcome.value) for outcome in Outcome]
    lighter = plain(Outcome.FAILED, "warning", gates=False)
    root = ElementTree.fromstring(junit_xml(found_of(*findings, lighter)))
    cases = {case.attrib["name"]: [c.tag for c in case] for case in root.iter("testcase")}
    assert cases == {
        "PASSED": [], "FAILED": ["failure"], "ERRORED": ["error"], "NOT_EVALUATED": ["skipped"],
        "warning": ["system-out"],
    }  # fmt: skip
    assert root.attrib["time"] == "1.25"


def test_a_failure_carries_what_was_found_what_was_required_and_every_range() -> None:
    days = [*(f"2025-01-{n:02}" for n in range(6, 10)), "2025-01-12"]
    report = report_of([check_of("factors", days)], {})
    root = ElementTree.fromstring(junit_xml(findings_of(report)))
    (case,) = root.iter("testcase")
    (failure,) = case
    assert case.attrib["name"] == "factors: conversion_ratio of raw"
    assert case.attrib["classname"] == "after_backfill.L4"
    assert failure.attrib["message"] == "50.0 % (1/2), required ≥ 80 %, on 5 dates"
    assert failure.text == (
        "observed: 50.0 % (1/2)\nrequired: ≥ 80 %\n5 dates:\n"
        "  2025-01-06 → 2025-01-09\n  2025-01-12"
    )
    properties = {p.attrib["name"]: p.attrib["value"] for p in root.iter("property")}
    assert properties["run_id"] == report.run_id
    assert properties["window"] == "2025-01-01 to 2025-01-20"
    assert properties["contract_sha256"] == "a" * 64


# --- Markdown ----------------------------------------------------------------------------------

OURS = {"h3", "h4", "p", "strong", "em", "table", "thead", "tbody", "tr", "th", "td", "ul", "li",
        "details", "summary", "div"}  # fmt: skip


class Rendered(HTMLParser):
    """The elements of a page, and the texts of its cells."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.rows: list[list[str]] = []
        self.cell = StringIO()
        html = MarkdownIt("commonmark", {"html": True}).enable(["table", "strikethrough"])
        self.feed(html.render(text))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag == "tr":
            self.rows.append([])
        self.cell = StringIO() if tag in ("td", "li", "summary") else self.cell

    def handle_data(self, data: str) -> None:
        self.cell.write(data)

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "li"):
            if tag == "li":
                self.rows.append([])
            self.rows[-1].append(self.cell.getvalue())


@given(st.lists(st.tuples(tricky, tricky), min_size=1, max_size=4))
def test_every_cell_of_a_table_renders_as_the_text_it_is(rows: list[tuple[str, str]]) -> None:
    page = Rendered("\n".join(table(("a", "b"), rows)))
    assert set(page.tags) <= OURS
    assert page.attributes == []
    assert page.rows[1:] == [[one_line(cell) for cell in row] for row in rows]


@given(st.lists(tricky.filter(lambda text: text.strip()), min_size=1, max_size=4), tricky)
def test_every_line_of_a_fold_renders_as_the_text_it_is(lines: list[str], title: str) -> None:
    page = Rendered("\n".join(folded(title, lines)))
    assert set(page.tags) <= OURS
    assert [row[0] for row in page.rows] == [one_line(line) for line in lines]


@settings(deadline=None)
@given(st.lists(finding(), max_size=4), st.integers(0, 3000))
def test_a_summary_is_never_longer_than_its_room_nor_torn(
    findings: list[Finding], room: int
) -> None:
    more = folded("more", [f.details or "x" for f in findings])
    text = markdown(found_of(*findings), [more], room)
    assert len(text.encode()) <= room
    page = Rendered(text)
    assert set(page.tags) <= OURS
    assert text.count("<details>") == text.count("</details>")


def test_a_summary_that_does_not_fit_says_how_much_is_left_out() -> None:
    findings = [plain(Outcome.FAILED, f"dataset {n}: rule") for n in range(30_000)]
    text = markdown(found_of(*findings))
    assert len(text.encode()) < 1024 * 1024
    assert len(Rendered(text).rows) > 10_000
    left = re.search(r"_Cut here: (\d+) more lines did not fit\.", text)
    assert text.count("| FAILED |") + int(left[1]) == 30_000


def test_short_texts_stay_readable_where_nobody_renders_them() -> None:
    for text in ("player_game_summary", "2024-11-06 → 2024-12-02", "13.6 %, required ≥ 80 %"):
        assert escaped(text) == text


def test_the_summary_of_a_report_names_dates_as_ranges() -> None:
    days = [f"2025-01-{n:02}" for n in range(6, 10)]
    checks = [check_of("factors", days), check_of("scores", [], "ERRORED")]
    report = report_of(checks, {})
    text = markdown(findings_of(report), sections_of(report))
    assert "**INCOMPLETE: failed**" in text
    assert "| L4 | ERRORED | scores: conversion_ratio of raw |" in text
    assert "- factors, 4 dates: 2025-01-06 → 2025-01-09\n" in text


# --- annotations -------------------------------------------------------------------------------


def test_errors_come_first_and_no_more_than_github_shows() -> None:
    warnings = [plain(Outcome.FAILED, f"w{n}", gates=False) for n in range(3)]
    errors = [plain(Outcome.FAILED, f"e{n}") for n in range(9)]
    lines = workflow_commands([*warnings, *errors, plain(Outcome.PASSED)])
    assert len(lines) == 10
    assert [line.split(" ")[0] for line in lines] == ["::error"] * 9 + ["::warning"]
    more = "and 3 more: see the summary, or the JUnit file"
    assert lines[-1] == f"::warning title=more findings::{more}"
    assert workflow_commands([plain(Outcome.FAILED, gates=False)]) == ["::warning title=a%3A b::m"]


@given(tricky, tricky)
def test_no_text_ends_a_workflow_command_or_begins_another(title: str, message: str) -> None:
    line = command("error", title, message)
    assert re.fullmatch(r"::error title=[^,:\r\n]*::[^\r\n]*", line)
    assert len(line.splitlines()) == 1
    said = line.split("::", 2)[2].replace("%0D", "\r").replace("%0A", "\n").replace("%25", "%")
    assert said == one_line(message)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("why\n  ::error::forged", "why\n  : :error::forged"),
        ("::stop-commands::x\n", ": :stop-commands::x\n"),
        ("a ##[error]forged", "a ## [error]forged"),
        ("2 :: 3, a::b # [x]", "2 :: 3, a::b # [x]"),
    ],
)
def test_what_people_read_holds_no_workflow_command(text: str, shown: str) -> None:
    assert defused(text) == shown
