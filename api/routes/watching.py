"""Watched homes: what a silence means there, trips, and welfare calls."""

from __future__ import annotations

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel

from api import pages
from api.deps import AdminDep, CallerDep, NowDep, PartsDep, ReadDep, ZoneDep
from api.problems import describe
from api.schemas import AwayIn, CallOutcomeIn, WatchIn
from community.errors import Invalid
from dispatcher import watching
from dispatcher.absence import Calls, Night, Preset
from dispatcher.presets import hours, in_words, minute_of_day
from dispatcher.storage.watches import CheckLine, Choice
from dispatcher.watching import CallLine, Status

HouseholdId = Annotated[int, Path(ge=1, lt=2**63, examples=[5])]
CheckId = Annotated[int, Path(ge=1, lt=2**63, examples=[31])]

router = APIRouter(tags=["watching"])


class PresetOut(BaseModel):
    """How long a silence is too long. Times of the day are local; `source` says who found the figure."""

    name: str
    title: str
    title_en: str
    source: str
    kind: str
    after_min: int
    hours: tuple[str, str]
    wait_min: int
    eyes: list[str]


@router.get("/watch-presets", operation_id="listWatchPresets", summary="守护预设: how long is too long")
def list_presets(parts: PartsDep) -> tuple[PresetOut, ...]:
    return tuple(_preset(preset) for preset in parts.presets.values())


@router.get(
    "/watches", operation_id="listWatches", summary="Watched homes, and how they are", responses=describe(422)
)
def list_watches(
    connection: ReadDep,
    parts: PartsDep,
    now: NowDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
) -> pages.Page[Status]:
    after_id = pages.decode(cursor) if cursor else 0
    found = watching.page(connection, parts.presets, now, after_id, limit + 1)
    return pages.page(found, limit, lambda status: status.home.household.id)


@router.get(
    "/households/{household_id}/watch",
    operation_id="getWatch",
    summary="What a home is watched for, and how it is",
    responses=describe(404),
)
def get_watch(household_id: HouseholdId, connection: ReadDep, parts: PartsDep, now: NowDep) -> Status | None:
    """`null` for a home that is not watched."""
    return watching.status(connection, household_id, parts.presets, now)


@router.put(
    "/households/{household_id}/watch",
    operation_id="setWatch",
    summary="Watch a home",
    responses=describe(403, 404, 422),
)
def set_watch(
    household_id: HouseholdId, given: WatchIn, parts: PartsDep, admin: AdminDep, now: NowDep
) -> Status:
    """Replaces what was chosen before; a trip and an open question stay as they are."""
    choice = _choice(given)
    return watching.choose(parts.store, household_id, choice, parts.presets, admin.account, now)


@router.delete(
    "/households/{household_id}/watch",
    operation_id="endWatch",
    summary="Watch a home no longer",
    status_code=204,
    responses=describe(403, 404),
)
def end_watch(household_id: HouseholdId, parts: PartsDep, admin: AdminDep, now: NowDep) -> Response:
    watching.forget(parts.store, household_id, admin.account, now)
    return Response(status_code=204)


@router.put(
    "/households/{household_id}/away",
    operation_id="setAway",
    summary="外出、住院、有人陪: silence means nothing until then",
    responses=describe(404, 422),
)
def set_away(
    household_id: HouseholdId, given: AwayIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> Status:
    """It ends by itself, and whoever is asked first after her is told."""
    return watching.leave(
        parts.store, household_id, given.kind, given.until, parts.presets, caller.account, now
    )


@router.delete(
    "/households/{household_id}/away",
    operation_id="endAway",
    summary="She is back before the end",
    responses=describe(404),
)
def end_away(household_id: HouseholdId, parts: PartsDep, caller: CallerDep, now: NowDep) -> Status:
    return watching.come_back(parts.store, household_id, parts.presets, caller.account, now)


@router.get(
    "/welfare-calls",
    operation_id="listWelfareCalls",
    summary="问安电话: the calls of a day, and those that are still to be made",
    responses=describe(422),
)
def list_calls(
    connection: ReadDep,
    zone: ZoneDep,
    now: NowDep,
    day: Annotated[
        date | None, Query(description="local; today if left out", examples=["2026-11-23"])
    ] = None,
) -> tuple[CallLine, ...]:
    return watching.calls_of(connection, day or now.astimezone(zone).date(), zone, now)


@router.post(
    "/welfare-calls/{check_id}/outcome",
    operation_id="settleWelfareCall",
    summary="How a welfare call went",
    responses=describe(404, 409, 422),
)
def settle_call(
    check_id: CheckId, given: CallOutcomeIn, parts: PartsDep, caller: CallerDep, now: NowDep
) -> CheckLine:
    """`well` counts as a sign of life; `no_answer` twice, or `help`, opens an incident within seconds."""
    line = watching.called(parts.store, check_id, given.outcome, given.note, caller.account, now)
    parts.bell.ring()
    return line


def _preset(preset: Preset) -> PresetOut:
    return PresetOut(
        name=preset.name,
        title=preset.title[0],
        title_en=preset.title[1],
        source=preset.source,
        kind=preset.kind.value,
        after_min=int(preset.after.total_seconds() // 60),
        hours=(in_words(preset.hours.starts), in_words(preset.hours.ends)),
        wait_min=int(preset.wait.total_seconds() // 60),
        eyes=sorted(preset.eyes),
    )


def _choice(given: WatchIn) -> Choice:
    try:
        daily = hours((given.daily.starts, given.daily.ends)) if given.daily is not None else None
        calls = (
            Calls(frozenset(given.calls.days), minute_of_day(given.calls.at))
            if given.calls is not None
            else None
        )
        night = (
            Night(hours((given.night.starts, given.night.ends)), given.night.minutes)
            if given.night is not None
            else None
        )
    except ValueError as wrong:
        raise Invalid("bad_hours", str(wrong)) from wrong
    return Choice(tuple(dict.fromkeys(given.presets)), daily, calls, night)
