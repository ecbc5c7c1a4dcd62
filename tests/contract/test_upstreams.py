"""What a dataset is compared with, as the contract says it; what is refused."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.checks import upstream_pair
from checkpoints.contract.upstreams import names_in
from checkpoints.errors import ContractError
from tests.support.warehouses import BASIC, D, contract_of

BOTH = ["raw", "summary"]
ORPHANS = {"rule": "no_orphan_keys"}


def changed(name: str, **changes: Any) -> dict[str, Any]:
    return {**BASIC["datasets"], name: {**BASIC["datasets"][name], **changes}}


@pytest.mark.parametrize(
    ("name", "changes", "message"),
    [
        ("factors", {"upstream": {"any_of": ["raw", "sumary"]}},
         "factors.upstream.any_of[1]: unknown dataset 'sumary': did you mean 'summary'?"),
        ("factors", {"upstream": {"anyof": BOTH}}, "anyof: unknown key: did you mean 'any_"),
        ("factors", {"upstream": {"any_of": []}}, "factors.upstream.any_of: is empty"),
        ("factors", {"upstream": {"any_of": BOTH, "all_of": BOTH}}, "either any_of or all_of"),
        ("factors", {"upstream": {}}, "needs either any_of or all_of"),
        ("factors", {"upstream": {"any_of": ["raw", "raw"]}}, "names a dataset twice"),
        ("factors", {"upstream": 5}, "upstream: is neither the name of a dataset nor any_of"),
        ("raw", {"upstream": {"all_of": ["schedule", "factors"]}},
         "upstream goes in a circle: raw → factors → raw"),
        ("factors", {"rules": [{**ORPHANS, "of": {"any_of": ["raw", "factors"]}}]},
         "rules[0].of.any_of[1]: 'factors' cannot be compared with itself"),
        ("raw", {"key": ["k", "j"]},
         "datasets.factors.upstream.all_of[0]: 'factors' has 1 key column and 'raw' 2"),
        ("factors", {"match": "count", "upstream": {"any_of": BOTH}},
         "datasets.factors: is compared with 'raw or summary' by count, and counts do not say"),
        ("factors", {"rules": [{**ORPHANS, "of": {"all_of": BOTH}, "match": "count"}]},
         "datasets.factors: is compared with 'raw and summary' by count"),
        ("schedule", {"retired": D("2025-02-01")},
         "datasets.schedule.retired: 'schedule' is the reference, and without it nothing is due"),
        ("factors", {"retired": 20250101}, "factors.retired: is not a date such as 2025-01-31"),
    ],
)  # fmt: skip
def test_an_unsound_upstream_is_refused(
    tmp_path: Path, name: str, changes: dict[str, Any], message: str
) -> None:
    datasets = changed("factors", upstream={"all_of": BOTH}, rules=[])
    datasets[name] = {**datasets[name], **changes}
    with pytest.raises(ContractError) as refused:
        contract_of(tmp_path, datasets=datasets, rules_for_keyed=[])
    assert message in str(refused.value)


def test_a_dataset_whose_name_reads_like_two_is_never_taken_for_them(tmp_path: Path) -> None:
    several = {"upstream": "raw or summary", "rules": []}
    datasets = changed("factors", **several)
    datasets["raw or summary"] = {**BASIC["datasets"]["raw"], "rules": []}
    contract = contract_of(tmp_path, datasets=datasets).contract
    assert names_in(contract, upstream_pair(contract, "factors")) == ("factors", "raw or summary")
    datasets["factors"]["upstream"] = {"any_of": BOTH}
    with pytest.raises(ContractError, match="'raw or summary' would be the name of 'raw' with 'su"):
        contract_of(tmp_path, datasets=datasets)
