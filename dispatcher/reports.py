"""How well the centre did in a while, read from its own timeline."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import Connection

from dispatcher.figures import Course, Figures, figures
from dispatcher.storage.history import courses

__all__ = ["Course", "courses", "drills", "lines", "report"]


def report(connection: Connection, since: datetime, until: datetime, zone: ZoneInfo) -> Figures:
    """The figures of all cases opened in [`since`, `until`); days are those of `zone`."""
    found = courses(connection, since, until)
    days = [f"{course.opened_at.astimezone(zone):%Y-%m-%d}" for course in found]
    return figures(found, since, until, days)


def drills(connection: Connection, since: datetime, until: datetime) -> list[Course]:
    """The drills begun in [`since`, `until`), oldest first: they are in no other figure."""
    return courses(connection, since, until, drills=True)


HEADS = (
    "事件 incident",
    "开始 opened",
    "类型 kind",
    "级别 severity",
    "网格 cell",
    "设备 device",
    "接警人 answered by",
    "接警秒 answered s",
    "有人去秒 covered s",
    "到场秒 attended s",
    "结案秒 closed s",
    "结案码 code",
)


def lines(courses: Iterable[Course], zone: ZoneInfo) -> Iterable[tuple[str | int, ...]]:
    """One line for each case under `HEADS`; names no resident. What did not happen is empty."""
    for one in courses:

        def after(moment: datetime | None, opened_at: datetime = one.opened_at) -> str | int:
            return "" if moment is None else round((moment - opened_at).total_seconds())

        yield (
            one.incident_id,
            f"{one.opened_at.astimezone(zone):%Y-%m-%d %H:%M:%S}",
            one.kind.value,
            one.severity.name.lower(),
            one.place,
            one.model,
            one.answered_by,
            after(one.answered_at),
            after(one.covered_at),
            after(one.attended_at),
            after(one.closed_at),
            "" if one.close_code is None else one.close_code.value,
        )
