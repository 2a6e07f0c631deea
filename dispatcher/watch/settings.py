"""What the watch is told from outside: environment variables that begin with ANXIN_."""

from __future__ import annotations

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from community import phones
from dispatcher.health import NEEDED, WorkerKind


class WatchSettings(BaseSettings):
    """`heartbeat_url` is secret: who knows it can pretend that all is well."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", frozen=True)

    database_url: SecretStr = SecretStr("sqlite:///anxin.db")
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_username: str = ""
    mqtt_password: SecretStr = SecretStr("")
    technicians: str = ""  # telephone numbers, comma separated: who is told when the centre itself is ill
    needed_workers: str = ",".join(sorted(NEEDED))  # kinds of which one at least must run
    gateways_each: int = Field(default=1, ge=1, le=9)  # how many gateways are to hear each device
    watch_grace_s: float = Field(default=15, ge=0, le=300)  # after our start: others start with us
    probe_s: float = Field(default=60, ge=5, le=3600)  # between two synthetic presses
    heartbeat_s: float = Field(default=60, ge=5, le=3600)
    heartbeat_url: SecretStr = SecretStr(
        ""
    )  # asked with GET while all is well, such as https://hc-ping.com/…
    heartbeat_file: str = ""  # written while all is well

    @field_validator("heartbeat_url")
    @classmethod
    def _is_http(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not value.get_secret_value().startswith(("https://", "http://")):
            raise ValueError("give an address that begins with https:// or http://")
        return value

    @property
    def technicians_phones(self) -> tuple[str, ...]:
        """ValueError: one of them is no telephone number."""
        return tuple(phones.checked(each) for each in _listed(self.technicians))

    @property
    def needed(self) -> frozenset[WorkerKind]:
        """ValueError: one of them is no kind of worker."""
        return frozenset(WorkerKind(each) for each in _listed(self.needed_workers))


def _listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",") if each.strip()]
