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
from urllib.parse import urlencode

from community import phones
from community.errors import Away, Conflict
from community.model import Account
from community.storage import Store
from dispatcher import desk
from dispatcher.channels.http import Line, Silence

RING_S = 30  # how long the operator's telephone rings


class Exchange(Protocol):
    """What can ring a telephone of the centre and connect it with a number."""

    def ring(self, extension: str, number: str) -> str:
        """Both as they are dialled, digits only; returns at once. "" when it rings, else why it does not."""


class Asterisk:
    """Asterisk at `url` (`http://host:8088/ari`); `endpoint` names a telephone, as `PJSIP/{extension}`."""

    def __init__(self, url: str, user: str, password: str, endpoint: str, context: str) -> None:
        self._line = Line(url)
        self._endpoint = endpoint
        self._context = context
        pass_word = base64.b64encode(f"{user}:{password}".encode()).decode()
        self._headers: Mapping[str, str] = {"Authorization": f"Basic {pass_word}"}

    def ring(self, extension: str, number: str) -> str:
        wish = {
            "endpoint": self._endpoint.format(extension=extension),
            "extension": number,
            "context": self._context,
            "priority": 1,
            "timeout": RING_S,
        }
        answer = self._line.post(f"/channels?{urlencode(wish)}", self._headers)
        if isinstance(answer, Silence):
            return f"{self._line.host}: {answer.why}"
        if 200 <= answer.status < 300:
            return ""
        return f"{answer.status} {answer.body.get('message') or answer.body.get('error') or ''}".strip()

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
    """Call somebody of a case, and write the attempt on its timeline; `who` as in `desk.called`.

    The number is the register's: nobody can have the centre's exchange dial anything else. NotFound; Conflict
    without an exchange; Away when it did not ring, which is on the timeline, too.
    """
    with store.read() as connection:
        number = phones.dialled(desk.callee(connection, incident_id, who).number)
    if not caller.extension:
        desk.dialled(store, incident_id, who, "", caller.account, now)
        return
    if exchange is None:
        raise Conflict(
            "no_exchange", "没有接电话交换机,请直接拨号 no exchange is set (ANXIN_EXCHANGE_URL): dial by hand"
        )
    wrong = exchange.ring(caller.extension, number)
    how = f",分机{caller.extension}" + (":没有接通交换机" if wrong else "")
    desk.dialled(store, incident_id, who, how, caller.account, now)
    if wrong:
        raise Away(
            "exchange_away",
            f"分机{caller.extension}没有响,请直接拨号 the exchange did not ring it: dial by hand ({wrong})",
        )
