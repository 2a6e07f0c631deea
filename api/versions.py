"""What somebody looked at, as an ETag: a change that was decided on something older is refused."""

from __future__ import annotations

import hashlib
import re
from typing import Annotated

from fastapi import Header
from pydantic_core import to_json

from api.problems import Unconditional
from community.errors import Stale

IfMatch = Annotated[str | None, Header(description="the ETag of what was looked at")]


IfVersion = Annotated[
    str | None,
    Header(alias="if-match", description="the ETag of the version that was edited", examples=['"3"']),
]
IfNew = Annotated[
    str | None, Header(alias="if-none-match", description="* for one that is new", examples=["*"])
]


def version_tag(version: int) -> str:
    """The ETag of what is edited in numbered versions."""
    return f'"{version}"'


def looked_at(if_match: str | None, if_none_match: str | None) -> int | None:
    """The version that a change was decided on; None for what must not be there yet. Unconditional."""
    if if_match is None and if_none_match == "*":
        return None
    found = re.fullmatch(r'"(\d{1,9})"', if_match or "")
    if found is None:
        raise Unconditional(
            "say_which_version",
            "send If-Match with the ETag of the version you edited, or If-None-Match: * for a new one",
        )
    return int(found[1])


def tag(*shown: object) -> str:
    """The ETag of what is `shown`. A set has no order that holds: hand in a sorted list."""
    return f'"{hashlib.sha256(to_json(shown)).hexdigest()[:20]}"'


def require(if_match: str | None, present: str) -> None:
    """Stale: somebody has changed it since. Without `If-Match` whoever comes last is right."""
    if if_match is not None and if_match != present:
        raise Stale(
            "changed_meanwhile", "别人刚改过,请刷新后再改 somebody has changed this meanwhile: reload it"
        )
