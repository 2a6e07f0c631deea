"""A call for help that is told as a state, and whose end was lost: the next is another, an echo is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from itertools import product
from types import ModuleType

import orjson
import pytest

from devices.profiles import Rule, Rules
from devices.signal import Enrolment, Frame, Kind, Role
from tests.devices.street import MORNING, Street

DELTA = {"src": "s", "method": "NotifyStatus", "params": {"ts": 1.3, "input:0": {"id": 0, "state": True}}}
FULL = {"src": "s", "method": "NotifyFullStatus", "params": {"input:0": {"id": 0, "state": True}}}
FIRE = {"ZbReceived": {"0x1": {"Device": "0x1", "Fire": 1}}}


@pytest.mark.parametrize(
    ("key", "role", "topic", "payload", "kind"),
    [
        ("esphome:bath", Role.HELP_BUTTON, "bath/binary_sensor/cord/state", "ON", "sos"),
        ("esphome:hall", Role.SMOKE_DETECTOR, "hall/binary_sensor/smoke/state", "ON", "smoke"),
        ("shelly:s", Role.HELP_BUTTON, "s/events/rpc", orjson.dumps(DELTA).decode(), "sos"),
        ("shelly:g", Role.SMOKE_DETECTOR, "shellies/g/sensor/smoke", "true", "smoke"),
        ("tasmota:c", Role.HELP_BUTTON, "stat/c/RESULT", '{"Switch1":{"Action":"ON"}}', "sos"),
        ("tasmota:b/0x1", Role.SMOKE_DETECTOR, "tele/b/SENSOR", orjson.dumps(FIRE).decode(), "smoke"),
    ],
)
def test_where_only_changes_are_said_it_begins_again(
    street: Street, key: str, role: Role, topic: str, payload: str, kind: str
) -> None:
    street.enrol(key, role)
    said = []
    for seconds in (0, 4, 4, 4, 3600):
        street.pass_time(seconds)
        said.append(street.understood(topic, payload))
    assert said == [[kind], [], [], [kind], [kind]], (
        "said again at once it is the same, ten seconds later not"
    )


def test_each_time_has_a_key_of_its_own(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    keys = set()
    for _ in range(3):
        keys |= {each.unique_key for each in street.hear("bath/binary_sensor/cord/state", "ON").signals}
        street.pass_time(60)
    assert len(keys) == 3


def test_a_whole_status_only_repeats(street: Street) -> None:
    street.enrol("shelly:s", Role.HELP_BUTTON)
    assert street.understood("s/events/rpc", orjson.dumps(DELTA)) == ["sos"]
    for _ in range(3):
        street.pass_time(3600)
        assert street.understood("s/events/rpc", orjson.dumps(FULL)) == []
        assert street.understood("s/status/input:0", b'{"id":0,"state":true}') == []
    assert street.understood("s/events/rpc", orjson.dumps(DELTA)) == ["sos"]


def test_what_the_broker_kept_begins_nothing_again(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    topic = "bath/binary_sensor/cord/state"
    assert street.understood(topic, "ON") == ["sos"]
    street.pass_time(3600)
    assert street.understood(topic, "ON", retained=True) == []


def test_a_clock_that_was_set_back_hides_no_call(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    assert street.understood("bath/binary_sensor/cord/state", "ON") == ["sos"]
    street.pass_time(-3600)
    assert street.understood("bath/binary_sensor/cord/state", "ON") == ["sos"]


def test_the_end_of_a_leak_may_be_lost_and_no_leak_begins_again(street: Street) -> None:
    street.enrol("esphome:bath", Role.LEAK_SENSOR)
    assert street.understood("bath/binary_sensor/leak/state", "ON") == ["leak"]
    street.pass_time(3600)
    assert street.understood("bath/binary_sensor/leak/state", "ON") == []


@pytest.fixture
def feibit(street: Street) -> Street:
    """A button whose press Zigbee2MQTT repeats with whatever else it says."""
    street.enrol("z2m:bed", Role.HELP_BUTTON, "Feibit", "SEB01ZB")
    return street


def say(street: Street, seconds: float = 60, **said: object) -> list[str]:
    street.pass_time(seconds)
    told = {"sos": True, "tamper": False, "battery_low": False, "battery": 90, "linkquality": 80} | said
    return street.understood("zigbee2mqtt/bed", orjson.dumps(told))


def test_where_all_is_repeated_a_call_is_new_when_nothing_else_is(feibit: Street) -> None:
    assert say(feibit) == ["sos"]
    assert say(feibit, linkquality=60, last_seen="2026-11-20T08:16:30+08:00") == ["sos"]
    assert say(feibit, battery=89) == [], "it spoke of its battery, and repeats the rest"
    assert say(feibit, 3, battery=89) == [], "the same report, as a second gateway heard it"
    assert say(feibit, battery=89, tamper=True) == ["tamper"]
    assert say(feibit, battery=89, tamper=True) == ["sos"]
    assert say(feibit, 3, battery=89, tamper=True) == [], "the same, said twice"


def test_a_detector_that_repeats_its_fire_with_all_it_says_is_one_fire(street: Street) -> None:
    street.enrol("z2m:kitchen", Role.SMOKE_DETECTOR)
    said = []
    for _ in range(3):
        said.append(street.understood("zigbee2mqtt/kitchen", '{"smoke":true,"battery":90}'))
        street.pass_time(600)
    assert said == [["smoke"], [], []]


def test_a_button_in_words_that_nobody_mapped_is_seen_each_time(street: Street) -> None:
    street.enrol("z2m:bed", Role.HELP_BUTTON)

    def pressed(battery: int) -> list[str]:
        street.pass_time(60)
        said = {"pressed": True, "battery": battery, "linkquality": street.now.minute}
        return street.understood("zigbee2mqtt/bed", orjson.dumps(said))

    assert [pressed(90), pressed(90), pressed(89), pressed(89)] == [["ticket"], ["ticket"], [], ["ticket"]]


def test_a_tracker_whose_alarm_nobody_mapped_is_seen_each_time(street: Street) -> None:
    street.enrol("traccar:69", Role.HELP_BUTTON)

    def at(**attributes: object) -> list[str]:
        street.pass_time(60)
        said = {"device": {"uniqueId": "69"}, "position": {"attributes": {"batteryLevel": 80} | attributes}}
        return street.understood("positions", orjson.dumps(said))

    assert [at(sosKey=True), at(sosKey=True), at(), at(sosKey=True)] == [["ticket"], [], [], ["ticket"]]


CORD = Rule("cord", "sos", False, {"true": Kind.SOS}, frozenset({"false"}))
OTHER = replace(CORD, path="sos_2", idle=frozenset({"false", "unknown"}))
LEAK = Rule("mat", "leak", False, {"true": Kind.LEAK}, frozenset({"false"}))


def what_begins_again(rules: ModuleType) -> list[tuple[str, ...]]:
    """Active again and again, at some moments and with other things beside: as a change, as an echo, kept."""
    found: list[tuple[str, ...]] = []
    known = Rules({"sos": CORD, "leak": LEAK}, frozenset({"battery", "link"}), None, None, "")
    for is_change, fleeting, retained in product((True, False), ((), ("link",)), (False, True)):
        levels: dict[tuple[str, str], str] = {}
        for seconds, battery in ((0, 9), (9.999, 9), (10, 9), (25, 8), (30, 8), (-5, 8), (-15.1, 8)):
            frame = Frame("t", b"{}", MORNING + timedelta(seconds=seconds), retained and seconds > 0)
            device = Enrolment("d", Role.HELP_BUTTON)
            heard = rules.Heard(
                frame, "d", device, "d#1", is_change=is_change, fleeting=frozenset(fleeting), echoes=True
            )
            said = {"sos": True, "leak": True, "battery": battery, "link": seconds}
            reading = rules.interpret(heard, said, known, levels)
            levels |= reading.levels
            found.append(tuple(signal.kind for signal in reading.signals))
    # A call that two properties tell, and a word that tells nothing.
    both, levels = Rules({"sos": CORD, "sos_2": OTHER}, frozenset(), None, None, ""), {}
    for number, (one, other) in enumerate(
        [(True, True), (False, True), (True, False), (True, "unknown"), (False, False), (True, True)]
    ):
        heard = rules.Heard(Frame("t", b"{}", MORNING), "d", device, f"d#{number}")
        reading = rules.interpret(heard, {"sos": one, "sos_2": other}, both, levels)
        levels |= reading.levels
        found.append(tuple(signal.state for signal in reading.signals))
    heard = rules.Heard(Frame("t", b"{}", MORNING), "d", device, "d#last")
    reading = rules.interpret(heard, {"sos": False, "sos_2": "unknown"}, both, levels)
    found.append((*(signal.state for signal in reading.signals), *sorted(reading.levels.values())))
    # Messages that come once more, after the end of what they raised.
    levels = {}
    for message in (
        "1 on",
        "off",
        "1 on",
        "2 on",
        "off",
        "3 on",
        "off",
        "1 on",
        "4 on",
        "off",
        "5 on",
        "off",
    ):
        heard = rules.Heard(Frame("t", b"{}", MORNING), "d", device, f"d#{message}")
        reading = rules.interpret(heard, {"sos": message != "off"}, known, levels)
        levels |= reading.levels
        found.append(tuple(signal.state for signal in reading.signals))
    for message in ("1 on", "2 on"):
        heard = rules.Heard(Frame("t", b"{}", MORNING), "d", device, f"d#{message}")
        reading = rules.interpret(heard, {"sos": True}, known, levels)
        found.append(tuple(signal.state for signal in reading.signals))
    return found
