"""What the service desk keeps: providers and their catalogue, calls, orders."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, Select, select, update
from sqlalchemy.exc import IntegrityError

from community import phones
from community.errors import Conflict, Invalid, NotFound
from community.model import Call, CallOutcome, CatalogueItem, Order, OrderState, Provider
from community.storage import tables as t
from community.storage.rows import insert_row, update_row

# ---- providers and the catalogue ----


def providers(
    connection: Connection, category: str | None = None, active_only: bool = True
) -> tuple[Provider, ...]:
    """Providers by id."""
    query = select(t.provider).order_by(t.provider.c.id)
    if category is not None:
        query = query.where(t.provider.c.category == category)
    if active_only:
        query = query.where(t.provider.c.active)
    return tuple(_provider(row) for row in connection.execute(query))


def providers_by_id(connection: Connection, provider_ids: Collection[int]) -> dict[int, Provider]:
    """These providers, active or not."""
    if not provider_ids:
        return {}
    rows = connection.execute(select(t.provider).where(t.provider.c.id.in_(set(provider_ids))))
    return {row.id: _provider(row) for row in rows}


def add_provider(connection: Connection, provider: Provider) -> Provider:
    """Keep a new provider (`id` is ignored). Conflict when the name is taken."""
    row = _provider_row(provider)
    try:
        return replace(provider, id=insert_row(connection, t.provider, row), phone=row["phone"])
    except IntegrityError as error:
        raise Conflict(
            "provider_known", f"{provider.name} is a provider already: change that entry instead"
        ) from error


def update_provider(connection: Connection, provider: Provider) -> Provider:
    """Replace a provider as a whole."""
    row = _provider_row(provider)
    try:
        update_row(connection, t.provider, provider.id, row)
    except IntegrityError as error:
        raise Conflict(
            "provider_known", f"{provider.name} is another provider already: choose another name"
        ) from error
    return replace(provider, phone=row["phone"])


def items(
    connection: Connection, category: str | None = None, active_only: bool = True
) -> tuple[CatalogueItem, ...]:
    """Catalogue items by id; `active_only` also leaves out those of providers who no longer serve."""
    query = select(t.catalogue_item).order_by(t.catalogue_item.c.id)
    if category is not None:
        query = query.where(t.catalogue_item.c.category == category)
    if active_only:
        query = query.join(t.provider, t.provider.c.id == t.catalogue_item.c.provider_id).where(
            t.catalogue_item.c.active, t.provider.c.active
        )
    return tuple(_item(row) for row in connection.execute(query))


def items_by_id(connection: Connection, item_ids: Collection[int]) -> dict[int, CatalogueItem]:
    """These items, active or not."""
    if not item_ids:
        return {}
    rows = connection.execute(select(t.catalogue_item).where(t.catalogue_item.c.id.in_(set(item_ids))))
    return {row.id: _item(row) for row in rows}


def add_item(connection: Connection, item: CatalogueItem) -> CatalogueItem:
    """Keep a new item of an existing provider (`id` is ignored)."""
    return replace(item, id=insert_row(connection, t.catalogue_item, _item_row(connection, item)))


def update_item(connection: Connection, item: CatalogueItem) -> CatalogueItem:
    """Replace an item as a whole. Orders keep pointing to it; take it off the list with `active`."""
    update_row(connection, t.catalogue_item, item.id, _item_row(connection, item))
    return item


# ---- calls ----


def add_call(connection: Connection, call: Call) -> Call:
    """Record a call (`id` is ignored)."""
    row = {
        "number": call.number,
        "at": call.at,
        "household_id": call.household_id,
        "outcome": call.outcome,
        "incident_id": call.incident_id,
        "note": call.note,
    }
    return replace(call, id=insert_row(connection, t.call, row))


def call_by_id(connection: Connection, call_id: int) -> Call:
    """One call. NotFound when there is none."""
    row = connection.execute(select(t.call).where(t.call.c.id == call_id)).first()
    if row is None:
        raise NotFound("no_such_call", f"there is no call {call_id}: choose one from the list")
    return _call(row)


def list_calls(
    connection: Connection, before_id: int | None = None, limit: int = 50, household_id: int | None = None
) -> tuple[Call, ...]:
    """At most `limit` calls, newest first, below `before_id`."""
    query = _newest_first(select(t.call), t.call, before_id, limit)
    if household_id is not None:
        query = query.where(t.call.c.household_id == household_id)
    return tuple(_call(row) for row in connection.execute(query))


def settle_call(
    connection: Connection,
    call_id: int,
    outcome: CallOutcome,
    *,
    household_id: int | None = None,
    incident_id: int | None = None,
    note: str | None = None,
) -> Call:
    """Say what came of a call. What is not given stays; a later outcome never unmakes an incident."""
    present = call_by_id(connection, call_id)
    if present.outcome is CallOutcome.INCIDENT:
        outcome = CallOutcome.INCIDENT
    changes: dict[str, Any] = {"outcome": outcome}
    if household_id is not None:
        changes["household_id"] = household_id
    if incident_id is not None:
        changes["incident_id"] = incident_id
    if note is not None:
        changes["note"] = note
    update_row(connection, t.call, call_id, changes)
    return replace(present, **changes)


# ---- orders ----


def add_order(connection: Connection, order: Order) -> Order:
    """Keep a new order (`id` is ignored)."""
    row = {
        "household_id": order.household_id,
        "item_id": order.item_id,
        "provider_id": order.provider_id,
        "call_id": order.call_id,
        "state": order.state,
        "note": order.note,
        "placed_at": order.placed_at,
        "changed_at": order.changed_at,
    }
    return replace(order, id=insert_row(connection, t.service_order, row))


def order_by_id(connection: Connection, order_id: int) -> Order:
    """One order. NotFound when there is none."""
    row = connection.execute(select(t.service_order).where(t.service_order.c.id == order_id)).first()
    if row is None:
        raise NotFound("no_such_order", f"there is no order {order_id}: choose one from the list")
    return _order(row)


def list_orders(
    connection: Connection,
    before_id: int | None = None,
    limit: int = 50,
    *,
    state: OrderState | None = None,
    household_id: int | None = None,
    provider_id: int | None = None,
) -> tuple[Order, ...]:
    """At most `limit` orders, newest first, below `before_id`."""
    query = _newest_first(select(t.service_order), t.service_order, before_id, limit)
    for column, wanted in (
        (t.service_order.c.state, state),
        (t.service_order.c.household_id, household_id),
        (t.service_order.c.provider_id, provider_id),
    ):
        if wanted is not None:
            query = query.where(column == wanted)
    return tuple(_order(row) for row in connection.execute(query))


def change_order(connection: Connection, order: Order, state: OrderState, note: str, now: datetime) -> bool:
    """Move an order on, unless somebody moved it first: whether it still was in the state of `order`.

    A `note` is added to what is noted already, on a line of its own.
    """
    noted = "\n".join(part for part in (order.note, note.strip()) if part)
    changed = connection.execute(
        update(t.service_order)
        .where(t.service_order.c.id == order.id, t.service_order.c.state == order.state)
        .values(state=state, note=noted, changed_at=now)
    )
    return changed.rowcount == 1


# ---- rows and values ----


def _provider(row: Row[Any]) -> Provider:
    return Provider(
        id=row.id,
        name=row.name,
        category=row.category,
        phone=row.phone,
        area_id=row.area_id,
        active=row.active,
    )


def _provider_row(provider: Provider) -> dict[str, Any]:
    if not provider.name.strip() or not provider.category.strip():
        raise Invalid("no_name", "a provider needs a name and a category")
    try:
        phone = phones.checked(provider.phone)
    except ValueError as error:
        raise Invalid("bad_phone", str(error)) from error
    return {
        "name": provider.name.strip(),
        "category": provider.category.strip(),
        "phone": phone,
        "area_id": provider.area_id,
        "active": provider.active,
    }


def _item(row: Row[Any]) -> CatalogueItem:
    return CatalogueItem(
        id=row.id,
        provider_id=row.provider_id,
        category=row.category,
        name=row.name,
        unit=row.unit,
        price_fen=row.price_fen,
        active=row.active,
    )


def _item_row(connection: Connection, item: CatalogueItem) -> dict[str, Any]:
    if item.price_fen < 0:
        raise Invalid(
            "bad_price", f"a price of {item.price_fen} fen is below zero: write 0 for a free service"
        )
    if not item.name.strip():
        raise Invalid("no_name", "a catalogue item needs a name")
    if item.provider_id not in providers_by_id(connection, (item.provider_id,)):
        raise NotFound("no_such_provider", f"there is no provider {item.provider_id}: choose one that exists")
    return {
        "provider_id": item.provider_id,
        "category": item.category,
        "name": item.name.strip(),
        "unit": item.unit,
        "price_fen": item.price_fen,
        "active": item.active,
    }


def _call(row: Row[Any]) -> Call:
    return Call(
        id=row.id,
        number=row.number,
        at=row.at,
        household_id=row.household_id,
        outcome=CallOutcome(row.outcome),
        incident_id=row.incident_id,
        note=row.note,
    )


def _order(row: Row[Any]) -> Order:
    return Order(
        id=row.id,
        household_id=row.household_id,
        item_id=row.item_id,
        provider_id=row.provider_id,
        call_id=row.call_id,
        state=OrderState(row.state),
        note=row.note,
        placed_at=row.placed_at,
        changed_at=row.changed_at,
    )


def _newest_first(query: Select[Any], table: Any, before_id: int | None, limit: int) -> Select[Any]:
    if before_id is not None:
        query = query.where(table.c.id < before_id)
    return query.order_by(table.c.id.desc()).limit(limit)
