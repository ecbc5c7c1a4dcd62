"""The past runs of a project, each in a few lines: what lists, trends and ``history`` show."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from pydantic import AwareDatetime

from checkpoints.archive.runs import RunHead, no_runs, read_head, run_ids
from checkpoints.archive.signoff import read_signoff
from checkpoints.errors import ContractError
from checkpoints.records import Record
from checkpoints.text import did_you_mean


class StoredRun(Record):
    """A stored run; without a head, ``problem`` says why.

    ``altered``: the report is not the one that was signed.
    """

    run_id: str
    head: RunHead | None = None
    signed_by: str | None = None
    signed_at: AwareDatetime | None = None
    altered: bool = False
    problem: str = ""


class History(Record):
    """The answer of ``checkpoints history``, newest first; shares only of what was asked for."""

    schema_version: Literal[1] = 1
    runs: tuple[StoredRun, ...]


def stored_runs(project: Path, last: int | None = None) -> tuple[StoredRun, ...]:
    """The stored runs, or the ``last`` of them, newest first.

    A damaged run says so and does not hide the others. Nothing is written.
    """
    newest_first = run_ids(project)[::-1]
    return tuple(_read(project, run_id) for run_id in newest_first[:last])


def _read(project: Path, run_id: str) -> StoredRun:
    head, signed, problem = None, None, ""
    try:
        head = read_head(project, run_id)
        signed = read_signoff(project, run_id)
    except ContractError as error:
        problem = str(error)
    return StoredRun(
        run_id=run_id,
        head=head,
        signed_by=signed.by if signed else None,
        signed_at=signed.at if signed else None,
        altered=bool(head and signed and signed.report_sha256 != head.report_sha256),
        problem=problem,
    )


def past_runs(
    project: Path, *, last: int, dataset: str | None = None, layer: str | None = None
) -> History:
    """The newest ``last`` runs, with the coverage of one dataset or layer, or of all.

    Raises:
        ContractError: nothing is stored, or no run knows the dataset or layer.
    """
    runs = stored_runs(project, last)
    if not runs:
        raise no_runs(project)
    shares = [share for run in runs if run.head for share in run.head.shares]
    _refuse_unknown("--dataset", dataset, [share.dataset for share in shares])
    _refuse_unknown("--layer", layer, [share.layer for share in shares])
    return History(runs=tuple(_only(run, dataset, layer) for run in runs))


def _refuse_unknown(option: str, name: str | None, found: Iterable[str]) -> None:
    known = list(dict.fromkeys(found))
    if name is not None and name not in known:
        hint = did_you_mean(name, known) or f"they have: {', '.join(known)}"
        raise ContractError(f"{option} {name!r} is in none of these runs: {hint}")


def _only(run: StoredRun, dataset: str | None, layer: str | None) -> StoredRun:
    """A run with the shares that were asked for."""
    if run.head is None:
        return run
    shares = tuple(
        s for s in run.head.shares if dataset in (None, s.dataset) and layer in (None, s.layer)
    )
    return run.model_copy(update={"head": run.head.model_copy(update={"shares": shares})})
