"""``checkpoints coverage``: chosen datasets, and every key as CSV."""

from __future__ import annotations

import json
from pathlib import Path

from tests.support.runs import FULL, checked

SCATTERED = [row for row in FULL if row[0].day % 2]


def test_coverage_of_chosen_datasets_is_of_them_alone_with_all_ranges(tmp_path: Path) -> None:
    plain = checked(tmp_path, verb="coverage", factors=SCATTERED, COLUMNS="60").stdout
    assert " more" in plain
    one = ("--dataset", "factors")
    done = checked(tmp_path, *one, verb="coverage", factors=SCATTERED, COLUMNS="60")
    assert " more" not in done.stdout
    assert "summary" not in done.stdout
    assert done.stdout.count("2025-0") >= 20
    two = ("--dataset", "summary", *one, "--json", "-")
    found = json.loads(checked(tmp_path, *two, verb="coverage", factors=SCATTERED).stdout)
    assert [each["dataset"] for each in found["coverage"]] == ["summary", "factors"]


def test_a_dataset_that_cannot_be_read_is_no_matter_of_another(tmp_path: Path) -> None:
    others = checked(tmp_path, "--dataset", "summary", verb="coverage", factors=None)
    assert (others.returncode, others.stderr) == (0, "")
    own = checked(tmp_path, "--dataset", "factors", verb="coverage", factors=None)
    assert (own.returncode, own.stderr.startswith("error: dataset 'factors': ")) == (3, True)


def test_a_dataset_that_is_not_in_the_contract_is_refused_with_its_nearest_names(
    tmp_path: Path,
) -> None:
    for name, said in (
        ("factor", "dataset 'factor' is not in the contract: did you mean 'factors'?"),
        ("x", "dataset 'x' is not in the contract: there are raw, summary, factors"),
        ("schedule", "dataset 'schedule' is not compared with another: it is the reference"),
    ):
        done = checked(tmp_path, "--dataset", name, verb="coverage")
        assert (done.returncode, done.stdout) == (2, "")
        assert said in done.stderr
