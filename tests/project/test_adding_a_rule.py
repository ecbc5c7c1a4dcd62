"""To add a rule is to add one file: everything else asks the rule for what it needs to know."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from checkpoints.rules.registry import RULES
from tests.support.commands import ROOT, command
from tests.support.scratch import scratch_copy
from tests.support.warehouses import BASIC, D, days, fill, write_contract

RULE = '''
"""Do few dates hold nothing at all?"""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from checkpoints.rules.evidence import CellState, PairEvidence
from checkpoints.rules.rule import Evaluation, Outcome, Rule, not_evaluated


class FewEmptyDates(Rule):
    """At most some due dates without a matched key."""

    expectation: ClassVar[str] = "expect_few_empty_dates"
    template: ClassVar[str] = "at most $limit of $dataset hold nothing of $of"

    rule: Literal["few_empty_dates"]
    at_most: Annotated[int, Field(ge=0)]

    @property
    def threshold(self) -> float:
        return self.at_most

    @classmethod
    def quantity(cls, value: float) -> str:
        return f"{value:.0f} empty dates"

    @classmethod
    def limit(cls, threshold: float) -> str:
        return f"at most {threshold:.0f} empty dates"

    def judge(self, evidence: PairEvidence) -> Evaluation:
        empty = tuple(c.date for c in evidence.due if c.state is CellState.MISSING)
        if not evidence.due:
            return not_evaluated()
        return Evaluation(
            outcome=Outcome.of(len(empty) <= self.at_most),
            observed=len(empty),
            unexpected_dates=empty,
        )
'''
HOLE = ("2025-01-20", "2025-01-21")
WINDOW = ("--from", "2025-01-01", "--to", "2025-01-31", "--as-of", "2025-02-10")


def project(tmp_path: Path) -> tuple[Path, tuple[str, ...]]:
    """A copy with the new rule, and a warehouse in which L4 lacks two dates; its options."""
    copy = scratch_copy(tmp_path)
    (copy / "checkpoints" / "rules" / "few_empty_dates.py").write_text(RULE.lstrip())
    datasets: dict[str, Any] = {n: {**d, "rules": []} for n, d in BASIC["datasets"].items()}
    rules = [{"rule": "few_empty_dates", "at_most": 1}]
    datasets["factors"] |= {"service": "phase4", "rules": rules}
    full = days("2025-01-01", "2025-01-31")
    rows = {"factors": [r for r in full if r[0] not in map(D, HOLE)]}
    write_contract(
        copy / "gx",
        BASIC,
        warehouse=fill(copy / "w.duckdb", {**dict.fromkeys(datasets, full), **rows}),
        datasets=datasets,
        services={"phase4": {"url": "http://127.0.0.1:9", "auth": "none", "path": "/{date}"}},
    )
    return copy, ("--contract", "gx/pipeline.yml")


def test_a_new_file_is_a_rule_in_contract_suites_verdict_page_junit_and_plan(
    tmp_path: Path,
) -> None:
    copy, options = project(tmp_path)

    assert command("checkpoints", "suites", *options, cwd=copy).returncode == 0
    checked = command("checkpoints", "check", *WINDOW, *options, "--json", "-", cwd=copy)
    ran = command("checkpoints", "run", *WINDOW, *options, "--junit", "junit.xml", cwd=copy)
    planned = command("remediation", "plan", *options, "--json", "-", cwd=copy)

    suite = json.loads((copy / "gx" / "expectations" / "L4.json").read_text())
    assert suite["expectations"][0]["type"] == "expect_few_empty_dates"
    sentence = "at most 1 empty dates of factors hold nothing of summary"
    assert suite["expectations"][0]["meta"]["sentence"] == sentence
    assert (checked.returncode, ran.returncode) == (1, 1)
    failed = [c for c in json.loads(checked.stdout)["checks"] if c["outcome"] == "FAILED"]
    assert [(c["kind"], c["unexpected_dates"]) for c in failed] == [("few_empty_dates", [*HOLE])]
    assert re.search(r"few_empty_dates +2 empty dates +at most 1 empty dates", ran.stdout)
    (stored,) = (copy / "gx" / "uncommitted" / "runs").glob("*/report.json")
    checks = json.loads(stored.read_text())["checks"]
    assert [c for c in checks if c["outcome"] == "FAILED"] == failed
    pages = copy / "gx" / "uncommitted" / "data_docs" / "local_site"
    (result,) = pages.glob("validations/L4/*/*/*.html")
    assert sentence in result.read_text()
    assert "few_empty_dates" in (copy / "junit.xml").read_text()
    assert [c["date"] for c in json.loads(planned.stdout)["calls"]] == [*HOLE]


def test_a_threshold_of_a_new_rule_is_read_from_the_contract(tmp_path: Path) -> None:
    copy, options = project(tmp_path)
    contract = copy / "gx" / "pipeline.yml"
    contract.write_text(contract.read_text().replace("at_most: 1", "at_most: 2"))
    assert command("checkpoints", "check", *WINDOW, *options, cwd=copy).returncode == 0

    contract.write_text(contract.read_text().replace("at_most: 2", "at_most: many"))
    refused = command("checkpoints", "check", *WINDOW, *options, cwd=copy)
    assert refused.returncode == 2
    assert "datasets.factors.rules[0].at_most: " in refused.stderr


def test_only_its_own_file_knows_a_rule_by_name() -> None:
    """A name that is a plain word may stand in sentences: there it counts in quotes only."""
    plain = [f"[\"']{name}[\"']" for name in RULES if "_" not in name]
    names = re.compile("|".join([*plain, *(rf"\b{name}\b" for name in RULES if "_" in name)]))
    own = {ROOT / "checkpoints" / "rules" / f"{name}.py" for name in RULES}
    assert all(path.is_file() for path in own)
    for folder in ("checkpoints", "remediation", "gx/plugins"):
        for path in (ROOT / folder).rglob("*"):
            if path.suffix in {".py", ".html", ".j2", ".js"} and path not in own:
                assert not names.search(path.read_text()), path
