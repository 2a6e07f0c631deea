"""The engine on a real store: who is broken silences nobody, and two engines never do the same thing."""

from __future__ import annotations

import threading
from collections import Counter
from datetime import datetime, timedelta

import pytest
from sqlalchemy import Connection, event, select, update
from sqlalchemy.exc import OperationalError
from structlog.typing import EventDict

from community.model import Contact
from community.storage import register
from community.storage.tables import incident, message, timeline
from devices.signal import Kind
from dispatcher import intake
from dispatcher.engine import BROKEN_WAIT, GROUP, Engine
from dispatcher.model import CloseCode, Entry, Stage
from dispatcher.storage.casebook import Casebook
from tests.town import Town

NAMES = ("王秀英", "赵玉兰", "孙桂芳")


def pressed(town: Town, *names: str) -> None:
    """Everybody presses at once, and no engine has looked yet."""
    for name in names:
        if name not in town.homes:
            town.resident(name, contacts=(f"{name}的女儿",))
    with town.store.write() as connection:
        readings = [town.reading(name, Kind.SOS) for name in names]
        intake.take(connection, readings, town.plans, town.time)


def due_at(town: Town, name: str) -> datetime | None:
    return town.card(name).due_at


@pytest.mark.parametrize(
    "damage",
    [{"plan": "{half a plan"}, {"plan": "null"}, {"plan": '{"name":"x","rungs":[]}'}],
    ids=["torn", "null", "no rung"],
)
def test_one_broken_plan_does_not_silence_the_others(
    town: Town, damage: dict[str, str], logs: list[EventDict]
) -> None:
    pressed(town, *NAMES)
    broken = town.homes["赵玉兰"]
    with town.store.write() as connection:
        connection.execute(update(incident).where(incident.c.household_id == broken).values(**damage))

    town.work()

    assert len(town.heard("王秀英的女儿")) == len(town.heard("孙桂芳的女儿")) == 1
    assert town.heard("赵玉兰的女儿") == []
    last = town.detail("赵玉兰").timeline[-1]
    assert (last.entry, "立即人工处理" in last.text) == (Entry.DESK, True)
    assert due_at(town, "赵玉兰") == town.time + BROKEN_WAIT
    assert any(entry.get("incident") == town.card("赵玉兰").id for entry in logs)

    town.pass_time(minutes=2)

    desk = [e for e in town.detail("赵玉兰").timeline if e.entry is Entry.DESK]
    assert len(desk) == 5  # it goes on calling for the desk, each half minute
    town.close("赵玉兰")
    assert town.card("赵玉兰").stage is Stage.CLOSED


def test_one_row_that_cannot_even_be_read_does_not_silence_those_after_it(town: Town) -> None:
    pressed(town, *NAMES)
    first = town.homes["王秀英"]
    with town.store.write() as connection:
        connection.execute(update(incident).where(incident.c.household_id == first).values(kind="flood"))

    looked = town.engine.tick(town.time)

    assert looked == 2  # what could not be handled does not count, or the loop would never rest
    with town.store.read() as connection:
        told = set(connection.execute(select(message.c.name)).scalars())
    assert told == {"赵玉兰的女儿赵玉兰的女儿", "孙桂芳的女儿孙桂芳的女儿"}
    with town.store.write() as connection:
        connection.execute(update(incident).where(incident.c.household_id == first).values(kind="sos"))
    town.work()
    assert len(town.heard("王秀英的女儿")) == 1


def test_an_engine_that_was_away_for_an_hour_tells_everybody_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.responder("李强", metres=400)
    town.press("王秀英")
    heard = {who: len(town.heard(who)) for who in ("女儿", "儿子", "邻居", "李强")}

    town.time += timedelta(hours=1)
    town.work()

    assert {who: len(town.heard(who)) - before for who, before in heard.items()} == {
        "女儿": 1,
        "儿子": 1,
        "邻居": 1,
        "李强": 1,
    }


def test_a_due_time_written_by_a_clock_a_day_ahead_is_due_now(town: Town) -> None:
    pressed(town, "王秀英")
    with town.store.write() as connection:
        connection.execute(update(incident).values(due_at=town.time + timedelta(days=1)))

    town.work()

    assert len(town.heard("王秀英的女儿")) == 1


def test_a_closed_case_is_never_looked_at_again(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.close("王秀英", CloseCode.TEST)
    version = town.card("王秀英").version

    town.time += timedelta(days=3)

    assert town.engine.tick(town.time) == 0
    assert town.card("王秀英").version == version


def test_the_words_and_the_people_of_the_register_are_read_again_when_they_change(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")
    town.close("王秀英")
    town.responder("新来的", metres=100)

    town.press("王秀英")

    assert len(town.heard("新来的")) == 1


def test_a_contact_who_changed_her_number_is_told_there(town: Town) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    town.people["新号"] = "+8613811111111"
    with town.store.write() as connection:
        register.set_contacts(connection, home, (Contact(0, home, 1, "女儿", "女儿", "+8613811111111"),))

    town.press("王秀英")

    assert (len(town.heard("女儿")), len(town.heard("新号"))) == (0, 1)


@pytest.mark.parametrize("engines", [2, 4])
def test_any_number_of_engines_step_each_incident_once(town: Town, engines: int) -> None:
    names = [f"老人{n}" for n in range(30)]
    town.responder("李强", metres=400)
    pressed(town, *names)
    ready = threading.Barrier(engines)
    seen: list[int] = []

    def run() -> None:
        engine = Engine(town.store)
        ready.wait()
        seen.append(engine.tick(town.time))

    threads = [threading.Thread(target=run) for _ in range(engines)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(seen) == len(names)
    with town.store.read() as connection:
        keys = list(connection.execute(select(message.c.key)).scalars())
        fired = Counter(
            connection.execute(
                select(timeline.c.incident_id).where(timeline.c.entry == Entry.RUNG.value)
            ).scalars()
        )
        rungs = set(connection.execute(select(incident.c.rung)).scalars())
    assert len(keys) == len(set(keys)) == 2 * len(names)
    assert set(fired.values()) == {1}
    assert rungs == {1}


def test_a_storm_larger_than_a_group_is_looked_at_in_one_tick(town: Town) -> None:
    count = GROUP + 5
    with town.store.write() as connection:
        readings = [town.reading("", Kind.FAULT, device=f"care:town/d{n}") for n in range(count)]
        intake.take(connection, readings, town.plans, town.time)

    assert town.engine.tick(town.time) == count
    assert town.engine.tick(town.time) == 0


def test_whose_plan_has_told_nobody_is_looked_at_before_all_whose_plan_goes_on(town: Town) -> None:
    pressed(town, *(f"住户{number}" for number in range(9)))
    town.work()
    town.time += timedelta(seconds=60)
    pressed(town, "孙桂芳")

    with town.store.write() as connection:
        book = Casebook(connection)
        [first] = book.load_due(town.time, 1)

    assert book.incident(first).household_id == town.homes["孙桂芳"]


def test_a_look_at_one_group_leaves_the_rest_for_the_next(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dispatcher.engine.GROUP", 2)
    pressed(town, *NAMES)

    assert [town.engine.tick(town.time, once=True) for _ in range(3)] == [2, 1, 0]


def test_a_broken_plan_in_a_storm_keeps_the_next_press_waiting_for_one_group_only(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And the group is taken in its order: whoever calls for help before all that is only technical."""
    monkeypatch.setattr("dispatcher.engine.GROUP", 2)
    for name in ("李桂兰", "张玉珍", *NAMES):
        town.resident(name, contacts=(f"{name}的女儿",))
    with town.store.write() as connection:
        weak = [town.reading(name, Kind.LOW_BATTERY) for name in ("李桂兰", "张玉珍")]
        intake.take(connection, weak, town.plans, town.time)
    pressed(town, *NAMES)
    broken = town.homes["王秀英"]
    with town.store.write() as connection:
        connection.execute(update(incident).where(incident.c.household_id == broken).values(plan="null"))

    assert town.engine.tick(town.time, once=True) == 2, "a full group: the loop goes on at once"

    pressing = {name: due_at(town, name) == town.time for name in (*NAMES, "李桂兰", "张玉珍")}
    assert [name for name, waits in pressing.items() if waits] == ["孙桂芳", "李桂兰", "张玉珍"]
    assert town.engine.tick(town.time) == 3


def test_a_lock_that_passes_is_no_fault_of_the_case(town: Town) -> None:
    """Else the first after a lock would be told half a minute later, and the desk of a broken plan."""
    pressed(town, "王秀英")
    refuses = 2  # the group, and then the case alone

    @event.listens_for(town.store.engine, "commit")
    def _(connection: Connection) -> None:
        nonlocal refuses
        if connection.get_execution_options().get("anxin_writes") and refuses:
            refuses -= 1
            raise OperationalError("COMMIT", {}, OSError("database is locked"))

    town.engine.tick(town.time)
    assert refuses == 0
    assert due_at(town, "王秀英") == town.time, "it is still due"

    town.work()

    assert len(town.heard("王秀英的女儿")) == 1
    assert not any("预案无法执行" in entry.text for entry in town.detail("王秀英").timeline)
