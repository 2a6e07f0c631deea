"""What a gateway is told from outside: environment variables that begin with ANXIN_."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=1, le=65535)]


class GatewaySettings(BaseSettings):
    """`gateway_id` is the name of its persistent session: fixed, and its own, or it takes another's queue.

    `topics` is its slice: MQTT filters separated by commas; empty: all. A port for devices with sockets of
    their own is closed until it is set; what comes in there is believed: SECURITY.md.
    """

    model_config = SettingsConfigDict(env_prefix="ANXIN_", frozen=True)

    database_url: str = "sqlite:///anxin.db"
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_username: str = ""
    mqtt_password: SecretStr = SecretStr("")
    gateway_id: str = "anxin-gateway-1"
    topics: str = ""
    socket_host: str = "0.0.0.0"  # where the ports below are open
    watch_port: Port | None = None  # TCP
    iw_port: Port | None = None  # TCP
    dc09_port: Port | None = None  # TCP and UDP
    dc09_keys: Path | None = None  # a file: who enciphers, and with what
    scaip_port: Port | None = None  # UDP and TCP
    scaip_answers: dict[str, Literal["message", "response"]] = {}  # by a unit's controller id
    traccar_port: Port | None = None  # HTTP
    traccar_token: SecretStr = SecretStr("")
