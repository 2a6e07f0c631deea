"""Imported tables of homes as batches: what each has changed, and taking it back.

What a row of the register said before is kept for some weeks, as long as it can be undone, and then deleted.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Table, delete, insert, select, update

from community.batches import KEPT, Batch, Change, Home, Of, Standing, Undoing, undo
from community.errors import Conflict, NotFound
from community.storage import register
from community.storage import tables as t
from community.storage.rows import insert_row
from community.storage.store import Store

TOGETHER = 20  # homes of one transaction: a press waits for so many
_READ = 500  # homes of one query

# What hangs on a home, by the table that refers to it. A table that is new keeps homes, too.
HANGS_ON: Mapping[str, str] = {
    "incident": "有过事件 had a case",
    "storm_home": "属于片区事件 belongs to a case of its area",
    "device": "有设备 has devices",
    "call": "有来电记录 had calls",
    "service_order": "有订单 has orders",
    "home_watch": "设了守护 is watched",
    "night_watch": "夜间有守护 is watched at night",
    "life": "有生活迹象 was heard of",
    "welfare_check": "问过安 was asked how she is",
}
_GOES_WITH_IT = frozenset({"resident", "contact", "reach_gap"})  # gaps are found anew each day


@dataclass(frozen=True, slots=True)
class InHome:
    """What a batch has done in one home, and what undoing it would do."""

    household_id: int
    address: str
    written: tuple[Change, ...]
    undoing: Undoing


def begin(
    connection: Connection, account_id: int, file_name: str, now: datetime, *, same: int, refused: int
) -> int:
    """A batch that has written nothing yet; returns its number."""
    row = {"at": now, "account_id": account_id, "file_name": file_name, "same": same, "refused": refused}
    return insert_row(connection, t.import_batch, row)


def going_on(connection: Connection, batch_id: int) -> None:
    """Somebody writes for this batch: others wait. Conflict: it is being undone."""
    register.bump(connection, "import")
    if _undoing(connection, batch_id) is not None:
        raise Conflict("being_undone", "这批正在被撤销 somebody is undoing this batch")


def note(connection: Connection, batch_id: int, household_id: int, written: Iterable[Change]) -> None:
    """Keep what was written in one home."""
    rows = [
        {
            "batch_id": batch_id,
            "household_id": household_id,
            "of": change.of,
            "row_id": change.row_id,
            "name": change.name,
            "before": None if change.before is None else dict(change.before),
            "after": dict(change.after),
        }
        for change in written
    ]
    if rows:
        connection.execute(insert(t.import_change), rows)


def count(connection: Connection, batch_id: int, **more: int) -> None:
    """Add to the counts of a batch."""
    grown = {name: t.import_batch.c[name] + number for name, number in more.items()}
    connection.execute(update(t.import_batch).where(t.import_batch.c.id == batch_id).values(**grown))


def homes(connection: Connection, ids: Collection[int]) -> dict[int, Home]:
    """Those of these homes that are there."""
    found = register.homes(connection, ids)
    return {id: Home(home.household, home.residents, home.contacts) for id, home in found.items()}


def newest(connection: Connection, before_id: int | None, limit: int) -> tuple[Batch, ...]:
    """At most `limit` batches below `before_id`, the newest first."""
    query = _query().order_by(t.import_batch.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(t.import_batch.c.id < before_id)
    return tuple(_batch(row) for row in connection.execute(query))


def one(connection: Connection, batch_id: int) -> Batch:
    """NotFound when there is none of that number."""
    row = connection.execute(_query().where(t.import_batch.c.id == batch_id)).first()
    if row is None:
        raise NotFound("no_such_batch", f"没有第{batch_id}批 there is no batch {batch_id}: look at the list")
    return _batch(row)


def changed(connection: Connection, batch_id: int) -> tuple[InHome, ...]:
    """What a batch did, home by home, and what undoing it would do now. Of an undoing: what stayed.

    NotFound. Nothing when its earlier values have been deleted.
    """
    batch = one(connection, batch_id)
    ids = connection.execute(_homes_of(batch.undoes or batch.id)).scalars().all()
    return tuple(
        found
        for first in range(0, len(ids), _READ)
        for found in _look(connection, batch, ids[first : first + _READ])
    )


def why_not(batch: Batch, now: datetime) -> str:
    """Why a batch cannot be undone; empty when it can."""
    if batch.undoes is not None:
        return "撤销不能再撤销,请重新导入 an undoing is not undone: import the table again"
    if batch.undone_by is not None:
        return f"已经撤销过(第{batch.undone_by}批) it was undone already"
    if now > batch.undoable_until:
        return f"超过{KEPT.days}天,旧值已按规定删除 the earlier values have been deleted"
    return ""


def undo_batch(store: Store, batch_id: int, account_id: int, now: datetime) -> Batch:
    """Take back what a batch wrote, as far as it can be; returns the batch that did it.

    Some homes at a time. One that was killed in between goes on when it is asked for again.
    NotFound; Conflict: it cannot be undone.
    """
    with store.write() as connection:
        register.bump(connection, "import")
        batch = one(connection, batch_id)
        left = _homes_of(batch_id).where(t.import_change.c.stayed == "").limit(1)
        goes_on = batch.undone_by is not None and connection.execute(left).first() is not None
        if not goes_on and (why := why_not(batch, now)):
            raise Conflict("not_undoable", why)
        row = {"at": now, "account_id": account_id, "file_name": batch.file_name, "undoes": batch_id}
        id = batch.undone_by or insert_row(connection, t.import_batch, row)
    while _undo_some(store, batch_id, id):
        pass
    with store.read() as connection:
        return one(connection, id)


def forget(connection: Connection, now: datetime) -> int:
    """Delete what batches keep of people once it cannot be used any more; returns how many rows that was."""
    old = select(t.import_batch.c.id).where(t.import_batch.c.at < now - KEPT)
    return connection.execute(delete(t.import_change).where(t.import_change.c.batch_id.in_(old))).rowcount


def is_any_old(connection: Connection, now: datetime) -> bool:
    """A cheap look, without a lock."""
    query = (
        select(t.import_change.c.id)
        .join(t.import_batch, t.import_batch.c.id == t.import_change.c.batch_id)
        .where(t.import_batch.c.at < now - KEPT)
        .limit(1)
    )
    return connection.execute(query).first() is not None


def _undo_some(store: Store, batch_id: int, by: int) -> bool:
    """Undo it in the next homes; False when there are none."""
    with store.write() as connection:
        register.bump(connection, "import")
        query = _homes_of(batch_id).where(t.import_change.c.stayed == "").limit(TOGETHER)
        ids = connection.execute(query).scalars().all()
        for table, column in (
            (t.household, t.household.c.id),
            (t.resident, t.resident.c.household_id),
            (t.contact, t.contact.c.household_id),
        ):  # nobody changes them, and nothing new hangs on them, until this is written
            connection.execute(select(table.c.id).where(column.in_(ids)).with_for_update()).all()
        for found in _look(connection, one(connection, batch_id), ids):
            _take_back(connection, found)
            done = found.undoing
            count(
                connection, by, homes=done.homes_out, elders_out=done.elders_out,
                set_back=done.set_back, stayed=len(done.stays),
            )  # fmt: skip
        return bool(ids)


def _take_back(connection: Connection, found: InHome) -> None:
    before = homes(connection, [found.household_id]).get(found.household_id)
    after = found.undoing.home
    if before is not None and after is None:
        _take_out(connection, before.household.id)
    elif before is not None and after is not None and before != after:
        if before.household != after.household:
            register.update_household(connection, after.household)
        kept = {one.id for one in after.residents}
        gone = [one.id for one in before.residents if one.id not in kept]
        connection.execute(delete(t.resident).where(t.resident.c.id.in_(gone)))
        for one in after.residents:
            if one not in before.residents:
                register.update_resident(connection, one)
        if before.contacts != after.contacts:
            register.set_contacts(connection, after.household.id, after.contacts)
    stays = found.undoing.stays
    over = [change.id for change in found.written if change.id not in stays]
    connection.execute(delete(t.import_change).where(t.import_change.c.id.in_(over)))
    for id, why in stays.items():
        connection.execute(update(t.import_change).where(t.import_change.c.id == id).values(stayed=why))


def _take_out(connection: Connection, household_id: int) -> None:
    for table in (t.reach_gap, t.contact, t.resident):
        connection.execute(delete(table).where(table.c.household_id == household_id))
    connection.execute(delete(t.household).where(t.household.c.id == household_id))
    connection.execute(delete(t.import_change).where(t.import_change.c.household_id == household_id))
    register.map_changed(connection)


def _look(connection: Connection, batch: Batch, ids: Sequence[int]) -> list[InHome]:
    written: dict[int, list[Change]] = defaultdict(list)
    stayed: dict[int, str] = {}
    query = (
        select(t.import_change)
        .where(
            t.import_change.c.batch_id == (batch.undoes or batch.id),
            t.import_change.c.household_id.in_(ids),
        )
        .order_by(t.import_change.c.id)
    )
    for row in connection.execute(query):
        change = Change(Of(row.of), row.row_id, row.name, row.before, row.after, row.id)
        written[row.household_id].append(change)
        if row.stayed:
            stayed[row.id] = row.stayed
    standing = _standing(connection, ids, batch.at)
    found = []
    for id in ids:
        home = standing[id].home
        mine = tuple(written[id])
        result = undo(mine, standing[id])
        if already := {change.id: stayed[change.id] for change in mine if change.id in stayed}:
            result = Undoing(home, 0, 0, 0, already)
        address = home.household.address if home else mine[0].name if mine else ""
        found.append(InHome(id, address, mine, result))
    return found


def _standing(connection: Connection, ids: Sequence[int], since: datetime) -> dict[int, Standing]:
    present = homes(connection, ids)
    hangs: dict[int, list[str]] = defaultdict(list)
    for table, column in _referring():
        for id in connection.execute(select(column).where(column.in_(ids)).distinct()).scalars():
            hangs[id].append(HANGS_ON.get(table.name, f"有记录({table.name}) has entries"))
    for id in _drilled(connection, ids):
        hangs[id].append("演练过 had a drill")
    busy = _busy(connection, ids)
    recent = set(
        connection.execute(
            select(t.incident.c.household_id).where(
                t.incident.c.household_id.in_(ids), t.incident.c.opened_at >= since
            )
        ).scalars()
    )
    of_person = _of_people(connection, present.values(), since)
    return {
        id: Standing(
            present.get(id),
            busy=busy.get(id, ""),
            since="导入后这户有过事件 this home had a case since" if id in recent else "",
            hangs_on=(*hangs[id], *_told(present.get(id), of_person)),
            of_person=of_person,
        )
        for id in ids
    }


def _drilled(connection: Connection, ids: Sequence[int]) -> list[int]:
    """Homes at which a drill is or was held: no case of theirs, but every page of it shows the home."""
    subjects = {f"exercise:{id}": id for id in ids}  # in the words of dispatcher/exercise.py
    case = t.incident.c
    query = select(case.subject).where(case.household_id.is_(None), case.subject.in_(subjects)).distinct()
    return [subjects[subject] for subject in connection.execute(query).scalars()]


def _told(home: Home | None, of_person: Mapping[tuple[Of, int], str]) -> list[str]:
    """What hangs on the people of a home, each thing once."""
    if home is None:
        return []
    people = [(Of.RESIDENT, one.id) for one in home.residents] + [
        (Of.CONTACT, one.id) for one in home.contacts
    ]
    return list(dict.fromkeys(of_person[one] for one in people if one in of_person))


def _busy(connection: Connection, ids: Sequence[int]) -> dict[int, str]:
    """Homes in which something is going on."""
    asked = t.welfare_check.c
    calm = select(asked.household_id).where(asked.household_id.in_(ids), asked.settled_at.is_(None))
    of_area = (
        select(t.storm_home.c.household_id)
        .join(t.incident, t.incident.c.id == t.storm_home.c.incident_id)
        .where(t.storm_home.c.household_id.in_(ids), t.incident.c.closed_at.is_(None))
    )
    case = select(t.incident.c.household_id).where(
        t.incident.c.household_id.in_(ids), t.incident.c.closed_at.is_(None)
    )
    found = dict.fromkeys(connection.execute(calm).scalars(), "正在问安 she is being asked how she is")
    for query in (of_area, case):
        open_case = "有未结束的事件,不动 there is an open case: nothing is touched"
        found.update(dict.fromkeys(connection.execute(query).scalars(), open_case))
    return found


def _of_people(connection: Connection, present: Iterable[Home], since: datetime) -> dict[tuple[Of, int], str]:
    """What hangs on people: whom we have told something, or who said how."""
    people = [
        (of, one.id, one.phone)
        for home in present
        for of, persons in ((Of.RESIDENT, home.residents), (Of.CONTACT, home.contacts))
        for one in persons
    ]
    numbers = {phone for _, _, phone in people if phone}
    told = set(
        connection.execute(select(t.message.c.who).where(t.message.c.phone.in_(numbers)).distinct()).scalars()
    )
    channels = t.contact_channel.c.contact_id
    ways = set(
        connection.execute(
            select(channels).where(channels.in_([id for of, id, _ in people if of is Of.CONTACT])).distinct()
        ).scalars()
    )
    said = t.consent.c
    spoke = set(
        connection.execute(select(said.phone).where(said.phone.in_(numbers), said.at >= since)).scalars()
    )
    found = {
        (of, id): "说过愿不愿意收短信 said whether texts are wanted"
        for of, id, phone in people
        if phone in spoke
    }
    found.update({(Of.CONTACT, id): "设了联系方式 ways to be told were set" for id in ways})
    found.update({(of, id): "发过通知 was told something" for of, id, _ in people if f"{of}:{id}" in told})
    return found


def _referring() -> list[tuple[Table, Any]]:
    """Every column that refers to a home, of tables that keep it from being taken out."""
    return [
        (table, key.parent)
        for table in t.metadata.sorted_tables
        if table.name not in _GOES_WITH_IT
        for key in table.foreign_keys
        if key.column is t.household.c.id
    ]


def _homes_of(batch_id: int) -> Any:
    changes = t.import_change.c
    return (
        select(changes.household_id)
        .where(changes.batch_id == batch_id)
        .distinct()
        .order_by(changes.household_id)
    )


def _undoing(connection: Connection, batch_id: int) -> int | None:
    return connection.execute(select(t.import_batch.c.id).where(t.import_batch.c.undoes == batch_id)).scalar()


def _query() -> Any:
    other = t.import_batch.alias("other")
    return (
        select(t.import_batch, t.account.c.name.label("by"), other.c.id.label("undone_by"))
        .join(t.account, t.account.c.id == t.import_batch.c.account_id)
        .outerjoin(other, other.c.undoes == t.import_batch.c.id)
    )


def _batch(row: Any) -> Batch:
    return Batch(
        id=row.id, at=row.at, by=row.by, file_name=row.file_name, homes=row.homes, added=row.added,
        changed=row.changed, same=row.same, refused=row.refused, undoes=row.undoes, undone_by=row.undone_by,
        elders_out=row.elders_out, set_back=row.set_back, stayed=row.stayed,
    )  # fmt: skip
