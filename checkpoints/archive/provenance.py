"""What made a report: contract, code revision, library versions, user."""

from __future__ import annotations

import getpass
import os
import platform
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from checkpoints import __version__
from checkpoints.archive.report import Provenance
from checkpoints.contract.loading import ContractFile
from checkpoints.warehouse.engine import ENGINES

LIBRARIES = (
    "great-expectations",
    *sorted(["sqlalchemy", *(name for e in ENGINES.values() for name in e.libraries)]),
)


def provenance(file: ContractFile, warehouse: str, user: str) -> Provenance:
    """Describe where a verdict comes from; a password in the warehouse URL is masked."""
    revision, dirty = _revision(file.path.parent)
    return Provenance(
        name=file.contract.name or "",
        environment=file.contract.environment or "",
        contract=str(file.path),
        state_dir=str(file.state_dir) if file.state_dir else None,
        contract_sha256=file.sha256,
        warehouse=masked(file.named(warehouse)),
        revision=revision,
        dirty=dirty,
        versions={
            "pipeline-checkpoints": __version__,
            "python": platform.python_version(),
            **{name: found for name in LIBRARIES if (found := version_of(name))},
        },
        user=user,
    )


def masked(warehouse: str) -> str:
    """The URL of a warehouse as a report names it."""
    import sqlalchemy as sa  # not for --help: it takes longer than the rest of a command

    return sa.make_url(warehouse).render_as_string(hide_password=True)


def user_name() -> str:
    """Who runs the command; a container's user may have no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return f"uid {os.getuid()}"


def version_of(package: str) -> str | None:
    """The installed version of a package; None where it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _revision(folder: Path) -> tuple[str | None, bool | None]:
    """The git commit the contract is in, and whether tracked files differ from it."""
    revision = _git(folder, "rev-parse", "HEAD")
    if not revision:
        return None, None
    return revision, bool(_git(folder, "status", "--porcelain", "--untracked-files=no"))


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        answer = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, timeout=10
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return answer.stdout.strip() if answer.returncode == 0 else None
