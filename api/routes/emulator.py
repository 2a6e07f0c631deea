"""Simulated devices of our own speak over the real broker at a tap: only where phones are simulated, too, and
only in a made-up street, for which no dispatcher texts real people (`refuse_made_up_people`).
"""

from __future__ import annotations

from typing import Any, Literal
from uuid import uuid4

import orjson
from fastapi import APIRouter
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from api.deps import PartsDep, ReadDep
from api.problems import describe
from api.schemas import Id, In
from community.errors import Conflict, Invalid
from community.storage import register
from devices.signal import Role
from dispatcher.answering import OURS

Word = Literal[
    "press",
    "fall",
    "smoke",
    "gas",
    "leak",
    "clear",
    "offline",
    "online",
    "flapping",
    "low_battery",
    "heartbeat",
]
FLAPS = 3
_OFFLINE, _ONLINE = {"type": "offline"}, {"type": "offline", "state": "clear"}
# What each word is in our own format, message by message.
SAID: dict[Word, tuple[dict[str, Any], ...]] = {
    "press": ({"type": "press"},),
    "fall": ({"type": "fall"},),
    "smoke": ({"type": "smoke"},),
    "gas": ({"type": "gas"},),
    "leak": ({"type": "leak"},),
    "clear": tuple({"type": kind, "state": "clear"} for kind in ("smoke", "gas", "leak")),
    "offline": (_OFFLINE,),
    "online": (_ONLINE,),
    "flapping": (_OFFLINE, _ONLINE) * FLAPS,
    "low_battery": ({"type": "low_battery", "battery": 7},),
    "heartbeat": ({"type": "heartbeat"},),
}

router = APIRouter(tags=["simulated devices"])


class EmulatedIn(In):
    device_id: Id = Field(examples=[1])
    says: Word = Field(examples=["press"])


class EmulatedOut(BaseModel):
    """A device of ours that can be made to speak, and whose it is."""

    device_id: int
    key: str
    role: Role
    whose: str = Field(examples=["王秀英 和平社区幸福里3幢2单元501"])


@router.get(
    "/emulator",
    operation_id="listEmulatedDevices",
    summary="Devices that can be made to speak; none without a broker, none in a real street",
)
def list_emulated(connection: ReadDep, parts: PartsDep) -> list[EmulatedOut]:
    if parts.line is None or not _is_made_up(connection):
        return []
    ours = [one for one in register.devices(connection) if one.key.startswith(OURS) and one.enabled]
    homes = register.homes(connection, {one.household_id for one in ours if one.household_id is not None})
    whose = {
        id: f"{'、'.join(one.name for one in home.residents)} {home.household.address}"
        for id, home in homes.items()
    }
    return [
        EmulatedOut(device_id=one.id, key=one.key, role=one.role, whose=whose.get(one.household_id or 0, ""))
        for one in ours
    ]


@router.post(
    "/emulator",
    operation_id="emulateDevice",
    summary="Let a device speak, over the broker and through the gateway as a real one",
    responses=describe(404, 409, 422),
)
def emulate(given: EmulatedIn, connection: ReadDep, parts: PartsDep) -> int:
    """Returns how many messages the broker has. It is said once: a real device says it until it is stored."""
    if not _is_made_up(connection):
        raise Conflict("not_a_demo", "这里是真实街道,不能模拟 real people live here: press a real device")
    device = register.device_by_id(connection, given.device_id)
    if not device.key.startswith(OURS):
        raise Invalid(
            "not_our_format",
            "别家设备请用命令行模拟 for other makers' devices: python3 anxin.py sim --protocol …",
        )
    if parts.line is None:
        raise Conflict("no_broker", "没有消息服务器 there is no broker: set ANXIN_MQTT_HOST")
    topic = f"care/{device.key.removeprefix(OURS)}/signal"
    messages = [{"v": 1, "id": uuid4().hex, **said} for said in SAID[given.says]]
    taken = sum(parts.line.say(topic, orjson.dumps(one)) for one in messages)
    if taken < len(messages):
        raise Conflict("broker_away", "消息服务器没有应答 the broker does not answer: try again")
    return taken


def _is_made_up(connection: Connection) -> bool:
    return any(area.synthetic for area in register.areas(connection, with_polygons=False))
