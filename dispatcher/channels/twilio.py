"""Texts and calls through Twilio's official SDK.

The SDK has no time-out of its own and retries where nobody asked it to: both are set here. A 429 was never
processed, so it may be tried again; a 5xx or a time-out may have been, so the provider is asked first.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any
from urllib.parse import quote, urlsplit, urlunsplit

from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException
from twilio.base.exceptions import TwilioException, TwilioRestException
from twilio.http.http_client import TwilioHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from dispatcher.channels import Capabilities, Fate, Medium, Outcome, Sent, TryLater, Undeliverable
from dispatcher.channels.http import MOST_OPEN
from dispatcher.model import Message, MessageState
from dispatcher.telephone import BUSY, NO_ANSWER, RING_S, SILENT, VOICEMAIL

TIMEOUT_S = 4.0
_AMBIGUOUS_FROM = 500
# 429 was never processed; the others say that our account or its address is wrong, not the number.
_NOT_THE_NUMBER = frozenset({401, 403, 404, 429})
_LOOK_BACK = timedelta(minutes=1)  # their clock and ours
_FAILED = frozenset({"failed", "undelivered", "canceled"})

LONGEST_CALL_S = 120

_TEXT_STATE: Mapping[str, MessageState] = {
    "accepted": MessageState.SENT,
    "scheduled": MessageState.SENT,
    "queued": MessageState.SENT,
    "sending": MessageState.SENT,
    "sent": MessageState.SENT,
    "delivered": MessageState.DELIVERED,
    "read": MessageState.DELIVERED,
    "undelivered": MessageState.UNDELIVERABLE,
    "failed": MessageState.FAILED,
    "canceled": MessageState.FAILED,
}
_CALL_FATE: Mapping[str, Fate] = {
    "queued": Fate(MessageState.SENT),
    "initiated": Fate(MessageState.SENT),
    "ringing": Fate(MessageState.SENT),
    "in-progress": Fate(MessageState.SENT, going_on=True),
    "busy": Fate(MessageState.UNDELIVERABLE, BUSY),
    "no-answer": Fate(MessageState.UNDELIVERABLE, NO_ANSWER),
    "failed": Fate(MessageState.FAILED, "呼叫失败 call failed"),
    "canceled": Fate(MessageState.FAILED, "呼叫取消 call cancelled"),
}
_HEARD = Fate(MessageState.DELIVERED)
_VOICEMAIL = Fate(MessageState.UNDELIVERABLE, VOICEMAIL)
_SILENT = Fate(MessageState.UNDELIVERABLE, SILENT)


def text_fate(status: str, error: str = "") -> Fate | None:
    """What Twilio's word for a text means; None for a word that it did not have when this was written."""
    state = _TEXT_STATE.get(status)
    return Fate(state, error) if state is not None else None


def call_fate(status: str, answered_by: str = "") -> Fate | None:
    """What Twilio's words for a call mean; None as for `text_fate`.

    A voicemail is not an answer, and neither is a line that somebody or something took up and said nothing.
    Who pressed a key is known from the key itself.
    """
    if answered_by.startswith("machine") or answered_by == "fax":
        return _VOICEMAIL
    if answered_by == "human" and status in ("in-progress", "completed"):
        return _HEARD
    if status == "completed":
        return _SILENT
    return _CALL_FATE.get(status)


class _Http(TwilioHttpClient):  # type: ignore[misc]
    """The SDK's own client with a time-out, and with another server for tests and private gateways."""

    def __init__(self, base_url: str, timeout_s: float) -> None:
        super().__init__(timeout=timeout_s, max_retries=0)
        for scheme in ("https://", "http://"):  # theirs keeps ten connections: each other text a handshake
            self.session.mount(scheme, HTTPAdapter(pool_maxsize=MOST_OPEN, max_retries=0))
        self._base = urlsplit(base_url) if base_url else None

    def request(self, method: str, url: str, **options: object) -> Response:
        if self._base is not None:
            url = urlunsplit(urlsplit(url)._replace(scheme=self._base.scheme, netloc=self._base.netloc))
        return super().request(method, url, **options)


class _Twilio:
    """An account, the number that texts and calls come from, and how its refusals are read.

    `rate_per_s` is what the account may send, when it is not the usual.
    """

    capabilities: Capabilities

    def __init__(
        self,
        account_sid: str,
        auth_token: str,
        sender: str,
        callback_url: str,
        base_url: str = "",
        timeout_s: float = TIMEOUT_S,
        rate_per_s: float | None = None,
    ) -> None:
        if rate_per_s is not None:
            self.capabilities = replace(self.capabilities, rate_per_s=rate_per_s)
        self._client = Client(account_sid, auth_token, http_client=_Http(base_url, timeout_s))
        self._sender = sender
        self._callback_url = callback_url

    def _callback(self, message: Message, path: str = "") -> str:
        return f"{self._callback_url}{path}?key={quote(message.key)}"

    def _created(self, create: Callable[[], Any]) -> Any | TryLater | Undeliverable:
        """What Twilio made, or why it did not."""
        try:
            return create()
        except TwilioRestException as refused:
            if refused.status in _NOT_THE_NUMBER or refused.status >= _AMBIGUOUS_FROM:
                return TryLater(f"HTTP {refused.status}, code {refused.code}")
            return Undeliverable(f"HTTP {refused.status}, code {refused.code}")
        except (RequestException, TwilioException) as broken:
            return TryLater(type(broken).__name__)


class TwilioSms(_Twilio):
    """`callback_url` is where Twilio reports the fate of a message; our key is added as `?key=`."""

    name = "twilio"
    # No reliable answers from the mainland, and its operators drop links.
    capabilities = Capabilities(two_way=True, rate_per_s=100)  # an account's usual limit

    def send(self, message: Message) -> Outcome:
        created = self._created(
            lambda: self._client.messages.create(
                to=message.to.phone,
                from_=self._sender,
                body=message.body,
                status_callback=self._callback(message),
            )
        )
        if isinstance(created, TryLater | Undeliverable):
            return created
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

    def ailment(self) -> str:
        try:
            self._client.messages.list(limit=1)
        except (RequestException, TwilioException) as broken:
            return type(broken).__name__
        return ""

    def fate(self, message: Message) -> Fate | None:
        try:
            known = self._client.messages(message.provider_id).fetch()
        except (RequestException, TwilioException):
            return None
        return text_fate(known.status, str(known.error_code or ""))


class TwilioVoice(_Twilio):
    """Calls that say the message and take one key as the answer.

    Twilio fetches what to say from `callback_url`, and reports below it: `/digit`, `/answered-by`, `/status`.
    """

    name = "twilio-voice"
    capabilities = Capabilities(medium=Medium.VOICE, two_way=True, rate_per_s=1)  # calls begun a second

    def send(self, message: Message) -> Outcome:
        created = self._created(
            lambda: self._client.calls.create(
                to=message.to.phone,
                from_=self._sender,
                url=self._callback(message),
                method="POST",
                status_callback=self._callback(message, "/status"),
                # The first comes at once and carries our key: a crash before we store Twilio's id resolves.
                status_callback_event=["initiated", "answered", "completed"],
                status_callback_method="POST",
                timeout=RING_S,
                time_limit=LONGEST_CALL_S,
                machine_detection="Enable",
                # At the side, so that a person hears us speak at once.
                async_amd="true",
                async_amd_status_callback=self._callback(message, "/answered-by"),
                async_amd_status_callback_method="POST",
            )
        )
        if isinstance(created, TryLater | Undeliverable):
            return created
        return Sent(str(created.sid))

    def find(self, message: Message) -> Sent | None:
        """Calls carry neither token nor text: the only one to this number since we wrote it is the one."""
        try:
            known = self._client.calls.list(to=message.to.phone, limit=50)
        except (RequestException, TwilioException):
            return None
        since = message.created_at - _LOOK_BACK
        recent = [call for call in known if call.date_created is None or call.date_created >= since]
        return Sent(str(recent[0].sid)) if len(recent) == 1 else None

    def fate(self, message: Message) -> Fate | None:
        try:
            known = self._client.calls(message.provider_id).fetch()
        except (RequestException, TwilioException):
            return None
        return call_fate(known.status, known.answered_by or "")
