"""Each slice of the topics is read by two gateways; one of each pair may die at any moment."""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path

import pytest

from devices.sim.player import PRESS, Sender
from devices.sim.roster import Device as Button
from devices.sim.script import repeated
from tests.faults.conftest import Figure
from tests.faults.street import BUTTONS, WITHIN_S, Sending, ends_well, gateway, name_of, soon
from tests.gateway.conftest import Centre

PRESSES, RATE = 600, 300.0

pytestmark = [pytest.mark.broker, pytest.mark.fault]


def test_two_gateways_read_each_slice_and_one_of_each_is_killed(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    moved = [
        Button(f"care:east/{n}", "native", f"care/east/{n}/signal", b.role)
        for n, b in enumerate(BUTTONS[:40])
    ]
    for number, button in enumerate(moved):
        centre.enrol(button.key, household_id=number + 1)
    west = [gateway(centre, tmp_path, f"west-{n}", "care/kenli/+/signal") for n in (1, 2)]
    east = [gateway(centre, tmp_path, f"east-{n}", "care/east/+/signal,zigbee2mqtt/east/#") for n in (1, 2)]
    presses = list(repeated(31, (*BUTTONS[40:], *moved), PRESS, PRESSES, RATE))
    with ExitStack() as stack:
        for part in (*west, *east):
            stack.callback(part.kill)
            part.start()
        with Sender("127.0.0.1", centre.mosquitto.port, gap=soon) as sender:
            sending = Sending(sender, presses)
            stack.callback(sending.end)
            sending.has_said(150)
            west[0].kill()
            sending.has_said(300)
            east[1].kill()
            west[0].start()
            sending.has_said(PRESSES)
            assert sender.wait(WITHIN_S), west[1].tail() + east[0].tail()
    count = ends_well(centre, tmp_path, presses)
    figure(f"    {name_of(centre)}: 4 gateways, 2 killed: {count}; 0 lost, 0 counted twice, 0 told twice")
