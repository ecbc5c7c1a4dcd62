"""Ends the test process the way the commands end theirs."""

from __future__ import annotations

import sys

import pytest

from checkpoints.shell import leave

STATUS = pytest.StashKey[int]()


def pytest_sessionfinish(session: pytest.Session, exitstatus: int) -> None:
    session.config.stash[STATUS] = int(exitstatus)


@pytest.hookimpl(trylast=True)
def pytest_unconfigure(config: pytest.Config) -> None:
    """Without tearing the interpreter down: see ``leave``."""
    if STATUS in config.stash and "great_expectations" in sys.modules:
        leave(config.stash[STATUS])
