"""What the processes of a measurement are told by the one that starts them."""

from __future__ import annotations

from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatcher.courier import UNRECORDED_S
from dispatcher.settings import DispatcherSettings


class BenchSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="ANXIN_", frozen=True)

    database_url: str = ""
    mqtt_port: int = 1883
    bench_provider_port: int = 0
    bench_count: int = 0  # say DONE after so many messages
    bench_window: int = 64  # texts that a sender of ours has under way at once
    bench_http: bool = False  # texts leave over HTTP, as they do to Aliyun and Tencent Cloud
    bench_can_be_asked: bool = False  # whether the provider says what it took
    bench_unrecorded_s: float = UNRECORDED_S  # how long a sender waits for its last text to be recorded
    bench_clean: bool = False  # the naive service forgets its session when it goes, as is paho's default
    senders: int = DispatcherSettings.model_fields["senders"].default
