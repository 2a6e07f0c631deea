"""What the environment says about the store, and about who may tell the broker whom to let in."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class BrokerSettings(BaseSettings):
    """The administrator of Mosquitto's dynamic security; without one the broker is told by hand."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_BROKER_", extra="ignore", frozen=True)

    host: str = "127.0.0.1"
    port: int = 1883
    admin: str = ""
    admin_password: SecretStr = SecretStr("")


class StoreSettings(BaseSettings):
    """`ANXIN_DATABASE_URL`: where the database is. May hold a password, so it is never shown."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("sqlite:///anxin.db")
