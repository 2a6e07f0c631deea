"""The wall of the command centre: what is open, how long, who has it, and how well the day goes. Read only.

A screen on a wall has no keyboard, so it comes in once by a link that an administrator makes, and stays in.
It shows no telephone number and no illness; with names hidden, only a surname and the building.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated

from anyio import from_thread
from fastapi import APIRouter, Depends, Form, Query, Request
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, RedirectResponse, Response

from api.deps import AdminDep, NowDep, PartsDep, ReadDep, ZoneDep, caller, require_own_origin
from api.drawing import cookie, templates
from api.problems import Unauthenticated, describe
from api.wellbeing import Wellbeing, described
from community.model import HomeRecord
from community.storage import register
from dispatcher import passes, reports, views
from dispatcher.figures import Share
from dispatcher.health import VITAL_WORD
from dispatcher.passes import Pass
from dispatcher.views import Card
from dispatcher.wording import KIND_WORD, STAGE_WORD, called

COOKIE = "anxin_wall"
PATH = "/wall"
LASTS = timedelta(days=366)
SHOWN = 12  # cards: more cannot be read from across a room
EVENTS = 5
_ANY_WALL = Pass(0, "wall")

_templates = templates(Path(__file__).parent / "console" / "templates")


class WallLink(BaseModel):
    """Opens the wall on a screen without a login; whoever has it sees what the wall shows."""

    url: str = Field(examples=["https://anxin.example.org/wall/open?pass=…"])


@dataclass(frozen=True, slots=True)
class Line:
    """One open case as the wall shows it."""

    card: Card
    who: str
    place: str
    waited_s: int
    left_s: int | None  # until its deadline; negative: past it


router = APIRouter(tags=["wall"])
pages = APIRouter(prefix=PATH, include_in_schema=False, default_response_class=HTMLResponse)


@router.post(
    "/wall/links",
    operation_id="makeWallLink",
    summary="A link for the screen on the wall",
    responses=describe(403),
)
def make_link(_admin: AdminDep, parts: PartsDep, connection: ReadDep, now: NowDep) -> WallLink:
    """Lasts a year. A new secret of the site ends all of them."""
    token = passes.seal(register.site(connection).secret, _ANY_WALL, now + LASTS)
    return WallLink(url=f"{parts.settings.base_url}{PATH}/open?pass={token}")


def is_the_wall(request: Request, connection: ReadDep, now: NowDep) -> bool:
    return passes.unseal(_secret(connection), request.cookies.get(COOKIE, ""), now) == _ANY_WALL


async def may_watch(
    request: Request, parts: PartsDep, is_the_wall: Annotated[bool, Depends(is_the_wall)]
) -> None:
    """The wall's own screen, or anybody who is logged in."""
    if not is_the_wall:
        await caller(request, parts, None, None)


@pages.get("", dependencies=[Depends(may_watch)])
def wall(
    request: Request,
    connection: ReadDep,
    zone: ZoneDep,
    now: NowDep,
    names: Annotated[bool, Query(description="whole names and doors, not only surname and building")] = False,
) -> Response:
    wellbeing: Wellbeing = request.app.state.wellbeing
    health = described(from_thread.run(wellbeing.look))
    everything = views.board(connection)
    cards = [card for card in everything if not card.exercise]
    homes = register.homes(connection, {c.household_id for c in cards[:SHOWN] if c.household_id is not None})
    today = now.astimezone(zone).replace(hour=0, minute=0, second=0, microsecond=0)
    figures = reports.report(connection, today, now, zone)
    drawn = _templates.get_template("wall.html").render(
        site=register.site(connection),
        now=now,
        clock=lambda moment: f"{moment.astimezone(zone):%H:%M:%S}",
        counters=views.counters(connection),
        lines=[_line(card, homes.get(card.household_id or 0), names, now) for card in cards[:SHOWN]],
        more=max(0, len(cards) - SHOWN),
        events=[card for card in views.page(connection, limit=4 * EVENTS) if not card.exercise][:EVENTS],
        drills=sum(card.exercise for card in everything),
        figures=figures,
        shares=_answered(figures.shares),
        failing=[_vital(name) for name, [check] in health["checks"].items() if check["status"] == "fail"],
        grade=health["status"],
        names=names,
        kind_word=KIND_WORD,
        stage_word=STAGE_WORD,
    )
    return HTMLResponse(drawn)


@pages.get("/open")
def link_page(
    connection: ReadDep, now: NowDep, pass_: Annotated[str, Query(alias="pass", max_length=200)] = ""
) -> Response:
    """One button: whoever only previews the link opens nothing."""
    _check(connection, pass_, now)
    return HTMLResponse(_templates.get_template("wall_open.html").render(token=pass_))


@pages.post("/open")
def open_link(
    request: Request,
    parts: PartsDep,
    connection: ReadDep,
    now: NowDep,
    pass_: Annotated[str, Form(alias="pass", max_length=200)] = "",
) -> Response:
    require_own_origin(request, parts)
    _check(connection, pass_, now)
    response = RedirectResponse(PATH, 303)
    lasts = int(LASTS.total_seconds())
    response.set_cookie(value=pass_, max_age=lasts, **cookie(parts, COOKIE, PATH))
    return response


def _check(connection: Connection, token: str, now: datetime) -> None:
    if passes.unseal(_secret(connection), token, now) != _ANY_WALL:
        raise Unauthenticated(
            "no_pass", "这个链接已失效,请管理员重新生成 ask an administrator for a new link"
        )


def _vital(name: str) -> str:
    """The name of a check as people know it; one of many of a kind is called as its kind."""
    return VITAL_WORD.get(name.partition(":")[0], (name, name))[0]


def _secret(connection: Connection) -> str:
    return register.site(connection).secret


def _line(card: Card, home: HomeRecord | None, names: bool, now: datetime) -> Line:
    who, place = (card.who, card.address)
    if not names and home is not None:
        who, place = called(home), f"{home.cell.name} {home.household.building}".strip()
    return Line(
        card=card,
        who=who,
        place=place,
        waited_s=int((now - card.opened_at).total_seconds()),
        left_s=None if card.deadline_at is None else int((card.deadline_at - now).total_seconds()),
    )


def _answered(shares: tuple[Share, ...]) -> tuple[Share, ...]:
    return tuple(share for share in shares if share.what == "answered")
