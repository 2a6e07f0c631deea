"""The site's roads in memory, read again when they have changed. May be used from many threads."""

from __future__ import annotations

import structlog
from sqlalchemy import Connection

from community.storage import roads as rows
from maps.roads import Roads

log = structlog.get_logger()


class Roadbook:
    """What the dispatcher, or the API, knows of roads. A network that cannot be read is none: the map never
    blocks an alert.
    """

    def __init__(self) -> None:
        self._known: tuple[int, Roads | None] = (0, None)

    def current(self, connection: Connection, revision: int | None = None) -> Roads | None:
        """The roads as they stand; None where the site has none. `revision` spares a look."""
        if revision is None:
            revision = rows.revision(connection)
        known, roads = self._known
        if revision == known:
            return roads
        roads = _read(connection)
        self._known = (revision, roads)
        return roads


def _read(connection: Connection) -> Roads | None:
    closed = rows.closed(connection)
    try:
        network = rows.network(connection)
        return None if network is None else Roads(network, closed)
    except (ValueError, KeyError, OSError):
        log.exception("the roads cannot be read: everybody is ranked by straight distance")
        return None
