"""Two gateways hear one detector, and each misses something: no alarm is missed, and none comes twice."""

from __future__ import annotations

import threading
from datetime import timedelta

import pytest

from community.model import Device
from community.storage import register
from devices.profiles import shipped
from devices.signal import Frame, Role
from dispatcher.bell import LocalBell
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.stories.conftest import town
from tests.town import Town

__all__ = ["town"]


def gateway(town: Town) -> Receiver:
    return Receiver(
        Parts(town.store, Planbook(town.plans), shipped(), town, LocalBell(), LastSeen(), LastLife())
    )


@pytest.fixture
def pair(town: Town) -> tuple[Receiver, Receiver]:
    home = town.resident("王秀英")
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "z2m:kitchen", Role.SMOKE_DETECTOR, home))
    first, second = gateway(town), gateway(town)
    says(town, "false", first, second)
    return first, second


def says(town: Town, smoke: str, *heard_by: Receiver) -> None:
    """The detector in the kitchen says whether there is smoke; an hour has gone by since it last did."""
    town.pass_time(minutes=60)
    for receiver in heard_by:
        receiver.take([Frame("zigbee2mqtt/kitchen", f'{{"smoke":{smoke}}}'.encode(), town.time)])


def times(town: Town) -> list[int]:
    """How often each alarm of each case was raised, the newest case first."""
    return [alarm.times for alarm in town.detail("王秀英").alarms]


def test_the_end_of_smoke_that_one_missed_does_not_hide_the_next_smoke(
    town: Town, pair: tuple[Receiver, Receiver]
) -> None:
    first, second = pair
    says(town, "true", first, second)
    says(town, "false", first)
    assert times(town) == [1]
    town.close("王秀英")

    says(town, "true", second)  # the first is down

    assert len(town.open_cards()) == 1


def test_smoke_that_one_missed_does_not_alarm_again_when_it_hears_of_it(
    town: Town, pair: tuple[Receiver, Receiver]
) -> None:
    first, second = pair
    says(town, "true", first)
    town.close("王秀英")

    says(town, "true", first, second)

    assert town.open_cards() == ()


def test_what_both_hear_at_the_same_time_is_one_edge_whatever_their_clocks_say(
    town: Town, pair: tuple[Receiver, Receiver]
) -> None:
    both_hear = threading.Barrier(2, timeout=30)

    def hear(receiver: Receiver, late_s: int) -> None:
        for number in range(10):
            at = town.time + timedelta(seconds=60 * number + late_s)
            smoke = b'{"smoke":false}' if number % 2 else b'{"smoke":true}'
            both_hear.wait()
            receiver.take([Frame("zigbee2mqtt/kitchen", smoke, at)])

    both = [threading.Thread(target=hear, args=(receiver, 30 * n)) for n, receiver in enumerate(pair)]
    for one in both:
        one.start()
    for one in both:
        one.join()

    assert times(town) == [1] * 5
