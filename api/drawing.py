"""Pages drawn on the server, and the cookies that they give."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from api.parts import Parts


def templates(folder: Path) -> Environment:
    """The templates in `folder`: everything is escaped, and a name that is missing is an error."""
    return Environment(
        loader=FileSystemLoader(folder),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )


def cookie(parts: Parts, name: str, path: str = "/") -> dict[str, Any]:
    """What every cookie of ours has in common: no script reads it, and no other site's form sends it."""
    return {
        "key": name,
        "path": path,
        "secure": parts.settings.is_https,
        "httponly": True,
        "samesite": "lax",
    }
