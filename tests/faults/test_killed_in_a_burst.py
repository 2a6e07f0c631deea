"""`bench.killed`: three thousand presses, all of ours killed in the middle of them and started again."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from bench import killed
from bench.disk import OWN
from bench.scene import POSTGRES, SQLITE, Scene, databases
from tests.faults.conftest import Figure
from tests.servers import NO_MOSQUITTO, program

SIZE = killed.QUICK
HOWEVER_LONG_S = 300.0  # that recording what was sent takes on the slowest machine

pytestmark = [
    pytest.mark.broker,
    pytest.mark.fault,
    pytest.mark.timeout(900),
    pytest.mark.skipif(program("mosquitto") is None, reason=NO_MOSQUITTO),
]


@pytest.fixture
def folder() -> Iterator[Path]:
    """Not pytest's own, into which PostgreSQL, which runs as another user when we are root, may not look."""
    made = Path(tempfile.mkdtemp(prefix="anxin-burst-"))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made, ignore_errors=True)


@pytest.mark.parametrize("kind", [SQLITE, POSTGRES])
def test_nobody_is_lost_and_told_again_is_at_most_what_senders_had_in_hand(
    kind: str, folder: Path, figure: Figure
) -> None:
    """None at all where the provider can be asked. The naive service forgets who presses while it is down."""
    with databases(kind, folder / "data", OWN) as fresh:
        fresh.fill(killed.homes(SIZE))
        scene = Scene(folder, fresh, killed.homes(SIZE))
        asked = killed.kill(killed.ASKED, SIZE.presses, scene, HOWEVER_LONG_S)
        not_asked = killed.kill(killed.NOT_ASKED, SIZE.presses, scene, HOWEVER_LONG_S)
        naive = killed.kill(killed.PAHO, SIZE.presses, scene)
    for one in (asked, not_asked, naive):
        figure(f"    {one}")
    assert asked.lost == not_asked.lost == 0
    assert asked.again == 0
    assert not_asked.again <= not_asked.senders
    assert naive.lost > 0
