"""The runbook, typed: every command on the demo, in its order, with its exit code and messages."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import signal
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.commands import ROOT, command, environment
from tests.support.forks import Forked, fork

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
ANYTHING = "…"
FIRST_LINE_SECONDS = 60


@dataclass(frozen=True, kw_only=True)
class Typed:
    """A command of the runbook, its exit code where one is given, and lines that it prints."""

    line: str
    code: int | None
    shown: tuple[str, ...]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", RUNBOOK, re.MULTILINE | re.DOTALL)


def commands() -> Iterator[Typed]:
    """A block that begins without a command shows more of what the one before it printed."""
    lines = "".join(blocks("console")).splitlines()
    starts = [n for n, line in enumerate(lines) if line.startswith("$ ")] + [len(lines)]
    for start, end in pairwise(starts):
        line, _, code = lines[start].removeprefix("$ ").partition("# exit ")
        yield Typed(
            line=line.strip(), code=int(code) if code else None, shown=(*lines[start + 1 : end],)
        )


@dataclass(kw_only=True)
class Shell:
    """What the commands of the runbook are typed into."""

    folder: Path
    variables: dict[str, str] = field(default_factory=dict)
    background: list[Forked] = field(default_factory=list)

    def type(self, line: str) -> tuple[int | None, str]:
        """The exit code, and all that was printed; no code for what goes on in the background."""
        name, *words = shlex.split(line)
        if name == "export":
            changes = dict(word.split("=", 1) for word in words)
            self.variables |= {k: v for k, v in changes.items() if v != ANYTHING}
            return None, ""
        if name == "kill":
            self.background[-1].send_signal(signal.SIGINT)
            return self.background[-1].wait(60), ""
        if name != "python":
            done = subprocess.run(["sh", "-c", line], cwd=self.folder, check=False)
            return done.returncode, ""
        if words[-1] == "&":
            return None, self._begin(*words[1:-1])
        done = command(*self._expanded(words[1:]), cwd=self.folder, **self.variables)
        return done.returncode, done.stdout + done.stderr

    def _expanded(self, words: list[str]) -> Iterator[str]:
        for word in words:
            yield from map(str, self.folder.glob(word)) if "*" in word else [word]

    def _begin(self, *words: str) -> str:
        """Start a command and wait for its first line."""
        path = self.folder / f"background-{len(self.background)}"
        variables = environment(PYTHONPATH=str(ROOT), **self.variables)
        with path.open("w") as out:
            number = out.fileno()
            begun = fork(*words, cwd=self.folder, env=variables, stdout=number, stderr=number)
        self.background.append(begun)
        for _ in range(FIRST_LINE_SECONDS * 10):
            if "ready" in (said := path.read_text()) or (words[0] != "demo" and "\n" in said):
                break
            time.sleep(0.1)
        self.variables |= dict(re.findall(r"(\w+_URL)=(\S+)", said))
        return said


@pytest.fixture
def shell(tmp_path: Path) -> Iterator[Shell]:
    folder = tmp_path / "copy"
    shutil.copytree(ROOT / "gx", folder / "gx", ignore=shutil.ignore_patterns("uncommitted"))
    (folder / "demo").mkdir()
    shutil.copy(ROOT / "demo" / "runbook_faults.yml", folder / "demo")
    made = Shell(folder=folder)
    yield made
    for begun in made.background:
        begun.send_signal(signal.SIGTERM)
        begun.wait(30)


def pattern(text: str) -> str:
    parts = (re.escape(" ".join(part.split())) for part in text.split(ANYTHING))
    return r" ?.* ?".join(parts).replace(r"\ ", " ")


def test_every_command_of_the_runbook_ends_and_says_as_it_is_written(shell: Shell) -> None:
    typed = list(commands())
    assert len(typed) > 40
    for one in typed:
        code, printed = shell.type(one.line)
        assert one.code is None or code == one.code, f"{one.line}: {code}\n{printed}"
        folded = [" ".join(line.split()) for line in printed.splitlines()]
        for line in one.shown:
            found = [said for said in folded if re.match(pattern(line.strip()), said)]
            assert found or not line.strip(), f"{one.line}: not said: {line}\n{printed}"


def test_every_python_command_says_how_it_ends() -> None:
    ends = [one for one in commands() if one.line.startswith("python") and one.line[-1] != "&"]
    assert [one.line for one in ends if one.code is None] == []


def test_messages_that_the_demo_cannot_show_are_those_of_the_code() -> None:
    sources = [p for name in ("checkpoints", "remediation") for p in (ROOT / name).rglob("*.py")]
    joined = "\n".join(
        re.sub(r'"\s*\n\s*f?"', "", path.read_text(encoding="utf-8")) for path in sources
    )
    code = re.sub(r"\{[^{}\n]*\}", ANYTHING, joined)
    lines = "".join(blocks("text")).splitlines()
    assert len(lines) > 10
    for line in lines:
        for part in line.split(ANYTHING):
            assert part in code, line


def test_every_link_leads_somewhere() -> None:
    headings = {
        re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-")
        for title in re.findall(r"^#+ (.*)$", RUNBOOK, re.MULTILINE)
    }
    for link in re.findall(r"\]\(([^)]+)\)", RUNBOOK):
        path, _, heading = link.partition("#")
        assert not path or os.path.exists(ROOT / "docs" / path), link
        assert not heading or heading in headings, link
