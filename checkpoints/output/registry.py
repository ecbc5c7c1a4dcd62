"""Every publisher, in the order of the help text; and how an answer is handed to all of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib import import_module

from checkpoints.errors import CheckpointsError, PublishingError
from checkpoints.output.findings import Findings, Section
from checkpoints.output.publisher import Given, Publisher

NAMES = (
    "junit",
    "markdown",
    "github",
)
"""The modules of this package that have a ``PUBLISHER``."""

PUBLISHERS: Mapping[str, Publisher] = {
    name: import_module(f"checkpoints.output.{name}").PUBLISHER for name in NAMES
}


def publish(given: Given, found: Findings, sections: Sequence[Section] = ()) -> list[str]:
    """Hand an answer to every publisher; none of them keeps another one from its part.

    Returns the problems of those that are not required.

    Raises:
        PublishingError: with every problem, when a required publisher failed.
    """
    problems: list[str] = []
    failed = False
    for name, publisher in PUBLISHERS.items():
        try:
            publisher.publish(found, sections, given)
        except CheckpointsError as error:
            problems += error.problems
            failed |= publisher.required
        except Exception as error:  # noqa: BLE001 (a defect of one format is not the others')
            problems.append(f"cannot publish as {name}: {type(error).__name__}: {error}")
            failed |= publisher.required
    if failed:
        raise PublishingError(*problems)
    return problems
