"""What the service desk keeps."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest

from community.errors import Conflict, Invalid, NotFound
from community.model import Call, CallOutcome, CatalogueItem, Order, OrderState, Provider
from community.storage import Store, desk
from tests.community.conftest import SmallStreet


@pytest.fixture
def cleaner(store: Store) -> Provider:
    with store.write() as connection:
        return desk.add_provider(connection, Provider(0, "洁家保洁", "家政", "0546-2223000"))


@pytest.fixture
def cleaning(store: Store, cleaner: Provider) -> CatalogueItem:
    with store.write() as connection:
        return desk.add_item(connection, CatalogueItem(0, cleaner.id, "家政", "日常保洁", "小时", 4000))


@pytest.fixture
def order(store: Store, small: SmallStreet, cleaning: CatalogueItem, now: datetime) -> Order:
    placed = Order(0, small.home.id, cleaning.id, cleaning.provider_id, None, OrderState.PLACED, "", now, now)
    with store.write() as connection:
        return desk.add_order(connection, placed)


def test_the_catalogue_is_read_by_category(store: Store, cleaner: Provider, cleaning: CatalogueItem) -> None:
    with store.read() as connection:
        assert desk.providers(connection) == (cleaner,)
        assert desk.items(connection, "家政") == (cleaning,)
        assert desk.items(connection, "维修") == desk.providers(connection, "维修") == ()
        assert desk.items_by_id(connection, [cleaning.id, 9]) == {cleaning.id: cleaning}
    assert cleaner.phone == "+865462223000"


def test_what_is_no_longer_offered_is_not_shown_but_still_known(
    store: Store, cleaner: Provider, cleaning: CatalogueItem
) -> None:
    with store.write() as connection:
        desk.update_provider(connection, replace(cleaner, active=False))
        assert desk.items(connection) == desk.providers(connection) == ()
        assert desk.items(connection, active_only=False) == (cleaning,)
        desk.update_provider(connection, cleaner)
        desk.update_item(connection, replace(cleaning, active=False))
        assert desk.items(connection) == ()
        assert desk.items_by_id(connection, [cleaning.id])[cleaning.id].name == "日常保洁"


def test_the_catalogue_refuses_what_cannot_be_meant(
    store: Store, cleaner: Provider, cleaning: CatalogueItem
) -> None:
    with store.write() as connection:
        with pytest.raises(Invalid, match="below zero"):
            desk.add_item(connection, replace(cleaning, price_fen=-1))
        with pytest.raises(Invalid, match="needs a name"):
            desk.add_item(connection, replace(cleaning, name=" "))
        with pytest.raises(NotFound, match="no provider 9"):
            desk.update_item(connection, replace(cleaning, provider_id=9))
        with pytest.raises(NotFound, match="no catalogue_item 9"):
            desk.update_item(connection, replace(cleaning, id=9))
        with pytest.raises(Invalid, match="11 digits"):
            desk.add_provider(connection, replace(cleaner, name="另一家", phone="12"))
        with pytest.raises(Invalid, match="name and a category"):
            desk.add_provider(connection, replace(cleaner, category=""))
    with pytest.raises(Conflict, match="already"), store.write() as connection:
        desk.add_provider(connection, cleaner)
    with store.write() as connection:
        other = desk.add_provider(connection, replace(cleaner, name="另一家"))
    with pytest.raises(Conflict, match="another name"), store.write() as connection:
        desk.update_provider(connection, replace(other, name=cleaner.name))


def test_a_call_is_kept_and_its_outcome_told_later(store: Store, small: SmallStreet, now: datetime) -> None:
    with store.write() as connection:
        call = desk.add_call(connection, Call(0, "+8613800000001", now, None, CallOutcome.OPEN))
        settled = desk.settle_call(
            connection, call.id, CallOutcome.INFORMATION, household_id=small.home.id, note="问电费"
        )
        assert desk.call_by_id(connection, call.id) == settled
        assert desk.settle_call(connection, call.id, CallOutcome.ORDER).note == "问电费"
        with pytest.raises(NotFound, match="no call 9"):
            desk.call_by_id(connection, 9)
    assert (settled.household_id, settled.outcome) == (small.home.id, CallOutcome.INFORMATION)


def test_a_call_that_became_an_incident_stays_one(store: Store, now: datetime) -> None:
    with store.write() as connection:
        call = desk.add_call(connection, Call(0, "", now, None, CallOutcome.INCIDENT))
        assert desk.settle_call(connection, call.id, CallOutcome.INFORMATION).outcome is CallOutcome.INCIDENT


def test_calls_are_listed_newest_first_page_by_page(store: Store, small: SmallStreet, now: datetime) -> None:
    with store.write() as connection:
        calls = [
            desk.add_call(
                connection,
                Call(0, "", now + timedelta(minutes=n), small.home.id if n % 2 else None, CallOutcome.OPEN),
            )
            for n in range(5)
        ]
        first = desk.list_calls(connection, limit=3)
        assert [*first, *desk.list_calls(connection, before_id=first[-1].id)] == calls[::-1]
        assert desk.list_calls(connection, household_id=small.home.id) == (calls[3], calls[1])


def test_the_second_of_two_who_move_an_order_is_told(store: Store, order: Order, now: datetime) -> None:
    later = now + timedelta(minutes=5)
    with store.write() as connection:
        assert desk.change_order(connection, order, OrderState.PASSED_ON, "已转", later)
    with store.write() as connection:
        assert not desk.change_order(connection, order, OrderState.CANCELLED, "不要了", later)
        kept = desk.order_by_id(connection, order.id)
    assert (kept.state, kept.note, kept.changed_at) == (OrderState.PASSED_ON, "已转", later)


def test_notes_of_an_order_add_up(store: Store, order: Order, now: datetime) -> None:
    with store.write() as connection:
        desk.change_order(connection, order, OrderState.PASSED_ON, "一", now)
        desk.change_order(connection, desk.order_by_id(connection, order.id), OrderState.TAKEN, " 二 ", now)
        desk.change_order(connection, desk.order_by_id(connection, order.id), OrderState.DONE, "", now)
        assert desk.order_by_id(connection, order.id).note == "一\n二"


def test_orders_are_listed_by_state_home_and_provider(store: Store, order: Order) -> None:
    with store.write() as connection:
        done = desk.add_order(connection, replace(order, state=OrderState.DONE))
        assert desk.list_orders(connection) == (done, order)
        assert desk.list_orders(connection, before_id=done.id) == (order,)
        assert desk.list_orders(connection, limit=1) == (done,)
        assert desk.list_orders(connection, state=OrderState.PLACED) == (order,)
        assert desk.list_orders(connection, household_id=order.household_id + 1) == ()
        assert desk.list_orders(connection, provider_id=order.provider_id) == (done, order)
        with pytest.raises(NotFound, match="no order 99"):
            desk.order_by_id(connection, 99)
