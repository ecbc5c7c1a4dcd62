"""Runs a command for the benchmark, and writes down how long it took and the memory it had.

A process begins with the peak memory of the one that starts it. So this small one starts it:
``python -I -S launch.py RESULT OUTPUT COMMAND…``.
"""

from __future__ import annotations

import os
import sys
import time


def main(result: str, output: str, command: list[str]) -> None:
    """Run the command with its output in a file; the result is ``seconds peak_bytes code``."""
    out = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    nothing = os.open(os.devnull, os.O_RDONLY)
    streams = [(os.POSIX_SPAWN_DUP2, nothing, 0)]
    streams += [(os.POSIX_SPAWN_DUP2, out, stream) for stream in (1, 2)]
    started = time.perf_counter()
    child = os.posix_spawnp(command[0], command, os.environ, file_actions=streams)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - started
    code = os.waitstatus_to_exitcode(status)
    with open(result, "w", encoding="ascii") as file:
        file.write(f"{seconds} {usage.ru_maxrss * 1024} {code}")


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], sys.argv[3:])
