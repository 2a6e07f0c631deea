"""A provider that fails in each way it can: as many incidents and texts come of as many presses as ever."""

from __future__ import annotations

import random
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx2
import pytest

from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from devices.sim.speech import Emission
from dispatcher.clock import SystemClock
from tests.dispatcher.provider import Provider, running
from tests.faults.conftest import Figure
from tests.faults.doors import PUBLIC, Door, insists, said_by_twilio, two_doors
from tests.faults.street import (
    BUTTONS,
    WITHIN_S,
    Arrives,
    Count,
    by_twilio,
    comes_out_even,
    is_everybody_told,
    name_of,
    soon,
)
from tests.gateway.conftest import Centre
from tests.servers import Part, until

HOMES, TIMES = 10, 3  # for each trouble: so many homes press so often
TROUBLED = 20  # answers of the provider for each trouble, of fifty texts

TROUBLES: dict[str, tuple[int, int] | str] = {
    "429, not taken": (429, 20429),
    "500, taken all the same": (500, 20500),
    "a time-out, taken all the same": "hang",
    "a time-out, never taken": "deaf",
    "an answer nobody can read": "garbage",
}

# What Twilio says of one text. Each word is said to both APIs, and some of them twice.
IN_ANY_ORDER = ("queued", "sending", "sent", "sent", "delivered", "delivered")
TOO_LATE = ("sent", "undelivered", "failed", "delivered")  # when it is known that all have arrived

pytestmark = [pytest.mark.broker, pytest.mark.fault, pytest.mark.timeout(400)]


class Evening:
    """More and more homes press, and a dispatcher tells everybody by one provider."""

    def __init__(self, centre: Centre, sender: Sender, provider: Provider, telling: Part) -> None:
        self.centre = centre
        self.presses: list[Emission] = []
        self._sender, self._provider, self._telling = sender, provider, telling

    def goes_on(self) -> Count:
        """Ten homes more press three times each; until everybody is told once."""
        before = len(self.presses) // TIMES
        homes = BUTTONS[before : before + HOMES]
        for press in repeated(before, homes, PRESS, HOMES * TIMES, 0):
            self._sender.say(press)
            self.presses.append(press)
        assert self._sender.wait(WITHIN_S), self.centre.gateway.tail()
        assert until(lambda: is_everybody_told(self.centre, before + HOMES), WITHIN_S), self._telling.tail()
        return self.counts()

    def counts(self) -> Count:
        """The provider took each text once, and as many as we say."""
        taken: Counter[str] = Counter()

        def alike() -> bool:
            taken.clear()
            taken.update(form["StatusCallback"] for form in self._provider.forms)
            return taken.total() == comes_out_even(self.centre, self.presses).texts

        assert until(alike, WITHIN_S, every_s=0.5), f"{taken.total()} texts were taken"
        assert set(taken.values()) == {1}
        return comes_out_even(self.centre, self.presses)


def test_whatever_the_provider_answers_each_press_is_told_once(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    with ExitStack() as stack:
        provider = stack.enter_context(running(Arrives(SystemClock().now())))
        telling = by_twilio(centre, tmp_path / "dispatcher", provider)
        for part in (telling, centre.gateway):
            stack.callback(part.kill)
            part.start()
        sender = stack.enter_context(Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon))
        evening = Evening(centre, sender, provider, telling)
        for trouble, answer in TROUBLES.items():
            with provider.lock:
                provider.answers = [answer] * TROUBLED
            count = evening.goes_on()
            assert not provider.answers, "all of them were met"
            figure(f"    {name_of(centre)}, {trouble}: {count}; 0 lost, 0 told twice, 0 never")


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # two APIs
def test_receipts_that_come_twice_late_and_in_any_order_change_no_count(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    with ExitStack() as stack:
        provider = stack.enter_context(running(Arrives(SystemClock().now())))
        telling = by_twilio(centre, tmp_path / "dispatcher", provider)
        for part in (telling, centre.gateway):
            stack.callback(part.kill)
            part.start()
        doors = stack.enter_context(two_doors(centre, tmp_path))
        sender = stack.enter_context(Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon))
        evening = Evening(centre, sender, provider, telling)
        before = evening.goes_on()
        told = [
            (form["StatusCallback"].removeprefix(PUBLIC), str(text["sid"]))
            for form, text in zip(provider.forms, provider.texts, strict=True)
        ]
        dice = random.Random(71)
        said = 0
        for words in (IN_ANY_ORDER, TOO_LATE):
            reports = [(*one, word, door) for one in told for word in words for door in doors]
            dice.shuffle(reports)
            with ThreadPoolExecutor(8) as callers:
                heard = [callers.submit(insists, lambda one=one: report(*one)) for one in reports]
            assert {answer.result().status_code for answer in heard} == {204}
            said += len(reports)
        assert evening.counts().incidents == before.incidents
        assert centre.count("SELECT count(*) FROM message WHERE state <> 'delivered'") == 0
        written = Counter(
            detail["message"]
            for (detail,) in centre.rows("SELECT detail FROM timeline WHERE entry = 'message'")
            if detail["state"] == "delivered"
        )
        of_cases = centre.rows("SELECT id FROM message WHERE incident_id IS NOT NULL")
        assert written == Counter(id for (id,) in of_cases), "each stands on its timeline once"
        assert evening.goes_on().incidents == 2 * before.incidents, "and life goes on"
    figure(
        f"    PostgreSQL, {said} receipts for {before.texts} texts, twice, late and in any order, "
        f"by 2 APIs: {before}; 0 told twice"
    )


def report(path: str, sid: str, word: str, door: Door) -> httpx2.Response:
    fields = {"MessageSid": sid, "MessageStatus": word, "To": "+15005550006", "From": "+15005550006"}
    return said_by_twilio(door, path, fields)
