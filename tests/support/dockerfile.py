"""What the Dockerfile says, instruction by instruction."""

from __future__ import annotations

import json
import re
import shlex
from dataclasses import dataclass, field

from tests.support.forks import ROOT


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """``FROM`` an image, and what follows: a pair of instruction and its text each."""

    base: str
    instructions: list[tuple[str, str]] = field(default_factory=list)

    def of(self, name: str) -> list[str]:
        """The texts of an instruction, in order."""
        return [text for known, text in self.instructions if known == name]

    @property
    def copied(self) -> list[str]:
        """What is copied from the project, by the name of its folder or file."""
        texts = [text for text in self.of("COPY") if not text.startswith("--from=")]
        return [source for text in texts for source in text.split()[:-1]]

    @property
    def environment(self) -> dict[str, str]:
        """The variables of its processes."""
        words = [word for text in self.of("ENV") for word in shlex.split(text)]
        return dict(word.split("=", 1) for word in words)


def stages() -> list[Stage]:
    """The stages, the one that becomes the image last."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    lines = [line for line in text.splitlines() if line and not line.startswith("#")]
    found: list[Stage] = []
    for line in re.sub(r"\s*\\\n\s*", " ", "\n".join(lines)).splitlines():
        name, _, rest = line.partition(" ")
        if name == "FROM":
            found.append(Stage(base=rest))
        else:
            found[-1].instructions.append((name, rest))
    return found


def command_of(stage: Stage) -> list[str]:
    """The command that a container runs where none is given."""
    (text,) = stage.of("CMD")
    return [str(word) for word in json.loads(text)]
