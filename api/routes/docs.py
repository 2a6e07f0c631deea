"""The description of this API, and a page to read and try it, with no request to anybody else."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.openapi import described

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


@router.get("/docs", response_class=HTMLResponse)
def docs() -> str:
    return _PAGE
