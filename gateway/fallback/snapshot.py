"""Whom to tell when nobody can be asked: of each device what one text needs, in a file that only we read."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson
from sqlalchemy import Connection

from community.storage import register
from devices.signal import Enrolment, Role
from dispatcher.templates import title_of
from dispatcher.wording import door_of, name_of

RELATIVES = 2  # the first ones, in their order


@dataclass(frozen=True, slots=True)
class Relative:
    contact_id: int
    name: str
    phone: str


@dataclass(frozen=True, slots=True)
class Home:
    """`title` is 王奶奶, for providers that fill templates."""

    household_id: int
    name: str
    title: str
    door: str
    relatives: tuple[Relative, ...]


@dataclass(frozen=True, slots=True)
class Snapshot:
    """The register as far as the fall-back needs it. `made_up`: its numbers may belong to strangers."""

    signature: str = "安心"
    hotline: str = ""
    timezone: str = "Asia/Shanghai"
    made_up: bool = False
    devices: Mapping[str, Enrolment] = field(default_factory=dict)
    home_of: Mapping[str, int] = field(default_factory=dict)  # device key → household
    homes: Mapping[int, Home] = field(default_factory=dict)

    def find(self, device_key: str) -> Enrolment | None:
        return self.devices.get(device_key)

    def home(self, device_key: str) -> Home | None:
        return self.homes.get(self.home_of.get(device_key, 0))


def take(connection: Connection) -> Snapshot:
    """Of the register as it is now. NotFound while there is no site."""
    site = register.site(connection)
    devices = register.devices(connection)
    records = register.homes(connection, {d.household_id for d in devices if d.household_id is not None})
    return Snapshot(
        site.signature,
        site.hotline,
        site.timezone,
        any(area.synthetic for area in register.areas(connection, with_polygons=False)),
        {d.key: Enrolment(d.key, d.role, d.vendor, d.model) for d in devices},
        {d.key: d.household_id for d in devices if d.household_id is not None},
        {
            id: Home(
                id,
                name_of(record),
                title_of(record),
                door_of(record),
                tuple(
                    Relative(contact.id, f"{contact.relation}{contact.name}", contact.phone)
                    for contact in record.contacts
                    if contact.phone and contact.no_texts_since is None
                )[:RELATIVES],
            )
            for id, record in records.items()
        },
    )


def write(snapshot: Snapshot, path: Path) -> None:
    """Whole or not at all, and readable by nobody else: it holds names and numbers."""
    with tempfile.NamedTemporaryFile(dir=path.parent, prefix=path.name, delete=False) as file:  # mode 0600
        try:
            file.write(orjson.dumps(snapshot, option=orjson.OPT_NON_STR_KEYS))
            file.flush()
            os.fsync(file.fileno())
        except OSError:  # the disk is full: the next attempt needs its room
            Path(file.name).unlink(missing_ok=True)
            raise
    os.replace(file.name, path)


def read(path: Path) -> Snapshot:
    """What `write` wrote; an empty one when there is none. ValueError: it cannot be read."""
    if not path.exists():
        return Snapshot()
    try:
        known = orjson.loads(path.read_bytes())
        return Snapshot(
            known["signature"],
            known["hotline"],
            known["timezone"],
            known["made_up"],
            {
                key: Enrolment(key, Role(one["role"]), one["vendor"], one["model"])
                for key, one in known["devices"].items()
            },
            known["home_of"],
            {
                int(id): Home(**{**home, "relatives": tuple(Relative(**one) for one in home["relatives"])})
                for id, home in known["homes"].items()
            },
        )
    except (KeyError, TypeError, ValueError) as broken:
        raise ValueError(f"{path} cannot be read: remove it, and it is made anew ({broken!r})") from broken
