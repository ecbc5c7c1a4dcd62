"""What somebody made by hand in the same project is kept, and actions of the contract are done."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml

from checkpoints.contract.loading import ContractFile, load_contract
from checkpoints.errors import ContractError
from checkpoints.library.judge import refuse_unusable
from checkpoints.library.suites import generate, stable_id, write
from tests.support.commands import ROOT, command, environment
from tests.support.projects import project_of
from tests.support.warehouses import BASIC, contract_of, days, fill

WINDOW = ("--from", "2025-01-06", "--to", "2025-01-08", "--as-of", "2025-02-01")
OWN = """
import great_expectations as gx, pandas as pd
from great_expectations import expectations as e
from great_expectations.checkpoint import UpdateDataDocsAction

class ExpectColumnValuesToBeMine(e.ExpectColumnValuesToNotBeNull):
    pass

context = gx.get_context(context_root_dir={project!r}, mode="file")
asset = context.data_sources.add_pandas("own").add_dataframe_asset("frame")
batch = asset.add_batch_definition_whole_dataframe("all")
suite = context.suites.add(gx.ExpectationSuite("own [suite]", expectations=[
    e.ExpectColumnValuesToNotBeNull(column="a", mostly=0.5),
    e.ExpectColumnMeanToBeBetween(column="a", max_value=1),
    e.ExpectColumnValuesToMatchRegex(column="nope", regex="x"),
    ExpectColumnValuesToBeMine(column="a"),
]))
definition = context.validation_definitions.add(
    gx.ValidationDefinition(name="own", data=batch, suite=suite))
checkpoint = context.checkpoints.add(gx.Checkpoint(
    name="own", validation_definitions=[definition],
    actions=[UpdateDataDocsAction(name="docs")], result_format="COMPLETE"))
checkpoint.run(batch_parameters={{"dataframe": pd.DataFrame({{"a": [1.0, 2.0, None]}})}})
"""
SITE = {
    "class_name": "SiteBuilder",
    "store_backend": {
        "class_name": "TupleFilesystemStoreBackend",
        "base_directory": "uncommitted/data_docs/own/",
    },
    "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
}
MADE = ("expectations/own [suite].json", "validation_definitions/own.json", "checkpoints/own.json")


def project(folder: Path, **changes: Any) -> ContractFile:
    """A project whose datasets are complete from 2025-01-06 to 2025-01-08."""
    keys = days("2025-01-06", "2025-01-08")
    url = fill(folder / "w.duckdb", dict.fromkeys(("schedule", "raw", "summary", "factors"), keys))
    return project_of(folder, warehouse=url, **changes)


def run(file: ContractFile, name: str = "run", **environment: str) -> tuple[int, str]:
    done = command("checkpoints", name, "--contract", str(file.path), *WINDOW, **environment)
    return done.returncode, done.stderr


def add_site(file: ContractFile, site: dict[str, Any]) -> None:
    path = file.project / "great_expectations.yml"
    settings = yaml.safe_load(path.read_text("utf-8"))
    settings["data_docs_sites"]["own"] = site
    path.write_text(yaml.safe_dump(settings, sort_keys=False), "utf-8")


@pytest.mark.parametrize("with_site", [False, True])
def test_a_checkpoint_made_by_hand_runs_is_shown_and_is_kept(
    tmp_path: Path, with_site: bool
) -> None:
    file = project(tmp_path)
    if with_site:
        add_site(file, SITE)
    script = tmp_path / "own.py"
    script.write_text(OWN.format(project=str(file.project)), "utf-8")
    made = subprocess.run(
        [sys.executable, str(script)],
        env=environment(PYTHONPATH=str(ROOT)), capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert made.returncode == 0, made.stderr
    before = {name: (file.project / name).read_bytes() for name in MADE}

    assert run(file)[0] == 0
    docs = command("checkpoints", "docs", "--contract", str(file.path))
    suites = command("checkpoints", "suites", "--contract", str(file.path))

    assert docs.returncode == 0
    assert bool(docs.stderr) is with_site, "that site's own pages need the class of expectations"
    assert suites.stdout == "0 files changed\n"
    assert {name: (file.project / name).read_bytes() for name in MADE} == before
    site = file.project / "uncommitted/data_docs/local_site"
    text = (site / "expectations/own [suite].html").read_text("utf-8")
    assert "a values must not be null, at least 50 % of the time." in text
    (page,) = site.glob("validations/own ?suite?/*/*/*.html")
    shown = page.read_text("utf-8")
    assert "1 of 4 checks could not be evaluated" in shown
    assert "expect_column_values_to_be_mine" in shown
    assert "1.5" in shown
    assert "Sign-off page" not in shown
    assert page.relative_to(site).as_posix().split("/")[-2] in (site / "index.html").read_text()
    others = [*file.project.glob("uncommitted/data_docs/own/validations/**/*.html")]
    assert bool(others) is with_site


def test_a_site_that_cannot_be_written_is_a_warning(tmp_path: Path) -> None:
    file = project(tmp_path)
    (tmp_path / "taken").write_text("a file")
    backend = {**SITE["store_backend"], "base_directory": str(tmp_path / "taken" / "site")}
    add_site(file, {**SITE, "store_backend": backend})

    code, said = run(file)

    assert code == 0
    assert "warning: Data Docs site 'own' failed: " in said
    docs = command("checkpoints", "docs", "--contract", str(file.path))
    assert docs.returncode == 0
    assert "warning: Data Docs site 'own' failed: " in docs.stderr


def test_a_file_made_by_hand_is_not_overwritten_by_one_of_its_name(tmp_path: Path) -> None:
    contract = contract_of(tmp_path).contract
    own = tmp_path / "expectations/L3.json"
    own.parent.mkdir()
    own.write_text('{"id": "5c1fba45-0000-0000-0000-000000000000", "name": "L3"}')

    with pytest.raises(ContractError, match=r"L3\.json: was not generated.*rename one"):
        write(tmp_path, contract)

    assert [path.name for path in tmp_path.rglob("*.json")] == ["L3.json"]


def test_suites_says_which_files_it_deletes(tmp_path: Path) -> None:
    file = project(tmp_path)
    own = file.project / "checkpoints/nightly.json"
    own.write_text(json.dumps({"id": stable_id("checkpoint", "daily"), "name": "nightly"}))
    (file.project / "pipeline.yml").write_text(
        yaml.safe_dump({**BASIC, "checkpoints": {"after_backfill": {"suites": ["L4"]}}}), "utf-8"
    )
    done = command("checkpoints", "suites", "--contract", str(file.path))

    assert f"deleted {file.project / 'checkpoints/daily.json'}\n" in done.stdout
    assert own.exists(), "it has the id of a generated file under another name"


# ------------------------------------------------------------- actions

HOOK = {"type": "slack", "name": "tell us", "slack_webhook": "${HOOK}", "notify_on": "all"}
OTHER = {
    "type": "opsgenie",
    "name": "page us",
    "api_key": "${KEY}",
    "region": "x",
    "notify_on": "all",
}


def actions(*given: dict[str, Any]) -> dict[str, Any]:
    first = {**BASIC["checkpoints"]["after_backfill"], "actions": list(given)}
    return {**BASIC["checkpoints"], "after_backfill": first}


@pytest.fixture
def hook() -> Iterator[tuple[str, list[str]]]:
    """The address of a webhook, and what was sent there; ``/gone`` answers 404."""
    sent: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            sent.append(self.rfile.read(int(self.headers["Content-Length"])).decode())
            self.send_response(404 if self.path.endswith("/gone") else 200)
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            """Say nothing."""

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


def test_an_action_of_the_contract_is_done_with_the_value_of_its_variable(
    tmp_path: Path, hook: tuple[str, list[str]]
) -> None:
    address, sent = hook
    file = project(tmp_path, checkpoints=actions(HOOK))
    code, said = run(file, HOOK=f"{address}/secret")

    assert (code, "warning" in said) == (0, False)
    (message,) = sent
    assert "after_backfill" in message
    stored = "".join(p.read_text("utf-8") for p in (file.project / "checkpoints").glob("*.json"))
    assert "${HOOK}" in stored
    assert "secret" not in stored


def test_an_action_that_fails_is_a_warning_without_its_secret(
    tmp_path: Path, hook: tuple[str, list[str]]
) -> None:
    address, _ = hook
    teams = {"type": "microsoft", "name": "teams", "teams_webhook": "${HOOK}", "notify_on": "all"}
    file = project(tmp_path, checkpoints=actions(teams, HOOK | {"slack_webhook": "${UNSET}"}))
    code, said = run(file, HOOK=f"{address}/top-secret/gone")

    assert code == 0
    assert "warning: action 'teams' failed: " in said
    assert "404" in said
    assert "top-secret" not in said
    assert "warning: action 'tell us' failed: ${UNSET} is not set: export it" in said


def test_a_secret_of_an_action_is_not_written_into_the_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "pipeline.yml"
    path.write_text(yaml.safe_dump({**BASIC, "checkpoints": actions(HOOK, OTHER)}), "utf-8")
    contract = load_contract(path, {"HOOK": "https://hooks/secret", "KEY": "secret"}).contract

    text = generate(contract)["checkpoints/after_backfill.json"]

    assert json.loads(text)["actions"][1:] == [HOOK, OTHER]
    assert "secret" not in text


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({**HOOK, "type": "slak"}, "no action 'slak': did you mean 'slack'"),
        ({**HOOK, "webhook": "x"}, "webhook: extra fields not permitted"),
        ({**HOOK, "notify_on": "never"}, "notify_on: unexpected value"),
    ],
)
def test_an_action_that_the_library_does_not_have_is_refused(
    tmp_path: Path, action: dict[str, Any], message: str
) -> None:
    file = project_of(tmp_path, checkpoints=actions(action))

    with pytest.raises(ContractError) as refused:
        refuse_unusable(file.project, file.contract)

    assert f"checkpoints.after_backfill.actions[0]: {message}" in str(refused.value).replace(
        "Great Expectations has ", ""
    )


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({**HOOK, "type": "api"}, r"actions\[0\]\.type: 'api' cannot send"),
        ({**HOOK, "name": "update_data_docs"}, r"actions\[0\]\.name: 'update_data_docs' is taken"),
        ({"type": "slack"}, r"actions\[0\]\.name: is missing"),
    ],
)
def test_an_action_that_cannot_be_done_is_a_contract_error(
    tmp_path: Path, action: dict[str, Any], message: str
) -> None:
    with pytest.raises(ContractError, match=message):
        contract_of(tmp_path, checkpoints=actions(action))
