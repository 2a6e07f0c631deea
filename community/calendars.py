"""Duty times as a calendar that a telephone can subscribe to (iCalendar, RFC 5545)."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from itertools import accumulate

from icalendar import Calendar, Event

from community.model import Duty, Leave

DAYS = 35
_REFRESH = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Shift:
    """One responder is there from `starts` until before `ends`; both are aware."""

    starts: datetime
    ends: datetime


def shifts(
    duties: Iterable[Duty], leaves: Iterable[Leave], since: date, zone: tzinfo, days: int = DAYS
) -> tuple[Shift, ...]:
    """What is worked in the `days` from `since` on, in order: the week's duty times without the leaves.

    Duty times are local, so a night in which the clocks change is as long as it then is. A duty that began
    the evening before `since` counts.
    """
    away = tuple(leaves)
    worked = (
        piece
        for duty in duties
        for day in (since + timedelta(days=number) for number in range(-1, days))
        if day.isoweekday() in duty.days
        for piece in _without(_on(day, duty, zone), away)
    )
    begins = _at(since, 0, zone)
    return tuple(sorted((one for one in worked if one.ends > begins), key=lambda one: (one.starts, one.ends)))


def fewest(worked: Iterable[Shift], since: date, zone: tzinfo, days: int) -> tuple[tuple[int, ...], ...]:
    """For each day from `since` the 24 hours, each with the fewest who are there in any minute of it."""
    turns: Counter[datetime] = Counter()
    for shift in worked:
        turns[shift.starts.astimezone(UTC)] += 1
        turns[shift.ends.astimezone(UTC)] -= 1
    moments = sorted(turns)
    there = [0, *accumulate(turns[moment] for moment in moments)]

    def least(begins: datetime, ends: datetime) -> int:
        return min(there[bisect_right(moments, begins) : bisect_left(moments, ends) + 1])

    return tuple(
        tuple(
            least(_at(day, 60 * hour, zone).astimezone(UTC), _at(day, 60 * hour + 60, zone).astimezone(UTC))
            for hour in range(24)
        )
        for day in (since + timedelta(days=number) for number in range(days))
    )


def as_ics(name: str, word: str, uid: str, worked: Iterable[Shift], now: datetime) -> bytes:
    """A calendar called `name` with an event called `word` for each shift; `uid` is the calendar's own."""
    calendar = Calendar()
    calendar.add("prodid", "-//Anxin//rota//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add("x-wr-calname", name)
    calendar.add("refresh-interval", _REFRESH, parameters={"value": "DURATION"})
    calendar.add("x-published-ttl", _REFRESH)
    for shift in worked:
        event = Event()
        event.add("uid", f"{shift.starts.astimezone(UTC):%Y%m%dT%H%M}-{uid}")
        event.add("dtstamp", now.astimezone(UTC))
        event.add("dtstart", shift.starts.astimezone(UTC))
        event.add("dtend", shift.ends.astimezone(UTC))
        event.add("summary", word)
        calendar.add_component(event)
    ics: bytes = calendar.to_ical()
    return ics


def _on(day: date, duty: Duty, zone: tzinfo) -> Shift:
    return Shift(_at(day, duty.starts, zone), _at(day, duty.ends, zone))


def _at(day: date, minute: int, zone: tzinfo) -> datetime:
    later, minute = divmod(minute, 1440)
    local = time(minute // 60, minute % 60, tzinfo=zone)
    return datetime.combine(day + timedelta(days=later), local)


def _without(shift: Shift, leaves: tuple[Leave, ...]) -> Iterator[Shift]:
    left = [shift]
    for leave in leaves:
        left = [piece for whole in left for piece in _cut(whole, leave)]
    return iter(left)


def _cut(shift: Shift, leave: Leave) -> Iterator[Shift]:
    if leave.ends <= shift.starts or shift.ends <= leave.starts:
        yield shift
        return
    if shift.starts < leave.starts:
        yield Shift(shift.starts, leave.starts)
    if leave.ends < shift.ends:
        yield Shift(leave.ends, shift.ends)
