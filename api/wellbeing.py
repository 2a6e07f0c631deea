"""One look at how the centre is, shared by everybody who asks within a second, and never waited for long."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

from anyio.to_thread import run_sync
from sqlalchemy.exc import SQLAlchemyError

from api.parts import Parts
from dispatcher.checkup import Checkup
from dispatcher.health import Check, Health, database_away

PATIENCE_S = 4.0  # a database that is silent for longer counts as away (goal: noticed within 6 s)
FRESH_S = 1.0


class Wellbeing:
    """Asks the store at most once at a time: behind a silent one no second thread waits."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._checkup = Checkup(gateways=parts.settings.gateways_each)
        self._asking: asyncio.Task[Health] | None = None
        self._known: Health | None = None
        self._known_at = 0.0

    async def look(self) -> Health:
        """How the centre is now; its store away is an answer, not an error."""
        if self._known is not None and self._parts.monotonic() - self._known_at < FRESH_S:
            return self._known
        if self._asking is None or self._asking.done():
            self._asking = asyncio.create_task(run_sync(self._ask, abandon_on_cancel=True))
        asking = self._asking  # by the time that we are told, somebody else may have asked anew
        answered, _ = await asyncio.wait({asking}, timeout=PATIENCE_S)
        if answered:
            self._known = asking.result()
        else:
            self._known = database_away(self._parts.clock.now(), f"{PATIENCE_S:.0f} s")
        self._known_at = self._parts.monotonic()
        return self._known

    def _ask(self) -> Health:
        now = self._parts.clock.now()
        try:
            with self._parts.store.read() as connection:
                return self._checkup.look(connection, now)
        except SQLAlchemyError as error:
            return database_away(now, type(error).__name__)


def described(health: Health) -> dict[str, Any]:
    """As in the health check format for HTTP APIs (draft-inadarei-api-health-check)."""
    return {
        "status": health.grade.value,
        "time": health.at.isoformat(),
        "checks": {check.name: [_described(check)] for check in health.checks},
    }


def _described(check: Check) -> Mapping[str, object]:
    said: dict[str, object] = {"status": check.grade.value}
    if check.value is not None:
        said |= {"observedValue": round(check.value, 3), "observedUnit": check.unit}
    if any(check.text):
        said["output"] = " ".join(check.text)
    if check.since is not None:
        said["since"] = check.since.isoformat()
    return said | {what: at.isoformat() for what, at in check.moments.items()}
