"""The picture in the README: the page of the demo's failed run, as Chromium shows it."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from checkpoints.errors import ExitCode
from demo.errors import PictureFailed
from demo.story import STEP_SECONDS, WINDOW

BROWSERS = ("chromium", "chromium-browser", "google-chrome")
SIZE = "1440,1500"
ROOT = Path(__file__).parents[1]


def draw(output: Path, python: str, environment: Mapping[str, str]) -> None:
    """Build the demo in a folder of its own, run the checkpoint, and take a picture of its page.

    Nothing of the project is read but the contract and its suites.

    Raises:
        PictureFailed: there is no Chromium, or a step failed.
    """
    browser = _browser(environment)
    variables = {k: v for k, v in environment.items() if k not in ("WAREHOUSE_URL", "COLUMNS")}
    with TemporaryDirectory() as name:
        folder = Path(name)
        shutil.copytree(ROOT / "gx", folder / "gx", ignore=shutil.ignore_patterns("uncommitted"))
        (folder / "demo").mkdir()
        variables["PYTHONPATH"] = str(ROOT)
        commands = {"demo build": ExitCode.COMPLETE}
        commands[f"checkpoints run {WINDOW} --no-notify"] = ExitCode.INCOMPLETE
        for command, expected in commands.items():
            _do([python, "-m", *command.split()], expected, folder, variables)
        (page,) = folder.glob("gx/uncommitted/data_docs/local_site/signoff/*.html")
        picture = folder / "picture.png"
        flags = ("--headless=new", "--no-sandbox", "--hide-scrollbars", f"--window-size={SIZE}")
        shot = f"--screenshot={picture}"
        _do([browser, *flags, shot, page.as_uri()], ExitCode.COMPLETE, folder, variables)
        if not picture.exists():
            raise PictureFailed(f"{browser} took no picture of the page")
        shutil.copyfile(picture, output)


def _browser(environment: Mapping[str, str]) -> str:
    wanted = environment.get("CHROMIUM")
    names = (wanted,) if wanted else BROWSERS
    found = (shutil.which(name, path=environment.get("PATH")) for name in names)
    if browser := next(filter(None, found), None):
        return browser
    raise PictureFailed(
        f"there is no {' or '.join(names)}: install Chromium, or name one with CHROMIUM=/its/path"
    )


def _do(words: list[str], expected: int, folder: Path, variables: Mapping[str, str]) -> None:
    try:
        done = subprocess.run(
            words,
            cwd=folder,
            env=dict(variables),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=STEP_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired as error:
        raise PictureFailed(f"`{' '.join(words)}` took longer than {STEP_SECONDS} s") from error
    if done.returncode != expected:
        raise PictureFailed(
            f"`{' '.join(words)}` ended with exit code {done.returncode}: {done.stderr.strip()}"
        )
