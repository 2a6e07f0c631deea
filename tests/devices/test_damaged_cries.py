"""A call for help that is damaged on its way is heard or put before a human, in every family."""

from __future__ import annotations

import random
from collections import Counter

import pytest

from devices import formats
from devices.formats import FAMILIES
from devices.signal import Frame, Reading, State
from tests.devices.cries import Cry, all_cries, damaged, is_another_message
from tests.devices.street import MORNING, Street

CRIES = all_cries()
MUTATIONS = 10_000


def heard(cry: Cry, payload: bytes) -> list[Reading]:
    """What a gateway that has heard nothing yet makes of it; of a stream also of what is left at its end.

    Each ticket has the bytes as they came: the frame that it is about.
    """
    street = Street()
    street.enrol(cry.key, cry.role, *cry.model)
    for topic, said in cry.before:
        street.hear(topic, said, retained=True)
    readings = []
    for frame in cry.frames(payload):
        reading = formats.read(Frame(cry.topic, frame, MORNING, protocol=cry.protocol), street, street.levels)
        street.levels |= reading.levels
        assert all(ticket.payload == frame for ticket in reading.tickets)
        readings.append(reading)
    return readings


@pytest.mark.parametrize("cry", CRIES, ids=lambda cry: cry.name)
def test_undamaged_it_is_a_call_for_help_and_nothing_else_could_be(cry: Cry) -> None:
    reading, *rest = heard(cry, cry.wrap(cry.payload))
    assert not any(each.signals or each.tickets for each in rest)
    assert cry.kind in {signal.kind for signal in reading.signals}
    assert reading.tickets == ()
    assert not is_another_message(cry, cry.payload)


def test_every_family_with_an_alarm_is_among_them() -> None:
    spoken = {formats.family(cry.topic).name for cry in CRIES if not cry.protocol}  # type: ignore[union-attr]
    spoken |= {cry.protocol for cry in CRIES}
    assert {family.name for family in FAMILIES} - spoken == {"homie", "owntracks"}, "these call nobody"


@pytest.mark.parametrize("cry", CRIES, ids=lambda cry: cry.name)
def test_each_of_its_octets_may_be_lost_or_another_and_it_may_end_after_each(cry: Cry) -> None:
    for at in range(len(cry.payload)):
        for payload in (
            cry.payload[:at],
            cry.payload[:at] + cry.payload[at + 1 :],
            cry.payload[:at] + b"x" + cry.payload[at + 1 :],
        ):
            readings = heard(cry, cry.wrap(payload))
            told = {each.kind for one in readings for each in one.signals if each.state is State.ACTIVE}
            is_looked_at = any(reading.tickets for reading in readings)
            assert is_looked_at or told & ({cry.kind} | cry.also) or is_another_message(cry, payload), payload


def test_ten_thousand_damaged_calls_for_help_are_heard_or_put_before_a_human() -> None:
    """One of three holds of each damaged message. A sign of life alone is silence.

    1. It is the same call for help: an active signal of the same kind.
    2. There is a ticket, with the bytes as they came.
    3. It has become another message, which anybody would understand. Of a JSON document that means: each
       property in it is one that such a device may say, with a value that is documented for "all is well", or
       it is a measurement, an id, a moment (`Cry.may`); of a frame with codes: the code has another meaning.
       `cries.py` judges that with the standard library's parser and no decoder of ours. What stands on none
       of its lists and is met with silence is a defect. A property that is gone without a trace was not
       said, but for those that its model says every time: without them nobody understands it.
    """
    dice = random.Random(20261122)
    outcomes: Counter[str] = Counter()
    by_cry: Counter[str] = Counter()
    silent = []
    for number in range(MUTATIONS):
        cry = CRIES[number % len(CRIES)]
        payload = damaged(cry.payload, dice)
        if payload == cry.payload:
            continue
        readings = heard(cry, cry.wrap(payload))
        tickets = [each for reading in readings for each in reading.tickets]
        kinds = {each.kind for reading in readings for each in reading.signals if each.state is State.ACTIVE}
        if cry.kind in kinds:
            outcomes["heard"] += 1
        elif tickets:
            outcomes["ticket"] += 1
            by_cry[cry.name] += 1
        elif kinds & cry.also or is_another_message(cry, payload):
            outcomes["another"] += 1
        else:
            silent.append((cry.name, payload))
    assert not silent, "\n".join(f"{name}: {payload!r}" for name, payload in silent[:60]) + f"\n{len(silent)}"
    assert outcomes["ticket"] > MUTATIONS / 3
    assert outcomes["heard"] > MUTATIONS / 10
    assert set(by_cry) == {cry.name for cry in CRIES}, "each has been damaged beyond understanding"
