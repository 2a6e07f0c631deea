"""From what a device said to what it means: rules, edges of levels, roles that decide about a press."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Final

from devices.formats.document import moment, percent
from devices.profiles import PRESS, Battery, Press, Rule, Rules, as_text
from devices.signal import (
    CLOCKS_DIFFER,
    Beat,
    Enrolment,
    Frame,
    Kind,
    LevelKey,
    Levels,
    Reading,
    Role,
    Signal,
    State,
    Ticket,
)

BUCKET_SECONDS: Final = 2
ANEW: Final = timedelta(seconds=10)  # an alarm that is said to begin, and has begun as long ago, begins again
KEPT_BY_BROKERS: Final = timedelta(days=7)  # the expiry of a gateway's session
UNMAPPED: Final = "?"  # the level under which the strange words of a device are remembered
BEGAN: Final = "@"  # behind the name of a level: when it was last said to begin, and what stood beside it
TAKEN: Final = "="  # behind the name of a level: the last messages that raised its alarm
REMEMBERED: Final = 4  # of them
UNREADABLE: Final = "unreadable"  # ... and its value when not even words could be made out
REASON_LIMIT: Final = 200  # characters
_WORD: Final = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+")
_ALARMING: Final = frozenset({"alarm", "alarms", "alert", "emergency", "fall", "panic", "sos"})

_NOT_TOLD: Final = frozenset({"unknown", "unavailable"})  # idle words that end nothing

# A device that nobody enrolled is heard when it says one of these in so many words.
EMERGENCY: Final = frozenset({Kind.SOS, Kind.FALL, Kind.SMOKE, Kind.GAS, Kind.CO})
# Said by a device that nobody enrolled, these are for a human to look at, when there is time.
SUSPICIOUS: Final = frozenset({Kind.LEAK})
# The end of these is no news.
MOMENTARY: Final = frozenset({Kind.ACTIVITY, Kind.TEST})


@dataclass(frozen=True, slots=True)
class Heard:
    """Who spoke, and what the signals of this message have in common."""

    frame: Frame
    device_key: str
    enrolment: Enrolment | None
    unique: str  # what makes this message itself: the stem of its signals' unique keys
    device_time: datetime | None = None
    historical: bool = False
    echoes: bool = False  # the family repeats cached properties in every message, strange ones too
    is_change: bool = False  # what the message names has just changed: it repeats nothing
    fleeting: frozenset[str] = frozenset()  # what differs in every message: all else tells an echo from news
    part: str = ""  # which of several equal parts of the device spoke: each has levels of its own

    @property
    def role(self) -> Role | None:
        return self.enrolment.role if self.enrolment else None

    @property
    def is_life_safety(self) -> bool:
        return self.enrolment is not None and self.enrolment.role.is_life_safety

    @property
    def calls_people(self) -> bool:
        return self.enrolment is not None and self.enrolment.role.calls_people

    @property
    def is_old(self) -> bool:
        return self.historical or self.frame.retained

    def signal(
        self,
        kind: Kind,
        state: State = State.ACTIVE,
        *,
        suspected: bool = False,
        rule: str = "",
        text: str = "",
        battery: int | None = None,
    ) -> Signal:
        """A signal with what all signals of this message have in common."""
        frame = self.frame
        return Signal(
            device_key=self.device_key,
            kind=kind,
            unique_key=f"{self.unique}/{kind}/{state}",
            received_at=frame.received_at,
            state=state,
            device_time=self.device_time,
            retained=frame.retained,
            historical=self.historical,
            redelivered=frame.redelivered,
            suspected=suspected,
            battery=battery,
            rule=rule,
            text=text,
            topic=frame.topic,
            payload=frame.payload,
        )

    def is_no_news(self, kind: Kind, state: State, tickets: list[Ticket]) -> bool:
        """Whether nobody is told: a mere sign of life, the end of a moment, what a stranger says.

        What a stranger says is put before a human (`tickets`) where it may be trouble.
        """
        if kind is Kind.HEARTBEAT or (state is State.CLEAR and kind in MOMENTARY):
            return True
        if self.enrolment is not None or kind in EMERGENCY:
            return False
        if kind in SUSPICIOUS and state is State.ACTIVE and not self.is_old:
            tickets.append(ticket(self.frame, f"{kind} from a device that nobody enrolled", self.device_key))
        return True


def words_of(text: str) -> set[str]:
    """The words in a name or a short text, however they are joined: `sosFlag`, `PANIC_BUTTON`."""
    return {word.lower() for word in _WORD.findall(text)}


def digest(payload: bytes) -> str:
    """16 hexadecimal characters that stand for a payload."""
    return blake2b(payload, digest_size=8).hexdigest()


def unique_without_id(
    device_key: str, frame: Frame, device_time: datetime | None = None, said: bytes | None = None
) -> str:
    """The stem of a unique key for messages without an id: device, payload, and a moment.

    `said` is what stands for the payload where the payload says more than one thing.

    A payload that tells its own moment (`device_time`) is itself for as long as a broker may keep it for us.
    Any other gets two seconds of our clock: they keep the first press after a closed case from passing for
    an old one. The price: a redelivery in a later bucket is stored again and joins the open case. A retained
    message says nothing about when, comes again at every subscription, and is stored once.
    """
    when = str(int(frame.received_at.timestamp()) // BUCKET_SECONDS)
    if frame.retained:
        when = "retained"
    elif device_time is not None and -CLOCKS_DIFFER < frame.received_at - device_time < KEPT_BY_BROKERS:
        when = "told"  # a clock that is further off may be one that begins anew with every power cut
    return f"{device_key}#{digest(frame.payload if said is None else said)}@{when}"


def is_of_the_past(told_at: datetime | None, frame: Frame) -> bool:
    """Whether what a device kept until there was a line is old: unless its own time says that it is new."""
    return told_at is None or abs(frame.received_at - told_at) > CLOCKS_DIFFER


def by_role(kind: Kind | Press, role: Role | None) -> Kind | None:
    """What a button means is for the role to say; None when it means nothing on such a device."""
    if role is Role.SERVICE_BUTTON and kind in (PRESS, Kind.SOS):
        return Kind.REQUEST
    if kind == PRESS:
        return Kind.SOS if role in (Role.HELP_BUTTON, Role.FALL_SENSOR) else None  # who wears it presses it
    return Kind(kind)


def ticket(frame: Frame, reason: str, device_key: str = "") -> Ticket:
    """A ticket for a human, with the bytes as they came. Operators read it: Chinese first."""
    return Ticket(
        f"请查看这条设备消息: {reason}"[:REASON_LIMIT],
        frame.topic,
        frame.payload,
        frame.received_at,
        device_key,
    )


def alive(heard: Heard, charge: int | None = None) -> tuple[Beat, ...]:
    """A sign of life, unless the broker kept the message for we do not know how long."""
    if heard.frame.retained:
        return ()
    return (Beat(heard.device_key, heard.frame.received_at, charge),)


def unreadable(heard: Heard, reason: str, levels: Levels) -> Reading:
    """What to do with a message that nobody can read.

    A device whose alarm calls people gets a ticket each time. Anybody else gets one, and the next after it
    was understood again: a misconfigured network must be seen, and must not drown the desk.
    """
    key: LevelKey = (heard.device_key, UNMAPPED)
    if heard.calls_people:
        return Reading(tickets=(ticket(heard.frame, reason, heard.device_key),))
    if levels.get(key) == UNREADABLE:
        return Reading()
    return Reading(tickets=(ticket(heard.frame, reason, heard.device_key),), levels={key: UNREADABLE})


def understood(heard: Heard, levels: Levels) -> dict[LevelKey, str]:
    """The change of levels that makes the next unreadable message of this device count again."""
    key: LevelKey = (heard.device_key, UNMAPPED)
    return {key: ""} if levels.get(key) == UNREADABLE else {}


def interpret(heard: Heard, said: Mapping[str, object], rules: Rules, levels: Levels) -> Reading:
    """Apply the rules of a device to the properties that it reported."""
    past: list[Reading] = []
    if rules.history and isinstance(entries := said.get(rules.history.path), list):
        said = {name: value for name, value in said.items() if name != rules.history.path}
        if lost := [entry for entry in entries if not isinstance(entry, dict)]:
            said[rules.history.path] = lost  # words that nobody said when
        past = [
            _interpret(_then(heard, entry, rules.history.time), entry, rules, levels)
            for entry in entries
            if isinstance(entry, dict)
        ]
        if not said:
            return _join(heard, Reading(beats=alive(heard)), past)
    return _join(heard, _interpret(heard, said, rules, levels), past)


def charge_reading(heard: Heard, charge: float, battery: Battery, levels: Levels) -> Reading:
    """The reading of a message that speaks of nothing but the battery."""
    sense = _Sense(heard, levels, {})
    sense.battery(charge, battery)
    return sense.reading()


def edge(heard: Heard, rule: Rule, value: object, levels: Levels) -> Reading:
    """The reading of a message that speaks of nothing but one level, such as an availability topic."""
    sense = _Sense(heard, levels, {})
    text = as_text(value)
    sense.level(rule, text, rule.meaning(text))
    return sense.reading()


def joined(readings: Iterable[Reading]) -> Reading:
    """Several readings of one message as one: the same signal once, and one ticket for each device."""
    told = list(readings)
    beats = sorted((each for one in told for each in one.beats), key=lambda beat: beat.battery is not None)
    tickets: dict[str, Ticket] = {}
    for each in (ticket for one in told for ticket in one.tickets):
        tickets.setdefault(each.device_key, each)
    return Reading(
        tuple({signal.unique_key: signal for one in told for signal in one.signals}.values()),
        tuple({beat.device_key: beat for beat in beats}.values()),  # one that tells the battery is kept
        tuple(tickets.values()),
        levels={key: value for one in told for key, value in one.levels.items()},
    )


def _interpret(heard: Heard, said: Mapping[str, object], rules: Rules, levels: Levels) -> Reading:
    sense = _Sense(heard, levels, said, rules.by_path, rules.is_described)
    battery = rules.battery
    for path, value, beside in leaves(said, rules.ignore):
        rule = rules.by_path.get(path)
        if value == [] and rules.lists(path):
            sense.understood = True
        elif rule is not None:
            if value is None and sense.may_be_null and not rule.when.keys() & beside.keys():
                sense.understood = True
            else:
                for part in rule.parts(value):
                    around = {**beside, path.rpartition(".")[2]: part} if rule.joined else beside
                    sense.apply(rule, part, around)
        elif path in rules.ignore:
            sense.understood = True
        elif battery is not None and path == battery.path:
            sense.battery(value, battery)
        elif value is not None and not rules.is_beside(path, beside):
            sense.strange[path] = value
    if rules.needs and heard.calls_people and not heard.historical:
        told = {path: value for path, value, _ in leaves(said, rules.ignore)}
        sense.lost = sorted(path for need in rules.needs for path in need.lost(told))
    return sense.reading()


def _then(heard: Heard, entry: Mapping[str, object], time: str) -> Heard:
    """The same device at the time of a back-filled entry; the entry's own words make it unique."""
    words = repr(sorted((path, as_text(value)) for path, value, _ in leaves(entry, frozenset()))).encode()
    return replace(
        heard,
        unique=f"{heard.device_key}#history/{digest(words)}",
        device_time=moment(entry.get(time)),
        historical=True,
    )


def _join(heard: Heard, now: Reading, past: Iterable[Reading]) -> Reading:
    readings = (now, *past)
    if len(readings) == 1:
        return now
    return Reading(
        signals=tuple(signal for reading in readings for signal in reading.signals),
        beats=now.beats or alive(heard),
        tickets=tuple(each for reading in readings for each in reading.tickets)[:1],
        levels=now.levels,
    )


def leaves(
    said: Mapping[str, object], ignore: frozenset[str], above: str = ""
) -> Iterator[tuple[str, object, Mapping[str, object]]]:
    """Every scalar with its path and the object it stands in. An ignored property is not entered.

    What is empty stands for itself: something may have been in it.
    """
    for name, value in said.items():
        path = above + name
        if isinstance(value, dict) and value and path not in ignore:
            yield from leaves(value, ignore, path + ".")
        elif isinstance(value, list) and value and path not in ignore:
            for item in value:
                if isinstance(item, dict) and item:
                    yield from leaves(item, ignore, path + "[].")
                else:
                    yield path + "[]", item, said
        else:
            yield path, value, said


@dataclass(slots=True)
class _Sense:
    """What has been made of one message so far."""

    heard: Heard
    levels: Levels
    said: Mapping[str, object]
    rules: Mapping[str, Rule] = field(default_factory=dict)  # by path
    is_described: bool = True  # somebody knows all that its model may say
    understood: bool = False
    charge: int | None = None
    strange: dict[str, object] = field(default_factory=dict)  # properties nobody mapped
    odd: dict[str, object] = field(
        default_factory=dict
    )  # values nobody mapped, of properties that somebody did
    lost: list[str] = field(default_factory=list)  # properties that such a message always has
    is_odd_event: bool = False  # ... one of which is an event: such a word is never an echo
    signals: dict[tuple[Kind, State], Signal] = field(default_factory=dict)
    tickets: list[Ticket] = field(default_factory=list)
    changed: dict[LevelKey, str] = field(default_factory=dict)

    def apply(self, rule: Rule, value: object, beside: Mapping[str, object]) -> None:
        text = rule.spelled(value)
        meaning = rule.meaning(text) if value is not None else None
        # Some act of a detector, in a word that stands nowhere: it may be how it says that there is a fire.
        is_some_act = meaning == PRESS and self.heard.calls_people and not self.is_described
        is_of_no_button = is_some_act and by_role(PRESS, self.heard.role) is None
        if (meaning is None and text not in rule.idle) or is_of_no_button:
            self.odd[rule.path] = value
            self.is_odd_event |= rule.event
            return
        if not rule.event:
            self.understood = True
            self.level(rule, text, meaning)
            return
        state = State.ACTIVE
        if meaning is not None and (rule.when or rule.clear):
            if _holds(rule.when, beside):
                pass
            elif rule.clear and _holds(rule.clear, beside):
                state = State.CLEAR
            else:
                self.odd[rule.path] = value
                self.is_odd_event = True
                return
        self.understood = True
        if meaning is not None:
            self.add(by_role(meaning, self.heard.role), state, rule, text in rule.suspected)

    def level(self, rule: Rule, text: str, meaning: Kind | Press | None) -> None:
        """A repeated state: only its edges are signals.

        An old message that says "active" is recorded and moves nothing: the next live one must be an edge.
        Where an emergency is said to begin again, its end was lost: better twice than never.
        """
        heard = self.heard
        kind = by_role(meaning, heard.role) if meaning is not None else None
        key = (heard.device_key, heard.part + rule.path)
        before = self.levels.get(key)
        if heard.historical:
            if kind is not None:
                self.add(kind, State.ACTIVE, rule, text in rule.suspected)
            return
        if kind is None and (before is None or text.casefold() in _NOT_TOLD):
            return
        if before == text:
            if kind in EMERGENCY and not heard.frame.retained and self.begins_again(key, kind):
                self.add(kind, State.ACTIVE, rule, text in rule.suspected)
            return
        if not heard.frame.retained and kind in EMERGENCY and self.was_taken(key):
            return
        was = by_role(rule.means[before], heard.role) if before and before in rule.means else None
        if heard.enrolment is None and not {kind, was} & (EMERGENCY | SUSPICIOUS):
            return
        if kind is None or not heard.frame.retained:
            self.changed[key] = text
            if kind in EMERGENCY and (heard.is_change or kind is Kind.SOS):
                self.begins(key)
        if was is not None and was is not kind and not self.still_says(was):
            self.add(was, State.CLEAR, rule)
        if kind is not None:
            self.add(kind, State.ACTIVE, rule, text in rule.suspected)

    def was_taken(self, key: LevelKey) -> bool:
        """Whether this very message raised the alarm before, and comes once more after its end.

        Its signal is stored, so it would only move the level, and hide the next alarm.
        """
        said, this = (key[0], key[1] + TAKEN), digest(self.heard.unique.encode())[:8]
        taken = self.levels.get(said, "").split()
        if this in taken:
            return True
        self.changed[said] = " ".join([*taken, this][-REMEMBERED:])
        return False

    @property
    def may_be_null(self) -> bool:
        """Whether null only says that something has not been said yet, as it does where all is repeated."""
        return self.heard.echoes or not self.heard.calls_people

    def still_says(self, kind: Kind) -> bool:
        """Whether another property of the device says so as well: it is over when none does."""
        for rule in self.rules.values():
            key = (self.heard.device_key, self.heard.part + rule.path)
            means = rule.means.get(self.changed.get(key, self.levels.get(key, "")))
            if not rule.event and means and by_role(means, self.heard.role) is kind:
                return True
        return False

    def begins(self, key: LevelKey) -> None:
        """Remember when an alarm was last said, where a message can tell that it begins again."""
        if self.heard.is_change or self.heard.fleeting:
            moment = int(self.heard.frame.received_at.timestamp() * 1000)
            self.changed[key[0], key[1] + BEGAN] = f"{moment} {self.rest()}"

    def begins_again(self, key: LevelKey, kind: Kind | None = None) -> bool:
        """Whether an alarm that is known is said to begin once more.

        Where messages name only what has changed, it is, unless it was said just now. Where each message
        repeats everything, a call for help is when nothing else is news: something made the device speak.
        """
        heard = self.heard
        if not (heard.is_change or (heard.fleeting and kind in (None, Kind.SOS))):
            return False
        then, _, rest = self.levels.get((key[0], key[1] + BEGAN), "0 ").partition(" ")
        if rest != self.rest():
            self.begins(key)  # it tells something else; heard by a second gateway, too, it is still that
            return False
        since = heard.frame.received_at.timestamp() - int(then) / 1000
        if abs(since) < ANEW.total_seconds():  # a clock set back makes the past the future
            return False
        self.begins(key)
        return True

    def rest(self) -> str:
        """What stands for the whole message but what differs in each."""
        if self.heard.is_change:
            return ""
        told = sorted((p, as_text(v)) for p, v, _ in leaves(self.said, self.heard.fleeting))
        return digest(repr([(p, v) for p, v in told if p not in self.heard.fleeting]).encode())

    def battery(self, value: object, battery: Battery) -> None:
        if isinstance(value, str) and value in battery.idle:
            self.understood = True
            return
        if isinstance(value, str) and battery.mark and value.endswith(battery.mark):
            value = 0  # the device itself says so
        if value is not None and (not isinstance(value, int | float) or isinstance(value, bool)):
            self.odd[battery.path] = value
            return
        self.understood = True
        if value is None:
            return
        if battery.percent:
            self.charge = percent(value)
            if self.charge is None:
                return
        if self.heard.is_old or self.heard.enrolment is None:
            return
        key = (self.heard.device_key, battery.path)
        was_low = self.levels.get(key) == "low"
        rule = Rule(f"battery:{battery.path}", battery.path, False, {})
        if value <= battery.low and not was_low:
            self.changed[key] = "low"
            self.add(Kind.LOW_BATTERY, State.ACTIVE, rule)
        elif was_low and value > battery.low * battery.margin:
            self.changed[key] = "ok"
            self.add(Kind.LOW_BATTERY, State.CLEAR, rule)

    def add(self, kind: Kind | None, state: State, rule: Rule, suspected: bool = False) -> None:
        if kind is None or self.heard.is_no_news(kind, state, self.tickets):
            return
        if (kind, state) in self.signals and not self.signals[kind, state].suspected:
            return
        self.signals[kind, state] = self.heard.signal(kind, state, suspected=suspected, rule=rule.label)

    def reading(self) -> Reading:
        if self.understood:
            self.changed |= understood(self.heard, self.levels)
        self._look_at_what_is_strange()
        signals = tuple(
            signal if self.charge is None else replace(signal, battery=self.charge)
            for (kind, state), signal in self.signals.items()
            if state is State.ACTIVE or (kind, State.ACTIVE) not in self.signals
        )
        return Reading(signals, alive(self.heard, self.charge), tuple(self.tickets), None, self.changed)

    def _look_at_what_is_strange(self) -> None:
        """Unknown words: all of a device that calls people, of others only unknown values of known alarms."""
        heard = self.heard
        if heard.enrolment is None:
            return
        if self.lost:
            reason = f"said without {', '.join(self.lost)}"
            self.tickets.append(ticket(heard.frame, reason, heard.device_key))
            return
        unknown = self.odd
        if heard.calls_people:
            unknown = self.odd | self.strange
            if not self.understood and not unknown:
                self.tickets.append(ticket(heard.frame, "nothing in it means anything", heard.device_key))
                return
        if not unknown:
            return
        reason = f"nobody mapped {', '.join(f'{path}={as_text(value)}' for path, value in unknown.items())}"
        # A cached property comes again with every message: words count each time they change, numbers once,
        # and when they cease to be 0.
        words = ((path, value if _is_word(path, value) else "") for path, value in unknown.items())
        seen = digest(repr(sorted((path, as_text(value)) for path, value in words)).encode())
        zeros = sorted(digest(path.encode())[:6] for path, value in unknown.items() if _is_zero(value))
        key = (heard.device_key, UNMAPPED)
        is_echo = heard.echoes and not self.is_odd_event
        if self.understood and (is_echo or not heard.is_life_safety):
            before, *were_zero = self.levels.get(key, "").split() or [""]
            is_known = before == seen and set(were_zero) <= set(zeros)
            seen = " ".join((seen, *zeros))
            if is_known and not (heard.role is Role.HELP_BUTTON and self.begins_again(key)):
                if were_zero != zeros:
                    self.changed[key] = seen
                return
            self.changed[key] = seen
            self.begins(key)
        self.tickets.append(ticket(heard.frame, reason, heard.device_key))


def _is_word(path: str, value: object) -> bool:
    """Whether a value is no measurement: neither is a whole number whose name speaks of an alarm."""
    if isinstance(value, int) and not isinstance(value, bool):
        return not words_of(path.rpartition(".")[2]).isdisjoint(_ALARMING) and value != 0
    return isinstance(value, bool | str)


def _is_zero(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and value == 0


def _holds(wanted: Mapping[str, frozenset[str]], beside: Mapping[str, object]) -> bool:
    return all(name in beside and as_text(beside[name]) in texts for name, texts in wanted.items())
