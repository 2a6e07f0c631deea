"""G13: what nobody can read, from devices that lives depend on, in the middle of everybody else's presses."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.sim.player import Sender
from devices.sim.speech import Emission
from tests.faults.conftest import Figure
from tests.faults.street import BUTTONS, WITHIN_S, ends_well, name_of, soon
from tests.gateway.conftest import STREET, Centre

pytestmark = [pytest.mark.broker, pytest.mark.fault]

POISON: dict[str, bytes] = {
    "nothing": b"",
    "no UTF-8": b'{"v":1,"id":"a","type":"pr\xff\xfess"}',
    "NUL bytes": b"\x00" * 64,
    "NUL in a text": b'{"v":1,"id":"b","type":"press","text":"\\u0000"}',
    "half a surrogate pair": b'{"v":1,"id":"c","type":"press","text":"\\ud800"}',
    "torn": b'{"v":1,"id":"d","ty',
    "no object": b'["press"]',
    "a key twice": b'{"v":1,"id":"e","type":"press","type":"test"}',
    "NaN": b'{"v":1,"id":"f","type":"press","battery":NaN}',
    "a number beyond bounds": b'{"v":1e999,"id":"g","type":"press"}',
    "deep": b'{"v":1,"id":"h","type":"press","x":' + b"[" * 2000 + b"]" * 2000 + b"}",
    "deep and torn": b"[" * 100_000,
    "oversized": b'{"v":1,"id":"i","type":"press","text":"' + b"x" * 300_000 + b'"}',
    "an unknown type": b'{"v":1,"id":"j","type":"hlep"}',
    "an id that is none": b'{"v":1,"id":{"$gt":""},"type":"press"}',
}


FAMILIES = {  # prefix of the device keys: topic, and how many of them speak poison
    "z2m:": ("zigbee2mqtt/{}", 8),
    "lora:": ("application/1/device/{}/event/up", 4),
    "care:": ("care/{}/signal", len(POISON)),
}


def poisoned() -> list[tuple[str, str]]:
    """(device key, topic) of enrolled life-safety devices of each family, each in a home of its own."""
    found: list[tuple[str, str]] = []
    homes: set[int | None] = set()
    for prefix, (topic, count) in FAMILIES.items():
        theirs = [d for d in STREET.devices if d.key.startswith(prefix) and d.role.is_life_safety]
        for device in theirs:
            if device.household_id not in homes and count:
                count -= 1
                homes.add(device.household_id)
                found.append((device.key, topic.format(device.key.removeprefix(prefix))))
    return found


def test_every_unreadable_message_ends_before_a_human_and_the_others_are_heard(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    kinds = list(POISON.values())
    said = [
        (key, Emission(0, topic, kinds[number % len(kinds)]))
        for number, (key, topic) in enumerate(poisoned())
    ]
    silent = {key for key, _ in said}
    presses = [
        Emission(0, button.topic, b'{"v":1,"id":"press","type":"press"}', receipt="press")
        for button in BUTTONS
        if button.key not in silent
    ]
    centre.gateway.start()
    process = centre.gateway.pid
    with Sender("127.0.0.1", centre.mosquitto.port, gap=soon) as sender:
        for number, press in enumerate(presses):
            sender.say(press)
            if number < len(said):
                sender.say(said[number][1])
        for press in reversed(presses):
            sender.say(press)  # once more, and the last first
        assert sender.wait(WITHIN_S), centre.gateway.tail()
        centre.comes_to(lambda: centre.count("SELECT count(*) FROM unread") >= len(said))
    kept = {(key, bytes(payload)) for key, payload in centre.rows("SELECT device_key, payload FROM unread")}
    assert kept == {(key, emission.payload) for key, emission in said}
    before_a_human = {
        key
        for (key,) in centre.rows(
            "SELECT device.key FROM device JOIN incident ON incident.household_id = device.household_id "
            "JOIN alarm ON alarm.incident_id = incident.id AND alarm.device_key = device.key "
            "WHERE alarm.kind = 'unreadable' AND incident.closed_at IS NULL"
        )
    }
    assert before_a_human == silent
    centre.still_works()
    assert centre.gateway.pid == process
    afterwards = Emission(0, "care/kenli/afterwards/signal", b"", receipt="afterwards")
    count = ends_well(centre, tmp_path, [*presses, afterwards], unread=len(said))
    figure(
        f"G13 {name_of(centre)}: {len(said)} of {len(said)} unreadable messages before a human; around them "
        f"{count}; 0 lost, 0 told twice, gateway alive"
    )
