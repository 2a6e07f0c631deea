"""What administrators edit in versions: every version is kept for ever, the newest of each name counts."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Generic, Protocol, TypeVar

import structlog
from sqlalchemy import Connection, Table, and_, func, insert, or_, select

from community.errors import Invalid, NotFound, Stale
from community.storage.tables import account
from dispatcher.model import Plan
from dispatcher.scripts import Script

T = TypeVar("T", Plan, Script)
UNREADABLE = (AttributeError, KeyError, TypeError, ValueError)

log = structlog.get_logger()


class Whole(Protocol[T]):
    """A set of them that is complete. `edited` raises ValueError when it would not be any more."""

    all: tuple[T, ...]

    def named(self, name: str, /) -> T | None: ...

    def edited(self, value: T, /) -> Whole[T]: ...


@dataclass(frozen=True, slots=True)
class Edition(Generic[T]):
    """One version, and who made it when. `by` is empty for what was shipped."""

    value: T
    at: datetime
    by: str


class Editions(Generic[T]):
    """The versions in one table, whose name is what people call one of them."""

    _freeze: Callable[[T], str]
    _thaw: Callable[[str], T]

    def __init__(self, table: Table, freeze: Callable[[T], str], thaw: Callable[[str], T]) -> None:
        self._table = table
        self._freeze = freeze
        self._thaw = thaw

    def read(self, connection: Connection, until: datetime | None = None) -> list[T]:
        """The newest of each name, or those that stood at `until`; empty before the first edit.

        One that nobody can read any more is left out, and said.
        """
        found: list[T] = []
        for row in self._newest(connection, until):
            try:
                found.append(self._thaw(row.body))
            except UNREADABLE:
                log.exception(
                    f"a {self._table.name} cannot be read, the shipped one stands in for it", name=row.name
                )
        return found

    def newest(self, connection: Connection) -> dict[str, Edition[T]]:
        """The newest version of each by its name, in the order in which they came; empty before any edit."""
        return dict(self._readable(self._newest(connection, None)))

    def named(self, connection: Connection, name: str) -> tuple[Edition[T], ...]:
        """Every version of one that can be read, newest first; empty before the first edit of any.

        NotFound: no such name.
        """
        mine = self._table.c
        rows = connection.execute(
            select(mine.name, mine.body, mine.at, account.c.name.label("who"))
            .select_from(self._table.outerjoin(account, account.c.id == mine.by))
            .where(mine.name == name)
            .order_by(mine.version.desc())
        ).all()
        if not rows and self._is_edited(connection):
            noun = self._table.name
            raise NotFound(f"no_such_{noun}", f"there is no {noun} {name}: choose one from the list")
        return tuple(edition for _, edition in self._readable(rows))

    def _readable(self, rows: Iterable[Any]) -> Iterator[tuple[str, Edition[T]]]:
        for row in rows:
            try:
                yield row.name, Edition(self._thaw(row.body), row.at, row.who or "")
            except UNREADABLE:
                continue  # `read` says so

    def edit(
        self,
        connection: Connection,
        before: Whole[T],
        edited: T,
        version: int | None,
        account_id: int,
        now: datetime,
    ) -> T:
        """Keep a new version of one, and of those it takes something from; returns it.

        `before` is the set as it stands, and nobody else may edit it meanwhile. `version` is the one that was
        looked at, None for one that is new. Stale: somebody has edited it since. Invalid: a kind would be
        without one.
        """
        noun, mine = self._table.name, before.named(edited.name)
        if (mine.version if mine else None) != version:
            raise Stale(
                f"{noun}_changed",
                f"somebody has edited {noun} {edited.name} in the meantime: load it again, repeat the change"
                if mine
                else f"there is no {noun} {edited.name}: it may have been named differently; load the list",
            )
        try:
            after = before.edited(edited)
        except ValueError as wrong:
            raise Invalid(f"{noun}s_incomplete", str(wrong)) from wrong
        if not self._is_edited(connection):
            self._keep(connection, before.all, None, now)
        versions = self._versions(connection)
        new = [
            replace(each, version=versions.get(each.name, 0) + 1)
            for each in after.all
            if each.name == edited.name or each not in before.all  # some have lost a kind to it
        ]
        self._keep(connection, new, account_id, now)
        return next(each for each in new if each.name == edited.name)

    def _last(self, until: datetime | None) -> Any:
        """Name, last version and first row of each; version 0, as it was shipped, has always stood."""
        mine = self._table.c
        query = select(mine.name, func.max(mine.version).label("version"), func.min(mine.id).label("first"))
        if until is not None:
            query = query.where(or_(mine.at <= until, mine.version == 0))
        return query.group_by(mine.name)

    def _newest(self, connection: Connection, until: datetime | None) -> Sequence[Any]:
        mine, last = self._table.c, self._last(until).subquery()
        return connection.execute(
            select(mine.name, mine.body, mine.at, account.c.name.label("who"))
            .select_from(self._table.outerjoin(account, account.c.id == mine.by))
            .join(last, and_(last.c.name == mine.name, last.c.version == mine.version))
            .order_by(last.c.first)
        ).all()

    def _versions(self, connection: Connection) -> dict[str, int]:
        return {name: version for name, version, _ in connection.execute(self._last(None))}

    def _is_edited(self, connection: Connection) -> bool:
        return connection.execute(select(self._table.c.id).limit(1)).first() is not None

    def _keep(
        self, connection: Connection, values: Iterable[T], account_id: int | None, now: datetime
    ) -> None:
        connection.execute(
            insert(self._table),
            [
                {
                    "name": each.name,
                    "version": each.version,
                    "body": self._freeze(each),
                    "at": now,
                    "by": account_id,
                }
                for each in values
            ],
        )
