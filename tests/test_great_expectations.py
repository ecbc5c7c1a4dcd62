"""Great Expectations judges what the contract declares, or the run says that it did not."""

from __future__ import annotations

import copy
import json
import logging
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from html import unescape
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoints.contract import Contract
from checkpoints.contract_file import ContractFile
from checkpoints.coverage import CoverageFrame, build_frame, presence_of
from checkpoints.errors import ContractError, ExitCode, LibraryError, StaleSuites
from checkpoints.library import LibraryVerdict, build_docs, judge
from checkpoints.report import CheckRecord, check_record
from checkpoints.result_details import evaluation_of, raised
from checkpoints.rules import Outcome, checks_of, evaluate, pairs_of
from checkpoints.suites import write
from checkpoints.window import DateRange, Window
from tests.warehouses import BASIC, contract_of

D = date.fromisoformat
GX = Path(__file__).parent.parent / "gx"
ALL = "schedule raw summary factors"
NO_L4 = "schedule raw summary"
Days = Mapping[date, list[str]]
SEQUENCE = count()


def project_of(folder: Path, raw: Mapping[str, Any] = BASIC, **changes: Any) -> ContractFile:
    """A project of its own: our plugin and Data Context, another contract, its suites."""
    project = folder / "gx"
    project.mkdir()
    shutil.copy(GX / "great_expectations.yml", project)
    shutil.copytree(
        GX / "plugins", project / "plugins", ignore=shutil.ignore_patterns("__pycache__")
    )
    file = contract_of(project, raw, **changes)
    write(file.project, file.contract)
    return file


def frame_of(
    contract: Contract,
    days: Days,
    *,
    as_of: str = "2025-03-01",
    unreadable: Mapping[str, str] | None = None,
    undated: str = "",
) -> CoverageFrame:
    """A frame of single keys; a key is the datasets that hold it, ``name?`` with a NULL in it."""

    def mask(names: str) -> int:
        bits = {name: 1 << n for n, name in enumerate(contract.names)}
        nulls = {f"{name}?": bit << len(contract.names) for name, bit in bits.items()}
        return sum((bits | nulls)[name] for name in names.split())

    rows = [(day, mask(names), 1) for day, keys in days.items() for names in keys]
    lost = [(None, mask(undated), 3)] if undated else []
    return build_frame(
        contract,
        presence_of(contract.names, [*rows, *lost]),
        Window(range=DateRange(min(days), max(days)), label="test"),
        D(as_of),
        pairs_of(contract),
        unreadable,
    )


def every_day(first: str, last: str, *keys: str) -> dict[date, list[str]]:
    return {day: list(keys) for day in DateRange(D(first), D(last)).dates()}


def judged(
    file: ContractFile, frame: CoverageFrame, checkpoint: str = "after_backfill"
) -> LibraryVerdict:
    at = datetime(2025, 3, 1, 12, tzinfo=UTC) + timedelta(seconds=next(SEQUENCE))
    return judge(
        file.project, file.contract, checkpoint, frame, f"{at:%Y%m%dT%H%M%SZ}-{checkpoint}", at
    )


def by_rules(contract: Contract, frame: CoverageFrame) -> tuple[CheckRecord, ...]:
    suites = contract.checkpoints["after_backfill"].suites
    return tuple(check_record(c, evaluate(c, frame)) for c in checks_of(contract, suites))


def of_dataset(verdict: LibraryVerdict, dataset: str) -> dict[str, Outcome]:
    return {r.kind: r.outcome for r in verdict.records if r.dataset == dataset}


def page_of(verdict: LibraryVerdict, suite: str) -> str:
    """The latest page of a suite."""
    pages = verdict.docs_index.parent.glob(f"validations/{suite}/*/*/*.html")
    return max(pages, key=lambda path: path.parts).read_text(encoding="utf-8")


def words_of(page: str) -> str:
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", " ", page)))


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ContractFile:
    return project_of(
        tmp_path_factory.mktemp("project"),
        known_gaps=[
            {
                "dataset": "factors",
                "from": "2025-02-01",
                "to": "2025-02-02",
                "reason": "source lost",
                "owner": "data-eng",
                "until": "2025-12-31",
            }
        ],
    )


FRAMES: dict[str, tuple[Days, dict[str, Any]]] = {
    "complete": (every_day("2025-01-05", "2025-01-20", ALL, ALL), {}),
    "a gap in the last layer": (
        every_day("2025-01-05", "2025-01-20", ALL)
        | every_day("2025-01-08", "2025-01-14", NO_L4)
        | {D("2025-01-17"): [ALL, NO_L4]},
        {},
    ),
    "orphans and nulls": (
        every_day("2025-01-05", "2025-01-20", ALL)
        | {D("2025-01-09"): [ALL, "factors", "summary?"]},
        {"undated": "raw"},
    ),
    "an unreadable layer": (
        every_day("2025-01-05", "2025-01-20", NO_L4),
        {"unreadable": {"summary": "table 'summary' is not in schema 's': did you mean 'sum'?"}},
    ),
    "an unreadable reference": (
        every_day("2025-01-05", "2025-01-20", ALL),
        {"unreadable": {"schedule": "dataset 'schedule' has no column 'd'"}},
    ),
    "nothing due yet": (
        every_day("2025-01-05", "2025-01-20", ALL),
        {"as_of": "2025-01-05"},
    ),
    "nothing at all": ({D("2025-01-05"): [], D("2025-01-06"): []}, {}),
    "only warm-up": (every_day("2025-01-01", "2025-01-03", NO_L4), {}),
    "a known gap": (
        every_day("2025-01-30", "2025-02-04", ALL) | every_day("2025-02-01", "2025-02-02", NO_L4),
        {},
    ),
}


@pytest.mark.parametrize("name", FRAMES)
def test_the_library_gives_the_verdict_of_the_rules(file: ContractFile, name: str) -> None:
    days, options = FRAMES[name]
    frame = frame_of(file.contract, days, **options)

    assert judged(file, frame).records == by_rules(file.contract, frame)


def test_the_hand_made_frames_reach_every_outcome(file: ContractFile) -> None:
    frames = [frame_of(file.contract, days, **options) for days, options in FRAMES.values()]

    assert {r.outcome for f in frames for r in by_rules(file.contract, f)} == set(Outcome)


KEYS = st.sampled_from([ALL, NO_L4, "schedule raw", "schedule", "factors", "summary raw", "raw?"])


@settings(max_examples=8, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    days=st.lists(st.lists(KEYS, max_size=4), min_size=1, max_size=40),
    undated=st.sampled_from(["", "raw", "summary factors"]),
    broken=st.sampled_from([{}, {}, {"raw": "cannot be read"}]),
)
def test_the_library_agrees_with_the_rules_on_random_frames(
    file: ContractFile, days: list[list[str]], undated: str, broken: dict[str, str]
) -> None:
    dated = {D("2025-01-01") + timedelta(days=n): keys for n, keys in enumerate(days)}
    frame = frame_of(file.contract, dated, undated=undated, unreadable=broken, as_of="2025-02-05")

    assert judged(file, frame).records == by_rules(file.contract, frame)


# What the library is known to do, and what guards against it.


def in_a_new_python(code: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """Run code where nothing of ours is imported or registered yet."""
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, arguments)],
        cwd=GX.parent,
        capture_output=True,
        text=True,
        timeout=120,
    )


JUDGE = """
import sys, socket
from datetime import UTC, date, datetime
from pathlib import Path

def refuse(*_): raise OSError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse

from checkpoints.contract_file import load_contract
from checkpoints.errors import CheckpointsError
from checkpoints.library import judge
from tests.test_great_expectations import FRAMES, by_rules, frame_of

file = load_contract(Path(sys.argv[1]) / "pipeline.yml", {})
days, options = FRAMES["an unreadable layer"]
frame = frame_of(file.contract, days, **options)
at = datetime(2025, 3, 1, tzinfo=UTC)
try:
    verdict = judge(file.project, file.contract, "after_backfill", frame, "run", at)
except CheckpointsError as error:
    sys.exit(f"{int(error.exit_code)} {error}")
sys.exit(0 if verdict.records == by_rules(file.contract, frame) else "another verdict")
"""


def test_our_expectations_are_registered_and_nothing_is_printed_and_no_network_is_used(
    tmp_path: Path,
) -> None:
    ended = in_a_new_python(JUDGE, project_of(tmp_path).project)

    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_a_plugin_that_registers_nothing_is_an_error_and_never_green(tmp_path: Path) -> None:
    project = project_of(tmp_path).project
    (project / "plugins/cross_layer/__init__.py").write_text('"""Empty."""\n', encoding="utf-8")

    ended = in_a_new_python(JUDGE, project)

    assert ended.returncode == 1
    assert ended.stderr.startswith("3 checkpoint 'after_backfill' holds 0 expectations where")


def test_a_missing_plugin_is_an_error_and_never_green(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    shutil.rmtree(file.project / "plugins")
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))

    with pytest.raises(LibraryError, match=r"cross_layer.*is missing") as caught:
        judged(file, frame)

    assert caught.value.exit_code is ExitCode.COULD_NOT_TELL


def test_a_plugin_that_cannot_be_imported_is_one_sentence(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    (file.project / "plugins/cross_layer/metric.py").write_text("import nowhere", encoding="utf-8")
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))

    with pytest.raises(LibraryError, match=r"No module named 'nowhere'") as caught:
        judged(file, frame)

    assert len(caught.value.problems) == 1


def test_a_suite_emptied_by_hand_is_refused(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    path = file.project / "expectations/L4.json"
    emptied = json.loads(path.read_text(encoding="utf-8")) | {"expectations": []}
    path.write_text(json.dumps(emptied), encoding="utf-8")
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))

    with pytest.raises(StaleSuites, match=r"L4\.json"):
        judged(file, frame)


def test_a_checkpoint_without_any_check_gives_no_record_to_be_green_about(tmp_path: Path) -> None:
    raw = copy.deepcopy(BASIC)
    raw["checkpoints"] = {"empty": {"suites": ["reference"]}}
    file = project_of(tmp_path, raw, rules_for_keyed=[])
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))

    assert judged(file, frame, "empty").records == ()


def test_an_unknown_checkpoint_is_named(file: ContractFile) -> None:
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))

    with pytest.raises(ContractError, match=r"'weekly' is not in the contract"):
        judged(file, frame, "weekly")


def test_a_metric_that_raises_is_errored_and_only_for_its_own_checks(file: ContractFile) -> None:
    days = every_day("2025-01-05", "2025-01-20", NO_L4)
    frame = frame_of(file.contract, days, unreadable={"summary": "summary is gone"})
    verdict = judged(file, frame)

    assert set(of_dataset(verdict, "summary").values()) == {Outcome.ERRORED}
    assert of_dataset(verdict, "factors") == {
        "conversion_ratio": Outcome.FAILED,  # of raw, which is there
        "daily_conversion_ratio": Outcome.ERRORED,
        "no_orphan_keys": Outcome.ERRORED,
        "no_null_keys": Outcome.ERRORED,
    }
    messages = {r.message for r in verdict.records if r.outcome is Outcome.ERRORED}
    assert messages == {"summary is gone"}


def test_an_expectation_that_raises_is_errored_and_not_failed(file: ContractFile) -> None:
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))
    strange: Any = "many"
    cells = {
        pair: tuple(cell._replace(expected=strange) for cell in found)
        if pair.dataset == "raw"
        else found
        for pair, found in frame.cells.items()
    }
    verdict = judged(file, replace(frame, cells=cells))

    assert of_dataset(verdict, "raw")["conversion_ratio"] is Outcome.ERRORED
    assert set(of_dataset(verdict, "summary").values()) == {Outcome.PASSED}


def test_both_shapes_of_exception_info_are_told_from_none() -> None:
    info = {"raised_exception": True, "exception_message": "gone", "exception_traceback": "…"}
    none = {"raised_exception": False, "exception_message": None, "exception_traceback": None}

    assert raised(info) == "gone"
    assert raised({"('metric', '', '')": info}) == "gone"
    assert raised({"('metric', '', '')": none}) is None
    assert raised(none) is None
    assert raised({}) is None


@pytest.mark.parametrize(
    ("success", "result"),
    [
        (False, {}),
        (True, {}),
        (True, {"observed_value": 0.1}),
    ],
)
def test_a_result_without_an_outcome_is_not_a_verdict(
    success: bool, result: dict[str, Any]
) -> None:
    with pytest.raises(ValueError, match="neither an outcome nor an exception"):
        evaluation_of(success, result, {"raised_exception": False})


def test_a_result_that_contradicts_itself_is_not_a_verdict() -> None:
    details = {
        "outcome": "FAILED",
        "matched": 1,
        "expected": 2,
        "message": "",
        "unexpected_dates": [],
    }

    with pytest.raises(ValueError, match="success is True but its outcome is FAILED"):
        evaluation_of(True, {"observed_value": 0.5, "details": details}, {})


def test_more_than_two_hundred_unexpected_dates_arrive_complete_and_are_archived(
    tmp_path: Path,
) -> None:
    season = {"name": "long", "from": "2024-01-01", "to": "2024-12-31"}
    file = project_of(tmp_path, seasons=[season])
    days = every_day("2024-01-10", "2024-12-20", NO_L4)
    verdict = judged(file, frame_of(file.contract, days, as_of="2025-01-01"))
    (record,) = [r for r in verdict.records if r.kind == "daily_conversion_ratio"]
    stored = next(file.project.glob("uncommitted/validations/L4/*/*/*.json"))

    assert record.unexpected_dates == tuple(days)
    assert len(days) == 346
    archived = {
        result["expectation_config"]["id"]: result["result"]["details"]["unexpected_dates"]
        for result in json.loads(stored.read_text(encoding="utf-8"))["results"]
    }
    assert archived[record.id] == [day.isoformat() for day in days]


def test_records_are_in_declared_order_although_results_are_not(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    days = every_day("2025-01-05", "2025-01-20", NO_L4)
    # An errored check comes first in the library's results: the second of its suite is.
    frame = frame_of(file.contract, days, unreadable={"summary": "gone"})
    verdict = judged(file, frame)
    stored = next(file.project.glob("uncommitted/validations/L4/*/*/*.json"))
    given = [r["expectation_config"]["id"] for r in json.loads(stored.read_text())["results"]]
    declared = [check.id for check in checks_of(file.contract, ["L4"])]

    assert sorted(given) == sorted(declared)
    assert given != declared
    assert [r.id for r in verdict.records if r.suite == "L4"] == declared


def test_severity_is_the_librarys_own(file: ContractFile) -> None:
    judged(file, frame_of(file.contract, every_day("2025-01-05", "2025-01-06", ALL)))
    stored = next(file.project.glob("uncommitted/validations/L4/*/*/*.json"))
    results = json.loads(stored.read_text(encoding="utf-8"))["results"]
    found = {r["expectation_config"]["id"]: r["expectation_config"]["severity"] for r in results}

    assert found == {check.id: check.severity for check in checks_of(file.contract, ["L4"])}


def test_a_run_leaves_the_committed_files_as_they_are(tmp_path: Path) -> None:
    file = project_of(tmp_path)

    def committed() -> dict[str, bytes]:
        paths = [p for p in file.project.rglob("*") if p.is_file() and "__pycache__" not in p.parts]
        own = [p for p in paths if "uncommitted" not in p.relative_to(file.project).parts]
        return {str(path): path.read_bytes() for path in own}

    before = committed()
    judged(file, frame_of(file.contract, every_day("2025-01-05", "2025-01-06", ALL)))

    assert committed() == before


def test_without_a_data_context_no_new_one_is_set_up(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    (file.project / "great_expectations.yml").unlink()

    with pytest.raises(LibraryError, match=r"great_expectations\.yml is missing"):
        build_docs(file.project)

    assert not (file.project / "uncommitted").exists()


def test_a_damaged_data_context_is_one_sentence(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    (file.project / "great_expectations.yml").write_text("config_version: [", encoding="utf-8")

    with pytest.raises(LibraryError, match="Great Expectations failed") as caught:
        build_docs(file.project)

    assert len(str(caught.value).splitlines()) == 1


# Data Docs.


def test_a_failed_expectation_shows_observed_threshold_ranges_and_all_dates(
    file: ContractFile,
) -> None:
    days, _ = FRAMES["a gap in the last layer"]
    page = page_of(judged(file, frame_of(file.contract, days)), "L4")
    words = words_of(page)

    assert "factors holds at least 80 % of the keys of raw (critical)" in words
    assert "observed 52.9 %, needed ≥ 80 % 8 dates: 2025-01-08 → 2025-01-14, 2025-01-17" in words
    assert "9 of 17 needed ≥ 80 %" in words
    folded = re.search(r"<details\s*>\s*<summary>all 8 dates</summary>([^<]*)</details>", page)
    assert folded is not None
    assert folded[1].strip().split(", ") == [
        *(f"2025-01-{n:02}" for n in range(8, 15)),
        "2025-01-17",
    ]
    assert "FAILED" in words


def test_not_evaluated_is_visible_and_no_failure_to_the_library(file: ContractFile) -> None:
    days, options = FRAMES["nothing due yet"]
    words = words_of(page_of(judged(file, frame_of(file.contract, days, **options)), "L3"))

    assert "NOT EVALUATED summary holds at least 90 % of the keys of raw (critical) " in words
    assert "nothing was due" in words
    assert "Unsuccessful Expectations 0" in words


def test_an_errored_expectation_says_why_and_shows_no_traceback(file: ContractFile) -> None:
    days, options = FRAMES["an unreadable layer"]
    words = words_of(page_of(judged(file, frame_of(file.contract, days, **options)), "L3"))

    assert "ERRORED summary holds" in words
    assert "could not be evaluated: table 'summary' is not in schema 's'" in words
    assert "Traceback" not in words


HOSTILE = "<script>alert(1)</script> $dataset $$of {{ 1 }} <!-- ' \""


def test_hostile_names_and_messages_are_shown_as_text(tmp_path: Path) -> None:
    raw = json.loads(json.dumps(BASIC).replace('"factors"', json.dumps(HOSTILE)))
    raw["layers"]["L4"] = HOSTILE
    file = project_of(tmp_path, raw)
    masks = {D("2025-01-10"): ["schedule raw summary"], D("2025-01-11"): ["schedule raw summary"]}
    frame = frame_of(file.contract, masks, unreadable={"summary": HOSTILE})
    verdict = judged(file, frame)
    pages = [page_of(verdict, "L4"), page_of(verdict, "L3")]
    pages += [p.read_text() for p in verdict.docs_index.parent.glob("expectations/*.html")]

    assert not [page for page in pages if "<script>alert" in page]
    assert f"{HOSTILE} holds at least 80 % of the keys of raw" in words_with_markup(pages[0])
    assert f"could not be evaluated: {HOSTILE}" in words_with_markup(pages[1])


def words_with_markup(page: str) -> str:
    """The text of a page, in which escaped markup is text."""
    return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]*>", "", page)))


def test_a_page_that_could_not_be_rendered_is_an_error(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    rendering = file.project / "plugins/cross_layer/rendering.py"
    text = rendering.read_text(encoding="utf-8")
    rendering.write_text(text.replace("{threshold}", "").replace("limit(", "limit(1, "))
    days, _ = FRAMES["a gap in the last layer"]

    with pytest.raises(LibraryError, match=r"Data Docs are incomplete: TypeError"):
        judged(file, frame_of(file.contract, days))


def test_the_pages_carry_the_run_id_and_time(file: ContractFile) -> None:
    at = datetime(2025, 3, 9, 8, 7, 6, tzinfo=UTC)
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-06", ALL))
    run_id = "20250309T080706000000Z-after_backfill"
    verdict = judge(file.project, file.contract, "after_backfill", frame, run_id, at)
    pages = [*verdict.docs_index.parent.glob(f"validations/L3/{run_id}/*/*.html")]

    assert len(pages) == 1
    assert "2025-03-09T08:07:06Z" in words_of(pages[0].read_text(encoding="utf-8"))
    assert run_id in verdict.docs_index.read_text(encoding="utf-8")


def test_docs_can_be_rebuilt_from_the_archive(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    days, _ = FRAMES["a gap in the last layer"]
    verdict = judged(file, frame_of(file.contract, days))
    shutil.rmtree(file.project / "uncommitted/data_docs")

    assert build_docs(file.project) == verdict.docs_index
    assert "observed 52.9 %, needed ≥ 80 %" in words_of(page_of(verdict, "L4"))


@pytest.fixture(autouse=True)
def _loggers_are_left_as_they_were() -> Iterator[None]:
    logger = logging.getLogger("great_expectations")
    before = (logger.propagate, list(logger.handlers))
    yield
    assert (logger.propagate, list(logger.handlers)) == before
