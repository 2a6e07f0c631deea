"""What somebody does with a call on a simulated phone, reported as a provider would report it."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from community.errors import Conflict
from community.storage import Store
from dispatcher import responses, views
from dispatcher.model import Meaning, MessageState
from dispatcher.storage import handsets
from dispatcher.telephone import BUSY, VOICEMAIL


class Ending(StrEnum):
    """How a call ends that nobody has answered with a key."""

    VOICEMAIL = "voicemail"
    REJECTED = "rejected"
    HUNG_UP = "hung_up"  # after it was taken up


_LOST = {Ending.VOICEMAIL: VOICEMAIL, Ending.REJECTED: BUSY}


def take_up(store: Store, call_id: int, now: datetime) -> views.CallScript:
    """Answer a call that rings; what it says. Conflict when it rings no more."""
    with store.write() as connection:
        key = handsets.take_up(connection, call_id, now)
        script = views.call_script(connection, key) if key is not None else None
    if key is None or script is None:
        raise _over()
    responses.receipt(store, f"call-{call_id}", MessageState.DELIVERED, "", now, key=key)
    return script


def press(store: Store, call_id: int, digit: str, now: datetime) -> responses.Pressed:
    """Press a key in a call that was taken up. Conflict when it is over; a key that was taken ends it."""
    with store.read() as connection:
        key = handsets.taken(connection, call_id)
    pressed = responses.key_pressed(store, key, digit, f"call-{call_id}", now) if key is not None else None
    if pressed is None:
        raise _over()
    if pressed.meaning is not Meaning.UNCLEAR:
        with store.write() as connection:
            handsets.end(connection, call_id, now)
    return pressed


def end(store: Store, call_id: int, ending: Ending, now: datetime) -> None:
    """End a call without a key. Saying so twice is harmless."""
    with store.write() as connection:
        key = handsets.end(connection, call_id, now)
    if key is not None and ending in _LOST:
        responses.receipt(store, f"call-{call_id}", MessageState.UNDELIVERABLE, _LOST[ending], now, key=key)


def set_reception(store: Store, phone: str, texts_arrive: bool) -> None:
    """Switch whether texts arrive on a phone."""
    with store.write() as connection:
        handsets.let_texts_arrive(connection, phone, texts_arrive)


def _over() -> Conflict:
    return Conflict("call_over", "电话已经挂断 this call is over")
