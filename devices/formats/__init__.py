"""How devices speak: the bytes of any known family of devices, made into signals.

`read` is pure: what it needs to know comes in, what it found goes out. Adding a family is one module beside
this one and one line in `FAMILIES`; adding a device model is one file in `devices/profiles`.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Final

from devices.formats import (
    chirpstack,
    esphome,
    ha_discovery,
    homie,
    iw,
    loriot,
    native,
    owntracks,
    scaip,
    shelly,
    shelly_gen1,
    sia_dc09,
    tasmota,
    traccar,
    tts,
    watch,
    zigbee2mqtt,
)
from devices.formats.family import Family
from devices.formats.meaning import joined, ticket
from devices.profiles import Profiles, shipped
from devices.signal import Frame, Levels, Reading, Registry

FAMILIES: Final[tuple[Family, ...]] = (
    native.FAMILY,
    zigbee2mqtt.FAMILY,
    chirpstack.FAMILY,
    tts.FAMILY,
    loriot.FAMILY,
    sia_dc09.FAMILY,
    scaip.FAMILY,
    watch.FAMILY,
    iw.FAMILY,
    shelly_gen1.FAMILY,
    tasmota.FAMILY,
    homie.FAMILY,
    ha_discovery.FAMILY,
    owntracks.FAMILY,
    traccar.FAMILY,
    # Their filters begin with a device's own name: whoever begins with a name of its own comes first.
    shelly.FAMILY,
    esphome.FAMILY,
)

BY_NAME: Final = {each.name: each for each in FAMILIES}

TOPICS: Final[tuple[str, ...]] = tuple(topic for each in FAMILIES for topic in each.topics)
"""The MQTT filters that a gateway subscribes to."""


LONGEST_TOPIC: Final = 200  # characters; the longest real ones, ChirpStack's, have about 100


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles | None = None) -> Reading:
    """What one frame means. Never raises, whatever the bytes.

    `levels` are the last values of the levels seen so far. `Reading.levels` are those this frame changed:
    they must be known when the next frame of the same device is read. `profiles` are the shipped ones if not
    given.
    """
    topic = frame.topic
    if not _can_be_kept(topic):
        shown = topic.encode("unicode_escape").decode()
        frame = replace(frame, topic=shown)
        return Reading(tickets=(ticket(frame, "the topic is too long, or not plain text"),))
    profiles = profiles or shipped()
    owner = BY_NAME.get(frame.protocol) if frame.protocol else family(topic)
    # Whatever topic it is: somebody may have confirmed what announced itself there.
    confirmed = registry.find(f"{ha_discovery.KEY}{topic}") is not None
    if confirmed and owner in (None, ha_discovery.FAMILY):
        return ha_discovery.FAMILY.read(frame, registry, levels, profiles)
    if owner is None:
        return Reading(tickets=(ticket(frame, "no family of devices speaks on this topic"),))
    reading = owner.read(frame, registry, levels, profiles)
    if confirmed:
        told = _of_enrolled(reading, registry), ha_discovery.FAMILY.read(frame, registry, levels, profiles)
        reading = replace(joined(told), receipt=reading.receipt, found=reading.found)
    return reading


def _of_enrolled(reading: Reading, registry: Registry) -> Reading:
    """Without what a stranger to the family says: it is enrolled by another name."""
    return replace(
        reading,
        signals=tuple(each for each in reading.signals if registry.find(each.device_key) is not None),
        tickets=tuple(each for each in reading.tickets if registry.find(each.device_key) is not None),
    )


@lru_cache(maxsize=16_384)
def family(topic: str) -> Family | None:
    """Whose topic it is: of the first family whose filters let it in, or nobody's (None)."""
    return next((each for each in FAMILIES if each.speaks_on(topic)), None)


@lru_cache(maxsize=16_384)
def _can_be_kept(topic: str) -> bool:
    """Whether a database keeps it as a device's name: not too long, no NUL, no half of a surrogate pair."""
    return (
        len(topic) <= LONGEST_TOPIC
        and "\x00" not in topic
        and (topic.isascii() or not any("\ud800" <= letter <= "\udfff" for letter in topic))
    )
