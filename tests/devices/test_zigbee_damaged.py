"""Life-safety models of the table, their messages damaged: a signal or a ticket, never silence."""

from __future__ import annotations

import json
import math
import random
from collections.abc import Iterator

import orjson
import pytest

from devices import profiles
from devices.profiles import Rules, as_text
from devices.profiles.zigbee import Definition
from devices.signal import Enrolment, Role
from tests.devices.street import Street
from tests.devices.test_any_bytes import mutated

LIFE = frozenset({"sos", "fall", "smoke", "gas", "co", "press"})
SHIPPED = profiles.shipped()


def rules_of(definition: Definition) -> Rules:
    enrolment = Enrolment("", Role(definition.role), definition.vendor, definition.model)
    return SHIPPED.rules("zigbee2mqtt", enrolment)


def life_safety() -> Iterator[tuple[Definition, list[tuple[str, object, str]]]]:
    """Each definition that can save a life, and what it says then: property, value, kind."""
    for definition in SHIPPED.table.definitions:
        if definition.role and Role(definition.role).is_life_safety:
            by_path = rules_of(definition).by_path
            said = ((path, value) for path, values in definition.says.items() for value in values)
            meant = ((path, value, by_path[path].meaning(as_text(value))) for path, value in said)
            cries = LIFE if definition.role == "help_button" else LIFE - {"press"}
            yield definition, [(path, value, kind) for path, value, kind in meant if kind in cries]


class _Refused(ValueError):
    pass


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    words = [word for pair in pairs for word in pair if isinstance(word, str)]
    if len(dict(pairs)) != len(pairs) or any("\x00" in word for word in words):
        raise _Refused
    return dict(pairs)


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise _Refused
    return number


def as_standard_json(payload: bytes) -> dict[str, object] | None:
    """What another parser makes of it: the object, or None when it is none or cannot be trusted."""
    try:
        said = json.loads(
            payload.decode(), object_pairs_hook=_once, parse_constant=_finite, parse_float=_finite
        )
        orjson.dumps(said)  # no half of a surrogate pair
    except (ValueError, TypeError, RecursionError):
        return None
    return said if isinstance(said, dict) else None


def test_ten_thousand_damaged_alarms_are_signals_or_tickets() -> None:
    dice = random.Random(20261122)
    models = list(life_safety())
    heard = shown = 0
    for _ in range(10_000):
        definition, cries = dice.choice(models)
        role = Role(definition.role)
        path, value, kind = dice.choice(cries)
        said = {path: value, "battery": dice.randint(20, 100), "linkquality": dice.randint(1, 255)}
        payload = mutated(orjson.dumps(said), dice)
        street = Street()
        street.enrol("z2m:device", role, definition.vendor, definition.model)
        reading = street.hear("zigbee2mqtt/device", payload)
        this = definition.label, payload
        kinds = {str(signal.kind) for signal in reading.signals}

        left = as_standard_json(payload)
        if left is None:
            assert reading.tickets, this
            assert not reading.signals, this
            shown += 1
            continue
        if path in left and as_text(left[path]) == as_text(value):
            expected = "sos" if kind == "press" else kind
            assert expected in kinds, this
            heard += 1
        rules = rules_of(definition)
        strange = {name for name, word in left.items() if word is not None and not rules.knows(name)}
        strange |= {
            name
            for name, word in left.items()
            if name in rules.by_path
            and word is not None
            and rules.by_path[name].meaning(as_text(word)) is None
            and as_text(word) not in rules.by_path[name].idle
        }
        assert not strange or reading.tickets or reading.signals, this
        assert reading.beats, this
        for ticket in reading.tickets:
            assert (ticket.payload, ticket.device_key) == (payload, "z2m:device")
    assert heard > 500
    assert shown > 5_000


@pytest.mark.parametrize("role", [role for role in Role if role.is_life_safety])
def test_whatever_a_model_of_no_table_says_is_shown_unless_it_is_understood(role: Role) -> None:
    """A word that nobody knows is never silence, whatever else stands beside it that everybody knows."""
    street = Street()
    street.enrol("z2m:device", role, "Acme", "no such model")
    assert street.understood("zigbee2mqtt/device", '{"pressed":true,"battery":90}') == ["ticket"]
    assert street.understood("zigbee2mqtt/device", '{"smoke":"perhaps","battery":90}') == ["ticket"]
