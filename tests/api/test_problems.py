"""Bad news leaves as RFC 9457, with a code to rely on and words that say what to do."""

from __future__ import annotations

import pytest

from api import problems
from community.errors import Away, Conflict, Invalid, NotFound, Refused


@pytest.mark.parametrize(
    "error, status",
    [
        (problems.Unauthenticated("a", "b"), 401),
        (problems.Forbidden("a", "b"), 403),
        (NotFound("a", "b"), 404),
        (Conflict("a", "b"), 409),
        (Invalid("a", "b"), 422),
        (problems.TooMany("a", "b", 3), 429),
        (Away("a", "b"), 503),
        (Refused("a", "b"), 400),
    ],
)
def test_each_refusal_has_its_status(error: Refused, status: int) -> None:
    assert problems.status_of(error) == status


def test_every_kind_of_refusal_in_the_program_has_a_place_in_the_table() -> None:
    kinds = {kind for kind, _ in problems.STATUS}
    assert {
        kind for kind in Refused.__subclasses__() if kind.__module__.startswith(("api", "community"))
    } < kinds
    assert problems.STATUS[-1][0] is Refused, "the base class fits everything, so it must stand last"
