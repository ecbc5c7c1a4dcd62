"""A word of a contract that is misspelled: the message names the nearest one, at every level."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from checkpoints.errors import ContractError
from tests.support.warehouses import BASIC, write_contract

RULE = {"rule": "conversion_ratio", "at_least": 0.9}
PERIOD = {"from": "2025-01-01", "to": "2025-01-02", "reason": "lost"}
HTTP = {"url": "https://example.com", "path": "/{date}"}
ADDRESS = {"url": "https://example.com"}
SUITES = {"suites": ["L1"]}


def raw(**changes: Any) -> dict[str, Any]:
    datasets = BASIC["datasets"]
    return {"datasets": {**datasets, "raw": {**datasets["raw"], **changes}}}


def ruled(**rule: Any) -> dict[str, Any]:
    return raw(rules=[rule])


def service(**keys: Any) -> dict[str, Any]:
    return {"services": {"one": keys}}


KEYS = [
    ({"timezon": "UTC"}, "timezon", "timezone"),
    (raw(upstrem="schedule"), "datasets.raw.upstrem", "upstream"),
    (raw(upstream={"anyof": ["schedule"]}), "datasets.raw.upstream.anyof", "any_of"),
    (raw(where=[{"colum": "k", "equals": 1}]), "datasets.raw.where[0].colum", "column"),
    (ruled(rule="date_gap", at_most_day=1), "datasets.raw.rules[0].at_most_day", "at_most_days"),
    (ruled(rul="date_gap"), "datasets.raw.rules[0].rul", "rule"),
    (
        ruled(**{"rule": "agrees", "column": "k", "with": "schedule.k", "toleranz": 1}),
        "datasets.raw.rules[0].toleranz",
        "tolerance",
    ),
    ({"cross_layer": [{**RULE, "datset": "raw"}]}, "cross_layer[0].datset", "dataset"),
    (service(**HTTP, methd="GET"), "services.one.methd", "method"),
    (service(kind="command", argv=["a", "{date}"], cwdd="b"), "services.one.cwdd", "cwd"),
    (
        service(**HTTP, job={"url": "$.a", "done": "$.b", "reasn": "$.c"}),
        "services.one.job.reasn",
        "reason",
    ),
    (service(**HTTP, results={"paths": "a"}), "services.one.results.paths", "path"),
    ({"notify": [{"command": ["a"], "layer": ["L1"]}]}, "notify[0].layer", "layers"),
    ({"notify": [{"webhook": {**ADDRESS, "header": {}}}]}, "notify[0].webhook.header", "headers"),
    ({"known_gaps": [{**PERIOD, "datset": "raw"}]}, "known_gaps[0].datset", "dataset"),
    ({"bigquery": {"maxbytes": 1}}, "bigquery.maxbytes", "max_bytes"),
    ({"checkpoints": {"a": {"suite": ["L1"]}}}, "checkpoints.a.suite", "suites"),
]
WORDS = [
    (ruled(**{**RULE, "rule": "conversion_rato"}), "unknown rule 'conversion_rato'"),
    (ruled(**{**RULE, "severity": "warn"}), "did you mean 'warning'?"),
    (service(kind="comand", argv=["a"]), "got 'comand': did you mean 'command'?"),
    (service(**HTTP, auth="identity"), "got 'identity': did you mean 'identity_token'?"),
    ({"notify": [{"webhok": ADDRESS}]}, "did you mean 'webhook'?"),
    ({"notify": [{"command": ["a"], "on": ["open"]}]}, "did you mean 'opened'?"),
    ({"notify": [{"command": ["a"], "layers": ["L33"]}]}, "did you mean 'L3'?"),
    ({"checkpoints": {"a": {"suites": ["L11"]}}}, "unknown suite 'L11': did you mean 'L1'?"),
    ({"default_checkpoint": "dayly"}, "unknown checkpoint 'dayly': did you mean 'daily'?"),
    ({"reference": "shedule"}, "unknown dataset 'shedule': did you mean 'schedule'?"),
    (ruled(**RULE, of="shedule"), "unknown dataset 'shedule': did you mean 'schedule'?"),
]


def problems(folder: Path, changes: dict[str, Any]) -> list[str]:
    with pytest.raises(ContractError) as refused:
        load_contract(write_contract(folder, BASIC, **changes), {})
    return [problem.partition("pipeline.yml: ")[2] for problem in refused.value.problems]


@pytest.mark.parametrize(("changes", "place", "meant"), KEYS)
def test_a_misspelled_key_is_told_with_the_nearest(
    changes: dict[str, Any], place: str, meant: str, tmp_path: Path
) -> None:
    found = [p for p in problems(tmp_path, changes) if p.startswith(f"{place}: unknown key: ")]
    assert len(found) == 1
    assert f"{meant!r}" in found[0].partition("did you mean ")[2].partition("?")[0]
    assert " are " in found[0]


@pytest.mark.parametrize(("changes", "said"), WORDS)
def test_a_misspelled_word_is_told_with_the_nearest(
    changes: dict[str, Any], said: str, tmp_path: Path
) -> None:
    assert said in "\n".join(problems(tmp_path, changes))


def test_a_list_is_not_called_empty_where_what_stands_in_it_is_wrong(tmp_path: Path) -> None:
    season = {"name": "a", "from": "2025-01-01", "until": "2025-02-01"}
    told = problems(tmp_path, {"seasons": [season]})
    assert [problem.partition(": ")[0] for problem in told] == ["seasons[0].to", "seasons[0].until"]


def test_a_word_where_keys_belong_is_told_as_such(tmp_path: Path) -> None:
    assert problems(tmp_path, raw(rules=["date_gap"])) == [
        "datasets.raw.rules[0]: is no mapping of keys, got 'date_gap'"
    ]
    assert problems(tmp_path, raw(rules=None)) == ["datasets.raw.rules: is no list, got None"]
