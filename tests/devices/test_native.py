"""Our own format: ids, receipts, and what is done with a message that is half broken."""

from __future__ import annotations

from datetime import UTC, datetime

import orjson
import pytest

from devices.signal import Reading, Role
from tests.devices.street import Street, words

TOPIC = "care/kenli/btn-1/signal"
KEY = "care:kenli/btn-1"


@pytest.fixture
def home(street: Street) -> Street:
    street.enrol(KEY, Role.HELP_BUTTON)
    return street


def say(street: Street, **fields: object) -> Reading:
    return street.hear(TOPIC, orjson.dumps({"v": 1, "id": "a1", "type": "sos"} | fields))


def acked(reading: Reading) -> object:
    assert reading.receipt is not None
    return reading.receipt.topic, orjson.loads(reading.receipt.payload)


def test_an_sos_is_a_signal_with_a_receipt_for_its_id(home: Street) -> None:
    reading = say(home, at="2026-11-20T08:15:30+08:00", battery=87, text="客厅")
    (signal,) = reading.signals
    assert (signal.device_key, signal.kind, signal.unique_key) == (KEY, "sos", f"{KEY}#a1")
    assert signal.device_time == datetime(2026, 11, 20, 0, 15, 30, tzinfo=UTC)
    assert (signal.battery, signal.text) == (87, "客厅")
    assert acked(reading) == ("care/kenli/btn-1/ack", {"id": "a1", "stored": True})


def test_saying_it_again_later_is_the_same_signal(home: Street) -> None:
    first = say(home).signals[0]
    home.pass_time(10)
    assert say(home).signals[0].unique_key == first.unique_key
    assert say(home, id="a2").signals[0].unique_key != first.unique_key


@pytest.mark.parametrize(
    "role, kind", [(Role.HELP_BUTTON, "sos"), (Role.SERVICE_BUTTON, "request"), (None, "sos")]
)
@pytest.mark.parametrize("press", ["single", "double", "long", None])
def test_a_press_means_what_the_device_is_for(
    street: Street, role: Role | None, kind: str, press: str | None
) -> None:
    if role:
        street.enrol(KEY, role)
    assert words(say(street, type="press", press=press)) == [kind]


def test_a_heartbeat_is_a_beat_and_gets_a_receipt(home: Street) -> None:
    reading = say(home, type="heartbeat", battery=50)
    assert reading.signals == ()
    assert reading.beats[0].battery == 50
    assert acked(reading) == ("care/kenli/btn-1/ack", {"id": "a1", "stored": True})


def test_a_flat_battery_is_told_once_beside_the_heartbeat(home: Street) -> None:
    assert words(say(home, type="heartbeat", battery=9)) == ["low_battery"]
    assert words(say(home, type="heartbeat", battery=9, id="a2")) == []


def test_marks_are_kept(home: Street) -> None:
    assert say(home, test=True).signals[0].test
    assert not say(home, test="yes").signals[0].test
    assert words(say(home, historical=True)) == ["sos historical"]
    assert words(say(home, type="smoke", state="clear")) == ["smoke clear"]
    assert home.hear(TOPIC, b'{"v":1,"id":"a","type":"sos"}', retained=True).signals[0].retained


@pytest.mark.parametrize(
    "fields",
    [
        {"at": "yesterday"},
        {"at": "2026-11-20T08:15:30"},
        {"at": 1e300},
        {"at": True},
        {"at": "0001-01-01T00:00:00+14:00"},
        {"battery": 300},
        {"battery": "full"},
        {"battery": True},
        {"text": 7},
        {"at": None, "battery": None, "text": None, "state": None},
        {"colour": "red"},
    ],
)
def test_a_wrong_clock_battery_or_text_never_stops_an_sos(home: Street, fields: dict[str, object]) -> None:
    (signal,) = say(home, **fields).signals
    assert (signal.kind, signal.device_time, signal.battery, signal.text) == ("sos", None, None, "")


@pytest.mark.parametrize(
    "fields",
    [
        {"v": 2},
        {"v": True},
        {"v": None},
        {"type": "emergency"},
        {"type": None},
        {"type": ["sos"]},
        {"type": "unreadable"},
        {"state": "half"},
        {"state": 1},
    ],
)
def test_half_a_message_is_shown_to_a_human_and_not_asked_for_again(
    home: Street, fields: dict[str, object]
) -> None:
    reading = say(home, **fields)
    assert words(reading) == ["ticket"]
    assert reading.tickets[0].device_key == KEY
    assert acked(reading) == ("care/kenli/btn-1/ack", {"id": "a1", "stored": True})


@pytest.mark.parametrize("message_id", [None, "", 7, "x" * 65, "a\n", {}])
def test_without_a_usable_id_there_is_a_ticket_and_no_receipt(home: Street, message_id: object) -> None:
    for _ in range(2):
        reading = say(home, id=message_id)
        assert words(reading) == ["ticket"]
        assert reading.receipt is None


def test_a_key_given_twice_is_not_resolved_by_luck(home: Street) -> None:
    reading = home.hear(TOPIC, '{"v":1,"id":"a1","type":"sos","type":"test"}')
    assert words(reading) == ["ticket"]
    assert acked(reading) == ("care/kenli/btn-1/ack", {"id": "a1", "stored": True})


def test_a_key_in_the_words_of_a_resident_is_not_a_key(home: Street) -> None:
    assert words(say(home, text='he said: "id": 7, "id": 8 \\" :')) == ["sos"]
    assert words(say(home, more={"id": 1, "deep": [{"id": 2}, {"id": 3}]})) == ["sos"]


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"\xff",
        b"null",
        b"[]",
        b'"sos"',
        b"1e999",
        b"[" * 4000,
        b'{"v":1,"id":"a\xed\xa0\x80","type":"sos"}',
        b'{"v":1,"id":"\\ud800","type":"sos"}',
        b'{"v":1,"id":"a","type":"sos"} ' + b" " * 4096,
        b'{"v":1,"id":"a\\u0000","type":"sos"}',
        b'{"v":1e999,"id":"a","type":"sos"}',
        b'{"v":1,"id":"a","type":"sos","x":NaN}',
    ],
)
def test_bytes_that_nobody_can_read_are_kept_for_a_human(home: Street, payload: bytes) -> None:
    reading = home.hear(TOPIC, payload)
    assert words(reading) == ["ticket"]
    assert reading.tickets[0].payload == payload
    assert reading.receipt is None


@pytest.mark.parametrize(
    "payload",
    [
        b'{"v":1,"id":"a","type":"sos","text":"\\u0000"}',
        b'{"v":1,"id":"a","type":"sos","x\\u0000":1}',
        b'{"v":1,"id":"a","type":"sos","x":' + b"[" * 16 + b"]" * 16 + b"}",
    ],
)
def test_what_a_database_cannot_keep_is_a_ticket_with_a_receipt(home: Street, payload: bytes) -> None:
    reading = home.hear(TOPIC, payload)
    assert words(reading) == ["ticket"]
    assert reading.receipt is not None


def test_large_numbers_and_an_escaped_backslash_are_nothing_special(home: Street) -> None:
    body = b'{"v":1.0,"id":"a","type":"sos","n":123456789012345678901234567890,"text":"\\\\u0000"}'
    assert words(home.hear(TOPIC, body)) == ["sos"]


def test_the_desk_is_not_drowned_by_a_broken_stranger(street: Street) -> None:
    assert words(street.hear(TOPIC, b"?")) == ["ticket"]
    assert words(street.hear(TOPIC, b"?!")) == []
    assert words(say(street)) == ["sos"]
    assert words(street.hear(TOPIC, b"?")) == ["ticket"]


@pytest.mark.parametrize("topic", ["care//btn/signal", "care/kenli//signal"])
def test_a_topic_without_a_device_is_a_ticket(street: Street, topic: str) -> None:
    assert words(street.hear(topic, b"{}")) == ["ticket"]


def test_an_id_may_be_sixty_four_characters_long(home: Street) -> None:
    assert words(say(home, id="x" * 64)) == ["sos"]
