"""A flaw in a decoder costs one message its meaning, and nobody else anything."""

from __future__ import annotations

from sqlalchemy import text
from structlog.testing import capture_logs

from community.model import Device
from community.storage import register
from devices.profiles import Profiles, Rules, shipped
from devices.signal import Enrolment, Frame, Role
from dispatcher.bell import LocalBell
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.stories.conftest import town
from tests.town import Town

__all__ = ["town"]


class Flawed(Profiles):
    """Whoever asks them for Zigbee finds the flaw."""

    def rules(self, family: str, enrolment: Enrolment | None) -> Rules:
        if family == "zigbee2mqtt":
            raise RuntimeError("nobody thought of this")
        return super().rules(family, enrolment)


def test_a_message_on_which_a_decoder_fails_is_kept_and_the_press_beside_it_is_heard(town: Town) -> None:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "esphome:bath", Role.HELP_BUTTON, home))
    whole = shipped()
    flawed = Flawed(whole.models, whole.defaults)
    parts = Parts(town.store, Planbook(town.plans), flawed, town, LocalBell(), LastSeen(), LastLife())
    receiver = Receiver(parts)
    with capture_logs() as told:
        receiver.take(
            [
                Frame("zigbee2mqtt/kitchen", b'{"smoke":true}', town.time),
                Frame("bath/binary_sensor/cord/state", b"ON", town.time),
            ]
        )
    assert "a decoder failed" in [line["event"] for line in told]
    assert [alarm.kind for alarm in town.detail("王秀英").alarms] == ["sos"]
    with town.store.read() as connection:
        (kept,) = connection.execute(text("SELECT payload FROM unread")).all()
    assert bytes(kept[0]) == b'{"smoke":true}'
