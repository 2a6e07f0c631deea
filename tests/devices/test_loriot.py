"""LORIOT: bytes in hexadecimal, and every uplink told twice."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Reading, Role
from tests.devices.street import Street, words

TOPIC = "loriot/homes/uplink"
KEY = "lora:24e124535b316056"
RX = {"cmd": "rx", "seqno": 3040, "EUI": "24E124535B316056", "ts": 1763597730936, "fcnt": 2, "port": 85}


def uplink(street: Street, **said: object) -> Reading:
    return street.hear(TOPIC, orjson.dumps(RX | said))


@pytest.fixture
def button(street: Street) -> Street:
    street.enrol(KEY, Role.HELP_BUTTON, "Milesight", "WS101")
    return street


def test_a_press_is_heard_once_however_often_it_is_told(button: Street) -> None:
    (first,) = uplink(button, data="017510FF2E01", bat=94).signals
    assert (first.kind, first.battery) == ("sos", 16)
    (again,) = uplink(button, cmd="gw", data="017510ff2e01", gws=[{"gweui": "A"}]).signals
    assert again.unique_key == first.unique_key
    (next_one,) = uplink(button, data="017510FF2E01", fcnt=3, ts=1763597790000).signals
    assert next_one.unique_key != first.unique_key


def test_a_counter_that_begins_again_after_a_join_is_a_new_press(button: Street) -> None:
    first = uplink(button, data="017510FF2E01").signals[0].unique_key
    assert uplink(button, data="017510FF2E01", ts=1763684130936).signals[0].unique_key != first


def test_what_cannot_be_read_is_a_ticket_of_its_device(button: Street) -> None:
    assert words(uplink(button, data="01751")) == ["ticket"]
    assert words(uplink(button, cmd="sing")) == ["ticket"]
    assert words(uplink(button, cmd=[])) == ["ticket"]
    assert [each.device_key for each in uplink(button, data={"a": 1}).tickets] == [KEY]
    (damaged,) = button.hear("loriot/homes/24e124535b316056", b'{"cmd":').tickets
    assert damaged.device_key == KEY
    assert button.understood(TOPIC, b"{}") == ["ticket"]


def test_what_the_server_says_of_itself_is_nothing(button: Street) -> None:
    assert button.hear(TOPIC, b'{"cmd":"cq","page":1}') == Reading()
    assert words(uplink(button, cmd="txd", data="00")) == []
    assert words(uplink(button, port=0)) == []  # of the radio protocol
    assert words(uplink(button)) == ["ticket"]  # of the device, and lost
    assert words(uplink(button, port=0, edata="5E")) == ["ticket"]  # enciphered for somebody else
