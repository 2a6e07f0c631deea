"""Read a site profile: the TOML files of one folder beside this module. Adding a site is adding a folder."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from community.errors import NotFound
from community.model import Site
from devices.signal import Role

_FOLDER = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class RealCommunity:
    """A community that exists, with the code that its publisher gave it."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Counts:
    """How many of each a demo street gets."""

    cells: int
    homes: int
    grid_workers: int
    clinics: int
    connectors: int
    volunteers: int
    providers: int


@dataclass(frozen=True, slots=True)
class KnownHome:
    """A home that documentation and demo speak of by name, so it is the same for every seed."""

    community: str  # its code
    estate: str
    building: int
    unit: int
    floor: int
    door: int
    name: str
    sex: str
    birth_date: date
    conditions: str
    medicines: str
    allergies: str
    gate: str
    door_notes: str
    contacts: tuple[tuple[str, str], ...]  # (name, relation), told in this order


@dataclass(frozen=True, slots=True)
class DeviceModel:
    """A model of device, and how many of the homes have one of it."""

    family: str  # what its key begins with: care | z2m | lora | shelly | esphome
    vendor: str
    model: str
    role: Role
    label: str
    homes: int


@dataclass(frozen=True, slots=True)
class ServiceCategory:
    """A class of the catalogue: what its providers are called, and (name, unit, yuan) of what they offer."""

    name: str
    provider: str
    items: tuple[tuple[str, str, int], ...]


@dataclass(frozen=True, slots=True)
class People:
    """What made-up people and homes are made of."""

    surnames: tuple[str, ...]
    old_women: tuple[str, ...]
    old_men: tuple[str, ...]
    women: tuple[str, ...]
    men: tuple[str, ...]
    estates: tuple[str, ...]
    illness: tuple[tuple[str, str], ...]  # (condition, medicine)
    allergies: tuple[str, ...]
    health: tuple[str, ...]  # remarks
    gates: tuple[str, ...]
    doors: tuple[str, ...]
    access: tuple[str, ...]  # remarks


@dataclass(frozen=True, slots=True)
class Profile:
    """Everything that a site folder says."""

    site: Site
    street_code: str
    code_scheme: str
    centre: tuple[float, float]  # lon, lat, degrees WGS-84
    across_m: float
    first_phone: str
    device_prefix: str  # what the names of our own devices begin with: KL-0001
    counts: Counts
    communities: tuple[RealCommunity, ...]
    known_homes: tuple[KnownHome, ...]
    devices: tuple[DeviceModel, ...]
    people: People
    brands: tuple[str, ...]
    services: tuple[ServiceCategory, ...]


def known() -> tuple[str, ...]:
    """The sites that can be seeded."""
    return tuple(sorted(folder.parent.name for folder in _FOLDER.glob("*/site.toml")))


def read(code: str) -> Profile:
    """The profile of one site. NotFound names the sites there are."""
    if code not in known():
        raise NotFound("no_such_site", f"there is no site {code!r}: choose one of {', '.join(known())}")
    folder = _FOLDER / code
    site, people, services = (_toml(folder / f"{name}.toml") for name in ("site", "people", "services"))
    street = site["street"]
    lon, lat = street["centre"]
    return Profile(
        site=Site(**{name: site[name] for name in ("code", "name", "hotline", "signature", "timezone")}),
        street_code=street["code"],
        code_scheme=street["code_scheme"],
        centre=(lon, lat),
        across_m=street["across_m"],
        first_phone=site["first_phone"],
        device_prefix=site["device_prefix"],
        counts=Counts(**site["counts"]),
        communities=tuple(
            RealCommunity(each["code"], each["name"])
            for each in _toml(folder / "communities.toml")["community"]
        ),
        known_homes=tuple(
            KnownHome(**{**home, "contacts": tuple((name, relation) for name, relation in home["contacts"])})
            for home in site.get("known_home", ())
        ),
        devices=tuple(DeviceModel(**{**each, "role": Role(each["role"])}) for each in site["device"]),
        people=People(
            **{
                **{name: tuple(words) for name, words in people.items()},
                "illness": tuple((condition, medicine) for condition, medicine in people["illness"]),
            }
        ),
        brands=tuple(services["brands"]),
        services=tuple(
            ServiceCategory(
                each["name"],
                each["provider"],
                tuple((name, unit, yuan) for name, unit, yuan in each["items"]),
            )
            for each in services["category"]
        ),
    )


def _toml(path: Path) -> Mapping[str, Any]:
    return tomllib.loads(path.read_text(encoding="utf-8"))
