"""What people decide about watched homes: presets that can be seen, trips with an end, welfare calls."""

from __future__ import annotations

import threading
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event, update
from structlog.typing import EventDict

from community.errors import Conflict, Invalid, NotFound
from community.storage.tables import home_watch
from devices.signal import Kind, Role
from dispatcher import views, watching
from dispatcher.absence import AwayKind, Calls, Night
from dispatcher.presets import hours
from dispatcher.rounds import Rounds
from dispatcher.storage import watches
from dispatcher.storage.planbook import Planbook
from dispatcher.storage.watches import CheckState, Choice
from dispatcher.watching import Outcome
from tests.town import Town

KENLI = ZoneInfo("Asia/Shanghai")
DAYS = frozenset(range(1, 8))


def choose(town: Town, name: str, *presets: str, **more: object) -> watching.Status:
    choice = Choice(presets, **more)  # type: ignore[arg-type]
    return watching.choose(town.store, town.homes[name], choice, town.presets, town.operator, town.time)


def calls(town: Town) -> list[watching.CallLine]:
    local = town.time.astimezone(KENLI)
    with town.store.read() as connection:
        return list(watching.calls_of(connection, local.date(), KENLI, town.time))


def called(town: Town, outcome: Outcome, note: str = "") -> None:
    watching.called(town.store, calls(town)[0].check.id, outcome, note, town.operator, town.time)
    town.work()


# ---- presets ----


def test_a_preset_is_chosen_only_where_something_can_see_it(town: Town) -> None:
    town.resident("王秀英")
    with pytest.raises(Invalid, match="no device there can see it"):
        choose(town, "王秀英", "morning")
    town.sensor("王秀英", Role.MOTION_SENSOR)
    with pytest.raises(Invalid, match="no preset evening"):
        choose(town, "王秀英", "evening")
    with pytest.raises(NotFound):
        watching.choose(town.store, 999, Choice(), town.presets, town.operator, town.time)

    with pytest.raises(Invalid, match="whether she is in bed"):
        choose(town, "王秀英", "morning", night=Night(hours(["22:00", "06:00"]), 30))

    seen = choose(town, "王秀英", "morning", daily=hours(["07:00", "09:00"]), calls=Calls(DAYS, 600))

    assert seen.presets == ("morning",)
    assert (seen.daily, seen.call_days, seen.call_minute) == (hours(["07:00", "09:00"]), tuple(DAYS), 600)
    assert (seen.away, seen.blind, seen.checks) == (None, (), ())


def test_what_is_new_begins_with_the_next_window_and_what_was_there_goes_on(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))  # it is 14:05
    choose(town, "王秀英", daily=hours(["08:00", "14:00"]), calls=Calls(DAYS, 14 * 60))
    town.work()
    assert town.heard("女儿") == []
    assert calls(town) == []
    town.pass_time(minutes=24 * 60 - 4)  # 14:01 of the next day; in between something else is changed
    choose(town, "王秀英", daily=hours(["08:00", "14:00"]), calls=Calls(DAYS, 14 * 60))
    town.work()
    assert len(town.heard("女儿")) == 1
    assert len(calls(town)) == 1


def test_a_home_that_is_watched_no_longer_is_asked_nothing(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.sensor("王秀英", Role.MOTION_SENSOR)
    choose(town, "王秀英", "half_day")
    watching.forget(town.store, town.homes["王秀英"], town.operator, town.time)
    town.pass_time(minutes=3 * 24 * 60)
    assert town.cards() == ()
    with pytest.raises(NotFound):
        watching.forget(town.store, town.homes["王秀英"], town.operator, town.time)
    with town.store.read() as connection:
        assert watching.status(connection, town.homes["王秀英"], town.presets, town.time) is None
        with pytest.raises(NotFound):
            watching.status(connection, 404, town.presets, town.time)


# ---- away ----


def test_a_trip_ends_by_itself_and_says_so(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    hall = town.sensor("王秀英", Role.MOTION_SENSOR)
    choose(town, "王秀英", "half_day")
    end = town.time + timedelta(days=2)
    away = watching.leave(
        town.store, town.homes["王秀英"], AwayKind.TRIP, end, town.presets, town.operator, town.time
    )
    assert (away.away, away.away_until) == (AwayKind.TRIP, end)

    town.pass_time(minutes=2 * 24 * 60 - 1)
    assert town.heard("女儿") == []
    town.beat(hall)
    town.pass_time(minutes=1)

    assert town.heard("女儿") == [
        "【2222999】王秀英的外出登记到期了,平安守护已恢复。还要延长请联系服务中心。"
    ]
    town.pass_time(minutes=24 * 60)
    assert "没有动静" in town.heard("女儿")[1]


def test_coming_back_early_begins_the_silence_anew(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    hall = town.sensor("王秀英", Role.MOTION_SENSOR)
    choose(town, "王秀英", "half_day")
    household_id = town.homes["王秀英"]
    end = town.time + timedelta(days=9)
    watching.leave(town.store, household_id, AwayKind.HOSPITAL, end, town.presets, town.operator, town.time)
    town.pass_time(minutes=24 * 60)
    for _ in range(2):
        back = watching.come_back(town.store, household_id, town.presets, town.operator, town.time)
        assert back.away is None
    town.beat(hall)
    town.pass_time(minutes=11 * 60)
    assert town.heard("女儿") == []
    town.pass_time(minutes=10 * 60)  # half a day, and then the morning
    assert "没有动静" in town.heard("女儿")[0]


@pytest.mark.parametrize("ahead", [timedelta(0), timedelta(days=-1), timedelta(days=181)])
def test_the_end_of_a_trip_lies_ahead(town: Town, ahead: timedelta) -> None:
    town.resident("王秀英")
    choose(town, "王秀英")
    with pytest.raises(Invalid, match="the end lies ahead"):
        watching.leave(
            town.store,
            town.homes["王秀英"],
            AwayKind.TRIP,
            town.time + ahead,
            town.presets,
            town.operator,
            town.time,
        )


# ---- I am well ----


@pytest.fixture
def morning(town: Town) -> Town:
    """王秀英 says each day between seven and nine that she is well; it is six in the morning."""
    town.time = datetime(2026, 11, 23, 6, 0, tzinfo=KENLI)
    town.resident("王秀英", contacts=("女儿",))
    town.own_phone("王秀英")
    choose(town, "王秀英", daily=hours(["07:00", "09:00"]))
    town.pass_time(minutes=24 * 60)
    return town


def test_who_presses_in_the_window_is_well(morning: Town) -> None:
    morning.pass_time(minutes=100)
    morning.say("王秀英", Kind.TEST, test=True)
    morning.pass_time(minutes=12 * 60)
    assert morning.heard("王秀英") == []
    assert morning.cards() == ()


def unread(town: Town) -> int:
    with town.store.read() as connection:
        return len(views.unread(connection))


def test_the_green_button_in_the_window_says_i_am_well_once_and_asks_nobody_to_call_back(
    morning: Town,
) -> None:
    green = morning.sensor("王秀英", Role.SERVICE_BUTTON)
    morning.say("王秀英", Kind.REQUEST, device=green)  # six o'clock: early, and well
    assert unread(morning) == 0
    morning.pass_time(minutes=90)
    morning.say("王秀英", Kind.REQUEST, device=green)  # again: she wants something
    assert unread(morning) == 1
    morning.pass_time(minutes=12 * 60)
    assert morning.heard("王秀英") == []
    morning.say("王秀英", Kind.REQUEST, device=green)
    assert unread(morning) == 2


def test_a_green_button_of_a_home_without_a_window_is_a_wish(morning: Town) -> None:
    morning.resident("李大爷")
    green = morning.sensor("李大爷", Role.SERVICE_BUTTON)
    morning.say("李大爷", Kind.REQUEST, device=green)
    assert unread(morning) == 1


def test_who_does_not_is_asked_and_her_answer_is_enough(morning: Town) -> None:
    morning.pass_time(minutes=3 * 60)
    assert morning.heard("王秀英") == [
        "【2222999】王秀英,您今天还好吗?今天还没有报平安。平安请回1,要帮忙请回2。"
    ]
    morning.answer("王秀英", "我很好")
    morning.pass_time(minutes=12 * 60)
    assert morning.cards() == ()
    with morning.store.read() as connection:
        seen = watching.status(connection, morning.homes["王秀英"], morning.presets, morning.time)
    assert [line.state for line in seen.checks] == [CheckState.WELL]
    assert seen.well_at == datetime(2026, 11, 24, 9, 0, tzinfo=KENLI)


def test_who_does_not_answer_either_gets_a_visit(morning: Town) -> None:
    morning.pass_time(minutes=3 * 60 + 30)
    assert morning.card("王秀英").kind is Kind.INACTIVITY
    with morning.store.read() as connection:
        seen = watching.status(connection, morning.homes["王秀英"], morning.presets, morning.time)
    assert [(line.state, line.incident_id) for line in seen.checks] == [
        (CheckState.NO_ANSWER, morning.card("王秀英").id)
    ]


# ---- welfare calls ----


@pytest.fixture
def list_of_calls(town: Town) -> Town:
    """王秀英 is called each day at ten; it is half past nine of the first such day."""
    town.time = datetime(2026, 11, 23, 9, 30, tzinfo=KENLI)
    town.resident("王秀英", contacts=("女儿",))
    choose(town, "王秀英", calls=Calls(DAYS, 10 * 60))
    town.pass_time(minutes=29)
    assert calls(town) == []
    town.pass_time(minutes=1)
    return town


def test_a_call_stands_on_the_list_of_its_day_until_it_was_made(list_of_calls: Town) -> None:
    [line] = calls(list_of_calls)
    assert (line.check.state, line.is_late, line.home.household.id) == (
        CheckState.OPEN,
        False,
        list_of_calls.homes["王秀英"],
    )
    list_of_calls.pass_time(minutes=60)
    assert calls(list_of_calls)[0].is_late
    called(list_of_calls, Outcome.WELL, "说睡得好")
    [line] = calls(list_of_calls)
    assert (line.check.state, line.check.note, line.check.settled_by, line.is_late) == (
        CheckState.WELL,
        "说睡得好",
        list_of_calls.operator.id,
        False,
    )
    list_of_calls.pass_time(minutes=10 * 60)
    assert list_of_calls.cards() == ()
    with list_of_calls.store.read() as connection:
        assert watching.calls_of(connection, date(2026, 11, 24), KENLI, list_of_calls.time) == ()
    with pytest.raises(Conflict):
        watching.called(
            list_of_calls.store, line.check.id, Outcome.WELL, "", list_of_calls.operator, list_of_calls.time
        )


def test_nobody_answers_twice_and_somebody_goes(list_of_calls: Town) -> None:
    called(list_of_calls, Outcome.NO_ANSWER)
    assert list_of_calls.cards() == ()
    assert calls(list_of_calls)[0].check.attempts == 1
    called(list_of_calls, Outcome.NO_ANSWER)
    card = list_of_calls.card("王秀英")
    assert card.kind is Kind.INACTIVITY
    assert calls(list_of_calls)[0].check.incident_id == card.id
    assert "没有打通" in list_of_calls.detail("王秀英").timeline[1].text


def test_she_says_that_she_needs_help(list_of_calls: Town) -> None:
    called(list_of_calls, Outcome.HELP, "头晕")
    assert list_of_calls.card("王秀英").kind is Kind.INACTIVITY
    assert calls(list_of_calls)[0].check.state is CheckState.HELP


def test_a_call_that_nobody_makes_is_not_forgotten(list_of_calls: Town) -> None:
    list_of_calls.pass_time(minutes=4 * 60 - 1)
    assert list_of_calls.cards() == ()
    list_of_calls.pass_time(minutes=1)
    assert list_of_calls.card("王秀英").kind is Kind.INACTIVITY


def test_there_is_no_outcome_for_a_call_that_was_never_planned(town: Town) -> None:
    with pytest.raises(NotFound):
        watching.called(town.store, 99, Outcome.WELL, "", town.operator, town.time)


# ---- many workers, many homes ----


@pytest.mark.parametrize("workers", [2, 4])
def test_any_number_of_workers_ask_each_home_once(town: Town, workers: int) -> None:
    names = [f"老人{n}" for n in range(20)]
    for name in names:
        town.resident(name, contacts=(f"{name}的女儿",))
        town.beat(town.sensor(name, Role.MOTION_SENSOR))
        town.watch(name, "half_day")
    town.pass_time(minutes=16 * 60)  # six in the morning: nobody is asked at night
    town.time += timedelta(hours=1)
    ready = threading.Barrier(workers)

    def go() -> None:
        rounds = Rounds(town.store, Planbook(town.plans), town.presets)
        ready.wait()
        rounds.tick(town.time)

    threads = [threading.Thread(target=go) for _ in range(workers)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    town.work()

    assert [len(town.heard(f"{name}的女儿")) for name in names] == [1] * len(names)
    with town.store.read() as connection:
        assert watches.is_anything_due(connection, town.time) is False


def test_one_home_that_cannot_be_looked_at_does_not_silence_the_others(
    town: Town, logs: list[EventDict]
) -> None:
    for name in ("王秀英", "李大爷"):
        town.resident(name, contacts=(f"{name}的女儿",))
        town.beat(town.sensor(name, Role.MOTION_SENSOR))
        town.watch(name, "half_day")
    with town.store.write() as connection:
        connection.execute(
            update(home_watch)
            .values(call_days="0", call_minute=1)  # there is no such day of the week
            .where(home_watch.c.household_id == town.homes["王秀英"])
        )
    town.pass_time(minutes=17 * 60)
    assert len(town.heard("李大爷的女儿")) == 1
    assert any(entry["event"] == "a watched home cannot be looked at" for entry in logs)
    assert town.card("王秀英").kind is Kind.FAULT  # the desk knows that nobody watches there


def test_a_round_costs_what_is_due_and_not_what_is_watched(town: Town) -> None:
    for n in range(30):
        town.resident(f"老人{n}", contacts=("女儿",))
        town.beat(town.sensor(f"老人{n}", Role.MOTION_SENSOR))
        town.watch(f"老人{n}", "half_day")
    statements: list[str] = []

    @event.listens_for(town.store.engine, "after_cursor_execute")
    def count(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not statement.startswith("BEGIN"):
            statements.append(statement)

    town.rounds.tick(town.time)
    looked = len(statements)
    statements.clear()
    town.rounds.tick(town.time)
    assert len(statements) == 1, statements  # nothing is due: one cheap look
    assert looked < 50, looked
