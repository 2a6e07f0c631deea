"""A device is tried: its first alarm is a test and proves that it works; the second is real."""

from __future__ import annotations

import pytest

from community.model import Device
from community.storage import labels, register, trials
from community.storage.trials import Trial
from devices.profiles import shipped
from devices.signal import Frame, Kind, Role
from dispatcher.bell import LocalBell
from dispatcher.storage import proofs
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.stories.conftest import town
from tests.town import Town

__all__ = ["town"]


class Installed:
    """A new button in a home, and two gateways that hear it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        home = town.resident("王秀英")
        with town.store.write() as connection:
            device = Device(0, "care:town/new", Role.HELP_BUTTON, home)
            self.id = register.enrol_device(connection, device).id
        self.gateways = [
            Receiver(
                Parts(town.store, Planbook(town.plans), shipped(), town, LocalBell(), LastSeen(), LastLife())
            )
            for _ in range(2)
        ]

    def begin(self) -> None:
        with self.town.store.write() as connection:
            trials.begin(connection, self.id, self.town.time)

    def says(self, id: str, type: str = "press", gateways: int = 1) -> list[bool]:
        """Whether each signal that came of it was a test, for the gateway that spoke first."""
        said = f'{{"v":1,"id":"{id}","type":"{type}"}}'.encode()
        frame = Frame("care/town/new/signal", said, self.town.time)
        heard = [each.take([frame])[0] for each in self.gateways[:gateways]]
        return [signal.test for signal in heard[0].signals]

    def cases(self) -> int:
        with self.town.store.read() as connection:
            return int(connection.exec_driver_sql("SELECT count(*) FROM incident").scalar() or 0)

    def trial(self) -> Trial | None:
        with self.town.store.read() as connection:
            return trials.of_device(connection, self.id)


@pytest.fixture
def button(town: Town) -> Installed:
    return Installed(town)


def test_the_first_press_is_a_test_and_the_second_is_real(button: Installed, town: Town) -> None:
    button.begin()
    assert (button.says("1", gateways=2), button.cases()) == ([True], 0)
    trial = button.trial()
    assert trial is not None
    assert trial.heard_at == town.time
    assert (button.says("1", gateways=2), button.cases()) == ([False], 0), "it is known already"
    assert (button.says("2", gateways=2), button.cases()) == ([False], 1)


def test_two_presses_in_one_group_are_a_test_and_an_alarm(button: Installed, town: Town) -> None:
    button.begin()
    said = (f'{{"v":1,"id":"{id}","type":"press"}}'.encode() for id in "12")
    heard = button.gateways[0].take([Frame("care/town/new/signal", one, town.time) for one in said])
    assert [signal.test for reading in heard for signal in reading.signals] == [True, False]
    assert button.cases() == 1


def test_nobody_is_tried_unasked_or_for_longer_than_ten_minutes(button: Installed, town: Town) -> None:
    assert button.says("1") == [False]
    button.begin()
    town.pass_time(minutes=10)
    assert button.says("2") == [False]
    assert button.trial() == Trial(town.time)


def test_a_low_battery_is_no_proof(button: Installed) -> None:
    button.begin()
    assert button.says("1", "low_battery") == [False]
    assert button.says("2") == [True]


def test_a_label_leads_to_a_press_that_proves_the_button_and_wakes_nobody(
    button: Installed, town: Town
) -> None:
    home = town.resident("赵玉兰", contacts=("李梅",))
    boxed = Device(0, "care:town/boxed", Role.HELP_BUTTON, None)
    with town.store.write() as connection:
        [label] = labels.prepare(connection, [boxed], town.time)
    with town.store.write() as connection:
        installed = labels.claim(connection, label.code, home, "床头", town.operator.id, town.time)

    def press(id: str) -> bool:
        said = f'{{"v":1,"id":"{id}","type":"press"}}'.encode()
        button.gateways[0].take([Frame("care/town/boxed/signal", said, town.time)])
        with town.store.read() as connection:
            device = register.device_by_id(connection, installed.id)
            return proofs.of(connection, [device])[device.id].is_proven

    with town.store.read() as connection:
        assert not proofs.of(connection, [installed])[installed.id].is_proven
    with town.store.write() as connection:
        trials.begin(connection, installed.id, town.time)
    assert press("1")
    town.work()
    assert (town.open_cards(), town.heard("李梅")) == ((), [])
    press("2")
    town.work()
    assert town.card("赵玉兰").kind is Kind.SOS
    assert len(town.heard("李梅")) == 1


def test_what_is_installed_and_not_proven_calls_from_the_first_moment(button: Installed) -> None:
    assert button.says("1") == [False]
    assert button.cases() == 1
