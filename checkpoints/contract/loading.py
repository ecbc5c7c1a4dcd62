"""Read ``pipeline.yml``: safe YAML, environment variables, and every problem at once."""

from __future__ import annotations

import hashlib
import json
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import Any, get_args, get_origin

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from checkpoints.contract.model import KINDS, Contract, Service
from checkpoints.contract.notifiers import kind_of as kind_of_notifier
from checkpoints.contract.references import link_problems
from checkpoints.contract.yaml_file import parse_yaml, read_yaml
from checkpoints.errors import ContractError
from checkpoints.rules.registry import RULES
from checkpoints.text import did_you_mean

DEFAULT = Path("gx/pipeline.yml")
"""Where commands look for a contract."""

VARIABLE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)(?::-([^}]*))?\}")

UNEXPANDED = re.compile(r"checkpoints\.[^.]*\.actions|notify")
"""Where variables stay as they are: the values are secrets, and would be written into a file."""

SCALARS = ("bool", "int", "float", "str")
"""How pydantic names what a value of a condition may be."""

FILE_URLS, IN_MEMORY = ("duckdb",), ":memory:"
"""The warehouses that are files."""

REPLACEABLE = {"warehouse": "warehouse", "max_bytes": "bigquery.max_bytes"}
"""The options that stand in for a value of the contract, and its place there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ContractFile:
    """A contract, where it came from, and the hash that names its content.

    ``warehouse`` is its URL as it stands there, in which a path may be relative.
    """

    contract: Contract
    path: Path
    sha256: str
    warehouse: str = ""
    state_dir: Path | None = None
    unset: tuple[str, ...] = ()
    """Problems with values in whose place an option may be given."""

    def require(self, **options: str | None) -> None:
        """Say which options of ``REPLACEABLE`` were given.

        Raises:
            ContractError: one was not, and its place in the contract has a variable without value.
        """
        places = [REPLACEABLE[name] for name, given in options.items() if not given]
        problems = [p for p in self.unset if p.partition(":")[0] in places]
        if problems:
            raise ContractError(*(f"{self.path}: {problem}" for problem in problems))

    @property
    def project(self) -> Path:
        """The Great Expectations project of the contract: suites, runs, plans and all it keeps."""
        return _project(self.path, self.state_dir)

    def named(self, warehouse: str) -> str:
        """How reports and plans name a warehouse: that of the contract as it stands there.

        So they stay true of a folder that is moved.
        """
        return self.warehouse if warehouse == self.contract.warehouse else warehouse

    @property
    def option(self) -> str:
        """What a command on the contract needs besides: `` --contract PATH``."""
        return contract_option(self.path, self.state_dir)


def project_of(path: Path, state_dir: Path | None = None) -> Path:
    """The project of a contract file, for what only reads the archive there.

    Raises:
        ContractError: there is no such file.
    """
    if not path.is_file():
        raise ContractError(f"{path}: there is no contract: give its path with --contract")
    return _project(path.resolve(), state_dir)


def _project(path: Path, state_dir: Path | None) -> Path:
    """The folder of ``pipeline.yml``; beside it, a folder for each contract of another name."""
    folder = state_dir.resolve() if state_dir else path.parent
    return folder if path.stem == DEFAULT.stem else folder / path.stem


def contract_option(path: Path, state_dir: Path | None = None) -> str:
    """What a command on a contract needs besides, typed in this folder: `` --contract PATH``.

    Nothing where it is the contract that commands look for, and is kept beside it.
    """
    typed = "" if path == DEFAULT.resolve() else f" --contract {shlex.quote(str(path))}"
    return typed + (f" --state-dir {shlex.quote(str(state_dir))}" if state_dir else "")


def load_contract(
    path: Path,
    environment: Mapping[str, str],
    text: str | None = None,
    state_dir: Path | None = None,
) -> ContractFile:
    """Read and validate a contract file, or the ``text`` that is to be in it.

    What it keeps is beside it, or in ``state_dir``. The hash is of the content with variables
    unexpanded: comments and secrets do not enter it.

    Raises:
        ContractError: with every problem found, each with its place in the file.
    """
    file, problems = contract_so_far(path, environment, text, state_dir)
    if problems or file is None:
        raise ContractError(*problems)
    return file


def contract_so_far(
    path: Path,
    environment: Mapping[str, str],
    text: str | None = None,
    state_dir: Path | None = None,
) -> tuple[ContractFile | None, list[str]]:
    """A contract file, and every problem with it; None where variables without value are not all.

    Such a variable then stands in the contract as ``${NAME}``.

    Raises:
        ContractError: the file cannot be read.
    """
    raw = read_yaml(path) if text is None else parse_yaml(path, text)
    problems: list[str] = []
    expanded = {
        key: _expand_services(value, environment)
        if key == "services"
        else expand(value, environment, str(key), problems)
        for key, value in raw.items()
    }
    unset = tuple(p for p in problems if p.partition(":")[0] in REPLACEABLE.values())
    problems = [problem for problem in problems if problem not in unset]
    if any(problem.startswith(REPLACEABLE["max_bytes"]) for problem in unset):
        del expanded["bigquery"]["max_bytes"]
    warehouse = str(expanded.get("warehouse", ""))
    _anchor(expanded, raw, path.resolve().parent)
    contract, invalid = _validate(expanded)
    problems += invalid
    if contract is not None:
        invalid = link_problems(contract)
        problems += invalid
    told = [f"{path}: {problem}" for problem in problems]
    if contract is None or invalid:
        return None, told
    canonical = json.dumps(raw, sort_keys=True, default=str).encode()
    file = ContractFile(
        contract=contract,
        path=path.resolve(),
        sha256=hashlib.sha256(canonical).hexdigest(),
        warehouse=warehouse,
        state_dir=state_dir.resolve() if state_dir else None,
        unset=unset,
    )
    return file, told


def _anchor(expanded: dict[str, Any], raw: Mapping[str, Any], folder: Path) -> None:
    """Relative paths that stand in a contract are relative to its folder.

    Those of the environment are relative to where the command runs, as if they were typed.
    """
    url = expanded.get("warehouse")
    if isinstance(url, str) and _is_written(url, raw["warehouse"]):
        scheme, _, file = url.partition(":///")
        if scheme in FILE_URLS and file not in ("", IN_MEMORY):
            expanded["warehouse"] = f"{scheme}:///{(folder / file).resolve()}"
    services: Any = expanded.get("services")
    for name, service in services.items() if isinstance(services, dict) else ():
        cwd = service.get("cwd") if isinstance(service, dict) else None
        if cwd and isinstance(cwd, str) and _is_written(cwd, raw["services"][name]["cwd"]):
            services[name] = {**service, "cwd": str((folder / cwd).resolve())}


def _is_written(text: str, raw: str) -> bool:
    """Whether a text stands in the contract as it is, so that no variable is in it."""
    return "${" not in text and text == expand(raw, {}, "", None)


def _expand_services(services: Any, environment: Mapping[str, str]) -> Any:
    """Unset variables stay: they are needed to call a service, not to check."""
    if not isinstance(services, dict):
        return services
    return {name: _expand_service(service, environment) for name, service in services.items()}


def _expand_service(service: Any, environment: Mapping[str, str]) -> Any:
    """The fields that are ``late`` stay as they are: they hold secrets."""
    if not isinstance(service, dict):
        return service
    kind = service.get("kind", "http")
    known = isinstance(kind, str) and kind in KINDS
    late = _kind_of(service).late if known else frozenset()
    return {k: v if k in late else expand(v, environment, "", None) for k, v in service.items()}


def expand(
    value: Any, environment: Mapping[str, str], place: str, problems: list[str] | None
) -> Any:
    """Replace ``${NAME}`` and ``${NAME:-default}`` in every string of a YAML value.

    Unset variables without a default are added to ``problems``, or left as they are when that
    is None. The result is text: the model makes a number of it where it wants one.
    """
    if UNEXPANDED.fullmatch(place):
        return value
    if isinstance(value, dict):
        return {k: expand(v, environment, f"{place}.{k}", problems) for k, v in value.items()}
    if isinstance(value, list):
        return [expand(v, environment, f"{place}[{n}]", problems) for n, v in enumerate(value)]
    if not isinstance(value, str) or "${" not in value:
        return value

    def substitute(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        if environment.get(name):
            return environment[name]
        if default is not None:
            return default
        if problems is not None:
            problems.append(f"{place}: environment variable {name} is not set: export {name}=…")
        return match[0]

    return VARIABLE.sub(substitute, value)


def _validate(raw: Mapping[str, Any]) -> tuple[Contract | None, list[str]]:
    try:
        return Contract.model_validate(raw), []
    except ValidationError as error:
        found = (sentence_of(problem, Contract, raw) for problem in _causes(error.errors()))
        return None, list(dict.fromkeys(found))  # a value that is of no type is so for each of them


def _causes(problems: list[ErrorDetails]) -> list[ErrorDetails]:
    """Without those that only follow: a list is not empty where what stands in it is wrong."""

    def inside(place: tuple[int | str, ...]) -> bool:
        return any(len(p["loc"]) > len(place) and p["loc"][: len(place)] == place for p in problems)

    return [p for p in problems if not (p["type"] == "too_short" and inside(p["loc"]))]


def sentence_of(
    problem: ErrorDetails, model: type[BaseModel], raw: Mapping[str, Any] | None = None
) -> str:
    """What pydantic found wrong in a YAML file of ``model``: where, what, and what to do.

    ``raw`` is the file's content, which says of what kind a service is.
    """
    if "where" in problem["loc"] and problem["loc"][-1] in SCALARS:
        where = place_of(problem["loc"][:-1])
        return f"{where}: is neither text nor a number nor true or false, got {problem['input']!r}"
    where = place_of(problem["loc"])
    match problem["type"]:
        case "extra_forbidden":
            *place, key = problem["loc"]
            known = keys_at(place, model, raw or {})
            hint = did_you_mean(str(key), known) or "remove it or correct its spelling:"
            return f"{where}: unknown key: {hint} keys are {', '.join(known)}"
        case "missing":
            return f"{where}: is missing"
        case "too_short":
            return f"{where}: is empty: give at least one"
        case "union_tag_invalid":
            hint = did_you_mean(problem["ctx"]["tag"], RULES)
            listed = " ".join(filter(None, [hint, f"rules are {', '.join(RULES)}"]))
            return f"{where}.rule: unknown rule {problem['ctx']['tag']!r}: {listed}"
        case "union_tag_not_found":
            near = [key for key in problem["input"] if did_you_mean(str(key), ["rule"])]
            what = f"{near[0]}: unknown key: did you mean 'rule'?" if near else "rule: is missing:"
            return f"{where}.{what} rules are {', '.join(RULES)}"
        case "model_type" | "dict_type" | "model_attributes_type":
            return f"{where}: is no mapping of keys, got {problem['input']!r:.80}"
        case "tuple_type":
            return f"{where}: is no list, got {problem['input']!r:.80}"
    message = problem["msg"].removeprefix("Value error, ")
    return f"{where}: {message}, got {problem['input']!r:.80}{_nearest(problem)}"


def _nearest(problem: ErrorDetails) -> str:
    """The word that is meant, where only some are allowed."""
    if problem["type"] not in ("literal_error", "enum"):
        return ""
    words = re.findall(r"'([^']+)'", problem["ctx"]["expected"])
    hint = did_you_mean(str(problem["input"]), words)
    return f": {hint}" if hint else ""


def keys_at(
    place: Sequence[int | str], model: type[BaseModel], raw: Mapping[str, Any]
) -> list[str]:
    """The keys that a mapping at a place of a file of ``model`` may have."""
    found: type[BaseModel] = model
    key_follows = False
    for n, part in enumerate(place):
        fields = {field.alias or name: field for name, field in found.model_fields.items()}
        if key_follows:
            key_follows = False
            if list(place[:n]) == ["services"]:
                found = _kind_of(raw["services"][part])
        elif list(place[:n]) == ["notify"]:
            found = kind_of_notifier(raw["notify"][part])
        elif part in RULES and isinstance(place[n - 1], int):
            found = RULES[str(part)]
        elif part in fields:
            annotation = fields[str(part)].annotation
            key_follows = get_origin(annotation) is dict
            found = next(models_in(annotation), found)
    return [field.alias or name for name, field in found.model_fields.items()]


def _kind_of(service: Mapping[str, Any]) -> type[Service]:
    kind: type[Service] = import_module(KINDS[service.get("kind", "http")]).KIND
    return kind


def models_in(annotation: Any) -> Iterator[type[BaseModel]]:
    """The records that a field may hold."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for inner in get_args(annotation):
        yield from models_in(inner)


def place_of(location: tuple[int | str, ...]) -> str:
    """``rules[0].at_most_days``, without the rule's name, which pydantic puts between."""
    text = ""
    for n, part in enumerate(location):
        after_index = n > 0 and isinstance(location[n - 1], int)
        if isinstance(part, int):
            text += f"[{part}]"
        elif not (after_index and part in RULES):
            text += f".{part}"
    return text.lstrip(".")
