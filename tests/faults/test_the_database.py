"""The database is locked, killed, stopped or full while people press: they wait, and nobody is lost."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import sqlite3
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import create_engine
from sqlalchemy.exc import OperationalError

from community.storage import Store
from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from tests.conftest import keeps_its_promises
from tests.faults.conftest import Figure
from tests.faults.street import (
    BUTTONS,
    PATIENTLY,
    WITHIN_S,
    Count,
    Sending,
    comes_out_even,
    dispatcher,
    is_everybody_told,
    name_of,
    others,
    received,
    soon,
)
from tests.gateway.conftest import Centre
from tests.servers import Mosquitto, until

PRESSES, RATE = 300, 150.0
STOPPED_S = 30.0  # longer than all our time-outs: the server ends what it was at when it wakes up

pytestmark = [pytest.mark.broker, pytest.mark.fault, pytest.mark.timeout(400)]

Trouble = Callable[[Centre], Iterator[None]]


def press_through(centre: Centre, folder: Path, trouble: Trouble) -> Count:
    """People press before, while and after; in the end each press is stored, counted and told once."""
    telling = dispatcher(centre, folder / "dispatcher")
    presses = list(repeated(41, BUTTONS, PRESS, PRESSES, RATE))
    centre.gateway.start()
    telling.start()
    try:
        with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
            sending = Sending(sender, presses[: PRESSES // 3])
            try:
                sending.has_said(PRESSES // 3)
                with contextmanager(trouble)(centre):
                    sending.end()
                    sending = Sending(sender, presses[PRESSES // 3 :])  # none of them before the trouble
                    sending.has_said(PRESSES)
                    if trouble is not killed:  # a server that was killed may be back before the last press
                        assert sender.tally().acked < PRESSES, "what is not stored is not acknowledged"
                assert sender.wait(WITHIN_S), f"{sender.tally()}\n{centre.gateway.tail()}"
            finally:
                sending.end()
        assert until(lambda: is_everybody_told(centre, len(BUTTONS)), WITHIN_S), telling.tail()
        assert centre.gateway.is_running()
        assert telling.is_running()
        telling.stop()
    finally:
        telling.kill()
    count = comes_out_even(centre, presses)
    assert received(centre) == count.texts
    return count


def gives_up(centre: Centre) -> bool:
    """Whether the gateway has said that it could not store something."""
    return centre.gateway.has_said("the database is away")


def locked(centre: Centre) -> Iterator[None]:
    """Somebody holds a lock for longer than anybody waits for one."""
    # One table: who takes two can be in a deadlock with whoever takes them the other way round.
    lock = "SELECT 1" if centre.store.is_sqlite else "LOCK TABLE incident IN ACCESS EXCLUSIVE MODE"
    with centre.store.write() as connection:  # on SQLite this alone keeps every other writer out
        if not centre.store.is_sqlite:
            connection.exec_driver_sql(PATIENTLY)
        connection.exec_driver_sql(lock)
        yield
        assert until(lambda: gives_up(centre), WITHIN_S)


def killed(centre: Centre) -> Iterator[None]:
    """A process of the server dies: it ends all others, recovers from its log, and lets people in again."""
    before = others(centre)
    os.kill(before[0], signal.SIGKILL)
    yield
    assert until(lambda: has_lost(centre, before), WITHIN_S)


def has_lost(centre: Centre, pids: list[int]) -> bool:
    """Whether the server is back, and none of its processes `pids` with it."""
    try:
        return not set(pids) & set(others(centre))
    except OperationalError:
        return False


def stopped(centre: Centre) -> Iterator[None]:
    """The whole server stands still, as on a machine that swaps, and takes nobody's call."""
    server = parent_of(others(centre)[0])
    family = [server]
    os.kill(server, signal.SIGSTOP)  # first, so that it has no more children
    family += children_of(server)
    try:
        for pid in family:
            send(pid, signal.SIGSTOP)
        begun = time.monotonic()
        yield
        assert until(lambda: gives_up(centre), STOPPED_S), "it was asked on another line"
        until(lambda: time.monotonic() >= begun + STOPPED_S, STOPPED_S)
    finally:
        for pid in family:
            send(pid, signal.SIGCONT)


def send(pid: int, what: signal.Signals) -> None:
    """To a process that may have ended by then: its server forgets it, and the others still wait for us."""
    with suppress(ProcessLookupError):
        os.kill(pid, what)


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def test_presses_outlive_a_lock(centre: Centre, tmp_path: Path, figure: Figure) -> None:
    count = press_through(centre, tmp_path, locked)
    figure(f"    {name_of(centre)}, locked: {count}; 0 lost, 0 told twice")


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # SQLite has no server
@pytest.mark.parametrize("trouble", [killed, stopped], ids=lambda trouble: trouble.__name__)
def test_presses_outlive_the_server(centre: Centre, tmp_path: Path, figure: Figure, trouble: Trouble) -> None:
    count = press_through(centre, tmp_path, trouble)
    long = f" for {STOPPED_S:.0f} s" if trouble is stopped else ""
    figure(f"    {name_of(centre)}, {trouble.__name__}{long}: {count}; 0 lost, 0 told twice")


# ---- the disk is full ----


@pytest.fixture
def disk() -> Iterator[Path]:
    """A small disk of its own; not in pytest's folders, which lock PostgreSQL's user out when we are root."""
    folder = Path(tempfile.mkdtemp(prefix="anxin-disk-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40m,mode=777", "anxin-test", folder])
    if mounted.returncode:
        folder.rmdir()
        pytest.skip("a disk can only be mounted by root")
    yield folder
    subprocess.run(["umount", "-l", folder], check=True)
    folder.rmdir()


@pytest.fixture(params=["sqlite", "postgres"])
def small(request: pytest.FixtureRequest, disk: Path) -> Iterator[Store]:
    """A store on the small disk."""
    if request.param == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), disk / "anxin.db")
        store = Store(f"sqlite:///{disk / 'anxin.db'}")
        yield store
        keeps_its_promises(store)
        store.close()
        return
    server: str = request.getfixturevalue("postgres_url")
    template: str = request.getfixturevalue("postgres_template")
    name = f"small_{uuid4().hex[:8]}"
    space = disk / "space"
    space.mkdir()
    shutil.chown(space, Path(f"/proc/{server_pid(server)}").owner())
    administer(server, f"CREATE TABLESPACE {name} LOCATION '{space}'")
    administer(server, f"CREATE DATABASE {name} TEMPLATE {template} TABLESPACE {name}")
    base, _, options = server.partition("?")
    store = Store(f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else ""))
    yield store
    keeps_its_promises(store)
    store.close()
    administer(server, f"DROP DATABASE {name} WITH (FORCE)")
    administer(server, f"DROP TABLESPACE {name}")


def test_presses_outlive_a_full_disk(
    small: Store, disk: Path, mosquitto: Mosquitto, tmp_path: Path, figure: Figure
) -> None:
    def full(centre: Centre) -> Iterator[None]:
        if centre.store.is_sqlite:
            empty_the_journal(disk / "anxin.db")
        fill(disk / "ballast")
        yield
        assert until(lambda: gives_up(centre), WITHIN_S)
        (disk / "ballast").unlink()

    centre = Centre(small, mosquitto, tmp_path)
    try:
        count = press_through(centre, tmp_path, full)
    finally:
        centre.gateway.kill()
    figure(f"    {name_of(centre)}, disk full: {count}; 0 lost, 0 told twice")


def empty_the_journal(database: Path) -> None:
    """SQLite writes over its journal from the beginning: what is there may hold all that comes."""
    empty = "PRAGMA wal_checkpoint(TRUNCATE)"
    with closing(sqlite3.connect(database)) as connection:
        assert until(lambda: connection.execute(empty).fetchone()[0] == 0, WITHIN_S)


def fill(ballast: Path) -> None:
    """Until not one byte more fits."""
    with ballast.open("wb", buffering=0) as file:
        for size in (1 << 20, 1 << 12, 1):
            try:
                while True:
                    file.write(b"\0" * size)
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def server_pid(server: str) -> int:
    engine = create_engine(server)
    with engine.connect() as connection:
        (pid,) = connection.exec_driver_sql("SELECT pg_backend_pid()").one()
        owner = parent_of(pid)
    engine.dispose()
    return owner


def administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.exec_driver_sql(statement)
    engine.dispose()
