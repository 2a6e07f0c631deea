"""The last sign of life, for many homes at once, and that a silence counts only while somebody listens."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from community.storage import Store
from community.storage.tables import home_watch, life
from devices.signal import Kind, Reading, Role, Signal, State
from dispatcher.absence import Gap
from dispatcher.storage import lives, watches
from gateway.supervision import LastLife
from tests.town import Town


def signs(store: Store) -> dict[int, tuple[datetime, str, str, datetime | None]]:
    with store.read() as connection:
        return {
            row.household_id: (row.at, row.source, row.said, row.by_hand_at)
            for row in connection.execute(select(life))
        }


def said(key: str, kind: Kind, at: datetime, **more: object) -> Reading:
    return Reading(signals=(Signal(key, kind, f"{key}#{at}", at, **more),))  # type: ignore[arg-type]


def test_one_statement_writes_the_newest_sign_of_each_home(town: Town, now: datetime) -> None:
    wang, li = town.resident("王秀英"), town.resident("李大爷")
    hall, door = town.sensor("王秀英", Role.MOTION_SENSOR), town.sensor("王秀英", Role.DOOR_SENSOR)
    later = now + timedelta(seconds=1)
    alive = LastLife()
    alive.note(said("care:town/王秀英", Kind.TEST, now, test=True), town)  # she pressed, as was agreed
    alive.note(said(hall, Kind.ACTIVITY, now), town)
    alive.note(said(door, Kind.DOOR, later, state=State.CLEAR), town)
    alive.note(said("care:town/李大爷", Kind.SOS, now), town)
    alive.note(said("care:town/nobody", Kind.ACTIVITY, now), town)
    alive.note(said(hall, Kind.ACTIVITY, later + timedelta(hours=1), retained=True), town)

    assert alive.flush(town.store, now, hears=False) == 4

    assert signs(town.store) == {
        wang: (later, door, "door/clear", now),
        li: (now, "care:town/李大爷", "sos/active", now),
    }
    assert alive.flush(town.store, now, hears=False) == 0


def test_a_movement_does_not_take_away_when_she_last_pressed(town: Town, now: datetime) -> None:
    wang = town.resident("王秀英")
    hall = town.sensor("王秀英", Role.MOTION_SENSOR)
    town.press("王秀英")
    town.time += timedelta(minutes=5)
    town.moves("王秀英", hall)
    assert signs(town.store)[wang] == (town.time, hall, "activity/active", now)


def test_after_the_clock_was_set_back_the_newest_word_still_counts(town: Town, now: datetime) -> None:
    wang = town.resident("王秀英")
    hall = town.sensor("王秀英", Role.MOTION_SENSOR)
    town.moves("王秀英", hall)
    town.time -= timedelta(days=1)
    town.moves("王秀英", hall)
    assert signs(town.store)[wang][0] == now - timedelta(days=1)


# ---- who listens ----


def heard(store: Store, now: datetime, ahead: datetime | None = None) -> datetime | None:
    with store.write() as connection:
        return lives.listening(connection, now, ahead)


def gaps(store: Store, now: datetime) -> tuple[Gap, ...]:
    with store.read() as connection:
        return lives.gaps(connection, now)


def test_while_a_gateway_listens_there_is_no_gap(store: Store, now: datetime) -> None:
    assert gaps(store, now) == ()  # nobody has ever listened: nothing is known of it
    for seconds in range(0, 600, 30):
        heard(store, now + timedelta(seconds=seconds))
    assert gaps(store, now + timedelta(seconds=600)) == ()


def test_what_nobody_heard_is_a_gap_already_before_it_ends(store: Store, now: datetime) -> None:
    heard(store, now)
    assert gaps(store, now + lives.GAP) == ()
    in_it, back = now + timedelta(minutes=20), now + timedelta(minutes=30)
    assert gaps(store, in_it) == (Gap(now, in_it),)
    heard(store, back)
    assert gaps(store, back) == (Gap(now, back),)
    assert gaps(store, back + timedelta(minutes=1)) == (Gap(now, back),)
    heard(store, now + timedelta(days=20))
    assert [gap.start for gap in gaps(store, now + timedelta(days=20))] == [back]  # old ones are forgotten


def test_a_gateway_whose_own_clock_is_slow_moves_nothing(store: Store, now: datetime) -> None:
    heard(store, now)
    slow = now - timedelta(hours=1)
    ahead = heard(store, slow)
    assert ahead == now
    heard(store, now + timedelta(seconds=30))  # another one, whose clock is right
    assert heard(store, slow + timedelta(seconds=30), ahead) == now + timedelta(seconds=30)
    assert gaps(store, now + timedelta(seconds=60)) == ()


@pytest.mark.parametrize("back", [timedelta(hours=1), timedelta(days=1)])
def test_when_all_clocks_are_set_back_every_silence_stays_as_long_as_it_was(
    town: Town, now: datetime, back: timedelta
) -> None:
    wang = town.resident("王秀英")
    hall = town.sensor("王秀英", Role.MOTION_SENSOR)
    town.watch("王秀英", "day")
    town.moves("王秀英", hall)
    heard(town.store, now)
    with town.store.read() as connection:
        look_at = connection.execute(select(home_watch.c.look_at)).scalar_one()

    set_back = now + timedelta(seconds=30) - back
    ahead = heard(town.store, set_back)
    heard(town.store, set_back + timedelta(seconds=30), ahead)

    moved = timedelta(seconds=60) - back  # since the last word that was heard, to half a minute
    assert abs(signs(town.store)[wang][0] - (now + moved)) <= timedelta(seconds=60)
    with town.store.read() as connection:
        [home] = watches.of(connection, [wang], town.presets, now).values()
    assert abs(home.look_at - (look_at + moved)) <= timedelta(seconds=60)


def test_a_gateway_says_twice_a_minute_that_it_listens_and_nothing_while_it_is_cut_off(
    store: Store, now: datetime
) -> None:
    alive = LastLife()
    alive.flush(store, now, hears=True)
    alive.flush(store, now + timedelta(seconds=29), hears=True)
    assert gaps(store, now + timedelta(minutes=6))[0].start == now
    alive.flush(store, now + timedelta(seconds=30), hears=True)
    alive.flush(store, now + timedelta(minutes=3), hears=False)
    assert gaps(store, now + timedelta(minutes=6))[0].start == now + timedelta(seconds=30)
