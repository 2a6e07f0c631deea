"""SIGKILL, while people press: nothing that was pressed is lost, and nothing is told twice."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from tests.faults.conftest import Figure
from tests.faults.street import (
    BUTTONS,
    WITHIN_S,
    Sending,
    comes_out_even,
    dispatcher,
    ends_well,
    is_everybody_told,
    name_of,
    received,
    soon,
)
from tests.gateway.conftest import Centre
from tests.servers import until

PRESSES = 1000
RATE = 400.0  # per second: two and a half seconds of sending

pytestmark = [pytest.mark.broker, pytest.mark.fault]


def test_gateway_and_broker_are_killed_and_every_press_is_kept_and_told_once(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    presses = list(repeated(11, BUTTONS, PRESS, PRESSES, RATE))
    centre.gateway.start()
    with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
        sending = Sending(sender, presses)
        try:
            sending.has_said(200)
            centre.gateway.kill()
            sending.has_said(300)
            centre.gateway.start()
            sending.has_said(500)
            centre.mosquitto.kill()
            centre.mosquitto.start()
            sending.has_said(800)
            centre.mosquitto.kill()
            centre.gateway.kill()
            centre.mosquitto.start()
            centre.gateway.start()
            sending.has_said(PRESSES)
            assert sender.wait(WITHIN_S), f"{sender.tally()}\n{centre.gateway.tail()}"
        finally:
            sending.end()
        assert sender.tally().acked == PRESSES
    count = ends_well(centre, tmp_path, presses)
    figure(f"    {name_of(centre)}, gateway and broker killed: {count}; 0 lost, 0 told twice")


@pytest.mark.parametrize(
    "store", ["sqlite"], indirect=True
)  # on PostgreSQL two of them: test_many_dispatchers
def test_the_dispatcher_is_killed_and_nobody_is_told_twice_or_never(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    telling = dispatcher(centre, tmp_path)
    presses = list(repeated(12, BUTTONS, PRESS, len(BUTTONS), 0))
    centre.gateway.start()
    telling.start()
    try:
        with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
            for press in presses:
                sender.say(press)
            for many in (20, 120):
                assert until(lambda many=many: received(centre) >= many, WITHIN_S, every_s=0.002)
                telling.kill()
                telling.start()
            assert sender.wait(WITHIN_S)
        # Who was being told when the dispatcher died is told when its lease has run out.
        assert until(lambda: is_everybody_told(centre, len(BUTTONS)), WITHIN_S), telling.tail()
        telling.stop()
    finally:
        telling.kill()
    count = comes_out_even(centre, presses)
    assert received(centre) == count.texts
    figure(f"    {name_of(centre)}, dispatcher killed twice: {count}; 0 lost, 0 told twice")
