"""The story of the incidents, told with the commands a user would type."""

from __future__ import annotations

import json
import shlex
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from textwrap import wrap
from typing import TextIO

from checkpoints.errors import ExitCode
from demo.errors import StoryFailed

WINDOW = "--from 2024-10-22 --to 2026-01-02 --as-of 2026-01-03"
FULL = "examples/nba_full/pipeline.yml"
SERVICE_LOG = Path("demo/service.log")
STEP_SECONDS = 120
COLUMNS_WITHOUT_TERMINAL = "120"
NARRATION_WIDTH = 90


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """Where the story is told: ``out`` takes the narration and what the commands print.

    ``out`` is a real file, pipe or terminal; ``environment`` is that of the commands.
    """

    python: str
    environment: Mapping[str, str]
    clock: Callable[[], float]
    out: TextIO


def tell(stage: Stage) -> None:
    """Build, look, check, plan, repair, look further, check again, sign off.

    Raises:
        StoryFailed: a step ended with another exit code than it should.
    """
    started = stage.clock()
    stage = _on_demo_warehouse(stage)
    _refuse_calls_in_flight(stage)
    _find(stage)
    _repair(stage)
    _sign(stage)
    _say(stage, f"The whole story took {stage.clock() - started:.0f} s.")


def _find(stage: Stage) -> None:
    _say(
        stage,
        "1. A warehouse in which a backfill filled L3 and nobody started L4.",
        "Smaller things went wrong as well, in rows.",
    )
    _type(stage, "demo build")
    _say(
        stage,
        "2. What is there, and what is missing.",
        "Comparing keys shows the months without features, and half a day without grades.",
    )
    _type(stage, f"checkpoints coverage {WINDOW}")
    _say(
        stage,
        "3. The checkpoint fails (exit code 1), and says why.",
        "It also looks at rows: a date was loaded twice, usage rates are NULL or 239 %, one game "
        "has four players and one has one team, features are older than what they were made from. "
        "A postponed game is no failure.",
    )
    _type(stage, f"checkpoints run {WINDOW}", ExitCode.INCOMPLETE)


def _repair(stage: Stage) -> None:
    _say(
        stage,
        "4. The plan is derived from what failed.",
        "It says for which check a date is called. Grades that a repair of their features will "
        "make stale are part of it.",
    )
    _type(stage, "remediation plan")
    _say(
        stage,
        "5. The services are called, and every date is verified in the tables.",
        "A date has landed when its keys are there and what failed on it passes.",
    )
    with _services(stage) as variables:
        _type(stage, "remediation run --yes --as-of 2026-01-03", variables=variables)


def _sign(stage: Stage) -> None:
    _say(
        stage,
        "6. Another contract looks at what this one leaves out (exit code 1).",
        "At the grain of players and events: a play-by-play with a tenth of its events, a box "
        "score of one team, grades that are not of the predictions. It names no services.",
    )
    _type(stage, f"checkpoints check --contract {FULL} {WINDOW}", ExitCode.INCOMPLETE)
    _say(
        stage,
        "7. The checkpoint passes (exit code 0), and a person signs.",
        "A warning remains: features of a game that was called off, on a date that nothing asks to "
        "build again.",
    )
    _type(stage, f"checkpoints run {WINDOW}")
    _type(stage, 'checkpoints signoff --by "demo"')


def _on_demo_warehouse(stage: Stage) -> Stage:
    """The contract's default warehouse, whatever the user's own environment names."""
    environment = {k: v for k, v in stage.environment.items() if k != "WAREHOUSE_URL"}
    if not stage.out.isatty():
        environment.setdefault("COLUMNS", COLUMNS_WITHOUT_TERMINAL)
    return replace(stage, environment=environment)


def _refuse_calls_in_flight(stage: Stage) -> None:
    """Dates that an interrupted run sent are not sent again for a while: no story without them."""
    done = subprocess.run(
        [stage.python, "-m", "remediation", "status", "--json", "-"],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env=dict(stage.environment),
        text=True,
        check=False,
    )
    if done.returncode:
        raise StoryFailed(f"`python -m remediation status` failed: {done.stderr.strip()}")
    plans = json.loads(done.stdout)["plans"]
    flying = sum(call["in_flight"] for plan in plans for call in plan["open"])
    if flying:
        raise StoryFailed(
            f"{flying} calls of an interrupted remediation may still be in flight, and would not "
            "be sent again (python -m remediation status): wait ten minutes, or start afresh "
            "with make clean, which also removes every run and sign-off"
        )


def _say(stage: Stage, title: str, text: str = "") -> None:
    bold, plain = ("\033[1m", "\033[0m") if stage.out.isatty() else ("", "")
    lines = (f"   {line}" for line in wrap(text, NARRATION_WIDTH))
    stage.out.write("\n".join(("", f"{bold}{title}{plain}", *lines, "")))
    stage.out.flush()


def _type(
    stage: Stage,
    module: str,
    expected: ExitCode = ExitCode.COMPLETE,
    variables: Mapping[str, str] | None = None,
) -> None:
    """Echo ``python -m MODULE …``, run it, and insist on its exit code."""
    assignments = "".join(f"{name}={value} " for name, value in (variables or {}).items())
    shown = f"{assignments}python -m {module}"
    stage.out.write(f"$ {shown}\n")
    stage.out.flush()
    try:
        done = subprocess.run(
            [stage.python, "-m", *shlex.split(module)],
            stdin=subprocess.DEVNULL,
            stdout=stage.out,
            stderr=subprocess.STDOUT,
            env={**stage.environment, **(variables or {})},
            timeout=STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise StoryFailed(f"`{shown}` took longer than {STEP_SECONDS} s") from error
    if done.returncode != expected:
        raise StoryFailed(f"`{shown}` ended with exit code {done.returncode}, not {expected}")


@contextmanager
def _services(stage: Stage) -> Iterator[dict[str, str]]:
    """The processor services in a process of their own; the variables that point at them."""
    stage.out.write("$ python -m demo serve --port 0 &\n")
    stage.out.flush()
    with (
        SERVICE_LOG.open("w", encoding="utf-8") as log,
        subprocess.Popen(
            [stage.python, "-m", "demo", "serve", "--port", "0"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=log,
            env=dict(stage.environment),
            text=True,
        ) as services,
    ):
        try:
            yield _variables(stage, services)
        finally:
            services.terminate()


def _variables(stage: Stage, services: subprocess.Popen[str]) -> dict[str, str]:
    ready = services.stdout.readline() if services.stdout else ""
    if not ready.startswith("ready"):
        raise StoryFailed(f"the processor services did not start: see {SERVICE_LOG}")
    stage.out.write(ready)
    urls = dict(word.split("=", 1) for word in ready.split() if "=" in word)
    return {**urls, **{name.replace("_URL", "_PACE"): "0" for name in urls}}
