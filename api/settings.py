"""What the API is told from outside (environment `ANXIN_*`), read once."""

from __future__ import annotations

from ipaddress import ip_address
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatcher.settings import SIMULATED, ChannelNames
from maps.basemap import Tiles, tiles_from
from maps.coords import Crs


class Settings(BaseSettings):
    """`public_url` is the address at which people and providers reach us; empty: the one we bind."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    database_url: SecretStr = SecretStr("sqlite:///anxin.db")  # secret: it may hold a password
    mqtt_host: str = ""  # empty: nobody wakes us, the live stream looks by itself every second
    mqtt_port: int = 1883
    mqtt_username: str = ""
    mqtt_password: SecretStr = SecretStr("")
    api_host: str = "127.0.0.1"
    api_port: int = Field(default=8000, ge=0, le=65535)
    public_url: str = ""
    trusted_proxies: str = ""  # addresses whose X-Forwarded-* we believe, comma separated; nobody by default
    session_hours: int = Field(default=12, ge=1, le=72)  # one shift, and no forgotten browser for a week
    channels: ChannelNames = ("phones", "phones-voice")  # how people are told; the dispatcher has the same
    presets_file: str = ""  # empty: the shipped presets for watching homes; the dispatcher has the same
    timezone: str = "Asia/Shanghai"  # until the register has a site, which brings its own
    callback_token: SecretStr = SecretStr("")  # without it no callback of Aliyun or Tencent is believed
    twilio_auth_token: SecretStr = SecretStr("")  # without it no Twilio callback is believed
    map_file: str = ""  # a PMTiles archive that lies under the map of the console
    # Or amap, tianditu, an address with {z} {x} {y}: the console then asks that one origin. May hold a key.
    map_tiles: SecretStr = SecretStr("")
    map_tiles_crs: Crs = Crs.WGS84  # in which the tiles of such an address are cut: wgs84 | gcj02
    tianditu_key: SecretStr = SecretStr("")  # of a browser application; the operators' browsers are given it
    # Asterisk's REST interface, as http://pbx.example.org:8088/ari; empty: operators dial by hand.
    exchange_url: str = ""
    exchange_user: str = ""
    exchange_password: SecretStr = SecretStr("")
    exchange_endpoint: str = "PJSIP/{extension}"  # how it names the telephone of a desk
    exchange_context: str = "from-internal"  # of its dial plan, in which a desk may call outside
    gateways_each: int = Field(
        default=1, ge=1, le=9
    )  # how many are to hear each device; the watch has the same

    @field_validator("exchange_url")
    @classmethod
    def _is_an_address(cls, value: str) -> str:
        if value and (not _is_web_address(value) or "@" in urlsplit(value).netloc):  # a password is logged
            raise ValueError(
                "give the address of Asterisk's REST interface, like http://pbx.example.org:8088/ari"
            )
        return value.rstrip("/")

    @field_validator("exchange_endpoint")
    @classmethod
    def _names_a_telephone(cls, value: str) -> str:
        if value.count("{extension}") != 1 or set("{}") & set(value.replace("{extension}", "")):
            raise ValueError("say where the digits of a desk go, like PJSIP/{extension}")
        return value

    @field_validator("public_url")
    @classmethod
    def _is_an_origin(cls, value: str) -> str:
        if not value:
            return value
        if not _is_web_address(value):
            raise ValueError("give scheme, host and port, like https://anxin.example.org")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _no_password_in_the_clear(self) -> Settings:
        if not self.is_https and not _is_loopback(urlsplit(self.base_url).hostname or ""):
            raise ValueError(
                "passwords would cross the network in the clear: put a TLS proxy in front and set "
                "ANXIN_PUBLIC_URL to its https address"
            )
        return self

    @model_validator(mode="after")
    def _one_base_map(self) -> Settings:
        if self.map_file and self.map_tiles.get_secret_value():
            raise ValueError("choose one base map: set ANXIN_MAP_FILE or ANXIN_MAP_TILES, not both")
        if self.tiles is not None and self.is_https and not self.tiles.origin.startswith("https://"):
            raise ValueError("ANXIN_MAP_TILES: give an https address; a browser loads no other on our pages")
        return self

    @property
    def tiles(self) -> Tiles | None:
        """Raster tiles from elsewhere, where the site has chosen some."""
        name = self.map_tiles.get_secret_value()
        return tiles_from(name, self.map_tiles_crs, self.tianditu_key.get_secret_value()) if name else None

    @property
    def base_url(self) -> str:
        """The public address without a slash at the end."""
        if self.public_url:
            return self.public_url
        host = f"[{self.api_host}]" if ":" in self.api_host else self.api_host
        return f"http://{host}:{self.api_port}"

    @property
    def simulated_phones(self) -> bool:
        """Whether there is a page that shows every phone: never where real people are texted."""
        return SIMULATED.issuperset(self.channels)

    @property
    def is_https(self) -> bool:
        return self.base_url.startswith("https://")

    @property
    def origin(self) -> str:
        """What a browser sends as Origin from our own pages."""
        parts = urlsplit(self.base_url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def cookie_name(self) -> str:
        """Browsers take a `__Host-` cookie only over https, so plain loopback has another name."""
        return "__Host-anxin" if self.is_https else "anxin_session"


def _is_web_address(value: str) -> bool:
    """Of http or https, with a host, and nothing behind the path."""
    parts = urlsplit(value)
    return parts.scheme in ("http", "https") and bool(parts.hostname) and not (parts.query or parts.fragment)


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
