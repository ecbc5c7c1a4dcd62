"""A container without Docker: what the kernel makes of one, from a file system put together here.

Its root is a read-only file system of the machine's programs and of the folders that are mounted;
only ``/tmp`` and what is mounted for writing can be written. User, folder and variables are those
of the last stage of the Dockerfile, and nothing else of this process's environment is there.
"""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.dockerfile import stages

PROGRAMS = ("/usr", "/bin", "/lib", "/lib64", "/etc", "/proc", "/dev")
TOOLS = ("unshare", "mount", "chroot")
BIND = 'mkdir -p "$root{inside}" && mount --rbind {outside} "$root{inside}"'
READ_ONLY = 'mount -o remount,bind,ro "$root{inside}"'


@dataclass(frozen=True, slots=True, kw_only=True)
class Container:
    """An installed wheel as ``/venv``, and folders of this machine by their path inside."""

    installed: Path
    reads: dict[str, Path]
    writes: dict[str, Path]

    def run(self, *command: str) -> subprocess.CompletedProcess[str]:
        """Run a command as ``docker run --read-only --tmpfs /tmp`` does."""
        script = "\n".join(["set -eu", 'root="$1"', *self._mounts(), self._started(command)])
        return subprocess.run(
            ["unshare", "--mount", "--propagation", "private", "sh", "-c", script, "sh", "/mnt"],
            stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=300,
        )  # fmt: skip

    def _mounts(self) -> list[str]:
        venv = self.installed.parent
        needed = [*PROGRAMS, sys.base_prefix, sysconfig.get_path("purelib"), str(venv)]
        reads = {**{path: Path(path) for path in needed}, "/venv": venv, **self.reads}
        tmp = 'mkdir "$root/tmp" && mount -t tmpfs -o mode=1777 tmpfs "$root/tmp"'
        commands = ['mount -t tmpfs -o mode=755 tmpfs "$root"', tmp]
        for inside, outside in {**reads, **self.writes}.items():
            commands.append(BIND.format(inside=inside, outside=shlex.quote(str(outside))))
        commands += [READ_ONLY.format(inside=inside) for inside in ["", *reads]]
        return commands

    def _started(self, command: tuple[str, ...]) -> str:
        image = stages()[-1]
        (folder,), (user,) = image.of("WORKDIR"), image.of("USER")
        variables = [f"{name}={value}" for name, value in image.environment.items()]
        env = ["env", "-i", f"--chdir={folder}", *variables, *command]
        return f'exec chroot --userspec={user} --groups="" "$root" {shlex.join(env)}'


def needs_containers() -> None:
    """Skip where this process may not mount anything."""
    if lacking := [tool for tool in TOOLS if not shutil.which(tool)]:
        pytest.skip(f"needs {' and '.join(lacking)}")
    may = ["unshare", "--mount", "mount", "-t", "tmpfs", "tmpfs", "/mnt"]
    if os.geteuid() or subprocess.run(may, capture_output=True).returncode:
        pytest.skip("needs root that may mount file systems")
