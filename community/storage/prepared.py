"""Statements of the hot path: compiled once by SQLAlchemy, then given straight to the driver.

Running a statement costs SQLite a few microseconds, and going through SQLAlchemy five to ten times as much,
most of all for rows with times in them. So what runs for every press is prepared here. Errors come out as
SQLAlchemy's, as from every other statement.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any

import orjson
from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    ColumnElement,
    Connection,
    Date,
    Float,
    Integer,
    LargeBinary,
    Select,
    Table,
    any_,
    bindparam,
    func,
    select,
)
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.exc import DBAPIError
from sqlalchemy.types import TypeEngine

from community.storage.tables import Moment, as_sqlite, aware_moment

_LAST_ID = "SELECT last_insert_rowid()"

Convert = Callable[[Any], Any]


Among = Callable[[ColumnElement[Any], str], ColumnElement[bool]]


class Query:
    """A SELECT. `build` gets `among(column, name)`: the column is one of the list parameter `name`."""

    def __init__(self, build: Callable[[Among], Select[Any]]) -> None:
        self._build = build
        self._made: dict[str, _MadeQuery] = {}

    def rows(self, connection: Connection, **parameters: Any) -> list[Any]:
        """The rows, with a field for each column."""
        made = self._made.get(connection.dialect.name)
        if made is None:
            made = self._made[connection.dialect.name] = _MadeQuery(self._build, connection)
        return made.rows(connection, parameters)


class _MadeQuery:
    def __init__(self, build: Callable[[Among], Select[Any]], connection: Connection) -> None:
        dialect = connection.dialect
        self._is_sqlite = dialect.name == "sqlite"
        statement = build(self._among)
        compiled = statement.compile(dialect=dialect)
        self._sql = str(compiled)
        self._order: Sequence[str] | None = compiled.positiontup
        self._fixed = {name: value for name, value in compiled.params.items() if value is not None}
        columns = list(statement.selected_columns)
        names = [column.key or "" for column in columns]
        self._make: Callable[[Sequence[Any]], Any] = _row_type(names)._make
        reads = ((at, _reader(column.type, self._is_sqlite)) for at, column in enumerate(columns))
        self._reads = [(at, read) for at, read in reads if read is not None]

    def _among(self, column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
        if self._is_sqlite:
            return column.in_(select(func.json_each(bindparam(name)).table_valued("value").c.value))
        return column == any_(bindparam(name, type_=ARRAY(column.type)))

    def rows(self, connection: Connection, parameters: Mapping[str, Any]) -> list[Any]:
        given: dict[str, Any] = {**self._fixed, **parameters}
        as_parameter = _sqlite_parameter if self._is_sqlite else _postgres_parameter
        given = {name: as_parameter(value) for name, value in given.items()}
        bound = given if self._order is None else tuple([given[name] for name in self._order])
        with driver_cursor(connection, self._sql) as cursor:
            cursor.execute(self._sql, bound)
            found = cursor.fetchall()
        make, reads = self._make, self._reads
        if not reads:
            return [make(row) for row in found]
        made = []
        for row in found:
            values = list(row)
            for at, read in reads:
                value = values[at]
                if value is not None:
                    values[at] = read(value)
            made.append(make(values))
        return made


class Rows:
    """Writes many rows of one table by one statement, always with the same columns."""

    def __init__(self, table: Table, *columns: str) -> None:
        self._table = table
        self._columns = [table.c[name] for name in columns]
        self._pick = itemgetter(*columns)
        self._names = columns
        self._known = {"id", *columns}
        self._writes: dict[bool, list[tuple[int, Convert]]] = {
            is_sqlite: [
                (at, write)
                for at, column in enumerate(self._columns)
                if (write := _writer(column.type, is_sqlite)) is not None
            ]
            for is_sqlite in (True, False)
        }
        names = ", ".join(f'"{name}"' for name in columns)
        self._sqlite_insert = f"INSERT INTO {table.name} ({names}) VALUES ({', '.join('?' * len(columns))})"
        self._postgres_insert = (
            f"INSERT INTO {table.name} ({names}) SELECT {names} "
            f"FROM ROWS FROM ({self._recordset()}) WITH ORDINALITY AS r({names}, ordinal) ORDER BY r.ordinal"
        )

    def insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        """Insert `rows`, in their order."""
        self._insert(connection, rows)

    def insert_unless_there(
        self, connection: Connection, rows: Sequence[Mapping[str, Any]], *key: str
    ) -> set[tuple[Any, ...]]:
        """Insert those of `rows` that break no unique constraint; the `key` columns of those inserted.

        On SQLite, where nobody else can have written meanwhile, none may break one: IntegrityError.
        """
        if connection.dialect.name == "sqlite":
            self._insert(connection, rows)
            return {tuple(row[name] for name in key) for row in rows}
        sql = f"{self._postgres_insert} ON CONFLICT DO NOTHING RETURNING {', '.join(key)}"
        with driver_cursor(connection, sql) as cursor:
            return set(cursor.execute(sql, (self._document(rows),)).fetchall())

    def insert_for_ids(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> list[int]:
        """Insert `rows`; the ids that they got, in their order."""
        if connection.dialect.name == "sqlite":
            self._insert(connection, rows)
            # One writer, and a table that only grows: the rows stand one after the other.
            with driver_cursor(connection, _LAST_ID) as cursor:
                [(last,)] = cursor.execute(_LAST_ID).fetchall()
            return list(range(last - len(rows) + 1, last + 1))
        sql = f"{self._postgres_insert} RETURNING id"
        with driver_cursor(connection, sql) as cursor:
            cursor.execute(sql, (self._document(rows),))
            return sorted(id for (id,) in cursor.fetchall())

    def _insert(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if connection.dialect.name == "sqlite":
            with driver_cursor(connection, self._sqlite_insert) as cursor:
                cursor.executemany(self._sqlite_insert, self._tuples(rows, is_sqlite=True))
            return
        with driver_cursor(connection, self._postgres_insert) as cursor:
            cursor.execute(self._postgres_insert, (self._document(rows),))

    def _recordset(self) -> str:
        """For PostgreSQL the rows are one JSON document: arrays take psycopg ten times as long."""
        typed = ", ".join(f'"{column.name}" {_postgres_type(column)}' for column in self._columns)
        return f"json_to_recordset(%s::json) AS ({typed})"

    def _document(self, rows: Sequence[Mapping[str, Any]]) -> str:
        names = self._names
        return as_document(
            [dict(zip(names, row, strict=True)) for row in self._tuples(rows, is_sqlite=False)]
        )

    def _tuples(self, rows: Sequence[Mapping[str, Any]], *, is_sqlite: bool) -> list[Sequence[Any]]:
        unknown = rows[0].keys() - self._known
        if unknown:
            raise KeyError(f"{self._table.name}: {', '.join(sorted(unknown))} would not be written")
        pick, writes = self._pick, self._writes[is_sqlite]
        written: dict[int, Any] = {}  # by identity: the rows of a transaction share one or two moments
        made: list[Sequence[Any]] = []
        for row in rows:
            values = list(pick(row))
            for at, write in writes:
                value = values[at]
                if value is not None:
                    key = id(value)
                    if key not in written:
                        written[key] = write(value)
                    values[at] = written[key]
            made.append(values)
        return made


class Changes(Rows):
    """Changes many rows of one table by one statement: each row names its `id` and the new values.

    A row is changed only while its columns in `given` have the values that are given for it, and while `only`
    holds: SQL in which the table is called `t`.
    """

    def __init__(self, table: Table, *columns: str, only: str = "", given: Sequence[str] = ()) -> None:
        super().__init__(table, "id", *columns, *given)
        sets = ", ".join(f'"{name}" = ?' for name in columns)
        # SQLite takes the parameters in the order in which they stand: the values, then what is compared.
        places = range(len(self._names))
        self._order = itemgetter(*(*places[1 : len(columns) + 1], 0, *places[len(columns) + 1 :]))
        also = "".join(f' AND t."{name}" = ?' for name in given) + (f" AND {only}" if only else "")
        self._sqlite_change = f"UPDATE {table.name} AS t SET {sets} WHERE t.id = ?{also}"
        sets = ", ".join(f'"{name}" = r."{name}"' for name in columns)
        also = "".join(f' AND t."{name}" = r."{name}"' for name in given) + (f" AND {only}" if only else "")
        # With the ids beside them PostgreSQL knows how few rows these are; from the document alone it guesses
        # a hundred, and reads the whole table for one.
        self._postgres_change = (
            f"UPDATE {table.name} AS t SET {sets} FROM {self._recordset().replace(' AS (', ' AS r(')} "
            f"WHERE t.id = r.id AND t.id = ANY(%s::int8[]){also}"
        )

    def run(self, connection: Connection, rows: Sequence[Mapping[str, Any]]) -> None:
        if connection.dialect.name == "sqlite":
            with driver_cursor(connection, self._sqlite_change) as cursor:
                order = self._order
                cursor.executemany(
                    self._sqlite_change, [order(values) for values in self._tuples(rows, is_sqlite=True)]
                )
            return
        with driver_cursor(connection, self._postgres_change) as cursor:
            ids = as_array([row["id"] for row in rows])
            cursor.execute(self._postgres_change, (self._document(rows), ids))


@contextmanager
def driver_cursor(connection: Connection, sql: str) -> Iterator[Any]:
    """A cursor of the driver inside the connection's transaction; its errors come out as SQLAlchemy's."""
    dbapi = connection.dialect.loaded_dbapi
    try:
        cursor = connection.connection.cursor()
        try:
            yield cursor
        finally:
            cursor.close()
    except dbapi.Error as error:
        raise DBAPIError.instance(
            sql, None, error, dbapi.Error, hide_parameters=True, dialect=connection.dialect
        ) from error


def _row_type(names: Sequence[str]) -> Any:
    return namedtuple("Row", names, rename=True)


def as_document(rows: Sequence[Mapping[str, Any]]) -> str:
    """Rows as JSON, for `json_to_recordset`; bytes in it must be `as_hex`."""
    return orjson.dumps(rows).decode()


def _sqlite_parameter(value: Any) -> Any:
    if isinstance(value, datetime):
        return as_sqlite(value)
    if isinstance(value, list):
        return orjson.dumps(value).decode()
    return value


def _postgres_parameter(value: Any) -> Any:
    return as_array(value) if isinstance(value, list) else value


def as_array(values: Sequence[int | str]) -> str:
    """Numbers or words as PostgreSQL reads an array from text; psycopg takes ten times as long over it."""
    return f"{{{','.join([_element(value) for value in values])}}}"


def _element(value: int | str) -> str:
    if isinstance(value, int):
        return str(value)
    escaped = value.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _reader(type_: TypeEngine[Any], is_sqlite: bool) -> Convert | None:
    if isinstance(type_, Moment):
        return _from_sqlite if is_sqlite else _in_utc
    if isinstance(type_, Date):
        return date.fromisoformat if is_sqlite else None
    if isinstance(type_, JSON):
        return orjson.loads if is_sqlite else None
    if isinstance(type_, Boolean):
        return bool if is_sqlite else None
    return None


def _writer(type_: TypeEngine[Any], is_sqlite: bool) -> Convert | None:
    if isinstance(type_, Moment):
        return as_sqlite if is_sqlite else aware_moment
    if isinstance(type_, LargeBinary):
        return None if is_sqlite else as_hex
    return _as_json if is_sqlite and isinstance(type_, JSON) else None


def _as_json(value: Any) -> str:
    return orjson.dumps(value).decode()


def as_hex(value: bytes) -> str:
    """Bytes as PostgreSQL reads them from text."""
    return f"\\x{value.hex()}"


def _from_sqlite(text: str) -> datetime:
    return datetime.fromisoformat(text + "+00:00")


def _in_utc(moment: datetime) -> datetime:
    return moment.astimezone(UTC)


def _postgres_type(column: Column[Any]) -> str:
    match column.type:
        case Moment():
            return "timestamptz"
        case BigInteger():
            return "int8"
        case Integer():
            return "int4"
        case Float():
            return "float8"
        case Boolean():
            return "bool"
        case LargeBinary():
            return "bytea"
        case JSON():
            return "json"
        case _:
            return "text"
