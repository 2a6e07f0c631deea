"""The service catalogue: browse it by category, or ask it in the caller's own words."""

from __future__ import annotations

import tomllib
from functools import cache
from pathlib import Path

from sqlalchemy import Connection

from community.storage import desk
from hotline import matching
from hotline.model import Demand, Offer, Suggestion

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
