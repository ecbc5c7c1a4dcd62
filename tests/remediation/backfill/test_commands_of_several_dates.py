"""Commands that take a range or a list of dates, and several commands at the same time."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.command_project import command_project

TEN = tuple(f"01-{day:02}" for day in range(7, 17))


def test_of_a_range_of_ten_dates_seven_have_landed(tmp_path: Path) -> None:
    made = command_project(tmp_path, "01-05", *TEN, dates_per_call="range")
    made.acts(d07=["say seven; land 7"])
    code, said = made.repair()
    assert code == 4, said
    assert made.asked == ["01-05 01-05", "01-07 01-16"]
    assert made.states == {
        **dict.fromkeys(("01-05", *TEN[:7]), "landed"), **dict.fromkeys(TEN[7:], "still missing"),
    }  # fmt: skip
    assert {entry.answer for day, entry in made.entries().items() if day in TEN} == {
        "exit code 0: seven"
    }
    code, said = made.typed("resume")
    assert code == 0, said
    assert made.asked[2:] == ["01-14 01-14", "01-15 01-16"]


def test_a_range_is_cut_where_a_date_is_not_planned_and_at_its_most(tmp_path: Path) -> None:
    missing = (*TEN[:1], *TEN[2:8], *TEN[9:])
    made = command_project(tmp_path, *missing, dates_per_call="range", at_most=4)
    code, said = made.repair()
    assert code == 0, said
    assert made.asked == ["01-07 01-07", "01-09 01-12", "01-13 01-14", "01-16 01-16"]


def test_a_list_names_its_dates_and_a_lost_answer_costs_only_what_did_not_land(
    tmp_path: Path,
) -> None:
    missing = ("01-05", "01-07", "01-09", "01-12", "01-13")
    made = command_project(tmp_path, *missing, dates_per_call="list", at_most=3)
    made.acts(d07=["land 2; die"])
    code, said = made.repair()
    assert code == 0, said
    assert made.asked[:2] == ["01-05", "01-07,01-09,01-12"]
    asked = [day for words in made.asked for day in words.split(",")]
    assert sorted(asked) == sorted([*missing, "01-12"])
    assert set(made.states.values()) == {"landed"}


def test_eight_commands_are_kept_in_flight_and_never_more(tmp_path: Path) -> None:
    made = command_project(tmp_path, *TEN, *(f"01-{n}" for n in range(17, 25)), last="2025-01-26",
        concurrency=8)  # fmt: skip
    made.acts(**{f"d{n:02}": ["sleep 1.5; land"] for n in range(8, 16)})
    code, said = made.repair()
    assert code == 0, said
    moments = [(r.started, 1) for r in made.runs] + [(r.ended or 0, -1) for r in made.runs]
    at_work = [sum(step for _, step in sorted(moments)[: n + 1]) for n in range(len(moments))]
    assert max(at_work) == 8
    assert len(made.runs) == len(TEN) + 8


def test_a_thousand_dates_in_ranges_of_14_are_one_call_and_72(tmp_path: Path) -> None:
    made = command_project(tmp_path, first="2021-01-01", last="2023-09-30", dates_per_call="range")
    made.plan()
    code, said = made.typed("run", "--json", str(tmp_path / "requests.json"))
    assert (code, made.runs) == (0, []), said
    requests = json.loads((tmp_path / "requests.json").read_text())["requests"]
    assert len(requests) == 73
    assert requests[0]["argv"][-2:] == ["2021-01-04", "2021-01-04"]
    assert requests[72]["argv"][-2:] == ["2023-09-26", "2023-09-30"]
    assert {len(request["dates"]) for request in requests[1:72]} == {14}


def test_a_hundred_dates_in_ranges_of_14_are_sent_as_one_call_and_8(tmp_path: Path) -> None:
    made = command_project(
        tmp_path, first="2023-01-01", last="2023-04-13", dates_per_call="range", concurrency=4
    )
    code, said = made.repair()
    assert code == 0, said
    asked = sorted(day for run in made.runs for day in run.dates)
    assert (len(made.runs), len(asked), len(set(asked))) == (9, 100, 100)
    assert max(len(run.dates) for run in made.runs) == 14
    assert set(made.states.values()) == {"landed"}
