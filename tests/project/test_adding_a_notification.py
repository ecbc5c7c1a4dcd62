"""A new kind of notifier is one file and one line: tried on a copy of the project."""

from __future__ import annotations

from pathlib import Path

from tests.support.commands import command
from tests.support.scratch import edit, scratch_copy
from tests.support.warehouses import BASIC, write_contract

DIARY = '''"""Diary: a line in a file."""

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from checkpoints.output.notify.kind import NotifierKind, Send
from checkpoints.output.notify.notification import Notification


class Diary(NotifierKind):
    """A file that grows by a line."""

    kind: ClassVar[str] = "diary"

    diary: str

    def ways(self, environment: Mapping[str, str]) -> Mapping[str, Send]:
        """One: the file."""
        return {self.label: self._note}

    def _note(self, notification: Notification) -> None:
        with Path(self.diary).open("a") as file:
            file.write(f"{notification.title}\\n")


KIND = Diary
'''


def test_a_kind_of_notifier_is_one_file_and_one_line(tmp_path: Path) -> None:
    copy = scratch_copy(tmp_path)
    (copy / "checkpoints/output/notify/diary.py").write_text(DIARY)
    kinds = copy / "checkpoints/contract/notifiers.py"
    line = '    "command": "checkpoints.output.notify.command",\n'
    edit(kinds, line, line + '    "diary": "checkpoints.output.notify.diary",\n')

    def notify(path: Path) -> tuple[int, str]:
        contract = write_contract(tmp_path, BASIC, notify=[{"diary": str(path)}])
        where = ("--contract", str(contract))
        done = command("checkpoints", "notify", "--test", *where, cwd=copy)
        return done.returncode, done.stdout + done.stderr

    kept = tmp_path / "diary.txt"
    assert notify(kept) == (0, "'diary': ok\n")
    assert kept.read_text() == "checkpoints: a test of the notifiers\n"
    # A defect of a kind is reported like any failure.
    assert notify(tmp_path / "none" / "diary.txt") == (
        3, "'diary': FileNotFoundError while it was sent\n",
    )  # fmt: skip
