"""LORIOT (LoRaWAN): `{"cmd":"rx","EUI":…,"fcnt":…,"port":…,"data":"<hex>"}` on `loriot/…`.

The topic of its MQTT output can be chosen there: docs/formats.md says which. It decodes nothing unless asked.
"""

from __future__ import annotations

from typing import Final

from devices.formats import lorawan
from devices.formats.document import Unreadable, moment, read_object
from devices.formats.family import Family, whose
from devices.formats.meaning import Heard, alive, digest, ticket, unique_without_id, unreadable
from devices.profiles import Profiles, as_text
from devices.signal import Frame, Levels, Reading, Registry

SIZE_LIMIT: Final = lorawan.SIZE_LIMIT

_NAMES: Final = """
    cmd seqno EUI ts fcnt port freq toa dr ack gws bat offline data decoded rssi snr sessionKeyId devaddr name
"""
_ENVELOPE: Final = lorawan.Envelope("port", frozenset(_NAMES.split()))
_UPLINKS: Final = frozenset({"rx", "gw"})  # the same uplink at once, and again with all who heard it
_HARMLESS: Final = frozenset({"cq", "tx", "txd", "lgw", "status", "join"})


def read(frame: Frame, registry: Registry, levels: Levels, profiles: Profiles) -> Reading:
    """Read one frame of LORIOT. The body names the device: one trusted server speaks for all of them."""
    body = read_object(frame.payload, SIZE_LIMIT)
    said = body.salvage if isinstance(body, Unreadable) else body
    by_topic = next((found for step in frame.topic.split("/") if (found := lorawan.key(step))), "")
    device_key, enrolment = whose(registry, lorawan.key(said.get("EUI")), by_topic)
    if not device_key:
        reason = body.reason if isinstance(body, Unreadable) else "no EUI in it"
        return (
            Reading() if as_text(said.get("cmd")) in _HARMLESS else Reading(tickets=(ticket(frame, reason),))
        )
    heard = Heard(frame, device_key, enrolment, unique_without_id(device_key, frame))
    if isinstance(body, Unreadable):
        return unreadable(heard, body.reason, levels)
    if not body:
        return unreadable(heard, "nothing in it", levels)
    command = as_text(body.get("cmd", "rx"))
    if command in _HARMLESS:
        return Reading(beats=alive(heard))
    if command not in _UPLINKS:
        return unreadable(heard, f"cmd={command} is nothing that anybody mapped", levels)
    told_at = moment(body.get("ts"))
    heard = Heard(frame, device_key, enrolment, _unique(device_key, body, frame), told_at)
    data = lorawan.from_hex(body.get("data"))
    return lorawan.uplink(heard, _decoded(body), data, profiles, levels, _ENVELOPE, body)


def _unique(device_key: str, body: dict[str, object], frame: Frame) -> str:
    """Counter, words and LORIOT's clock: a counter begins again with each join.

    The clock is the server's, in milliseconds, and the same when the uplink is told again.
    """
    counter, told = body.get("fcnt", 0), body.get("ts")
    if not isinstance(told, int) or isinstance(told, bool):
        return unique_without_id(device_key, frame)
    count = counter if isinstance(counter, int) else 0
    said = digest(repr((body.get("port", 0), str(body.get("data", "")).lower())).encode())
    return f"{device_key}#{count}/{said}/{told}"


def _decoded(body: dict[str, object]) -> object:
    """What a decoder on LORIOT's side found: `decoded.data`, or `decoded` itself."""
    decoded = body.get("decoded")
    if isinstance(decoded, dict) and isinstance(decoded.get("data"), dict):
        return decoded["data"]
    return decoded


FAMILY: Final = Family("loriot", ("loriot/#",), read)
