"""The demo street: as many of everything as its profile says, and the same street for the same seed."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
import shapely

from community import phones
from community.errors import NotFound
from community.model import AreaLevel, ResponderKind, on_duty
from community.sites import generate, profile
from community.sites.generate import SiteData
from community.storage import Store, atlas, register, seeding
from devices.signal import Role
from maps.coords import Point
from maps.grid import Cell, Grid


@pytest.fixture(scope="module")
def kenli() -> SiteData:
    return generate.generate(profile.read("kenli"), 1)


@pytest.fixture(scope="module", params=[1, 2, 77])
def any_kenli(request: pytest.FixtureRequest) -> SiteData:
    return generate.generate(profile.read("kenli"), request.param)


def test_an_unknown_site_is_told_the_known_ones() -> None:
    assert "kenli" in profile.known()
    with pytest.raises(NotFound, match=r"choose one of .*kenli"):
        profile.read("atlantis")
    with pytest.raises(NotFound):
        profile.read("../sites/kenli")


def test_the_same_seed_gives_the_same_street_and_another_seed_another(kenli: SiteData) -> None:
    again = generate.generate(profile.read("kenli"), 1)
    other = generate.generate(profile.read("kenli"), 2)
    assert again == kenli
    for part in ("areas", "households", "residents", "contacts", "devices", "responders", "items"):
        assert getattr(other, part) != getattr(kenli, part), part


def test_kenli_is_as_large_as_it_is_documented(any_kenli: SiteData) -> None:
    levels = Counter(area.level for area in any_kenli.areas)
    assert levels == {AreaLevel.STREET: 1, AreaLevel.COMMUNITY: 10, AreaLevel.CELL: 458}
    kinds = Counter(responder.kind for responder in any_kenli.responders)
    assert (kinds[ResponderKind.GRID_WORKER], kinds[ResponderKind.CLINIC]) == (143, 5)
    assert 20 <= kinds[ResponderKind.COMMUNITY_WORKER] <= 30, "two or three for each community"
    assert kinds[ResponderKind.CONNECTOR] > 0 < kinds[ResponderKind.VOLUNTEER]
    assert kinds[ResponderKind.SUPERVISOR] == 2
    assert len(any_kenli.households) == 88
    assert len(any_kenli.providers) == 56
    assert len({item.name for item in any_kenli.items}) >= 35
    assert any_kenli.site.hotline == "2222999"


def test_codes_are_the_real_ones_and_cells_continue_them(kenli: SiteData) -> None:
    street, *rest = kenli.areas
    communities = [area for area in rest if area.level is AreaLevel.COMMUNITY]
    assert (street.code, street.name) == ("370505001", "垦利街道")
    assert (communities[0].code, communities[0].name) == ("370505001001", "和平社区")
    by_id = {area.id: area for area in kenli.areas}
    for community in communities:
        assert len(community.code) == 12
        assert community.code_scheme == "nbs"
        cells = [area for area in rest if area.parent_id == community.id]
        assert [cell.code for cell in cells] == [
            f"{community.code}{number:03d}" for number in range(1, len(cells) + 1)
        ]
    assert all(area.code.isdigit() and by_id[area.id] is area for area in kenli.areas)
    assert len({area.code for area in kenli.areas}) == len(kenli.areas)


def test_made_up_geometry_says_so(kenli: SiteData) -> None:
    assert all(area.synthetic and area.polygon for area in kenli.areas)
    assert {home.position.source for home in kenli.households if home.position} == {"synthetic"}


def test_the_cells_fit_together_around_kenli(any_kenli: SiteData) -> None:
    cells = Grid(
        Cell(area.code, area.polygon)
        for area in any_kenli.areas
        if area.level is AreaLevel.CELL and area.polygon
    )
    assert cells.flaws() == ()
    assert cells.locate(Point(118.55, 37.59)) is not None
    assert cells.locate(Point(118.60, 37.59)) is None, "it is about 5.6 km across"


def test_every_home_lies_in_its_own_cell(any_kenli: SiteData) -> None:
    code_of = {area.id: area.code for area in any_kenli.areas}
    cells = Grid(
        Cell(area.code, area.polygon)
        for area in any_kenli.areas
        if area.level is AreaLevel.CELL and area.polygon
    )
    for home in any_kenli.households:
        assert home.position is not None
        found = cells.locate(Point(home.position.lon, home.position.lat))
        assert found is not None
        assert (found.code, found.off_m) == (code_of[home.area_id], 0.0)


def test_addresses_name_each_door_once(any_kenli: SiteData) -> None:
    assert len({home.address for home in any_kenli.households}) == 88
    assert all(home.room in home.address for home in any_kenli.households)


def test_what_120_asks_for_is_known_of_every_home_and_the_neighbour_has_the_key(any_kenli: SiteData) -> None:
    neighbours = {one.household_id: one for one in any_kenli.contacts if one.relation == "邻居"}
    for home in any_kenli.households:
        assert home.gate
        assert home.door_notes
        assert home.key_holder == f"邻居{neighbours[home.id].name}"
        assert home.key_holder_phone == neighbours[home.id].phone
    assert all(one.conditions for one in any_kenli.residents)
    assert any(one.medicines for one in any_kenli.residents)
    assert any_kenli.residents[0].allergies == "青霉素"


def test_the_home_of_the_documentation_is_in_every_street(any_kenli: SiteData) -> None:
    home, resident, device = any_kenli.households[0], any_kenli.residents[0], any_kenli.devices[0]
    assert (home.address, resident.name) == ("和平社区幸福里3幢2单元501", "王秀英")
    assert (device.key, device.household_id, resident.household_id) == (
        "care:kenli/KL-0001",
        home.id,
        home.id,
    )


def test_in_every_home_one_person_is_over_80_and_has_a_one_touch_device(any_kenli: SiteData) -> None:
    first_day = date(2026, 1, 1)
    over_80 = Counter(
        resident.household_id for resident in any_kenli.residents if (resident.age(first_day) or 0) >= 80
    )
    one_touch = Counter(
        device.household_id for device in any_kenli.devices if device.key.startswith("care:kenli/KL-")
    )
    assert over_80 == one_touch == {home.id: 1 for home in any_kenli.households}


def test_the_street_is_mixed(any_kenli: SiteData) -> None:
    families = Counter(device.key.split(":")[0] for device in any_kenli.devices)
    assert families["care"] == 88
    assert families["z2m"] > 20
    assert families["lora"] >= 10
    assert families["shelly"] == 3
    assert families["esphome"] == 4
    models = {(device.vendor, device.model): device.role for device in any_kenli.devices}
    assert models["Tuya", "TS0215A_sos"] is models["HEIMAN", "HS1EB"] is Role.HELP_BUTTON
    assert models["Milesight", "VS373"] is Role.FALL_SENSOR
    assert len({device.key for device in any_kenli.devices}) == len(any_kenli.devices)
    assert all(device.vendor and device.model and device.label for device in any_kenli.devices)


def test_contacts_are_two_or_three_in_order_and_the_neighbour_is_last(any_kenli: SiteData) -> None:
    for home in any_kenli.households:
        contacts = [contact for contact in any_kenli.contacts if contact.household_id == home.id]
        assert [contact.rank for contact in contacts] == list(range(1, len(contacts) + 1))
        assert 2 <= len(contacts) <= 3
        assert contacts[-1].relation == "邻居"
        assert contacts[0].relation in ("女儿", "儿子")


def test_every_number_belongs_to_one_person_and_is_written_as_it_is_kept(any_kenli: SiteData) -> None:
    numbers = [
        each.phone
        for part in (any_kenli.residents, any_kenli.contacts, any_kenli.responders, any_kenli.providers)
        for each in part
        if each.phone
    ]
    assert len(set(numbers)) == len(numbers)
    assert all(number == phones.checked(number) and number.startswith("+861380000") for number in numbers)


def test_every_cell_has_one_grid_worker(any_kenli: SiteData) -> None:
    staffed = Counter(
        cell
        for responder in any_kenli.responders
        if responder.kind is ResponderKind.GRID_WORKER
        for cell in responder.cells
    )
    assert staffed == {area.id: 1 for area in any_kenli.areas if area.level is AreaLevel.CELL}


def test_every_community_has_somebody_on_duty_at_every_hour(kenli: SiteData) -> None:
    zone = ZoneInfo(kenli.site.timezone)
    community_of = {area.id: area.parent_id for area in kenli.areas if area.level is AreaLevel.CELL}
    duties = {
        responder.id: tuple(duty for duty in kenli.duties if duty.responder_id == responder.id)
        for responder in kenli.responders
    }
    workers = [responder for responder in kenli.responders if responder.kind is ResponderKind.GRID_WORKER]
    clinics = [responder for responder in kenli.responders if responder.kind is ResponderKind.CLINIC]
    monday = datetime(2026, 11, 15, 16, tzinfo=UTC)  # midnight in Kenli
    for hour in range(7 * 24):
        now = monday + timedelta(hours=hour)
        there = {
            community_of[min(worker.cells)] for worker in workers if on_duty(duties[worker.id], now, zone)
        }
        assert len(there) == 10, f"somebody is missing {now.astimezone(zone):%A %H:%M}"
        assert all(on_duty(duties[clinic.id], now, zone) for clinic in clinics)


def test_every_category_has_providers_and_each_of_them_is_asked_for_something(any_kenli: SiteData) -> None:
    categories = {provider.id: provider.category for provider in any_kenli.providers}
    assert set(Counter(categories.values()).values()) == {7}
    assert all(categories[item.provider_id] == item.category for item in any_kenli.items)
    assert len({provider.name for provider in any_kenli.providers}) == 56
    assert {item.provider_id for item in any_kenli.items} <= set(categories)


def test_a_street_goes_into_the_register_and_comes_out_the_same(store: Store, kenli: SiteData) -> None:
    with store.write() as connection:
        assert not seeding.is_seeded(connection)
        seeding.load(connection, kenli)
    with store.read() as connection:
        assert seeding.is_seeded(connection)
        assert register.site(connection) == kenli.site
        assert register.devices(connection) == kenli.devices
        assert register.responders(connection) == kenli.responders
        assert sum(register.duties(connection).values(), ()) == tuple(
            sorted(kenli.duties, key=lambda duty: duty.responder_id)
        )
        assert set(register.areas(connection)) == set(kenli.areas)
        homes = register.homes(connection, [home.id for home in kenli.households])
        assert tuple(home.household for home in homes.values()) == kenli.households
        assert sum((home.residents for home in homes.values()), ()) == kenli.residents
        assert sum((home.contacts for home in homes.values()), ()) == kenli.contacts
        assert all(home.community is not None for home in homes.values())


def test_what_is_added_to_a_seeded_street_gets_an_id_of_its_own(store: Store, kenli: SiteData) -> None:
    with store.write() as connection:
        seeding.load(connection, kenli)
        added = register.add_household(connection, kenli.households[0])
        assert added.id == 89
        assert register.add_responder(connection, kenli.responders[0]).id == len(kenli.responders) + 1


def test_a_home_stands_in_the_building_of_its_address_at_its_floor(any_kenli: SiteData) -> None:
    assert 7_500 <= len(any_kenli.buildings) <= 8_700
    assert all(building.synthetic for building in any_kenli.buildings)
    named = {(building.area_id, building.name): building for building in any_kenli.buildings}
    assert len(named) == len(any_kenli.buildings), "a name stands once in a cell"
    for home in any_kenli.households:
        building = named[home.area_id, home.building]
        assert home.position is not None
        assert home.floor is not None
        assert home.floor <= building.storeys
        walls = shapely.Polygon(building.polygon[0])
        assert walls.contains(shapely.Point(home.position.lon, home.position.lat))


def test_the_buildings_of_a_street_come_out_of_the_register_as_they_went_in(
    store: Store, kenli: SiteData
) -> None:
    with store.write() as connection:
        seeding.load(connection, kenli)
    with store.read() as connection:
        assert atlas.buildings(connection) == kenli.buildings
        placed = atlas.homes(connection)
    of = {(building.area_id, building.name): building.id for building in kenli.buildings}
    assert [(home.household_id, home.building_id) for home in placed] == [
        (home.id, of[home.area_id, home.building]) for home in kenli.households
    ]
