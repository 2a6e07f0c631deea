"""Make a whole street from a profile and a seed: pure, and the same values for the same seed.

Names and codes of street and communities are real, everything else is made up. Geometry is marked synthetic.
Every part draws from a random stream of its own, so that changing one does not shake the others.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from itertools import chain, count, cycle, islice
from math import cos, pi, radians, sin
from random import Random
from typing import Any

from community import phones
from community.model import (
    Area,
    AreaLevel,
    Building,
    CatalogueItem,
    Contact,
    Device,
    Duty,
    Household,
    Polygon,
    Position,
    Provider,
    Resident,
    Responder,
    ResponderKind,
    Site,
)
from community.sites.profile import DeviceModel, KnownHome, People, Profile
from maps import grid
from maps.buildings import House, draft_houses

_METRES_PER_DEGREE = 111_320.0  # of latitude; a synthetic outline needs it no better
_OUTLINE_CORNERS = 32
_MADE_UP = "synthetic"
_DAY = 24 * 60
_NUMBERS, _UNITS = 24, 4  # houses of an estate, and entrances of a house
_TURNED = 8.0  # degrees by which the streets of a community may turn from the points of the compass

# Everybody with a one-touch device is over 80 from 2026 on; a husband or wife in the same home is not yet.
_OLD_BORN = (date(1930, 1, 1), date(1945, 12, 31))
_SPOUSE_BORN = (date(1947, 1, 1), date(1952, 12, 31))

_EVERY_DAY = frozenset(range(1, 8))
_SUPERVISORS = 2  # of the whole street, each of them always to be reached
_WORKDAYS = frozenset(range(1, 6))
_WEEKEND = (6, 7)


@dataclass(frozen=True, slots=True)
class SiteData:
    """All rows of a seeded register; ids run from 1 in each tuple."""

    site: Site
    areas: tuple[Area, ...]
    buildings: tuple[Building, ...]
    households: tuple[Household, ...]
    residents: tuple[Resident, ...]
    contacts: tuple[Contact, ...]
    devices: tuple[Device, ...]
    responders: tuple[Responder, ...]
    duties: tuple[Duty, ...]
    providers: tuple[Provider, ...]
    items: tuple[CatalogueItem, ...]


def generate(profile: Profile, seed: int) -> SiteData:
    """The street of `profile` that belongs to `seed`."""

    def stream(part: str) -> Random:
        return Random(f"{profile.site.code}/{seed}/{part}")

    numbers = _numbers(profile.first_phone)
    areas = _areas(profile, seed, stream("outline"))
    estates = _estates(profile, areas, stream("estates"))
    houses = tuple(_houses(areas, estates, stream("buildings")))
    households = _households(profile, areas, estates, houses, stream("households"), stream("ways in"))
    residents = _residents(profile, households, numbers, stream("residents"), stream("illness"))
    responders = _responders(profile, areas, households, numbers, stream("responders"))
    providers = _providers(profile, numbers, stream("providers"))
    contacts = _contacts(profile, households, residents, numbers, stream("contacts"))
    return SiteData(
        site=profile.site,
        areas=areas,
        buildings=tuple(building for building, _ in houses),
        households=_with_keys(households, contacts),
        residents=residents,
        contacts=contacts,
        devices=_devices(profile, households, stream("devices")),
        responders=responders,
        duties=tuple(_duties(responders, areas)),
        providers=providers,
        items=_items(profile, providers, stream("items")),
    )


# ---- the grid ----


def _areas(profile: Profile, seed: int, random: Random) -> tuple[Area, ...]:
    """The street, its communities, and their cells: 12 digits of the community and 3 of a sequence."""
    outline = _outline(profile, random)
    street = Area(
        id=1,
        level=AreaLevel.STREET,
        code=profile.street_code,
        code_scheme=profile.code_scheme,
        name=profile.site.name,
        parent_id=None,
        polygon=outline,
        synthetic=True,
    )
    drafts = grid.draft_communities(outline, len(profile.communities), profile.counts.cells, seed)
    communities = [
        Area(
            id=number,
            level=AreaLevel.COMMUNITY,
            code=real.code,
            code_scheme=profile.code_scheme,
            name=real.name,
            parent_id=street.id,
            polygon=draft.outline,
            synthetic=True,
        )
        for number, (real, draft) in enumerate(zip(profile.communities, drafts, strict=True), start=2)
    ]
    ids = count(2 + len(communities))
    cells = [
        Area(
            id=next(ids),
            level=AreaLevel.CELL,
            code=f"{community.code}{number:03d}",
            code_scheme="local",  # the bureau's codes end with the community
            name=f"{community.name}第{number}网格",
            parent_id=community.id,
            polygon=polygon,
            synthetic=True,
        )
        for community, draft in zip(communities, drafts, strict=True)
        for number, polygon in enumerate(draft.cells, start=1)
    ]
    return (street, *communities, *cells)


def _outline(profile: Profile, random: Random) -> Polygon:
    """A roundish outline that no map has: a circle with a few slow waves."""
    lon, lat = profile.centre
    waves = [(k, random.uniform(0.02, 0.07), random.uniform(0, 2 * pi)) for k in (2, 3, 5)]
    corners = []
    for corner in range(_OUTLINE_CORNERS):
        angle = 2 * pi * corner / _OUTLINE_CORNERS
        radius = profile.across_m / 2 * (1 + sum(size * sin(k * angle + at) for k, size, at in waves))
        north = radius * sin(angle) / _METRES_PER_DEGREE
        east = radius * cos(angle) / (_METRES_PER_DEGREE * cos(radians(lat)))
        corners.append((round(lon + east, grid.DECIMALS), round(lat + north, grid.DECIMALS)))
    return ((*corners, corners[0]),)


def _cells_of(areas: Iterable[Area]) -> dict[int, list[Area]]:
    """The cells of each community, by the community's id."""
    found: dict[int, list[Area]] = {}
    for area in areas:
        if area.level is AreaLevel.CELL and area.parent_id is not None:
            found.setdefault(area.parent_id, []).append(area)
    return found


def _somewhere_in(area: Area, random: Random) -> Position:
    assert area.polygon is not None, "generated areas have polygons"
    (point,) = grid.points_inside(area.polygon, 1, random.getrandbits(32))
    return Position(round(point.lon, grid.DECIMALS), round(point.lat, grid.DECIMALS), source=_MADE_UP)


# ---- houses ----


@dataclass(frozen=True, slots=True)
class Estate:
    """Houses that stand together, in two neighbouring cells: those with even numbers, and those with odd."""

    name: str
    cells: tuple[Area, Area]

    def cell_of(self, building: int) -> Area:
        return self.cells[building % 2]


def _estates(profile: Profile, areas: Sequence[Area], random: Random) -> dict[int, list[Estate]]:
    """Four estates for each community, by its id; those of known homes are among them."""
    known: dict[str, list[str]] = {}
    for home in profile.known_homes:
        known.setdefault(home.community, []).append(home.estate)
    cells_of = _cells_of(areas)
    chosen = {}
    for community in (area for area in areas if area.level is AreaLevel.COMMUNITY):
        mine = list(dict.fromkeys(known.get(community.code, ())))
        others = [estate for estate in profile.people.estates if estate not in mine]
        names = mine + random.sample(others, k=4 - len(mine))
        cells = cycle(cells_of[community.id])
        chosen[community.id] = [Estate(name, (next(cells), next(cells))) for name in names]
    return chosen


def _houses(
    areas: Iterable[Area], estates: Mapping[int, Sequence[Estate]], random: Random
) -> Iterator[tuple[Building, House]]:
    """The houses of every cell: those of an estate bear its name, the others only a number."""
    numbers: dict[int, list[str]] = {}
    for each in chain.from_iterable(estates.values()):
        for number in range(1, _NUMBERS + 1):
            numbers.setdefault(each.cell_of(number).id, []).append(f"{each.name}{number}幢")
    turned = {community_id: random.uniform(-_TURNED, _TURNED) for community_id in estates}
    ids = count(1)
    for area in areas:
        if area.level is not AreaLevel.CELL or area.parent_id is None or area.polygon is None:
            continue
        named = numbers.get(area.id, [])
        houses = draft_houses(area.polygon, turned[area.parent_id], random.getrandbits(32), len(named))
        names = chain(named, (f"{number}号楼" for number in count(1)))
        for name, house in zip(names, houses, strict=False):
            yield Building(next(ids), area.id, name, house.storeys, house.polygon, synthetic=True), house


# ---- homes and people ----


def _households(
    profile: Profile,
    areas: Sequence[Area],
    estates: Mapping[int, Sequence[Estate]],
    houses: Iterable[tuple[Building, House]],
    random: Random,
    ways_in: Random,
) -> tuple[Household, ...]:
    people = profile.people
    communities = [area for area in areas if area.level is AreaLevel.COMMUNITY]
    house_of = {(building.area_id, building.name): house for building, house in houses}
    homes: list[Household] = []
    taken: set[str] = set()

    def add(
        community: Area,
        estate: Estate,
        building: int,
        unit: int,
        floor: int,
        door: int,
        way_in: tuple[str, str, str],
    ) -> None:
        room = f"{floor}{door:02d}"
        address = f"{community.name}{estate.name}{building}幢{unit}单元{room}"
        if address in taken:
            return
        taken.add(address)
        cell, name = estate.cell_of(building), f"{estate.name}{building}幢"
        entrance = house_of[cell.id, name].entrance(unit, _UNITS)
        homes.append(
            Household(
                id=len(homes) + 1,
                area_id=cell.id,
                address=address,
                building=name,
                unit=f"{unit}单元",
                floor=floor,
                room=room,
                position=Position(entrance.lon, entrance.lat, source=_MADE_UP),
                gate=way_in[0],
                door_notes=way_in[1],
                access_notes=way_in[2],
            )
        )

    by_code = {community.code: community for community in communities}
    for home in profile.known_homes:
        community = by_code[home.community]
        (estate,) = (each for each in estates[community.id] if each.name == home.estate)
        way_in = (home.gate, home.door_notes, "")
        add(community, estate, home.building, home.unit, home.floor, home.door, way_in)
    for community in cycle(communities):
        if len(homes) == profile.counts.homes:
            return tuple(homes)
        door = ways_in.choice(people.doors).format(code=ways_in.randint(1000, 9999))
        way_in = (ways_in.choice(people.gates), door, ways_in.choice(people.access))
        add(
            community,
            random.choice(estates[community.id]),
            random.randint(1, _NUMBERS),
            random.randint(1, _UNITS),
            random.randint(1, 6),
            random.randint(1, 2),
            way_in,
        )
    raise ValueError("a site needs at least one community")


def _residents(
    profile: Profile,
    households: Sequence[Household],
    numbers: Iterator[str],
    random: Random,
    illness: Random,
) -> tuple[Resident, ...]:
    found: list[Resident] = []
    for home, known in zip(households, _known_first(profile.known_homes, len(households)), strict=True):
        if known:
            found.append(
                Resident(
                    id=len(found) + 1,
                    household_id=home.id,
                    name=known.name,
                    sex=known.sex,
                    birth_date=known.birth_date,
                    phone=next(numbers),
                    lives_alone=True,
                    conditions=known.conditions,
                    medicines=known.medicines,
                    allergies=known.allergies,
                )
            )
            continue
        sex, other = random.choice((("女", "男"), ("女", "男"), ("女", "男"), ("男", "女"), ("男", "女")))
        with_spouse = random.random() < 0.3
        found.append(
            Resident(
                id=len(found) + 1,
                household_id=home.id,
                name=_old_name(profile, sex, random),
                sex=sex,
                birth_date=_day_between(*_OLD_BORN, random),
                phone=next(numbers) if random.random() < 0.7 else "",
                lives_alone=not with_spouse,
                **_illness(profile.people, illness),
            )
        )
        if with_spouse:
            found.append(
                Resident(
                    id=len(found) + 1,
                    household_id=home.id,
                    name=_old_name(profile, other, random),
                    sex=other,
                    birth_date=_day_between(*_SPOUSE_BORN, random),
                    **_illness(profile.people, illness),
                )
            )
    return tuple(found)


def _illness(people: People, random: Random) -> dict[str, Any]:
    """One to three conditions with what is taken for them, as fields of a resident."""
    known = random.sample(people.illness, k=random.randint(1, 3))
    return {
        "conditions": "、".join(condition for condition, _ in known),
        "medicines": "、".join(medicine for _, medicine in known if medicine),
        "allergies": random.choice(people.allergies),
        "health_notes": random.choice(people.health),
    }


def _with_keys(households: Sequence[Household], contacts: Iterable[Contact]) -> tuple[Household, ...]:
    """The neighbour of each home has its key."""
    near = {one.household_id: one for one in contacts if one.relation == "邻居"}
    return tuple(
        replace(home, key_holder=f"邻居{near[home.id].name}", key_holder_phone=near[home.id].phone)
        for home in households
    )


def _old_name(profile: Profile, sex: str, random: Random) -> str:
    given = profile.people.old_women if sex == "女" else profile.people.old_men
    return random.choice(profile.people.surnames) + random.choice(given)


def _contacts(
    profile: Profile,
    households: Sequence[Household],
    residents: Sequence[Resident],
    numbers: Iterator[str],
    random: Random,
) -> tuple[Contact, ...]:
    """Two or three for each home: children first, the neighbour with the key last."""
    people = profile.people
    first_resident = {resident.household_id: resident for resident in reversed(residents)}
    found: list[Contact] = []
    for home, known in zip(households, _known_first(profile.known_homes, len(households)), strict=True):
        elder = first_resident[home.id]
        family = elder.name[0] if elder.sex == "男" else random.choice(people.surnames)
        daughter = (family + random.choice(people.women), "女儿")
        son = (family + random.choice(people.men), "儿子")
        neighbour = (random.choice(people.surnames) + random.choice((*people.women, *people.men)), "邻居")
        children = random.choice(((daughter, son), (daughter,), (son, daughter), (son,)))
        for rank, (name, relation) in enumerate(known.contacts if known else (*children, neighbour), start=1):
            found.append(
                Contact(
                    id=len(found) + 1,
                    household_id=home.id,
                    rank=rank,
                    name=name,
                    relation=relation,
                    phone=next(numbers),
                )
            )
    return tuple(found)


def _known_first(known: Sequence[KnownHome], homes: int) -> Iterator[KnownHome | None]:
    return islice((*known, *[None] * homes), homes)


def _day_between(first: date, last: date, random: Random) -> date:
    return first + timedelta(days=random.randint(0, (last - first).days))


def _numbers(first: str) -> Iterator[str]:
    """Telephone numbers of made-up people, in their written form, never one twice."""
    return (phones.checked(str(number)) for number in count(int(first)))


# ---- devices ----


def _devices(profile: Profile, households: Sequence[Household], random: Random) -> tuple[Device, ...]:
    found: list[Device] = []
    for model in profile.devices:
        everywhere = model.homes >= len(households)
        homes = (
            households
            if everywhere
            else sorted(random.sample(households, k=model.homes), key=lambda home: home.id)
        )
        for home in homes:
            found.append(
                Device(
                    id=len(found) + 1,
                    key=_device_key(profile, model, home, random),
                    role=model.role,
                    household_id=home.id,
                    vendor=model.vendor,
                    model=model.model,
                    label=model.label,
                )
            )
    return tuple(found)


def _device_key(profile: Profile, model: DeviceModel, home: Household, random: Random) -> str:
    """Our own devices are numbered like their homes; radio addresses are random, in the private range."""
    if model.family == "care":
        return f"care:{profile.site.code}/{profile.device_prefix}-{home.id:04d}"
    address = f"{random.getrandbits(64) | 0x02 << 56:016x}"
    return f"z2m:0x{address}" if model.family == "z2m" else f"{model.family}:{address}"


# ---- who can be sent ----


def _responders(
    profile: Profile,
    areas: Sequence[Area],
    households: Sequence[Household],
    numbers: Iterator[str],
    random: Random,
) -> tuple[Responder, ...]:
    communities = [area for area in areas if area.level is AreaLevel.COMMUNITY]
    cells_of = _cells_of(areas)
    found: list[Responder] = []

    def add(kind: ResponderKind, name: str, near: Area, staff_of: Iterable[Area], *skills: str) -> None:
        found.append(
            Responder(
                id=len(found) + 1,
                kind=kind,
                name=name,
                phone=next(numbers),
                position=_somewhere_in(near, random),
                cells=frozenset(area.id for area in staff_of),
                skills=frozenset(skills),
            )
        )

    def person() -> str:
        return random.choice(profile.people.surnames) + random.choice(
            (*profile.people.women, *profile.people.men)
        )

    shares = _shares(
        profile.counts.grid_workers, {community.id: len(cells_of[community.id]) for community in communities}
    )
    for community in communities:
        for mine in _dealt(cells_of[community.id], shares[community.id]):
            skills = ("急救",) if random.random() < 0.25 else ()
            add(ResponderKind.GRID_WORKER, person(), random.choice(mine), mine, *skills)
    for community in communities:
        for _ in range(random.randint(2, 3)):
            office = random.choice(cells_of[community.id])
            add(ResponderKind.COMMUNITY_WORKER, person(), office, (community,))
    for number, served in enumerate(_dealt(communities, profile.counts.clinics), start=1):
        name = f"{served[0].name.removesuffix('社区')}卫生服务站"
        add(ResponderKind.CLINIC, name, cells_of[served[0].id][number], served, "医生", "急救")
    cells = {area.id: area for area in areas if area.level is AreaLevel.CELL}
    with_homes = sorted({home.area_id for home in households})
    for area_id in islice(cycle(with_homes), profile.counts.connectors):
        add(ResponderKind.CONNECTOR, person(), cells[area_id], (cells[area_id],))
    for community in islice(cycle(communities), profile.counts.volunteers):
        skill = random.choice(("陪同就医", "理发", "维修", "急救"))
        add(ResponderKind.VOLUNTEER, person(), random.choice(cells_of[community.id]), (community,), skill)
    for community in islice(cycle(communities), _SUPERVISORS):
        add(ResponderKind.SUPERVISOR, person(), random.choice(cells_of[community.id]), communities)
    return tuple(found)


def _shares(total: int, weights: Mapping[int, int]) -> dict[int, int]:
    """`total` dealt out by weight, nobody without: whoever has most weight per share gets the next one."""
    shares = dict.fromkeys(weights, 1)
    for _ in range(total - len(weights)):
        neediest = max(weights, key=lambda key: (weights[key] / (shares[key] + 1), -key))
        shares[neediest] += 1
    return shares


def _dealt(things: Sequence[Area], hands: int) -> list[Sequence[Area]]:
    """Neighbouring things to each of `hands` hands, as evenly as possible."""
    return [things[len(things) * hand // hands : len(things) * (hand + 1) // hands] for hand in range(hands)]


def _duties(responders: Sequence[Responder], areas: Sequence[Area]) -> Iterator[Duty]:
    """Weekly times that leave no hour without somebody in every community.

    Grid workers are there on workdays from 8 to 18 o'clock. In each community one of them has each night,
    two have each day of the weekend.
    """
    community_of = {area.id: area.parent_id for area in areas if area.level is AreaLevel.CELL}
    crews: dict[int | None, list[int]] = {}
    for responder in responders:
        match responder.kind:
            case ResponderKind.GRID_WORKER:
                crews.setdefault(community_of[min(responder.cells)], []).append(responder.id)
                yield Duty(responder.id, _WORKDAYS, 8 * 60, 18 * 60)
            case ResponderKind.COMMUNITY_WORKER:
                yield Duty(responder.id, _WORKDAYS, 8 * 60 + 30, 17 * 60 + 30)
            case ResponderKind.CLINIC:
                yield Duty(responder.id, _EVERY_DAY, 0, _DAY)
            case ResponderKind.CONNECTOR:
                yield Duty(responder.id, _EVERY_DAY, 6 * 60, 21 * 60)
            case ResponderKind.VOLUNTEER:
                yield Duty(responder.id, frozenset(_WEEKEND), 9 * 60, 17 * 60)
            case ResponderKind.SUPERVISOR:
                yield Duty(responder.id, _EVERY_DAY, 0, _DAY)
    for crew in crews.values():
        for day in sorted(_EVERY_DAY):
            yield Duty(crew[day % len(crew)], frozenset({day}), 18 * 60, 32 * 60)
        for day in _WEEKEND:
            for turn in {crew[(2 * day) % len(crew)], crew[(2 * day + 1) % len(crew)]}:
                yield Duty(turn, frozenset({day}), 8 * 60, 18 * 60)


# ---- services ----


def _providers(profile: Profile, numbers: Iterator[str], random: Random) -> tuple[Provider, ...]:
    """As many as the site has, the categories in turn; a firm is a brand and what its category is called."""
    brands = {
        category.name: random.sample(profile.brands, k=len(profile.brands)) for category in profile.services
    }
    return tuple(
        Provider(
            id=number,
            name=f"{brands[category.name].pop()}{category.provider}",
            category=category.name,
            phone=next(numbers),
        )
        for number, category in enumerate(islice(cycle(profile.services), profile.counts.providers), start=1)
    )


def _items(profile: Profile, providers: Sequence[Provider], random: Random) -> tuple[CatalogueItem, ...]:
    """Every service is offered by the first provider of its category, and by some others at their price."""
    found: list[CatalogueItem] = []
    for category in profile.services:
        first, *others = [provider for provider in providers if provider.category == category.name]
        for name, unit, yuan in category.items:
            also = random.sample(others, k=min(2, len(others)))
            for provider in sorted((first, *also), key=lambda each: each.id):
                dearer = 0 if provider is first else random.choice((-10, 0, 0, 10, 20))
                found.append(
                    CatalogueItem(
                        id=len(found) + 1,
                        provider_id=provider.id,
                        category=category.name,
                        name=name,
                        unit=unit,
                        price_fen=yuan * (100 + dearer),
                    )
                )
    return tuple(found)
