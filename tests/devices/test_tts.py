"""The Things Stack: what is absent is zero, a redelivery is one signal, a counter begun anew is not."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Reading, Role
from tests.devices.street import Street, words

TOPIC = "v3/homes@anxin/devices/bedside/up"
KEY = "lora:24e124535b316056"
PRESS = "AXUQ/y4B"


def uplink(
    street: Street, topic: str = TOPIC, ids: dict[str, object] | None = None, **said: object
) -> Reading:
    body = {
        "end_device_ids": ids or {"device_id": "bedside", "dev_eui": "24E124535B316056"},
        "received_at": "2026-11-20T00:15:29.848446463Z",
        "uplink_message": {"session_key_id": "AYfqmb0pc/1uRZv9xUydgQ==", "f_port": 85} | said,
    }
    return street.hear(topic, orjson.dumps(body))


@pytest.fixture
def button(street: Street) -> Street:
    street.enrol(KEY, Role.HELP_BUTTON, "Milesight", "WS101")
    return street


def test_a_press_is_heard_with_its_battery_and_the_networks_time(button: Street) -> None:
    reading = uplink(button, f_cnt=5017, frm_payload=PRESS)
    (signal,) = reading.signals
    assert (signal.device_key, signal.kind, signal.battery) == (KEY, "sos", 16)
    assert signal.device_time is not None


def test_a_press_that_sixty_gateways_heard_is_heard(button: Street) -> None:
    by = {"gateway_ids": {"gateway_id": "packetbroker"}, "uplink_token": "x" * 800, "rssi": -100}
    assert words(uplink(button, frm_payload=PRESS, rx_metadata=[by] * 60)) == ["sos"]
    assert words(uplink(button, frm_payload=PRESS, rx_metadata=[by] * 80)) == ["ticket"]


def test_what_is_absent_is_zero(button: Street) -> None:
    first = uplink(button, frm_payload=PRESS).signals[0].unique_key
    assert uplink(button, frm_payload=PRESS, f_cnt=0).signals[0].unique_key == first
    assert uplink(button, frm_payload=PRESS, f_cnt=1).signals[0].unique_key != first
    assert words(uplink(button, f_port=0)) == []  # not a word of the device
    assert words(uplink(button)) == ["ticket"]  # ... and here it was lost


def test_a_redelivery_is_one_signal_and_the_next_press_another(button: Street) -> None:
    first = uplink(button, f_cnt=7, frm_payload=PRESS).signals[0].unique_key
    button.pass_time(3600)
    assert uplink(button, f_cnt=7, frm_payload=PRESS).signals[0].unique_key == first
    again = uplink(button, f_cnt=7, frm_payload=PRESS, session_key_id="another")
    assert again.signals[0].unique_key != first
    # Activated by personalisation, it counts from zero after each battery: in the same session.
    later = uplink(button, f_cnt=7, frm_payload=PRESS, received_at="2026-12-24T00:15:29Z")
    assert later.signals[0].unique_key != first


def test_a_device_without_a_dev_eui_goes_by_its_name(street: Street) -> None:
    street.enrol("tts:homes/bedside", Role.HELP_BUTTON)
    reading = uplink(street, ids={"device_id": "bedside"}, decoded_payload={"button": "short"})
    assert [signal.device_key for signal in reading.signals] == ["tts:homes/bedside"]
    open_source = uplink(
        street, "v3/homes/devices/bedside/up", {"device_id": "bedside"}, decoded_payload={"button": "short"}
    )
    assert words(open_source) == ["sos"]


def test_a_damaged_message_is_known_by_the_name_of_its_device(street: Street) -> None:
    street.enrol(KEY, Role.HELP_BUTTON, "Milesight", "WS101")
    topic = "v3/homes@anxin/devices/eui-24e124535b316056/up"
    (ticket,) = street.hear(topic, b'{"end_device_ids":').tickets
    assert ticket.device_key == KEY
    assert words(uplink(street, topic, frm_payload="%%%")) == ["ticket"]
    assert street.understood(topic, b'{"uplink_message":7}') == ["ticket"]


def test_a_join_is_a_sign_of_life(button: Street) -> None:
    body = {"end_device_ids": {"dev_eui": "24E124535B316056"}, "join_accept": {"session_key_id": "x"}}
    reading = button.hear("v3/homes@anxin/devices/bedside/join", orjson.dumps(body))
    assert (words(reading), len(reading.beats)) == ([], 1)


def test_the_battery_as_the_network_asked_it_counts_where_the_device_says_none(button: Street) -> None:
    low = uplink(button, f_port=0, last_battery_percentage={"f_cnt": 3, "value": 8.5})
    assert (words(low), low.beats[0].battery) == (["low_battery"], 8)
    assert words(uplink(button, f_port=0, last_battery_percentage={"value": 8.1})) == []
    own = uplink(button, f_cnt=1, frm_payload=PRESS, last_battery_percentage={"value": 90.0})
    assert (words(own), own.beats[0].battery) == (["sos"], 16)


def test_an_empty_battery_is_left_out_like_every_zero(button: Street) -> None:
    assert words(uplink(button, f_port=0, last_battery_percentage={"f_cnt": 3})) == ["low_battery"]


def test_a_tracker_tells_where_the_call_for_help_came_from(street: Street) -> None:
    street.enrol(KEY, Role.HELP_BUTTON, "Dragino", "LGT-92")
    said = {"ALARM_status": "TRUE", "latitude": 37.46, "longitude": 118.49, "BatV": 3.9}
    sos, place = uplink(street, decoded_payload=said).signals
    assert (sos.kind, place.kind) == ("sos", "location")
    assert sos.text == place.text == "位置 37.460000,118.490000"
    assert words(uplink(street, decoded_payload=said | {"latitude": 0, "longitude": 0})) == ["sos"]


def test_the_place_of_somebody_unknown_is_not_kept(street: Street) -> None:
    said = {"sosFlag": 0, "latitude": 37.46, "longitude": 118.49}
    assert words(uplink(street, decoded_payload=said)) == []
    assert words(uplink(street, decoded_payload=said | {"sosFlag": 1})) == ["sos"]
