"""Shelly: deltas, presses that are told three times, buttons behind a hub, clocks that start at the boot."""

from __future__ import annotations

import orjson
import pytest

from devices.signal import Reading, Role
from tests.devices.street import MORNING, Street, words

HUB = "shellyblugwg3-1"
NOW = MORNING.timestamp()


def notify(street: Street, method: str, prefix: str = HUB, src: str = HUB, **params: object) -> Reading:
    body = {"src": src, "dst": f"{prefix}/events", "method": method, "params": params}
    return street.hear(f"{prefix}/events/rpc", orjson.dumps(body))


def status(street: Street, **params: object) -> Reading:
    return notify(street, "NotifyStatus", **params)


def push(street: Street, component: str, event: str, ts: float, **more: str) -> Reading:
    number = int(component.partition(":")[2])
    said = {"component": component, "id": number, "event": event, "ts": ts}
    return notify(street, "NotifyEvent", **more, ts=ts, events=[said])


@pytest.fixture
def blu(street: Street) -> Street:
    street.enrol(f"shelly:{HUB}", Role.HUB)
    street.enrol(f"shelly:{HUB}/bthomedevice:200", Role.HELP_BUTTON)
    street.enrol(f"shelly:{HUB}/bthomedevice:201", Role.SERVICE_BUTTON)
    return street


def test_the_component_says_which_button_was_pressed(blu: Street) -> None:
    (sos,) = push(blu, "bthomedevice:200", "single_push", NOW).signals
    assert (sos.device_key, sos.kind) == (f"shelly:{HUB}/bthomedevice:200", "sos")
    assert words(push(blu, "bthomedevice:201", "long_push", NOW)) == ["request"]
    assert words(push(blu, "bthomedevice:202", "long_push", NOW)) == []


def test_one_press_is_one_press_however_it_is_told(street: Street) -> None:
    street.enrol("shelly:i4", Role.HELP_BUTTON)
    told = [push(street, "input:0", event, NOW, prefix="i4", src="i4") for event in ("btn_down", "btn_up")]
    assert [words(each) for each in told] == [[], []]
    assert words(push(street, "input:0", "single_push", NOW, prefix="i4", src="i4")) == ["sos"]


def test_a_button_told_by_two_components_at_once_is_one_press(street: Street) -> None:
    street.enrol(f"shelly:{HUB}", Role.HELP_BUTTON)
    both = [
        {"component": each, "event": "single_push", "ts": NOW}
        for each in ("bthomedevice:200", "bthomesensor:203")
    ]
    assert words(notify(street, "NotifyEvent", events=both)) == ["sos"]


def test_a_redelivered_press_is_the_same_and_the_next_one_another(blu: Street) -> None:
    first = push(blu, "bthomedevice:200", "single_push", NOW).signals[0].unique_key
    blu.pass_time(30)
    assert push(blu, "bthomedevice:200", "single_push", NOW).signals[0].unique_key == first
    assert push(blu, "bthomedevice:200", "single_push", NOW + 9).signals[0].unique_key != first


def test_a_clock_that_starts_with_each_boot_hides_no_press(blu: Street) -> None:
    first = push(blu, "bthomedevice:200", "single_push", 1.33).signals[0].unique_key
    blu.pass_time(24 * 3600)
    assert push(blu, "bthomedevice:200", "single_push", 1.33).signals[0].unique_key != first


def test_what_a_delta_leaves_out_has_not_changed(street: Street) -> None:
    street.enrol(f"shelly:{HUB}", Role.SMOKE_DETECTOR)
    assert words(status(street, **{"smoke:0": {"alarm": True, "mute": False}})) == ["smoke"]
    assert words(status(street, **{"smoke:0": {"mute": True}})) == []
    assert words(status(street, **{"smoke:0": None})) == []
    assert words(status(street, **{"smoke:0": {"alarm": True}})) == []
    assert words(status(street, **{"smoke:0": {"alarm": False}})) == ["smoke clear"]


def test_an_error_is_over_when_it_is_no_longer_listed(street: Street) -> None:
    street.enrol(f"shelly:{HUB}", Role.LEAK_SENSOR)

    def flood(method: str = "NotifyStatus", **said: object) -> list[str]:
        return words(notify(street, method, **{"flood:0": {"alarm": False} | said}))

    assert flood(errors=["cable_unplugged"]) == ["fault"]
    assert flood() == []
    assert flood(errors=["cable_unplugged"]) == []
    assert flood("NotifyFullStatus") == ["fault clear"]
    assert flood(errors=["cable_unplugged"]) == ["fault"]
    assert flood(errors=None) == ["fault clear"]


def test_the_second_input_of_a_device_has_a_level_of_its_own(street: Street) -> None:
    street.enrol(f"shelly:{HUB}", Role.HELP_BUTTON)
    assert words(status(street, **{"input:0": {"state": True}, "input:1": {"state": True}})) == ["sos", "sos"]
    assert words(status(street, **{"input:0": {"state": False}})) == ["sos clear"]
    assert words(status(street, **{"input:1": {"state": True}})) == []


def test_the_battery_of_a_button_behind_a_hub_is_its_own(blu: Street) -> None:
    reading = status(blu, **{"bthomedevice:200": {"rssi": -61, "battery": 6, "packet_id": 3}})
    (low,) = reading.signals
    assert (low.device_key, low.kind) == (f"shelly:{HUB}/bthomedevice:200", "low_battery")
    assert {beat.device_key: beat.battery for beat in reading.beats} == {
        f"shelly:{HUB}": None,
        f"shelly:{HUB}/bthomedevice:200": 6,
    }


def test_a_topic_prefix_of_ones_own_names_the_device_before_its_message_does(street: Street) -> None:
    street.enrol("shelly:home17/bath", Role.HELP_BUTTON)
    street.enrol("shelly:other", Role.SMOKE_DETECTOR)
    said = push(street, "input:0", "single_push", NOW, prefix="home17/bath", src="other")
    assert [signal.device_key for signal in said.signals] == ["shelly:home17/bath"]
    by_src = push(street, "input:0", "single_push", NOW, prefix="elsewhere", src="other")
    assert by_src.beats[0].device_key == "shelly:other"


def test_a_will_says_that_it_is_gone(street: Street) -> None:
    street.enrol(f"shelly:{HUB}", Role.HUB)
    assert street.understood(f"{HUB}/online", "true", retained=True) == []
    assert street.understood(f"{HUB}/online", "false", retained=True) == ["offline"]
    assert street.understood(f"{HUB}/online", "false", retained=True) == []
    assert street.understood(f"{HUB}/online", "true") == ["offline clear"]
    assert street.understood(f"{HUB}/online", "perhaps") == ["ticket"]
    assert street.understood("stranger/online", "false") == []


def test_a_state_on_a_topic_of_its_own_is_read_too(street: Street) -> None:
    street.enrol(f"shelly:{HUB}", Role.SMOKE_DETECTOR)
    assert street.understood(f"{HUB}/status/smoke:0", '{"id":0,"alarm":true}') == ["smoke"]


@pytest.mark.parametrize(
    "payload",
    [
        b"{",
        b'{"method":"NotifyDream","params":{}}',
        b'{"method":"NotifyEvent","params":{"events":7}}',
        b'{"method":"NotifyEvent","params":{"events":[7]}}',
        b'{"method":"NotifyStatus","params":[]}',
        b'{"method":"NotifyStatus","params":{"fire:0":{"burns":true}}}',
    ],
)
def test_what_nobody_understands_of_a_detector_is_a_ticket(street: Street, payload: bytes) -> None:
    street.enrol(f"shelly:{HUB}", Role.SMOKE_DETECTOR)
    assert street.understood(f"{HUB}/events/rpc", payload) == ["ticket"]


def scripted(address: str, button: int, ts: float) -> bytes:
    data = {"button": button, "address": address}
    event = {"component": "script:1", "event": "shelly-blu", "data": data, "ts": ts}
    return orjson.dumps({"src": "p", "method": "NotifyEvent", "params": {"ts": ts, "events": [event]}})


def test_what_a_script_tells_of_bluetooth_buttons_belongs_to_each(street: Street) -> None:
    street.enrol("shelly:p", Role.SERVICE_BUTTON)
    street.enrol("shelly:p/b4:35:22:fe:56:e5", Role.HELP_BUTTON)
    assert street.understood("p/events/rpc", scripted("b4:35:22:fe:56:e5", 1, 1)) == ["sos"]
    assert street.understood("p/events/rpc", scripted("b4:35:22:00:00:01", 4, 2)) == ["request"]


def test_a_script_that_calls_for_help_in_its_own_words_is_seen_each_time(street: Street) -> None:
    street.enrol("shelly:p", Role.HELP_BUTTON)
    event = {"component": "script:2", "event": "sos", "ts": 1}
    told = orjson.dumps({"src": "p", "method": "NotifyEvent", "params": {"events": [event]}})
    assert [street.understood("p/events/rpc", told) for _ in range(2)] == [["ticket"], ["ticket"]]
