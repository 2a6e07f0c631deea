"""Coming in by a code or a link, and a throttle that slows guessing and shuts nobody out."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, cast

from fastapi import Depends, Request
from sqlalchemy import Connection
from starlette.responses import Response

from api.deps import NowDep, ReadDep
from api.drawing import cookie
from api.login import Throttle
from api.parts import Parts
from api.problems import Unauthenticated
from community.storage import register
from dispatcher import guests, passes
from dispatcher.passes import Pass

COOKIE = "anxin_pass"
PATH = "/p"
_GUESSED_AT = 50  # wrong codes within `_WITHIN`, from anywhere: then the digits alone are not enough
_WITHIN = timedelta(hours=1)
_AGAIN = "请核对短信里的6位查询码 check the six digits of the text"
_LAST4 = "请再填收到短信的手机号后4位 also give the last 4 digits of the phone that got the text"


class NoPass(Unauthenticated):
    """This phone has not come in, or too long ago."""

    entrance = PATH


@dataclass(slots=True)
class Gate:
    """Checks codes. One per application.

    A wrong code costs its address a few seconds. When many are wrong, wherever they come from, whoever is
    right must also know the last four digits of the phone that got the text.
    """

    _throttle: Throttle = field(default_factory=Throttle)
    _wrong: deque[datetime] = field(default_factory=lambda: deque(maxlen=_GUESSED_AT))

    def enter(self, connection: Connection, code: str, last4: str, address: str, now: datetime) -> Pass:
        """What `code` opens. Unauthenticated (`wrong_code`, `last4_needed`) or TooMany."""
        self._throttle.check(PATH, address, now)
        found = guests.find(connection, code, now)
        if last4:
            found = tuple(each for each in found if guests.phone_of(connection, each).endswith(last4))
        elif found and (len(found) > 1 or self._is_guessed_at(now)):
            raise Unauthenticated("last4_needed", _LAST4)
        if len(found) != 1:
            self._throttle.wrong(PATH, address, now)
            self._wrong.append(now)
            raise Unauthenticated("wrong_code", _AGAIN)
        self._throttle.right(PATH, address)
        return found[0]

    def _is_guessed_at(self, now: datetime) -> bool:
        return len(self._wrong) == _GUESSED_AT and now - self._wrong[0] < _WITHIN


def gate(request: Request) -> Gate:
    return cast(Gate, request.app.state.gate)


GateDep = Annotated[Gate, Depends(gate)]


def held(request: Request, connection: ReadDep, now: NowDep) -> Pass:
    """What this phone may see. Unauthenticated when it has not come in, or too long ago."""
    secret = register.site(connection).secret
    found = passes.unseal(secret, request.cookies.get(COOKIE, ""), now)
    if found is None:
        raise NoPass("no_pass", "请输入短信里的查询码 enter the six digits of the text")
    return found


HeldDep = Annotated[Pass, Depends(held)]


def let_in(response: Response, parts: Parts, connection: Connection, held: Pass, now: datetime) -> None:
    """Let the phone that gets `response` see `held` for a shift."""
    token = passes.seal(register.site(connection).secret, held, now + passes.LASTS)
    lasts = int(passes.LASTS.total_seconds())
    response.set_cookie(value=token, max_age=lasts, **cookie(parts, COOKIE, PATH))
