"""The site's ground in memory, read again when it has changed. May be used from many threads."""

from __future__ import annotations

from collections.abc import Mapping

import structlog
from sqlalchemy import Connection

from community.storage import atlas, register
from community.storage import roads as rows
from community.storage.register import Revisions
from maps.coords import Point
from maps.roads import Ground, Roads

log = structlog.get_logger()


class Roadbook:
    """What the dispatcher, or the API, knows of roads, and of where a home may be that nobody has surveyed.

    What cannot be read is not there: the map never blocks an alert.
    """

    def __init__(self) -> None:
        self._roads: tuple[int, Roads | None] = (0, None)
        self._middles: tuple[int, Mapping[int, Point]] = (0, {})

    def current(self, connection: Connection, at: Revisions | None = None) -> Ground:
        """The ground as it stands; `at` spares a look when the caller has it at hand."""
        at = at or register.revisions(connection)
        if at.road != self._roads[0]:
            self._roads = (at.road, _roads(connection))
        if at.map != self._middles[0]:
            self._middles = (at.map, _middles(connection))
        return Ground(self._roads[1], self._middles[1])


def _roads(connection: Connection) -> Roads | None:
    closed = rows.closed(connection)
    try:
        network = rows.network(connection)
        return None if network is None else Roads(network, closed)
    except (ValueError, KeyError, OSError):
        log.exception("the roads cannot be read: everybody is ranked by straight distance")
        return None


def _middles(connection: Connection) -> Mapping[int, Point]:
    try:
        return atlas.middles(connection)
    except ValueError:
        log.exception("the outlines cannot be read: homes without a position are nowhere")
        return {}
