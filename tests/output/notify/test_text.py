"""What people read of each kind of incident: the title, the likely cause, the command to type."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from checkpoints.archive.incidents import IncidentKind
from checkpoints.contract.loading import ContractFile
from checkpoints.contract.notifiers import Event
from checkpoints.explain.life import Notice, lived
from checkpoints.explain.roots import found_in
from checkpoints.output.notify.notification import Notification
from checkpoints.output.notify.text import TITLE_LENGTH, notification_of
from tests.support.warehouses import D
from tests.support.watching import branches, report_of

DAY, NEXT = "2025-01-08", "2025-01-09"


@pytest.fixture
def file(tmp_path: Path) -> ContractFile:
    contract = branches(tmp_path)
    return ContractFile(contract=contract, path=tmp_path / "pipeline.yml", sha256="0" * 64)


def gone(names: str) -> dict[str, list[str]]:
    return {name: [DAY] for name in names.split()}


def told(file: ContractFile, *given: Any, **options: Any) -> Notification:
    """The only thing that people are told of a report."""
    report = report_of(file.contract, *given, **options)
    _, notices = lived((), found_in(report, file.contract), report, report.started_at)
    (notice,) = notices
    return notification_of(notice, report, file)


def test_a_source_that_sent_nothing(file: ContractFile) -> None:
    lost = gone("raw spare summary enriched factors cache scores joined")
    message = told(file, lost)
    assert message.title == "raw and 1 more: 1 date missing"
    assert message.text.splitlines()[0] == (
        f"raw, spare lack 1 date ({DAY}), below it: summary, factors, cache and 2 more."
    )
    assert message.cause == ("schedule has this date: the source sent nothing, or nobody loaded it")


def test_a_layer_that_a_backfill_did_not_reach(file: ContractFile) -> None:
    message = told(file, {"cache": [DAY, NEXT], "joined": [DAY, NEXT]})
    assert message.title == "cache: 2 dates missing"
    assert message.cause == ("its upstream summary has these dates: the backfill did not reach it")
    window = f"--from {DAY} --to {NEXT}"
    assert message.command == (f"python -m checkpoints coverage {window} --contract {file.path}")


def test_dates_of_which_some_keys_are_there(file: ContractFile) -> None:
    message = told(file, without=f"cache/{DAY} joined/{DAY}")
    assert message.cause == (
        "its upstream summary has these keys: it was built in part, or before they came"
    )


def test_only_some_of_the_dates_are_empty(file: ContractFile) -> None:
    message = told(file, {"cache": [NEXT], "joined": [NEXT]}, without=f"cache/{DAY} joined/{DAY}")
    assert message.cause == (
        "its upstream summary has 1 of these dates: the backfill did not reach it"
    )


def test_a_loss_that_thresholds_allow_above_and_not_below(file: ContractFile) -> None:
    lost = gone("enriched factors scores joined")
    message = told(file, lost)
    assert message.incident is not None
    assert (message.incident.dataset, message.incident.checks) == ("enriched", ())
    assert message.cause == (
        "its own checks allow what it lacks, and those of what is built from it do not"
    )


def test_what_has_stopped(tmp_path: Path) -> None:
    quiet = "enriched raw spare summary factors cache scores joined"
    contract = branches(tmp_path, without_rules=quiet)
    file = ContractFile(contract=contract, path=tmp_path / "pipeline.yml", sha256="0" * 64)
    days = [f"2025-01-{n}" for n in range(14, 21)]
    message = told(file, {"scores": days})
    assert message.title == "scores: stopped"
    assert message.text.splitlines()[0].startswith("scores has stopped, nothing on ")
    assert message.cause == "its upstream factors goes on: what builds it has stopped"


def test_keys_that_the_upstream_lacks(file: ContractFile) -> None:
    message = told(file, without=f"enriched/{DAY}")
    assert message.title == "factors: orphan keys on 1 date"
    assert message.cause == ("enriched lost keys, or wrote them otherwise, after it had been built")
    assert message.command.startswith(f"python -m checkpoints check --from {DAY} --to {DAY} ")


def test_what_cannot_be_judged(file: ContractFile) -> None:
    message = told(file, unreadable={"scores": "there is no table s.scores"})
    assert message.title == "scores: cannot be judged"
    assert "there is no table s.scores" in message.text.splitlines()[0]
    assert (message.cause, message.ranges) == ("", ())
    assert message.command.startswith("python -m checkpoints check --from 2025-01-01 ")


def test_what_a_service_builds_is_planned(tmp_path: Path) -> None:
    service = {"kind": "command", "argv": ["build", "{date}"]}
    contract = branches(tmp_path, services={"builder": service})
    built = contract.datasets["cache"].model_copy(update={"service": "builder"})
    contract = contract.model_copy(update={"datasets": {**contract.datasets, "cache": built}})
    file = ContractFile(contract=contract, path=tmp_path / "pipeline.yml", sha256="0" * 64)
    message = told(file, {"cache": [DAY], "joined": [DAY]})
    assert message.command == (f"python -m remediation plan --dataset cache --contract {file.path}")


def test_rows_that_are_not_as_a_rule_requires(file: ContractFile) -> None:
    """What the checks say is told, and that what is above them is sound."""
    report = report_of(file.contract, {"cache": [DAY], "joined": [DAY]})
    incidents, _ = lived((), found_in(report, file.contract), report, report.started_at)
    rows = incidents[0].model_copy(update={"kind": IncidentKind.ROWS})
    message = notification_of(Notice(event=Event.GROWN, incident=rows), report, file)
    (check,) = (c for c in report.checks if c.dataset == "cache" and c.name in rows.checks)
    assert message.title == f"cache: now {check.name} fails on 1 date"
    assert message.cause == (
        "nothing above it fails on this date: it was built or loaded so "
        f"({check.name}: {check.message})"
    )
    two = rows.model_copy(update={"checks": ("filled a", "filled b")})
    message = notification_of(Notice(event=Event.RECOVERED, incident=two), report, file)
    assert message.title == "cache: recovered, 2 checks pass"


def test_a_title_fits_a_phone_and_a_name_breaks_no_line(file: ContractFile) -> None:
    report = report_of(file.contract, {"cache": [DAY], "joined": [DAY]})
    incidents, _ = lived((), found_in(report, file.contract), report, report.started_at)
    rows = incidents[0].model_copy(
        update={
            "kind": IncidentKind.ROWS,
            "checks": ("filled: " + "a column " * 20,),
            "message": "a\nb\x1b",
        }
    )
    message = notification_of(Notice(event=Event.OPENED, incident=rows), report, file)
    assert len(message.title) == TITLE_LENGTH
    assert "\x1b" not in message.text
    assert len(message.text.splitlines()) == len(message.text.split("\n"))
    assert D(DAY) in rows.dates
