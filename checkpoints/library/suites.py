"""Expectation suites, validation definitions and checkpoints, generated from the contract.

The text is what the library's own file stores hold, so they read it without a translation; ids
are stable, so that results of different days belong together.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Literal

from checkpoints.contract.checks import NAMESPACE, Check, by_date_grain, checks_of, in_windows
from checkpoints.contract.model import Action, Checkpoint, Contract
from checkpoints.contract.references import DOCS_NAME
from checkpoints.contract.stock import StockCheck, stock_checks_of
from checkpoints.errors import ContractError, StaleSuites

KINDS = {
    "expectations": "suite",
    "validation_definitions": "validation_definition",
    "checkpoints": "checkpoint",
}
DATASOURCE, ASSET, BATCH = "coverage", "coverage_frame", "window"
DOCS_ACTION: Literal["update_cross_layer_docs"] = "update_cross_layer_docs"
"""The action of the plugin: the library drops unknown expectations, but refuses unknown actions."""

REGENERATE = "run python -m checkpoints suites"


def generate(contract: Contract) -> dict[str, str]:
    """The text of every file, by its path relative to the project."""
    suites = suites_of(contract)
    files = {f"expectations/{name}.json": _suite(contract, name, suites[name]) for name in suites}
    files |= {f"validation_definitions/{name}.json": _definition(name) for name in suites}
    for name, checkpoint in contract.checkpoints.items():
        for several in sorted({False, bool(checkpoint.windows)}):
            parts = checkpoint.parts if several else ("",)
            own = {suite_name(s, name, part) for s in checkpoint.suites for part in parts}
            if wanted := [suite for suite in suites if suite in own]:
                made = checkpoint_name(name, checkpoint, several=several)
                files[f"checkpoints/{made}.json"] = _checkpoint(made, wanted, checkpoint.actions)
    return {path: _text(content) for path, content in files.items()}


def suites_of(contract: Contract) -> dict[str, list[Check | StockCheck]]:
    """The suites that have checks, in layer order, with their checks; ours are first.

    The windows of a checkpoint beside the one that all rules judge have suites of their own.
    """
    checks: list[Check | StockCheck] = [*checks_of(contract), *stock_checks_of(contract)]
    by_suite = {name: [c for c in checks if c.suite == name] for name in contract.suites()}
    found = {name: members for name, members in by_suite.items() if members}
    for name, checkpoint in contract.checkpoints.items():
        for part, entry in checkpoint.parts.items():
            for check in in_windows(checks_of(contract, checkpoint.suites), {part: entry}):
                if part:
                    found.setdefault(suite_name(check.suite, name, part), []).append(check)
    return found


def suite_name(suite: str, checkpoint: str, part: str) -> str:
    """The name of the suite for a window of a checkpoint: ``L4``, or ``L4@daily-season``.

    No name in a contract has an @, so that it is the name of no other suite.
    """
    return f"{suite}@{checkpoint}-{part}" if part else suite


def suite_of(name: str) -> str:
    """The suite of the contract from the name of a generated one."""
    return name.partition("@")[0]


def checkpoint_name(name: str, checkpoint: Checkpoint, *, several: bool) -> str:
    """The checkpoint of the library: of one with several windows there is another for one window.

    The library refuses a checkpoint that is not as it was stored.
    """
    return f"{name}@one-window" if checkpoint.windows and not several else name


def write(project: Path, contract: Contract) -> list[Path]:
    """Write what changed, delete what is no longer declared, and return those paths.

    Raises:
        ContractError: a file cannot be written, or is one that was not generated.
    """
    changed: list[Path] = []
    changes = list(_changes(project, contract))
    _refuse_foreign(path for path, text in changes if text is not None)
    try:
        for path, text in changes:
            if text is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8", newline="\n")
            changed.append(path)
    except OSError as error:
        raise ContractError(
            f"{error.filename}: cannot write the generated suites ({error.strerror}): "
            "make the folder writable, or name another with --state-dir"
        ) from error
    return changed


def _refuse_foreign(paths: Iterable[Path]) -> None:
    """A suite, validation definition or checkpoint made by hand is never overwritten."""
    problems = [
        f"{path}: was not generated, and the contract generates one of that name: rename one of "
        "the two"
        for path in paths
        if _id_in(path) not in (None, _generated_id(path))
    ]
    if problems:
        raise ContractError(*problems)


def stale(project: Path, contract: Contract) -> list[str]:
    """What differs from the contract on disk, a sentence for each file; empty when nothing."""
    problems = []
    for path, text in _changes(project, contract):
        differs = "not what the contract generates" if path.is_file() else "missing"
        reason = differs if text is not None else "not declared by the contract"
        problems.append(f"{path}: is {reason}: {REGENERATE}")
    return problems


def refuse_stale(project: Path, contract: Contract) -> None:
    """Accept only suites on disk that are what the contract generates.

    Raises:
        StaleSuites: with every file that differs.
    """
    if problems := stale(project, contract):
        raise StaleSuites(*problems)


def stable_id(*parts: str) -> str:
    """A UUID that is the same for the same parts."""
    return str(uuid.uuid5(NAMESPACE, "\x1f".join(parts)))


def _named(*parts: str) -> dict[str, Any]:
    """How the library refers to something: by id and name."""
    return {"id": stable_id(*parts), "name": parts[-1]}


def _changes(project: Path, contract: Contract) -> Iterator[tuple[Path, str | None]]:
    """Every file that is not as generated, and its text; None for one that is not any more.

    Files made by hand are left alone.
    """
    files = {project / name: text for name, text in generate(contract).items()}
    for path, text in files.items():
        if not _holds(path, text):
            yield path, text
    for folder in KINDS:
        for path in sorted((project / folder).glob("*.json")):
            if path not in files and _id_in(path) == _generated_id(path):
                yield path, None


def _generated_id(path: Path) -> str:
    return stable_id(KINDS[path.parent.name], path.stem)


def _id_in(path: Path) -> object:
    try:
        content = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return content.get("id") if isinstance(content, dict) else None


def _holds(path: Path, text: str) -> bool:
    try:
        return path.read_bytes() == text.encode()
    except OSError:
        return False


def _text(content: dict[str, Any]) -> str:
    return json.dumps(content, indent=2, sort_keys=True) + "\n"


def _suite(contract: Contract, name: str, checks: Sequence[Check | StockCheck]) -> dict[str, Any]:
    about = contract.layers.get(suite_of(name), "between layers")
    expectations = [
        _stock(contract, check) if isinstance(check, StockCheck) else _expectation(contract, check)
        for check in checks
    ]
    return _named("suite", name) | {
        "expectations": expectations,
        "meta": {
            "about": about,
            "generated": "from the contract: do not edit",
            **({"pipeline": contract.name} if contract.name else {}),
        },
    }


def _expectation(contract: Contract, check: Check) -> dict[str, Any]:
    by_date = by_date_grain(contract, check.pair)
    given = {**check.pair._asdict(), "window": check.window, **check.rule.parameters()}
    return {
        "id": check.id,
        "type": check.rule.expectation,
        "kwargs": {name: value for name, value in given.items() if value not in (None, (), "")},
        "severity": check.severity,
        "meta": {
            "by_date": by_date,
            "sentence": check.sentence(by_date=by_date),
            "service": contract.datasets[check.dataset].service,
        },
    }


def _stock(contract: Contract, check: StockCheck) -> dict[str, Any]:
    return {
        "id": check.id,
        "type": check.expectation.type,
        "kwargs": check.expectation.arguments,
        "severity": check.expectation.severity,
        "meta": {
            **check.pair._asdict(),
            "about": check.about,
            "repairable": check.expectation.repairable,
            "service": contract.datasets[check.dataset].service,
        },
    }


def _definition(suite: str) -> dict[str, Any]:
    return _named("validation_definition", suite) | {
        "suite": _named("suite", suite),
        "data": {
            "datasource": _named(DATASOURCE),
            "asset": _named(DATASOURCE, ASSET),
            "batch_definition": _named(DATASOURCE, ASSET, BATCH),
        },
    }


def _checkpoint(name: str, suites: Sequence[str], actions: Sequence[Action]) -> dict[str, Any]:
    docs = {"name": DOCS_NAME, "site_names": [], "type": DOCS_ACTION}
    return _named("checkpoint", name) | {
        "validation_definitions": [_named("validation_definition", suite) for suite in suites],
        "actions": [docs, *(action.model_dump(mode="json") for action in actions)],
        "result_format": "COMPLETE",
    }
