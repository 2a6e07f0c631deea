"""`python -m bench` runs to its end; of what it measures, only what holds on any machine is looked at."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from bench import killed
from bench.disk import NO_COMPILER, OWN, SLOW_SYNC_S, can_be_slow
from bench.scene import SQLITE, Scene, databases
from bench.settings import BenchSettings
from tests.servers import NO_MOSQUITTO, ROOT, program


@pytest.mark.broker
@pytest.mark.alone
@pytest.mark.timeout(300)
@pytest.mark.skipif(program("mosquitto") is None, reason=NO_MOSQUITTO)
@pytest.mark.skipif(not can_be_slow(), reason=NO_COMPILER)
def test_where_a_sync_takes_10_ms_we_pay_for_few_of_them(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    words = ["--size", "tiny", "--store", "sqlite", "--only", "slow-disk", "--json", str(found)]
    ended = subprocess.run(
        [sys.executable, "-m", "bench", *words, "--folder", str(tmp_path / "data")],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=280,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    assert "Signals persisted and acknowledged" in ended.stdout
    disk = orjson.loads(found.read_bytes())["slow_disk"]
    sync_ms = SLOW_SYNC_S * 1000
    assert disk["fsync_p50_ms"] >= sync_ms
    (store,) = disk["stores"]
    assert store["store"] == "sqlite"
    assert all(store[name] > 0 for name in store if name.endswith("_per_s"))
    assert store["naive_per_s"] <= 1 / SLOW_SYNC_S, "a commit for each message: no machine is quicker"
    assert store["activity_per_s"] > 5 * store["naive_per_s"]
    assert store["presses_told_per_s"] > 2 * store["naive_presses_told_per_s"]
    (ours,), (naive,) = store["latency"]["anxin"], store["latency"]["naive"]
    assert ours["answered"] == naive["answered"] == ours["presses"]
    assert store["stored"]["stored_p50_ms"] >= sync_ms, "a press is acknowledged when it is on the disk"
    assert ours["p50_ms"] >= 2 * sync_ms, "what to say is on the disk, too, before it is said"


@pytest.mark.broker
@pytest.mark.fault
@pytest.mark.timeout(300)
@pytest.mark.skipif(program("mosquitto") is None, reason=NO_MOSQUITTO)
def test_killed_in_a_burst_we_lose_nobody_and_the_naive_service_does(tmp_path: Path) -> None:
    """The provider cannot be asked: what a sender had in hand may be told twice, but not what it sent before.

    Twice as much where the database was too slow to be waited for.
    """
    count = killed.TINY.presses
    with databases(SQLITE, tmp_path / "data", OWN) as fresh:
        fresh.fill(killed.homes(killed.TINY))
        scene = Scene(tmp_path, fresh, killed.homes(killed.TINY))
        ours = killed.kill(killed.NOT_ASKED, count, scene)
        naive = killed.kill(killed.PAHO, count, scene)
    assert ours.lost == 0
    assert ours.again <= 2 * BenchSettings().senders
    assert naive.lost > 0, "who presses while nobody listens"
