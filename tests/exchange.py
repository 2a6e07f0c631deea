"""The town's telephone exchange: calls ring here, and somebody, something or nobody takes them up."""

from __future__ import annotations

from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import Any

from dispatcher import responses, views
from dispatcher.channels import Capabilities, Fate, Medium, Outcome, Sent
from dispatcher.channels.twilio import call_fate
from dispatcher.chase import Chaser
from dispatcher.model import Message, MessageState
from dispatcher.switchboard import Switchboard
from tests.town import Town, TownPhones


class AtOnce(Executor):
    """Whatever is submitted is done before `submit` returns: a story has no time for threads."""

    def submit(self, work: Any, /, *arguments: Any, **named: Any) -> Future[Any]:
        done: Future[Any] = Future()
        done.set_result(work(*arguments, **named))
        return done


@dataclass
class Asked:
    """A provider that can be asked: `fates` is what it knows, by telephone number; it is `away` at times."""

    fates: dict[str, Fate] = field(default_factory=dict)
    away: bool = False
    questions: list[str] = field(default_factory=list)

    def fate(self, message: Message) -> Fate | None:
        self.questions.append(message.key)
        return None if self.away else self.fates.get(message.to.phone, Fate(MessageState.SENT))


@dataclass
class AskedPhones(Asked, TownPhones):
    """The town's phones, whose provider can be asked what became of a text."""


@dataclass
class Exchange(Asked):
    """The town's way to call. A call rings until a story says what becomes of it."""

    name: str = "town-voice"
    capabilities: Capabilities = field(default_factory=lambda: Capabilities(medium=Medium.VOICE))
    calls: list[Message] = field(default_factory=list)
    trouble: dict[str, Outcome] = field(default_factory=dict)
    remembers: bool = True  # Twilio's calls carry no token: it cannot always say which one is ours

    def send(self, message: Message) -> Outcome:
        if message.to.phone in self.trouble:
            return self.trouble[message.to.phone]
        self.calls.append(message)
        return Sent(f"call-{len(self.calls)}")

    def find(self, message: Message) -> Sent | None:
        found = [n for n, call in enumerate(self.calls, 1) if call.key == message.key]
        return Sent(f"call-{found[0]}") if found and self.remembers else None


class Telephone:
    """What stories say about calls in `town`, in which texts leave and need not arrive."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.texts = AskedPhones(delivers=False)
        self.exchange = Exchange()
        town.phones = self.texts
        town.channel = Switchboard([self.texts, self.exchange], town)
        chaser = Chaser(town.store, [self.texts, self.exchange], town, AtOnce())
        town.also = chaser.turn

    def rings(self, who: str) -> int:
        """How many calls rang at `who`."""
        return sum(call.to.phone == self.town.people[who] for call in self.exchange.calls)

    def delivered(self, who: str) -> None:
        """The provider reports that the last text to `who` arrived."""
        at = max(n for n, text in enumerate(self.texts.taken, 1) if text.to.phone == self.town.people[who])
        responses.receipt(self.town.store, f"town-{at}", MessageState.DELIVERED, "", self.town.time)
        self.town.work()

    def hears(self, who: str) -> str:
        """`who` takes the last call up, and hears this."""
        _, call = self._last(who)
        with self.town.store.read() as connection:
            script = views.call_script(connection, call.key)
        assert script is not None
        return script.words

    def presses(self, who: str, digit: str) -> responses.Pressed | None:
        """`who` presses a key in the last call."""
        sid, call = self._last(who)
        pressed = responses.key_pressed(self.town.store, call.key, digit, sid, self.town.time)
        self.town.work()
        return pressed

    def becomes(self, who: str, status: str, answered_by: str = "") -> None:
        """The provider reports what became of the last call to `who`, in Twilio's words."""
        sid, call = self._last(who)
        fate = call_fate(status, answered_by)
        assert fate is not None
        responses.receipt(self.town.store, sid, fate.state, fate.error, self.town.time, key=call.key)
        self.town.work()

    def _last(self, who: str) -> tuple[str, Message]:
        phone = self.town.people[who]
        number = max(n for n, call in enumerate(self.exchange.calls, 1) if call.to.phone == phone)
        return f"call-{number}", self.exchange.calls[number - 1]
