"""Tasmota: a bridge's Zigbee devices by name or address, its own buttons, raw words of unknown devices."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import LIFE_SAFETY, Reading, Role
from tests.devices.street import Street, words


def zigbee(street: Street, short: str, **said: object) -> Reading:
    return street.hear("tele/bridge/SENSOR", orjson.dumps({"ZbReceived": {short: said}}))


def test_a_device_is_known_by_its_name_or_its_address(street: Street) -> None:
    street.enrol("tasmota:bridge/门口", Role.DOOR_SENSOR)
    street.enrol("tasmota:bridge/0xBEEF", Role.SMOKE_DETECTOR)
    reading = zigbee(street, "0xCBA4", Device="0xCBA4", Name="门口", ZoneStatusChange=1, Contact=1)
    assert [(each.device_key, each.kind) for each in reading.signals] == [("tasmota:bridge/门口", "door")]
    assert words(zigbee(street, "0xBEEF", Fire=1)) == ["smoke"]
    assert {beat.device_key for beat in reading.beats} == {"tasmota:bridge", "tasmota:bridge/门口"}


def test_a_bridge_may_tell_of_its_devices_without_a_word_around_them(street: Street) -> None:
    street.enrol("tasmota:bridge/k", Role.SMOKE_DETECTOR)
    fire = {"0x1": {"Device": "0x1", "Name": "k", "Fire": 1, "Endpoint": 1, "LinkQuality": 3}}
    assert street.understood("tele/bridge/SENSOR", orjson.dumps(fire)) == ["smoke"]
    lost = {"0x1": {"Name": "k", "Fire": 1}}
    assert street.understood("tele/bridge/SENSOR", orjson.dumps(lost)) == ["ticket"]


@pytest.mark.parametrize("status", ["", " ", "zz", "0 "])
def test_a_zone_status_without_digits_is_put_before_a_human(street: Street, status: str) -> None:
    street.enrol("tasmota:bridge/0x1", Role.SMOKE_DETECTOR)
    assert words(zigbee(street, "0x1", **{"0500!00": status})) == ["ticket"]


def test_levels_are_edges_and_buttons_are_events(street: Street) -> None:
    street.enrol("tasmota:bridge/0x1", Role.SMOKE_DETECTOR)
    street.enrol("tasmota:bridge/0x2", Role.HELP_BUTTON)
    raw = {"0500!00": "010000FF0000"}
    assert [words(zigbee(street, "0x1", **raw)) for _ in range(2)] == [["smoke"], []]
    assert [words(zigbee(street, "0x2", **raw)) for _ in range(2)] == [["sos"], ["sos"]]
    assert words(zigbee(street, "0x1", **{"0500!00": "000000FF0000"})) == ["smoke clear"]


def test_a_second_alarm_bit_counts_where_the_name_knows_only_the_first(street: Street) -> None:
    street.enrol("tasmota:bridge/0x1", Role.SMOKE_DETECTOR)
    assert words(zigbee(street, "0x1", ZoneStatusChange=2, Fire=0)) == ["smoke"]


@pytest.mark.parametrize("role", [*sorted(LIFE_SAFETY), Role.LEAK_SENSOR])
@pytest.mark.parametrize("word", ["AN", "1", "on", True, "ON6", "TOGGLE"])
def test_a_switch_may_say_its_state_in_words_of_its_own(street: Street, role: Role, word: object) -> None:
    """`StateText` makes them what anybody likes: a human looks."""
    street.enrol("tasmota:b", role)
    assert street.understood("tele/b/SENSOR", orjson.dumps({"Switch1": word})) == ["ticket"]


def test_an_act_is_a_call_of_who_wears_it_and_of_a_detector_nobody_knows_what(street: Street) -> None:
    for role, expected in ((Role.FALL_SENSOR, ["sos"]), (Role.SMOKE_DETECTOR, ["ticket"]), (Role.HUB, [])):
        street.enrol("tasmota:b", role)
        assert street.understood("stat/b/RESULT", b'{"Button1":{"Action":"SINGLE"}}') == expected
        assert street.understood("stat/b/RESULT", b'{"Switch1":{"Action":"HOLD"}}') == expected


def test_an_alarm_that_became_null_is_put_before_a_human(street: Street) -> None:
    street.enrol("tasmota:bridge/0x1", Role.SMOKE_DETECTOR)
    assert words(zigbee(street, "0x1", Fire=None)) == ["ticket"]
    assert words(zigbee(street, "0x1", **{"0500!00": None})) == ["ticket"]


def test_its_own_buttons_and_switches(street: Street) -> None:
    street.enrol("tasmota:cord", Role.HELP_BUTTON)

    def said(body: object, about: str = "stat/cord/RESULT") -> list[str]:
        street.pass_time(5)
        return street.understood(about, orjson.dumps(body))

    assert said({"Button1": {"Action": "SINGLE"}}) == ["sos"]
    assert said({"Button1": {"Action": "HOLD"}}) == ["sos"]
    assert said({"Button1": {"Action": "CLEAR"}}) == []
    assert said({"Switch1": {"Action": "ON"}}) == ["sos"]
    assert said({"Time": "x", "Switch1": "ON"}, "tele/cord/SENSOR") == []
    assert said({"Switch2": {"Action": "ON"}}) == ["sos"]
    assert said({"Switch1": {"Action": "OFF"}}) == ["sos clear"]
    assert said({"Switch1": {"Action": "TOGGLE"}}) == ["sos"]
    assert said({"POWER": "ON"}) == ["ticket"], "a button that only switches the relay"
    assert said({"SetOption73": "ON"}) == []
    assert said({"Command": "Unknown"}) == []


def test_sensors_of_its_own_that_nobody_described_are_put_before_a_human_once(street: Street) -> None:
    street.enrol("tasmota:kitchen", Role.GAS_DETECTOR)

    def sensed(**said: object) -> list[str]:
        return street.understood("tele/kitchen/SENSOR", orjson.dumps({"Time": "x", "TempUnit": "C"} | said))

    assert sensed() == []
    assert [sensed(MQ={"gas": 234}), sensed(MQ={"gas": 250})] == [["ticket"], []]
    assert sensed(MQ={"gas": "alarm"}) == ["ticket"]


def test_what_names_a_detector_in_an_unusual_place_is_put_before_a_human(street: Street) -> None:
    street.enrol("tasmota:bridge/0x1", Role.SMOKE_DETECTOR)
    for said in ({"ZbRXceived": {"0x1": {"Fire": 1}}}, {"ZbReceived": {"0x1": "Fire"}}):
        reading = street.hear("tele/bridge/SENSOR", orjson.dumps(said))
        assert [each.device_key for each in reading.tickets] == ["tasmota:bridge/0x1"]


def test_a_will_and_a_state_tell_whether_it_lives(street: Street) -> None:
    street.enrol("tasmota:bridge", Role.HUB)
    assert street.understood("tele/bridge/LWT", "Offline", retained=True) == ["offline"]
    assert street.understood("tele/bridge/LWT", "Online") == ["offline clear"]
    assert len(street.hear("tele/bridge/STATE", '{"Uptime":"1T00:00:00"}').beats) == 1


@pytest.mark.parametrize(
    "said",
    [{"0500!00": "zz"}, {"ZoneStatusChange": "1"}, {"LinkQuality": 9, "EF00/0101": 1}, {"Fire": "hot"}],
)
def test_what_nobody_understands_of_a_detector_is_a_ticket(street: Street, said: dict[str, object]) -> None:
    street.enrol("tasmota:bridge/0x1", Role.SMOKE_DETECTOR)
    street.enrol("tasmota:bridge", Role.HUB)
    assert words(zigbee(street, "0x1", **said)) == ["ticket"]


def test_a_damaged_message_of_the_bridge_is_seen(street: Street) -> None:
    street.enrol("tasmota:bridge", Role.HUB)
    assert street.understood("tele/bridge/SENSOR", b"{") == ["ticket"]
    assert street.understood("tele/bridge/SENSOR", b"{") == []
