"""Our own MQTT formats as an AsyncAPI 3 document and as JSON Schemas: what docs/formats.md says in words.

The models below are what a device should send and will hear. The gateway is more patient than they are: an
optional field that is wrong counts as missing (tests/api/test_asyncapi.py holds both against each other).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field

from devices.formats.native import ID_LIMIT, SIZE_LIMIT, TEXT_LIMIT, TYPES, VERSION
from dispatcher.answering import WORDS

DIALECT = "https://json-schema.org/draft/2020-12/schema"
# What the fall-back says while the centre is down; the gateway's, to which nothing here may reach.
FALLBACK_WORDS = ("relatives_told", "call_yourself")

_Id = Annotated[
    str,
    Field(
        min_length=1,
        max_length=ID_LIMIT,
        pattern="^[ -~]+$",
        description="never used twice by the device; the same when a message is said again",
        examples=["7f3a"],
    ),
]


class SignalSaid(BaseModel):
    """Something a device says. Said again with the same id, 1.5 s later, then 3 s, 6 s and every 10 s, until
    its receipt is heard. Fields that are not known are ignored.
    """

    model_config = ConfigDict(extra="allow", strict=True, title="Signal")

    v: Literal[1] = Field(description="the version of the format")
    id: _Id
    type: str = Field(json_schema_extra={"enum": list(TYPES)}, examples=["press"])
    state: Literal["active", "clear"] = "active"
    at: AwareDatetime | None = Field(
        default=None, description="when it happened; evidence only", examples=["2026-11-20T08:15:30+08:00"]
    )
    battery: int | None = Field(default=None, ge=0, le=100, description="percent", examples=[87])
    test: bool = Field(default=False, description="true: a drill")
    historical: bool = Field(default=False, description="true: back-filled; recorded, pages nobody")
    litres: float | None = Field(default=None, ge=0, description="of a meter: its reading")
    text: str = Field(default="", max_length=TEXT_LIMIT, examples=["客厅"])


class ReceiptHeard(BaseModel):
    """The message with this id is stored: from now on the centre answers for it."""

    model_config = ConfigDict(extra="allow", title="Receipt")

    id: _Id
    stored: Literal[True]


class CommandHeard(BaseModel):
    """How the call for help stands: `say` for a lamp, `text` for a voice or a display."""

    model_config = ConfigDict(extra="allow", title="Command")

    v: Literal[1]
    say: str = Field(json_schema_extra={"enum": [*(say for say, _ in WORDS.values()), *FALLBACK_WORDS]})
    text: str = Field(examples=["有人正在赶来,大约6分钟"])
    minutes: int | None = Field(default=None, ge=0, description="until who comes is there", examples=[6])
    incident: int | None = Field(default=None, examples=[12])


MESSAGES: dict[str, type[BaseModel]] = {
    "signal": SignalSaid,
    "receipt": ReceiptHeard,
    "command": CommandHeard,
}
_EXAMPLES: dict[str, dict[str, Any]] = {
    "signal": {"v": 1, "id": "7f3a", "type": "press", "at": "2026-11-20T08:15:30+08:00", "battery": 87},
    "receipt": {"id": "7f3a", "stored": True},
    "command": {"v": 1, "say": "coming", "text": "有人正在赶来,大约6分钟", "minutes": 6, "incident": 12},
}
_CHANNELS = (  # name, the end of its topic, what the centre does there, in words
    ("signal", "signal", "receive", "设备说话 a device speaks"),
    ("receipt", "ack", "send", "已存妥的回执 the receipt, after the commit and not before"),
    ("command", "cmd", "send", "求助的进展 how the call for help stands"),
)
_PARAMETERS = {
    "site": {"description": "the site's code", "examples": ["kenli"]},
    "device": {"description": "the device's own name, which is also its login", "examples": ["btn-0042"]},
}


def schema(name: str) -> dict[str, Any]:
    """The JSON Schema of one message. KeyError for a name that is none of MESSAGES."""
    return {"$schema": DIALECT, **MESSAGES[name].model_json_schema()}


def described(version: str) -> dict[str, Any]:
    """The AsyncAPI document, from the centre's point of view: it receives signals and sends the rest."""
    bindings = {"mqtt": {"qos": 1, "retain": False}}
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "安心 Anxin MQTT",
            "version": version,
            "description": (
                f"Our own device format, version {VERSION}: one JSON object of at most {SIZE_LIMIT} bytes. "
                "The other families that the gateway reads are described in docs/formats.md."
            ),
            "license": {"name": "Apache-2.0", "url": "https://www.apache.org/licenses/LICENSE-2.0"},
        },
        "defaultContentType": "application/json",
        "servers": {
            "centre": {
                "host": "{host}:{port}",
                "protocol": "mqtt",
                "protocolVersion": "5",
                "description": "MQTT 5 or 3.1.1; each device has a login of its own",
                "variables": {"host": {"default": "127.0.0.1"}, "port": {"default": "1883"}},
            }
        },
        "channels": {
            name: {
                "address": f"care/{{site}}/{{device}}/{end}",
                "title": words,
                "parameters": _PARAMETERS,
                "messages": {name: {"$ref": f"#/components/messages/{name}"}},
            }
            for name, end, _, words in _CHANNELS
        },
        "operations": {
            f"{does}{name.capitalize()}": {
                "action": does,
                "channel": {"$ref": f"#/channels/{name}"},
                "summary": words,
                "bindings": bindings,
            }
            for name, _, does, words in _CHANNELS
        },
        "components": {
            "messages": {
                name: {
                    "title": words,
                    "payload": {"$ref": f"#/components/schemas/{name}"},
                    "examples": [{"payload": _EXAMPLES[name]}],
                }
                for name, _, _, words in _CHANNELS
            },
            "schemas": {name: model.model_json_schema() for name, model in MESSAGES.items()},
        },
    }
