"""Whatever a device has said before, damaged or not: its next call for help is heard, and none twice.

One message at a time is the matter of `test_damaged_cries`. Here each is read with all that the ones before
it have left behind: levels, edges, counters, what was said lately, what announced itself.
"""

from __future__ import annotations

import random
import re
from collections import Counter
from itertools import count

import pytest

from devices import formats
from devices.formats import FAMILIES
from devices.signal import Frame, Reading, Signal, State
from tests.devices.cries import Cry, all_cries, damaged
from tests.devices.street import Street

CRIES = all_cries()
MUTATIONS = 10_000
STEPS = 6  # at most, of one history
LONG_S = 200  # longer than anything that is repeated because nobody answered

# What tells a new message from an old one, where its family has such a thing.
_ID = re.compile(
    rb'("id":"|"deduplicationId":"|"(?:fCnt|f_cnt|fcnt|event_cnt|positionId)":|"position":{"id":)\w+'
)
_SERVER_MS = re.compile(rb'("ts":)\d{13}')
_WATCH_TIME = re.compile(rb",201126,\d{6}")
# How it is said that all is well again.
_ENDS = (
    (b"true", b"false"),
    (b"ON", b"OFF"),
    (b"heavy", b"none"),
    (b'"fall_alarm"', b'"normal"'),
    (b'"gas_status":"alarm"', b'"gas_status":"normal"'),
    (b'"smokeAlarm":"Alarm"', b'"smokeAlarm":"Normal"'),
    (b'"event":"alarm"', b'"event":"normal"'),
    (b'"2, 1"', b'"2, 2"'),
    (b'Alarm":"Alarm"', b'Alarm":"No Alarm"'),
    (b'"TRUE"', b'"FALSE"'),
    (b'"Alarm":1', b'"Alarm":0'),
    (b'"sosFlag":1', b'"sosFlag":0'),
    (b'"status":1', b'"status":0'),
    (b'"Fire":1', b'"Fire":0'),
    (b'"0500!00":"01', b'"0500!00":"00'),
)
SOCKETS = {family.name for family in FAMILIES if not family.topics}
_IDS = ("care", "lora", "traccar")  # the families whose messages have an id that may be believed for ever


class Ear:
    """A gateway that hears one device, and a store that keeps each signal once."""

    def __init__(self, cry: Cry) -> None:
        self.cry = cry
        self.street = Street()
        self.street.enrol(cry.key, cry.role, *cry.model)
        self.stored: set[str] = set()
        for topic, said in cry.before:
            self.street.hear(topic, said, retained=True)

    def hear(self, payload: bytes, *, retained: bool = False) -> tuple[list[Signal], list[Reading]]:
        """The signals that are new to the store, and all that was read."""
        readings = []
        for frame in self.cry.frames(self.cry.wrap(payload)):
            said = Frame(self.cry.topic, frame, self.street.now, retained, protocol=self.cry.protocol)
            reading = formats.read(said, self.street, self.street.levels)
            self.street.levels |= reading.levels
            readings.append(reading)
        new = [one for each in readings for one in each.signals if one.unique_key not in self.stored]
        self.stored |= {signal.unique_key for signal in new}
        return new, readings


def calls(cry: Cry, signals: list[Signal]) -> bool:
    """Whether somebody is called: by a live alarm of this kind."""
    return any(one.kind == cry.kind and one.state is State.ACTIVE and not one.is_old for one in signals)


def next_one(cry: Cry, numbers: count[int]) -> bytes:
    """The same call for help said anew."""
    number = b"%d" % next(numbers)
    payload = _ID.sub(rb"\g<1>" + number, cry.payload)
    payload = _SERVER_MS.sub(rb"\g<1>1684478" + number[-6:], payload)
    return _WATCH_TIME.sub(rb",201126," + number[-6:], payload)


def ended(cry: Cry, numbers: count[int]) -> bytes:
    payload = next_one(cry, numbers)
    if cry.protocol == "watch":
        return payload.replace(b"AL_LTE", b"UD").replace(b",00010000,", b",00000000,")
    return next((payload.replace(*pair) for pair in _ENDS if pair[0] in payload), payload)


def stands(cry: Cry) -> bool:
    """Whether the call is a state that each message repeats: said again undamaged it is the same one."""
    ear, numbers = Ear(cry), count(7_000_001)
    ear.hear(next_one(cry, numbers))
    ear.street.pass_time(LONG_S)
    return not calls(cry, ear.hear(next_one(cry, numbers))[0])


STANDING = {cry.name for cry in CRIES if stands(cry)}


def test_only_what_a_detector_repeats_stands_until_it_ends() -> None:
    standing = [cry for cry in CRIES if cry.name in STANDING]
    assert {cry.kind for cry in standing} == {"smoke", "gas", "co", "fall", "sos"}
    buttons = {cry.name for cry in standing if cry.kind == "sos"}
    assert buttons == {"tasmota switch sos", "watch position"}, "which say it every few minutes"


@pytest.mark.parametrize("cry", CRIES, ids=lambda cry: cry.name)
def test_once_it_is_over_the_next_is_heard(cry: Cry) -> None:
    ear, numbers = Ear(cry), count(7_000_001)
    assert calls(cry, ear.hear(next_one(cry, numbers))[0])
    ear.street.pass_time(LONG_S)
    if cry.name in STANDING:
        assert not calls(cry, ear.hear(ended(cry, numbers))[0])
        ear.street.pass_time(LONG_S)
    assert calls(cry, ear.hear(next_one(cry, numbers))[0])


class History:
    """What one device says, one thing after another, and what is wrong with how it is heard."""

    def __init__(self, cry: Cry, dice: random.Random, numbers: count[int]) -> None:
        self.cry, self.dice, self.numbers = cry, dice, numbers
        self.ear = Ear(cry)
        self.said: list[bytes] = []
        self.raised: set[bytes] = set()  # of them, those that called by an id that was not damaged
        self.told: list[str] = []  # for people, when it fails
        self.mutations = 0
        self.is_on = False  # an alarm of its kind was heard, and not its end
        self.flaws: list[str] = []

    def live(self) -> None:
        for _ in range(self.dice.randint(1, STEPS)):
            self.ear.street.pass_time(self.dice.choice([0, 0.7, 3, 12, LONG_S, 4000, -30]))
            self._step(self.dice.choice(["damaged"] * 5 + ["good", "over", "again", "kept", "announced"]))

    def _step(self, what: str) -> None:
        cry = self.cry
        if what == "announced":
            for topic, said in cry.before:
                self.mutations += 1
                said = damaged(said, self.dice)
                self.told.append(f"{self.ear.street.now:%H:%M:%S} announced: {said!r}")
                self.ear.street.hear(topic, said, retained=True)
            return
        payload = next_one(cry, self.numbers)
        if what == "damaged":
            payload = damaged(payload, self.dice)
            self.mutations += 1
        elif what == "over":
            payload = ended(cry, self.numbers)
        elif what in ("again", "kept") and self.said:
            payload = self.dice.choice(self.said)
        if what == "kept" and cry.protocol in SOCKETS:
            return  # nothing keeps what comes over a socket
        new = self._hear(what, payload, retained=what == "kept")
        if what == "kept" and calls(cry, new):
            self.flaws.append("what a broker kept calls somebody")
        if what == "again" and payload in self.raised and calls(cry, new):
            self.flaws.append("an old message calls a second time")
        if what != "kept":
            self.said.append(payload)
        if what == "good" and cry.key.startswith(_IDS) and payload != cry.payload and calls(cry, new):
            self.raised.add(payload)
        echo, _ = self.ear.hear(payload, retained=what == "kept")
        if calls(cry, echo):
            self.flaws.append("the same message, read twice at once, calls twice")

    def _hear(self, what: str, payload: bytes, *, retained: bool = False) -> list[Signal]:
        self.told.append(f"{self.ear.street.now:%H:%M:%S} {what}: {payload!r}")
        new, _ = self.ear.hear(payload, retained=retained)
        ends = [one for one in new if one.kind == self.cry.kind and one.state is State.CLEAR]
        self.is_on = calls(self.cry, new) or (self.is_on and not ends)
        return new

    def press(self) -> str:
        """Undamaged, long after: `heard`, `ticket`, `stands`, or what is wrong."""
        self.ear.street.pass_time(LONG_S)
        payload = next_one(self.cry, self.numbers)
        was_on = self.is_on
        self.told.append(f"{self.ear.street.now:%H:%M:%S} PRESS: {payload!r}")
        new, readings = self.ear.hear(payload)
        self.is_on = was_on or calls(self.cry, new)
        if calls(self.cry, new):
            return "heard"
        if any(each.tickets for each in readings):
            return "ticket"
        return "stands" if was_on else "SILENCE"


def test_after_ten_thousand_damaged_messages_every_next_call_for_help_is_heard() -> None:
    """A call after any history is an alarm or a ticket, at the latest when it is made again.

    Only what stands may be met with nothing: a state that its family repeats in each message, whose alarm was
    raised in this very history and whose end nobody has said. A button's call is none of these: where a hub
    repeats it beside something new (ADR 0030), the next one is heard.
    """
    dice, numbers = random.Random(20261122), count(1_000_003, 7)
    mutations = 0
    outcomes: Counter[str] = Counter()
    flaws = []
    for number in count():
        if mutations >= MUTATIONS:
            break
        cry = CRIES[number % len(CRIES)]
        history = History(cry, dice, numbers)
        history.live()
        mutations += history.mutations
        first, second = history.press(), history.press()
        outcomes[first] += 1
        wrong = list(history.flaws)
        may_stand = cry.name in STANDING
        if first == "SILENCE" or (first == "stands" and not may_stand and second == "stands"):
            wrong.append("a call for help is silence")
        if wrong:
            flaws.append((cry.name, wrong, history.told))
    shown = "\n\n".join(f"{name}: {wrong}\n  " + "\n  ".join(told) for name, wrong, told in flaws[:12])
    assert not flaws, f"{shown}\n{len(flaws)} of {sum(outcomes.values())}, {Counter(f[0] for f in flaws)}"
    assert outcomes["heard"] > sum(outcomes.values()) / 2
    assert outcomes["stands"] > 0
