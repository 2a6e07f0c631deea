"""Cursor pages: `{"items": [...], "next": cursor}`. A cursor is opaque: nobody may count on what is in it."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Generic, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from community.errors import Invalid

T = TypeVar("T")
_MARK = "a1:"  # says what wrote it, so that another format can come later

Limit = Annotated[int, Query(ge=1, le=200, description="at most this many items")]
Cursor = Annotated[
    str | None, Query(max_length=64, description="`next` of the page before; leave out for the first page")
]


class Page(BaseModel, Generic[T]):
    """One page of a list. `next` is null on the last page."""

    items: list[T]
    next: str | None = Field(default=None, examples=["YTE6NDI"])


def encode(last_id: int) -> str:
    return urlsafe_b64encode(f"{_MARK}{last_id}".encode()).decode().rstrip("=")


def decode(cursor: str) -> int:
    """The id in a cursor. Invalid for anything that `encode` did not write."""
    try:
        text = urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode("ascii")
        number = int(text.removeprefix(_MARK))
    except ValueError:
        number = -1
    if not 0 <= number < 2**63 or encode(number) != cursor:
        raise Invalid("bad_cursor", "send `next` of the page before as it was, or leave the cursor out")
    return number


def page(found: Sequence[T], limit: int, id_of: Callable[[T], int]) -> Page[T]:
    """The page out of `limit + 1` found items: the one too many says that there is a next page."""
    items = list(found[:limit])
    more = len(found) > limit and items
    return Page(items=items, next=encode(id_of(items[-1])) if more else None)
