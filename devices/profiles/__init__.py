"""What each device model's words mean: rules as data, read from TOML and checked before anything runs.

Three layers are looked through for each property a device reports; the first that knows it decides:

1. the model   - `profiles/<vendor>-<model>.toml`, one small file per device model; below it, for Zigbee, the
                 table of all models in `profiles/zigbee`, made from Zigbee2MQTT's own definitions;
2. the role    - `[[role.<role>]]` of `profiles/defaults/<family>.toml`: makes unknown models work;
3. the family  - `[[rule]]` of the same file: exact pairs that mean the same on every device.

Nothing is ever matched by a part of a word: `action: "fall"` is a cube that was dropped.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Annotated, Final, Literal, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError, model_validator

from devices.profiles import rhythms, zigbee
from devices.profiles.rhythms import Rhythm
from devices.profiles.zigbee import lights
from devices.profiles.zigbee.lights import Lights
from devices.signal import Enrolment, Kind, Role

Press = Literal["press"]
PRESS: Final[Press] = "press"  # a button went down; what that means is for the role to say
ANY: Final = "*"
NUMBER: Final = "#"  # among the idle values: any number
SHIPPED: Final = Path(__file__).parent
ZIGBEE: Final = "zigbee2mqtt"  # the family whose models stand in a table


class ProfileError(ValueError):
    """A profile that must not be used. The message names the file, the rule and what is wrong with it."""


def as_text(value: object) -> str:
    """The one spelling under which a JSON scalar is compared and remembered: `true`, `1`, `alarm`.

    A whole float is spelled as the integer it is equal to, anything that is not a scalar by its type.
    """
    if isinstance(value, str):
        return value
    if value is True:
        return "true"
    if value is False:
        return "false"
    if value is None:
        return "null"
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    if isinstance(value, int | float):
        return str(value)
    return type(value).__name__


@dataclass(frozen=True, slots=True)
class Rule:
    """What the values of one property mean.

    An *event* happened now, each time it is said. A *level* is a state, repeated: only its edges count.
    `when` and `clear` look at the properties beside the one named by `path`. A `joined` one says several
    words in one text, with commas between them.
    """

    label: str  # where the rule stands, for the signal's `rule`
    path: str  # "action", "button_event.status", "events[].alarm_type"
    event: bool
    means: Mapping[str, Kind | Press]
    idle: frozenset[str] = frozenset()  # values that say that all is well
    suspected: frozenset[str] = frozenset()  # values of `means` that are only a suspicion
    when: Mapping[str, frozenset[str]] = field(default_factory=dict)
    clear: Mapping[str, frozenset[str]] = field(default_factory=dict)
    joined: bool = False

    def parts(self, value: object) -> list[object]:
        """The words that a value says, one after another."""
        if self.joined and isinstance(value, str):
            return [part.strip() for part in value.split(",")]
        return [value]

    def meaning(self, text: str) -> Kind | Press | None:
        """What this value means, or None for an idle value and for one that nobody mapped."""
        exact = self.means.get(text)
        if exact is not None or text in self.idle:
            return exact
        return self.means.get(ANY)

    def is_contact(self, kind: Kind | None) -> bool:
        """Whether it is a state that says this, or all is well, and nothing else."""
        is_state = not self.event and bool(self.idle) and NUMBER not in self.idle
        return is_state and {*self.means.values()} == {kind}

    def inverted(self) -> Rule:
        """All is well when a contact (`is_contact`) says that it is not."""
        (kind,) = {*self.means.values()}
        return replace(self, means=dict.fromkeys(self.idle, kind), idle=frozenset(self.means))

    def spelled(self, value: object) -> str:
        """The spelling under which a value is looked up and remembered: all idle numbers have one.

        Where only true and false are known, 1 and 0 are those.
        """
        text = as_text(value)
        if NUMBER in self.idle and isinstance(value, int | float) and not isinstance(value, bool):
            return text if text in self.means else NUMBER
        if text in ("0", "1") and type(value) is int and self._is_said_in_booleans(text):
            return "true" if value else "false"
        return text

    def _is_said_in_booleans(self, number: str) -> bool:
        """Whether 0 and 1 can only be false and true: gas may be measured, and so may a `value`."""
        known = self.means.keys() | self.idle
        may_be_measured = Kind.GAS in self.means.values() or self.path.rpartition(".")[2] == "value"
        is_boolean = not self.event and number not in known and {"true", "false"} <= known
        return is_boolean and not may_be_measured


@dataclass(frozen=True, slots=True)
class Battery:
    """Where a device reports its battery, and from which value down it is low, in the device's own unit.

    `idle` are words that some say instead of a number, `mark` is what a codec writes behind the number when
    the device itself calls its battery low: `2.3(low battery)`.
    """

    path: str
    low: float
    percent: bool
    idle: frozenset[str] = frozenset()
    mark: str = ""
    margin: float = 1.3  # times `low`: above it the battery was changed, below it only hovers


@dataclass(frozen=True, slots=True)
class History:
    """Where a device puts readings that it could not send in time, and the name of their time."""

    path: str
    time: str


@dataclass(frozen=True, slots=True)
class Need:
    """What a message must say: without all `paths` its alarm may have been lost, and nobody understands it.

    Only messages in which one of `where` stands, if only as null, and none of `unless`; no `where` is every
    message. With `says`, only those whose properties have these values.
    """

    paths: frozenset[str]
    where: frozenset[str] = frozenset()
    unless: frozenset[str] = frozenset()
    says: tuple[tuple[str, object], ...] = ()

    def lost(self, said: Mapping[str, object]) -> frozenset[str]:
        """What is missing among these properties, by path; null is nothing."""
        if self.where and not any(f"{path}.".startswith(f"{name}.") for path in said for name in self.where):
            return frozenset()
        if any(said.get(path) != value for path, value in self.says):
            return frozenset()
        told = frozenset(path for path, value in said.items() if value is not None)
        return frozenset() if told & self.unless else self.paths - told


@dataclass(frozen=True, slots=True)
class Octet:
    """What one octet of a device's bytes says: `mask` of it, times `scale`, plus `plus`.

    Its `spare` bits are documented to be none: with one of them the octet is a word that nobody knows.
    """

    at: int
    mask: int = 0xFF
    scale: float = 1
    plus: float = 0
    spare: int = 0

    def value(self, data: bytes) -> float | str:
        if data[self.at] & self.spare:
            return f"{data[self.at]:#04x}"
        number = round((data[self.at] & self.mask) * self.scale + self.plus, 3)
        return int(number) if number == int(number) else number


@dataclass(frozen=True, slots=True)
class Layout:
    """How a device's bytes are laid out when they begin so and are `length` long (0: however long).

    None is any octet. Fewer bytes than `at_least` were cut off.
    """

    begins: tuple[int | None, ...]
    length: int
    octets: Mapping[str, Octet]
    at_least: int = 0

    def fits(self, data: bytes) -> bool:
        needed = max(self.at_least, *(octet.at + 1 for octet in self.octets.values()), 0)
        return len(data) >= needed and self.length in (0, len(data)) and self.is_begun(data)

    def is_begun(self, data: bytes) -> bool:
        """Whether the bytes begin so, however many came."""
        if len(data) < len(self.begins):
            return False
        return all(octet in (None, data[at]) for at, octet in enumerate(self.begins))

    def read(self, data: bytes) -> dict[str, object]:
        """What those octets say that came."""
        return {name: octet.value(data) for name, octet in self.octets.items() if octet.at < len(data)}


@dataclass(frozen=True, slots=True)
class Rules:
    """Everything that is known about the words of one device: the three layers, laid over each other."""

    by_path: Mapping[str, Rule]
    ignore: frozenset[str]  # properties known to be harmless
    battery: Battery | None
    history: History | None
    codec: str  # the name of a built-in decoder for raw bytes, or nothing
    layouts: tuple[Layout, ...] = ()  # ... or how they are laid out
    is_described: bool = False  # whether somebody has described this very model
    needs: tuple[Need, ...] = ()

    def inverted(self, role: Role | None) -> Rules:
        """The same of a door or bed whose contact is the other way round; of any other device as they are."""
        kind = {Role.DOOR_SENSOR: Kind.DOOR, Role.BED_SENSOR: Kind.BED_EXIT}.get(role) if role else None
        turned = {path: rule.inverted() for path, rule in self.by_path.items() if rule.is_contact(kind)}
        return replace(self, by_path={**self.by_path, **turned})

    def is_beside(self, path: str, beside: Mapping[str, object]) -> bool:
        """Whether a rule that applies to what stands beside a property asks for it."""
        above, dot, name = path.rpartition(".")
        asking = (f"{above}{dot}{other}" for other in beside)
        rules = (self.by_path.get(each) for each in asking)
        return any(name in rule.when or name in rule.clear for rule in rules if rule is not None)

    def lists(self, path: str) -> bool:
        """Whether a property is a list whose elements somebody has described: it may be empty."""
        return any(each.startswith(f"{path}[]") for each in self.by_path)

    def knows(self, path: str) -> bool:
        """Whether anybody has said what this property is."""
        is_battery = self.battery is not None and path == self.battery.path
        return is_battery or path in self.by_path or path in self.ignore


@dataclass(frozen=True, slots=True)
class Example:
    """One message and what it must mean: kinds, some with ` clear` behind. The tests run them."""

    said: Mapping[str, object]
    out: tuple[str, ...]
    role: Role | None
    data: str  # raw bytes in base64 instead of `said`


@dataclass(frozen=True, slots=True)
class Layer:
    name: str
    rules: tuple[Rule, ...] = ()
    ignore: frozenset[str] = frozenset()
    battery: Battery | None = None
    history: History | None = None
    codec: str = ""
    layouts: tuple[Layout, ...] = ()
    needs: tuple[Need, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One device model. `also` are other names of vendor and model, `source` says whose facts these are."""

    vendor: str
    model: str
    families: frozenset[str]
    role: Role | None  # what the model is sold as: proposed when a device is enrolled
    layer: Layer
    examples: tuple[Example, ...]
    expected_every: timedelta | None = None  # how often it is heard when all is well, where its maker says so
    also: tuple[tuple[str, str], ...] = ()
    source: str = ""

    @property
    def names(self) -> frozenset[tuple[str, str]]:
        """Every vendor and model under which it is known: small letters and digits only."""
        return frozenset(
            (_plain(vendor), _plain(model)) for vendor, model in ((self.vendor, self.model), *self.also)
        )

    def is_called(self, vendor: str, model: str) -> bool:
        """Whether somebody who writes this means it: `milesight-iot ws-101` is Milesight's WS101.

        Of two vendors one may begin with the other; no vendor is any.
        """
        vendor, model = _plain(vendor), _plain(model)
        return any(
            model == own and (brand.startswith(vendor) or vendor.startswith(brand))
            for brand, own in self.names
        )


@dataclass(frozen=True, slots=True)
class Defaults:
    """What holds for every device of a family, and for those of a role."""

    family: str
    layer: Layer
    roles: Mapping[Role, Layer]
    examples: tuple[Example, ...]


@dataclass(frozen=True, slots=True)
class Judged:
    """What people judged about the words of Zigbee models: `profiles/zigbee/models.toml`."""

    everywhere: tuple[Rule, ...] = ()
    of_model: Mapping[str, tuple[Rule, ...]] = field(default_factory=dict)  # by "<vendor> <model>"
    harmless: frozenset[str] = frozenset()
    but: Mapping[str, frozenset[str]] = field(default_factory=dict)  # harmless ones of a model
    roles: Mapping[str, Role] = field(default_factory=dict)
    vendors: Mapping[str, list[str]] = field(default_factory=dict)  # their other names


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles, ready to be asked."""

    models: tuple[Profile, ...]
    defaults: Mapping[str, Defaults]
    table: zigbee.Table = field(default_factory=zigbee.Table)
    judged: Judged = field(default_factory=Judged)
    rhythms: tuple[Rhythm, ...] = ()
    lights: Lights = field(default_factory=Lights)
    _found: dict[tuple[str, Role | None, str, str, bool], Rules] = field(default_factory=dict, compare=False)

    def rules(self, family: str, enrolment: Enrolment | None) -> Rules:
        """The rules for a device of `family`; an unknown model or device gets what the layers below know."""
        if enrolment is None:
            key: tuple[str, Role | None, str, str, bool] = (family, None, "", "", False)
        else:
            key = (family, enrolment.role, enrolment.vendor, enrolment.model, enrolment.inverted)
        rules = self._found.get(key)
        if rules is None:
            rules = self._lay(*key[:4])
            rules = self._found[key] = rules.inverted(key[1]) if key[4] else rules
        return rules

    def profile(self, vendor: str, model: str) -> Profile | None:
        """The profile of a model, however it is written; without a vendor, of the only one called so."""
        return self._written(vendor, model) or self._listed(vendor, model)

    def expected_every(self, key: str, role: Role, vendor: str, model: str) -> timedelta | None:
        """How often a device is to be heard: as its model says, else its family; None where neither does."""
        written = self._written(vendor, model) if model else None
        if written is not None and written.expected_every is not None:
            return written.expected_every
        return rhythms.usual(self.rhythms, key, role)

    def _written(self, vendor: str, model: str) -> Profile | None:
        """The profile in a file of its own."""
        named = [profile for profile in self.models if profile.is_called(vendor, model)]
        return named[0] if len(named) == 1 else None

    def _listed(self, vendor: str, model: str) -> Profile | None:
        """The profile that follows from the table of Zigbee models."""
        found = self.table.find(vendor, model)
        if found is None:
            return None
        layer = Layer(found.label, self.judged.of_model.get(found.label, ()), found.silent)
        role = Role(found.role) if found.role else None
        return Profile(found.vendor, found.model, frozenset({ZIGBEE}), role, layer, ())

    def _lay(self, family: str, role: Role | None, vendor: str, model: str) -> Rules:
        layers = []
        if defaults := self.defaults.get(family):
            layers.append(defaults.layer)
            if role is not None and role in defaults.roles:
                layers.append(defaults.roles[role])
        profiles = (self._listed(vendor, model), self._written(vendor, model)) if model else ()
        described = [each.layer for each in profiles if each is not None and family in each.families]
        layers += described
        by_path: dict[str, Rule] = {}
        ignore: set[str] = set()
        battery, history, codec = None, None, ""
        layouts: tuple[Layout, ...] = ()
        for layer in layers:
            for path in layer.ignore:
                by_path.pop(path, None)
            ignore |= layer.ignore
            ignore -= {rule.path for rule in layer.rules}
            by_path |= {rule.path: rule for rule in layer.rules}
            battery, history, codec = layer.battery or battery, layer.history or history, layer.codec or codec
            layouts = layer.layouts or layouts
        if battery:
            ignore.discard(battery.path)
        if history:
            ignore.add(history.time)
        needs = tuple(need for layer in layers for need in layer.needs)
        return Rules(by_path, frozenset(ignore), battery, history, codec, layouts, bool(described), needs)


@cache
def shipped() -> Profiles:
    """The profiles that come with the software. Call it once at start: a broken one raises `ProfileError`."""
    return load(SHIPPED)


def load(folder: Path) -> Profiles:
    """Read `folder/*.toml` (models) and `folder/defaults/*.toml` (families). Raises `ProfileError`."""
    defaults = [_defaults(path) for path in sorted((folder / "defaults").glob("*.toml"))]
    models = [_profile(path) for path in sorted(folder.glob("*.toml"))]
    seen: set[tuple[str, str]] = set()
    for profile in models:
        if seen & profile.names:
            raise ProfileError(f"{profile.vendor} {profile.model} is described twice; keep one file for it")
        seen |= profile.names
    judged = _judged(folder / "zigbee" / "models.toml")
    by_family = {each.family: each for each in defaults}
    if ZIGBEE in by_family:
        by_family[ZIGBEE] = _with(by_family[ZIGBEE], judged.everywhere)
    try:
        families = rhythms.read(folder)
    except ValueError as error:
        raise ProfileError(f"{rhythms.FILE}: {error}") from None
    return Profiles(tuple(models), by_family, zigbee.read(folder), judged, families, lights.read(folder))


def _plain(name: str) -> str:
    return "".join(filter(str.isalnum, name)).casefold()


def _with(family: Defaults, rules: tuple[Rule, ...]) -> Defaults:
    if twice := _twice(rule.path for rule in (*family.layer.rules, *rules)):
        raise ProfileError(f"{twice!r} is judged in zigbee/models.toml and in defaults/{family.family}.toml")
    return replace(family, layer=replace(family.layer, rules=family.layer.rules + rules))


def _judged(path: Path) -> Judged:
    if not path.exists():
        return Judged()
    table = _read(path, _JudgedTable)
    of_model: dict[str, tuple[Rule, ...]] = {}
    for rules in table.rule:
        for label in rules.models:
            of_model[label] = of_model.get(label, ()) + tuple(rules.frozen(label))
    return Judged(
        everywhere=tuple(rule for rules in table.rule if not rules.models for rule in rules.frozen(ZIGBEE)),
        of_model=of_model,
        harmless=frozenset(table.harmless),
        but={label: frozenset(paths) for label, paths in table.but.items()},
        roles=table.roles,
        vendors=table.vendors,
    )


def _profile(path: Path) -> Profile:
    table = _read(path, _ProfileTable)
    name = f"{table.vendor} {table.model}"
    return Profile(
        vendor=table.vendor,
        model=table.model,
        families=frozenset(table.families),
        role=table.role,
        layer=table.layer(name),
        examples=tuple(example.frozen() for example in table.example),
        expected_every=timedelta(minutes=table.expected_every_min) if table.expected_every_min else None,
        also=tuple(table.also),
        source=table.source,
    )


def _defaults(path: Path) -> Defaults:
    table = _read(path, _DefaultsTable)
    roles = {}
    for role, rules in table.role.items():
        name = f"{table.family}/{role}"
        roles[role] = Layer(name, tuple(rule.frozen(name) for rule in rules))
    examples = tuple(example.frozen() for example in table.example)
    return Defaults(table.family, table.layer(table.family), roles, examples)


# The shape of the files.


def _texts(value: object) -> object:
    return [as_text(each) for each in value] if isinstance(value, list) else [as_text(value)]


Texts = Annotated[frozenset[str], BeforeValidator(_texts)]


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _RuleTable(_Table):
    path: str = Field(min_length=1)
    nature: Literal["level", "event"] = "level"
    means: dict[str, Kind | Press] = Field(alias="map", default={})
    idle: Texts = frozenset()
    suspected: Texts = frozenset()
    when: dict[str, Texts] = {}
    clear: dict[str, Texts] = {}
    joined: bool = False

    @model_validator(mode="after")
    def _makes_sense(self) -> _RuleTable:
        if not self.means and not self.idle:
            raise ValueError("a rule without map and idle says nothing; use ignore for what never matters")
        if both := self.idle & self.means.keys():
            raise ValueError(f"{sorted(both)} cannot both be idle and mean something; take it out of one")
        if lost := self.suspected - self.means.keys():
            raise ValueError(f"suspected {sorted(lost)} is not in map; add it there")
        if self.nature == "level" and "[]" in self.path:
            raise ValueError("the elements of a list have no level to remember; use nature = 'event'")
        if self.nature == "level" and (self.when or self.clear or self.joined or ANY in self.means):
            raise ValueError("when, clear, joined and '*' are for nature = 'event'")
        return self

    def frozen(self, layer: str) -> Rule:
        return Rule(
            label=f"{layer}:{self.path}",
            path=self.path,
            event=self.nature == "event",
            means=self.means,
            idle=self.idle,
            suspected=self.suspected,
            when=self.when,
            clear=self.clear,
            joined=self.joined,
        )


class _SharedRuleTable(_Table):
    """One meaning of several properties, of the models named or of all."""

    paths: list[str] = Field(min_length=1)
    models: list[str] = []
    nature: Literal["level", "event"] = "level"
    means: dict[str, Kind | Press] = Field(alias="map", min_length=1)
    idle: Texts = frozenset()
    suspected: Texts = frozenset()

    def frozen(self, layer: str) -> Iterator[Rule]:
        for path in self.paths:
            words = {"map": self.means, "idle": [*self.idle], "suspected": [*self.suspected]}
            yield _RuleTable.model_validate({"path": path, "nature": self.nature} | words).frozen(layer)


class _JudgedTable(_Table):
    harmless: list[str] = []
    but: dict[str, list[str]] = {}
    roles: dict[str, Role] = {}
    vendors: dict[str, list[str]] = {}
    rule: list[_SharedRuleTable] = []


class _BatteryTable(_Table):
    path: str = Field(min_length=1)
    unit: Literal["percent", "volt", "millivolt", "of 255"] = "percent"
    low: float = Field(default=10, ge=0)
    idle: Texts = frozenset()
    mark: str = ""

    def frozen(self) -> Battery:
        is_percent = self.unit == "percent"
        margin = 1.1 if self.unit in ("volt", "millivolt") else 1.3  # the voltage of a cell falls by little
        return Battery(self.path, self.low, is_percent, self.idle, self.mark, margin)


class _HistoryTable(_Table):
    path: str = Field(pattern=r"^\w+\[\]$")
    time: str = "timestamp"


class _NeedTable(_Table):
    paths: list[str] = Field(min_length=1)
    where: list[str] = []
    unless: list[str] = []
    says: dict[str, str | int | bool] = {}

    def frozen(self) -> Need:
        where, unless = frozenset(self.where), frozenset(self.unless)
        return Need(frozenset(self.paths), where, unless, tuple(self.says.items()))


class _OctetTable(_Table):
    at: int = Field(ge=0, le=255)
    mask: int = Field(default=0xFF, ge=1, le=0xFF)
    scale: float = 1
    plus: float = 0
    spare: int = Field(default=0, ge=0, le=0xFF)


class _LayoutTable(_Table):
    begins: str = Field(default="", pattern=r"^([0-9a-f]{2}|\.\.)*$")
    length: int = Field(default=0, ge=0, le=255)
    at_least: int = Field(default=0, ge=0, le=255)
    octets: dict[str, _OctetTable] = {}

    @model_validator(mode="after")
    def _is_told_apart(self) -> _LayoutTable:
        if not self.begins and not self.length:
            raise ValueError("say how the bytes begin or how many they are; else anything would fit")
        return self

    def frozen(self) -> Layout:
        octets = {
            name: Octet(each.at, each.mask, each.scale, each.plus, each.spare)
            for name, each in self.octets.items()
        }
        pairs = (self.begins[at : at + 2] for at in range(0, len(self.begins), 2))
        begins = tuple(None if pair == ".." else int(pair, 16) for pair in pairs)
        return Layout(begins, self.length, octets, self.at_least)


class _ExampleTable(_Table):
    said: dict[str, object] = Field(alias="in", default={})
    data: str = ""
    out: list[str]
    role: Role | None = None

    def frozen(self) -> Example:
        return Example(self.said, tuple(self.out), self.role, self.data)


class _LayerTable(_Table):
    rule: list[_RuleTable] = []
    ignore: list[str] = []
    battery: _BatteryTable | None = None
    history: _HistoryTable | None = None
    codec: str = ""
    bytes: list[_LayoutTable] = []
    needs: list[_NeedTable] = []
    example: list[_ExampleTable] = Field(min_length=1)

    @model_validator(mode="after")
    def _one_rule_a_path(self) -> _LayerTable:
        if twice := _twice(rule.path for rule in self.rule):
            raise ValueError(f"two rules for {twice!r}; join their maps")
        return self

    def layer(self, name: str) -> Layer:
        history = self.history
        return Layer(
            name=name,
            rules=tuple(rule.frozen(name) for rule in self.rule),
            ignore=frozenset(self.ignore),
            battery=self.battery.frozen() if self.battery else None,
            history=History(history.path.removesuffix("[]"), history.time) if history else None,
            codec=self.codec,
            layouts=tuple(each.frozen() for each in self.bytes),
            needs=tuple(each.frozen() for each in self.needs),
        )


class _ProfileTable(_LayerTable):
    vendor: str = Field(min_length=1)
    model: str = Field(min_length=1)
    families: list[str] = Field(min_length=1)
    role: Role
    expected_every_min: int | None = Field(default=None, ge=1, le=44_640)
    also: list[tuple[str, str]] = []
    source: str = ""


class _DefaultsTable(_LayerTable):
    family: str = Field(min_length=1)
    role: dict[Role, list[_RuleTable]] = {}


_T = TypeVar("_T", bound=_Table)


def _read(path: Path, shape: type[_T]) -> _T:
    """The file as a checked table; every flaw is named in one `ProfileError`."""
    try:
        return shape.model_validate(tomllib.loads(path.read_text(encoding="utf-8")))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path.name}: not TOML: {error}") from None
    except ValidationError as error:
        flaws = "; ".join(f"{_place(flaw['loc'])}: {flaw['msg']}" for flaw in error.errors())
        raise ProfileError(f"{path.name}: {flaws}") from None


def _place(location: tuple[int | str, ...]) -> str:
    """`("rule", 1, "map")` as people count: `rule 2, map`."""
    words: list[str] = []
    for step in location:
        if isinstance(step, int) and words:
            words[-1] += f" {step + 1}"
        else:
            words.append(str(step))
    return ", ".join(words) or "the file"


def _twice(names: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for name in names:
        if name in seen:
            return name
        seen.add(name)
    return None
