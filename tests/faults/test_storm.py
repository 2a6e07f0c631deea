"""G4 in small: every home of the street presses again and again at one moment."""

from __future__ import annotations

import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from devices.sim.player import Sender, send_presses
from dispatcher import views
from tests.faults.conftest import Figure
from tests.faults.street import (
    ALONE,
    BUTTONS,
    WITHIN_S,
    dispatcher,
    is_everybody_told,
    name_of,
    nobody_was_told_twice,
    received,
    soon,
)
from tests.gateway.conftest import Centre
from tests.servers import until

PRESSES = 20 * len(BUTTONS)
VISIBLE_S = 60.0

pytestmark = [pytest.mark.broker, pytest.mark.fault]


def test_a_storm_loses_no_press_and_tells_nobody_twice_of_one_resident(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    parts = [centre.gateway, *(dispatcher(centre, tmp_path / str(number)) for number in (1, 2))]

    def visible() -> int:
        with centre.store.read() as connection:
            return sum(card.household_id is not None for card in views.board(connection))

    with ExitStack() as stack:
        for part in parts:
            stack.callback(part.kill)
            part.start()
        with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
            began = time.monotonic()
            tally = send_presses(sender, BUTTONS, PRESSES, seed=61, timeout=WITHIN_S)
            assert tally.waiting == 0
        assert until(lambda: visible() == len(BUTTONS), VISIBLE_S)
        took = time.monotonic() - began
        assert until(lambda: is_everybody_told(centre, len(BUTTONS)), WITHIN_S), parts[1].tail()
    assert centre.count("SELECT count(*) FROM signal WHERE kind = 'sos'") == PRESSES
    assert centre.count("SELECT sum(times) FROM alarm WHERE device_key <> ''") == PRESSES
    nobody_was_told_twice(centre)
    assert received(centre) == centre.count(
        f"SELECT count(*) FROM message WHERE sent_at IS NOT NULL AND {ALONE}"
    )
    figure(
        f"G4  {name_of(centre)}: {PRESSES} presses at once, 0 lost, {len(BUTTONS)} cases visible after "
        f"{took:.1f} s, 0 told twice of one resident and rung"
    )
