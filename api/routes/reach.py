"""Homes for which nobody could be reached: as the last check found them, and as things stand."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection

from api import pages
from api.deps import AdminDep, CallerDep, NowDep, PartsDep, PlansDep, ReadDep
from api.problems import describe
from community.model import HomeRecord
from community.storage import register
from dispatcher import roster
from dispatcher.reach import REASON_WORD, REMEDY, Gap, Reason, hours_in_words
from dispatcher.reachcheck import ReachCheck, look
from dispatcher.storage import gaps as rows
from dispatcher.wording import Pair

router = APIRouter(tags=["reachability"])


class GapOut(BaseModel):
    """One gap in words. `hours` are minutes of the week from Monday 0:00, none when it is so at any time."""

    reason: Reason
    plan: str = Field(examples=["emergency"])
    rung: int
    hours: tuple[tuple[int, int], ...]
    hours_words: str = Field(examples=["每天 daily 18:00–次日08:00"])
    why: Pair
    what_to_do: Pair
    since: datetime | None = Field(default=None, description="when a check found it first")


class HomeGaps(BaseModel):
    """A home and its gaps, worst first."""

    household_id: int
    address: str
    residents: list[str]
    gaps: list[GapOut]


class RotaGap(BaseModel):
    """A rung that finds nobody on duty in these hours, and for how many homes."""

    plan: str = Field(examples=["emergency"])
    rung: int
    hours_words: str = Field(examples=["每天 daily 18:00–次日08:00"])
    homes: int


class CheckOut(BaseModel):
    """The last check of all homes. `day` is empty when somebody asked for it; empty before the first."""

    done_at: datetime | None = None
    day: date | None = None
    homes: int = 0
    homes_with_gaps: int = 0
    by_reason: dict[Reason, int]
    rota: list[RotaGap]


@router.get(
    "/reachability",
    operation_id="listHomesWithGaps",
    summary="Homes for which nobody could be reached, as the last check found them",
    responses=describe(422),
)
def list_homes(
    connection: ReadDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    reason: Annotated[Reason | None, Query(description="only gaps of this reason")] = None,
) -> pages.Page[HomeGaps]:
    after_id = pages.decode(cursor) if cursor else 0
    reasons = tuple(Reason) if reason is None else (reason,)
    shown = list(homes(connection, after_id, limit + 1, reasons))
    return pages.page(shown, limit, lambda home: home.household_id)


@router.get(
    "/reachability/check", operation_id="getReachabilityCheck", summary="When all homes were last checked"
)
def get_check(connection: ReadDep) -> CheckOut:
    return last_check(connection)


@router.post(
    "/reachability/check",
    operation_id="checkReachability",
    summary="Check all homes now",
    responses=describe(403),
)
def check_now(parts: PartsDep, now: NowDep, _admin: AdminDep) -> CheckOut:
    """Once a day this happens by itself. It tells nobody; it takes about a second for a thousand homes."""
    ReachCheck(parts.store, parts.plans).check_now(now)
    with parts.store.read() as connection:
        return last_check(connection)


@router.get(
    "/households/{household_id}/reachability",
    operation_id="getHouseholdGaps",
    summary="Whether anybody could be reached for one home, as things stand",
    responses=describe(404),
)
def get_household(
    household_id: Annotated[int, Path(ge=1, lt=2**63, examples=[5])],
    connection: ReadDep,
    plans: PlansDep,
    _caller: CallerDep,
) -> HomeGaps:
    home = register.household_by_id(connection, household_id)
    rota = roster.weeks(connection)
    found = look(connection, [household_id], plans, rota)
    return _home(home, [_gap(gap) for gap in found[household_id]])


def homes(
    connection: Connection, after_id: int, limit: int, reasons: Collection[Reason]
) -> tuple[HomeGaps, ...]:
    """At most `limit` homes with gaps of `reasons` and an id above `after_id`."""
    found = rows.homes_with(connection, after_id, limit, reasons)
    known = register.homes(connection, found)
    return tuple(
        _home(known[household_id], [_gap(each.gap, each.since) for each in gaps])
        for household_id, gaps in found.items()
    )


def last_check(connection: Connection) -> CheckOut:
    check = rows.last_finished(connection)
    return CheckOut(
        done_at=check.done_at if check else None,
        day=check.day if check else None,
        homes=check.homes if check else 0,
        homes_with_gaps=check.gaps if check else 0,
        by_reason=rows.counts(connection),
        rota=[
            RotaGap(plan=gap.plan, rung=gap.rung, hours_words=hours_in_words(gap.hours), homes=homes)
            for gap, homes in rows.rota_gaps(connection)
        ],
    )


def _home(home: HomeRecord, gaps: list[GapOut]) -> HomeGaps:
    return HomeGaps(
        household_id=home.household.id,
        address=home.household.address,
        residents=[each.name for each in home.residents],
        gaps=gaps,
    )


def _gap(gap: Gap, since: datetime | None = None) -> GapOut:
    return GapOut(
        reason=gap.reason,
        plan=gap.plan,
        rung=gap.rung,
        hours=gap.hours,
        hours_words=hours_in_words(gap.hours),
        why=REASON_WORD[gap.reason],
        what_to_do=REMEDY[gap.reason],
        since=since,
    )
