"""What every response carries, and how a request gets into the log: no query, no phone number, no name."""

from __future__ import annotations

from time import perf_counter

import structlog
from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.problems import unexpected
from community.logs import mask

log = structlog.get_logger("api.access")


def policy(images_from: str = "") -> str:
    """Our own files and nothing else; for a map with foreign tiles also images from that one origin."""
    images = f" {images_from}" if images_from else ""
    return (
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; "
        f"img-src 'self' data:{images}; "
        "connect-src 'self'; font-src 'self'; media-src 'self'; frame-src 'self'; frame-ancestors 'self'; "
        "base-uri 'none'; form-action 'self'"
    )


CSP = policy()

# Set unless the response has its own: the incident map brings a policy with the hashes of its scripts.
_ALWAYS = {
    "content-security-policy": CSP,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "x-frame-options": "SAMEORIGIN",
    "cross-origin-opener-policy": "same-origin",
    "x-robots-tag": "noindex",
}
_ONE_YEAR_HTTPS = "max-age=31536000"
# Published files of ours: a browser may keep them, and asks before use. All else is not kept.
_FILES = ("/static/", "/p/static/", "/vendor/", "/docs/files/")


class Headers:
    """Outermost of our layers: an unexpected error, too, leaves with these headers and as a problem."""

    def __init__(self, app: ASGIApp, https: bool) -> None:
        self._app = app
        self._defaults = dict(_ALWAYS)
        if https:
            self._defaults["strict-transport-security"] = _ONE_YEAR_HTTPS

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        status = 0

        async def send_with_headers(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = MutableHeaders(scope=message)
                for name, value in self._defaults.items():
                    headers.setdefault(name, value)
                headers.setdefault(
                    "cache-control", "no-cache" if scope["path"].startswith(_FILES) else "no-store"
                )
            await send(message)

        try:
            await self._app(scope, receive, send_with_headers)
        except Exception as error:
            if status:  # half of a response is out: the server must cut the connection
                raise
            await unexpected(scope["path"], error)(scope, receive, send_with_headers)
        finally:
            log.info(
                "request",
                method=scope["method"],
                path=mask(scope["path"]),
                status=status,
                ms=round((perf_counter() - started) * 1000, 1),
            )
