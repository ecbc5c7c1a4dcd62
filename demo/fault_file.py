"""Read a scenario of faults, naming every problem at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from checkpoints.contract.loading import place_of, sentence_of
from checkpoints.text import did_you_mean
from demo.errors import ScenarioError
from demo.fault_catalogue import CATALOGUE
from demo.faults import Scenario

LIST_THEM = "list them with: python -m demo faults"


def read_scenario(path: Path) -> Scenario:
    """Read a scenario file, each fault completed from the catalogue.

    Raises:
        ScenarioError: with every problem found, each with its place in the file.
    """
    raw = _mapping(path)
    problems: list[str] = []
    given = raw.get("faults")
    if isinstance(given, list):
        raw["faults"] = [_completed(f, f"faults[{n}]", problems) for n, f in enumerate(given)]
    try:
        scenario = Scenario.model_validate(raw)
    except ValidationError as error:
        problems += [_sentence(problem) for problem in error.errors()]
    if problems:
        raise ScenarioError(*(f"{path}: {problem}" for problem in problems))
    return scenario


def _mapping(path: Path) -> dict[str, Any]:
    try:
        raw = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ScenarioError(f"{path}: cannot read the scenario ({error.strerror})") from error
    except (yaml.YAMLError, ValueError) as error:
        said = " ".join(str(error).split())
        raise ScenarioError(f"{path}: malformed YAML: {said}") from error
    if not isinstance(raw, dict):
        raise ScenarioError(f"{path}: is not a mapping: start with 'version: 1'")
    return raw


def _completed(given: Any, place: str, problems: list[str]) -> Any:
    """The blocks of the fault that is named, with what stands beside the name on top."""
    if not isinstance(given, Mapping):
        return given
    name = given.get("fault")
    if isinstance(name, str) and name in CATALOGUE:
        return {**CATALOGUE[name].blocks, **given}
    if name is None:
        problems.append(f"{place}.fault: is missing: {LIST_THEM}")
    else:
        hint = f"{did_you_mean(str(name), CATALOGUE)} {LIST_THEM}".lstrip()
        problems.append(f"{place}.fault: {name!r} is unknown: {hint}")
    return {**given, "fault": "custom"}


def _sentence(problem: ErrorDetails) -> str:
    if problem["type"] == "model_type":
        example = "{fault: …, phase: …, dates: …}"
        return f"{place_of(problem['loc'])}: is not a mapping such as {example}"
    return sentence_of(problem, Scenario)
