"""Nothing is said any more, and nothing is closed: how long until each silence is noticed (goal G7)."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import make_url, text
from sqlalchemy.exc import OperationalError
from starlette.testclient import TestClient

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from community.storage import Store
from community.storage.store import ASK_AFTER_S
from dispatcher import plans
from dispatcher.bell import LocalBell
from dispatcher.channels import Sent, TryLater
from dispatcher.channels.twilio import TwilioSms
from dispatcher.clock import SystemClock
from dispatcher.model import Lane, Message, MessageState, Purpose, Recipient
from dispatcher.storage import vitals
from dispatcher.storage.planbook import Planbook
from tests.dispatcher.provider import Provider, running
from tests.faults.conftest import Figure
from tests.gateway.conftest import Centre, url_of
from tests.proxy import Proxy, proxied
from tests.servers import ROOT, least, until

pytestmark = pytest.mark.fault

BROKER_S, DATABASE_S, PROVIDER_S = 20.0, 6.0, 5.0


def through(url: str, host: str, port: int) -> str:
    """The same database by another address."""
    asked = make_url(url)
    return asked.set(host=host, port=port, query={}).render_as_string(hide_password=False)


def socket_of(url: str) -> str:
    """Where PostgreSQL listens."""
    asked = make_url(url)
    folder = asked.query.get("host", asked.host)
    return f"{folder}/.s.PGSQL.{asked.port or 5432}"


POSTGRES = pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has no line to be cut


def seconds_until_refused(store: Store) -> float:
    begun = time.monotonic()
    with pytest.raises(OperationalError), store.read() as connection:
        connection.execute(text("SELECT 1"))
    return time.monotonic() - begun


def answers(store: Store) -> bool:
    with suppress(OperationalError), store.read() as connection:
        return connection.execute(text("SELECT 1")).scalar() == 1
    return False


def seconds_until_given_up(store: Store, line: Proxy) -> float:
    """In the middle of a transaction."""
    begun = time.monotonic()
    try:
        with store.read() as connection:
            connection.execute(text("SELECT 1"))
            line.be_silent()
            begun = time.monotonic()
            connection.execute(text("SELECT 2"))
    except OperationalError:
        return time.monotonic() - begun
    raise AssertionError("a silent server gave an answer")


@pytest.mark.broker
@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
def test_a_frozen_broker_is_noticed_and_heard_again_when_it_thaws(centre: Centre, figure: Figure) -> None:
    def ailments() -> list[str]:
        with centre.store.read() as connection:
            return [worker.ailment for worker in vitals.workers(connection) if worker.kind == "gateway"]

    centre.gateway.start()
    assert until(lambda: ailments() == [""])
    os.kill(centre.mosquitto.pid, signal.SIGSTOP)
    begun = time.monotonic()
    try:
        assert until(lambda: ailments() != [""]), centre.gateway.tail()
        noticed = time.monotonic() - begun
    finally:
        os.kill(centre.mosquitto.pid, signal.SIGCONT)
    figure(f"G7  a frozen broker was noticed after {noticed:.1f} s")
    assert noticed <= BROKER_S
    assert until(lambda: ailments() == [""]), centre.gateway.tail()
    centre.still_works()


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, timeout=60)


@contextmanager
def namespace(name: str) -> Iterator[tuple[str, str]]:
    """A network of its own, joined to ours by one cable; gives the addresses of our end and of the other."""
    if os.geteuid() != 0 or shutil.which("ip") is None:
        pytest.skip("a network of its own needs root and iproute2")
    outside, inside = f"{name}o", f"{name}i"
    own = os.getpid() % 50_000  # two test runs on one machine must not share a network
    near, far = (f"10.{50 + own // 250}.{own % 250}.{end}" for end in (1, 2))

    ip("netns", "add", name)
    try:
        ip("link", "add", outside, "type", "veth", "peer", "name", inside, "netns", name)
        ip("addr", "add", f"{near}/30", "dev", outside)
        ip("link", "set", outside, "up")
        ip("-n", name, "addr", "add", f"{far}/30", "dev", inside)
        ip("-n", name, "link", "set", inside, "up")
        yield near, far
    finally:
        ip("link", "del", outside)
        ip("netns", "del", name)


RELAY = """
import socket, sys, threading
listening = socket.create_server((sys.argv[1], 0))
print(listening.getsockname()[1], flush=True)
def pump(a, b):
    while data := a.recv(65536):
        b.sendall(data)
while True:
    caller, _ = listening.accept()
    server = socket.socket(socket.AF_UNIX)
    server.connect(sys.argv[2])
    for pair in ((caller, server), (server, caller)):
        threading.Thread(target=pump, args=pair, daemon=True).start()
"""


@POSTGRES
def test_a_line_to_the_database_that_is_cut_is_noticed(store: Store, figure: Figure) -> None:
    url, name = url_of(store), f"ax{os.getpid()}"
    with namespace(name) as (near, host):
        command = ["ip", "netns", "exec", name, sys.executable, "-c", RELAY, host, socket_of(url)]
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as relay:
            try:
                assert relay.stdout is not None
                far = Store(through(url, host, int(relay.stdout.readline())))

                def cut() -> tuple[float, float]:
                    assert until(lambda: answers(far)), "the line never came up"
                    # Not a word comes back, not even that the cable is out.
                    ip("-n", name, "route", "replace", "blackhole", f"{near}/32")
                    found = seconds_until_refused(far), seconds_until_refused(far)
                    ip("-n", name, "route", "del", "blackhole", f"{near}/32")
                    return found

                asleep, anew = least(cut, DATABASE_S)
                far.close()
            finally:
                relay.kill()
    figure(f"G7  a cut line to PostgreSQL was noticed after {asleep:.1f} s, a new one after {anew:.1f} s")
    assert max(asleep, anew) <= DATABASE_S


@POSTGRES
def test_a_frozen_database_is_on_health_in_time_and_no_worker_waits_for_ever(
    store: Store, figure: Figure
) -> None:
    with proxied(socket_of(url_of(store))) as line:
        far = Store(through(url_of(store), "127.0.0.1", line.port))
        with far.read() as connection:
            connection.execute(text("SELECT 1"))
        settings = Settings.model_validate(
            {"database_url": "sqlite://", "public_url": "http://127.0.0.1:8000"}
        )

        def asked() -> tuple[float]:
            app = create_app(Parts(far, SystemClock(), LocalBell(), Planbook(plans.shipped()), settings))
            line.be_silent()  # TCP goes on answering, as it does for a process that is stopped
            begun = time.monotonic()
            answer = TestClient(app).get("/health")
            noticed = time.monotonic() - begun
            line.speak()
            assert (answer.status_code, list(answer.json()["checks"])) == (503, ["database"])
            return (noticed,)

        def held() -> tuple[float]:
            given_up = seconds_until_given_up(far, line)
            line.speak()
            return (given_up,)

        (noticed,) = least(asked, DATABASE_S)
        (given_up,) = least(held, DATABASE_S)
        with far.read() as connection:
            assert connection.execute(text("SELECT 1")).scalar() == 1
        far.close()
    figure(f"G7  a frozen PostgreSQL is on /health after {noticed:.1f} s, given up after {given_up:.1f} s")
    assert noticed <= DATABASE_S
    assert given_up <= DATABASE_S


@POSTGRES
def test_a_database_that_is_only_slow_is_waited_for(store: Store) -> None:
    with store.read() as connection:
        slow = 2 * ASK_AFTER_S + 0.5
        assert connection.execute(text("SELECT 'at last' FROM pg_sleep(:slow)"), {"slow": slow}).scalar()
        assert connection.execute(text("SELECT 1")).scalar() == 1, "and goes on"


@POSTGRES
def test_a_slow_database_that_answers_nobody_beside_is_given_up(store: Store) -> None:
    """It froze in the middle of a long statement: asked again, it says nothing."""
    with proxied(socket_of(url_of(store))) as line:
        far = Store(through(url_of(store), "127.0.0.1", line.port))
        begun = time.monotonic() + 1.5 * ASK_AFTER_S
        freezes = threading.Timer(1.5 * ASK_AFTER_S, line.be_silent)
        freezes.start()
        with pytest.raises(OperationalError), far.read() as connection:
            connection.execute(text("SELECT 1 FROM pg_sleep(9)"))
        noticed = time.monotonic() - begun
        line.speak()
        far.close()
    assert noticed <= DATABASE_S


def test_a_provider_that_never_answers_is_given_up(figure: Figure) -> None:
    now = datetime(2026, 11, 21, 6, 5, tzinfo=UTC)
    message = Message(
        id=1, key="k", incident_id=None, to=Recipient("contact:1", "女儿", "+8613800000002"),
        purpose=Purpose.RAISED, body="【2222999】…", channel="", lane=Lane.PERSON,
        state=MessageState.SENDING, attempts=1, created_at=now, due_at=now,
    )  # fmt: skip
    provider = Provider(now)
    with running(provider):
        channel = TwilioSms("AC1", "secret", "+15005550006", "http://127.0.0.1/cb", provider.url)
        assert isinstance(channel.send(message), Sent)  # the first one loads half of the SDK

        def sent() -> tuple[float]:
            provider.answers.append("deaf")
            begun = time.monotonic()
            assert isinstance(channel.send(message), TryLater)
            return (time.monotonic() - begun,)

        (noticed,) = least(sent, PROVIDER_S)
    figure(f"G7  a provider that never answers was given up after {noticed:.1f} s")
    assert noticed <= PROVIDER_S
