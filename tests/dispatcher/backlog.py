"""Messages that wait to be sent."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import insert

from community.storage import Store
from community.storage.tables import message
from dispatcher.model import Lane


def waiting(store: Store, now: datetime, messages: Iterable[tuple[str, Lane]]) -> None:
    """One message for each (key, lane), due now; each is for somebody else."""
    rows = [
        {
            "key": key,
            "who": f"contact:{n}",
            "name": "某人",
            "phone": f"+861390000{n:04d}",
            "purpose": "raised",
            "rung": 1,
            "body": "…",
            "channel": "",
            "lane": int(lane),
            "state": "queued",
            "attempts": 0,
            "created_at": now,
            "due_at": now,
        }
        for n, (key, lane) in enumerate(messages)
    ]
    with store.write() as connection:
        connection.execute(insert(message), rows)
