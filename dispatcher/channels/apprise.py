"""Pushes through Apprise: WeCom, DingTalk, Feishu and many more, each an address of its own.

An address belongs to a contact, or to the site, where its responders read. A push is one way, and "sent" says
only that the service took it. Only services that are named in the settings are spoken to: many of Apprise's
addresses lead into the local network or to this machine.
Source: https://appriseit.com, and the plugins of the version that is pinned.
"""

from __future__ import annotations

from urllib.parse import urlsplit

from apprise import Apprise, NotifyFormat
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatcher.channels import Capabilities, Medium, Outcome, Sent, TryLater, Undeliverable
from dispatcher.model import Message

CONNECT_S, ANSWER_S = 1.5, 2.5


class AppriseSettings(BaseSettings):
    """`apprise_url` is the site's own address, for its responders. `apprise_services` may be spoken to."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    apprise_url: SecretStr = SecretStr("")
    apprise_services: str = "wecombot,dingtalk,feishu,lark,wxpusher"
    apprise_rate_per_s: float = 5


class ApprisePush:
    """A push needs an address: the message's own, else the site's. ValueError for a site's that cannot be."""

    name = "apprise"

    def __init__(self, settings: AppriseSettings) -> None:
        self._services = frozenset(part.strip() for part in settings.apprise_services.split(","))
        self._site = settings.apprise_url.get_secret_value()
        if self._site and not self.speaks(self._site):
            raise ValueError(
                "ANXIN_APPRISE_URL: Apprise does not read it, or ANXIN_APPRISE_SERVICES lacks it"
            )
        self.capabilities = Capabilities(
            medium=Medium.PUSH,
            url_allowed=True,
            for_staff=bool(self._site),
            rate_per_s=settings.apprise_rate_per_s,
        )

    def speaks(self, url: str) -> bool:
        """Whether `url` is an address of a service that may be spoken to."""
        return urlsplit(url).scheme.lower() in self._services and _service(url) is not None

    def send(self, message: Message) -> Outcome:
        url = message.to.url or self._site
        service = _service(url) if url and self.speaks(url) else None
        if service is None:
            return Undeliverable("no address that we may push to")
        service.socket_connect_timeout, service.socket_read_timeout = CONNECT_S, ANSWER_S
        service.request_rate_per_sec = 0  # the switchboard holds the rate; this would sleep
        service.service_retry = 0
        service.redirects = False
        is_sent = service.notify(body=message.body, body_format=NotifyFormat.TEXT)
        return Sent("") if is_sent else TryLater("the service did not take it")

    def find(self, _message: Message) -> Sent | None:
        """No service can be asked: a push that ended in doubt is sent again."""
        return None


def _service(url: str):  # type: ignore[no-untyped-def]  # Apprise's plugins have no type of their own
    return Apprise.instantiate(url, suppress_exceptions=True)
