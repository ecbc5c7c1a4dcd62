"""Command: a program is run for the dates of a call, without a shell; its exit code is the answer.

The last lines that it writes are kept as what it had to say, without the values of the variables
that it is given by name: these are secrets.
"""

from __future__ import annotations

import os
import re
import shlex
import signal
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import replace
from errno import EAGAIN, EMFILE, ENFILE, ENOMEM, ETXTBSY
from operator import not_
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from pydantic import Field, ValidationInfo, field_validator

from checkpoints.contract.needs import Needs, Program
from checkpoints.contract.secrets import Mask
from checkpoints.records import Argv, Whole
from checkpoints.text import UNPRINTABLE, one_line
from remediation.service.answer import DETAIL_LENGTH, Answer, Kind
from remediation.service.kind import Access, ServiceKind, ServiceRequest
from remediation.service.placeholders import (
    has_variables,
    in_text,
    refuse_placeholders,
    unnamed_dates,
)
from remediation.service.programs import KEPT_BYTES, Ending, Programs

if TYPE_CHECKING:
    from remediation.plan.groups import CallGroup

PASSED_ON = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "TZ", "USER", "VIRTUAL_ENV", "SYSTEMROOT")
"""Of the environment, beside what the contract names."""

IDEMPOTENCY_KEY = "IDEMPOTENCY_KEY"
KINDS_OF_CODES = {
    "accepted": Kind.ACCEPTED,
    "refused": Kind.REJECTED,
    "nothing_that_day": Kind.NOTHING_THAT_DAY,
    "busy": Kind.BUSY,
}
"""What the exit codes of a field mean; the first takes precedence over the default of the last."""

LINES_KEPT = 5
SAY_NOTHING = ("", "Traceback (most recent call last):")
ESCAPES = re.compile(r"\x1b\[[0-?]*[ -/]*[@-~]")
"""What colours a terminal."""

FOR_NOW = frozenset({EAGAIN, EMFILE, ENFILE, ENOMEM, ETXTBSY})
"""Why a program cannot be started at this moment, and may be at the next."""

ExitCode = Annotated[Whole, Field(ge=0, le=255)]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class CommandRequest(ServiceRequest):
    """A program and its arguments, and the folder that it is run in."""

    argv: tuple[str, ...]
    cwd: Annotated[str, Field(exclude_if=not_)] = ""

    def __str__(self) -> str:
        command = shlex.join(self.argv)
        return f"cd {shlex.quote(self.cwd)} && {command}" if self.cwd else command


class CommandService(ServiceKind):
    """How a program is run, and what its exit codes mean.

    Any code that is not named is a rejection; where the service is not idempotent, nothing is
    known, as it may have done half.
    """

    argv: Argv
    cwd: str = ""
    env: tuple[Variable, ...] = ()
    accepted: Annotated[tuple[ExitCode, ...], Field(min_length=1)] = (0,)
    refused: tuple[ExitCode, ...] = ()
    nothing_that_day: tuple[ExitCode, ...] = ()
    busy: tuple[ExitCode, ...] = (os.EX_TEMPFAIL,)

    @field_validator("argv", mode="after")
    @classmethod
    def _can_be_run(cls, argv: tuple[str, ...], info: ValidationInfo) -> tuple[str, ...]:
        refuse_placeholders(argv)
        problem = unnamed_dates(info.data.get("dates_per_call", 1), "argv", argv)
        if problem and not has_variables(argv):
            raise ValueError(problem)
        return argv

    @field_validator(*KINDS_OF_CODES, mode="after")
    @classmethod
    def _mean_one_thing(cls, codes: tuple[int, ...], info: ValidationInfo) -> tuple[int, ...]:
        for name in KINDS_OF_CODES:
            if name != info.field_name and (twice := {*codes} & {*info.data.get(name, ())}):
                raise ValueError(f"{min(twice)} is in {name!r} as well: leave it in one of them")
        return codes

    def problems(self, environment: Mapping[str, str] | None = None) -> list[str]:
        """Variables that are not set, words that name no date, and a folder that is missing.

        What it is run with is looked for only where it is to be run, in an ``environment``.
        """
        problems = super().problems(environment)
        problems += filter(None, [unnamed_dates(self.dates_per_call, "argv", self.argv)])
        if environment is not None:
            unset = [name for name in self.env if not environment.get(name)]
            problems += [f"environment variable {n} is not set: export {n}=…" for n in unset]
            if self.cwd and not Path(self.cwd).is_dir():
                where = Path(self.cwd).absolute()
                problems.append(f"cwd {self.cwd!r} is no folder: make {where}, or correct it")
        return problems

    def needs(self, environment: Mapping[str, str]) -> Needs:
        """A program that can be started in its folder."""
        program = Program(word=self.argv[0], folder=self.cwd, path=environment.get("PATH"))
        return Needs(
            problems=tuple(self.problems(environment)),
            program=None if has_variables([program.word, self.cwd]) else program,
        )

    def describe(self, group: CallGroup) -> CommandRequest:
        """The command for the dates of calls."""
        return CommandRequest(
            service=group.service,
            date=group.first,
            dates=group.dates if len(group.dates) > 1 else (),
            argv=tuple(in_text(word, group) for word in self.argv),
            cwd=self.cwd,
        )

    def script_line(self, group: CallGroup, key: str) -> list[str]:
        """``run ID ACCEPTED PACE SECONDS KEY FOLDER COMMAND...``."""
        accepted = " ".join(map(str, self.accepted))
        numbers = [f"{self.seconds_between_calls:g}", f"{self.timeout_seconds:g}"]
        request = self.describe(group)
        return ["run", group.id, accepted, *numbers, key, self.cwd or ".", *request.argv]

    @contextmanager
    def open_sender(self, access: Access) -> Iterator[CommandSender]:
        """Nothing has to be fetched; at its end nothing runs any more."""
        with closing(CommandSender(self, access)) as sender:
            yield sender


KIND = CommandService


class CommandSender:
    """Runs the command of a service, from any thread."""

    def __init__(self, service: CommandService, access: Access) -> None:
        self._service = service
        self._clock = access.clock
        given = access.environment
        self._environment = {n: given[n] for n in (*PASSED_ON, *service.env) if n in given}
        self._mask = Mask({name: given.get(name, "") for name in service.env})
        self._programs = Programs(access.clock.monotonic)

    def close(self) -> None:
        """End what still runs."""
        self._programs.close()

    def stop(self) -> bool:
        """End what runs."""
        self._programs.stop()
        return True

    def send(
        self,
        group: CallGroup,
        *,
        key: str,
        tell: Callable[[Answer], None],  # noqa: ARG002
        renew: bool = False,  # noqa: ARG002
    ) -> Answer:
        """Run it once; never raises for what it does. It gets the key as ``IDEMPOTENCY_KEY``."""
        request, started = self._service.describe(group), self._clock.monotonic()
        try:
            ending = self._programs.run(
                request.argv,
                cwd=request.cwd or None,
                environment={**self._environment, IDEMPOTENCY_KEY: key},
                seconds=self._service.timeout_seconds,
            )
        except OSError as error:
            return not_started(request, error)
        output = heard(ending.output, self._mask)
        answer = classify(self._service, ending, output, reader=os.getpid())
        return replace(answer, seconds=self._clock.monotonic() - started)


def not_started(request: CommandRequest, error: OSError) -> Answer:
    """Where the reason will not go away by itself, no other call can be made either."""
    if isinstance(error, InterruptedError) or error.errno in FOR_NOW:
        return Answer(kind=Kind.NOT_SENT, detail=f"not started: {error.strerror}")
    which = error.filename or request.argv[0]
    if isinstance(which, bytes):
        which = os.fsdecode(which)
    remedy = "install it, or correct argv, cwd or PATH"
    if isinstance(error, PermissionError):
        remedy = f"make it executable: chmod +x {shlex.quote(which)}"
    detail = f"cannot start {which!r} ({error.strerror}): {remedy}"
    return Answer(kind=Kind.NOT_SENT, detail=one_line(detail, DETAIL_LENGTH), stops=True)


def classify(service: CommandService, ending: Ending, output: str, *, reader: int = 0) -> Answer:
    """What the end of a command says about its dates. Pure.

    A DuckDB file has one writer or many readers: a command that could not open it because the
    process ``reader`` was looking at the tables comes again in a moment.
    """
    if ending.why:
        kind, what = Kind.UNKNOWN, f"ended {ending.why}"
    elif ending.code < 0:
        kind, what = Kind.UNKNOWN, f"ended by {_signal_name(-ending.code)}"
    else:
        kind, what = _kind_of(service, ending.code), f"exit code {ending.code}"
        if kind is Kind.REJECTED and "lock is held" in output and f"(PID {reader})" in output:
            kind, what = Kind.BUSY, "the tables were being read"
    return Answer(kind=kind, detail=with_last_lines(what, output))


def _kind_of(service: CommandService, code: int) -> Kind:
    for name, kind in KINDS_OF_CODES.items():
        if code in getattr(service, name):
            return kind
    return Kind.REJECTED if service.idempotent else Kind.UNKNOWN


def _signal_name(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def with_last_lines(what: str, output: str) -> str:
    """What happened, and the last lines of an output, cut at their beginning where they are long.

    Colours and control characters are left out, and lines that say nothing.
    """
    lines = (UNPRINTABLE.sub("", line).strip() for line in ESCAPES.sub("", output).splitlines())
    last = [line for line in lines if line not in SAY_NOTHING][-LINES_KEPT:]
    said = one_line(" | ".join(last), KEPT_BYTES)
    room = DETAIL_LENGTH - len(f"{what}: ")
    said = said if len(said) <= room else "…" + said[1 - room :]
    return f"{what}: {said}" if said else what


def heard(output: bytes, mask: Mask) -> str:
    """The text of an output of at most ``KEPT_BYTES``, without secrets."""
    text = output.decode("utf-8", errors="surrogateescape")
    masked = mask.of_end(text) if len(output) >= KEPT_BYTES else mask(text)
    return masked.encode("utf-8", errors="surrogateescape").decode("utf-8", errors="replace")
