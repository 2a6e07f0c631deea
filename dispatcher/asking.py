"""The first who accepts: whoever is not needed any more is withdrawn and told, in the same transaction."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime

from sqlalchemy import Connection

from community.model import HomeRecord
from community.storage import register
from dispatcher import templates
from dispatcher.model import Draft, Entry, Fact, Offer, OfferState, Purpose, Recipient
from dispatcher.storage import outbox
from dispatcher.storage.casebook import Casebook, offers_of, set_offer
from dispatcher.waves import Waves
from dispatcher.wording import Voice


class Asked:
    """Everybody who has an offer in a case that `book` holds, as they stand when this is made."""

    def __init__(
        self, connection: Connection, book: Casebook, incident_id: int, home: HomeRecord | None, voice: Voice
    ) -> None:
        self._connection = connection
        self._book = book
        self._home = home
        self._voice = voice
        self._offers = offers_of(connection, [incident_id]).get(incident_id, ())
        self._people = register.responders_by_id(connection, {o.responder_id for o in self._offers})
        self._waves: Waves | None = None
        if home is not None:
            with suppress(
                ValueError
            ):  # a broken plan: the engine tells the desk, and what people answer counts
                self._waves = Waves(book.plan(incident_id), home, self._people)

    def name_of(self, offer: Offer) -> str:
        return self._people[offer.responder_id].name

    def covered_by(self, offer: Offer, now: datetime) -> Offer | None:
        """Who comes already in the place of `offer`, so that its yes is not needed."""
        return self._waves.covered_by(offer, self._offers, now) if self._waves is not None else None

    def withdraw_overtaken(self, first: Offer, now: datetime) -> None:
        """`first` was accepted: take back what others have not answered yet, and tell them who comes."""
        overtaken = self._waves.overtaken(first, self._offers) if self._waves is not None else ()
        withdrawn = {
            f"responder:{offer.responder_id}": offer
            for offer in overtaken
            if set_offer(self._connection, offer.id, OfferState.WITHDRAWN, now, only_from={OfferState.ASKED})
        }
        if not withdrawn:
            return
        names = "、".join(self.name_of(offer) for offer in withdrawn.values())
        detail = {"offers": [offer.id for offer in withdrawn.values()], "covered_by": first.id}
        text = f"已有{self.name_of(first)},不用再去:{names} covered, withdrawn"
        self._book.note(first.incident_id, now, Fact(Entry.OFFER, text, detail=detail))
        outbox.cancel_unsent(self._connection, first.incident_id, withdrawn)
        for recipient in outbox.reached(self._connection, first.incident_id, "responder:"):
            if recipient.who in withdrawn:
                self._say_covered(withdrawn[recipient.who], first, now)

    def decline_politely(self, offer: Offer, first: Offer, now: datetime) -> None:
        """A yes that comes too late: she is willing, is told that `first` comes, and may yet be needed."""
        gave_up = {OfferState.EXPIRED, OfferState.DECLINED}
        set_offer(self._connection, offer.id, OfferState.WITHDRAWN, now, only_from=gave_up)
        self._say_covered(offer, first, now)

    def _say_covered(self, offer: Offer, first: Offer, now: datetime) -> None:
        """Tell the one of `offer`, politely and once, that `first` comes."""
        person, comes = self._people[offer.responder_id], self._people[first.responder_id]
        who = f"responder:{offer.responder_id}"
        key = f"i{offer.incident_id}.o{offer.id}.covered.o{first.id}.{who}"
        if self._home is None or outbox.find(self._connection, key=key) is not None:
            return
        draft = Draft(
            key,
            Recipient(who, person.name, person.phone),
            Purpose.COVERED,
            rung=0,
            body=self._voice.covered(self._home, comes.kind, comes.name),
            variables=templates.covered(self._home, comes.kind, comes.name),
        )
        self._book.say(offer.incident_id, draft, now)
