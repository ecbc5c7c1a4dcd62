"""The sign-off as a file: who accepted which run, bound to what it stands on by hashes.

``SignOff.model_json_schema()`` describes it, as ``checkpoints/signoff.schema.json`` does. It lies
beside the report (``uncommitted/runs/<run id>/signoff.json``); the pages have a copy of it.
"""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime, ValidationError

from checkpoints.archive.runs import runs_folder
from checkpoints.contract.model import KnownGap
from checkpoints.errors import ContractError
from checkpoints.records import Digest, Record

Sha256 = str


class SignOff(Record):
    """Who accepted a run, when and why, and the hashes of everything that is accepted with it.

    ``page_sha256`` is of the page as it was signed. ``validation_results`` are those of Great
    Expectations (none when the run was judged by the rules alone), ``remediation`` the records
    of the backfills on the page, ``documented`` the known gaps that were in force.
    """

    schema_version: Literal[2] = 2
    run_id: str
    by: str
    note: str
    at: AwareDatetime
    report_sha256: Sha256
    page_sha256: Sha256
    validation_results: tuple[Digest, ...]
    remediation: tuple[Digest, ...]
    documented: tuple[KnownGap, ...]


def signoff_path(project: Path, run_id: str) -> Path:
    """Where the sign-off of a run is kept."""
    return runs_folder(project) / run_id / "signoff.json"


def read_signoff(project: Path, run_id: str) -> SignOff | None:
    """The sign-off of a run, if there is one.

    Raises:
        ContractError: it is damaged, or of another version.
    """
    path = signoff_path(project, run_id)
    return parse_signoff(path) if path.exists() else None


def parse_signoff(path: Path) -> SignOff:
    """Read a sign-off, or a copy of one.

    Raises:
        ContractError: it is damaged, or of another version.
    """
    try:
        return SignOff.model_validate_json(path.read_bytes())
    except OSError as error:
        raise ContractError(f"{path}: cannot read the sign-off ({error.strerror})") from error
    except ValidationError as error:
        raise ContractError(
            f"{path}: is not a sign-off of version 2: restore it from a backup, or move it away "
            "and sign the run again"
        ) from error


def sha256_of(path: Path) -> Sha256:
    """The hash of a file's bytes."""
    return hashlib.sha256(path.read_bytes()).hexdigest()
