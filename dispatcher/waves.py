"""Who answers for whom: asking goes in waves, and in each wave the first who accepts is enough. Pure.

A wave is one line of a rung: its `count` nearest are asked at once, and any whom it fits will do. A plan that
wants a worker and the clinic names them in two lines, so that neither silences the other (ADR 0011).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from community.model import HomeRecord, Responder
from dispatcher.model import SENDS, Offer, OfferState, Plan


@dataclass(frozen=True, slots=True)
class Waves:
    """The waves of one case. `people` are those who have an offer in it, by id."""

    plan: Plan
    home: HomeRecord
    people: Mapping[int, Responder]

    def overtaken(self, first: Offer, offers: Collection[Offer]) -> tuple[Offer, ...]:
        """The offers still unanswered that nobody needs any more, now that `first` was accepted."""
        return tuple(
            offer
            for offer in offers
            if offer.state is OfferState.ASKED and offer.id != first.id and self._answers(first, offer)
        )

    def covered_by(self, offer: Offer, offers: Collection[Offer], now: datetime) -> Offer | None:
        """Who comes already, in time, in the place of `offer`; None when its answer is still welcome.

        One who is still being asked is always welcome: an acceptance has withdrawn all that it was enough
        for, so whoever is asked now was asked afterwards, by an operator's hand or because the case has
        grown worse.
        """
        if offer.state is OfferState.ASKED:
            return None
        others = (other for other in offers if other.responder_id != offer.responder_id)
        return next((o for o in others if is_coming(self.plan, o, now) and self._answers(o, offer)), None)

    def _answers(self, first: Offer, offer: Offer) -> bool:
        comes, other = self.people.get(first.responder_id), self.people.get(offer.responder_id)
        return comes is not None and other is not None and suffices(self.plan, self.home, comes, other)


def suffices(plan: Plan, home: HomeRecord, comes: Responder, other: Responder) -> bool:
    """Whether `comes` on the way is enough where `other` was asked.

    It is when every wave that means `other` would have taken `comes` as well: a grid worker is enough for a
    wave of grid workers and volunteers, a volunteer is not enough for one of grid workers alone.
    """
    waves = [tell for tell in plan.tells if tell.whom in SENDS and tell.fits(other, home)]
    if not waves:  # asked by hand: one whom the plan never means
        return comes.kind is other.kind
    return all(tell.fits(comes, home) for tell in waves)


def is_coming(plan: Plan, offer: Offer, now: datetime) -> bool:
    """Whether somebody has accepted and is not late beyond the grace, or is there."""
    if offer.state is OfferState.ARRIVED:
        return True
    return offer.covers and now < late_at(plan, offer)


def late_at(plan: Plan, offer: Offer) -> datetime:
    """When an acceptance has run out: the time of arrival and the plan's grace."""
    eta = offer.eta_at or offer.changed_at or offer.asked_at
    return eta + timedelta(seconds=plan.arrive_grace_s)
