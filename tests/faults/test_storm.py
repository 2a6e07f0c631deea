"""G4: a thousand homes press ten times each at one moment."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.town import street_of
from community.sites.generate import SiteData
from devices.sim.player import PRESS, Sender
from devices.sim.roster import Device
from devices.sim.script import repeated
from dispatcher import views
from tests.faults.conftest import Figure
from tests.faults.street import (
    AREA_PLAN,
    Sending,
    comes_out_even,
    dispatcher,
    edit,
    is_everybody_told,
    name_of,
    received,
    soon,
)
from tests.gateway.conftest import Centre
from tests.servers import until

HOMES, PRESSES = 1_000, 10_000
VISIBLE_S = 60.0
TOLD_WITHIN_S = 180.0

pytestmark = [pytest.mark.broker, pytest.mark.fault, pytest.mark.timeout(400)]


@pytest.fixture
def street() -> SiteData:
    return street_of(HOMES)


def test_a_storm_loses_no_press_and_tells_nobody_twice_of_one_resident(
    centre: Centre, street: SiteData, tmp_path: Path, figure: Figure
) -> None:
    buttons = [
        Device(device.key, "native", f"care/{device.key.removeprefix('care:')}/signal", device.role)
        for device in street.devices
    ]
    edit(centre, AREA_PLAN)  # so many at once are a case of the street, too
    presses = list(repeated(61, buttons, PRESS, PRESSES, 0))
    parts = [centre.gateway, *(dispatcher(centre, tmp_path / str(number)) for number in (1, 2))]

    def visible() -> int:
        with centre.store.read() as connection:
            return sum(card.household_id is not None for card in views.board(connection))

    with ExitStack() as stack:
        for part in parts:
            stack.callback(part.kill)
            part.start()
        with Sender("127.0.0.1", centre.mosquitto.port, site="bench", gap=soon) as sender:
            began = time.monotonic()
            sending = Sending(sender, presses)
            stack.callback(sending.end)
            assert until(lambda: visible() == HOMES, VISIBLE_S, every_s=0.25), centre.gateway.tail()
            took = time.monotonic() - began
            sending.has_said(PRESSES)
            assert sender.wait(TOLD_WITHIN_S), sender.tally()
        assert until(lambda: is_everybody_told(centre, HOMES), TOLD_WITHIN_S, every_s=0.25), parts[1].tail()
        for part in parts:
            part.stop()
    count = comes_out_even(centre, presses)
    assert received(centre) == count.texts
    figure(
        f"G4  {name_of(centre)}: {count}; 0 lost, all incidents visible {took:.1f} s after the first press, "
        "0 told twice of one resident and rung"
    )
