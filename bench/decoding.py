"""How many Zigbee2MQTT messages one core reads in a second, beside `json.loads` of the same messages.

Each of the models in the table that can say something reports as Zigbee2MQTT does: whole cached states with
`last_seen`, most of them repeated, some of them changed. Counted is the time of the processor, not of the
clock: what else the machine does at the moment does not matter.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import orjson
from rich.table import Table

from devices import formats
from devices.profiles import ZIGBEE, shipped
from devices.profiles.zigbee import Definition
from devices.signal import Enrolment, Frame, LevelKey, Role

GOAL = 20_000  # messages a second
CHANGED = 0.05  # of the messages say something new
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Size:
    devices: int
    messages: int


FULL = Size(20_000, 200_000)
QUICK = Size(20_000, 50_000)
TINY = Size(2_000, 5_000)


@dataclass(frozen=True)
class Decoding:
    """Messages a second of one core, and what came of them."""

    models: int
    messages: int
    bytes_each: int
    read_per_s: float
    json_loads_per_s: float
    signals: int
    tickets: int

    @property
    def share(self) -> float:
        """Of the pace of `json.loads`."""
        return self.read_per_s / self.json_loads_per_s


def measure(size: Size, tell: Callable[[str], None]) -> Decoding:
    """Read every message once, and parse every message once."""
    profiles = shipped()
    street = Street(profiles.table.definitions, size.devices)
    frames = list(street.messages(size.messages, random.Random(1)))
    levels: dict[LevelKey, str] = {}
    signals = tickets = 0
    for model in profiles.table.definitions:  # what is known of a model is put together once
        profiles.rules(ZIGBEE, Enrolment("", Role(model.role or Role.HUB), model.vendor, model.model))
    begun = time.process_time()
    for frame in frames:
        reading = formats.read(frame, street, levels, profiles)
        levels.update(reading.levels)
        signals += len(reading.signals)
        tickets += len(reading.tickets)
    read = time.process_time() - begun
    begun = time.process_time()
    for frame in frames:
        json.loads(frame.payload)
    parsed = time.process_time() - begun
    tell(f"read {size.messages:,} messages of {size.devices:,} devices")
    return Decoding(
        models=street.models,
        messages=size.messages,
        bytes_each=sum(len(frame.payload) for frame in frames) // size.messages,
        read_per_s=size.messages / read,
        json_loads_per_s=size.messages / parsed,
        signals=signals,
        tickets=tickets,
    )


def table(found: Decoding) -> Table:
    title = (
        f"Zigbee2MQTT messages of {found.models:,} models, {found.bytes_each} bytes each, read by one core"
    )
    made = Table(title=title, title_justify="left")
    for name in ("messages", "signals", "tickets", "read/s", "asked", "json.loads/s", "share"):
        made.add_column(name, justify="right")
    counts = (found.messages, found.signals, found.tickets, round(found.read_per_s), GOAL)
    made.add_row(*(f"{count:,}" for count in counts), f"{found.json_loads_per_s:,.0f}", f"{found.share:.2f}")
    return made


class Street:
    """Devices as they are enrolled."""

    def __init__(self, definitions: tuple[Definition, ...], devices: int) -> None:
        self._enrolled: dict[str, Enrolment] = {}
        self._spoken: list[tuple[str, Definition]] = []
        able = [each for each in definitions if each.says]
        self.models = len(able)
        for number in range(devices):
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
