"""The picture of the README is taken by a command."""

from pathlib import Path

from tests.support.browser import CHROMIUM
from tests.support.commands import command


def test_without_chromium_the_command_says_what_to_install(tmp_path: Path) -> None:
    picture = tmp_path / "report.png"
    done = command("demo", "picture", "--output", str(picture), CHROMIUM="/no/such/chromium")
    assert done.returncode == 3
    assert "there is no /no/such/chromium: install Chromium, or name one" in done.stderr
    assert not picture.exists()


def test_the_picture_is_that_of_the_page_of_the_failed_run(
    tmp_path: Path, chromium: object
) -> None:
    picture = tmp_path / "report.png"
    done = command("demo", "picture", "--output", str(picture), CHROMIUM=CHROMIUM)
    assert done.returncode == 0, done.stderr
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 50_000
