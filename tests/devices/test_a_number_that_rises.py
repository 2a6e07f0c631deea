"""An alarm told as a number: 1 where true is known, and what nobody mapped once it is no longer 0."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Role
from tests.devices.street import Street


@pytest.mark.parametrize(
    ("role", "vendor", "model", "name", "kind"),
    [
        (Role.SMOKE_DETECTOR, "HEIMAN", "HS1SA-E", "smoke", "smoke"),
        (Role.HELP_BUTTON, "Feibit", "SEB01ZB", "sos", "sos"),
        (Role.CO_DETECTOR, "HEIMAN", "HS1CA-E", "carbon_monoxide", "co"),
        (Role.LEAK_SENSOR, "", "", "water_leak", "leak"),
    ],
)
def test_1_is_true_where_only_true_and_false_are_known(
    street: Street, role: Role, vendor: str, model: str, name: str, kind: str
) -> None:
    street.enrol("z2m:x", role, vendor, model)
    said = []
    for number in (0, 1, 0):
        said.append(street.understood("zigbee2mqtt/x", orjson.dumps({"battery": 90, name: number})))
        street.pass_time(60)
    assert said == [[], [kind], [f"{kind} clear"]]


def test_a_concentration_of_gas_is_no_alarm_and_is_looked_at(street: Street) -> None:
    street.enrol("z2m:x", Role.GAS_DETECTOR)
    said = []
    for number in (0, 1, 2, 1):
        said.append(street.understood("zigbee2mqtt/x", orjson.dumps({"battery": 90, "gas": number})))
        street.pass_time(60)
    assert said == [["ticket"], ["ticket"], [], []]


@pytest.mark.parametrize(
    ("key", "role", "topic", "words"),
    [
        ("z2m:x", Role.SMOKE_DETECTOR, "zigbee2mqtt/x", '{"battery":90,"alarm":%d}'),
        ("z2m:x", Role.SMOKE_DETECTOR, "zigbee2mqtt/x", '{"battery":90,"zone":{"value":%d}}'),
        (
            "traccar:6",
            Role.HELP_BUTTON,
            "positions",
            '{"device":{"uniqueId":"6"},"position":{"attributes":{"batteryLevel":80,"sosFlag":%d}}}',
        ),
        ("tasmota:k", Role.GAS_DETECTOR, "tele/k/SENSOR", '{"Time":"x","MQ2":{"Gas":%d}}'),
    ],
)
def test_what_nobody_mapped_is_looked_at_when_it_is_no_longer_0(
    street: Street, key: str, role: Role, topic: str, words: str
) -> None:
    street.enrol(key, role)
    assert street.understood(topic, words % 0)[-1:] == ["ticket"]
    for _ in range(2):
        street.pass_time(60)
        street.understood(topic, words % 0)
        street.pass_time(60)
        assert street.understood(topic, words % 9)[-1:] == ["ticket"]


def test_a_measurement_is_looked_at_once(street: Street) -> None:
    street.enrol("z2m:x", Role.SMOKE_DETECTOR)
    said = []
    for number in (20, 21.5, 22, 21, 3):
        said.append(street.understood("zigbee2mqtt/x", orjson.dumps({"battery": 90, "board_heat": number})))
        street.pass_time(60)
    assert said == [["ticket"], [], [], [], []]


def test_the_number_of_an_alarm_is_a_word(street: Street) -> None:
    street.enrol("z2m:x", Role.SMOKE_DETECTOR)
    said = []
    for number in (1, 1, 2):
        said.append(street.understood("zigbee2mqtt/x", orjson.dumps({"battery": 90, "alarmState": number})))
        street.pass_time(60)
    assert said == [["ticket"], [], ["ticket"]]
