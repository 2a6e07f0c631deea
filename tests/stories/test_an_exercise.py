"""The half-yearly drill: everybody plays, nobody is frightened, and what is real goes its own way."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from community.errors import Conflict, Invalid, NotFound
from community.storage import Store
from devices.signal import Kind
from dispatcher import exercise, exercising, guests, reports, responses, views
from dispatcher.exercise import SAYS
from dispatcher.model import CloseCode, Draft, Incident, Lane, Purpose, Recipient, Stage
from dispatcher.passes import Pass
from tests.town import Town

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.fixture
def town(store: Store) -> Town:
    made = Town(store, START)
    made.resident("王秀英", contacts=("女儿", "邻居"))
    made.responder("李强", metres=200)
    return made


def begin(town: Town, kind: Kind = Kind.SOS) -> Incident:
    home = town.homes["王秀英"]
    begun = exercising.begin(town.store, home, kind, town.operator, town.plans, town.time)
    town.work()
    return begun


def drill(town: Town) -> views.Card:
    return next(card for card in town.cards() if card.exercise)


def test_every_text_of_a_drill_says_so_first_to_its_end(town: Town) -> None:
    begun = begin(town)
    town.answer("李强", "1")
    town.answer("李强", "4")
    responses.claim(town.store, begun.id, town.operator, town.time)
    responses.close(town.store, begun.id, town.operator, CloseCode.TEST, "", town.time)
    town.work()
    assert [len(town.heard(who)) for who in ("女儿", "李强")] == [4, 1]
    said = [body for _, body in town.phones.texts]
    assert all(body.startswith(f"【2222999】{SAYS}") and body.count(SAYS) == 1 for body in said), said
    assert "王秀英10:00按了紧急按钮" in town.heard("女儿")[0]
    assert all(message.variables["who"].startswith("演练") for message in town.phones.taken)
    assert drill(town).stage is Stage.CLOSED


def test_the_plan_climbs_as_for_a_real_call(town: Town) -> None:
    begin(town)
    town.pass_time(minutes=3)
    assert any("能赶到" in text for text in town.heard("邻居"))
    assert drill(town).who == "王秀英"


def test_a_press_during_the_drill_is_a_case_of_its_own_and_says_nothing_of_a_drill(town: Town) -> None:
    begin(town)
    town.answer("李强", "1")
    town.press("王秀英")
    real = town.card("王秀英")
    assert not real.exercise
    assert SAYS not in town.heard("女儿")[-1]
    assert SAYS not in town.heard("李强")[-1]
    assert [card.exercise for card in town.open_cards()] == [False, True]  # what is real comes first
    town.close("王秀英")
    assert drill(town).stage is Stage.COVERED


def test_a_drill_is_in_no_figure_but_its_own(town: Town) -> None:
    begin(town)
    with town.store.read() as connection:
        until = town.time + DAY
        assert views.counters(connection).by_stage[Stage.RAISED] == 0
        assert reports.courses(connection, START - DAY, until) == []
        [course] = reports.drills(connection, START - DAY, until)
    assert (course.kind, course.opened_at) == (Kind.SOS, START)
    town.press("王秀英")
    with town.store.read() as connection:
        [real] = reports.courses(connection, START - DAY, town.time + DAY)
        assert views.counters(connection).by_stage[Stage.RAISED] == 1
    assert real.incident_id != course.incident_id


def test_many_drills_in_a_cell_are_no_storm(town: Town) -> None:
    for number in range(6):
        town.resident(f"老人{number}")
        home = town.homes[f"老人{number}"]
        exercising.begin(town.store, home, Kind.GAS, town.operator, town.plans, town.time)
    town.work()
    assert all(card.exercise for card in town.cards())


def test_who_is_asked_to_many_homes_at_once_gets_the_drill_as_a_text_of_its_own(town: Town) -> None:
    town.bundle_requests()
    for name in ("张三", "李四", "赵五"):
        town.resident(name)
    home = town.homes["王秀英"]
    exercising.begin(town.store, home, Kind.SOS, town.operator, town.plans, town.time)
    town.take(*(town.reading(name, Kind.SOS) for name in ("张三", "李四", "赵五")))
    town.pass_time(seconds=10)
    drills, others = [], []
    for text in town.heard("李强"):
        (drills if SAYS in text else others).append(text)
    assert len(drills) == 1
    assert "王秀英" in drills[0]
    assert others
    assert all("王秀英" not in text for text in others)


def test_the_pages_of_relative_and_worker_say_that_it_is_a_drill(town: Town) -> None:
    begun = begin(town)
    with town.store.read() as connection:
        home = views.detail(connection, begun.id).home
        assert home is not None
        daughter = guests.look(connection, Pass(begun.id, f"contact:{home.contacts[0].id}"), town.time)
        [helper] = drill(town).helpers
        worker = guests.look(connection, Pass(begun.id, f"responder:{helper.responder_id}"), town.time)
    assert daughter.kind[0] == worker.kind[0] == "演练:紧急呼叫"


def test_only_an_emergency_is_drilled_at_a_known_home_and_one_at_a_time(town: Town) -> None:
    begin(town)
    with pytest.raises(Conflict):
        begin(town)
    with pytest.raises(Invalid):
        begin(town, Kind.OFFLINE)
    with pytest.raises(NotFound):
        exercising.begin(town.store, 999, Kind.SOS, town.operator, town.plans, town.time)


def test_a_drill_never_goes_before_what_is_real() -> None:
    draft = Draft("k", Recipient("contact:1", "女儿", "1"), Purpose.RAISED, 1, "【x】好", Lane.FIRST)
    marked = exercise.marked(draft)
    assert (marked.body, marked.lane, marked.variables) == ("【x】这是演练。好", Lane.ORDINARY, {})
    assert exercise.marked(marked) == marked
    assert exercise.marked(Draft("k", draft.to, Purpose.RAISED, 1, "好", Lane.LAST)).lane is Lane.LAST
    assert exercise.household_of(exercise.subject_of(17)) == 17
    assert exercise.household_of("household:17") is None
