"""SIGKILL, while people press: nothing that was pressed is lost, and nothing is told twice."""

from __future__ import annotations

import threading
from collections import Counter
from pathlib import Path

import pytest

from devices.sim.player import PRESS, Sender, play
from devices.sim.roster import Device
from devices.sim.script import repeated
from devices.sim.speech import Emission
from tests.gateway.conftest import STREET, Centre, url_of
from tests.servers import Part, until

PRESSES = 1000
RATE = 400.0  # per second: two and a half seconds of sending
WITHIN_S = 40.0

pytestmark = [pytest.mark.broker, pytest.mark.fault]

BUTTONS = tuple(
    Device(device.key, "native", f"care/{device.key.removeprefix('care:')}/signal", device.role)
    for device in STREET.devices
    if device.key.startswith("care:")
)


def keys_of(emissions: list[Emission]) -> set[str]:
    """The unique keys that the store must know in the end."""
    return {
        f"care:{emission.topic.removeprefix('care/').removesuffix('/signal')}#{emission.receipt}"
        for emission in emissions
    }


def soon(times_said: int) -> float:
    """Like the documented pauses, and shorter, to be done in time."""
    return min(0.5 * times_said, 2.0)


class Sending:
    """Presses on their way, in a thread of their own."""

    def __init__(self, sender: Sender, emissions: list[Emission]) -> None:
        self._sender = sender
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=play, args=(sender, emissions, self._stopping))
        self._thread.start()

    def has_said(self, count: int) -> None:
        assert until(lambda: self._sender.tally().said >= count, WITHIN_S, every_s=0.005)

    def end(self) -> None:
        self._stopping.set()
        self._thread.join()


def test_gateway_and_broker_are_killed_and_every_press_is_kept_once_and_answered(centre: Centre) -> None:
    presses = repeated(11, BUTTONS, PRESS, PRESSES, RATE)
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
    stored = Counter(key for (key,) in centre.rows("SELECT unique_key FROM signal"))
    assert stored.keys() == keys_of(presses)
    assert set(stored.values()) == {1}
    pressed = {press.topic for press in presses}
    assert centre.kinds() == ["sos"] * len(pressed), "one open incident per household"
    assert centre.count("SELECT sum(times) FROM alarm") == PRESSES, "each press counted once"
    assert centre.count("SELECT count(*) FROM unread") == 0


def test_the_dispatcher_is_killed_and_nobody_is_told_twice_or_never(centre: Centre, tmp_path: Path) -> None:
    dispatcher = Part("dispatcher", tmp_path, url_of(centre.store), centre.mosquitto.port)
    presses = repeated(12, BUTTONS, PRESS, len(BUTTONS), 0)
    centre.gateway.start()
    dispatcher.start()
    try:
        with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
            for press in presses:
                sender.say(press)
            for texts in (20, 120):
                assert until(lambda texts=texts: received(centre) >= texts, WITHIN_S, every_s=0.002)
                dispatcher.kill()
                dispatcher.start()
            assert sender.wait(WITHIN_S)
        # Who was being told when the dispatcher died is told when its lease of 12 s has run out.
        everybody = 2 * len(BUTTONS)
        assert until(lambda: told(centre) >= everybody and unsent(centre) == 0, WITHIN_S), dispatcher.tail()
    finally:
        dispatcher.kill()
    twice = centre.rows("SELECT message_key FROM phone_text GROUP BY message_key HAVING count(*) > 1")
    assert twice == []
    again = centre.rows(
        "SELECT incident_id, who, rung FROM message GROUP BY incident_id, who, rung HAVING count(*) > 1"
    )
    assert again == []
    assert received(centre) == centre.count("SELECT count(*) FROM message")
    without = centre.rows(
        "SELECT incident.id FROM incident WHERE NOT EXISTS (SELECT 1 FROM message JOIN phone_text "
        "ON phone_text.message_key = message.key WHERE message.incident_id = incident.id)"
    )
    assert without == []


def received(centre: Centre) -> int:
    return centre.count("SELECT count(*) FROM phone_text")


def told(centre: Centre) -> int:
    """Relatives who were told on the first rung."""
    return centre.count("SELECT count(*) FROM message WHERE rung = 1 AND who LIKE 'contact:%'")


def unsent(centre: Centre) -> int:
    return centre.count("SELECT count(*) FROM message WHERE state NOT IN ('sent', 'delivered')")
