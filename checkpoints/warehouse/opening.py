"""The engine of a URL: found by what the URL begins with, and imported only then."""

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
        ContractError: the URL is none, or of no engine.
    """
    usable = f"use {' or '.join(engine.example for engine in ENGINES.values())}"
    try:
        parsed = sa.make_url(url)
    except SQLAlchemyError as error:
        raise ContractError(f"the warehouse is no database URL ({error}): {usable}") from error
    except ValueError:  # its words may be a part of a password
        raise ContractError(
            "the warehouse is no database URL: its port is no number, or its password has one of "
            f"@ : / which are %40 %3A %2F there: {usable}"
        ) from None
    backend = parsed.get_backend_name()
    name = next((name for name, e in ENGINES.items() if backend in (name, *e.also)), None)
    if name is None:
        shown = parsed.render_as_string(hide_password=True)
        raise ContractError(f"warehouse {shown!r}: {usable}")
    module = import_module(f"checkpoints.warehouse.{name}")
    opened: AbstractContextManager[Engine] = module.open_engine(parsed, options)
    return opened
