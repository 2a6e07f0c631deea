"""Notes each change of the register and the settings: who, when, what, where, and which fields."""

from __future__ import annotations

from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from fastapi import Request

from api.deps import CallerDep, NowDep, PartsDep
from community.logs import mask
from community.storage import Store, audit

LONGEST_PATH = 300


async def audited(request: Request, caller: CallerDep, parts: PartsDep, now: NowDep) -> AsyncIterator[None]:
    """For routers: noted together with the change, and not when it was refused."""
    if request.method == "GET":
        yield
        return
    query = f"?{request.url.query}" if request.url.query else ""
    path = mask(f"{request.method} {request.url.path}{query}")[:LONGEST_PATH]
    what = str(getattr(request.scope.get("route"), "operation_id", None) or "")
    note = audit.Note(caller.account.id, what, path, await _fields(request), now)
    with audit.beside(note):
        yield
    if not note.is_kept:
        await run_sync(_alone, parts.store, note)


def _alone(store: Store, note: audit.Note) -> None:
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
