"""A small town to tell stories in: people and minutes on a real store, with real rules, engine and courier.

Only two things are made up: the time, which the story hands in, and the phones, which it can switch off.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from math import ceil

from sqlalchemy import func, select, union_all

from community.model import (
    Account,
    AccountRole,
    Area,
    AreaLevel,
    Contact,
    Device,
    Duty,
    Household,
    Position,
    Resident,
    Responder,
    ResponderKind,
    Site,
)
from community.storage import Store, accounts, register
from community.storage.tables import home_watch, incident, message
from devices.signal import Beat, Enrolment, Kind, Reading, Role, Signal, State
from dispatcher import bundling, intake, presets, responses, views
from dispatcher.channels import Capabilities, Channel, Outcome, Sent
from dispatcher.courier import LEASE, carry, settle
from dispatcher.engine import Engine
from dispatcher.model import TOO_FAR, CloseCode, Message, MessageState, OfferState
from dispatcher.pace import Pace
from dispatcher.plans import shipped
from dispatcher.rounds import Rounds
from dispatcher.storage import outbox, watches
from dispatcher.storage.planbook import Planbook
from dispatcher.switchboard import Switchboard
from gateway.supervision import LastLife

ALWAYS = frozenset(range(1, 8))


@dataclass
class TownPhones:
    """Every phone in town. `trouble` maps a number to what its provider answers instead of delivering;
    with `delivers` off a text only leaves; `overtaken_by` happens while a text is being sent.
    """

    name: str = "town"
    capabilities: Capabilities = field(default_factory=Capabilities)
    texts: list[tuple[str, str]] = field(default_factory=list)
    keys: list[str] = field(default_factory=list)
    taken: list[Message] = field(default_factory=list)
    trouble: dict[str, Outcome] = field(default_factory=dict)
    delivers: bool = True
    overtaken_by: Callable[[Message], object] | None = None

    def send(self, message: Message) -> Outcome:
        if self.overtaken_by is not None:
            happens, self.overtaken_by = self.overtaken_by, None
            happens(message)
        if message.to.phone in self.trouble:
            return self.trouble[message.to.phone]
        self.texts.append((message.to.phone, message.body))
        self.keys.append(message.key)
        self.taken.append(message)
        return Sent(f"town-{len(self.texts)}", delivered=self.delivers)

    def find(self, message: Message) -> Sent | None:
        if message.key not in self.keys:
            return None
        return Sent(f"town-{self.keys.index(message.key) + 1}", delivered=self.delivers)


class Town:
    """The words in which stories are told."""

    def __init__(self, store: Store, start: datetime) -> None:
        self.store = store
        self.time = start
        self.plans = shipped()
        self.phones = TownPhones()
        self.channel: Channel = self.phones  # by what messages leave; a story may put several ways here
        self.also: Callable[[datetime], int] | None = None  # what a dispatcher does beside, each second
        self.engine = Engine(store)
        self.bundles = False
        self.presets = presets.shipped()
        self.rounds = Rounds(store, Planbook(self.plans), self.presets)
        self.alive = LastLife()
        self.people: dict[str, str] = {}
        self.homes: dict[str, int] = {}
        self._numbers = count(13900000001)
        self._ids = count(1)
        with store.write() as connection:
            register.set_site(connection, Site("town", "小镇", "2222999", "2222999"))
            street = register.add_area(connection, Area(0, AreaLevel.STREET, "1", "local", "街道", None))
            community = register.add_area(
                connection, Area(0, AreaLevel.COMMUNITY, "11", "local", "和平社区", street.id)
            )
            self.cell = register.add_area(
                connection, Area(0, AreaLevel.CELL, "111", "local", "第一网格", community.id)
            ).id
            self.operator = accounts.create_account(
                connection, Account(0, "li", "李值班", AccountRole.OPERATOR), "-"
            )
            self.colleague = accounts.create_account(
                connection, Account(0, "zhao", "赵值班", AccountRole.OPERATOR), "-"
            )

    def bundle_requests(self) -> None:
        """From now on many requests to one responder are one text, as a dispatcher does it."""
        self.bundles, self.engine = True, Engine(self.store, pace=Pace())

    # ---- who is there ----

    def now(self) -> datetime:
        return self.time

    def _number(self, who: str) -> str:
        self.people[who] = f"+86{next(self._numbers)}"
        return self.people[who]

    def resident(self, name: str, contacts: tuple[str, ...] = (), located: bool = True) -> int:
        with self.store.write() as connection:
            home = register.add_household(
                connection,
                Household(
                    0,
                    self.cell,
                    f"和平社区幸福里3幢2单元{500 + len(self.homes)}",
                    "3幢",
                    "2单元",
                    5,
                    f"{500 + len(self.homes)}",
                    Position(118.55, 37.59) if located else None,
                ),
            )
            register.add_resident(connection, Resident(0, home.id, name))
            register.set_contacts(
                connection,
                home.id,
                tuple(
                    Contact(0, home.id, rank, contact, contact, self._number(contact))
                    for rank, contact in enumerate(contacts, start=1)
                ),
            )
            register.enrol_device(connection, Device(0, f"care:town/{name}", Role.HELP_BUTTON, home.id))
            register.enrol_device(
                connection, Device(0, f"care:town/{name}/smoke", Role.SMOKE_DETECTOR, home.id)
            )
        self.homes[name] = home.id
        return home.id

    def responder(
        self,
        name: str,
        metres: float,
        kind: ResponderKind = ResponderKind.GRID_WORKER,
        duty: tuple[int, int] = (0, 1440),
        cells: frozenset[int] = frozenset(),
    ) -> int:
        """Somebody `metres` east of everybody's home."""
        with self.store.write() as connection:
            return register.add_responder(
                connection,
                Responder(
                    0, kind, name, self._number(name), Position(118.55 + metres / 88_300, 37.59), cells
                ),
                [Duty(0, ALWAYS, *duty)],
            ).id

    # ---- what happens ----

    def say(self, name: str, kind: Kind, **more: object) -> None:
        """A device of `name` says something, and the gateway takes it in."""
        self.take(self.reading(name, kind, **more))

    def reading(self, name: str, kind: Kind, **more: object) -> Reading:
        """What a device of `name` says, not taken in yet."""
        key = str(more.pop("device", f"care:town/{name}"))
        unique = str(more.pop("unique", f"{key}#{next(self._ids)}"))
        signal = Signal(key, kind, unique, self.time, **more)  # type: ignore[arg-type]
        return Reading(signals=(signal,))

    def take(self, *readings: Reading) -> intake.Taken:
        with self.store.write() as connection:
            taken = intake.take(connection, readings, self.plans, self.time)
        for reading in readings:
            self.alive.note(reading, self)
        self.alive.flush(self.store, self.time, hears=False)  # here nobody ever stops listening
        self.work()
        return taken

    def find(self, device_key: str) -> Enrolment | None:
        """What the gateway knows of a device."""
        with self.store.read() as connection:
            device = register.devices_by_key(connection, [device_key]).get(device_key)
        return Enrolment(device.key, device.role) if device is not None else None

    def press(self, name: str, **more: object) -> None:
        self.say(name, Kind.SOS, **more)

    def smoke(self, name: str, state: State = State.ACTIVE) -> None:
        self.say(name, Kind.SMOKE, state=state, device=f"care:town/{name}/smoke")

    # ---- silence ----

    def sensor(self, name: str, role: Role, label: str = "") -> str:
        """A sensor at the home of `name`; returns its key."""
        key = f"care:town/{name}/{label or role.value}"
        with self.store.write() as connection:
            register.enrol_device(connection, Device(0, key, role, self.homes[name], label=label))
        return key

    def own_phone(self, name: str) -> None:
        """From now on `name` has a telephone."""
        with self.store.write() as connection:
            [resident] = register.household_by_id(connection, self.homes[name]).residents
            register.update_resident(connection, replace(resident, phone=self._number(name)))

    def watch(self, name: str, *names: str, **more: object) -> None:
        """Watch the home of `name` from now on by these presets."""
        with self.store.write() as connection:
            choice = watches.Choice(names, **more)  # type: ignore[arg-type]
            watches.choose(connection, self.homes[name], choice, self.time)

    def beat(self, key: str) -> None:
        """A device says that it lives itself."""
        with self.store.write() as connection:
            register.touch_devices(connection, {key: (self.time, None)})

    def listen(self, minutes: float) -> None:
        """Time goes by with a gateway that says that it listens."""
        end = self.time + timedelta(minutes=minutes)
        while self.time < end:
            self.alive.flush(self.store, self.time, hears=True)
            self.pass_time(seconds=min(240, (end - self.time).total_seconds()))
        self.alive.flush(self.store, self.time, hears=True)

    def reads(self, key: str, litres: float) -> None:
        """A meter says what it reads."""
        self.alive.note(Reading(beats=(Beat(key, self.time, litres=litres),)), self)
        self.alive.flush(self.store, self.time, hears=False)
        self.beat(key)
        self.work()

    def moves(self, name: str, key: str, kind: Kind = Kind.ACTIVITY, state: State = State.ACTIVE) -> None:
        """Somebody at home moves, and the gateway hears of it."""
        self.beat(key)
        self.take(self.reading(name, kind, device=key, state=state))

    def work(self) -> None:
        """The engine looks, the courier carries, until there is nothing left to do now."""
        while True:
            seen = self.rounds.tick(self.time) + self.engine.tick(self.time)
            if isinstance(self.channel, Switchboard):
                with self.store.write() as connection:
                    outbox.take_back(connection, self.time)
            with self.store.write() as connection:
                outbox.drop_stale(connection, self.time)
                found, until = outbox.waiting(connection, self.time, 500), self.time + LEASE
                take = partial(bundling.take, now=self.time) if self.bundles else outbox.lease
                taken = take(connection, found, "town", until)
            if taken:
                settle(self.store, [carry(self.channel, message, self) for message in taken])
            begun = self.also(self.time) if self.also is not None else 0
            if not (seen or taken or begun):
                return

    def pass_time(self, minutes: float = 0, seconds: float = 0) -> None:
        """Time goes by, and the engine looks each second. Seconds in which nothing is due are skipped:
        that a look before the due time would change nothing is proved in test_escalation_for_any_case.py.
        """
        end = self.time + timedelta(minutes=minutes, seconds=seconds)
        while self.time < end:
            self.time = min(end, self.next_look())
            self.work()

    def next_look(self) -> datetime:
        """The first of the seconds to come in which an incident, a message or a watched home is due."""
        waiting = select(message.c.due_at).where(message.c.state == MessageState.QUEUED.value)
        leased = select(message.c.lease_until).where(message.c.state == MessageState.SENDING.value)
        due = union_all(select(incident.c.due_at), waiting, leased).subquery()
        never = datetime.max.replace(tzinfo=UTC)
        with self.store.read() as connection:
            soonest, look_at = (
                connection.execute(select(func.min(at)).where(at > self.time)).scalar() or never
                for at in (due.c.due_at, home_watch.c.look_at)
            )
        if self.also is not None:
            return self.time + timedelta(seconds=1)
        if never > soonest > self.time + TOO_FAR:  # the clock was set back: the engine notices at once
            return self.time + timedelta(seconds=1)
        if (next_at := min(soonest, look_at)) == never:
            return never
        return self.time + timedelta(seconds=ceil((next_at - self.time) / timedelta(seconds=1)))

    def answer(self, who: str, body: str, dedupe_key: str | None = None) -> None:
        key = dedupe_key or f"reply-{next(self._ids)}"
        responses.reply(self.store, self.people[who], body, key, self.time)
        self.work()

    def claim(self, name: str) -> None:
        responses.claim(self.store, self.card(name).id, self.operator, self.time)

    def close(self, name: str, code: CloseCode = CloseCode.HELPED) -> None:
        self.claim(name)
        responses.close(self.store, self.card(name).id, self.operator, code, "", self.time)
        self.work()

    # ---- what can be seen ----

    def heard(self, who: str) -> list[str]:
        """The texts on somebody's phone, oldest first."""
        return [body for phone, body in self.phones.texts if phone == self.people[who]]

    def cards(self) -> tuple[views.Card, ...]:
        with self.store.read() as connection:
            return views.page(connection, limit=500)

    def card(self, name: str) -> views.Card:
        """The newest incident of somebody's home."""
        return next(card for card in self.cards() if card.household_id == self.homes[name])

    def open_cards(self) -> tuple[views.Card, ...]:
        with self.store.read() as connection:
            return views.board(connection)

    def detail(self, name: str) -> views.Detail:
        with self.store.read() as connection:
            return views.detail(connection, self.card(name).id)

    def asked(self, name: str) -> dict[str, OfferState]:
        """Who was asked to go to `name`, and what became of it."""
        return {helper.name: helper.state for helper in self.card(name).helpers}
