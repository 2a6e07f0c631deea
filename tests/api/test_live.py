"""The live stream over a real server: nothing is missed, a slow reader keeps nobody waiting, and it ends."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any

import httpx2
import orjson
import pytest
from sqlalchemy import text

from api.app import create_app
from api.live import BEAT_S, GATHER_S, WAITING, Hub
from api.parts import Parts
from api.server import Server, serve
from community.model import AccountRole, Position, Whereabouts
from community.storage import Store, accounts, register, whereabouts
from devices.signal import Kind
from dispatcher import intake, responses, views
from dispatcher.bell import LocalBell
from dispatcher.model import Entry, Fact
from dispatcher.storage.casebook import Casebook
from hotline import calls
from tests.api.conftest import PASSWORD, Town


@dataclass
class Seconds:
    """The hub's own clock: a beat comes when the test says that time has passed."""

    value: float = 1000.0

    def __call__(self) -> float:
        return self.value


@dataclass
class Event:
    name: str
    id: str
    data: Any


class Served:
    """A running server, and somebody logged in at it."""

    def __init__(self, parts: Parts, server: Server, seconds: Seconds) -> None:
        self.parts, self.server, self.seconds = parts, server, seconds
        port = server.servers[0].sockets[0].getsockname()[1]
        self.client = httpx2.Client(base_url=f"http://127.0.0.1:{port}", timeout=60)
        answer = self.client.post("/api/login", json={"login": "liufang", "password": PASSWORD})
        self.csrf_token = answer.json()["csrf_token"]

    def watch(self, last_event_id: str = "", **query: str) -> Iterator[Event]:
        headers = {"Last-Event-ID": last_event_id} if last_event_id else {}
        with self.client.stream("GET", "/api/live", headers=headers, params=query) as stream:
            assert stream.status_code == 200
            assert stream.headers["content-type"].startswith("text/event-stream")
            yield from events(stream.iter_lines())

    def let_a_beat_come(self) -> None:
        self.seconds.value += BEAT_S
        self.parts.bell.ring()


def events(lines: Iterator[str]) -> Iterator[Event]:
    said: dict[str, str] = {}
    for line in lines:
        if line:
            field, _, value = line.partition(": ")
            said[field] = value
        elif said:
            yield Event(said["event"], said.get("id", ""), orjson.loads(said["data"]))
            said = {}


def until(stream: Iterator[Event], name: str) -> Event:
    for event in stream:
        if event.name == name:
            return event
    raise AssertionError(f"the stream ended without {name}")


def until_note(stream: Iterator[Event]) -> Event:
    """The next event that tells of a note, past those of the opening."""
    return next(
        event
        for event in stream
        if event.name == "incident" and event.data["entries"][-1]["entry"] == Entry.NOTE
    )


@pytest.fixture
def seconds() -> Seconds:
    return Seconds()


@pytest.fixture
def served(parts: Parts, town: Town, seconds: Seconds) -> Iterator[Served]:
    assert town.operator.active
    parts = replace(parts, monotonic=seconds, settings=parts.settings.model_copy(update={"api_port": 0}))
    app = create_app(parts)
    ready = threading.Event()
    server = serve(app, parts.settings, ready.set)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert ready.wait(60)
    opened = Served(parts, server, seconds)
    yield opened
    opened.client.close()
    server.should_exit = True
    thread.join(60)
    assert not thread.is_alive()


def trouble(store: Store, parts: Parts, household_id: int, now: datetime) -> int:
    return intake.report(store, household_id, Kind.SOS, "", "account:1", parts.plans.known, now).id


def test_the_whole_board_comes_first_and_then_what_changes(
    served: Served, store: Store, town: Town, now: datetime
) -> None:
    incident_id = trouble(store, served.parts, town.household_id, now)
    stream = served.watch()
    snapshot = next(stream)
    assert snapshot.name == "snapshot"
    assert [(card["id"], card["stage"]) for card in snapshot.data["cards"]] == [(incident_id, "raised")]
    assert snapshot.data["now"] == "2026-11-21T06:05:00Z"
    responses.claim(store, incident_id, town.operator, now)
    served.parts.bell.ring()
    changed = until(stream, "incident")
    if (
        changed.data["card"]["stage"] == "raised"
    ):  # committed just before we came: told twice, never not at all
        changed = until(stream, "incident")
    assert changed.data["card"]["stage"] == "claimed"
    assert changed.data["card"]["claimed_by_name"] == "刘芳"
    assert Entry.CLAIMED in {entry["entry"] for entry in changed.data["entries"]}
    assert changed.id.isdigit()


def test_a_change_is_seen_without_any_bell(served: Served, store: Store, town: Town, now: datetime) -> None:
    stream = served.watch()
    next(stream)
    incident_id = trouble(store, served.parts, town.household_id, now)
    assert until(stream, "incident").data["card"]["id"] == incident_id
    assert until(stream, "counters").data["by_stage"]["raised"] == 1


def test_who_moves_is_told_and_nobody_else(served: Served, store: Store, town: Town, now: datetime) -> None:
    def keep(id: int, lon: float, seconds: int = 0) -> None:
        here = Whereabouts(id, Position(lon, 37.59, "phone", 8.0), now - timedelta(seconds=seconds))
        with store.write() as connection:
            whereabouts.keep(connection, [here], now)

    stream = served.watch()
    next(stream)
    keep(town.worker_id, 118.56, seconds=5)
    served.parts.bell.ring()
    (moved,) = until(stream, "places").data
    assert moved == {"id": town.worker_id, "lon": 118.56, "lat": 37.59, "seen_at": "2026-11-21T06:04:55Z"}
    keep(town.worker_id, 118.99, seconds=60)  # an older one, come late: no news
    keep(town.worker_id, 118.57)
    served.parts.bell.ring()
    assert [one["lon"] for one in until(stream, "places").data] == [118.57]


def test_what_was_missed_while_away_comes_after_the_reconnect(
    served: Served, store: Store, town: Town, now: datetime
) -> None:
    incident_id = trouble(store, served.parts, town.household_id, now)
    stream = served.watch()
    last = next(stream)
    stream.close()  # type: ignore[attr-defined]
    responses.note(store, incident_id, town.operator, "老人说没事", now)
    again = served.watch(last.id)
    assert next(again).name == "snapshot"
    missed = next(again)
    assert missed.name == "incident"
    assert missed.data["entries"][-1]["entry"] == "note"
    assert missed.data["card"]["id"] == incident_id


def test_a_page_may_say_where_it_was_in_the_address(
    served: Served, store: Store, town: Town, now: datetime
) -> None:
    stream = served.watch()
    last = next(stream)
    stream.close()  # type: ignore[attr-defined]
    trouble(store, served.parts, town.household_id, now)
    again = served.watch(last_event_id=last.id)
    assert [next(again).name, next(again).name] == ["snapshot", "incident"]


@pytest.mark.parametrize("position", ["x", "-1", "1.5", "9" * 30, "１"])
def test_a_position_that_nobody_sent_is_refused(served: Served, position: str) -> None:
    answer = served.client.get("/api/live", params={"last_event_id": position})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad_last_event_id")


# SQLite writes one after the other: nothing can be committed out of order there.
@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_what_was_written_first_and_committed_last_is_not_missed(
    served: Served, store: Store, town: Town, now: datetime
) -> None:
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id).household
        other = register.add_household(connection, replace(home, room="502"))
    first = trouble(store, served.parts, town.household_id, now)
    second = trouble(store, served.parts, other.id, now)
    stream = served.watch()
    before = next(stream)

    def write_on(incident_id: int, connection: Any) -> None:
        book = Casebook(connection)
        book.load_ids([incident_id])
        book.note(incident_id, now, Fact(Entry.NOTE, "备注"))
        book.write()

    with store.write() as early:
        write_on(first, early)  # takes the lower number, and is still open …
        with store.write() as late:
            write_on(second, late)
        served.parts.bell.ring()
        newer = until_note(stream)
        assert newer.data["card"]["id"] == second
    served.parts.bell.ring()
    older = until_note(stream)
    assert older.data["card"]["id"] == first
    assert older.data["entries"][-1]["id"] < newer.data["entries"][-1]["id"]

    # Also for a page that was cut off between the two.
    again = served.watch(newer.id)
    assert next(again).name == "snapshot"
    assert int(newer.id) < older.data["entries"][-1]["id"]
    assert {next(again).data["card"]["id"], next(again).data["card"]["id"]} == {first, second}
    assert int(before.id) <= int(newer.id)


def test_a_call_from_the_exchange_rings_on_every_open_console(served: Served, api_key: str) -> None:
    stream = served.watch()
    next(stream)
    exchange = {"Authorization": f"Bearer {api_key}"}
    url = f"{served.client.base_url}/api/hotline/calls"
    made = httpx2.post(url, json={"number": "013800000001"}, headers=exchange).json()
    told = until(stream, "call")
    assert (told.data["call_id"], told.data["number"]) == (made["call"]["id"], "138****0001")
    assert [(one["name"], one["known_as"]) for one in told.data["callers"]] == [("王秀英", "resident")]
    assert told.id == "", "a hint has no place in what is told again after a cut"


def test_beats_tell_the_servers_time(served: Served) -> None:
    stream = served.watch()
    next(stream)
    served.let_a_beat_come()
    assert until(stream, "beat").data == {"now": "2026-11-21T06:05:00Z", "database": True}


def test_beats_say_when_the_database_cannot_be_read_and_nothing_is_lost_meanwhile(
    served: Served, store: Store, town: Town, now: datetime
) -> None:
    stream = served.watch()
    next(stream)
    incident_id = trouble(store, served.parts, town.household_id, now)
    with store.write() as connection:
        connection.execute(text("ALTER TABLE timeline RENAME TO elsewhere"))
        connection.execute(text("ALTER TABLE incident RENAME TO nowhere"))
    served.let_a_beat_come()
    beat = until(stream, "beat")
    while beat.data["database"]:  # one that was on its way already
        served.let_a_beat_come()
        beat = until(stream, "beat")
    with store.write() as connection:
        connection.execute(text("ALTER TABLE elsewhere RENAME TO timeline"))
        connection.execute(text("ALTER TABLE nowhere RENAME TO incident"))
    responses.note(store, incident_id, town.operator, "老人说没事", now)
    assert until_note(stream).data["card"]["id"] == incident_id
    served.let_a_beat_come()
    assert until(stream, "beat").data["database"] is True


def test_logging_out_ends_the_stream(served: Served) -> None:
    stream = served.watch()
    next(stream)
    with httpx2.Client(base_url=served.client.base_url, cookies=served.client.cookies) as elsewhere:
        left = elsewhere.post("/api/logout", headers={"X-CSRF-Token": served.csrf_token})
        assert left.status_code == 204
    assert until(stream, "bye").data == {"reason": "session_ended"}
    assert list(stream) == []


def test_a_disabled_account_and_an_expired_session_lose_their_streams(
    served: Served, store: Store, town: Town
) -> None:
    stream = served.watch()
    next(stream)
    with store.write() as connection:  # as another process would
        account = accounts.account_by_id(connection, town.operator.id)
        assert account.role is AccountRole.OPERATOR
        accounts.update_account(connection, replace(account, active=False))
    served.let_a_beat_come()
    assert until(stream, "bye").data == {"reason": "session_ended"}


def test_the_server_says_goodbye_before_it_ends(served: Served) -> None:
    stream = served.watch()
    next(stream)
    served.server.should_exit = True
    assert until(stream, "bye").data == {"reason": "closing"}
    assert list(stream) == []


# ---- the hub by itself ----


def test_calls_of_another_process_are_told_once_and_old_or_settled_ones_never(
    parts: Parts, store: Store, town: Town, now: datetime
) -> None:
    assert town.household_id
    calls.answer(store, "13800000001", now)

    async def scene() -> None:
        hub = Hub(replace(parts, monotonic=Seconds()))
        stream, _ = await start(hub)
        settled = calls.answer(store, "13800000002", now).call
        calls.inform(store, settled.id, "已答复")
        for number in ("anonymous", "13800000001"):
            new = calls.answer(store, number, now).call
            await hub.turn()
            await hub.turn()
            told = await anext(stream)
            assert told.count(b"event: call") == 1
            assert f'"call_id":{new.id},'.encode() in told

    asyncio.run(scene())


async def start(hub: Hub) -> tuple[AsyncIterator[bytes], bytes]:
    stream = hub.subscribe(lambda: True, None)
    return stream, await anext(stream)


def test_a_reader_that_does_not_read_is_cut_off_and_keeps_nobody_waiting(
    parts: Parts, store: Store, town: Town, now: datetime
) -> None:
    incident_id = trouble(store, parts, town.household_id, now)

    async def scene() -> None:
        hub = Hub(replace(parts, monotonic=Seconds()))
        slow, _ = await start(hub)
        quick, _ = await start(hub)
        for number in range(WAITING + 1):
            responses.note(store, incident_id, town.operator, f"{number}", now)
            await hub.turn()
            assert b"event: incident" in await anext(quick)
            if number == 0:
                assert b"event: counters" in await anext(quick)
        assert hub.watching == 1
        left = [event async for event in slow]
        assert len(left) == 1, "what it can no longer use is not kept for it"
        assert b'{"reason":"too_slow"}' in left[0]

    asyncio.run(scene())


def test_a_reader_that_leaves_is_forgotten(parts: Parts, town: Town) -> None:
    assert town.operator.active

    async def scene() -> None:
        hub = Hub(replace(parts, monotonic=Seconds()))
        stream, _ = await start(hub)
        assert hub.watching == 1
        await stream.aclose()  # type: ignore[attr-defined]
        assert hub.watching == 0

    asyncio.run(scene())


def test_everybody_gets_the_same_bytes_and_the_card_is_read_once(
    parts: Parts, store: Store, town: Town, now: datetime
) -> None:
    incident_id = trouble(store, parts, town.household_id, now)

    async def scene() -> None:
        hub = Hub(replace(parts, monotonic=Seconds()))
        one, _ = await start(hub)
        other, _ = await start(hub)
        responses.note(store, incident_id, town.operator, "老人说没事", now)
        await hub.turn()
        assert await anext(one) is await anext(other)

    asyncio.run(scene())


def test_consoles_that_come_back_together_are_given_one_reading(parts: Parts, town: Town) -> None:
    assert town.operator.active

    async def scene() -> None:
        hub = Hub(replace(parts, monotonic=Seconds()))
        streams = [hub.subscribe(lambda: True, 0) for _ in range(50)]
        first, *others = await asyncio.gather(*(anext(stream) for stream in streams))
        assert first.count(b"event: snapshot") == 1
        assert all(other is first for other in others)

    asyncio.run(scene())


@dataclass
class HeldClock:
    """Whoever asks for the time is held until it is let go."""

    moment: datetime
    asked: threading.Event = field(default_factory=threading.Event)
    may_go: threading.Event = field(default_factory=threading.Event)

    def now(self) -> datetime:
        self.asked.set()
        assert self.may_go.wait(60)
        return self.moment


def test_who_comes_while_the_board_is_being_read_is_given_what_was_told_before_she_came(
    parts: Parts, store: Store, town: Town, now: datetime
) -> None:
    async def scene() -> None:
        clock = HeldClock(now)
        hub = Hub(replace(parts, clock=clock, monotonic=Seconds()))
        early, late = (hub.subscribe(lambda: True, 0) for _ in range(2))
        first = asyncio.ensure_future(anext(early))
        assert await asyncio.to_thread(clock.asked.wait, 60)
        with store.read() as connection:
            assert not views.board(connection)
        incident_id = trouble(store, parts, town.household_id, now)
        await hub.turn()
        second = asyncio.ensure_future(anext(late))
        await asyncio.sleep(0)  # she is in the line, and the first reading is still going on
        clock.may_go.set()
        assert f'"id":{incident_id},'.encode() in await second
        await first
        assert f'"id":{incident_id},'.encode() in await anext(early), "told in the moment after"

    asyncio.run(scene())


@dataclass
class RestlessBell(LocalBell):
    """Something has changed whenever somebody waits; `waited_at` is when, in the loop's seconds."""

    change: Callable[[], object]
    waited_at: list[float] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()

    def wait(self, timeout_s: float) -> bool:
        assert timeout_s > 0
        self.waited_at.append(time.monotonic())
        self.change()
        return True


def test_a_storm_is_told_in_pieces_that_leave_time_to_draw_them(
    parts: Parts, store: Store, town: Town, now: datetime
) -> None:
    incident_id = trouble(store, parts, town.household_id, now)
    bell = RestlessBell(lambda: responses.note(store, incident_id, town.operator, "又响了", now))

    async def scene() -> None:
        hub = Hub(replace(parts, bell=bell, monotonic=Seconds()))
        stream, _ = await start(hub)
        running = asyncio.create_task(hub.run())
        told = 0
        while told < 4:
            told += b"event: incident" in await anext(stream)
        hub.close()
        await running

    asyncio.run(scene())
    pauses = [after - before for before, after in pairwise(bell.waited_at)]
    assert len(pauses) >= 2
    assert min(pauses) >= GATHER_S


def test_a_storm_is_one_piece_and_cuts_nobody_off(
    parts: Parts, store: Store, town: Town, now: datetime
) -> None:
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id).household
        others = [
            register.add_household(connection, replace(home, room=f"{room}")) for room in range(WAITING + 1)
        ]

    async def scene() -> None:
        hub = Hub(replace(parts, monotonic=Seconds()))
        stream, _ = await start(hub)
        for other in others:
            trouble(store, parts, other.id, now)
        await hub.turn()
        assert hub.watching == 1
        assert (await anext(stream)).count(b"event: incident") == len(others)

    asyncio.run(scene())
