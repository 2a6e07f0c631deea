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


def pressed(component: str, number: int | None = None) -> bytes:
    said = {"component": component, "event": "single_push", "ts": 1}
    return orjson.dumps(
        notified("NotifyEvent", {"events": [said if number is None else said | {"id": number}]})
    )


@pytest.mark.parametrize(
    ("component", "number"),
    [
        ("bthomesens!r:203", 203),
        ("bthomesens!r:203", None),
        ("homesensor:203", 203),
        ("bthomesensor:23", 203),
        ("bthomesensor:204", 203),
        ("bthomesensor203", 203),
    ],
)
def test_a_button_behind_a_hub_whose_component_nobody_knows_is_a_ticket(
    street: Street, component: str, number: int | None
) -> None:
    street.enrol("shelly:x", Role.HUB)
    street.enrol("shelly:x/bthomesensor:203", Role.HELP_BUTTON)
    (ticket,) = street.hear("x/events/rpc", pressed(component, number)).tickets
    assert ticket.device_key == "shelly:x/bthomesensor:203"


@pytest.mark.parametrize(
    ("component", "number"),
    [("bthomesensor:204", 204), ("bthomedevice:203", 203), ("input:0", 0), ("sys", None), ("inpt:0", 0)],
)
def test_another_component_of_the_hub_is_none_of_hers(
    street: Street, component: str, number: int | None
) -> None:
    street.enrol("shelly:x", Role.HUB)
    street.enrol("shelly:x/bthomesensor:203", Role.HELP_BUTTON)
    street.enrol("shelly:x/input:0", Role.DOOR_SENSOR)
    assert street.understood("x/events/rpc", pressed(component, number)) == []


def test_the_state_of_a_contact_whose_component_nobody_knows_is_a_ticket(street: Street) -> None:
    street.enrol("shelly:x/input:2", Role.SMOKE_DETECTOR)
    closed = notified("NotifyStatus", {"ts": 1, "inpt:2": {"id": 2, "state": True}})
    assert street.understood("x/events/rpc", orjson.dumps(closed)) == ["ticket"]
    assert street.understood("x/status/inpt:2", b'{"id":2,"state":true}') == ["ticket"]
    for harmless in ({"cct:2": {"id": 2, "output": True}}, {"switch:2": {"id": 2, "output": True}}):
        said = orjson.dumps(notified("NotifyStatus", {"ts": 1, **harmless}))
        assert street.understood("x/events/rpc", said) == []


def test_a_script_that_speaks_for_a_button_in_a_word_nobody_knows_is_a_ticket(street: Street) -> None:
    street.enrol("shelly:x/b4:35:22", Role.HELP_BUTTON)
    for word, expected in (("shelly-blu", ["sos"]), ("shelly-blx", ["ticket"])):
        event = {"component": "script:1", "id": 1, "event": word, "ts": 1}
        event["data"] = {"button": 1, "address": "b4:35:22"}
        assert (
            street.understood("x/events/rpc", orjson.dumps(notified("NotifyEvent", {"events": [event]})))
            == expected
        )


@pytest.mark.parametrize(
    "said", [{"Swptch1": "ON"}, {"Sitch1": "TOGGLE"}, {"Butt0n1": "ON"}, {"Switch_1": "HOLD"}]
)
@pytest.mark.parametrize("role", [Role.HELP_BUTTON, Role.SMOKE_DETECTOR, Role.FALL_SENSOR])
def test_a_word_of_a_switch_under_no_switchs_name_is_a_ticket(
    street: Street, role: Role, said: dict[str, object]
) -> None:
    street.enrol("tasmota:c", role)
    assert street.understood("stat/c/RESULT", orjson.dumps(said)) == ["ticket"]


@pytest.mark.parametrize(
    "said",
    [
        {"SetOption73": "ON"},
        {"Rule1": "ON", "Once": "OFF"},
        {"StateText3": "TOGGLE"},
        {"SwitchRetain": "ON"},
        {"TelePeriod": 300},
        {"Swptch1": "OFF"},
    ],
)
def test_what_answers_a_command_is_no_act(street: Street, said: dict[str, object]) -> None:
    street.enrol("tasmota:c", Role.HELP_BUTTON)
    street.enrol("tasmota:d/Switch1", Role.HELP_BUTTON)
    for device in ("c", "d"):
        assert street.understood(f"stat/{device}/RESULT", orjson.dumps(said)) == []


@pytest.mark.parametrize(
    "said",
    [
        {"Swptch2": "ON"},
        {"Buton2": {"Action": "SINGLE"}},
        {"Switch": "ON"},
        {"Swtch": {"Action": "TOGGLE"}},
    ],
)
@pytest.mark.parametrize("topic", ["stat/c/RESULT", "tele/c/SENSOR"])
def test_one_of_several_buttons_under_a_damaged_name_is_a_ticket(
    street: Street, topic: str, said: dict[str, object]
) -> None:
    street.enrol("tasmota:c/Switch2", Role.HELP_BUTTON)
    street.enrol("tasmota:c/Button1", Role.DOOR_SENSOR)
    (ticket,) = street.hear(topic, orjson.dumps(said)).tickets
    assert ticket.device_key == "tasmota:c/Switch2"
    assert street.understood(topic, b'{"Switch3":"ON","Button1":{"Action":"SINGLE"}}') == []


def test_an_alarm_that_has_lost_its_word_is_one(street: Street) -> None:
    street.enrol("traccar:1", Role.HELP_BUTTON)
    said = {"device": WATCH, "event": {"id": 3, "type": "alarm"}}
    assert street.understood("events", orjson.dumps(said)) == ["sos"]


def test_who_wears_a_fall_detector_calls_by_pressing_it(street: Street) -> None:
    street.enrol("z2m:pendant", Role.FALL_SENSOR)
    assert street.understood("zigbee2mqtt/pendant", b'{"action":"single"}') == ["sos"]
