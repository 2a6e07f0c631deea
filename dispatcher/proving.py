"""Whether a device is proven: a press of its own has come all the way. Until then it is only installed.

What is installed counts fully from the first moment: proof changes what people are told of a device, never
what is done about what it says. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from devices.signal import CALLS_PEOPLE, Kind, Role
from dispatcher.model import Severity
from dispatcher.triage import SEVERITY

# A sign of life of these says nothing: the button that was glued in its frame has a radio that works.
NEEDS_A_PRESS: Final = CALLS_PEOPLE | {Role.SERVICE_BUTTON}
# What comes when somebody presses it, or tries it with its own test button.
PROVES: Final = frozenset(kind for kind, severity in SEVERITY.items() if severity is Severity.EMERGENCY) | {
    Kind.LEAK,
    Kind.REQUEST,
    Kind.TEST,
}


@dataclass(frozen=True, slots=True)
class Proof:
    """`at`: when it proved itself, or for what needs no press was last heard."""

    is_proven: bool
    at: datetime | None


def proof(
    role: Role, heard_at: datetime | None, cried_at: datetime | None, installed_at: datetime | None = None
) -> Proof:
    """Of a device that was last heard at `heard_at` and last said something that proves it at `cried_at`.

    What it said in its box, before `installed_at`, proves nothing of the home.
    """
    at = cried_at if role in NEEDS_A_PRESS else heard_at
    if at is None or (installed_at is not None and at < installed_at):
        return Proof(False, None)
    return Proof(True, at)
