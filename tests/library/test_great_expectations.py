"""Great Expectations judges what the contract declares, or the run says that it did not."""

from __future__ import annotations

import copy
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from checkpoints.contract.checks import checks_of
from checkpoints.contract.loading import ContractFile
from checkpoints.errors import CheckpointsError, ContractError, LibraryError, StaleSuites
from checkpoints.library.judge import build_docs
from checkpoints.library.results import evaluation_of, raised
from checkpoints.rules.rule import Outcome
from tests.support.commands import ROOT
from tests.support.projects import (
    ALL,
    FRAMES,
    KNOWN_GAP,
    NO_L4,
    D,
    by_rules,
    every_day,
    frame_of,
    judged,
    of_dataset,
    project_of,
)
from tests.support.warehouses import BASIC


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> ContractFile:
    return project_of(tmp_path_factory.mktemp("project"), known_gaps=[KNOWN_GAP])


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


def stored_results(file: ContractFile, suite: str = "L4") -> list[dict[str, Any]]:
    """The results of a run of a suite, as the library wrote them."""
    path = next(file.project.glob(f"uncommitted/validations/{suite}/*/*/*.json"))
    found: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["results"]
    return found


# What the library is known to do, and what guards against it.


def in_a_new_python(code: str, *arguments: Path | str) -> subprocess.CompletedProcess[str]:
    """Run code where nothing of ours is imported or registered yet."""
    whole = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(whole, cwd=ROOT, capture_output=True, text=True, timeout=120)


JUDGE = """
import sys, socket
from datetime import UTC, date, datetime
from pathlib import Path

def refuse(*_): raise OSError("the network was used")
socket.socket.connect = socket.getaddrinfo = refuse

from checkpoints.contract.loading import load_contract
from checkpoints.errors import CheckpointsError
from checkpoints.library.judge import judge
from tests.support.commands import ROOT
from tests.support.projects import FRAMES, by_rules, frame_of

file = load_contract(Path(sys.argv[1]) / "pipeline.yml", {})
days, options = FRAMES["an unreadable layer"]
frame = frame_of(file.contract, days, **options)
at = datetime(2025, 3, 1, tzinfo=UTC)
try:
    records = judge(file.project, file.contract, "after_backfill", frame, "run", at)
except CheckpointsError as error:
    sys.exit(f"{int(error.exit_code)} {error}")
sys.exit(0 if records == by_rules(file.contract, frame) else "another verdict")
"""


def test_our_expectations_are_registered_and_nothing_is_printed_and_no_network_is_used(
    tmp_path: Path,
) -> None:
    project = project_of(tmp_path).project
    settings_file = project / "great_expectations.yml"
    quiet = "progress_bars:\n  globally: false\n"
    own = settings_file.read_text(encoding="utf-8").replace(quiet, "")
    settings_file.write_text(own, encoding="utf-8")

    ended = in_a_new_python(JUDGE, project)

    assert quiet not in own
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


@pytest.mark.parametrize(
    ("imported", "told"),
    [
        ("sys", "no action of type update_cross_layer_docs found"),
        ("checkpoints.library.actions", "3 checkpoint 'after_backfill' holds 0 expectations where"),
    ],
)
def test_a_plugin_that_registers_nothing_is_an_error_and_never_green(
    tmp_path: Path, imported: str, told: str
) -> None:
    project = project_of(tmp_path).project
    instead = f"import sys, {imported}; sys.modules['checkpoints.plugin'] = sys\n"

    ended = in_a_new_python(instead + JUDGE, project)

    assert ended.returncode == 1
    assert ended.stderr.startswith("3 ")
    assert told in ended.stderr


def judge_again(file: ContractFile) -> None:
    judged(file, frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL)))


@pytest.mark.parametrize(
    ("content", "kind", "message"),
    [
        ("config_version: [", ContractError, "is no configuration of a project: while parsing"),
        ("- a list", ContractError, "is no configuration of a project: "),
        ("config_version: 4.0\nstores: 7", ContractError, "of a project: stores is no mapping"),
        ("config_version: 4.0\nshops: 7", LibraryError, "Great Expectations failed"),
    ],
)
def test_a_damaged_configuration_is_one_sentence(
    tmp_path: Path, content: str, kind: type[CheckpointsError], message: str
) -> None:
    file = project_of(tmp_path)
    (file.project / "great_expectations.yml").write_text(content, encoding="utf-8")

    with pytest.raises(kind, match=message) as caught:
        build_docs(file.project)

    assert len(caught.value.problems) == len(str(caught.value).splitlines()) == 1


def test_a_suite_emptied_by_hand_is_refused(tmp_path: Path) -> None:
    file = project_of(tmp_path)
    path = file.project / "expectations/L4.json"
    emptied = json.loads(path.read_text(encoding="utf-8")) | {"expectations": []}
    path.write_text(json.dumps(emptied), encoding="utf-8")

    with pytest.raises(StaleSuites, match=r"L4\.json"):
        judge_again(file)


def test_a_checkpoint_without_any_check_gives_no_record_to_be_green_about(tmp_path: Path) -> None:
    raw = copy.deepcopy(BASIC)
    raw["checkpoints"] = {"empty": {"suites": ["cross_layer"]}}
    file = project_of(tmp_path, raw, rules_for_keyed=[])
    frame = frame_of(file.contract, every_day("2025-01-05", "2025-01-20", ALL))

    assert judged(file, frame, "empty").records == ()


def test_a_metric_that_raises_is_errored_and_only_for_its_own_checks(file: ContractFile) -> None:
    days = every_day("2025-01-05", "2025-01-20", NO_L4)
    frame = frame_of(file.contract, days, unreadable={"summary": "summary is gone"})
    verdict = judged(file, frame)

    assert set(of_dataset(verdict, "summary").values()) == {Outcome.ERRORED}
    lost = ("daily_conversion_ratio", "no_orphan_keys")
    assert of_dataset(verdict, "factors") == {
        "conversion_ratio": Outcome.FAILED,  # of raw, which is there
        "no_null_keys": Outcome.NOT_EVALUATED,  # compares nothing, and there are no rows
        **dict.fromkeys(lost, Outcome.ERRORED),
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


FAILED = {"outcome": "FAILED", "matched": 1, "expected": 2, "message": "", "unexpected_dates": []}
CONTRADICTION = {"observed_value": 0.5, "details": FAILED}


@pytest.mark.parametrize(
    ("success", "result", "message"),
    [
        (False, {}, "neither an outcome nor an exception"),
        (True, {}, "neither an outcome nor an exception"),
        (True, {"observed_value": 0.1}, "neither an outcome nor an exception"),
        (True, CONTRADICTION, "success is True but its outcome is FAILED"),
    ],
)
def test_a_result_without_an_outcome_or_against_it_is_not_a_verdict(
    success: bool, result: dict[str, Any], message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        evaluation_of(success, result, {"raised_exception": False})


def test_more_than_two_hundred_unexpected_dates_arrive_complete_and_are_archived(
    tmp_path: Path,
) -> None:
    season = {"name": "long", "from": "2024-01-01", "to": "2024-12-31"}
    file = project_of(tmp_path, seasons=[season])
    days = every_day("2024-01-10", "2024-12-20", NO_L4)
    verdict = judged(file, frame_of(file.contract, days, as_of="2025-01-01"))
    (record,) = [r for r in verdict.records if r.kind == "daily_conversion_ratio"]

    assert record.unexpected_dates == tuple(days)
    assert len(days) == 346
    archived = {
        result["expectation_config"]["id"]: result["result"]["details"]["unexpected_dates"]
        for result in stored_results(file)
    }
    assert archived[record.id] == [day.isoformat() for day in days]


def test_records_are_in_declared_order_although_results_are_not(tmp_path: Path) -> None:
    datasets = copy.deepcopy(BASIC["datasets"])
    datasets["factors"]["layer"] = "L3"
    file = project_of(tmp_path, datasets=datasets)
    days = every_day("2025-01-05", "2025-01-20", NO_L4)
    # Checks of what cannot be read come first in the library's results: here they are the last.
    frame = frame_of(file.contract, days, unreadable={"factors": "gone"})
    verdict = judged(file, frame)
    given = [r["expectation_config"]["id"] for r in stored_results(file, "L3")]
    declared = [check.id for check in checks_of(file.contract, ["L3"])]

    assert sorted(given) == sorted(declared)
    assert given != declared
    assert [r.id for r in verdict.records if r.suite == "L3"] == declared


def test_severity_is_the_librarys_own(file: ContractFile) -> None:
    judged(file, frame_of(file.contract, every_day("2025-01-05", "2025-01-06", ALL)))
    configured = [r["expectation_config"] for r in stored_results(file)]
    found = {config["id"]: config["severity"] for config in configured}

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


@pytest.fixture(autouse=True)
def _loggers_are_left_as_they_were() -> Iterator[None]:
    logger = logging.getLogger("great_expectations")
    before = (logger.propagate, list(logger.handlers))
    yield
    assert (logger.propagate, list(logger.handlers)) == before


def test_without_the_plugin_a_checkpoint_does_not_load_in_the_librarys_own_api(
    tmp_path: Path,
) -> None:
    file = project_of(tmp_path)
    script = (
        "import great_expectations as gx; context = gx.get_context(mode='file', "
        f"context_root_dir={str(file.project)!r}); {{}}"
        "found = context.checkpoints.get('after_backfill'); print(found.name)"
    )

    def run(before: str) -> subprocess.CompletedProcess[str]:
        given = script.replace("{}", before)
        return subprocess.run([sys.executable, "-c", given], capture_output=True, text=True)

    alone = run("")
    plugin = file.project / "plugins"
    with_plugin = run(f"import sys; sys.path[:0] = [{str(plugin)!r}]; import cross_layer; ")

    assert alone.returncode != 0, alone.stdout
    assert "update_cross_layer_docs" in alone.stderr
    assert with_plugin.stdout == "after_backfill\n", with_plugin.stderr
