"""What people see in a terminal or a log: the shipped contract with the incident in the data."""

from __future__ import annotations

import re
import shlex
from io import StringIO
from itertools import product
from pathlib import Path

import click
import pytest
from rich.console import Console
from rich.text import Text

import checkpoints.cli.commands
from checkpoints.archive.report import Report, read_report
from checkpoints.output.columns import filled, hanging, narrowed
from checkpoints.output.console import Stored, print_report
from checkpoints.output.findings import findings_of
from checkpoints.rules.rule import Outcome
from checkpoints.text import Detail
from tests.support.commands import ROOT, command
from tests.support.reports import check_of, report_of
from tests.support.runs import checked
from tests.support.terminal import CONTROL, height, on_terminal

GOLDEN = ROOT / "tests" / "golden"
WINDOW = ("--from", "2024-10-22", "--to", "2026-01-02", "--as-of", "2026-01-03")
STORED = Stored(
    report=Path("gx/uncommitted/runs/20260103T101500123456Z-after_backfill/report.json"),
    page=Path("gx/uncommitted/data_docs/local_site/signoff/20260103T101500123456Z-x.html"),
)


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> str:
    built = f"duckdb:///{tmp_path_factory.mktemp('demo')}/w.duckdb"
    assert command("demo", "build", "--warehouse", built).returncode == 0
    return built


@pytest.fixture(scope="module")
def incident(url: str, tmp_path_factory: pytest.TempPathFactory) -> Report:
    path = tmp_path_factory.mktemp("report") / "report.json"
    command("checkpoints", "check", *WINDOW, "--warehouse", url, "--json", str(path))
    return read_report(path)


def typed(name: str, url: str, *more: str, **changes: str) -> str:
    """What a command writes where nobody looks at a terminal."""
    return command("checkpoints", name, *WINDOW, "--warehouse", url, *more, **changes).stdout


def printed(
    report: Report, width: int = 80, detail: Detail = Detail.NORMAL, stored: Stored | None = None
) -> str:
    out = StringIO()
    console = Console(file=out, width=width, highlight=False, emoji=False, markup=False)
    print_report(console, report, stored, "python -m remediation plan", detail)
    return out.getvalue()


def steady(text: str, url: str) -> str:
    """Without what differs from run to run."""
    return re.sub(r"\b\d+\.\d+ s\b", "N s", text).replace(url, "URL")


def shown(name: str, columns: int, option: tuple[str, ...], url: str) -> str:
    return steady(typed(name, url, *option, COLUMNS=str(columns)), url)


def golden_of(name: str, columns: int, option: tuple[str, ...]) -> Path:
    return GOLDEN / f"terminal_{name}{''.join(option)}_{columns}.txt"


SHOWN = [
    (name, columns, option)
    for name in ("check", "coverage")
    for columns in (80, 120)
    for option in ((), ("--verbose",), ("--quiet",))
]


@pytest.mark.parametrize(("name", "columns", "option"), SHOWN)
def test_the_terminal_shows_what_it_showed(
    name: str, columns: int, option: tuple[str, ...], url: str
) -> None:
    golden = golden_of(name, columns, option)
    assert shown(name, columns, option, url) == golden.read_text(encoding="utf-8")


def test_the_verdict_on_the_incident_fits_a_screen(incident: Report, url: str) -> None:
    assert len(incident.checks) == 82
    assert height(on_terminal("checkpoints", "check", *WINDOW, "--warehouse", url), 80) <= 23
    assert height(printed(incident, stored=STORED), 80) <= 23


def test_the_verdict_fits_a_screen_however_much_fails(incident: Report) -> None:
    failed = [c.model_copy(update={"outcome": Outcome.FAILED}) for c in incident.checks]
    everything = incident.model_copy(update={"checks": tuple(failed)})
    text = printed(everything, stored=STORED)
    assert height(text, 80) <= 23
    rows = len(re.findall(r"^  (?:FAILED|warning) ", text, re.MULTILINE))
    assert f"and {82 - rows} more failed checks: --verbose shows them" in text
    errored = [
        c.model_copy(update={"outcome": Outcome.ERRORED, "message": f"table {c.dataset!r} is gone"})
        for c in incident.checks
    ]
    text = printed(incident.model_copy(update={"checks": tuple(errored)}), stored=STORED)
    assert height(text, 80) <= 23
    assert "ERRORED 8 checks: table 'bdl_player_boxscores' is gone" in text


@pytest.mark.parametrize(
    ("name", "columns"),
    product(("check", "coverage"), (60, 80, 90, 120, 200)),
)
def test_names_stay_whole_and_lines_stay_inside_at_every_width(
    name: str, columns: int, url: str
) -> None:
    every = ("--verbose",) if name == "check" else ()
    text = typed(name, url, *every, COLUMNS=str(columns))
    assert max(len(line) for line in text.splitlines() if not line.startswith("next ")) <= columns
    assert not any(line != line.rstrip() for line in text.splitlines() if columns >= 80)
    for dataset in ("player_composite_factors", "team_defense_zone_analysis", "player_daily_cache"):
        assert re.search(rf"\b{dataset}\b", text)
    assert text.count("bdl_player_boxscores") >= 2
    assert not re.search(r"→$|^ *→", text, re.MULTILINE), "a range is torn apart"


def test_columns_align_at_every_width(incident: Report) -> None:
    for width in (60, 80, 90, 120, 200):
        text = printed(incident, width, Detail.VERBOSE)
        rows = re.findall(r"^  (?:FAILED|warning) .*", text, re.MULTILINE)
        assert len(rows) == 22
        assert len({re.search(r"[≥≤=] \d+", row).end() for row in rows if "≥" in row}) == 1


def test_quiet_is_the_verdict_and_errors(incident: Report) -> None:
    assert printed(incident, detail=Detail.QUIET) == (
        "INCOMPLETE 22 of 82 evaluated checks failed (1 below critical)\n"
    )
    broken = report_of([check_of("factors", [], "ERRORED")], {})
    assert "table 'x' is gone" in printed(broken, detail=Detail.QUIET)


def test_verbose_is_every_check_every_range_and_what_was_sent(incident: Report) -> None:
    text = printed(incident, detail=Detail.VERBOSE)
    rows = re.findall(r"^  (?:FAILED|warning|passed|not evaluated) ", text, re.MULTILINE)
    assert len(rows) == 82
    for check in incident.checks:
        if check.unexpected_dates:
            for span in incident.ranges(check.unexpected_dates):
                assert str(span.first) in text
    assert re.search(r"^statements\n  \d+\.\d\d s +\d+ rows$", text, re.MULTILINE)
    assert " more" not in text


def test_both_quiet_and_verbose_are_refused() -> None:
    done = command("checkpoints", "check", "-q", "-v")
    assert done.returncode == 2
    assert "exclude each other" in done.stderr


def test_colours_follow_the_terminal_and_the_variables_of_the_user(url: str) -> None:
    check = ("checkpoints", "check", *WINDOW, "--warehouse", url)
    coloured = on_terminal(*check)
    assert "\x1b[1;31mINCOMPLETE" in coloured
    assert not re.search(r"\x1b\[[0-9;]*3[0-9]", on_terminal(*check, NO_COLOR="1"))
    dumb = on_terminal(*check, TERM="dumb")
    assert "\x1b" not in dumb
    assert CONTROL.sub("", coloured).splitlines()[1:] == dumb.splitlines()[1:]


def test_a_log_gets_no_control_sequences_unless_it_asks(url: str) -> None:
    plain = typed("check", url, NO_COLOR="", TERM="xterm-256color")
    assert "\x1b" not in plain
    forced = typed("check", url, NO_COLOR="", FORCE_COLOR="1", TERM="xterm-256color")
    assert "\x1b[1;31mINCOMPLETE" in forced
    assert CONTROL.sub("", forced).splitlines()[1:] == plain.splitlines()[1:]


def test_where_only_ascii_goes_signs_are_spelled_out(url: str) -> None:
    text = typed("check", url, PYTHONIOENCODING="ascii", COLUMNS="100")
    assert text.isascii()
    assert "2024-12-29 -> 2025-06-22" in text
    assert ">= 80 %" in text
    check = ("checkpoints", "check", *WINDOW, "--warehouse", url, "--json", "-")
    done = command(*check, PYTHONIOENCODING="ascii")
    assert Report.model_validate_json(done.stdout).verdict.exit_code == 1


def test_what_cannot_be_written_at_all_becomes_a_question_mark() -> None:
    assert "a → 日 \ud800".encode("ascii", "spelled") == b"a -> ? ?"
    assert "a → 日 \ud800".encode("utf-8", "spelled").decode() == "a → 日 ?"


def test_names_cannot_move_the_cursor_or_forge_a_line() -> None:
    check = {**check_of("factors", ["2025-01-06"]), "of": "x\x1b[2J\r\nCOMPLETE"}
    lines = printed(report_of([check], {}), 200).splitlines()
    assert not any("\x1b" in line or line.startswith("COMPLETE") for line in lines)


def test_the_next_command_can_be_typed_as_it_stands(url: str) -> None:
    text = typed("check", url, "--fail-on", "warning")
    (line,) = (line for line in text.splitlines() if line.startswith("next "))
    _, python, _, module, verb, *arguments = shlex.split(line)
    assert (python, module, verb) == ("python", "checkpoints", "run")
    cli = checkpoints.cli.commands.cli
    found = cli.get_command(click.Context(cli), verb)
    params = found.make_context(verb, arguments).params
    assert (params["warehouse"], params["fail_on"]) == (url, "warning")
    days = f"{params['first']:%F} {params['last']:%F} {params['as_of']:%F}"
    assert days == "2024-10-22 2026-01-02 2026-01-03"


def test_ranges_fill_lines_whole_and_say_how_many_are_left_out() -> None:
    spans = [f"2025-01-{n:02}" for n in range(1, 30)]
    assert ", ".join(filled(spans, 50)).replace(",,", ",") == ", ".join(spans)
    for width in (12, 25, 40, 80, 200):
        for most in (1, 2, 3):
            lines = filled(spans, width, most)
            assert len(lines) <= most
            assert all(len(line) <= width for line in lines)
            left = re.search(r"and (\d+) more$", lines[-1])
            said = len(re.findall(r"2025-01-\d\d", " ".join(lines)))
            assert said + (int(left[1]) if left else 0) == 29 or lines == ["29 ranges"]


def test_one_long_gap_is_one_range(incident: Report) -> None:
    text = printed(incident, 200)
    assert "2024-12-29 → 2025-06-22" in text
    assert "2024-12-30" not in text


def test_what_does_not_fit_beside_a_name_goes_below_it() -> None:
    names, spans = [Text("player_composite_factors")], [["2024-11-06 → 2024-12-02", "2024-12-21"]]
    assert [str(line) for line in hanging(names, spans, 80)] == [
        "player_composite_factors  2024-11-06 → 2024-12-02, 2024-12-21"
    ]
    assert [str(line) for line in hanging(names, spans, 60)] == [
        "player_composite_factors",
        "    2024-11-06 → 2024-12-02, 2024-12-21",
    ]


def test_columns_that_can_be_spared_are_left_out_before_a_line_gets_too_long() -> None:
    rows = [[Text("L4"), Text("player_composite_factors"), Text("of"), Text("13.6 %")]]
    name = "player_composite_factors"
    for width, said in ((60, f"L4 {name} of"), (37, f"L4 {name}"), (33, name), (10, name)):
        (line,) = narrowed(rows, width, spare=(2, 0))
        assert str(line).split() == [*said.split(), "13.6", "%"]


def test_an_as_of_date_in_the_future_is_said_to_be_one(tmp_path: Path) -> None:
    said = checked(tmp_path, window=("--season", "2025", "--as-of", "2999-01-01")).stdout
    assert " · as of 2999-01-01, which is in the future · " in said
    assert "future" not in checked(tmp_path).stdout


def test_rows_without_a_date_are_said_to_be_that() -> None:
    message = "12 rows without a date that can be read"
    check = {**check_of("factors", [], kind="no_null_keys"), "message": message}
    report = report_of([{**check, "observed": 1240, "threshold": 0, "expected": None}], {})
    for width in (120, 60):
        assert f"= 0\n{' ' * 11}{message}\n" in printed(report, width)
    (finding,) = findings_of(report).findings
    assert finding.message == (
        f"1,240 rows without a key or a readable date, none allowed: {message}"
    )
