"""Water calls people, too: what nobody can read of a leak sensor is put before a human."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Role
from tests.devices.street import Street

EUI = "24e124535b316056"
UP = f"application/1/device/{EUI}/event/up"


def uplink(**said: object) -> bytes:
    return orjson.dumps({"deduplicationId": "a", "fPort": 85, **said})


@pytest.mark.parametrize(
    ("key", "model", "topic", "said"),
    [
        ("z2m:sink", "", "zigbee2mqtt/sink", b'{"water_lexk":true,"battery":90}'),
        ("z2m:sink", "", "zigbee2mqtt/sink", b'{"water_leak":tru'),
        ("shelly:x", "", "x/events/rpc", b'{"method":"NotifyStatus","params":{"floxd:0":{"alarm":true}}}'),
        ("shelly:x", "", "shellies/x/sensor/floxd", b"true"),
        ("tasmota:b/0x1", "", "tele/b/SENSOR", b'{"ZbReceived":{"0x1":{"Device":"0x1","Wxter":1}}}'),
        ("tasmota:c", "", "stat/c/RESULT", b'{"Swptch1":"ON"}'),
        ("esphome:n", "", "n/text_sensor/floor/state", b"WET"),
        (f"lora:{EUI}", "WS303", UP, uplink(object={"leakage_stxtus": "leak"})),
        (f"lora:{EUI}", "WS303", UP, uplink(object={"leakage_status": "lexk"})),
        (f"lora:{EUI}", "WS303", UP, uplink()),
        (f"lora:{EUI}", "R311W", UP, uplink(data="AQYBHgEA")),
    ],
)
def test_a_damaged_message_is_a_ticket_each_time(
    street: Street, key: str, model: str, topic: str, said: bytes
) -> None:
    street.enrol(key, Role.LEAK_SENSOR, {"WS303": "Milesight", "R311W": "Netvox"}.get(model, ""), model)
    first = street.hear(topic, said)
    assert len(first.tickets) == 1
    assert first.tickets[0].device_key == key


def test_what_a_door_says_in_words_of_its_own_is_not(street: Street) -> None:
    street.enrol("z2m:sink", Role.DOOR_SENSOR)
    assert street.understood("zigbee2mqtt/sink", b'{"water_lexk":true,"battery":90}') == []
