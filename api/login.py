"""Coming in and going out: passwords, sessions, and a throttle that slows guessing and locks nobody out."""

from __future__ import annotations

import secrets
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Annotated, Any
from urllib.parse import quote

import structlog
from anyio import CapacityLimiter
from anyio.to_thread import run_sync
from fastapi import APIRouter, Form, Request
from pydantic import BaseModel, Field
from starlette.responses import RedirectResponse, Response

from api.deps import Caller, CallerDep, PartsDep, require_own_origin
from api.drawing import cookie
from api.live import Hub
from api.parts import Parts
from api.problems import TooMany, Unauthenticated, describe
from api.schemas import LoginIn
from community import passwords
from community.model import AccountRole
from community.storage import accounts

log = structlog.get_logger(__name__)

AT_ONCE = 2  # argon2id costs about 124 ms of a core: without a bound the login page is a denial of service
QUEUE = 20  # waiting for those two; beyond it the answer is "in a moment", at once


@dataclass(slots=True)
class Throttle:
    """Slows down guessing at one login from one address, and only there.

    After `free` wrong passwords each further try must wait 1, 2, 4 … at most `longest_s` seconds. Nobody is
    locked out: an operator who mistypes in a live incident waits seconds, open sessions are untouched, and a
    stranger elsewhere who guesses at her login slows only himself.
    """

    free: int = 5
    longest_s: int = 15
    remember: int = 10_000
    _wrong: OrderedDict[tuple[str, str], tuple[int, datetime]] = field(default_factory=OrderedDict)

    def check(self, login: str, address: str, now: datetime) -> None:
        """Raise TooMany while a try has to wait."""
        _, until = self._wrong.get((login, address), (0, now))
        if now < until:
            raise TooMany(
                "slow_down",
                "too many wrong passwords: wait a few seconds and try again; the login is not locked",
                max(1, round((until - now).total_seconds())),
            )

    def wrong(self, login: str, address: str, now: datetime) -> None:
        count = self._wrong.pop((login, address), (0, now))[0] + 1
        wait = min(2 ** min(count - self.free, 10), self.longest_s) if count >= self.free else 0
        self._wrong[login, address] = (count, now + timedelta(seconds=wait))
        while len(self._wrong) > self.remember:
            self._wrong.popitem(last=False)

    def right(self, login: str, address: str) -> None:
        self._wrong.pop((login, address), None)


@dataclass(frozen=True, slots=True)
class Opened:
    """A new session, with the token that only the browser keeps."""

    caller: Caller
    token: str = field(repr=False)


class Door:
    """Checks passwords, two at a time. One per application."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._throttle = Throttle()
        self._hashing = CapacityLimiter(AT_ONCE)

    async def open(self, login: str, password: str, address: str) -> Opened:
        """A new session for the right password. Unauthenticated or TooMany."""
        now = self._parts.clock.now()
        self._throttle.check(login, address, now)
        if self._hashing.statistics().tasks_waiting >= QUEUE:
            raise TooMany("busy", "many people are logging in: try again in a few seconds", 3)
        found = await run_sync(self._find, login)
        kept = found.password_hash if found else None
        fits = await run_sync(passwords.verify, password, kept, limiter=self._hashing)
        if found is None or not fits:
            self._throttle.wrong(login, address, now)
            raise Unauthenticated(
                "wrong_password", "登录名或密码不对,请重试。 Wrong login or password: try again."
            )
        self._throttle.right(login, address)
        return await run_sync(self._session, found.account.id, now)

    def _find(self, login: str) -> accounts.Credentials | None:
        with self._parts.store.read() as connection:
            return accounts.account_for_login(connection, login)

    def _session(self, account_id: int, now: datetime) -> Opened:
        token, csrf_token = secrets.token_urlsafe(32), secrets.token_urlsafe(24)
        expires_at = now + timedelta(hours=self._parts.settings.session_hours)
        with self._parts.store.write() as connection:
            session = accounts.open_session(connection, account_id, token, csrf_token, now, expires_at)
        log.info("logged_in", account=account_id)
        caller = Caller(session.account, accounts.token_hash(token), session.csrf_token, session.expires_at)
        return Opened(caller, token)


class Me(BaseModel):
    """Who is logged in. Send `csrf_token` as X-CSRF-Token with every change."""

    id: int = Field(examples=[2])
    login: str = Field(examples=["liufang"])
    name: str = Field(examples=["刘芳"])
    role: AccountRole
    csrf_token: str = Field(examples=["3q2-7wA…"], description="empty with an API key, which needs none")
    expires_at: datetime | None = None


def me(caller: Caller) -> Me:
    account = caller.account
    return Me(
        id=account.id,
        login=account.login,
        name=account.name,
        role=account.role,
        csrf_token=caller.csrf_token,
        expires_at=caller.expires_at,
    )


# Without a session: what lets people in. Two doors, one for the form of the login page, one for programs.
public = APIRouter(tags=["login"])
router = APIRouter(tags=["login"])


@public.post("/login", include_in_schema=False)
async def log_in_with_form(
    request: Request,
    parts: PartsDep,
    login: Annotated[str, Form(max_length=200)] = "",
    password: Annotated[str, Form(max_length=200)] = "",
    next: Annotated[str, Form(max_length=500)] = "/",
) -> Response:
    """The login page's form: on to `next`, or back to the page with the reason as `error`."""
    target = next if _is_our_path(next) else "/"
    try:
        opened = await _open(request, parts, login.strip(), password)
    except (Unauthenticated, TooMany) as refused:
        return RedirectResponse(f"/login?error={refused.code}&next={quote(target)}", 303)
    response = RedirectResponse(target, 303)
    _give_cookie(response, parts, opened.token)
    return response


@public.post(
    "/api/login",
    operation_id="logIn",
    summary="Log in",
    responses=describe(401, 403, 422, 429),
)
async def log_in(request: Request, response: Response, parts: PartsDep, given: LoginIn) -> Me:
    """Sets the session cookie. Machines do not log in: an administrator gives them an API key."""
    opened = await _open(request, parts, given.login, given.password)
    _give_cookie(response, parts, opened.token)
    return me(opened.caller)


@router.get("/session", operation_id="whoAmI", summary="Who is logged in, and the CSRF token")
def who_am_i(caller: CallerDep) -> Me:
    return me(caller)


@router.post("/logout", operation_id="logOut", summary="Log out", status_code=204)
async def log_out(request: Request, response: Response, caller: CallerDep, parts: PartsDep) -> None:
    """Ends the session and its live streams. An API key stays: revoke it instead."""
    await _close(request, caller, parts)
    response.delete_cookie(**_cookie(parts))


async def log_out_with_form(request: Request, caller: CallerDep, parts: PartsDep) -> Response:
    await _close(request, caller, parts)
    response = RedirectResponse("/login", 303)
    response.delete_cookie(**_cookie(parts))
    return response


public.add_api_route("/logout", log_out_with_form, methods=["POST"], include_in_schema=False)


async def _open(request: Request, parts: Parts, login: str, password: str) -> Opened:
    # Nobody is logged in yet, but a stranger's page must not log a browser in as somebody else.
    require_own_origin(request, parts)
    door: Door = request.app.state.door
    return await door.open(login, password, request.client.host if request.client else "")


async def _close(request: Request, caller: Caller, parts: Parts) -> None:
    def forget() -> None:
        with parts.store.write() as connection:
            accounts.close_session(connection, caller.token_hash)

    await run_sync(forget)
    hub: Hub = request.app.state.hub
    await hub.check_logins()


def _give_cookie(response: Response, parts: Parts, token: str) -> None:
    # No lifetime: the row in the database ends it, and closing the browser does.
    response.set_cookie(value=token, **_cookie(parts))


def _cookie(parts: Parts) -> dict[str, Any]:
    return cookie(parts, parts.settings.cookie_name)


def _is_our_path(path: str) -> bool:
    """Whether a redirect there stays with us: browsers read // and /\\ as another host."""
    return path.startswith("/") and not path.startswith(("//", "/\\")) and path.isprintable()
