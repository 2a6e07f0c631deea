"""The audit log: who changed what in the register and the settings."""

from __future__ import annotations

from fastapi import APIRouter

from api import pages
from api.deps import AdminDep, ReadDep
from api.problems import describe
from community.storage import audit
from community.storage.audit import Deed, Proof

router = APIRouter(tags=["register"])


@router.get(
    "/audit",
    operation_id="listChanges",
    summary="Who changed what, newest first",
    responses=describe(403, 422),
)
def list_changes(
    connection: ReadDep, _admin: AdminDep, limit: pages.Limit = 50, cursor: pages.Cursor = None
) -> pages.Page[Deed]:
    """What happens to cases stands on their own timelines."""
    before_id = pages.decode(cursor) if cursor else None
    found = audit.newest(connection, before_id, limit + 1)
    return pages.page(found, limit, lambda deed: deed.id)


@router.get(
    "/audit/proof",
    operation_id="proveChanges",
    summary="Whether every row of the audit log is as it was written",
    responses=describe(403),
)
def prove(connection: ReadDep, _admin: AdminDep) -> Proof:
    """Write `head` down elsewhere each day: a log whose last rows were cut off proves itself all the same."""
    return audit.check(connection)
