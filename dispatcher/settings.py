"""What a dispatcher is told from outside: environment variables that begin with ANXIN_."""

from __future__ import annotations

from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dispatcher.courier import SENDERS


def _listed(given: object) -> object:
    return (
        tuple(part.strip() for part in given.split(",") if part.strip()) if isinstance(given, str) else given
    )


# "aliyun,twilio": by whom people are told, in this order.
ChannelNames = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed), Field(min_length=1)]


SIMULATED = frozenset({"phones", "phones-voice"})  # nobody real is told by these


class DispatcherSettings(BaseSettings):
    """Secrets have no default that works and are never printed."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", frozen=True)

    database_url: str = "sqlite:///anxin.db"
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_username: str = ""
    mqtt_password: SecretStr = SecretStr("")
    channels: ChannelNames = ("phones", "phones-voice")
    channel: str = ""  # what it was called when there could be one only
    number_per_minute: float = Field(default=6, gt=0)  # messages to one number, beside calls for help
    number_burst: float = Field(default=10, ge=4)
    senders: int = Field(default=SENDERS, ge=1)  # messages on their way at once, at most
    drills: bool = False  # a short test to each relative's number once a month
    run_folder: str = ""  # where this machine's couriers see who died; empty: below the temporary files
    presets_file: str = ""  # empty: the shipped presets for watching homes
    public_url: str = "http://127.0.0.1:8000"  # where providers reach our callbacks
    twilio_account_sid: str = ""
    twilio_auth_token: SecretStr = SecretStr("")
    twilio_from: str = ""
    twilio_rate_per_s: float = Field(default=100, gt=0)  # texts
    twilio_voice_rate_per_s: float = Field(default=1, gt=0)  # calls begun
    twilio_base_url: str = ""  # a private gateway or a stand-in; empty: Twilio itself

    @field_validator("channel")
    @classmethod
    def _has_a_new_name(cls, value: str) -> str:
        if value:
            raise ValueError("nobody reads this any more: write ANXIN_CHANNELS")
        return value
