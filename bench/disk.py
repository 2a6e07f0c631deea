"""The disk that keeps the data: this machine's own, or one on which each sync takes 10 ms longer.

The second is made by preloading `slow_sync.c` into our processes and the database's: on Linux, with a C
compiler. What is measured there in syncs holds anywhere; what one's own disk takes is another time each time.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.servers import ROOT, program

SLOW_SYNC_S = 0.010
NO_COMPILER = "a slow disk needs Linux and a C compiler: apt-get install gcc libc6-dev"


@dataclass(frozen=True)
class Disk:
    """`env` is what a process that keeps data is started with."""

    name: str
    env: Mapping[str, str] = field(default_factory=dict)

    @contextmanager
    def under_what_starts(self) -> Iterator[None]:
        """Also what somebody else starts meanwhile, as the PostgreSQL wheel starts its server."""
        before = {name: os.environ.get(name) for name in self.env}
        os.environ.update(self.env)
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value

    def syncs_ms(self, folder: Path, count: int) -> list[float]:
        """How long each of `count` syncs of a block takes, in ms, in a process of its own."""
        timed = subprocess.run(
            [sys.executable, "-m", "bench.sync", str(folder / "fsync"), str(count)],
            cwd=ROOT,
            env={**os.environ, **self.env},
            capture_output=True,
            text=True,
            check=True,
        )
        return [float(line) for line in timed.stdout.split()]


OWN = Disk("own")


def can_be_slow() -> bool:
    return sys.platform == "linux" and program("cc") is not None


def slow(folder: Path) -> Disk:
    """A disk of `SLOW_SYNC_S` a sync. FileNotFoundError without a compiler, RuntimeError when it says no."""
    compiler = program("cc")
    if not can_be_slow() or compiler is None:
        raise FileNotFoundError(NO_COMPILER)
    library = folder / "slow_sync.so"
    source = Path(__file__).with_name("slow_sync.c")
    made = subprocess.run(
        [compiler, "-O1", "-shared", "-fPIC", "-o", str(library), str(source), "-ldl"],
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode:
        raise RuntimeError(f"{NO_COMPILER}\n{made.stderr}")
    library.chmod(0o755)  # the database may run as another user
    return Disk("10 ms a sync", {"LD_PRELOAD": str(library), "ANXIN_SYNC_US": str(round(SLOW_SYNC_S * 1e6))})
