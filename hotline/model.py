"""The words of the service desk, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from community.model import Call, CatalogueItem, HomeRecord, Match, Provider
from dispatcher.views import Card


@dataclass(frozen=True, slots=True)
class Caller:
    """Somebody who may be calling: who it is, the home it is about, and what is open there."""

    match: Match
    home: HomeRecord | None  # None for responders and providers
    incidents: tuple[Card, ...]  # open ones of that home, or those that a responder is asked to


class Advice(StrEnum):
    """What the agent does with a screen pop."""

    KNOWN = "known"  # exactly one person or home: greet by name
    CHOOSE = "choose"  # several: ask which
    SEARCH = "search"  # withheld or unknown: ask for the address and search


@dataclass(frozen=True, slots=True)
class ScreenPop:
    """What is on screen before the agent speaks. Callers with an open incident come first."""

    call: Call
    callers: tuple[Caller, ...]
    advice: Advice


@dataclass(frozen=True, slots=True)
class Ringing:
    """A call that nobody has dealt with yet. `number` is masked; `callers` are all who may be calling."""

    call_id: int
    number: str
    at: datetime
    callers: tuple[Match, ...]


@dataclass(frozen=True, slots=True)
class Offer:
    """A catalogue item with who does it."""

    item: CatalogueItem
    provider: Provider


@dataclass(frozen=True, slots=True)
class Demand:
    """One entry of the library of wishes: what people say, and the names of the services that answer it."""

    says: tuple[str, ...]
    wants: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Suggestion:
    """An offer that answers a wish, with the reason in words an agent can repeat."""

    offer: Offer
    reason: str
