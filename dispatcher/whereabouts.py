"""Where responders are by their own telephones: kept of whom somebody may need now, and for minutes only.

Who is off duty and on no case is not followed, whatever her telephone sends. No place pages anybody.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.errors import Conflict
from community.model import Position, Whereabouts, on_duty
from community.storage import Store, register, rota, whereabouts
from community.whereabouts import moves
from devices.signal import Fix
from dispatcher.storage import reading


def from_page(store: Store, responder_id: int, position: Position, now: datetime) -> None:
    """Her page says where she is, at this moment: no clock but ours is asked.

    Conflict when nobody needs to know: she is asked to nothing, and on no case.
    """
    with store.write() as connection:
        person = register.responder_by_id(connection, responder_id)
        if not moves(person.kind) or not reading.open_errands(connection, responder_id):
            raise Conflict("not_needed", "现在不需要您的位置 nobody needs to know where you are")
        whereabouts.keep(connection, [Whereabouts(responder_id, position, now)], now)


def forget(store: Store, responder_id: int) -> None:
    """She tells it no more: what her page has told is forgotten at once."""
    with store.write() as connection:
        whereabouts.forget(connection, responder_id)


def from_phones(store: Store, fixes: Collection[Fix], now: datetime) -> int:
    """Keep where telephones of staff say they are; returns of how many that was news."""
    with (
        store.jot() as connection
    ):  # a telephone says it again soon, and the gateway's presses wait meanwhile
        bearers = whereabouts.bearers(connection, [fix.device_key for fix in fixes])
        found = [
            Whereabouts(
                bearers[fix.device_key],
                Position(fix.longitude, fix.latitude, "phone", fix.accuracy_m),
                fix.at,
            )
            for fix in fixes
            if fix.device_key in bearers
        ]
        wanted = _wanted(connection, {one.responder_id for one in found}, now)
        return whereabouts.keep(connection, [one for one in found if one.responder_id in wanted], now)


def _wanted(connection: Connection, ids: Collection[int], now: datetime) -> set[int]:
    """Those of `ids` who are on duty, or asked to a case, or on one."""
    if not ids:
        return set()
    zone = ZoneInfo(register.site(connection).timezone)
    duties, leaves = register.duties(connection, ids), rota.leaves(connection, now)
    return {
        id
        for id in ids
        if on_duty(duties.get(id, ()), now, zone, leaves.get(id, ())) or reading.open_errands(connection, id)
    }
