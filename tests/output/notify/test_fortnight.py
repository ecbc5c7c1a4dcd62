"""A pipeline that is run every morning of a fortnight: exactly what people are told of it."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from tests.support.listening import listening, nobody, post_office
from tests.support.telling import Mornings
from tests.support.warehouses import BASIC

EIGHT, NINE, TEN, ELEVEN = (f"2025-01-{day:02}" for day in (8, 9, 10, 11))
NAME = f"factors-missing-{EIGHT}"


def test_a_hole_opens_grows_is_acknowledged_is_repaired_and_comes_back(tmp_path: Path) -> None:
    told: dict[str, list[tuple[str, str]]] = {}
    with listening() as room:
        mornings = Mornings(tmp_path, {"webhook": {"url": room.url}})

        def on(day: str, *lost: str) -> None:
            before = len(room.messages)
            code = mornings.run(day, factors=lost).returncode
            assert code == (1 if lost else 0)
            told[day] = [(m["event"], m["title"]) for m in room.messages[before:]]

        on("2025-01-08")
        on("2025-01-09", EIGHT)
        on("2025-01-10", EIGHT)
        on("2025-01-11", EIGHT, NINE, TEN)
        assert f"New: 2 dates ({NINE} → {TEN})." in room.messages[-1]["text"]
        on("2025-01-12", EIGHT, NINE, TEN)
        on("2025-01-18", EIGHT, NINE, TEN)
        who = ("--by", "Ada", "--until", "2025-01-27", "--as-of", "2025-01-18")
        assert mornings.incidents("ack", NAME, *who).returncode == 0
        on("2025-01-25", EIGHT, NINE, TEN)
        on("2025-01-26", EIGHT, NINE, TEN, ELEVEN)
        on("2025-01-27", EIGHT, NINE)
        on("2025-01-28")
        on("2025-01-29")
        on("2025-01-30", NINE)
        on("2025-01-31", NINE)
    assert {day: messages for day, messages in told.items() if messages} == {
        "2025-01-09": [("opened", "factors: 1 date missing")],
        "2025-01-11": [("grown", "factors: now 3 dates missing")],
        "2025-01-18": [("reminder", "factors: still 3 dates missing")],
        "2025-01-26": [("grown", "factors: now 4 dates missing")],
        "2025-01-28": [("recovered", "factors: recovered, nothing missing")],
        "2025-01-30": [("opened", "factors: 1 date missing")],
    }


def test_one_message_tells_of_the_root_and_says_what_is_below_why_and_what_to_type(
    tmp_path: Path,
) -> None:
    with listening() as room:
        mornings = Mornings(
            tmp_path, {"webhook": {"url": room.url}}, public_url="https://data.example.com/docs/"
        )
        mornings.run("2025-01-14", summary=[EIGHT, NINE], factors=[EIGHT, NINE])
        mornings.run("2025-01-20")
    opened, recovered = room.messages
    run_id = opened["incident"]["run_id"]
    contract = f" --contract {mornings.file.path}"
    id = f"summary-missing-{EIGHT}"
    page = "https://data.example.com/docs/signoff"
    assert opened["text"].splitlines() == [
        "summary lacks 2 dates (2025-01-08 → 2025-01-09), below it: factors.",
        "Critical, open since 2025-01-14.",
        "Likely cause: its upstream raw has these dates: the backfill did not reach it.",
        f"Next: python -m checkpoints coverage --from {EIGHT} --to {NINE}{contract}",
        f"Acknowledge: python -m checkpoints incidents ack {id} --by NAME --until DATE{contract}",
        f"Page: {page}/{run_id}.html",
    ]
    assert (tmp_path / f"gx/uncommitted/data_docs/local_site/signoff/{run_id}.html").exists()
    assert opened["ranges"] == [{"first": EIGHT, "last": NINE}]
    assert recovered["text"].splitlines() == [
        "summary has recovered. It was about 2 dates (2025-01-08 → 2025-01-09).",
        "Opened on 2025-01-14, recovered on 2025-01-20: 6 days.",
        f"Page: {page}/{recovered['incident']['run_id']}.html",
    ]


def test_what_nobody_took_is_told_by_the_next_run_and_the_verdict_stands(tmp_path: Path) -> None:
    with listening() as room:
        mornings = Mornings(tmp_path, {"name": "chat", "webhook": {"url": room.url}})

        def on(day: str, answer: int, *lost: str) -> list[str]:
            room.messages.clear()
            room.answer = answer
            done = mornings.run(day, factors=lost)
            assert done.returncode == (1 if lost else 0)
            warned = "warning: not notified: 'chat': it answered 500" in done.stderr
            assert warned == (answer == 500 and bool(room.messages))
            return [message["event"] for message in room.messages]

        assert on("2025-01-12", 500, EIGHT) == ["opened"]
        assert "not told yet" in mornings.incidents().stdout
        assert on("2025-01-13", 200, EIGHT, NINE) == ["opened"]
        assert on("2025-01-14", 500, EIGHT, NINE, TEN) == ["grown"]
        assert on("2025-01-15", 200, EIGHT, NINE, TEN) == ["grown"]
        assert on("2025-01-22", 500, EIGHT, NINE, TEN) == ["reminder"]
        assert on("2025-01-23", 200, EIGHT, NINE, TEN) == ["reminder"]
        assert on("2025-01-24", 500) == ["recovered"]
        assert on("2025-01-25", 200) == ["recovered"]
        assert on("2025-01-26", 200) == []
        assert on("2025-01-27", 500, ELEVEN) == ["opened"]
        assert on("2025-01-28", 200) == [], "nobody had heard of it"


def test_a_mail_has_the_lines_of_the_message(
    tmp_path: Path,
) -> None:
    with post_office() as office:
        address = f"mailto://127.0.0.1:{office.port}/?to=a@example.com&from=b@example.com"
        mornings = Mornings(tmp_path, {"apprise": f"{address}&mode=insecure"})
        mornings.run("2025-01-12", factors=[EIGHT])
        lines = ["factors lacks 1 date (2025-01-08).", "Critical, open since 2025-01-12."]
        (mail,) = office.mails
    assert mail["subject"] == "factors: 1 date missing"
    for part in mail.iter_parts():
        content = part.get_content()
        shown = re.split(r"<br */?>\s*|\n", html.unescape(content))
        assert [line for line in shown if line in lines] == lines, content


def test_an_incident_whose_dataset_has_left_the_contract_is_said_to_have_ended_so(
    tmp_path: Path,
) -> None:
    with listening() as room:
        mornings = Mornings(tmp_path, {"webhook": {"url": room.url}})
        mornings.run("2025-01-12", factors=[EIGHT])
        kept = {n: d for n, d in BASIC["datasets"].items() if n != "factors"}
        layers = {n: text for n, text in BASIC["layers"].items() if n != "L4"}
        checkpoints = {"after_backfill": {"suites": list(layers)}}
        mornings = Mornings(
            tmp_path / "later", {"webhook": {"url": room.url}},
            datasets=kept, layers=layers, checkpoints=checkpoints,
        )  # fmt: skip
        before = tmp_path / "gx/uncommitted/incidents.json"
        after = mornings.file.project / "uncommitted/incidents.json"
        after.parent.mkdir(exist_ok=True)
        after.write_text(before.read_text())
        done = mornings.run("2025-01-20")
    assert done.returncode == 0, done.stderr
    assert [message["event"] for message in room.messages] == ["opened", "recovered"]
    assert room.titles[-1] == "factors: no longer in the contract"


def test_a_run_ends_as_it_would_without_notifiers_that_hang_or_refuse_and_keeps_their_secrets(
    tmp_path: Path,
) -> None:
    secret = "s3cr3t-t0k3n"
    with listening() as silent, listening() as room:
        silent.hangs = True
        token = {"headers": {"Authorization": "Bearer ${TOKEN}"}}
        mornings = Mornings(
            tmp_path,
            {"name": "silent", "webhook": {"url": silent.url, **token}, "timeout_seconds": 2},
            {"name": "chat", "apprise": f"json://x:${{TOKEN}}@127.0.0.1:{nobody()}/${{TOKEN}}"},
            {"name": "works", "webhook": {"url": room.url, **token}},
        )
        report = tmp_path / "report.json"
        options = ("--json", str(report), "--fail-on", "warning")
        done = mornings.run("2025-01-12", *options, factors=[EIGHT], environment={"TOKEN": secret})
    warnings = [line for line in done.stderr.splitlines() if line.startswith("warning: ")]
    assert [line.split("'")[1] for line in warnings] == ["silent", "chat"]
    assert (done.returncode, room.titles) == (1, ["factors: 1 date missing"])
    assert room.headers[0]["Authorization"] == f"Bearer {secret}"
    written = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert report in written
    assert [path for path in written if secret.encode() in path.read_bytes()] == []
    assert secret not in done.stdout + done.stderr


def test_one_notifier_that_takes_it_is_enough_and_the_other_is_named(tmp_path: Path) -> None:
    with listening() as room, listening() as broken:
        broken.answer = 500
        mornings = Mornings(
            tmp_path, {"name": "a", "webhook": {"url": broken.url}},
            {"name": "b", "webhook": {"url": room.url}},
        )  # fmt: skip
        first = mornings.run("2025-01-12", factors=[EIGHT])
        second = mornings.run("2025-01-13", factors=[EIGHT])
    assert "warning: not notified: 'a': it answered 500" in first.stderr
    assert "told (opened)" in first.stdout
    assert "not notified" not in second.stderr
    assert len(room.messages) == 1


def test_a_run_can_be_made_without_telling_anybody(tmp_path: Path) -> None:
    with listening() as room:
        mornings = Mornings(tmp_path, {"webhook": {"url": room.url}})
        quiet = mornings.run("2025-01-12", "--no-notify", factors=[EIGHT])
        assert (quiet.returncode, room.messages) == (1, [])
        mornings.run("2025-01-12", factors=[EIGHT])
    assert [message["event"] for message in room.messages] == ["opened"]


def test_each_hears_of_the_events_severities_and_datasets_that_it_names(tmp_path: Path) -> None:
    with listening() as room:

        def hook(name: str, **options: Any) -> dict[str, Any]:
            return {"name": name, "webhook": {"url": f"{room.url}", "headers": {"To": name}},
                    **options}  # fmt: skip

        mornings = Mornings(
            tmp_path,
            hook("all"),
            hook("endings", on=["recovered"]),
            hook("warnings", severities=["warning"]),
            hook("summary", datasets=["summary"]),
            hook("analytics", layers=["L3"]),
            hook("weekly", on=["reminder"]),
            remind_after="2d",
        )
        mornings.run("2025-01-14", factors=[EIGHT], orphans=1)
        mornings.run("2025-01-16", factors=[EIGHT, NINE, TEN, ELEVEN], summary=[NINE, TEN, ELEVEN])
        mornings.run("2025-01-18")
    heard: dict[str, list[str]] = {}
    for headers, message in zip(room.headers, room.messages, strict=True):
        heard.setdefault(headers["To"], []).append(f"{message['event']} {message['title']}")
    own = ["opened summary: 3 dates missing", "recovered summary: recovered, nothing missing"]
    ending = "recovered factors: recovered, nothing missing"
    again = "reminder factors: still 1 date missing"
    assert {name: sorted(messages) for name, messages in heard.items()} == {
        "all": sorted(["opened factors: 1 date missing", again, ending, *own]),
        "endings": [ending, own[1]],
        "warnings": [
            "opened factors: orphan keys on 1 date",
            "recovered factors: recovered, no orphan keys",
        ],
        "summary": own,
        "analytics": own,
        "weekly": [again],
    }
