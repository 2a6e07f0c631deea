"""A machine's clock jumps, as clocks do when somebody corrects them: nobody is told later for it."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import select

from community.storage import Store
from community.storage.tables import incident, offer
from devices.signal import Kind
from dispatcher.channels import TryLater
from dispatcher.courier import LEASE
from dispatcher.model import Entry, OfferState
from dispatcher.steps import LEAST, SetBack
from dispatcher.storage import outbox, steps
from tests.town import Town

JUMPS = [timedelta(hours=hours) for hours in (-24, -1, 1, 24)]


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_the_next_rung_comes_no_later_when_the_clock_jumps(town: Town, jump: timedelta) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    for number in range(1, 6):
        town.responder(f"网格员{number}", metres=100 * number)
    town.press("王秀英")
    town.pass_time(seconds=55)
    assert town.heard("邻居") == []

    town.time += jump
    town.pass_time(seconds=7)  # the rung was due five seconds after the jump

    assert len(town.heard("邻居")) == 1
    assert town.asked("王秀英")["网格员3"] is OfferState.ASKED


@pytest.mark.parametrize("jump", JUMPS[:2], ids=str)
def test_a_clock_that_was_set_back_does_not_restart_the_ladder(town: Town, jump: timedelta) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    town.pass_time(seconds=55)
    town.time += jump

    town.pass_time(minutes=10)

    # at once, on the last rung's repeats six and nine minutes after the rung that came with the jump's moment
    assert [len(town.heard(who)) for who in ("女儿", "儿子", "邻居")] == [3, 3, 3]


@pytest.mark.parametrize("jump", JUMPS[:2], ids=str)
def test_who_has_declined_is_not_asked_again_for_a_clock_that_was_set_back(
    town: Town, jump: timedelta
) -> None:
    _declined_before_a_step(town)
    town.time += jump
    town.pass_time(seconds=20)

    assert len(town.heard("网格员1")) == 1
    assert town.asked("王秀英")["网格员1"] is OfferState.DECLINED
    assert town.asked("王秀英")["网格员4"] is OfferState.ASKED, "the next rung has come"


def _declined_before_a_step(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    for number in range(1, 6):
        town.responder(f"网格员{number}", metres=100 * number)
    town.press("王秀英")
    town.pass_time(seconds=10)
    town.answer("网格员1", "2")
    town.pass_time(seconds=45)
    assert "网格员4" not in town.asked("王秀英")


@pytest.mark.parametrize("jump", JUMPS, ids=str)
def test_a_worker_who_accepted_and_does_not_come_is_replaced_whatever_the_clock_says(
    town: Town, jump: timedelta
) -> None:
    town.resident("王秀英")
    town.responder("网格员1", metres=250)
    town.responder("网格员2", metres=300)
    town.responder("网格员3", metres=900)
    town.press("王秀英")
    town.answer("网格员1", "1")  # two minutes away, five minutes' grace
    town.answer("网格员2", "2")
    town.time += jump

    town.pass_time(minutes=7, seconds=1)

    assert town.asked("王秀英")["网格员3"] is OfferState.ASKED


@pytest.mark.parametrize("jump", JUMPS[:2], ids=str)
def test_a_text_that_is_to_be_tried_again_does_not_wait_for_the_clock(town: Town, jump: timedelta) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.phones.trouble[town.people["女儿"]] = TryLater("HTTP 503")
    town.press("王秀英")
    town.phones.trouble.clear()
    town.time += jump

    town.pass_time(seconds=3)

    assert len(town.heard("女儿")) == 1


# ---- a step that is too small to be seen in the store: a dispatcher has a steady clock beside it ----


class Steady:
    """A dispatcher's steady clock, which goes on while somebody sets the town's; `more` run beside it."""

    def __init__(self, town: Town, more: int = 0) -> None:
        self._town = town
        self._off = timedelta(0)
        self._began = town.time
        self._dispatchers = [SetBack(town.store, "hall") for _ in range(1 + more)]
        town.also = lambda _: self.look()

    def look(self) -> int:
        seconds = (self._town.time - self._off - self._began).total_seconds()
        return sum(dispatcher.turn(self._town.time, seconds) for dispatcher in self._dispatchers)

    def jump(self, by: timedelta) -> None:
        self._town.time += by
        self._off += by


_TIMES = (
    select(
        *(incident.c.due_at, incident.c.ladder_at, incident.c.lease_until),
        *(offer.c.asked_at, offer.c.expires_at, offer.c.eta_at, offer.c.changed_at),
    )
    .join(offer, offer.c.incident_id == incident.c.id)
    .where(offer.c.eta_at.is_not(None))
)
STEPS = [-timedelta(minutes=30), -timedelta(minutes=10), -timedelta(seconds=30)]


@pytest.mark.parametrize("step", STEPS, ids=str)
@pytest.mark.parametrize("beside", [0, 3])
def test_the_next_rung_is_not_late_by_a_small_step_and_comes_once(
    town: Town, step: timedelta, beside: int
) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    for number in range(1, 6):
        town.responder(f"网格员{number}", metres=100 * number)
    steady = Steady(town, beside)
    town.press("王秀英")
    town.pass_time(seconds=55)
    assert town.heard("邻居") == []

    steady.jump(step)
    town.pass_time(seconds=7)  # the rung was due five seconds after the step

    assert len(town.heard("邻居")) == 1
    assert town.asked("王秀英")["网格员3"] is OfferState.ASKED
    said = len(town.detail("王秀英").messages)
    town.pass_time(seconds=20)
    assert len(town.detail("王秀英").messages) == said, "no dispatcher beside it brought another rung"


@pytest.mark.parametrize("unseen_s", [0, 12, 300])
def test_a_step_that_was_noticed_and_then_looked_at_by_nobody_silences_no_case(
    town: Town, unseen_s: int
) -> None:
    _declined_before_a_step(town)
    before = len(town.heard("邻居"))
    town.time -= timedelta(seconds=60)
    with town.store.write() as connection:  # whoever noticed it dies right after
        assert steps.bring_back(connection, town.time, timedelta(seconds=60), LEASE) == 1
    town.time += timedelta(seconds=unseen_s)

    town.pass_time(seconds=6)  # the rung was due five seconds after the step

    assert len(town.heard("邻居")) == before + 1
    assert len(town.heard("网格员1")) == 1
    assert town.asked("王秀英")["网格员1"] is OfferState.DECLINED


def test_a_case_that_was_written_after_the_step_comes_one_rung_sooner_and_no_more(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    said = len(town.heard("邻居"))
    with town.store.write() as connection:
        assert steps.bring_back(connection, town.time, timedelta(minutes=29), LEASE) == 1
    town.pass_time(seconds=1)
    levels = [entry for entry in town.detail("王秀英").timeline if entry.entry is Entry.RUNG]
    assert (said, len(levels)) == (0, 2)


def test_the_times_of_an_acceptance_go_back_with_its_case(town: Town) -> None:
    town.resident("王秀英")
    town.responder("网格员1", metres=250)
    town.responder("网格员2", metres=900)
    town.press("王秀英")
    town.answer("网格员1", "1")
    town.claim("王秀英")
    with town.store.read() as connection:
        before = connection.execute(_TIMES).one()
    back = timedelta(seconds=60)
    town.time -= back
    with town.store.write() as connection:
        steps.bring_back(connection, town.time, back, LEASE)
        after = connection.execute(_TIMES).one()
    assert [was - at for was, at in zip(before, after, strict=True)] == [back] * len(before)


@pytest.mark.parametrize("step", STEPS, ids=str)
def test_a_text_that_is_to_be_tried_again_does_not_wait_for_a_small_step(town: Town, step: timedelta) -> None:
    town.resident("王秀英", contacts=("女儿",))
    steady = Steady(town)
    town.phones.trouble[town.people["女儿"]] = TryLater("HTTP 503", wait_s=40)
    town.press("王秀英")
    town.phones.trouble.clear()
    steady.jump(step)
    town.pass_time(seconds=2)
    assert len(town.heard("女儿")) == 1


def test_what_a_dead_courier_held_is_taken_over_in_time_after_a_small_step(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    steady = Steady(town)
    town.take(town.reading("王秀英", Kind.SOS))
    town.engine.tick(town.time)
    with town.store.write() as connection:
        outbox.take(connection, worker="dead", now=town.time, lease_until=town.time + LEASE, limit=9)
    steady.jump(-timedelta(minutes=4))
    town.pass_time(seconds=LEASE.total_seconds() + 2)
    assert len(town.heard("女儿")) == 1


@pytest.mark.parametrize("step", [timedelta(minutes=10), -LEAST / 2], ids=str)
def test_a_step_forward_or_a_tiny_one_hastens_nothing(store: Store, now: datetime, step: timedelta) -> None:
    dispatcher = SetBack(store, "hall")
    dispatcher.turn(now, 100.0)
    dispatcher.turn(now + step + timedelta(seconds=1), 101.0)
    with store.read() as connection:
        assert connection.exec_driver_sql("SELECT count(*) FROM clock_step").scalar() == 0


def test_two_machines_are_each_put_right_and_a_second_step_is_another(store: Store, now: datetime) -> None:
    back = timedelta(minutes=10)
    with store.write() as connection:
        assert steps.take(connection, "hall", now, back)
        assert not steps.take(connection, "hall", now + timedelta(seconds=2), back + timedelta(seconds=1))
        assert steps.take(connection, "cellar", now, back)
        assert steps.take(connection, "hall", now, 2 * back)
        assert steps.take(connection, "hall", now - back, 2 * back)
