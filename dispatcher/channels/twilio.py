"""SMS through Twilio's official SDK.

The SDK has no time-out of its own and retries where nobody asked it to: both are set here. A 429 was never
processed, so it may be tried again; a 5xx or a time-out may have been, so the provider is asked first.
"""

from __future__ import annotations

import logging
from datetime import timedelta
from urllib.parse import quote, urlsplit, urlunsplit

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from dispatcher.channels import Outcome, Sent, TryLater, Undeliverable
from dispatcher.model import Message

TIMEOUT_S = 4.0
_AMBIGUOUS_FROM = 500
_TOO_MANY = 429
_FAILED = frozenset({"failed", "undelivered", "canceled"})

logging.getLogger("twilio.http_client").setLevel(logging.WARNING)  # at INFO it prints bodies and numbers


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client with a time-out, and with another server for tests and private gateways."""

    def __init__(self, base_url: str) -> None:
        super().__init__(timeout=TIMEOUT_S, max_retries=0)
        self._base = urlsplit(base_url) if base_url else None

    def request(self, method: str, url: str, **options: object) -> Response:
        if self._base is not None:
            url = urlunsplit(urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc))
        return super().request(method, url, **options)


class TwilioSms:
    """`callback_url` is where Twilio reports the fate of a message; our key is added as `?key=`."""

    name = "twilio"

    def __init__(
        self, account_sid: str, auth_token: str, sender: str, callback_url: str, base_url: str = ""
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=_Http(base_url))
        self._sender = sender
        self._callback_url = callback_url

    def send(self, message: Message) -> Outcome:
        try:
            created = self._client.messages.create(
                to=message.to.phone,
                from_=self._sender,
                body=message.body,
                status_callback=f"{self._callback_url}?key={quote(message.key)}",
            )
        except TwilioRestException as refused:
            if refused.status == _TOO_MANY or refused.status >= _AMBIGUOUS_FROM:
                return TryLater(f"HTTP {refused.status}, code {refused.code}")
            return Undeliverable(f"HTTP {refused.status}, code {refused.code}")
        except (RequestException, TwilioException) as broken:
            return TryLater(type(broken).__name__)
        if created.status in _FAILED:
            return Undeliverable(f"status {created.status}, code {created.error_code}")
        return Sent(str(created.sid))

    def find(self, message: Message) -> Sent | None:
        """Twilio knows no token of ours: the same text to the same number since the case began is the one."""
        try:
            known = self._client.messages.list(
                to=message.to.phone, date_sent_after=message.created_at - timedelta(minutes=1), limit=50
            )
        except (RequestException, TwilioException):
            return None
        for sent in known:
            if sent.body == message.body and sent.status not in _FAILED:
                return Sent(str(sent.sid))
        return None
