"""One call to a provider over HTTP: bounded in time, never repeated, and bad news as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from requests import PreparedRequest, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

CONNECT_S, ANSWER_S = 1.5, 2.5  # together 4 s: asking and sending end before an attempt counts as lost
_AT_ONCE = 64  # connections kept open


@dataclass(frozen=True, slots=True)
class Answer:
    """What the provider said. `body` is empty when it was no JSON object."""

    status: int
    body: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Silence:
    """No answer: nobody knows whether the request was taken. `why` holds no secret and no number."""

    why: str


class Line:
    """Connections to one provider at `base_url`; may be used from several threads at once."""

    def __init__(self, base_url: str, connect_s: float = CONNECT_S, answer_s: float = ANSWER_S) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(self.base_url).netloc
        self._wait = (connect_s, answer_s)
        self._session = Session()
        self._session.auth = _as_signed  # or a .netrc of the same host would replace our signature
        adapter = HTTPAdapter(pool_connections=1, pool_maxsize=_AT_ONCE, max_retries=0)
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, adapter)

    def post(self, address: str, headers: Mapping[str, str], body: bytes = b"") -> Answer | Silence:
        """POST to `address` under the base URL. A redirect is not followed: it could carry our key away."""
        try:
            got = self._session.post(
                self.base_url + address,
                data=body,
                headers=dict(headers),
                timeout=self._wait,
                allow_redirects=False,
            )
        except RequestException as broken:
            return Silence(type(broken).__name__)
        try:
            said = orjson.loads(got.content)
        except orjson.JSONDecodeError:
            said = None
        return Answer(got.status_code, said if isinstance(said, dict) else {})

    def close(self) -> None:
        self._session.close()


def _as_signed(request: PreparedRequest) -> PreparedRequest:
    return request
