"""The HTTP server: uvicorn, told what our streams need and whom not to believe."""

from __future__ import annotations

import socket
from collections.abc import Callable

import uvicorn
from fastapi import FastAPI

from api.live import Hub
from api.settings import Settings

ENDING_S = 2  # how long open requests may take after we were asked to stop


class Server(uvicorn.Server):
    """Ends the live streams first: they would otherwise be waited for until the time is up."""

    def __init__(self, config: uvicorn.Config, hub: Hub, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._hub = hub
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._hub.close()
        await super().shutdown(sockets)


def serve(app: FastAPI, settings: Settings, ready: Callable[[], None]) -> Server:
    """A server for `app`, not yet running; `ready` is called once it takes requests."""
    config = uvicorn.Config(
        app,
        host=settings.api_host,
        port=settings.api_port,
        # uvicorn believes X-Forwarded-* from this machine unless told otherwise.
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=settings.trusted_proxies or None,
        server_header=False,
        headers=[("Server", "Anxin")],
        access_log=False,  # api/headers.py writes one without queries and phone numbers
        log_config=None,
        timeout_graceful_shutdown=ENDING_S,
    )
    return Server(config, app.state.hub, ready)
