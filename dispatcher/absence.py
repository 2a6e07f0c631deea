"""Silence is a signal: when a home has been still for too long, ask gently first, then send somebody. Pure.

A home is watched by presets (`presets.toml`), by a daily "I am well" window, and by planned welfare calls.
`look` is asked again and again, by whoever, and answers with one thing to do and when to look again. What a
sensor cannot see is never taken for silence: that is a matter of the device, and said as such.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta, tzinfo
from enum import StrEnum

from devices.signal import Kind, Role, Signal, State, aware
from dispatcher.meters import HALF_HOUR, Usage

LOOK_AT_LEAST = timedelta(hours=6)  # every watched home is looked at this often, whatever was foreseen
LOOK_WHILE_ASKED = timedelta(minutes=1)  # has the text arrived, has somebody moved?
LOOK_WHILE_CASE = timedelta(minutes=10)  # people are on it already
LOOK_WHILE_BLIND = timedelta(minutes=30)
LOOK_FOR_ROOM = timedelta(minutes=15)  # nothing tells us that somebody went into a room: look
SETTLE = timedelta(hours=1)  # sensors that were away get this long to see somebody before we ask
EARLY = timedelta(hours=2)  # who is well two hours before her window is well
LATE = timedelta(hours=6)  # a daily window is asked about no later than this after its end
ANSWER_WITHIN = timedelta(minutes=30)  # how long a daily check waits for its answer
CALL_WITHIN = timedelta(hours=4)  # a planned welfare call is made within this, or it becomes an incident
LONGEST_OUT_OF_BED_MIN = 240  # beyond that it is a night spent elsewhere
LOOK_FOR_WATER = timedelta(minutes=30)  # a meter is read as often
DAY = timedelta(days=1)

_MOVES = frozenset({Kind.ACTIVITY, Kind.DOOR, Kind.BED_EXIT, Kind.WANDER})
_BOTH_WAYS = frozenset({Kind.DOOR, Kind.BED_EXIT})  # somebody shuts a door, and lies down again
_BY_HAND = frozenset({Kind.SOS, Kind.REQUEST, Kind.TEST, Kind.CANCEL})
_BUTTONS = frozenset({Role.HELP_BUTTON, Role.SERVICE_BUTTON})


# ---- signs of life ----


@dataclass(frozen=True, slots=True)
class Sign:
    """Somebody lives there: `by_hand` when it was meant, as a press is. `said` is the kind/state."""

    at: datetime
    by_hand: bool
    said: str


def sign_of_life(signal: Signal, role: Role | None) -> Sign | None:
    """What `signal`, of a device enrolled as `role`, says about somebody being alive; None: nothing.

    A heartbeat is the device's life, not hers; a smoke detector tests itself; old data says nothing of now.
    """
    if signal.is_old or signal.suspected or role is None:
        return None
    said = f"{signal.kind}/{signal.state}"
    if signal.kind in _BY_HAND and signal.state is State.ACTIVE and role in _BUTTONS:
        return Sign(signal.received_at, True, said)
    if signal.kind in _MOVES and (signal.state is State.ACTIVE or signal.kind in _BOTH_WAYS):
        return Sign(signal.received_at, False, said)
    return None


# ---- what a home is watched for ----


@dataclass(frozen=True, slots=True)
class Hours:
    """A stretch of every day, in minutes of the local day; `until` may pass midnight (up to 24 h long)."""

    starts: int
    ends: int

    def __post_init__(self) -> None:
        if not (0 <= self.starts < 1440 and self.starts < self.ends <= self.starts + 1440):
            raise ValueError(f"hours begin within a day and last at most one: {self.starts}..{self.ends}")

    def on(self, day: date, zone: tzinfo) -> tuple[datetime, datetime]:
        """From when until when, on the day on which they begin."""
        return at_minute(day, self.starts, zone), at_minute(day, self.ends, zone)


def at_minute(day: date, minute: int, zone: tzinfo) -> datetime:
    """The moment at which the local clock shows `minute` (0 to 2880) of `day`."""
    day += timedelta(days=minute // 1440)
    return datetime.combine(day, time(minute % 1440 // 60, minute % 60), zone)


@dataclass(frozen=True, slots=True)
class Preset:
    """How long a silence is too long. `title` in two languages; `source` says who found the figure.

    The silence is counted from the last sign of life, or, with `within_hours`, from the beginning of the
    hours if that is later. It is acted upon within `hours` only: not at night unless they say so.
    """

    name: str
    title: tuple[str, str]
    source: str
    after: timedelta
    hours: Hours
    within_hours: bool = False
    wait: timedelta = timedelta(minutes=30)  # for the answer to the gentle check
    kind: Kind = Kind.INACTIVITY
    rooms: frozenset[str] = frozenset()  # only when the last sign came from a device labelled so
    last_said: frozenset[str] = frozenset()  # only when it was one of these: bed_exit/clear is "lies in bed"
    eyes: frozenset[Role] = frozenset()  # the roles that can see what the preset is about
    blind_after: timedelta = timedelta(hours=25)  # a device not heard for so long sees nothing
    litres: float | None = None  # a silence also where less water than this was used

    def __post_init__(self) -> None:
        if not self.eyes:
            raise ValueError(f"preset {self.name!r} has no eyes: name the roles that can see it")
        if min(self.after, self.wait, self.blind_after) <= timedelta(0) or self.after > 7 * DAY:
            raise ValueError(f"preset {self.name!r}: times are more than nothing and at most a week")
        if self.within_hours and self.after >= timedelta(minutes=self.hours.ends - self.hours.starts):
            raise ValueError(f"preset {self.name!r} can never come true within its own hours")

    @property
    def is_about_a_leak(self) -> bool:
        """Not a silence: water that never stops."""
        return self.kind is Kind.LEAK

    @property
    def is_about_a_room(self) -> bool:
        return bool(self.rooms or self.last_said)


@dataclass(frozen=True, slots=True)
class Calls:
    """Planned welfare calls: ISO weekdays and the minute of the local day."""

    days: frozenset[int]
    minute: int

    def __post_init__(self) -> None:
        if not self.days or not self.days <= set(range(1, 8)) or not 0 <= self.minute < 1440:
            raise ValueError("welfare calls need weekdays from 1 to 7 and a time of the day")


@dataclass(frozen=True, slots=True)
class Night:
    """She leaves her bed within `hours` and is not back after `minutes`: then somebody is to look."""

    hours: Hours
    minutes: int

    def __post_init__(self) -> None:
        if not 1 <= self.minutes <= LONGEST_OUT_OF_BED_MIN:
            raise ValueError(f"离床时间1到{LONGEST_OUT_OF_BED_MIN}分钟 1 to {LONGEST_OUT_OF_BED_MIN} minutes")
        if self.minutes >= self.hours.ends - self.hours.starts:
            raise ValueError(
                "离床时间须短于夜间时段 out of bed for longer than the night: it never comes true"
            )


class AwayKind(StrEnum):
    TRIP = "trip"  # nobody at home
    HOSPITAL = "hospital"
    VISITORS = "visitors"  # somebody stays with her: movement says nothing, and she is not alone


@dataclass(frozen=True, slots=True)
class Away:
    """For now silence means nothing, and until when: it ends by itself and says so."""

    kind: AwayKind
    until: datetime


# ---- what is known of a home ----


@dataclass(frozen=True, slots=True)
class Life:
    """The last sign of life, where it came from, and the last one that was meant."""

    at: datetime
    said: str = ""
    room: str = ""  # the label of the device
    by_hand_at: datetime | None = None

    def __post_init__(self) -> None:
        aware(self.at, "at")


@dataclass(frozen=True, slots=True)
class Sensor:
    """A device at home. `offline_at`: since when somebody says that it, or its hub, cannot be heard."""

    role: Role
    seen_at: datetime | None
    offline_at: datetime | None = None


DAILY = "daily"  # why a check was asked, when not by a preset: the daily window,
CALL = "call"  # ... or a planned welfare call
OUT_OF_BED = "out_of_bed"  # why somebody is sent without a question
BED_EMPTY, BED_TAKEN = (f"{Kind.BED_EXIT}/{state}" for state in (State.ACTIVE, State.CLEAR))


@dataclass(frozen=True, slots=True)
class Check:
    """A gentle question that is waiting for its answer, or a call that is to be made (`why` is CALL)."""

    id: int
    why: str  # a preset's name, DAILY or CALL
    asked_at: datetime
    until: datetime
    wants_help: bool = False  # the answer was: I am not well
    is_lost: bool = False  # the text could not be delivered


@dataclass(frozen=True, slots=True)
class Gap:
    """From when until when nobody here listened: we were off, or the clock was set forward."""

    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Watched:
    """One watched home as the rule sees it."""

    household_id: int
    since: datetime  # watching began, or began again
    presets: tuple[Preset, ...] = ()
    unknown: tuple[str, ...] = ()  # presets that were chosen and are not known any more
    daily: Hours | None = None
    calls: Calls | None = None
    night: Night | None = None
    away: Away | None = None
    life: Life | None = None
    sensors: tuple[Sensor, ...] = ()
    check: Check | None = None  # the question that is open
    call: Check | None = None  # the call that is to be made
    case_open: bool = False  # people are busy with this home already
    handled_at: datetime | None = None  # when they last were: somebody has seen her
    blind: frozenset[str] = frozenset()  # presets of which it was said that nothing can see them
    not_before: datetime | None = None  # nothing is asked before: sensors have just come back
    daily_asked_at: datetime | None = None
    called_at: datetime | None = None  # the planned moment of the last welfare call
    gaps: tuple[Gap, ...] = ()
    left_bed: tuple[datetime, ...] = ()  # since when each bed is empty
    water: Usage | None = None


class Act(StrEnum):
    WAIT = "wait"
    ASK = "ask"  # one gentle check; also the next person, when the first text was lost
    CLEAR = "clear"  # the open question needs no answer any more
    RAISE = "raise"  # open an incident
    BLIND = "blind"  # silence means nothing here: a device matter
    SIGHT = "sight"  # the sensors are back
    BACK = "back"  # a trip, a stay or a visit has ended
    CALL = "call"  # a welfare call is due


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to do, and when to look again at the latest. `since` is when the silence began."""

    look_at: datetime
    act: Act = Act.WAIT
    why: str = ""
    since: datetime | None = None
    wait: timedelta = timedelta(0)
    kind: Kind = Kind.INACTIVITY


def is_greeting(daily: Hours, well_at: datetime | None, at: datetime, zone: tzinfo) -> bool:
    """Whether a press of the green button at `at` says "I am well", and is no wish.

    The first in the window is; whoever presses again wants something. `well_at`: when she last said so.
    """
    today = at.astimezone(zone).date()
    for day in (today - DAY, today, today + DAY):
        begins, ends = daily.on(day, zone)
        if begins - EARLY <= at < ends:
            return well_at is None or well_at < begins - EARLY
    return False


# ---- the rule ----


def look(home: Watched, now: datetime, zone: tzinfo) -> Finding:
    """What to do about `home` at `now`. Doing it and asking again goes on until the answer is to wait."""
    return _Look(home, now, zone).finding()


def listened_since(moment: datetime, gaps: Iterable[Gap], now: datetime) -> datetime:
    """`moment`, moved on by what was not listened to after it: a silence nobody could hear is none."""
    lost = timedelta(0)
    for gap in gaps:
        lost += max(timedelta(0), min(gap.end, now) - max(gap.start, moment))
    return moment + lost


@dataclass(slots=True)
class _Look:
    home: Watched
    now: datetime
    zone: tzinfo
    wishes: list[datetime] = field(default_factory=list)

    def finding(self) -> Finding:
        home, now = self.home, self.now
        if home.away is not None and home.away.until <= now:
            return Finding(now, Act.BACK, home.away.kind.value)
        if home.check is not None and (done := self._answered(home.check)):
            return done
        if home.call is not None and (done := self._called(home.call)):
            return done
        if home.case_open:
            return Finding(now + LOOK_WHILE_CASE)
        if leak := self._leak():  # also while nobody is at home
            return leak
        if home.away is not None:
            return Finding(min([home.away.until, now + LOOK_AT_LEAST, *self.wishes]))
        return (
            self._planned()
            or self._out_of_bed()
            or self._silence()
            or Finding(min([*self.wishes, now + LOOK_AT_LEAST]))
        )

    def _answered(self, check: Check) -> Finding | None:
        """What the open question leads to now; None while it waits."""
        home, now = self.home, self.now
        if check.wants_help:  # also into a case that is open: whoever has it must know
            return Finding(now, Act.RAISE, check.why, check.asked_at)
        if home.case_open or home.away is not None or self._lives_since(check.asked_at):
            return Finding(now, Act.CLEAR, check.why)
        if check.is_lost:  # the next one; when nobody is left, the wait is over
            return Finding(now, Act.ASK, check.why, check.asked_at, check.until - check.asked_at)
        until = check.until + (self._heard(check.asked_at) - check.asked_at)
        if until <= now:
            return Finding(now, Act.RAISE, check.why, check.asked_at)
        self.wishes.append(min(until, now + LOOK_WHILE_ASKED))
        return None

    def _called(self, call: Check) -> Finding | None:
        """What becomes of the call that is to be made; None while it may still be made."""
        home, now = self.home, self.now
        if call.wants_help:
            return Finding(now, Act.RAISE, CALL, call.asked_at)
        if home.away is not None or (home.handled_at is not None and home.handled_at > call.asked_at):
            return Finding(now, Act.CLEAR, CALL)
        if call.until <= now and not home.case_open:
            return Finding(now, Act.RAISE, CALL, call.asked_at)
        return None

    def _planned(self) -> Finding | None:
        """Welfare calls and the daily window."""
        home, now = self.home, self.now
        if home.call is not None:
            self.wishes.append(home.call.until)
        elif home.calls is not None:
            due = next(self._call_times(home.calls), now + LOOK_AT_LEAST)
            if due <= now:
                return Finding(now, Act.CALL, CALL, due, CALL_WITHIN)
            self.wishes.append(due)
        if home.daily is not None and home.check is None:
            due, begins = next(self._daily_times(home.daily), (now + LOOK_AT_LEAST, now))
            if due <= now:
                return Finding(now, Act.ASK, DAILY, begins, ANSWER_WITHIN)
            self.wishes.append(due)
        return None

    def _out_of_bed(self) -> Finding | None:
        """Who left her bed at night and did not come back, also when somebody moves elsewhere in the home.

        Who was not in bed when the night began is not meant, nor who gets up for the day.
        """
        home, now, night = self.home, self.now, self.home.night
        if night is None:
            return None
        for since in home.left_bed:
            if home.handled_at is not None and home.handled_at >= since:
                continue  # people have been there
            for begins, ends in (night.hours.on(day, self.zone) for day in self._days(since - DAY)):
                if begins > since:
                    break
                due = self._heard(since) + timedelta(minutes=night.minutes)
                if since >= ends or due >= ends or now >= due + LATE:
                    continue
                if due <= now:
                    return Finding(now, Act.RAISE, OUT_OF_BED, since, kind=Kind.BED_EXIT)
                self.wishes.append(due)
        return None

    def _call_times(self, calls: Calls) -> Iterator[datetime]:
        after = max(self.home.since, self.home.called_at or self.home.since)
        for day in self._days(max(after, self.now - DAY)):
            due = at_minute(day, calls.minute, self.zone)
            if day.isoweekday() in calls.days and due > after:
                yield due

    def _daily_times(self, daily: Hours) -> Iterator[tuple[datetime, datetime]]:
        """When the windows end in which she has not said that she is well, and when they began."""
        home = self.home
        well_at = home.life.by_hand_at if home.life is not None else None
        for day in self._days(self.now - DAY):
            begins, ends = daily.on(day, self.zone)
            ends += self._heard(begins) - begins
            done = (well_at, home.handled_at, home.daily_asked_at)
            if ends + LATE <= self.now or home.since > begins:
                continue
            if not any(at is not None and at >= begins - EARLY for at in done):
                yield max(ends, home.not_before or ends), begins

    def _leak(self) -> Finding | None:
        """Water that was used in every half hour for too long. Nobody is asked: somebody goes."""
        home, now = self.home, self.now
        flows = home.water.flowing_since() if home.water is not None else None
        if flows is None or home.water is None or home.water.read_at is None:
            return None
        since = max(flows, home.handled_at or flows)
        for preset in home.presets:
            if preset.is_about_a_leak:
                due = next(self._due(preset, since), now + LOOK_AT_LEAST)
                if due <= now and home.water.read_at - since >= preset.after:
                    return Finding(now, Act.RAISE, preset.name, since, kind=Kind.LEAK)
                self.wishes.append(max(due, now + LOOK_FOR_WATER))
        return None

    def _silence(self) -> Finding | None:
        home, now = self.home, self.now
        for name in home.unknown:
            if name not in home.blind:  # somebody must know that nobody watches for this
                return Finding(now, Act.BLIND, name)
        for preset in home.presets:
            if preset.name in home.blind and self._sees(preset):
                return Finding(now, Act.SIGHT, preset.name)
        if home.check is not None:
            return None
        for preset in home.presets:
            if preset.is_about_a_leak:
                continue
            if preset.is_about_a_room and not self._was_there(preset):
                self.wishes.append(now + LOOK_FOR_ROOM)
                continue
            due = next(self._due(preset, self._silent_for(preset)), now + LOOK_AT_LEAST)
            if due > now:
                self.wishes.append(due)
            elif self._sees(preset) and not self._was_read(preset, due):
                self.wishes.append(now + LOOK_FOR_WATER)
            elif self._sees(preset):
                return Finding(now, Act.ASK, preset.name, self._silent_since(), preset.wait, preset.kind)
            elif preset.name not in home.blind:
                return Finding(now, Act.BLIND, preset.name, self._silent_since())
            else:
                self.wishes.append(now + LOOK_WHILE_BLIND)
        return None

    def _due(self, preset: Preset, silent: datetime) -> Iterator[datetime]:
        """The moments, from now on or just before, at which the silence is too long and may be acted upon."""
        for begins, ends in self._hours(preset):
            start = max(silent, begins) if preset.within_hours else silent
            due = max(start + preset.after, begins, self.home.not_before or begins)
            if due < ends:
                yield due

    def _hours(self, preset: Preset) -> Iterator[tuple[datetime, datetime]]:
        """The hours of the preset, each day, that are not over yet."""
        for day in self._days(self.now - DAY):
            begins, ends = preset.hours.on(day, self.zone)
            if self.now < ends:
                yield begins, ends

    def _was_read(self, preset: Preset, due: datetime) -> bool:
        """Whether the meter has been read late enough to say that nothing was used until `due`."""
        if preset.litres is None or self.home.water is None:
            return preset.litres is None
        read_at = self.home.water.read_at
        return read_at is not None and read_at > due - HALF_HOUR

    def _was_there(self, preset: Preset) -> bool:
        life = self.home.life
        return life is not None and (life.room in preset.rooms or life.said in preset.last_said)

    def _sees(self, preset: Preset) -> bool:
        """Whether any device that could have seen somebody was there to see; a meter, when it was read."""
        if preset.litres is not None:
            read_at = self.home.water.read_at if self.home.water is not None else None
            return read_at is not None and self._heard(read_at) > self.now - preset.blind_after
        return any(self._is_awake(one, preset) for one in self.home.sensors if one.role in preset.eyes)

    def _is_awake(self, sensor: Sensor, preset: Preset) -> bool:
        if sensor.seen_at is None or (sensor.offline_at is not None and sensor.seen_at <= sensor.offline_at):
            return False
        return self._heard(sensor.seen_at) > self.now - preset.blind_after

    def _silent_since(self) -> datetime:
        life, handled_at = self.home.life, self.home.handled_at
        known = (self.home.since, life.at if life is not None else None, handled_at)
        return max(moment for moment in known if moment is not None)

    def _silent_for(self, preset: Preset) -> datetime:
        """Since when the preset counts: nobody was heard, and its meter did not run."""
        silent = self._heard(self._silent_since())
        if preset.litres is None or self.home.water is None:
            return silent
        return max(silent, self.home.water.less_than_since(preset.litres) or silent)

    def _lives_since(self, moment: datetime) -> bool:
        return self.home.life is not None and self.home.life.at > moment

    def _heard(self, moment: datetime) -> datetime:
        return listened_since(moment, self.home.gaps, self.now)

    def _days(self, first: datetime) -> Iterator[date]:
        """The local days from that of `first` on. They end: a rule that found nothing by then never would."""
        day = first.astimezone(self.zone).date()
        return (day + timedelta(days=more) for more in range(30))
