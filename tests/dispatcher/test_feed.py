"""The live stream misses nothing, also what was written first and committed last."""

from __future__ import annotations

from contextlib import ExitStack

from sqlalchemy import Connection

from community.storage import LONGEST_TRANSACTION_S
from dispatcher import responses
from dispatcher.model import Entry, Fact
from dispatcher.storage.casebook import Casebook
from dispatcher.views import Change, Feed
from tests.town import Town


def two_cases(town: Town) -> tuple[int, int]:
    for name in ("王秀英", "赵玉兰"):
        town.resident(name)
        town.press(name)
    return town.card("王秀英").id, town.card("赵玉兰").id


def write(connection: Connection, town: Town, incident_id: int, text: str) -> None:
    book = Casebook(connection)
    book.load_ids([incident_id])
    book.note(incident_id, town.time, Fact(Entry.NOTE, text))
    book.write()


def note(town: Town, incident_id: int, text: str) -> None:
    responses.note(town.store, incident_id, town.operator, text, town.time)


def of(changes: tuple[Change, ...]) -> list[int]:
    return [change.incident_id for change in changes]


def test_what_commits_late_is_given_late_and_not_missed(town: Town) -> None:
    slow, quick = two_cases(town)
    feed = Feed(town.store)
    feed.poll(0)

    with ExitStack() as open_transactions:
        if not town.store.is_sqlite:  # SQLite has one writer: nothing can overtake there
            connection = open_transactions.enter_context(town.store.write())
            write(connection, town, slow, "先写后到")
        note(town, quick, "后写先到")
        overtaken = feed.poll(1)
        position = feed.position
        assert of(overtaken) == [quick]
    if town.store.is_sqlite:
        note(town, slow, "先写后到")

    late = feed.poll(2)
    assert of(late) == [slow]
    assert feed.poll(3) == ()
    if not town.store.is_sqlite:
        assert late[0].id < overtaken[0].id

    with town.store.read() as connection:  # a page that was cut off after the first
        again = feed.since(connection, position)
    assert {slow, quick} <= set(of(again))
    assert late[0] in again


def test_a_page_that_comes_back_with_any_position_it_was_given_misses_nothing(town: Town) -> None:
    first, second = two_cases(town)
    feed = Feed(town.store)
    given: list[Change] = []
    positions = [feed.position]
    for turn in range(6):
        note(town, (first, second)[turn % 2], f"第{turn}句")
        given += feed.poll(float(turn))
        positions.append(feed.position)

    assert positions == sorted(positions)
    with town.store.read() as connection:
        for turn, position in enumerate(positions):
            seen_before = {change.id for change in given if change.id <= position}
            missed = {change.id for change in given} - seen_before
            assert missed <= {change.id for change in feed.since(connection, position)}, turn


def test_a_hole_that_was_rolled_back_is_forgotten_when_no_transaction_can_fill_it(town: Town) -> None:
    first, second = two_cases(town)
    feed = Feed(town.store)
    feed.poll(0)

    class ChangedHerMind(Exception):
        pass

    try:
        with town.store.write() as connection:
            write(connection, town, first, "不写了")
            raise ChangedHerMind
    except ChangedHerMind:
        note(town, second, "写了")
    [change] = feed.poll(1)
    feed.poll(2)
    waited = feed.position

    feed.poll(2 + LONGEST_TRANSACTION_S)
    feed.poll(3 + 2 * LONGEST_TRANSACTION_S)

    assert waited <= change.id
    assert feed.position == change.id
    assert feed.poll(100) == ()


def test_a_new_feed_begins_with_what_is_recent(town: Town) -> None:
    first, _ = two_cases(town)
    town.time = town.time.replace(hour=9)
    note(town, first, "早上")

    [change] = [c for c in Feed(town.store).poll(0) if c.entry is Entry.NOTE]

    assert change.incident_id == first
    assert change.version == town.card("王秀英").version
