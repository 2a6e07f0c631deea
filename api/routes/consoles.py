"""The console says that it is open, and whether it can sound an alarm."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import Field

from api.deps import NowDep, PartsDep
from api.problems import describe
from api.schemas import In
from dispatcher.storage import vitals

ConsoleName = Annotated[str, Path(pattern=r"^[a-z0-9]{8,32}$", examples=["k3x9q0p7w2"])]

router = APIRouter(tags=["live"])


class ConsoleIn(In):
    """`audio_ok`: the browser lets the page sound, as it does after a click on the start-of-shift test."""

    audio_ok: bool = Field(examples=[True])


@router.put(
    "/consoles/{name}",
    operation_id="sayThatAConsoleIsOpen",
    summary="A console is open; can it be heard?",
    status_code=204,
    responses=describe(422),
)
def say_that_a_console_is_open(name: ConsoleName, given: ConsoleIn, parts: PartsDep, now: NowDep) -> None:
    """To be said every 15 s, under a name that the page makes up. When none can be heard for 60 s, the shift
    leaders on duty are told.
    """
    with parts.store.write() as connection:
        vitals.listens(connection, name, now, is_audible=given.audio_ok)
