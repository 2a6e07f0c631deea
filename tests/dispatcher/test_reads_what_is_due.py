"""What a press costs PostgreSQL does not grow with the cases that are open."""

from __future__ import annotations

import pytest
from sqlalchemy import insert, select

from community.storage import Store
from community.storage.tables import incident
from tests.town import Town

OPEN = 3_000
HOT = ("incident", "alarm", "message", "offer", "timeline", "reply_code")


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has no statistics to be wrong about
def test_a_press_reads_no_table_from_end_to_end(store: Store, town: Town) -> None:
    town.resident("王秀英", contacts=("李梅",))
    town.resident("赵玉兰", contacts=("李桂芳",))
    town.press("王秀英")
    crowd(store, town.card("王秀英").id)
    before = read_in_sequence(store)

    town.press("赵玉兰")

    assert len(town.heard("李桂芳")) == 1
    assert read_in_sequence(store) == before
    with store.write() as connection:
        connection.execute(incident.delete().where(incident.c.subject.like("crowd:%")))


def crowd(store: Store, like: int) -> None:
    """Many more open cases, of which none is due."""
    columns = [column for column in incident.c if column.name != "id"]
    with store.write() as connection:
        known = connection.execute(select(*columns).where(incident.c.id == like)).one()._asdict()
        rows = [{**known, "subject": f"crowd:{number}", "household_id": None} for number in range(OPEN)]
        connection.execute(insert(incident), rows)


def read_in_sequence(store: Store) -> dict[str, int]:
    """Rows that whole readings of each table have fetched so far."""
    store.close()  # a connection that ends reports what it did
    with store.read() as connection:
        connection.exec_driver_sql("SELECT pg_stat_clear_snapshot()")
        found = connection.exec_driver_sql("SELECT relname, seq_tup_read FROM pg_stat_user_tables")
        return {name: read for name, read in found if name in HOT}
