"""What a dispatcher is told from outside: environment variables that begin with ANXIN_."""

from __future__ import annotations

from typing import Literal

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class DispatcherSettings(BaseSettings):
    """Secrets have no default that works and are never printed."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", frozen=True)

    database_url: str = "sqlite:///anxin.db"
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_username: str = ""
    mqtt_password: SecretStr = SecretStr("")
    channel: Literal["phones", "twilio"] = "phones"
    voice: Literal["", "twilio-voice"] = ""  # how to call whom no text reaches; empty: not at all
    senders: int = 32
    presets_file: str = ""  # empty: the shipped presets for watching homes
    public_url: str = "http://127.0.0.1:8000"  # where providers reach our callbacks
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_base_url: str = ""  # a private gateway or a stand-in; empty: Twilio itself
