"""What is said of a BigQuery URL and of credentials, before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.commands import command
from tests.support.warehouses import BASIC, write_contract

WINDOW = ("--from", "2025-01-10", "--to", "2025-01-12", "--as-of", "2025-02-01")


def refused(folder: Path, code: int, url: str = "bigquery://proj", **variables: str) -> str:
    """What a check says that ends in this exit code."""
    contract = ("--contract", str(write_contract(folder, BASIC)))
    home = {"HOME": str(folder), "CLOUDSDK_CONFIG": str(folder), "NO_GCE_CHECK": "true"}
    done = command(
        "checkpoints", "check", *WINDOW, *contract, "--warehouse", url, **home, **variables
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stderr


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (None, "was not found"),
        ("", "is not a valid json file"),
        ("{}", "does not have a valid type"),
        ("[]", "has no attribute 'get'"),
        ('{"type": "service_account", "client_email": "a@b"}', "Failed to load service account"),
    ],
)
def test_a_file_of_credentials_that_is_unusable_is_named_with_googles_own_words(
    tmp_path: Path, content: str | None, words: str
) -> None:
    file = tmp_path / "key.json"
    if content is not None:
        file.write_text(content)
    said = refused(tmp_path, 3, GOOGLE_APPLICATION_CREDENTIALS=str(file))
    assert said.startswith(f"error: GOOGLE_APPLICATION_CREDENTIALS names {str(file)!r}, which")
    assert words in said
    assert said.count("\n") == 1


def test_a_folder_in_place_of_a_file_of_credentials_is_no_crash(tmp_path: Path) -> None:
    said = refused(tmp_path, 3, GOOGLE_APPLICATION_CREDENTIALS=str(tmp_path))
    assert "Is a directory" in said


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("nonsense=1", "unknown parameter 'nonsense': known are labels, location, maximum_bytes"),
        ("locaton=EU", "unknown parameter 'locaton': did you mean 'location'?"),
        # Of the library's own: it would write, and never read anything.
        ("destination=p.d.t", "unknown parameter 'destination'"),
        ("dry_run=true", "unknown parameter 'dry_run'"),
        ("location=EU&location=US", "parameter 'location' is given 2 times: give it once"),
        ("priority=SOON", "invalid priority in url query: SOON"),
    ],
)
def test_parameters_of_a_url_that_are_not_known_are_refused(
    tmp_path: Path, query: str, said: str
) -> None:
    assert said in refused(tmp_path, 2, f"bigquery://proj?{query}")
