"""Do a page, its report and its validation results still belong together?

A sign-off binds them by hashes: this finds what was changed or lost since. It does not protect
from someone who rewrites all of it and the sign-off too: whoever must know that keeps the
SHA-256 of the sign-off elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from enum import StrEnum
from hashlib import sha256
from html import unescape
from pathlib import Path

from pydantic import AwareDatetime

from checkpoints.archive.runs import runs_folder
from checkpoints.archive.signoff import SignOff, parse_signoff, sha256_of, signoff_path
from checkpoints.errors import ContractError, ExitCode
from checkpoints.output.page import Acceptance
from checkpoints.output.site import pages_folder, signed_page_path
from checkpoints.records import Record

RUN = re.compile(r'<meta name="run" content="([A-Za-z0-9_-]+)">')
ACCEPTED = re.compile(r'<meta name="accepted" content="([^"]*)">')
HEAD = 2_000


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
        head = path.read_bytes()[:HEAD].decode(errors="replace")
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
    kept = signed_page_path(project, run_id)
    yield _named(signed, kept, _piece("sign-off", signoff_path(project, run_id), expected))
    yield _piece("sign-off beside the page", page.with_suffix(".json"), expected)
    yield _piece("page", page, signed.page_sha256)
    yield _piece("page in the archive", kept, signed.page_sha256)
    report = runs_folder(project) / run_id / "report.json"
    yield _piece("report", report, signed.report_sha256)
    for digest in signed.validation_results:
        yield _piece("validation result", project / digest.path, digest.sha256)
    for digest in signed.remediation:
        yield _piece("remediation record", project / digest.path, digest.sha256)


def _named(signed: SignOff, page: Path, piece: Piece) -> Piece:
    """The page says who accepted the run, too: another name in the sign-off is a changed one."""
    if piece.standing is not Standing.INTACT:
        return piece
    line = Acceptance(by=signed.by, at=signed.at, note=signed.note).line
    try:
        found = ACCEPTED.search(page.read_text(encoding="utf-8", errors="replace"))
    except OSError:
        return piece
    if found and unescape(found[1]) == line:
        return piece
    return piece.model_copy(update={"standing": Standing.ALTERED})


def _piece(name: str, path: Path, expected: str) -> Piece:
    try:
        found = sha256(path.read_bytes()).hexdigest()
    except OSError:
        return Piece(name=name, path=path, standing=Standing.MISSING)
    standing = Standing.INTACT if found == expected else Standing.ALTERED
    return Piece(name=name, path=path, standing=standing)
