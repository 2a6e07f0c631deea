"""Once a week, by day, to each relative who wants it: how often there was an alarm, and whether all works."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select, update

from community.errors import Conflict
from community.model import Topic, Way
from community.storage import Store, consent, register
from community.storage.tables import device, message, weekly
from devices.signal import Kind
from dispatcher import views
from dispatcher.channels import TryLater
from dispatcher.model import CloseCode, Lane, MessageState, Purpose
from dispatcher.summaries import Summaries
from tests.town import Town

WANTED = "【2222999】已开通周报,每周末告诉您家里的报警、测试和设备情况。退订回“退订周报”。"
STOPPED = "【2222999】已退订周报,报警时仍会发短信给您。恢复请回“周报”。"
QUIET = "【2222999】王秀英家近一周:报警0次,测试0次,设备正常。退订回“退订周报”。"


@pytest.fixture
def monday(store: Store) -> Town:
    """00:10 on Monday 16 November; 王秀英 has a daughter and a son, and her button is heard."""
    town = Town(store, datetime(2026, 11, 15, 16, 10, tzinfo=UTC))
    town.resident("王秀英", contacts=("女儿", "儿子"))
    return town


def through(town: Town, days: float, *workers: Summaries) -> None:
    """Let days pass; the workers look each half hour, and devices say that they live."""
    for _ in range(round(days * 48)):
        for name in town.homes:
            town.beat(f"care:town/{name}")
            town.beat(f"care:town/{name}/smoke")
        for worker in workers:
            worker.turn(town.time)
        town.work()
        town.time += timedelta(minutes=30)


def sent(town: Town, who: str) -> list[str]:
    return [body for body in town.heard(who) if "近一周" in body]


def test_who_asks_for_it_gets_one_each_weekend_by_day_and_nobody_else_does(monday: Town) -> None:
    worker = Summaries(monday.store)
    through(monday, 7, worker)
    assert monday.heard("女儿") == monday.heard("儿子") == []

    monday.answer("女儿", "周报")
    through(monday, 21, worker)

    assert monday.heard("女儿") == [WANTED, QUIET, QUIET, QUIET]
    assert monday.heard("儿子") == []
    with monday.store.read() as connection:
        rows = connection.execute(select(message).where(message.c.purpose == Purpose.WEEKLY.value)).all()
    locals_ = [row.created_at + timedelta(hours=8) for row in rows]
    assert {at.isoweekday() for at in locals_} <= {6, 7}
    assert all(9 <= at.hour < 20 for at in locals_)
    assert {row.lane for row in rows} == {int(Lane.LAST)}
    assert {row.incident_id for row in rows} == {None}


def test_it_counts_what_was_and_a_test_is_no_alarm(monday: Town) -> None:
    monday.answer("女儿", "周报")
    for code in (CloseCode.HELPED, CloseCode.FALSE_PRESS, CloseCode.TEST):
        monday.press("王秀英")
        monday.close("王秀英", code)
    monday.say("王秀英", Kind.TEST)
    through(monday, 7, Summaries(monday.store))

    assert sent(monday, "女儿") == [QUIET.replace("报警0次,测试0次", "报警2次,测试2次")]

    through(monday, 7, Summaries(monday.store))
    assert sent(monday, "女儿")[1:] == [QUIET]  # last week's are not told again


def test_a_device_that_is_not_heard_is_said(monday: Town) -> None:
    monday.answer("女儿", "周报")
    with monday.store.write() as connection:
        register.touch_devices(connection, {"care:town/王秀英": (monday.time, 9)})
        register.touch_devices(connection, {"care:town/王秀英/smoke": (monday.time, None)})
    worker = Summaries(monday.store)
    for _ in range(7 * 48):
        worker.turn(monday.time)
        monday.work()
        monday.time += timedelta(minutes=30)

    assert sent(monday, "女儿") == [QUIET.replace("设备正常", "电池低")]


def test_a_relative_of_two_homes_gets_one_text(monday: Town) -> None:
    second = monday.resident("李建国")
    with monday.store.write() as connection:
        [daughter, _] = register.household_by_id(connection, monday.homes["王秀英"]).contacts
        register.set_contacts(connection, second, [daughter])
    monday.answer("女儿", "周报")
    through(monday, 7, Summaries(monday.store))

    assert sent(monday, "女儿") == [
        "【2222999】近一周:王秀英报警0测试0设备正常;李建国报警0测试0设备正常。退订回“退订周报”。"
    ]


def due_at(town: Town, who: str = "女儿") -> datetime:
    mine = weekly.c.phone == town.people[who]
    with town.store.read() as connection:
        at: datetime = connection.execute(select(weekly.c.due_at).where(mine)).scalar_one()
    return at


def alive(town: Town) -> None:
    for name in town.homes:
        town.beat(f"care:town/{name}")
        town.beat(f"care:town/{name}/smoke")


def test_a_yes_at_the_very_moment_of_a_no_is_refused(monday: Town) -> None:
    """She texts TD while an operator writes down that she wants the weekly text."""
    phone = monday.people["女儿"]
    became: list[str] = []

    def write_it_down() -> None:
        try:
            with monday.store.write() as connection:
                consent.subscribe(connection, phone, monday.time, monday.time, Way.PHONE)
            became.append("wanted")
        except Conflict:
            became.append("refused")

    writing = threading.Thread(target=write_it_down)
    with monday.store.write() as connection:
        consent.withdraw(connection, phone, monday.time)
        writing.start()
        writing.join(0.5)  # it waits for us; who does not has written by now
    writing.join()
    assert became == ["refused"]


def test_a_home_that_cannot_be_read_keeps_no_other_relative_waiting(monday: Town) -> None:
    monday.resident("李建国", contacts=("外甥",))
    for who in ("女儿", "外甥"):
        monday.answer(who, "周报")
    monday.time = max(due_at(monday, "女儿"), due_at(monday, "外甥"))
    alive(monday)
    button = device.c.key == "care:town/王秀英"
    with monday.store.write() as connection:
        role = connection.execute(select(device.c.role).where(button)).scalar_one()
        connection.execute(update(device).where(button).values(role="gizmo"))

    Summaries(monday.store).turn(monday.time)

    with monday.store.write() as connection:
        connection.execute(update(device).where(button).values(role=role))
    monday.work()
    assert sent(monday, "外甥") == [QUIET.replace("王秀英", "李建国")]
    assert sent(monday, "女儿") == []


def test_none_leaves_while_a_case_is_open_and_it_comes_when_that_is_over(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.time = due_at(monday)
    alive(monday)
    monday.press("王秀英")
    worker = Summaries(monday.store)

    worker.turn(monday.time)
    monday.work()
    assert sent(monday, "女儿") == []

    monday.close("王秀英")
    monday.time += timedelta(minutes=2)
    worker.turn(monday.time)
    monday.work()
    assert sent(monday, "女儿") == [QUIET.replace("报警0次", "报警1次")]


def test_one_that_waits_in_the_outbox_is_called_back_when_a_case_is_opened(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.time = due_at(monday)
    worker = Summaries(monday.store)
    worker.turn(monday.time)  # nobody has carried it yet
    monday.phones.trouble[monday.people["女儿"]] = TryLater("busy")
    monday.press("王秀英")
    monday.time += timedelta(minutes=2)

    worker.turn(monday.time)
    monday.phones.trouble.clear()
    monday.pass_time(minutes=10)

    assert sent(monday, "女儿") == []
    assert any("按了紧急按钮" in body for body in monday.heard("女儿"))


def test_one_that_could_not_leave_does_not_come_at_night(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.time = due_at(monday)
    monday.phones.trouble[monday.people["女儿"]] = TryLater("busy")
    worker = Summaries(monday.store)
    worker.turn(monday.time)
    monday.work()
    monday.time += timedelta(hours=12)
    worker.turn(monday.time)
    monday.phones.trouble.clear()
    monday.work()

    assert sent(monday, "女儿") == []


@pytest.mark.parametrize("back", [timedelta(minutes=90), timedelta(days=2), timedelta(days=6)])
def test_neither_two_workers_nor_a_restart_nor_a_clock_that_is_set_back_sends_a_second(
    monday: Town, back: timedelta
) -> None:
    monday.answer("女儿", "周报")
    monday.time = due_at(monday)
    alive(monday)
    for worker in (Summaries(monday.store), Summaries(monday.store)):
        worker.turn(monday.time)
    monday.work()
    assert sent(monday, "女儿") == [QUIET]

    monday.time -= back
    week_ends = datetime(2026, 11, 22, 16, 0, tzinfo=UTC)  # Sunday midnight there
    worker = Summaries(monday.store)
    while monday.time < week_ends:
        worker.turn(monday.time)
        monday.work()
        monday.time += timedelta(minutes=30)
    assert sent(monday, "女儿") == [QUIET]

    through(monday, 7, worker)
    assert sent(monday, "女儿") == [QUIET, QUIET]


def test_asking_again_in_the_same_week_brings_no_second(monday: Town) -> None:
    monday.answer("女儿", "周报")
    through(monday, 6.5, Summaries(monday.store))
    once = len(sent(monday, "女儿"))
    monday.answer("女儿", "退订周报")
    monday.answer("女儿", "周报")
    through(monday, 0.5, Summaries(monday.store))

    assert once <= 1
    assert len(sent(monday, "女儿")) <= 1


def test_who_does_not_want_it_any_more_still_hears_of_alarms(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.answer("女儿", "退订周报")
    through(monday, 14, Summaries(monday.store))
    assert monday.heard("女儿") == [WANTED, STOPPED]

    monday.press("王秀英")
    assert "按了紧急按钮" in monday.heard("女儿")[-1]


def test_one_that_waits_stays_behind_when_she_says_no(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.time = due_at(monday)
    Summaries(monday.store).turn(monday.time)
    monday.answer("女儿", "退订周报")

    assert monday.heard("女儿") == [WANTED, STOPPED]


def test_td_ends_it_too_and_texts_again_do_not_bring_it_back(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.answer("女儿", "TD")
    monday.answer("女儿", "周报")
    assert monday.heard("女儿")[-1] == "【2222999】您已退订全部短信。要收周报,请先回“开通”,再回“周报”。"
    monday.answer("女儿", "开通")
    through(monday, 7, Summaries(monday.store))
    assert sent(monday, "女儿") == []

    with monday.store.read() as connection:
        number = monday.people["女儿"]
        said = consent.history(connection, [number])[number]
    assert [(one.topic, one.wanted, one.way) for one in reversed(said)] == [
        (Topic.WEEKLY, True, Way.TEXT),
        (Topic.TEXTS, False, Way.TEXT),
        (Topic.WEEKLY, False, Way.TEXT),
        (Topic.TEXTS, True, Way.TEXT),
    ]


def test_in_an_open_case_it_is_no_answer_to_the_case(monday: Town) -> None:
    monday.press("王秀英")
    monday.answer("女儿", "周报")

    assert monday.heard("女儿")[-1] == WANTED
    with monday.store.read() as connection:
        [case] = views.board(connection)
        assert views.replies_waiting(connection) == ()
    assert case.answers == ()


def test_who_is_nobodys_relative_is_read_by_an_operator(monday: Town) -> None:
    monday.responder("李强", metres=400)
    monday.press("王秀英")
    monday.answer("李强", "周报")

    with monday.store.read() as connection:
        [line] = views.replies_waiting(connection)
        assert connection.execute(select(weekly)).first() is None
    assert line.body == "周报"


def test_a_number_that_is_nobodys_any_more_gets_none(monday: Town) -> None:
    monday.answer("女儿", "周报")
    with monday.store.write() as connection:
        register.set_contacts(connection, monday.homes["王秀英"], [])
    through(monday, 7, Summaries(monday.store))

    assert monday.heard("女儿") == [WANTED]


def test_what_an_operator_keeps_and_what_she_says_herself_is_told_apart(monday: Town) -> None:
    number = monday.people["女儿"]
    with monday.store.write() as connection:
        consent.restore(connection, number, monday.time, Way.PAPER, monday.operator.id)
        consent.restore(connection, number, monday.time, Way.PAPER, monday.operator.id)
        consent.withdraw(connection, number, monday.time)
        [last, first] = consent.history(connection, [number])[number]

    assert (first.wanted, first.way, first.by) == (True, Way.PAPER, "李值班")
    assert (last.wanted, last.way, last.by) == (False, Way.TEXT, "")


def test_it_is_behind_everything_that_is_urgent(monday: Town) -> None:
    monday.answer("女儿", "周报")
    monday.time = due_at(monday)
    alive(monday)
    Summaries(monday.store).turn(monday.time)
    other = monday.resident("赵玉兰", contacts=("孙子",))
    assert other
    monday.press("赵玉兰")

    order = [taken.purpose for taken in monday.phones.taken]
    assert order.index(Purpose.RAISED) < order.index(Purpose.WEEKLY)
    with monday.store.read() as connection:
        states = connection.execute(
            select(message.c.state).where(message.c.purpose == Purpose.WEEKLY.value)
        ).scalars()
        assert set(states) == {MessageState.DELIVERED.value}
