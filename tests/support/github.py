"""Steps of workflows and of the action, run for real as GitHub's runner does."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from tests.support.forks import ROOT

ACTION = ROOT / "action.yml"
VALIDATE = ROOT / ".github" / "workflows" / "validate.yml"
HERE = "./"
"""How a workflow names the action of its own repository."""


def steps(path: Path) -> list[dict[str, Any]]:
    """The steps of a workflow, or of an action."""
    found = yaml.safe_load(path.read_text("utf-8"))
    if "runs" in found:
        return list(found["runs"]["steps"])
    return [step for job in found["jobs"].values() for step in job["steps"]]


def value_of(expression: str, context: Mapping[str, Any]) -> Any:
    """What GitHub makes of ``a.b || c == 'd' && 'e'``, the forms that are used."""
    result: Any = None
    for alternative in expression.split("||"):
        for term in alternative.strip().strip("()").split("&&"):
            result = _term(term.strip(), context)
            if not result:
                break
        if result:
            return result
    return result


def _term(term: str, context: Mapping[str, Any]) -> Any:
    if "==" in term:
        left, right = term.split("==")
        return _term(left.strip(), context) == _term(right.strip(), context)
    if term.startswith("'"):
        return term.strip("'")
    found: Any = context
    for name in term.split("."):
        found = (found or {}).get(name)
    return found


def filled(text: str, context: Mapping[str, Any]) -> str:
    """A text with the values of its expressions."""
    return re.sub(
        r"\$\{\{(.*?)\}\}", lambda found: str(value_of(found[1].strip(), context) or ""), text
    )


def all_filled(texts: Mapping[str, str], context: Mapping[str, Any]) -> dict[str, str]:
    """The same for ``env`` or ``with``."""
    return {name: filled(str(text), context) for name, text in texts.items()}


@dataclass(frozen=True, kw_only=True)
class Runner:
    """A checkout ``folder`` and, beside it, what GitHub's runner has for a job.

    The programs are those of ``installed``, which the step ``Install`` of the action puts there
    otherwise.
    """

    folder: Path
    installed: Path

    @property
    def outside(self) -> Path:
        """The runner's own files."""
        return self.folder.parent

    def workflow(self, **context: Any) -> tuple[int, str]:
        """The exit code of the job of ``validate.yml``, and all that was printed."""
        said = {"github": {"event_name": "workflow_dispatch"}, "inputs": {}, "vars": {}} | context
        job = yaml.safe_load(VALIDATE.read_text("utf-8"))["jobs"]["checkpoint"]
        (step,) = (s for s in job["steps"] if s.get("uses") == HERE)
        return self.action(all_filled(step["with"], said), **all_filled(job["env"], said))

    def action(self, given: Mapping[str, str], **variables: str) -> tuple[int, str]:
        """The exit code of the action with these inputs, and all that was printed."""
        declared = yaml.safe_load(ACTION.read_text("utf-8"))["inputs"]
        assert given.keys() <= declared.keys()
        inputs = {name: one.get("default", "") for name, one in declared.items()} | given
        (step,) = (s for s in steps(ACTION) if s.get("id") == "checkpoint")
        return self.script(step, inputs, **variables)

    def script(
        self, step: Mapping[str, Any], inputs: Mapping[str, str], **variables: str
    ) -> tuple[int, str]:
        """The exit code of a step with a script, and what it printed."""
        script = self.outside / "step.sh"
        script.write_text(step["run"])
        env = self.environment() | variables | all_filled(step["env"], {"inputs": inputs})
        assert step["shell"] == "bash"
        done = subprocess.run(
            ["bash", "--noprofile", "--norc", "-eo", "pipefail", str(script)],
            cwd=self.folder, env=env, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=120,
        )  # fmt: skip
        return done.returncode, done.stdout

    def environment(self) -> dict[str, str]:
        """What every step has, in a shell whose Python has nothing of the project."""
        kept = {k: v for k, v in os.environ.items() if k in ("HOME", "LANG", "TMPDIR")}
        return kept | {
            "PATH": "/usr/local/bin:/usr/bin:/bin",
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_ACTION_PATH": str(ROOT),
            "GITHUB_OUTPUT": str(self.outside / "output"),
            "GITHUB_STEP_SUMMARY": str(self.outside / "summary.md"),
            "RUNNER_TEMP": str(self.outside),
        }

    def started(self) -> Runner:
        """As a job finds it: nothing is said yet."""
        for name in ("output", "summary.md"):
            (self.outside / name).write_text("")
        programs = self.outside / "checkpoints"
        programs.unlink(missing_ok=True)
        programs.symlink_to(self.installed.parent)
        return self

    def output(self) -> dict[str, str]:
        """The outputs of the action by name; each of them is declared."""
        known = yaml.safe_load(ACTION.read_text("utf-8"))["outputs"]
        assert {f"${{{{ steps.checkpoint.outputs.{n} }}}}" for n in known} == {
            one["value"] for one in known.values()
        }
        lines = (self.outside / "output").read_text().splitlines()
        found = dict(line.split("=", 1) for line in lines)
        assert found.keys() <= known.keys()
        return found

    @property
    def summary(self) -> str:
        """What the page of the workflow's run shows."""
        return (self.outside / "summary.md").read_text()

    def artifacts(self) -> Iterator[Path]:
        """The folders of ``validate.yml``'s upload that hold a file."""
        (upload,) = (s for s in steps(VALIDATE) if s.get("uses", "").startswith("actions/upload"))
        assert upload["if"] == "${{ !cancelled() }}"
        for path in upload["with"]["path"].split():
            if any(found.is_file() for found in (self.folder / path).rglob("*")):
                yield self.folder / path
