"""The operators' scripts as people have edited them. A case is asked what stood when it began."""

from __future__ import annotations

from datetime import datetime

import structlog
from sqlalchemy import Connection

from community.storage import register
from community.storage.tables import script
from dispatcher.scripts import Script, Scripts, completed, freeze, shipped, thaw
from dispatcher.storage.editions import Editions

EDITIONS: Editions[Script] = Editions(script, freeze, thaw)

log = structlog.get_logger()


def current(connection: Connection, until: datetime | None = None) -> Scripts:
    """The scripts as they stand, or as they stood at `until`; the shipped ones until the first edit.

    They also stand in for a kind of trouble that no edited script has, or whose script cannot be read.
    """
    try:
        return completed(EDITIONS.read(connection, until), shipped())
    except ValueError:
        log.exception("the scripts do not fit together, the shipped ones stand in for them")
        return shipped()


def edit(
    connection: Connection, edited: Script, version: int | None, account_id: int, now: datetime
) -> Script:
    """Keep a new version of a script, and of those it takes kinds of trouble from; returns it.

    `version` is the one that was looked at, None for a script that is new. Cases that are open keep the one
    they began with. Stale: somebody has edited it since. Invalid: a kind would be without a script.
    """
    register.scripts_changed(connection)  # first, for its lock: who edits waits for who does already
    return EDITIONS.edit(connection, current(connection), edited, version, account_id, now)
