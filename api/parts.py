"""The things the application is made of, handed in by whoever starts it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field

from api.settings import Settings
from community.doorkeeper import Doorkeeper
from community.storage import Store
from dispatcher.bell import Bell
from dispatcher.clock import Clock
from dispatcher.downlink import Line
from dispatcher.presets import Presets, shipped
from dispatcher.storage.planbook import Planbook
from dispatcher.storage.roadbook import Roadbook
from hotline.exchange import Exchange


@dataclass(frozen=True, slots=True)
class Parts:
    """`monotonic` gives seconds that never go back; only differences of it mean anything."""

    store: Store
    clock: Clock
    bell: Bell
    plans: Planbook
    settings: Settings
    door: Doorkeeper | None = None  # None: somebody tells the broker by hand
    line: Line | None = None  # to the broker, for simulated devices
    presets: Presets = field(default_factory=shipped)
    exchange: Exchange | None = None  # None: operators dial by hand
    roads: Roadbook = field(default_factory=Roadbook)
    monotonic: Callable[[], float] = time.monotonic
