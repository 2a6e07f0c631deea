"""The labels of devices: a code on the device, good for one installation, by which an installer names it."""

from __future__ import annotations

import secrets
from collections.abc import Collection
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from sqlalchemy import Connection, Row, Select, insert, select, update

from community.errors import Conflict, NotFound
from community.model import Device
from community.storage import register
from community.storage.tables import device, label

# No letter that is taken for a digit: people read codes to each other by telephone.
ALPHABET: Final = "23456789ABCDEFGHJKMNPQRSTUVWXYZ"
LENGTH: Final = 8


@dataclass(frozen=True, slots=True)
class Label:
    """What is printed: the device and its code."""

    device: Device
    code: str


def prepare(connection: Connection, stock: Collection[Device], now: datetime) -> list[Label]:
    """A label for each of `stock`, devices that may not be enrolled yet (their ids are ignored).

    What has a label that nobody has used keeps it: a sheet can be printed again. Conflict: one of them is in
    a home.
    """
    known = register.devices_by_key(connection, {one.key for one in stock})
    labels = []
    for one in stock:
        enrolled = known.get(one.key) or register.enrol_device(connection, replace(one, household_id=None))
        if enrolled.household_id is not None:
            raise Conflict(
                "device_installed",
                f"{one.key} is installed in household {enrolled.household_id}: take it out of there first",
            )
        labels.append(Label(enrolled, _code(connection, enrolled.id, now)))
    return labels


def unused(connection: Connection, after_id: int, limit: int) -> list[Label]:
    """At most `limit` labels that wait to be used, by the ids of their devices above `after_id`."""
    waiting = _labels().where(label.c.claimed_at.is_(None), label.c.id > after_id)
    rows = connection.execute(waiting.order_by(label.c.id).limit(limit)).all()
    return [_label(connection, row) for row in rows]


def find(connection: Connection, code: str) -> Label:
    """The device on whose label this code stands. NotFound; Conflict: it was used."""
    row = connection.execute(_labels().where(label.c.code == tidy(code))).first()
    if row is None:
        raise NotFound("no_such_label", f"没有这个标签码 no label has the code {code}: read it again")
    if row.claimed_at is not None:
        raise Conflict(
            "label_used", "这个标签已经用过,请管理员重新打印 this label was used: have a new one printed"
        )
    return _label(connection, row)


def claim(
    connection: Connection, code: str, household_id: int, place: str, account_id: int, now: datetime
) -> Device:
    """The device with this code is installed in a home, at `place`. NotFound; Conflict: it was used."""
    found = find(connection, code)
    used = (
        update(label)
        .where(label.c.code == found.code, label.c.claimed_at.is_(None))
        .values(claimed_at=now, claimed_by=account_id)
    )
    if connection.execute(used).rowcount != 1:
        raise Conflict("label_used", "这个标签刚被别人用了 somebody has just used this label")
    return register.update_device(connection, replace(found.device, household_id=household_id, label=place))


def installer(connection: Connection, device_id: int) -> int | None:
    """The account that installed this device by its label."""
    return connection.execute(select(label.c.claimed_by).where(label.c.id == device_id)).scalar()


def tidy(code: str) -> str:
    """As it is kept, however it was typed: `abcd-2345` → ABCD2345."""
    return "".join(letter for letter in code.upper() if letter in ALPHABET)


def _code(connection: Connection, device_id: int, now: datetime) -> str:
    row = connection.execute(select(label).where(label.c.id == device_id)).first()
    if row is not None and row.claimed_at is None:
        return str(row.code)
    code = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    fresh = {"code": code, "made_at": now, "claimed_at": None, "claimed_by": None}
    if row is None:
        connection.execute(insert(label).values(id=device_id, **fresh))
    else:
        connection.execute(update(label).where(label.c.id == device_id).values(**fresh))
    return code


def _labels() -> Select[tuple[object, ...]]:
    return select(label.c.id, label.c.code, label.c.claimed_at).join(device, device.c.id == label.c.id)


def _label(connection: Connection, row: Row[tuple[object, ...]]) -> Label:
    return Label(register.device_by_id(connection, row.id), row.code)
