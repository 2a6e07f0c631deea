"""A copy of the whole store as one SQLite file, whichever database it was taken from, and back into either.

A copy is of one moment: whatever was committed before it began is in it, and of a transaction all or nothing.
Nobody waits for it: on SQLite it reads beside the writers, on PostgreSQL it reads one snapshot.
"""

from __future__ import annotations

import os
import shutil
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select

from community.errors import Conflict, Invalid, NotFound
from community.storage import schema
from community.storage import tables as t
from community.storage.rows import number_on
from community.storage.store import Store

_AT_ONCE = 1000  # rows
# What belongs to processes and browsers that ran when the copy was taken, not to the centre.
_OF_THE_MOMENT = frozenset({t.worker, t.console, t.login_session})
# A snapshot is read for as long as it takes: the time-outs of `Store` are for work on which people wait.
_PATIENTLY = "SET LOCAL statement_timeout = 0", "SET LOCAL idle_in_transaction_session_timeout = 0"


def save(store: Store, file: Path) -> None:
    """Copy everything into the new file `file`, synced. SchemaOutOfDate unless the store has our schema.

    It appears when it is whole: until then it is called `<file>.part`. Conflict when it is there already.
    """
    schema.require_newest(store)
    if file.exists():
        raise Conflict("backup_exists", f"已有 {file},不覆盖 / {file} is there already: give another name")
    part = file.with_name(f"{file.name}.part")
    part.unlink(missing_ok=True)
    part.touch(mode=0o600)  # it holds names, numbers and secrets
    try:
        if store.is_sqlite:
            _copy_file(Path(store.engine.url.database or ""), part)
        else:
            _copy_rows(store, part)
        with closing(sqlite3.connect(part)) as whole:
            whole.execute("PRAGMA journal_mode=DELETE")  # one file, without a log beside it
        _sync(part)
        part.rename(file)
    finally:
        part.unlink(missing_ok=True)
    if os.name == "posix":  # elsewhere a folder cannot be opened
        _sync(file.parent, os.O_RDONLY)


@contextmanager
def opened(file: Path) -> Iterator[Store]:
    """A copy as a store with our schema. What is opened is a copy of the copy: `file` is only read.

    Invalid when it is none, is damaged, or was made by a newer Anxin. An older one is brought up to date.
    """
    if not file.is_file():
        raise NotFound("no_such_backup", f"没有这个文件 / there is no file {file}")
    if (log := file.with_name(f"{file.name}-wal")).exists() and log.stat().st_size:
        raise Invalid(
            "backup_in_use",
            f"{file.name} 是数据库本身,不是备份,最新的内容还在 {log.name} / is a database, no backup: what "
            "came last is in the log beside it; name it in ANXIN_DATABASE_URL, run `python3 anxin.py backup`",
        )
    with TemporaryDirectory(prefix="anxin-restore-") as folder:
        own = Path(folder) / "copy.db"
        shutil.copyfile(file, own)
        own.chmod(0o600)
        _require_sound(own, file.name)
        store = Store(f"sqlite:///{own}")
        try:
            if (found := schema.current(store)) not in schema.known():
                raise Invalid(
                    "backup_of_another_program",
                    f"{file.name} 的结构 {found or '?'} 本程序不认识,请先升级 Anxin / "
                    f"has schema {found or 'none'}, which this program does not know: update Anxin first",
                )
            schema.migrate(store)
            yield store
        finally:
            store.close()


def bring(copy: Store, store: Store, *, replace: bool = False) -> int:
    """Put everything of `copy` into `store`, in one transaction, with all ids; returns the number of rows.

    Conflict when `store` holds anything, unless it is to be replaced. SchemaOutOfDate when it has another
    schema than ours: somebody's older programs may work on it. Who was logged in logs in again.
    """
    if schema.current(store) is None:
        schema.migrate(store)
    schema.require_newest(store)
    written = 0
    with copy.read() as source, store.write() as target:
        if not replace and not is_empty(target):
            raise Conflict(
                "store_not_empty",
                "目标数据库不是空的,没有改动 / the database is not empty, nothing was changed: name an empty "
                "one in ANXIN_DATABASE_URL, or say --replace to give up what it holds",
            )
        _empty(target)
        for table in t.metadata.sorted_tables:
            if table not in _OF_THE_MOMENT:
                written += _fill(target, table, _rows(source, table))
    return written


def is_empty(connection: Connection) -> bool:
    """Whether no table holds anything but what processes say of themselves."""
    tables = (table for table in t.metadata.sorted_tables if table not in _OF_THE_MOMENT)
    return all(connection.execute(select(1).select_from(table).limit(1)).first() is None for table in tables)


def _empty(target: Connection) -> None:
    if target.dialect.name == "postgresql":
        # Row by row, each case would be looked for among all calls that were just deleted.
        quoted = target.dialect.identifier_preparer.format_table
        target.exec_driver_sql(f"TRUNCATE {', '.join(map(quoted, t.metadata.sorted_tables))}")
        return
    for table in reversed(t.metadata.sorted_tables):
        target.execute(delete(table))


def _copy_file(database: Path, part: Path) -> None:
    """SQLite's own online backup, in one step: writers go on, and none of them makes it begin anew."""
    there = f"{database.absolute().as_uri()}?mode=rw"
    with closing(sqlite3.connect(there, uri=True)) as source, closing(sqlite3.connect(part)) as target:
        source.backup(target)


def _copy_rows(store: Store, part: Path) -> None:
    copy = Store(f"sqlite:///{part}")
    try:
        schema.migrate(copy)
        snapshot = store.engine.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        with snapshot.begin() as source, copy.write() as target:
            for patiently in _PATIENTLY:
                source.exec_driver_sql(patiently)
            for table in t.metadata.sorted_tables:
                _fill(target, table, _rows(source, table))
    finally:
        copy.close()


def _rows(source: Connection, table: Table) -> Iterator[list[dict[str, Any]]]:
    """The rows of a table, some at a time, each after those it refers to."""
    if table is t.area:
        yield _parents_first(dict(row) for row in source.execute(select(table)).mappings())
        return
    with source.execute(select(table), execution_options={"yield_per": _AT_ONCE}) as found:
        for rows in found.mappings().partitions():
            yield [dict(row) for row in rows]


def _parents_first(areas: Iterable[dict[str, Any]]) -> list[dict[str, Any]]:
    waiting, placed = list(areas), list[dict[str, Any]]()
    known: set[int | None] = {None}
    while ready := [area for area in waiting if area["parent_id"] in known]:
        placed += ready
        known |= {area["id"] for area in ready}
        waiting = [area for area in waiting if area["id"] not in known]
    return placed


def _fill(target: Connection, table: Table, parts: Iterable[list[dict[str, Any]]]) -> int:
    written = 0
    for rows in parts:
        if rows:
            target.execute(insert(table), rows)
            written += len(rows)
    number_on(target, table)
    return written


def _require_sound(file: Path, name: str) -> None:
    try:
        with closing(sqlite3.connect(file)) as copy:
            [wrong, *_] = copy.execute("PRAGMA integrity_check").fetchone()
            if wrong == "ok" and copy.execute("PRAGMA foreign_key_check").fetchone() is None:
                return
    except sqlite3.DatabaseError as error:
        wrong = str(error)
    raise Invalid("backup_damaged", f"{name} 已损坏或不是备份 / is damaged, or no backup at all: {wrong}")


def _sync(path: Path, how: int = os.O_RDWR) -> None:
    descriptor = os.open(path, how)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
