"""A process that dies at the n-th thing it asks of the world, without time for anything.

Deaths are counted at the database driver, below everything that could know of them: each statement and each
commit can be the last that took effect.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any, TypeVar

import psycopg
from sqlalchemy import event

from community.storage import Store
from community.storage.store import connect_postgres
from tests.servers import until

_T = TypeVar("_T")


class Died(BaseException):
    """The process is gone: no `except Exception` and no clean-up of ours may come after it."""


class Death:
    """Comes when the n-th request, counted from 1, has taken effect and before anybody is told.

    To die after one request is to die before the next: so every moment between two of them is met. Once it
    has come, everything that is asked through it dies, too. Without a number it never comes.
    """

    def __init__(self) -> None:
        self.comes_at: int | None = None
        self.requests = 0
        self.has_come = False
        self._links: list[tuple[Any, Callable[[], bool]]] = []

    def after(self, number: int | None) -> None:
        """Begin a new life, and count from its beginning."""
        self.comes_at, self.requests, self.has_come = number, 0, False

    def request(self, act: Callable[[], _T]) -> _T:
        if self.has_come:
            raise Died
        answer = act()
        self.requests += 1
        self.has_come = self.requests == self.comes_at
        if self.has_come:
            raise Died
        return answer

    def holds(self, link: Any, is_over: Callable[[], bool]) -> Any:
        """`link`, a connection of who is to die; `is_over` when the database knows that it is gone."""
        self._links.append((link, is_over))
        return link

    def bury(self) -> None:
        """The kernel closes what the dead had open: the database rolls back, and nobody is told.

        PostgreSQL is a while about it on a busy machine. Until then what the dead had locked is passed over,
        and a centre looks again a second later; here nobody does.
        """
        for link, _ in self._links:
            link.close()
        for _, is_over in self._links:
            assert until(is_over), "the database has not ended the session of the dead"
        self._links.clear()


def mortal(store: Store, death: Death) -> Store:
    """The same database, as seen by a process that dies of `death`."""
    url = store.engine.url.render_as_string(hide_password=False)
    dying = Store(url)
    if dying.is_sqlite:
        connect = _sqlite
    else:
        connect = _postgres
        event.remove(dying.engine, "do_connect", connect_postgres)

    @event.listens_for(dying.engine, "do_connect")
    def _(_dialect: Any, _record: Any, words: list[Any], more: dict[str, Any]) -> Any:
        link = connect(death, words, more)
        return death.holds(link, _never_there if dying.is_sqlite else _session_ended(link, words, more))

    return dying


def _never_there() -> bool:
    return True  # SQLite has no server: closed is over


def _session_ended(
    link: psycopg.Connection[Any], words: list[Any], more: dict[str, Any]
) -> Callable[[], bool]:
    pid = link.info.backend_pid

    def ended() -> bool:
        with psycopg.connect(*words, **more) as other:
            return other.execute("SELECT FROM pg_stat_activity WHERE pid = %s", (pid,)).fetchone() is None

    return ended


def _sqlite(death: Death, words: list[Any], more: dict[str, Any]) -> sqlite3.Connection:
    class Cursor(sqlite3.Cursor):
        def execute(self, *said: Any) -> Any:
            return self._last(lambda: death.request(lambda: sqlite3.Cursor.execute(self, *said)))

        def executemany(self, *said: Any) -> Any:
            return self._last(lambda: death.request(lambda: sqlite3.Cursor.executemany(self, *said)))

        def _last(self, act: Callable[[], Any]) -> Any:
            try:
                return act()
            except Died:
                self.close()  # in the middle of a statement SQLite would keep a closed connection's locks
                raise

    class Connection(sqlite3.Connection):
        def cursor(self, *_: Any) -> Any:
            return super().cursor(Cursor)

        def commit(self) -> None:
            death.request(lambda: sqlite3.Connection.commit(self))

    return sqlite3.connect(*words, **more, factory=Connection)


def _postgres(death: Death, words: list[Any], more: dict[str, Any]) -> Any:
    class Cursor(psycopg.Cursor[Any]):
        def execute(self, *said: Any, **how: Any) -> Any:
            return death.request(lambda: psycopg.Cursor.execute(self, *said, **how))

        def executemany(self, *said: Any, **how: Any) -> Any:
            return death.request(lambda: psycopg.Cursor.executemany(self, *said, **how))

    class Connection(psycopg.Connection[Any]):
        def commit(self) -> None:
            death.request(lambda: psycopg.Connection.commit(self))

    return Connection.connect(*words, **more, cursor_factory=Cursor)
