"""The service desk: calls with their screen pop, the catalogue, and orders."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Path, Query, Response

from api import pages
from api.deps import AdminDep, CallerDep, NowDep, PartsDep, PlansDep, ReadDep
from api.problems import describe
from api.schemas import (
    CallHomeIn,
    CallIn,
    CallIncidentIn,
    CallNoteIn,
    CallOrderIn,
    OrderIn,
    OrderStepIn,
    ProviderIn,
)
from api.versions import IfMatch, require, tag
from community.errors import Invalid
from community.model import Call, CatalogueItem, Order, OrderState, Provider
from community.storage import desk
from dispatcher.model import Incident
from hotline import calls, catalogue, orders
from hotline.catalogue import Sheet
from hotline.model import Offer, ScreenPop, Suggestion

CallId = Annotated[int, Path(ge=1, lt=2**63, examples=[17])]
ProviderId = Annotated[int, Path(ge=1, lt=2**63, examples=[3])]
OrderId = Annotated[int, Path(ge=1, lt=2**63, examples=[21])]
HouseholdQuery = Annotated[int | None, Query(ge=1, lt=2**63)]

router = APIRouter(tags=["hotline"])
by_phone = APIRouter(tags=["hotline"])  # calls: they and the cases they open tell their own story


# ---- calls ----


@by_phone.post(
    "/hotline/calls",
    operation_id="answerCall",
    summary="来电: who may be calling, before anybody speaks",
    status_code=201,
    responses=describe(422),
)
def answer_call(given: CallIn, parts: PartsDep, now: NowDep) -> ScreenPop:
    """For the telephone exchange: open consoles show a notice of the call. Withheld and unknown numbers are
    recorded, too, and ask for a search.
    """
    pop = calls.answer(parts.store, given.number, now)
    parts.bell.ring()
    return pop


@by_phone.get(
    "/hotline/calls", operation_id="listCalls", summary="Calls, newest first", responses=describe(422)
)
def list_calls(
    connection: ReadDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    household_id: HouseholdQuery = None,
) -> pages.Page[Call]:
    before_id = pages.decode(cursor) if cursor else None
    found = desk.list_calls(connection, before_id, limit + 1, household_id)
    return pages.page(found, limit, lambda call: call.id)


@by_phone.get(
    "/hotline/calls/{call_id}",
    operation_id="getCall",
    summary="A recorded call, and who may be calling",
    responses=describe(404, 422),
)
def get_call(call_id: CallId, connection: ReadDep) -> ScreenPop:
    return calls.pop(connection, call_id)


@by_phone.post(
    "/hotline/calls/{call_id}/household",
    operation_id="chooseCallHome",
    summary="Say which home a call is about",
    responses=describe(404, 422),
)
def choose_home(call_id: CallId, given: CallHomeIn, parts: PartsDep) -> Call:
    return calls.choose(parts.store, call_id, given.household_id)


@by_phone.post(
    "/hotline/calls/{call_id}/order",
    operation_id="orderFromCall",
    summary="The caller has a wish",
    status_code=201,
    responses=describe(404, 409, 422),
)
def order_from_call(call_id: CallId, given: CallOrderIn, parts: PartsDep, now: NowDep) -> Order:
    household_id = _home_of(parts, call_id, given.household_id)
    return orders.place(parts.store, household_id, given.item_id, given.note, now, call_id=call_id)


@by_phone.post(
    "/hotline/calls/{call_id}/incident",
    operation_id="incidentFromCall",
    summary="The caller has trouble: one tap",
    status_code=201,
    responses=describe(404, 422),
)
def incident_from_call(
    call_id: CallId,
    given: CallIncidentIn,
    parts: PartsDep,
    plans: PlansDep,
    caller: CallerDep,
    now: NowDep,
) -> Incident:
    """Opens the home's incident, or joins the one that is open. Harmless to repeat."""
    household_id = _home_of(parts, call_id, given.household_id)
    incident = calls.raise_incident(
        parts.store, call_id, household_id, given.kind, given.text, caller.account, plans, now
    )
    parts.bell.ring()
    return incident


@by_phone.post(
    "/hotline/calls/{call_id}/close",
    operation_id="closeCall",
    summary="The caller got an answer",
    responses=describe(404, 422),
)
def close_call(call_id: CallId, given: CallNoteIn, parts: PartsDep) -> Call:
    return calls.inform(parts.store, call_id, given.note)


def _home_of(parts: PartsDep, call_id: int, given: int | None) -> int:
    if given is not None:
        return given
    with parts.store.read() as connection:
        known = desk.call_by_id(connection, call_id).household_id
    if known is None:
        raise Invalid("which_home", "the number does not say which home it is: send household_id")
    return known


# ---- the catalogue ----


@router.get(
    "/catalogue",
    operation_id="listCatalogue",
    summary="What can be ordered today, by category, name and price",
)
def list_catalogue(
    connection: ReadDep, category: Annotated[str | None, Query(max_length=100, examples=["家政"])] = None
) -> tuple[Offer, ...]:
    return catalogue.offers(connection, category)


@router.get(
    "/catalogue/search",
    operation_id="searchCatalogue",
    summary="What answers a wish in the caller's words, surest first, with the reason",
)
def search_catalogue(
    connection: ReadDep,
    wish: Annotated[str, Query(max_length=200, examples=["窗户脏了想擦一擦"])],
    category: Annotated[str | None, Query(max_length=100)] = None,
    limit: pages.Limit = 20,
) -> tuple[Suggestion, ...]:
    return catalogue.search(connection, wish, category, limit)


@router.get("/providers", operation_id="listProviders", summary="The franchised providers")
def list_providers(
    connection: ReadDep,
    category: Annotated[str | None, Query(max_length=100)] = None,
    retired: Annotated[bool, Query(description="also those that serve no more")] = False,
) -> tuple[Provider, ...]:
    return desk.providers(connection, category, active_only=not retired)


@router.get(
    "/providers/{provider_id}",
    operation_id="getProvider",
    summary="A provider with all it offers or has offered",
    responses=describe(404),
)
def get_provider(provider_id: ProviderId, connection: ReadDep, response: Response) -> Sheet:
    """The ETag is of all that is shown: send it back as `If-Match` with a change."""
    found = catalogue.sheet(connection, provider_id)
    response.headers["ETag"] = tag(found)
    return found


@router.post(
    "/providers",
    operation_id="addProvider",
    summary="Enter a provider and what it offers",
    status_code=201,
    responses=describe(403, 404, 409, 422),
)
def add_provider(given: ProviderIn, parts: PartsDep, _admin: AdminDep, response: Response) -> Sheet:
    with parts.store.write() as connection:
        kept = catalogue.keep(connection, *_meant(0, given))
    response.headers["ETag"] = tag(kept)
    return kept


@router.put(
    "/providers/{provider_id}",
    operation_id="changeProvider",
    summary="Change a provider and what it offers",
    responses=describe(403, 404, 409, 412, 422),
)
def change_provider(
    provider_id: ProviderId,
    given: ProviderIn,
    parts: PartsDep,
    _admin: AdminDep,
    response: Response,
    if_match: IfMatch = None,
) -> Sheet:
    """Orders keep what was ordered. 412: somebody has changed it since."""
    with parts.store.write() as connection:
        require(if_match, tag(catalogue.sheet(connection, provider_id)))
        kept = catalogue.keep(connection, *_meant(provider_id, given))
    response.headers["ETag"] = tag(kept)
    return kept


def _meant(provider_id: int, given: ProviderIn) -> tuple[Provider, tuple[CatalogueItem, ...]]:
    provider = Provider(provider_id, given.name, given.category, given.phone, active=given.active)
    items = (
        CatalogueItem(one.id or 0, provider_id, one.category, one.name, one.unit, one.price_fen, one.active)
        for one in given.items
    )
    return provider, tuple(items)


# ---- orders ----


@router.get("/orders", operation_id="listOrders", summary="Orders, newest first", responses=describe(422))
def list_orders(
    connection: ReadDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    state: Annotated[OrderState | None, Query()] = None,
    household_id: HouseholdQuery = None,
) -> pages.Page[orders.OrderLine]:
    """Each with its home, item and provider, and the steps that can be taken with it next."""
    before_id = pages.decode(cursor) if cursor else None
    found = orders.lines(connection, before_id, limit + 1, state=state, household_id=household_id)
    return pages.page(found, limit, lambda line: line.order.id)


@router.post(
    "/orders",
    operation_id="placeOrder",
    summary="Order something for a household",
    status_code=201,
    responses=describe(404, 409, 422),
)
def place_order(given: OrderIn, parts: PartsDep, now: NowDep) -> Order:
    return orders.place(parts.store, given.household_id, given.item_id, given.note, now)


@router.post(
    "/orders/{order_id}/steps",
    operation_id="advanceOrder",
    summary="The community passes on, the unit takes, the member does",
    responses=describe(404, 409, 422),
)
def advance_order(order_id: OrderId, given: OrderStepIn, parts: PartsDep, now: NowDep) -> Order:
    """`give_back` and `cancel` need a note that says why."""
    return orders.advance(parts.store, order_id, given.step, given.note, now)
