"""How far a home can be relied on, and testing whether a contact can be reached."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from api import pages
from api.deps import CallerDep, NowDep, PartsDep, PlansDep, ReadDep
from api.problems import describe
from api.schemas import CodeIn
from community.storage import register
from dispatcher import safety
from dispatcher.safety_net import Hole, Level

HouseholdId = Annotated[int, Path(ge=1, lt=2**63, examples=[5])]
ContactId = Annotated[int, Path(ge=1, lt=2**63, examples=[9])]

router = APIRouter(tags=["safety net"])


class SafetyNet(BaseModel):
    """`level` with its reasons, worst first, and what is known of each contact's number."""

    level: Level
    holes: tuple[Hole, ...]
    contacts: list[safety.Proof]


@router.get(
    "/households/{household_id}/safety-net",
    operation_id="getSafetyNet",
    summary="Green, amber or red: would a press be heard, relatives reached, somebody sent?",
    responses=describe(404),
)
def get_safety_net(household_id: HouseholdId, connection: ReadDep, plans: PlansDep, now: NowDep) -> SafetyNet:
    home = register.household_by_id(connection, household_id)
    net = safety.nets(connection, [home], plans, now)[household_id]
    return SafetyNet(level=net.level, holes=net.holes, contacts=safety.proofs(connection, [home], now))


class HouseholdNet(BaseModel):
    """The safety net of one home, in a list of many."""

    household_id: int
    address: str = Field(examples=["和平社区幸福里3幢2单元501"])
    level: Level
    holes: tuple[Hole, ...]


@router.get(
    "/safety-nets",
    operation_id="listSafetyNets",
    summary="The safety nets of all homes, in the order of the register",
    responses=describe(422),
)
def list_safety_nets(
    connection: ReadDep,
    plans: PlansDep,
    now: NowDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
) -> pages.Page[HouseholdNet]:
    after_id = pages.decode(cursor) if cursor else 0
    homes = register.list_households(connection, after_id, limit + 1)
    nets = safety.nets(connection, homes, plans, now)
    found = [
        HouseholdNet(
            household_id=id, address=home.household.address, level=nets[id].level, holes=nets[id].holes
        )
        for home in homes
        for id in [home.household.id]
    ]
    return pages.page(found, limit, lambda net: net.household_id)


@router.post(
    "/households/{household_id}/test",
    operation_id="testContacts",
    summary="Send every contact of a home a test text now",
    status_code=202,
    responses=describe(404),
)
def drill_contacts(household_id: HouseholdId, parts: PartsDep, _caller: CallerDep, now: NowDep) -> None:
    """As `testContact`, for all of them; who wants no texts gets none."""
    with parts.store.read() as connection:
        contacts = register.household_by_id(connection, household_id).contacts
    for contact in contacts:
        safety.drill_now(parts.store, household_id, contact.id, now)


@router.post(
    "/households/{household_id}/contacts/{contact_id}/test",
    operation_id="testContact",
    summary="Send a contact a test text now",
    status_code=202,
    responses=describe(404),
)
def drill_contact(
    household_id: HouseholdId, contact_id: ContactId, parts: PartsDep, _caller: CallerDep, now: NowDep
) -> None:
    """It leaves within seconds, also outside the civil hours; `getSafetyNet` shows what came of it."""
    safety.drill_now(parts.store, household_id, contact_id, now)


@router.post(
    "/households/{household_id}/contacts/{contact_id}/verify",
    operation_id="verifyContact",
    summary="A contact has read out the code of the last test",
    status_code=204,
    responses=describe(404, 409, 422),
)
def verify_contact(
    household_id: HouseholdId,
    contact_id: ContactId,
    given: CodeIn,
    parts: PartsDep,
    _caller: CallerDep,
    now: NowDep,
) -> None:
    """For who cannot answer by text: it proves the number as an answer does. `wrong_code`, `not_tested`."""
    safety.verify(parts.store, household_id, contact_id, given.code, now)
