#!/usr/bin/env python3
"""Anxin from a fresh clone: make the environment once, then run one command (needs Python >= 3.11 and pip).

    python3 anxin.py demo      a whole alarm centre and a simulated street, on this machine only
    python3 anxin.py test      every check and test
    python3 anxin.py doctor    what is missing here, and what to do about it

Every command is in USAGE below. Nothing but the standard library is imported (the demo's MQTT server is the
one exception), and the file is written so that a Python too old to run it can still read it and say so.
"""

import sys

if sys.version_info < (3, 11):  # noqa: UP036 - an older Python must be told, not handed a traceback
    sys.stderr.write(
        f"Anxin 需要 / needs Python 3.11+; this is {sys.version.split()[0]} ({sys.executable}).\n"
        "Debian 12, Ubuntu 24.04: sudo apt install python3 python3-pip. Elsewhere: python.org, or uv.\n"
    )
    sys.exit(1)

import argparse
import contextlib
import ctypes
import hashlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import webbrowser
import xml.etree.ElementTree as ElementTree
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

VERSION = sys.version_info[:2]
ROOT = Path(__file__).resolve().parent
ENVIRONMENT = ROOT / ".venv"
SCRATCH = ROOT / ".anxin"
RUN_LOCK = ROOT / "requirements.lock"
TEST_LOCK = ROOT / "requirements-test.lock"
WINDOWS = os.name == "nt"
LINUX = sys.platform.startswith("linux")

# The module behind each command that is one part of the centre; the other commands are functions below.
MODULES = {
    "gateway": ("gateway",),
    "dispatcher": ("dispatcher",),
    "api": ("api",),
    "watch": ("dispatcher.watch",),
    "fallback": ("gateway.fallback",),
    "sim": ("devices.sim",),
    "decode": ("gateway.decode",),
    "migrate": ("community", "migrate"),
    "register": ("community",),
    "backup": ("dispatcher.backup", "take"),
    "restore": ("dispatcher.backup", "restore"),
}

USAGE = """\
安心 Anxin - 社区老人紧急呼叫平台 / an open telecare alarm centre

  python3 anxin.py demo [--seconds N] [--port N] [--open] [--keep]
                          在本机演示完整流程 / the whole thing with a simulated street, on this machine only
  python3 anxin.py test [pytest arguments]
                          全部检查与测试 / every check and test
  python3 anxin.py doctor [--json]
                          检查运行条件 / what is missing here and what to do

  python3 anxin.py migrate | gateway | dispatcher | api | watch | fallback | sim [arguments]
                          单独运行一个部分 / one part by itself (--help after it explains)
  python3 anxin.py register seed | roster | add-user | add-key [arguments]
  python3 anxin.py register import-homes | undo-import | import-roads | close-road | open-road [arguments]
  python3 anxin.py register import-geometry | check-geometry | draft-cells [arguments]
                          导入台账、网格、楼栋、路网 / a street's own data (docs/maps.md)
  python3 anxin.py register device-login | device-off | device-on | broker-files [arguments]
                          演示街道、设备清单、账号、密钥、设备登录 / a made-up street, devices, logins
  python3 anxin.py backup FILE | restore [--check] [--replace] FILE
                          不停机备份、检查、恢复 / back up while it runs, check, bring back (docs/backup.md)
  python3 anxin.py decode  网关怎么理解一条设备消息 / what the gateway makes of a message, in JSON lines
  python3 anxin.py broker [--port N]
                          演示用 MQTT 服务器 / the MQTT server of the demo, never for production
  python3 anxin.py lock   重新生成依赖锁 / pin the dependencies again (needs uv)
"""


class Trouble(Exception):
    """Something a person can put right; the message says how, in both languages."""


class Interrupted(Exception):
    """We were asked to stop while something was still starting."""


def say(chinese: str, english: str) -> None:
    """Print one thought in both languages, Chinese first."""
    print(f"{chinese}\n  {english}", flush=True)


# ------------------------------------------------------------------------------------------ the environment


def python_in(environment: Path) -> Path:
    """The interpreter inside a virtual environment."""
    return environment / ("Scripts/python.exe" if WINDOWS else "bin/python")


def stamp_of(lock: bytes, python: tuple[int, int]) -> str:
    """What a lock file asks for on one Python, as a name (`3.11 5f0c…`); an equal stamp needs no install."""
    return f"{python[0]}.{python[1]} {hashlib.sha256(lock).hexdigest()}"


def child_variables(inherited: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The variables of everything we start: our modules and no strays, UTF-8, no buffers, a home to write."""
    kept = {
        name: value
        for name, value in inherited.items()
        # These would mix another installation's modules or another tool's choices into ours.
        if name not in ("PYTHONHOME", "VIRTUAL_ENV", "PIP_USER", "PIP_TARGET", "PIP_PREFIX")
    }
    # Our packages are found from any folder, and a stranger's `api/` in that folder is not.
    kept.update(PYTHONPATH=str(ROOT), PYTHONSAFEPATH="1", PYTHONUTF8="1", PYTHONUNBUFFERED="1")
    kept.update(PIP_DISABLE_PIP_VERSION_CHECK="1", PIP_NO_INPUT="1")
    if "PIP_INDEX_URL" in kept:  # uv does not read pip's settings
        kept.setdefault("UV_DEFAULT_INDEX", kept["PIP_INDEX_URL"])
    home = kept.get("HOME", "")
    if not WINDOWS and not (os.path.isdir(home) and os.access(home, os.W_OK)):
        kept["HOME"] = str(scratch / "home")
    return kept


def run_variables(inherited: Mapping[str, str], scratch: Path) -> dict[str, str]:
    """The variables of a part run by itself: also a store and a broker shared by all, where none is named."""
    variables = child_variables(inherited, scratch)
    variables.setdefault("ANXIN_DATABASE_URL", sqlite_url(scratch / "anxin.db"))
    variables.setdefault("ANXIN_MQTT_HOST", "127.0.0.1")
    return variables


def sqlite_url(path: Path) -> str:
    """The SQLAlchemy address of a SQLite file given by its absolute path."""
    return "sqlite:///" + path.as_posix()


def install_commands(lock: Path, python: Path, uv: str | None, pips: Sequence[str]) -> list[list[str]]:
    """The commands that would install `lock` into the environment of `python`, best first.

    `pips` are interpreters that have pip; pip works on the environment from outside, which needs neither the
    venv package nor leave to touch the system's own packages (PEP 668).
    """
    wanted = ["install", "--require-hashes", "--only-binary", ":all:", "-r", str(lock)]
    commands = []
    if uv:
        commands.append([uv, "pip", *wanted, "--python", str(python), "--compile-bytecode"])
    for pip in pips:
        commands.append([pip, "-m", "pip", "--python", str(python), *wanted])
    return commands


def prepare(*, for_tests: bool) -> Path:
    """Make or complete `.venv` when needed and return its interpreter; needs the network only then."""
    lock = TEST_LOCK if for_tests else RUN_LOCK
    wanted = stamp_of(lock.read_bytes(), VERSION)
    python = python_in(ENVIRONMENT)
    stamps = ENVIRONMENT / "anxin-stamps"
    unfinished = ENVIRONMENT / "anxin-unfinished"

    def is_sound() -> bool:
        return not unfinished.exists() and answers_as(python, VERSION)

    def holds_what_is_wanted() -> bool:
        return is_stamped(stamps, wanted) and is_sound()

    variables = child_variables(os.environ, SCRATCH)
    make_folder(SCRATCH, 0o700)  # it will hold a register of people
    make_folder(Path(variables.get("HOME") or SCRATCH))
    if holds_what_is_wanted():  # most starts: several parts at once need not wait for each other
        return python
    with one_at_a_time(SCRATCH / "setup.lock"):
        if holds_what_is_wanted():  # by now
            return python
        say(
            f"正在准备运行环境 {ENVIRONMENT.name}(只需一次,半分钟到几分钟,看网络快慢)…",
            f"Preparing {ENVIRONMENT.name} (once; half a minute to a few minutes, as the network allows)…",
        )
        if not is_sound():
            remake_environment(unfinished, variables)
        install(lock, python, variables)
        stamps.unlink(missing_ok=True)
        unfinished.unlink(missing_ok=True)
        # The test lock holds everything the run lock holds, at the same versions.
        done = [RUN_LOCK, TEST_LOCK] if for_tests else [RUN_LOCK]
        stamps.write_text("".join(stamp_of(each.read_bytes(), VERSION) + "\n" for each in done))
        say("环境已就绪。", "The environment is ready.")
    return python


def is_stamped(stamps: Path, wanted: str) -> bool:
    """Whether an install that was asked for is noted as done."""
    return stamps.exists() and wanted in stamps.read_text().splitlines()


def answers_as(python: Path, version: tuple[int, int]) -> bool:
    """Whether the interpreter runs and is of the same minor version: a half-made or moved folder does not."""
    try:
        answer = subprocess.run(
            [str(python), "-I", "-c", "import sys; print(*sys.version_info[:2])"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
    except OSError:
        return False
    return answer.returncode == 0 and answer.stdout.split() == [str(part) for part in version]


def remake_environment(unfinished: Path, variables: Mapping[str, str]) -> None:
    """Put an empty environment in place of whatever is there, marked unfinished until packages are in."""
    if ENVIRONMENT.is_symlink() or ENVIRONMENT.is_file():
        ENVIRONMENT.unlink()
    elif ENVIRONMENT.exists():
        say("原有环境不完整,重新创建。", "The environment found here is incomplete; making it anew.")
        shutil.rmtree(ENVIRONMENT)
    make_folder(ENVIRONMENT)
    unfinished.touch()
    # Without pip, because Debian's Python has no ensurepip and would leave a broken folder behind.
    made = subprocess.run(
        [base_python(), "-m", "venv", "--without-pip", str(ENVIRONMENT)],
        env=dict(variables),
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
    )
    if made.returncode != 0:
        raise Trouble(f"创建虚拟环境失败 / could not create the environment:\n{made.stdout}{made.stderr}")


def base_python() -> str:
    """The interpreter behind any virtual environment we were started from."""
    return str(getattr(sys, "_base_executable", None) or sys.executable)


def install(lock: Path, python: Path, variables: Mapping[str, str]) -> None:
    """Install a lock file, by uv when it is there and works, else by pip; Trouble says what to do."""
    pips = [each for each in dict.fromkeys((base_python(), sys.executable)) if has_pip(each, variables)]
    commands = install_commands(lock, python, shutil.which("uv"), pips)
    if not commands:
        raise Trouble(
            "没有找到 pip。Debian/Ubuntu 请运行:sudo apt install python3-pip\n"
            "  pip was not found. On Debian or Ubuntu: sudo apt install python3-pip (or install uv)."
        )
    total = len(re.findall(rb"^\S+==", lock.read_bytes(), re.MULTILINE))
    log = SCRATCH / "setup.log"
    for command in commands:
        with log.open("wb") as output:
            installer = subprocess.Popen(
                command,
                stdout=output,
                stderr=subprocess.STDOUT,
                stdin=subprocess.DEVNULL,
                env=dict(variables),
            )
        try:
            show_progress(installer, log, total)
        finally:
            end(installer)
        if installer.returncode == 0:
            return
    raise Trouble(
        f"{last_lines(log, 12)}\n\n"
        "下载或安装失败(完整记录见 .anxin/setup.log)。请检查网络;在国内可改用镜像后再试一次,例如:\n"
        "  Downloading or installing failed (all of it is in .anxin/setup.log). Check the network; a nearer\n"
        "  package index may help - set PIP_INDEX_URL (for uv: UV_DEFAULT_INDEX) and try again:\n\n"
        "    PIP_INDEX_URL=<镜像地址 / mirror address> python3 anxin.py demo"
    )


def has_pip(python: str, variables: Mapping[str, str]) -> bool:
    """Whether an interpreter can run pip."""
    asked = subprocess.run(
        [python, "-m", "pip", "--version"], env=dict(variables), capture_output=True, check=False
    )
    return asked.returncode == 0


def show_progress(installer: subprocess.Popen[bytes], log: Path, total: int) -> None:
    """Wait for an installer, counting the packages its log has named so far when a person is watching."""
    while True:
        with contextlib.suppress(subprocess.TimeoutExpired):
            installer.wait(0.5)
        if sys.stdout.isatty():
            told = log.read_bytes()
            seen = len(re.findall(rb"^\s*Collecting ", told, re.MULTILINE))
            unpacking = b"Installing collected" in told
            print(
                "\r  安装中 / installing…" if unpacking else f"\r  {min(seen, total)}/{total} ",
                end="" if installer.returncode is None else "\n",
                flush=True,
            )
        if installer.returncode is not None:
            return


def end(process: subprocess.Popen[bytes]) -> None:
    """Make sure that a child is gone."""
    if process.poll() is None:
        process.kill()
        process.wait()


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Create a folder, or say plainly that this place cannot be written."""
    try:
        path.mkdir(mode, parents=True, exist_ok=True)
        if not os.access(path, os.W_OK):
            raise PermissionError(13, "not writable", str(path))
    except OSError as error:
        raise Trouble(
            f"无法写入 {path}:请换到自己有写权限的文件夹再试。\n"
            f"  Cannot write {path} ({error.strerror}): clone into a folder that is yours and try again."
        ) from None


@contextlib.contextmanager
def one_at_a_time(path: Path) -> Iterator[None]:
    """Hold a lock file, waiting for another launcher that holds it; it is freed however that one ends."""
    with path.open("a+") as file:
        if not try_lock(file.fileno()):
            say(
                "另一个窗口正在准备环境,请稍候…",
                "Another launcher is preparing the environment; waiting for it…",
            )
            while not try_lock(file.fileno()):
                time.sleep(0.2)
        yield


def try_lock(descriptor: int) -> bool:
    """Take the lock of an open file unless someone else has it."""
    try:
        if WINDOWS:
            import msvcrt

            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined,unused-ignore]
        else:
            import fcntl

            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def last_lines(path: Path, count: int) -> str:
    """The end of a log, for showing beside an error."""
    try:
        lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return ""
    return "\n".join("    | " + line for line in lines[-count:])


# -------------------------------------------------------------------------------------- a tree of processes


@dataclass(frozen=True)
class Part:
    """One process of the demo. A `once` part does its work and ends; any other is kept alive."""

    name: str
    command: Sequence[str]
    once: bool = False
    output: Path | None = None  # where its standard output goes; the log when None


@dataclass
class Life:
    """A part and its process, through its restarts."""

    part: Part
    process: subprocess.Popen[bytes]
    started_at: float  # monotonic seconds
    log_offset: int  # where this process's lines begin in the log
    failures: int = 0  # deaths in a row, each soon after a start
    restart_at: float | None = None  # monotonic seconds; None while it runs


def has_succeeded(life: Life) -> bool:
    """Whether the process did its work and ended."""
    return life.process.poll() == 0


STEADY_S = 30.0  # a part that lived this long is forgiven its earlier deaths
GRACE_S = 2.0  # between "please stop" and SIGKILL


def back_off(failures: int) -> float:
    """Seconds to wait before the restart that follows the n-th death in a row: 0.5, 1, 2, 4, 8, then 10."""
    return min(0.5 * 2.0 ** min(failures - 1, 10), 10.0)


@dataclass
class ProcessTree:
    """Starts parts, keeps them alive, and takes all of them down together."""

    variables: Mapping[str, str]
    logs: Path
    stopping: threading.Event = field(default_factory=threading.Event)
    lives: list[Life] = field(default_factory=list)

    def start(self, part: Part) -> Life:
        """Start a part; it dies with us, even when we are killed outright (on Linux)."""
        life = Life(part, *self._spawn(part))
        self.lives.append(life)
        return life

    def _spawn(self, part: Part) -> tuple[subprocess.Popen[bytes], float, int]:
        log_path = self.log_of(part)
        with contextlib.ExitStack() as files:
            log = files.enter_context(log_path.open("ab"))
            offset = log.tell()
            output = files.enter_context(open(part.output, "wb", opener=private)) if part.output else log
            process = subprocess.Popen(
                list(part.command),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=log,
                cwd=ROOT,
                env=dict(self.variables),
                preexec_fn=die_with_parent(),
            )
        return process, time.monotonic(), offset

    def log_of(self, part: Part) -> Path:
        """Where a part's log is."""
        return self.logs / f"{part.name}.log"

    def is_ready(self, life: Life) -> bool:
        """Whether the process has printed its line that begins with `ready`."""
        with self.log_of(life.part).open("rb") as log:
            log.seek(life.log_offset)
            return any(line.startswith(b"ready") for line in log)

    def until_ready(self, *parts: Part, seconds: float) -> None:
        """Start parts beside each other and wait until all of them serve."""
        for life in [self.start(part) for part in parts]:
            self._watch(life, seconds, self.is_ready, may_end=False)

    def to_the_end(self, part: Part, seconds: float) -> None:
        """Run a part that does its work and ends."""
        life = self.start(part)
        self._watch(life, seconds, has_succeeded, may_end=True)
        self.lives.remove(life)

    def _watch(self, life: Life, seconds: float, done: Callable[[Life], bool], *, may_end: bool) -> None:
        """Wait for `done`; raises Trouble with the end of the log when it cannot come true any more."""
        deadline = time.monotonic() + seconds
        while not done(life):
            code = life.process.poll()
            if self.stopping.wait(0.05):
                raise Interrupted
            if code is not None and (code != 0 or not may_end):
                raise Trouble(self._obituary(life.part, f"已退出,代码 {code}", f"ended with code {code}"))
            if time.monotonic() > deadline:
                raise Trouble(
                    self._obituary(
                        life.part, f"{seconds:.0f} 秒内没有就绪", f"not ready after {seconds:.0f} s"
                    )
                )

    def _obituary(self, part: Part, chinese: str, english: str) -> str:
        name, log = part.name, self.log_of(part)
        return (
            f"{last_lines(log, 15)}\n\n{name} {chinese}。完整记录:{log}\n  {name} {english}. All of it: {log}"
        )

    def tend(self) -> None:
        """Look at every part once: note who died, start again who has waited long enough."""
        now = time.monotonic()
        for life in list(self.lives):
            if life.restart_at is not None:
                if now >= life.restart_at:
                    life.process, life.started_at, life.log_offset = self._spawn(life.part)
                    life.restart_at = None
                continue
            code = life.process.poll()
            if code is None:
                continue
            if life.part.once:
                self.lives.remove(life)
                if code != 0:
                    name, log = life.part.name, self.log_of(life.part)
                    say(f"{name} 失败,代码 {code},记录见 {log}", f"{name} failed with code {code}; see {log}")
                continue
            life.failures = 1 if now - life.started_at > STEADY_S else life.failures + 1
            wait = back_off(life.failures)
            life.restart_at = now + wait
            say(
                f"{life.part.name} 意外退出(代码 {code}),{wait:g} 秒后自动重启。",
                f"{life.part.name} ended unexpectedly (code {code}); starting it again in {wait:g} s.",
            )

    def stop(self) -> None:
        """End every part: ask, wait at most GRACE_S for all of them together, then kill."""
        self.stopping.set()
        for life in reversed(self.lives):
            if life.process.poll() is None:
                life.process.terminate()
        deadline = time.monotonic() + GRACE_S
        for life in self.lives:
            with contextlib.suppress(subprocess.TimeoutExpired):
                life.process.wait(max(0.0, deadline - time.monotonic()))
        for life in self.lives:
            end(life.process)
        self.lives.clear()


def private(path: str, flags: int) -> int:
    """Open a file that only we may read: what a part prints may hold the demo's passwords."""
    return os.open(path, flags, 0o600)


def die_with_parent() -> Callable[[], None] | None:
    """What a child does before it becomes its program: ask Linux to kill it when the launcher is gone."""
    if not LINUX:
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    launcher = os.getpid()

    def ask() -> None:
        libc.prctl(1, signal.SIGKILL)  # PR_SET_PDEATHSIG
        if os.getppid() != launcher:  # it went before we could ask
            os._exit(1)

    return ask


@contextlib.contextmanager
def asked_to_stop(event: threading.Event) -> Iterator[None]:
    """Let Ctrl-C and SIGTERM set an event instead of ending us half-way."""
    signals = [signal.SIGINT, signal.SIGTERM] + ([] if WINDOWS else [signal.SIGHUP])
    before = [signal.signal(number, lambda *_: event.set()) for number in signals]
    try:
        yield
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)


# ----------------------------------------------------------------------------------------------------- demo


def is_free(port: int) -> bool:
    """Whether nobody listens on a loopback port."""
    with socket.socket() as probe:
        probe.settimeout(0.5)
        if probe.connect_ex(("127.0.0.1", port)) == 0:
            return False
    with socket.socket() as probe:
        if not WINDOWS:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def choose_port(usual: int, taken: Iterable[int], free: Callable[[int], bool]) -> int:
    """The usual port, or the first free one of the hundred from it up; `taken` are promised to others."""
    given = set(taken)
    for port in range(usual, min(usual + 100, 65536)):
        if port not in given and free(port):
            return port
    raise Trouble(f"{usual} 起的 100 个端口都被占用。\n  All hundred ports from {usual} up are taken.")


def demo_variables(data: Path, mqtt_port: int, api_port: int) -> dict[str, str]:
    """The settings that every part of the demo shares: all on loopback, all data in one folder."""
    return {
        "ANXIN_DATABASE_URL": sqlite_url(data / "anxin.db"),
        "ANXIN_MQTT_HOST": "127.0.0.1",
        "ANXIN_MQTT_PORT": str(mqtt_port),
        "ANXIN_API_HOST": "127.0.0.1",
        "ANXIN_API_PORT": str(api_port),
        "ANXIN_PUBLIC_URL": f"http://127.0.0.1:{api_port}",
        "ANXIN_SITE": "kenli",
    }


@dataclass(frozen=True)
class DemoPlan:
    """What the demo runs, in order: preparations that end, servers that stay, the street, the first press."""

    broker: Part
    preparations: Sequence[Part]
    servers: Sequence[Part]
    street: Part
    roster: Path
    first_home: Path  # a roster of only the home of which the welcome speaks
    press: Part


def demo_plan(python: str, data: Path, mqtt_port: int, v3_port: int) -> DemoPlan:
    """Every process of the demo as a value."""

    def module(*words: str) -> list[str]:
        return [python, "-m", *words]

    def scenario(name: str, roster: Path) -> list[str]:
        where = ("--host", "127.0.0.1", "--port", str(mqtt_port), "--site", "kenli")
        return module("devices.sim", "--roster", str(roster), "--scenario", name, *where)

    roster, first_home = data / "roster.json", data / "first-home.json"
    launcher = str(ROOT / "anxin.py")
    ports = ("--port", str(mqtt_port), "--v3-port", str(v3_port))
    seed = module("community", "seed", "--site", "kenli", "--seed", "1", "--demo-logins")
    return DemoPlan(
        broker=Part("broker", [python, launcher, "broker", *ports]),
        preparations=(
            Part("migrate", module("community", "migrate"), once=True),
            Part("seed", seed, once=True, output=data / "seed.json"),
            Part("roster", module("community", "roster"), once=True, output=roster),
        ),
        servers=(
            Part("dispatcher", module("dispatcher")),
            Part("gateway", module("gateway")),
            Part("api", module("api")),
            Part("watch", module("dispatcher.watch")),
        ),
        street=Part("sim", scenario("quiet_street", roster)),
        roster=roster,
        first_home=first_home,
        press=Part("press", scenario("emergency_press", first_home), once=True),
    )


def demo(words: Sequence[str]) -> int:
    """Run broker, store, dispatcher, gateway, API, console and a simulated street until told to stop."""
    options = demo_options(words)
    python = str(prepare(for_tests=False))
    data = Path(options.data).resolve()
    make_folder(data)
    with (data / "demo.lock").open("a+") as lock:
        if not try_lock(lock.fileno()):
            raise Trouble(
                f"{data} 里已有一个演示在运行。请先结束它,或用 --data 另选文件夹。\n"
                f"  A demo already runs in {data}. End it first, or choose another folder with --data."
            )
        if not options.keep:
            empty(data, spare="demo.lock")
        make_folder(data / "logs")
        api_port = options.port or choose_port(8000, (), is_free)
        mqtt_port = choose_port(options.mqtt_port, (api_port,), is_free)
        v3_port = choose_port(mqtt_port + 1, (api_port,), is_free)
        if not is_free(api_port):
            raise Trouble(f"端口 {api_port} 已被占用。\n  Port {api_port} is taken; choose another one.")
        variables = child_variables(os.environ, SCRATCH)
        variables.update(demo_variables(data, mqtt_port, api_port))
        tree = ProcessTree(variables, data / "logs")
        plan = demo_plan(python, data, mqtt_port, v3_port)
        with asked_to_stop(tree.stopping):
            try:
                start_everything(tree, plan)
                welcome(variables, data, v3_port, press_after=options.press_after)
                if options.open:
                    webbrowser.open(variables["ANXIN_PUBLIC_URL"] + "/")
                run_until_asked(tree, plan.press, press_after=options.press_after, seconds=options.seconds)
            except Interrupted:
                pass
            finally:
                print(flush=True)
                say("正在结束…", "Ending…")
                tree.stop()
        say(f"已结束。数据与记录在 {data}", f"Ended. Data and logs are in {data}")
    return 0


def demo_options(words: Sequence[str]) -> argparse.Namespace:
    """Read the demo's options."""
    parser = argparse.ArgumentParser(
        prog="anxin.py demo",
        description="在本机演示完整流程 / the whole thing on this machine, on loopback only",
    )
    parser.add_argument("--seconds", type=float, help="运行 N 秒后自动结束 / end by itself after N seconds")
    parser.add_argument(
        "--port", type=port_number, help="网页端口 / port of the pages (default: 8000 or the next free one)"
    )
    parser.add_argument(
        "--mqtt-port",
        type=port_number,
        default=1883,
        help="MQTT 端口 / port of the broker, or the next free one",
    )
    parser.add_argument("--open", action="store_true", help="打开浏览器 / open the console in the browser")
    parser.add_argument("--keep", action="store_true", help="保留上次的数据 / keep the data of the last run")
    parser.add_argument(
        "--data", default=str(SCRATCH / "demo"), help="数据文件夹 / folder for its data and logs"
    )
    parser.add_argument(
        "--press-after",
        type=float,
        default=15.0,
        help="多少秒后第一次按键 / seconds until the first press (15)",
    )
    return parser.parse_args(list(words))


def empty(folder: Path, spare: str) -> None:
    """Remove everything in a demo's folder but one file; refuses a folder that is not a demo's."""
    strangers = [each.name for each in folder.iterdir() if each.name not in DEMO_FILES]
    if strangers:
        raise Trouble(
            f"{folder} 里有不属于演示的文件({strangers[0]}),没有清空;请另选 --data。\n"
            f"  {folder} holds what is no demo's ({strangers[0]}); nothing was removed."
        )
    for each in folder.iterdir():
        if each.is_dir() and not each.is_symlink():
            shutil.rmtree(each)
        elif each.name != spare:
            each.unlink()


DEMO_FILES = frozenset(
    (
        "demo.lock",
        "logs",
        "seed.json",
        "roster.json",
        "first-home.json",
        "anxin.db",
        "anxin.db-wal",
        "anxin.db-shm",
        "anxin.db-journal",
    )
)


def start_everything(tree: ProcessTree, plan: DemoPlan) -> None:
    """Start everything in the order in which each part needs the one before."""
    say("正在启动(约 10 秒)…", "Starting (about 10 seconds)…")
    tree.until_ready(plan.broker, seconds=30)
    for part in plan.preparations:
        tree.to_the_end(part, seconds=120)
    keep_the_first(plan.roster, plan.first_home)
    tree.until_ready(*plan.servers, seconds=60)
    tree.start(plan.street)


def keep_the_first(roster: Path, kept: Path) -> None:
    """Write a roster of the first device alone: a site begins with the home that its stories are told of."""
    first, *_ = json.loads(roster.read_text(encoding="utf-8"))
    kept.write_text(json.dumps([first], ensure_ascii=False), encoding="utf-8")


def run_until_asked(tree: ProcessTree, press: Part, *, press_after: float, seconds: float | None) -> None:
    """Tend the parts until asked to stop or the time is over; the first press comes on the way."""
    begun = time.monotonic()
    pressed = False
    while not tree.stopping.wait(0.1):
        lived = time.monotonic() - begun
        if seconds is not None and lived >= seconds:
            return
        if not pressed and lived >= press_after:
            pressed = True
            tree.start(press)
            say("王秀英老人按下了求助键。", "Wang Xiuying 王秀英 has just pressed her help button.")
        tree.tend()


def welcome(variables: Mapping[str, str], data: Path, v3_port: int, press_after: float) -> None:
    """Print where everything is, how to log in and what to do first."""
    url = variables["ANXIN_PUBLIC_URL"]
    print(f"\n  控制台 Console    {url}/")
    print(f"  手机   Phones     {url}/phones")
    print(f"  家属和网格员 Relatives, workers  {url}/p  (短信里的查询码 with the digits of their texts)")
    print(f"  接口   API docs   {url}/docs")
    print(f"  MQTT              127.0.0.1:{variables['ANXIN_MQTT_PORT']} (MQTT 5), {v3_port} (MQTT 3.1.1)")
    for line in login_lines((data / "seed.json").read_text(encoding="utf-8")):
        print(f"  登录   Login      {line}")
    print(f"  记录   Logs       {data / 'logs'}\n")
    say(
        f"接下来:登录控制台,再打开手机页。约 {press_after:g} 秒后王秀英老人会按下求助键:"
        "看事件出现,短信发到女儿李梅的手机;在手机页上替她回复,替网格员接单、到达,再回到控制台结案。",
        f"Now: log in to the console and open the phones page beside it. In about {press_after:g} seconds\n"
        "  Wang Xiuying 王秀英 presses her button: watch the case appear and the text reach her daughter\n"
        "  Li Mei 李梅; answer for her and for the grid worker (网格员) there, then close the case.",
    )
    say("按 Ctrl-C 结束。", "Ctrl-C ends it.")


def login_lines(seeded: str) -> list[str]:
    """One line for each demo login in what `community seed` printed."""
    logins = json.loads(seeded).get("logins", [])
    return [f"{each['login']} / {each['password']}  ({each['role']})" for each in logins]


# --------------------------------------------------------------------------------------------------- broker


def broker_configuration(port: int, v3_port: int | None) -> str:
    """The demo broker's settings (rumqttd's TOML): MQTT 5 on one loopback port, MQTT 3.1.1 on another."""
    lines = [
        "id = 0",
        "[router]",
        "id = 0",
        "max_connections = 2000",
        "max_outgoing_packet_count = 200",
        "max_segment_size = 104857600",
        "max_segment_count = 10",
    ]
    for version, where in (("v5", port), ("v4", v3_port)):  # rumqttd calls MQTT 3.1.1 by its level, 4
        if where is not None:
            lines += [
                f"[{version}.1]",
                f'name = "{version}"',
                f'listen = "127.0.0.1:{where}"',
                "next_connection_delay_ms = 1",
                f"[{version}.1.connections]",
                "connection_timeout_ms = 10000",
                "max_payload_size = 20480",
                "max_inflight_count = 200",
                "dynamic_filters = true",
            ]
    return "\n".join(lines) + "\n"


def broker(words: Sequence[str]) -> int:
    """Serve MQTT on loopback until told to stop: for the demo and tests, never for production."""
    parser = argparse.ArgumentParser(
        prog="anxin.py broker", description="演示用 MQTT 服务器 / the demo's MQTT server"
    )
    parser.add_argument("--port", type=port_number, default=1883, help="MQTT 5 (1883)")
    parser.add_argument("--v3-port", type=port_number, help="MQTT 3.1.1 (无 / none)")
    options = parser.parse_args(list(words))
    if Path(sys.prefix).resolve() != ENVIRONMENT.resolve():
        python = prepare(for_tests=False)
        return become(
            python, [str(ROOT / "anxin.py"), "broker", *words], child_variables(os.environ, SCRATCH)
        )
    return serve_mqtt(options.port, options.v3_port)


def serve_mqtt(port: int, v3_port: int | None) -> int:
    """Serve MQTT in the environment we already run in."""
    from iotcore import Broker  # the environment's own: only here, in the demo's broker, may it be used

    stopping = threading.Event()
    with asked_to_stop(stopping), tempfile.TemporaryDirectory(prefix="anxin-broker-") as folder:
        settings = Path(folder) / "broker.toml"
        settings.write_text(broker_configuration(port, v3_port))
        try:
            server = Broker(config_path=str(settings)).start()
        except OSError as error:
            raise Trouble(f"端口被占用 / the port is taken: {error}") from None
        try:
            print(f"ready MQTT on {', '.join(server.listeners)}", flush=True)
            while not stopping.wait(0.5):
                if not server.is_running:
                    return 1
        finally:
            server.stop(timeout=1.0)
    return 0


def become(python: Path, words: Sequence[str], variables: Mapping[str, str]) -> int:
    """Turn this process into another program, so that signals and the exit code are its own."""
    command = [str(python), *words]
    if not WINDOWS:  # where exec returns to the shell before the program ends
        sys.stdout.flush()
        os.execve(command[0], command, dict(variables))
    return subprocess.call(command, env=dict(variables))


# ----------------------------------------------------------------------------------------------------- test


@dataclass(frozen=True)
class Step:
    """One check of the test command."""

    name: str
    command: Sequence[str]


ALONE = "fault or browser or alone"  # markers of tests that kill things, drive a browser or measure moments
MOST_WORKERS = 4  # more would ask for more servers than a small machine has memory for


def test_steps(python: str, reports: Path, words: Sequence[str]) -> list[Step]:
    """What `test` runs, in order; arguments for pytest mean that only pytest is wanted, once.

    Each run of pytest leaves its report in the folder `reports`.
    """

    def pytest(name: str, *more: str) -> Step:
        return Step(name, [python, "-m", "pytest", f"--junitxml={reports / name}.xml", *more])

    if words:
        return [pytest("pytest", *words)]
    workers = str(min(os.cpu_count() or 1, MOST_WORKERS))
    lint_imports = "from importlinter.cli import lint_imports_command as main; main()"
    return [
        Step("ruff format", [python, "-m", "ruff", "format", "--check", "."]),
        Step("ruff check", [python, "-m", "ruff", "check", "."]),
        Step("mypy", [python, "-m", "mypy"]),
        Step("lint-imports", [python, "-c", lint_imports]),
        pytest("pytest side by side", "-m", f"not ({ALONE})", "-n", workers, "--dist", "worksteal"),
        pytest("pytest one by one", "-m", ALONE),
    ]


@dataclass(frozen=True)
class Tally:
    """What one or more runs of pytest came to."""

    passed: int
    failed: int
    skipped: Sequence[tuple[str, str]]  # (test, reason)


def read_report(report: str) -> Tally:
    """Count the tests of a JUnit report; an expected failure is a pass, an error a failure."""
    passed = failed = 0
    skipped = []
    for case in ElementTree.fromstring(report).iter("testcase"):
        skip = case.find("skipped")
        if case.find("failure") is not None or case.find("error") is not None:
            failed += 1
        elif skip is not None and skip.get("type") != "pytest.xfail":
            skipped.append((f"{case.get('classname')}::{case.get('name')}", skip.get("message") or ""))
        else:
            passed += 1
    return Tally(passed, failed, skipped)


def tally_of(reports: Sequence[str]) -> Tally | None:
    """What several reports come to together; None when there is none."""
    if not reports:
        return None
    each = [read_report(report) for report in reports]
    skipped = [skip for tally in each for skip in tally.skipped]
    return Tally(sum(tally.passed for tally in each), sum(tally.failed for tally in each), skipped)


def verdict(codes: Mapping[str, int], tally: Tally | None, *, skips_allowed: bool) -> int:
    """The exit code of `test`: 0 when every step passed and nothing was skipped that must not be."""
    if any(codes.values()) or tally is None or tally.failed or not tally.passed:
        return 1
    return 0 if skips_allowed or not tally.skipped else 1


def test(words: Sequence[str]) -> int:
    """Run every check and test; where CI=true a skipped test fails, since everything is installed there."""
    python = prepare(for_tests=True)
    reports = SCRATCH / "test"
    make_folder(reports)
    for old in reports.glob("*.xml"):
        old.unlink()
    variables = child_variables(os.environ, SCRATCH)
    codes = {}
    for step in test_steps(str(python), reports, words):
        print(f"\n=== {step.name}", flush=True)
        codes[step.name] = subprocess.call(list(step.command), cwd=ROOT, env=variables)
    tally = tally_of([report.read_text(encoding="utf-8") for report in sorted(reports.glob("*.xml"))])
    skips_allowed = os.environ.get("CI", "").lower() not in ("true", "1")
    result = verdict(codes, tally, skips_allowed=skips_allowed)
    summarise(codes, tally, skips_allowed=skips_allowed)
    return result


def summarise(codes: Mapping[str, int], tally: Tally | None, *, skips_allowed: bool) -> None:
    """Print what passed, what was skipped and why."""
    print("\n=== 小结 / Summary")
    for name, code in codes.items():
        print(f"  {'✓' if code == 0 else '✗'} {name}" + (f" ({code})" if code else ""))
    if tally is None:
        print("  ✗ 没有测试报告 / pytest left no report: no test ran")
        return
    reasons: dict[str, list[str]] = {}
    for name, reason in tally.skipped:
        reasons.setdefault(reason, []).append(name)
    for reason, names in reasons.items():
        print(f"  – 跳过 {len(names)} 项 / skipped {len(names)}: {reason}")
        print(f"      {names[0]}" + (f" … +{len(names) - 1}" if len(names) > 1 else ""))
    if tally.skipped and not skips_allowed:
        print("  ✗ CI=true:此处不允许跳过 / nothing may be skipped where CI=true")
    print(f"\n{tally.passed} passed, {tally.failed} failed, {len(tally.skipped)} skipped", flush=True)


# --------------------------------------------------------------------------------------------------- doctor


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's table; `well` is None for what is only good to have."""

    what: str
    well: bool | None
    detail: str
    remedy: str = ""


def doctor(words: Sequence[str]) -> int:
    """Look at everything a centre needs here, and say what to do about what is missing."""
    parser = argparse.ArgumentParser(
        prog="anxin.py doctor", description="检查运行条件 / what is missing here"
    )
    parser.add_argument(
        "--json", action="store_true", help="输出JSON / for a program: well is null for advice"
    )
    options = parser.parse_args(list(words))
    variables = run_variables(os.environ, SCRATCH)
    findings = list(examine(variables))
    if options.json:
        print(json.dumps([asdict(finding) for finding in findings], ensure_ascii=False, indent=1))
        return 1 if any(finding.well is False for finding in findings) else 0
    width = max(len(finding.what) for finding in findings)
    for finding in findings:
        mark = {True: "✓", False: "✗", None: "–"}[finding.well]
        print(f"  {mark} {finding.what:<{width}}  {finding.detail}")
        if finding.remedy and not finding.well:
            print(f"    {'':<{width}}  → {finding.remedy}")
    ill = sum(finding.well is False for finding in findings)
    print()
    if ill:
        say(f"{ill} 项需要处理。", f"{ill} to put right.")
        return 1
    say("一切正常。", "All is well.")
    return 0


def examine(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Every finding, cheapest first."""
    yield Finding("Python", True, f"{sys.version.split()[0]} ({sys.executable})")
    environment = examine_environment()
    yield environment
    yield examine_disk(shutil.disk_usage(ROOT).free)
    yield examine_clock(
        time.time(), newest=max(path.stat().st_mtime for path in (RUN_LOCK, ROOT / "anxin.py"))
    )
    yield examine_assets(ROOT / "api" / "console" / "static")
    database = (
        examine_database(variables)
        if environment.well
        else Finding("database", False, "not looked at", environment.remedy)
    )
    yield database
    if database.well:
        yield from examine_centre(variables)
    host = variables.get("ANXIN_MQTT_HOST", "127.0.0.1")
    yield examine_broker(host, port_setting(variables, "ANXIN_MQTT_PORT", 1883))
    yield examine_api_port(port_setting(variables, "ANXIN_API_PORT", 8000))
    yield from examine_watching(variables)
    yield examine_backups(variables.get("ANXIN_BACKUP_FOLDER", ""), time.time())
    yield from examine_test_tools()


def port_setting(variables: Mapping[str, str], name: str, usual: int) -> int:
    """A port from the environment; Trouble says which setting is wrong."""
    with contextlib.suppress(ValueError):
        return port_number(variables.get(name) or str(usual))
    raise Trouble(f"{name}={variables[name]}:应为 1-65535。\n  {name} must be a port, 1-65535.")


def port_number(text: str) -> int:
    """A TCP port as a person writes it; ValueError when it is none."""
    port = int(text)
    if 0 < port < 65536:
        return port
    raise ValueError(text)


def examine_environment() -> Finding:
    """Whether `.venv` holds what the lock file asks for."""
    python, stamps = python_in(ENVIRONMENT), ENVIRONMENT / "anxin-stamps"
    wanted = stamp_of(RUN_LOCK.read_bytes(), VERSION)
    if answers_as(python, VERSION) and is_stamped(stamps, wanted):
        return Finding("environment", True, str(ENVIRONMENT))
    return Finding("environment", False, ".venv 未就绪 / not ready", "python3 anxin.py demo --seconds 1")


def examine_disk(free: int) -> Finding:
    """Whether there is room: a full disk makes a broker lose what it acknowledged."""
    return Finding(
        "disk", free > 2**30, f"{free / 2**30:.1f} GiB free", "腾出至少 1 GiB / make at least 1 GiB free"
    )


def examine_clock(now: float, newest: float) -> Finding:
    """Whether the clock can be right (it cannot be before our own files) and something keeps it so."""
    shown = time.strftime("%Y-%m-%d %H:%M:%S %z", time.localtime(now))
    remedy = "打开网络对时 / turn on network time: sudo timedatectl set-ntp true"
    if now < newest - 60:
        return Finding("clock", False, f"{shown}: before this software's own files", remedy)
    if LINUX and kernel_clock_state() == 5:  # TIME_ERROR
        return Finding("clock", None, f"{shown}, not synchronised as far as the kernel knows", remedy)
    return Finding("clock", True, shown)


def kernel_clock_state() -> int:
    """Linux's own word on the clock (adjtimex(2) without changing anything); 5 means not synchronised."""
    return int(ctypes.CDLL(None).adjtimex(ctypes.create_string_buffer(512)))


def examine_assets(folder: Path) -> Finding:
    """Whether the pages' scripts and styles are here: the console must work without any network."""
    scripts = sum(1 for _ in folder.rglob("*.js")) if folder.is_dir() else 0
    return Finding(
        "assets", scripts > 0, f"{scripts} scripts in {folder.relative_to(ROOT)}", "git checkout -- api"
    )


def examine_watching(variables: Mapping[str, str]) -> Iterator[Finding]:
    """Whether anybody is told when the centre itself is ill: by us, and by somebody else when we cannot."""
    for what, name, remedy in (
        ("technicians", "ANXIN_TECHNICIANS", "平台故障时通知谁 / telephone numbers: who is told of trouble"),
        ("heartbeat", "ANXIN_HEARTBEAT_URL", "全部停摆时由外部报警 / an outside monitor such as hc-ping.com"),
    ):
        is_set = bool(variables.get(name, "").strip())
        detail = "已设置 set" if is_set else "没有设置:平台故障时无人知道 not set: nobody would know"
        yield Finding(what, True if is_set else None, detail, f"{name}: {remedy}")


BACKUP_AGE_S = 36 * 3600.0  # one a day, and half a day for whoever has to see to it


def examine_backups(folder: str, now: float) -> Finding:
    """How old the newest backup is in the folder that is meant for them."""
    remedy = "备份 / take one: python3 anxin.py backup "
    if not folder:
        return Finding("backup", None, "没有设置 ANXIN_BACKUP_FOLDER not set", remedy + "FILE")
    ages = [now - each.stat().st_mtime for each in Path(folder).glob("anxin-*.db")]
    if not ages:
        return Finding("backup", False, f"{folder}: 没有备份 none", remedy + folder)
    return Finding("backup", min(ages) < BACKUP_AGE_S, f"{min(ages) / 3600:.1f} h 前 ago", remedy + folder)


def ask_part(variables: Mapping[str, str], module: str, word: str) -> subprocess.CompletedProcess[str]:
    """What `python -m module word` says, in the environment of the parts."""
    return subprocess.run(
        [str(python_in(ENVIRONMENT)), "-m", module, word],
        cwd=ROOT,
        env=dict(variables),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def examine_database(variables: Mapping[str, str]) -> Finding:
    """Whether the store answers and its schema is the newest."""
    asked = ask_part(variables, "community", "check")
    told = (asked.stdout + asked.stderr).strip().splitlines() or [""]
    return Finding("database", asked.returncode == 0, told[-1], "python3 anxin.py migrate")


def examine_centre(variables: Mapping[str, str]) -> Iterator[Finding]:
    """How the running centre says that it is; one line where none runs here."""
    asked = ask_part(variables, "dispatcher.watch", "health")
    yield from centre_findings(asked.stdout, last_words(asked.stderr))


def centre_findings(told: str, complaint: str) -> Iterator[Finding]:
    """What `dispatcher.watch health` printed, check by check: grade, name and words between tabs."""
    checks = [line.split("\t") for line in told.splitlines() if line.count("\t") == 2]
    if not checks:
        yield Finding("centre", None, complaint or "没有运行 not running")
    for grade, name, words in checks:
        well = {"pass": True, "warn": None}.get(grade, False)
        yield Finding(f"centre: {name}", well, words, "看日志,再启动一次 / see its log, and start it again")


def last_words(text: str) -> str:
    """The last line of what a program complained."""
    return (text.strip().splitlines() or [""])[-1]


MQTT_HELLO = b"\x10\x13\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x06doctor"  # CONNECT, MQTT 5, clean start, 10 s


def examine_broker(host: str, port: int) -> Finding:
    """Whether an MQTT server answers; one that asks for a password answers too."""
    where = f"{host}:{port}"
    remedy = "启动 Mosquitto(deploy/mosquitto) / start Mosquitto, or for a try: python3 anxin.py broker"
    try:
        with socket.create_connection((host, port), timeout=3) as connection:
            connection.sendall(MQTT_HELLO)
            answer = connection.recv(4)
    except OSError as error:
        return Finding("broker", False, f"{where}: {error}", remedy)
    if answer[:1] != b"\x20":  # CONNACK
        return Finding("broker", False, f"{where}: answers, but not MQTT 5", remedy)
    return Finding("broker", True, where)


def examine_api_port(port: int) -> Finding:
    """Whether the API's port is free, or taken by something that speaks HTTP as ours does."""
    if is_free(port):
        return Finding("api port", True, f"{port} free")
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=3) as connection:
        connection.sendall(b"GET /openapi.json HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
        answer = connection.makefile("rb").read(65536)
        if b"Anxin" in answer or "安心".encode() in answer:
            return Finding("api port", True, f"{port} served by Anxin")
    return Finding(
        "api port", False, f"{port} taken by something else", "设 ANXIN_API_PORT / set ANXIN_API_PORT"
    )


def examine_test_tools() -> Iterator[Finding]:
    """What the test command uses when it is there; without it those tests are skipped."""
    for name, programs, package in (
        ("chromium", ("chromium", "chromium-browser", "google-chrome"), "chromium"),
        ("mosquitto", ("mosquitto",), "mosquitto mosquitto-clients"),
        ("espeak-ng", ("espeak-ng",), "espeak-ng"),
        ("sipp", ("sipp",), "sip-tester"),
        ("npm", ("npm",), "npm"),
        ("cc", ("cc",), "gcc libc6-dev"),
    ):
        found = next(filter(None, map(find_program, programs)), None)
        yield Finding(name, True if found else None, found or "only for tests", f"sudo apt install {package}")
    fonts = any(
        Path(folder).is_dir() for folder in ("/usr/share/fonts/opentype/noto", "/usr/share/fonts/noto-cjk")
    )
    if LINUX:
        yield Finding(
            "CJK fonts",
            True if fonts else None,
            "noto" if fonts else "only for tests",
            "sudo apt install fonts-noto-cjk",
        )


def find_program(name: str) -> str | None:
    """Where a program is; Debian keeps servers in sbin, which is not in everyone's PATH."""
    return shutil.which(name) or shutil.which(name, path="/usr/sbin:/usr/local/sbin")


# ----------------------------------------------------------------------------------------------------- lock


def lock(words: Sequence[str]) -> int:
    """Write both lock files again from pyproject.toml, for every platform, with uv."""
    uv = shutil.which("uv")
    if uv is None:
        raise Trouble("需要 uv。\n  This one needs uv in PATH: pip install uv in an environment of its own.")
    common = [
        "pyproject.toml",
        "--universal",
        "--python-version",
        "3.11",
        "--generate-hashes",
        "--no-emit-index-url",
    ]
    common += ["--quiet", "--custom-compile-command", "python3 anxin.py lock", *words]
    for extra in (["demo", "-o", RUN_LOCK.name], ["test", "-c", RUN_LOCK.name, "-o", TEST_LOCK.name]):
        code = subprocess.call(
            [uv, "pip", "compile", *common, "--extra", *extra], cwd=ROOT, stdout=subprocess.DEVNULL
        )
        if code:
            return code
    return 0


# ----------------------------------------------------------------------------------------------------- main


def run_module(command: str, words: Sequence[str]) -> int:
    """Become one part of the centre. What it prints may be for a program: nothing of ours comes before it."""
    with contextlib.redirect_stdout(sys.stderr):
        python = prepare(for_tests=False)
    return become(python, ["-m", *MODULES[command], *words], run_variables(os.environ, SCRATCH))


def main(arguments: Sequence[str]) -> int:
    """Run one command and return its exit code."""
    functions = {"demo": demo, "test": test, "doctor": doctor, "broker": broker, "lock": lock}
    command, words = (arguments[0], arguments[1:]) if arguments else ("help", [])
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show Chinese must not stop us.
        stream.reconfigure(errors="replace")  # type: ignore[union-attr]
    try:
        if command in functions:
            return functions[command](words)
        if command in MODULES:
            return run_module(command, words)
    except Trouble as trouble:
        print(f"\n{trouble}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("\n已取消 / cancelled", file=sys.stderr)
        return 130
    if command in ("help", "-h", "--help"):
        print(USAGE)
        return 0
    print(f"没有这个命令 / no such command: {command}\n\n{USAGE}", file=sys.stderr)
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
