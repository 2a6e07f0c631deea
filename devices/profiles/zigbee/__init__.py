"""What each Zigbee model can say: the table that `python -m devices.profiles.zigbee` makes.

`definitions.json` holds, for each definition of Zigbee2MQTT's own converters that can report an alarm, a
press or a low battery, its names, what it is sold as, the properties that mean something, and the others.
`models.toml` holds what people judged about properties that do not mean the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import orjson

Name = tuple[str, str]  # vendor and model, in small letters
TABLE = "definitions.json"


@dataclass(frozen=True, slots=True)
class Definition:
    """One definition of the converters.

    `says` are the properties that mean something, with the values that it can report as JSON values;
    `silent` are the others, which call nobody.
    """

    vendor: str
    model: str
    also: tuple[tuple[str, str], ...]  # the names under which others sell it
    role: str  # what it is sold as, or nothing
    says: Mapping[str, tuple[object, ...]]
    silent: frozenset[str]

    @property
    def label(self) -> str:
        return f"{self.vendor} {self.model}"


@dataclass(frozen=True, slots=True)
class Table:
    """All definitions, to be found by each of their names, or by a model's name that only one vendor uses."""

    version: str = ""  # of zigbee-herdsman-converters
    definitions: tuple[Definition, ...] = ()
    _named: dict[Name, list[Definition]] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        own = {_name(each.vendor, each.model) for each in self.definitions}
        for each in self.definitions:
            other = {
                _name(*name) for name in each.also
            } - own  # what a definition is called is no other's name
            for vendor, model in {_name(each.vendor, each.model), *other}:
                self._named.setdefault((vendor, model), []).append(each)
                self._named.setdefault(("", model), []).append(each)

    def find(self, vendor: str, model: str) -> Definition | None:
        """The definition of a model, capitals aside; None if there is none, or more than one."""
        found = self._named.get(_name(vendor, model), [])
        return found[0] if found and all(each is found[0] for each in found) else None


def _name(vendor: str, model: str) -> Name:
    return vendor.casefold(), model.casefold()


def read(folder: Path) -> Table:
    """The table of a folder of profiles; an empty one where there is none."""
    path = folder / "zigbee" / TABLE
    if not path.exists():
        return Table()
    stored = orjson.loads(path.read_bytes())
    return Table(stored["version"], tuple(map(_definition, stored["definitions"])))


def _definition(stored: Mapping[str, object]) -> Definition:
    vendor, model, role, also, says, silent = (
        stored[name] for name in ("vendor", "model", "role", "also", "says", "silent")
    )
    assert isinstance(also, list)
    assert isinstance(says, dict)
    assert isinstance(silent, str)
    return Definition(
        vendor=str(vendor),
        model=str(model),
        also=tuple((each[0], each[1]) for each in also),
        role=str(role or ""),
        says={path: tuple(values) for path, values in says.items()},
        silent=frozenset(silent.split("|")) if silent else frozenset(),
    )
