"""Our own format, spoken by our devices, home hubs and the simulator. Documented in docs/formats.md.

`care/{site}/{device}/signal` carries one JSON object; when it is committed, the gateway publishes a receipt
on `care/{site}/{device}/ack`. Until then the device says the same thing, with the same id, again and again.
`care/{site}/{device}/cmd` is reserved for answers to the device.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

import orjson

from devices.formats.document import Unreadable, moment, percent, quantity, read_object
from devices.formats.family import Family
from devices.formats.meaning import Heard, alive, by_role, charge_reading, ticket, understood, unreadable
from devices.profiles import PRESS, Battery, Press, Profiles
from devices.signal import Frame, Kind, Levels, Reading, Receipt, Registry, Role, Signal, State

VERSION: Final = 1
SIZE_LIMIT: Final = 4096  # bytes; docs/formats.md promises it
ID_LIMIT: Final = 64  # characters
TEXT_LIMIT: Final = 500  # characters

# Position is for a later version, which will say where the coordinates stand.
_NOT_SAID_BY_DEVICES: Final = {Kind.UNREADABLE, Kind.LOCATION}
TYPES: Final[dict[str, Kind | Press]] = {
    PRESS: PRESS,
    **{kind.value: kind for kind in Kind if kind not in _NOT_SAID_BY_DEVICES},
}
_BATTERY: Final = Battery("battery", low=10, percent=True)
_STATES: Final = {state.value: state for state in State}


def read(frame: Frame, registry: Registry, levels: Levels, _: Profiles) -> Reading:
    """Read one frame of our own format. It says plainly what it means: no profiles."""
    site, device = frame.topic.split("/")[1:3]
    if not site or not device:
        return Reading(tickets=(ticket(frame, "the topic names no site or no device"),))
    device_key = f"care:{site}/{device}"
    enrolment = registry.find(device_key)
    document = read_object(frame.payload, SIZE_LIMIT)
    said: Mapping[str, object]
    if isinstance(document, Unreadable):
        said, flaw = document.salvage, document.reason
    else:
        said, flaw = document, ""

    message_id = said.get("id")
    if not isinstance(message_id, str) or not 0 < len(message_id) <= ID_LIMIT or not message_id.isprintable():
        flaw = flaw or f"id must be text of 1 to {ID_LIMIT} printable characters"
        return unreadable(Heard(frame, device_key, enrolment, unique=""), flaw, levels)
    receipt = Receipt(f"care/{site}/{device}/ack", orjson.dumps({"id": message_id, "stored": True}))
    if flaw := flaw or _flaw(said):
        # It is kept and somebody looks at it: saying it again would help nobody.
        return Reading(tickets=(ticket(frame, flaw, device_key),), receipt=receipt)

    charge = percent(said.get("battery"))
    heard = Heard(
        frame,
        device_key,
        enrolment,
        unique=f"{device_key}#{message_id}",
        device_time=moment(said.get("at")),
        historical=said.get("historical") is True,
    )
    beats = alive(heard, charge)
    if (litres := quantity(said.get("litres"))) is not None and not heard.is_old:
        beats = tuple(replace(beat, litres=litres) for beat in beats)
    changed = understood(heard, levels)
    signals: tuple[Signal, ...] = ()
    kind = _kind(TYPES[str(said["type"])], heard.role)
    if kind is not Kind.HEARTBEAT:
        signals = (_signal(heard, kind, said, charge),)
    was_low = levels.get((device_key, _BATTERY.path)) == "low"  # else a good charge is no news
    if charge is not None and (charge <= _BATTERY.low or was_low) and kind is not Kind.LOW_BATTERY:
        battery = charge_reading(heard, charge, _BATTERY, levels)
        signals += battery.signals
        changed |= battery.levels
    return Reading(signals, beats, receipt=receipt, levels=changed)


def _signal(heard: Heard, kind: Kind, said: Mapping[str, object], charge: int | None) -> Signal:
    frame, text = heard.frame, said.get("text")
    return Signal(
        device_key=heard.device_key,
        kind=kind,
        unique_key=heard.unique,
        received_at=frame.received_at,
        state=_STATES[str(said.get("state") or State.ACTIVE)],
        device_time=heard.device_time,
        retained=frame.retained,
        historical=heard.historical,
        redelivered=frame.redelivered,
        test=said.get("test") is True,
        battery=charge,
        rule=f"native:{said['type']}",
        text=text[:TEXT_LIMIT] if isinstance(text, str) else "",
        topic=frame.topic,
        payload=frame.payload,
    )


def _flaw(said: Mapping[str, object]) -> str:
    """What keeps the message from being acted on. A wrong clock, battery or text does not."""
    version, type_, state = said.get("v"), said.get("type"), said.get("state")
    if version is True or version != VERSION:
        return f"v must be {VERSION}, not {version!r}"
    if not isinstance(type_, str) or type_ not in TYPES:
        return f"type {type_!r} is not one of {', '.join(TYPES)}"
    if state is not None and (not isinstance(state, str) or state not in _STATES):
        return f"state must be active or clear, not {state!r}"
    return ""


def _kind(said: Kind | Press, role: Role | None) -> Kind:
    """A press is an sos unless the device is enrolled for ordinary wishes: ours are sold as help buttons."""
    if said != PRESS:
        return Kind(said)
    return by_role(PRESS, role) or Kind.SOS


FAMILY: Final = Family("native", ("care/+/+/signal",), read)
