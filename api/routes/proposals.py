"""Devices that were heard and nobody has enrolled: a person says whose they are."""

from __future__ import annotations

from dataclasses import replace
from typing import Annotated

from fastapi import APIRouter, Path

from api import pages
from api.deps import AdminDep, NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import ProposalIn
from community.model import Device
from community.storage import proposals
from community.storage.proposals import Proposal
from devices.profiles import shipped
from devices.signal import Role

ProposalId = Annotated[int, Path(ge=1, lt=2**63, examples=[4])]

router = APIRouter(tags=["register"])


@router.get(
    "/device-proposals",
    operation_id="listDeviceProposals",
    summary="Devices heard that nobody has enrolled",
    responses=describe(403, 422),
)
def list_proposals(
    connection: ReadDep, _admin: AdminDep, limit: pages.Limit = 50, cursor: pages.Cursor = None
) -> pages.Page[Proposal]:
    """`role` is what its network says, or what its model is sold as; null: a person must know."""
    found = proposals.waiting(connection, pages.decode(cursor) if cursor else 0, limit + 1)
    return pages.page([_with_role(one) for one in found], limit, lambda one: one.id)


@router.post(
    "/device-proposals/{proposal_id}/accept",
    operation_id="acceptDeviceProposal",
    summary="Enrol a device that was heard",
    status_code=201,
    responses=describe(403, 404, 409, 422),
)
def accept(proposal_id: ProposalId, given: ProposalIn, parts: PartsDep, _admin: AdminDep) -> Device:
    with parts.store.write() as connection:
        chosen = Device(0, "", given.role, given.household_id, label=given.label)
        return proposals.accept(connection, proposal_id, chosen)


@router.post(
    "/device-proposals/{proposal_id}/dismiss",
    operation_id="dismissDeviceProposal",
    summary="It is none of ours",
    status_code=204,
    responses=describe(403, 404),
)
def dismiss(proposal_id: ProposalId, parts: PartsDep, _admin: AdminDep, now: NowDep) -> None:
    with parts.store.write() as connection:
        proposals.dismiss(connection, proposal_id, now)


def _with_role(one: Proposal) -> Proposal:
    if one.role is not None or not one.model:
        return one
    profile = shipped().profile(one.vendor, one.model)
    role = profile.role if profile is not None else None
    if role is None and shipped().lights.find(one.vendor, one.model) is not None:
        role = Role.STROBE
    return replace(one, role=role)
