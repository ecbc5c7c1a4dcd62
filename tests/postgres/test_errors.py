"""What a server refuses or cannot do is said in a sentence, and nothing but reading is done."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from checkpoints.dates import DateRange
from checkpoints.errors import CheckpointsError
from checkpoints.warehouse.reading import open_warehouse
from tests.postgres.test_answers import GOOD, NAMES, cells_of, gathered, with_dataset
from tests.support.commands import ROOT, command, environment
from tests.support.listening import nobody
from tests.support.postgres import Postgres
from tests.support.warehouses import BASIC, D, contract_of, write_contract

WINDOW = ("--from", "2025-01-10", "--to", "2025-01-12", "--as-of", "2025-02-01")


def said(postgres: Postgres, folder: Path, **factors: Any) -> str:
    """Why ``factors``, so changed, cannot be read, while the others can; empty when it can."""
    contract = contract_of(folder, datasets=with_dataset("factors", **factors)).contract
    with open_warehouse(contract, postgres.url) as warehouse:
        assert set(warehouse.unreadable) <= {"factors"}
        reason = warehouse.unreadable.get("factors", "")
    return reason or gathered(contract, postgres.url).frame.unreadable.get("factors", "")


# ------------------------------------------------------------------ tables


@pytest.fixture
def filled(postgres: Postgres) -> Postgres:
    """The four tables, and some that are in the way."""
    postgres.fill(dict.fromkeys(NAMES, GOOD))
    postgres.run(
        "DROP SCHEMA IF EXISTS hidden CASCADE",
        "CREATE SCHEMA hidden",
        "CREATE TABLE hidden.t (d DATE, k TEXT)",
        "CREATE TABLE s.secret (d DATE, k TEXT)",
        "REVOKE SELECT ON s.secret FROM reader",
        "CREATE TABLE s.lists (d DATE, k TEXT, documents JSONB, numbers INTEGER[])",
        "GRANT INSERT, DELETE ON s.raw TO reader",
        "CREATE SEQUENCE s.counter",
        "GRANT ALL ON SEQUENCE s.counter TO reader",
    )
    return postgres


GRANT = "grant USAGE on its schema and SELECT on it to 'reader'"


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        ("s.factor", "table 'factor' is not in schema 's': did you mean 'factors'?"),
        ("s.Factors", "table 'Factors' is not in schema 's': did you mean 'factors'?"),
        ("factors", "table 'factors' is in schema 's': write s.factors"),
        ("factor", "table 'factor' is not in the schemas that are searched: it has none"),
        ("t.factors", "schema 't' is not in the warehouse: it has hidden, public, s"),
        ("other.s.factors", "one connection reads one, here 'warehouse': name it schema.table"),
        ("s.secret", f"permission denied for table secret: {GRANT}"),
        ("hidden.t", f"permission denied for schema hidden: {GRANT}"),
        ("warehouse.s.factors", ""),
        (["s", "lists"], ""),
    ],
)
def test_a_table_that_cannot_be_read_is_told_by_what_is_wrong(
    filled: Postgres, tmp_path: Path, table: Any, reason: str
) -> None:
    found = said(filled, tmp_path, table=table)
    assert (reason in found) if reason else not found


@pytest.mark.parametrize(("key", "type_"), [("documents", "jsonb"), ("numbers", "integer[]")])
def test_a_list_or_a_document_is_no_key(
    filled: Postgres, tmp_path: Path, key: str, type_: str
) -> None:
    reason = f"key '{key}' is {type_}, and a list or a document is no key"
    assert reason in said(filled, tmp_path, table="s.lists", key=[key])


def test_types_that_only_postgresql_has_are_text_as_keys_and_in_conditions(
    filled: Postgres, tmp_path: Path
) -> None:
    """Padding, case and order of an own type count for nothing."""
    filled.run(
        "CREATE EXTENSION IF NOT EXISTS citext",
        "CREATE TYPE s.grade AS ENUM ('z', 'x')",
        "CREATE DOMAIN s.code AS TEXT",
        "CREATE COLLATION s.caseless (provider = icu, locale = 'und-u-ks-level2', "
        "deterministic = false)",
    )
    types = ("CHAR(9)", "CITEXT", "s.code", "TEXT COLLATE s.caseless", "VARCHAR(9)", "s.grade")
    for type_ in types:
        filled.run(
            "DROP TABLE IF EXISTS s.own",
            f"CREATE TABLE s.own (d DATE, k {type_})",
            "INSERT INTO s.own VALUES ('2025-01-10', 'x')",
            "INSERT INTO s.raw VALUES ('2025-01-10', 'x')",
        )
        for where in ({}, {"equals": "x"}, {"like": "x"}, {">": "w"}, {"one_of": ["x", "X"]}):
            conditions = [{"column": "k", **where}] if where else []
            datasets = with_dataset("factors", table="s.own", upstream="raw", where=conditions)
            frame = gathered(contract_of(tmp_path, datasets=datasets).contract, filled.url).frame
            assert frame.unreadable == {}
            assert cells_of(frame, "factors")[0].matched == 1, (type_, where)
        capital = [{"column": "k", "equals": "X"}]
        datasets = with_dataset("factors", table="s.own", upstream="raw", where=capital)
        frame = gathered(contract_of(tmp_path, datasets=datasets).contract, filled.url).frame
        assert cells_of(frame, "factors")[0].present == 0, type_


@pytest.mark.parametrize("type_", ["DATE", "TIMESTAMP", "TIMESTAMPTZ"])
def test_moments_that_python_does_not_know_are_in_no_window_and_shown_as_keys(
    postgres: Postgres, tmp_path: Path, type_: str
) -> None:
    ends = ("infinity", "-infinity", "0044-03-15 BC", "20000-01-01")
    postgres.run(
        f"CREATE TABLE s.summary (d {type_}, k {type_})",
        f"CREATE TABLE s.none (d DATE, k {type_})",
        *(f"INSERT INTO s.summary VALUES ('{end}', '2025-01-01')" for end in ends),
        *(f"INSERT INTO s.summary VALUES ('2025-01-10 12:00', '{end}')" for end in ends),
    )
    datasets = {
        name: {**dataset, "table": "s.summary" if name == "summary" else "s.none"}
        for name, dataset in BASIC["datasets"].items()
    }
    contract = contract_of(tmp_path, datasets=datasets, timezone="UTC").contract
    with open_warehouse(contract, postgres.url) as warehouse:
        always = warehouse.presence([DateRange(D("0001-01-01"), D("9999-12-31"))])
    assert [(str(day), sum(keys.values())) for day, keys in always.by_date.items()] == [
        ("2025-01-10", 4)
    ]
    assert always.undated == {}
    (sample,) = [s for s in gathered(contract, postgres.url).keys if s.dataset == "summary"]
    shown = {str(key)[:9] for (key,) in sample.orphans}
    assert shown == {"infinity", "-infinity", "0044-03-1", "20000-01-"}


# ------------------------------------------------------------------ queries


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("SELECT d, k FROM s.raw;", ""),
        ("SELECT d, k FROM s.raw WHERE k LIKE '%0' AND d >= '2025-01-01'::date -- %s $1", ""),
        ("TABLE s.raw", ""),
        ("SELECT d, k FROM s.raw; SELECT 1", "not one SELECT"),
        ("INSERT INTO s.raw VALUES (now(), 'x') RETURNING d, k", "not one SELECT"),
        ("WITH x AS (DELETE FROM s.raw RETURNING d, k) SELECT * FROM x", "not one SELECT"),
        ("SELECT d, k INTO s.other FROM s.raw", "not one SELECT"),
        ("SHOW ALL", "not one SELECT"),
        ("-- nothing", "not one SELECT"),
        ("SELECT d, k FROM s.raw) AS x; DELETE FROM s.raw; SELECT * FROM (TABLE s.raw",
            'syntax error at or near ")"'),
        ("SELECT d, k FROM s.raw FOR UPDATE", "in a read-only transaction"),
        ("SELECT d, nextval('s.counter')::text AS k FROM s.raw", "in a read-only transaction"),
        ("SELECT d, set_config('transaction_read_only', 'off', true) AS k FROM s.raw",
            "must be set before any query"),
        ("SELECT d, k FROM s.raw WHERE k = $1", "write the value in its place"),
        ("SELECT d, (1 / 0)::text AS k FROM s.raw", "it cannot be read: division by zero"),
        ("SELECT d, k FROM s.rav", 'it cannot be read: relation "s.rav" does not exist'),
    ],
)  # fmt: skip
def test_a_query_is_one_select_that_reads(
    filled: Postgres, tmp_path: Path, query: str, reason: str
) -> None:
    found = said(filled, tmp_path, table=None, query=query)
    assert (reason in found) if reason else not found
    with filled.connect() as connection:
        rows = connection.execute("SELECT count(*) FROM s.raw").fetchone()
    assert rows == (len(GOOD),)


# ------------------------------------------------------------------ connections


def failed(folder: Path, url: str) -> str:
    with (
        pytest.raises(CheckpointsError) as raised,
        open_warehouse(contract_of(folder).contract, url),
    ):
        pass
    return f"{raised.value.exit_code:d}: {raised.value}"


def test_a_connection_that_cannot_be_made_is_explained(
    postgres: Postgres, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = f"127.0.0.1:{postgres.port}"
    wrong = failed(tmp_path, f"postgresql://reader:my-secret@{at}/warehouse")
    assert "3: warehouse postgresql://reader:***@" in wrong
    assert 'password authentication failed for user "reader"' in wrong
    assert "PGPASSWORD or ~/.pgpass" in wrong
    assert 'database "other" does not exist' in failed(tmp_path, f"postgres://reader@{at}/other")
    assert "check sslmode" in failed(tmp_path, f"{postgres.url}?sslmode=require")
    alone = failed(tmp_path, f"postgresql://reader@127.0.0.1:{nobody()}/warehouse")
    assert "Connection refused): check host and port" in alone
    monkeypatch.delenv("PGPASSWORD")
    monkeypatch.setenv("PGPASSFILE", str(tmp_path / "none"))
    assert "no password supplied): give it by PGPASSWORD" in failed(tmp_path, postgres.url)


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("?password=my-secret", "take password out of it"),
        ("?colour=my-secret", 'invalid connection option "colour"'),
        ("?timeout_seconds=0", "write a number such as 600"),
        ("?sslmode=a&sslmode=b", "sslmode is given 2 times"),
    ],
)
def test_what_a_url_may_not_say_is_a_mistake_of_the_contract(
    postgres: Postgres, tmp_path: Path, query: str, reason: str
) -> None:
    found = failed(tmp_path, postgres.url + query)
    assert found.startswith("2: warehouse postgresql://reader@")
    assert reason in found
    assert "my-secret" not in found


def test_a_password_is_shown_nowhere(postgres: Postgres, tmp_path: Path) -> None:
    postgres.fill(dict.fromkeys(NAMES, GOOD))
    contract = ("--contract", str(write_contract(tmp_path, BASIC)))
    url = postgres.url.replace("reader@", "reader:of%20the%20reader@")
    done = command("checkpoints", "check", *WINDOW, *contract, "--warehouse", url, "--json", "-")
    assert done.returncode == 0, done.stderr
    assert "postgresql://reader:***@127.0.0.1" in done.stdout
    typo = command(
        "checkpoints", "check", *contract, "--warehouse", "postgresql://a:b@my-secret:c/d"
    )
    assert typo.returncode == 2
    assert f"--warehouse {postgres.url} " in done.stderr
    for answer in (done, typo):
        assert not {"of%20the", "of the reader", "my-secret"} & {
            word for word in ("of%20the", "of the reader", "my-secret")
            if word in answer.stdout + answer.stderr
        }  # fmt: skip


def test_bytes_are_not_estimated(postgres: Postgres, tmp_path: Path) -> None:
    postgres.fill(dict.fromkeys(NAMES, GOOD))
    contract = ("--contract", str(write_contract(tmp_path, BASIC)))
    window = WINDOW[:4]
    done = command("checkpoints", "estimate", *window, *contract, "--warehouse", postgres.url)
    assert done.returncode == 3
    assert "PostgreSQL does not report how many bytes a statement reads" in done.stderr


SLOW = "SELECT d, k FROM s.raw, pg_sleep(60)"


def test_a_statement_ends_when_its_time_is_up(postgres: Postgres, tmp_path: Path) -> None:
    postgres.fill(dict.fromkeys(NAMES, GOOD))
    contract = contract_of(tmp_path, datasets=with_dataset("raw", table=None, query=SLOW)).contract
    with pytest.raises(CheckpointsError) as raised:
        gathered(contract, f"{postgres.url}?timeout_seconds=0.2")
    assert "statement timeout (one may take 0.2 s)" in str(raised.value)
    assert running(postgres) == 0


def running(postgres: Postgres) -> int:
    """How many statements of the reader there are on the server, just now."""
    with postgres.connect() as connection:
        found = connection.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE usename = 'reader' AND state = 'active'"
        ).fetchone()
    assert found is not None
    return int(found[0])


def test_ctrl_c_cancels_the_statement_on_the_server(postgres: Postgres, tmp_path: Path) -> None:
    postgres.fill(dict.fromkeys(NAMES, GOOD))
    datasets = with_dataset("raw", table=None, query=SLOW)
    path = write_contract(tmp_path, BASIC, datasets=datasets, warehouse=postgres.url)
    asked = [sys.executable, "-m", "checkpoints", "check", *WINDOW, "--contract", str(path)]
    with subprocess.Popen(
        asked,
        cwd=ROOT,
        env=environment(),
        stderr=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    ) as process:
        until(lambda: running(postgres) == 1)
        os.kill(process.pid, signal.SIGINT)
        _, error = process.communicate(timeout=30)
    assert (process.returncode, error.strip().splitlines()[-1]) == (130, "interrupted")
    until(lambda: running(postgres) == 0)


def until(reached: Any) -> None:
    deadline = time.monotonic() + 30
    while not reached():
        assert time.monotonic() < deadline
        time.sleep(0.05)
