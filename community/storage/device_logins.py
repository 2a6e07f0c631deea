"""The logins of devices at the broker, as the register keeps them: a password's hash, never the password."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection, select, update

from community import logins
from community.errors import Conflict, Invalid, NotFound
from community.logins import Login
from community.model import Device
from community.storage import register
from community.storage import tables as t
from devices.formats.rights import NONE, Rights, rights


def issue(connection: Connection, key: str, name: str, password: str) -> str:
    """Give the device `key` the login `name` (empty: the one it has, or the end of its key); returns it.

    Its old password ends. NotFound: no such device. Conflict: another has that name. Invalid: it has none.
    """
    row = connection.execute(select(t.device.c.id, t.device.c.username).where(t.device.c.key == key)).first()
    if row is None:
        raise NotFound("no_such_device", f"there is no device {key}: enrol it first")
    if not rights(key):
        raise Invalid(
            "speaks_through_another",
            f"{key} does not log in at the broker: give its hub or network server a login instead",
        )
    name = name or row.username or _name(key)
    logins.require_usable(name)
    others = select(t.device.c.id).where(
        t.device.c.username == name, t.device.c.secret_hash != "", t.device.c.id != row.id
    )
    if connection.execute(others).first() is not None:
        raise Conflict("login_taken", f"another device logs in as {name}: choose another name")
    given = {"username": name, "secret_hash": logins.hashed(password)}
    connection.execute(update(t.device).where(t.device.c.id == row.id).values(given))
    register.devices_changed(connection)
    return name


def switch(connection: Connection, key: str, *, on: bool) -> str:
    """Take a device out of service, or into it again; returns the login that ends or counts again with it.

    Nothing when it has none of its own, or another device in service has the same. NotFound.
    """
    row = connection.execute(select(t.device.c.id).where(t.device.c.key == key)).first()
    if row is None:
        raise NotFound("no_such_device", f"there is no device {key}")
    device = register.device_by_id(connection, row.id)
    register.update_device(connection, replace(device, enabled=on))
    return login_of(connection, device)


def login_of(connection: Connection, device: Device) -> str:
    """The login that this device alone decides about; nothing when it has none, or shares it."""
    has_one = select(t.device.c.id).where(
        t.device.c.username == device.username, t.device.c.username != "", t.device.c.secret_hash != ""
    )
    if connection.execute(has_one).first() is None:
        return ""
    others = select(t.device.c.id).where(
        t.device.c.username == device.username, t.device.c.enabled, t.device.c.id != device.id
    )
    return "" if connection.execute(others).first() is not None else device.username


def issued(connection: Connection) -> tuple[Login, ...]:
    """The logins that were given a password, by name, with what every enabled device of that name may do."""
    query = (
        select(t.device.c.username, t.device.c.key, t.device.c.secret_hash)
        .where(t.device.c.enabled, t.device.c.username != "")
        .order_by(t.device.c.username, t.device.c.id)
    )
    rows = connection.execute(query).all()
    may: dict[str, Rights] = {}
    for row in rows:
        may[row.username] = may.get(row.username, NONE) | rights(row.key)
    return tuple(Login(row.username, row.secret_hash, may[row.username]) for row in rows if row.secret_hash)


def _name(key: str) -> str:
    """`care:kenli/KL-0001` → KL-0001, `z2m:home17/bridge` → home17."""
    return key.partition(":")[2].removesuffix("/bridge").rpartition("/")[2]
