"""Residents order, the community passes on, the unit takes, the member does."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import product

import pytest

from community.errors import Conflict, Invalid, NotFound
from community.model import CallOutcome, OrderState
from community.storage import Store, desk
from hotline import calls, catalogue, orders
from hotline.orders import Step
from tests.hotline.conftest import Desk


def test_an_order_goes_from_wish_to_done(store: Store, town: Desk, now: datetime) -> None:
    call = calls.answer(store, "13800000001", now).call
    with store.read() as connection:
        wish = catalogue.search(connection, "屋子太脏了")[0]
    order = orders.place(store, town.street.home.id, wish.offer.item.id, "周三上午", now, call_id=call.id)
    for minute, step in enumerate((Step.PASS_ON, Step.TAKE, Step.FINISH), start=1):
        order = orders.advance(store, order.id, step, f"{step}", now + timedelta(minutes=minute))
    assert order.state is OrderState.DONE
    assert order.note == "周三上午\npass_on\ntake\nfinish"
    assert (order.placed_at, order.changed_at) == (now, now + timedelta(minutes=3))
    with store.read() as connection:
        settled = desk.call_by_id(connection, call.id)
    assert (settled.outcome, settled.household_id) == (CallOutcome.ORDER, town.street.home.id)


def test_no_order_moves_but_by_the_table() -> None:
    allowed = {
        "placed": {"pass_on": "passed_on", "cancel": "cancelled"},
        "passed_on": {"take": "taken", "give_back": "placed", "cancel": "cancelled"},
        "taken": {"finish": "done", "give_back": "placed", "cancel": "cancelled"},
        "done": {},
        "cancelled": {},
    }
    for state, step in product(OrderState, Step):
        assert orders.after(state, step) == allowed[state].get(step), f"{step} from {state}"
    assert {str(state): {str(step) for step in orders.steps_from(state)} for state in OrderState} == {
        state: set(steps) for state, steps in allowed.items()
    }


def test_a_step_that_is_not_possible_says_which_are(store: Store, town: Desk, now: datetime) -> None:
    order = orders.place(store, town.street.home.id, town.cleaning.id, "", now)
    with pytest.raises(Conflict, match="order is placed: possible is pass_on, cancel"):
        orders.advance(store, order.id, Step.FINISH, "", now)
    orders.advance(store, order.id, Step.CANCEL, "不要了", now)
    with pytest.raises(Conflict, match="nothing more"):
        orders.advance(store, order.id, Step.PASS_ON, "", now)


@pytest.mark.parametrize("step", [Step.CANCEL, Step.GIVE_BACK])
def test_giving_up_needs_a_reason(store: Store, town: Desk, now: datetime, step: Step) -> None:
    order = orders.place(store, town.street.home.id, town.cleaning.id, "", now)
    orders.advance(store, order.id, Step.PASS_ON, "", now)
    with pytest.raises(Invalid, match="needs a reason"):
        orders.advance(store, order.id, step, " ", now)
    assert orders.advance(store, order.id, step, "人手不够", now).note == "人手不够"


def test_what_is_not_there_or_not_offered_cannot_be_ordered(store: Store, town: Desk, now: datetime) -> None:
    home, item = town.street.home.id, town.cleaning.id
    with pytest.raises(NotFound, match="no household 999"):
        orders.place(store, 999, item, "", now)
    with pytest.raises(NotFound, match="no catalogue item 999"):
        orders.place(store, home, 999, "", now)
    with pytest.raises(NotFound, match="no call 999"):
        orders.place(store, home, item, "", now, call_id=999)
    with pytest.raises(NotFound, match="no order 999"):
        orders.advance(store, 999, Step.PASS_ON, "", now)
    with store.write() as connection:
        desk.update_provider(connection, replace(town.cleaner, active=False))
    with pytest.raises(Conflict, match="does not offer"):
        orders.place(store, home, item, "", now)
    with store.read() as connection:
        assert orders.lines(connection) == ()


def test_orders_are_read_with_home_item_and_provider(store: Store, town: Desk, now: datetime) -> None:
    home = town.street.home.id
    first = orders.place(store, home, town.cleaning.id, "", now)
    second = orders.place(store, home, town.lamps.id, "", now)
    with store.read() as connection:
        line, older = orders.lines(connection)
        assert [each.order for each in orders.lines(connection, second.id)] == [first]
        assert [each.order for each in orders.lines(connection, limit=1)] == [second]
        assert orders.lines(connection, state=OrderState.DONE) == ()
        assert orders.lines(connection, household_id=home + 1) == ()
    assert (line.order, older.order) == (second, first)
    assert (line.offer.item, line.offer.provider.name) == (town.lamps, "万家维修服务部")
    assert line.home.residents[0].name == "王秀英"
    assert line.steps == (Step.PASS_ON, Step.CANCEL)


def test_the_catalogue_is_browsed_by_category_and_asked_in_words(store: Store, town: Desk) -> None:
    with store.read() as connection:
        assert [offer.item for offer in catalogue.offers(connection, "家政保洁")] == [town.cleaning]
        assert {offer.item.category for offer in catalogue.offers(connection)} == {"家政保洁", "水电维修"}
        (lamp,) = catalogue.search(connection, "灯泡坏了")
        assert (lamp.offer.item, lamp.offer.provider.name) == (town.lamps, "万家维修服务部")
        assert catalogue.search(connection, "灯泡坏了", "家政保洁") == ()
        assert len(catalogue.search(connection, "日常保洁和灯具更换", limit=1)) == 1
