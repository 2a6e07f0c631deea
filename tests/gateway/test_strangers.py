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
        seen, alive = LastSeen(), LastLife()
        parts = Parts(
            town.store, Planbook(town.plans), shipped(), town, LocalBell(), seen, alive, self.strangers
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
