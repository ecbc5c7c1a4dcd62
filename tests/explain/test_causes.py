"""Each cause, planted in a warehouse, is what ``checkpoints explain`` calls it; alone and mixed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.runs import save_report
from checkpoints.dates import DateRange
from checkpoints.validation import check, request_of
from remediation.ledger.ledger import ledger_path
from remediation.ledger.states import State
from tests.support.planted import Planted, keys_of, planted
from tests.support.projects import KNOWN_GAP
from tests.support.warehouses import D

EIGHT, NINE, TEN = "2025-01-08", "2025-01-09", "2025-01-10"
FRESH = {"rules": [{"rule": "daily_conversion_ratio", "at_least": 0.8}, {"rule": "fresh"}]}
TIMED: dict[str, Any] = {"summary": {"written_at": "w"}, "factors": {"written_at": "w", **FRESH}}
NEVER = ["never called at factors, likely"]
SENDING = (State.SENDING, "2025-01-31T10:00", {})
ACCEPTED = (State.ACCEPTED, "2025-01-31T10:01", {"status": 200, "seconds": 2.0})
VERIFYING = (State.VERIFYING, "2025-01-31T10:02", {})
LOST = (State.STILL_MISSING, "2025-01-31T10:12", {"detail": "the table has nothing"})
LANDED = (State.LANDED, "2025-01-31T10:12", {})
AS_OF_DAY = {"first": D("2025-01-01"), "last": D("2025-01-20"), "as_of": D("2025-02-10")}


@pytest.fixture
def made(tmp_path: Path) -> Planted:
    return planted(tmp_path)


def swapped(day: str) -> list[str]:
    parts = (key.split("_") for key in keys_of(D(day)))
    return [f"{day_}_{away}_{home}" for day_, home, away in parts]


def store_a_run(made: Planted) -> None:
    from datetime import UTC, datetime

    options = {**AS_OF_DAY, "checkpoint": "after_backfill"}
    at = datetime(2025, 2, 9, 12, tzinfo=UTC)
    save_report(made.file.project, check(request_of(made.file, options, at, lambda: 0.0)))  # type: ignore[arg-type]


def test_a_date_that_is_there_is_not_missing(made: Planted) -> None:
    assert made.reasons("factors", EIGHT) == ["nothing is missing at factors, certain"]
    assert made.explain()["days"] == []


def test_nothing_was_scheduled(made: Planted) -> None:
    assert made.reasons("factors", "2025-01-15") == ["nothing scheduled at schedule, certain"]


def test_the_warm_up_of_a_season(made: Planted) -> None:
    made.lose("factors", "2025-01-02")
    assert made.reasons("factors", "2025-01-02") == ["warm-up at factors, certain"]


def test_not_due_yet(made: Planted) -> None:
    made.lose("factors", "2025-01-20")
    assert made.reasons("factors", "2025-01-20", as_of="2025-01-20") == [
        "not due at factors, certain"
    ]


def test_a_known_gap_of_itself_and_of_its_upstream(tmp_path: Path) -> None:
    gap = {**KNOWN_GAP, "from": EIGHT, "to": NINE}
    gaps = [gap, {**gap, "dataset": "summary", "from": TEN, "to": TEN}]
    made = planted(tmp_path, known_gaps=gaps)
    made.lose("factors", EIGHT, TEN)
    made.lose("summary", TEN)
    assert made.reasons("factors", EIGHT) == ["known gap at factors, certain"]
    assert made.reasons("factors", TEN) == ["known gap at summary, certain"]


def test_the_topmost_source_has_nothing_and_since_when(made: Planted) -> None:
    made.lose("raw summary factors", EIGHT, NINE)
    assert made.reasons("factors", EIGHT) == ["source has nothing at raw, certain"]
    (cause,) = made.explain()["causes"]
    assert [part["dataset"] for part in cause["at"]] == ["raw"]
    assert [part["dataset"] for part in cause["explains"]] == ["summary", "factors"]
    assert (cause["dates"], cause["last_there"]) == ([EIGHT, NINE], "2025-01-07")


def test_a_source_that_lacks_some_keys(made: Planted) -> None:
    for name in ("raw", "summary", "factors"):
        made.rewrite(name, EIGHT, keys_of(D(EIGHT))[:2])
    assert made.reasons("raw", EIGHT) == ["source has nothing at raw, certain"]
    assert made.reasons("factors", EIGHT) == ["nothing is missing at factors, certain"]


def test_a_service_that_was_never_called(made: Planted) -> None:
    made.lose("factors", EIGHT)
    made.called(NINE, SENDING, ACCEPTED, VERIFYING, LANDED)
    assert made.reasons("factors", EIGHT) == NEVER


def test_a_call_that_is_planned_was_not_made(made: Planted) -> None:
    made.lose("factors", EIGHT)
    made.called(EIGHT)
    assert made.reasons("factors", EIGHT) == ["never called at factors, certain"]


def test_what_no_service_rebuilds_is_only_guessed(made: Planted) -> None:
    made.lose("summary factors", EIGHT)
    assert made.reasons("factors", EIGHT) == ["never called at summary, unknown"]


def test_a_date_that_is_partly_there_without_a_call_is_only_guessed(made: Planted) -> None:
    made.rewrite("factors", EIGHT, keys_of(D(EIGHT))[:2])
    assert made.reasons("factors", EIGHT) == ["never called at factors, unknown"]


def test_a_call_that_did_not_land_tells_its_answer_when_and_how_often(made: Planted) -> None:
    made.lose("factors", EIGHT)
    again = (State.SENDING, "2025-01-31T11:00", {})
    made.called(EIGHT, SENDING, ACCEPTED, VERIFYING, LOST, again, ACCEPTED, VERIFYING, LOST)
    assert made.reasons("factors", EIGHT) == ["called and not landed at factors, certain"]
    (cause,) = made.explain()["causes"]
    assert cause["why"] == "compute was called and the table does not show it: HTTP 200"
    assert cause["examples"] == [f"{EIGHT}: tried 2 times, last 2025-01-31 11:00 UTC"]


def test_a_call_that_was_refused_or_is_under_way_or_never_arrived(made: Planted) -> None:
    made.lose("factors", EIGHT, NINE, TEN)
    refused = (State.REJECTED, "2025-01-31T10:01", {"status": 400, "seconds": 0.1})
    unsent = (State.PLANNED, "2025-01-31T10:01", {"unsent": True, "detail": "refused"})
    made.called(EIGHT, SENDING, refused)
    made.called(NINE, SENDING, ACCEPTED)
    made.called(TEN, SENDING, unsent)
    found = {cause["dates"][0]: cause for cause in made.explain()["causes"]}
    assert {cause["cause"] for cause in found.values()} == {"called and not landed"}
    assert [(found[day]["confidence"], found[day]["why"]) for day in (EIGHT, NINE, TEN)] == [
        ("certain", "compute was called and the table does not show it: HTTP 400"),
        ("likely", "compute may still be working on it: HTTP 200"),
        ("certain", "compute could not be reached: refused"),
    ]


def test_what_had_landed_by_the_ledger_is_gone_again(made: Planted) -> None:
    made.lose("factors", EIGHT)
    made.called(EIGHT, SENDING, ACCEPTED, VERIFYING, LANDED)
    assert made.reasons("factors", EIGHT) == ["landed and gone again at factors, certain"]


def test_what_an_earlier_run_saw_is_gone_again(made: Planted) -> None:
    store_a_run(made)
    made.lose("factors", EIGHT)
    made.lose("raw summary factors", NINE)
    assert made.reasons("factors", EIGHT) == ["landed and gone again at factors, certain"]
    assert made.reasons("factors", NINE) == ["landed and gone again at raw, certain"]


def test_a_later_call_of_what_had_landed_tells_more(made: Planted) -> None:
    made.lose("factors", EIGHT)
    replanned = (State.PLANNED, "2025-02-01T10:00", {})
    again = (State.SENDING, "2025-02-01T10:01", {})
    first = (SENDING, ACCEPTED, VERIFYING, LANDED, replanned)
    made.called(EIGHT, *first, again, ACCEPTED, VERIFYING, LOST)
    assert made.reasons("factors", EIGHT) == ["called and not landed at factors, certain"]


@pytest.mark.parametrize(
    ("pattern", "change"),
    [
        ("prefix", lambda key: f"nba:{key}"),
        ("suffix", lambda key: f"{key}-v2"),
        ("case", str.lower),
        ("whitespace", lambda key: f" {key} "),
        ("separators", lambda key: key.replace("_", "-")),
        ("sides swapped", lambda key: "_".join([key[:8], *key[9:].split("_")[::-1]])),
    ],
)
def test_keys_that_are_written_in_another_way(made: Planted, pattern: str, change: Any) -> None:
    made.rewrite("factors", EIGHT, map(change, keys_of(D(EIGHT))))
    assert made.reasons("factors", EIGHT) == ["keys do not match at factors, certain"]
    (cause,) = made.explain()["causes"]
    assert cause["why"].startswith(f"{pattern}: ")
    assert cause["examples"]


@pytest.mark.parametrize(
    ("pattern", "ours", "theirs"),
    [
        ("zero-padding", ("0022400061", "0022400062"), ("22400061", "22400062")),
        ("types", ("61", "62"), ("61.0", "62.0")),
        ("types", ("2025-01-08",), ("2025-01-08 00:00:00",)),
        ("sides swapped", ("LALBOS", "NYKDEN"), ("BOSLAL", "DENNYK")),
    ],
)
def test_ids_that_are_written_in_another_way(
    made: Planted, pattern: str, ours: tuple[str, ...], theirs: tuple[str, ...]
) -> None:
    for name in ("schedule", "raw", "summary"):
        made.rewrite(name, EIGHT, ours)
    made.rewrite("factors", EIGHT, theirs)
    assert made.reasons("factors", EIGHT) == ["keys do not match at factors, certain"]
    (cause,) = made.explain()["causes"]
    assert cause["why"].startswith(f"{pattern}: ")


@pytest.mark.parametrize("blank", [None, "", "  "])
def test_rows_without_a_key(made: Planted, blank: str | None) -> None:
    made.rewrite("factors", EIGHT, [blank, blank])
    assert made.reasons("factors", EIGHT) == ["keys do not match at factors, certain"]
    (cause,) = made.explain()["causes"]
    assert cause["why"].startswith("blank keys: ")


def test_blank_keys_that_count_as_values(tmp_path: Path) -> None:
    made = planted(tmp_path, {"factors": {"blank_keys": "value"}})
    made.rewrite("factors", EIGHT, ["", ""])
    (cause,) = made.explain()["causes"]
    assert (cause["cause"], cause["why"][:12]) == ("keys do not match", "blank keys: ")


def test_a_service_that_was_called_for_another_dataset_was_called(tmp_path: Path) -> None:
    cache = {"layer": "L4", "upstream": "summary", "service": "compute"}
    made = planted(tmp_path, {"cache": cache})
    made.lose("cache", EIGHT)
    made.called(EIGHT, SENDING, ACCEPTED, VERIFYING, LANDED)
    assert made.reasons("cache", EIGHT) == ["called and not landed at cache, certain"]


def test_keys_of_types_that_never_match(made: Planted) -> None:
    made.execute("ALTER TABLE s.factors ALTER k TYPE BLOB USING k::BLOB")
    found = made.explain("factors", EIGHT, code=3)
    (reason,) = found["days"][0]["reasons"]
    assert (reason["cause"], reason["confidence"]) == ("keys do not match", "certain")
    assert reason["why"].startswith("types: ")


def test_keys_that_follow_no_pattern_are_only_guessed(made: Planted) -> None:
    made.rewrite("factors", EIGHT, ["x", "y", "z"])
    assert made.reasons("factors", EIGHT) == ["keys do not match at factors, unknown"]


def test_dates_whose_keys_were_not_read_are_likely_as_those_that_were(tmp_path: Path) -> None:
    made = planted(tmp_path)
    days = DateRange(D("2025-01-05"), D("2025-03-15")).dates()
    rows = [(day, key, "2025-04-01 12:00") for day in days for key in keys_of(day)]
    other = [(day, key, "2025-04-01 12:00") for day in days for key in swapped(str(day))]
    made.tables = {**dict.fromkeys(made.tables, rows), "factors": other}
    made.write()
    window = ("--from", "2025-01-05", "--to", "2025-03-15")
    causes = made.explain(*window, as_of="2025-03-20")["causes"]
    assert {(c["cause"], c["confidence"], len(c["dates"])) for c in causes} == {
        ("keys do not match", "certain", 60), ("keys do not match", "likely", 10),
    }  # fmt: skip


def test_written_before_its_upstream(tmp_path: Path) -> None:
    made = planted(tmp_path, TIMED)
    made.rewrite("factors", EIGHT, keys_of(D(EIGHT)), at="2025-01-09 03:00")
    assert made.reasons("factors", EIGHT) == ["written before its upstream at factors, certain"]
    made.rewrite("factors", EIGHT, keys_of(D(EIGHT))[:2], at="2025-01-09 03:00")
    assert made.reasons("factors", EIGHT) == ["written before its upstream at factors, likely"]


def test_an_upstream_that_is_retired(tmp_path: Path) -> None:
    made = planted(tmp_path, {"raw": {"retired": EIGHT}})
    made.lose("raw summary factors", EIGHT, NINE)
    assert made.reasons("factors", NINE) == ["upstream retired at raw, certain"]


def test_a_table_that_cannot_be_read_is_told_at_that_table(made: Planted) -> None:
    made.execute("DROP TABLE s.summary")
    found = made.explain("factors", EIGHT, code=3)
    (reason,) = found["days"][0]["reasons"]
    assert (reason["cause"], reason["dataset"]) == ("unreadable", "summary")
    assert "summary" in reason["why"]
    (cause,) = made.explain(code=3)["causes"]
    assert (cause["cause"], [part["dataset"] for part in cause["at"]]) == (
        "unreadable",
        ["summary"],
    )
    assert [part["dataset"] for part in cause["explains"]] == ["factors"]


def test_a_ledger_that_cannot_be_read_leaves_only_a_guess(made: Planted) -> None:
    made.lose("factors", EIGHT)
    path = ledger_path(made.file.project)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no database" * 200)
    assert made.reasons("factors", EIGHT, code=3) == ["never called at factors, unknown"]
    assert "the ledger cannot be read" in made.explain("factors", EIGHT, code=3)["problem"]


def test_one_date_may_have_two_causes(made: Planted) -> None:
    made.rewrite("factors", EIGHT, swapped(EIGHT)[:2])
    assert made.reasons("factors", EIGHT) == [
        "keys do not match at factors, certain", "never called at factors, unknown",
    ]  # fmt: skip
    made.rewrite("factors", EIGHT, [keys_of(D(EIGHT))[0], None])
    assert made.reasons("factors", EIGHT) == [
        "keys do not match at factors, likely", "never called at factors, unknown",
    ]  # fmt: skip
    made.rewrite("summary", NINE, keys_of(D(NINE))[:2])
    made.rewrite("factors", NINE, keys_of(D(NINE))[:1])
    assert made.reasons("factors", NINE) == [
        "never called at factors, unknown", "never called at summary, unknown",
    ]  # fmt: skip


def test_many_causes_at_once_are_each_called_by_their_name(tmp_path: Path) -> None:
    made = planted(tmp_path, TIMED, known_gaps=[{**KNOWN_GAP, "from": TEN, "to": TEN}])
    made.lose("factors", "2025-01-05", TEN, "2025-01-06", "2025-01-11")
    made.lose("raw summary factors", "2025-01-07")
    made.rewrite("factors", EIGHT, swapped(EIGHT))
    made.rewrite("factors", NINE, keys_of(D(NINE)), at="2025-01-09 03:00")
    made.called("2025-01-06", SENDING, ACCEPTED, VERIFYING, LOST)
    made.called("2025-01-11", SENDING, ACCEPTED, VERIFYING, LANDED)
    found = made.explain("factors", "--from", "2025-01-01", "--to", "2025-01-16")["days"]
    causes = {day["date"][-2:]: [r["cause"] for r in day["reasons"]] for day in found}
    assert causes == {
        **{day: ["warm-up"] for day in ("01", "02", "03")},
        **{day: ["nothing is missing"] for day in ("04", "12", "13", "14", "16")},
        "05": ["never called"], "06": ["called and not landed"], "07": ["source has nothing"],
        "08": ["keys do not match"], "09": ["written before its upstream"], "10": ["known gap"],
        "11": ["landed and gone again"], "15": ["nothing scheduled"],
    }  # fmt: skip
