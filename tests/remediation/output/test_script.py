"""``plan --format sh``: the same calls as a script, for those who make them elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.model import Contract
from remediation.output.script import shell_script
from remediation.plan.model import Plan, idempotency_key
from tests.support.backfills import EIGHT, NINE, SEVEN
from tests.support.remediation_commands import HOLES, newest, strict_on_scores, typed
from tests.support.reports import SHA, lacking, plan_for
from tests.support.scripted_service import Project, answer, project, raw_contract
from tests.support.warehouses import contract_of

ORDER = ["four 01-07", "four 01-08", "four 01-09", "five 01-07", "five 01-08", "five 01-09"]


@pytest.fixture
def made(tmp_path: Path) -> Iterator[Project]:
    with project(tmp_path, HOLES, timeout_seconds=20) as running:
        strict_on_scores(running)
        running.check()
        yield running


def bash(script: str, folder: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    path = folder / "calls.sh"
    path.write_text(script, encoding="utf-8")
    return subprocess.run(
        ["bash", str(path)],
        capture_output=True,
        text=True,
        timeout=60,
        env={"PATH": os.environ["PATH"], "HOME": str(folder), **environment},
    )


def written(made: Project) -> str:
    code, out, err = typed(made, "plan", "--format", "sh")
    assert code == 0, err
    assert "Plan " in err
    return out


def test_the_script_makes_every_call_in_the_plans_order(made: Project, tmp_path: Path) -> None:
    ran = bash(written(made), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    plan = newest(made)
    assert made.service.sent == ORDER
    assert [call.headers["Idempotency-Key"] for call in made.service.calls] == [
        idempotency_key(plan.id, call.id) for call in plan.calls
    ]
    assert {call.headers["Content-Type"] for call in made.service.calls} == {"application/json"}
    assert "Authorization" not in made.service.calls[0].headers
    assert ran.stdout.splitlines() == [
        "four/2025-01-07",
        "four/2025-01-08",
        "four/2025-01-09",
        "waiting 0.4 s for four to settle",
        "five/2025-01-07",
        "five/2025-01-08",
        "five/2025-01-09",
        "All 6 calls were accepted. That proves nothing: look at the tables with",
        f"cd {Path.cwd()} && python -m checkpoints check --contract {made.folder}/pipeline.yml "
        "--from 2025-01-01 --to 2025-01-20",
    ]
    assert made.check().verdict.passed


def test_the_script_stops_loudly_and_goes_on_where_it_is_told(
    made: Project, tmp_path: Path
) -> None:
    made.service.on("/four", EIGHT, answer(400, '{"error": "no games"}'))
    script = written(made)
    ran = bash(script, tmp_path)
    assert ran.returncode == 1
    assert ran.stderr.splitlines() == [
        "four/2025-01-08: HTTP 400, which the contract does not accept:",
        '{"error": "no games"}',
    ]
    assert made.service.sent == ORDER[:2]
    ran = bash(script, tmp_path, START_AT="four/2025-01-08")
    assert ran.returncode == 0
    assert made.service.sent == [*ORDER[:2], *ORDER[1:]]
    ran = bash(script, tmp_path, START_AT="four/2025-01-30")
    assert (ran.returncode, len(made.service.sent)) == (2, 7)
    assert "START_AT=four/2025-01-30 is no call of this plan" in ran.stderr


def test_the_script_stops_when_there_is_no_answer(made: Project, tmp_path: Path) -> None:
    script = written(made).replace(made.service.url, "http://127.0.0.1:9")
    ran = bash(script, tmp_path)
    assert ran.returncode == 1
    assert "four/2025-01-07: no answer. It may be at work on it" in ran.stderr
    assert ran.stdout == "four/2025-01-07\n"


GCLOUD = """#!/bin/bash
echo "$*" >> "$HOME/gcloud.log"
[[ $* == *--audiences* && -e "$HOME/person" ]] && exit 1
echo "token-$(wc -l < "$HOME/gcloud.log")"
"""


@pytest.mark.parametrize("person", [True, False])
def test_the_script_fetches_a_token_for_the_audience(
    tmp_path: Path, contract: Contract, person: bool
) -> None:
    script = shell_script(plan_of(contract, SEVEN, EIGHT), contract)
    (tmp_path / "gcloud").write_text(GCLOUD)
    curl = '#!/bin/bash\necho "$*" >> "$HOME/arguments"; cat >> "$HOME/sent"; printf 200\n'
    (tmp_path / "curl").write_text(curl)
    for name in ("gcloud", "curl"):
        (tmp_path / name).chmod(0o755)
    if person:
        (tmp_path / "person").touch()
    ran = bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (ran.returncode, ran.stderr) == (0, "")
    asked = ["auth print-identity-token --audiences=https://four.example"]
    asked += ["auth print-identity-token"] if person else []
    assert (tmp_path / "gcloud.log").read_text().splitlines() == asked
    sent = f'header = "Authorization: Bearer token-{len(asked)}"'
    assert (tmp_path / "sent").read_text().splitlines() == [sent, sent]
    assert "token-" not in (tmp_path / "arguments").read_text()  # any user sees a command line


def test_without_a_token_the_script_sends_nothing(tmp_path: Path, contract: Contract) -> None:
    script = shell_script(plan_of(contract, SEVEN), contract)
    (tmp_path / "gcloud").write_text("#!/bin/bash\necho not logged in >&2; exit 1\n")
    (tmp_path / "gcloud").chmod(0o755)
    (tmp_path / "curl").write_text('#!/bin/bash\ntouch "$HOME/sent"\n')
    (tmp_path / "curl").chmod(0o755)
    ran = bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert ran.returncode == 1
    assert "not logged in" in ran.stderr
    assert not (tmp_path / "sent").exists()


def test_the_script_fetches_an_access_token(tmp_path: Path) -> None:
    contract = remote(tmp_path, auth="access_token")
    (tmp_path / "gcloud").write_text(GCLOUD)
    (tmp_path / "curl").write_text('#!/bin/bash\ncat >> "$HOME/sent"; printf 200\n')
    for name in ("gcloud", "curl"):
        (tmp_path / name).chmod(0o755)
    script = shell_script(plan_of(contract, SEVEN, EIGHT), contract)
    ran = bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}")
    assert (ran.returncode, ran.stderr) == (0, "")
    assert (tmp_path / "gcloud.log").read_text() == "auth print-access-token\n"
    sent = 'header = "Authorization: Bearer token-1"'
    assert (tmp_path / "sent").read_text().splitlines() == [sent, sent]


SECRET = 'k3y/+= "é" \\ $(touch pwned) `touch pwned` \' & %41 mine'
SECRETS = {
    "headers": {"X-Key": 'Key ${FOUR_KEY} and ${OTHER:-a \\ "default" $}', "X-Plain": "{date}"},
    "query": {"k e y": "a&b ${FOUR_KEY}", "day": "{date}"},
    "auth": "api_key",
    "api_key": "Basic ${FOUR_BASIC}",
    "api_key_header": "Authorization",
}


def test_the_script_reads_secrets_from_the_environment(made: Project, tmp_path: Path) -> None:
    made.change_service("four", **SECRETS)
    made.check()
    script = written(made)
    log = 'printf "%s\\n" "$*" >> "$HOME/arguments"; exec ' + str(shutil.which("curl")) + ' "$@"\n'
    (tmp_path / "curl").write_text(f"#!/bin/bash\n{log}")
    (tmp_path / "curl").chmod(0o755)
    latin = SECRET.replace("é", "e")
    known = {"FOUR_KEY": latin, "FOUR_BASIC": "dXNlcjpwYXNz"}
    ran = bash(script, tmp_path, PATH=f"{tmp_path}:{os.environ['PATH']}", **known)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert made.service.sent == ORDER
    for call in made.service.calls[:3]:
        assert call.headers["X-Key"] == f'Key {latin} and a \\ "default" $'
        assert call.headers["X-Plain"] == str(call.date)
        assert call.headers["Authorization"] == "Basic dXNlcjpwYXNz"
        assert call.query == [("k e y", f"a&b {latin}"), ("day", str(call.date))]
    assert "X-Key" not in made.service.calls[3].headers
    assert not list(tmp_path.glob("**/pwned"))
    arguments = (tmp_path / "arguments").read_text()
    assert "dXNlcjpwYXNz" not in arguments + ran.stdout
    assert "k3y" not in arguments + ran.stdout


def test_any_character_of_a_secret_is_encoded_in_the_address(made: Project, tmp_path: Path) -> None:
    made.change_service("four", query={"key": "${FOUR_KEY}"})
    made.check()
    ran = bash(written(made), tmp_path, FOUR_KEY=SECRET)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert made.service.calls[0].query == [("key", SECRET)]


def test_the_script_sends_nothing_while_a_secret_is_not_set(made: Project, tmp_path: Path) -> None:
    made.change_service("four", **SECRETS)
    made.check()
    script = written(made)
    ran = bash(script, tmp_path, FOUR_KEY="k3y")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert ran.stderr == "environment variable FOUR_BASIC is not set: export FOUR_BASIC=…\n"
    ran = bash(script, tmp_path, FOUR_KEY='k3y"\nheader = "X: y', FOUR_BASIC="b")
    assert (ran.returncode, ran.stdout) == (2, "")
    assert "FOUR_KEY holds a line break or another control character" in ran.stderr
    assert "k3y" not in ran.stderr
    assert made.service.calls == []


def test_the_script_does_not_show_a_secret_that_the_service_repeats(
    made: Project, tmp_path: Path
) -> None:
    made.change_service("four", headers={"X-Key": "${FOUR_KEY}"})
    made.check()
    made.service.on("/four", SEVEN, answer(400, "x" * 1990 + SECRET + "you sent"))
    ran = bash(written(made), tmp_path, FOUR_KEY=SECRET)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[1] == "x" * 1990 + "[FOUR_KEY]"


def test_a_status_that_means_something_else_is_not_accepted_by_the_script(
    made: Project, tmp_path: Path
) -> None:
    made.change_service("four", refused=[202])
    made.check()
    made.service.on("/four", SEVEN, answer(202))
    ran = bash(written(made), tmp_path)
    assert (ran.returncode, made.service.sent) == (1, ORDER[:1])


@pytest.fixture
def contract(tmp_path: Path) -> Contract:
    return remote(tmp_path)


def remote(folder: Path, **service: Any) -> Contract:
    """Services that are not on this machine, and so get a token."""
    raw = raw_contract("https://four.example", folder / "w.duckdb", auth="identity_token")
    raw["services"]["four"] = {**raw["services"]["four"], **service}
    return contract_of(folder, raw).contract


def plan_of(contract: Contract, *days: str) -> Plan:
    return plan_for(contract, lacking("factors", *days))


HOSTILE = "a'b\"c $(touch pwned) `touch pwned` \\ ; * & é {}[1-3] \n %s"


def test_hostile_characters_reach_the_service_as_they_are(made: Project, tmp_path: Path) -> None:
    body = {"game_date": "{date}", HOSTILE: [HOSTILE, {HOSTILE: HOSTILE}]}
    made.change_service("four", body=body)
    made.check()
    ran = bash(written(made), tmp_path)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert made.service.sent == ORDER
    assert made.service.calls[1].body == {**body, "game_date": EIGHT}
    assert not list(tmp_path.glob("**/pwned"))
    assert not Path("pwned").exists()


@pytest.mark.skipif(shutil.which("shellcheck") is None, reason="shellcheck is not installed")
def test_the_script_passes_shellcheck(made: Project, tmp_path: Path) -> None:
    scripts = [written(made)]
    kinds: list[dict[str, Any]] = [{}, {"body": {HOSTILE: HOSTILE, "d": "{date}"}}, SECRETS]
    for number, kind in enumerate(kinds):
        folder = tmp_path / str(number)
        folder.mkdir()
        contract = remote(folder, **kind)
        scripts.append(shell_script(plan_of(contract, SEVEN, NINE), contract))
    for script in scripts:
        (tmp_path / "s.sh").write_text(script)
        # What a body holds must not expand: SC2016 warns of just that.
        command = ["shellcheck", "--exclude=SC2016", str(tmp_path / "s.sh")]
        found = subprocess.run(command, capture_output=True, text=True)
        assert (found.returncode, found.stdout) == (0, "")


def test_a_get_has_its_query_in_the_address(tmp_path: Path) -> None:
    body = {"day": "{date}", "all": ["a b", "c&d"], "none": None, "n": 3}
    contract = remote(tmp_path, method="GET", path="/run?force=1", body=body)
    script = shell_script(plan_of(contract, SEVEN), contract)
    query = "?force=1&day=2025-01-07&all=a+b&all=c%26d&n=3"
    assert f"'https://four.example/run{query}'" in script
    assert "--data-raw" not in script


def test_what_cannot_be_called_cannot_be_written_out(made: Project) -> None:
    made.change_service("five", url="${FIVE_URL}")
    made.check()
    code, out, err = typed(made, "plan", "--format", "sh")
    assert (code, out) == (2, "")
    assert "services.five: environment variable FIVE_URL is not set" in err
    code, out, err = typed(made, "plan", "--format", "sh", "--json", "-")
    assert (code, out) == (2, "")
    assert "--format sh and --json - both need standard output" in err
    assert SHA not in err
