"""Bad news over HTTP: RFC 9457 bodies with a stable `code`, and the table that joins errors to statuses."""

from __future__ import annotations

from http import HTTPStatus
from typing import Any
from urllib.parse import quote

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, ConfigDict, Field
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, RedirectResponse, Response

from community.errors import Away, Conflict, Invalid, NotFound, Refused, Stale

log = structlog.get_logger(__name__)

MEDIA_TYPE = "application/problem+json"


class Unauthenticated(Refused):
    """We do not know who is asking. A person who opened a page is shown to the `entrance`."""

    entrance = "/login"


class Forbidden(Refused):
    """We know who is asking, and this is not for them."""


class Unconditional(Refused):
    """A change that must say what it was decided on, and does not."""


class TooMany(Refused):
    """Too often. `retry_after_s` says when it is worth trying again."""

    def __init__(self, code: str, message: str, retry_after_s: int) -> None:
        super().__init__(code, message)
        self.retry_after_s = retry_after_s


# The one table. The first class that fits decides, so the base class stands last.
STATUS: tuple[tuple[type[Refused], int], ...] = (
    (Unauthenticated, 401),
    (Forbidden, 403),
    (NotFound, 404),
    (Stale, 412),
    (Conflict, 409),
    (Invalid, 422),
    (Unconditional, 428),
    (TooMany, 429),
    (Away, 503),
    (Refused, 400),
)

TITLE = {
    400: "请求被拒绝 Refused",
    401: "请先登录 Please log in",
    403: "无权限 Not allowed",
    404: "不存在 Not found",
    405: "方法不对 Method not allowed",
    409: "已变化 Somebody else was first",
    412: "已被别人修改 Changed in the meantime",
    413: "内容过大 Too large",
    415: "类型不对 Media type not understood",
    422: "输入有误 The input cannot be meant",
    428: "缺少版本 Say which version you looked at",
    429: "请稍候 Too many attempts",
    500: "内部错误 Internal error",
    503: "暂时不可用 Not available right now",
}


class FieldError(BaseModel):
    """One part of the input that cannot be meant. `where` is a path such as `body.position.lon`."""

    where: str
    message: str


class Problem(BaseModel):
    """An RFC 9457 body. `code` is stable and for programs; `detail` says what to do next."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {
                "type": "about:blank",
                "title": TITLE[409],
                "status": 409,
                "detail": "incident 12 belongs to 刘芳: ask her, or take it over",
                "code": "already_claimed",
            }
        }
    )

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    code: str
    errors: list[FieldError] = Field(default_factory=list)


def describe(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """For a route's `responses=`: the problems it can answer; `api/openapi.py` adds what their body is."""
    return {status: {"description": TITLE[status]} for status in statuses}


def problem(
    status: int,
    code: str,
    detail: str,
    *,
    errors: list[FieldError] | None = None,
    headers: dict[str, str] | None = None,
) -> Response:
    """A response with an RFC 9457 body."""
    body = Problem(
        title=TITLE.get(status, HTTPStatus(status).phrase),
        status=status,
        detail=detail,
        code=code,
        errors=errors or [],
    )
    content = body.model_dump(exclude={"errors"} if not errors else None)
    return JSONResponse(content, status_code=status, headers=headers, media_type=MEDIA_TYPE)


def status_of(error: Refused) -> int:
    return next(status for kind, status in STATUS if isinstance(error, kind))


def install(app: FastAPI) -> None:
    """Make every error of `app` leave as a problem."""
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _not_understood)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database_away)


async def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    status = status_of(error)
    if isinstance(error, Unauthenticated):
        if _is_a_person_opening_a_page(request):
            return RedirectResponse(f"{error.entrance}?next={quote(request.url.path, safe='/')}", 303)
        return problem(status, error.code, error.message, headers={"WWW-Authenticate": "Bearer"})
    headers = {"Retry-After": str(error.retry_after_s)} if isinstance(error, TooMany) else None
    return problem(status, error.code, error.message, headers=headers)


def _is_a_person_opening_a_page(request: Request) -> bool:
    return (
        request.method == "GET"
        and not request.url.path.startswith("/api/")
        and "text/html" in request.headers.get("accept", "")
    )


async def _not_understood(_request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    # Only where and why: pydantic also repeats the input, which may be somebody's illness or password.
    errors = [
        FieldError(where=".".join(str(part) for part in one["loc"]), message=str(one["msg"]))
        for one in error.errors()
    ]
    first = errors[0] if errors else FieldError(where="body", message="is missing")
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    detail = f"{first.where}: {first.message}{more}. Correct it and send again; /docs shows what is expected."
    return problem(422, "invalid_input", detail, errors=errors)


_HTTP_CODES = {
    404: ("no_such_path", "there is nothing at this address: /docs lists what there is"),
    405: ("method_not_allowed", "this address does not take that method: /docs lists the ones it takes"),
    413: ("too_large", "the body is larger than anything this API takes: send less"),
}


async def _http(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code, detail = _HTTP_CODES.get(error.status_code, ("refused", str(error.detail)))
    return problem(error.status_code, code, detail, headers=dict(error.headers or {}))


async def _database_away(request: Request, error: Exception) -> Response:
    log.error("database_unreachable", path=request.url.path, kind=type(error.__cause__ or error).__name__)
    return problem(
        503,
        "database_unreachable",
        "the database does not answer: try again in a few seconds; if it lasts, call the administrator",
        headers={"Retry-After": "3"},
    )


def unexpected(path: str, error: Exception) -> Response:
    """The answer to a bug: the traceback goes to the log, and nothing of it to the caller."""
    log.error("unexpected", path=path, exc_info=error)
    return problem(
        500,
        "internal_error",
        "this is our fault and has been written to the log: try again; if it lasts, call the administrator",
    )
