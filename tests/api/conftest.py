"""A centre with one home, two people at the desk and a real application in front of it."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

import pytest
import structlog
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher
from starlette.testclient import TestClient

from api.app import create_app
from api.parts import Parts
from api.settings import Settings
from community.model import (
    Account,
    AccountRole,
    Area,
    AreaLevel,
    CatalogueItem,
    Contact,
    Device,
    Duty,
    Household,
    Position,
    Provider,
    Resident,
    Responder,
    ResponderKind,
    Site,
)
from community.storage import Store, accounts, desk, register
from devices.signal import Role
from dispatcher import plans
from dispatcher.bell import LocalBell
from dispatcher.storage.planbook import Planbook
from tests import servers

URL = "http://127.0.0.1:8000"
PASSWORD = "jiejing-2222999"
TWILIO_TOKEN = "12345-token-of-the-account"
SQUARE = (((118.54, 37.58), (118.55, 37.58), (118.55, 37.59), (118.54, 37.59), (118.54, 37.58)),)


@dataclass
class StoppedClock:
    """Time passes when the test says so."""

    moment: datetime

    def now(self) -> datetime:
        return self.moment

    def pass_time(self, **amount: float) -> None:
        self.moment += timedelta(**amount)


@dataclass(frozen=True)
class Town:
    """Ids of what is there."""

    cell_id: int
    household_id: int
    device_id: int
    worker_id: int
    clinic_id: int
    item_id: int
    operator: Account
    colleague: Account
    admin: Account


@dataclass
class Browser:
    """Somebody's browser: keeps cookies, and sends the CSRF token when told to act as our page does."""

    client: TestClient
    csrf_token: str = ""

    def log_in(self, login: str, password: str = PASSWORD) -> None:
        answer = self.client.post("/api/login", json={"login": login, "password": password})
        assert answer.status_code == 200, answer.text
        self.csrf_token = answer.json()["csrf_token"]

    def get(self, path: str, **options: object):  # type: ignore[no-untyped-def]
        return self.client.get(path, **options)  # type: ignore[arg-type]

    def post(self, path: str, json: object = None):  # type: ignore[no-untyped-def]
        return self.client.post(path, json=json, headers={"X-CSRF-Token": self.csrf_token, "Origin": URL})

    def put(self, path: str, json: object = None):  # type: ignore[no-untyped-def]
        return self.client.put(path, json=json, headers={"X-CSRF-Token": self.csrf_token, "Origin": URL})

    def patch(self, path: str, json: object = None):  # type: ignore[no-untyped-def]
        return self.client.patch(path, json=json, headers={"X-CSRF-Token": self.csrf_token, "Origin": URL})


@pytest.fixture(scope="session")
def password_hash() -> str:
    """Hashing and checking are slow on purpose; a hash says how slow, and this one is quick to check."""
    return PasswordHash((Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1),)).hash(PASSWORD)


@pytest.fixture
def town(store: Store, password_hash: str) -> Town:
    with store.write() as connection:
        register.set_site(connection, Site("kenli", "垦利街道", "2222999", "2222999"))
        street = register.add_area(
            connection, Area(0, AreaLevel.STREET, "370505001", "nbs", "垦利街道", None, SQUARE, True)
        )
        community = register.add_area(
            connection,
            Area(0, AreaLevel.COMMUNITY, "370505001012", "nbs", "和平社区", street.id, SQUARE, True),
        )
        cell = register.add_area(
            connection,
            Area(0, AreaLevel.CELL, "370505001012001", "nbs", "和平一网格", community.id, SQUARE, True),
        )
        home = register.add_household(
            connection,
            Household(
                id=0,
                area_id=cell.id,
                address="和平社区幸福里3幢2单元501",
                building="3幢",
                unit="2单元",
                floor=5,
                room="501",
                position=Position(118.545, 37.585, "survey", 5.0),
                access_notes="敲门要重",
                gate="北门",
                door_notes="单元门密码 2580#",
                key_holder="邻居张桂芝",
                key_holder_phone="13800000005",
            ),
        )
        register.add_resident(
            connection,
            Resident(
                id=0,
                household_id=home.id,
                name="王秀英",
                sex="女",
                birth_date=date(1941, 3, 5),
                phone="13800000001",
                lives_alone=True,
                conditions="高血压",
                medicines="氨氯地平",
                allergies="青霉素",
            ),
        )
        register.set_contacts(connection, home.id, [Contact(0, 0, 0, "李梅", "女儿", "13800000002")])
        button = register.enrol_device(
            connection, Device(0, "care:kenli/KL-0001", Role.HELP_BUTTON, home.id, "Anxin", "one-touch")
        )
        always = [Duty(0, frozenset(range(1, 8)), 0, 1440)]
        worker = register.add_responder(
            connection,
            Responder(
                0,
                ResponderKind.GRID_WORKER,
                "李强",
                "13800000011",
                Position(118.546, 37.586),
                frozenset({cell.id}),
            ),
            always,
        )
        clinic = register.add_responder(
            connection,
            Responder(0, ResponderKind.CLINIC, "和平卫生服务站", "13800000012", Position(118.549, 37.582)),
            always,
        )
        provider = desk.add_provider(connection, Provider(0, "好帮手家政", "家政", "05462223344"))
        item = desk.add_item(connection, CatalogueItem(0, provider.id, "家政", "擦玻璃", "小时", 3500))
        operator, colleague, admin = (
            accounts.create_account(connection, Account(0, login, name, role), password_hash)
            for login, name, role in (
                ("liufang", "刘芳", AccountRole.OPERATOR),
                ("zhaomin", "赵敏", AccountRole.OPERATOR),
                ("admin", "管理员", AccountRole.ADMIN),
            )
        )
    return Town(
        cell_id=cell.id,
        household_id=home.id,
        device_id=button.id,
        worker_id=worker.id,
        clinic_id=clinic.id,
        item_id=item.id,
        operator=operator,
        colleague=colleague,
        admin=admin,
    )


@pytest.fixture(autouse=True)
def logged() -> Iterator[io.StringIO]:
    """What the application logs, as lines: coloured tracebacks with local variables take seconds to draw."""
    lines = io.StringIO()
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.PrintLoggerFactory(lines),
    )
    yield lines
    structlog.reset_defaults()


@pytest.fixture
def clock(now: datetime) -> StoppedClock:
    return StoppedClock(now)


@pytest.fixture
def settings() -> Settings:
    return Settings.model_validate(
        {"database_url": "sqlite://", "public_url": URL, "twilio_auth_token": TWILIO_TOKEN}
    )


@pytest.fixture
def parts(store: Store, clock: StoppedClock, settings: Settings) -> Parts:
    book = Planbook(plans.shipped())
    return Parts(store=store, clock=clock, bell=LocalBell(), plans=book, settings=settings)


@pytest.fixture
def app(parts: Parts, town: Town) -> FastAPI:  # noqa: ARG001 - the application finds the town in its store
    return create_app(parts)


@pytest.fixture
def stranger(app: FastAPI) -> TestClient:
    """A browser that nobody has logged in with. The live hub does not run."""
    return TestClient(app, base_url=URL, follow_redirects=False)


def browser(app: FastAPI, login: str) -> Browser:
    opened = Browser(TestClient(app, base_url=URL, follow_redirects=False))
    opened.log_in(login)
    return opened


@pytest.fixture
def operator(app: FastAPI) -> Browser:
    return browser(app, "liufang")


@pytest.fixture
def colleague(app: FastAPI) -> Browser:
    return browser(app, "zhaomin")


@pytest.fixture
def admin(app: FastAPI) -> Browser:
    return browser(app, "admin")


@pytest.fixture
def incident_id(operator: Browser, town: Town) -> int:
    """Trouble at 王秀英's, told by a person."""
    answer = operator.post(
        "/api/incidents", {"household_id": town.household_id, "kind": "sos", "text": "邻居说敲门没人应"}
    )
    assert answer.status_code == 201, answer.text
    opened: int = answer.json()["id"]
    return opened


@pytest.fixture
def free_port() -> int:
    return servers.free_port()


@pytest.fixture
def api_key(store: Store, town: Town, now: datetime) -> str:
    with store.write() as connection:
        accounts.create_api_key(connection, town.operator.id, "import", "key-of-a-machine", now)
    return "key-of-a-machine"
