"""`python -m bench` runs to its end; what it measures is nobody's business here."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import orjson
import pytest

from tests.servers import NO_MOSQUITTO, ROOT, program


@pytest.mark.broker
@pytest.mark.skipif(program("mosquitto") is None, reason=NO_MOSQUITTO)
def test_the_measurement_runs_and_writes_what_it_found(tmp_path: Path) -> None:
    found = tmp_path / "found.json"
    words = ["--size", "tiny", "--store", "sqlite", "--json", str(found), "--folder", str(tmp_path / "data")]
    ended = subprocess.run(
        [sys.executable, "-m", "bench", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=110,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (store,) = orjson.loads(found.read_bytes())["stores"]
    assert store["store"] == "sqlite"
    assert all(store[name] > 0 for name in store if name.endswith("_per_s"))
    (ours,), (naive,) = store["latency"]["anxin"], store["latency"]["naive"]
    assert ours["answered"] == naive["answered"] == ours["presses"]
    assert "Signals persisted and acknowledged" in ended.stdout
