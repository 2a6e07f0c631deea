"""Once a month each relative gets a short text by day, so that a wrong number is not found at night."""

from __future__ import annotations

import re
import threading
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from community.errors import Conflict, Invalid
from community.model import Contact
from community.storage import Store, register
from community.storage.tables import drill
from dispatcher import safety, views
from dispatcher.channels import Undeliverable
from dispatcher.drills import AT_ONCE, Drills
from dispatcher.reachability import Reached, is_civil, reached
from dispatcher.storage import drills
from tests.town import Town

KENLI = ZoneInfo("Asia/Shanghai")
TEST = "【2222999】这是测试,不是报警。您是王秀英家的联系人。验证码0000。收到请回1。"


@pytest.fixture
def autumn(store: Store) -> Town:
    """00:10 on the first of November; 王秀英 has a daughter and a son."""
    town = Town(store, datetime(2026, 10, 31, 16, 10, tzinfo=UTC))
    town.resident("王秀英", contacts=("女儿", "儿子"))
    return town


def through(town: Town, days: float, worker: Drills) -> None:
    """Let days pass; the worker looks each half hour."""
    for _ in range(round(days * 48)):
        worker.turn(town.time)
        town.work()
        town.time += timedelta(minutes=30)


def shown(town: Town, who: str) -> Reached:
    number = town.people[who]
    with town.store.read() as connection:
        trial = drills.trials(connection, [number]).get(number)
        heard_at = drills.last_heard(connection, [number]).get(number)
    return reached(trial, heard_at, town.time)


def test_each_relative_is_tested_once_a_month_at_a_civil_hour(autumn: Town) -> None:
    worker = Drills(autumn.store, monthly=True)

    through(autumn, 30, worker)
    assert heard(autumn, "女儿") == heard(autumn, "儿子") == [TEST]
    with autumn.store.read() as connection:
        assert all(is_civil(at, KENLI) for at in connection.execute(select(drill.c.asked_at)).scalars())

    through(autumn, 31, worker)
    assert heard(autumn, "女儿") == heard(autumn, "儿子") == [TEST, TEST]


def test_a_new_site_tests_nobody_until_it_is_switched_on(autumn: Town) -> None:
    through(autumn, 3, Drills(autumn.store, monthly=False))

    assert heard(autumn, "女儿") == []


def plain(body: str) -> str:
    """A text with the digits that are of this one test only left out."""
    return re.sub("验证码[0-9]{4}", "验证码0000", body)


def heard(town: Town, who: str) -> list[str]:
    return [plain(body) for body in town.heard(who)]


def code_in(body: str) -> str:
    found = re.search("验证码([0-9]{4})。", body)
    assert found is not None
    return found[1]


def now_tested(town: Town, *who: str) -> None:
    """An operator asks for it, and it is sent at once: also outside the civil hours."""
    with town.store.write() as connection:
        for one in who:
            drills.drill_now(connection, "2026-11", town.people[one], town.time)
    Drills(town.store, monthly=False).turn(town.time)
    town.work()


def test_who_answers_has_proved_it_and_nobody_is_bothered(autumn: Town) -> None:
    now_tested(autumn, "女儿", "儿子")
    assert shown(autumn, "女儿") is Reached.WAITING

    autumn.answer("女儿", "1")
    autumn.answer("儿子", "收到,谢谢")

    assert shown(autumn, "女儿") is shown(autumn, "儿子") is Reached.PROVED
    assert heard(autumn, "女儿") == [TEST]
    with autumn.store.read() as connection:
        assert views.replies_waiting(connection) == ()


def test_who_does_not_answer_and_who_cannot_be_reached_are_told_apart(autumn: Town) -> None:
    autumn.phones.trouble[autumn.people["儿子"]] = Undeliverable("no such number")
    now_tested(autumn, "女儿", "儿子")

    autumn.time += timedelta(days=2)

    assert shown(autumn, "女儿") is Reached.SILENT
    assert shown(autumn, "儿子") is Reached.LOST


def test_what_is_more_than_a_yes_proves_it_too_and_is_read_by_an_operator(autumn: Town) -> None:
    now_tested(autumn, "女儿", "儿子")

    autumn.answer("女儿", "我妈怎么了?")
    autumn.answer("儿子", "【自动回复】我正在开会,稍后回复您")

    assert shown(autumn, "女儿") is Reached.PROVED
    assert shown(autumn, "儿子") is Reached.WAITING
    with autumn.store.read() as connection:
        assert len(views.replies_waiting(connection)) == 2
    assert heard(autumn, "女儿") == [TEST]


def test_an_answer_after_a_press_is_to_the_press(autumn: Town) -> None:
    now_tested(autumn, "女儿")
    autumn.press("王秀英")

    autumn.answer("女儿", "1")

    assert [answer.name for answer in autumn.card("王秀英").answers] == ["女儿女儿"]


def test_nobody_is_tested_while_a_case_asks_her(autumn: Town) -> None:
    autumn.press("王秀英")
    now_tested(autumn, "女儿")
    assert TEST not in heard(autumn, "女儿")

    autumn.close("王秀英")
    autumn.time += timedelta(minutes=1)
    Drills(autumn.store, monthly=False).turn(autumn.time)
    autumn.work()

    assert heard(autumn, "女儿")[-1] == TEST


def test_who_wants_no_texts_gets_no_test(autumn: Town) -> None:
    autumn.answer("女儿", "TD")
    now_tested(autumn, "女儿")
    through(autumn, 30, Drills(autumn.store, monthly=True))

    assert TEST not in heard(autumn, "女儿")
    assert heard(autumn, "儿子") == [TEST]


def test_nobody_waits_for_the_test_of_who_wants_no_texts(autumn: Town) -> None:
    """Else the dispatcher takes the lock for it each two seconds, and the page of the home asks as often."""
    autumn.answer("女儿", "TD")
    home = autumn.homes["王秀英"]
    with autumn.store.read() as connection:
        record = register.household_by_id(connection, home)
    for contact in record.contacts:
        safety.drill_now(autumn.store, home, contact.id, autumn.time)

    with autumn.store.read() as connection:
        record = register.household_by_id(connection, home)
        assert [one.waits for one in safety.proofs(connection, [record], autumn.time)] == [False, True]
    Drills(autumn.store, monthly=False).turn(autumn.time)
    with autumn.store.read() as connection:
        assert not drills.is_any_due(connection, autumn.time)


def test_who_reads_out_the_code_of_the_last_test_has_proved_the_number(autumn: Town) -> None:
    home = autumn.homes["王秀英"]
    with autumn.store.read() as connection:
        daughter, son = register.household_by_id(connection, home).contacts
    with pytest.raises(Conflict):
        safety.verify(autumn.store, home, daughter.id, "0000", autumn.time)
    now_tested(autumn, "女儿", "儿子")
    hers, his = code_in(autumn.heard("女儿")[0]), code_in(autumn.heard("儿子")[0])
    assert hers != his

    for wrong in (his, "0000", f"{int(hers) ^ 1:04d}"):
        with pytest.raises(Invalid):
            safety.verify(autumn.store, home, daughter.id, wrong, autumn.time)
    assert shown(autumn, "女儿") is Reached.WAITING
    safety.verify(autumn.store, home, daughter.id, hers, autumn.time)
    assert shown(autumn, "女儿") is Reached.PROVED

    autumn.answer("儿子", his)  # as good as a 1, and nobody need look at it
    assert shown(autumn, "儿子") is Reached.PROVED
    with autumn.store.read() as connection:
        assert views.replies_waiting(connection) == ()
    autumn.time += timedelta(days=15)
    with pytest.raises(Conflict):
        safety.verify(autumn.store, home, son.id, his, autumn.time)


def test_one_that_is_asked_for_leaves_within_seconds_and_the_others_have_time(autumn: Town) -> None:
    autumn.time = datetime(2026, 11, 2, 2, 0, tzinfo=UTC)  # 10:00 there
    worker = Drills(autumn.store, monthly=False)
    worker.turn(autumn.time)
    with autumn.store.write() as connection:
        drills.drill_now(connection, "2026-11", autumn.people["女儿"], autumn.time)
        drills.plan(connection, "2026-11", lambda _: autumn.time)
    for _ in range(2):
        autumn.time += timedelta(seconds=2)
        worker.turn(autumn.time)
        autumn.work()
    assert (heard(autumn, "女儿"), heard(autumn, "儿子")) == ([TEST], [])

    autumn.time += timedelta(minutes=1)
    worker.turn(autumn.time)
    autumn.work()
    assert heard(autumn, "儿子") == [TEST]


def test_a_number_that_is_nobodys_any_more_is_forgotten(autumn: Town) -> None:
    with autumn.store.write() as connection:
        drills.drill_now(connection, "2026-11", autumn.people["女儿"], autumn.time)
        register.set_contacts(connection, autumn.homes["王秀英"], [])
    Drills(autumn.store, monthly=False).turn(autumn.time)

    with autumn.store.read() as connection:
        assert connection.execute(select(func.count()).select_from(drill)).scalar_one() == 0


def test_two_workers_test_nobody_twice_and_never_many_at_once(autumn: Town) -> None:
    home = autumn.homes["王秀英"]
    numbers = [f"+86137{number:08}" for number in range(AT_ONCE + 5)]
    with autumn.store.write() as connection:
        contacts = [Contact(0, home, 1, f"人{at}", "亲属", number) for at, number in enumerate(numbers)]
        register.set_contacts(connection, home, contacts)
        for number in numbers:
            drills.drill_now(connection, "2026-11", number, autumn.time)
    workers = [Drills(autumn.store, monthly=False) for _ in range(2)]
    ready = threading.Barrier(2)

    def turn(worker: Drills) -> None:
        ready.wait()
        worker.turn(autumn.time)

    threads = [threading.Thread(target=turn, args=(worker,)) for worker in workers]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    autumn.work()

    sent = [phone for phone, body in autumn.phones.texts if plain(body) == TEST]
    assert len(sent) == len(set(sent)) >= AT_ONCE
