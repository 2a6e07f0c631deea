"""Which devices no gateway hears. Pure: keys of devices and the slices that are read in, counts out."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime

from devices.formats.family import share
from devices.formats.rights import said_on
from dispatcher.health import Hearing, Worker, WorkerKind

Slice = tuple[str, ...]  # MQTT filters; none: all topics


def slices(workers: Iterable[Worker], now: datetime) -> tuple[Slice, ...]:
    """What each gateway reads that is well."""
    return tuple(
        sorted(
            tuple(filter(None, worker.topics.split(",")))
            for worker in workers
            if worker.kind is WorkerKind.GATEWAY and not worker.is_stale(now) and not worker.ailment
        )
    )


def hearing(keys: Iterable[str], read: Sequence[Slice]) -> tuple[Hearing, ...]:
    """How many gateways hear how many of the devices, by place. Not counted: whose key tells no topic."""
    everything = sum(not one for one in read)
    parts = [one for one in read if one]
    found: Counter[tuple[str, int]] = Counter()
    for key in keys:
        topics = said_on(key)
        if topics:
            heard = sum(any(share(mine, theirs) for mine in topics for theirs in part) for part in parts)
            found[_place(key), everything + heard] += 1
    return tuple(Hearing(place, devices, heard) for (place, heard), devices in sorted(found.items()))


def _place(key: str) -> str:
    """In words that strangers may read: what follows may be somebody's name."""
    family, _, name = key.partition(":")
    return f"care/{name.partition('/')[0]}" if family == "care" else family
