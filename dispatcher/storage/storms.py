"""The homes that belong to a trouble of their area, and the area as a place that one can be sent to."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from datetime import datetime

from sqlalchemy import Connection, func, select

from community.model import AreaLevel, HomeRecord, Household, Position
from community.storage import register
from community.storage.prepared import Query
from community.storage.rows import upsert
from community.storage.tables import alarm, household, incident, storm_home
from devices.signal import Kind
from dispatcher.model import Incident
from dispatcher.storms import WATCHED, Trouble, cell_of

_HERE = household.alias("here")
_TROUBLES = Query(
    lambda among: (
        select(incident.c.household_id, household.c.area_id, alarm.c.kind, alarm.c.raised_at)
        .join_from(_HERE, household, household.c.area_id == _HERE.c.area_id)
        .join(incident, incident.c.household_id == household.c.id)
        .join(alarm, alarm.c.incident_id == incident.c.id)
        .where(
            among(_HERE.c.id, "homes"),
            among(alarm.c.kind, "kinds"),
            incident.c.closed_at.is_(None),
            alarm.c.ended_at.is_(None),
            alarm.c.cleared_at.is_(None),
        )
        .distinct()
    )
)
_RESTING = Query(
    lambda among: (
        select(storm_home.c.household_id, storm_home.c.incident_id)
        .join(incident, incident.c.id == storm_home.c.incident_id)
        .where(among(storm_home.c.household_id, "homes"), incident.c.closed_at.is_(None))
    )
)


def troubles(connection: Connection, homes: Collection[int]) -> list[Trouble]:
    """What is not over in the cells of `homes`, of the kinds that can be an area's."""
    rows = _TROUBLES.rows(connection, homes=sorted(homes), kinds=sorted(WATCHED))
    return [Trouble(row.household_id, row.area_id, Kind(row.kind), row.raised_at) for row in rows]


def open_for_homes(connection: Connection, homes: Collection[int]) -> dict[int, int]:
    """The open case of its area to which each of `homes` belongs, for those that do."""
    if not homes:
        return {}
    return {row.household_id: row.incident_id for row in _RESTING.rows(connection, homes=sorted(set(homes)))}


def join(connection: Connection, incident_id: int, homes: Collection[int], now: datetime) -> set[int]:
    """Let `homes` belong to the area's case; returns those that did not before."""
    if not homes:
        return set()
    rows = [{"incident_id": incident_id, "household_id": home, "joined_at": now} for home in sorted(homes)]
    statement = upsert(connection, storm_home).values(rows).on_conflict_do_nothing()
    return set(connection.execute(statement.returning(storm_home.c.household_id)).scalars())


def homes_of(connection: Connection, incident_id: int) -> list[int]:
    """The homes that belong to an area's case, in the order of their ids."""
    query = select(storm_home.c.household_id).where(storm_home.c.incident_id == incident_id)
    return list(connection.execute(query.order_by(storm_home.c.household_id)).scalars())


def scenes(connection: Connection, incidents: Iterable[Incident]) -> dict[int, HomeRecord]:
    """For each area's case among `incidents`, by its id, the area as one place: its name with the number of
    homes that belong to the trouble, in their middle. Nobody lives there, so no relative is ever told.
    """
    cells = {one.id: cell for one in incidents if (cell := cell_of(one.subject)) is not None}
    if not cells:
        return {}
    query = (
        select(
            storm_home.c.incident_id,
            func.count().label("homes"),
            func.avg(household.c.lon).label("lon"),
            func.avg(household.c.lat).label("lat"),
        )
        .join(household, household.c.id == storm_home.c.household_id)
        .where(storm_home.c.incident_id.in_(cells))
        .group_by(storm_home.c.incident_id)
    )
    middle = {row.incident_id: row for row in connection.execute(query)}
    chains = register.area_chains(connection, set(cells.values()))
    found = {}
    for incident_id, cell_id in cells.items():
        here = chains[cell_id][0]
        community = next((area for area in chains[cell_id] if area.level is AreaLevel.COMMUNITY), None)
        whose = community.name if community is not None and not here.name.startswith(community.name) else ""
        row = middle.get(incident_id)
        door = f"{here.name}{row.homes if row is not None else 0}户"
        where = Position(row.lon, row.lat) if row is not None and row.lon is not None else None
        # A number that no home has: one cell has at most one open case.
        place = Household(-cell_id, cell_id, whose + door, door, "", None, "", where)
        found[incident_id] = HomeRecord(place, (), (), here, community)
    return found
