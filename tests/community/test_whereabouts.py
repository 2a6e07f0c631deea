"""Whose place is believed, for how long it is kept, and whose telephone tells it."""

from __future__ import annotations

from datetime import datetime, timedelta
from types import ModuleType

import pytest

from community.errors import Conflict, NotFound
from community.model import Device, Position, Responder, ResponderKind, Whereabouts
from community.storage import Store, register, whereabouts
from community.whereabouts import AHEAD, FRESH, ROUGH_M, is_of_use, placed
from devices.signal import Role
from tests.conftest import NOW

HOME = Position(118.5, 37.6)
PHONE = "owntracks:li/phone"
SECOND = timedelta(seconds=1)


def place(
    at: datetime = NOW, radius: float | None = 12.0, lon: float = 118.6, responder_id: int = 7
) -> Whereabouts:
    return Whereabouts(responder_id, Position(lon, 37.6, "page", radius), at)


@pytest.mark.parametrize(
    "found, believed",
    [
        (place(), True),
        (place(NOW - FRESH + SECOND), True),
        (place(NOW - FRESH), False),
        (place(NOW - timedelta(hours=1)), False),
        (place(NOW + AHEAD), True),
        (place(NOW + AHEAD + SECOND), False),
        (place(NOW + timedelta(hours=1)), False),
        (place(radius=ROUGH_M), True),
        (place(radius=ROUGH_M + 1), False),
        (place(radius=None), True),
    ],
)
def test_a_place_counts_for_minutes_within_a_few_houses_and_by_a_clock_that_is_not_ahead(
    found: Whereabouts, believed: bool
) -> None:
    assert is_of_use(found, NOW) is believed
    worker = Responder(7, ResponderKind.GRID_WORKER, "李强", "+8613800000001", HOME)
    assert placed(worker, found, NOW).position == (found.position if believed else HOME)


def test_a_clinic_stays_where_it_is() -> None:
    clinic = Responder(7, ResponderKind.CLINIC, "中心", "+8613800000001", HOME)
    assert placed(clinic, place(), NOW) is clinic


def what_is_believed(rules: ModuleType) -> object:
    """What the rules, or a changed copy of them, make of places at the borders."""
    times = (NOW - FRESH, NOW - FRESH + SECOND, NOW, NOW + AHEAD, NOW + AHEAD + SECOND)
    found = [place(at, radius) for at in times for radius in (None, ROUGH_M, ROUGH_M + 1)]
    people = [Responder(7, kind, "某", "+8613800000001", HOME) for kind in ResponderKind]
    return [
        *(rules.is_of_use(one, NOW) for one in found),
        *(rules.placed(each, one, NOW).position for each in people for one in (*found, None)),
    ]


# ---- kept ----


@pytest.fixture
def worker(store: Store) -> int:
    with store.write() as connection:
        someone = Responder(0, ResponderKind.GRID_WORKER, "李强", "+8613800000001", HOME)
        return register.add_responder(connection, someone).id


def keep(store: Store, *found: Whereabouts, at: datetime = NOW) -> int:
    with store.write() as connection:
        return whereabouts.keep(connection, found, at)


def kept(store: Store) -> dict[int, Whereabouts]:
    with store.read() as connection:
        return whereabouts.newest(connection)


def place_revision(store: Store) -> int:
    with store.read() as connection:
        return register.revisions(connection).place


def test_of_each_only_the_newest_place_is_kept_whatever_comes_in_which_order(
    store: Store, worker: int
) -> None:
    first, later = place(NOW - 60 * SECOND, responder_id=worker), place(NOW, lon=118.7, responder_id=worker)
    assert keep(store, later) == 1
    assert keep(store, first, later) == 0
    assert kept(store) == {worker: later}
    assert place_revision(store) == 1  # what is no news wakes nobody
    assert keep(store, place(NOW + 60 * SECOND, lon=118.8, responder_id=worker), at=NOW + 60 * SECOND) == 1
    assert kept(store)[worker].position.lon == 118.8
    assert place_revision(store) == 2


def test_what_is_too_old_too_rough_or_from_the_future_is_not_even_kept(store: Store, worker: int) -> None:
    wrong = [
        place(NOW - FRESH, responder_id=worker),
        place(NOW + timedelta(hours=1), responder_id=worker),
        place(radius=2000.0, responder_id=worker),
    ]
    assert keep(store, *wrong) == 0
    assert kept(store) == {}


def test_a_clock_a_little_ahead_ages_from_now_on(store: Store, worker: int) -> None:
    assert keep(store, place(NOW + AHEAD, responder_id=worker)) == 1
    assert kept(store)[worker].at == NOW


def test_after_our_clock_was_set_back_a_new_place_still_counts(store: Store, worker: int) -> None:
    an_hour_before = NOW - timedelta(hours=1)
    keep(store, place(NOW, responder_id=worker))
    assert not is_of_use(kept(store)[worker], an_hour_before)
    assert keep(store, place(an_hour_before, lon=118.7, responder_id=worker), at=an_hour_before) == 1
    assert kept(store)[worker].position.lon == 118.7


@pytest.mark.parametrize("later, gone", [(FRESH - SECOND, False), (FRESH, True), (-timedelta(hours=1), True)])
def test_a_place_is_forgotten_when_it_is_of_no_use_any_more(
    store: Store, worker: int, later: timedelta, gone: bool
) -> None:
    keep(store, place(NOW, responder_id=worker))
    with store.write() as connection:
        assert whereabouts.is_any_stale(connection, NOW + later) is gone
        whereabouts.forget_stale(connection, NOW + later)
        assert (whereabouts.of(connection, worker) is None) is gone


# ---- telephones ----


def test_a_telephone_becomes_hers_and_when_it_is_taken_back_its_last_place_is_forgotten(
    store: Store, worker: int
) -> None:
    with store.write() as connection:
        device = whereabouts.set_phone(connection, worker, PHONE)
        assert (device.role, device.household_id, device.label) == (Role.STAFF_PHONE, None, "李强")
        assert whereabouts.bearers(connection, [PHONE, "owntracks:x/y"]) == {PHONE: worker}
        assert whereabouts.phone_of(connection, worker) == device
        told = Whereabouts(worker, Position(118.6, 37.6, "phone"), NOW)
        whereabouts.keep(connection, [told], NOW)
        dropped = whereabouts.drop_phone(connection, worker)
        assert dropped is not None
        assert not dropped.enabled
        assert whereabouts.bearers(connection, [PHONE]) == {}
        assert whereabouts.newest(connection) == {}
        assert whereabouts.drop_phone(connection, worker) is None
        assert whereabouts.set_phone(connection, worker, PHONE).enabled


def test_a_telephone_tells_of_one_person_and_a_persons_telephone_is_one(store: Store, worker: int) -> None:
    with store.write() as connection:
        other = register.add_responder(
            connection, Responder(0, ResponderKind.VOLUNTEER, "赵", "+8613800000002", None)
        ).id
        whereabouts.set_phone(connection, worker, PHONE)
        with pytest.raises(Conflict, match="another responder"):
            whereabouts.set_phone(connection, other, PHONE)
        whereabouts.set_phone(connection, worker, "owntracks:li/new")
        assert whereabouts.bearers(connection, [PHONE, "owntracks:li/new"]) == {"owntracks:li/new": worker}
        whereabouts.set_phone(connection, other, PHONE)
        register.enrol_device(connection, Device(0, "traccar:1", Role.HELP_BUTTON, None))
        with pytest.raises(Conflict, match="help_button"):
            whereabouts.set_phone(connection, other, "traccar:1")
        with pytest.raises(NotFound):
            whereabouts.set_phone(connection, 999, "traccar:2")
