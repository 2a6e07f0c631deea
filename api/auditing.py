"""Notes each change of the register and the settings: who, when, what, where, and which fields."""

from __future__ import annotations

from collections.abc import AsyncIterator

from anyio.to_thread import run_sync
from fastapi import Request

from api.deps import CallerDep, NowDep, PartsDep
from community.logs import mask
from community.storage import audit

LONGEST_PATH = 300


async def audited(request: Request, caller: CallerDep, parts: PartsDep, now: NowDep) -> AsyncIterator[None]:
    """For routers: noted when the change is committed, and not when it was refused."""
    if request.method == "GET":
        yield
        return
    fields = await _fields(request)
    yield
    query = f"?{request.url.query}" if request.url.query else ""
    path = mask(f"{request.method} {request.url.path}{query}")[:LONGEST_PATH]
    what = str(getattr(request.scope.get("route"), "operation_id", None) or "")

    def write() -> None:
        with parts.store.write() as connection:
            audit.note(connection, caller.account.id, what, path, fields, now)

    await run_sync(write)


async def _fields(request: Request) -> list[str]:
    if not request.headers.get("content-type", "").startswith("application/json"):
        return []
    said = await request.json() if await request.body() else None
    return sorted(said) if isinstance(said, dict) else []
