"""The answer of ``checkpoints history``: the newest runs, narrowed to a dataset or a layer."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Literal

from checkpoints.archive.history import StoredRun, run_heads
from checkpoints.archive.runs import runs_folder
from checkpoints.errors import ContractError
from checkpoints.records import Record
from checkpoints.text import did_you_mean


class History(Record):
    """The answer of ``checkpoints history``, newest first; shares only of what was asked for."""

    schema_version: Literal[1] = 1
    runs: tuple[StoredRun, ...]


def past_runs(
    project: Path, *, last: int, dataset: str | None = None, layer: str | None = None
) -> History:
    """The newest ``last`` runs, with the coverage of one dataset or layer, or of all.

    Raises:
        ContractError: nothing is stored, or no run knows the dataset or layer.
    """
    runs = run_heads(project)[:last]
    if not runs:
        raise ContractError(
            f"no run is stored in {runs_folder(project)}: make one with python -m checkpoints run"
        )
    for kind, name in (("dataset", dataset), ("layer", layer)):
        _refuse_unknown(runs, kind, name)
    return History(runs=tuple(_only(run, dataset, layer) for run in runs))


def _refuse_unknown(runs: Iterable[StoredRun], kind: str, name: str | None) -> None:
    shares = [s for run in runs if run.head for s in run.head.shares]
    known = list(dict.fromkeys(str(getattr(share, kind)) for share in shares))
    if name is not None and name not in known:
        hint = did_you_mean(name, known) or f"they have: {', '.join(known)}"
        raise ContractError(f"--{kind} {name!r} is in none of these runs: {hint}")


def _only(run: StoredRun, dataset: str | None, layer: str | None) -> StoredRun:
    if run.head is None:
        return run
    shares = tuple(
        s for s in run.head.shares if dataset in (None, s.dataset) and layer in (None, s.layer)
    )
    return run.model_copy(update={"head": run.head.model_copy(update={"shares": shares})})
