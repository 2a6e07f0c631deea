"""Whatever comes: nothing crashes the reader, and no life-safety device is met with silence."""

from __future__ import annotations

import random
from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices import formats
from devices.formats.family import covers
from devices.signal import Frame, Role
from tests.devices.cries import with_other_bytes
from tests.devices.street import MORNING, Street, words

LIFE_SAFETY = {
    "care/kenli/btn-1/signal": [
        b'{"v":1,"id":"7f3a","type":"press","press":"long","at":"2026-11-20T08:15:30+08:00","battery":87}',
        b'{"v":1,"id":"7f3b","type":"heartbeat","battery":86,"text":"\xe5\xae\x89\xe5\xbf\x83"}',
    ],
    "zigbee2mqtt/btn-1": [
        b'{"action":"emergency","battery":87,"linkquality":117}',
        b'{"smoke":true,"tamper":false,"battery_low":false,"device":{"ieeeAddr":"0x00158d0001020304"}}',
        b'{"battery":87}',
    ],
    "application/1/device/24e124535b316056/event/up": [
        b'{"deduplicationId":"57433366","devAddr":"20000001","fCnt":4,"data":"AXUQ/y4B"}',
        b'{"deduplicationId":"57433367","object":{"battery":16,"button_event":{"status":"short press"}}}',
        b'{"object":{"history":[{"alarm_type":"fall","alarm_status":"alarm_triggered","timestamp":1e9}]}}',
    ],
    "v3/homes@anxin/devices/eui-24e124535b316056/up": [
        b'{"uplink_message":{"f_cnt":4,"frm_payload":"AXUQ/y4B","session_key_id":"AYfqmb0pc"}}',
        b'{"end_device_ids":{"dev_eui":"24E124535B316056"},"uplink_message":{"decoded_payload":{"button":"x"}}}',
    ],
    "shellyhub-1/events/rpc": [
        b'{"src":"shellyhub-1","method":"NotifyStatus","params":{"ts":1.33,"smoke:0":{"id":0,"alarm":true}}}',
        b'{"method":"NotifyEvent","params":{"events":[{"component":"input:0","event":"single_push","ts":1}]}}',
    ],
    "traccar/events": [
        b'{"event":{"type":"alarm","positionId":9,"attributes":{"alarm":"sos"}},"device":{"uniqueId":"69"}}',
        b'{"position":{"id":9,"attributes":{"alarm":"lowBattery,sos"},"latitude":1},"device":{"uniqueId":"69"}}',
    ],
    "owntracks/wang/phone": [b'{"_type":"location","batt":46,"lat":37.46,"lon":118.49,"tst":1763597730}'],
    "shellies/shellybutton1-1/input_event/0": [b'{"event":"L","event_cnt":7}'],
    "tele/cord/SENSOR": [
        b'{"Time":"2026-11-20T08:15:30","Switch1":"ON"}',
        b'{"ZbReceived":{"0xCBA4":{"Device":"0xCBA4","0500!00":"010000FF0000","LinkQuality":60}}}',
    ],
    "loriot/homes/24e124535b316056": [
        b'{"cmd":"rx","fcnt":2,"port":85,"ts":1684478801936,"data":"017510FF2E01"}',
    ],
}
TOPICS = [
    *LIFE_SAFETY,
    "zigbee2mqtt/bridge/state",
    "zigbee2mqtt/x/y/availability",
    "loriot/homes",
    "shellyhub-1/online",
    "cord/binary_sensor/x/state",
    "cord/event/x/state",
    "homie/x/$state",
    "homeassistant/binary_sensor/x/config",
    "tele/cord/LWT",
    "care/a/b/ack",
    "",
    "$SYS",
]


def enrolled() -> Street:
    street = Street()
    street.enrol("care:kenli/btn-1", Role.HELP_BUTTON)
    street.enrol("z2m:btn-1", Role.HELP_BUTTON)
    street.enrol("lora:24e124535b316056", Role.HELP_BUTTON, "Milesight", "WS101")
    street.enrol("shelly:shellyhub-1", Role.HELP_BUTTON)
    street.enrol("shelly:shellybutton1-1", Role.HELP_BUTTON)
    street.enrol("tasmota:cord", Role.HELP_BUTTON)
    street.enrol("traccar:69", Role.HELP_BUTTON)
    street.enrol("owntracks:wang", Role.HELP_BUTTON)
    return street


def mutated(payload: bytes, dice: random.Random) -> bytes:
    """One to four changes."""
    for _ in range(dice.randint(1, 4)):
        payload = with_other_bytes(payload, dice, may_end=False)
    return payload


def test_what_is_no_json_object_any_more_is_put_before_a_human_and_is_no_alarm() -> None:
    """What is damaged and is one still, `test_damaged_cries` is about."""
    dice = random.Random(20261121)
    street = enrolled()
    kept = 0
    for number in range(3_000):
        topic = dice.choice(list(LIFE_SAFETY))
        payload = mutated(dice.choice(LIFE_SAFETY[topic]), dice)
        street.pass_time(number % 3)
        reading = street.hear(topic, payload)
        for ticket in reading.tickets:
            kept += 1
            assert ticket.payload == payload
            ticket.reason.encode()
        if not _is_json_object(payload):
            assert reading.tickets, (topic, payload)
            assert not reading.signals, (topic, payload)
    assert kept > 1_500


def _is_json_object(payload: bytes) -> bool:
    try:
        return isinstance(orjson.loads(payload), dict)
    except orjson.JSONDecodeError:
        return False


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
)
known_names = st.one_of(
    st.sampled_from(["v", "id", "type", "state", "at", "battery", "test", "historical", "text"]),
    st.sampled_from(["action", "smoke", "gas", "device", "last_seen"]),
    st.sampled_from(["object", "data", "history", "events", "deduplicationId", "devAddr", "fCnt", "time"]),
    st.sampled_from(["method", "params", "events", "component", "event", "ts", "smoke:0", "errors", "src"]),
    st.sampled_from(["ZbReceived", "Switch1", "Button1", "Action", "ZoneStatusChange", "0500!00", "Name"]),
    st.sampled_from(["uplink_message", "end_device_ids", "dev_eui", "frm_payload", "decoded_payload"]),
    st.sampled_from(
        ["position", "attributes", "alarm", "uniqueId", "serverTime", "latitude", "_type", "lat"]
    ),
    st.sampled_from(["state_topic", "value_template", "device_class", "payload_on", "~"]),
    st.sampled_from(["cmd", "EUI", "fcnt", "messages", "measurementId", "measurementValue", "event_cnt"]),
    st.sampled_from(["status", "batteryLevel", "button_event", "alarm_type", "alarm_status"]),
)
documents = st.dictionaries(known_names | st.text(max_size=8), anything, max_size=8)


@given(st.sampled_from(TOPICS) | st.text(max_size=40), st.binary(max_size=200), st.booleans())
def test_no_bytes_on_any_topic_raise(topic: str, payload: bytes, retained: bool) -> None:
    reading = formats.read(Frame(topic, payload, MORNING, retained), enrolled(), {})
    for each in (*reading.tickets, *reading.signals):
        each.topic.encode()


@given(st.sampled_from(TOPICS), documents, st.booleans())
def test_no_document_raises_and_what_comes_out_can_be_stored(
    topic: str, document: dict[str, object], retained: bool
) -> None:
    try:
        payload = orjson.dumps(document)
    except (TypeError, orjson.JSONEncodeError):
        return
    reading = formats.read(Frame(topic, payload, MORNING, retained), enrolled(), {})
    texts = [(signal.unique_key, signal.text, signal.rule, signal.device_key) for signal in reading.signals]
    texts += [(each.reason, each.device_key) for each in reading.tickets]
    for text in (part for each in texts for part in each):
        assert "\x00" not in text
        text.encode()
    for signal in reading.signals:
        assert signal.battery is None or 0 <= signal.battery <= 100
        assert len(signal.unique_key) < 300
    if reading.receipt:
        assert orjson.loads(reading.receipt.payload)["id"] == document["id"]


def test_reading_the_same_frame_again_gives_the_same_answer() -> None:
    for topic, payloads in LIFE_SAFETY.items():
        for payload in payloads:
            frame = Frame(topic, payload, datetime(2026, 1, 1, tzinfo=UTC))
            assert formats.read(frame, enrolled(), {}) == formats.read(frame, enrolled(), {})


def test_a_topic_that_no_family_knows_is_a_ticket(street: Street) -> None:
    assert words(street.hear("elsewhere/x", b"{}")) == ["ticket"]
    reading = street.hear("care/k\x00/b/signal", b"{}")
    assert reading.tickets[0].topic == "care/k\\x00/b/signal"
    assert street.hear("care/\ud800/b/signal", b"{}").tickets[0].topic == "care/\\ud800/b/signal"


@pytest.mark.parametrize(
    "topic_filter, topic, expected",
    [
        ("a/+/c", "a/b/c", True),
        ("a/+/c", "a//c", True),
        ("a/+/c", "a/b/c/d", False),
        ("a/+/c", "a/b", False),
        ("a/#", "a/b/c", True),
        ("a/#", "a", True),
        ("a/#", "ab", False),
        ("a/b", "a/b", True),
        ("a/b", "a/c", False),
    ],
)
def test_filters_cover_topics_as_mqtt_says(topic_filter: str, topic: str, expected: bool) -> None:
    assert covers(topic_filter, topic) is expected
