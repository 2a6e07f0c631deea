"""What many presses together cost the database, in requests: the same on every machine."""

from __future__ import annotations

from community.model import Device
from community.storage import Store, register
from devices.signal import Kind, Reading, Role, Signal
from dispatcher import intake
from dispatcher.engine import Engine
from tests.faults.dying import Death, mortal
from tests.town import Town

MANY = 40
MOST = 26  # SQLite is asked so often for one press, PostgreSQL 17 times


def test_forty_presses_together_are_a_few_requests_more_than_one(store: Store, town: Town) -> None:
    for number in range(MANY + 3):
        town.resident(f"老人{number}", contacts=(f"女儿{number}",))
        with store.write() as connection:
            home = town.homes[f"老人{number}"]
            register.enrol_device(connection, Device(0, f"care:t/{number}", Role.HELP_BUTTON, home))
    alone = requests(store, town, range(2))
    together = requests(store, town, range(2, MANY + 3))
    assert alone <= MOST
    assert together <= alone + 2


def requests(store: Store, town: Town, numbers: range) -> int:
    """Statements and commits from the presses of these homes until what to say is in the outbox.

    The first one presses before, so that the dispatcher knows the register.
    """
    counts = Death()
    counted = mortal(store, counts)
    engine = Engine(counted)
    for pressing in (numbers[:1], numbers[1:]):
        counts.after(None)
        readings = [Reading((Signal(f"care:t/{n}", Kind.SOS, f"press {n}", town.time),)) for n in pressing]
        with counted.write() as connection:
            opened = intake.take(connection, readings, town.plans, town.time).opened
        assert engine.tick(town.time, expected=True) == len(opened) == len(pressing)
    counted.close()
    return counts.requests
