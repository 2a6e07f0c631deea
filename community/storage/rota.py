"""Weekly duty times and leaves. Whoever keeps responders in memory is told of each change."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, delete, select

from community.errors import Invalid, NotFound
from community.model import Duty, Leave
from community.storage import register
from community.storage import tables as t
from community.storage.rows import insert_row


def set_duties(connection: Connection, responder_id: int, duties: Sequence[Duty]) -> None:
    """The whole week of one responder; none at all means that nobody asks them."""
    register.update_responder(connection, register.responder_by_id(connection, responder_id), duties)


def leaves(connection: Connection, since: datetime | None = None) -> dict[int, tuple[Leave, ...]]:
    """By the id of the responder, in order; with `since`, those that end after it."""
    query = select(t.leave).order_by(t.leave.c.starts, t.leave.c.id)
    if since is not None:
        query = query.where(t.leave.c.ends > since)
    found: dict[int, list[Leave]] = defaultdict(list)
    for row in connection.execute(query):
        found[row.responder_id].append(Leave(row.id, row.responder_id, row.starts, row.ends, row.reason))
    return {responder_id: tuple(kept) for responder_id, kept in found.items()}


def add_leave(connection: Connection, leave: Leave) -> Leave:
    """Keep it (`id` is ignored). Two leaves of one responder may overlap: neither day is worked."""
    register.responder_by_id(connection, leave.responder_id)
    row = {
        "responder_id": leave.responder_id,
        "starts": leave.starts,
        "ends": leave.ends,
        "reason": leave.reason,
    }
    number = insert_row(connection, t.leave, row)
    register.responders_changed(connection)
    return replace(leave, id=number)


def end_leave(connection: Connection, responder_id: int, leave_id: int, now: datetime) -> None:
    """Back at work: a leave that has not begun is gone, one that goes on ends now, one that is over stays."""
    row = connection.execute(
        select(t.leave).where(t.leave.c.id == leave_id, t.leave.c.responder_id == responder_id)
    ).first()
    if row is None:
        raise NotFound("no_such_leave", "没有这次请假,请刷新页面 there is no such leave: reload the page")
    if row.ends <= now:
        raise Invalid("leave_is_over", "这次请假已经结束 this leave is over already")
    if row.starts < now:
        connection.execute(t.leave.update().where(t.leave.c.id == leave_id).values(ends=now))
    else:
        connection.execute(delete(t.leave).where(t.leave.c.id == leave_id))
    register.responders_changed(connection)
