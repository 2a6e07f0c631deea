"""The store: one engine, opened the way that each database needs so that committed means kept.

`read()` and `write()` give a connection inside one transaction. On SQLite a write transaction takes the write
lock at BEGIN, because a deferred one that upgrades later fails at once and ignores the timeout.

`write()` returns when what it wrote is on the disk. Others see it a little earlier, and may write what
follows from it: that comes to the disk after it or never (docs/adr/0035).
"""

from __future__ import annotations

import socket
import sqlite3
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import Any, Protocol, TypeVar

import psycopg
from psycopg.abc import PQGen
from psycopg.errors import _WaitTimeout
from sqlalchemy import Connection, create_engine, event, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DisconnectionError, InterfaceError, InternalError, OperationalError
from sqlalchemy.pool import ConnectionPoolEntry

from community.storage.journal import Journal
from community.storage.prepared import driver_cursor

# The database is away, busy or full: it is nobody's fault, so whatever it was for waits.
AWAY = (OperationalError, InterfaceError, InternalError)

# psycopg's defaults hang for ever on a silent partition; with these a dead line is noticed within 6 s.
_POSTGRES = {
    "connect_timeout": 3,
    "tcp_user_timeout": 5000,
    "keepalives_idle": 3,
    "keepalives_interval": 1,
    "keepalives_count": 3,
    "options": (
        "-c statement_timeout=10000 -c lock_timeout=5000 "
        "-c idle_in_transaction_session_timeout=10000 -c timezone=UTC -c random_page_cost=1.1 -c jit=off"
    ),
}
# A server that is frozen keeps its line alive: TCP answers in its place, no time-out above ends. So who has
# heard nothing for a while asks on another line whether the server says anything to anybody: one that does is
# only slow, and its own statement_timeout has the first word.
ASK_AFTER_S, ANSWERS_WITHIN_S = 3.0, 2.0
SILENT_S = 12.0  # given up whatever it says to others
_TLS_QUESTION = struct.pack("!ii", 8, 80877103)  # of PostgreSQL's protocol: answered before any login
_VISIBLE_FIRST = "SET LOCAL synchronous_commit = off"
_ON_DISK = "SELECT pg_logical_emit_message(true, 'anxin', '')"  # kept with all that was written before
_SQLITE_BUSY_MS = 10_000
_LONGEST_LOG = 32_768  # pages: where `Journal` cannot keep it shorter, whoever commits takes its turn
_FIRST_LOOK_S, _LAST_LOOK_S = 0.0001, 0.001  # between looks whether another writer has ended: ever longer
_FRESH_S = 1.0  # a connection that worked so recently is taken without asking whether it lives

# Our transactions are a dozen statements, each ended by the time-outs above: a row still invisible after
# this many seconds was rolled back. The live stream counts on it (dispatcher/views.py).
LONGEST_TRANSACTION_S = 120.0


_T = TypeVar("_T")
_LOOK_S = 0.1  # psycopg's own: how often it looks whether it was interrupted


class Along(Protocol):
    """What is to be kept with whatever somebody else writes, or not at all."""

    def write(self, connection: Connection) -> None:
        """The last words of each transaction, which may still fail."""
        ...

    def kept(self) -> None:
        """What was written is on the disk."""
        ...


ALONG: ContextVar[Along | None] = ContextVar("along", default=None)


class Store:
    """A database that keeps its promises. `url` is any SQLAlchemy URL of SQLite or PostgreSQL (psycopg).

    Errors never show parameters: they hold names and numbers, and end in logs.
    """

    def __init__(self, url: str, *, pool_size: int = 10) -> None:
        parsed = make_url(url)
        self._journal: Journal | None = None
        if parsed.get_backend_name() == "sqlite":
            self.engine = create_engine(
                url, hide_parameters=True, connect_args={"timeout": _SQLITE_BUSY_MS / 1000}
            )
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
            if parsed.database and parsed.database.startswith("file:"):
                raise ValueError(
                    "give the path of the database, sqlite:///path/to/anxin.db, and no file: URI"
                )
            if parsed.database and parsed.database != ":memory:":
                self._journal = Journal(Path(parsed.database).absolute())
        elif parsed.get_backend_name() == "postgresql":
            self.engine = create_engine(
                url,
                hide_parameters=True,
                pool_size=pool_size,
                max_overflow=pool_size,
                connect_args=_POSTGRES,
            )
            event.listen(self.engine, "do_connect", connect_postgres)
            event.listen(self.engine, "checkin", _note_idle)
            event.listen(self.engine, "checkout", _ping_after_idling)
        else:
            raise ValueError(
                f"{parsed.get_backend_name()} is not supported: use sqlite:///path/to/anxin.db "
                "or postgresql+psycopg://user@host/name"
            )
        self._writer = self.engine.execution_options(anxin_writes=True)

    @property
    def is_sqlite(self) -> bool:
        return self.engine.dialect.name == "sqlite"

    @contextmanager
    def write(self, visible: Callable[[], None] | None = None) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and is on the disk after it; an exception in the
        block keeps nothing.

        `visible` is called as soon as others can read it, which may be before it is on the disk: to wake
        those who write what follows from it, never to tell anybody outside.

        What `ALONG` holds is written with it.
        """
        along = ALONG.get()
        with self._written(visible) as connection:
            yield connection
            if along is not None:
                along.write(connection)
        if along is not None:
            along.kept()

    @contextmanager
    def _written(self, visible: Callable[[], None] | None) -> Iterator[Connection]:
        if self._journal is None and visible is None:
            with self._writer.begin() as connection:  # PostgreSQL syncs before anybody sees it
                yield connection
            return
        with self._writer.connect() as connection:
            with self._visible_first(connection):
                yield connection
            if visible is not None:
                visible()
            if self._journal is None:
                with connection.begin():  # on the same line: if the server dies between, it is cut
                    connection.exec_driver_sql(_ON_DISK)
        if self._journal is not None:
            try:
                self._journal.sync()
            except (OSError, sqlite3.Error) as error:
                raise OperationalError("sync", None, error, hide_parameters=True) from error

    @contextmanager
    def jot(self) -> Iterator[Connection]:
        """A transaction that comes to the disk with the next one, and so may be lost when the power is cut:
        for what is said again soon, such as signs of life.
        """
        with self._writer.connect() as connection, self._visible_first(connection):
            yield connection

    @contextmanager
    def _visible_first(self, connection: Connection) -> Iterator[None]:
        with connection.begin():
            if not self.is_sqlite:
                connection.exec_driver_sql(_VISIBLE_FIRST)
            yield
        if self._journal is not None:
            self._journal.grew()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction for reading; it never waits for a writer on either database."""
        with self.engine.begin() as connection:
            yield connection

    def close(self) -> None:
        self.engine.dispose()
        if self._journal is not None:
            self._journal.close()


class _Impatient(psycopg.Connection[Any]):
    """A connection that gives up on a server which takes a request and never answers."""

    def wait(self, gen: PQGen[_T], interval: float = _LOOK_S, timeout: float | None = None) -> _T:
        if timeout is not None:
            return super().wait(gen, interval, timeout)
        began = time.monotonic()
        while True:
            try:
                return super().wait(gen, interval, ASK_AFTER_S)
            except _WaitTimeout:
                if time.monotonic() - began < SILENT_S - ASK_AFTER_S and self._server_answers():
                    continue
                self.pgconn.finish()  # in the middle of a request: nobody can use it any more
                raise

    def _server_answers(self) -> bool:
        """Whether the server, asked on another line, says anything; also when that cannot be found out."""
        host, port = self.info.hostaddr or self.info.host, self.info.port
        try:
            if host.startswith("/"):
                line = socket.socket(socket.AF_UNIX)
                address: Any = f"{host}/.s.PGSQL.{port}"
            else:
                line = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
                address = (host, port)
            with line:
                line.settimeout(ANSWERS_WITHIN_S)
                line.connect(address)
                line.sendall(_TLS_QUESTION)
                return bool(line.recv(1))
        except TimeoutError:
            return False
        except (OSError, psycopg.Error):
            return True


def connect_postgres(
    _dialect: object, _record: object, arguments: list[Any], named: dict[str, Any]
) -> psycopg.Connection[Any]:
    """How a store connects. Who wants other connections takes this hook away first: the first one wins."""
    return _Impatient.connect(*arguments, **named)


def _prepare_sqlite(connection: sqlite3.Connection, _record: ConnectionPoolEntry) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves
    (mode,) = connection.execute("PRAGMA journal_mode=WAL").fetchone()
    for pragma in (
        # The log is synced by `Journal`, when nobody waits for the lock any more. Where the file system can
        # have no log, SQLite syncs by itself.
        f"synchronous={'NORMAL' if mode == 'wal' else 'EXTRA'}",
        "foreign_keys=ON",
        f"busy_timeout={_SQLITE_BUSY_MS}",
        "temp_store=MEMORY",
        f"wal_autocheckpoint={_LONGEST_LOG}",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    writes = connection.get_execution_options().get("anxin_writes")
    begin = "BEGIN IMMEDIATE" if writes else "BEGIN"
    with driver_cursor(connection, begin) as cursor:
        if not writes:
            cursor.execute(begin)
            return
        cursor.execute("PRAGMA busy_timeout=0")
        try:
            _begin_when_free(cursor)
        finally:
            cursor.execute(f"PRAGMA busy_timeout={_SQLITE_BUSY_MS}")


def _begin_when_free(cursor: sqlite3.Cursor) -> None:
    """SQLite itself looks again after 1, 2, 5, 10 … ms, and so finds a lock free long after it was."""
    latest = time.monotonic() + _SQLITE_BUSY_MS / 1000
    look_s = _FIRST_LOOK_S
    while True:
        try:
            cursor.execute("BEGIN IMMEDIATE")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= latest:
                raise
        time.sleep(look_s)  # noqa: TID251 - a file lock wakes nobody when it is free
        look_s = min(2 * look_s, _LAST_LOOK_S)


def _note_idle(_connection: object, record: ConnectionPoolEntry) -> None:
    record.info["idle_since"] = time.monotonic()


def _ping_after_idling(connection: DBAPIConnection, record: ConnectionPoolEntry, _proxy: object) -> None:
    """A connection that has rested may be dead, and is asked first; one that has just worked is not.

    SQLAlchemy's own `pool_pre_ping` asks each time, which costs a press as much as one of its statements.
    """
    idle_since = record.info.get("idle_since")
    if idle_since is None or time.monotonic() - idle_since < _FRESH_S:
        return
    try:
        with closing(connection.cursor()) as cursor:
            cursor.execute("SELECT 1")
        connection.rollback()
    except psycopg.Error as error:
        raise DisconnectionError("the connection died while it rested") from error
