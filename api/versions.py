"""What somebody looked at, as an ETag: a change that was decided on something older is refused."""

from __future__ import annotations

import hashlib
from typing import Annotated

from fastapi import Header
from pydantic_core import to_json

from community.errors import Stale

IfMatch = Annotated[str | None, Header(description="the ETag of what was looked at")]


def tag(*shown: object) -> str:
    """The ETag of what is `shown`. A set has no order that holds: hand in a sorted list."""
    return f'"{hashlib.sha256(to_json(shown)).hexdigest()[:20]}"'


def require(if_match: str | None, present: str) -> None:
    """Stale: somebody has changed it since. Without `If-Match` whoever comes last is right."""
    if if_match is not None and if_match != present:
        raise Stale(
            "changed_meanwhile", "别人刚改过,请刷新后再改 somebody has changed this meanwhile: reload it"
        )
