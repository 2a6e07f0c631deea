"""Cursors are opaque, exact, and say what to do when they were tampered with."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import pages
from community.errors import Invalid


@given(st.integers(0, 2**63 - 1))
def test_a_cursor_says_where_the_last_page_ended(last_id: int) -> None:
    assert pages.decode(pages.encode(last_id)) == last_id


@given(st.text(max_size=64))
def test_a_made_up_cursor_is_refused_and_never_an_error(text: str) -> None:
    try:
        last_id = pages.decode(text)
    except Invalid:
        return
    assert pages.encode(last_id) == text


@pytest.mark.parametrize("cursor", ["", "42", "YTE6LTE", "YTE6", "YTE6OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_numbers_that_no_page_ended_with_are_refused(cursor: str) -> None:
    with pytest.raises(Invalid, match="`next`"):
        pages.decode(cursor)


def test_one_item_more_than_asked_for_means_that_there_is_a_next_page() -> None:
    assert pages.page([1, 2, 3], 2, lambda item: item) == pages.Page(items=[1, 2], next=pages.encode(2))
    assert pages.page([1, 2], 2, lambda item: item) == pages.Page(items=[1, 2], next=None)
    assert pages.page([], 2, lambda item: item) == pages.Page(items=[], next=None)
