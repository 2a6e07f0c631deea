"""Six digits and signed links: the same for everybody who knows the secret, and made by nobody else."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher import passes
from dispatcher.passes import Pass
from tests.conftest import NOW

SECRET = "a-secret-of-the-street"
DAUGHTER = Pass(12, "contact:3")


def test_a_code_has_six_digits_and_differs_by_person_case_and_secret() -> None:
    code = passes.code(SECRET, DAUGHTER)
    assert len(code) == 6
    assert code.isdecimal()
    others = {
        passes.code(SECRET, Pass(12, "contact:4")),
        passes.code(SECRET, Pass(13, "contact:3")),
        passes.code(SECRET, Pass(12, "responder:3")),
        passes.code("another", DAUGHTER),
    }
    assert len(others | {code}) == 5
    assert code == passes.code(SECRET, Pass(12, "contact:3")), "nothing is kept, so it must come out again"


def test_codes_are_spread_over_all_six_digits() -> None:
    codes = [passes.code(SECRET, Pass(n, "contact:1")) for n in range(2_000)]
    assert len(set(codes)) > 1_990
    assert {code[0] for code in codes} == set("0123456789")


def test_a_site_without_a_secret_has_no_codes_and_believes_no_token() -> None:
    assert passes.code("", DAUGHTER) == ""
    assert passes.unseal("", passes.seal("", DAUGHTER, NOW + passes.LASTS), NOW) is None


@pytest.mark.parametrize(
    ("later", "found"),
    [(timedelta(0), DAUGHTER), (timedelta(hours=12, seconds=-1), DAUGHTER), (timedelta(hours=12), None)],
)
def test_a_token_lasts_until_its_moment(later: timedelta, found: Pass | None, now: datetime) -> None:
    token = passes.seal(SECRET, DAUGHTER, now + passes.LASTS)
    assert passes.unseal(SECRET, token, now + later) == found
    assert passes.unseal("another", token, now) is None


@given(st.data())
def test_a_token_that_was_changed_anywhere_is_nobodys(data: st.DataObject) -> None:
    token = passes.seal(SECRET, DAUGHTER, NOW + passes.LASTS)
    at = data.draw(st.integers(0, len(token) - 2))  # the last character's low bits carry nothing
    other = data.draw(st.characters(codec="ascii").filter(lambda each: each != token[at]))
    assert passes.unseal(SECRET, token[:at] + other + token[at + 1 :], NOW) is None


@given(st.text(max_size=200))
def test_whatever_is_sent_as_a_token_breaks_nothing(token: str) -> None:
    assert passes.unseal(SECRET, token, NOW) is None
