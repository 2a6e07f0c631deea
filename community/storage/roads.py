"""The roads of the site, as one packed network, and which of its ways are closed."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, insert, select

from community.errors import NotFound
from community.storage import register
from community.storage import tables as t
from community.storage.rows import upsert
from maps.roads import Network, unpacked

_ONLY = 1  # a site has one network


@dataclass(frozen=True, slots=True)
class Closure:
    """A way that nobody can use now: a bridge, a flooded road, a ferry at night."""

    way: str  # its key in the network
    why: str
    since: datetime


def revision(connection: Connection) -> int:
    """Grows when roads were imported, closed or opened."""
    return register.revision(connection, "road")


def network(connection: Connection) -> Network | None:
    """The roads; None for a site without."""
    packed = connection.execute(select(t.road_network.c.packed)).scalar()
    return None if packed is None else unpacked(packed)


def keep(connection: Connection, roads: Network, source: str, now: datetime) -> None:
    """These are the roads from now on. Closures of ways that are not among them end."""
    connection.execute(delete(t.road_network))
    connection.execute(
        insert(t.road_network).values(
            id=_ONLY, source=source, packed=roads.packed(), pieces=len(roads.way), imported_at=now
        )
    )
    gone = set(closed(connection)) - set(roads.keys)
    connection.execute(delete(t.road_closure).where(t.road_closure.c.way.in_(sorted(gone))))
    _changed(connection)


def closed(connection: Connection) -> Mapping[str, Closure]:
    """What is closed, by the key of the way."""
    rows = connection.execute(select(t.road_closure).order_by(t.road_closure.c.way))
    return {row.way: Closure(row.way, row.why, row.closed_at) for row in rows}


def close(connection: Connection, ways: Collection[str], why: str, now: datetime) -> None:
    """Nobody is sent over `ways` from now on. To close what is closed already changes the reason."""
    rows = [{"way": way, "why": why, "closed_at": now} for way in sorted(ways)]
    new = upsert(connection, t.road_closure)
    changed = {"why": new.excluded.why}
    connection.execute(new.on_conflict_do_update(index_elements=["way"], set_=changed), rows)
    _changed(connection)


def reopen(connection: Connection, ways: Collection[str]) -> int:
    """The ways are open again; returns how many of them were closed."""
    gone = connection.execute(delete(t.road_closure).where(t.road_closure.c.way.in_(sorted(ways))))
    _changed(connection)
    return gone.rowcount


def named(roads: Network, called: str) -> tuple[str, ...]:
    """The ways whose key or name that is: a bridge is often drawn as several. NotFound when none is."""
    found = {key for key, name in zip(roads.keys, roads.names, strict=True) if called in (key, name)}
    if not found:
        raise NotFound(
            "no_such_road", f"没有“{called}”这条路 no road has this name or key: write it as the map does"
        )
    return tuple(sorted(found))


def _changed(connection: Connection) -> None:
    register.bump(connection, "road")
    register.responders_changed(connection)  # whoever ranks them reads the roads anew
