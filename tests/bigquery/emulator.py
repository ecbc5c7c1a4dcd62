"""A BigQuery emulator on loopback, in a process and a Python of its own."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import requests

ROOT = Path(__file__).resolve().parents[2]
VENV = ROOT / ".venv-bigquery"
PATIENCE = 60.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Emulator:
    """A running emulator; ``url`` has no path, ``folder`` holds its data and its log."""

    url: str
    folder: Path
    pid: int


def reason_to_skip() -> str | None:
    """Why there is no emulator here, or None."""
    if (VENV / ".installed").is_file():
        return None
    return (
        f"needs the BigQuery emulator in {VENV.name}, which is not installed: "
        "make test-bigquery (wants a Python 3.13)"
    )


@contextmanager
def running(folder: Path) -> Iterator[Emulator]:
    """Start an emulator with its data in ``folder``; stop it at the end.

    Raises:
        RuntimeError: it did not come up.
    """
    port, grpc_port = _free_ports(2)
    command = [
        *(str(VENV / "bin" / "local-bigquery"), "--host", "127.0.0.1"),
        *("--port", str(port), "--grpc-port", str(grpc_port), "--data-dir", str(folder / "data")),
    ]
    home = {"HOME": str(VENV / "home")}  # where its DuckDB looks for extensions
    log = folder / "emulator.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            command, env={**os.environ, **home}, stdin=subprocess.DEVNULL, stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):  # fmt: skip
        try:
            url = f"http://127.0.0.1:{port}"
            _wait_until_ready(url, process, log)
            yield Emulator(url=url, folder=folder, pid=process.pid)
        finally:
            _stop(process)


def _free_ports(number: int) -> list[int]:
    """Ports that nobody listens on; all held at once, so that they differ."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(number)]
    ports = [int(s.getsockname()[1]) for s in sockets]
    for each in sockets:
        each.close()
    return ports


def _wait_until_ready(url: str, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(requests.ConnectionError):
            if requests.get(f"{url}/bigquery/v2/projects/p/datasets", timeout=PATIENCE).ok:
                return
        time.sleep(0.1)
    raise RuntimeError(f"the emulator did not come up:\n{log.read_text()[-2000:]}")


def _stop(process: subprocess.Popen[bytes]) -> None:
    process.terminate()
    try:
        process.wait(10)
    except subprocess.TimeoutExpired:
        process.kill()
