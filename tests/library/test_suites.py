"""Suites, validation definitions and checkpoints are generated, stable, and never stale."""

from __future__ import annotations

import copy
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkpoints.contract.checks import checks_of
from checkpoints.contract.loading import load_contract
from checkpoints.errors import ContractError, ExitCode, StaleSuites
from checkpoints.library.suites import generate, refuse_stale, stable_id, stale, write
from tests.support.commands import ROOT
from tests.support.warehouses import BASIC, contract_of

GX = ROOT / "gx"


def changed(**layers: Any) -> dict[str, Any]:
    raw = copy.deepcopy(BASIC)
    for name, rules in layers.items():
        raw["datasets"][name]["rules"] = rules
    return raw


def expectations_in(text: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads(text)["expectations"]
    return found


def test_the_committed_suites_are_what_the_shipped_contract_generates() -> None:
    contract = load_contract(GX / "pipeline.yml", {}).contract

    assert stale(GX, contract) == []


def test_the_shipped_contract_has_thirty_seven_checks_in_six_suites(tmp_path: Path) -> None:
    contract = load_contract(GX / "pipeline.yml", {}).contract
    files = generate(contract)
    suites = [path for path in files if path.startswith("expectations/")]

    assert suites == [
        f"expectations/{name}.json" for name in ("reference", "L1", "L3", "L4", "L5", "cross_layer")
    ]
    assert sum(len(expectations_in(files[path])) for path in suites) == 37


def test_generating_twice_gives_the_same_bytes(tmp_path: Path) -> None:
    file = contract_of(tmp_path)

    assert generate(file.contract) == generate(contract_of(tmp_path).contract)


def test_every_check_is_in_its_suite_under_its_own_id_and_severity(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    found = {
        (path.removeprefix("expectations/").removesuffix(".json"), e["id"], e["severity"])
        for path, text in generate(contract).items()
        if path.startswith("expectations/")
        for e in expectations_in(text)
    }

    assert found == {(c.suite, c.id, c.severity) for c in checks_of(contract)}


def test_ids_do_not_change_with_the_threshold_but_with_what_is_checked(tmp_path: Path) -> None:
    def ids(**changes: Any) -> list[str]:
        rule = {"rule": "conversion_ratio", "at_least": 0.8} | changes
        contract = contract_of(tmp_path, changed(factors=[rule])).contract
        return [e["id"] for e in expectations_in(generate(contract)["expectations/L4.json"])]

    assert ids(at_least=0.8) == ids(at_least=0.5)
    assert ids()[0] != ids(of="raw")[0]
    assert ids()[0] != ids(severity="warning")[0]
    assert ids()[0] != ids(match="count")[0]


def test_the_data_context_declares_the_ids_that_the_generated_files_refer_to() -> None:
    context = yaml.safe_load((GX / "great_expectations.yml").read_text(encoding="utf-8"))
    source = context["fluent_datasources"]["coverage"]
    asset = source["assets"]["coverage_frame"]

    assert source["id"] == stable_id("coverage")
    assert asset["id"] == stable_id("coverage", "coverage_frame")
    assert asset["type"] == "dataframe"
    batch = asset["batch_definitions"]["window"]
    assert batch["id"] == stable_id("coverage", "coverage_frame", "window")


def test_the_data_context_reports_nothing_and_holds_no_secret() -> None:
    text = (GX / "great_expectations.yml").read_text(encoding="utf-8")
    context = yaml.safe_load(text)

    assert context["analytics_enabled"] is False
    assert "config_variables_file_path" not in context
    assert "${" not in text


def test_checkpoints_do_nothing_but_update_data_docs(tmp_path: Path) -> None:
    files = generate(contract_of(tmp_path).contract)
    actions = json.loads(files["checkpoints/daily.json"])["actions"]

    assert [action["type"] for action in actions] == ["update_data_docs"]


def test_a_layer_without_checks_has_no_suite_and_no_checkpoint_names_it(tmp_path: Path) -> None:
    file = contract_of(tmp_path, changed(raw=[]), rules_for_keyed=[])
    files = generate(file.contract)
    named = json.loads(files["checkpoints/after_backfill.json"])["validation_definitions"]

    assert "expectations/L1.json" not in files
    assert [definition["name"] for definition in named] == ["L3", "L4"]


def test_write_is_idempotent_and_leaves_nothing_stale(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract

    assert len(write(tmp_path, contract)) == len(generate(contract))
    assert write(tmp_path, contract) == []
    assert stale(tmp_path, contract) == []


@pytest.mark.parametrize(
    "name", ["expectations/L4.json", "validation_definitions/L4.json", "checkpoints/daily.json"]
)
def test_a_hand_edit_is_stale_and_named(tmp_path: Path, name: str) -> None:
    contract = contract_of(tmp_path).contract
    write(tmp_path, contract)
    path = tmp_path / name
    path.write_text(path.read_text(encoding="utf-8").replace("L4", "L1", 1), encoding="utf-8")

    with pytest.raises(StaleSuites) as caught:
        refuse_stale(tmp_path, contract)

    assert caught.value.exit_code is ExitCode.USAGE
    assert [str(path) in problem for problem in caught.value.problems] == [True]
    assert "python -m checkpoints suites" in caught.value.problems[0]


def test_a_changed_threshold_is_stale_until_the_suites_are_written_again(tmp_path: Path) -> None:
    write(tmp_path, contract_of(tmp_path).contract)
    looser = changed(summary=[{"rule": "conversion_ratio", "at_least": 0.5}])
    contract = contract_of(tmp_path, looser).contract

    assert [Path(p.split(":")[0]).name for p in stale(tmp_path, contract)] == ["L3.json"]
    assert write(tmp_path, contract) == [tmp_path / "expectations/L3.json"]
    assert stale(tmp_path, contract) == []


def test_a_missing_file_is_stale(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    write(tmp_path, contract)
    (tmp_path / "expectations/L3.json").unlink()

    (problem,) = stale(tmp_path, contract)

    assert "L3.json: is missing" in problem


def test_a_layer_that_is_gone_takes_its_files_with_it_and_no_others(tmp_path: Path) -> None:
    write(tmp_path, contract_of(tmp_path).contract)
    own = tmp_path / "expectations/by_hand.json"
    own.write_text('{"id": "mine", "name": "by_hand"}', encoding="utf-8")
    smaller = copy.deepcopy(BASIC)
    del smaller["datasets"]["factors"], smaller["layers"]["L4"], smaller["checkpoints"]["daily"]
    smaller["checkpoints"]["after_backfill"]["suites"].remove("L4")
    contract = contract_of(tmp_path, smaller).contract

    assert len(stale(tmp_path, contract)) == 4
    removed = [path for path in write(tmp_path, contract) if not path.exists()]
    assert sorted(path.relative_to(tmp_path).as_posix() for path in removed) == [
        "checkpoints/daily.json",
        "expectations/L4.json",
        "validation_definitions/L4.json",
    ]
    assert own.exists()


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    (tmp_path / "expectations").write_text("a file, not a folder", encoding="utf-8")

    with pytest.raises(ContractError, match=r"expectations.*cannot write the generated suites"):
        write(tmp_path, contract)


def test_requirements_read_as_sentences() -> None:
    contract = load_contract(GX / "pipeline.yml", {}).contract
    texts = [
        check.rule.sentence(check.pair, by_date=False)
        for check in checks_of(contract, ["L4", "L5"])
    ]

    assert texts[0] == (
        "player_composite_factors holds at least 80 % of the keys of bdl_player_boxscores"
    )
    assert (
        "over the last 7 days, prediction_accuracy holds at least 90 % "
        "of the keys of bdl_player_boxscores"
    ) in texts
    assert not [text for text in texts if "$" in text]


def test_a_comparison_by_count_says_so() -> None:
    contract = load_contract(GX / "pipeline.yml", {}).contract
    first = checks_of(contract, ["L1"])[0]

    assert first.rule.sentence(first.pair, by_date=False).endswith(
        "of nbac_schedule (compared by count)"
    )


def test_generating_does_not_import_the_library() -> None:
    code = "import sys, checkpoints.library.suites; sys.exit('great_expectations' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=GX.parent).returncode == 0


def test_the_project_may_be_copied_as_a_whole(tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    shutil.copytree(GX, copied, ignore=shutil.ignore_patterns("uncommitted"))

    assert stale(copied, load_contract(copied / "pipeline.yml", {}).contract) == []
