"""Application-default credentials, impersonation, and that no secret is left anywhere."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.bigquery.commands import WINDOW, checkpoints
from tests.bigquery.google_errors import GoogleError
from tests.bigquery.proxy import IAM
from tests.bigquery.recording import Proxy
from tests.support.certificates import certificate_of
from tests.support.commands import ROOT, command

pytestmark = pytest.mark.usefixtures("demo_loaded")

READER = "reader@proj.iam.gserviceaccount.com"


@pytest.fixture
def internet(proxy: Proxy, tmp_path: Path) -> dict[str, str]:
    """Variables by which https goes to the proxy, which plays Google's IAM."""
    proxy.tls, trusted = certificate_of(IAM, tmp_path)
    return {
        "HTTPS_PROXY": proxy.url,
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        "REQUESTS_CA_BUNDLE": str(trusted),
    }


def test_an_impersonated_account_reads_and_the_own_one_does_not(
    proxy: Proxy, internet: dict[str, str]
) -> None:
    arguments = ("check", *WINDOW, "--impersonate-service-account", READER)
    done = checkpoints(proxy, *arguments, **internet)
    assert done.returncode == 1, done.stderr
    assert set(proxy.impersonated) == {READER}
    assert {c.token for c in proxy.calls if "/bigquery/" in c.path} == {f"ya29.{READER}"}


def test_doctor_names_the_account_that_is_impersonated(
    proxy: Proxy, internet: dict[str, str]
) -> None:
    done = checkpoints(proxy, "doctor", "--impersonate-service-account", READER, **internet)
    said = done.stdout + done.stderr
    assert f"billed to project 'proj', read as {READER}, which is impersonated" in said
    assert "10 of 10 datasets can be reached" in said


def test_who_may_not_impersonate_is_told_so(proxy: Proxy, internet: dict[str, str]) -> None:
    right = "Permission 'iam.serviceAccounts.getAccessToken'"
    denied = GoogleError(403, "forbidden", f"{right} denied on resource (or it may not exist).")
    proxy.fail("POST", ":generateAccessToken", denied, times=10)
    arguments = ("check", *WINDOW, "--impersonate-service-account", READER)
    done = checkpoints(proxy, *arguments, **internet)
    assert done.returncode == 3
    assert "iam.serviceAccounts.getAccessToken" in done.stderr
    assert proxy.queries == []


def test_no_token_is_in_what_a_run_says_and_stores(proxy: Proxy, tmp_path: Path) -> None:
    ignored = shutil.ignore_patterns("uncommitted", "__pycache__")
    shutil.copytree(ROOT / "gx", tmp_path / "gx", ignore=ignored)
    variables = {"WAREHOUSE_URL": "bigquery://proj", **proxy.environment}
    done = command("checkpoints", "run", *WINDOW, "--json", "-", cwd=tmp_path, **variables)
    assert done.returncode == 1, done.stderr
    stored = [path for path in (tmp_path / "gx").rglob("*") if path.is_file()]
    assert any(path.name == "report.json" for path in stored)
    said = done.stdout + done.stderr + "".join(p.read_text(errors="replace") for p in stored)
    assert "ya29." not in said
    assert "Bearer" not in said


def test_credentials_in_the_url_are_refused_and_not_repeated(proxy: Proxy) -> None:
    url = "bigquery://proj?credentials_path=/etc/secret-key.json"
    done = checkpoints(proxy, "check", *WINDOW, url=url)
    assert done.returncode == 2
    assert "application-default" in done.stderr
    assert "secret-key" not in done.stderr
