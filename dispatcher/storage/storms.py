"""The homes that belong to a trouble of their area, and the area as a place that one can be sent to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection
from datetime import datetime

from sqlalchemy import Connection, func, select

from community.model import AreaLevel, HomeRecord, Household, Position
from community.storage import register
from community.storage.prepared import Query
from community.storage.rows import upsert
from community.storage.tables import alarm, household, incident, storm_home
from devices.signal import Kind
from dispatcher.exercise import household_of
from dispatcher.model import CRIES, Incident, Severity
from dispatcher.storms import Trouble, area_of, subject_of

_LAST_ALARMS = 5_000  # more than come in a minute, but in the worst of storms

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


def troubles(connection: Connection, homes: Collection[int], kinds: Collection[Kind]) -> list[Trouble]:
    """What is not over in the cells of `homes`, of `kinds`."""
    rows = _TROUBLES.rows(connection, homes=sorted(homes), kinds=sorted(kinds))
    return [Trouble(row.household_id, row.area_id, Kind(row.kind), row.raised_at) for row in rows]


def cries(connection: Connection, from_id: int, since: datetime) -> list[Trouble]:
    """Calls for help since `since` that are not over. Alarms before `from_id` are not looked at."""
    area = incident.alias("area")
    joined = (storm_home.c.household_id == incident.c.household_id) & (
        storm_home.c.joined_at >= alarm.c.raised_at
    )
    query = (
        select(
            alarm.c.id,
            incident.c.household_id,
            household.c.area_id,
            alarm.c.kind,
            alarm.c.raised_at,
            area.c.subject,
        )
        .join_from(alarm, incident, incident.c.id == alarm.c.incident_id)
        .join(household, household.c.id == incident.c.household_id)
        .outerjoin(storm_home, joined)
        .outerjoin(area, area.c.id == storm_home.c.incident_id)
        .where(
            alarm.c.id >= from_id,
            alarm.c.raised_at >= since,
            alarm.c.kind.in_([kind.value for kind in sorted(CRIES)]),
            alarm.c.ended_at.is_(None),
            alarm.c.cleared_at.is_(None),
            incident.c.closed_at.is_(None),
        )
    )
    rows = connection.execute(query).all()
    chains = register.area_chains(connection, {row.area_id for row in rows})
    streets = {
        cell: next((area.id for area in chain if area.level is AreaLevel.STREET), None)
        for cell, chain in chains.items()
    }
    known_to: defaultdict[int, set[int]] = defaultdict(set)
    for row in rows:
        if row.subject is not None and (of := area_of(row.subject)) is not None:
            known_to[row.id].add(of)
    return [
        Trouble(
            row.household_id,
            row.area_id,
            Kind(row.kind),
            row.raised_at,
            streets.get(row.area_id),
            frozenset(known_to[row.id]),
        )
        for row in {row.id: row for row in rows}.values()
    ]


def first_alarm_since(connection: Connection, from_id: int, since: datetime) -> int:
    """The first alarm from `from_id` on that was raised at `since` or later; `from_id` when there is none.

    Who does not know where to begin (0) begins with one of the last.
    """
    if from_id == 0:
        newest = connection.execute(select(func.max(alarm.c.id))).scalar() or 0
        from_id = max(1, newest - _LAST_ALARMS)
    query = select(func.min(alarm.c.id)).where(alarm.c.id >= from_id, alarm.c.raised_at >= since)
    found: int | None = connection.execute(query).scalar()
    return from_id if found is None else found


def open_for_homes(connection: Connection, homes: Collection[int]) -> dict[int, int]:
    """The open case of its area to which each of `homes` belongs, for those that do."""
    if not homes:
        return {}
    return {row.household_id: row.incident_id for row in _RESTING.rows(connection, homes=sorted(set(homes)))}


def crying_areas(connection: Connection, areas: Collection[int]) -> set[int]:
    """Those of `areas` that have an open case about calls for help."""
    if not areas:
        return set()
    query = (
        select(incident.c.subject)
        .join(alarm, alarm.c.incident_id == incident.c.id)
        .where(
            incident.c.subject.in_([subject_of(area) for area in areas]),
            incident.c.closed_at.is_(None),
            alarm.c.kind.in_([kind.value for kind in sorted(CRIES)]),
        )
    )
    found = (area_of(subject) for subject in connection.execute(query).scalars())
    return {area for area in found if area is not None}


def join(
    connection: Connection, incident_id: int, homes: Collection[int], now: datetime, *, anew: bool = False
) -> set[int]:
    """Let `homes` belong to the area's case; returns those that did not before, or all, when `anew`."""
    if not homes:
        return set()
    rows = [{"incident_id": incident_id, "household_id": home, "joined_at": now} for home in sorted(homes)]
    statement = upsert(connection, storm_home)
    if anew:
        keys = [storm_home.c.incident_id, storm_home.c.household_id]
        statement = statement.on_conflict_do_update(index_elements=keys, set_={"joined_at": now})
    else:
        statement = statement.on_conflict_do_nothing()
    statement = statement.values(rows)
    return set(connection.execute(statement.returning(storm_home.c.household_id)).scalars())


def ailing_homes_of(connection: Connection, incident_id: int) -> list[int]:
    """The homes of an area's case whose own open case is about devices alone, by id: what can rest."""
    query = (
        select(storm_home.c.household_id)
        .join(incident, incident.c.household_id == storm_home.c.household_id)
        .where(
            storm_home.c.incident_id == incident_id,
            incident.c.closed_at.is_(None),
            incident.c.severity == int(Severity.TROUBLE),
        )
    )
    return list(connection.execute(query.order_by(storm_home.c.household_id)).scalars())


def scenes(connection: Connection, incidents: Collection[Incident]) -> dict[int, HomeRecord]:
    """The places of those among `incidents` that are no home's, by incident: areas, and homes of drills.

    An area is one place: its name with the number of homes that belong to the trouble, in their middle.
    Nobody lives there, so no relative is ever told.
    """
    drilled = {one.id: home for one in incidents if (home := household_of(one.subject)) is not None}
    homes = register.homes(connection, set(drilled.values())) if drilled else {}
    return _areas(connection, incidents) | {id: homes[home] for id, home in drilled.items()}


def _areas(connection: Connection, incidents: Collection[Incident]) -> dict[int, HomeRecord]:
    cells = {one.id: area for one in incidents if (area := area_of(one.subject)) is not None}
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
