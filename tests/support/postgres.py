"""A PostgreSQL server of the tests' own on loopback, with its data in a fresh folder."""

from __future__ import annotations

import ctypes
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from tests.support.forks import DIES_WITH_PARENT
from tests.support.listening import nobody

PATIENCE = 30.0
PASSWORD = "of the reader"
TYPES = {"VARCHAR": "TEXT", "DOUBLE": "DOUBLE PRECISION"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Postgres:
    """A running server; its ``reader`` may log in by password, and read what it is granted."""

    port: int
    pid: int
    log: Path

    @property
    def url(self) -> str:
        """The warehouse, for whoever has the reader's password in ``PGPASSWORD``."""
        return f"postgresql://reader@127.0.0.1:{self.port}/warehouse"

    def connect(self, database: str = "warehouse") -> psycopg.Connection[Any]:
        """As the one to whom all belongs; what is done stays."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user="owner", password=PASSWORD, dbname=database,
            autocommit=True,
        )  # fmt: skip

    def run(self, *statements: str) -> None:
        """Run statements as the owner."""
        with self.connect() as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def clear(self, schema: str = "s") -> None:
        """An empty schema, of which the reader may read all that will be in it."""
        self.run(
            f"DROP SCHEMA IF EXISTS {schema} CASCADE",
            f"CREATE SCHEMA {schema}",
            f"GRANT USAGE ON SCHEMA {schema} TO reader",
            f"ALTER DEFAULT PRIVILEGES IN SCHEMA {schema} GRANT SELECT ON TABLES TO reader",
        )

    def fill(
        self, tables: Mapping[str, Iterable[tuple[Any, ...]]], types: str = "d DATE, k VARCHAR"
    ) -> str:
        """Create ``s.<table>`` with these rows; the types have DuckDB's names. Returns the URL."""
        for name, rows in tables.items():
            into = f"COPY s.{name} FROM STDIN".encode()
            with self._created(f"s.{name}", types) as cursor, cursor.copy(into) as copy:
                for row in rows:
                    copy.write_row(row)
        return self.url

    def fill_from(self, files: Mapping[str, Path], types: str) -> None:
        """Create ``schema.table``, at once, with what is in a CSV file."""
        for name, file in files.items():
            into = f"COPY {name} FROM STDIN (FORMAT csv)".encode()
            with self._created(name, types) as cursor, cursor.copy(into) as copy:
                copy.write(file.read_bytes())

    @contextmanager
    def _created(self, table: str, types: str) -> Iterator[psycopg.Cursor[Any]]:
        """A new table in a transaction, so that nobody sees it while it is filled."""
        for name, own in TYPES.items():
            types = types.replace(name, own)
        with self.connect() as connection, connection.transaction():
            cursor = connection.cursor()
            cursor.execute(f"DROP TABLE IF EXISTS {table}".encode())
            cursor.execute(f"CREATE TABLE {table} ({types})".encode())
            yield cursor


def reason_to_skip() -> str | None:
    """Why there is no server here, or None."""
    if _programs() is None:
        return "needs a PostgreSQL server, which is not installed: apt-get install postgresql"
    return None


def _programs() -> Path | None:
    """The newest that Debian has installed, or the one that is in PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = shutil.which("initdb")
    paths = [*debian, *([Path(found).resolve()] if found else [])]
    return next(
        (path.parent for path in reversed(paths) if (path.parent / "postgres").exists()), None
    )


@contextmanager
def running() -> Iterator[Postgres]:
    """Start a server; it refuses to run as root, and runs as somebody else then.

    Raises:
        RuntimeError: it did not come up.
    """
    programs = _programs()
    assert programs is not None
    # Not in the tests' own folder, into which nobody else may look.
    with tempfile.TemporaryDirectory(prefix="checkpoints-postgres-") as name:
        folder, port = Path(name), nobody()
        somebody: dict[str, Any] = {}
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            somebody = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
            os.chown(folder, user.pw_uid, user.pw_gid)
        (folder / "password").write_text(PASSWORD)
        os.chmod(folder / "password", 0o644)
        subprocess.run(
            [programs / "initdb", "-D", folder / "data", "-U", "owner", "-N", "-E", "UTF8",
             "--locale=C.UTF-8", "--auth=scram-sha-256", f"--pwfile={folder / 'password'}"],
            check=True, cwd=folder, stdout=subprocess.DEVNULL, **somebody,
        )  # fmt: skip
        log = folder / "log"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(port),
            "unix_socket_directories": "",
            "fsync": "off",
        }
        options = [word for item in settings.items() for word in ("-c", "=".join(item))]
        with log.open("w") as output:
            process = subprocess.Popen(
                [programs / "postgres", "-D", folder / "data", *options], cwd=folder,
                preexec_fn=lambda: ctypes.CDLL(None).prctl(DIES_WITH_PARENT, signal.SIGINT),
                stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, **somebody,
            )  # fmt: skip
        try:
            server = Postgres(port=port, pid=process.pid, log=log)
            _set_up(server, process)
            yield server
        finally:
            process.send_signal(signal.SIGINT)  # without waiting for those who are connected
            process.wait(PATIENCE)


def _set_up(server: Postgres, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with server.connect("postgres") as connection:
                connection.execute("CREATE DATABASE warehouse")
                connection.execute(f"CREATE ROLE reader LOGIN PASSWORD '{PASSWORD}'".encode())
            return
        except psycopg.OperationalError as error:
            if time.monotonic() > deadline or process.poll() is not None:
                raise RuntimeError(f"no server came up:\n{server.log.read_text()}") from error
            time.sleep(0.05)
