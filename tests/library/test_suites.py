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
from tests.support.projects import GX
from tests.support.warehouses import BASIC, contract_of

SHIPPED = load_contract(GX / "pipeline.yml", {}).contract


def changed(**layers: Any) -> dict[str, Any]:
    raw = copy.deepcopy(BASIC)
    for name, rules in layers.items():
        raw["datasets"][name]["rules"] = rules
    return raw


def suites_in(files: dict[str, str]) -> dict[str, list[dict[str, Any]]]:
    """The expectations of each suite."""
    return {
        path.removeprefix("expectations/").removesuffix(".json"): json.loads(text)["expectations"]
        for path, text in files.items()
        if path.startswith("expectations/")
    }


def test_the_committed_suites_are_what_the_shipped_contract_generates() -> None:
    assert stale(GX, SHIPPED) == []
    suites = suites_in(generate(SHIPPED))
    base = ["reference", "L1", "L3", "L4", "L5", "cross_layer"]
    holes = [f"{suite}@daily-season" for suite in ("L1", "L3", "L4", "L5")]
    assert list(suites) == base + holes
    assert sum(len(suites[name]) for name in base) == 82


def test_every_check_is_in_its_suite_under_its_own_id_and_severity(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    found = {
        (suite, e["id"], e["severity"])
        for suite, expectations in suites_in(generate(contract)).items()
        for e in expectations
    }
    checks = checks_of(contract)
    assert found == {(c.suite, c.id, c.severity) for c in checks}
    assert len({c.id for c in checks}) == len(checks)


def test_ids_do_not_change_with_the_threshold_but_with_what_is_checked(tmp_path: Path) -> None:
    def ids(**changes: Any) -> list[str]:
        rule = {"rule": "conversion_ratio", "at_least": 0.8} | changes
        contract = contract_of(tmp_path, changed(factors=[rule])).contract
        return [e["id"] for e in suites_in(generate(contract))["L4"]]

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

    assert [action["type"] for action in actions] == ["update_cross_layer_docs"]


def test_a_layer_without_checks_has_no_suite_and_no_checkpoint_names_it(tmp_path: Path) -> None:
    file = contract_of(tmp_path, changed(raw=[]), rules_for_keyed=[])
    files = generate(file.contract)
    named = json.loads(files["checkpoints/after_backfill.json"])["validation_definitions"]

    assert "expectations/L1.json" not in files
    assert [definition["name"] for definition in named] == ["reference", "L3", "L4"]


def test_write_is_idempotent_and_leaves_nothing_stale(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract

    assert len(write(tmp_path, contract)) == len(generate(contract))
    assert write(tmp_path, contract) == []
    assert stale(tmp_path, contract) == []


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("expectations/L4.json", "L1"),
        ("validation_definitions/L4.json", "L1"),
        ("checkpoints/daily.json", "L1"),
        ("expectations/L3.json", None),
    ],
)
def test_a_file_that_was_edited_or_lost_is_stale_and_named(
    tmp_path: Path, name: str, content: str | None
) -> None:
    contract = contract_of(tmp_path).contract
    write(tmp_path, contract)
    path = tmp_path / name
    if content is None:
        path.unlink()
    else:
        path.write_text(path.read_text(encoding="utf-8").replace("L4", content, 1))

    with pytest.raises(StaleSuites) as caught:
        refuse_stale(tmp_path, contract)

    assert caught.value.exit_code is ExitCode.USAGE
    (problem,) = caught.value.problems
    assert str(path) in problem
    assert ("is missing" in problem) is (content is None)
    assert "python -m checkpoints suites" in problem


def test_a_changed_threshold_is_stale_until_the_suites_are_written_again(tmp_path: Path) -> None:
    write(tmp_path, contract_of(tmp_path).contract)
    looser = changed(summary=[{"rule": "conversion_ratio", "at_least": 0.5}])
    contract = contract_of(tmp_path, looser).contract

    assert [Path(p.split(":")[0]).name for p in stale(tmp_path, contract)] == ["L3.json"]
    assert write(tmp_path, contract) == [tmp_path / "expectations/L3.json"]
    assert stale(tmp_path, contract) == []


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
    def sentences(*suites: str) -> list[str]:
        checks = checks_of(SHIPPED, suites)
        return [check.rule.sentence(check.pair, by_date=False) for check in checks]

    texts, games = (
        sentences("L4", "L5"),
        "the keys of nbac_gamebook_player_stats or bdl_player_boxscores",
    )
    assert sentences("L1")[0].endswith("of nbac_schedule (compared by count)")
    assert texts[0] == f"player_composite_factors holds at least 80 % of {games}"
    recent = "over the last 7 days, prediction_accuracy holds at least 90 %"
    assert f"{recent} of {games}" in texts
    assert not [text for text in texts if "$" in text]


def test_generating_does_not_import_the_library() -> None:
    code = "import sys, checkpoints.library.suites; sys.exit('great_expectations' in sys.modules)"

    assert subprocess.run([sys.executable, "-c", code], cwd=GX.parent).returncode == 0


def test_the_project_may_be_copied_as_a_whole(tmp_path: Path) -> None:
    copied = tmp_path / "elsewhere"
    shutil.copytree(GX, copied, ignore=shutil.ignore_patterns("uncommitted"))

    assert stale(copied, load_contract(copied / "pipeline.yml", {}).contract) == []
