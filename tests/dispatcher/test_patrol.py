"""The patrol on a real store: who is told of silent devices, once, and that they are back."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from sqlalchemy import Connection, insert, select, update

from community.model import Device
from community.storage import Store, proposals, register
from community.storage.tables import carrier, device, incident, resident, supervision
from devices.signal import Found, Kind, Role, State
from dispatcher import plans
from dispatcher.model import Severity
from dispatcher.patrol import CENTRE, Patrol
from dispatcher.storage import supervised
from dispatcher.storage.planbook import Planbook
from dispatcher.supervision import Status
from tests.town import Town

HOUR = timedelta(hours=1)


@pytest.fixture
def patrol(store: Store) -> Patrol:
    return Patrol(store, Planbook(plans.shipped()))


def heard(town: Town, *keys: str) -> None:
    with town.store.write() as connection:
        register.touch_devices(connection, dict.fromkeys(keys, (town.time, 90)))


def hourly(town: Town, *keys: str, hub: str = "") -> None:
    """These devices are to be heard each hour, through `hub`."""
    with town.store.write() as connection:
        known = register.devices_by_key(connection, [*keys, *([hub] if hub else [])])
        for key in keys:
            values = {
                "id": known[key].id,
                "expect_every_s": 3600,
                "hub_id": known[hub].id if hub else None,
                "presence": "heard",
                "since": town.time,
                "awaited_at": town.time,
                "look_at": town.time,
            }
            connection.execute(insert(supervision).values(**values))


def presence_of(connection: Connection, key: str) -> str:
    joined = select(supervision.c.presence).join(device, device.c.id == supervision.c.id)
    return str(connection.execute(joined.where(device.c.key == key)).scalar_one())


def alone(town: Town, name: str, lives_alone: bool = True) -> None:
    with town.store.write() as connection:
        connection.execute(
            update(resident)
            .where(resident.c.household_id == town.homes[name])
            .values(lives_alone=lives_alone)
        )


def test_a_silent_button_where_she_lives_alone_is_her_matter(town: Town, patrol: Patrol) -> None:
    town.resident("王秀英", contacts=("李梅",))
    key = town.sensor("王秀英", Role.HELP_BUTTON)
    alone(town, "王秀英")
    hourly(town, key)
    heard(town, key)
    patrol.tick(town.time)
    town.time += 2.2 * HOUR
    patrol.tick(town.time)
    assert town.open_cards() == ()
    town.time += HOUR
    assert patrol.tick(town.time) == 1
    card = town.card("王秀英")
    assert (card.kind, card.severity) == (Kind.OFFLINE, Severity.ROUTINE)
    assert any("无法呼救" in entry.text for entry in town.detail("王秀英").timeline)
    assert patrol.tick(town.time) == 0  # told once
    town.work()
    town.pass_time(minutes=16)
    assert len(town.heard("李梅")) == 1


def test_what_is_heard_again_ends_the_alarm_and_a_human_the_case(town: Town, patrol: Patrol) -> None:
    town.resident("王秀英")
    keys = [town.sensor("王秀英", Role.DOOR_SENSOR), town.sensor("王秀英", Role.MOTION_SENSOR)]
    alone(town, "王秀英", lives_alone=False)
    hourly(town, *keys)
    heard(town, *keys)
    town.time += 3 * HOUR
    patrol.tick(town.time)
    town.time += 2 * HOUR
    heard(town, keys[0])
    patrol.tick(town.time)
    assert not any(entry.entry == "cleared" for entry in town.detail("王秀英").timeline)
    heard(town, keys[1])
    town.time += timedelta(minutes=2)
    patrol.tick(town.time)
    assert any(entry.entry == "cleared" for entry in town.detail("王秀英").timeline)
    assert len(town.open_cards()) == 1


def test_a_hub_is_one_case_and_what_it_carries_is_none(town: Town, patrol: Patrol) -> None:
    for name in ("王秀英", "赵玉兰", "孙桂芳"):
        town.resident(name)
        alone(town, name, lives_alone=False)
    hub = town.sensor("王秀英", Role.HUB)
    carried = [town.sensor(name, Role.MOTION_SENSOR) for name in ("王秀英", "赵玉兰", "孙桂芳")]
    hourly(town, hub)
    hourly(town, *carried, hub=hub)
    heard(town, hub, *carried)
    town.time += 3 * HOUR
    assert patrol.tick(town.time) == 1
    [card] = town.open_cards()
    assert card.household_id == town.homes["王秀英"]
    assert any("3台设备" in entry.text for entry in town.detail("王秀英").timeline)
    heard(town, hub)  # back: what it carries has a beat's time to speak
    for _ in range(2):
        town.time += timedelta(minutes=2)
        patrol.tick(town.time)
    town.time += HOUR
    heard(town, hub, carried[0])
    patrol.tick(town.time)
    assert len(town.open_cards()) == 1
    town.time += 1.3 * HOUR
    heard(town, hub)
    patrol.tick(town.time)
    assert {card.household_id for card in town.open_cards()} == set(town.homes.values())
    said = [entry.text for entry in town.detail("王秀英").timeline if "失联" in entry.text]
    assert len(said) == 1, "its own motion sensor was heard"


def test_a_network_that_is_away_is_one_case_of_the_centre(town: Town, patrol: Patrol) -> None:
    keys = []
    for number in range(12):
        town.resident(f"老人{number}")
        keys.append(town.sensor(f"老人{number}", Role.HELP_BUTTON))
    hourly(town, *keys)
    heard(town, *keys)
    town.time += 3 * HOUR
    patrol.tick(town.time)
    [card] = town.open_cards()
    assert card.subject == CENTRE
    heard(town, *keys)
    town.time += timedelta(minutes=2)
    patrol.tick(town.time)
    with town.store.read() as connection:
        assert connection.execute(supervision.select().where(supervision.c.told)).all() == []


def test_who_pressed_today_is_at_risk(town: Town, patrol: Patrol) -> None:
    town.resident("王秀英", contacts=("李梅",))
    key = town.sensor("王秀英", Role.HELP_BUTTON)
    alone(town, "王秀英", lives_alone=False)
    town.press("王秀英")
    town.claim("王秀英")
    town.close("王秀英")
    hourly(town, key)
    heard(town, key)
    town.time += 3 * HOUR
    patrol.tick(town.time)
    [card] = town.open_cards()
    assert card.severity is Severity.ROUTINE


def test_two_patrols_tell_of_a_device_once(store: Store, town: Town, patrol: Patrol) -> None:
    town.resident("王秀英")
    key = town.sensor("王秀英", Role.HELP_BUTTON)
    hourly(town, key)
    heard(town, key)
    town.time += 3 * HOUR
    other = Patrol(store, Planbook(plans.shipped()))
    assert (patrol.tick(town.time), other.tick(town.time)) == (1, 0)
    said = [entry for entry in town.detail("王秀英").timeline if "失联" in entry.text]
    assert len([entry for entry in said if entry.actor == "patrol"]) == 1


def test_what_its_network_says_is_away_is_away_at_once(town: Town, patrol: Patrol) -> None:
    town.resident("王秀英")
    hub = town.sensor("王秀英", Role.HUB)
    heard(town, hub)
    patrol.tick(town.time)
    town.time += timedelta(minutes=1)
    town.say("王秀英", Kind.OFFLINE, device=hub)
    town.time += timedelta(minutes=2)
    patrol.tick(town.time)
    with town.store.read() as connection:
        assert presence_of(connection, hub) == "down"
    town.say("王秀英", Kind.OFFLINE, device=hub, state=State.CLEAR)
    with town.store.read() as connection:
        assert presence_of(connection, hub) == "heard"


def test_a_device_that_is_switched_off_in_the_register_is_left_alone(town: Town, patrol: Patrol) -> None:
    town.resident("王秀英")
    key = town.sensor("王秀英", Role.HELP_BUTTON)
    hourly(town, key)
    heard(town, key)
    with town.store.write() as connection:
        connection.execute(update(device).where(device.c.key == key).values(enabled=False))
    town.time += 9 * HOUR
    assert patrol.tick(town.time) == 0
    assert town.open_cards() == ()


def test_a_button_that_its_network_says_is_away_is_the_matter_of_who_lives_alone(
    town: Town, patrol: Patrol
) -> None:
    town.resident("王秀英", contacts=("李梅",))
    key = town.sensor("王秀英", Role.HELP_BUTTON)
    alone(town, "王秀英")
    heard(town, key)
    patrol.tick(town.time)
    town.time += timedelta(minutes=1)
    town.say("王秀英", Kind.OFFLINE, device=key)
    assert town.card("王秀英").severity is Severity.TROUBLE
    patrol.tick(town.time)
    assert town.card("王秀英").severity is Severity.ROUTINE
    [card] = town.open_cards()
    assert card.kind is Kind.OFFLINE


def test_one_home_that_cannot_be_read_keeps_the_others_from_nothing(town: Town, patrol: Patrol) -> None:
    keys = []
    for name in ("王秀英", "赵玉兰", "孙桂芳"):
        town.resident(name)
        alone(town, name)
        keys.append(town.sensor(name, Role.HELP_BUTTON))
        town.smoke(name)  # each has a case already
    hourly(town, *keys)
    heard(town, *keys)
    patrol.tick(town.time)
    with town.store.write() as connection:
        broken = incident.c.household_id == town.homes["王秀英"]
        connection.execute(update(incident).where(broken).values(kind="flood"))

    town.time += 4 * HOUR
    told = patrol.tick(town.time)

    with town.store.write() as connection:
        connection.execute(update(incident).where(broken).values(kind="smoke"))
    assert told == 2
    for name in ("赵玉兰", "孙桂芳"):
        assert any("无法呼救" in entry.text for entry in town.detail(name).timeline), name
    assert patrol.tick(town.time) == 1, "and as soon as it can be read, it is told of, too"


# ---- installed, and never heard ----


def test_a_button_that_was_never_heard_is_a_device_matter_with_its_own_words(
    town: Town, patrol: Patrol
) -> None:
    town.resident("王秀英", contacts=("李梅",))
    alone(town, "王秀英")
    patrol.tick(town.time)
    town.time += 31 * HOUR
    patrol.tick(town.time)
    assert town.open_cards() == ()
    town.time += 26 * HOUR
    assert patrol.tick(town.time) == 1
    card = town.card("王秀英")
    assert (card.kind, card.severity) == (Kind.OFFLINE, Severity.TROUBLE)
    texts = [entry.text for entry in town.detail("王秀英").timeline]
    assert any("从未收到信号" in text for text in texts)
    assert not any("无法呼救" in text for text in texts)
    town.work()
    town.pass_time(minutes=30)
    assert town.heard("李梅") == []
    assert patrol.tick(town.time) == 0
    heard(town, "care:town/王秀英")
    town.time += timedelta(minutes=2)
    patrol.tick(town.time)
    assert any("恢复在线" in entry.text for entry in town.detail("王秀英").timeline)


def test_a_button_that_was_heard_once_is_hers_again(town: Town, patrol: Patrol) -> None:
    town.resident("王秀英")
    alone(town, "王秀英")
    patrol.tick(town.time)
    town.time += HOUR
    heard(town, "care:town/王秀英")
    town.time += 58 * HOUR
    patrol.tick(town.time)
    assert town.card("王秀英").severity is Severity.ROUTINE


def test_what_lies_in_a_box_is_not_missed_until_it_has_a_home(town: Town, patrol: Patrol) -> None:
    home = town.resident("王秀英")
    heard(town, "care:town/王秀英")
    with town.store.write() as connection:
        new = register.enrol_device(connection, Device(0, "care:town/boxed", Role.HELP_BUTTON, None))
        supervised.arrange(connection, new.id, None, 3600, town.time)
    town.time += 30 * HOUR
    heard(town, "care:town/王秀英")
    assert patrol.tick(town.time) == 0
    with town.store.write() as connection:
        register.update_device(connection, replace(new, household_id=home))
    for _ in range(2):
        town.time += HOUR
        assert patrol.tick(town.time) == 0
    town.time += HOUR
    assert patrol.tick(town.time) == 1


def test_a_whole_delivery_that_nobody_installed_is_one_case_and_hides_no_network(
    town: Town, patrol: Patrol
) -> None:
    for number in range(12):
        town.resident(f"老人{number}")
    patrol.tick(town.time)
    town.time += 57 * HOUR
    patrol.tick(town.time)
    [card] = town.open_cards()
    assert card.subject == CENTRE
    with town.store.read() as connection:
        assert supervised.counts(connection) == (0, 0)


# ---- what carries it ----


def carried(town: Town, key: str) -> str | None:
    with town.store.read() as connection:
        known = {one.id: one.key for one in register.devices(connection)}
        id = next(id for id, each in known.items() if each == key)
        status = supervised.statuses(connection, [id]).get(id, Status())
        return known.get(status.hub_id or 0)


def tell(town: Town, key: str, hub: str) -> None:
    with town.store.write() as connection:
        supervised.carried(connection, {key: hub})


@pytest.mark.parametrize("hub_first", [True, False])
def test_a_device_stands_below_its_hub_whichever_of_them_is_enrolled_first(
    town: Town, patrol: Patrol, hub_first: bool
) -> None:
    home = town.resident("王秀英")
    hub = Device(0, "z2m:home17/bridge", Role.HUB, home)
    button = Device(0, "z2m:0x00158d0001020304", Role.HELP_BUTTON, home)
    with town.store.write() as connection:
        proposals.keep(connection, [Found(button.key)], {}, town.time)
    tell(town, button.key, hub.key)
    for one in (hub, button) if hub_first else (button, hub):
        with town.store.write() as connection:
            register.enrol_device(connection, one)
        patrol.tick(town.time)
    assert carried(town, button.key) == hub.key


def test_what_somebody_chose_stays_until_the_network_tells_of_another_hub(town: Town, patrol: Patrol) -> None:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        ids = {
            name: register.enrol_device(connection, Device(0, f"z2m:{name}/bridge", Role.HUB, home)).id
            for name in ("home17", "home18", "other")
        }
        id = register.enrol_device(connection, Device(0, "z2m:home17/lamp", Role.DOOR_SENSOR, home)).id
    patrol.tick(town.time)
    assert carried(town, "z2m:home17/lamp") is None
    tell(town, "z2m:home17/lamp", "z2m:home17/bridge")
    assert carried(town, "z2m:home17/lamp") == "z2m:home17/bridge"
    tell(town, "z2m:home17/lamp", "z2m:home18/bridge")
    assert carried(town, "z2m:home17/lamp") == "z2m:home18/bridge"
    with town.store.write() as connection:
        supervised.arrange(connection, id, ids["other"], None, town.time)
    tell(town, "z2m:home17/lamp", "z2m:home18/bridge")
    assert carried(town, "z2m:home17/lamp") == "z2m:other/bridge"
    tell(town, "z2m:home17/lamp", "z2m:home17/bridge")
    assert carried(town, "z2m:home17/lamp") == "z2m:other/bridge", "a person's choice, not the network's"


def test_of_devices_of_nobody_it_is_not_kept_what_carries_them(town: Town) -> None:
    tell(town, "z2m:0xffff", "z2m:bridge")
    with town.store.read() as connection:
        assert connection.execute(carrier.select()).all() == []
