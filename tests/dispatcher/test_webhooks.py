"""Programs elsewhere are told how cases go: signed, again until they take it, and never before a text."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer, ThreadingHTTPServer
from typing import Any

import pytest
from sqlalchemy import func, select, update

from community.errors import Invalid
from community.storage.tables import incident, message, timeline
from devices.signal import Kind
from dispatcher import posting, responses, webhooks
from dispatcher.channels.http import Silence
from dispatcher.herald import AT_LATEST, LEASE, Herald
from dispatcher.model import CloseCode, Entry, MessageState, OfferState, Stage, TimelineEntry
from dispatcher.storage import hooks
from dispatcher.storage.hooks import Hook
from dispatcher.webhooks import PAUSES, Detail, Event
from tests.exchange import AtOnce
from tests.town import Town

SECRET = webhooks.secret_of(bytes(range(32)))
CASES = tuple(event for event in Event if event is not Event.TEST)


class Receiver(ThreadingHTTPServer):
    """A program elsewhere. It keeps what it is sent, and answers with its `statuses` in turn, then 204."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.statuses: list[int] = []
        self.heard: list[tuple[dict[str, str], bytes, str]] = []

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/anxin?site=1"

    def events(self) -> list[dict[str, Any]]:
        return [json.loads(said) for _, said, _ in self.heard]


class _Dripping(BaseHTTPRequestHandler):
    """Answers letter by letter, until nobody listens any more."""

    cut = threading.Event()

    def do_POST(self) -> None:
        self.connection.sendall(b"HTTP/1.1 2")
        for _ in range(100):
            try:
                self.connection.sendall(b"0")
            except OSError:
                self.cut.set()
                break
            self.cut.wait(0.1)

    def log_message(self, *_words: object) -> None:
        pass


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self) -> None:
        said = self.rfile.read(int(self.headers["content-length"]))
        self.server.heard.append(({k.lower(): v for k, v in self.headers.items()}, said, self.path))
        status = self.server.statuses.pop(0) if self.server.statuses else 204
        self.send_response(status)
        if 300 <= status < 400:
            self.send_header("Location", f"http://127.0.0.1:{self.server.server_port}/elsewhere")
        self.send_header("Content-Length", "0")
        self.end_headers()

    do_GET = do_POST

    def log_message(self, *_words: object) -> None:
        pass


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    server = Receiver()
    serving = threading.Thread(target=server.serve_forever)
    serving.start()
    yield server
    server.shutdown()
    serving.join()
    server.server_close()


@dataclass
class Heralded:
    """A town with a herald, whose turns the story takes."""

    town: Town
    herald: Herald = field(init=False)

    def __post_init__(self) -> None:
        self.herald = self.another()

    def another(self) -> Herald:
        return Herald(self.town.store, self.town, AtOnce())

    def hook(self, url: str, *includes: Detail, events: tuple[Event, ...] = CASES) -> int:
        with self.town.store.write() as connection:
            made = Hook(0, "平台", url, events, includes, enabled=True, since=self.town.time)
            return hooks.add(connection, made, SECRET)

    def turn(self, *heralds: Herald) -> None:
        for herald in heralds or (self.herald,):
            herald.turn(self.town.time)

    def deliveries(self, hook_id: int) -> list[hooks.Delivery]:
        with self.town.store.read() as connection:
            return list(hooks.deliveries(connection, hook_id, None, 500))[::-1]


@pytest.fixture
def heralded(town: Town) -> Heralded:
    return Heralded(town)


def test_a_receiver_hears_each_stage_of_a_case_and_nothing_of_who_lives_there(
    heralded: Heralded, receiver: Receiver
) -> None:
    town = heralded.town
    town.resident("王秀英", contacts=("女儿",))
    worker = town.responder("李强", 300)
    heralded.hook(receiver.url)
    town.press("王秀英")
    heralded.turn()
    town.claim("王秀英")
    heralded.turn()
    helper = town.card("王秀英").helpers[0]
    for state in (OfferState.ACCEPTED, OfferState.ARRIVED):
        responses.answer_offer(town.store, helper.offer_id, state, f"responder:{worker}", town.time)
        town.work()
    town.close("王秀英", CloseCode.HELPED)
    heralded.turn()

    told = receiver.events()
    assert [one["type"] for one in told] == [
        "incident.raised",
        "incident.claimed",
        "incident.covered",
        "incident.on_scene",
        "incident.closed",
    ]
    first = told[0]["data"]
    assert first == {
        "incident": town.card("王秀英").id,
        "seq": first["seq"],
        "kind": "sos",
        "severity": "emergency",
        "stage": "raised",
        "cell": "111",
        "drill": False,
    }
    assert [one["data"]["seq"] for one in told] == sorted(one["data"]["seq"] for one in told)
    assert told[-1]["data"]["close_code"] == "helped"
    everything = b"".join(said for _, said, _ in receiver.heard).decode()
    assert not any(word in everything for word in ("王秀英", "李强", "女儿", "幸福里", "+86", "118."))
    assert receiver.heard[0][2] == "/anxin?site=1"


def test_what_a_receiver_may_know_is_what_the_administrator_said(
    heralded: Heralded, receiver: Receiver
) -> None:
    town = heralded.town
    town.resident("王秀英")
    heralded.hook(receiver.url, Detail.ADDRESS)
    heralded.hook(receiver.url, Detail.NAMES, Detail.POSITION)
    town.press("王秀英")
    heralded.turn()
    address, names = (one["data"] for one in receiver.events())
    assert address["address"].startswith("和平社区幸福里")
    assert "names" not in address
    assert "position" not in address
    assert names["names"] == ["王秀英"]
    assert names["position"] == {"lon": 118.55, "lat": 37.59}
    assert "address" not in names


def test_a_receiver_can_prove_that_it_was_us_and_when(heralded: Heralded, receiver: Receiver) -> None:
    """By the words of Standard Webhooks, not by our own code."""
    town = heralded.town
    town.resident("王秀英")
    heralded.hook(receiver.url)
    town.press("王秀英")
    heralded.turn()
    [(headers, said, _)] = receiver.heard
    key = base64.b64decode(SECRET.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + said
    expected = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert int(headers["webhook-timestamp"]) == int(town.time.timestamp())
    assert headers["content-type"] == "application/json"
    # The example of the specification's own libraries.
    assert (
        webhooks.signature(
            "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
            "msg_p5jXN8AQM9LWM0D4loKWxJek",
            "1614265330",
            b'{"test": 2432232314}',
        )
        == "g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
    )


def test_an_event_that_is_not_taken_comes_again_under_its_name_and_is_given_up_in_the_end(
    heralded: Heralded, receiver: Receiver
) -> None:
    town = heralded.town
    town.resident("王秀英")
    hook = heralded.hook(receiver.url, events=(Event.RAISED,))
    receiver.statuses = [500, 302, 404, 429, 503, 500, 500, 500]
    town.press("王秀英")
    heralded.turn()
    heralded.turn()
    assert len(receiver.heard) == 1
    for pause in PAUSES:
        town.time += pause - timedelta(seconds=1)
        heralded.turn()
        before = len(receiver.heard)
        town.time += timedelta(seconds=1)
        heralded.turn()
        assert len(receiver.heard) == before + 1
    names = {headers["webhook-id"] for headers, _, _ in receiver.heard}
    moments = [headers["webhook-timestamp"] for headers, _, _ in receiver.heard]
    assert len(names) == 1
    assert len(set(moments)) == len(PAUSES) + 1
    assert {path for _, _, path in receiver.heard} == {"/anxin?site=1"}  # no redirect was followed
    [one] = heralded.deliveries(hook)
    assert one.is_given_up
    assert (one.attempts, one.status, one.error) == (len(PAUSES) + 1, 500, "HTTP 500")
    with town.store.read() as connection:
        assert hooks.counts(connection)[hook].given_up == 1
    town.time += timedelta(days=2)
    heralded.turn()
    assert len(receiver.heard) == len(PAUSES) + 1

    with town.store.write() as connection:
        hooks.replay(connection, one.id, town.time)
    heralded.turn()
    assert receiver.heard[-1][0]["webhook-id"] in names
    assert heralded.deliveries(hook)[0].delivered_at == town.time


def test_a_receiver_that_is_gone_is_told_nothing_more(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    for name in ("王秀英", "李桂兰"):
        town.resident(name)
    hook = heralded.hook(receiver.url, events=(Event.RAISED,))
    receiver.statuses = [410]
    town.press("王秀英")
    heralded.turn()
    town.press("李桂兰")
    heralded.turn()
    assert len(receiver.heard) == 1
    with town.store.read() as connection:
        found = hooks.by_id(connection, hook)
    assert (found.enabled, "410" in found.stopped) == (False, True)


def test_one_that_does_not_answer_keeps_no_other_waiting(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    for name in ("王秀英", "李桂兰"):
        town.resident(name)
    dead = heralded.hook("http://127.0.0.1:1/", events=(Event.RAISED,))
    heralded.hook(receiver.url, events=(Event.RAISED,))
    town.press("王秀英")
    town.press("李桂兰")
    heralded.turn()
    assert len(receiver.heard) == 2
    tried, untried = heralded.deliveries(dead)
    assert (tried.attempts, untried.attempts) == (1, 0)
    heralded.turn()
    assert heralded.deliveries(dead)[1].attempts == 1


def test_two_heralds_tell_each_event_once(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    names = [f"老人{number}" for number in range(6)]
    for name in names:
        town.resident(name)
    heralded.hook(receiver.url, events=(Event.RAISED,))
    for name in names:
        town.press(name)
    with ThreadPoolExecutor(2) as pool:
        heralds = [Herald(town.store, town, pool) for _ in range(2)]
        both = threading.Barrier(2)

        def turn(herald: Herald) -> None:
            both.wait()
            herald.turn(town.time)

        turning = [threading.Thread(target=turn, args=(herald,)) for herald in heralds]
        for one in turning:
            one.start()
        for one in turning:
            one.join()
    heralded.turn(heralded.another())
    ids = [headers["webhook-id"] for headers, _, _ in receiver.heard]
    assert len(ids) == len(set(ids)) == len(names)


def test_what_happened_before_a_receiver_was_there_or_while_it_was_off_it_does_not_hear(
    heralded: Heralded, receiver: Receiver
) -> None:
    town = heralded.town
    for name in ("王秀英", "李桂兰"):
        town.resident(name)
    town.press("王秀英")
    town.time += timedelta(seconds=1)
    hook = heralded.hook(receiver.url)
    heralded.turn()
    assert receiver.heard == []
    with town.store.write() as connection:
        hooks.change(connection, replace(hooks.by_id(connection, hook), enabled=False))
    town.press("李桂兰")
    heralded.turn()
    town.time += timedelta(seconds=1)
    with town.store.write() as connection:
        hooks.change(connection, replace(hooks.by_id(connection, hook), enabled=True, since=town.time))
    town.claim("李桂兰")
    heralded.turn()
    assert [one["type"] for one in receiver.events()] == ["incident.claimed"]


def test_that_nobody_comes_any_more_is_told_too(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    town.resident("王秀英")
    worker = town.responder("李强", 300)
    heralded.hook(receiver.url)
    town.press("王秀英")
    offer = town.card("王秀英").helpers[0].offer_id
    for state in (OfferState.ACCEPTED, OfferState.DECLINED):
        responses.answer_offer(town.store, offer, state, f"responder:{worker}", town.time)
        town.work()
    heralded.turn()
    told = [(one["type"], one["data"]["stage"]) for one in receiver.events()]
    assert told == [
        ("incident.raised", "raised"),
        ("incident.covered", "covered"),
        ("incident.uncovered", "raised"),
    ]


def test_that_a_case_fell_back_is_told_although_no_entry_says_so(now: datetime) -> None:
    """The engine moves a case by itself, too: a ladder that begins anew counts nobody who is done."""
    again = TimelineEntry(1, 1, 9, now, Entry.SIGNAL, "device:x", "", {}, "")
    [back] = webhooks.story([again], Stage.ON_SCENE, Stage.RAISED)
    assert (back.seq, back.event, back.stage) == (9, Event.UNCOVERED, Stage.RAISED)
    assert webhooks.story([again], Stage.RAISED, Stage.RAISED) == ()
    assert webhooks.story([], Stage.ON_SCENE, Stage.RAISED) == ()
    taken = replace(again, entry=Entry.CLAIMED)
    assert [one.stage for one in webhooks.story([taken], Stage.COVERED, Stage.COVERED)] == [Stage.COVERED]


def test_a_text_that_waits_goes_first(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    town.resident("王秀英", contacts=("女儿",))
    heralded.hook(receiver.url)
    heralded.turn()
    town.press("王秀英")
    stuck = {"state": MessageState.QUEUED.value, "due_at": town.time}
    with town.store.write() as connection:
        connection.execute(update(message).values(**stuck))
    town.time += timedelta(seconds=5)
    heralded.turn()
    assert receiver.heard == []
    town.time += AT_LATEST
    heralded.turn()
    assert len(receiver.heard) == 1
    with town.store.write() as connection:
        connection.execute(update(message).values(state=MessageState.SENT.value))


def test_a_drill_says_so_and_a_case_of_a_cell_names_its_cell(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    names = [f"老人{number}" for number in range(12)]
    for name in names:
        town.resident(name)
    heralded.hook(receiver.url, events=(Event.RAISED,))
    for name in names:
        town.say(name, Kind.MAINS_FAILURE)
    town.pass_time(minutes=3)
    town.also = None
    heralded.turn()
    assert {one["data"]["cell"] for one in receiver.events()} == {"111"}


def test_what_is_old_is_forgotten(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    town.resident("王秀英")
    hook = heralded.hook(receiver.url)
    town.press("王秀英")
    town.close("王秀英")
    heralded.turn()
    assert heralded.deliveries(hook)
    heard = len(receiver.heard)
    town.time += timedelta(days=31)
    heralded.turn()
    heralded.turn()
    assert heralded.deliveries(hook) == []
    assert len(receiver.heard) == heard


def test_a_case_that_cannot_be_read_silences_no_other(heralded: Heralded, receiver: Receiver) -> None:
    """A word of a newer release, or a slip of whoever mended a row by hand."""
    town = heralded.town
    names = ("王秀英", "李桂兰", "张玉兰")
    heralded.hook(receiver.url)
    for name in names:
        town.resident(name)
        town.press(name)
    first, second, third = cases = [town.card(name).id for name in names]
    newest = select(func.max(timeline.c.id)).where(timeline.c.incident_id == first)

    def mend(entry: str, kind: str) -> None:
        with town.store.write() as connection:
            connection.execute(update(timeline).where(timeline.c.id == number).values(entry=entry))
            connection.execute(update(incident).where(incident.c.id == second).values(kind=kind))

    with town.store.read() as connection:
        number = connection.execute(newest).scalar_one()
        was = connection.execute(select(timeline.c.entry).where(timeline.c.id == number)).scalar_one()
    mend("sang", "quake")
    heralded.turn()
    assert [one["data"]["incident"] for one in receiver.events()] == [first, third]

    mend(was, "sos")
    for name in names:
        town.claim(name)
    heralded.turn()
    assert [one["data"]["incident"] for one in receiver.events()[2:]] == cases, "what comes after it is told"


def test_what_was_sent_meanwhile_by_another_stays_sent(heralded: Heralded, receiver: Receiver) -> None:
    town = heralded.town
    town.resident("王秀英")
    hook = heralded.hook(receiver.url, events=(Event.RAISED,))

    def slow(_url: str, _headers: object, _said: bytes) -> int:
        if not receiver.heard:
            town.time += LEASE + timedelta(seconds=1)
            heralded.turn(heralded.another())
        return 500

    town.press("王秀英")
    Herald(town.store, town, AtOnce(), slow).turn(town.time)
    [one] = heralded.deliveries(hook)
    assert (one.status, one.attempts) == (204, 2)
    assert one.delivered_at is not None


def test_who_stops_tells_nothing_more_and_leaves_it_to_the_next(
    heralded: Heralded, receiver: Receiver
) -> None:
    """A dispatcher that is restarted must not wait for twenty slow answers: nobody looks at presses then."""
    town = heralded.town
    for name in ("王秀英", "李桂兰"):
        town.resident(name)
    heralded.hook(receiver.url, events=(Event.RAISED,))
    stopping = threading.Event()
    heard: list[bytes] = []

    def slow(_url: str, _headers: object, said: bytes) -> int:
        heard.append(said)
        stopping.set()
        return 204

    town.press("王秀英")
    town.press("李桂兰")
    with ThreadPoolExecutor(1) as pool:
        herald = Herald(town.store, town, pool, slow)
        running = threading.Thread(target=herald.run, args=(stopping,))
        running.start()
        running.join()
    assert len(heard) == 1
    heralded.turn(heralded.another())
    assert len(receiver.heard) == 1, "the other one, at once and by another"


# ---- where nothing is sent ----


@pytest.mark.parametrize(
    "url",
    [
        "http://example.org/",
        "http://93.184.216.34/",
        "ftp://example.org/",
        "https://",
        "https://user:secret@example.org/",
        "https://example.org/#here",
        "https://exämple.org/",
        "https://example.org/a b",
        "http://169.254.169.254/latest/meta-data/",
        "http://100.100.100.200/latest/meta-data/",
        "https://[::ffff:100.100.100.200]/",
        "http://[fd00:ec2::254]/latest/meta-data/",
        "https://[fe80::1]/",
        "https://[::ffff:169.254.169.254]/",
        "http://0.0.0.0:8000/",
        "http://224.0.0.1/",
        "https://example.org:99999/",
        "https://[::1/",
        "javascript:alert(1)",
        "https://example.org/" + 500 * "a",
    ],
)
def test_an_address_to_which_nothing_is_sent_is_refused_when_it_is_typed(url: str) -> None:
    with pytest.raises(Invalid):
        posting.target(url)
    assert isinstance(posting.post(url, {}, b""), Silence)


@pytest.mark.parametrize(
    "url", ["https://example.org/a?b", "http://127.0.0.1:9/", "http://localhost/", "http://192.168.1.7:8080/"]
)
def test_ones_own_machines_and_public_ones_over_https_may_be_told(url: str) -> None:
    assert posting.target(url)


@pytest.mark.parametrize(
    "leads_to", ["127.0.0.1", "10.0.0.5", "169.254.169.254", "::1", "fe80::1%eth0", "::ffff:127.0.0.1"]
)
def test_a_public_name_that_leads_inside_is_not_followed(receiver: Receiver, leads_to: str) -> None:
    """DNS may say one thing when the address is typed and another when it is used."""
    url = f"https://innocent.example.org:{receiver.server_port}/"
    answer = posting.post(url, {}, b"", lookup=lambda _host, _port: ["93.184.216.34", leads_to])
    assert isinstance(answer, Silence)
    assert "private" in answer.why
    assert receiver.heard == []


def test_who_answers_letter_by_letter_is_not_listened_to_for_ever() -> None:
    """Four senders carry all there is to tell, and a dispatcher that is to stop waits for them."""
    with HTTPServer(("127.0.0.1", 0), _Dripping) as server:
        answering = threading.Thread(target=server.handle_request)
        answering.start()
        answer = posting.post(f"http://127.0.0.1:{server.server_port}/", {}, b"{}")
        answering.join()
    assert isinstance(answer, Silence)
    assert _Dripping.cut.is_set()


def test_a_name_that_nobody_knows_is_bad_news_and_no_error() -> None:
    def unknown(_host: str, _port: int) -> list[str]:
        raise OSError

    assert posting.post("https://nowhere.example.org/", {}, b"", lookup=unknown) == Silence(
        "the name is not known"
    )


def test_the_moment_of_an_attempt_is_the_moment_it_is_signed(now: datetime) -> None:
    first, second = (webhooks.headers(SECRET, "evt_1", at, b"{}") for at in (now, now + timedelta(seconds=1)))
    assert first["webhook-id"] == second["webhook-id"]
    assert first["webhook-signature"] != second["webhook-signature"]
