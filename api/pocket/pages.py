"""The pages of relatives and workers, drawn here whole: they work without a script, and better with one."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import quote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Form, Query, Request
from sqlalchemy import Connection
from starlette.responses import FileResponse, HTMLResponse, JSONResponse, RedirectResponse, Response

from api.deps import NowDep, PartsDep, ReadDep, require_own_origin
from api.drawing import templates
from api.headers import CSP
from api.live import Hub, LiveResponse
from api.pocket.door import PATH, GateDep, HeldDep, let_in
from api.problems import TooMany, Unauthenticated
from community.errors import Conflict, NotFound
from community.model import Position, Way
from community.storage import register
from dispatcher import consent, guests, passes, responses, whereabouts
from dispatcher.guests import Errand
from dispatcher.model import Meaning, OfferState
from dispatcher.passes import Pass
from dispatcher.wording import OFFER_WORD
from maps.coords import Crs, from_wgs84

STEPS = (OfferState.ACCEPTED, OfferState.ON_THE_WAY, OfferState.ARRIVED, OfferState.DONE)
STEP_WORD = {
    OfferState.ACCEPTED: ("接单", "I will go"),
    OfferState.ON_THE_WAY: ("已出发", "on my way"),
    OfferState.ARRIVED: ("已到达", "I am there"),
    OfferState.DONE: ("处理完毕", "done"),
}
REASONS = ("正在处理别的事", "离得太远", "不在岗", "身体不适", "其他原因")
ANSWERS = (
    (Meaning.COMING, "我能赶到", "I can come"),
    (Meaning.CANNOT, "我去不了", "I cannot come"),
    (Meaning.FALSE_ALARM, "是误按", "a false alarm"),
)
# As everywhere, and a page that may be put on the home screen. The referrer stays with us as everywhere: with
# none at all, browsers would not say of a form that it came from our own page.
_HEADERS = {"content-security-policy": f"{CSP}; manifest-src 'self'"}
_STATIC = Path(__file__).parent / "static"

_templates = templates(Path(__file__).parent / "templates")

router = APIRouter(prefix=PATH, include_in_schema=False, default_response_class=HTMLResponse)


@router.get("")
def code_page(connection: ReadDep) -> Response:
    return _draw("code.html", connection, problem="", needs_last4=False)


@router.post("")
def enter(
    request: Request,
    parts: PartsDep,
    connection: ReadDep,
    gate: GateDep,
    now: NowDep,
    code: Annotated[str, Form(max_length=40)] = "",
    last4: Annotated[str, Form(max_length=40)] = "",
) -> Response:
    """The form of the code page. Digits only count: people copy them with their blanks."""
    require_own_origin(request, parts)
    address = request.client.host if request.client else ""
    try:
        found = gate.enter(connection, _digits(code), _digits(last4), address, now)
    except TooMany as refused:
        text = f"请等{refused.retry_after_s}秒再试 wait {refused.retry_after_s} s and try again"
        return _draw("code.html", connection, 429, problem=text, needs_last4=bool(last4))
    except Unauthenticated as refused:
        needs_last4 = bool(last4) or refused.code == "last4_needed"
        return _draw("code.html", connection, 401, problem=refused.message, needs_last4=needs_last4)
    return _come_in(parts, connection, found, now)


@router.get("/open")
def link_page(
    connection: ReadDep, now: NowDep, pass_: Annotated[str, Query(alias="pass", max_length=200)] = ""
) -> Response:
    """Where a link leads: one button. Whoever only previews it opens nothing."""
    if passes.unseal(register.site(connection).secret, pass_, now) is None:
        return _gone(connection, "这个链接已过期,请输入查询码 this link has ended: enter the code")
    return _draw("link.html", connection, token=pass_)


@router.post("/open")
def open_link(
    request: Request,
    parts: PartsDep,
    connection: ReadDep,
    now: NowDep,
    pass_: Annotated[str, Form(alias="pass", max_length=200)] = "",
) -> Response:
    require_own_origin(request, parts)
    found = passes.unseal(register.site(connection).secret, pass_, now)
    if found is None:
        return _gone(connection, "这个链接已过期,请输入查询码 this link has ended: enter the code")
    return _come_in(parts, connection, found, now)


@router.get("/case")
def case(
    connection: ReadDep, held: HeldDep, now: NowDep, incident: Annotated[int, Query(ge=0, lt=2**63)] = 0
) -> Response:
    """The page of the one case; of a worker's others with `incident`."""
    return _case(connection, Pass(incident, held.who) if incident else held, now)


@router.post("/answer")
def answer(
    request: Request,
    parts: PartsDep,
    connection: ReadDep,
    held: HeldDep,
    now: NowDep,
    meaning: Annotated[Meaning, Form()],
    tap: Annotated[str, Form(max_length=40)],
) -> Response:
    """A relative's answer. The same tap twice is taken once."""
    require_own_origin(request, parts)
    try:
        responses.tapped(parts.store, held, meaning, tap, now)
    except (Conflict, NotFound) as refused:
        return _refused(request, connection, held, now, refused)
    parts.bell.ring()
    return _taken(request, f"{PATH}/case")


@router.post("/weekly")
def weekly(
    request: Request,
    parts: PartsDep,
    connection: ReadDep,
    held: HeldDep,
    now: NowDep,
    wanted: Annotated[Literal["yes", "no"], Form()],
) -> Response:
    """A relative wants the weekly text, or does not want it any more. Saying the same twice is harmless."""
    require_own_origin(request, parts)
    try:
        guests.progress(connection, held, now)  # whoever was told, while the page is open to her
        with parts.store.write() as writing:
            phone = guests.phone_of(writing, held)
            consent.set_weekly(writing, phone, now, Way.PAGE, None, wanted=wanted == "yes")
    except (Conflict, NotFound) as refused:
        return _refused(request, connection, held, now, refused)
    return _taken(request, f"{PATH}/case")


@router.post("/step")
def step(
    request: Request,
    parts: PartsDep,
    connection: ReadDep,
    held: HeldDep,
    now: NowDep,
    incident: Annotated[int, Form(ge=1, lt=2**63)],
    state: Annotated[OfferState, Form()],
    eta_min: Annotated[int | None, Form(ge=0, le=720)] = None,
    note: Annotated[str, Form(max_length=200)] = "",
) -> Response:
    """A worker's tap. Saying the same twice is harmless, so a phone without a network may say it later."""
    require_own_origin(request, parts)
    try:
        errand = guests.errand(connection, Pass(incident, held.who), now)
        responses.answer_offer(
            parts.store, errand.offer_id, state, held.who, now, eta_min=eta_min, remark=note
        )
    except (Conflict, NotFound) as refused:
        return _refused(request, connection, Pass(incident, held.who), now, refused)
    parts.bell.ring()
    return _taken(request, f"{PATH}/case?incident={incident}")


@router.post("/place")
def place(
    request: Request,
    parts: PartsDep,
    held: HeldDep,
    now: NowDep,
    lat: Annotated[float, Form(ge=-90, le=90)],
    lon: Annotated[float, Form(ge=-180, le=180)],
    accuracy_m: Annotated[float | None, Form(gt=0, le=1e7)] = None,
) -> Response:
    """Where a worker is now. `wanted` is false when nobody needs to know any more."""
    require_own_origin(request, parts)
    here = Position(lon, lat, "page", accuracy_m)
    try:
        whereabouts.from_page(parts.store, _worker(held), here, now)
    except Conflict:
        return JSONResponse({"wanted": False})
    return JSONResponse({"wanted": True})


@router.post("/place/forget")
def forget_place(request: Request, parts: PartsDep, held: HeldDep) -> Response:
    require_own_origin(request, parts)
    whereabouts.forget(parts.store, _worker(held))
    return Response(status_code=204)


@router.get("/live", response_class=LiveResponse)
async def live(request: Request, held: HeldDep) -> LiveResponse:
    """`changed` whenever the case has: the page then draws itself anew."""
    hub: Hub = request.app.state.hub
    events: AsyncIterator[bytes] = hub.follow(held.incident_id)
    return LiveResponse(events, headers={"X-Accel-Buffering": "no"})


@router.get("/worker.js")
def service_worker() -> Response:
    """Below `/p`, so that it may keep the pages there for when there is no network."""
    return FileResponse(_STATIC / "offline.js", media_type="text/javascript")


def _draw(template: str, connection: Connection, status: int = 200, **values: object) -> Response:
    site = register.site(connection)
    drawn = _templates.get_template(template).render(site=site, path=PATH, **values)
    return HTMLResponse(drawn, status, headers=_HEADERS)


def _come_in(parts: PartsDep, connection: Connection, found: Pass, now: datetime) -> Response:
    response = RedirectResponse(f"{PATH}/case", 303)
    let_in(response, parts, connection, found, now)
    return response


def _gone(connection: Connection, why: str) -> Response:
    return _draw("gone.html", connection, 404, why=why)


def _case(connection: Connection, held: Pass, now: datetime, problem: str = "") -> Response:
    zone, status = ZoneInfo(register.site(connection).timezone), 409 if problem else 200

    def clock(moment: datetime | None) -> str:
        return "" if moment is None else f"{moment.astimezone(zone):%H:%M}"

    try:
        if held.who.startswith("responder:"):
            errand = guests.errand(connection, held, now)
            return _draw(
                "worker.html", connection, status,
                errand=errand, clock=clock, problem=problem, reasons=REASONS, word=OFFER_WORD[errand.state],
                steps=[(step, *STEP_WORD[step], _is_past(step, errand.state)) for step in STEPS],
                minutes=_until(errand.eta_at, now), ways=_ways(errand),
            )  # fmt: skip
        progress = guests.progress(connection, held, now)
    except NotFound as gone:
        return _gone(connection, gone.message)
    return _draw(
        "family.html", connection, status,
        progress=progress, clock=clock, problem=problem, answers=ANSWERS,
        eta_min=_until(progress.eta_at, now), tap=f"{now.timestamp():.0f}", weekly=progress.weekly,
    )  # fmt: skip


def _refused(
    request: Request, connection: Connection, held: Pass, now: datetime, why: Conflict | NotFound
) -> Response:
    if _is_script(request):
        return JSONResponse({"code": why.code, "detail": why.message}, 409)
    return _case(connection, held, now, why.message)


def _taken(request: Request, page: str) -> Response:
    return Response(status_code=204) if _is_script(request) else RedirectResponse(page, 303)


def _worker(held: Pass) -> int:
    kind, _, number = held.who.partition(":")
    if kind != "responder":
        raise NotFound("no_worker", "这里没有这一项 there is no such thing here")
    return int(number)


def _is_script(request: Request) -> bool:
    return request.headers.get("accept") == "application/json"


def _digits(text: str) -> str:
    return "".join(str(int(each)) for each in text if each.isdecimal())


def _is_past(step: OfferState, state: OfferState) -> bool:
    return state in STEPS and STEPS.index(step) <= STEPS.index(state)


def _until(moment: datetime | None, now: datetime) -> int | None:
    return None if moment is None else max(1, round((moment - now).total_seconds() / 60))


def _ways(errand: Errand) -> tuple[tuple[str, str], ...]:
    """(word, address) of the ways to be shown there. AMap draws GCJ-02, half a kilometre from the truth."""
    if errand.position is None:
        return ()
    lon, lat, name = errand.position.lon, errand.position.lat, quote(errand.place)
    shifted_lon, shifted_lat = (float(degrees) for degrees in from_wgs84(lon, lat, Crs.GCJ02))
    return (
        (
            "高德导航 AMap",
            f"https://uri.amap.com/navigation?to={shifted_lon:.6f},{shifted_lat:.6f},{name}"
            "&mode=ride&coordinate=gaode&callnative=1",
        ),
        (
            "百度地图 Baidu",
            f"https://api.map.baidu.com/marker?location={lat:.6f},{lon:.6f}&title={name}&content={name}"
            "&coord_type=wgs84&output=html&src=anxin",
        ),
    )
