"""The write-ahead log of an SQLite database: when what stands in it is on the disk, and how it stays short.

SQLite's own `synchronous=FULL` syncs while the committing connection still holds the write lock, so that on a
slow disk every writer waits for the syncs of all others. Here a commit is visible first, and then it is
synced beside whatever others write meanwhile: the log only grows at its end, so who has synced it has also
kept all that was committed before. With `synchronous=NORMAL` SQLite itself still syncs the log before a
checkpoint copies it into the database, the database before the log begins anew, and the log's header; and
after a power cut it takes the log as far as its checksums hold, as always. https://www.sqlite.org/wal.html

SQLite's own checkpoints, too, are taken by whoever commits, and where somebody always writes the log never
gets short, so that each commit tries one: two syncs more for every press. Here a thread of its own takes
them.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import structlog

EVERY = 256  # commits
LONG = 8192  # pages: such a log is to begin anew
PATIENCE_S = 0.02  # how long all who write wait for that to those who read

_SYNC: Callable[[int], None] = getattr(os, "fdatasync", os.fsync)  # macOS has only the latter

log = structlog.get_logger()


class Journal:
    """The log beside the database file `database`. Used from any thread."""

    def __init__(self, database: Path, sync: Callable[[int], None] = _SYNC) -> None:
        self._database = database
        self._sync = sync
        self._path = database.with_name(database.name + "-wal")
        self._lock = threading.Lock()
        self._files: dict[tuple[int, int], int] = {}  # by device and inode, open until the end: see _opened
        self._commits = 0
        self._is_long = threading.Event()
        self._is_closing = False
        self._shortener: threading.Thread | None = None
        self._is_doubtful = False

    def grew(self) -> None:
        """One more commit."""
        self._commits += 1  # what two threads count as one does not matter
        if self._commits < EVERY:
            return
        self._commits = 0
        with self._lock:
            if self._shortener is None and not self._is_closing:
                self._shortener = threading.Thread(target=self._shorten, name="checkpoint", daemon=True)
                self._shortener.start()
        self._is_long.set()

    def sync(self) -> None:
        """Return when all that was committed before is on the disk. OSError when that cannot be said.

        The system tells of a failure once, and may have dropped what it could not write: then only a
        checkpoint can be trusted, which writes all of it again.
        """
        try:
            if self._is_doubtful:
                self._write_again()
            else:
                self._sync(self._opened())
        except FileNotFoundError:
            return  # nothing was ever written: SQLite makes the log with the first change
        except OSError:
            self._is_doubtful = True
            raise

    def close(self) -> None:
        with self._lock:
            self._is_closing = True
            shortener = self._shortener
        self._is_long.set()
        if shortener is not None:
            shortener.join()
        with self._lock:
            for file in self._files.values():
                os.close(file)
            self._files.clear()

    def _opened(self) -> int:
        """The log as it is now: whoever closes the database last removes it, and the next makes another.

        One that is gone stays open, for somebody may be syncing it, and its number must not become another's.
        """
        found = os.stat(self._path)
        which = found.st_dev, found.st_ino
        with self._lock:
            if which not in self._files:
                file = os.open(self._path, os.O_RDWR)
                opened = os.fstat(file)
                which = opened.st_dev, opened.st_ino
                self._files[which] = file
            return self._files[which]

    def _write_again(self) -> None:
        busy, _ = self._checkpoint("TRUNCATE")
        if busy:
            raise OSError("a sync has failed, and somebody reads or writes what is to be written again")
        self._is_doubtful = False

    def _shorten(self) -> None:
        while self._is_long.wait() and not self._is_closing:
            self._is_long.clear()
            try:
                _, pages = self._checkpoint("PASSIVE")
                if pages >= LONG:
                    self._checkpoint("RESTART")
            except sqlite3.Error as error:  # the next to commit tells whoever waits for it
                log.warning("no checkpoint could be taken", error=str(error))

    def _checkpoint(self, mode: str) -> tuple[int, int]:
        """Whether somebody was in the way, and the pages in the log."""
        there = f"{self._database.as_uri()}?mode=rw"
        with closing(sqlite3.connect(there, timeout=PATIENCE_S, isolation_level=None, uri=True)) as own:
            own.execute("PRAGMA synchronous=NORMAL")
            busy, pages, _ = own.execute(f"PRAGMA wal_checkpoint({mode})").fetchone()
        return busy, pages
