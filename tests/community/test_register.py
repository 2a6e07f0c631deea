"""The register keeps what it is told, answers in batches, and says what to do when it cannot."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, event

from community.errors import Conflict, Invalid, NotFound
from community.model import Area, AreaLevel, Contact, Device, Duty, Household, Known, Position, Responder
from community.model import ResponderKind as Kind
from community.storage import Store, register
from devices.signal import Role
from tests.community.conftest import SQUARE, SmallStreet


@contextmanager
def counted(connection: Connection) -> Iterator[list[str]]:
    statements: list[str] = []

    def note(_c: Any, _cursor: Any, statement: str, *_rest: Any) -> None:
        statements.append(statement)

    event.listen(connection, "before_cursor_execute", note)
    yield statements
    event.remove(connection, "before_cursor_execute", note)


def worker(**changes: Any) -> Responder:
    plain = Responder(
        0, Kind.GRID_WORKER, "李强", "13800002001", Position(118.546, 37.586), skills=frozenset({"急救"})
    )
    return replace(plain, **changes)


# ---- the site and its grid ----


def test_an_empty_database_says_how_to_fill_it(store: Store) -> None:
    with store.read() as connection, pytest.raises(NotFound, match="seed --site kenli"):
        register.site(connection)


@pytest.mark.usefixtures("small")
def test_the_site_is_known(store: Store) -> None:
    with store.read() as connection:
        assert (register.site(connection).hotline, register.site(connection).timezone) == (
            "2222999",
            "Asia/Shanghai",
        )


def test_areas_come_by_level_and_without_their_polygons_when_asked(store: Store, small: SmallStreet) -> None:
    with store.read() as connection:
        assert [found.code for found in register.areas(connection)] == [
            "370505001",
            "370505001012",
            "370505001012001",
        ]
        (cell,) = register.areas(connection, AreaLevel.CELL)
        assert cell == small.cell
        assert cell.polygon == SQUARE
        assert register.areas(connection, AreaLevel.CELL, with_polygons=False) == (
            replace(cell, polygon=None),
        )
        assert register.area(connection, cell.id) == cell
        with pytest.raises(NotFound, match="no area 999"):
            register.area(connection, 999)


def test_a_cell_knows_its_parents_up_to_the_street(store: Store, small: SmallStreet) -> None:
    with store.read() as connection:
        chains = register.area_chains(connection, [small.cell.id, small.street.id, 999])
    assert [step.name for step in chains[small.cell.id]] == ["和平一网格", "和平社区", "垦利街道"]
    assert [step.name for step in chains[small.street.id]] == ["垦利街道"]
    assert 999 not in chains


def test_an_area_code_is_given_once(store: Store, small: SmallStreet) -> None:
    again = Area(0, AreaLevel.CELL, small.cell.code, "nbs", "另一个", small.community.id)
    with pytest.raises(Conflict, match="never reused"), store.write() as connection:
        register.add_area(connection, again)
    with store.write() as connection:
        assert register.add_area(connection, replace(again, code_scheme="local")).id != small.cell.id


# ---- homes ----


def test_a_home_is_read_whole(store: Store, small: SmallStreet) -> None:
    with store.read() as connection:
        home = register.household_by_id(connection, small.home.id)
    assert home.household == small.home
    assert home.household.phone == "+865462222001"
    assert home.residents == (small.resident,)
    assert [(contact.rank, contact.relation) for contact in home.contacts] == [(1, "女儿"), (2, "邻居")]
    assert (home.cell.name, home.cell.polygon) == ("和平一网格", None)
    assert home.community is not None
    assert home.community.name == "和平社区"


def test_many_homes_cost_as_many_queries_as_one(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        others = [
            register.add_household(connection, replace(small.home, room=str(n), address=f"幸福里{n}"))
            for n in range(20)
        ]
        with counted(connection) as statements:
            found = register.homes(connection, [small.home.id, 999_999, *(home.id for home in others)])
    assert len(found) == 21
    assert len(statements) <= 4


def test_no_homes_cost_nothing(store: Store) -> None:
    with store.read() as connection, counted(connection) as statements:
        assert register.homes(connection, []) == {}
        assert register.devices_by_key(connection, []) == {}
    assert statements == []


def test_a_home_without_residents_or_place_is_still_a_home(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        bare = register.add_household(
            connection, Household(0, small.community.id, "和平社区平房7号", "", "", None, "", None)
        )
        home = register.household_by_id(connection, bare.id)
    assert (home.household.position, home.residents, home.contacts) == (None, (), ())
    assert home.cell == home.community, "a village without cells is its own"


def test_a_home_at_longitude_zero_is_not_a_home_without_place(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        home = register.add_household(connection, replace(small.home, position=Position(0.0, 0.0, "phone")))
        assert register.household_by_id(connection, home.id).household.position == Position(0.0, 0.0, "phone")


@pytest.mark.parametrize(
    "search",
    ["秀英", "幸福里", "3幢", "13800000001", "138 0000", "0546-2222001", "0000003", "王秀英 501", "３幢"],
)
def test_a_home_is_found_by_what_people_say(store: Store, small: SmallStreet, search: str) -> None:
    with store.write() as connection:
        register.add_household(connection, Household(0, small.cell.id, "别处9号", "", "", None, "", None))
        found = register.list_households(connection, search=search)
    assert [home.household.id for home in found] == [small.home.id]


@pytest.mark.parametrize("search", ["赵", "王秀英 502", "%", "_", "123", "()"])
@pytest.mark.usefixtures("small")
def test_what_is_not_there_is_not_found(store: Store, search: str) -> None:
    with store.read() as connection:
        assert register.list_households(connection, search=search) == ()


@pytest.mark.parametrize("search", [None, "", "  "])
def test_who_searches_for_nothing_sees_every_home(
    store: Store, small: SmallStreet, search: str | None
) -> None:
    with store.read() as connection:
        assert [home.household.id for home in register.list_households(connection, search=search)] == [
            small.home.id
        ]


def test_homes_are_listed_page_by_page(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        ids = [
            small.home.id,
            *(
                register.add_household(connection, replace(small.home, address=f"幸福里{n}")).id
                for n in range(4)
            ),
        ]
        first = register.list_households(connection, limit=3)
        second = register.list_households(connection, after_id=first[-1].household.id, limit=3)
    assert [home.household.id for home in (*first, *second)] == ids


def test_a_home_needs_an_address_and_an_area(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        with pytest.raises(Invalid, match="address in words"):
            register.add_household(connection, replace(small.home, address="  "))
        with pytest.raises(NotFound, match="no area 999"):
            register.add_household(connection, replace(small.home, area_id=999))
        with pytest.raises(NotFound, match="no household 999"):
            register.update_household(connection, replace(small.home, id=999))
        with pytest.raises(NotFound, match="search by name"):
            register.household_by_id(connection, 999)


def test_a_home_and_its_resident_change(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        register.update_household(connection, replace(small.home, access_notes="门锁换了"))
        register.update_resident(connection, replace(small.resident, phone="0546-2222002"))
    with store.read() as connection:
        home = register.household_by_id(connection, small.home.id)
    assert home.household.access_notes == "门锁换了"
    assert home.residents[0].phone == "+865462222002"


def test_a_telephone_number_that_cannot_be_dialled_is_refused(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        with pytest.raises(Invalid, match="11 digits"):
            register.update_resident(connection, replace(small.resident, phone="1380000"[:6] + "0000"))
        with pytest.raises(Invalid, match="needs one"):
            register.set_contacts(connection, small.home.id, [Contact(0, 0, 0, "李梅", "女儿", "")])
        with pytest.raises(Invalid, match="name is missing"):
            register.add_resident(connection, replace(small.resident, name=" "))


def test_the_son_is_put_before_the_daughter_and_the_neighbour_forgotten(
    store: Store, small: SmallStreet
) -> None:
    daughter, _neighbour = small.contacts
    son = Contact(0, 0, 0, "李军", "儿子", "13800000009")
    with store.write() as connection:
        changed = register.set_contacts(connection, small.home.id, [son, daughter])
    with store.read() as connection:
        assert register.household_by_id(connection, small.home.id).contacts == changed
    assert [(contact.rank, contact.name) for contact in changed] == [(1, "李军"), (2, "李梅")]
    assert changed[1].id == daughter.id, "who stays keeps the id that messages point to"


def test_contacts_of_another_home_are_not_moved_here(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        other = register.add_household(connection, replace(small.home, address="幸福里4幢"))
        copied = register.set_contacts(connection, other.id, small.contacts)
        assert register.household_by_id(connection, small.home.id).contacts == small.contacts
    assert not {contact.id for contact in copied} & {contact.id for contact in small.contacts}


# ---- devices ----


def test_a_device_is_enrolled_once(store: Store, small: SmallStreet) -> None:
    with pytest.raises(Conflict, match="enrolled already"), store.write() as connection:
        register.enrol_device(connection, small.button)
    with store.read() as connection:
        assert register.devices(connection) == (small.button,)
        assert register.device_by_id(connection, small.button.id) == small.button


def test_a_device_needs_a_key_with_a_family_and_a_home_that_exists(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        with pytest.raises(Invalid, match="family:identity"):
            register.enrol_device(connection, replace(small.button, key="KL-0002"))
        with pytest.raises(NotFound, match="no household 999"):
            register.enrol_device(
                connection, replace(small.button, key="care:kenli/KL-0002", household_id=999)
            )
        with pytest.raises(NotFound, match="no device 999"):
            register.device_by_id(connection, 999)


def test_each_change_of_a_device_is_a_new_revision_and_a_sign_of_life_is_none(
    store: Store, small: SmallStreet, now: datetime
) -> None:
    def revision() -> int:
        with store.read() as connection:
            return register.device_revision(connection)

    first = revision()
    with store.write() as connection:
        register.update_device(connection, replace(small.button, enabled=False))
    second = revision()
    with store.write() as connection:
        register.touch_devices(connection, {small.button.key: (now, 80)})
    assert second > first
    assert revision() == second


def test_signs_of_life_of_many_devices_are_written_at_once(
    store: Store, small: SmallStreet, now: datetime
) -> None:
    with store.write() as connection:
        hub = register.enrol_device(connection, Device(0, "care:kenli/HUB-1", Role.HUB, small.home.id))
        with counted(connection) as statements:
            register.touch_devices(
                connection,
                {small.button.key: (now, 80), hub.key: (now, None), "care:kenli/nobody": (now, 1)},
            )
        assert len(statements) == 1
    with store.read() as connection:
        found = register.devices_by_key(connection, [small.button.key, hub.key, "care:kenli/nobody"])
    assert {key: (device.last_seen_at, device.battery) for key, device in found.items()} == {
        small.button.key: (now, 80),
        hub.key: (now, None),
    }


def test_a_device_is_found_whatever_its_name_is_made_of(store: Store, small: SmallStreet) -> None:
    names = ['a"b', "a\\b", '\\"', "{a,b}", "a,b", "NULL", "null", " ", "老人'家", "🆘", "a\nb", "%s", ":key"]
    keys = [f"zigbee2mqtt:{name}" for name in names]
    with store.write() as connection:
        for key in keys:
            register.enrol_device(connection, replace(small.button, key=key, username=""))
        assert register.devices_by_key(connection, keys).keys() == set(keys)
        assert register.devices_by_key(connection, ['zigbee2mqtt:a"b","NULL']) == {}


def test_an_older_sign_of_life_changes_nothing_and_a_silent_battery_keeps_its_value(
    store: Store, small: SmallStreet, now: datetime
) -> None:
    key = small.button.key
    later = now + timedelta(minutes=1)
    with store.write() as connection:
        register.touch_devices(connection, {key: (now, 80)})
        register.touch_devices(connection, {key: (now - timedelta(minutes=1), 90)})
        device = register.devices_by_key(connection, [key])[key]
        assert (device.last_seen_at, device.battery) == (now, 80)
        register.touch_devices(connection, {key: (later, None)})
        device = register.devices_by_key(connection, [key])[key]
        assert (device.last_seen_at, device.battery) == (later, 80)


def test_more_devices_than_one_statement_takes_are_touched(
    store: Store, small: SmallStreet, now: datetime
) -> None:
    seen: dict[str, tuple[datetime, int | None]] = {f"care:kenli/x{n}": (now, 1) for n in range(12_000)}
    with store.write() as connection:
        register.touch_devices(connection, {**seen, small.button.key: (now, 42)})
        assert register.devices_by_key(connection, [small.button.key])[small.button.key].battery == 42


def test_devices_are_listed_by_home_and_by_words(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        spare = register.enrol_device(
            connection, Device(0, "z2m:0x01", Role.SMOKE_DETECTOR, None, "HEIMAN", "HS1SA-E")
        )
        assert register.list_devices(connection) == (small.button, spare)
        assert register.list_devices(connection, after_id=small.button.id) == (spare,)
        assert register.list_devices(connection, household_id=small.home.id) == (small.button,)
        assert register.list_devices(connection, search="heiman hs1sa") == (spare,)
        assert register.list_devices(connection, limit=1) == (small.button,)


@pytest.mark.usefixtures("small")
def test_the_password_of_a_device_is_asked_by_its_login_while_it_is_enabled(store: Store) -> None:
    with store.write() as connection:
        device = register.enrol_device(
            connection,
            Device(0, "care:kenli/KL-0002", Role.HELP_BUTTON, None, username="kl-0002"),
            "the hash",
        )
        assert register.device_secret_hash(connection, "kl-0002") == "the hash"
        assert register.device_secret_hash(connection, "") is None
        register.update_device(connection, replace(device, enabled=False))
        assert register.device_secret_hash(connection, "kl-0002") is None


# ---- responders ----


def test_a_responder_is_read_with_cells_skills_and_duty_times(store: Store, small: SmallStreet) -> None:
    weekdays = Duty(0, frozenset({1, 2, 3, 4, 5}), 8 * 60, 18 * 60)
    with store.write() as connection:
        added = register.add_responder(connection, worker(cells=frozenset({small.cell.id})), [weekdays])
        idle = register.add_responder(connection, worker(phone="13800002002", active=False, position=None))
    with store.read() as connection:
        assert register.responders(connection) == (added, idle)
        assert register.responder_by_id(connection, added.id) == added
        assert register.duties(connection) == {added.id: (replace(weekdays, responder_id=added.id),)}
    assert added.phone == "+8613800002001"


def test_a_responder_changes_and_the_revision_tells(store: Store, small: SmallStreet) -> None:
    night = Duty(0, frozenset({7}), 20 * 60, 32 * 60)
    with store.write() as connection:
        added = register.add_responder(connection, worker(cells=frozenset({small.cell.id})), [night])
        before = register.revisions(connection).responder
        changed = register.update_responder(
            connection, replace(added, cells=frozenset({small.community.id}), name="李强强")
        )
        assert register.responders(connection) == (changed,)
        assert register.duties(connection)[added.id][0].ends == 32 * 60, "not mentioned, so kept"
        register.update_responder(connection, changed, [])
        assert register.duties(connection) == {}
        assert register.revisions(connection).responder == before + 2


@pytest.mark.usefixtures("small")
def test_responders_are_listed_by_kind_and_by_words(store: Store) -> None:
    with store.write() as connection:
        first = register.add_responder(connection, worker())
        clinic = register.add_responder(
            connection, worker(kind=Kind.CLINIC, name="和平卫生站", phone="0546-2222120")
        )
        assert register.list_responders(connection) == (first, clinic)
        assert register.list_responders(connection, kind=Kind.CLINIC) == (clinic,)
        assert register.list_responders(connection, search="李强") == (first,)
        assert register.list_responders(connection, after_id=first.id, limit=1) == (clinic,)


@pytest.mark.usefixtures("small")
def test_a_responder_cannot_be_staff_of_an_area_that_is_not_there(store: Store) -> None:
    with store.write() as connection:
        with pytest.raises(NotFound, match="no area 999"):
            register.add_responder(connection, worker(cells=frozenset({999})))
        with pytest.raises(NotFound, match="no responder 999"):
            register.update_responder(connection, worker(id=999))
        with pytest.raises(NotFound, match="no responder 999"):
            register.responder_by_id(connection, 999)


# ---- who has this number ----


@pytest.mark.parametrize("number", ["13800000001", "013800000001", "+86 138 0000 0001"])
def test_the_caller_is_known_however_the_number_is_written(
    store: Store, small: SmallStreet, number: str
) -> None:
    with store.read() as connection:
        (match,) = register.by_phone(connection, number)
    assert (match.known_as, match.name, match.household_id) == (Known.RESIDENT, "王秀英", small.home.id)


@pytest.mark.parametrize("number", ["0546-2222001", "2222001", "02222001"])
def test_a_line_kept_with_its_area_code_is_known_without_it(
    store: Store, small: SmallStreet, number: str
) -> None:
    with store.read() as connection:
        (match,) = register.by_phone(connection, number)
    assert (match.known_as, match.id) == (Known.HOUSEHOLD, small.home.id)


def test_a_line_kept_without_its_area_code_is_known_with_it(store: Store, small: SmallStreet) -> None:
    with store.write() as connection:
        register.update_household(connection, replace(small.home, phone="2222001"))
        assert [match.known_as for match in register.by_phone(connection, "0546-2222001")] == [
            Known.HOUSEHOLD
        ]


@pytest.mark.usefixtures("small")
def test_one_number_may_be_several_people(store: Store) -> None:
    with store.write() as connection:
        register.add_responder(connection, worker(phone="13800000003"))
        matches = register.by_phone(connection, "13800000003")
    assert [(match.known_as, match.detail) for match in matches] == [
        (Known.CONTACT, "邻居"),
        (Known.RESPONDER, "grid_worker"),
    ]


@pytest.mark.parametrize("number", ["", "anonymous", "13800009999", "0000001"])
@pytest.mark.usefixtures("small")
def test_a_withheld_or_unknown_number_is_nobody(store: Store, number: str) -> None:
    with store.read() as connection:
        assert register.by_phone(connection, number) == ()
