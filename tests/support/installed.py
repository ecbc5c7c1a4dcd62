"""The wheel, installed where nothing else is: ``installed`` is a fixture of every test."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest
from filelock import FileLock

from tests.support.dockerfile import stages
from tests.support.forks import ROOT


@pytest.fixture(scope="session")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The programs' folder of an empty environment in which the wheel was installed.

    It is built once for all who run the tests at the same time, of what the Dockerfile copies.
    What the wheel asks for is taken from this environment: `pip check` says whether it is there.
    """
    base = tmp_path_factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "wheel"
    with FileLock(f"{folder}.lock"):
        if not (folder / "installed").exists():
            _install(folder)
            (folder / "installed").touch()
    return folder / "venv/bin"


def _install(folder: Path) -> None:
    source = folder / "source"
    source.mkdir(parents=True)
    for part in stages()[0].copied:
        copy = shutil.copytree if (ROOT / part).is_dir() else shutil.copy
        copy(ROOT / part, source / part)
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
    wheel = [*pip, "wheel", "--no-deps", "--no-build-isolation", "-w", str(folder), str(source)]
    subprocess.run(wheel, check=True)
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "venv"], check=True)
    python = folder / "venv/bin/python"
    subprocess.run(
        [*pip, "--python", str(python), "install", "--no-deps", *folder.glob("*.whl")], check=True
    )
    found = subprocess.run(
        [python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    (Path(found.stdout.strip()) / "others.pth").write_text(sysconfig.get_path("purelib"))
