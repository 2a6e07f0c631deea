"""Orders: residents order, the community passes on, the unit takes, the member does.

`after` is the rule, a table; the other functions read, ask it, and write in one transaction.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import Connection

from community.errors import Conflict, Invalid, NotFound
from community.model import CallOutcome, HomeRecord, Order, OrderState
from community.storage import Store, desk, register
from hotline.model import Offer


class Step(StrEnum):
    """What may happen to an order."""

    PASS_ON = "pass_on"  # the community tells the provider
    TAKE = "take"  # the provider says yes
    GIVE_BACK = "give_back"  # the provider cannot after all: the community finds another
    FINISH = "finish"
    CANCEL = "cancel"


TABLE: Mapping[tuple[OrderState, Step], OrderState] = {
    (OrderState.PLACED, Step.PASS_ON): OrderState.PASSED_ON,
    (OrderState.PLACED, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.PASSED_ON, Step.TAKE): OrderState.TAKEN,
    (OrderState.PASSED_ON, Step.GIVE_BACK): OrderState.PLACED,
    (OrderState.PASSED_ON, Step.CANCEL): OrderState.CANCELLED,
    (OrderState.TAKEN, Step.FINISH): OrderState.DONE,
    (OrderState.TAKEN, Step.GIVE_BACK): OrderState.PLACED,
    (OrderState.TAKEN, Step.CANCEL): OrderState.CANCELLED,
}
NEEDS_A_REASON = frozenset({Step.GIVE_BACK, Step.CANCEL})


@dataclass(frozen=True, slots=True)
class OrderLine:
    """An order with everything an agent reads aloud, and what can be done with it next."""

    order: Order
    offer: Offer
    home: HomeRecord
    steps: tuple[Step, ...]


def after(state: OrderState, step: Step) -> OrderState | None:
    """The state that `step` leads to; None when it cannot be taken from `state`."""
    return TABLE.get((state, step))


def steps_from(state: OrderState) -> tuple[Step, ...]:
    """What can be done with an order in this state, in the order of a usual day."""
    return tuple(step for step in Step if (state, step) in TABLE)


def place(
    store: Store, household_id: int, item_id: int, note: str, now: datetime, *, call_id: int | None = None
) -> Order:
    """Order a catalogue item for a household; the call it came from gets its outcome.

    NotFound: no such household, item or call. Conflict: the item is not offered any more.
    """
    with store.write() as connection:
        register.household_by_id(connection, household_id)
        item = desk.items_by_id(connection, (item_id,)).get(item_id)
        if item is None:
            raise NotFound(
                "no_such_item", f"there is no catalogue item {item_id}: choose one from the catalogue"
            )
        provider = desk.providers_by_id(connection, (item.provider_id,))[item.provider_id]
        if not (item.active and provider.active):
            raise Conflict(
                "item_not_offered", f"{provider.name} does not offer {item.name} any more: choose another"
            )
        if call_id is not None:
            desk.settle_call(connection, call_id, CallOutcome.ORDER, household_id=household_id)
        return desk.add_order(
            connection,
            Order(
                id=0,
                household_id=household_id,
                item_id=item.id,
                provider_id=provider.id,
                call_id=call_id,
                state=OrderState.PLACED,
                note=note.strip(),
                placed_at=now,
                changed_at=now,
            ),
        )


def advance(store: Store, order_id: int, step: Step, note: str, now: datetime) -> Order:
    """Take one step with an order. A `note` is added; giving back and cancelling need one, as the reason.

    NotFound: no such order. Invalid: the reason is missing. Conflict: not from here, or somebody was faster.
    """
    if step in NEEDS_A_REASON and not note.strip():
        raise Invalid("no_reason", f"{step} needs a reason: say in the note why")
    with store.write() as connection:
        order = desk.order_by_id(connection, order_id)
        state = after(order.state, step)
        if state is None:
            possible = ", ".join(steps_from(order.state)) or "nothing more"
            raise Conflict("step_not_possible", f"the order is {order.state}: possible is {possible}")
        if not desk.change_order(connection, order, state, note, now):
            raise Conflict("order_moved", "somebody else has just changed this order: load it again")
        return desk.order_by_id(connection, order_id)


def lines(
    connection: Connection,
    before_id: int | None = None,
    limit: int = 50,
    *,
    state: OrderState | None = None,
    household_id: int | None = None,
) -> tuple[OrderLine, ...]:
    """At most `limit` orders below `before_id`, newest first, with their homes, items and providers."""
    orders = desk.list_orders(connection, before_id, limit, state=state, household_id=household_id)
    homes = register.homes(connection, {order.household_id for order in orders})
    items = desk.items_by_id(connection, {order.item_id for order in orders})
    providers = desk.providers_by_id(connection, {order.provider_id for order in orders})
    return tuple(
        OrderLine(
            order=order,
            offer=Offer(items[order.item_id], providers[order.provider_id]),
            home=homes[order.household_id],
            steps=steps_from(order.state),
        )
        for order in orders
    )
