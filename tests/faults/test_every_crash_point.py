"""G6: whatever a gateway or a dispatcher asks of the world, it may die before it hears the answer.

One press is followed from the wire to the phones, and then a whole evening from the press to the last word.
Each statement, each commit, each text and each question to a provider is once the last thing that a process
does. Then another process takes over, as in a centre, and everything must be as if nobody had died.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import nullcontext, suppress
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count

import pytest

from community.errors import Refused
from community.storage import Store
from devices.signal import Frame
from dispatcher import responses
from dispatcher.model import CloseCode, MessageState, Stage
from dispatcher.switchboard import Switchboard
from tests.exchange import Exchange, Telephone
from tests.faults.conftest import Figure
from tests.faults.dying import Death, Died, mortal
from tests.faults.lives import Life, a_while
from tests.town import Town

pytestmark = [pytest.mark.fault, pytest.mark.timeout(900)]

FEWEST = 30  # requests; fewer would mean that the deaths no longer reach the driver


@pytest.mark.parametrize("hands_over", [False, True], ids=["collected", "handed over"])
def test_any_single_request_may_be_the_last(town: Town, figure: Figure, hands_over: bool) -> None:
    town.responder("网格员", metres=200)
    death = Death()
    dying = mortal(town.store, death)
    for at in count(1):
        name = f"王秀英{at}"
        town.resident(name, contacts=(f"女儿{at}", f"儿子{at}"))
        if not died(town, name, dying, death, at, hands_over=hands_over):
            break
        as_if_nobody_had_died(town, name, at)
        town.close(name, CloseCode.HELPED)
        town.phones.texts.clear()
    dying.close()
    points = death.requests
    assert points >= FEWEST
    kind = "SQLite" if town.store.is_sqlite else "PostgreSQL"
    way = "handed over" if hands_over else "collected"
    figure(f"G6  {kind}, texts {way}: {points} crash points, 0 violations, 0 texts twice, 0 never")


def died(town: Town, name: str, dying: Store, death: Death, at: int, *, hands_over: bool) -> bool:
    """A press, a process that dies after its request `at`, and its successor; False: nobody died."""
    press = Frame(f"care/town/{name}/signal", b'{"v":1,"id":"press-1","type":"press","battery":9}', town.time)
    death.after(at)
    first = Life(dying, town, death, hands_over=hands_over)
    survived = _lives(lambda: first.take(press)) and _lives(first.work)
    death.bury()
    dying.close()
    if survived:
        return False
    second = Life(town.store, town, Death(), hands_over=hands_over)
    # Nobody knows whether the device was answered: it says the same again, and the broker, too.
    again = Frame(press.topic, press.payload, town.time + timedelta(seconds=3), redelivered=True)
    assert second.take(again), "the device is answered in the end"
    town.time += a_while()  # whatever the dead had in hand is free now
    second.work()
    return True


def _lives(act: Callable[[], object]) -> bool:
    try:
        act()
    except Died:
        return False
    return True


def as_if_nobody_had_died(town: Town, name: str, at: int) -> None:
    detail = town.detail(name)
    alarms = {alarm.kind.value: alarm.times for alarm in detail.alarms}
    assert alarms == {"sos": 1, "low_battery": 1}, f"after {at}: pressed once, counted once"
    heard = [len(town.heard(who)) for who in (f"女儿{at}", f"儿子{at}", "网格员")]
    assert heard == [1, 1, 1], f"after {at}: each is told, and nobody twice"
    assert {message.state for message in detail.messages} == {MessageState.DELIVERED}


# ---- a whole evening ----

SLICES = 2  # of an evening's deaths: each is a test of its own, and all are in every run
FEWEST_OF_AN_EVENING = 300  # requests in each slice
WORKERS = ("李强", "张敏", "小刘")
RELATIVES = ("女儿", "儿子", "邻居")
EVERYBODY = (*RELATIVES, *WORKERS)

Act = Callable[[Life, bool], None]  # the bool: once more, for nobody knows whether it was heard


@dataclass
class Evening:
    """At 王秀英's, under another name each evening. Whoever hears or does something there is a process that
    dies of `death`, at the same request of each of its turns; what was said to it is said again.
    """

    town: Town
    name: str
    dying: Store
    death: Death
    dies_at: int | None
    deaths: int = 0
    reported: set[str] = field(default_factory=set)

    def goes_by(self) -> None:
        life = self._born()
        for seconds, act in self._acts():
            self.town.time += timedelta(seconds=seconds)
            for turn in (act, lambda life, _again: life.work()):
                life = self._take_turn(life, turn)

    def _take_turn(self, life: Life, turn: Act) -> Life:
        """Returns who lives afterwards."""
        self.death.after(self.dies_at)
        try:
            turn(life, False)
        except Died:
            self.deaths += 1
            self.death.bury()
            self.dying.close()
            second = Life(self.town.store, self.town, Death(), hands_over=True)
            second.inherit()
            turn(second, True)
            return self._born()
        return life

    def _born(self) -> Life:
        return Life(self.dying, self.town, self.death, hands_over=True)

    def _acts(self) -> Iterator[tuple[int, Act]]:
        """What happens, each so many seconds after the one before."""
        yield 0, self._says(1, "press")
        yield 5, self._arrives("女儿", "李强", "张敏")
        yield 11, _time_passes  # nobody has confirmed the son's text: his telephone rings
        yield 10, self._answers("女儿", "2")  # she cannot: the neighbour is told at once
        yield 34, _time_passes  # the second rung; and the son's text is asked for
        yield 18, _time_passes  # nobody counts on it any more
        yield 5, self._answers("李强", "1")  # he comes, and the others need not
        yield 0, self._arrives(*EVERYBODY)
        yield 31, self._says(2, "fall")  # who is on the way hears of it, and others are asked again
        yield 0, self._arrives(*EVERYBODY)
        yield 60, self._answers("李强", "4")  # he is there
        yield 90, self._is_closed
        yield 0, self._arrives(*EVERYBODY)
        yield 80, _time_passes

    def _says(self, number: int, kind: str) -> Act:
        """Her button says it, and says the same again until it is answered."""
        payload = f'{{"v":1,"id":"{number}","type":"{kind}","battery":9}}'.encode()
        topic = f"care/town/{self.name}/signal"

        def act(life: Life, again: bool) -> None:
            assert life.take(Frame(topic, payload, self.town.time, redelivered=again))

        return act

    def _answers(self, who: str, body: str) -> Act:
        """A provider brings somebody's words, and the same again when nobody has said that they came."""

        def act(life: Life, _again: bool) -> None:
            key, phone = f"{self.name}-{who}-{body}", self.town.people[who]
            responses.reply(life.store, phone, body, key, self.town.time)

        return act

    def _arrives(self, *people: str) -> Act:
        """A provider reports that the texts to these have arrived, also when it has said so before."""

        def act(life: Life, _again: bool) -> None:
            case, phones = self.town.card(self.name).id, {self.town.people[who] for who in people}
            new = {
                text.key: f"town-{number}"
                for number, text in enumerate(self.town.phones.taken, 1)
                if text.incident_id == case and text.to.phone in phones and text.key not in self.reported
            }
            for key, sid in new.items():
                responses.receipt(life.store, sid, MessageState.DELIVERED, "", self.town.time, key=key)
            self.reported |= new.keys()

        return act

    def _is_closed(self, life: Life, again: bool) -> None:
        """An operator claims and closes; when her console shows an error she tries again."""
        case, who, now = self.town.card(self.name).id, self.town.operator, self.town.time
        with suppress(Refused) if again else nullcontext():  # it was closed, and she never heard so
            responses.claim(life.store, case, who, now)
            responses.close(life.store, case, who, CloseCode.HELPED, "低血糖", now)

    def outcome(self) -> dict[str, object]:
        """What is left when it is over, in words that are the same each evening."""
        names = {phone: who for who, phone in self.town.people.items()}
        detail = self.town.detail(self.name)
        assert isinstance(self.town.channel, Switchboard)
        voice = self.town.channel.channels["town-voice"]
        assert isinstance(voice, Exchange)
        sent = Counter(text.key for text in (*self.town.phones.taken, *voice.calls))
        theirs = {message.key: sent[message.key] for message in detail.messages}
        return {
            "alarms": {alarm.kind.value: alarm.times for alarm in detail.alarms},
            "messages": Counter(
                (names[m.to.phone], m.purpose.value, m.is_call, m.state.value) for m in detail.messages
            ),
            "sent": Counter(theirs.values()),
            "offers": Counter((helper.name, helper.state.value) for helper in detail.card.helpers),
            "answers": [(answer.name, answer.meaning) for answer in detail.card.answers],
            "stage": detail.card.stage,
            "timeline": Counter(entry.entry.value for entry in detail.timeline),
        }


def _time_passes(_life: Life, _again: bool) -> None:
    """And the dispatcher looks."""


@pytest.mark.parametrize("part", range(SLICES))
def test_any_request_of_a_whole_evening_may_be_the_last(town: Town, figure: Figure, part: int) -> None:
    Telephone(town)
    death = Death()
    dying = mortal(town.store, death)
    for place, worker in enumerate(WORKERS, start=1):
        town.responder(worker, metres=300 * place)

    def evening(dies_at: int | None) -> Evening:
        one = Evening(town, f"王秀英{dies_at or ''}", dying, death, dies_at)
        town.resident(one.name, contacts=RELATIVES)
        one.goes_by()
        return one

    calm = evening(None)
    as_it_should_be = calm.outcome()
    assert as_it_should_be["stage"] is Stage.CLOSED
    assert as_it_should_be["sent"].keys() == {1}  # type: ignore[attr-defined]
    deaths = 0
    for dies_at in count(1 + part, SLICES):
        other = evening(dies_at)
        if not other.deaths:
            break  # no turn asks as much
        assert other.outcome() == as_it_should_be, f"each turn's process dies after its request {dies_at}"
        deaths += other.deaths
    dying.close()
    assert deaths >= FEWEST_OF_AN_EVENING
    kind = "SQLite" if town.store.is_sqlite else "PostgreSQL"
    figure(
        f"G6  {kind}, a whole evening to its last word, part {part + 1} of {SLICES}: {deaths} crash "
        "points, 0 violations, 0 texts twice, 0 never"
    )
