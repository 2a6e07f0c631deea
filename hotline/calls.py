"""Answer the hotline: the caller's record is on screen before anybody speaks.

A call that the exchange has posted waits as a row; `recent` tells the consoles of it, and `pop` shows it.
From there a call becomes an order (`orders.place`), an incident (`raise_incident`), or an answer (`inform`).
"""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection

from community import phones
from community.model import Account, Call, CallOutcome, Known, Match
from community.storage import Store, desk, register
from devices.signal import Kind
from dispatcher import intake, views
from dispatcher.model import Incident
from dispatcher.plans import Plans
from dispatcher.views import Card
from hotline.model import Advice, Caller, Ringing, ScreenPop

RECENT = 20  # calls; more than come between two looks of a console
_LONGEST_NUMBER = 32  # what a call keeps; the longest real number has 15 digits


def answer(store: Store, number: str, now: datetime) -> ScreenPop:
    """Record a call from `number`, as the exchange gave it, and say who may be calling.

    A withheld, unknown or senseless number is recorded all the same, and asks for a search by address.
    """
    dialled = phones.normalise(number)[:_LONGEST_NUMBER]
    with store.write() as connection:
        callers = callers_of(connection, dialled)
        call = desk.add_call(connection, Call(0, dialled, now, _only_home(callers), CallOutcome.OPEN))
    return ScreenPop(call, callers, _advice(callers))


def pop(connection: Connection, call_id: int) -> ScreenPop:
    """What is known of a call that was recorded before, as things stand now. NotFound: no such call."""
    call = desk.call_by_id(connection, call_id)
    callers = callers_of(connection, call.number)
    return ScreenPop(call, callers, _advice(callers))


def recent(connection: Connection) -> tuple[Call, ...]:
    """The newest calls, whatever became of them; at most `RECENT`."""
    return desk.list_calls(connection, limit=RECENT)


def ringing(connection: Connection, call: Call) -> Ringing:
    """What a console may show of a call to everybody in the room: the number is masked."""
    return Ringing(
        call_id=call.id,
        number=phones.masked(call.number),
        at=call.at,
        callers=register.by_phone(connection, call.number),
    )


def _only_home(callers: tuple[Caller, ...]) -> int | None:
    """The one home that all of them belong to."""
    homes = {caller.home.household.id for caller in callers if caller.home is not None}
    return homes.pop() if len(homes) == 1 and all(caller.home for caller in callers) else None


def _advice(callers: tuple[Caller, ...]) -> Advice:
    if not callers:
        return Advice.SEARCH
    return Advice.KNOWN if len(callers) == 1 or _only_home(callers) is not None else Advice.CHOOSE


def callers_of(connection: Connection, number: str) -> tuple[Caller, ...]:
    """Everybody who may be calling from `number`, those with an open incident first."""
    matches = register.by_phone(connection, number)
    if not matches:
        return ()
    homes = register.homes(connection, {match.household_id for match in matches if match.household_id})
    open_cards = views.board(connection)
    callers = [
        Caller(
            match=match,
            home=homes.get(match.household_id) if match.household_id is not None else None,
            incidents=tuple(card for card in open_cards if _concerns(card, match)),
        )
        for match in matches
    ]
    return tuple(sorted(callers, key=lambda caller: not caller.incidents))


def choose(store: Store, call_id: int, household_id: int) -> Call:
    """Say which home a call is about. NotFound: no such call or household."""
    with store.write() as connection:
        register.household_by_id(connection, household_id)
        present = desk.call_by_id(connection, call_id)
        return desk.settle_call(connection, call_id, present.outcome, household_id=household_id)


def inform(store: Store, call_id: int, note: str) -> Call:
    """The call is settled with an answer; `note` says which."""
    with store.write() as connection:
        return desk.settle_call(connection, call_id, CallOutcome.INFORMATION, note=note.strip())


def raise_incident(
    store: Store,
    call_id: int,
    household_id: int,
    kind: Kind,
    text: str,
    account: Account,
    plans: Plans,
    now: datetime,
) -> Incident:
    """Trouble, with one tap: the home's incident is opened, or joined when one is open already.

    The incident is committed before the call is settled: help waits for no bookkeeping. Harmless to repeat.
    NotFound: no such call or household. Invalid: `kind` is no trouble.
    """
    with store.read() as connection:
        desk.call_by_id(connection, call_id)
    incident = intake.report(store, household_id, kind, text, f"account:{account.id}", plans, now)
    with store.write() as connection:
        desk.settle_call(
            connection, call_id, CallOutcome.INCIDENT, household_id=household_id, incident_id=incident.id
        )
    return incident


def _concerns(card: Card, match: Match) -> bool:
    if match.household_id is not None:
        return card.household_id == match.household_id
    return match.known_as is Known.RESPONDER and any(
        helper.responder_id == match.id for helper in card.helpers
    )
