"""The safety nets of homes as things stand: what the pure rule needs is read here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from community.errors import Conflict, Invalid
from community.model import Device, HomeRecord
from community.storage import Store, register
from dispatcher import roster
from dispatcher.model import MessageState
from dispatcher.plans import Plans
from dispatcher.reachability import Reached, Trial, check_code, month_of, reached
from dispatcher.reachcheck import look
from dispatcher.safety_net import Net, net_of
from dispatcher.storage import drills
from dispatcher.storage import proofs as presses


@dataclass(frozen=True, slots=True)
class Proof:
    """What is known of one contact's number. `heard_at` is its last answer to anything.

    `waits`: a test that somebody asked for has not left; `text` is the state of the last one that has.
    """

    contact_id: int
    name: str
    state: Reached
    asked_at: datetime | None
    delivered_at: datetime | None
    answered_at: datetime | None
    heard_at: datetime | None
    waits: bool
    text: MessageState | None


def nets(connection: Connection, homes: Iterable[HomeRecord], plans: Plans, now: datetime) -> dict[int, Net]:
    """The safety nets of `homes`, by the id of the household; a handful of queries for all of them."""
    found = {home.household.id: home for home in homes}
    devices: defaultdict[int, list[Device]] = defaultdict(list)
    for device in register.devices_of_homes(connection, found):
        devices[device.household_id or 0].append(device)
    proved = {one.contact_id: one.state for one in proofs(connection, found.values(), now)}
    judged = presses.of(connection, [device for those in devices.values() for device in those])
    unproven = {id for id, proof in judged.items() if not proof.is_proven}
    rota = roster.weeks(connection)
    gaps = look(connection, list(found), plans, rota)
    return {
        id: net_of(
            home,
            devices[id],
            {contact.phone: proved[contact.id] for contact in home.contacts},
            gaps.get(id, ()),
            now,
            unproven,
        )
        for id, home in found.items()
    }


def proofs(connection: Connection, homes: Iterable[HomeRecord], now: datetime) -> list[Proof]:
    """What is known of the numbers of all contacts of `homes`."""
    contacts = [contact for home in homes for contact in home.contacts]
    numbers = {contact.phone for contact in contacts}
    trials = drills.trials(connection, numbers)
    heard, waiting = drills.last_heard(connection, numbers), drills.waiting(connection, numbers)
    found = []
    for contact in contacts:
        trial, heard_at = trials.get(contact.phone), heard.get(contact.phone)
        state = reached(trial, heard_at, now)
        known = trial or Trial(now)
        found.append(
            Proof(
                contact.id,
                contact.name,
                state if contact.no_texts_since is None else Reached.NO_TEXTS,
                trial.asked_at if trial is not None else None,
                known.delivered_at,
                known.answered_at,
                heard_at,
                contact.phone in waiting,
                MessageState(known.text) if known.text else None,
            )
        )
    return found


def drill_now(store: Store, household_id: int, contact_id: int, now: datetime) -> None:
    """Have a test sent to one contact at once. NotFound when the home has no such contact."""
    with store.write() as connection:
        phone = register.contact_phone(connection, household_id, contact_id)
        zone = ZoneInfo(register.site(connection).timezone)
        drills.drill_now(connection, month_of(now, zone), phone, now)


def verify(store: Store, household_id: int, contact_id: int, code: str, now: datetime) -> None:
    """One contact has read out the four digits of the last test. NotFound, Conflict when there was none, and
    Invalid when they are not those.
    """
    with store.write() as connection:
        phone = register.contact_phone(connection, household_id, contact_id)
        key = drills.key_of(connection, phone, now)
        if not key:
            raise Conflict("not_tested", "请先发测试短信 send a test first")
        if code != check_code(register.site(connection).secret, key):
            raise Invalid("wrong_code", "不是最近一条测试短信里的验证码 not the code of the last test")
        drills.prove(connection, key, now)
