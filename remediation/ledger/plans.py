"""Plans on disk: written whole or not at all, and validated when read back."""

from __future__ import annotations

import os
from pathlib import Path

from checkpoints.archive.runs import plans_folder, read_head
from checkpoints.contract.loading import ContractFile
from checkpoints.errors import ContractError
from checkpoints.files import write_text
from checkpoints.records import read_record
from remediation.errors import PlanError
from remediation.plan.model import SHORT, Plan

MAKE_ONE = "make a plan with: python -m remediation plan"


def write_plan(plan: Plan, path: Path) -> None:
    """Write a plan, replacing an older file of that name in one step.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    write_text(path, plan.model_dump_json(indent=1) + "\n")


def kept_path(project: Path, plan_id: str) -> Path:
    """Where the plan of an id is kept."""
    return plans_folder(project) / f"{plan_id[:SHORT]}.json"


def keep_plan(project: Path, plan: Plan, source: Path) -> None:
    """Make sure that a plan that is about to be carried out can be found again by its id.

    A plan made elsewhere is copied to the project with the age of its file, so that it does not
    become the newest.

    Raises:
        CheckpointsError: the file cannot be written.
    """
    kept = kept_path(project, plan.id)
    if not kept.exists():
        age = source.stat()
        write_plan(plan, kept)
        os.utime(kept, ns=(age.st_atime_ns, age.st_mtime_ns))


def kept_plan(project: Path, plan_id: str) -> Plan:
    """The plan of an id that was started before.

    Raises:
        PlanError: its file is gone or damaged, or holds another plan.
    """
    path = kept_path(project, plan_id)
    if not path.exists():
        raise PlanError(
            f"plan {plan_id[:SHORT]} was started and is not finished, but {path} is gone: put it "
            "back, or run the checkpoint again and make another plan"
        )
    plan = read_plan(path)
    if plan.id != plan_id:
        raise PlanError(f"{path}: holds another plan, {plan.short_id}: {MAKE_ONE}")
    return plan


def read_plan(path: Path) -> Plan:
    """Read a plan back.

    Raises:
        PlanError: there is none, it is damaged or changed by hand, or of another version.
    """
    return read_record(path, Plan, "the plan", MAKE_ONE, error=PlanError)


def contract_of(project: Path, run_id: str) -> str:
    """The name of the contract's file that a run was made by; empty where the run is gone."""
    try:
        return read_head(project, run_id).contract
    except ContractError:
        return ""


def is_of(file: ContractFile, run_id: str) -> bool:
    """Whether a run was made by a contract, or is gone so that nobody knows."""
    return contract_of(file.project, run_id) in ("", file.path.name)


def newest_plan(file: ContractFile) -> Path:
    """The plan of a contract that was written last.

    Raises:
        PlanError: there is none yet, all are of other contracts, or a later one is damaged.
    """
    folder = plans_folder(file.project)
    plans = sorted(folder.glob("[!.]*.json"), key=lambda path: (path.stat().st_mtime_ns, path.name))
    if not plans:
        raise PlanError(f"there is no plan in {folder}: {MAKE_ONE}")
    own = next((path for path in reversed(plans) if is_of(file, read_plan(path).run_id)), None)
    if own is None:
        newest = read_plan(plans[-1])
        raise of_another(file, newest.id, newest.run_id)
    return own


def of_another(file: ContractFile, plan_id: str, run_id: str) -> PlanError:
    """What to say of a plan of another contract in the folder."""
    other = contract_of(file.project, run_id)
    return PlanError(
        f"plan {plan_id[:SHORT]} is of {other!r}, not of {file.path.name!r}: "
        f"give --contract {file.path.with_name(other)}"
    )


def check_fits(plan: Plan, contract_sha256: str, warehouse: str) -> None:
    """Refuse a plan that was made for something else.

    Raises:
        PlanError: the contract changed since, or the warehouse is another one.
    """
    problems = []
    if plan.contract_sha256 != contract_sha256:
        problems.append(
            f"plan {plan.short_id} was made under another contract "
            f"({plan.contract_sha256[:12]}, now {contract_sha256[:12]}): "
            "run the checkpoint again, then plan again"
        )
    if warehouse != plan.warehouse != _as_shown(warehouse):
        problems.append(
            f"plan {plan.short_id} is about the warehouse {plan.warehouse!r}, "
            f"not {_as_shown(warehouse)!r}: "
            f"give --warehouse {plan.warehouse}"
        )
    if problems:
        raise PlanError(*problems)


def _as_shown(url: str) -> str:
    """A warehouse URL as a run report shows it: normalized, its password masked."""
    from sqlalchemy import make_url  # rarely needed, and slow to import
    from sqlalchemy.exc import ArgumentError

    try:
        return make_url(url).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "one whose URL cannot be read"
