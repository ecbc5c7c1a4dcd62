"""``gaps``: entries of the contract's file that are added and ended, and what is said of them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from difflib import ndiff
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest

from checkpoints.archive.report import Report, read_report
from checkpoints.contract.loading import load_contract
from checkpoints.contract.model import Contract, KnownGap
from tests.support.commands import ROOT, command
from tests.support.projects import project_of
from tests.support.runs import (
    FULL,
    HOLE,
    SEASON,
    checked,
    latest_report,
    page_of,
    stored,
    warehouse,
)
from tests.support.warehouses import BASIC, D, contract_of, write_contract

TODAY = "2025-02-20"
NEW = ("--from", "2025-01-20", "--to", "2025-01-29", "--reason", "source lost", "--owner", "Ada",
       "--until", "2025-12-31")  # fmt: skip
ENTRY = "{dataset: factors, from: 2025-01-20, to: 2025-01-29, reason: source lost, owner: Ada, "
ENTRY += "until: 2025-12-31}"
OTHER = "{dataset: raw, from: 2025-01-01, to: 2025-01-02, reason: lost, owner: Bob, "
OTHER += "until: 2025-03-01}"
GAP = KnownGap.model_validate(
    {
        "dataset": "factors", "from": D("2025-01-20"), "to": D("2025-01-29"),
        "reason": "source lost", "owner": "Ada", "until": D("2025-12-31"),
    }
)  # fmt: skip

BEFORE = """\
# The contract: \tof two tables
version: 1

warehouse: "duckdb:///w.duckdb"   # one file
reference: schedule
layers: {reference: the 'schedule',   L4: "precompute"}
seasons:
    - {name: '2025', from: 2025-01-01, to: "2025-03-31"}
datasets:
  schedule: {layer: reference, table: s.schedule, date: d, key: k}
  raw: &keyed
    layer: L4

    table: s.raw
    date: d
    key: k
    upstream: schedule
  factors:
    <<: *keyed
    table: s.factors     # \ta table
    rules:
    - {rule: conversion_ratio, at_least: 0.80}
checkpoints:
  after_backfill: {suites: [L4]}
"""


def contract(folder: Path, text: str) -> Path:
    path = folder / "pipeline.yml"
    path.write_bytes(text.encode())
    return path


def gaps(
    path: Path, verb: str, *typed: str, today: str = TODAY
) -> subprocess.CompletedProcess[str]:
    return command("checkpoints", "gaps", verb, *typed, "--contract", str(path), "--as-of", today)


def edited(path: Path, verb: str, *typed: str, today: str = TODAY) -> list[str]:
    """The lines that a command has taken from a file (``- …``) and added to it (``+ …``)."""
    before = path.read_bytes().decode()
    done = gaps(path, verb, *typed, today=today)
    assert (done.returncode, done.stdout.splitlines()[-1:]) == (0, [f"{path.resolve()}"]), done
    after = path.read_bytes().decode()
    lines = ndiff(before.splitlines(keepends=True), after.splitlines(keepends=True))
    return [line for line in lines if line[0] in "+-"]


def refused(path: Path, verb: str, *typed: str) -> str:
    """What a command says that leaves a file as it is."""
    before = path.read_bytes()
    done = gaps(path, verb, *typed)
    assert (done.returncode, done.stdout, "Traceback" in done.stderr) == (2, "", False), done
    assert path.read_bytes() == before
    return done.stderr


AFTER = {
    "no list": ("# the end\n", ["+ known_gaps:\n", f"+     - {ENTRY}\n"]),
    "no list, and no end of the last line": (
        "protected: []",
        ["- protected: []", "+ protected: []\n", "+ known_gaps:\n", f"+     - {ENTRY}\n"],
    ),
    "no list, before the end of the document": (
        "...\n",
        ["+ known_gaps:\n", f"+     - {ENTRY}\n"],
    ),
    "an empty list, comments after it": (
        "known_gaps: []   # none yet\n#  - {dataset: like this}\nprotected: []\n",
        ["- known_gaps: []   # none yet\n", "+ known_gaps:   # none yet\n", f"+     - {ENTRY}\n"],
    ),
    "an empty list with an anchor": (
        "known_gaps: &gaps []\n",
        ["- known_gaps: &gaps []\n", "+ known_gaps: &gaps\n", f"+     - {ENTRY}\n"],
    ),
    "an empty list, a tab before the comment": (
        '"known_gaps" : []\t# none yet\nprotected: []\t# none\n',
        [
            '- "known_gaps" : []\t# none yet\n',
            '+ "known_gaps" :\t# none yet\n',
            f"+     - {ENTRY}\n",
        ],
    ),
    "a list under an explicit key": (
        f"? known_gaps\n: - {OTHER}\n",
        [f"+   - {ENTRY}\n"],
    ),
    "an empty list on a line of its own": (
        "known_gaps: # none\n  []\nprotected: []\n",
        ["-   []\n", f"+     - {ENTRY}\n"],
    ),
    "an empty list with a comment in it": (
        "known_gaps: [\n  # none\n]\n",
        [f"+   {ENTRY}\n"],
    ),
    "other entries, comments between and tabs in them": (
        f"known_gaps:\n # \tthe first\n - {OTHER} # \twhy\n # the last\n\n\nprotected: []\n",
        [f"+  - {ENTRY}\n"],
    ),
    "entries that are blocks, not indented": (
        "known_gaps:\n# the first\n-   dataset: raw\n    from: 2025-01-01\n    to: 2025-01-02\n"
        "    until: '2025-03-01'\n    owner: Bob\n    reason: >-\n       lost,\n       in part\n\n"
        "# the end\nprotected: []\n",
        ["+ - dataset: factors\n", "+   from: 2025-01-20\n", "+   to: 2025-01-29\n",
         "+   reason: source lost\n", "+   owner: Ada\n", "+   until: 2025-12-31\n"],
    ),
    "a list in brackets": (
        f"known_gaps: [{OTHER}] # all\n",
        [f"- known_gaps: [{OTHER}] # all\n", f"+ known_gaps: [{OTHER}, {ENTRY}] # all\n"],
    ),
    "a list in brackets over lines": (
        f"known_gaps: [\n   {OTHER} # why\n]\n",
        [f"-    {OTHER} # why\n", f"+    {OTHER}, # why\n", f"+    {ENTRY}\n"],
    ),
    "a list in brackets over lines that end with commas": (
        f"known_gaps: [\n   {OTHER}, # why\n   # the end\n]\n",
        [f"+    {ENTRY},\n"],
    ),
    "an entry that is repeated elsewhere": (
        f"known_gaps:\n  - &gap {OTHER}\n  - <<: *gap\n    dataset: factors\n",
        ["+   - dataset: factors\n", "+     from: 2025-01-20\n", "+     to: 2025-01-29\n",
         "+     reason: source lost\n", "+     owner: Ada\n", "+     until: 2025-12-31\n"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
@pytest.mark.parametrize("name", AFTER)
def test_an_entry_is_added_and_all_else_stays(tmp_path: Path, name: str, ending: str) -> None:
    after, lines = AFTER[name]
    path = contract(tmp_path, (BEFORE + after).replace("\n", ending))
    before = load_contract(path, {}).contract
    difference = [line.replace("\n", ending) for line in lines]
    assert edited(path, "add", "factors", *NEW) == difference
    assert load_contract(path, {}).contract == with_gaps(before, *before.known_gaps, GAP)


def with_gaps(contract: Contract, *gaps: KnownGap) -> Contract:
    return contract.model_copy(update={"known_gaps": gaps})


def test_the_shipped_contract_differs_by_the_entry_alone_and_its_suites_stay(
    tmp_path: Path,
) -> None:
    path = Path(shutil.copytree(ROOT / "gx", tmp_path / "gx", ignore=IGNORED)) / "pipeline.yml"
    added = ("--from", "2023-01-02", "--to", "2023-01-04", *NEW[4:])
    assert edited(path, "add", "player_daily_cache", *added) == [
        "- known_gaps: []\n",
        "+ known_gaps:\n",
        "+   - {dataset: player_daily_cache, from: 2023-01-02, to: 2023-01-04, "
        "reason: source lost, owner: Ada, until: 2025-12-31}\n",
    ]
    done = command("checkpoints", "suites", "--check", "--contract", str(path))
    assert done.returncode == 0, done.stderr


IGNORED = shutil.ignore_patterns("uncommitted", "__pycache__")


@pytest.mark.parametrize("known", [None, [], [GAP.model_copy(update={"dataset": "raw"})]])
def test_a_contract_in_json_stays_json(tmp_path: Path, known: list[KnownGap] | None) -> None:
    listed = [] if known is None else [("known_gaps", known)]
    raw = {**BASIC, **{n: [g.model_dump(mode="json", by_alias=True) for g in v] for n, v in listed}}
    path = contract(tmp_path, json.dumps(raw, indent=1))
    before = load_contract(path, {}).contract
    edited(path, "add", "factors", *NEW)
    found = json.loads(path.read_text())["known_gaps"]
    assert found[-1] == GAP.model_dump(mode="json", by_alias=True)
    assert load_contract(path, {}).contract == with_gaps(before, *(known or ()), GAP)


@pytest.mark.parametrize(
    "reason",
    ["no", "a: b # c", "{x}, [y]", "'q' \"r\"", "2025-01-01", "1_0", "~", "é\u2028→ 🏀", "- x"],
)
def test_a_reason_is_read_as_it_was_typed(tmp_path: Path, reason: str) -> None:
    path = contract(tmp_path, "\ufeff" + BEFORE + f"known_gaps:\n- {OTHER}\n")
    edited(path, "add", "factors", *NEW, "--reason", reason)
    block = contract(
        tmp_path,
        BEFORE.replace("{name: '2025', from", "name: '2025'\n      from").replace(
            ', to: "2025-03-31"}', "\n      to: '2025-03-31'"
        ),
    )
    edited(block, "add", "factors", *NEW, "--reason", reason)
    for written in (path, block):
        assert load_contract(written, {}).contract.known_gaps[-1].reason == reason


@pytest.mark.parametrize(
    ("dataset", "typed", "said"),
    [
        ("factor", (), "unknown dataset 'factor': did you mean 'factors'?"),
        ("schedule", (), "'schedule' is the reference"),
        ("factors", ("--from", "2025-02-01"), "from 2025-02-01 is after to 2025-01-29"),
        ("factors", ("--until", "2025-02-19"), "until 2025-02-19 has passed, today is 2025-02-20"),
        ("raw", ("--from", "2025-01-02"), "2025-01-02 → 2025-01-29 overlaps the known gap "
         "2025-01-01 → 2025-01-02 of 'raw' until 2025-03-01 (Bob, lost)"),
        ("factors", ("--owner", " "), "it is empty"),
        ("factors", ("--owner", "A\nB"), "owner: "),
        ("factors", ("--reason", "${NO_SUCH}"), "it would say something else"),
        ("factors", ("--reason", "${NO_SUCH:-else}"), "it would say something else"),
        ("factors", ("--until", "soon"), "'soon' is no date"),
    ],
)  # fmt: skip
def test_what_may_not_be_declared_leaves_the_file_as_it_is(
    tmp_path: Path, dataset: str, typed: tuple[str, ...], said: str
) -> None:
    path = contract(tmp_path, BEFORE + f"known_gaps:\n  - {OTHER}\n")
    assert said in refused(path, "add", dataset, *NEW, *typed)


def test_a_gap_that_expired_may_be_declared_again(tmp_path: Path) -> None:
    path = contract(tmp_path, BEFORE + f"known_gaps:\n  - {OTHER}\n")
    again = ("--from", "2025-01-01", "--to", "2025-01-02", *NEW[4:])
    assert len(edited(path, "add", "raw", *again, today="2025-03-02")) == 1


@pytest.mark.parametrize(
    ("after", "said"),
    [
        ("protected: &none []\nknown_gaps: *none\n", "repeats another list of the file"),
        ("known_gaps: &none []\nprotected: *none\n", "it would say something else"),
    ],
)
def test_a_list_that_stands_in_two_places_is_not_edited(
    tmp_path: Path, after: str, said: str
) -> None:
    assert said in refused(contract(tmp_path, BEFORE + after), "add", "factors", *NEW)


def test_old_line_endings_are_not_edited(tmp_path: Path) -> None:
    path = contract(tmp_path, BEFORE.replace("\n", "\r"))
    assert "a line ends with CR alone" in refused(path, "add", "factors", *NEW)


def test_a_link_is_followed_and_the_file_keeps_its_permissions(tmp_path: Path) -> None:
    path, link = contract(tmp_path, BEFORE), tmp_path / "link.yml"
    path.chmod(0o640)
    link.symlink_to(path)
    edited(link, "add", "factors", *NEW)
    assert link.is_symlink()
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_contract(path, {}).contract.known_gaps == (GAP,)


def test_a_file_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    path = contract(tmp_path, BEFORE)
    path.chmod(0o444)
    if os.access(path, os.W_OK):
        pytest.skip("this user may write everything")
    assert f"{path}: may not be written" in refused(path, "add", "factors", *NEW)


@pytest.mark.parametrize(
    ("entry", "lines"),
    [
        (OTHER, [f"- - {OTHER}\n", f"+ - {OTHER}\n".replace("2025-03-01", "2025-02-19")]),
        (
            "dataset: raw\n  until: '2025-03-01'  # spring\n  from: 2025-01-01\n  to: 2025-01-02\n"
            "  reason: lost\n  owner: Bob",
            ["-   until: '2025-03-01'  # spring\n", "+   until: '2025-02-19'  # spring\n"],
        ),
    ],
)
def test_an_expired_entry_stays_accepted_until_yesterday(
    tmp_path: Path, entry: str, lines: list[str]
) -> None:
    path = contract(tmp_path, BEFORE + f"known_gaps:\n- {ENTRY}\n- {entry}\n")
    assert edited(path, "expire", "raw") == lines
    assert "it has expired already: 2025-01-01 → 2025-01-02 until 2025-02-19" in refused(
        path, "expire", "raw"
    )


def test_one_of_several_gaps_is_expired_by_its_dates(tmp_path: Path) -> None:
    later = OTHER.replace("2025-01-0", "2025-02-0")
    path = contract(tmp_path, BEFORE + f"known_gaps:\n- {OTHER}\n- {later}\n")
    assert "several known gaps, choose one with --from and --to: 2025-01-01 → 2025-01-02" in (
        refused(path, "expire", "raw")
    )
    assert "has no known gap 2025-01-01 → 2025-01-03: it has" in (
        refused(path, "expire", "raw", "--from", "2025-01-01", "--to", "2025-01-03")
    )
    assert "--from and --to go together" in refused(path, "expire", "raw", "--to", "2025-01-03")
    assert "dataset 'rau' has no known gap: did you mean 'raw'?" in refused(path, "expire", "rau")
    edited(path, "expire", "raw", "--from", "2025-02-01", "--to", "2025-02-02")
    known = load_contract(path, {}).contract.known_gaps
    assert [gap.until for gap in known] == [D("2025-03-01"), D("2025-02-19")]


def test_an_until_that_stands_elsewhere_is_not_changed(tmp_path: Path) -> None:
    entries = f"- &first {OTHER}\n- <<: *first\n  dataset: factors\n"
    path = contract(tmp_path, BEFORE + f"known_gaps:\n{entries}")
    assert "known_gaps[1] repeats another place of the file" in refused(path, "expire", "factors")
    assert "it would say something else" in refused(path, "expire", "raw")


def listed(path: Path, today: str) -> tuple[str, list[dict[str, Any]]]:
    done = gaps(path, "list", "--json", "-", today=today)
    assert done.returncode == 0, done.stderr
    return done.stderr, json.loads(done.stdout)["gaps"]


@pytest.mark.parametrize(
    ("today", "state", "words"),
    [
        ("2025-12-23", "in force", "in force"),
        ("2025-12-24", "ends soon", "ends in 7 days"),
        ("2025-12-30", "ends soon", "ends in 1 day"),
        ("2025-12-31", "ends soon", "ends today"),
        ("2026-01-01", "expired", "expired"),
    ],
)
def test_the_list_says_how_each_gap_stands(
    tmp_path: Path, today: str, state: str, words: str
) -> None:
    path = contract(tmp_path, BEFORE + f"known_gaps:\n- {ENTRY}\n")
    said, (gap,) = listed(path, today)
    assert f"factors  2025-01-20 → 2025-01-29  {words}  until 2025-12-31" in said
    assert "Ada: source lost" in said
    assert "what they still lack is not known: no run is stored in" in said
    assert f"python -m checkpoints run --contract {path}" in said
    assert (gap["state"], gap["lacking"]) == (state, None)


def test_the_list_says_what_the_latest_run_still_lacks(tmp_path: Path) -> None:
    whole = GAP.model_copy(update={"first": D("2025-01-15"), "last": D("2025-02-02")})
    outside = GAP.model_copy(update={"first": D("2024-01-15"), "last": D("2024-01-16")})
    landed = GAP.model_copy(update={"dataset": "summary"})
    known = [gap.model_dump(mode="json", by_alias=True) for gap in (whole, outside, landed)]
    stored(tmp_path, contract_of(tmp_path, known_gaps=known), factors=HOLE)
    said, found = listed(tmp_path / "pipeline.yml", TODAY)
    assert "10 of 19 dates lack keys" in said
    assert "nothing is missing any more" in said
    counts = [(None if g["lacking"] is None else len(g["lacking"]), g["read"]) for g in found]
    assert counts == [(10, 19), (None, 0), (0, 10)]


def test_no_gaps_are_a_list_without_entries(tmp_path: Path) -> None:
    said, found = listed(contract(tmp_path, BEFORE), TODAY)
    assert (said, found) == ("no known gap is declared\n", [])


def declared(folder: Path, until: str) -> None:
    gap = GAP.model_copy(update={"until": D(until), "owner": "data & co"})
    write_contract(folder, BASIC, known_gaps=[gap.model_dump(mode="json", by_alias=True)])


ENDS = "known gap of 'factors' 2025-01-20 → 2025-01-29 ends in 4 days, until 2025-02-24 "
ENDS += "(data & co, source lost): then its dates fail"
ENDED = "known gap until 2025-02-19 (data & co, source lost) has expired"


def test_a_gap_that_ends_within_a_week_is_told_by_every_check(tmp_path: Path) -> None:
    declared(tmp_path, "2025-02-24")
    summary = tmp_path / "summary.md"
    done = checked(tmp_path, "--markdown", str(summary), factors=HOLE)
    assert done.returncode == 0
    assert ENDS in done.stdout.splitlines()
    assert "Known gaps that end within a week" in summary.read_text()
    assert "ends in" not in checked(tmp_path, "--quiet", factors=HOLE).stdout
    file = load_contract(tmp_path / "pipeline.yml", {})
    assert '2025-02-24 <strong class="warn">ends in 4 days</strong>' in page_of(
        tmp_path, file, factors=HOLE
    )
    declared(tmp_path, "2025-02-28")
    later = checked(tmp_path, "--markdown", str(summary), factors=HOLE)
    assert "ends in" not in later.stdout + summary.read_text()


def test_many_gaps_that_end_take_few_lines(tmp_path: Path) -> None:
    one = GAP.model_copy(update={"until": D("2025-02-24")})
    days = [one.model_copy(update={"first": D(d), "last": D(d)}) for d in DAYS]
    known = [gap.model_dump(mode="json", by_alias=True) for gap in days]
    write_contract(tmp_path, BASIC, known_gaps=known)
    said = checked(tmp_path).stdout
    assert said.count("ends in 4 days") == 3
    assert "and 2 more that end: --verbose\n" in said
    assert checked(tmp_path, "--verbose").stdout.count("ends in 4 days") == 5


DAYS = ("2025-01-20", "2025-01-21", "2025-01-22", "2025-01-23", "2025-01-24")


def test_a_check_that_fails_where_a_gap_has_expired_names_it(tmp_path: Path) -> None:
    declared(tmp_path, "2025-02-19")
    junit, summary = tmp_path / "junit.xml", tmp_path / "summary.md"
    written = ("--junit", str(junit), "--markdown", str(summary))
    done = checked(tmp_path, *written, "--json", "-", factors=HOLE)
    assert done.returncode == 1
    assert done.stderr.splitlines().count(f"  {ENDED}") == 1
    failed = [f.attrib["message"] for f in ElementTree.parse(junit).iter("failure")]
    assert [ENDED in message for message in failed] == [True, True]
    assert "has expired" in summary.read_text()
    (gap,) = Report.model_validate_json(done.stdout).expired_gaps
    assert gap.until == D("2025-02-19")
    file = load_contract(tmp_path / "pipeline.yml", {})
    assert ENDED.replace("&", "&amp;") in page_of(tmp_path, file, factors=HOLE)
    declared(tmp_path, "2025-02-20")
    last_day = checked(tmp_path, "--json", "-", factors=HOLE)
    assert "ends today" in last_day.stderr
    assert Report.model_validate_json(last_day.stdout).expired_gaps == ()
    declared(tmp_path, "2025-02-19")
    other = [row for row in FULL if row[0] != D("2025-02-05")]
    assert "has expired" not in checked(tmp_path, factors=other).stdout


def test_from_a_red_run_to_a_gap_and_back(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    where = ("--contract", str(file.path), "--warehouse", warehouse(tmp_path, factors=HOLE))

    def run() -> tuple[int, str]:
        done = command("checkpoints", "run", *SEASON, *where)
        return done.returncode, done.stdout

    assert run()[0] == 1
    done = gaps(file.path, "add", "factors", *NEW[:-1], "2025-02-22")
    assert f"next   python -m checkpoints run --contract {file.path}\n" in done.stdout
    code, said = run()
    assert (code, "ends in 2 days" in said) == (0, True)
    assert [len(gap["lacking"]) for gap in listed(file.path, TODAY)[1]] == [10]
    edited(file.path, "expire", "factors")
    code, said = run()
    assert (code, "known gap until 2025-02-19 (Ada, source lost) has expired" in said) == (1, True)
    assert read_report(latest_report(file.project)).expired_gaps


def test_only_gaps_imports_the_yaml_editor() -> None:
    script = "import sys; from checkpoints.cli.commands import cli\n"
    script += (
        "[cli.get_command(None, name) for name in cli.lazy]\nprint('ruamel' in str(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True)
    assert done.stdout == "False\n", done.stderr
