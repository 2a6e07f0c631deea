"""Drills: begun by the shift leader, marked everywhere, counted apart from what is real."""

from __future__ import annotations

from datetime import timedelta

from fastapi import APIRouter

from api.deps import AdminDep, NowDep, PartsDep, PlansDep, ReadDep
from api.problems import describe
from api.routes.figures import Days
from api.schemas import ExerciseIn
from dispatcher import exercising, reports
from dispatcher.figures import Course
from dispatcher.model import Incident

router = APIRouter(tags=["incidents"])


@router.post(
    "/exercises",
    operation_id="beginExercise",
    summary="演练: begin a drill at a home",
    status_code=201,
    responses=describe(403, 404, 409, 422),
)
def begin_exercise(
    given: ExerciseIn, parts: PartsDep, plans: PlansDep, admin: AdminDep, now: NowDep
) -> Incident:
    """The plan runs as for a real alarm, and real people are told: each text and call says that it is
    a drill. A press at the home meanwhile is a real case of its own.
    """
    begun = exercising.begin(parts.store, given.household_id, given.kind, admin.account, plans, now)
    parts.bell.ring()
    return begun


@router.get("/exercises", operation_id="listExercises", summary="Drills, and how long each step took")
def list_exercises(connection: ReadDep, now: NowDep, days: Days = 366) -> list[Course]:
    return reports.drills(connection, now - timedelta(days=days), now)
