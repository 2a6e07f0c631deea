"""What a dispatcher does beside its looks: one duty that breaks keeps no text from leaving."""

from __future__ import annotations

import threading
from datetime import datetime

from sqlalchemy.exc import OperationalError

from community.storage import Store
from dispatcher.__main__ import run
from dispatcher.bell import LocalBell
from dispatcher.courier import Courier
from dispatcher.duties import AGAIN, Duties, each
from dispatcher.engine import Engine
from dispatcher.model import Lane, MessageState
from tests.dispatcher.backlog import waiting
from tests.dispatcher.test_courier import Clock, Handsets, row
from tests.servers import until
from tests.town import Town


def breaks(_now: datetime) -> int:
    raise OSError("read-only file system")


def test_what_breaks_keeps_nothing_else_from_being_done(now: datetime) -> None:
    duties = Duties(first=lambda _: 1, second=breaks, third=lambda _: 2, fourth=lambda _: None)

    assert duties.turn(now) == 3


def test_what_breaks_again_and_again_is_said_until_it_goes_well(now: datetime) -> None:
    works = True

    def sometimes(_now: datetime) -> int:
        return 0 if works else breaks(now)

    duties = Duties(drills=sometimes, cries=lambda _: 0)
    works = False
    for _ in range(AGAIN - 1):
        duties.turn(now)
    assert duties.ailment() == "", "once may be chance"
    duties.turn(now)
    assert "drills" in duties.ailment()
    assert "cries" not in duties.ailment()
    works = True
    duties.turn(now)
    assert duties.ailment() == ""


def test_while_the_database_is_away_only_one_duty_waits_for_it_and_none_is_left_out(now: datetime) -> None:
    done: list[str] = []

    def waits(_now: datetime) -> int:
        done.append("b")
        raise OperationalError("SELECT 1", {}, OSError("statement timeout"))

    duties = Duties(a=lambda _: done.append("a"), b=waits, c=lambda _: done.append("c"))
    for _ in range(3):
        duties.turn(now)

    assert "".join(done) == "ab" + "cab" + "cab", "also when it is that duty alone that cannot be done"


def test_of_many_things_one_may_break() -> None:
    assert each([4, 0, 2], lambda one: 8 // one, "cannot be divided by") == 2 + 4


def test_texts_leave_and_cases_are_looked_at_while_every_other_duty_breaks(
    store: Store, now: datetime
) -> None:
    town = Town(store, now)
    town.resident("王秀英", contacts=("女儿",))
    waiting(store, now, [("waits", Lane.LAST)])  # it was not born in the hands of this courier
    clock, handsets, stopping, bell = Clock(now), Handsets(), threading.Event(), LocalBell()
    courier = Courier(store, handsets, clock, worker="w", senders=2)
    first, also = Duties(clock=breaks), Duties(lifeline=breaks, own_pulse=breaks)
    loop = threading.Thread(
        target=run, args=(Engine(store, courier), courier, bell, clock, stopping, also.turn, first.turn)
    )
    loop.start()
    try:
        assert until(lambda: row(town, "waits").state is MessageState.DELIVERED)
        assert until(lambda: "lifeline" in also.ailment() and "clock" in first.ailment())
    finally:
        stopping.set()
        bell.ring()
        loop.join()
        courier.close()
