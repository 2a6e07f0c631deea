"""What the environment says about the store."""

from __future__ import annotations

from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class StoreSettings(BaseSettings):
    """`ANXIN_DATABASE_URL`: where the database is. May hold a password, so it is never shown."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("sqlite:///anxin.db")
