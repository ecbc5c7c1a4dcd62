"""From a URL to the engine that it names."""

from __future__ import annotations

from contextlib import AbstractContextManager
from importlib import import_module

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from checkpoints.errors import ContractError
from checkpoints.warehouse.engine import ENGINES, Engine, ReadOptions


def engine_at(url: str, options: ReadOptions) -> AbstractContextManager[Engine]:
    """The engine of a URL, to be opened.

    Raises:
        ContractError: the URL is unusable.
    """
    usable = f"use {' or '.join(engine.example for engine in ENGINES.values())}"
    try:
        parsed = sa.make_url(url)
    except (SQLAlchemyError, ValueError) as error:
        raise ContractError(f"the warehouse is no database URL ({error}): {usable}") from error
    name = parsed.get_backend_name()
    if name not in ENGINES:
        shown = parsed.render_as_string(hide_password=True)
        raise ContractError(f"warehouse {shown!r}: {usable}")
    module = import_module(f"checkpoints.warehouse.{name}")
    opened: AbstractContextManager[Engine] = module.open_engine(parsed, options)
    return opened
