"""The command of a project's service (tests only): rebuilds factors, or does what a script says.

``acts.json`` in its folder names, by the first date it is asked for, what each next attempt does:
``say hello; land; exit 3``. Without an entry it lands. ``log.jsonl`` has a line at every start
and every end.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from datetime import date, timedelta
from pathlib import Path
from typing import Any

Dates = list[str]


def log(**line: Any) -> None:
    with open("log.jsonl", "a") as file:
        file.write(json.dumps({"pid": os.getpid(), "at": time.monotonic(), **line}) + "\n")


def dates_of(words: list[str]) -> Dates:
    """One date, a first and a last, or some with commas."""
    if len(words) == 1:
        return words[0].split(",")
    first, last = map(date.fromisoformat, words)
    return [str(first + timedelta(days=n)) for n in range((last - first).days + 1)]


def write(dates: Dates, most: int = 1000, *, keep: bool = False) -> None:
    import duckdb  # takes longer than all else that the command does

    for _ in range(1000):
        try:
            connection = duckdb.connect("warehouse.duckdb")
            break
        except duckdb.Error:  # somebody is reading it
            time.sleep(0.01)
    with connection:
        connection.begin()
        if not keep:
            connection.execute("DELETE FROM s.factors WHERE list_contains(?::DATE[], d)", [dates])
        connection.execute(
            "INSERT INTO s.factors SELECT d, k FROM s.summary WHERE list_contains(?::DATE[], d) "
            "QUALIFY row_number() OVER (PARTITION BY d ORDER BY k) <= ?",
            [dates, most],
        )
        connection.commit()


def say(text: str) -> None:
    os.write(1, f"{text}\n".encode())


def linger(seconds: str, *, stubborn: bool = False) -> None:
    """Start a child that holds the output open."""
    ignore = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " if stubborn else ""
    code = f"{ignore}import time; print('ready', flush=True); time.sleep({seconds})"
    command = [sys.executable, "-I", "-S", "-c", code]
    child = subprocess.Popen(command)
    log(child=child.pid)


def do(act: str, dates: Dates) -> None:
    name, _, rest = act.strip().partition(" ")
    match name:
        case "land":
            write(dates[: int(rest or 1000)])
        case "half":
            write(dates, 1)
        case "append":
            write(dates, keep=True)
        case "say":
            say(rest)
        case "reveal":
            say(f"the value is {os.environ[rest]}")
        case "chatter":
            for _ in range(40):
                os.write(1, bytes(range(256)) * 256 + b"\x1b[31mred\x1b[0m\r\n")
        case "sleep":
            time.sleep(float(rest))
        case "ignore":
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
        case "linger":
            linger(rest or "60")
        case "cling":
            linger(rest or "60", stubborn=True)
        case "die":
            os.kill(os.getpid(), signal.SIGKILL)
        case "exit":
            log(end=int(rest))
            sys.exit(int(rest))


def main(words: list[str]) -> None:
    dates, folder = dates_of(words), Path()
    before = (folder / "log.jsonl").read_text() if (folder / "log.jsonl").exists() else ""
    attempt = sum(
        json.loads(line).get("dates", [""])[0] == dates[0] for line in before.split("\n") if line
    )
    log(dates=dates, words=words, key=os.environ.get("IDEMPOTENCY_KEY"))
    acts = json.loads((folder / "acts.json").read_text()).get(dates[0], [])
    for act in (acts[attempt] if attempt < len(acts) else "land").split(";"):
        do(act, dates)
    log(end=0)


if __name__ == "__main__":
    main(sys.argv[1:])
