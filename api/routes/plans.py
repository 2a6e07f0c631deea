"""Response plans: what is done for which trouble, edited by administrators, and tried before it is needed."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.deps import AdminDep, FleetDep, NowDep, PartsDep, PlansDep, ReadDep, ZoneDep
from api.problems import describe
from api.schemas import PlanIn, RehearsalIn
from api.versions import IfNew, IfVersion, looked_at, version_tag
from community.errors import Invalid, NotFound
from community.storage import register
from dispatcher.model import Plan
from dispatcher.plans import Plans, parse
from dispatcher.rehearsal import RehearsedRung, rehearse
from dispatcher.storage.editions import Edition
from dispatcher.storage.planbook import EDITIONS
from dispatcher.triage import SEVERITY
from dispatcher.wording import Voice

PlanName = Annotated[
    str, Path(pattern="^[a-z][a-z0-9_-]{0,39}$", description="a-z, digits, - and _", examples=["emergency"])
]

router = APIRouter(tags=["plans"])


class PlanOut(BaseModel):
    """A plan, and who edited it last. Both are empty for a plan as it was shipped."""

    plan: Plan
    changed_at: datetime | None = None
    changed_by: str = Field(default="", examples=["王管理员"])


class RehearsalOut(BaseModel):
    """What would happen while nobody answers, rung by rung, and with which version of which plan."""

    plan: Plan
    household_id: int
    at: datetime
    rungs: tuple[RehearsedRung, ...]


@router.get("/plans", operation_id="listPlans", summary="All response plans", responses=describe(403))
def list_plans(plans: PlansDep, connection: ReadDep, _admin: AdminDep) -> list[PlanOut]:
    kept = EDITIONS.newest(connection)
    return [_shown(plan, kept.get(plan.name)) for plan in plans.all]


@router.get(
    "/plans/{name}",
    operation_id="getPlan",
    summary="One response plan; its ETag is its version",
    responses=describe(403, 404, 422),
)
def get_plan(
    name: PlanName, plans: PlansDep, connection: ReadDep, _admin: AdminDep, response: Response
) -> PlanOut:
    plan = _named(plans, name)
    response.headers["ETag"] = version_tag(plan.version)
    return _shown(plan, EDITIONS.newest(connection).get(name))


@router.get(
    "/plans/{name}/versions",
    operation_id="listPlanVersions",
    summary="Every version of a plan, newest first",
    responses=describe(403, 404, 422),
)
def list_versions(name: PlanName, plans: PlansDep, connection: ReadDep, _admin: AdminDep) -> list[PlanOut]:
    """A plan that nobody has edited has one: as it was shipped."""
    found = EDITIONS.named(connection, name)
    return [_shown(each.value, each) for each in found] or [_shown(_named(plans, name), None)]


@router.put(
    "/plans/{name}",
    operation_id="editPlan",
    summary="Keep a new version of a plan, or a new plan",
    responses=describe(403, 412, 422, 428),
)
def edit_plan(
    name: PlanName,
    given: PlanIn,
    parts: PartsDep,
    admin: AdminDep,
    now: NowDep,
    response: Response,
    if_match: IfVersion = None,
    if_none_match: IfNew = None,
) -> Plan:
    """It holds for trouble that comes from now on; a running incident keeps the plan it began with.

    Kinds of trouble that it names are taken from the plan that had them. 412: somebody has edited it since.
    """
    plan = meant(name, given)
    version = looked_at(if_match, if_none_match)
    with parts.store.write() as connection:
        kept = parts.plans.edit(connection, plan, version, admin.account.id, now)
    response.headers["ETag"] = version_tag(kept.version)
    return kept


@router.post(
    "/plans/rehearsal",
    operation_id="rehearsePlan",
    summary="Who would be told on each rung, for one home at one moment, and why a rung is empty",
    responses=describe(403, 404, 422),
)
def rehearse_plan(
    given: RehearsalIn,
    plans: PlansDep,
    connection: ReadDep,
    zone: ZoneDep,
    fleet: FleetDep,
    now: NowDep,
    _admin: AdminDep,
) -> RehearsalOut:
    """Nobody is told anything. With `plan`, one that is not kept yet is checked and tried."""
    if given.kind not in SEVERITY:
        troubles = ", ".join(sorted(SEVERITY))
        raise Invalid("not_a_trouble", f"{given.kind} is no trouble: choose one of {troubles}")
    at = now if given.at is None else _near(given.at, now, zone)
    severity = given.severity or SEVERITY[given.kind]
    plan = plans.of(given.kind, severity) if given.plan is None else meant("draft", given.plan)
    home = register.household_by_id(connection, given.household_id)
    voice = Voice.of(register.site(connection))
    rungs = rehearse(plan, home, given.kind, severity, at, lambda then: fleet.candidates(home, then), voice)
    return RehearsalOut(plan=plan, household_id=given.household_id, at=at, rungs=rungs)


def _shown(plan: Plan, edition: Edition[Plan] | None) -> PlanOut:
    if edition is None or not edition.by:
        return PlanOut(plan=plan)
    return PlanOut(plan=plan, changed_at=edition.at, changed_by=edition.by)


def _named(plans: Plans, name: str) -> Plan:
    plan = plans.named(name)
    if plan is None:
        raise NotFound("no_such_plan", f"there is no plan {name}: choose one from the list")
    return plan


def meant(name: str, given: PlanIn) -> Plan:
    """The plan that was given. Invalid: it cannot be meant."""
    try:
        return parse({"name": name, **given.model_dump(mode="json")})
    except ValueError as wrong:
        raise Invalid("bad_plan", str(wrong)) from wrong


def _near(at: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    """`at` in UTC; a time without a zone is the site's own. Invalid: far from now."""
    local = at.replace(tzinfo=zone) if at.tzinfo is None else at
    if abs(local.year - now.year) > 1:
        raise Invalid("too_far", "choose a moment within a year: the rota says nothing of later ones")
    return local.astimezone(UTC)
