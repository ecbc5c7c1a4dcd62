"""The folder of the contract: generated suites, Great Expectations' files, the archive."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from checkpoints.archive.calls import ledger_path, ledger_version
from checkpoints.archive.lock import at_work, note_of, read_note
from checkpoints.archive.runs import runs_folder
from checkpoints.contract.loading import ContractFile
from checkpoints.doctor.clock import TOLERATED
from checkpoints.doctor.finding import Finding, ok, problem, problems_of, warning
from checkpoints.errors import ContractError, CouldNotTell
from checkpoints.files import obstacle
from checkpoints.library.project import files_of, lacking
from checkpoints.library.suites import REGENERATE, generate, stale
from checkpoints.text import counted, duration, human_bytes

SUITES, LIBRARY, ARCHIVE, LEDGER = "suites", "great expectations", "archive", "ledger"

SHOWN = 3
LEAST_BYTES, FEW_BYTES = 100 * 10**6, 10**9
"""Of free space: with less nothing is begun; with less somebody should make room."""


def suite_findings(file: ContractFile) -> Iterator[Finding]:
    """Whether the generated files are those of the contract; a state dir has none to review."""
    if file.state_dir:
        yield ok(SUITES, f"each run writes them to {file.project}")
        return
    total, wrong = len(generate(file.contract)), stale(file.project, file.contract)
    if not wrong:
        yield ok(SUITES, f"{counted(total, 'file')} as the contract generates them")
        return
    names = [one.partition(": ")[0] for one in wrong]
    shown = [_short(Path(name), file.project) for name in names[:SHOWN]]
    more = f" and {len(names) - SHOWN} more" if len(names) > SHOWN else ""
    are = "is" if len(names) == 1 else "are"
    what = f"{', '.join(shown)}{more} {are} not as the contract generates"
    yield problem(SUITES, f"{what}: a run refuses", REGENERATE)


def library_findings(file: ContractFile) -> Iterator[Finding]:
    """Whether Great Expectations finds its own file, with our entries, and our plugin.

    What is missing, a run writes.
    """
    try:
        texts, _ = files_of(file.project)
    except ContractError as error:
        yield from problems_of(LIBRARY, error)
        return
    absent = lacking(texts)
    for path in absent:
        what = "lacks entries of ours" if path.is_file() else "is missing"
        yield warning(LIBRARY, f"{path} {what}", "the next run writes it")
    if not absent:
        yield ok(LIBRARY, " and ".join(_short(path, file.project) for path in texts))


def _short(path: Path, project: Path) -> str:
    return str(path.relative_to(project) if path.is_relative_to(project) else path)


def archive_findings(
    file: ContractFile,
    now: datetime,
    free_at: Callable[[Path], int] = lambda folder: shutil.disk_usage(folder).free,
) -> Iterator[Finding]:
    """Whether runs can be stored, the room for them, and that none is of the future.

    ``now`` is aware; ``free_at`` tells the free bytes at a folder.
    """
    folder = file.project / "uncommitted"
    places = (folder / "file", runs_folder(file.project) / "run" / "file")
    if why := next(filter(None, map(obstacle, places)), ""):
        what = f"{folder}: nothing can be stored ({why})"
        yield problem(ARCHIVE, what, "make it a folder that you may write")
        return
    there = folder if folder.is_dir() else file.project
    free = free_at(there)
    room = f"{human_bytes(free)} free"
    if free < LEAST_BYTES:
        yield problem(ARCHIVE, f"{there}: {room}", "make room on the disk")
    elif free < FEW_BYTES:
        yield warning(ARCHIVE, f"{there}: {room}", "make room on the disk")
    else:
        begun = "can be written" if there == folder else "is made by the first run"
        yield ok(ARCHIVE, f"{folder} {begun}, {room}")
    written = (*runs_folder(file.project).glob("*"), ledger_path(file.project))
    newest = max((path.stat().st_mtime for path in written if path.exists()), default=0.0)
    ahead = datetime.fromtimestamp(newest, UTC) - now
    if ahead > TOLERATED:
        what = f"{folder}: its newest file is {duration(ahead.total_seconds())} in the future"
        yield problem(ARCHIVE, what, "set this machine's clock, e.g. timedatectl set-ntp true")


def ledger_findings(file: ContractFile) -> Iterator[Finding]:
    """Whether the ledger can be read and written, and who is at work on it."""
    path = ledger_path(file.project)
    try:
        version = ledger_version(file.project)
    except CouldNotTell as error:
        yield from problems_of(LEDGER, error)
        return
    if why := "" if version is None else _unwritable(path):
        yield problem(LEDGER, f"{path}: {why}", f"make it writable: chmod u+w {path}")
    if holder := at_work(path):
        what = f"{path}: a backfill is at work ({holder})"
        yield warning(LEDGER, what, "wait for it before you begin another")
    elif note_of(path).exists():
        what = f"{path}: the last backfill did not come to its end ({read_note(path)})"
        yield warning(LEDGER, what, "python -m remediation resume")
    elif not why:
        said = "is made by the first backfill" if version is None else f"version {version}"
        yield ok(LEDGER, f"{path}: {said}")


def _unwritable(path: Path) -> str:
    if why := obstacle(path):
        return why
    try:
        with path.open("r+b"):
            return ""
    except OSError as error:
        return error.strerror or "may not be written"
