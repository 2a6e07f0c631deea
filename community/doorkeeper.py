"""Who may come in at the broker, told while it runs: a device taken out of service is put out at once.

Over the control topic of Mosquitto's dynamic security, as its administrator. What stands in the register is
the truth: a broker that could not be told learns it from `broker-files` when it starts.
"""

from __future__ import annotations

import threading
from typing import Any, Final, Protocol
from uuid import uuid4

import orjson
import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from community.logins import told

CONTROL: Final = "$CONTROL/dynamic-security/v1"
ANSWER: Final = f"{CONTROL}/response"
PATIENCE_S: Final = 5.0


class Doorkeeper(Protocol):
    def tell(self, name: str, *, may_enter: bool) -> str:
        """Let a login in from now on, or put it out; returns why that failed, or nothing."""
        ...


class MosquittoDoor:
    """Mosquitto's dynamic security. A line of its own for each word: there are a few in a year."""

    def __init__(self, host: str, port: int, username: str, password: str) -> None:
        self._where = host, port
        self._login = username, password

    def tell(self, name: str, *, may_enter: bool) -> str:
        asked = told(name, may_enter=may_enter)
        line = mqtt.Client(
            CallbackAPIVersion.VERSION2, f"anxin-door-{uuid4().hex[:12]}", reconnect_on_failure=False
        )
        line.username_pw_set(*self._login)
        heard: list[dict[str, Any]] = []
        done = threading.Event()

        def connected(*what: object) -> None:
            if getattr(what[3], "is_failure", True):
                heard.append({"error": f"the broker refuses the administrator's login: {what[3]}"})
                done.set()
            else:
                line.subscribe(ANSWER, 1)

        def subscribed(*_what: object) -> None:
            line.publish(CONTROL, orjson.dumps(asked), qos=1)

        def answered(_client: object, _userdata: object, message: mqtt.MQTTMessage) -> None:
            if (answer := _answer(message.payload, asked["commands"][0])) is not None:
                heard.append(answer)
                done.set()

        line.on_connect = connected
        line.on_subscribe = subscribed
        line.on_message = answered
        try:
            line.connect(*self._where, keepalive=10)
        except OSError as error:
            return f"the broker does not answer: {error}"
        line.loop_start()
        came = done.wait(PATIENCE_S)
        line.disconnect()
        line.loop_stop()
        return str(heard[0].get("error", "")) if came else "no answer: is its dynamic security on?"


def _answer(payload: bytes | bytearray, asked: dict[str, str]) -> dict[str, Any] | None:
    """The answer to our own command among those that all administrators hear."""
    try:
        answers = orjson.loads(payload)["responses"]
    except (orjson.JSONDecodeError, KeyError, TypeError):
        return None
    ours = (one for one in answers if one.get("correlationData") == asked["correlationData"])
    return next(ours, None)
