"""Whose place is believed: of minutes ago, within a few houses, and told by a clock that is not ahead.

A place decides who is asked first and where she is drawn, nothing else: nobody is paged by it, and without
one everybody is where the register has her.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from community.model import Responder, ResponderKind, Whereabouts

FRESH: Final = timedelta(minutes=10)  # an e-bike is two kilometres away by then
ROUGH_M: Final = 300.0  # the radius within which she is: a mast's kilometre says less than her register
AHEAD: Final = timedelta(minutes=1)  # two clocks differ so; how old a place is that is told by another one?


def is_of_use(found: Whereabouts, now: datetime) -> bool:
    """Whether anybody is to be sent by this place at `now`. A radius that nobody told is GPS's own."""
    radius = found.position.accuracy_m
    return -AHEAD <= now - found.at < FRESH and (radius is None or radius <= ROUGH_M)


def moves(kind: ResponderKind) -> bool:
    """Whether it goes about at all: a clinic is a house, wherever the telephone of a doctor is."""
    return kind is not ResponderKind.CLINIC


def placed(responder: Responder, found: Whereabouts | None, now: datetime) -> Responder:
    """`responder` where her telephone says she is, when that is of use at `now`; else as in the register."""
    if found is None or not moves(responder.kind) or not is_of_use(found, now):
        return responder
    return replace(responder, position=found.position)
