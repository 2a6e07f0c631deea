"""Everybody who can be sent, as the register has them: people, weekly duty times, leaves."""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import Connection

from community.storage import register, rota
from dispatcher.fleet import Fleet
from maps.roads import Roads


def fleet(connection: Connection, zone: tzinfo, roads: Roads | None = None) -> Fleet:
    """`zone` is the site's: duty times are local. `roads`, too, where it has any."""
    people, duties = register.responders(connection), register.duties(connection)
    return Fleet(people, duties, zone, rota.leaves(connection), roads)
