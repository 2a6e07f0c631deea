"""The live stream: what has changed, to every open console, and nothing committed late is missed.

One hub per process looks at the timeline when the bell rings and at least every second. It loads a changed
incident once and gives the same bytes to everybody, and what changes in the moment after it has told of one
goes out together (`GATHER_S`). A subscriber gets, in this order:

- `snapshot`  `{"now", "cards", "counters", "health"}` the whole board; replaces what the page has
- `incident`  `{"card", "entries"}` one changed incident as it is now, and what was written on its timeline;
              after a reconnect with `Last-Event-ID` first everything missed
- `places`    `[{"id", "lon", "lat", "seen_at"}]` responders whose telephones tell a new place; who has told
              none for a while is back where the register has her, and `/api/map/live` says so
- `counters`  the counters, when they have changed
- `call`      `{"call_id", "number", "at", "callers"}` somebody rings the hotline: a hint that is told once
              and never again; the number is masked
- `health`    how the centre itself is, as at `/health`, when a check has changed its grade
- `beat`      `{"now", "database"}` every 2 s, so that a page can say how long it has been cut off;
              `database` is false while the hub itself cannot read
- `bye`       `{"reason"}` the last one: `session_ended`, `too_slow` or `closing`

The `id:` of an event is the position of the feed, which lags behind by design: after a reconnect some changes
come again, and the page drops those whose entry ids it has had.
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Annotated

import structlog
from anyio import fail_after
from anyio.to_thread import run_sync
from fastapi import APIRouter, Header, Query, Request
from fastapi.sse import format_sse_event
from pydantic_core import to_json
from starlette.responses import StreamingResponse
from starlette.types import Send

from api import deps
from api.parts import Parts
from api.wellbeing import Wellbeing, described
from community.errors import Invalid
from community.model import CallOutcome
from community.storage import register, whereabouts
from community.whereabouts import is_of_use
from dispatcher import views
from dispatcher.health import Health, WorkerKind
from dispatcher.pulse import Pulse
from hotline import calls

log = structlog.get_logger(__name__)

LOOK_S = 1.0  # at least this often, also when no bell rings
GATHER_S = 0.05  # after it has told: what comes meanwhile is read and sent once; a first case never waits
BEAT_S = 2.0
RETRY_MS = 1500  # when a browser tries again after a cut
WAITING = 256  # turns that a slow reader may be behind before it is cut off
FOLLOWED_BEAT_S = 20.0  # to a page of one case: only so that nobody on the way closes a silent line
STALLED_S = 15.0  # a reader that takes nothing for this long is gone


@dataclass(eq=False, slots=True)
class Subscriber:
    """One open stream. `still_valid` says whether its login still stands; it may read the database."""

    still_valid: Callable[[], bool]
    waiting: asyncio.Queue[bytes | None] = field(default_factory=lambda: asyncio.Queue(WAITING))

    def give(self, said: bytes) -> bool:
        """Queue what one turn has to say; False when this reader is too far behind."""
        try:
            self.waiting.put_nowait(said)
        except asyncio.QueueFull:
            return False
        return True

    def end(self, reason: str) -> None:
        """Drop what waits, say why, and end the stream."""
        while not self.waiting.empty():
            self.waiting.get_nowait()
        self.waiting.put_nowait(_event("bye", {"reason": reason}))
        self.waiting.put_nowait(None)


class Hub:
    """Reads once, tells everybody. Lives in one event loop; the database is read in worker threads."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self.wellbeing = Wellbeing(parts)
        self._health: Health | None = None
        self._pulse = Pulse(parts.store, WorkerKind.API)
        self._feed = views.Feed(parts.store)
        self._subscribers: set[Subscriber] = set()
        self._position = self._feed.position
        self._untold: list[views.Change] = []
        self._counters: views.Counters | None = None
        with parts.store.read() as connection:
            self._calls = frozenset(call.id for call in calls.recent(connection))
            self._placed_at = register.revision(connection, "place")
            self._seen = whereabouts.newest(connection)
        self._database_answers = True
        self._followed: defaultdict[int, set[asyncio.Event]] = defaultdict(set)
        self._openings: dict[
            int | None, asyncio.Task[bytes]
        ] = {}  # that nobody reads yet, by the event before
        self._one_opens = asyncio.Lock()
        self._closing = False
        self._last_beat = parts.monotonic()

    async def run(self) -> None:
        """Look and tell until `close`."""
        while not self._closing:
            if await self.turn():
                await asyncio.sleep(GATHER_S)
            await run_sync(self._parts.bell.wait, LOOK_S, abandon_on_cancel=True)
        self._pulse.end()

    def close(self) -> None:
        """End all streams and `run`. To be called in the loop's own thread."""
        self._closing = True
        self._parts.bell.ring()
        for subscriber in tuple(self._subscribers):
            subscriber.end("closing")
        self._subscribers.clear()
        self._stir(self._followed)

    async def subscribe(
        self, still_valid: Callable[[], bool], last_event_id: int | None
    ) -> AsyncIterator[bytes]:
        """The events of one stream, from the snapshot on."""
        subscriber = Subscriber(still_valid)
        # First the queue, then the reading: what is committed in between comes twice, never not at all.
        self._subscribers.add(subscriber)
        try:
            yield await self._opened(last_event_id)
            while (said := await subscriber.waiting.get()) is not None:
                yield said
        finally:
            self._subscribers.discard(subscriber)

    async def _opened(self, last_event_id: int | None) -> bytes:
        """The beginning of a stream. After a restart all come back at once, and share one reading.

        Only one that has not begun is shared: it holds whatever was told before its readers came.
        """
        if last_event_id not in self._openings:
            self._openings[last_event_id] = asyncio.create_task(self._open(last_event_id))
        return await asyncio.shield(self._openings[last_event_id])

    async def _open(self, last_event_id: int | None) -> bytes:
        async with self._one_opens:
            del self._openings[last_event_id]
            return await run_sync(self._opening, last_event_id)

    async def follow(self, incident_id: int) -> AsyncIterator[bytes]:
        """For those who see one case only: `changed`, without a word on what, and a `beat` in between."""
        stirred = asyncio.Event()
        self._followed[incident_id].add(stirred)
        try:
            yield _event("beat", {}, retry=RETRY_MS)
            while not self._closing:
                with suppress(TimeoutError):
                    async with asyncio.timeout(FOLLOWED_BEAT_S):
                        await stirred.wait()
                yield _event("changed" if stirred.is_set() else "beat", {})
                stirred.clear()
        finally:
            self._followed[incident_id].discard(stirred)
            if not self._followed[incident_id]:
                del self._followed[incident_id]

    def _stir(self, incident_ids: Iterable[int]) -> None:
        for incident_id in tuple(incident_ids):
            for stirred in self._followed.get(incident_id, ()):
                stirred.set()

    async def check_logins(self) -> None:
        """End the streams whose login has ended."""
        subscribers = tuple(self._subscribers)
        standing = await run_sync(lambda: [each.still_valid() for each in subscribers])
        for subscriber, stands in zip(subscribers, standing, strict=True):
            if not stands:
                self._drop(subscriber, "session_ended")

    @property
    def watching(self) -> int:
        """How many streams are open."""
        return len(self._subscribers)

    async def turn(self) -> bool:
        """Look once and tell what is new; whether an incident was. A failure is told with the next beat, and
        nothing is lost by it."""
        beat = self._parts.monotonic() - self._last_beat >= BEAT_S
        changed = False
        try:
            # Kept until told: the feed has moved on, whatever happens to us before the end of this turn.
            new = await run_sync(self._feed.poll, self._parts.monotonic())
            if not self._untold:
                self._position = self._feed.position  # while something is untold, nobody may be past it
            self._untold += new
            changed = bool(self._untold)
            if changed:
                self._tell(await run_sync(self._incidents, self._untold))
                self._stir({change.incident_id for change in self._untold})
                self._untold = []
            if said := await run_sync(self._new_calls):
                self._tell(said)
            if said := await run_sync(self._moved):
                self._tell(said)
            if changed or beat:
                await self._tell_counters()
            if beat:
                await self.check_logins()
                await run_sync(self._pulse.turn, self._parts.clock.now())
            self._database_answers = True
        except Exception:
            self._database_answers = False
            log.exception("live_feed_failed")
        if beat:
            try:
                await self._tell_health()
            except Exception:  # the beat goes on: without it every page believes that it is cut off
                log.exception("health_cannot_be_told")
            self._last_beat = self._parts.monotonic()
            beaten = {"now": self._parts.clock.now(), "database": self._database_answers}
            self._tell(_event("beat", beaten, comment="beat"))
        return changed

    def _opening(self, last_event_id: int | None) -> bytes:
        with self._parts.store.read() as connection:
            position = self._position
            missed = () if last_event_id is None else self._feed.since(connection, last_event_id)
            snapshot = {
                "now": self._parts.clock.now(),
                "cards": views.board(connection),
                "counters": views.counters(connection),
                "health": described(self._health) if self._health is not None else None,
            }
        first = _event("snapshot", snapshot, position=position, retry=RETRY_MS)
        return first + (self._incidents(missed) if missed else b"")

    def _incidents(self, changes: Iterable[views.Change]) -> bytes:
        """One event per changed incident. All of a turn go out as one piece, so a storm makes nobody slow."""
        grouped: dict[int, list[views.Change]] = {}
        for change in changes:
            grouped.setdefault(change.incident_id, []).append(change)
        with self._parts.store.read() as connection:
            cards = {card.id: card for card in views.cards(connection, list(grouped))}
        return b"".join(
            _event("incident", {"card": cards.get(id), "entries": own}, position=self._position)
            for id, own in grouped.items()
        )

    def _new_calls(self) -> bytes:
        """Calls since the last look that are still open; a set, for their ids are no order of commits."""
        with self._parts.store.read() as connection:
            recent = calls.recent(connection)
            new = [call for call in reversed(recent) if call.id not in self._calls]
            ringing = [calls.ringing(connection, one) for one in new if one.outcome is CallOutcome.OPEN]
        self._calls = frozenset(call.id for call in recent)
        return b"".join(_event("call", one) for one in ringing)

    def _moved(self) -> bytes:
        """Whose place is new since the last look; most looks read one number."""
        with self._parts.store.read() as connection:
            at = register.revision(connection, "place")
            if at == self._placed_at:
                return b""
            seen = whereabouts.newest(connection)
        moved = [
            {"id": id, "lon": one.position.lon, "lat": one.position.lat, "seen_at": one.at}
            for id, one in seen.items()
            if self._seen.get(id) != one and is_of_use(one, self._parts.clock.now())
        ]
        self._placed_at, self._seen = at, seen
        return _event("places", moved) if moved else b""

    async def _tell_health(self) -> None:
        before, self._health = self._health, await self.wellbeing.look()
        if before is None or _grades(before) != _grades(self._health):
            self._tell(_event("health", described(self._health)))

    async def _tell_counters(self) -> None:
        counters = await run_sync(self._count)
        if counters != self._counters:
            self._counters = counters
            self._tell(_event("counters", counters))

    def _count(self) -> views.Counters:
        with self._parts.store.read() as connection:
            return views.counters(connection)

    def _tell(self, said: bytes) -> None:
        for subscriber in tuple(self._subscribers):
            if not subscriber.give(said):
                self._drop(subscriber, "too_slow")

    def _drop(self, subscriber: Subscriber, reason: str) -> None:
        self._subscribers.discard(subscriber)
        subscriber.end(reason)
        log.info("live_stream_ended", reason=reason)


def _grades(health: Health) -> list[tuple[str, str]]:
    return [(check.name, check.grade) for check in health.checks]


def _event(
    name: str,
    data: object,
    *,
    position: int | None = None,
    retry: int | None = None,
    comment: str | None = None,
) -> bytes:
    return format_sse_event(
        data_str=to_json(data).decode(),
        event=name,
        id=None if position is None else str(position),
        retry=retry,
        comment=comment,
    )


class LiveResponse(StreamingResponse):
    """A stream that gives up on a reader who takes nothing, instead of waiting for the network to notice."""

    media_type = "text/event-stream"

    async def stream_response(self, send: Send) -> None:
        async def send_in_time(message: object) -> None:
            with fail_after(STALLED_S):
                await send(message)  # type: ignore[arg-type]

        with suppress(TimeoutError):
            await super().stream_response(send_in_time)


router = APIRouter(tags=["live"])


@router.get(
    "/live",
    operation_id="watchLive",
    summary="The live stream (server-sent events)",
    response_class=LiveResponse,
)
async def watch_live(
    request: Request,
    caller: deps.CallerDep,
    parts: deps.PartsDep,
    last_event_id: Annotated[str | None, Header()] = None,
    last_event_id_query: Annotated[str | None, Query(alias="last_event_id")] = None,
) -> LiveResponse:
    """`snapshot`, `incident`, `places`, `counters`, `call`, `health`, `beat` and `bye` events."""
    hub: Hub = request.app.state.hub
    position = _position(last_event_id or last_event_id_query)
    still_valid = deps.still_valid(parts, caller)
    return LiveResponse(hub.subscribe(still_valid, position), headers={"X-Accel-Buffering": "no"})


def _position(text: str | None) -> int | None:
    if not text:
        return None
    if not text.isascii() or not text.isdigit() or len(text) > 18:
        raise Invalid(
            "bad_last_event_id", "Last-Event-ID is the id of an event you were sent: a whole number"
        )
    return int(text)
