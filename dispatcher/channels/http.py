"""One call to a provider over HTTP: bounded in time, never repeated, and bad news as a value."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import orjson
from requests import Request, Session
from requests.adapters import HTTPAdapter
from urllib3 import Timeout
from urllib3.exceptions import HTTPError

CONNECT_S, ANSWER_S = 1.5, 2.5  # together 4 s: asking and sending end before an attempt counts as lost
MOST_OPEN = 1024  # connections kept open, one for each sender: a new one costs a handshake


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
    """Connections to one provider at `base_url`; may be used from several threads at once.

    Requests finds the way (a proxy, the certificates) once, and urllib3 goes it: in a storm a session of
    requests would cost half as much as all that is decided.
    """

    def __init__(self, base_url: str, connect_s: float = CONNECT_S, answer_s: float = ANSWER_S) -> None:
        self.base_url = base_url.rstrip("/")
        self.host = urlsplit(self.base_url).netloc
        self._wait = Timeout(connect_s, answer_s)
        self._adapter = HTTPAdapter(pool_maxsize=MOST_OPEN)
        anything = Request("POST", self.base_url).prepare()
        with Session() as session:
            way = session.merge_environment_settings(self.base_url, {}, False, None, None)
        self._pool = self._adapter.get_connection_with_tls_context(
            anything, way["verify"], way["proxies"], way["cert"]
        )
        # A proxy of plain HTTP is given the whole address.
        self._root = self._adapter.request_url(anything, way["proxies"]).rstrip("/")

    def post(self, address: str, headers: Mapping[str, str], body: bytes = b"") -> Answer | Silence:
        """POST to `address` under the base URL. A redirect is not followed: it could carry our key away."""
        try:
            got = self._pool.urlopen(
                "POST",
                self._root + address,
                body=body,
                headers=dict(headers),
                timeout=self._wait,
                redirect=False,
                assert_same_host=False,  # at a proxy it is not
                retries=False,
            )
        except HTTPError as broken:
            return Silence(type(broken).__name__)
        try:
            said = orjson.loads(got.data)
        except orjson.JSONDecodeError:
            said = None
        return Answer(got.status, said if isinstance(said, dict) else {})

    def close(self) -> None:
        self._adapter.close()
