"""SMS through Aliyun (阿里云短信服务), in template mode.

A request is signed with ACS3-HMAC-SHA256. A repeated request is a second text to Aliyun, but it keeps our own
key (`OutId`) with each one and can be asked for it, so that an attempt that ended in doubt is not sent twice.
Sources: help.aliyun.com, "V3版本请求体&签名机制", and SendSms and QuerySendDetails of Dysmsapi 2017-05-25.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from urllib.parse import quote

import orjson
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatcher.channels import Capabilities, Fate, Outcome, Sent, TryLater, Undeliverable
from dispatcher.channels.http import Line, Silence
from dispatcher.clock import Clock
from dispatcher.model import Message, MessageState, Purpose

VERSION = "2017-05-25"

_NOBODY = "+8613000000000"  # about whose texts they are asked to see whether they answer
_CHINA = timezone(timedelta(hours=8))  # their days
_FAILED, _ARRIVED = 2, 3  # SendStatus; 1 waits for its report

# What no second attempt can mend: it is this number or this text. Every other code is about us or about them
# (balance, signature, permission, overload): another provider may do it, or they may later.
_NEVER = frozenset(
    {
        "isv.MOBILE_NUMBER_ILLEGAL",
        "isv.MOBILE_COUNT_OVER_LIMIT",
        "isv.MOBILE_IN_BLACK",
        "isv.BLACK_KEY_CONTROL_LIMIT",
        "isv.INVALID_PARAMETERS",
        "isv.INVALID_JSON_PARAM",
        "isv.PARAM_LENGTH_LIMIT",
        "isv.PARAM_NOT_SUPPORT_URL",
        "isv.TEMPLATE_PARAMS_ILLEGAL",
        "isv.TEMPLATE_MISSING_PARAMETERS",
    }
)
_TOO_OFTEN = "isv.BUSINESS_LIMIT_CONTROL"  # this number had its share for the minute, the hour or the day
_TOO_OFTEN_WAIT_S = 60.0


class AliyunSettings(BaseSettings):
    """`aliyun_templates` maps a purpose to its approved template: {"raised": "SMS_1", "ask": "SMS_2", …}."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    aliyun_access_key_id: str
    aliyun_access_key_secret: SecretStr
    aliyun_sign_name: str  # the licensed 签名, without 【】
    aliyun_templates: dict[Purpose, str]
    aliyun_rate_per_s: float = 100
    aliyun_base_url: str = "https://dysmsapi.aliyuncs.com"


class AliyunSms:
    """One account. What it is asked to say must have a template."""

    name = "aliyun"

    def __init__(self, settings: AliyunSettings, clock: Clock, line: Line | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._line = line or Line(settings.aliyun_base_url)
        self.capabilities = Capabilities(
            two_way=True,
            template_only=True,
            templates=frozenset(settings.aliyun_templates),
            rate_per_s=settings.aliyun_rate_per_s,
        )

    def send(self, message: Message) -> Outcome:
        if not self.capabilities.can_carry(message):
            return Undeliverable(f"no template for {message.purpose}")
        said = self._call(
            "SendSms",
            {
                "PhoneNumbers": _number(message.to.phone),
                "SignName": self._settings.aliyun_sign_name,
                "TemplateCode": self._settings.aliyun_templates[message.purpose],
                "TemplateParam": orjson.dumps(dict(message.variables)).decode(),
                "OutId": message.key,
            },
        )
        if isinstance(said, Silence):
            return TryLater(said.why)
        code = str(said.get("Code", "no code"))
        if code == "OK":
            return Sent(str(said.get("BizId", "")))
        if code == _TOO_OFTEN:
            return TryLater(code, wait_s=_TOO_OFTEN_WAIT_S, provider_is_well=True)
        return Undeliverable(code) if code in _NEVER else TryLater(code)

    def find(self, message: Message) -> Sent | None:
        """The text that carries our key."""
        for detail in self._ask(message) or ():
            if detail.get("SendStatus") != _FAILED:
                return Sent(str(detail.get("BizId", "")))  # they name it rarely; reports carry our key
        return None

    def fate(self, message: Message) -> Fate | None:
        details = self._ask(message)
        if details is None:
            return None
        for detail in details:
            if detail.get("SendStatus") == _ARRIVED:
                return Fate(MessageState.DELIVERED)
            if detail.get("SendStatus") == _FAILED:
                return Fate(MessageState.UNDELIVERABLE, str(detail.get("ErrCode", "")))
        return Fate(MessageState.SENT)

    def ailment(self) -> str:
        said = self._query(_NOBODY, self._clock.now().astimezone(_CHINA).date())
        if isinstance(said, Silence):
            return said.why
        return "" if said.get("Code") == "OK" else str(said.get("Code"))

    def close(self) -> None:
        self._line.close()

    def _ask(self, message: Message) -> list[Mapping[str, Any]] | None:
        """What they know of the texts with our key; None when they do not answer.

        They want to know the day on which it left, by their own calendar.
        """
        days = {
            (message.created_at + later).astimezone(_CHINA).date() for later in (_NOTHING, _OVER_MIDNIGHT)
        }
        found: list[Mapping[str, Any]] = []
        for day in sorted(days):
            said = self._query(message.to.phone, day)
            if isinstance(said, Silence) or said.get("Code") != "OK":
                return None
            found += [detail for detail in _details(said) if detail.get("OutId") == message.key]
        return found

    def _query(self, phone: str, day: date) -> Mapping[str, Any] | Silence:
        return self._call(
            "QuerySendDetails",
            {
                "PhoneNumber": _number(phone),
                "SendDate": day.strftime("%Y%m%d"),
                "PageSize": "50",
                "CurrentPage": "1",
            },
        )

    def _call(self, action: str, parameters: Mapping[str, str]) -> Mapping[str, Any] | Silence:
        query = canonical_query(parameters)
        headers = signed_headers(
            self._settings.aliyun_access_key_id,
            self._settings.aliyun_access_key_secret.get_secret_value(),
            host=self._line.host,
            action=action,
            version=VERSION,
            query=query,
            nonce=secrets.token_hex(16),
            now=self._clock.now(),
        )
        answer = self._line.post(f"/?{query}", headers)
        return answer if isinstance(answer, Silence) else {"Code": f"HTTP {answer.status}", **answer.body}


_NOTHING, _OVER_MIDNIGHT = timedelta(), timedelta(minutes=1)


def canonical_query(parameters: Mapping[str, str]) -> str:
    """Parameters sorted by name and encoded as RFC 3986 says, as they are both signed and sent."""
    return "&".join(f"{_encoded(name)}={_encoded(parameters[name])}" for name in sorted(parameters))


def signed_headers(
    key_id: str, secret: str, *, host: str, action: str, version: str, query: str, nonce: str, now: datetime
) -> dict[str, str]:
    """The headers of a POST to `/?query` with an empty body, `Authorization` among them."""
    of_body = hashlib.sha256(b"").hexdigest()
    headers = {
        "host": host,
        "x-acs-action": action,
        "x-acs-content-sha256": of_body,
        "x-acs-date": now.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "x-acs-signature-nonce": nonce,
        "x-acs-version": version,
    }
    return {**headers, "Authorization": authorization(key_id, secret, query, headers)}


def authorization(key_id: str, secret: str, query: str, headers: Mapping[str, str]) -> str:
    """What `Authorization` must say for a POST to `/?query` with these headers, sorted by name."""
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n{query}\n{lines}\n{names}\n{headers['x-acs-content-sha256']}"
    to_sign = f"ACS3-HMAC-SHA256\n{hashlib.sha256(request.encode()).hexdigest()}"
    signature = hmac.new(secret.encode(), to_sign.encode(), hashlib.sha256).hexdigest()
    return f"ACS3-HMAC-SHA256 Credential={key_id},SignedHeaders={names},Signature={signature}"


def _number(phone: str) -> str:
    """Mainland numbers without their country, others with it; never with a plus."""
    return phone.removeprefix("+86").removeprefix("+")


def _encoded(text: str) -> str:
    return quote(text, safe="-_.~")


def _details(said: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = said.get("SmsSendDetailDTOs")
    found = listed.get("SmsSendDetailDTO") if isinstance(listed, dict) else None
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []
