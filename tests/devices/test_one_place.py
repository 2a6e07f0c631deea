"""Every call for help, and of water, that anybody documents, with one letter of a name or word damaged."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from devices import profiles
from devices.profiles import Example
from devices.signal import Role, State
from tests.devices.cries import Cry, all_cries, is_another_message
from tests.devices.envelopes import ENVELOPES
from tests.devices.street import Street

CALLS = frozenset({"sos", "fall", "smoke", "gas", "co", "leak"})
# Who spoke, and to whom: a message that names somebody else is somebody else's.
NAMES = frozenset({"end_device_ids", "device_id", "dev_eui", "EUI", "src", "uniqueId", "0xCBA4"})


@dataclass(frozen=True)
class Call:
    name: str
    key: str
    role: Role
    model: tuple[str, str]
    topic: str
    payload: bytes

    def told(self, payload: bytes) -> tuple[set[str], bool]:
        """The kinds of the alarms that are heard, and whether a human looks."""
        street = Street()
        street.enrol(self.key, self.role, *self.model)
        reading = street.hear(self.topic, payload)
        kinds = {each.kind.value for each in reading.signals if each.state is State.ACTIVE}
        return kinds, bool(reading.tickets)


def _of_examples(
    name: str, role: Role | None, model: tuple[str, str], families: list[str], examples: tuple[Example, ...]
) -> Iterator[Call]:
    for number, example in enumerate(examples, 1):
        whose = example.role or role
        if whose is None or not whose.calls_people:
            continue
        for envelope in (each for family in families for each in ENVELOPES[family]):
            for topic, payload in envelope.wrap(example):
                yield Call(f"{name} {number} {envelope.family}", envelope.key, whose, model, topic, payload)


def _documented() -> list[Call]:
    shipped = profiles.shipped()
    calls = []
    for each in shipped.models:
        model = each.vendor, each.model
        calls += _of_examples(" ".join(model), each.role, model, sorted(each.families), each.examples)
    for family in shipped.defaults.values():
        calls += _of_examples(family.family, None, ("", ""), [family.family], family.examples)
    alone = {"component": "input:1", "id": 1, "event": "single_push", "ts": 1}
    method: dict[str, object] = {"method": "NotifyEvent", "params": {"events": [alone]}}
    parts: list[tuple[str, str, dict[str, object]]] = [
        ("shelly:x/input:1", "x/events/rpc", method),
        ("shelly:x/input:1", "x/status/input:1", {"id": 1, "state": True}),
        ("tasmota:c/Button2", "stat/c/RESULT", {"Button2": {"Action": "SINGLE"}}),
        ("tasmota:c/Switch2", "stat/c/RESULT", {"Switch2": "ON"}),
        ("tasmota:c", "stat/c/RESULT", {"Switch1": "ON"}),
    ]
    for key, topic, said in parts:
        calls.append(Call(key, key, Role.HELP_BUTTON, ("", ""), topic, json.dumps(said).encode()))
    return [call for call in calls if call.told(call.payload)[0] & CALLS]


DOCUMENTED = _documented()


def misspelt(word: str) -> Iterator[str]:
    """One letter gone, or another, at the beginning, in the middle and at the end; never nothing at all."""
    for at in sorted({0, len(word) // 2, len(word) - 1}):
        yield word[:at] + ("x" if word[at] != "x" else "y") + word[at + 1 :]
        if len(word) > 1:
            yield word[:at] + word[at + 1 :]


def damaged(said: object) -> Iterator[object]:
    """The document with one name or one word misspelt, each in turn."""
    if isinstance(said, str):
        yield from misspelt(said) if said else ()
    elif isinstance(said, list):
        for at, value in enumerate(said):
            yield from ([*said[:at], other, *said[at + 1 :]] for other in damaged(value))
    elif isinstance(said, dict):
        for name, value in said.items():
            if name in NAMES:
                continue
            yield from ({**said, name: other} for other in damaged(value))
            for other in misspelt(name):
                yield {other if each == name else each: told for each, told in said.items()}


@pytest.mark.parametrize("call", DOCUMENTED, ids=lambda call: call.name)
def test_a_call_for_help_is_heard_or_a_human_looks(call: Call) -> None:
    try:
        said = json.loads(call.payload)
    except ValueError:
        said = call.payload.decode()
    is_text = not isinstance(said, dict)
    for other in damaged(said):
        payload = str(other).encode() if is_text else json.dumps(other).encode()
        kinds, is_looked_at = call.told(payload)
        assert kinds & CALLS or is_looked_at, payload


@pytest.mark.parametrize(
    "cry", [each for each in all_cries() if not each.protocol], ids=lambda each: each.name
)
def test_so_is_one_of_each_family(cry: Cry) -> None:
    call = Call(cry.name, cry.key, cry.role, cry.model, cry.topic, cry.payload)
    try:
        said = json.loads(call.payload)
    except ValueError:
        return  # a bare word: among the examples
    for other in damaged(said):
        payload = json.dumps(other).encode()
        kinds, is_looked_at = call.told(cry.wrap(payload))
        assert kinds & (CALLS | cry.also) or is_looked_at or is_another_message(cry, payload), payload
