"""The service catalogue: browse it by category, or ask it in the caller's own words."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from community.errors import NotFound
from community.model import CatalogueItem, Provider
from community.storage import desk
from hotline import matching
from hotline.model import Demand, Offer, Suggestion


@dataclass(frozen=True, slots=True)
class Sheet:
    """A provider with all it offers or has offered."""

    provider: Provider
    items: tuple[CatalogueItem, ...]


_DEMANDS = Path(__file__).with_name("demands.toml")


def offers(connection: Connection, category: str | None = None) -> tuple[Offer, ...]:
    """What can be ordered today, by category, name and price."""
    items = desk.items(connection, category)
    providers = desk.providers_by_id(connection, {item.provider_id for item in items})
    found = [Offer(item, providers[item.provider_id]) for item in items]
    return tuple(
        sorted(
            found, key=lambda each: (each.item.category, each.item.name, each.item.price_fen, each.item.id)
        )
    )


def sheet(connection: Connection, provider_id: int) -> Sheet:
    """One provider, also one that serves no more. NotFound when there is none."""
    provider = desk.providers_by_id(connection, (provider_id,)).get(provider_id)
    if provider is None:
        raise NotFound("no_such_provider", f"there is no provider {provider_id}: choose one of the list")
    items = desk.items(connection, active_only=False)
    return Sheet(provider, tuple(item for item in items if item.provider_id == provider_id))


def keep(connection: Connection, provider: Provider, items: Iterable[CatalogueItem]) -> Sheet:
    """Keep a provider (`id` 0: a new one) with what it offers. Items that are left out are offered no more.

    Nothing is deleted: orders point to it. NotFound: an item that is none of the provider's.
    """
    known: dict[int, CatalogueItem] = {}
    if provider.id:
        before = sheet(connection, provider.id)
        known = {item.id: item for item in before.items}
        kept = desk.update_provider(connection, replace(provider, area_id=before.provider.area_id))
    else:
        kept = desk.add_provider(connection, provider)
    for item in items:
        if not item.id:
            desk.add_item(connection, replace(item, provider_id=kept.id))
        elif known.pop(item.id, None) is not None:
            desk.update_item(connection, item)
        else:
            raise NotFound(
                "no_such_item", f"{item.id} is no item of this provider: leave its id out to add it"
            )
    for item in known.values():
        desk.update_item(connection, replace(item, active=False))
    return sheet(connection, kept.id)


def search(
    connection: Connection, wish: str, category: str | None = None, limit: int = 20
) -> tuple[Suggestion, ...]:
    """At most `limit` offers that answer a wish in words, surest first, each with its reason."""
    return matching.match(wish, offers(connection), demands(), category)[:limit]


@cache
def demands() -> tuple[Demand, ...]:
    """The shipped library of wishes."""
    listed = tomllib.loads(_DEMANDS.read_text(encoding="utf-8"))["demand"]
    return tuple(Demand(tuple(each["says"]), tuple(each["wants"])) for each in listed)
