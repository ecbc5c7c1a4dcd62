"""Records that cross borders: their base class, and how one is read back from a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    ValidationError,
)
from pydantic_core import CoreSchema
from pydantic_core.core_schema import no_info_before_validator_function

from checkpoints.errors import CheckpointsError, ContractError


class Record(BaseModel):
    """Frozen, and every unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


def _refuse_bool(value: object) -> object:
    if isinstance(value, bool):
        raise ValueError("is true or false where a number belongs")
    return value


Number = Annotated[float, BeforeValidator(_refuse_bool), Field(allow_inf_nan=False)]
Whole = Annotated[int, BeforeValidator(_refuse_bool)]
"""Numbers as people write them: true is not 1."""

Name = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]
"""A name in one line."""


class OneOrMore:
    """Of a list of text: one of it may stand by itself."""

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        return no_info_before_validator_function(_listed, handler(source))

    def __get_pydantic_json_schema__(
        self, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> dict[str, Any]:
        several = handler(schema)
        return {"anyOf": [several["items"], several]}


def _listed(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Names = Annotated[tuple[Name, ...], OneOrMore()]
"""Names, or one by itself."""


def _can_be_run(argv: tuple[str, ...]) -> tuple[str, ...]:
    if not argv[0] or "\0" in "".join(argv):
        raise ValueError("is no command: the first word is empty, or one holds a NUL")
    return argv


Argv = Annotated[tuple[str, ...], Field(min_length=1), AfterValidator(_can_be_run)]
"""A program and its arguments."""


class Digest(Record):
    """A file of the archive; ``path`` is relative to the folder of the contract."""

    path: str
    sha256: str = Field(pattern="^[0-9a-f]{64}$")


Found = TypeVar("Found", bound=BaseModel)


def read_record(
    path: Path,
    model: type[Found],
    what: str,
    remedy: str,
    unreadable: str | None = None,
    error: type[CheckpointsError] = ContractError,
) -> Found:
    """Read a versioned JSON file.

    ``what`` names it in messages (``the run report``), ``remedy`` says what to do when it is
    damaged, ``unreadable`` when it cannot be read, if that is something else.

    Raises:
        error: there is none, it is damaged, or it is of another version.
    """
    try:
        return model.model_validate_json(path.read_bytes())
    except OSError as failure:
        raise error(
            f"{path}: cannot read {what} ({failure.strerror}): {unreadable or remedy}"
        ) from failure
    except ValidationError as failure:
        name = _named(what, model)
        raise error(f"{path}: is not {name} ({reason(failure)}): {remedy}") from failure


def _named(what: str, model: type[BaseModel]) -> str:
    """``the plan`` → ``a plan of version 1``."""
    field = model.model_fields.get("schema_version") or model.model_fields.get("version")
    version = field.default if field else ""
    return f"a {what.removeprefix('the ')}" + (f" of version {version}" if version else "")


def reason(failure: ValidationError) -> str:
    """The first thing that is wrong with a file, and where."""
    first = failure.errors()[0]
    where = ".".join(map(str, first["loc"])) or "the file"
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"


def schema_of(model: type[BaseModel]) -> str:
    """The JSON schema of what a record is written as, which goes by its fields' names."""
    return json.dumps(model.model_json_schema(by_alias=False), indent=1, ensure_ascii=False) + "\n"
