"""Whether a relative can be reached, found out by day: when each number is tested, and what a test has shown.

Pure. A wrong number is the fault that nobody notices until the night it is needed; so each number gets one
text a month, at a civil hour, and who answers has proved that texts arrive and answers come back.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo
from enum import StrEnum
from hashlib import sha256

# Minutes of the local day: after breakfast, not at the midday rest, not when people have gone to bed.
CIVIL_HOURS = ((9 * 60, 11 * 60 + 30), (15 * 60, 19 * 60 + 30))
CHECK_DIGITS = 4
LAST_DAY = 28  # every month has it
PATIENCE = timedelta(days=2)  # who has not answered by then counts as silent
PROVED_FOR = timedelta(days=62)  # two months: one missed test does not turn a household amber


class Reached(StrEnum):
    """What is known of a number."""

    PROVED = "proved"  # an answer came back from it
    WAITING = "waiting"  # a test has left, and there is still time to answer
    SILENT = "silent"  # the test was not answered
    LOST = "lost"  # the test could not be delivered
    UNTRIED = "untried"
    NO_TEXTS = "no_texts"  # wants none


@dataclass(frozen=True, slots=True)
class Trial:
    """The newest test of a number. `lost`: its text is known not to have arrived; `text` is its state."""

    asked_at: datetime
    answered_at: datetime | None = None
    delivered_at: datetime | None = None
    lost: bool = False
    text: str = ""


def month_of(now: datetime, zone: tzinfo) -> str:
    """The month in which `now` falls there: 2026-11."""
    return f"{now.astimezone(zone):%Y-%m}"


def is_civil(now: datetime, zone: tzinfo) -> bool:
    """Whether a text that is not urgent may come now."""
    local = now.astimezone(zone)
    return any(starts <= local.hour * 60 + local.minute < ends for starts, ends in CIVIL_HOURS)


def drill_at(phone: str, now: datetime, zone: tzinfo) -> datetime | None:
    """When `phone` is tested in the days that are left of this month; None when there are none.

    The numbers are spread evenly over days and civil hours, each month in another order.
    """
    local = now.astimezone(zone)
    days = range(local.day + 1, LAST_DAY + 1)
    if not days:
        return None
    place = int.from_bytes(sha256(f"{local:%Y-%m} {phone}".encode()).digest()[:8])
    place, day = divmod(place, len(days))
    return at_minute(local.replace(day=days[day]), civil_minute(place)).astimezone(now.tzinfo)


def civil_minute(place: int) -> int:
    """A minute of the local day at which a text may come that is not urgent; spread as evenly as `place`."""
    minute = place % sum(ends - starts for starts, ends in CIVIL_HOURS)
    for starts, ends in CIVIL_HOURS:
        if minute < ends - starts:
            minute += starts
            break
        minute -= ends - starts
    return minute


def at_minute(local: datetime, minute: int) -> datetime:
    """That minute of the day of `local`."""
    return local.replace(hour=minute // 60, minute=minute % 60, second=0, microsecond=0)


def check_code(secret: str, key: str) -> str:
    """The four digits in the test `key`: who can read them out has it, also where no answer comes back."""
    number = int.from_bytes(hmac.digest(secret.encode(), f"check {key}".encode(), "sha256")[:8])
    return f"{number % 10**CHECK_DIGITS:0{CHECK_DIGITS}d}"


def reached(trial: Trial | None, heard_at: datetime | None, now: datetime) -> Reached:
    """What the newest test and the last answer of any kind (`heard_at`) show of a number."""
    answers = [at for at in (heard_at, trial.answered_at if trial is not None else None) if at is not None]
    proved = bool(answers) and max(answers) > now - PROVED_FOR
    if trial is None or (answers and max(answers) >= trial.asked_at):
        return Reached.PROVED if proved else Reached.UNTRIED
    if trial.lost:
        return Reached.LOST
    if now - trial.asked_at < PATIENCE:
        return Reached.PROVED if proved else Reached.WAITING
    return Reached.SILENT
