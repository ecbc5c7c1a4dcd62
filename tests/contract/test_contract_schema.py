"""The JSON Schema of contracts, and the page about them: current, complete, as the loader is."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from checkpoints.contract.yaml_file import parse_yaml, read_yaml
from checkpoints.errors import ContractError
from checkpoints.output.manual.entries import Section, entry, manual, records
from checkpoints.output.manual.page import contract_page
from checkpoints.output.manual.schema import BESIDE, editor_line, schema_text
from checkpoints.rules.registry import RULES
from tests.support.commands import ROOT, command
from tests.support.contract_schema import refusals
from tests.support.warehouses import BASIC, write_contract

WHOLE = parse_yaml(Path("manual"), manual().sections[0].example)
CONTRACTS = [ROOT / "gx" / "pipeline.yml", *sorted((ROOT / "examples").glob("*/pipeline.yml"))]
CONTRACTS += sorted((ROOT / "examples").glob("services/*.yml"))
RULE = {"rule": "conversion_ratio", "at_least": 0.9}


def merged(fragment: dict[str, Any]) -> dict[str, Any]:
    """The first example of the page with the keys of another one."""
    joined = {k: {**WHOLE.get(k, {}), **v} for k, v in fragment.items() if isinstance(v, dict)}
    replaced = {"reference"} if "calendar" in fragment else set()
    return {**{k: v for k, v in WHOLE.items() if k not in replaced}, **fragment, **joined}


def problems(folder: Path, raw: dict[str, Any], **environment: str) -> list[str]:
    """What the loader says."""
    try:
        load_contract(write_contract(folder, raw), environment)
    except ContractError as refused:
        return refused.problems
    return []


def of_raw(**changes: Any) -> dict[str, Any]:
    """A contract with a changed dataset."""
    datasets = BASIC["datasets"]
    return {**BASIC, "datasets": {**datasets, "raw": {**datasets["raw"], **changes}}}


def of_service(**keys: Any) -> dict[str, Any]:
    return {**BASIC, "services": {"one": keys}}


def test_the_committed_schema_and_page_are_those_in_force() -> None:
    assert (ROOT / "checkpoints" / "contract.schema.json").read_text("utf-8") == schema_text()
    assert (ROOT / "docs" / "contract.md").read_text("utf-8") == contract_page()


def test_the_command_prints_the_schema_or_writes_it_beside_the_contract(tmp_path: Path) -> None:
    assert command("checkpoints", "schema").stdout == schema_text()
    done = command("checkpoints", "schema", "--out", str(tmp_path / BESIDE))
    assert (tmp_path / BESIDE).read_text("utf-8") == schema_text()
    assert editor_line() in done.stderr
    first = (ROOT / "gx" / "pipeline.yml").read_text("utf-8").splitlines()[0]
    assert first == editor_line("../checkpoints/contract.schema.json")


def test_every_key_is_described_once_and_nothing_else() -> None:
    keys = {
        (model, field.alias or name)
        for model in records().values()
        for name, field in model.model_fields.items()
    }
    assert {(model.__name__, key) for model, key in keys if not entry(model, key)} == set()
    used = {(base.__name__, key) for model, key in keys for base in model.__mro__}
    said = {(name, key) for name, entries in manual().keys.items() for key in entries}
    assert said - used == set()


def test_the_page_has_every_mapping_and_an_example_of_every_rule() -> None:
    listed = {section.record for section in manual().sections}
    listed |= {rule.__name__ for rule in RULES.values()}
    assert listed == set(records())
    assert set(manual().rules) == set(RULES)
    page = contract_page()
    anchors = {a.replace(" ", "-") for a in re.findall(r"^#+ `?([a-z_ ]+)", page.lower(), re.M)}
    assert set(re.findall(r"\]\(#([^)]+)\)", page)) <= anchors


@pytest.mark.parametrize(
    "section", [s for s in manual().sections if s.example], ids=lambda section: section.title
)
def test_an_example_of_the_page_loads(section: Section, tmp_path: Path) -> None:
    raw = merged(parse_yaml(Path("example"), section.example))
    assert refusals(raw) == []
    assert problems(tmp_path, raw) == []


@pytest.mark.parametrize("kind", RULES)
def test_an_example_of_a_rule_loads(kind: str, tmp_path: Path) -> None:
    rule = parse_yaml(Path("example"), manual().rules[kind])
    times = {name: {**found, "written_at": "at"} for name, found in WHOLE["datasets"].items()}
    times["order_totals"]["rules"] = [rule]
    assert rule["rule"] == kind
    assert refusals({**WHOLE, "datasets": times}) == []
    assert problems(tmp_path, {**WHOLE, "datasets": times}) == []


@pytest.mark.parametrize("path", CONTRACTS, ids=lambda path: path.name)
def test_a_contract_of_the_project_is_valid(path: Path) -> None:
    raw = read_yaml(path)
    assert refusals(raw if "version" in raw else {**BASIC, **raw}) == []


def test_contracts_in_the_readme_are_valid() -> None:
    blocks = re.findall(r"```yaml\n(.*?)```", (ROOT / "README.md").read_text("utf-8"), re.DOTALL)
    found = [block for block in blocks if re.match(r"remind_after:|notify:|services:", block)]
    for block in found:
        assert refusals({**BASIC, **parse_yaml(Path("README.md"), block)}) == [], block


@pytest.mark.parametrize(
    ("raw", "environment"),
    [
        ({**BASIC, "grace_days": "${GRACE:-2}"}, {}),
        ({**BASIC, "grace_days": "${GRACE}"}, {"GRACE": "3"}),
        ({**BASIC, "bigquery": {"max_bytes": "${MOST:-2GB}", "price_per_tib": "${P:-5.5}"}}, {}),
        ({**BASIC, "seasons": [{"name": "a", "from": "${A:-2025-01-01}", "to": "2025-02-01"}]}, {}),
        ({**BASIC, "timezone": "${ZONE:-UTC}", "remind_after": "${DAYS:-3}d"}, {}),
        (of_raw(rules=[{**RULE, "severity": "${S:-warning}", "at_least": "${SHARE:-0.5}"}]), {}),
        (of_raw(layer="${LAYER:-L1}", match="${MATCH:-count}"), {}),
        (of_raw(key="${KEY:-k}"), {}),
        (of_raw(key=["k"], where=[{"column": "k", "not_null": "${YES:-true}"}]), {}),
        (of_raw(upstream={"any_of": ["schedule"]}, rules=[{"rule": "filled", "columns": "k"}]), {}),
        (of_service(url="${URL}", body={"d": "{date}"}, ordered="${O:-yes}"), {}),
        (of_service(kind="command", argv=["run", "{date}"], timeout_seconds="${T:-5}"), {}),
        (of_service(url="x", headers={"X-Number": 3}, path="/{date}", replaces="yes"), {}),
    ],
)
def test_variables_and_shorthands_are_taken_by_both(
    raw: dict[str, Any], environment: dict[str, str], tmp_path: Path
) -> None:
    assert problems(tmp_path, raw, **environment) == []
    assert refusals(raw) == []


@pytest.mark.parametrize(
    "raw",
    [
        {**BASIC, "colour": "red"},
        {**BASIC, "version": 2},
        {**BASIC, "grace_days": "two"},
        {**BASIC, "grace_days": 61},
        {**BASIC, "grace_days": True},
        {**BASIC, "layers": {"bad name!": "x"}},
        {**BASIC, "seasons": []},
        {**BASIC, "seasons": [{"name": "a", "from": 20250101, "to": "2025-02-01"}]},
        {key: value for key, value in BASIC.items() if key != "warehouse"},
        of_raw(colour="red"),
        of_raw(match="sometimes"),
        of_raw(where=[{"column": "k", "equal": 1}]),
        of_raw(upstream=["schedule"]),
        of_raw(upstream={"some_of": ["schedule"]}),
        of_raw(rules=[{"rule": "date_gaps", "at_most_days": 3}]),
        of_raw(rules=[{"rule": "date_gap", "at_least": 0.5}]),
        of_raw(rules=[{**RULE, "at_least": 1.5}]),
        of_raw(rules=[{"at_least": 0.5}]),
        of_raw(rules=[{"rule": "agrees", "column": "k"}]),
        of_service(kind="htttp", url="x"),
        of_service(url="x", path="/{date}", argv=["x"]),
        of_service(kind="command", argv=["run", "{date}"], url="x"),
        of_service(url="x", path="/{date}", job={"url": "$.a", "done": "$.b", "fails": "$.c"}),
        {**BASIC, "notify": [{"name": "nobody"}]},
        {**BASIC, "notify": [{"command": ["x"], "webhook": {"url": "https://example.com"}}]},
        {**BASIC, "notify": [{"webhook": {"url": "https://example.com", "header": {}}}]},
        {**BASIC, "notify": [{"command": ["x"], "timeout_seconds": "${T:-5}"}]},
        {**BASIC, "checkpoints": {"a": {"suites": ["L1"], "window": "seven"}}},
        {**BASIC, "known_gaps": [{"dataset": "raw", "from": "2025-01-01"}]},
    ],
)
def test_what_is_wrong_is_refused_by_both(raw: dict[str, Any], tmp_path: Path) -> None:
    assert refusals(raw) != []
    assert problems(tmp_path, raw) != []


def test_a_refusal_names_the_key_and_not_every_rule_there_is() -> None:
    (said,) = refusals(of_raw(rules=[{"rule": "date_gap", "at_most_days": 3, "at_most": 2}]))
    assert said.startswith("$.datasets.raw.rules[0]: ")
    assert "'at_most' was unexpected" in said
    (said,) = refusals(of_service(kind="command", argv=["run", "{date}"], cwdd="x"))
    assert "'cwdd' was unexpected" in said


def test_an_editor_has_words_for_every_key() -> None:
    schema = json.loads(schema_text())
    mappings = {"": schema, **schema["$defs"]}
    silent = [
        f"{name}.{key}"
        for name, mapping in mappings.items()
        for key, value in mapping.get("properties", {}).items()
        if name not in ("Rule", "Service") and not value.get("description")
    ]
    assert silent == []
