"""The response plans as people have edited them: every version is kept, the newest of each name counts."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import Connection, and_, func, insert, select

from community.errors import Invalid, NotFound, Stale
from community.storage import register
from community.storage.tables import account, plan
from dispatcher.model import Plan
from dispatcher.plans import Plans, completed, freeze, thaw

_LAST = (
    select(plan.c.name, func.max(plan.c.version).label("version"), func.min(plan.c.id).label("first"))
    .group_by(plan.c.name)
    .subquery()
)
UNREADABLE = (AttributeError, TypeError, ValueError)

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Edition:
    """One version of a plan, and who made it when. `by` is empty for what was shipped."""

    plan: Plan
    at: datetime
    by: str


class Planbook:
    """The plans in memory, read again when somebody has edited one. May be used from many threads.

    `shipped` is what a centre runs on until the first edit, and afterwards for a kind of trouble that no
    edited plan has: one that is new, or whose plan cannot be read any more.
    """

    def __init__(self, shipped: Plans) -> None:
        self._shipped = shipped
        self._known = (0, shipped)

    @property
    def known(self) -> Plans:
        """The plans as they were last read."""
        return self._known[1]

    def current(self, connection: Connection, revision: int | None = None) -> Plans:
        """The plans as they stand; `revision` spares a look when the caller has it at hand."""
        if revision is None:
            revision = register.revisions(connection).plan
        known, plans = self._known
        if revision != known:
            plans = self._read(connection)
            self._known = (revision, plans)
        return plans

    def edit(
        self, connection: Connection, edited: Plan, version: int | None, account_id: int, now: datetime
    ) -> Plan:
        """Keep a new version of a plan, and of those it takes kinds of trouble from; returns it.

        `version` is the one that was looked at, None for a plan that is new. Open incidents keep the plan
        they began with. Stale: somebody has edited it since. Invalid: a kind would be without a plan.
        """
        register.plans_changed(connection)  # first, for its lock: who edits plans waits for who does already
        before = self._read(connection)
        mine = before.named(edited.name)
        if (mine.version if mine else None) != version:
            raise Stale(
                "plan_changed",
                f"somebody has edited plan {edited.name} in the meantime: load it again and repeat the change"
                if mine
                else f"there is no plan {edited.name}: it may have been named differently; load the list",
            )
        try:
            after = before.edited(edited)
        except ValueError as wrong:
            raise Invalid("plans_incomplete", str(wrong)) from wrong
        if not _is_edited(connection):
            _keep(connection, before.all, None, now)
        versions = _versions(connection)
        new = [
            replace(each, version=versions.get(each.name, 0) + 1)
            for each in after.all
            if each.name == edited.name or each not in before.all  # some have lost a kind to it
        ]
        _keep(connection, new, account_id, now)
        return next(each for each in new if each.name == edited.name)

    def _read(self, connection: Connection) -> Plans:
        plans: list[Plan] = []
        for row in _newest(connection):
            try:
                plans.append(thaw(row.body))
            except UNREADABLE:
                log.exception("a plan cannot be read, the shipped one stands in for it", plan=row.name)
        try:
            return completed(plans, self._shipped)
        except ValueError:
            log.exception("the plans do not fit together, the shipped ones stand in for them")
            return self._shipped


def editions(connection: Connection, name: str) -> tuple[Edition, ...]:
    """Every version of a plan, newest first; empty before the first edit of any. NotFound: no such plan."""
    rows = connection.execute(
        select(plan.c.body, plan.c.at, account.c.name)
        .outerjoin(account, account.c.id == plan.c.by)
        .where(plan.c.name == name)
        .order_by(plan.c.version.desc())
    ).all()
    if not rows and _is_edited(connection):
        raise NotFound("no_such_plan", f"there is no plan {name}: choose one from the list")
    return tuple(Edition(thaw(row.body), row.at, row.name or "") for row in rows)


def newest(connection: Connection) -> dict[str, Edition]:
    """The newest version of each plan by its name, in the order in which they came; empty before any edit."""
    found: dict[str, Edition] = {}
    for row in _newest(connection):
        with suppress(*UNREADABLE):
            found[row.name] = Edition(thaw(row.body), row.at, row.who or "")
    return found


def _versions(connection: Connection) -> dict[str, int]:
    return {name: version for name, version, _ in connection.execute(select(_LAST))}


def _newest(connection: Connection) -> Sequence[Any]:
    return connection.execute(
        select(plan.c.name, plan.c.body, plan.c.at, account.c.name.label("who"))
        .outerjoin(account, account.c.id == plan.c.by)
        .join(_LAST, and_(_LAST.c.name == plan.c.name, _LAST.c.version == plan.c.version))
        .order_by(_LAST.c.first)
    ).all()


def _is_edited(connection: Connection) -> bool:
    return connection.execute(select(plan.c.id).limit(1)).first() is not None


def _keep(connection: Connection, plans: Iterable[Plan], account_id: int | None, now: datetime) -> None:
    connection.execute(
        insert(plan),
        [
            {
                "name": each.name,
                "version": each.version,
                "body": freeze(each),
                "at": now,
                "by": account_id,
            }
            for each in plans
        ],
    )
