"""Who changed what in the register and the settings, and when: appended, never edited, each row sealed.

Of a change its name, its path and the names of its fields are kept: what stood in them is the register's.
The seal is a MAC with the site's secret: whoever can only write rows cannot make one that fits.
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Connection, select

from community.storage import register
from community.storage import tables as t
from community.storage.rows import insert_row
from community.storage.store import ALONG

_AT_ONCE = 1000  # rows that are read at once while all are checked


@dataclass(frozen=True, slots=True)
class Deed:
    """One change: `what` it is called, the path it went to, the names of the fields it gave."""

    id: int
    at: datetime
    by: str
    what: str
    path: str
    fields: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Proof:
    """`first_broken`: the first row that was changed, or after a missing one. `head` seals the last."""

    rows: int
    first_broken: int | None
    head: str


def note(
    connection: Connection, account_id: int, what: str, path: str, fields: Sequence[str], at: datetime
) -> None:
    """Append one change. Writers wait for each other: the seal of a row is made with that of the last."""
    register.bump(connection, "audit")
    last = connection.execute(select(t.audit.c.seal).order_by(t.audit.c.id.desc()).limit(1)).scalar()
    row = {"at": at, "account_id": account_id, "what": what, "path": path, "fields": list(fields)}
    insert_row(connection, t.audit, {**row, "seal": _seal(_secret(connection), last or "", row)})


class Note:
    """Of one change that is written in several steps: kept with the first of them, or not at all."""

    def __init__(self, account_id: int, what: str, path: str, fields: Sequence[str], at: datetime) -> None:
        self._deed = (account_id, what, path, fields, at)
        self.is_kept = False

    def write(self, connection: Connection) -> None:
        if not self.is_kept:
            note(connection, *self._deed)

    def kept(self) -> None:
        self.is_kept = True


@contextmanager
def beside(deed: Note) -> Iterator[None]:
    """Keep it with what is written meanwhile."""
    before = ALONG.set(deed)
    try:
        yield
    finally:
        ALONG.reset(before)


def newest(connection: Connection, before_id: int | None, limit: int) -> tuple[Deed, ...]:
    """At most `limit` changes below `before_id`, the newest first."""
    query = select(t.audit, t.account.c.name).join(t.account, t.account.c.id == t.audit.c.account_id)
    if before_id is not None:
        query = query.where(t.audit.c.id < before_id)
    rows = connection.execute(query.order_by(t.audit.c.id.desc()).limit(limit))
    return tuple(Deed(row.id, row.at, row.name, row.what, row.path, tuple(row.fields)) for row in rows)


def check(connection: Connection) -> Proof:
    """Look at every row. A cut tail is not seen: compare `head` with one that was written down elsewhere."""
    secret, seal, count, after = _secret(connection), "", 0, 0
    first_broken: int | None = None
    query = select(t.audit).order_by(t.audit.c.id).limit(_AT_ONCE)
    while rows := connection.execute(query.where(t.audit.c.id > after)).all():
        for row in rows:
            made = _seal(secret, seal, row._mapping)
            if first_broken is None and not hmac.compare_digest(made, row.seal):
                first_broken = row.id
            seal, count, after = row.seal, count + 1, row.id
    return Proof(count, first_broken, seal)


def _secret(connection: Connection) -> bytes:
    return register.site(connection).secret.encode()


def _seal(secret: bytes, before: str, row: Any) -> str:
    at = row["at"].astimezone(UTC).isoformat()
    said = [before, at, row["account_id"], row["what"], row["path"], list(row["fields"])]
    return hmac.new(secret, json.dumps(said, ensure_ascii=False).encode(), hashlib.sha256).hexdigest()
