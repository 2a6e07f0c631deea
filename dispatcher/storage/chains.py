"""Whether the past of every case is whole: all timelines of a store, walked along their chain of digests."""

from __future__ import annotations

from itertools import groupby
from operator import attrgetter

from sqlalchemy import Connection, select

from community.storage.tables import incident, timeline
from dispatcher.chain import first_break
from dispatcher.storage.casebook import timeline_from


def broken(connection: Connection) -> dict[int, int]:
    """The cases whose timeline was altered, by id: the seq of the first entry that does not fit.

    An end that was cut off is seen too: a case remembers its last entry and that one's digest.
    """
    heads = {
        row.id: (row.version, row.digest)
        for row in connection.execute(select(incident.c.id, incident.c.version, incident.c.digest))
    }
    found: dict[int, int] = {}
    query = select(timeline).order_by(timeline.c.incident_id, timeline.c.seq)
    rows = connection.execute(query, execution_options={"yield_per": 1000})
    for id, own in groupby(rows, key=attrgetter("incident_id")):
        seq, digest, wrong = 0, "", None
        try:
            entries = [timeline_from(row) for row in own]
            seq, digest = entries[-1].seq, entries[-1].digest
            wrong = first_break(entries)
        except (LookupError, TypeError, ValueError):  # a word that this program does not know
            wrong = seq + 1
        if wrong is None and heads.get(id) != (seq, digest):
            wrong = seq + 1
        if wrong is not None:
            found[id] = wrong
        heads.pop(id, None)
    return found | {id: 1 for id, (version, _) in heads.items() if version}
