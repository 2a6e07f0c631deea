"""A pad whose contact is the other way round is turned in the register, and a running gateway hears it so."""

from __future__ import annotations

from dataclasses import replace

from community.model import Device
from community.storage import register
from devices.profiles import shipped
from devices.signal import Frame, Role
from dispatcher.bell import LocalBell
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.stories.conftest import town
from tests.town import Town

__all__ = ["town"]


def test_from_the_next_change_on_it_says_the_opposite(town: Town) -> None:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        pad = register.enrol_device(connection, Device(0, "z2m:pad", Role.BED_SENSOR, home))
    parts = Parts(town.store, Planbook(town.plans), shipped(), town, LocalBell(), LastSeen(), LastLife())
    gateway = Receiver(parts)

    def says(contact: str) -> list[str]:
        town.pass_time(minutes=1)
        said = f'{{"contact":{contact}}}'.encode()
        (reading,) = gateway.take([Frame("zigbee2mqtt/pad", said, town.time)])
        return [f"{one.kind} {one.state}" for one in reading.signals]

    assert [says("true"), says("false")] == [[], ["bed_exit active"]], (
        "she lies down, and it says that she got up"
    )
    with town.store.write() as connection:
        register.update_device(connection, replace(pad, inverted=True))
    assert [says("true"), says("false")] == [["bed_exit active"], ["bed_exit clear"]]
