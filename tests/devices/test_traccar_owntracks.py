"""Pendants by way of Traccar, telephones by way of OwnTracks: one press told twice, and places."""

from __future__ import annotations

from datetime import UTC, datetime
from types import ModuleType

import orjson
import pytest

from devices.profiles import shipped
from devices.signal import Fix, Frame, Reading, Role
from tests.devices.street import MORNING, Street, words

PENDANT = "traccar:6907919734"
HEARD = "2026-11-20T00:15:29.123+00:00"
PLACE = {"latitude": 37.46, "longitude": 118.49, "accuracy": 12.0, "valid": True}


@pytest.fixture
def pendant(street: Street) -> Street:
    street.enrol(PENDANT, Role.HELP_BUTTON)
    return street


def tell(street: Street, topic: str = "positions", **said: object) -> Reading:
    device = {"id": 7, "uniqueId": "6907919734", "name": "王秀英"}
    return street.hear(topic, orjson.dumps({"device": device} | said))


def position(number: int = 0, alarm: str = "", **said: object) -> dict[str, object]:
    attributes = {"alarm": alarm, "batteryLevel": 41} if alarm else {"batteryLevel": 41}
    return {"id": number, "deviceId": 7, "serverTime": HEARD, "attributes": attributes} | PLACE | said


def event(alarm: str, **said: object) -> dict[str, object]:
    return (
        {"id": 1216, "deviceId": 7, "type": "alarm", "positionId": 18336}
        | {"attributes": {"alarm": alarm}}
        | said
    )


def test_an_alarm_and_its_position_are_one_press(pendant: Street) -> None:
    first, place = tell(pendant, position=position(0, "sos")).signals  # it has no id before it is stored
    assert (first.kind, first.battery, place.kind) == ("sos", 41, "location")
    (again,) = tell(pendant, "events", event=event("sos"), position=position(18336, "sos")).signals
    assert again.unique_key == first.unique_key
    assert again.text == place.text == "位置 37.460000,118.490000 (±12 m)"
    later = tell(pendant, position=position(0, "sos", serverTime="2026-11-20T00:15:31.500+00:00"))
    assert later.signals[0].unique_key != first.unique_key


def test_without_the_servers_time_the_id_of_the_position_joins_them(pendant: Street) -> None:
    bare = {"id": 18336, "attributes": {"alarm": "sos"}}
    first = tell(pendant, position=bare).signals[0]
    assert (
        tell(pendant, "events", event=event("sos"), position=bare).signals[0].unique_key == first.unique_key
    )
    assert tell(pendant, "events", event=event("sos")).signals[0].unique_key == first.unique_key


@pytest.mark.parametrize(
    "told_at, expected",
    [
        ("2026-11-18T10:00:00.000+00:00", ["location historical", "sos historical"]),
        (None, ["location historical", "sos historical"]),
        (MORNING.isoformat(), ["location", "sos"]),
    ],
)
def test_an_alarm_from_the_archive_of_a_pendant_is_old_unless_its_own_time_is_new(
    pendant: Street, told_at: str | None, expected: list[str]
) -> None:
    archived = {"attributes": {"alarm": "sos", "batteryLevel": 41, "archive": True}, "deviceTime": told_at}
    assert words(tell(pendant, position=position(1, "sos") | archived)) == expected


def test_a_press_on_a_low_battery_is_a_press(pendant: Street) -> None:
    reading = tell(pendant, "events", event=event("lowBattery"), position=position(1, "lowBattery,sos"))
    assert words(reading) == ["low_battery", "sos"]


def test_presence_is_told_by_its_edges(pendant: Street) -> None:
    def said(type_: str) -> list[str]:
        return words(tell(pendant, "events", event={"id": 1, "type": type_}))

    assert [said("deviceOffline"), said("deviceOffline")] == [["offline"], []]
    assert said("deviceOnline") == ["offline clear"]
    assert said("deviceDreaming") == ["ticket"]


def test_whoever_speaks_is_known_by_number_where_no_name_is_told(street: Street) -> None:
    street.enrol("traccar:#7", Role.HELP_BUTTON)
    assert street.understood("traccar/events", orjson.dumps({"event": event("sos")})) == ["sos"]


@pytest.mark.parametrize("payload", [b"{", b"{}", b'{"event":{"type":"alarm"}}', b'{"device":7}'])
def test_what_comes_from_nobody_is_a_ticket(street: Street, payload: bytes) -> None:
    assert street.understood("events", payload) == ["ticket"]


def test_what_cannot_be_understood_of_a_pendant_is_its_ticket(pendant: Street) -> None:
    assert [each.device_key for each in tell(pendant).tickets] == [PENDANT]
    damaged = b'{"device":{"uniqueId":"6907919734","uniqueId":"6907919734"}}'
    assert [each.device_key for each in pendant.hear("events", damaged).tickets] == [PENDANT]


def test_a_telephone_tells_its_place_and_battery_and_nothing_else(street: Street) -> None:
    street.enrol("owntracks:wang/phone", Role.HELP_BUTTON)

    def said(**body: object) -> Reading:
        return street.hear("owntracks/wang/phone", orjson.dumps(body))

    reading = said(_type="location", t="u", batt=46, lat=37.46, lon=118.49, acc=9, tst=1763597730)
    assert words(reading) == ["location"]
    assert reading.beats[0].battery == 46
    assert words(said(_type="location", batt=9, lat=0, lon=0)) == ["low_battery"]
    assert said(_type="lwt", tst=1) == Reading()
    assert words(said(_type="transition", event="leave")) == []
    assert words(said(_type="encrypted", data="x")) == ["ticket"]
    assert street.understood("owntracks/wang/phone", b"{") == ["ticket"]


def test_the_place_of_a_strangers_telephone_is_not_kept(street: Street) -> None:
    body = orjson.dumps({"_type": "location", "lat": 37.46, "lon": 118.49, "batt": 46})
    assert street.understood("owntracks/wang/phone", body) == []


def test_the_telephone_of_a_responder_is_a_stranger_whose_place_is_told_with_its_time(street: Street) -> None:
    street.enrol("owntracks:li/phone", Role.STAFF_PHONE)
    street.enrol(PENDANT, Role.STAFF_PHONE)
    said = {"_type": "location", "lat": 37.46, "lon": 118.49, "acc": 9, "batt": 3, "tst": 1763597730}

    reading = street.hear("owntracks/li/phone", orjson.dumps(said))

    told_at = datetime.fromtimestamp(1763597730, UTC)
    assert reading.fixes == (Fix("owntracks:li/phone", 37.46, 118.49, 9.0, told_at),)
    assert (reading.signals, reading.tickets) == ((), ())
    without_time = {name: told for name, told in said.items() if name != "tst"}
    assert street.hear("owntracks/li/phone", orjson.dumps(without_time)).fixes == ()
    assert street.hear("owntracks/li/phone", orjson.dumps(said | {"lat": 0, "lon": 0})).fixes == ()
    moments = {"deviceTime": "2026-11-20T00:15:20Z", "fixTime": "2026-11-20T00:15:10Z"}
    [fix] = tell(street, position=position(1, **moments)).fixes
    assert (fix.device_key, fix.at.second) == (PENDANT, 10)  # found before it was told
    assert tell(street, position=position(2, outdated=True, **moments)).fixes == ()
    assert words(tell(street, position=position(3, "sos", **moments))) == ["sos"]  # she, too, may need help


def test_the_place_of_a_pendant_at_home_is_a_signal_and_no_fix(pendant: Street) -> None:
    assert tell(pendant, position=position(1, deviceTime="2026-11-20T00:15:20Z")).fixes == ()


def what_is_kept(rules: ModuleType) -> list[object]:
    """What the decoder, or a changed copy of it, keeps of an alarm that is told in every way."""
    street = Street()
    street.enrol(PENDANT, Role.HELP_BUTTON)
    told: list[dict[str, object]] = [
        {"position": position(0, "sos")},
        {"position": position(18336, "sos"), "event": event("sos")},
        {"position": position(18337, "lowBattery,sos"), "event": event("lowBattery")},
        {"position": {"id": 18338, "attributes": {"alarm": "sos"}}},
        {"event": event("sos", positionId=18338)},
        {"position": position(1, "sos"), "event": {"id": 9, "type": "deviceOnline"}},
        {"position": position(2, outdated=True)},
        {"position": position(3, valid=False)},
        {"event": {"id": 10, "type": "deviceOffline"}},
    ]
    heard: list[object] = []
    for body in told:
        payload = orjson.dumps({"device": {"uniqueId": "6907919734"}} | body)
        reading = rules.read(Frame("events", payload, street.now), street, street.levels, shipped())
        street.levels |= reading.levels
        heard.append([(each.kind, each.unique_key, each.text) for each in reading.signals])
    return heard
