"""Webhooks: programs elsewhere that are told how cases go, and what became of each event."""

from __future__ import annotations

from datetime import datetime
from secrets import token_bytes
from typing import Annotated

from fastapi import APIRouter, Path, Query, Response
from pydantic import BaseModel, Field

from api import pages
from api.deps import AdminDep, NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import WebhookIn
from api.versions import IfMatch, require, tag
from community.errors import Conflict
from dispatcher.posting import target
from dispatcher.storage import hooks
from dispatcher.storage.hooks import Count, Delivery, Hook
from dispatcher.webhooks import Detail, Event, secret_of, trial

_SECRET_BYTES = 32
HookId = Annotated[int, Path(ge=1, lt=2**63, examples=[2])]
DeliveryId = Annotated[int, Path(ge=1, lt=2**63, examples=[117])]

router = APIRouter(tags=["webhooks"])


class WebhookOut(BaseModel):
    """A receiver. `stopped` says why the centre gave it up; `given_up` events wait to be sent again."""

    id: int
    label: str
    url: str
    events: list[Event]
    includes: list[Detail]
    enabled: bool
    since: datetime
    stopped: str
    waiting: int
    given_up: int
    delivered_at: datetime | None


class NewWebhookOut(BaseModel):
    """`secret` is shown this once: give it to whoever checks the signatures."""

    webhook: WebhookOut
    secret: str = Field(examples=["whsec_…"])


class SecretOut(BaseModel):
    secret: str = Field(examples=["whsec_…"])


class DeliveryOut(BaseModel):
    """An event on its way: `name` is its `webhook-id`. Neither `due_at` nor `delivered_at`: given up."""

    id: int
    name: str
    event: Event
    incident_id: int | None
    created_at: datetime
    due_at: datetime | None
    attempts: int
    status: int | None
    error: str
    delivered_at: datetime | None


@router.get(
    "/webhooks", operation_id="listWebhooks", summary="事件推送: every receiver", responses=describe(403)
)
def list_webhooks(connection: ReadDep, _admin: AdminDep) -> list[WebhookOut]:
    counts = hooks.counts(connection)
    return [_shown(hook, counts.get(hook.id, Count())) for hook in hooks.everyone(connection)]


@router.get(
    "/webhooks/{webhook_id}",
    operation_id="getWebhook",
    summary="One receiver; its ETag is what was looked at",
    responses=describe(403, 404, 422),
)
def get_webhook(webhook_id: HookId, connection: ReadDep, _admin: AdminDep, response: Response) -> WebhookOut:
    hook = hooks.by_id(connection, webhook_id)
    response.headers["ETag"] = tag(hook)
    return _shown(hook, hooks.counts(connection).get(webhook_id, Count()))


@router.post(
    "/webhooks",
    operation_id="addWebhook",
    summary="Tell a receiver how cases go, from now on",
    status_code=201,
    responses=describe(403, 422),
)
def add_webhook(given: WebhookIn, parts: PartsDep, now: NowDep, _admin: AdminDep) -> NewWebhookOut:
    """Signed as Standard Webhooks describes (docs/webhooks.md). A public receiver has an https address; one
    inside your own network is given by its IP address. Unless `includes` says more, it learns of a home its
    cell and of a case its kind and stage.
    """
    target(given.url)
    secret = secret_of(token_bytes(_SECRET_BYTES))
    with parts.store.write() as connection:
        hook_id = hooks.add(connection, _meant(0, given, now), secret)
        hook = hooks.by_id(connection, hook_id)
    return NewWebhookOut(webhook=_shown(hook, Count()), secret=secret)


@router.put(
    "/webhooks/{webhook_id}",
    operation_id="changeWebhook",
    summary="Change a receiver, or switch it off and on",
    responses=describe(403, 404, 412, 422),
)
def change_webhook(
    webhook_id: HookId,
    given: WebhookIn,
    parts: PartsDep,
    now: NowDep,
    _admin: AdminDep,
    response: Response,
    if_match: IfMatch = None,
) -> WebhookOut:
    """What happened while it was off it does not hear; what was on its way goes on. 412: changed since."""
    target(given.url)
    with parts.store.write() as connection:
        present = hooks.by_id(connection, webhook_id)
        require(if_match, tag(present))
        since = present.since if present.enabled or not given.enabled else now
        hooks.change(connection, _meant(webhook_id, given, since))
        hook = hooks.by_id(connection, webhook_id)
        count = hooks.counts(connection).get(webhook_id, Count())
    response.headers["ETag"] = tag(hook)
    return _shown(hook, count)


@router.delete(
    "/webhooks/{webhook_id}",
    operation_id="removeWebhook",
    summary="Tell a receiver nothing any more, and forget what was sent to it",
    status_code=204,
    responses=describe(403, 404, 422),
)
def remove_webhook(webhook_id: HookId, parts: PartsDep, _admin: AdminDep) -> None:
    with parts.store.write() as connection:
        hooks.remove(connection, webhook_id)


@router.post(
    "/webhooks/{webhook_id}/secret",
    operation_id="renewWebhookSecret",
    summary="A new secret; the old one signs nothing any more",
    responses=describe(403, 404, 422),
)
def renew_secret(webhook_id: HookId, parts: PartsDep, _admin: AdminDep) -> SecretOut:
    secret = secret_of(token_bytes(_SECRET_BYTES))
    with parts.store.write() as connection:
        hooks.set_secret(connection, webhook_id, secret)
    return SecretOut(secret=secret)


@router.post(
    "/webhooks/{webhook_id}/test",
    operation_id="testWebhook",
    summary="Send a test event, which says nothing of anybody",
    status_code=202,
    responses=describe(403, 404, 409, 422),
)
def try_webhook(webhook_id: HookId, parts: PartsDep, now: NowDep, _admin: AdminDep) -> int:
    """Returns the id of the delivery; the list of deliveries says a second later what became of it."""
    with parts.store.write() as connection:
        hook = hooks.by_id(connection, webhook_id)
        if not hook.enabled:
            raise Conflict("webhook_is_off", "已停用,请先启用 it is switched off: switch it on first")
        return hooks.queue(connection, webhook_id, Event.TEST, trial(hook.label, now), now)


@router.get(
    "/webhooks/{webhook_id}/deliveries",
    operation_id="listWebhookDeliveries",
    summary="What was sent to a receiver in 30 days, newest first",
    responses=describe(403, 404, 422),
)
def list_deliveries(
    webhook_id: HookId,
    connection: ReadDep,
    _admin: AdminDep,
    limit: pages.Limit = 50,
    cursor: pages.Cursor = None,
    given_up: Annotated[bool, Query(description="only events that were given up")] = False,
) -> pages.Page[DeliveryOut]:
    hooks.by_id(connection, webhook_id)
    before_id = pages.decode(cursor) if cursor else None
    found = hooks.deliveries(connection, webhook_id, before_id, limit + 1, given_up=given_up)
    return pages.page([_sent(one) for one in found], limit, lambda one: one.id)


@router.post(
    "/webhook-deliveries/{delivery_id}/replay",
    operation_id="replayWebhookDelivery",
    summary="Send an event again, with its old `webhook-id`",
    responses=describe(403, 404, 409, 422),
)
def replay_delivery(delivery_id: DeliveryId, parts: PartsDep, now: NowDep, _admin: AdminDep) -> DeliveryOut:
    with parts.store.write() as connection:
        return _sent(hooks.replay(connection, delivery_id, now))


def _meant(hook_id: int, given: WebhookIn, since: datetime) -> Hook:
    events, includes = tuple(dict.fromkeys(given.events)), tuple(dict.fromkeys(given.includes))
    return Hook(hook_id, given.label, given.url, events, includes, given.enabled, since)


def _shown(hook: Hook, count: Count) -> WebhookOut:
    return WebhookOut(
        id=hook.id,
        label=hook.label,
        url=hook.url,
        events=list(hook.events),
        includes=list(hook.includes),
        enabled=hook.enabled,
        since=hook.since,
        stopped=hook.stopped,
        waiting=count.waiting,
        given_up=count.given_up,
        delivered_at=count.delivered_at,
    )


def _sent(one: Delivery) -> DeliveryOut:
    return DeliveryOut(
        id=one.id,
        name=one.name,
        event=one.event,
        incident_id=one.incident_id,
        created_at=one.created_at,
        due_at=one.due_at,
        attempts=one.attempts,
        status=one.status,
        error=one.error,
        delivered_at=one.delivered_at,
    )
