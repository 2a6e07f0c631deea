"""What a copy of the store holds, and whether its past is whole."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from community.storage import Store, audit, register, schema, seeding
from community.storage.tables import household, incident, message, signal
from dispatcher.model import MessageState
from dispatcher.storage import chains


@dataclass(frozen=True, slots=True)
class Verdict:
    """`broken_cases`: id → first altered entry. `broken_audit`: the first altered row of the audit log.

    `audit_head` seals all of that log: written down elsewhere, it shows a tail that was cut off later.
    """

    schema: str
    site: str
    households: int
    incidents: int
    open_incidents: int
    signals: int
    waiting_texts: int
    audit_rows: int
    audit_head: str
    broken_cases: dict[int, int]
    broken_audit: int | None

    @property
    def is_whole(self) -> bool:
        return not self.broken_cases and self.broken_audit is None


def look(copy: Store) -> Verdict:
    """Look at all of it: every timeline, every row of the audit log."""
    waiting = message.c.state.in_([MessageState.QUEUED.value, MessageState.SENDING.value])
    with copy.read() as connection:
        has_site = seeding.is_seeded(connection)
        proof = audit.check(connection) if has_site else audit.Proof(0, None, "")
        homes, cases, still_open, said, texts = (
            connection.execute(select(func.count()).select_from(table).where(*only)).scalar_one()
            for table, only in (
                (household, ()),
                (incident, ()),
                (incident, (incident.c.closed_at.is_(None),)),
                (signal, ()),
                (message, (waiting,)),
            )
        )
        return Verdict(
            schema=schema.newest(),
            site=register.site(connection).name if has_site else "",
            households=homes,
            incidents=cases,
            open_incidents=still_open,
            signals=said,
            waiting_texts=texts,
            audit_rows=proof.rows,
            audit_head=proof.head,
            broken_cases=chains.broken(connection),
            broken_audit=proof.first_broken,
        )
