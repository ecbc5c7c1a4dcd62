"""What can go wrong in the demo, and the exit code it ends in.

DemoError
├── InputError        2  a file or an option is wrong; every problem at once
│   ├── NotOurFile    2  the warehouse file was not built by the demo: it stays as it is
│   └── ScenarioError 2  the scenario of faults is malformed
├── WarehouseLocked   3  another program kept the warehouse file for too long
├── PortTaken         3  the server cannot listen there
├── PictureFailed     3  there is no Chromium, or a step towards the picture failed
└── StoryFailed       1  a step of the story did not end as it should
"""

from __future__ import annotations

from checkpoints.errors import CheckpointsError, ExitCode


class DemoError(CheckpointsError):
    """Root of this package's errors; ``problems`` are complete sentences for the user."""


class InputError(DemoError):
    """A file or an option is wrong."""

    exit_code = ExitCode.USAGE


class NotOurFile(InputError):
    """The file exists and was not built by the demo."""


class ScenarioError(InputError):
    """The scenario of faults is malformed."""


class WarehouseLocked(DemoError):
    """Another program kept the warehouse file for too long."""


class PortTaken(DemoError):
    """The server cannot listen on that port."""


class StoryFailed(DemoError):
    """A step of the story did not end as it should."""

    exit_code = ExitCode.INCOMPLETE


class PictureFailed(DemoError):
    """The picture of the README cannot be taken."""
