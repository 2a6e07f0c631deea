"""ChirpStack v4: what is absent is zero, old readings come in as new, raw bytes are somebody's press."""

from __future__ import annotations

from base64 import b64encode

import orjson
import pytest

from devices.signal import Reading, Role
from tests.devices.street import Street, words

TOPIC = "application/1/device/24E124535B316056/event/{}"
KEY = "lora:24e124535b316056"


def uplink(street: Street, event: str = "up", **body: object) -> Reading:
    return street.hear(TOPIC.format(event), orjson.dumps({"devAddr": "20000001", "fPort": 85} | body))


@pytest.fixture
def button(street: Street) -> Street:
    street.enrol(KEY, Role.HELP_BUTTON, "Milesight", "WS101")
    return street


def test_a_press_without_a_codec_on_the_server_is_heard(button: Street) -> None:
    reading = uplink(button, deduplicationId="57433366", data="AXUQ/y4B", time="2026-11-20T00:15:29Z")
    (signal,) = reading.signals
    assert (signal.device_key, signal.kind, signal.battery) == (KEY, "sos", 16)
    assert signal.unique_key == f"{KEY}#57433366/sos/active"
    assert signal.device_time is not None


def test_without_an_id_session_and_counter_tell_presses_apart(button: Street) -> None:
    press = {"button_event": {"status": "short press"}}
    first = uplink(button, object=press).signals[0].unique_key
    assert first.startswith(f"{KEY}#20000001/0/")  # no fCnt is the first of a session
    assert uplink(button, object=press).signals[0].unique_key == first
    assert uplink(button, object=press, fCnt=1).signals[0].unique_key != first
    assert uplink(button, object=press, devAddr="20000002").signals[0].unique_key != first
    # A device that starts counting again in the same session is not taken for an old message.
    assert uplink(button, object=press, time="2026-11-21T00:00:00Z").signals[0].unique_key != first


def test_raw_bytes_that_nobody_can_read_are_shown_to_a_human(street: Street) -> None:
    street.enrol(KEY, Role.SMOKE_DETECTOR, "Acme", "S1")
    assert words(uplink(street, data="AXUQ/y4B")) == ["ticket"]
    assert words(uplink(street, data="AXUQ/y4B")) == ["ticket"]


@pytest.mark.parametrize("data", ["%%%", "AXU=", "/y4J", "/wk=", "/wkB", 7, {"a": 1}])
def test_bytes_that_a_button_never_says_are_a_ticket(button: Street, data: object) -> None:
    assert words(uplink(button, data=data)) == ["ticket"]


def test_what_a_button_tells_after_a_join_is_no_alarm(button: Street) -> None:
    assert words(uplink(button, data="/wv//wEB/xZhNsQAkWBUCP8JAwD/CgEB/w8A")) == []


def test_an_uplink_without_a_word_of_the_device_is_a_sign_of_life(button: Street) -> None:
    reading = uplink(button, object={}, fPort=0)
    assert words(reading) == []
    assert len(reading.beats) == 1


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"objXct": {"battery": 50}, "fPort": 0},
        {"objXct": {"battery": 50}, "data": "AXUQ"},
        {"object": "short"},
    ],
)
def test_an_uplink_whose_words_were_lost_is_put_before_a_human(
    button: Street, said: dict[str, object]
) -> None:
    assert words(uplink(button, **said)) == ["ticket"]


@pytest.mark.parametrize("more", [{}, {"fPort": 0}, {"data": "AXUQ"}, {"object": None}])
def test_a_press_under_a_name_of_no_server_is_a_press(button: Street, more: dict[str, object]) -> None:
    """`AXUQ` is the battery: the bytes may have been cut as well."""
    assert words(uplink(button, objXct={"button": "short"}, **more)) == ["sos"]


def test_what_another_server_adds_is_not_taken_for_words_of_the_device(button: Street) -> None:
    assert words(uplink(button, data="AXUQ", region={"name": "eu868", "plan": 1})) == []


def test_joins_are_beats_and_other_events_are_nothing(button: Street) -> None:
    assert len(uplink(button, "join").beats) == 1
    for event in ("ack", "txack", "log", "location", "integration"):
        assert uplink(button, event) == Reading()
    assert words(uplink(button, "u")) == ["ticket"]
    assert uplink(Street(), "u") == Reading()


def test_the_status_report_tells_the_battery(button: Street) -> None:
    reading = uplink(button, "status", margin=10, batteryLevel=88.3)
    assert (words(reading), reading.beats[0].battery) == ([], 88)
    assert words(uplink(button, "status", margin=10, externalPowerSource=True)) == []
    assert words(uplink(button, "status", margin=10, batteryLevelUnavailable=True)) == []
    assert words(uplink(button, "status", margin=10)) == ["low_battery"]
    assert words(uplink(button, "status", margin=10, batteryLevel=2)) == []
    assert words(uplink(button, "status", margin=10, batteryLevel=97)) == ["low_battery clear"]
    assert words(uplink(button, "status", batteryLevel="full")) == ["ticket"]


def test_back_filled_readings_are_recorded_once_and_change_no_level(street: Street) -> None:
    street.enrol(KEY, Role.LEAK_SENSOR, "Milesight", "EM300-MLD")
    past = [
        {"leakage_status": "leak", "timestamp": 1665561758},
        {"leakage_status": "normal", "timestamp": 1665561999},
        {"leakage_status": "leak", "timestamp": 1665562758},
        "nonsense",
    ]
    reading = uplink(street, deduplicationId="a", object={"battery": 92, "history": past})
    assert words(reading) == ["leak historical", "leak historical", "ticket"]
    assert len({signal.unique_key for signal in reading.signals}) == 2
    assert [signal.device_time.year for signal in reading.signals if signal.device_time] == [2022, 2022]
    assert all(signal.is_old for signal in reading.signals)
    again = uplink(street, deduplicationId="b", object={"history": past[:1]})
    assert again.signals[0].unique_key == reading.signals[0].unique_key
    assert words(uplink(street, deduplicationId="c", object={"leakage_status": "leak"})) == ["leak"]


def test_a_radar_tells_falls_and_their_end(street: Street) -> None:
    street.enrol(KEY, Role.FALL_SENSOR, "Milesight", "VS373")

    def event(status: str) -> list[str]:
        said = {"events": [{"alarm_id": 1, "alarm_type": "fall", "alarm_status": status}]}
        return words(uplink(street, deduplicationId=status, object=said))

    assert event("alarm_triggered") == ["fall"]
    assert event("alarm_triggered") == ["fall"]
    assert event("alarm_deactivated") == ["fall clear"]
    assert event("alarm_ignored") == ["fall clear"]
    assert event("alarm_postponed") == ["ticket"]


def test_what_was_understood_of_the_bytes_is_raised_and_a_human_sees_the_rest(button: Street) -> None:
    def bytes_of(hexadecimal: str) -> list[str]:
        return words(uplink(button, data=b64encode(bytes.fromhex(hexadecimal)).decode()))

    assert bytes_of("ff2e01aabbcc") == ["sos", "ticket"]
    assert bytes_of("ff2e09ff2e01") == ["sos", "ticket"]  # a value that nobody mapped, and then a press
    assert bytes_of("ff2e01ff2e") == ["sos", "ticket"]
    button.enrol(KEY, Role.GAS_DETECTOR, "Milesight", "GS101")
    assert bytes_of("058e01fe0384") == ["gas", "ticket"]
    button.enrol(KEY, Role.LEAK_SENSOR, "Milesight", "EM300-MLD")
    assert bytes_of("017510aabb050001") == ["ticket"]


def test_words_of_the_past_that_nobody_described_are_put_before_a_human(street: Street) -> None:
    street.enrol(KEY, Role.HELP_BUTTON)
    assert words(uplink(street, object={"history": ["sos"]})) == ["ticket"]
    street.enrol(KEY, Role.FALL_SENSOR, "Milesight", "VS373")
    assert words(uplink(street, object={"history": [1, "fall"]})) == ["ticket"]
    past = {"timestamp": 1710000000, "alarm_type": "fall", "alarm_status": "alarm_triggered"}
    assert words(uplink(street, object={"history": [past, "fall"]})) == ["fall historical", "ticket"]


def test_a_press_that_became_null_is_put_before_a_human(button: Street) -> None:
    button.enrol(KEY, Role.HELP_BUTTON, "Milesight", "WS101")
    assert words(uplink(button, object={"battery": 16, "button_event": None})) == ["ticket"]
    assert words(uplink(button, object={"battery": 16, "button_event": {"status": None}})) == ["ticket"]
    assert words(uplink(button, object={"battery": 16})) == []


def test_an_alarm_that_is_missing_is_a_matter_of_devices_that_save_lives(street: Street) -> None:
    street.enrol(KEY, Role.SERVICE_BUTTON, "Browan", "TBPB100")
    assert words(uplink(street, object={"battery": 3.9})) == []
    street.enrol(KEY, Role.HELP_BUTTON, "Browan", "TBPB100")
    (ticket,) = uplink(street, object={"battery": 3.9}).tickets
    assert ticket.reason.endswith("said without status")


def test_an_alarm_that_became_null_is_put_before_a_human(street: Street) -> None:
    street.enrol(KEY, Role.SMOKE_DETECTOR, "Netvox", "RA02A")
    assert words(uplink(street, object={"FireAlarm": None, "HighTempAlarm": "No Alarm"})) == ["ticket"]
    assert words(uplink(street, object={"FireAlarm": "No Alarm", "HighTempAlarm": "No Alarm"})) == []


@pytest.mark.parametrize(
    "model, role, one, other, on, off, kind",
    [
        (
            ("Netvox", "RA02A"),
            Role.SMOKE_DETECTOR,
            "FireAlarm",
            "HighTempAlarm",
            "Alarm",
            "No Alarm",
            "smoke",
        ),
        (
            ("Yobiiq", "SD1001"),
            Role.SMOKE_DETECTOR,
            "smokeAlarm",
            "interconnectAlarm",
            "Alarm",
            "Normal",
            "smoke",
        ),
        (("Netvox", "R311W"), Role.LEAK_SENSOR, "WaterLeak_1", "WaterLeak_2", "Leak", "NoLeak", "leak"),
    ],
)
def test_an_alarm_is_over_when_all_that_said_so_say_that_it_is(
    street: Street, model: tuple[str, str], role: Role, one: str, other: str, on: str, off: str, kind: str
) -> None:
    street.enrol(KEY, role, *model)
    said = [
        words(uplink(street, object={one: first, other: second}, fCnt=count))
        for count, (first, second) in enumerate([(on, on), (off, on), (on, off), (off, off), (off, off)])
    ]
    assert said == [[kind], [], [kind], [f"{kind} clear"], []]


def test_a_stranger_is_heard_only_in_so_many_words(street: Street) -> None:
    assert words(uplink(street, object={"sosFlag": 1})) == ["sos"]
    assert words(uplink(street, object={"status": 1, "button": "short", "anything": True})) == []
    assert words(uplink(street, data="AXUQ/y4B")) == []


def test_a_network_server_that_sends_protobuf_is_noticed(button: Street) -> None:
    assert button.understood(TOPIC.format("up"), b"\x0a\x24\x35") == ["ticket"]
    other = "application/1/device/0000000000000001/event/up"
    assert button.understood(other, b"\x0a\x24\x35") == ["ticket"]
    assert button.understood(other, b"\x0a\x24\x36") == []


def test_a_leak_sensor_that_repeats_a_strange_word_is_asked_about_once(street: Street) -> None:
    street.enrol(KEY, Role.LEAK_SENSOR, "Milesight", "EM300-MLD")
    for expected in (["ticket"], []):
        assert words(uplink(street, object={"leakage_status": "damp", "battery": 50})) == expected
    assert words(uplink(street, object={"leakage_status": "soaked", "battery": 50})) == ["ticket"]
