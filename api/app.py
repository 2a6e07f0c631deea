"""The application, put together from the parts it is handed. Nothing here is made at import time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache

from fastapi import APIRouter, Depends, FastAPI
from fastapi.staticfiles import StaticFiles

from api import console, live, login, pocket, problems, wall
from api.auditing import audited
from api.callbacks import aliyun, tencent, twilio
from api.deps import caller, only_simulated
from api.headers import Headers
from api.live import Hub
from api.login import Door
from api.parts import Parts
from api.routes import (
    atlas,
    audit,
    basemap,
    consoles,
    devices,
    docs,
    emulator,
    exercises,
    figures,
    health,
    hotline,
    households,
    inbox,
    incidents,
    labels,
    ledgers,
    maintenance,
    phones,
    places,
    plans,
    proposals,
    reach,
    records,
    responders,
    rota,
    safety,
    scripts,
    watching,
    webhooks,
    wishes,
)
from maps.vendored import URL as MAPS_URL
from maps.vendored import vendor_dir

__all__ = ["Parts", "create_app"]

LARGEST_BODY = 256 * 1024  # bytes; the largest thing anybody sends us is a household with its people

_DESCRIPTION = """
An open telecare alarm centre: incidents, the register, the hotline, and a live stream.

* **People** log in (`POST /api/login`, or the page `/login`) and get a session cookie. Every change then
  needs the header `X-CSRF-Token` with the token of `GET /api/session`.
* **Machines** send an API key as `Authorization: Bearer …` and need no CSRF token.
* **Errors** are problems as in RFC 9457; `code` is stable, `detail` says what to do next.
* **Lists** are pages `{"items": […], "next": …}`: send `next` back as `cursor` until it is null.
* **Devices** speak MQTT: [AsyncAPI](/docs/asyncapi.json), and JSON Schemas of what they
  [say](/docs/schemas/signal.json), of its [receipt](/docs/schemas/receipt.json) and of what they
  [hear](/docs/schemas/command.json).
* **Webhooks** tell other programs how cases go: `POST /api/webhooks`, and docs/webhooks.md.
* **Times** are ISO 8601 in UTC, positions degrees WGS-84, distances metres.
"""


def create_app(parts: Parts) -> FastAPI:
    """The whole API and console over `parts`. The caller closes the store when the application has ended."""
    hub = Hub(parts)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        running = asyncio.create_task(hub.run())
        yield
        hub.close()
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running

    app = FastAPI(
        title="安心 Anxin",
        summary="一键通社区养老服务平台 · an open telecare alarm centre",
        description=_DESCRIPTION,
        version="0.1.0",
        license_info={"name": "Apache-2.0", "identifier": "Apache-2.0"},
        lifespan=lifespan,
        docs_url=None,  # ours work with no network: routes/docs.py
        redoc_url=None,
        openapi_url=None,
        max_body_size=LARGEST_BODY,
        redirect_slashes=False,
    )
    app.state.parts = parts
    app.state.hub = hub
    app.state.wellbeing = hub.wellbeing
    app.state.door = Door(parts)
    app.state.atlas = atlas.Atlas()
    app.state.gate = pocket.Gate()
    problems.install(app)
    app.add_middleware(Headers, https=parts.settings.is_https)

    app.router.routes.extend(_routes(parts.settings.simulated_phones).routes)
    app.mount(pocket.STATIC_PATH, StaticFiles(directory=pocket.static_dir), "pocket")
    app.mount("/static", StaticFiles(directory=console.static_dir), "static")
    app.mount(MAPS_URL, StaticFiles(directory=vendor_dir()), "vendor")
    app.mount(docs.FILES_PATH, StaticFiles(directory=docs.VENDORED), "docs_files")
    return app


@cache
def _routes(simulated_phones: bool) -> APIRouter:
    """The same for every application of a process: they hold no parts, and take a second to work out."""
    routes = APIRouter(max_body_size=LARGEST_BODY, redirect_slashes=False)
    for public in (health.router, login.public, twilio.router, aliyun.router, tencent.router, rota.calendar):
        routes.include_router(public)
    routes.include_router(_behind_the_login(simulated_phones))
    routes.include_router(console.router)
    routes.include_router(pocket.router)
    routes.include_router(wall.pages)
    return routes


def _behind_the_login(simulated_phones: bool) -> APIRouter:
    """Everything that answers nobody without a session or a key: a route cannot forget to ask."""
    inside = APIRouter(dependencies=[Depends(caller)], responses=problems.describe(401))
    api = APIRouter(prefix="/api")
    for router in (
        login.router,
        live.router,
        incidents.router,
        records.router,
        inbox.router,
        atlas.router,
        basemap.router,
        places.router,
        consoles.router,
        figures.router,
        audit.router,
        hotline.by_phone,
    ):
        api.include_router(router)
    for changed in (
        households.router,
        ledgers.router,
        safety.router,
        wishes.router,
        devices.router,
        proposals.router,
        labels.router,
        maintenance.router,
        responders.router,
        rota.router,
        plans.router,
        scripts.router,
        reach.router,
        hotline.router,
        watching.router,
        exercises.router,
        wall.router,
        webhooks.router,
    ):
        api.include_router(changed, dependencies=[Depends(audited)])
    if simulated_phones:
        for demo in (phones.router, emulator.router):
            api.include_router(demo, dependencies=[Depends(only_simulated)])
    inside.include_router(api)
    inside.include_router(docs.router)
    return inside
