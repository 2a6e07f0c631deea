"""Two providers: when the first is down, throttled or lies, the second carries - within seconds, and nobody
gets two."""

from __future__ import annotations

import pytest

from community.model import ContactChannel, Medium
from community.storage import register
from community.storage import wishes as kept_wishes
from devices.signal import Kind
from dispatcher import responses
from dispatcher.channels import Capabilities, Outcome, Sent, TryLater, Undeliverable
from dispatcher.model import Message, MessageState
from dispatcher.switchboard import Switchboard
from dispatcher.wiring import read_wishes
from tests.exchange import Telephone
from tests.town import Town, TownPhones


class Providers:
    """What two providers and their town have in common: one set of telephones."""

    def __init__(self, town: Town, **capabilities: Capabilities) -> None:
        names = capabilities or {"first": Capabilities(), "second": Capabilities()}
        self.town = town
        self.by_name = {name: TownPhones(name, can, delivers=False) for name, can in names.items()}
        town.channel = Switchboard(
            list(self.by_name.values()), town, lambda known: read_wishes(town.store, known, town.now())
        )

    def __getitem__(self, name: str) -> TownPhones:
        return self.by_name[name]

    def heard(self, who: str) -> list[tuple[str, str]]:
        """(provider, text) of everything on somebody's telephone."""
        phone = self.town.people[who]
        return [
            (name, body)
            for name, provider in self.by_name.items()
            for number, body in provider.texts
            if number == phone
        ]

    def carriers(self, who: str) -> list[str]:
        return [name for name, _ in self.heard(who)]

    def report(self, name: str, number: int, state: MessageState, error: str = "") -> None:
        """A provider says what became of its `number`th text (1, 2, …)."""
        key = self.by_name[name].keys[number - 1]
        responses.receipt(self.town.store, f"town-{number}", state, error, self.town.time, key=key)


@pytest.fixture
def providers(town: Town) -> Providers:
    town.resident("王秀英", contacts=("女儿",))
    return Providers(town)


def everybody(trouble: Outcome, town: Town) -> dict[str, Outcome]:
    return dict.fromkeys(town.people.values(), trouble)


@pytest.mark.parametrize(
    "trouble",
    [
        TryLater("ConnectionError"),
        TryLater("HTTP 503"),
        TryLater("LimitExceeded", wait_s=60, provider_is_well=True),
        Undeliverable("blacklist"),
    ],
)
def test_the_first_provider_is_down_and_the_second_carries_within_seconds(
    town: Town, providers: Providers, trouble: Outcome
) -> None:
    providers["first"].trouble = everybody(trouble, town)

    town.press("王秀英")
    town.pass_time(seconds=2)

    assert providers.carriers("女儿") == ["second"]


def test_the_first_provider_took_it_and_fell_silent_so_nobody_gets_two(
    town: Town, providers: Providers
) -> None:
    class TakesAndHangs(TownPhones):
        def send(self, message: Message) -> Outcome:
            super().send(message)
            return TryLater("ReadTimeout")

    silent = TakesAndHangs("first", delivers=False)
    providers.by_name["first"] = silent
    town.channel = Switchboard(list(providers.by_name.values()), town)

    town.press("王秀英")
    town.pass_time(seconds=30)

    assert providers.carriers("女儿") == ["first"]


def test_a_text_that_was_taken_and_then_not_delivered_goes_by_the_second_provider(
    town: Town, providers: Providers
) -> None:
    town.press("王秀英")
    assert providers.carriers("女儿") == ["first"]

    town.pass_time(seconds=5)
    providers.report("first", 1, MessageState.UNDELIVERABLE, "UNDELIV")
    town.work()

    assert providers.carriers("女儿") == ["first", "second"]
    said_first, said_again = (text for _, text in providers.heard("女儿"))
    assert said_first == said_again


def test_the_first_ones_report_comes_twice_and_late_and_changes_nothing(
    town: Town, providers: Providers
) -> None:
    town.press("王秀英")
    providers.report("first", 1, MessageState.UNDELIVERABLE, "UNDELIV")
    town.work()
    town.pass_time(seconds=10)
    key = providers["first"].keys[0]
    late = responses.receipt(
        town.store, "the-first-ones-id", MessageState.FAILED, "UNDELIV", town.time, key=key
    )
    town.work()

    assert late
    assert providers.carriers("女儿") == ["first", "second"]
    assert town.detail("王秀英").messages[0].state is MessageState.SENT


def test_when_the_second_cannot_either_it_is_said_so_and_not_tried_for_ever(
    town: Town, providers: Providers
) -> None:
    town.press("王秀英")
    providers.report("first", 1, MessageState.UNDELIVERABLE, "UNDELIV")
    town.work()
    providers.report("second", 1, MessageState.UNDELIVERABLE, "UNDELIV")
    town.pass_time(seconds=60)

    mine = [m for m in town.detail("王秀英").messages if m.to.who.startswith("contact:")]
    assert mine[0].state is MessageState.UNDELIVERABLE
    assert providers.carriers("女儿").count("first") == 1
    assert "UNDELIV" in mine[0].error


def test_a_burst_of_device_texts_does_not_delay_a_press(town: Town) -> None:
    for number in range(40):
        town.resident(f"老人{number}", contacts=(f"老人{number}的女儿",))
    town.resident("王秀英", contacts=("女儿",))
    providers = Providers(town, only=Capabilities(rate_per_s=4))

    for number in range(40):
        town.say(f"老人{number}", Kind.LEAK)
    town.pass_time(seconds=121)
    told = [number for number in range(40) if providers.carriers(f"老人{number}的女儿")]
    assert 2 <= len(told) <= 8  # the others wait their turn
    town.press("王秀英")

    assert providers.carriers("女儿") == ["only"]
    town.pass_time(seconds=20)
    assert all(providers.carriers(f"老人{number}的女儿") == ["only"] for number in range(40))


def test_by_night_she_wants_to_be_called_and_by_day_to_be_texted(town: Town) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    with town.store.write() as connection:
        [contact] = register.household_by_id(connection, home).contacts
        wishes = [
            ContactChannel(Medium.VOICE, starts=21 * 60, ends=21 * 60 + 600),
            ContactChannel(Medium.SMS),
        ]
        kept_wishes.replace_for_contact(connection, home, contact.id, wishes)
    providers = Providers(town, sms=Capabilities(), call=Capabilities(medium=Medium.VOICE))

    town.press("王秀英")  # 14:05
    assert providers.carriers("女儿") == ["sms"]
    town.close("王秀英")
    town.pass_time(minutes=9 * 60)
    town.press("王秀英")  # 23:05

    assert providers.carriers("女儿")[-1] == "call"
    assert isinstance(providers["call"].find(providers["call"].taken[0]), Sent)


def test_who_is_called_first_is_not_called_once_more_beside_it(town: Town) -> None:
    telephone = Telephone(town)
    home = town.resident("王秀英", contacts=("女儿",))
    with town.store.write() as connection:
        [contact] = register.household_by_id(connection, home).contacts
        kept_wishes.replace_for_contact(connection, home, contact.id, [ContactChannel(Medium.VOICE)])
    board = town.channel
    assert isinstance(board, Switchboard)
    town.channel = Switchboard(
        list(board.channels.values()), town, lambda known: read_wishes(town.store, known, town.now())
    )

    town.press("王秀英")
    town.pass_time(seconds=40)

    assert telephone.rings("女儿") == 1
    assert town.heard("女儿") == []
