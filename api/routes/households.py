"""Households: the register of homes, who lives there and whom to tell."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import Response

from api import pages
from api.deps import AdminDep, CallerDep, NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import ContactIn, HouseholdIn, HouseholdPatch, PositionIn, ResidentIn, TextsIn
from api.versions import IfMatch, require, tag
from community.errors import NotFound
from community.model import Consent, Contact, HomeRecord, Household, Position, Resident
from community.storage import consent as consents
from community.storage import register
from dispatcher import consent

HouseholdId = Annotated[int, Path(ge=1, lt=2**63, examples=[5])]
Search = Annotated[
    str | None,
    Query(
        max_length=100,
        description="words that must all be found: name, address, telephone",
        examples=["王秀英"],
    ),
]

router = APIRouter(tags=["register"])


@router.get("/households", operation_id="listHouseholds", summary="Find homes", responses=describe(422))
def list_households(
    connection: ReadDep, limit: pages.Limit = 50, cursor: pages.Cursor = None, search: Search = None
) -> pages.Page[HomeRecord]:
    after_id = pages.decode(cursor) if cursor else 0
    found = register.list_households(connection, after_id, limit + 1, search)
    return pages.page(found, limit, lambda home: home.household.id)


@router.get(
    "/households/{household_id}",
    operation_id="getHousehold",
    summary="One home with its people",
    responses=describe(404),
)
def get_household(household_id: HouseholdId, connection: ReadDep, response: Response) -> HomeRecord:
    """The ETag is of all that is shown: send it back as `If-Match` with a change."""
    home = register.household_by_id(connection, household_id)
    response.headers["ETag"] = tag(home)
    return home


@router.post(
    "/households",
    operation_id="addHousehold",
    summary="Enter a home",
    status_code=201,
    responses=describe(403, 404, 422),
)
def add_household(given: HouseholdIn, parts: PartsDep, _admin: AdminDep) -> HomeRecord:
    fields = given.model_dump(exclude={"residents", "contacts", "position"})
    with parts.store.write() as connection:
        household = register.add_household(
            connection, Household(id=0, position=_position(given.position), **fields)
        )
        _keep_residents(connection, household.id, given.residents)
        register.set_contacts(connection, household.id, _contacts(household.id, given.contacts))
        return register.household_by_id(connection, household.id)


@router.patch(
    "/households/{household_id}",
    operation_id="changeHousehold",
    summary="Change a home",
    responses=describe(403, 404, 412, 422),
)
def change_household(
    household_id: HouseholdId,
    given: HouseholdPatch,
    parts: PartsDep,
    _admin: AdminDep,
    response: Response,
    if_match: IfMatch = None,
) -> HomeRecord:
    """What is left out stays. Residents are added, or changed by id; contacts are replaced as a list.

    412: somebody has changed the home since. Without `If-Match` whoever comes last is right.
    """
    changes = _changes(given, exclude={"residents", "contacts"})
    with parts.store.write() as connection:
        before = register.household_by_id(connection, household_id)
        require(if_match, tag(before))
        if changes:
            register.update_household(connection, replace(before.household, **changes))
        if given.residents is not None:
            known = {resident.id: resident for resident in before.residents}
            _keep_residents(connection, household_id, given.residents, known)
        if given.contacts is not None:
            register.set_contacts(connection, household_id, _contacts(household_id, given.contacts))
        after = register.household_by_id(connection, household_id)
    response.headers["ETag"] = tag(after)
    return after


class ContactConsent(BaseModel):
    """What may be sent to one contact's number, and all that was ever said about it, the newest first."""

    contact_id: int
    texts: bool
    weekly: bool
    said: tuple[Consent, ...]


@router.get(
    "/households/{household_id}/consents",
    operation_id="getConsents",
    summary="What may be sent to each contact, and who said so, when and how",
    responses=describe(404),
)
def get_consents(household_id: HouseholdId, connection: ReadDep) -> list[ContactConsent]:
    """Kept by number: what was said of it for another home stands here, too."""
    contacts = register.household_by_id(connection, household_id).contacts
    numbers = [one.phone for one in contacts]
    weekly, said = consents.subscribed(connection, numbers), consents.history(connection, numbers)
    return [
        ContactConsent(
            contact_id=one.id,
            texts=one.no_texts_since is None,
            weekly=one.phone in weekly,
            said=said.get(one.phone, ()),
        )
        for one in contacts
    ]


@router.post(
    "/households/{household_id}/contacts/{contact_id}/texts",
    operation_id="setTextsWanted",
    summary="A contact wants no more texts, or wants them",
    responses=describe(404, 422),
)
def set_texts_wanted(
    household_id: HouseholdId,
    contact_id: HouseholdId,
    given: TextsIn,
    parts: PartsDep,
    caller: CallerDep,
    now: NowDep,
) -> HomeRecord:
    """As by the texts TD and 开通, for who says it otherwise. It holds for the number, in every home."""
    with parts.store.write() as connection:
        phone = register.contact_phone(connection, household_id, contact_id)
        consent.set_texts(connection, phone, now, given.way, caller.account.id, wanted=given.wanted)
        return register.household_by_id(connection, household_id)


@router.post(
    "/households/{household_id}/contacts/{contact_id}/weekly",
    operation_id="setWeeklyWanted",
    summary="A contact wants the weekly summary, or does not want it any more",
    status_code=204,
    responses=describe(404, 409, 422),
)
def set_weekly_wanted(
    household_id: HouseholdId,
    contact_id: HouseholdId,
    given: TextsIn,
    parts: PartsDep,
    caller: CallerDep,
    now: NowDep,
) -> None:
    """As by the texts 周报 and 退订周报. `no_texts`: this number wants no texts at all."""
    with parts.store.write() as connection:
        phone = register.contact_phone(connection, household_id, contact_id)
        consent.set_weekly(connection, phone, now, given.way, caller.account.id, wanted=given.wanted)


def _changes(given: HouseholdPatch, exclude: set[str]) -> dict[str, Any]:
    changes = given.model_dump(exclude_unset=True, exclude=exclude)
    if "position" in changes:
        changes["position"] = _position(given.position)
    # Only these two may be unknown; null for anything else means "as it was".
    return {key: value for key, value in changes.items() if value is not None or key in ("position", "floor")}


def _keep_residents(
    connection: Connection,
    household_id: int,
    given: list[ResidentIn],
    known: Mapping[int, Resident] = MappingProxyType({}),
) -> None:
    for one in given:
        if one.id is None:
            fields = one.model_dump(exclude={"id"})
            register.add_resident(connection, Resident(id=0, household_id=household_id, **fields))
        elif one.id in known:  # whoever knows fewer fields must not empty the others
            register.update_resident(connection, replace(known[one.id], **one.model_dump(exclude_unset=True)))
        else:
            raise NotFound(
                "no_such_resident", f"resident {one.id} does not live there: leave the id out to add a person"
            )


def _contacts(household_id: int, given: list[ContactIn]) -> list[Contact]:
    return [
        Contact(
            id=one.id or 0,
            household_id=household_id,
            rank=rank,
            name=one.name,
            relation=one.relation,
            phone=one.phone,
        )
        for rank, one in enumerate(given, 1)
    ]


def _position(given: PositionIn | None) -> Position | None:
    return None if given is None else Position(**given.model_dump())
