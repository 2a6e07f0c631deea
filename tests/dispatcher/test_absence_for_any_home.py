"""Whatever a home is watched for and whatever happens there: never while away, twice, or forgotten."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from devices.signal import Role
from dispatcher.absence import (
    CALL,
    DAILY,
    SETTLE,
    Act,
    Away,
    AwayKind,
    Calls,
    Check,
    Finding,
    Hours,
    Life,
    Sensor,
    Watched,
    look,
)
from dispatcher.meters import Reading, Usage
from dispatcher.presets import SHIPPED, load

KENLI = ZoneInfo("Asia/Shanghai")
PRESETS = load(SHIPPED.read_text("utf-8"))
START = datetime(2026, 11, 20, 9, 0, tzinfo=KENLI)
DAYS = 6

moments = st.integers(1, DAYS * 1440).map(lambda minutes: START + timedelta(minutes=minutes))


@dataclass
class World:
    """Does what the rule says, at the moments it asks for, and remembers it. Sensors always see."""

    home: Watched
    close_after: timedelta
    log: list[tuple[datetime, Act, str]] = field(default_factory=list)
    closes_at: datetime | None = None
    looks: int = 0

    def live(self, events: list[tuple[datetime, str]], end: datetime) -> None:
        now = START
        for at, what in [*sorted(events), (end, "end")]:
            while now < at:
                now = min(self.settle(now), at)
            self.happens(at, what)

    def settle(self, now: datetime) -> datetime:
        """Look until there is nothing to do at `now`; returns when to look again."""
        for _ in range(20):
            if self.closes_at is not None and self.closes_at <= now:
                self.home = replace(self.home, case_open=False, handled_at=self.closes_at)
                self.closes_at = None
            self.looks += 1
            sees = (Role.MOTION_SENSOR, Role.BED_SENSOR, Role.GAS_METER)
            sensors = tuple(Sensor(role, now) for role in sees)
            water = Usage((Reading(START - timedelta(days=1), 7.0), Reading(now, 7.0)))
            self.home = replace(self.home, sensors=sensors, water=water)
            found = look(self.home, now, KENLI)
            if found.act is Act.WAIT:
                assert found.look_at > now
                return min(found.look_at, self.closes_at or found.look_at)
            self.log.append((now, found.act, found.why))
            self.carry_out(found, now)
        raise AssertionError(f"no end of it at {now}: {self.log[-5:]}")

    def carry_out(self, found: Finding, now: datetime) -> None:
        home = self.home
        match found.act:
            case Act.ASK:
                home = replace(home, check=Check(1, found.why, now, now + found.wait))
                if found.why == DAILY:
                    home = replace(home, daily_asked_at=now)
            case Act.CALL:
                home = replace(home, call=Check(2, CALL, now, now + found.wait), called_at=found.since)
            case Act.CLEAR | Act.RAISE:
                home = replace(home, call=None) if found.why == CALL else replace(home, check=None)
                if found.act is Act.RAISE:
                    home = replace(home, case_open=True)
                    self.closes_at = now + self.close_after
            case Act.BACK:
                home = replace(home, away=None, since=now)
            case Act.BLIND:
                home = replace(home, blind=home.blind | {found.why})
            case Act.SIGHT:
                home = replace(home, blind=home.blind - {found.why}, not_before=now + SETTLE)
        self.home = home

    def happens(self, now: datetime, what: str) -> None:
        if what == "life":
            self.log.append((now, Act.WAIT, "life"))
            self.home = replace(self.home, life=Life(now, by_hand_at=now))
        if what == "leaves":
            self.log.append((now, Act.WAIT, "leaves"))
            self.home = replace(self.home, away=Away(AwayKind.HOSPITAL, now + timedelta(hours=30)))


homes = st.builds(
    lambda names, daily, calls: Watched(
        1,
        START - timedelta(days=2),
        tuple(PRESETS[name] for name in sorted(names)),
        daily=Hours(420, 540) if daily else None,
        calls=Calls(frozenset({1, 3, 6}), 600) if calls else None,
        life=Life(START, "activity/active", "客厅"),
    ),
    st.sets(st.sampled_from(sorted(set(PRESETS) - {"bathroom", "bed", "water_runs", "demo"})), min_size=1),
    st.booleans(),
    st.booleans(),
)
lives = st.lists(st.tuples(moments, st.just("life")), max_size=30)
leaves = st.lists(st.tuples(moments, st.just("leaves")), max_size=2)
closings = st.sampled_from([timedelta(minutes=20), timedelta(hours=30)])


@given(homes, lives, leaves, closings)
def test_nobody_is_asked_while_away_nor_twice_for_one_silence(
    home: Watched, signs: list[tuple[datetime, str]], leaves: list[tuple[datetime, str]], close: timedelta
) -> None:
    world = World(home, close)
    world.live(signs + leaves, START + timedelta(days=DAYS))

    away_until = START - timedelta(days=9)
    fresh = True
    for at, act, why in world.log:
        if why == "leaves":
            away_until = at + timedelta(hours=30)
        if act in (Act.ASK, Act.RAISE, Act.CALL):
            assert at >= away_until, f"{act} for {why} at {at}, away until {away_until}"
        if act is Act.ASK and why != DAILY:
            assert fresh, f"asked about one silence twice, at {at}: {world.log}"
            fresh = False
        if why == "life" or act in (Act.RAISE, Act.BACK):  # somebody moved, or somebody went to see
            fresh = True
    assert world.looks < 200 * DAYS


@given(homes, lives, closings, st.integers(0, 2 * 1440))
def test_a_home_that_falls_silent_is_asked_and_then_visited_however_it_lived_before(
    home: Watched, signs: list[tuple[datetime, str]], close: timedelta, quiet_at: int
) -> None:
    falls = START + timedelta(minutes=quiet_at)
    world = World(home, close)
    world.live([(at, what) for at, what in signs if at <= falls], START + timedelta(days=DAYS))

    longest = max(preset.after + preset.wait for preset in home.presets)
    asked = [at for at, act, why in world.log if act is Act.ASK and why != DAILY and at > falls]
    raised = [at for at, act, _ in world.log if act is Act.RAISE and at > falls]
    assert raised, world.log
    # the longest silence, a night in which nobody is asked, and a case that was open until then
    assert raised[0] <= falls + longest + timedelta(hours=26) + close
    if asked:
        assert asked[0] < raised[-1]
