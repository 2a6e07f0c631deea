"""Writes what a ledger says into the register, as a batch that can be undone."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import Connection, select

from community.batches import Batch, Home, changes
from community.ledger import Elder, Fate, Ledger, Place, brought, compared
from community.model import AreaLevel
from community.storage import batches, register
from community.storage import tables as t
from community.storage.store import Store

TOGETHER = 20  # rows of one transaction: a press waits for so many


def cells(connection: Connection) -> dict[str, int]:
    """The ids of the grid's cells by name and by code. A name that two cells have names neither."""
    found: dict[str, int] = {}
    twice: set[str] = set()
    for area in register.areas(connection):
        if area.level is AreaLevel.CELL:
            for word in {area.name, area.code}:
                twice |= {word} & found.keys()
                found[word] = area.id
    return {word: id for word, id in found.items() if word not in twice}


def homes(connection: Connection, at: Collection[Place] | None = None) -> dict[Place, Home]:
    """The homes of the register (those `at` these places), each by its cell and address."""
    query = select(t.household.c.id, t.household.c.area_id, t.household.c.address).order_by(
        t.household.c.id.desc()
    )
    if at is not None:
        query = query.where(t.household.c.area_id.in_({cell for cell, _ in at}))
    ids = {(row.area_id, compared(row.address)): row.id for row in connection.execute(query)}
    if at is not None:
        ids = {place: ids[place] for place in at if place in ids}
    found = batches.homes(connection, ids.values())
    return {place: found[id] for place, id in ids.items()}


def bring(store: Store, found: Ledger, account_id: int, file_name: str, now: datetime) -> Batch | None:
    """Write the good rows, some at a time, so that no press waits for all of them.

    None: there was nothing to write. Conflict: somebody undoes it before all of it is written.
    """
    good = [row.elder for row in found.good if row.elder is not None]
    if not good:
        return None
    counts = found.counts
    with store.write() as connection:
        id = batches.begin(
            connection, account_id, file_name, now, same=counts[Fate.SAME], refused=counts[Fate.BAD]
        )
    for first in range(0, len(good), TOGETHER):
        with store.write() as connection:
            _write(connection, id, good[first : first + TOGETHER])
    with store.read() as connection:
        return batches.one(connection, id)


def _write(connection: Connection, batch_id: int, elders: Sequence[Elder]) -> None:
    """The register may have changed since somebody looked: each row is compared with it anew."""
    batches.going_on(connection, batch_id)
    present = homes(connection, {elder.place for elder in elders})
    counts = {"homes": 0, "added": 0, "changed": 0, "same": 0}
    for elder in elders:
        before = present.get(elder.place)
        after = brought(elder, before)
        if before == after:
            counts["same"] += 1
            continue
        is_new = before is None or len(before.residents) < len(after.residents)
        counts["homes"] += before is None
        counts["added" if is_new else "changed"] += 1
        after = _kept(connection, before, after)
        batches.note(connection, batch_id, after.household.id, changes(before, after))
        present[elder.place] = after
    batches.count(connection, batch_id, **counts)


def _kept(connection: Connection, before: Home | None, after: Home) -> Home:
    """Written; with the ids that new rows have got."""
    house = after.household
    if before is None:
        house = register.add_household(connection, house)
    elif house != before.household:
        register.update_household(connection, house)
    residents = []
    for one in after.residents:
        if one.id == 0:
            one = register.add_resident(connection, replace(one, household_id=house.id))
        elif before is not None and one not in before.residents:
            register.update_resident(connection, one)
        residents.append(one)
    contacts = after.contacts
    if contacts and (before is None or contacts != before.contacts):
        contacts = register.set_contacts(connection, house.id, contacts)
    return Home(house, tuple(residents), tuple(contacts))
