"""Whose process is gone is noticed at once, and nobody else is taken for dead."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import select, update
from structlog.typing import EventDict

from community.storage.tables import message
from dispatcher.courier import LEASE
from dispatcher.lifeline import SETTLES, Lifeline, folder_for
from dispatcher.storage import outbox
from tests.dispatcher.test_engine import pressed
from tests.servers import ROOT
from tests.town import Town

OTHER = "other-1"
ANOTHER_PROCESS = """
import sys
from pathlib import Path
from community.storage import Store
from dispatcher.lifeline import Lifeline
life = Lifeline(Store("sqlite://"), Path(sys.argv[1]), sys.argv[2])
print("lives", flush=True)
sys.stdin.read()
life.close()
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "lives"


@pytest.fixture
def other(folder: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Another courier of this machine, in a process of its own."""
    command = [sys.executable, "-c", ANOTHER_PROCESS, str(folder), OTHER]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"lives\n"
        yield process
        process.kill()


def leases(town: Town) -> set[timedelta]:
    """How long what is being sent is somebody's, from now on."""
    with town.store.read() as connection:
        query = select(message.c.lease_until).where(message.c.state == "sending")
        return {until - town.time for until in connection.execute(query).scalars()}


def taken_by(town: Town, worker: str) -> int:
    """王秀英 has pressed, and somebody has taken all that is to be sent."""
    pressed(town, "王秀英")
    town.engine.tick(town.time)
    with town.store.write() as connection:
        until = town.time + LEASE
        return len(outbox.take(connection, worker=worker, now=town.time, lease_until=until, limit=100))


def test_what_the_dead_had_in_hand_is_free_when_it_can_no_longer_arrive(
    town: Town, folder: Path, other: subprocess.Popen[bytes]
) -> None:
    count = taken_by(town, OTHER)
    life = Lifeline(town.store, folder, "mine-1")
    assert life.turn(town.time) == 0
    assert leases(town) == {LEASE}, "it lives"
    other.kill()
    other.wait()
    assert life.turn(town.time) == count
    assert leases(town) == {SETTLES}
    assert [path.name for path in folder.iterdir()] == ["mine-1.alive"], "the dead is buried"
    town.time += timedelta(seconds=1)
    assert life.turn(town.time) == 0
    assert leases(town) == {SETTLES - timedelta(seconds=1)}, "and once is enough"
    life.close()
    assert list(folder.iterdir()) == []


def test_whoever_is_only_stopped_keeps_what_it_has(
    town: Town, folder: Path, other: subprocess.Popen[bytes]
) -> None:
    taken_by(town, OTHER)
    life = Lifeline(town.store, folder, "mine-1")
    os.kill(other.pid, signal.SIGSTOP)
    assert life.turn(town.time) == 0
    assert leases(town) == {LEASE}
    life.close()


def test_who_ends_in_order_leaves_nothing_behind(folder: Path, other: subprocess.Popen[bytes]) -> None:
    assert [path.name for path in folder.iterdir()] == [f"{OTHER}.alive"]
    other.communicate(b"")
    assert list(folder.iterdir()) == []


def test_the_dead_of_others_and_the_living_keep_their_leases(
    town: Town, folder: Path, other: subprocess.Popen[bytes]
) -> None:
    """A worker of another machine has no file here."""
    taken_by(town, "far-away-1")
    life = Lifeline(town.store, folder, "mine-1")
    other.kill()
    other.wait()
    assert life.turn(town.time) == 0
    assert leases(town) == {LEASE}
    life.close()


def test_a_lease_that_ends_sooner_is_not_made_longer(
    town: Town, folder: Path, other: subprocess.Popen[bytes]
) -> None:
    taken_by(town, OTHER)
    with town.store.write() as connection:
        soon = town.time + timedelta(seconds=1)
        connection.execute(update(message).where(message.c.state == "sending").values(lease_until=soon))
    life = Lifeline(town.store, folder, "mine-1")
    other.kill()
    other.wait()
    life.turn(town.time)
    assert leases(town) == {timedelta(seconds=1)}
    life.close()


def test_without_a_folder_it_says_so_once_and_waits_for_leases(
    town: Town, tmp_path: Path, logs: list[EventDict]
) -> None:
    (tmp_path / "file").write_text("no folder")
    life = Lifeline(town.store, tmp_path / "file" / "lives", "mine-1")
    assert life.turn(town.time) == 0
    life.close()
    assert [entry["event"] for entry in logs] == ["who dies is noticed by its lease only"]


def test_each_database_has_a_folder_of_its_own(town: Town) -> None:
    folder = folder_for(town.store)
    assert folder.parent.name == f"anxin-{os.getuid()}"
    assert len(folder.name) == 16
