"""One row that nobody can read (of a newer release, mended by hand), and everybody else is helped."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import Table, update

from community.model import Device
from community.storage import register
from community.storage.tables import device, duty, incident, message, responder
from devices.profiles import shipped
from devices.signal import Frame, Kind, Role
from dispatcher import intake
from dispatcher.bell import LocalBell
from dispatcher.courier import Courier
from dispatcher.engine import Engine
from dispatcher.model import Lane, OfferState
from dispatcher.pace import MANY, Pace
from dispatcher.patrol import Patrol
from dispatcher.storage import astray
from dispatcher.storage.planbook import Planbook
from dispatcher.switchboard import Switchboard
from dispatcher.wiring import read_wishes
from gateway.receive import Parts, Receiver
from gateway.supervision import LastLife, LastSeen
from tests.dispatcher.backlog import waiting
from tests.town import Town

BROKEN: dict[str, tuple[Table, str, dict[str, str]]] = {
    "a device with a role of tomorrow": (device, "key", {"role": "jet_pack"}),
    "a responder of a kind of tomorrow": (responder, "name", {"kind": "robot"}),
    "duty times that are none": (duty, "days", {"days": "MTWTF"}),
    "a text with a purpose of tomorrow": (message, "key", {"purpose": "sing"}),
}


def test_a_case_that_cannot_be_read_keeps_no_text_in_the_outbox(town: Town) -> None:
    """It is one of many for which one worker is asked: what cannot be put together leaves by itself."""
    town.bundle_requests()
    town.responder("李强", metres=200)
    names = [f"住户{number}" for number in range(MANY + 2)]
    for name in names:
        town.resident(name)
    with town.store.write() as connection:
        readings = [town.reading(name, Kind.SOS) for name in names]
        intake.take(connection, readings, town.plans, town.time)
    town.engine.tick(town.time)
    waiting(town.store, town.time, [("plain", Lane.LAST)])
    town.time += timedelta(seconds=10)
    odd = incident.c.household_id == town.homes[names[0]]
    with town.store.write() as connection:
        connection.execute(update(incident).where(odd).values(kind="flood"))

    courier = Courier(town.store, town.phones, town, worker="w", senders=2, bundles=True)
    courier.collect()
    courier.close()

    with town.store.write() as connection:
        connection.execute(update(incident).where(odd).values(kind=Kind.SOS.value))
    assert len(town.heard("李强")) == len(names)
    assert "plain" in town.phones.keys


@pytest.mark.parametrize("what", BROKEN)
def test_one_row_that_cannot_be_read_keeps_nobody_from_being_helped(town: Town, what: str) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=200)
    home = town.resident("赵玉兰")
    town.responder("赵敏", metres=100, duty=(0, 1439))
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "care:town/odd", Role.HELP_BUTTON, home))
    waiting(town.store, town.time, [("odd", Lane.FIRST), ("plain", Lane.LAST)])
    table, named, values = BROKEN[what]
    odd = {"key": ("care:town/odd", "odd"), "name": ("赵敏",), "days": ()}[named]
    of = table.c[named].in_(odd) if odd else table.c.ends == 1439
    with town.store.write() as connection:
        assert connection.execute(update(table).where(of).values(**values)).rowcount == 1
        register.responders_changed(connection)

    parts = Parts(town.store, Planbook(town.plans), shipped(), town, LocalBell(), LastSeen(), LastLife())
    Receiver(parts).take([Frame("care/town/王秀英/signal", b'{"v":1,"id":"1","type":"press"}', town.time)])
    board = Switchboard([town.phones], town, lambda known: read_wishes(town.store, known, town.time))
    courier = Courier(town.store, board, town, worker="w", senders=2, bundles=True)
    engine = Engine(town.store, courier, Planbook(town.plans), Pace())
    engine.tick(town.time)
    courier.collect()
    courier.close()

    assert [alarm.kind for alarm in town.detail("王秀英").alarms] == ["sos"]
    assert sum("紧急按钮" in text for text in town.heard("女儿")) == 1
    assert town.asked("王秀英")["李强"] is OfferState.ASKED
    assert "plain" in town.phones.keys
    Patrol(town.store, Planbook(town.plans)).tick(town.time)
    with town.store.read() as connection:
        found = astray.astray(connection, town.time + timedelta(minutes=1), [], can_call=True, limit=100)
    assert "odd" not in {one.message.key for one in found}
