"""The words of the register, as frozen values. No storage and no framework: rows become these at the door."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, tzinfo
from enum import StrEnum

from devices.signal import Role

Ring = tuple[tuple[float, float], ...]
Polygon = tuple[Ring, ...]  # outer ring first, then holes; (lon, lat) in degrees WGS-84


class AreaLevel(StrEnum):
    """The grid is a tree of areas; a site may use as many of these levels as it has."""

    DISTRICT = "district"
    STREET = "street"
    COMMUNITY = "community"
    CELL = "cell"


@dataclass(frozen=True, slots=True)
class Area:
    """A street, community or cell. `code_scheme` says whose code it is: one town can have two."""

    id: int
    level: AreaLevel
    code: str
    code_scheme: str  # nbs | mca | local
    name: str
    parent_id: int | None
    polygon: Polygon | None = None
    synthetic: bool = False  # geometry made up for a demo; says so wherever it is shown


@dataclass(frozen=True, slots=True)
class Building:
    """A house on the ground. A household is in the one of its cell that bears the name of its `building`."""

    id: int
    area_id: int  # its cell
    name: str  # 幸福里3幢; names none twice in a cell
    storeys: int
    polygon: Polygon
    synthetic: bool = False  # as of an area

    def __post_init__(self) -> None:
        if self.storeys < 1:
            raise ValueError(f"a building has at least one storey, not {self.storeys}")


@dataclass(frozen=True, slots=True)
class Position:
    """Where something is: degrees WGS-84, with how we know and how well (metres)."""

    lon: float
    lat: float
    source: str = "register"
    accuracy_m: float | None = None

    def __post_init__(self) -> None:
        if not (-180 <= self.lon <= 180 and -90 <= self.lat <= 90):
            raise ValueError(
                f"lon {self.lon} / lat {self.lat} are not degrees: give longitude -180..180, latitude -90..90"
            )


@dataclass(frozen=True, slots=True)
class Household:
    """A dwelling. The address stands alone: help finds the door without a map."""

    id: int
    area_id: int  # its cell
    address: str  # in words, as a worker would read it: 和平社区幸福里3幢2单元501
    building: str
    unit: str
    floor: int | None
    room: str
    position: Position | None
    access_notes: str = ""  # whatever else helps to get in
    phone: str = ""
    gate: str = ""  # of the estate, by which an ambulance drives in
    door_notes: str = ""  # code, bell, where a key lies
    key_holder: str = ""  # who has a key, in words: 对门邻居张桂芝
    key_holder_phone: str = ""


@dataclass(frozen=True, slots=True)
class Resident:
    """A person in a household."""

    id: int
    household_id: int
    name: str
    sex: str = ""  # 男 | 女
    birth_date: date | None = None
    phone: str = ""
    lives_alone: bool = False
    health_notes: str = ""  # whatever else of health helps
    conditions: str = ""
    medicines: str = ""
    allergies: str = ""

    def age(self, today: date) -> int | None:
        """Full years on `today`; None when the birth date is unknown."""
        if self.birth_date is None:
            return None
        had_birthday = (today.month, today.day) >= (self.birth_date.month, self.birth_date.day)
        return today.year - self.birth_date.year - (0 if had_birthday else 1)


@dataclass(frozen=True, slots=True)
class Contact:
    """A relative, neighbour or key holder; `rank` 1 is told first."""

    id: int
    household_id: int
    rank: int
    name: str
    relation: str  # 女儿, 儿子, 邻居 …
    phone: str
    no_texts_since: datetime | None = None  # this number has asked for no more texts


class Medium(StrEnum):
    """How a message reaches a person."""

    SMS = "sms"
    VOICE = "voice"
    PUSH = "push"  # WeCom, DingTalk, Feishu … : no telephone number, no word whether it was read


@dataclass(frozen=True, slots=True)
class ContactChannel:
    """How a contact, or a responder, wants to be told, between two minutes of the site's day.

    `ends` may pass midnight. `url` is where a push goes (an Apprise address). It holds its own secret: it is
    never shown again.
    """

    medium: Medium
    url: str = field(default="", repr=False)
    starts: int = 0  # minute of the day, 0..1439
    ends: int = 1440  # minute of the day after `starts`, up to a day later

    def __post_init__(self) -> None:
        if not (0 <= self.starts < 1440 and self.starts < self.ends <= self.starts + 1440):
            raise ValueError(f"hours start within a day and last at most one: {self.starts}..{self.ends}")
        if (self.medium is Medium.PUSH) != bool(self.url):
            raise ValueError("a push needs an address, and nothing else has one")

    def covers(self, minute: int) -> bool:
        """Whether this is wanted at `minute` (0..1439) of the day."""
        return self.starts <= minute < self.ends or minute + 1440 < self.ends


class Topic(StrEnum):
    """What may be sent to a number, or not."""

    TEXTS = "texts"  # all of it
    WEEKLY = "weekly"  # the weekly summary


class Way(StrEnum):
    """How somebody said what may be sent to her."""

    TEXT = "text"
    PAGE = "page"  # on the page of a case
    PHONE = "phone"
    IN_PERSON = "in_person"
    PAPER = "paper"
    UNKNOWN = "unknown"  # said before this was kept


@dataclass(frozen=True, slots=True)
class Consent:
    """What a number has said. `by` is who wrote it down; empty: she said it herself."""

    topic: Topic
    wanted: bool
    way: Way
    by: str
    at: datetime


@dataclass(frozen=True, slots=True)
class HomeRecord:
    """What is known of a home: all that an operator needs when the button there is pressed."""

    household: Household
    residents: tuple[Resident, ...]
    contacts: tuple[Contact, ...]  # in the order in which they are told
    cell: Area  # without its polygon
    community: Area | None  # without its polygon; None when the grid has no such level there


@dataclass(frozen=True, slots=True)
class Device:
    """A button, sensor or hub, enrolled to a household with a role. `key` is its protocol-native identity."""

    id: int
    key: str
    role: Role
    household_id: int | None
    vendor: str = ""
    model: str = ""
    label: str = ""
    username: str = ""  # MQTT login, when it has one of its own
    inverted: bool = False  # the contact of this door or bed sensor is the other way round
    enabled: bool = True
    last_seen_at: datetime | None = None
    battery: int | None = None  # percent


class ResponderKind(StrEnum):
    GRID_WORKER = "grid_worker"
    COMMUNITY_WORKER = "community_worker"
    CLINIC = "clinic"
    CONNECTOR = "connector"  # 联户长, one per ten homes
    VOLUNTEER = "volunteer"
    SUPERVISOR = "supervisor"  # 值班长: sees to it that somebody goes; is told, wherever they are


@dataclass(frozen=True, slots=True)
class Responder:
    """A person or a place that can be sent."""

    id: int
    kind: ResponderKind
    name: str
    phone: str
    position: Position | None
    cells: frozenset[int] = frozenset()  # the areas this responder is staff of
    skills: frozenset[str] = frozenset()
    active: bool = True


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """Where a responder was, by her own telephone; `position.source` is `page` or `phone`."""

    responder_id: int
    position: Position
    at: datetime


def areas_of(home: HomeRecord) -> set[int]:
    """The home's cell and its community: whoever is on the staff of either counts as its own."""
    return {home.cell.id} if home.community is None else {home.cell.id, home.community.id}


def is_staff_of(responder: Responder, home: HomeRecord) -> bool:
    """Whether the home's cell, or its community, has this responder on its staff."""
    return not areas_of(home).isdisjoint(responder.cells)


@dataclass(frozen=True, slots=True)
class Duty:
    """Weekly duty times in the site's local time: minutes of the day, `ends` may pass midnight."""

    responder_id: int
    days: frozenset[int]  # ISO weekdays, 1 Monday to 7 Sunday, on which the duty starts
    starts: int  # minute of the day, 0..1439
    ends: int  # minute of the day after `starts`, up to 2880 for a duty that passes midnight

    def __post_init__(self) -> None:
        if not (0 <= self.starts < 1440 and self.starts < self.ends <= self.starts + 1440):
            raise ValueError(f"a duty starts within a day and lasts at most one: {self.starts}..{self.ends}")


@dataclass(frozen=True, slots=True)
class Leave:
    """Somebody is not there from `starts` until before `ends`, whatever the weekly duty times say."""

    id: int
    responder_id: int
    starts: datetime
    ends: datetime
    reason: str = ""

    def __post_init__(self) -> None:
        if self.ends <= self.starts:
            raise ValueError(f"a leave ends after it starts: {self.starts}..{self.ends}")


def on_duty(duties: tuple[Duty, ...], now: datetime, zone: tzinfo, leaves: tuple[Leave, ...] = ()) -> bool:
    """Whether any of `duties` covers `now` and no leave does; a duty may have begun yesterday."""
    if any(leave.starts <= now < leave.ends for leave in leaves):
        return False
    local = now.astimezone(zone)
    minute = local.hour * 60 + local.minute
    today = local.isoweekday()
    yesterday = 7 if today == 1 else today - 1
    return any(
        (today in duty.days and duty.starts <= minute < duty.ends)
        or (yesterday in duty.days and minute + 1440 < duty.ends)
        for duty in duties
    )


@dataclass(frozen=True, slots=True)
class Site:
    """A sub-district's own facts: what it is called, the number people know, its time zone."""

    code: str
    name: str
    hotline: str  # 2222999
    signature: str  # what stands in 【】 before each text
    timezone: str = "Asia/Shanghai"
    secret: str = field(default="", repr=False)  # of the codes that open a case's page; empty: there are none


class AccountRole(StrEnum):
    OPERATOR = "operator"
    ADMIN = "admin"


@dataclass(frozen=True, slots=True)
class Account:
    """Somebody who may log in. The password hash stays in the store."""

    id: int
    login: str
    name: str
    role: AccountRole
    active: bool = True


@dataclass(frozen=True, slots=True)
class LoginSession:
    """Somebody who has logged in. `csrf_token` must come back with everything that changes something."""

    account: Account
    csrf_token: str
    created_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A machine's way in; the key itself was shown once and is not kept."""

    id: int
    label: str
    account_id: int
    created_at: datetime
    revoked_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Provider:
    """A franchised provider of the service catalogue."""

    id: int
    name: str
    category: str
    phone: str
    area_id: int | None = None
    active: bool = True


@dataclass(frozen=True, slots=True)
class CatalogueItem:
    """One service on offer. Price in fen (1/100 yuan)."""

    id: int
    provider_id: int
    category: str
    name: str
    unit: str
    price_fen: int
    active: bool = True


class OrderState(StrEnum):
    """Residents order, the community passes on, the unit takes, the member does."""

    PLACED = "placed"
    PASSED_ON = "passed_on"
    TAKEN = "taken"
    DONE = "done"
    CANCELLED = "cancelled"


@dataclass(frozen=True, slots=True)
class Order:
    """A resident's wish that became work for a provider."""

    id: int
    household_id: int
    item_id: int
    provider_id: int
    call_id: int | None
    state: OrderState
    note: str
    placed_at: datetime
    changed_at: datetime


class Known(StrEnum):
    """As what the register knows a telephone number."""

    HOUSEHOLD = "household"
    RESIDENT = "resident"
    CONTACT = "contact"
    RESPONDER = "responder"
    PROVIDER = "provider"


@dataclass(frozen=True, slots=True)
class Match:
    """Somebody whose telephone number it is; `id` is that of the resident, contact, … named by `known_as`."""

    known_as: Known
    id: int
    name: str  # of the person or firm; the address for a household's own line
    detail: str = ""  # 女儿, grid_worker, 家政 …
    household_id: int | None = None  # whose home it is about; None for responders and providers


class CallOutcome(StrEnum):
    OPEN = "open"
    ORDER = "order"
    INCIDENT = "incident"
    INFORMATION = "information"


@dataclass(frozen=True, slots=True)
class Call:
    """One hotline call."""

    id: int
    number: str  # as dialled in, normalised where that was possible
    at: datetime
    household_id: int | None
    outcome: CallOutcome
    incident_id: int | None = None
    note: str = ""
