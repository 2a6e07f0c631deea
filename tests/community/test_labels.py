"""A label is good for one installation, of one device, by whoever holds it in hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from community.errors import Conflict, NotFound
from community.model import Device
from community.storage import Store, labels, register
from devices.signal import Role
from tests.conftest import NOW
from tests.town import Town

BUTTON = Device(0, "care:town/boxed", Role.HELP_BUTTON, None, "KL", "KL-1")


@pytest.fixture
def town(store: Store) -> Town:
    return Town(store, NOW)


def made(town: Town, *stock: Device) -> list[labels.Label]:
    with town.store.write() as connection:
        return labels.prepare(connection, stock or [BUTTON], town.time)


def claimed(town: Town, code: str, home: int) -> Device:
    with town.store.write() as connection:
        return labels.claim(connection, code, home, "床头", town.operator.id, town.time)


def test_a_label_is_printed_again_as_it_is_until_somebody_uses_it(town: Town) -> None:
    home = town.resident("王秀英")
    [first] = made(town)
    [again] = made(town)
    assert first == again
    assert first.device.household_id is None
    device = claimed(town, first.code.lower().replace("", "-"), home)
    assert (device.household_id, device.label, device.vendor) == (home, "床头", "KL")
    with town.store.read() as connection:
        assert register.device_by_id(connection, device.id) == device
        assert labels.installer(connection, device.id) == town.operator.id
        assert labels.unused(connection, 0, 10) == []


def test_a_code_is_good_once_and_a_wrong_one_never(town: Town) -> None:
    home, other = town.resident("王秀英"), town.resident("赵玉兰")
    [one] = made(town)
    claimed(town, one.code, home)
    with pytest.raises(Conflict):
        claimed(town, one.code, other)
    with pytest.raises(NotFound):
        claimed(town, "ZZZZZZZZ", other)
    with town.store.read() as connection:
        assert register.device_by_id(connection, one.device.id).household_id == home
        with pytest.raises(Conflict):
            labels.find(connection, one.code)


def test_no_label_is_made_for_what_is_installed_and_then_none_for_the_others(town: Town) -> None:
    town.resident("王秀英")
    installed = replace(BUTTON, key="care:town/王秀英")
    with pytest.raises(Conflict):
        made(town, BUTTON, installed)
    with town.store.read() as connection:
        assert labels.unused(connection, 0, 10) == []


def test_a_device_that_comes_back_from_a_home_gets_another_code(town: Town) -> None:
    [first] = made(town)
    device = claimed(town, first.code, town.resident("王秀英"))
    with town.store.write() as connection:
        register.update_device(connection, replace(device, household_id=None))
    town.time += timedelta(days=1)
    [second] = made(town)
    assert second.code != first.code
    assert claimed(town, second.code, town.resident("赵玉兰")).id == device.id


def test_a_home_that_is_not_there_uses_no_label(town: Town) -> None:
    [one] = made(town)
    with pytest.raises(NotFound):
        claimed(town, one.code, 999)
    with town.store.read() as connection:
        assert labels.find(connection, one.code) == one


def test_codes_have_no_letter_that_is_taken_for_another(town: Town) -> None:
    stock = [replace(BUTTON, key=f"care:town/{number}") for number in range(40)]
    codes = [one.code for one in made(town, *stock)]
    assert len(set(codes)) == 40
    assert not set("01ILO") & set("".join(codes))
    assert {len(code) for code in codes} == {labels.LENGTH}
