"""Shelly's first generation: a counter tells a press from its repetition."""

from __future__ import annotations

from types import ModuleType

import pytest

from devices.profiles import shipped
from devices.signal import Frame, Role
from tests.devices.street import Street

BUTTON = "shellies/shellybutton1-1/input_event/{}"


@pytest.fixture
def button(street: Street) -> Street:
    street.enrol("shelly:shellybutton1-1", Role.HELP_BUTTON)
    return street


def press(street: Street, event: str, count: int, place: int = 0, *, retained: bool = False) -> list[str]:
    payload = f'{{"event":"{event}","event_cnt":{count}}}'
    street.pass_time(30)
    return street.understood(BUTTON.format(place), payload, retained=retained)


def test_only_a_new_count_is_a_press(button: Street) -> None:
    assert press(button, "L", 7) == ["sos"]
    assert press(button, "L", 7) == []
    assert press(button, "S", 8) == ["sos"]


def test_another_word_under_the_same_count_is_another_press(button: Street) -> None:
    assert [press(button, "S", 1), press(button, "L", 1), press(button, "L", 1)] == [["sos"], ["sos"], []]


def test_a_count_that_begins_again_is_a_press_and_has_a_key_of_its_own(button: Street) -> None:
    topic, payload = BUTTON.format(0), '{"event":"L","event_cnt":1}'
    (first,) = button.hear(topic, payload).signals
    assert press(button, "", 0) == []
    (again,) = button.hear(topic, payload).signals
    assert again.unique_key != first.unique_key


def test_a_detector_that_does_not_know_ends_no_alarm(street: Street) -> None:
    street.enrol("shelly:shellygas-1", Role.GAS_DETECTOR)
    said = [
        street.understood("shellies/shellygas-1/sensor/gas", word) for word in ("heavy", "unknown", "none")
    ]
    assert said == [["gas"], [], ["gas clear"]]


def test_each_input_counts_for_itself(button: Street) -> None:
    assert press(button, "S", 7) == ["sos"]
    assert press(button, "S", 7, place=1) == ["sos"]
    assert press(button, "S", 7, place=1) == []


def test_an_old_copy_pages_nobody_and_hides_no_press(button: Street) -> None:
    assert press(button, "L", 7, retained=True) == ["sos retained"]
    assert press(button, "L", 7) == ["sos"]


def test_a_cord_on_an_input_is_pulled_once_however_often_its_state_is_told(street: Street) -> None:
    street.enrol("shelly:i3", Role.HELP_BUTTON)
    said = []
    for topic, state in (("input/0", 1), ("input/0", 1), ("input/0", 0), ("input/0", 1), ("input/1", 1)):
        said.append(street.understood(f"shellies/i3/{topic}", str(state)))
        street.pass_time(30)
    assert said == [["sos"], [], ["sos clear"], ["sos"], ["sos"]]


def test_each_long_push_counts(street: Street) -> None:
    street.enrol("shelly:i3", Role.HELP_BUTTON)
    said = []
    for state in (0, 1, 1, 0):
        said.append(street.understood("shellies/i3/longpush/0", str(state)))
        street.pass_time(30)
    assert said == [[], ["sos"], ["sos"], ["sos clear"]]


def test_levels_are_told_topic_by_topic(street: Street) -> None:
    street.enrol("shelly:flood", Role.LEAK_SENSOR)
    assert street.understood("shellies/flood/sensor/flood", "true") == ["leak"]
    assert street.understood("shellies/flood/sensor/flood", "true") == []
    assert street.understood("shellies/flood/sensor/battery", "9") == ["low_battery"]
    assert street.understood("shellies/flood/sensor/flood", "false") == ["leak clear"]
    assert street.understood("shellies/flood/online", "false", retained=True) == ["offline"]


def test_damaged_words_of_a_button_are_a_ticket(button: Street) -> None:
    assert button.understood(BUTTON.format(0), "{") == ["ticket"]
    assert button.understood("shellies/shellybutton1-1/sensor/x", b"\xff") == ["ticket"]
    assert button.understood("shellies/shellybutton1-1/relay/0/power", "7") == ["ticket"]


def what_is_pressed(rules: ModuleType) -> list[object]:
    """What the decoder, or a changed copy of it, makes of a counter that is repeated, kept and begun anew."""
    street = Street()
    street.enrol("shelly:shellybutton1-1", Role.HELP_BUTTON)
    heard: list[object] = []
    for count, place, retained, word in [
        (7, 0, True, "S"),
        (7, 0, False, "S"),
        (7, 0, False, "S"),
        (7, 1, False, "S"),
        (0, 0, False, ""),
        (7, 0, False, "S"),
        (7, 0, False, "L"),
    ]:
        street.pass_time(30)
        payload = f'{{"event":"{word}","event_cnt":{count}}}'.encode()
        frame = Frame(BUTTON.format(place), payload, street.now, retained)
        reading = rules.read(frame, street, street.levels, shipped())
        street.levels |= reading.levels
        heard.append([(each.kind, each.retained) for each in reading.signals])
    return heard


def test_a_counted_press_that_has_lost_its_word_is_put_before_a_human(button: Street) -> None:
    def says(word: str, count: int) -> list[str]:
        return button.understood(BUTTON.format(0), f'{{"event":"{word}","event_cnt":{count}}}')

    assert says("", 0) == []
    assert says("", 1) == ["ticket"]
    assert says("S", 1) == ["sos"]
    assert says("", 2) == ["ticket"]
    assert says("", 2) == [], "the same, said again"
    assert says("L", 3) == ["sos"]
    assert says("", 0) == [], "it has started again"
    assert says("S", 1) == ["sos"]
