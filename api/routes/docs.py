"""The description of this API, and a page to read and try it, with no request to anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api import asyncapi
from api.openapi import described
from community.errors import NotFound

VENDORED = Path(__file__).parent.parent / "vendor"
FILES_PATH = "/docs/files"

_PAGE = """<!doctype html>
<html lang="zh-CN">
<head>
<meta charset="utf-8">
<title>安心 Anxin API</title>
<meta name="viewport" content="width=device-width, initial-scale=1">
<link rel="icon" href="/static/img/mark.svg">
<link rel="stylesheet" href="/docs/files/swagger-ui/swagger-ui.css">
</head>
<body>
<div id="swagger-ui"></div>
<script src="/docs/files/swagger-ui/swagger-ui-bundle.js"></script>
<script src="/docs/files/docs.js"></script>
</body>
</html>
"""

router = APIRouter(include_in_schema=False)


@router.get("/openapi.json")
def openapi(request: Request) -> dict[str, Any]:
    return described(request.app)


@router.get("/docs/asyncapi.json")
def mqtt(request: Request) -> dict[str, Any]:
    return asyncapi.described(request.app.version)


@router.get("/docs/schemas/{name}.json")
def schema(name: str) -> dict[str, Any]:
    if name not in asyncapi.MESSAGES:
        known = ", ".join(asyncapi.MESSAGES)
        raise NotFound("no_such_schema", f"没有这个格式 there is no schema {name!r}: choose one of {known}")
    return asyncapi.schema(name)


@router.get("/docs", response_class=HTMLResponse)
def docs() -> str:
    return _PAGE
