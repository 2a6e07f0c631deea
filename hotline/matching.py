"""Match a wish in words to what is on offer: the library of wishes against the library of services. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from enum import IntEnum

from hotline.model import Demand, Offer, Suggestion

_SHORTEST = 2  # characters: a single one is in too many names to mean anything


class Closeness(IntEnum):
    """How surely an offer is what was meant; the closest kind of match decides."""

    ALIKE = 1  # shares a piece of its name
    CATEGORY = 2
    DEMAND = 3  # the library of wishes knows it
    NAME = 4


def match(
    wish: str, offers: Iterable[Offer], demands: Sequence[Demand], category: str | None = None
) -> tuple[Suggestion, ...]:
    """The offers that answer `wish`, surest first, then cheapest; each with its reason.

    With a `category` only its offers count, and an empty wish means all of them. A wish that matches nothing
    gives nothing: the agent then browses.
    """
    said = _plain(wish)
    found = []
    for offer in offers:
        if category is not None and offer.item.category != category:
            continue
        best = max(_reasons(said, offer, demands, category), default=None)
        if best is not None:
            (closeness, shared), reason = best
            found.append(
                ((-closeness, -shared, offer.item.price_fen, offer.item.id), Suggestion(offer, reason))
            )
    return tuple(suggestion for _, suggestion in sorted(found, key=lambda each: each[0]))


def _reasons(
    said: str, offer: Offer, demands: Sequence[Demand], category: str | None
) -> Iterator[tuple[tuple[Closeness, int], str]]:
    """Every way in which the offer answers, as ((closeness, how many characters speak for it), reason)."""
    name, of = _plain(offer.item.name), _plain(offer.item.category)
    if not said:
        if category is not None:
            yield (Closeness.CATEGORY, 0), f"属于「{offer.item.category}」"
        return
    if name in said:
        yield (Closeness.NAME, len(name)), f"点名要「{offer.item.name}」"
    for demand in demands:
        if offer.item.name in demand.wants:
            for words in demand.says:
                if _plain(words) in said:
                    yield (Closeness.DEMAND, len(words)), f"说「{words}」的,通常要「{offer.item.name}」"
    if of in said:
        yield (Closeness.CATEGORY, len(of)), f"属于「{offer.item.category}」"
    shared = _longest_shared(said, name)
    if len(shared) >= _SHORTEST:
        yield (Closeness.ALIKE, len(shared)), f"名称里也有「{shared}」"


def _plain(text: str) -> str:
    """Without spaces and punctuation, full-width forms and capitals folded."""
    return "".join(letter for letter in unicodedata.normalize("NFKC", text).casefold() if letter.isalnum())


def _longest_shared(one: str, other: str) -> str:
    pieces = (other[start:end] for start in range(len(other)) for end in range(start + 1, len(other) + 1))
    return max((piece for piece in pieces if piece in one), key=len, default="")
