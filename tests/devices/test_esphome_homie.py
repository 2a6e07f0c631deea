"""ESPHome and Homie: bare words on topics, wills, and sleep that is no silence."""

from __future__ import annotations

from devices.signal import Role
from tests.devices.street import Street


def test_a_cord_is_enrolled_by_its_node_or_by_its_own_name(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    street.enrol("esphome:hall/cord", Role.HELP_BUTTON)
    assert street.understood("bath/binary_sensor/pull_cord/state", "ON") == ["sos"]
    assert street.understood("bath/binary_sensor/pull_cord/state", "ON") == []
    assert street.understood("bath/binary_sensor/pull_cord/state", "OFF") == ["sos clear"]
    assert street.understood("hall/binary_sensor/cord/state", "ON") == ["sos"]
    assert street.understood("hall/binary_sensor/light/state", "ON") == []


def test_a_prefix_may_have_two_steps(street: Street) -> None:
    street.enrol("esphome:home/bath", Role.HELP_BUTTON)
    street.enrol("esphome:home/hall/cord", Role.HELP_BUTTON)
    assert street.understood("home/bath/binary_sensor/pull_cord/state", "ON") == ["sos"]
    assert street.understood("home/bath/event/button/state", '{"event_type":"press"}') == ["sos"]
    assert street.understood("home/bath/status", "offline") == ["offline"]
    assert street.understood("home/hall/binary_sensor/cord/state", "ON") == ["sos"]
    assert street.understood("home/hall/binary_sensor/light/state", "ON") == []
    assert street.understood("/home/bath/binary_sensor/pull_cord/state", "ON") == ["ticket"]


def test_words_of_a_text_sensor_are_put_before_a_human_when_they_change(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    said = [street.understood("bath/text_sensor/cord/state", word) for word in ("idle", "idle", "SOS", "SOS")]
    assert said == [["ticket"], [], ["ticket"], []]


def test_two_cords_of_one_node_pull_apart(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    assert street.understood("bath/binary_sensor/left/state", "ON") == ["sos"]
    assert street.understood("bath/binary_sensor/right/state", "ON") == ["sos"]
    assert street.understood("bath/binary_sensor/left/state", "OFF") == ["sos clear"]
    assert street.understood("bath/binary_sensor/right/state", "ON") == []


def test_what_the_broker_kept_is_old_and_the_next_pull_is_new(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    assert street.understood("bath/binary_sensor/cord/state", "ON", retained=True) == ["sos retained"]
    assert street.understood("bath/binary_sensor/cord/state", "ON") == ["sos"]


def test_a_node_says_that_it_is_gone(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    assert street.understood("bath/status", "offline", retained=True) == ["offline"]
    assert street.understood("bath/status", "online") == ["offline clear"]
    assert street.understood("bath/status", "half") == ["ticket"]
    assert street.understood("stranger/status", "half") == []


def test_numbers_are_signs_of_life(street: Street) -> None:
    street.enrol("esphome:bath", Role.HELP_BUTTON)
    for value in ("21.5", "nan"):
        reading = street.hear("bath/sensor/temperature/state", value)
        assert (len(reading.beats), reading.signals, reading.tickets) == (1, (), ())


def test_homie_sleeps_without_an_alarm_and_is_lost_with_one(street: Street) -> None:
    street.enrol("homie:kitchen", Role.LEAK_SENSOR)

    def state(word: str) -> list[str]:
        return street.understood("homie/kitchen/$state", word, retained=True)

    assert [state(word) for word in ("init", "ready", "sleeping")] == [[], [], []]
    assert state("lost") == ["offline"]
    assert state("alert") == ["fault", "offline clear"]
    assert state("ready") == ["fault clear"]
    assert state("disconnected") == ["offline"]
    assert state("") == []
    assert state("dreaming") == ["ticket"]
    assert street.understood("homie/5/kitchen/$state", "ready") == ["offline clear"]
