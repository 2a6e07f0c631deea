"""Devices of other makers, from the wire to the board: a real broker, a gateway's own process, the store."""

from __future__ import annotations

import time
from dataclasses import replace
from itertools import count

import orjson
import pytest
from sqlalchemy import text

from community.model import Duty, ResponderKind
from community.storage import register, whereabouts
from tests.gateway.conftest import BUTTON, Centre

pytestmark = pytest.mark.broker

PRESSES = f"care/{BUTTON.key.removeprefix('care:')}/signal"


def test_a_button_behind_a_hub_is_an_incident(open_centre: Centre) -> None:
    open_centre.enrol("shelly:hub-1/bthomedevice:200")
    event = {"component": "bthomedevice:200", "id": 200, "event": "single_push", "ts": 1.33}
    body = {"src": "hub-1", "method": "NotifyEvent", "params": {"events": [event]}}
    open_centre.publish("hub-1/events/rpc", orjson.dumps(body))
    open_centre.comes_to(lambda: open_centre.kinds() == ["sos"])


def test_an_alarm_told_twice_is_one_press_and_its_place_is_kept(open_centre: Centre) -> None:
    open_centre.enrol("traccar:6907919734")
    position = {"id": 9, "serverTime": "2026-11-20T00:15:29.123+00:00", "attributes": {"alarm": "sos"}}
    body = {
        "device": {"uniqueId": "6907919734"},
        "position": position | {"latitude": 37.46, "longitude": 118.49},
    }
    event = {"event": {"id": 3, "type": "alarm", "attributes": {"alarm": "sos"}}}
    open_centre.publish("positions", orjson.dumps(body))
    open_centre.publish("events", orjson.dumps(body | event))
    open_centre.still_works()
    said = open_centre.rows(
        "SELECT kind, text FROM signal WHERE device_key = 'traccar:6907919734' ORDER BY kind"
    )
    place = "位置 37.460000,118.490000"
    assert [tuple(row) for row in said] == [("location", place), ("sos", place)]
    assert open_centre.kinds() == ["sos", "sos"]  # hers, and the one pressed afterwards


def test_the_telephone_of_a_worker_tells_where_she_is_and_nothing_of_it_is_kept_but_that(
    open_centre: Centre,
) -> None:
    with open_centre.store.write() as connection:
        everybody = register.duties(connection)
        worker = next(id for id, times in sorted(everybody.items()) if times)
        someone = register.responder_by_id(connection, worker)
        always = Duty(worker, frozenset(range(1, 8)), 0, 1440)
        register.update_responder(connection, replace(someone, kind=ResponderKind.GRID_WORKER), [always])
        whereabouts.set_phone(connection, worker, "owntracks:li/phone")
    said = {"_type": "location", "lat": 37.46, "lon": 118.49, "acc": 9, "tst": int(time.time())}
    open_centre.publish("owntracks/li/phone", orjson.dumps(said), retain=True)
    places = "SELECT id, lon, lat, source FROM responder_place"
    open_centre.comes_to(lambda: open_centre.rows(places) != [])
    [row] = open_centre.rows(places)
    assert tuple(row) == (worker, 118.49, 37.46, "phone")
    open_centre.still_works()
    kept = "SELECT count(*) FROM signal WHERE device_key LIKE 'owntracks:%'"
    assert open_centre.count(kept) == 0
    assert open_centre.count("SELECT count(*) FROM device_proposal") == 0


def test_a_sensor_that_announced_itself_is_heard_once_somebody_has_confirmed_it(centre: Centre) -> None:
    centre.enrol("ha:house/cord")
    centre.gateway.start()
    body = {
        "state_topic": "house/cord",
        "device_class": "safety",
        "payload_on": "pulled",
        "payload_off": "idle",
    }
    centre.publish("homeassistant/binary_sensor/cord/config", orjson.dumps(body), retain=True)
    centre.publish("house/cord", "pulled")
    centre.comes_to(lambda: centre.kinds() == ["sos"])


def test_a_sensor_is_heard_as_soon_as_somebody_confirms_it_and_no_longer_when_it_is_removed(
    open_centre: Centre,
) -> None:
    """The gateway has been running all the time."""
    announced = {"state_topic": "house/cord", "device_class": "safety"}
    open_centre.publish("homeassistant/binary_sensor/cord/config", orjson.dumps(announced), retain=True)
    open_centre.enrol("ha:house/cord")

    def is_heard() -> bool:
        open_centre.publish("house/cord", "ON")
        open_centre.publish("house/cord", "OFF")
        return open_centre.kinds() == ["sos"]

    open_centre.comes_to(is_heard)


def test_a_sensor_that_was_removed_while_no_gateway_ran_is_let_go_of(centre: Centre) -> None:
    """The broker still has its topic in the gateway's session, which nobody can ask for."""
    centre.enrol("ha:house/cord")
    centre.gateway.start()
    centre.publish("house/cord", "ON")
    centre.comes_to(lambda: centre.kinds() == ["sos"])
    centre.gateway.stop()
    with centre.store.write() as connection:
        key = {"key": "ha:house/cord"}
        connection.execute(
            text("DELETE FROM supervision WHERE id IN (SELECT id FROM device WHERE key = :key)"), key
        )
        connection.execute(text("DELETE FROM device WHERE key = :key"), key)
        register.devices_changed(connection)
    centre.gateway.start()
    unread = "SELECT count(*) FROM unread"
    centre.publish("house/cord", "ON")
    centre.comes_to(lambda: centre.count(unread) > 0)
    numbers = count()

    def is_let_go() -> bool:
        before = centre.count(unread)
        centre.publish("house/cord", "ON")
        number = next(numbers)  # a press that comes after it: by then the other would have come, too
        centre.publish(PRESSES, f'{{"v":1,"id":"{number}","type":"press"}}')
        pressed = "SELECT count(*) FROM signal WHERE unique_key LIKE :key"
        centre.comes_to(lambda: centre.count(pressed, key=f"%#{number}") == 1)
        return centre.count(unread) == before

    centre.comes_to(is_let_go)
