"""From a home nobody can count on to a green one, step by step as people mend it."""

from __future__ import annotations

from datetime import timedelta

from community.model import ResponderKind
from community.storage import register
from devices.signal import Kind
from dispatcher import safety
from dispatcher.channels import Undeliverable
from dispatcher.drills import Drills
from dispatcher.reachability import Reached
from dispatcher.safety_net import Level, Net
from tests.town import Town


def net(town: Town, name: str) -> Net:
    with town.store.read() as connection:
        home = register.household_by_id(connection, town.homes[name])
        return safety.nets(connection, [home], town.plans, town.time)[home.household.id]


def whys(town: Town, name: str) -> list[str]:
    return [hole.why[0] for hole in net(town, name).holes]


def drilled(town: Town, name: str) -> None:
    """An operator has every contact of a home tested."""
    with town.store.read() as connection:
        contacts = register.household_by_id(connection, town.homes[name]).contacts
    for contact in contacts:
        safety.drill_now(town.store, town.homes[name], contact.id, town.time)
    Drills(town.store, monthly=False).turn(town.time)
    town.work()


def test_from_red_to_green(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.resident("赵玉兰")  # the neighbour, of whom nothing is known either
    assert net(town, "王秀英").level is Level.RED
    assert "报警设备都没有信号" in whys(town, "王秀英")

    with town.store.write() as connection:
        for device in register.devices(connection):
            register.touch_devices(connection, {device.key: (town.time, 90)})
    town.responder("李强", metres=400)
    town.responder("和平诊所", metres=900, kind=ResponderKind.CLINIC)
    installed = [why for why in whys(town, "王秀英") if "装好了,还没有证实" in why]
    assert len(installed) == 2, "the button and the smoke detector speak, and nobody has tried them"
    for key in ("care:town/王秀英", "care:town/王秀英/smoke"):
        town.say("王秀英", Kind.TEST, device=key)
    assert whys(town, "王秀英") == ["还没有联系人证实能收到短信"]
    assert net(town, "王秀英").level is Level.AMBER

    town.phones.trouble[town.people["女儿"]] = Undeliverable("no such number")
    drilled(town, "王秀英")
    assert any("短信送不到女儿" in why or "联系人都联系不上" in why for why in whys(town, "王秀英"))

    town.phones.trouble.clear()
    town.time += timedelta(minutes=2)
    drilled(town, "王秀英")
    town.answer("女儿", "1")
    assert whys(town, "王秀英") == []
    assert net(town, "王秀英").level is Level.GREEN

    town.answer("女儿", "TD")
    assert net(town, "王秀英").level is Level.AMBER

    town.answer("女儿", "开通")
    town.time += timedelta(days=9)
    assert net(town, "王秀英").level is Level.RED


def test_an_answer_in_a_real_case_proves_a_number_as_well(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.say("王秀英", Kind.SOS)
    town.answer("女儿", "马上到")

    with town.store.read() as connection:
        home = register.household_by_id(connection, town.homes["王秀英"])
        [proof] = safety.proofs(connection, [home], town.time)

    assert (proof.state, proof.heard_at, proof.asked_at) == (Reached.PROVED, town.time, None)
