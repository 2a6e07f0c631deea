"""SMS through Twilio's official SDK.

The SDK has no time-out of its own and retries where nobody asked it to: both are set here. A 429 was never
processed, so it may be tried again; a 5xx or a time-out may have been, so the provider is asked first.
"""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import quote, urlsplit, urlunsplit

from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from dispatcher.channels import Capabilities, Outcome, Sent, TryLater, Undeliverable
from dispatcher.model import Message

TIMEOUT_S = 4.0
_AMBIGUOUS_FROM = 500
# 429 was never processed; the others say that our account or its address is wrong, not the number.
_NOT_THE_NUMBER = frozenset({401, 403, 404, 429})
_LOOK_BACK = timedelta(minutes=1)  # their clock and ours
_FAILED = frozenset({"failed", "undelivered", "canceled"})


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client with a time-out, and with another server for tests and private gateways."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, max_retries=0)
        self._base = urlsplit(base_url) if base_url else None

    def request(self, method: str, url: str, **options: object) -> Response:
        if self._base is not None:
            url = urlunsplit(urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc))
        return super().request(method, url, **options)


class TwilioSms:
    """`callback_url` is where Twilio reports the fate of a message; our key is added as `?key=`."""

    name = "twilio"
    # No reliable answers from the mainland, and its operators drop links; 100/s is an account's usual limit.
    capabilities = Capabilities(two_way=True, rate_per_s=100)

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        callback_url: str,
        base_url: str = "",
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        self._client = Client(account_sid, auth_token, http_client=_Http(base_url, timeout_s))
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
            if refused.status in _NOT_THE_NUMBER or refused.status >= _AMBIGUOUS_FROM:
                return TryLater(f"HTTP {refused.status}, code {refused.code}")
            return Undeliverable(f"HTTP {refused.status}, code {refused.code}")
        except (RequestException, TwilioException) as broken:
            return TryLater(type(broken).__name__)
        if created.status in _FAILED:
            return Undeliverable(f"status {created.status}, code {created.error_code}")
        return Sent(str(created.sid))

    def find(self, message: Message) -> Sent | None:
        """Twilio knows no token of ours: the same text to the same number since we wrote it is the one.

        Not by `date_sent`, on which Twilio can filter: a text that is still queued there has none.
        """
        try:
            known = self._client.messages.list(to=message.to.phone, limit=50)
        except (RequestException, TwilioException):
            return None
        since = message.created_at - _LOOK_BACK
        for sent in known:
            if sent.body == message.body and sent.status not in _FAILED and sent.date_created >= since:
                return Sent(str(sent.sid))
        return None
