"""Every kind of notifier against real servers and programs, through ``checkpoints notify``."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from checkpoints.contract.loading import load_contract
from checkpoints.output.notify.apprise import Apprise
from checkpoints.output.notify.notification import Notification
from checkpoints.output.notify.sending import deliver
from tests.project.test_readme import PAGES
from tests.support.commands import ROOT, command
from tests.support.listening import PostOffice, Room, listening, nobody, post_office
from tests.support.warehouses import BASIC, write_contract

SECRET = "Tr0ub4dor&3/correct horse"
KEEP = "import json, os, sys; json.dump(json.load(sys.stdin), open(os.environ['KEPT'], 'w'))"
STAYS = """
import os, subprocess, sys
child = subprocess.Popen(["sleep", "60"])
open(sys.argv[1], "w").write(f"{os.getpid()} {child.pid}")
child.wait()
"""


@pytest.fixture
def room() -> Iterator[Room]:
    with listening() as found:
        yield found


@pytest.fixture
def office() -> Iterator[PostOffice]:
    with post_office() as found:
        yield found


def notify(
    folder: Path, *notifiers: dict[str, Any], name: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    """``notify --test`` on a contract with these notifiers."""
    contract = write_contract(folder, BASIC, notify=list(notifiers))
    options = ("--name", name) if name else ()
    where = ("--contract", str(contract))
    return command("checkpoints", "notify", "--test", *options, *where, **variables)


def is_running(pid: int) -> bool:
    with suppress(OSError):
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        return state != "Z"
    return False


def test_a_webhook_gets_json_and_the_headers_of_the_environment(room: Room, tmp_path: Path) -> None:
    url, headers = f"{room.url}/alerts/${{ROOM}}", {"Authorization": "Bearer ${TOKEN}"}
    done = notify(
        tmp_path, {"webhook": {"url": url, "headers": headers}}, TOKEN="t0p-secret", ROOM="data"
    )
    assert (done.returncode, done.stdout) == (0, "'webhook': ok\n")
    (message,) = room.messages
    assert (message["schema_version"], message["event"]) == (1, "test")
    assert message["text"] == "Nothing is wrong: this is a test of the notifiers of pipeline.yml."
    assert room.headers[0]["Authorization"] == "Bearer t0p-secret"
    assert room.headers[0]["Content-Type"] == "application/json"


def test_a_command_gets_json_on_its_standard_input(tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    done = notify(tmp_path, {"command": [sys.executable, "-c", KEEP]}, KEPT=str(kept))
    assert (done.returncode, done.stdout) == (0, "'command': ok\n")
    assert json.loads(kept.read_text())["event"] == "test"


def test_apprise_tells_a_web_service_and_a_mailbox(
    room: Room, office: PostOffice, tmp_path: Path
) -> None:
    mail = f"mailto://127.0.0.1:{office.port}/?from=robot@example.com&to=${{WHO}}&mode=insecure"
    addresses = {"apprise": [f"json://{room.address}/", mail], "name": "on call"}
    done = notify(tmp_path, addresses, WHO="ada@example.com")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        "'on call, address 1 (json)': ok", "'on call, address 2 (mailto)': ok",
    ]  # fmt: skip
    assert room.titles == ["checkpoints: a test of the notifiers"]
    (sent,) = office.mails
    assert (sent["to"], sent["subject"]) == ("ada@example.com", room.titles[0])
    body = sent.get_body(("plain", "html"))
    assert body is not None
    assert "Nothing is wrong" in body.get_content()


def test_one_that_refuses_or_answers_500_is_named_and_the_others_are_told(
    room: Room, office: PostOffice, tmp_path: Path
) -> None:
    office.says = "554 no"
    with listening() as broken:
        broken.answer = 500
        done = notify(
            tmp_path,
            {"name": "broken", "webhook": {"url": broken.url}},
            {"name": "gone", "webhook": {"url": f"http://127.0.0.1:{nobody()}/"}},
            {"name": "no such program", "command": ["/no/such/program"]},
            {"name": "fails", "command": [sys.executable, "-c", "exit(3)"]},
            {"name": "chat", "apprise": f"json://{broken.address}/"},
            {"name": "no chat", "apprise": f"json://127.0.0.1:{nobody()}/"},
            {"name": "mail", "apprise": f"mailto://127.0.0.1:{office.port}/?to=a@example.com"
             "&from=b@example.com&mode=insecure"},
            {"name": "unknown", "apprise": "carrierpigeon://tower"},
            {"name": "works", "webhook": {"url": room.url}},
        )  # fmt: skip
    assert done.returncode == 3
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["'broken'"] == "it answered 500"
    assert said["'gone'"] == "ConnectionError while posting to it"
    assert said["'no such program'"] == (
        "cannot run '/no/such/program' (No such file or directory)"
    )
    assert said["'fails'"] == "it ended with 3"
    assert "500" in said["'chat'"]
    assert "Connection error" in said["'no chat'"]
    assert said["'mail'"]
    assert "Unparseable URL" in said["'unknown'"] or "Unsupported" in said["'unknown'"]
    assert said["'works'"] == "ok"
    assert len(said) == 9
    assert len(room.messages) == 1


def test_none_that_hangs_is_waited_for_beyond_its_timeout(
    room: Room, office: PostOffice, tmp_path: Path
) -> None:
    office.hangs = True
    pids = tmp_path / "pids"
    program = [sys.executable, "-c", STAYS, str(pids)]
    with listening() as silent:
        silent.hangs = True
        hanging: list[dict[str, Any]] = [
            {"name": "web", "webhook": {"url": silent.url}},
            {"name": "program", "command": program},
            {"name": "chat", "apprise": f"json://{silent.address}/"},
            {"name": "mail", "apprise": f"mailto://127.0.0.1:{office.port}/?to=a@example.com"},
        ]
        works = {"name": "works", "webhook": {"url": room.url}}
        started = time.monotonic()
        done = notify(tmp_path, *({**one, "timeout_seconds": 3} for one in hanging), works)
        seconds = time.monotonic() - started
    assert done.returncode == 3
    assert seconds < 15, "one after another they would take longer"
    said = dict(line.split(": ", 1) for line in done.stdout.splitlines())
    assert said["'program'"] == "it had not ended after 3 s"
    assert [name for name in said if said[name] == "ok"] == ["'works'"]
    assert [pid for pid in pids.read_text().split() if is_running(int(pid))] == []
    assert len(said) == 5
    assert len(room.messages) == 1


def test_an_answer_that_never_ends_is_not_read(room: Room, tmp_path: Path) -> None:
    room.drips = True
    hook = {"webhook": {"url": room.url}, "timeout_seconds": 3}
    chat = {"apprise": f"json://{room.address}", "timeout_seconds": 3}
    started = time.monotonic()
    done = notify(tmp_path, hook, chat)
    assert time.monotonic() - started < 12
    assert done.stdout.splitlines() == [
        "'webhook': ok", "'apprise': it had not taken it after 3 s",
    ]  # fmt: skip


def test_a_redirect_is_not_followed(room: Room, tmp_path: Path) -> None:
    with listening() as elsewhere:
        room.answer, room.location = 302, elsewhere.url
        done = notify(
            tmp_path, {"webhook": {"url": room.url}}, {"apprise": f"json://{room.address}"}
        )
        assert elsewhere.messages == []
    assert "'webhook': it answered 302" in done.stdout
    assert "'apprise': " in done.stdout
    assert done.returncode == 3


def test_what_holds_a_secret_is_sent_over_https_or_to_this_machine(tmp_path: Path) -> None:
    headers = {"X-Key": "${KEY}"}
    hook = {"url": "http://alerts.example.com/", "headers": headers}
    done = notify(tmp_path, {"webhook": hook}, KEY="k3y-of-the-house")
    assert done.stdout == (
        "'webhook': headers from the environment are only sent over https: correct the url\n"
    )


def test_a_variable_that_is_not_set_is_said_only_when_something_is_sent(tmp_path: Path) -> None:
    chat = {"apprise": "slack://${TOKEN_A}/${TOKEN_B:-b}/${TOKEN_C}"}
    done = notify(tmp_path, chat)
    assert (done.returncode, done.stdout) == (
        3, "'apprise': environment variables not set: export TOKEN_A=… TOKEN_C=…\n",
    )  # fmt: skip
    contract = ("--contract", str(tmp_path / "pipeline.yml"))
    assert command("checkpoints", "suites", *contract).returncode == 0


def test_no_secret_is_ever_shown_or_stored(room: Room, tmp_path: Path) -> None:
    room.answer = 500
    address = f"json://user:${{PASSWORD}}@{room.address}/path/literal-secret?+X=${{PASSWORD}}"
    done = notify(
        tmp_path,
        {"apprise": [address, "slack://${PASSWORD}/x", "slack://literal-secret/x"]},
        {"webhook": {"url": f"{room.url}/${{PASSWORD}}", "headers": {"X-Key": "${PASSWORD}"}}},
        {"command": [sys.executable, "-c", "exit('${PASSWORD}')"]},
        PASSWORD=SECRET,
    )
    assert done.returncode == 3
    assert len(done.stdout.splitlines()) == 5
    stored = [p.read_text(errors="replace") for p in tmp_path.rglob("*") if p.is_file()]
    for text in (done.stdout, done.stderr, *stored):
        assert SECRET not in text
        assert "Tr0ub4dor" not in text
    assert "literal-secret" not in done.stdout


def test_the_library_writes_into_nobody_elses_log(
    room: Room, caplog: pytest.LogCaptureFixture
) -> None:
    room.answer = 500
    chat = Apprise(apprise=(f"json://{room.address}/",))
    test = Notification(event="test", title="a test", text="a test", contract="pipeline.yml")
    (delivery,) = deliver([(chat, [test])], {})
    assert "500" in delivery.problem
    assert caplog.text == ""


def test_the_library_is_loaded_only_when_something_is_sent(tmp_path: Path) -> None:
    contract = write_contract(tmp_path, BASIC, notify=[{"apprise": "json://127.0.0.1/"}])
    program = (
        "import sys; from pathlib import Path; import checkpoints.cli.notify;"
        "from checkpoints.contract.loading import load_contract;"
        f"load_contract(Path({str(contract)!r}), {{}});"
        "sys.exit(bool({'apprise', 'requests'} & {*sys.modules}))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT).returncode == 0


def test_one_can_be_tested_by_its_name(room: Room, tmp_path: Path) -> None:
    hooks = [{"name": name, "webhook": {"url": f"{room.url}/{name}"}} for name in ("a", "chat")]
    assert notify(tmp_path, *hooks, name="chat").stdout == "'chat': ok\n"
    wrong = notify(tmp_path, *hooks, name="cat")
    assert "there is no notifier 'cat': did you mean 'chat'?" in wrong.stderr
    none = notify(tmp_path)
    assert "declares no notifier: list some under notify" in none.stderr
    assert (wrong.returncode, none.returncode) == (2, 2)


@pytest.mark.parametrize(
    ("notifier", "said"),
    [
        ({"name": "x"}, "notify[0]: needs exactly one of apprise, command, webhook"),
        ({"webhook": {"url": "ftp://x"}}, "notify[0].webhook.url: is no address such as https://"),
        ({"webhook": {"url": "http://x", "header": {}}},
         "notify[0].webhook.header: unknown key: did you mean 'headers'? keys are url, headers"),
        ({"webhook": {"url": "http://x"}, "severity": ["info"]},
         "notify[0].severity: unknown key: did you mean 'severities'?"),
        ({"command": []}, "notify[0].command: is empty: give at least one"),
        ({"apprise": "a chat"}, "notify[0].apprise[0]: is no address such as slack://"),
        ({"command": ["x"], "on": ["opend"]}, "notify[0].on[0]: "),
        ({"command": ["x"], "datasets": ["factor"]},
         "notify[0].datasets: unknown dataset 'factor': did you mean 'factors'?"),
        ({"command": ["x"], "layers": ["L5"]}, "notify[0].layers: unknown layer 'L5': "),
    ],
)  # fmt: skip
def test_what_is_wrong_with_a_notifier_is_said_with_its_place(
    notifier: dict[str, Any], said: str, tmp_path: Path
) -> None:
    done = notify(tmp_path, notifier)
    assert f"pipeline.yml: {said}" in done.stderr
    assert done.returncode == 2


def test_the_notifiers_of_the_docs_are_valid(tmp_path: Path) -> None:
    (block,) = re.findall(r"```yaml\n(remind_after:.*?)```", PAGES["docs/incidents.md"], re.DOTALL)
    layers = {**BASIC["layers"], "L5": "predictions"}
    path = write_contract(tmp_path, BASIC, layers=layers)
    path.write_text(path.read_text() + block)
    contract = load_contract(path, {}).contract
    assert [one.label for one in contract.notify] == ["apprise", "on call", "webhook", "command"]
    assert "${SLACK_TOKEN_A}" in contract.model_dump_json()
