"""The demo's processes, kept alive and taken down together: with real, small ones."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from tests.servers import least

SERVES = "import signal; print('ready'); signal.pause()"
IGNORES_US = (
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready')\nwhile 1: signal.pause()"
)

Make = Callable[..., Any]
Until = Callable[[Callable[[], bool]], bool]

pytestmark = pytest.mark.skipif(os.name == "nt", reason="the demo's process tree is tested on POSIX")


def is_alive(pid: int) -> bool:
    """Whether a process still runs; one that only waits for its parent to notice its end does not."""
    with contextlib.suppress(FileNotFoundError, ProcessLookupError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


def test_a_part_is_ready_when_it_says_so(tree: Any, part: Make) -> None:
    tree.until_ready(part("api", "import sys; print('warming up', file=sys.stderr);" + SERVES), seconds=60)
    assert [life.part.name for life in tree.lives] == ["api"]


def test_a_part_that_dies_at_the_start_is_shown_with_its_last_words(
    anxin: ModuleType, tree: Any, part: Make
) -> None:
    with pytest.raises(anxin.Trouble) as trouble:
        tree.until_ready(part("gateway", "raise SystemExit('no such broker')"), seconds=60)
    assert "no such broker" in str(trouble.value)
    assert "gateway" in str(trouble.value)


def test_a_part_that_never_gets_ready_is_given_up(anxin: ModuleType, tree: Any, part: Make) -> None:
    with pytest.raises(anxin.Trouble, match="not ready"):
        tree.until_ready(part("api", "import signal; signal.pause()"), seconds=0.2)


def test_a_preparation_must_succeed(anxin: ModuleType, tree: Any, part: Make, tmp_path: Path) -> None:
    output = tmp_path / "roster.json"
    tree.to_the_end(part("roster", "print('[]')", once=True, output=output), seconds=60)
    assert output.read_text() == "[]\n"
    assert output.stat().st_mode & 0o077 == 0  # the seed's output holds passwords
    with pytest.raises(anxin.Trouble, match="code 3"):
        tree.to_the_end(part("migrate", "raise SystemExit(3)", once=True), seconds=60)


def test_a_preparation_is_left_at_once_when_we_are_asked_to_stop(
    anxin: ModuleType, tree: Any, part: Make
) -> None:
    tree.stopping.set()
    with pytest.raises(anxin.Interrupted):
        tree.to_the_end(part("seed", SERVES, once=True), seconds=60)


def test_a_killed_part_is_started_again(
    tree: Any, part: Make, until: Until, capsys: pytest.CaptureFixture[str]
) -> None:
    tree.until_ready(part("gateway", SERVES), seconds=60)
    (life,) = tree.lives
    first = life.process
    first.kill()

    def is_back() -> bool:
        tree.tend()
        return life.process is not first and tree.is_ready(life)

    assert until(is_back)
    assert "gateway 意外退出" in capsys.readouterr().out


def test_a_part_that_keeps_dying_is_started_less_and_less_often(anxin: ModuleType) -> None:
    waits = [anxin.back_off(failures) for failures in range(1, 9)]
    assert waits == [0.5, 1, 2, 4, 8, 10, 10, 10]


def test_a_scenario_that_has_ended_is_not_started_again(tree: Any, part: Make, until: Until) -> None:
    tree.start(part("press", "pass", once=True))

    def is_over() -> bool:
        tree.tend()
        return not tree.lives

    assert until(is_over)


def test_everything_ends_within_three_seconds_even_what_will_not_listen(tree: Any, part: Make) -> None:
    def stopped() -> tuple[float]:
        tree.stopping.clear()
        tree.until_ready(part("api", IGNORES_US), part("gateway", SERVES), seconds=60)
        processes = [life.process for life in tree.lives]
        begun = time.monotonic()
        tree.stop()
        took = time.monotonic() - begun
        assert [process.returncode for process in processes] == [-signal.SIGKILL, -signal.SIGTERM]
        return (took,)

    assert max(least(stopped, 3)) < 3


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="only Linux kills children with their parent"
)
def test_no_part_outlives_a_launcher_that_was_killed_outright(tmp_path: Path, until: Until) -> None:
    root = Path(__file__).resolve().parents[2]
    launcher = subprocess.Popen(
        [
            sys.executable,
            "-c",
            "import sys, anxin, pathlib, os\n"
            "tree = anxin.ProcessTree(dict(os.environ, PYTHONUNBUFFERED='1'), pathlib.Path(sys.argv[1]))\n"
            f"tree.until_ready(anxin.Part('api', [sys.executable, '-c', {SERVES!r}]), seconds=60)\n"
            "print(tree.lives[0].process.pid, flush=True)\n"
            "tree.stopping.wait()\n",
            str(tmp_path),
        ],
        cwd=root,
        stdout=subprocess.PIPE,
        text=True,
    )
    with launcher:
        assert launcher.stdout
        pid = int(launcher.stdout.readline())
        assert is_alive(pid)
        launcher.kill()
    assert until(lambda: not is_alive(pid))


def test_ctrl_c_and_sigterm_ask_instead_of_ending_us_half_way(anxin: ModuleType) -> None:
    tree = anxin.ProcessTree({}, Path())
    before = signal.getsignal(signal.SIGTERM)
    with anxin.asked_to_stop(tree.stopping):
        os.kill(os.getpid(), signal.SIGTERM)
        assert tree.stopping.wait(60)
    assert signal.getsignal(signal.SIGTERM) is before
