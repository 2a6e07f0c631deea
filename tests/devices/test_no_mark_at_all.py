"""A press with nothing to tell it from the one before is told by our clock: the second is not lost."""

from __future__ import annotations

import pytest

from devices.signal import Role
from tests.devices.street import Street

EUI = "24e124535b316056"
THINGS = '{"uplink_message":{"f_port":85,"frm_payload":"AXUQ/y4B"}}'


@pytest.mark.parametrize(
    ("key", "topic", "said"),
    [
        (f"lora:{EUI}", f"application/1/device/{EUI}/event/up", '{"fPort":85,"data":"AXUQ/y4B"}'),
        (f"lora:{EUI}", f"v3/homes/devices/eui-{EUI}/up", THINGS),
        (f"lora:{EUI}", f"loriot/homes/{EUI}", '{"cmd":"rx","port":85,"data":"017510FF2E01"}'),
        ("traccar:69", "positions", '{"position":{"attributes":{"alarm":"sos"}},"device":{"uniqueId":"69"}}'),
    ],
)  # fmt: skip
def test_the_same_words_a_minute_later_are_another_press(
    street: Street, key: str, topic: str, said: str
) -> None:
    street.enrol(key, Role.HELP_BUTTON, "Milesight", "WS101")
    keys = []
    for seconds in (0, 0.5, 60):
        street.pass_time(seconds)
        (signal,) = street.hear(topic, said).signals
        keys.append(signal.unique_key)
    assert keys[0] == keys[1] != keys[2], "said again at once it is the same"
