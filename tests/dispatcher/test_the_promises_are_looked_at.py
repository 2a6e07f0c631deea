"""The look that every test ends with sees each promise that is broken: here each is broken once, by hand."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

import pytest
from sqlalchemy import text, update

from community.storage import Store
from community.storage.tables import incident
from dispatcher.model import TOO_FAR, CloseCode
from tests.conftest import NOW, FreshStore
from tests.invariants import broken_promises, forgotten
from tests.town import Town

# What somebody does to the rows behind our back, and words of what must then be said.
BROKEN = {
    "an alarm without its case": (
        "UPDATE alarm SET ended_at = NULL WHERE incident_id = 1",
        "alarm 1 (sos of household:1) is not over, and no open incident",
    ),
    "a case of another home": (
        "UPDATE incident SET household_id = 3 WHERE id = 2",
        "incident 2 is of household:2, and of household 3",
    ),
    "two open cases of one home": (
        "UPDATE incident SET household_id = 2 WHERE id = 3",
        "2 cases of household 2 are open",
    ),
    "a press that came to nothing": (
        "UPDATE timeline SET entry = 'note' WHERE entry = 'signal' AND incident_id = 2",
        "1 × sos of device:care:town/李桂兰 is stored and stands on no timeline",
    ),
    "a press that was answered and not stored": (
        "DELETE FROM signal WHERE device_key = 'care:town/李桂兰'",
        "incident 2 has heard device:care:town/李桂兰, of which nothing is stored",
    ),
    "a press counted twice": (
        "UPDATE alarm SET times = 2 WHERE incident_id = 2",
        "sos was raised 2 times in incident 2, and is written 1 times",
    ),
    "a relative told twice by one rung": (
        "INSERT INTO message (key, incident_id, who, name, phone, purpose, rung, body, channel, lane, state, "
        "attempts, created_at, due_at, variables) SELECT 'again', incident_id, who, name, phone, purpose, "
        "rung, body, channel, lane, state, attempts, created_at, due_at, variables FROM message "
        "WHERE incident_id = 2 AND who LIKE 'contact:%'",
        "was told 2 times of incident 2 by rung 1",
    ),
    "a past that was changed": (
        "UPDATE timeline SET text = '没事' WHERE incident_id = 2 AND seq = 2",
        "the timeline of incident 2 breaks at entry 2",
    ),
    "a past whose end is cut off": (
        "DELETE FROM timeline WHERE incident_id = 2 AND seq = (SELECT version FROM incident WHERE id = 2)",
        "but its timeline ends at",
    ),
    "a stage that is none": (
        "UPDATE incident SET stage = 'on_scene' WHERE id = 2",
        "incident 2 is on_scene and was never covered",
    ),
    "a closed case that still calls": (
        "UPDATE message SET state = 'queued', attempts = 0 WHERE incident_id = 1 AND purpose = 'raised'",
        "(raised) waits, and its incident 1 is closed",
    ),
}


@pytest.fixture
def evening(fresh_store: FreshStore) -> Iterator[Store]:
    """Three homes have pressed; the first was helped, and in the others it goes on."""
    store = fresh_store.open()
    town = Town(store, NOW)
    for number, name in enumerate(("王秀英", "李桂兰", "张玉珍")):
        town.resident(name, contacts=(f"女儿{number}",))
        town.press(name)
        town.pass_time(seconds=1)
    town.close("王秀英", CloseCode.HELPED)
    yield store
    store.close()


def test_a_good_evening_breaks_nothing(evening: Store) -> None:
    assert said(evening) == []
    assert forgotten(evening) == []


@pytest.mark.parametrize("broken, words", BROKEN.values(), ids=BROKEN)
def test_what_is_broken_is_said(evening: Store, broken: str, words: str) -> None:
    with evening.write() as connection:
        connection.execute(text(broken))
    assert any(words in line for line in said(evening)), said(evening)


@pytest.mark.parametrize(
    "due_at", [NOW - timedelta(days=1), NOW + 2 * TOO_FAR], ids=["long past", "later than any"]
)
def test_a_case_that_a_dispatcher_comes_to_is_not_forgotten(evening: Store, due_at: datetime) -> None:
    with evening.write() as connection:
        connection.execute(update(incident).where(incident.c.id == 2).values(due_at=due_at))
    assert forgotten(evening) == []


def test_a_due_time_that_no_dispatcher_comes_to_is_no_future(evening: Store) -> None:
    long_ago = {"due_at": NOW - timedelta(days=1), "severity": 9}  # which no look asks for
    with evening.write() as connection:
        connection.execute(update(incident).where(incident.c.id == 2).values(long_ago))
    assert any(line.startswith("incident 2 is due at") for line in forgotten(evening))


def said(store: Store) -> list[str]:
    with store.read() as connection:
        return broken_promises(connection)
