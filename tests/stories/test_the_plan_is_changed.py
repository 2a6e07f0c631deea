"""A plan is edited while a case runs on it: that one keeps its own, the next press has the new one."""

from __future__ import annotations

from dataclasses import replace

import pytest

from community.storage import Store
from devices.profiles import shipped as profiles
from devices.signal import Frame, Kind
from dispatcher.bell import LocalBell
from dispatcher.model import Plan, Rung, Severity, Tell, Whom
from dispatcher.plans import shipped
from dispatcher.storage.planbook import Planbook
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.town import Town

SON_AT_30 = (
    Rung(0, (Tell(Whom.RELATIVES, 1),)),
    Rung(30, (Tell(Whom.DESK), Tell(Whom.RELATIVES, 0))),
)


class Gateway:
    """One that was started long before anybody edited a plan, and is never started again."""

    def __init__(self, town: Town) -> None:
        self._town = town
        parts = Parts(town.store, Planbook(shipped()), profiles(), town, LocalBell(), LastSeen(), LastLife())
        self._receiver = Receiver(parts)

    def hears(self, name: str, said_type: str = "press") -> None:
        said = f'{{"v":1,"id":"{said_type}-{self._town.time}","type":"{said_type}"}}'.encode()
        self._receiver.take([Frame(f"care/town/{name}/signal", said, self._town.time)])
        self._town.work()


@pytest.fixture
def gateway(town: Town) -> Gateway:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.resident("李大山", contacts=("老伴", "孙子"))
    return Gateway(town)


def edit(store: Store, town: Town, edited: Plan) -> None:
    """On another machine: the API that the administrator's page talks to."""
    with store.write() as connection:
        Planbook(shipped()).edit(connection, edited, edited.version, town.operator.id, town.time)


def test_a_running_case_keeps_its_plan_and_the_next_press_has_the_new_one(
    town: Town, store: Store, gateway: Gateway
) -> None:
    emergency = shipped().of(Kind.SOS, Severity.EMERGENCY)
    gateway.hears("王秀英")
    assert [len(town.heard(who)) for who in ("女儿", "儿子", "邻居")] == [1, 1, 0]

    edit(store, town, replace(emergency, rungs=SON_AT_30))
    town.pass_time(seconds=1)
    gateway.hears("李大山")
    assert [len(town.heard(who)) for who in ("老伴", "孙子")] == [1, 0], "the new plan, without a restart"

    town.pass_time(seconds=30)
    assert [len(town.heard(who)) for who in ("老伴", "孙子")] == [1, 1]
    assert town.heard("邻居") == [], "the running case waits for its own second rung"
    town.pass_time(seconds=29)
    assert len(town.heard("邻居")) == 1


def test_a_case_that_grows_worse_begins_again_on_the_plan_as_it_is_then(
    town: Town, store: Store, gateway: Gateway
) -> None:
    gateway.hears("王秀英")
    edit(store, town, replace(shipped().of(Kind.SOS, Severity.EMERGENCY), rungs=SON_AT_30))
    town.pass_time(seconds=5)

    gateway.hears("王秀英", "fall")

    plans = [e.text for e in town.detail("王秀英").timeline if "预案第" in e.text]
    assert len(plans) == 2
    assert [len(town.heard(who)) for who in ("女儿", "儿子")] == [2, 1], "the new plan tells one at first"
