"""Stand-ins for Aliyun's and Tencent Cloud's SMS: they check each signature by their own reckoning, keep what
they take, and have the worse days of a provider: throttled, broken, silent.

Made after their published descriptions of the signatures and of the actions.
"""

from __future__ import annotations

import hashlib
import hmac
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import orjson

from dispatcher.channels.aliyun import AliyunSettings, AliyunSms
from dispatcher.channels.http import Line
from dispatcher.channels.tencent import TencentSettings, TencentSms
from dispatcher.model import Purpose
from tests.dispatcher.test_courier import Clock

KEY_ID, SECRET = "LTAI-test", "a-secret-of-the-account"


@dataclass
class Cloud:
    """`answers` are used up one by one: an error code, an HTTP status, or `hang`.

    `took_it` says whether the text was taken before a 500 or a hang: nobody outside can tell.
    """

    url: str = ""
    answers: list[str | int] = field(default_factory=list)
    took_it: bool = True
    query_is_down: bool = False
    forgets_keys: bool = False
    refused: list[str] = field(default_factory=list)
    texts: list[dict[str, str]] = field(default_factory=list)
    nonces: set[str] = field(default_factory=set)
    going: threading.Event = field(default_factory=threading.Event)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def take(self, **text: str) -> str:
        with self.lock:
            self.texts.append(text)
            return str(len(self.texts))

    def arrived(self, phone: str) -> list[str]:
        return [text["said"] for text in self.texts if text["phone"] == phone]


Speak = Callable[[Cloud, str, Mapping[str, str], bytes], tuple[int, object] | None]


@contextmanager
def running(speak: Speak) -> Iterator[Cloud]:
    """A server that answers each POST with what `speak` says; None: it says nothing at all."""
    cloud = Cloud()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            if cloud.going.is_set():  # it is dead, also for those whose connection still stands
                self.close_connection = True
                return
            headers = {name.lower(): value for name, value in self.headers.items()}
            said = speak(cloud, self.path, headers, body)
            if said is None:
                cloud.going.wait(10)
                self.close_connection = True
                return
            content = orjson.dumps(said[1])
            self.send_response(said[0])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            """Silence: a test's output is its own."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    cloud.url = f"http://127.0.0.1:{server.server_port}"
    try:
        yield cloud
    finally:
        cloud.going.set()
        server.shutdown()
        server.server_close()
        thread.join()


def _next(cloud: Cloud) -> str | int:
    with cloud.lock:
        return cloud.answers.pop(0) if cloud.answers else ""


def _digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


# ---- our accounts there ----


def aliyun_at(cloud: Cloud, now: datetime, secret: str = SECRET) -> AliyunSms:
    settings = AliyunSettings(
        aliyun_access_key_id=KEY_ID,
        aliyun_access_key_secret=secret,  # type: ignore[arg-type]
        aliyun_sign_name="垦利街道",
        aliyun_templates={Purpose.RAISED: "SMS_1"},
    )
    return AliyunSms(settings, Clock(now), Line(cloud.url, answer_s=0.4))


def tencent_at(cloud: Cloud, now: datetime, secret: str = SECRET) -> TencentSms:
    settings = TencentSettings(
        tencent_secret_id=KEY_ID,
        tencent_secret_key=secret,  # type: ignore[arg-type]
        tencent_sdk_app_id="1400006666",
        tencent_sign_name="垦利街道",
        tencent_templates={Purpose.RAISED: "1234567"},
    )
    return TencentSms(settings, Clock(now), Line(cloud.url, answer_s=0.4))


# ---- Aliyun ----


def aliyun(cloud: Cloud, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, object] | None:
    address, _, query = path.partition("?")
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(",") if "=" in part)
    names = parts.get("SignedHeaders", "").split(";")
    request = "\n".join(
        [
            "POST",
            address,
            query,
            *(f"{name}:{headers.get(name, '')}" for name in names),
            "",
            ";".join(names),
            _digest(body),
        ]
    )
    right = hmac.new(
        SECRET.encode(), f"ACS3-HMAC-SHA256\n{_digest(request.encode())}".encode(), "sha256"
    ).hexdigest()
    must_be_signed = {"host", *(name for name in headers if name.startswith("x-acs-"))}
    nonce = headers.get("x-acs-signature-nonce", "")
    if (
        scheme != "ACS3-HMAC-SHA256"
        or parts.get("Credential") != KEY_ID
        or not must_be_signed <= set(names)
        or names != sorted(names)
        or headers.get("x-acs-version") != "2017-05-25"
        or not hmac.compare_digest(right, parts.get("Signature", ""))
    ):
        cloud.refused.append(path)
        return 400, {"Code": "SignatureDoesNotMatch", "Message": "no"}
    if nonce in cloud.nonces:
        return 400, {"Code": "SignatureNonceUsed", "Message": "no"}
    cloud.nonces.add(nonce)
    given = dict(parse_qsl(query, strict_parsing=True))
    match headers.get("x-acs-action"):
        case "SendSms":
            at = datetime.fromisoformat(headers["x-acs-date"]) + timedelta(hours=8)
            return _aliyun_send(cloud, given, f"{at:%Y%m%d}")
        case "QuerySendDetails":
            return _aliyun_query(cloud, given)
    return 404, {"Code": "InvalidAction.NotFound", "Message": "no"}


def _aliyun_send(cloud: Cloud, given: Mapping[str, str], day: str) -> tuple[int, object] | None:
    def take() -> str:
        return cloud.take(
            phone="+86" + given["PhoneNumbers"],
            said=given["TemplateParam"],
            key=given["OutId"],
            template=given["TemplateCode"],
            sign=given["SignName"],
            day=day,
        )

    answer = _next(cloud)
    if isinstance(answer, int) or answer == "hang":
        if cloud.took_it:
            take()
        return None if answer == "hang" else (answer, {"Code": "ServiceUnavailable", "Message": "no"})
    if answer:
        return 200, {"Code": answer, "Message": "no", "RequestId": "r"}
    return 200, {"Code": "OK", "Message": "OK", "BizId": f"9006^{take()}", "RequestId": "r"}


def _aliyun_query(cloud: Cloud, given: Mapping[str, str]) -> tuple[int, object]:
    if cloud.query_is_down:
        return 503, {"Code": "ServiceUnavailable", "Message": "no"}
    if int(given["PageSize"]) > 50:
        return 200, {"Code": "isv.INVALID_PARAMETERS", "Message": "no"}
    found = [
        {
            "PhoneNum": given["PhoneNumber"],
            "OutId": text["key"],
            "SendStatus": int(text.get("status", "1")),
            "ErrCode": text.get("why", ""),
        }
        for text in cloud.texts
        if text["phone"] == "+86" + given["PhoneNumber"] and text["day"] == given["SendDate"]
    ]
    return 200, {"Code": "OK", "TotalCount": len(found), "SmsSendDetailDTOs": {"SmsSendDetailDTO": found}}


# ---- Tencent Cloud ----


def tencent(cloud: Cloud, path: str, headers: Mapping[str, str], body: bytes) -> tuple[int, object] | None:
    scheme, _, rest = headers.get("authorization", "").partition(" ")
    parts = dict(part.split("=", 1) for part in rest.split(", ") if "=" in part)
    key_id, _, scope = parts.get("Credential", "").partition("/")
    day = scope.partition("/")[0]
    names = parts.get("SignedHeaders", "").split(";")
    values = {**headers, "x-tc-action": headers.get("x-tc-action", "").lower()}
    lines = "".join(f"{name}:{values.get(name, '')}\n" for name in names)
    request = f"POST\n{path}\n\n{lines}\n{';'.join(names)}\n{_digest(body)}"
    to_sign = (
        f"TC3-HMAC-SHA256\n{headers.get('x-tc-timestamp', '')}\n{scope}\n{_digest(request.encode())}".encode()
    )
    of_day = hmac.new(f"TC3{SECRET}".encode(), day.encode(), "sha256").digest()
    of_service = hmac.new(of_day, b"sms", "sha256").digest()
    right = hmac.new(hmac.new(of_service, b"tc3_request", "sha256").digest(), to_sign, "sha256").hexdigest()
    if (
        scheme != "TC3-HMAC-SHA256"
        or key_id != KEY_ID
        or not {"content-type", "host", "x-tc-action"} <= set(names)
        or headers.get("x-tc-version") != "2021-01-11"
        or not hmac.compare_digest(right, parts.get("Signature", ""))
    ):
        cloud.refused.append(path)
        return 200, _tencent_error("AuthFailure.SignatureFailure")
    given = orjson.loads(body)
    match headers.get("x-tc-action"):
        case "SendSms":
            return _tencent_send(cloud, given)
        case "PullSmsSendStatusByPhoneNumber":
            return _tencent_pull(cloud, given)
    return 200, _tencent_error("InvalidAction")


def _tencent_error(code: str) -> object:
    return {"Response": {"Error": {"Code": code, "Message": "no"}, "RequestId": "r"}}


def _tencent_send(cloud: Cloud, given: Mapping[str, object]) -> tuple[int, object] | None:
    numbers, parameters = given["PhoneNumberSet"], given["TemplateParamSet"]
    assert isinstance(numbers, list)
    assert isinstance(parameters, list)

    def take() -> str:
        return cloud.take(
            phone=numbers[0],
            said="|".join(parameters),
            key=str(given["SessionContext"]),
            template=str(given["TemplateId"]),
            sign=str(given["SignName"]),
        )

    answer = _next(cloud)
    if isinstance(answer, int) or answer == "hang":
        if cloud.took_it:
            take()
        return None if answer == "hang" else (answer, {})
    if answer.startswith("!"):
        return 200, _tencent_error(answer[1:])
    status = {"PhoneNumber": numbers[0], "SessionContext": given["SessionContext"], "IsoCode": "CN"}
    if answer:
        done = {**status, "SerialNo": "", "Fee": 0, "Code": answer, "Message": "no"}
    else:
        done = {**status, "SerialNo": f"5000:{take()}", "Fee": 1, "Code": "Ok", "Message": "send success"}
    return 200, {"Response": {"SendStatusSet": [done], "RequestId": "r"}}


def _tencent_pull(cloud: Cloud, given: Mapping[str, object]) -> tuple[int, object]:
    if cloud.query_is_down:
        return 500, {}
    found = [
        {
            "PhoneNumber": text["phone"],
            "SerialNo": f"5000:{number}",
            "ReportStatus": text.get("status", "SUCCESS"),
            "Description": text.get("why", "DELIVRD"),
            "SessionContext": "" if cloud.forgets_keys else text["key"],
        }
        for number, text in enumerate(cloud.texts, 1)
        if text["phone"] == given["PhoneNumber"]
    ]
    return 200, {"Response": {"PullSmsSendStatusSet": found, "RequestId": "r"}}
