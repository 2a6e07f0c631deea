"""Everybody who can be sent, as the register has them: people, weekly duty times, leaves."""

from __future__ import annotations

from datetime import tzinfo

from sqlalchemy import Connection

from community.storage import atlas, register, rota, whereabouts
from dispatcher.fleet import Fleet
from dispatcher.reach import Rota
from maps.roads import UNKNOWN, Ground


def fleet(connection: Connection, zone: tzinfo, ground: Ground = UNKNOWN) -> Fleet:
    """`zone` is the site's: duty times are local. So is `ground`: roads, and where its cells are."""
    people, duties = register.responders(connection), register.duties(connection)
    return Fleet(people, duties, zone, rota.leaves(connection), ground, whereabouts.newest(connection))


def weeks(connection: Connection) -> Rota:
    """The same people by the weeks in which they work, for judging many homes."""
    drawn = atlas.drawn_cells(connection)
    return Rota(register.responders(connection), register.duties(connection), drawn)
