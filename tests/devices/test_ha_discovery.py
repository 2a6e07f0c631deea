"""Home Assistant discovery: an announcement raises nothing, and what is confirmed is read by it."""

from __future__ import annotations

from dataclasses import replace

import orjson
import pytest

from devices import formats
from devices.formats import ha_discovery
from devices.signal import Frame, Reading, Role
from tests.devices.street import Street, words

STATE = "house/kitchen"


def announce(street: Street, place: str = "kitchen/smoke", **config: object) -> Reading:
    topic = f"homeassistant/binary_sensor/{place}/config"
    return street.hear(topic, orjson.dumps({"state_topic": STATE} | config), retained=True)


def say(street: Street, payload: str, topic: str = STATE) -> list[str]:
    street.pass_time(5)
    frame = Frame(topic, payload.encode(), street.now, protocol="ha_discovery")
    reading = formats.read(frame, street, street.levels)
    street.levels |= reading.levels
    return words(reading)


def test_nothing_is_believed_before_somebody_has_confirmed_it(street: Street) -> None:
    assert words(announce(street, device_class="smoke", name="厨房烟感")) == []
    assert say(street, "ON") == []
    (proposal,) = ha_discovery.proposals(STATE, street.levels)
    assert (proposal.device_class, proposal.name) == ("smoke", "厨房烟感")
    street.enrol(f"ha:{STATE}", Role.SMOKE_DETECTOR)
    assert [say(street, "ON"), say(street, "ON"), say(street, "OFF")] == [["smoke"], [], ["smoke clear"]]


def test_sensors_that_share_a_message_are_told_apart_by_their_templates(street: Street) -> None:
    street.enrol(f"ha:{STATE}", Role.SMOKE_DETECTOR)
    for name in ("smoke", "tamper"):
        announce(
            street,
            f"kitchen/{name}",
            device_class=name,
            value_template=f"{{{{ value_json.{name} }}}}",
            payload_on=True,
            payload_off=False,
        )
    announce(
        street,
        "kitchen/battery",
        dev_cla="battery",
        val_tpl="{{value_json['battery_low']}}",
        pl_on=True,
        pl_off=False,
    )
    assert say(street, '{"smoke":true,"tamper":false,"battery_low":true}') == ["low_battery", "smoke"]
    assert say(street, '{"smoke":true,"tamper":true}') == ["tamper"]
    assert say(street, '{"smoke":"perhaps"}') == ["ticket"]
    assert say(street, "{") == ["ticket"]


def test_of_a_class_that_nobody_knows_the_role_says_what_it_means(street: Street) -> None:
    street.enrol(f"ha:{STATE}", Role.SMOKE_DETECTOR)
    announce(street, device_class="smog")
    assert say(street, "ON") == ["smoke"]


@pytest.mark.parametrize(
    "template",
    [
        "{% if value %}ON{% endif %}",
        "{{ value_json.x | int }}",
        "{{ value_json.__class__.__init__() }}",
        "{{ states() }}",
    ],
)
def test_a_template_that_is_a_program_is_not_run(street: Street, template: str) -> None:
    announce(street, device_class="smoke", value_template=template)
    assert ha_discovery.proposals(STATE, street.levels) == ()


def test_short_names_are_names(street: Street) -> None:
    body = {"~": "house", "stat_t": "~/cord", "dev_cla": "safety", "pl_on": "pulled", "pl_off": "idle"}
    street.hear("homeassistant/binary_sensor/cord/config", orjson.dumps(body))
    street.enrol("ha:house/cord", Role.HELP_BUTTON)
    assert say(street, "pulled", "house/cord") == ["sos"]


@pytest.mark.parametrize("on, off", [("True", "False"), ("true", "false")])
def test_true_is_true_however_it_is_written(street: Street, on: str, off: str) -> None:
    street.enrol(f"ha:{STATE}", Role.SMOKE_DETECTOR)
    announce(
        street,
        device_class="smoke",
        value_template="{{ value_json.smoke }}",
        payload_on=on,
        payload_off=off,
    )
    said = [say(street, f'{{"smoke":{value}}}') for value in ("true", "false", '"True"', '"False"')]
    assert said == [["smoke"], ["smoke clear"], ["smoke"], ["smoke clear"]]


def test_beside_a_call_for_help_a_movement_is_none(street: Street) -> None:
    street.enrol(f"ha:{STATE}", Role.HELP_BUTTON)
    for name in ("safety", "vibration", "light"):
        announce(street, name, device_class=name, value_template=f"{{{{ value_json.{name} }}}}")
    assert say(street, '{"safety":"OFF","vibration":"ON","light":"ON"}') == []
    assert say(street, '{"safety":"ON","vibration":"ON","light":"ON"}') == ["sos"]


@pytest.mark.parametrize(
    "device_class, role, on, off",
    [
        ("moisture", Role.LEAK_SENSOR, ["leak"], []),
        ("moisture", Role.MOTION_SENSOR, [], []),  # a thirsty plant
        ("occupancy", Role.MOTION_SENSOR, ["activity"], []),
        ("occupancy", Role.BED_SENSOR, [], ["bed_exit"]),
        ("connectivity", Role.HUB, [], ["offline"]),
        ("carbon_monoxide", Role.CO_DETECTOR, ["co"], []),
        ("gas", Role.GAS_DETECTOR, ["gas"], []),
        ("safety", Role.SERVICE_BUTTON, ["request"], []),
        ("", Role.HELP_BUTTON, ["sos"], []),
        ("vibration", Role.HELP_BUTTON, ["sos"], []),
        ("power", Role.HELP_BUTTON, ["sos"], []),
        ("motion", Role.HELP_BUTTON, ["sos"], []),
        ("battery", Role.HELP_BUTTON, ["low_battery"], []),
        ("connectivity", Role.HELP_BUTTON, [], ["offline"]),
        ("update", Role.HELP_BUTTON, [], []),
        ("", Role.FALL_SENSOR, ["fall"], []),
        ("sound", Role.SMOKE_DETECTOR, ["smoke"], []),
        ("running", Role.GAS_DETECTOR, ["gas"], []),
        ("None", Role.CO_DETECTOR, ["co"], []),
        ("vibration", Role.FALL_SENSOR, ["fall"], []),
        ("no class of anybody", Role.FALL_SENSOR, ["fall"], []),
        ("tamper", Role.SMOKE_DETECTOR, ["tamper"], []),
        ("update", Role.SMOKE_DETECTOR, [], []),
        ("sound", Role.LEAK_SENSOR, [], []),
        ("light", Role.MOTION_SENSOR, [], []),
    ],
)
def test_a_class_means_itself_and_without_one_the_role_decides(
    street: Street, device_class: str, role: Role, on: list[str], off: list[str]
) -> None:
    street.enrol(f"ha:{STATE}", role)
    announce(street, device_class=device_class)
    assert say(street, "ON") == on
    street.levels = {key: value for key, value in street.levels.items() if key[1] == ha_discovery.PROPOSED}
    assert say(street, "OFF") == off


def test_an_announcement_said_again_changes_nothing(street: Street) -> None:
    assert announce(street, device_class="smoke").levels
    again = announce(street, device_class="smoke")
    assert replace(again, found=()) == Reading()  # but somebody may have yet to hear of it
    assert street.hear("homeassistant/binary_sensor/kitchen/other/config", b"") == Reading()
    assert announce(street, state_topic="x" * 300) == Reading()


CONFIG = "homeassistant/binary_sensor/kitchen/{}/config"


def test_what_was_announced_and_is_taken_back_is_forgotten(street: Street) -> None:
    announce(street, device_class="smoke")
    reading = street.hear(CONFIG.format("smoke"), b"")
    assert [(one.device_key, one.is_gone) for one in reading.found] == [(f"ha:{STATE}", True)]
    assert ha_discovery.proposals(STATE, street.levels) == ()
    assert street.hear(CONFIG.format("smoke"), b"").found == (), "once"
    assert street.hear(CONFIG.format("never"), b"").levels == {}


def test_an_enrolled_sensor_that_is_taken_back_is_missed_until_it_is_announced_again(street: Street) -> None:
    street.enrol(f"ha:{STATE}", Role.SMOKE_DETECTOR)
    for name in ("smoke", "tamper"):
        template = f"{{{{ value_json.{name} }}}}"
        announce(street, f"kitchen/{name}", device_class=name, value_template=template, payload_on=True)
    assert street.understood(CONFIG.format("tamper"), b"") == [], "the other is there"
    assert street.understood(CONFIG.format("smoke"), b"") == ["offline"]
    assert say(street, '{"smoke":true}') == ["smoke"], "it is read as before, if it speaks"
    template = "{{ value_json.smoke }}"
    back = announce(street, "kitchen/smoke", device_class="smoke", value_template=template, payload_on=True)
    assert words(back) == ["offline clear"]
