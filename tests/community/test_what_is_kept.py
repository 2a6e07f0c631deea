"""Committed is visible first and on the disk before anybody outside is told; nothing is told that is not."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import OperationalError

from community.storage import Store
from community.storage.journal import EVERY, LONG, Journal
from tests.servers import until

NOTE = text("INSERT INTO bench_note (word) VALUES (:word)")
WORDS = text("SELECT count(*) FROM bench_note")


@pytest.fixture
def noted(store: Store) -> Iterator[Store]:
    with store.write() as connection:
        connection.execute(text("CREATE TABLE bench_note (word TEXT NOT NULL)"))
    yield store
    with store.write() as connection:
        connection.execute(text("DROP TABLE bench_note"))


def count(store: Store) -> int:
    with store.read() as connection:
        return int(connection.execute(WORDS).scalar_one())


def test_others_see_it_before_it_is_on_the_disk_and_it_is_when_the_block_has_ended(noted: Store) -> None:
    seen: list[int] = []
    logged: list[int] = []

    def look() -> None:
        seen.append(count(noted))
        if not noted.is_sqlite:
            with noted.read() as connection:
                where = "SELECT pg_current_wal_insert_lsn() - '0/0'::pg_lsn"
                logged.append(int(connection.execute(text(where)).scalar_one()))

    for _ in range(20):
        with noted.write(look) as connection:
            connection.execute(NOTE, {"word": "press"})
        if not noted.is_sqlite:
            with noted.read() as connection:
                where = "SELECT pg_current_wal_flush_lsn() - '0/0'::pg_lsn"
                assert int(connection.execute(text(where)).scalar_one()) >= logged[-1]
    assert seen == list(range(1, 21))


def test_a_block_that_fails_keeps_nothing_and_calls_nobody(noted: Store) -> None:
    seen: list[int] = []

    def press_and_fail() -> None:
        with noted.write(lambda: seen.append(count(noted))) as connection:
            connection.execute(NOTE, {"word": "press"})
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        press_and_fail()
    assert seen == []
    assert count(noted) == 0


def test_what_is_jotted_down_can_be_read_at_once(noted: Store) -> None:
    with noted.jot() as connection:
        connection.execute(NOTE, {"word": "alive"})
    assert count(noted) == 1


class Log:
    """The log of an SQLite database, seen by somebody else."""

    def __init__(self, store: Store) -> None:
        path = store.engine.url.database
        assert path is not None
        self.database = Path(path)
        self.path = Path(f"{path}-wal")

    def size(self) -> int:
        return self.path.stat().st_size

    def times_begun(self) -> int:
        """Its checkpoint sequence number, https://www.sqlite.org/fileformat2.html#walformat"""
        with self.path.open("rb") as log:
            return int.from_bytes(log.read(16)[12:], "big")

    @contextmanager
    def reader(self) -> Iterator[None]:
        """Somebody reads, and goes on reading the same."""
        with closing(sqlite3.connect(self.database, isolation_level=None)) as connection:
            connection.execute("BEGIN")
            connection.execute("SELECT count(*) FROM bench_note").fetchone()
            yield


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_after_a_failed_sync_only_a_checkpoint_is_believed(noted: Store) -> None:
    """The system says once that it could not write: a second sync of the log would say that all is well."""
    log = Log(noted)
    answers = [OSError(5, "Input/output error")]

    def sync(_file: int) -> None:
        if answers:
            raise answers.pop()

    with closing(Journal(log.database, sync)) as journal:
        with noted.write() as connection:
            connection.execute(NOTE, {"word": "press"})
        with pytest.raises(OSError, match="Input/output"):
            journal.sync()
        with log.reader(), pytest.raises(OSError, match="written again"):
            journal.sync()
        assert log.size() > 0
        journal.sync()
        assert log.size() == 0, "all of it was written again, into the database"
    assert count(noted) == 1


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_the_log_is_that_of_now_also_when_it_was_removed_meanwhile(noted: Store) -> None:
    """Whoever closes the database last removes its log: a sync of the removed one would keep nothing."""
    log, synced = Log(noted), list[int]()
    with closing(Journal(log.database, lambda file: synced.append(os.fstat(file).st_nlink))) as journal:
        for _ in range(2):
            with noted.write() as connection:
                connection.execute(NOTE, {"word": "press"})
            journal.sync()
            noted.engine.dispose()
        journal.sync()  # there is none now
    assert synced == [1, 1]


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_log_that_got_long_begins_anew(noted: Store) -> None:
    log = Log(noted)
    begun = log.times_begun()
    for _ in range(2 * EVERY):
        with noted.jot() as connection:
            connection.execute(NOTE, {"word": "x" * (4096 * LONG // EVERY)})

    def has_begun_anew() -> bool:
        with noted.jot() as connection:
            connection.execute(NOTE, {"word": "press"})
        return log.times_begun() > begun

    assert until(has_begun_anew)


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_a_server_that_dies_before_the_disk_has_it_is_no_yes(noted: Store) -> None:
    """What is only visible may be gone when the server is back: whoever wrote it must hear of that."""
    mine: list[int] = []

    def die() -> None:
        with noted.write() as connection:
            connection.execute(text("SELECT pg_terminate_backend(:pid, 5000)"), {"pid": mine[0]})

    def press() -> None:
        with noted.write(die) as connection:
            mine.append(int(connection.execute(text("SELECT pg_backend_pid()")).scalar_one()))
            connection.execute(NOTE, {"word": "press"})

    with pytest.raises(OperationalError):
        press()


def test_a_uri_is_no_path_whose_log_could_be_synced() -> None:
    with pytest.raises(ValueError, match="give the path"):
        Store("sqlite:///file:anxin.db?uri=true")
