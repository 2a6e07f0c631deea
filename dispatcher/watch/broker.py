"""The watch's line to the broker: it only speaks. What cannot be said now is not said later."""

from __future__ import annotations

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

KEEPALIVE_S = 10


class Broker:
    """Connects, and reconnects, by itself."""

    def __init__(self, host: str, port: int, username: str = "", password: str = "") -> None:
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        if username:
            self._client.username_pw_set(username, password)
        self._client.reconnect_delay_set(1, 2)
        self._client.connect_async(host, port, keepalive=KEEPALIVE_S)
        self._client.loop_start()

    def say(self, topic: str, payload: bytes, *, kept_s: int = 0) -> bool:
        """Publish at QoS 1, retained for `kept_s` seconds if given; False while there is no broker."""
        if not self._client.is_connected():
            return False
        properties = None
        if kept_s:
            properties = Properties(PacketTypes.PUBLISH)  # type: ignore[no-untyped-call]
            properties.MessageExpiryInterval = kept_s
        self._client.publish(topic, payload, qos=1, retain=bool(kept_s), properties=properties)
        return True

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
