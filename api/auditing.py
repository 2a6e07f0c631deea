"""Notes each change of the register and the settings: who, when, what, where, and which fields."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import datetime

from anyio.to_thread import run_sync
from fastapi import Request
from sqlalchemy import Connection

from api.deps import CallerDep, NowDep, PartsDep
from community.logs import mask
from community.storage import Store, audit
from community.storage.store import ALONG

LONGEST_PATH = 300


class _Note:
    """Kept in the transaction of the first change that the request makes."""

    def __init__(self, account_id: int, what: str, path: str, fields: Sequence[str], at: datetime) -> None:
        self._deed = (account_id, what, path, fields, at)
        self.is_kept = False

    def write(self, connection: Connection) -> None:
        if not self.is_kept:
            audit.note(connection, *self._deed)

    def kept(self) -> None:
        self.is_kept = True


async def audited(request: Request, caller: CallerDep, parts: PartsDep, now: NowDep) -> AsyncIterator[None]:
    """For routers: noted together with the change, and not when it was refused."""
    if request.method == "GET":
        yield
        return
    query = f"?{request.url.query}" if request.url.query else ""
    path = mask(f"{request.method} {request.url.path}{query}")[:LONGEST_PATH]
    what = str(getattr(request.scope.get("route"), "operation_id", None) or "")
    note = _Note(caller.account.id, what, path, await _fields(request), now)
    before = ALONG.set(note)
    try:
        yield
    finally:
        ALONG.reset(before)
    if not note.is_kept:
        await run_sync(_alone, parts.store, note)


def _alone(store: Store, note: _Note) -> None:
    """Of what changed nothing in the store: a text was sent, a feed was opened."""
    with store.write() as connection:
        note.write(connection)


async def _fields(request: Request) -> list[str]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return []
    try:
        said = await request.json()
    except ValueError:  # of a route that takes no body; any other has refused it
        return []
    return sorted(said) if isinstance(said, dict) else []
