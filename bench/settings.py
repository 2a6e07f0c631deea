"""What the processes of a measurement are told by the one that starts them."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict


class BenchSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ANXIN_", frozen=True)

    database_url: str = ""
    mqtt_port: int = 1883
    bench_provider_port: int = 0
    bench_count: int = 0  # say DONE after so many messages
