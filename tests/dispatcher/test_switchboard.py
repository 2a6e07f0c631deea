"""Several providers as one: the next one carries what the first cannot, and nobody gets anything twice."""

from __future__ import annotations

from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from community.model import ContactChannel, Medium, Site
from community.storage import Store, register
from dispatcher.channels import Capabilities, Held, Outcome, Sent, TryLater, Undeliverable
from dispatcher.courier import ATTEMPT, carry
from dispatcher.health import STALE, WorkerKind
from dispatcher.model import Lane, Message, MessageState, Purpose
from dispatcher.passes import Pass, unseal
from dispatcher.pulse import Pulse
from dispatcher.settings import DispatcherSettings
from dispatcher.soundings import EVERY, Soundings
from dispatcher.storage import vitals
from dispatcher.switchboard import PerNumber, Switchboard, Wishes
from dispatcher.wiring import Parts, channels, read_wishes
from tests.conftest import Figure
from tests.dispatcher.test_channels import a_message
from tests.dispatcher.test_courier import Clock
from tests.exchange import AtOnce
from tests.town import Town


@dataclass
class Provider:
    """Keeps what it takes. `trouble` is its answer instead; `took_it`: although it took the text.
    `takes_s` is how long each request keeps us waiting.
    """

    name: str
    clock: Clock
    capabilities: Capabilities = field(default_factory=Capabilities)
    trouble: Outcome | None = None
    took_it: bool = False
    takes_s: float = 0
    tells: bool = True
    tried: int = 0
    asked: int = 0
    texts: list[Message] = field(default_factory=list)

    def send(self, message: Message) -> Outcome:
        self.clock.time += timedelta(seconds=self.takes_s)
        self.tried += 1
        if self.trouble is None or self.took_it:
            self.texts.append(message)
        return self.trouble or Sent(f"{self.name}-{message.key}")

    def find(self, message: Message) -> Sent | None:
        self.clock.time += timedelta(seconds=self.takes_s)
        self.asked += 1
        if self.tells and any(text.key == message.key for text in self.texts):
            return Sent(f"{self.name}-{message.key}")
        return None


@pytest.fixture
def clock(now: datetime) -> Clock:
    return Clock(now)


def attempt(board: Switchboard, clock: Clock, message: Message) -> Outcome:
    return carry(board, message, clock).outcome


def test_the_first_provider_carries_while_it_can(clock: Clock) -> None:
    first, second = Provider("first", clock), Provider("second", clock)

    outcome = attempt(Switchboard([first, second], clock), clock, a_message(clock.time))

    assert outcome == Sent("first-i7.r1.contact:1", channel="first")
    assert second.tried == 0


def test_a_failure_sends_the_message_to_the_second_provider_at_once(clock: Clock) -> None:
    first = Provider("first", clock, trouble=TryLater("ConnectTimeout"), takes_s=4)
    second = Provider("second", clock)
    board = Switchboard([first, second], clock)

    outcome = attempt(board, clock, a_message(clock.time))
    assert outcome == TryLater("ConnectTimeout", channel="first", elsewhere=True, ways=2)

    again = a_message(clock.time, attempts=2, channel="first")
    assert attempt(board, clock, again) == Sent("second-i7.r1.contact:1", channel="second")


def test_what_the_first_provider_took_in_doubt_is_not_sent_by_the_second(clock: Clock) -> None:
    first = Provider("first", clock, trouble=TryLater("ReadTimeout"), took_it=True)
    second = Provider("second", clock)
    board = Switchboard([first, second], clock)
    attempt(board, clock, a_message(clock.time))

    outcome = attempt(board, clock, a_message(clock.time, attempts=2, channel="first"))

    assert outcome == Sent("first-i7.r1.contact:1", channel="first")
    assert second.texts == []


def test_a_courier_that_died_without_a_word_may_have_used_any_of_them(clock: Clock) -> None:
    first, second = Provider("first", clock), Provider("second", clock)
    board = Switchboard([first, second], clock)
    second.texts.append(a_message(clock.time))  # the first was resting then

    outcome = attempt(board, clock, a_message(clock.time, attempts=2, channel=""))

    assert outcome == Sent("second-i7.r1.contact:1", channel="second")
    assert first.texts == []


def test_when_both_fail_each_is_tried_once_before_anybody_waits(clock: Clock) -> None:
    board = Switchboard(
        [Provider(name, clock, trouble=TryLater("HTTP 503")) for name in ("first", "second")], clock
    )
    channel, seen = "", []
    for number in range(1, 6):
        outcome = attempt(board, clock, a_message(clock.time, attempts=number, channel=channel))
        assert isinstance(outcome, TryLater)
        channel = outcome.channel
        seen.append((channel, outcome.elsewhere))

    assert seen[:2] == [("first", True), ("second", False)]
    assert [elsewhere for _, elsewhere in seen] == [True, False, True, False, True]


def test_two_providers_that_are_down_are_waited_for_as_long_as_one(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    down = [Provider(name, Clock(town.time), trouble=TryLater("HTTP 503")) for name in ("first", "second")]
    town.channel = Switchboard(down, town)
    town.press("王秀英")
    tries: list[float] = []
    begun = town.time
    for _ in range(40):
        tries.append((town.time - begun).total_seconds())
        before = down[1].tried
        while down[1].tried == before and town.time < begun + timedelta(minutes=3):
            town.pass_time(seconds=1)

    assert tries[:6] == [0, 2, 4, 8, 16, 32]  # 1, 2, 4 … and looked at each second
    assert town.detail("王秀英").messages[0].state is MessageState.QUEUED


def test_a_refusal_goes_to_the_second_provider_within_the_same_attempt(clock: Clock) -> None:
    first, second = Provider("first", clock, trouble=Undeliverable("blacklist")), Provider("second", clock)

    outcome = attempt(Switchboard([first, second], clock), clock, a_message(clock.time))

    assert outcome == Sent("second-i7.r1.contact:1", channel="second")


def test_only_when_all_refuse_it_is_undeliverable(clock: Clock) -> None:
    board = Switchboard([Provider(n, clock, trouble=Undeliverable(f"{n} says no")) for n in "ab"], clock)

    assert attempt(board, clock, a_message(clock.time)) == Undeliverable("b says no", channel="b")


def test_nobody_is_left_who_can_carry_it(clock: Clock) -> None:
    board = Switchboard([Provider("a", clock)], clock)

    outcome = attempt(board, clock, a_message(clock.time, refused=("a",), error="UNDELIV", channel="a"))

    assert outcome == Undeliverable("UNDELIV", channel="a")


@pytest.mark.parametrize("attempts", [1, 2, 5])
@pytest.mark.parametrize("takes_s", [0.2, 0.35, 0.45, 1, 2.4, 4])
def test_no_attempt_outlasts_its_lease_however_slow_everybody_is(
    clock: Clock, attempts: int, takes_s: float
) -> None:
    slow = [
        Provider(name, clock, takes_s=takes_s, tells=False, trouble=Undeliverable("no"))
        for name in ("a", "b", "c")
    ]
    begun = clock.time

    attempt(Switchboard(slow, clock), clock, a_message(begun, attempts=attempts, channel="a"))

    assert clock.time - begun <= ATTEMPT


def test_a_provider_that_failed_three_times_is_left_alone_and_then_asked_by_one(clock: Clock) -> None:
    first, second = Provider("first", clock, trouble=TryLater("down")), Provider("second", clock)
    board = Switchboard([first, second], clock)
    for number in range(3):
        attempt(board, clock, a_message(clock.time, key=f"k{number}"))
    for number in range(20):
        attempt(board, clock, a_message(clock.time, key=f"later{number}"))
    assert first.tried == 3
    assert len(second.texts) == 20

    clock.time += timedelta(seconds=5)
    first.trouble = None
    attempt(board, clock, a_message(clock.time, key="probe"))
    attempt(board, clock, a_message(clock.time, key="after"))
    assert [text.key for text in first.texts] == ["probe", "after"]


def test_a_number_that_had_its_share_says_nothing_about_the_provider(clock: Clock) -> None:
    trouble = TryLater("LimitExceeded", provider_is_well=True)
    first, second = Provider("first", clock, trouble=trouble), Provider("second", clock)
    board = Switchboard([first, second], clock)
    for number in range(10):
        attempt(board, clock, a_message(clock.time, key=f"k{number}"))

    assert first.tried == 10


def test_a_channel_that_breaks_counts_as_failed(clock: Clock) -> None:
    class Broken(Provider):
        def send(self, _message: Message) -> Outcome:
            self.tried += 1
            raise RuntimeError("a bug")

    first, second = Broken("first", clock), Provider("second", clock)
    board = Switchboard([first, second], clock)
    for number in range(5):
        attempt(board, clock, a_message(clock.time, key=f"k{number}"))

    assert first.tried == 3
    assert len(second.texts) == 2


def test_a_provider_that_breaks_when_it_is_asked_keeps_nobody_from_asking_the_other(clock: Clock) -> None:
    class Riddle(Provider):
        def find(self, _message: Message) -> Sent | None:
            raise ValueError("an answer that nobody foresaw")

    first, second = Riddle("first", clock), Provider("second", clock)
    message = a_message(clock.time, attempts=2)
    second.texts.append(message)

    assert attempt(Switchboard([first, second], clock), clock, message) == Sent(
        f"second-{message.key}", channel="second"
    )
    assert first.texts == []


# ---- what people want ----


def test_by_night_the_daughter_is_called_and_by_day_she_is_texted(clock: Clock) -> None:
    sms = Provider("sms", clock)
    voice = Provider("voice", clock, Capabilities(medium=Medium.VOICE))
    night = (ContactChannel(Medium.VOICE, starts=22 * 60, ends=22 * 60 + 9 * 60),)
    wishes = Wishes(1, {"contact:1": night}, ZoneInfo("Asia/Shanghai"))
    board = Switchboard([sms, voice], clock, lambda _known: wishes)

    assert attempt(board, clock, a_message(clock.time)).channel == "sms"  # 14:05
    clock.time += timedelta(hours=9)
    assert attempt(board, clock, a_message(clock.time)).channel == "voice"  # 23:05
    news = a_message(clock.time, purpose=Purpose.ACCEPTED)
    assert attempt(board, clock, news).channel == "sms"


def test_a_push_carries_the_address_that_the_person_gave(clock: Clock) -> None:
    push = Provider("push", clock, Capabilities(medium=Medium.PUSH))
    wishes = Wishes(1, {"contact:1": (ContactChannel(Medium.PUSH, "wxwork://her-key"),)})

    attempt(
        Switchboard([Provider("sms", clock), push], clock, lambda _: wishes), clock, a_message(clock.time)
    )

    assert push.texts[0].to.url == "wxwork://her-key"
    assert "her-key" not in repr(push.texts[0])


def test_a_push_that_cannot_be_answered_gives_a_link_to_its_person_and_a_number_to_call(clock: Clock) -> None:
    one_way = Capabilities(medium=Medium.PUSH, url_allowed=True, for_staff=True)
    push, plain = Provider("push", clock, one_way), replace(one_way, url_allowed=False)
    wanted = {"contact:1": (ContactChannel(Medium.PUSH, "wxwork://her-key"),)}
    wishes = Wishes(1, wanted, hotline="2222999", secret="the site's")
    asking = a_message(clock.time, body="请来。能赶到回1,不能回2。")

    def said(board: Switchboard, message: Message) -> str:
        attempt(board, clock, message)
        return push.texts[-1].body

    board = Switchboard([push], clock, lambda _: wishes, public_url="https://centre.example/")
    before, link, after = said(board, asking).partition("https://centre.example/p/open?pass=")
    assert (before, link != "") == ("请来。此处不能回复,答复请打开 ", True)
    token, _, number = after.partition(" ")
    assert number == "或打2222999。"
    assert unseal("the site's", token, clock.time) == Pass(7, "contact:1")

    group = replace(asking, to=replace(asking.to, who="responder:1"), purpose=Purpose.ASK)
    assert said(board, group) == "请来。此处不能回复,答复请打2222999。", (
        "a group reads it: nobody answers for her"
    )
    push.capabilities = plain
    without = Switchboard([push], clock, lambda _: wishes, public_url="https://centre.example/")
    assert said(without, asking) == "请来。此处不能回复,答复请打2222999。"

    sms = Provider("sms", clock, Capabilities(two_way=True))
    attempt(Switchboard([sms], clock, lambda _: wishes), clock, asking)
    assert sms.texts[0].body == asking.body


def test_wishes_are_asked_once_a_second_and_not_for_every_message(clock: Clock) -> None:
    asked = []

    def wishes(known: Wishes) -> Wishes:
        asked.append(known.revision)
        return Wishes(known.revision + 1)

    board = Switchboard([Provider("sms", clock)], clock, wishes)
    for _ in range(30):
        attempt(board, clock, a_message(clock.time))
        clock.time += timedelta(milliseconds=100)

    assert asked == [-1, 0, 1]


# ---- asking when there is nothing to send ----


@dataclass
class Asked(Provider):
    """A provider that says what is wrong with it."""

    wrong: str = ""

    def ailment(self) -> str:
        self.asked += 1
        return self.wrong


def test_two_misses_switch_the_order_and_one_good_answer_switches_it_back(
    store: Store, clock: Clock, figure: Figure
) -> None:
    first, second = Asked("first", clock, wrong="HTTP 503"), Asked("second", clock)
    with store.write() as connection:
        register.set_site(connection, Site("town", "小镇", "2222999", "2222999"))
    board = Switchboard([first, second], clock, lambda known: read_wishes(store, known, clock.now()))
    soundings = Soundings(store, board.channels.values(), clock, AtOnce())

    def later(number: int) -> str:
        clock.time += EVERY
        soundings.turn(clock.time)
        clock.time += timedelta(seconds=1)
        return attempt(board, clock, a_message(clock.time, key=f"k{number}")).channel

    assert later(1) == "first"
    assert later(2) == "second"
    assert later(3) == "second"
    first.wrong = ""
    assert later(4) == "first"
    assert first.asked == 4
    every_s = EVERY.total_seconds()
    figure(f"G11 a provider is asked every {every_s:.0f} s: after 2 misses tried last, after 1 answer first")
    assert every_s <= 120


def test_a_provider_that_the_site_has_no_more_is_forgotten(store: Store, clock: Clock) -> None:
    with store.write() as connection:
        vitals.keep_channel(connection, "gone", clock.time, None, "HTTP 503")
    Soundings(store, [Asked("only", clock)], clock, AtOnce()).turn(clock.time)

    with store.read() as connection:
        assert list(vitals.channels(connection)) == ["only"]


def test_of_two_dispatchers_one_asks(store: Store, clock: Clock) -> None:
    provider = Asked("only", clock)
    for _ in range(2):
        Soundings(store, [provider], clock, AtOnce()).turn(clock.time)

    assert provider.asked == 1


# ---- what a provider takes in a second ----


def test_a_burst_of_device_texts_leaves_room_for_a_call_for_help(clock: Clock) -> None:
    sms = Provider("sms", clock, Capabilities(rate_per_s=10))
    board = Switchboard([sms], clock)
    device = [
        attempt(board, clock, a_message(clock.time, key=f"d{n}", lane=Lane.ORDINARY, purpose=Purpose.RAISED))
        for n in range(100)
    ]
    assert sum(isinstance(outcome, Sent) for outcome in device) == 2
    waits = [outcome.wait_s for outcome in device if isinstance(outcome, Held)]
    assert waits == sorted(waits)
    assert waits[-1] > 9

    assert isinstance(attempt(board, clock, a_message(clock.time)), Sent)


def test_the_second_provider_takes_what_is_too_much_for_the_first(clock: Clock) -> None:
    limit = Capabilities(rate_per_s=8)
    board = Switchboard([Provider("first", clock, limit), Provider("second", clock, limit)], clock)

    by = Counter(
        attempt(board, clock, a_message(clock.time, key=f"k{n}", lane=Lane.FIRST)).channel for n in range(9)
    )

    assert by == {"first": 4, "second": 4, "": 1}


def test_one_number_gets_no_flood_of_news_and_still_every_call_for_help(clock: Clock) -> None:
    sms = Provider("sms", clock, Capabilities(rate_per_s=1000))
    board = Switchboard([sms], clock, per_number=PerNumber(rate=0.1, burst=8))
    news = [
        attempt(board, clock, a_message(clock.time, key=f"n{n}", purpose=Purpose.ACCEPTED)) for n in range(20)
    ]
    assert sum(isinstance(outcome, Sent) for outcome in news) == 5

    helps = [attempt(board, clock, a_message(clock.time, key=f"h{n}")) for n in range(20)]
    assert all(isinstance(outcome, Sent) for outcome in helps)


def test_simulated_phones_know_no_limit(clock: Clock) -> None:
    board = Switchboard([Provider("phones", clock)], clock)

    outcomes = [
        attempt(board, clock, a_message(clock.time, key=f"k{n}", lane=Lane.ORDINARY)) for n in range(500)
    ]

    assert all(isinstance(outcome, Sent) for outcome in outcomes)


def test_many_threads_get_no_more_than_the_rate(clock: Clock) -> None:
    board = Switchboard([Provider("sms", clock, Capabilities(rate_per_s=40))], clock)
    messages = [a_message(clock.time, id=n, key=f"k{n}", lane=Lane.FIRST) for n in range(200)]

    with ThreadPoolExecutor(8) as pool:
        outcomes = list(pool.map(board.send, messages))

    assert sum(isinstance(outcome, Sent) for outcome in outcomes) == 20


@pytest.mark.parametrize("ends", [True, False], ids=["in order", "killed"])
def test_two_dispatchers_share_what_a_provider_takes(store: Store, clock: Clock, ends: bool) -> None:
    with store.write() as connection:
        register.set_site(connection, Site("town", "小镇", "2222999", "2222999"))
    pulses = [Pulse(store, WorkerKind.COURIER, f"courier{n}") for n in range(2)]
    for pulse in pulses:
        pulse.turn(clock.time)
    boards = [
        Switchboard(
            [Provider("sms", clock, Capabilities(rate_per_s=40))],
            clock,
            lambda known: read_wishes(store, known, clock.now()),
        )
        for _ in pulses
    ]

    def sent(board: Switchboard) -> int:
        messages = [a_message(clock.time, id=n, key=f"k{n}", lane=Lane.FIRST) for n in range(100)]
        return sum(isinstance(attempt(board, clock, message), Sent) for message in messages)

    assert [sent(board) for board in boards] == [10, 10], "half a second of one budget, in two halves"
    clock.time += timedelta(seconds=0.25)
    assert [sent(board) for board in boards] == [5, 5]

    if ends:
        pulses[1].end()
    clock.time += STALE + timedelta(seconds=1)
    pulses[0].turn(clock.time)
    assert sent(boards[0]) == 10, "it has just learned that it is alone; what it saved before was its half"
    clock.time += timedelta(seconds=0.25)
    assert sent(boards[0]) == 10
    clock.time += timedelta(seconds=1)
    pulses[0].turn(clock.time)
    assert sent(boards[0]) == 20


def test_twilios_rates_are_settings(store: Store, clock: Clock) -> None:
    account = {"twilio_account_sid": "AC1", "twilio_auth_token": "secret", "twilio_from": "+15005550006"}
    settings = DispatcherSettings.model_validate(
        {**account, "channels": "twilio,twilio-voice", "twilio_rate_per_s": 400, "twilio_voice_rate_per_s": 5}
    )

    made = channels(Parts(settings, store, clock))

    assert [way.capabilities.rate_per_s for way in made] == [400, 5]
