"""An asset check for every dataset of the contract, every day; a repair that a person launches.

    CHECKPOINTS_HOME=/srv/checkpoints dagster dev -f dagster_checks.py

The project in CHECKPOINTS_HOME has a .venv of its own, and needs the variables that the contract
names. An asset check is green only where the checkpoint judged the dataset and nothing failed; what
is below critical is a warning.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import dagster as dg
import yaml

HOME = Path(os.environ.get("CHECKPOINTS_HOME", "/srv/checkpoints"))
PYTHON = HOME / ".venv" / "bin" / "python"
CONTRACT = yaml.safe_load((HOME / "gx" / "pipeline.yml").read_text(encoding="utf-8"))
COMPLETE, INCOMPLETE, NOTHING_DUE = 0, 1, 5

datasets = [
    dg.AssetSpec(name, group_name=one["layer"]) for name, one in CONTRACT["datasets"].items()
]


@dg.multi_asset_check(
    name="checkpoint", specs=[dg.AssetCheckSpec("complete", asset=one.key) for one in datasets]
)
def checkpoint(context: dg.AssetCheckExecutionContext) -> Iterator[dg.AssetCheckResult]:
    """One run of the checkpoint ``daily`` answers for every dataset."""
    report = json.loads(_run(context, "checkpoints", "run", "--checkpoint", "daily", "--json", "-"))
    if report["verdict"]["exit_code"] == INCOMPLETE:
        _run(context, "remediation", "plan")
    for one in datasets:
        yield _result(
            one, [c for c in report["checks"] if c["dataset"] == one.key.to_user_string()]
        )


def _result(dataset: dg.AssetSpec, checks: list[dict[str, Any]]) -> dg.AssetCheckResult:
    bad = [check for check in checks if check["outcome"] in ("FAILED", "ERRORED")]
    critical = any(
        check["severity"] == "critical" or check["outcome"] == "ERRORED" for check in bad
    )
    return dg.AssetCheckResult(
        asset_key=dataset.key,
        check_name="complete",
        passed=bool(checks) and not bad,
        severity=dg.AssetCheckSeverity.ERROR if critical else dg.AssetCheckSeverity.WARN,
        description="; ".join(f"{check['kind']} {check['outcome'].lower()}" for check in bad),
        metadata={
            "checks": len(checks),
            "dates": sorted({day for check in bad for day in check["unexpected_dates"]}),
        },
    )


class Approved(dg.Config):
    """What a person approves by launching the job: the id of a plan that was read."""

    plan: str


@dg.op
def carry_out(context: dg.OpExecutionContext, config: Approved) -> None:
    """Make the calls of the plan; it may be launched again, and goes on."""
    path = f"gx/uncommitted/plans/{config.plan}.json"
    _run(context, "remediation", "run", "--yes", "--plan", path, complete=True)


def _run(
    context: dg.AssetCheckExecutionContext | dg.OpExecutionContext,
    *words: str,
    complete: bool = False,
) -> str:
    """Standard output of the command.

    Raises:
        dg.Failure: it could not tell, or is not complete although it has to be.
    """
    done = subprocess.run(
        [PYTHON, "-m", *words], cwd=HOME, capture_output=True, text=True, check=False
    )
    said = done.stderr if "--json" in words else done.stderr + done.stdout
    context.log.info(said)
    good = (COMPLETE, NOTHING_DUE) if complete else (COMPLETE, INCOMPLETE, NOTHING_DUE)
    if done.returncode not in good:
        raise dg.Failure(said, metadata={"exit code": done.returncode}, allow_retries=False)
    return done.stdout


@dg.job
def checkpoints_repair() -> None:
    """Launched by a person with the id of a plan."""
    carry_out()


checkpoints_daily = dg.define_asset_job(
    "checkpoints_daily", selection=dg.AssetSelection.all_asset_checks()
)

defs = dg.Definitions(
    assets=datasets,
    asset_checks=[checkpoint],
    jobs=[checkpoints_daily, checkpoints_repair],
    schedules=[
        dg.ScheduleDefinition(
            job=checkpoints_daily, cron_schedule="23 9 * * *", execution_timezone="America/New_York"
        )
    ],
)
