"""A street small enough to know by heart, for the tests of the register."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import pytest
from sqlalchemy import Connection

from community.model import (
    Area,
    AreaLevel,
    Contact,
    Device,
    Household,
    Position,
    Resident,
    Site,
)
from community.storage import Store, register
from devices.signal import Role

SQUARE = (((118.54, 37.58), (118.55, 37.58), (118.55, 37.59), (118.54, 37.59), (118.54, 37.58)),)


@dataclass(frozen=True)
class SmallStreet:
    """Ids of what is there: one cell of one community, and the home of 王秀英."""

    street: Area
    community: Area
    cell: Area
    home: Household
    resident: Resident
    contacts: tuple[Contact, ...]
    button: Device


def build(connection: Connection) -> SmallStreet:
    register.set_site(connection, Site("kenli", "垦利街道", "2222999", "2222999"))
    street = register.add_area(
        connection, Area(0, AreaLevel.STREET, "370505001", "nbs", "垦利街道", None, SQUARE, True)
    )
    community = register.add_area(
        connection, Area(0, AreaLevel.COMMUNITY, "370505001012", "nbs", "和平社区", street.id, SQUARE, True)
    )
    cell = register.add_area(
        connection,
        Area(0, AreaLevel.CELL, "370505001012001", "nbs", "和平一网格", community.id, SQUARE, True),
    )
    home = register.add_household(
        connection,
        Household(
            id=0,
            area_id=cell.id,
            address="和平社区幸福里3幢2单元501",
            building="3幢",
            unit="2单元",
            floor=5,
            room="501",
            position=Position(118.545, 37.585, "survey", 5.0),
            access_notes="钥匙在邻居家",
            phone="0546-2222001",
        ),
    )
    resident = register.add_resident(
        connection,
        Resident(
            id=0,
            household_id=home.id,
            name="王秀英",
            sex="女",
            birth_date=date(1941, 3, 5),
            phone="138 0000 0001",
            lives_alone=True,
            health_notes="高血压",
        ),
    )
    contacts = register.set_contacts(
        connection,
        home.id,
        [
            Contact(0, 0, 0, "李梅", "女儿", "13800000002"),
            Contact(0, 0, 0, "张大爷", "邻居", "13800000003"),
        ],
    )
    button = register.enrol_device(
        connection, Device(0, "care:kenli/KL-0001", Role.HELP_BUTTON, home.id, "Anxin", "one-touch")
    )
    return SmallStreet(street, community, cell, home, resident, contacts, button)


@pytest.fixture
def small(store: Store) -> SmallStreet:
    with store.write() as connection:
        return build(connection)
