"""How people want to be told, and when: 夜间只打电话, WeCom before a text. Contacts and responders alike."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from urllib.parse import urlsplit

from fastapi import APIRouter, Path
from pydantic import BaseModel

from api.deps import AdminDep, PartsDep, ReadDep
from api.problems import describe
from api.routes.responders import ResponderId
from api.schemas import ContactChannelIn
from community.errors import Invalid
from community.model import ContactChannel, Medium
from community.storage import wishes

HouseholdId = Annotated[int, Path(ge=1, lt=2**63, examples=[5])]
ContactId = Annotated[int, Path(ge=1, lt=2**63, examples=[2])]

router = APIRouter(tags=["register"])


class ContactChannelOut(BaseModel):
    """One wish. A push shows its service only: the rest of its address is a secret."""

    medium: Medium
    service: str
    starts: int
    ends: int


@router.get(
    "/households/{household_id}/contacts/{contact_id}/channels",
    operation_id="getContactChannels",
    summary="How a contact wants to be told",
    responses=describe(404),
)
def get_contact_channels(
    household_id: HouseholdId, contact_id: ContactId, connection: ReadDep
) -> list[ContactChannelOut]:
    """Best first. An empty list: a text at any hour."""
    return _shown(wishes.of_contact(connection, household_id, contact_id))


@router.put(
    "/households/{household_id}/contacts/{contact_id}/channels",
    operation_id="setContactChannels",
    summary="Say how a contact wants to be told",
    responses=describe(403, 404, 422),
)
def set_contact_channels(
    household_id: HouseholdId,
    contact_id: ContactId,
    given: list[ContactChannelIn],
    parts: PartsDep,
    _admin: AdminDep,
) -> list[ContactChannelOut]:
    """The whole list, best first. A push without a `url` keeps the one that stands at its place."""
    with parts.store.write() as connection:
        wanted = _wanted(given, wishes.of_contact(connection, household_id, contact_id))
        wishes.replace_for_contact(connection, household_id, contact_id, wanted)
    return _shown(wanted)


@router.get(
    "/responders/{responder_id}/channels",
    operation_id="getResponderChannels",
    summary="How a responder wants to be told",
    responses=describe(404),
)
def get_responder_channels(responder_id: ResponderId, connection: ReadDep) -> list[ContactChannelOut]:
    """Best first. An empty list: a text at any hour. Duty times say who is asked, these hours say how."""
    return _shown(wishes.of_responder(connection, responder_id))


@router.put(
    "/responders/{responder_id}/channels",
    operation_id="setResponderChannels",
    summary="Say how a responder wants to be told",
    responses=describe(403, 404, 422),
)
def set_responder_channels(
    responder_id: ResponderId, given: list[ContactChannelIn], parts: PartsDep, _admin: AdminDep
) -> list[ContactChannelOut]:
    """The whole list, best first. A push without a `url` keeps the one that stands at its place.

    A request to come goes where it can be answered first, whatever is wished.
    """
    with parts.store.write() as connection:
        wanted = _wanted(given, wishes.of_responder(connection, responder_id))
        wishes.replace_for_responder(connection, responder_id, wanted)
    return _shown(wanted)


def _wanted(given: Sequence[ContactChannelIn], known: Sequence[ContactChannel]) -> list[ContactChannel]:
    """The channels that were `given`; a push without an address keeps one of those that are `known`."""
    urls = dict(enumerate(channel.url for channel in known))
    return [
        _channel(one, urls.get(place if one.keeps is None else one.keeps, ""))
        for place, one in enumerate(given)
    ]


def _channel(given: ContactChannelIn, known_url: str) -> ContactChannel:
    url = given.url or known_url if given.medium is Medium.PUSH else given.url or ""
    try:
        return ContactChannel(given.medium, url, given.starts, given.ends)
    except ValueError as wrong:
        raise Invalid("bad_contact_channel", str(wrong)) from wrong


def _shown(channels: Sequence[ContactChannel]) -> list[ContactChannelOut]:
    return [
        ContactChannelOut(medium=c.medium, service=urlsplit(c.url).scheme, starts=c.starts, ends=c.ends)
        for c in channels
    ]
