"""SMS through Tencent Cloud (腾讯云短信), in template mode.

A request is signed with TC3-HMAC-SHA256. Before a second attempt Tencent can be asked only for texts with a
report, and tells our key (`SessionContext`) only to accounts for which that was switched on.
Sources: cloud.tencent.com, "签名方法 v3", and SendSms and PullSmsSendStatusByPhoneNumber of Sms 2021-01-11.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from pydantic import SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

from dispatcher.channels import Capabilities, Fate, Outcome, Sent, TryLater, Undeliverable
from dispatcher.channels.http import Line, Silence
from dispatcher.clock import Clock
from dispatcher.model import Message, MessageState, Purpose

VERSION = "2021-01-11"
SERVICE = "sms"
_JSON = "application/json; charset=utf-8"
_NOBODY = "+8613000000000"  # about whose texts they are asked to see whether they answer
_LOOK_BACK = timedelta(minutes=1)  # their clock and ours

# This number or this text, for ever; every other code is about our account or about them.
_NEVER = frozenset(
    {
        "InvalidParameterValue.IncorrectPhoneNumber",
        "InvalidParameterValue.ContentLengthLimit",
        "InvalidParameterValue.TemplateParameterFormatError",
        "InvalidParameterValue.TemplateParameterLengthLimit",
        "InvalidParameterValue.ProhibitedUseUrlInTemplateParameter",
        "FailedOperation.ContainSensitiveWord",
        "FailedOperation.PhoneNumberInBlacklist",
        "FailedOperation.TemplateParamSetNotMatchApprovedTemplate",
        "UnsupportedOperation.ContainDomesticAndInternationalPhoneNumber",
    }
)
_TOO_OFTEN = "LimitExceeded.PhoneNumber"  # …DailyLimit, …OneHourLimit, …ThirtySecondLimit
_TOO_OFTEN_WAIT_S = 30.0


class TencentSettings(BaseSettings):
    """`tencent_templates` maps a purpose to the number of its approved template: {"raised": "1234567", …}."""

    model_config = SettingsConfigDict(env_prefix="ANXIN_", extra="ignore", frozen=True)

    tencent_secret_id: str
    tencent_secret_key: SecretStr
    tencent_sdk_app_id: str
    tencent_sign_name: str  # the licensed 签名, without 【】
    tencent_templates: dict[Purpose, str]
    tencent_region: str = "ap-guangzhou"
    tencent_rate_per_s: float = 100
    tencent_base_url: str = "https://sms.tencentcloudapi.com"


class TencentSms:
    """One account. A template's gaps are numbered: they are filled in the order of a message's variables."""

    name = "tencent"

    def __init__(self, settings: TencentSettings, clock: Clock, line: Line | None = None) -> None:
        self._settings = settings
        self._clock = clock
        self._line = line or Line(settings.tencent_base_url)
        self.capabilities = Capabilities(
            two_way=True,
            template_only=True,
            templates=frozenset(settings.tencent_templates),
            rate_per_s=settings.tencent_rate_per_s,
        )

    def send(self, message: Message) -> Outcome:
        if not self.capabilities.can_carry(message):
            return Undeliverable(f"no template for {message.purpose}")
        said = self._call(
            "SendSms",
            {
                "PhoneNumberSet": [message.to.phone],
                "SmsSdkAppId": self._settings.tencent_sdk_app_id,
                "SignName": self._settings.tencent_sign_name,
                "TemplateId": self._settings.tencent_templates[message.purpose],
                "TemplateParamSet": list(message.variables.values()),
                "SessionContext": message.key,
            },
        )
        if isinstance(said, Silence):
            return TryLater(said.why)
        status = _first(said, "SendStatusSet")
        code = str(status.get("Code") or _error(said))
        if code == "Ok":
            return Sent(str(status.get("SerialNo", "")))
        if code.startswith(_TOO_OFTEN):
            return TryLater(code, wait_s=_TOO_OFTEN_WAIT_S, provider_is_well=True)
        return Undeliverable(code) if code in _NEVER else TryLater(code)

    def find(self, message: Message) -> Sent | None:
        """A text with our key that has a report already; None also when ours cannot be told apart."""
        for status in self._ask(message) or ():
            if status.get("SessionContext") == message.key and status.get("ReportStatus") == "SUCCESS":
                return Sent(str(status.get("SerialNo", "")), delivered=True)
        return None

    def fate(self, message: Message) -> Fate | None:
        statuses = self._ask(message)
        if statuses is None:
            return None
        for status in statuses:
            if status.get("SerialNo") == message.provider_id:
                if status.get("ReportStatus") == "SUCCESS":
                    return Fate(MessageState.DELIVERED)
                return Fate(MessageState.UNDELIVERABLE, str(status.get("Description", "")))
        return Fate(MessageState.SENT)

    def ailment(self) -> str:
        said = self._pull(_NOBODY, self._clock.now())
        if isinstance(said, Silence):
            return said.why
        return _error(said) if "Error" in said else ""

    def close(self) -> None:
        self._line.close()

    def _ask(self, message: Message) -> list[Mapping[str, Any]] | None:
        """The reports on texts to this number since we wrote ours; None when they do not answer."""
        said = self._pull(message.to.phone, message.created_at - _LOOK_BACK)
        if isinstance(said, Silence) or "Error" in said:
            return None
        return _all(said, "PullSmsSendStatusSet")

    def _pull(self, phone: str, since: datetime) -> Mapping[str, Any] | Silence:
        return self._call(
            "PullSmsSendStatusByPhoneNumber",
            {
                "BeginTime": int(since.timestamp()),
                "Offset": 0,
                "Limit": 100,
                "PhoneNumber": phone,
                "SmsSdkAppId": self._settings.tencent_sdk_app_id,
            },
        )

    def _call(self, action: str, parameters: Mapping[str, object]) -> Mapping[str, Any] | Silence:
        body = orjson.dumps(parameters)
        now = self._clock.now()
        headers = {
            "Content-Type": _JSON,
            "Host": self._line.host,
            "X-TC-Action": action,
            "X-TC-Version": VERSION,
            "X-TC-Region": self._settings.tencent_region,
            "X-TC-Timestamp": str(int(now.timestamp())),
            "Authorization": authorization(
                self._settings.tencent_secret_id,
                self._settings.tencent_secret_key.get_secret_value(),
                service=SERVICE,
                headers={"content-type": _JSON, "host": self._line.host, "x-tc-action": action.lower()},
                body=body,
                now=now,
            ),
        }
        answer = self._line.post("/", headers, body)
        if isinstance(answer, Silence):
            return answer
        response = answer.body.get("Response")
        return response if isinstance(response, dict) else {"Error": {"Code": f"HTTP {answer.status}"}}


def authorization(
    secret_id: str, secret: str, *, service: str, headers: Mapping[str, str], body: bytes, now: datetime
) -> str:
    """What `Authorization` must say for a POST to `/` with these headers: lower case, sorted by name."""
    names = ";".join(headers)
    lines = "".join(f"{name}:{value}\n" for name, value in headers.items())
    request = f"POST\n/\n\n{lines}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    day = now.astimezone(UTC).strftime("%Y-%m-%d")
    scope = f"{day}/{service}/tc3_request"
    of_request = hashlib.sha256(request.encode()).hexdigest()
    to_sign = f"TC3-HMAC-SHA256\n{int(now.timestamp())}\n{scope}\n{of_request}"
    key = f"TC3{secret}".encode()
    for part in (day, service, "tc3_request", to_sign):
        key = hmac.new(key, part.encode(), hashlib.sha256).digest()
    return f"TC3-HMAC-SHA256 Credential={secret_id}/{scope}, SignedHeaders={names}, Signature={key.hex()}"


def _error(said: Mapping[str, Any]) -> str:
    error = said.get("Error")
    return str(error.get("Code", "no code")) if isinstance(error, dict) else "no code"


def _all(said: Mapping[str, Any], name: str) -> list[Mapping[str, Any]]:
    found = said.get(name)
    return [one for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _first(said: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    return next(iter(_all(said, name)), {})
