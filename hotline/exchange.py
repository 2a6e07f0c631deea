"""Click to call: the telephone exchange rings the operator's own telephone, and connects whoever picks it up.

One class for each kind of exchange. Asterisk's is its REST interface (ARI, `POST /channels`): the extension
rings, and then the exchange's own dial plan calls the number.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol
from urllib.parse import urlsplit

import orjson

from community import phones
from community.errors import Away, Conflict
from community.model import Account
from community.storage import Store
from dispatcher import desk
from dispatcher.channels.http import Line, Silence

RING_S = 30  # how long the operator's telephone rings


@dataclass(frozen=True, slots=True)
class NotRung:
    """Why a telephone did not ring; with `is_certain` off nobody knows whether it did."""

    why: str
    is_certain: bool


class Exchange(Protocol):
    """What can ring a telephone of the centre and connect it with a number."""

    def ring(self, extension: str, number: str) -> NotRung | None:
        """Both as they are dialled, digits only. Returns when the exchange has taken it, before it rings."""


class Asterisk:
    """Asterisk at `url` (`http://host:8088/ari`); `endpoint` names a telephone, as `PJSIP/{extension}`."""

    def __init__(self, url: str, user: str, password: str, endpoint: str, context: str) -> None:
        self._line = Line(url)
        self._host = urlsplit(url).hostname or ""
        self._endpoint = endpoint
        self._context = context
        login = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers: Mapping[str, str] = {
            "Authorization": f"Basic {login}",
            "Content-Type": "application/json",
        }

    def ring(self, extension: str, number: str) -> NotRung | None:
        wish = {  # in the body: an address with a number in it would stand in the log of each proxy
            "endpoint": self._endpoint.replace("{extension}", extension),
            "extension": number,
            "context": self._context,
            "priority": 1,
            "timeout": RING_S,
        }
        answer = self._line.post("/channels", self._headers, orjson.dumps(wish))
        if isinstance(answer, Silence):
            return NotRung(f"{self._host}: {answer.why}", is_certain=False)
        if 200 <= answer.status < 300:
            return None
        said = answer.body.get("message") or answer.body.get("error") or ""
        return NotRung(f"{answer.status} {said}".strip(), is_certain=True)

    def close(self) -> None:
        self._line.close()


@dataclass(frozen=True, slots=True)
class Desk:
    """Who calls: an account, at the telephone `extension`; "" dials by hand, and only says so."""

    account: Account
    extension: str


def dial(
    store: Store, exchange: Exchange | None, incident_id: int, who: str, caller: Desk, now: datetime
) -> None:
    """Call somebody of a case: first on its timeline, then by the exchange; `who` as in `desk.called`.

    The number is the register's: nobody can have the centre's exchange dial anything else. NotFound; Conflict
    without an exchange, or when a drill would ring 120; Away when it did not ring, also on the timeline.
    """
    if caller.extension and exchange is None:
        raise Conflict(
            "no_exchange", "未配置电话交换机,请直接拨号 no exchange is set (ANXIN_EXCHANGE_URL): dial by hand"
        )
    number = desk.dialled(store, incident_id, who, caller.extension, caller.account, now)
    if not caller.extension or exchange is None:
        return
    wrong = exchange.ring(caller.extension, phones.dialled(number))
    if wrong is None:
        return
    if wrong.is_certain:
        text, english = f"分机{caller.extension}没有振铃", "it was not rung"
    else:
        text, english = f"交换机没有答复,不知道分机{caller.extension}是否振铃", "the exchange does not answer"
    desk.did_not_ring(store, incident_id, text, caller.account, now)
    raise Away("exchange_away", f"{text},请直接拨号 {english}: dial by hand ({wrong.why})")
