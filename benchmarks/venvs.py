"""The tools' own Pythons: a venv each, from a lock file, made when it is first needed."""

from __future__ import annotations

import sys
from pathlib import Path

from benchmarks.measuring import Bench

LOCKS = Path(__file__).resolve().parent / "locks"


def installed(name: str, folder: Path, bench: Bench) -> Path | None:
    """The venv of a tool; None where it cannot be installed here."""
    venv, lock = folder / name, LOCKS / f"{name}.lock"
    stamp = venv / ".installed"
    if stamp.is_file() and stamp.read_text() == lock.read_text():
        return venv
    made = bench.run([sys.executable, "-m", "venv", "--clear", str(venv)])
    pip = [str(venv / "bin" / "python"), "-m", "pip", "install", "--quiet"]
    done = bench.run([*pip, "--disable-pip-version-check", "-r", str(lock)])
    if made.code or done.code:
        return None
    stamp.write_text(lock.read_text())
    return venv


def version_of(name: str, package: str) -> str:
    """The pinned version of a package in a tool's lock file."""
    lines = (LOCKS / f"{name}.lock").read_text().splitlines()
    return next((line.split("==")[1] for line in lines if line.startswith(f"{package}==")), "")
