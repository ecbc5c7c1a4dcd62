"""Processes forked from one that has imported everything already, which starts them in no time.

Starting Python and importing the libraries costs up to three seconds of CPU, a fork some
milliseconds. What is forked is a process like any other, with its own id, signals, exit code,
streams, environment and folder; only the imports lie behind it, and the templates of pages are
compiled. A test about start-up, or about what is imported, starts a process of its own.
"""

from __future__ import annotations

import atexit
import ctypes
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from functools import cache
from io import TextIOWrapper
from pathlib import Path
from select import select
from threading import Thread
from typing import TYPE_CHECKING, Any, TextIO

if TYPE_CHECKING:
    from jinja2 import Environment

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = ("checkpoints", "remediation", "demo")
LIBRARY = ("checkpoints.library", "checkpoints.plugin")
USE_LIBRARY = (("run",), ("docs",), ("suites",))
NEVER = ("__main__", "commands", "bigquery", "bigquery_errors")
"""Modules that note when the process began, and a client that starts threads."""
THIRD_PARTY = ("requests", "rich.progress", "rich.table", "jinja2", "filelock", "sqlite3")
TEMPLATES = {"checkpoints.output.page": "environment", "checkpoints.plugin.pages": "_environment"}
LONGEST = 200_000
DIES_WITH_PARENT = 1


class Forked:
    """A forked process, as ``subprocess.Popen`` shows one."""

    def __init__(self, connection: socket.socket, out: int | None, err: int | None) -> None:
        self._told = connection.makefile("r")
        connection.close()
        self.pid = int(self._told.readline())
        self.returncode: int | None = None
        self.stdout: TextIO | None = None if out is None else os.fdopen(out)
        self.stderr: TextIO | None = None if err is None else os.fdopen(err)

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, negative for a signal."""
        if self.returncode is None and not self._ended_within(timeout):
            raise subprocess.TimeoutExpired(str(self.pid), timeout or 0)
        return self.returncode

    def poll(self) -> int | None:
        """The exit code; None while it runs."""
        if self.returncode is None:
            self._ended_within(0)
        return self.returncode

    def _ended_within(self, seconds: float | None) -> bool:
        if seconds is not None and not select([self._told], [], [], seconds)[0]:
            return False
        self.returncode = int(self._told.readline())
        self._told.close()
        return True

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """All that it writes to its pipes until it ends."""
        read = ["", ""]

        def drain(number: int, stream: TextIO) -> None:
            with stream:
                read[number] = stream.read()

        threads = [
            Thread(target=drain, args=(n, stream), daemon=True)
            for n, stream in enumerate((self.stdout, self.stderr))
            if stream is not None and not stream.closed
        ]
        for thread in threads:
            thread.start()
        try:
            self.wait(timeout)
        except subprocess.TimeoutExpired:
            self.send_signal(signal.SIGKILL)
            raise
        for thread in threads:
            thread.join(timeout)
        return read[0], read[1]

    def send_signal(self, number: int) -> None:
        """Send a signal to the process, if it still runs."""
        if self.poll() is None:
            os.kill(self.pid, number)


def fork(
    module: str,
    *arguments: str,
    env: Mapping[str, str],
    cwd: Path = ROOT,
    stdout: int | None = subprocess.PIPE,
    stderr: int | None = subprocess.PIPE,
) -> Forked:
    """Start ``python -m module arguments``; output streams are as ``Popen`` takes them."""
    uses_library = module == "checkpoints" and arguments[:1] in USE_LIBRARY
    ours, theirs = socket.socketpair()
    nowhere = os.open(os.devnull, os.O_RDWR)
    pipes = [os.pipe() if wanted == subprocess.PIPE else None for wanted in (stdout, stderr)]
    ends = [
        pipe[1] if pipe else nowhere if wanted in (None, subprocess.DEVNULL) else wanted
        for pipe, wanted in zip(pipes, (stdout, stderr), strict=True)
    ]
    request = json.dumps([module, arguments, dict(env), str(cwd)]).encode()
    fds = [theirs.fileno(), nowhere, *(e for e in ends if e is not None)]
    socket.send_fds(_server(uses_library), [request], fds)
    theirs.close()
    for end in (nowhere, *(pipe[1] for pipe in pipes if pipe)):
        os.close(end)
    out, err = (pipe[0] if pipe else None for pipe in pipes)
    return Forked(ours, out, err)


@cache
def _server(with_library: bool) -> socket.socket:
    """The process that forks, started when it is first needed."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 2 * LONGEST)
    command = [sys.executable, "-m", __name__, str(theirs.fileno()), str(int(with_library))]
    one = dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS"), "1")
    server = subprocess.Popen(
        command, cwd=ROOT, env={**os.environ, **one}, pass_fds=[theirs.fileno()]
    )
    theirs.close()

    def stop() -> None:
        ours.close()
        server.wait()

    atexit.register(stop)
    return ours


def _import_all(with_library: bool) -> None:
    for name in THIRD_PARTY:
        importlib.import_module(name)
    for package in PACKAGES:
        for path in sorted((ROOT / package).rglob("*.py")):
            name = ".".join(path.relative_to(ROOT).with_suffix("").parts)
            needs_library = name.startswith(LIBRARY)
            if path.stem not in NEVER and with_library >= needs_library:
                importlib.import_module(name.removesuffix(".__init__"))
    if with_library:
        importlib.import_module("great_expectations")
    for module, name in TEMPLATES.items():
        if module in sys.modules:
            _compile_all(getattr(sys.modules[module], name)())
    gc.collect()
    gc.freeze()
    assert len(os.listdir("/proc/self/task")) == 1, "a fork would lack the other threads"


def _compile_all(templates: Environment) -> None:
    """What a command would do for each page that it writes."""
    for name in templates.list_templates():
        templates.get_template(name)


def _serve(control: socket.socket) -> tuple[list[Any], list[int]]:
    """Fork at every request. Returns in the forked process, with what it is to run."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    while True:
        request, fds, _, _ = socket.recv_fds(control, LONGEST, 4)
        if not request:
            os._exit(0)
        if os.fork() == 0:
            control.close()
            _fork_and_tell(fds[0])
            return json.loads(request), fds[1:]
        for fd in fds:
            os.close(fd)
        with suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG) != (0, 0):
                pass


def _fork_and_tell(told: int) -> None:
    """Fork, and stay behind to tell the process's id and at last its exit code."""
    pid = os.fork()
    if pid == 0:
        os.close(told)
        return
    os.closerange(0, told)
    os.closerange(told + 1, told + 64)
    os.write(told, f"{pid}\n".encode())
    _, status = os.waitpid(pid, 0)
    os.write(told, f"{os.waitstatus_to_exitcode(status)}\n".encode())
    os._exit(0)


def _become(env: Mapping[str, str], cwd: str, fds: Sequence[int]) -> None:
    """What a new process of its own would find."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for standard, fd in enumerate(fds):
        os.dup2(fd, standard)
        os.close(fd)
    os.chdir(cwd)
    os.environ.clear()
    os.environ.update(env)
    sys.path[:1] = [cwd, *filter(None, env.get("PYTHONPATH", "").split(":"))]
    sys.stdin = sys.__stdin__ = open(0, closefd=False)  # noqa: SIM115
    for name, fd in (("stdout", 1), ("stderr", 2)):
        raw = os.fdopen(fd, "wb", closefd=False)
        stream = TextIOWrapper(
            raw,
            encoding=env.get("PYTHONIOENCODING", "utf-8"),
            errors="strict" if fd == 1 else "backslashreplace",
            line_buffering=fd == 2 or os.isatty(fd),
        )
        setattr(sys, name, stream)
        setattr(sys, f"__{name}__", stream)


def _end(code: object) -> None:
    """As the interpreter ends, without the teardown of all modules."""
    atexit._run_exitfuncs()
    try:
        sys.stdout.flush()
    except BrokenPipeError:
        os._exit(120)
    sys.stderr.flush()
    os._exit(code if isinstance(code, int) else 0)


if __name__ == "__main__":
    ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGTERM)
    _import_all(bool(int(sys.argv[2])))
    (module, arguments, env, cwd), fds = _serve(socket.socket(fileno=int(sys.argv[1])))
    _become(env, cwd, fds)
    sys.argv = [module, *arguments]
    try:
        runpy.run_module(module, run_name="__main__", alter_sys=True)
    except SystemExit as ended:
        _end(ended.code)
