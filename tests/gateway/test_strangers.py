"""What nobody has enrolled is proposed: from what its network tells of it, or because it was heard."""

from __future__ import annotations

import orjson
import pytest

from community.model import Device
from community.storage import proposals, register
from community.storage.proposals import Proposal
from devices.profiles import shipped
from devices.signal import Frame, Kind, Role
from dispatcher.bell import LocalBell
from dispatcher.patrol import Patrol
from dispatcher.storage import supervised
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.strangers import Strangers
from gateway.supervision import LastLife, LastSeen
from tests.stories.conftest import town
from tests.town import Town

__all__ = ["town"]

ADDRESS = "0x00158d0001020304"
INVENTORY = [
    {"ieee_address": "0x00158d0000000000", "friendly_name": "Coordinator", "type": "Coordinator"},
    {
        "ieee_address": ADDRESS,
        "friendly_name": "bedside",
        "type": "EndDevice",
        "definition": {"vendor": "HEIMAN", "model": "HS1EB"},
    },
    {"ieee_address": "0x00158d0001020305", "friendly_name": "lamp", "type": "Router", "definition": None},
]
UPLINK = {"deviceInfo": {"deviceProfileName": "WS101", "deviceName": "kitchen"}, "fPort": 85, "data": "AXUQ"}


class Listening:
    """One gateway's ear."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.strangers = Strangers()
        self.seen, alive = LastSeen(), LastLife()
        parts = Parts(
            town.store, Planbook(town.plans), shipped(), town, LocalBell(), self.seen, alive, self.strangers
        )
        self.receiver = Receiver(parts)

    def hear(self, topic: str, said: object, *, retained: bool = False) -> None:
        self.receiver.take([Frame(topic, orjson.dumps(said), self.town.time, retained)])
        self.strangers.flush(self.town.store, self.town.time)

    def proposed(self) -> list[Proposal]:
        with self.town.store.read() as connection:
            return proposals.waiting(connection, 0, 100)


@pytest.fixture
def ear(town: Town) -> Listening:
    return Listening(town)


def test_the_devices_of_a_hub_are_proposed_with_their_models_and_when_they_were_heard(
    ear: Listening, town: Town
) -> None:
    ear.hear("zigbee2mqtt/home17/bridge/devices", INVENTORY, retained=True)
    assert [(one.key, one.vendor, one.model, one.name, one.heard_at) for one in ear.proposed()] == [
        (f"z2m:{ADDRESS}", "HEIMAN", "HS1EB", "home17/bedside", None),
        ("z2m:0x00158d0001020305", "", "", "home17/lamp", None),
    ]
    ear.hear("zigbee2mqtt/home17/bedside", {"action": "single"})
    assert [one.heard_at for one in ear.proposed()] == [town.time, None]


def test_what_is_enrolled_by_name_or_by_address_is_not_proposed(ear: Listening, town: Town) -> None:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "z2m:home17/lamp", Role.HELP_BUTTON, home))
        register.enrol_device(connection, Device(0, f"z2m:{ADDRESS}", Role.HELP_BUTTON, home))
    ear.hear("zigbee2mqtt/home17/bridge/devices", INVENTORY)
    ear.hear("zigbee2mqtt/home17/bedside", {"battery": 80})
    assert ear.proposed() == []


def test_an_unknown_radio_is_proposed_at_first_sight_with_what_its_server_calls_it(
    ear: Listening, town: Town
) -> None:
    topic = "application/1/device/24e124fffef00001/event/"
    ear.hear(f"{topic}join", {"devAddr": "01"})
    ear.hear(f"{topic}up", UPLINK)
    (one,) = ear.proposed()
    assert (one.key, one.model, one.name) == ("lora:24e124fffef00001", "WS101", "kitchen")
    assert one.heard_at == town.time


def test_what_announces_itself_to_home_assistant_is_proposed_as_what_it_is(ear: Listening) -> None:
    said = {"state_topic": "cord/state", "device_class": "safety", "name": "拉绳"}
    ear.hear("homeassistant/binary_sensor/cord/config", said, retained=True)
    (one,) = ear.proposed()
    assert (one.key, one.role, one.name) == ("ha:cord/state", Role.HELP_BUTTON, "拉绳")


def test_a_button_of_nobody_cries_and_is_proposed_and_once_enrolled_is_hers(
    ear: Listening, town: Town
) -> None:
    home = town.resident("王秀英")
    ear.hear("care/town/new/signal", {"v": 1, "id": "1", "type": "press"})
    (one,) = ear.proposed()
    with town.store.write() as connection:
        chosen = Device(0, "", Role.HELP_BUTTON, home)
        assert proposals.accept(connection, one.id, chosen).key == "care:town/new"
    assert ear.proposed() == []
    ear.hear("care/town/new/signal", {"v": 1, "id": "2", "type": "press"})
    assert ear.proposed() == []


def test_what_is_dismissed_stays_away_and_nothing_impossible_is_kept(ear: Listening, town: Town) -> None:
    ear.hear("tele/plug/STATE", {"Time": "x"})
    ear.hear(f"care/town/{'x' * 300}/signal", {"v": 1, "id": "1", "type": "heartbeat"})
    ear.hear("care/town/a\x01b/signal", {"v": 1, "id": "1", "type": "heartbeat"})
    (one,) = ear.proposed()
    with town.store.write() as connection:
        proposals.dismiss(connection, one.id, town.time)
    ear.hear("tele/plug/STATE", {"Time": "y"})
    assert ear.proposed() == []


def test_the_list_ends_somewhere(ear: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(proposals, "MOST", 2)
    for name in ("a", "b", "c"):
        ear.hear(f"care/town/{name}/signal", {"v": 1, "id": "1", "type": Kind.HEARTBEAT.value})
    assert [one.key for one in ear.proposed()] == ["care:town/a", "care:town/b"]


def accept_all(town: Town, home: int) -> None:
    with town.store.write() as connection:
        for one in proposals.waiting(connection, 0, 100):
            chosen = Device(0, "", one.role or Role.HELP_BUTTON, home)
            proposals.accept(connection, one.id, chosen)


def hub_of(town: Town, key: str) -> str | None:
    Patrol(town.store, Planbook(town.plans)).tick(town.time)
    with town.store.read() as connection:
        known = {one.id: one.key for one in register.devices(connection)}
        there = supervised.statuses(connection, known)
    return next((known[there[id].hub_id or 0] for id in known if known[id] == key and there[id].hub_id), None)


def test_what_is_accepted_stands_below_its_hub(ear: Listening, town: Town) -> None:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "z2m:home17/bridge", Role.HUB, home))
    ear.hear("zigbee2mqtt/home17/bridge/devices", INVENTORY, retained=True)
    accept_all(town, home)
    assert hub_of(town, f"z2m:{ADDRESS}") == "z2m:home17/bridge"


def test_what_was_enrolled_by_hand_stands_below_its_hub_when_the_hub_tells(
    ear: Listening, town: Town
) -> None:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "z2m:home17/bedside", Role.HELP_BUTTON, home))
        register.enrol_device(connection, Device(0, "z2m:home17/bridge", Role.HUB, home))
    assert hub_of(town, "z2m:home17/bedside") is None
    ear.hear("zigbee2mqtt/home17/bridge/devices", INVENTORY, retained=True)
    assert hub_of(town, "z2m:home17/bedside") == "z2m:home17/bridge"


def test_a_radio_stands_below_the_gateway_that_hears_it_best_and_keeps_it_alive(
    ear: Listening, town: Town
) -> None:
    home = town.resident("王秀英")
    heard_by = [
        {"gatewayId": "24e124fffef0000a", "rssi": -110},
        {"gatewayId": "24E124FFFEF0000B", "rssi": -60},
        {"gatewayId": "nobody", "rssi": -1},
        "rubbish",
    ]
    topic = "application/1/device/24e124fffef00001/event/up"
    ear.hear(topic, UPLINK | {"rxInfo": heard_by})
    assert {(one.key, one.role) for one in ear.proposed()} == {
        ("lora:24e124fffef00001", None),
        ("lora:gateway/24e124fffef0000a", Role.HUB),
        ("lora:gateway/24e124fffef0000b", Role.HUB),
    }
    accept_all(town, home)
    assert hub_of(town, "lora:24e124fffef00001") == "lora:gateway/24e124fffef0000b"
    town.pass_time(minutes=5)
    ear.hear(topic, UPLINK | {"rxInfo": heard_by[:1], "fCnt": 2})
    ear.seen.flush(town.store)
    with town.store.read() as connection:
        last = {one.key: one.last_seen_at for one in register.devices(connection)}
    assert last["lora:gateway/24e124fffef0000a"] == town.time
    assert last["lora:gateway/24e124fffef0000b"] is None


def test_the_things_stack_tells_its_gateways_too(ear: Listening) -> None:
    rows = [{"gateway_ids": {"gateway_id": "street", "eui": "24E124FFFEF0000B"}, "rssi": -60}]
    message = {"f_cnt": 1, "frm_payload": "", "rx_metadata": rows}
    ear.hear("v3/town@ttn/devices/eui-24e124fffef00001/up", {"uplink_message": message})
    assert [(one.key, one.role) for one in ear.proposed()] == [
        ("lora:24e124fffef00001", None),
        ("lora:gateway/24e124fffef0000b", Role.HUB),
    ]


def test_what_takes_its_announcement_back_is_not_asked_about_any_longer(ear: Listening, town: Town) -> None:
    said = {"state_topic": "cord/state", "device_class": "safety", "name": "拉绳"}
    topic = "homeassistant/binary_sensor/cord/config"
    ear.hear(topic, said, retained=True)
    assert len(ear.proposed()) == 1
    ear.receiver.take([Frame(topic, b"", town.time)])
    ear.strangers.flush(town.store, town.time)
    assert ear.proposed() == []
    ear.hear(topic, said, retained=True)
    assert len(ear.proposed()) == 1, "and is, when it is there again"
