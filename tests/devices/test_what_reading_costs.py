"""Reading costs so many calls of functions a message, however busy the machine and however large the street.

`python -m bench --only decoding` says what that is in seconds. Here calls are counted, and no clock is asked.
"""

from __future__ import annotations

import cProfile
import random

from bench.decoding import Street
from devices import formats
from devices.profiles import ZIGBEE, shipped
from devices.signal import Enrolment, LevelKey, Role

CALLS = 170  # of functions, a message, those that are built in among them; there were 130 when it was written
MESSAGES = 4_000
SPEAKING = 500


def calls_a_message(devices: int, levels_each: int) -> float:
    """What 500 of `devices` cost that have spoken before: the rules of their models are put together."""
    profiles = shipped()
    definitions = profiles.table.definitions
    for model in definitions:
        profiles.rules(ZIGBEE, Enrolment("", Role(model.role or Role.HUB), model.vendor, model.model))
    street = Street(definitions, devices)
    frames = list(Street(definitions, SPEAKING).messages(2 * MESSAGES, random.Random(1)))
    levels: dict[LevelKey, str] = {
        (f"z2m:away{number}", f"level{each}"): "true"
        for number in range(devices)
        for each in range(levels_each)
    }
    profile = cProfile.Profile()
    for number, frame in enumerate(frames):
        if number == MESSAGES:
            profile.enable()
        levels.update(formats.read(frame, street, levels, profiles).levels)
    profile.disable()
    return sum(each.callcount for each in profile.getstats()) / MESSAGES


def test_a_message_costs_its_words_and_not_the_street() -> None:
    few, many = calls_a_message(SPEAKING, 0), calls_a_message(20_000, 4)
    assert few < CALLS
    assert abs(few - many) < 1, "a larger street makes no message dearer"
