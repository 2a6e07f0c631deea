"""A press that has lost the name it goes by is put before a human: it was one, and nobody knows which."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Role
from tests.devices.street import Street

WATCH = {"uniqueId": "1"}


def notified(method: str, params: dict[str, object]) -> dict[str, object]:
    return {"src": "x", "method": method, "params": params}


@pytest.mark.parametrize(
    ("key", "topic", "said"),
    [
        ("tasmota:cord", "stat/cord/RESULT", {"Button1": {"ActXon": "SINGLE"}}),
        ("tasmota:cord", "stat/cord/RESULT", {"ButXon1": {"Action": "SINGLE"}}),
        ("shelly:x", "shellies/x/input_event/0", {"evXnt": "L", "event_cnt": 7}),
        (
            "shelly:x",
            "x/events/rpc",
            {
                "src": "x",
                "method": "NotifyEvent",
                "params": {"events": [{"component": "input:0", "evXnt": "l"}]},
            },
        ),
        ("shelly:x", "x/events/rpc", notified("NotifyEvent", {"events": []})),
        (
            "shelly:x",
            "x/events/rpc",
            notified("NotifyStatus", {"input:0": "pressed"}),
        ),
        (
            "traccar:1",
            "positions",
            {"device": WATCH, "position": {"attribXtes": {"alarm": "sos"}}},
        ),
    ],
)
def test_it_is_a_ticket(street: Street, key: str, topic: str, said: dict[str, object]) -> None:
    street.enrol(key, Role.HELP_BUTTON)
    assert street.understood(topic, orjson.dumps(said)) == ["ticket"]


def test_an_alarm_that_has_lost_its_word_is_one(street: Street) -> None:
    street.enrol("traccar:1", Role.HELP_BUTTON)
    said = {"device": WATCH, "event": {"id": 3, "type": "alarm"}}
    assert street.understood("events", orjson.dumps(said)) == ["sos"]


def test_who_wears_a_fall_detector_calls_by_pressing_it(street: Street) -> None:
    street.enrol("z2m:pendant", Role.FALL_SENSOR)
    assert street.understood("zigbee2mqtt/pendant", b'{"action":"single"}') == ["sos"]
