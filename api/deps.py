"""What a route may ask for: the parts, the moment, a reading connection, and who is asking."""

from __future__ import annotations

import hmac
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Annotated, cast
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from anyio.to_thread import run_sync
from fastapi import Depends, Request
from fastapi.security import APIKeyCookie, HTTPBearer
from fastapi.security.http import HTTPAuthorizationCredentials
from sqlalchemy import Connection

from api.parts import Parts
from api.problems import Forbidden, Unauthenticated
from community.errors import NotFound
from community.model import Account, AccountRole
from community.storage import accounts, register
from dispatcher import roster
from dispatcher.fleet import Fleet
from dispatcher.plans import Plans
from dispatcher.settings import SIMULATED
from dispatcher.storage import vitals

_SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def parts(request: Request) -> Parts:
    return cast(Parts, request.app.state.parts)


PartsDep = Annotated[Parts, Depends(parts)]


def now(parts: PartsDep) -> datetime:
    return parts.clock.now()


NowDep = Annotated[datetime, Depends(now)]


def plans(parts: PartsDep) -> Plans:
    """The response plans as they stand."""
    with parts.store.read() as connection:
        return parts.plans.current(connection)


PlansDep = Annotated[Plans, Depends(plans)]


def reading(parts: PartsDep) -> Iterator[Connection]:
    """One reading transaction for the whole request."""
    with parts.store.read() as connection:
        yield connection


ReadDep = Annotated[Connection, Depends(reading)]


def site_zone(connection: ReadDep, parts: PartsDep) -> ZoneInfo:
    """The time zone in which the site's people live and work."""
    try:
        return ZoneInfo(register.site(connection).timezone)
    except NotFound:
        return ZoneInfo(parts.settings.timezone)


ZoneDep = Annotated[ZoneInfo, Depends(site_zone)]


def fleet(connection: ReadDep, zone: ZoneDep, parts: PartsDep) -> Fleet:
    """Everybody who could be sent, as the dispatcher ranks them."""
    return roster.fleet(connection, zone, parts.roads.current(connection))


FleetDep = Annotated[Fleet, Depends(fleet)]


@dataclass(frozen=True, slots=True)
class Caller:
    """Who is asking, and by which token (its hash). `csrf_token` is empty for a machine with an API key."""

    account: Account
    token_hash: str
    csrf_token: str = ""
    expires_at: datetime | None = None

    @property
    def actor(self) -> str:
        """How the timeline names this caller."""
        return f"account:{self.account.id}"

    @property
    def is_machine(self) -> bool:
        return not self.csrf_token


def find_caller(connection: Connection, token_hash: str, is_machine: bool, now: datetime) -> Caller | None:
    """Whose token this is; None when it is nobody's, has ended, or the account is disabled."""
    if is_machine:
        account = accounts.account_for_key(connection, token_hash)
        return None if account is None else Caller(account, token_hash)
    session = accounts.session_account(connection, token_hash, now)
    if session is None:
        return None
    return Caller(session.account, token_hash, session.csrf_token, session.expires_at)


def still_valid(parts: Parts, caller: Caller) -> Callable[[], bool]:
    """For a stream that stays open: whether `caller` could come in now."""

    def ask() -> bool:
        with parts.store.read() as connection:
            return (
                find_caller(connection, caller.token_hash, caller.is_machine, parts.clock.now()) is not None
            )

    return ask


# For the OpenAPI document; the cookie's name depends on the public address, so it is read by hand below.
_cookie = APIKeyCookie(name="anxin_session", scheme_name="session", auto_error=False)
_bearer = HTTPBearer(scheme_name="apiKey", description="an API key, for machines", auto_error=False)


async def caller(
    request: Request,
    parts: PartsDep,
    _described: Annotated[str | None, Depends(_cookie)],
    bearer: Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)],
) -> Caller:
    """Whoever is logged in.

    A cookie comes with every request that a browser can be tricked into, so a change asked for with one must
    also prove that it comes from our own page.
    """
    token = bearer.credentials if bearer else request.cookies.get(parts.settings.cookie_name, "")
    if not token:
        raise Unauthenticated("not_logged_in", "log in at /login, or send an API key as a Bearer token")

    found = await run_sync(_find_and_keep, parts, accounts.token_hash(token), bearer is not None)
    if found is None:
        raise Unauthenticated("login_ended", "this login has ended: log in again; an API key may be revoked")
    if request.method not in _SAFE and not found.is_machine:
        require_own_origin(request, parts)
        if not hmac.compare_digest((await _sent_csrf_token(request)).encode(), found.csrf_token.encode()):
            raise Forbidden(
                "bad_csrf_token", "send X-CSRF-Token with the token of GET /api/session; reload the page"
            )
    return found


CallerDep = Annotated[Caller, Depends(caller)]


def _find_and_keep(parts: Parts, token_hash: str, is_machine: bool) -> Caller | None:
    """The caller. A session past half its time that is still in use lasts on: no shift ends by itself."""
    now, lifetime = parts.clock.now(), timedelta(hours=parts.settings.session_hours)
    with parts.store.read() as connection:
        found = find_caller(connection, token_hash, is_machine, now)
    if found is not None and found.expires_at is not None and found.expires_at - now < lifetime / 2:
        with parts.store.write() as connection:
            accounts.extend_session(connection, token_hash, now + lifetime)
        return replace(found, expires_at=now + lifetime)
    return found


def admin(caller: CallerDep) -> Caller:
    if caller.account.role is not AccountRole.ADMIN:
        raise Forbidden("admins_only", "only an administrator may do this: ask one, or log in as one")
    return caller


AdminDep = Annotated[Caller, Depends(admin)]


def only_simulated(connection: ReadDep, parts: PartsDep) -> None:
    """NotFound where real people are told: as we are set, or a dispatcher is where ours was forgotten."""
    if not parts.settings.simulated_phones or vitals.known_channels(connection) - SIMULATED:
        raise NotFound(
            "no_simulated_phones", "real phones are texted here, so there is no page that shows them"
        )


def require_own_origin(request: Request, parts: Parts) -> None:
    """Refuse a change that a page of somebody else asked for. Forbidden.

    Browsers send Origin with every POST; programs that send none are no browsers, and cannot be tricked.
    """
    origin = request.headers.get("origin")
    if origin is None:
        if request.headers.get("sec-fetch-site", "same-origin") in ("same-origin", "none"):
            return
    elif origin == parts.settings.origin or urlsplit(origin).netloc == request.headers.get("host"):
        return  # the second: http://localhost:8000 on a machine whose public address says 127.0.0.1
    raise Forbidden(
        "wrong_origin", f"this came from another site's page: open {parts.settings.base_url} and try there"
    )


async def _sent_csrf_token(request: Request) -> str:
    if (header := request.headers.get("x-csrf-token")) is not None:
        return header
    if request.headers.get("content-type", "").startswith(
        ("application/x-www-form-urlencoded", "multipart/form-data")
    ):
        field = (await request.form()).get("csrf_token")
        return field if isinstance(field, str) else ""
    return ""
