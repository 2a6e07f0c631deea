"""Several requests to one responder leave as one text; relatives always get their own (ADR 0023)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from community.model import HomeRecord, ResponderKind
from community.storage import register
from dispatcher import exercise
from dispatcher.model import Entry, Fact, Incident, Lane, Message, MessageState, Purpose
from dispatcher.pace import MANY
from dispatcher.storage import bundles, outbox, reading, storms
from dispatcher.storage.bundles import Part
from dispatcher.storage.casebook import Casebook
from dispatcher.wording import Voice, Wanted, fate

AT_ONCE = 8  # people whose requests are gathered in one transaction: no writer waits long; others come next


def take(
    connection: Connection, found: Sequence[Message], worker: str, lease_until: datetime, now: datetime
) -> list[Message]:
    """Take the messages `found` waiting: what is to be sent of them, one text for all that one is asked.

    Fewer than MANY stay texts of their own, and so does what may have left before. No message is written
    twice here: PostgreSQL would lock its case, too, which whoever records an outcome locks before messages.
    """
    everybody = dict.fromkeys(message.to.phone for message in found if _may_be_bundled(message))
    asked, later = set(list(everybody)[:AT_ONCE]), set(list(everybody)[AT_ONCE:])
    put_off = [message for message in found if _may_be_bundled(message) and message.to.phone in later]
    gone = {message.id for message in put_off}
    last = min((message.lane for message in put_off), default=Lane.LAST)  # nothing overtakes them meanwhile
    found = [message for message in found if message.lane <= last and message.id not in gone]
    by_phone: defaultdict[str, list[Message]] = defaultdict(list)
    if asked:
        for message in outbox.requests(connection, asked, now):  # also those for which there was no room
            if _may_be_bundled(message):
                by_phone[message.to.phone].append(message)
    many = {phone: asks for phone, asks in by_phone.items() if len(asks) >= MANY}
    together = {ask.id for asks in many.values() for ask in asks}
    taken = outbox.lease(connection, [m for m in found if m.id not in together], worker, lease_until)
    if many:
        texts = _Texts(connection, many)
        made = [texts.write(asks, worker, lease_until, now) for asks in many.values()]
        taken = sorted([*taken, *made], key=lambda message: message.lane)
    return _leading(connection, taken)


def _leading(connection: Connection, taken: list[Message]) -> list[Message]:
    """The same; a text of several requests knows where to go first, also when it is tried again."""
    ids = [message.id for message in taken if message.is_bundle]
    if not ids:
        return taken
    first = bundles.first_of(connection, ids)
    return [replace(one, leads_to=first.get(one.id)) if one.is_bundle else one for one in taken]


def _may_be_bundled(message: Message) -> bool:
    return (
        message.purpose is Purpose.ASK
        and not exercise.says_so(message.body)  # among real ones nobody would know which is which
        and message.incident_id is not None
        and message.to.who.startswith("responder:")
        and message.to.phone != ""
        and not message.is_call
        and message.attempts == 0
    )


class _Texts:
    """Writes the texts of one transaction, from the cases as they stand in it."""

    def __init__(self, connection: Connection, many: Mapping[str, Sequence[Message]]) -> None:
        self._connection = connection
        ids = {ask.incident_id for asks in many.values() for ask in asks if ask.incident_id is not None}
        self._cases = {one.id: one for one in reading.incidents(connection, ids)}
        of_homes = {one.household_id for one in self._cases.values() if one.household_id is not None}
        self._homes = register.homes(connection, of_homes)
        self._scenes = storms.scenes(connection, self._cases.values())
        self._codes = bundles.codes_of(connection, many, ids)
        asked = {int(ask.to.who.partition(":")[2]) for asks in many.values() for ask in asks}
        self._people = register.responders_by_id(connection, asked)
        self._voice = Voice.of(register.site(connection))
        self._first: set[int | None] = set()  # to whose home somebody is asked to go first, so others are not

    def write(self, asks: Sequence[Message], worker: str, lease_until: datetime, now: datetime) -> Message:
        asks = sorted(asks, key=self._turn)
        lead = asks[0]
        self._first.add(lead.incident_id)
        person = self._people[int(lead.to.who.partition(":")[2])]
        oversees = person.kind is ResponderKind.SUPERVISOR
        wanted = [self._wanted(ask) for ask in asks]
        page = self._voice.page_of(self._case(lead).id, lead.to.who)
        body, named = self._voice.ask_many(wanted, oversees=oversees, page=page)
        variables = dict(lead.variables)
        if "far" in variables:
            variables["far"] = f"共{len(asks)}户求助,{'请督办' if oversees else '先去这户'}"
        text = {
            "key": f"{lead.key}.bundle",
            "incident_id": None,
            "who": lead.to.who,
            "name": lead.to.name,
            "phone": lead.to.phone,
            "purpose": Purpose.ASK.value,
            "rung": 0,
            "body": body,
            "channel": "",
            "lane": int(lead.lane),
            "is_call": False,
            "state": MessageState.SENDING.value,
            "attempts": 1,
            "created_at": now,
            "due_at": now,
            "lease_until": lease_until,
            "worker": worker,
            "variables": variables,
        }
        parts = [Part(ask, place, place in named) for place, ask in enumerate(asks)]
        return bundles.bind(self._connection, text, parts, lease_until)

    def _turn(self, ask: Message) -> tuple[object, ...]:
        """The most severe first; then whose relatives are not told, where nobody is sent, then the oldest."""
        case = self._case(ask)
        return -case.severity, ask.lane, case.id in self._first, case.ladder_at, case.id

    def _case(self, ask: Message) -> Incident:
        assert ask.incident_id is not None, "what belongs to no case is not bundled"
        return self._cases[ask.incident_id]

    def _wanted(self, ask: Message) -> Wanted:
        case = self._case(ask)
        code = self._codes.get((ask.to.phone, case.id), "")
        return Wanted(self._home(case), case.kind, case.ladder_at, code)

    def _home(self, case: Incident) -> HomeRecord:
        if case.household_id is None:
            return self._scenes[case.id]
        return self._homes[case.household_id]


# ---- what becomes of the one text becomes of each request ----


@dataclass(frozen=True, slots=True)
class Bundles:
    """The requests in some texts, by the id of the text."""

    parts: Mapping[int, Sequence[Part]]

    @classmethod
    def of(cls, connection: Connection, messages: Sequence[Message]) -> Bundles:
        """Asks the store only when a text among `messages` holds several requests."""
        ids = [message.id for message in messages if message.is_bundle]
        return cls(bundles.parts_of(connection, ids) if ids else {})

    @property
    def incident_ids(self) -> set[int]:
        """The cases of these requests: to be locked before anything is written of them."""
        every = (part.message.incident_id for parts in self.parts.values() for part in parts)
        return {incident_id for incident_id in every if incident_id is not None}

    def follow(
        self,
        connection: Connection,
        book: Casebook,
        text: Message,
        state: MessageState,
        channel: str,
        now: datetime,
        error: str,
    ) -> list[int]:
        """Let the requests in `text` share its `state`, and say so in their cases, all in `book`; these."""
        parts = self.parts.get(text.id, ())
        found = []
        for part in parts:
            incident_id = part.message.incident_id
            if incident_id is None or not bundles.follow(
                connection, part.message.id, state, channel, now, error
            ):
                continue
            found.append(incident_id)
            among = f"(与另外{len(parts) - 1}件并成一条" + (")" if part.is_named else ",没有写到本户)")
            why = f":{error}" if error else ""
            book.note(
                incident_id,
                now,
                Fact(
                    Entry.MESSAGE,
                    f"{fate(text.is_spoken, text.to.name, state)}{among}{why}",
                    detail={"message": part.message.id, "state": state.value, "bundle": text.id},
                ),
            )
        return found
