"""Writes what a ledger says into the register."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import Connection, select

from community.ledger import Elder, Ledger
from community.model import AreaLevel, Contact, Household, Resident
from community.storage import register
from community.storage import tables as t
from community.storage.store import Store

TOGETHER = 100  # rows of one transaction

Place = tuple[int, str]  # cell, address


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


def elders(connection: Connection) -> set[tuple[int, str, str]]:
    """Who is in the register: cell, address, name."""
    query = select(t.household.c.area_id, t.household.c.address, t.resident.c.name).join_from(
        t.resident, t.household, t.household.c.id == t.resident.c.household_id
    )
    return {(row.area_id, row.address, row.name) for row in connection.execute(query)}


def bring(store: Store, found: Ledger) -> tuple[int, int]:
    """Write the good rows, a hundred at a time, so that no press waits for all of them. As `write`."""
    good = [row.elder for row in found.good if row.elder is not None]
    homes = elders = 0
    for first in range(0, len(good), TOGETHER):
        with store.write() as connection:
            more = write(connection, good[first : first + TOGETHER])
        homes, elders = homes + more[0], elders + more[1]
    return homes, elders


def write(connection: Connection, found: Iterable[Elder]) -> tuple[int, int]:
    """Add elders whom the register does not know; returns how many homes were new, and how many elders.

    Elders at one address live together. The contacts of a home that has some already stay as they are.
    """
    query = select(t.household.c.id, t.household.c.area_id, t.household.c.address)
    homes: dict[Place, int] = {(row.area_id, row.address): row.id for row in connection.execute(query)}
    with_contacts = set(connection.execute(select(t.contact.c.household_id)).scalars())
    before, count = len(homes), 0
    for elder in found:
        place = elder.cell, elder.address
        if place not in homes:
            homes[place] = register.add_household(connection, _household(elder)).id
        home = homes[place]
        register.add_resident(
            connection,
            Resident(0, home, elder.name, elder.sex, elder.born, elder.phone, elder.alone, elder.health),
        )
        if elder.kin and home not in with_contacts:
            kin = [Contact(0, home, 0, one.name, one.relation, one.phone) for one in elder.kin]
            register.set_contacts(connection, home, kin)
            with_contacts.add(home)
        count += 1
    return len(homes) - before, count


def _household(elder: Elder) -> Household:
    return Household(
        0, elder.cell, elder.address, elder.building, elder.unit, elder.floor, elder.room, position=None
    )
