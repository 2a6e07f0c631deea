"""What real devices send to a stand-alone Mosquitto, and what becomes of it in the store."""

from __future__ import annotations

import random
import string

import pytest
from sqlalchemy import create_engine

from devices.sim.player import Sender, send_presses
from devices.sim.roster import Device
from tests.gateway.conftest import BUTTON, STREET, Centre

pytestmark = pytest.mark.broker

SIGNALS = "SELECT count(*) FROM signal"
UNREAD = "SELECT count(*) FROM unread"
TOPIC = f"care/{BUTTON.key.removeprefix('care:')}/signal"


def press(message_id: str) -> str:
    return f'{{"v":1,"id":"{message_id}","type":"press"}}'


def test_an_emergency_of_a_tuya_button_opens_the_incident(open_centre: Centre) -> None:
    open_centre.enrol("z2m:bedroom", vendor="Tuya", model="TS0215A_sos")
    open_centre.publish("zigbee2mqtt/bedroom", '{"action":"emergency","battery":87,"linkquality":117}')
    open_centre.comes_to(lambda: open_centre.kinds() == ["sos"])


def test_a_single_press_of_a_heiman_button_opens_the_incident(open_centre: Centre) -> None:
    open_centre.enrol("z2m:hall", vendor="HEIMAN", model="HS1EB")
    open_centre.publish("zigbee2mqtt/hall", '{"action":"single"}')
    open_centre.comes_to(lambda: open_centre.kinds() == ["sos"])


def test_a_button_enrolled_by_its_address_is_known_by_the_name_that_its_hub_tells(
    open_centre: Centre,
) -> None:
    open_centre.enrol("z2m:0x00158d0001020304", vendor="HEIMAN", model="HS1EB")
    inventory = '[{"ieee_address":"0x00158D0001020304","friendly_name":"卧室/床头"}]'
    open_centre.publish("zigbee2mqtt/home17/bridge/devices", inventory, retain=True)
    named = "SELECT count(*) FROM level WHERE device_key = 'z2m:home17/卧室/床头' AND property = 'address'"
    open_centre.comes_to(lambda: open_centre.count(named) == 1)
    open_centre.publish("zigbee2mqtt/home17/卧室/床头", '{"action":"single"}')
    open_centre.comes_to(lambda: open_centre.kinds() == ["sos"])


def test_a_battery_report_is_noted_and_opens_none(open_centre: Centre) -> None:
    open_centre.enrol("z2m:bedroom", vendor="Tuya", model="TS0215A_sos")
    open_centre.publish("zigbee2mqtt/bedroom", '{"battery":87}')
    noted = (
        "SELECT count(*) FROM device WHERE key = 'z2m:bedroom' AND battery = 87 AND last_seen_at IS NOT NULL"
    )
    open_centre.comes_to(lambda: open_centre.count(noted) == 1)
    assert open_centre.kinds() == []
    assert open_centre.count(UNREAD) == 0


def test_a_retained_press_is_recorded_and_pages_nobody(centre: Centre) -> None:
    centre.publish(TOPIC, press("an-old-one"), retain=True)
    centre.gateway.start()
    centre.comes_to(lambda: centre.count(SIGNALS + " WHERE is_old") == 1)
    assert centre.kinds() == []
    seen = "SELECT count(*) FROM device WHERE last_seen_at IS NOT NULL"
    centre.still_works()  # and by then last-seen has been written for whom it was heard of
    centre.comes_to(lambda: centre.count(seen + " AND key = 'care:kenli/afterwards'") == 1)
    assert centre.count(seen) == 1, "a retained message is no sign of life"


def test_the_same_press_said_three_times_is_one(open_centre: Centre) -> None:
    for _ in range(3):
        open_centre.publish(TOPIC, press("again"))
    open_centre.still_works()
    assert open_centre.count(SIGNALS + " WHERE device_key = :key", key=BUTTON.key) == 1
    assert open_centre.count("SELECT times FROM alarm WHERE device_key = :key", key=BUTTON.key) == 1


def test_bytes_nobody_can_read_from_an_enrolled_button_are_an_incident(open_centre: Centre) -> None:
    open_centre.publish(TOPIC, b"\xff\xfe\x00\x01")
    open_centre.comes_to(lambda: open_centre.kinds() == ["unreadable"])
    kept = open_centre.rows("SELECT payload, device_key FROM unread")
    assert [(bytes(payload), key) for payload, key in kept] == [(b"\xff\xfe\x00\x01", BUTTON.key)]
    open_centre.still_works()


@pytest.mark.parametrize(
    "payload",
    [
        pytest.param(b'{"v":1,"id":"a","type":"press","type":"test"}', id="a key twice"),
        pytest.param(b'{"v":1,"id":"b","type":"press","text":"\\u0000"}', id="NUL"),
        pytest.param(b'{"v":1,"id":"\\u0000","type":"press"}', id="NUL in the id"),
        pytest.param(b'{"v":1,"id":"c","type":"press","text":"\\ud800"}', id="half of a surrogate pair"),
        pytest.param(b'{"v":1,"id":"d","type":"press","x":' + b"[" * 500 + b"]" * 500 + b"}", id="deep"),
        pytest.param(b'{"v":1,"id":"e","type":"press","x":' + b"[" * 100_000, id="deeper"),
        pytest.param(b'{"v":1,"id":"f","type":"press","text":"' + b"x" * 1_000_000 + b'"}', id="1 MB"),
        pytest.param(b'{"v":99999999999999999999999999,"id":"g","type":"press"}', id="a huge number"),
        pytest.param(b"", id="nothing"),
    ],
)
def test_what_cannot_be_trusted_is_put_before_a_human(open_centre: Centre, payload: bytes) -> None:
    open_centre.publish(TOPIC, payload)
    open_centre.comes_to(lambda: open_centre.kinds() == ["unreadable"])
    ((kept, key),) = open_centre.rows("SELECT payload, device_key FROM unread")
    assert (bytes(kept), key) == (payload, BUTTON.key)
    open_centre.still_works()


def test_a_topic_too_long_for_an_index_does_not_stop_the_gateway(open_centre: Centre) -> None:
    letters = random.Random(7).choices(string.ascii_letters + string.digits, k=9000)
    topic = f"care/kenli/{''.join(letters)}/signal"
    open_centre.publish(topic, press("from-afar"))
    open_centre.publish(f"zigbee2mqtt/{''.join(letters)}", "not json")
    open_centre.still_works()
    kept = open_centre.count(UNREAD) + open_centre.count(SIGNALS + " WHERE topic = :topic", topic=topic)
    assert kept >= 1


def refuse(centre: Centre, device_key: str) -> None:
    """From now on the database refuses to store what one device says, whoever asks."""
    if centre.store.is_sqlite:
        statement = (
            f"CREATE TRIGGER refuse BEFORE INSERT ON signal WHEN NEW.device_key = '{device_key}' "
            "BEGIN SELECT RAISE(ABORT, 'refused'); END"
        )
    else:
        statement = f"ALTER TABLE signal ADD CONSTRAINT refuse CHECK (device_key <> '{device_key}')"
    with centre.store.write() as connection:
        connection.exec_driver_sql(statement)


def test_a_message_the_database_refuses_is_kept_as_bytes_and_holds_nobody_back(centre: Centre) -> None:
    buttons = [device for device in STREET.devices if device.key.startswith("care:")][:20]
    refuse(centre, buttons[7].key)
    centre.gateway.start()
    centre.gateway.stop()  # its session stays: what comes now is handed over in one group
    for device in buttons:
        centre.publish(f"care/{device.key.removeprefix('care:')}/signal", press("all-at-once"))
    centre.gateway.start()
    centre.comes_to(lambda: centre.count(SIGNALS) == 19 and centre.count(UNREAD) == 1)
    assert centre.kinds() == ["sos"] * 19 + ["unreadable"]
    ((kept, key),) = centre.rows("SELECT payload, device_key FROM unread")
    assert (bytes(kept).decode(), key) == (press("all-at-once"), buttons[7].key)
    centre.still_works()


def take_away(centre: Centre) -> None:
    """The database is there no more: the file lacks its table, or the server lets nobody in."""
    if centre.store.is_sqlite:
        with centre.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE signal RENAME TO signal_elsewhere")
        return
    name = centre.store.engine.url.database
    administer(centre, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS false')
    administer(centre, f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'")


def give_back(centre: Centre) -> None:
    if centre.store.is_sqlite:
        with centre.store.write() as connection:
            connection.exec_driver_sql("ALTER TABLE signal_elsewhere RENAME TO signal")
    else:
        name = centre.store.engine.url.database
        administer(centre, f'ALTER DATABASE "{name}" ALLOW_CONNECTIONS true')


def administer(centre: Centre, statement: str) -> None:
    engine = create_engine(centre.store.engine.url.set(database="postgres"), isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()


def test_while_the_database_is_away_nothing_is_acknowledged_and_nothing_is_lost(open_centre: Centre) -> None:
    buttons = [
        Device(device.key, "native", f"care/{device.key.removeprefix('care:')}/signal", device.role)
        for device in STREET.devices
        if device.key.startswith("care:")
    ]
    with Sender("127.0.0.1", open_centre.mosquitto.port, gap=lambda _: 0.5) as sender:
        take_away(open_centre)
        assert send_presses(sender, buttons, 50, seed=1, timeout=2).acked == 0
        assert open_centre.gateway.is_running()
        give_back(open_centre)
        assert sender.wait(100), open_centre.gateway.tail()
    assert open_centre.count(SIGNALS) == 50
    assert open_centre.count(UNREAD) == 0


def test_a_busy_database_delays_a_receipt_and_loses_nothing(open_centre: Centre) -> None:
    button = Device(BUTTON.key, "native", TOPIC, BUTTON.role)
    lock = "SELECT 1" if open_centre.store.is_sqlite else "LOCK TABLE signal IN ACCESS EXCLUSIVE MODE"
    with Sender("127.0.0.1", open_centre.mosquitto.port, gap=lambda _: 0.3) as sender:
        with open_centre.store.write() as connection:
            connection.exec_driver_sql(lock)
            assert send_presses(sender, [button], 5, seed=2, timeout=1).acked == 0
        assert sender.wait(100), open_centre.gateway.tail()
    assert open_centre.count(SIGNALS) == 5


def test_it_ends_at_once_when_asked_also_while_the_broker_is_away(open_centre: Centre) -> None:
    open_centre.mosquitto.kill()
    assert open_centre.gateway.stop() == 0
