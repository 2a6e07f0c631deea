"""The last sign of life of each home, and when nobody listened for one: written for many homes at once."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Connection, Table, bindparam, delete, insert, select, update

from community.storage.rows import upsert
from community.storage.tables import (
    as_sqlite,
    device,
    empty_bed,
    home_watch,
    life,
    listened,
    meter,
    night_watch,
    unheard,
    welfare_check,
)
from devices.signal import Role
from dispatcher.absence import BED_EMPTY, BED_TAKEN, Gap, Sign
from dispatcher.meters import Reading, Usage, freeze, thaw

LISTEN_EVERY = timedelta(seconds=30)
GAP = timedelta(minutes=5)  # a silence of our own, from which on a home's silence does not count
SET_BACK = timedelta(minutes=2)  # more than two clocks of one centre may differ
KEPT = timedelta(days=9)  # longer than any silence that is watched for
_GATEWAY = "gateway"

# The newest word wins, also when it is older than the last: the clock was set back.
_SET = (
    "at = excluded.at, source = excluded.source, said = excluded.said, "
    "by_hand_at = coalesce(excluded.by_hand_at, life.by_hand_at)"
)
_NEWEST = (
    "INSERT INTO life (household_id, at, source, said, by_hand_at) "
    "SELECT household_id, at, key, said, by_hand_at FROM (SELECT d.household_id, h.at, h.key, h.said, "
    "max(h.by_hand_at) OVER (PARTITION BY d.household_id) AS by_hand_at, "
    "row_number() OVER (PARTITION BY d.household_id ORDER BY h.at DESC) AS place "
    "FROM {heard} JOIN device AS d ON d.key = h.key WHERE d.household_id IS NOT NULL AND d.enabled) AS n "
    f"WHERE place = 1 ON CONFLICT (household_id) DO UPDATE SET {_SET}"
)
_SQLITE = _NEWEST.format(
    heard="(SELECT value ->> 0 AS key, value ->> 1 AS at, value ->> 2 AS said, value ->> 3 AS by_hand_at "
    "FROM json_each(?)) AS h"
)
_POSTGRES = _NEWEST.format(
    heard="unnest(%s::text[], %s::timestamptz[], %s::text[], %s::timestamptz[]) "
    "AS h (key, at, said, by_hand_at)"
)


def lived(connection: Connection, signs: Mapping[str, tuple[Sign, datetime | None]]) -> None:
    """Write the last sign of each device key, and its last one by hand, to the home it belongs to."""
    rows = [(key, sign.at, sign.said, by_hand_at) for key, (sign, by_hand_at) in sorted(signs.items())]
    if not rows:
        return
    if connection.dialect.name == "sqlite":
        told = [
            (key, as_sqlite(at), said, as_sqlite(by_hand_at) if by_hand_at is not None else None)
            for key, at, said, by_hand_at in rows
        ]
        connection.exec_driver_sql(_SQLITE, (orjson.dumps(told).decode(),))
    else:
        connection.exec_driver_sql(_POSTGRES, tuple(list(column) for column in zip(*rows, strict=True)))
    _beds(connection, {key: sign for key, (sign, _) in signs.items() if sign.said in (BED_EMPTY, BED_TAKEN)})


def _beds(connection: Connection, signs: Mapping[str, Sign]) -> None:
    """Keep since when a bed is empty; the home is looked at at once, to count from there."""
    left = {key: sign.at for key, sign in sorted(signs.items()) if sign.said == BED_EMPTY}
    back = signs.keys() - left.keys()
    if back:
        connection.execute(delete(empty_bed).where(empty_bed.c.device_key.in_(back)))
    if left:
        statement = upsert(connection, empty_bed)
        connection.execute(
            statement.on_conflict_do_update(
                index_elements=[empty_bed.c.device_key], set_={"since": statement.excluded.since}
            ),
            [{"device_key": key, "since": at} for key, at in left.items()],
        )
        homes = select(device.c.household_id).where(device.c.key.in_(list(left)), device.c.enabled)
        connection.execute(
            update(home_watch)
            .where(
                home_watch.c.household_id.in_(homes),
                home_watch.c.household_id.in_(select(night_watch.c.household_id)),
            )
            .values(look_at=max(left.values()))
        )


def beds_of(connection: Connection, household_ids: Collection[int]) -> dict[int, tuple[datetime, ...]]:
    """Since when each bed is empty in which nobody lies, of the homes that have such beds."""
    query = (
        select(device.c.household_id, empty_bed.c.since)
        .join(empty_bed, empty_bed.c.device_key == device.c.key)
        .where(
            device.c.household_id.in_(list(household_ids)),
            device.c.role == Role.BED_SENSOR.value,
            device.c.enabled,
        )
        .order_by(empty_bed.c.since)
    )
    found: defaultdict[int, tuple[datetime, ...]] = defaultdict(tuple)
    for household_id, since in connection.execute(query):
        found[household_id] += (since,)
    return dict(found)


def heard_from(connection: Connection, household_id: int, how: str, now: datetime, *, by_hand: bool) -> None:
    """Somebody says that the resident lives: `how` is reply or call."""
    row = {"household_id": household_id, "at": now, "source": how, "said": how}
    told = {**row, "by_hand_at": now} if by_hand else row
    connection.execute(
        upsert(connection, life)
        .values(**told)
        .on_conflict_do_update(index_elements=[life.c.household_id], set_=told)
    )


def metered(
    connection: Connection, new: Mapping[str, Sequence[Reading]], roles: Mapping[str, Role]
) -> dict[str, Sign]:
    """Keep what meters read, by device key; returns the signs of life of those where some was used."""
    if not new:
        return {}
    query = select(meter.c.device_key, meter.c.readings).where(meter.c.device_key.in_(list(new)))
    known = {key: thaw(readings) for key, readings in connection.execute(query.with_for_update())}
    kept = {key: known.get(key, Usage()).with_readings(new[key]) for key in sorted(new)}
    statement = upsert(connection, meter)
    connection.execute(
        statement.on_conflict_do_update(
            index_elements=[meter.c.device_key], set_={"readings": statement.excluded.readings}
        ),
        [{"device_key": key, "readings": freeze(usage)} for key, usage in kept.items()],
    )
    return {
        key: Sign(usage.readings[-1].at, False, f"{roles[key]}/used")
        for key, usage in kept.items()
        if usage.was_used(roles[key])
    }


def water_of(connection: Connection, household_ids: Collection[int]) -> dict[int, Usage]:
    """What the water meter of each home has read; of several, the one enrolled last counts."""
    query = (
        select(device.c.household_id, meter.c.readings)
        .join(meter, meter.c.device_key == device.c.key)
        .where(
            device.c.household_id.in_(list(household_ids)),
            device.c.role == Role.WATER_METER.value,
            device.c.enabled,
        )
        .order_by(device.c.id)
    )
    return {household_id: thaw(readings) for household_id, readings in connection.execute(query)}


# ---- when nobody listened ----


def listening(connection: Connection, now: datetime, ahead: datetime | None = None) -> datetime | None:
    """A gateway hears the devices at `now`; what lies between its word and the last one was not heard.

    Returns the last word when it lies ahead of `now`; the caller gives it back the next time as `ahead`. If
    nobody has moved it since, it is not only our clock that was set back, and everything moves with it.
    """
    mine = listened.c.name == _GATEWAY
    query = select(listened.c.until_at).where(mine).with_for_update()
    until_at: datetime | None = connection.execute(query).scalar()
    if until_at is None:
        connection.execute(
            upsert(connection, listened).values(name=_GATEWAY, until_at=now).on_conflict_do_nothing()
        )
        return None
    if until_at > now + SET_BACK:
        if ahead != until_at:
            return until_at
        _set_back(connection, until_at - now)
    elif now - until_at > GAP:
        connection.execute(insert(unheard).values(starts_at=until_at, ends_at=now))
        connection.execute(delete(unheard).where(unheard.c.ends_at < now - KEPT))
    if until_at < now or until_at > now + SET_BACK:
        connection.execute(update(listened).where(mine).values(until_at=now))
    return None


def gaps(connection: Connection, now: datetime) -> tuple[Gap, ...]:
    """When nobody listened, up to now."""
    query = select(unheard).where(unheard.c.ends_at > now - KEPT).order_by(unheard.c.id)
    found = [Gap(row.starts_at, row.ends_at) for row in connection.execute(query)]
    until_at = connection.execute(select(listened.c.until_at).where(listened.c.name == _GATEWAY)).scalar()
    if until_at is not None and now - until_at > GAP:
        found.append(Gap(until_at, now))
    return tuple(found)


# What moves when all clocks are set back, so that every silence and every wait stays as long as it was.
_MOVES: tuple[tuple[Table, tuple[str, ...]], ...] = (
    (life, ("at", "by_hand_at")),
    (home_watch, ("look_at", "since", "not_before", "daily_asked_at", "called_at")),
    (welfare_check, ("asked_at", "until_at")),
    (unheard, ("starts_at", "ends_at")),
    (empty_bed, ("since",)),
)


def _set_back(connection: Connection, by: timedelta) -> None:
    for table, names in _MOVES:
        [key] = table.primary_key.columns
        query = select(key, *(table.c[name] for name in names))
        if table is welfare_check:
            query = query.where(welfare_check.c.state == "open")
        rows: Iterable[Any] = connection.execute(query).all()
        moved = [
            {"of_key": row[0], **{name: at and at - by for name, at in zip(names, row[1:], strict=True)}}
            for row in rows
        ]
        if moved:
            connection.execute(update(table).where(key == bindparam("of_key")), moved)
