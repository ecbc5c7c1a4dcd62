"""The sign-off of a run: who accepted it, bound by SHA-256 to everything it stands on.

``SignOff.model_json_schema()`` describes it, as ``checkpoints/signoff.schema.json`` does. It lies
beside the report (``uncommitted/runs/<run id>/signoff.json``); the pages have a copy of it.

``verify`` finds what was changed or lost since. It does not protect from someone who rewrites all
of it and the sign-off too: whoever must know that keeps the SHA-256 of the sign-off elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from operator import not_
from pathlib import Path
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from checkpoints.archive.runs import pages_folder, runs_folder
from checkpoints.contract.model import KnownGap
from checkpoints.errors import ContractError, ExitCode
from checkpoints.files import sha256_of
from checkpoints.records import Digest, Record, read_record

RUN = re.compile(r'<meta name="run" content="([A-Za-z0-9_-]+)">')
RUN_WITHIN = 2_000
"""Bytes of a page that hold the line which names its run."""


class SignOff(Record):
    """Who accepted a run, when and why, and the hashes of everything that is accepted with it.

    ``page_sha256`` is of the page as it was signed. ``validation_results`` are those of Great
    Expectations (none when the run was judged by the rules alone), ``remediation`` the records
    of the backfills on the page, ``documented`` the known gaps that were in force. ``because`` says
    why those backfills rebuilt dates that were there.
    """

    schema_version: Literal[2] = 2
    run_id: str
    by: str
    note: str
    at: AwareDatetime
    report_sha256: str
    page_sha256: str
    validation_results: tuple[Digest, ...]
    remediation: tuple[Digest, ...]
    documented: tuple[KnownGap, ...]
    because: Annotated[tuple[str, ...], Field(exclude_if=not_)] = ()


class Standing(StrEnum):
    """What became of a piece since the sign-off."""

    INTACT = "intact"
    ALTERED = "altered"
    MISSING = "missing"


class Piece(Record):
    """A file that was signed, and what became of it."""

    name: str
    path: Path
    standing: Standing


class Verification(Record):
    """Every piece of a sign-off; without a sign-off there are none."""

    run_id: str
    by: str | None = None
    at: AwareDatetime | None = None
    signoff_sha256: str | None = None
    pieces: tuple[Piece, ...] = ()

    @property
    def exit_code(self) -> ExitCode:
        """COMPLETE when the run is signed and every piece is intact."""
        intact = all(piece.standing is Standing.INTACT for piece in self.pieces)
        return ExitCode.COMPLETE if self.pieces and intact else ExitCode.COULD_NOT_TELL


def signoff_path(project: Path, run_id: str) -> Path:
    """Where the sign-off of a run is kept."""
    return runs_folder(project) / run_id / "signoff.json"


def signed_page_path(project: Path, run_id: str) -> Path:
    """Where the page of a run is kept as it was signed."""
    return runs_folder(project) / run_id / "signoff.html"


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
    remedy = "restore it from a backup, or move it away and sign the run again"
    return read_record(path, SignOff, "the sign-off", remedy)


def verify(project: Path, path: Path) -> Verification:
    """Compare a page or a sign-off with what the archive of ``project`` holds.

    Raises:
        ContractError: ``path`` is neither, or its sign-off is damaged.
    """
    run_id, given = _identify(path)
    candidates = (given, signoff_path(project, run_id), path.with_suffix(".json"))
    record = next((p for p in candidates if p and p.exists()), None)
    if record is None:
        return Verification(run_id=run_id)
    signed = parse_signoff(record)
    return Verification(
        run_id=run_id,
        by=signed.by,
        at=signed.at,
        signoff_sha256=sha256_of(record),
        pieces=tuple(_pieces(project, signed, record, path)),
    )


def _identify(path: Path) -> tuple[str, Path | None]:
    """The run a file is about, and the file if it is a sign-off."""
    try:
        head = path.read_bytes()[:RUN_WITHIN].decode(errors="replace")
    except OSError as error:
        raise ContractError(
            f"{path}: cannot be read ({error.strerror}): give the page or the sign-off of a run"
        ) from error
    if head.lstrip().startswith("{"):
        return parse_signoff(path).run_id, path
    if found := RUN.search(head):
        return found[1], None
    raise ContractError(
        f"{path}: is neither the page nor the sign-off of a run: they are "
        "signoff/<run>.html and signoff/<run>.json in the Data Docs"
    )


def _pieces(project: Path, signed: SignOff, record: Path, path: Path) -> Iterator[Piece]:
    run_id, expected = signed.run_id, sha256_of(record)
    page = pages_folder(project) / f"{run_id}.html" if record == path else path
    yield _piece("sign-off", signoff_path(project, run_id), expected)
    yield _piece("sign-off beside the page", page.with_suffix(".json"), expected)
    yield _piece("page", page, signed.page_sha256)
    yield _piece("page in the archive", signed_page_path(project, run_id), signed.page_sha256)
    report = runs_folder(project) / run_id / "report.json"
    yield _piece("report", report, signed.report_sha256)
    files = {
        "validation result": signed.validation_results,
        "remediation record": signed.remediation,
    }
    for name, digests in files.items():
        for digest in digests:
            yield _piece(name, project / digest.path, digest.sha256)


def _piece(name: str, path: Path, expected: str) -> Piece:
    try:
        standing = Standing.INTACT if sha256_of(path) == expected else Standing.ALTERED
    except OSError:
        standing = Standing.MISSING
    return Piece(name=name, path=path, standing=standing)
