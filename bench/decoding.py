"""`python -m bench.decoding`: how many Zigbee2MQTT messages one core reads in a second.

Each of the models in the table that can say something reports as Zigbee2MQTT does: whole cached states with
`last_seen`, most of them repeated, some of them changed. Counted is the time of the processor, not of the
clock: what else the machine does at the moment does not matter.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import orjson

from devices import formats
from devices.profiles import shipped
from devices.profiles.zigbee import Definition
from devices.signal import Enrolment, Frame, LevelKey, Role

GOAL = 20_000  # messages a second
DEVICES = 20_000
MESSAGES = 200_000
CHANGED = 0.05  # of the messages say something new
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


class Street:
    """Devices as they are enrolled."""

    def __init__(self, definitions: tuple[Definition, ...]) -> None:
        self._enrolled: dict[str, Enrolment] = {}
        self._spoken: list[tuple[str, Definition]] = []
        able = [each for each in definitions if each.says]
        for number in range(DEVICES):
            name, model = f"home{number // 4}/device{number % 4}", able[number % len(able)]
            key = f"z2m:{name}"
            self._enrolled[key] = Enrolment(key, Role(model.role or Role.HUB), model.vendor, model.model)
            self._spoken.append((f"zigbee2mqtt/{name}", model))

    def find(self, device_key: str) -> Enrolment | None:
        return self._enrolled.get(device_key)

    def messages(self, count: int, dice: random.Random) -> Iterator[Frame]:
        """The same for the same dice."""
        states: dict[str, dict[str, object]] = {}
        for number in range(count):
            topic, model = dice.choice(self._spoken)
            said = states.get(topic)
            if said is None or dice.random() < CHANGED:
                said = {path: dice.choice(values) for path, values in model.says.items() if values}
                states[topic] = {path: value for path, value in said.items() if path != "action"}
            now = NOON + timedelta(seconds=number // 100)
            said = said | {"battery": 87, "linkquality": dice.randint(1, 255), "last_seen": now.isoformat()}
            yield Frame(topic, orjson.dumps(said), now)


def main() -> int:
    profiles = shipped()
    street = Street(profiles.table.definitions)
    frames = list(street.messages(MESSAGES, random.Random(1)))
    levels: dict[LevelKey, str] = {}
    signals = tickets = 0
    begun = time.process_time()
    for frame in frames:
        reading = formats.read(frame, street, levels, profiles)
        levels.update(reading.levels)
        signals += len(reading.signals)
        tickets += len(reading.tickets)
    rate = MESSAGES / (time.process_time() - begun)
    size = sum(len(frame.payload) for frame in frames) // MESSAGES
    print(
        f"{rate:,.0f} messages a second of one core (goal {GOAL:,}; {size} bytes each, {DEVICES:,} devices "
        f"of {len(profiles.table.definitions):,} models): {signals:,} signals, {tickets:,} tickets"
    )
    return 0 if rate >= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
