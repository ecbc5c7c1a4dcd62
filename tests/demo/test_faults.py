"""Scenarios of faults: the file, the catalogue, and which call meets which fault."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from demo.fault_catalogue import CATALOGUE
from demo.fault_file import read_scenario
from demo.faults import HONEST, Fault, Rehearsal
from tests.support.commands import ROOT, command
from tests.support.warehouses import D

EXAMPLE = ROOT / "demo" / "faults.yml"


def scenario(folder: Path, *faults: object) -> Path:
    path = folder / "faults.yml"
    path.write_text(yaml.safe_dump({"version": 1, "faults": list(faults)}))
    return path


def refused(path: Path) -> list[str]:
    """The problems of a scenario, as a user is told them."""
    done = command("demo", "serve", "--faults", str(path), "--warehouse", f"duckdb:///{__file__}")
    assert done.returncode == 2
    assert done.stdout == ""
    said = [line.removeprefix(f"error: {path}: ") for line in done.stderr.splitlines()]
    assert all(line != whole for line, whole in zip(said, done.stderr.splitlines(), strict=True))
    return said


def test_the_example_is_valid_and_says_what_it_will_do() -> None:
    sentences = [fault.sentence for fault in read_scenario(EXAMPLE).faults]
    assert sentences == [
        "phase 4, 2024-11-06 to 2024-11-08, the first 2 calls: rate limited",
        "phase 4, 2024-11-10, the first call: half written",
        "phase 4, 2024-11-12, 2024-11-13, the first call: never lands",
        "phase 4, 2024-11-15, the first call: reset after the write",
        "phase 4, 2024-11-17, the first call: already running",
        "phase 5, 2024-11-18, the first call: custom",
    ]


def test_the_example_names_every_block() -> None:
    comments = " ".join(
        line.lstrip("# ") for line in EXAMPLE.read_text().splitlines() if line.startswith("  #")
    )
    assert [name for name in Fault.model_fields if name not in comments] == []


def test_every_fault_of_the_catalogue_is_one_and_has_a_test() -> None:
    tests = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_faults_*.py"))
    for name, known in CATALOGUE.items():
        fault = Fault.model_validate({"fault": name, **known.blocks})
        assert (fault == HONEST.model_copy(update={"fault": name})) == (name == "custom")
        assert f'"{name}"' in tests or name == "custom"


def test_the_catalogue_is_listed() -> None:
    done = command("demo", "faults")
    assert done.returncode == 0
    for name, known in CATALOGUE.items():
        assert re.search(rf"^{name} +{re.escape(known.about)}$", done.stdout, re.MULTILINE)


def test_every_problem_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    path = scenario(
        tmp_path,
        {"fault": "half writen", "phase": 4, "dates": "2025-01-08"},
        {"phase": 6, "dates": ["2025-01-08", {"from": "2025-01-09", "to": "2025-01-01"}]},
        {"fault": "lands late", "phase": 4, "dates": "2025-13-01", "times": 0, "delay": 3},
        {"fault": "custom", "phase": 5, "dates": [], "headers": {"X": "a\nb"}, "status": 99},
        "never lands",
    )
    assert refused(path) == [
        "faults[0].fault: 'half writen' is unknown: did you mean 'half written'? "
        "list them with: python -m demo faults",
        "faults[1].fault: is missing: list them with: python -m demo faults",
        "faults[1].phase: Input should be 3, 4 or 5, got 6",
        "faults[1].dates[1]: from 2025-01-09 is after to 2025-01-01, "
        "got {'from': '2025-01-09', 'to': '2025-01-01'}",
        "faults[2].dates: '2025-13-01' is no date like 2024-11-08, got '2025-13-01'",
        "faults[2].times: Input should be greater than or equal to 1, got 0",
        "faults[2].delay: unknown key: remove it or correct its spelling: keys are fault, write, "
        "write_after, damage_day_before, answer_after, status, headers, retry_after, "
        "retry_after_as, message, body, body_bytes, drip_seconds, reset, refuse_for, phase, dates, "
        "times",
        "faults[3].status: Input should be greater than or equal to 200, got 99",
        "faults[3].headers: header names and values are printable ASCII, got {'X': 'a\\nb'}",
        "faults[3].dates: is empty: give at least one",
        "faults[4]: is not a mapping such as {fault: …, phase: …, dates: …}",
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("faults: [", "malformed YAML: while parsing a flow node"),
        ("- 1", "is not a mapping: start with 'version: 1'"),
        ("version: 2\nfaults: []", "version: Input should be 1, got 2"),
        ("version: 1\nfault: []", "faults: is missing"),
        ("\x00", "malformed YAML: unacceptable character"),
    ],
)
def test_what_is_no_scenario_is_refused(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "faults.yml"
    path.write_text(text)
    assert any(problem.startswith(said) for problem in refused(path))


def test_a_scenario_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    said = "cannot read the scenario (No such file or directory)"
    assert refused(tmp_path / "none.yml") == [said]


def test_a_fault_meets_the_first_calls_of_each_of_its_dates(tmp_path: Path) -> None:
    entry = {"fault": "half written", "phase": 4, "times": 2}
    dates = ["2025-01-08", {"from": "2025-01-10", "to": "2025-01-11"}]
    met = Rehearsal(read_scenario(scenario(tmp_path, {**entry, "dates": dates})).faults)
    assert [met.next(4, [D("2025-01-08")])[1].fault for _ in range(3)] == ["half written"] * 2 + [
        ""
    ]
    assert [met.next(4, [D("2025-01-11")])[0] for _ in range(3)] == [1, 2, 3]
    assert met.next(4, [D("2025-01-10")])[1].fault == "half written"
    assert met.next(4, [D("2025-01-09")]) == (1, HONEST, {D("2025-01-09")})
    assert met.next(5, [D("2025-01-10")]) == (1, HONEST, {D("2025-01-10")})


def test_a_request_meets_the_fault_of_the_first_of_its_dates_that_has_one(tmp_path: Path) -> None:
    """Where it is answered as if all went well, the other dates are spared."""
    one = {"fault": "never lands", "phase": 4, "dates": "2025-01-09"}
    other = {"fault": "server error", "phase": 4, "dates": "2025-01-12"}
    met = Rehearsal(read_scenario(scenario(tmp_path, one, other)).faults)
    days = [D(f"2025-01-{day:02}") for day in range(8, 13)]
    _, fault, spared = met.next(4, days)
    assert (fault.fault, spared) == ("never lands", {days[0], days[2], days[3]})
    number, fault, spared = met.next(4, days[2:])
    assert (number, fault.fault, spared) == (2, "server error", set())


def test_of_several_faults_for_a_date_each_follows_the_one_before(tmp_path: Path) -> None:
    days = {"phase": 4, "dates": "2025-01-08"}
    first = {"fault": "unavailable", "times": 2, **days}
    path = scenario(tmp_path, first, {"fault": "half written", "times": 1, **days})
    met = Rehearsal(read_scenario(path).faults)
    assert [met.next(4, [D("2025-01-08")])[1].fault for _ in range(4)] == [
        "unavailable",
        "unavailable",
        "half written",
        "",
    ]


def test_what_stands_beside_a_name_replaces_its_blocks(tmp_path: Path) -> None:
    entry = {"fault": "rate limited", "phase": 4, "dates": "2025-01-08", "retry_after": 60}
    (fault,) = read_scenario(scenario(tmp_path, entry)).faults
    assert (fault.status, fault.retry_after, fault.write) == (429, 60, "nothing")
