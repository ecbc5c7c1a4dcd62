"""Command: a program that gets the notification as JSON on its standard input; no shell."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import ClassVar

from checkpoints.contract.needs import Needs, Program
from checkpoints.contract.secrets import filled
from checkpoints.output.notify.kind import NotifierKind, NotSent, Send
from checkpoints.output.notify.notification import Notification
from checkpoints.records import Argv


class Command(NotifierKind):
    """A program and its arguments; it has taken the notification when it ends with 0."""

    kind: ClassVar[str] = "command"

    command: Argv

    def needs(self, environment: Mapping[str, str]) -> Needs:
        """A program that can be started."""
        needs, word = super().needs(environment), self.command[0]
        if needs.problems or filled(word, environment) != word:  # a variable may be a secret
            return needs
        return replace(needs, program=Program(word=word, path=environment.get("PATH")))

    def ways(self, environment: Mapping[str, str]) -> Mapping[str, Send]:
        """One: the program."""
        argv = [filled(word, environment) for word in self.command]
        return {self.label: partial(self._run, argv)}

    def _run(self, argv: Sequence[str], notification: Notification) -> None:
        """What it writes is not heard; it is ended with all that it has started."""
        nowhere = subprocess.DEVNULL
        try:
            program = subprocess.Popen(
                argv, stdin=subprocess.PIPE, stdout=nowhere, stderr=nowhere, start_new_session=True
            )
        except OSError as error:
            raise NotSent(f"cannot run {self.command[0]!r} ({error.strerror})") from error
        try:
            program.communicate(notification.model_dump_json().encode(), self.timeout_seconds)
        except subprocess.TimeoutExpired as error:
            with suppress(ProcessLookupError):
                os.killpg(program.pid, signal.SIGKILL)
            raise NotSent(f"it had not ended after {self.timeout_seconds:g} s") from error
        if program.returncode:
            raise NotSent(f"it ended with {program.returncode}")


KIND = Command
