"""The pages that people look at: console, phones, hotline and the plain lists, with their scripts and sounds.

What `create_app` has to do: include `router` without a prefix, serve `static_dir` at `STATIC_PATH`, and
serve the vendored files of `maps` at `/vendor`. The pages hold no data of their own: each script asks `/api`.
"""

from __future__ import annotations

from pathlib import Path

from api.console.pages import router

STATIC_PATH = "/static"
static_dir: Path = Path(__file__).parent / "static"

__all__ = ["STATIC_PATH", "router", "static_dir"]
