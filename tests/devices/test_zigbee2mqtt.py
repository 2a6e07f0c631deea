"""Zigbee2MQTT as it really speaks: cached state, names with slashes, wills, retained copies."""

from __future__ import annotations

from datetime import timedelta

import orjson
import pytest

from devices.signal import Role
from tests.devices.street import Street, words

BUTTON = "zigbee2mqtt/home17/bedside"
SMOKE = "zigbee2mqtt/kitchen"
EMERGENCY = '{"action":"emergency","battery":87,"linkquality":117}'


@pytest.fixture
def home(street: Street) -> Street:
    street.enrol("z2m:home17/bedside", Role.HELP_BUTTON, "Tuya", "TS0215A_sos")
    street.enrol("z2m:kitchen", Role.SMOKE_DETECTOR)
    street.enrol("z2m:home17/bridge", Role.HUB)
    return street


def test_an_emergency_is_an_sos_with_its_battery_and_its_bytes(home: Street) -> None:
    reading = home.hear(BUTTON, EMERGENCY)
    (signal,) = reading.signals
    assert (signal.device_key, signal.kind, signal.battery) == ("z2m:home17/bedside", "sos", 87)
    assert signal.payload == EMERGENCY.encode()
    assert signal.received_at == home.now
    assert [(beat.device_key, beat.battery) for beat in reading.beats] == [("z2m:home17/bedside", 87)]


def test_a_battery_report_is_a_beat_and_no_signal(home: Street) -> None:
    reading = home.hear(BUTTON, '{"battery":87}')
    assert words(reading) == []
    assert reading.beats[0].battery == 87


def test_the_same_message_heard_twice_is_one_signal_and_the_next_press_is_another(home: Street) -> None:
    first = home.hear(BUTTON, EMERGENCY).signals[0]
    again = home.hear(BUTTON, EMERGENCY, redelivered=True).signals[0]
    assert again.unique_key == first.unique_key
    assert again.redelivered
    home.pass_time(2)
    later = home.hear(BUTTON, EMERGENCY).signals[0]
    assert later.unique_key != first.unique_key


def test_a_press_that_tells_its_moment_is_the_same_an_hour_later(home: Street) -> None:
    told = {"action": "emergency", "last_seen": home.now.isoformat(timespec="seconds")}
    first = home.hear(BUTTON, orjson.dumps(told)).signals[0]
    home.pass_time(3600)
    again = home.hear(BUTTON, orjson.dumps(told), redelivered=True).signals[0]
    assert again.unique_key == first.unique_key
    told["last_seen"] = home.now.isoformat(timespec="seconds")
    assert home.hear(BUTTON, orjson.dumps(told)).signals[0].unique_key != first.unique_key


@pytest.mark.parametrize("off", [timedelta(days=-20_000), timedelta(days=-8), timedelta(hours=1)])
def test_a_clock_that_is_far_off_does_not_make_a_new_press_an_old_one(home: Street, off: timedelta) -> None:
    wrong = orjson.dumps({"action": "emergency", "last_seen": (home.now + off).isoformat()})
    first = home.hear(BUTTON, wrong).signals[0]
    home.pass_time(10)
    assert home.hear(BUTTON, wrong).signals[0].unique_key != first.unique_key


def test_a_button_stays_itself_when_somebody_renames_it(home: Street) -> None:
    home.enrol("z2m:0x00158d0001020304", Role.HELP_BUTTON)
    said = '{"action":"single","device":{"ieeeAddr":"0x00158D0001020304","friendlyName":"x"}}'
    assert home.hear("zigbee2mqtt/any/name", said).signals[0].device_key == "z2m:0x00158d0001020304"


def test_a_button_enrolled_by_name_is_found_when_it_tells_its_address(home: Street) -> None:
    said = '{"action":"single","device":{"ieeeAddr":"0x00158d0001020399"}}'
    assert home.hear(BUTTON, said).signals[0].device_key == "z2m:home17/bedside"


def test_a_stranger_is_known_by_its_address_when_it_tells_it(street: Street) -> None:
    said = '{"action":"emergency","device":{"ieeeAddr":"0x00158d0001020399"}}'
    assert street.hear(BUTTON, said).signals[0].device_key == "z2m:0x00158d0001020399"
    assert street.hear(BUTTON, EMERGENCY).signals[0].device_key == "z2m:home17/bedside"


def test_smoke_is_told_once_however_often_it_is_repeated(home: Street) -> None:
    assert home.understood(SMOKE, '{"smoke":false}') == []
    assert home.understood(SMOKE, '{"smoke":true}') == ["smoke"]
    assert home.understood(SMOKE, '{"smoke":true,"battery":90}') == []
    assert home.understood(SMOKE, '{"smoke":false}') == ["smoke clear"]
    home.pass_time(60)
    assert home.understood(SMOKE, '{"smoke":true}') == ["smoke"]


def test_a_battery_report_that_repeats_a_cached_sos_is_no_second_sos(home: Street) -> None:
    assert home.understood(BUTTON, '{"sos":true,"battery_low":false}') == ["sos"]
    assert home.understood(BUTTON, '{"sos":true,"battery_low":false,"battery":80}') == []


def test_a_detector_that_turns_from_smoke_to_co_tells_both(home: Street) -> None:
    assert home.understood(SMOKE, '{"halo_alert_state":"pre_smoke"}') == ["smoke suspected"]
    assert home.understood(SMOKE, '{"halo_alert_state":"smoke"}') == ["smoke"]
    assert home.understood(SMOKE, '{"halo_alert_state":"carbon_monoxide"}') == ["co", "smoke clear"]
    assert home.understood(SMOKE, '{"halo_alert_state":"safe"}') == ["co clear"]


def test_a_retained_alarm_is_recorded_and_does_not_swallow_the_next_live_one(home: Street) -> None:
    assert home.understood(SMOKE, '{"smoke":true}', retained=True) == ["smoke retained"]
    assert home.understood(SMOKE, '{"smoke":true}') == ["smoke"]
    assert home.understood(SMOKE, '{"smoke":true}', retained=True) == []


def test_a_late_copy_of_a_fire_that_is_over_hides_no_other(home: Street) -> None:
    """From a second gateway that lags behind, or a broker that delivers again."""
    fire = '{"smoke":true,"last_seen":"2026-11-20T08:15:30+08:00"}'
    assert home.understood(SMOKE, fire) == ["smoke"]
    home.pass_time(60)
    assert home.understood(SMOKE, '{"smoke":false}') == ["smoke clear"]
    home.pass_time(5)
    assert home.understood(SMOKE, fire, redelivered=True) == []
    home.pass_time(60)
    assert home.understood(SMOKE, '{"smoke":true,"last_seen":"2026-11-20T08:17:35+08:00"}') == ["smoke"]


def test_a_retained_all_clear_lets_the_next_smoke_be_heard(home: Street) -> None:
    home.understood(SMOKE, '{"smoke":true}')
    assert home.understood(SMOKE, '{"smoke":false}', retained=True) == ["smoke clear retained"]
    home.pass_time(60)
    assert home.understood(SMOKE, '{"smoke":true}') == ["smoke"]


def test_a_retained_message_is_no_sign_of_life_and_always_the_same_signal(home: Street) -> None:
    first = home.hear(BUTTON, EMERGENCY, retained=True)
    home.pass_time(3600)
    again = home.hear(BUTTON, EMERGENCY, retained=True)
    assert first.beats == ()
    assert first.signals[0].is_old
    assert first.signals[0].unique_key == again.signals[0].unique_key


def test_a_low_battery_is_told_once_and_again_after_it_was_changed(home: Street) -> None:
    assert home.understood(BUTTON, '{"battery":11}') == []
    assert home.understood(BUTTON, '{"battery":10}') == ["low_battery"]
    assert home.understood(BUTTON, '{"battery":11}') == []
    assert home.understood(BUTTON, '{"battery":10}') == []
    assert home.understood(BUTTON, '{"battery":13}') == []
    assert home.understood(BUTTON, '{"battery":14}') == ["low_battery clear"]
    assert home.understood(BUTTON, '{"battery":10}') == ["low_battery"]


def test_both_ways_to_tell_a_low_battery_are_one_signal(home: Street) -> None:
    assert home.understood(BUTTON, '{"battery":5,"battery_low":true}') == ["low_battery"]
    assert home.understood(BUTTON, '{"battery":5,"battery_low":false}') == ["low_battery clear"]


@pytest.mark.parametrize(
    "model, burning, silenced, over",
    [
        (
            ("Halo Smart Labs", "HALO+"),
            '"smoke":true,"halo_alert_state":"smoke"',
            '"smoke":true,"halo_alert_state":"silenced"',
            '"smoke":false,"halo_alert_state":"safe"',
        ),
        (
            ("", ""),
            '"smoke_alarm_1":true,"smoke_alarm_2":true',
            '"smoke_alarm_1":false,"smoke_alarm_2":true',
            '"smoke_alarm_1":false,"smoke_alarm_2":false',
        ),
    ],
)
def test_a_fire_that_one_of_two_properties_still_tells_is_not_over(
    street: Street, model: tuple[str, str], burning: str, silenced: str, over: str
) -> None:
    street.enrol("z2m:kitchen", Role.SMOKE_DETECTOR, *model)
    said = [street.understood("zigbee2mqtt/kitchen", f"{{{each}}}") for each in (burning, silenced, over)]
    assert said == [["smoke"], [], ["smoke clear"]]


@pytest.mark.parametrize("battery", ["null", "200", "-1", "1e308"])
def test_a_battery_that_cannot_be_is_not_low(home: Street, battery: str) -> None:
    assert home.understood(BUTTON, f'{{"battery":{battery}}}') == []


@pytest.mark.parametrize(
    "said",
    [
        '{"action":"fall"}',  # a cube was dropped
        '{"pressure_tend":"fall"}',  # a barometer
        '{"water_warning":"alarm"}',  # a thirsty plant
        '{"gas":3.2}',  # a gas meter
        '{"COAlarm":"No Alarm"}',
        '{"ALARM_status":"FALSE"}',
        '{"smoke":"no smoke"}',
        '{"action":"no_emergency"}',
        '{"contact":false,"occupancy":true}',
        '{"brightness":254,"state":"ON"}',
        '{"temperature":21.5,"humidity":40,"battery":5}',
        "{}",
    ],
)
def test_lamps_cubes_and_thermometers_of_strangers_raise_nothing(street: Street, said: str) -> None:
    reading = street.hear("zigbee2mqtt/somewhere", said)
    assert words(reading) == []
    assert reading.levels == {}
    assert [beat.device_key for beat in reading.beats] == ["z2m:somewhere"]


def test_a_stranger_in_need_is_heard_once_per_edge(street: Street) -> None:
    assert street.understood("zigbee2mqtt/new", EMERGENCY) == ["sos"]
    assert street.understood("zigbee2mqtt/new", '{"smoke":true}') == ["smoke"]
    assert street.understood("zigbee2mqtt/new", '{"smoke":true}') == []
    assert street.understood("zigbee2mqtt/wet", '{"water_leak":true}') == ["ticket"]
    assert street.understood("zigbee2mqtt/wet", '{"water_leak":true}') == []


def test_a_strange_word_of_a_smoke_detector_is_shown_to_a_human_each_time_it_changes(home: Street) -> None:
    assert home.understood(SMOKE, '{"smoke":false,"heat_alarm":false}') == ["ticket"]
    assert home.understood(SMOKE, '{"smoke":false,"heat_alarm":false}') == []
    assert home.understood(SMOKE, '{"smoke":false,"heat_alarm":true}') == ["ticket"]
    assert home.understood(SMOKE, '{"smoke":false,"heat_level":17}') == ["ticket"]
    assert home.understood(SMOKE, '{"smoke":false,"heat_level":18}') == []


def test_a_message_without_one_known_word_is_shown_every_time(home: Street) -> None:
    for _ in range(2):
        assert home.understood(BUTTON, '{"pressed":true}') == ["ticket"]
        assert home.understood(BUTTON, "{}") == ["ticket"]


def test_a_motion_sensor_is_asked_about_only_when_a_known_alarm_is_strange(street: Street) -> None:
    street.enrol("z2m:hall", Role.MOTION_SENSOR)
    assert street.understood("zigbee2mqtt/hall", '{"mood":"blue"}') == []
    assert street.understood("zigbee2mqtt/hall", '{"occupancy":"perhaps"}') == ["ticket"]
    assert street.understood("zigbee2mqtt/hall", '{"occupancy":true}') == ["activity"]
    assert street.understood("zigbee2mqtt/hall", '{"occupancy":false}') == []
    assert street.understood("zigbee2mqtt/hall", '{"occupancy":true}') == ["activity"]


def test_a_hub_that_dies_is_offline_once_even_if_the_broker_repeats_it(home: Street) -> None:
    state = "zigbee2mqtt/home17/bridge/state"
    assert home.understood(state, '{"state":"online"}', retained=True) == []
    assert home.understood(state, '{"state":"offline"}') == ["offline"]
    assert home.understood(state, '{"state":"offline"}', retained=True) == []
    assert home.understood(state, "online", retained=True) == ["offline clear"]
    assert home.understood(state, "offline", retained=True) == ["offline"]
    assert home.understood(state, "asleep") == ["ticket"]


def test_the_health_of_a_hub_is_its_heartbeat_unless_it_is_an_old_one(home: Street) -> None:
    health = "zigbee2mqtt/home17/bridge/health"
    assert [beat.device_key for beat in home.hear(health, '{"response_time":1}').beats] == [
        "z2m:home17/bridge"
    ]
    assert home.hear(health, '{"response_time":1}', retained=True).beats == ()


def test_a_button_that_fell_silent_is_offline(home: Street) -> None:
    assert home.understood(f"{BUTTON}/availability", '{"state":"offline"}', retained=True) == ["offline"]
    assert home.understood(f"{BUTTON}/availability", '{"state":"online"}') == ["offline clear"]
    assert home.understood("zigbee2mqtt/lamp/availability", '{"state":"offline"}') == []


@pytest.mark.parametrize("topic", [f"{BUTTON}/set", f"{BUTTON}/get", "zigbee2mqtt/bridge/devices"])
def test_commands_and_the_inventory_are_not_for_us(home: Street, topic: str) -> None:
    reading = home.hear(topic, "[" * 300_000)
    assert (words(reading), reading.beats) == ([], ())


def test_a_property_with_a_topic_of_its_own_is_read_too(home: Street) -> None:
    assert home.understood(f"{BUTTON}/action", "emergency") == ["sos"]
    assert home.understood(f"{BUTTON}/battery", "87") == []
    assert home.understood(f"{SMOKE}/smoke", "true") == ["smoke"]
    assert home.understood("zigbee2mqtt/lamp/state", "ON") == []
    assert home.understood("zigbee2mqtt/stranger/action", "panic") == ["sos"]


def test_broken_words_of_a_button_are_shown_each_time_and_of_a_lamp_once(home: Street) -> None:
    for _ in range(2):
        assert home.understood(BUTTON, '{"action":"emer') == ["ticket"]
        assert home.understood(BUTTON, "") == ["ticket"]
        assert home.understood(BUTTON, b"{\xff}") == ["ticket"]
    assert home.understood("zigbee2mqtt/lamp", '{"state":') == ["ticket"]
    assert home.understood("zigbee2mqtt/lamp", '{"state') == []
    assert home.understood("zigbee2mqtt/hall/on", "") == []


def test_a_retained_battery_report_changes_nothing(home: Street) -> None:
    assert home.understood(BUTTON, '{"battery":5}', retained=True) == []
    assert home.understood(BUTTON, '{"battery":5}') == ["low_battery"]


def test_the_leak_of_a_stranger_is_asked_about_when_it_is_live_and_begins(street: Street) -> None:
    assert street.understood("zigbee2mqtt/wet", '{"water_leak":true}', retained=True) == []
    assert street.understood("zigbee2mqtt/wet", '{"water_leak":true}') == ["ticket"]
    assert street.understood("zigbee2mqtt/wet", '{"water_leak":false}') == []


def test_what_is_sure_wins_over_what_is_suspected(home: Street) -> None:
    assert home.understood(SMOKE, '{"halo_alert_state":"pre_smoke","smoke":true}') == ["smoke"]
    street = Street()
    street.enrol("z2m:kitchen", Role.SMOKE_DETECTOR)
    assert street.understood(SMOKE, '{"smoke":true,"halo_alert_state":"pre_smoke"}') == ["smoke"]


def test_sixteen_kibibytes_are_read_and_one_more_byte_is_not(home: Street) -> None:
    body = EMERGENCY.ljust(16 * 1024)
    assert home.understood(BUTTON, body) == ["sos"]
    assert home.understood(BUTTON, body + " ") == ["ticket"]


def test_a_value_of_null_is_an_empty_message_where_properties_have_topics_of_their_own(home: Street) -> None:
    for name in ("smoke", "battery", "test"):
        assert home.understood(f"{SMOKE}/{name}", "") == []
    assert home.understood(f"{BUTTON}/action", "") == []
    assert home.understood(f"{SMOKE}/device-ieeeAddr", "0x00158d0001020304") == []
    assert home.understood(f"{SMOKE}/update-state", "idle") == []
    assert home.understood(f"{SMOKE}/heat_alarm", "true") == ["ticket"]  # and what nobody knows is shown


def test_a_device_that_is_called_like_a_property_of_another_keeps_its_name(home: Street) -> None:
    home.enrol("z2m:kitchen/window", Role.HELP_BUTTON)
    assert home.understood("zigbee2mqtt/kitchen/window", '{"action":"single"}') == ["sos"]
    assert home.understood("zigbee2mqtt/kitchen/window", "nonsense") == ["ticket"]
    assert home.hear("zigbee2mqtt/kitchen/window", "nonsense").tickets[0].device_key == "z2m:kitchen/window"


def test_what_older_versions_called_a_click_is_a_press(home: Street) -> None:
    assert home.understood(BUTTON, '{"click":"single","battery":90}') == ["sos"]
    assert home.understood(BUTTON, '{"click":"","battery":90}') == []


def test_a_model_that_only_the_message_names_is_known(street: Street) -> None:
    street.enrol("z2m:door", Role.DOOR_SENSOR)
    said = {"contact_alarm_1": False, "contact_alarm_2": True, "battery_low": False}
    assert street.understood("zigbee2mqtt/door", orjson.dumps(said)) == []
    about = {"device": {"ieeeAddr": "0x00158d0001020305", "model": "CS-T2C", "friendlyName": "door"}}
    assert street.understood("zigbee2mqtt/door", orjson.dumps(said | about)) == ["door"]


def test_the_register_has_the_last_word_on_a_model(street: Street) -> None:
    street.enrol("z2m:door", Role.DOOR_SENSOR, "Acme", "D1")
    said = {"contact_alarm_1": False, "battery_low": False, "device": {"model": "CS-T2C"}}
    assert street.understood("zigbee2mqtt/door", orjson.dumps(said)) == []


INVENTORY = "zigbee2mqtt/home17/bridge/devices"


def listed(**names: str) -> bytes:
    return orjson.dumps(
        [{"ieee_address": f"0x00158D00010203{end}", "friendly_name": name} for name, end in names.items()]
    )


def test_a_device_enrolled_by_its_address_is_known_by_the_name_in_the_inventory(street: Street) -> None:
    street.enrol("z2m:0x00158d0001020304", Role.HELP_BUTTON, "HEIMAN", "HS1EB")
    assert street.understood("zigbee2mqtt/home17/bedside", '{"action":"single"}') == []
    reading = street.hear(INVENTORY, listed(bedside="04", lamp="05"), retained=True)
    assert (words(reading), reading.beats) == ([], ())
    assert reading.levels == {
        ("z2m:home17/bedside", "address"): "0x00158d0001020304"
    }  # lamps are nobody's concern
    assert street.hear(INVENTORY, listed(bedside="04", lamp="05"), retained=True).levels == {}
    (signal,) = street.hear("zigbee2mqtt/home17/bedside", '{"action":"single"}').signals
    assert (signal.device_key, signal.kind) == ("z2m:0x00158d0001020304", "sos")
    assert street.understood("zigbee2mqtt/home17/bedside/action", "single") == ["sos"]
    assert street.understood("zigbee2mqtt/home17/lamp", '{"action":"single"}') == []


def test_names_that_change_hands_take_nobody_else_for_the_button(street: Street) -> None:
    street.enrol("z2m:0x00158d0001020304", Role.HELP_BUTTON)
    street.hear(INVENTORY, listed(bedside="04", lamp="05"))
    street.hear(INVENTORY, listed(bedside="05", lamp="04"))
    assert street.understood("zigbee2mqtt/home17/bedside", '{"action":"single"}') == []
    assert street.understood("zigbee2mqtt/home17/lamp", '{"action":"single"}') == ["sos"]


@pytest.mark.parametrize(
    "payload",
    [
        b"[" * 300_000,
        b"{}",
        b"[1,null,{}]",
        b'[{"ieee_address":"x","friendly_name":"bedside"}]',
        b'[{"ieee_address":"0x00158d0001020304","friendly_name":"bed\\u0000side"}]',
        b'[{"ieee_address":"0x00158d0001020304","friendly_name":"' + b"b" * 200 + b'"}]',
        b'[{"ieee_address":"0x00158d0001020304","friendly_name":7}]',
        b" " * 5_000_000,
    ],
)
def test_an_inventory_that_makes_no_sense_names_nobody(street: Street, payload: bytes) -> None:
    street.enrol("z2m:0x00158d0001020304", Role.HELP_BUTTON)
    reading = street.hear(INVENTORY, payload)
    assert (words(reading), reading.levels) == ([], {})


def event(type_: str, name: str = "bedside", address: str = "0x00158d0001020304") -> bytes:
    return orjson.dumps({"type": type_, "data": {"friendly_name": name, "ieee_address": address}})


def test_a_button_that_has_left_the_network_is_offline_until_it_joins_again(home: Street) -> None:
    topic = "zigbee2mqtt/home17/bridge/event"
    assert home.understood(topic, event("device_leave")) == ["offline"]
    assert home.understood(topic, event("device_leave")) == []
    assert home.understood(topic, event("device_interview")) == []
    back = home.hear(topic, event("device_announce"))
    assert (words(back), [beat.device_key for beat in back.beats]) == (
        ["offline clear"],
        ["z2m:home17/bedside"],
    )
    assert home.understood(topic, event("device_leave", "lamp", "0x00158d0001020399")) == []
    assert home.understood(topic, '{"type":"device_leave","data":null}') == []
    assert home.understood(topic, event("device_leave"), retained=True) == []
