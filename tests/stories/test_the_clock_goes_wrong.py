"""A machine's clock jumps, as clocks do when somebody corrects them: nobody is told later for it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from dispatcher.channels import TryLater
from dispatcher.model import OfferState
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
