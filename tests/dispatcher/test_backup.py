"""A backup taken in a burst of presses, brought back elsewhere: nothing acknowledged is missing."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path

import pytest
from sqlalchemy import func, insert, select, update

from community.errors import Conflict, Invalid
from community.model import AreaLevel, Device
from community.sites import generate, profile
from community.storage import Store, audit, copies, register, schema, seeding
from community.storage.tables import area, call, incident, metadata, signal, timeline, worker
from devices.signal import Kind, Reading, Role, Signal
from dispatcher import intake
from dispatcher.backup.verdict import look
from dispatcher.clock import SystemClock
from dispatcher.health import Worker, WorkerKind
from dispatcher.plans import shipped
from dispatcher.storage import vitals
from tests.conftest import FreshStore, keeps_its_promises
from tests.servers import until
from tests.town import Town

BEFORE, AFTER = 40, 40  # presses acknowledged before the backup begins, and at least as many beside it


@pytest.fixture
def other(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[str], Store]]:
    """An empty store of a kind of one's choice, to bring a backup to."""
    made: list[tuple[FreshStore, Store]] = []

    def opened(kind: str) -> Store:
        fresh = FreshStore(kind, request, tmp_path)
        made.append((fresh, fresh.open()))
        return made[-1][1]

    yield opened
    for fresh, store in made:
        store.close()
        fresh.throw_away()


def everything(store: Store) -> dict[str, list[tuple[object, ...]]]:
    """All rows of all tables, but of what processes say of themselves."""
    with store.read() as connection:
        return {
            table.name: sorted(tuple(map(repr, row)) for row in connection.execute(select(table)))
            for table in metadata.sorted_tables
            if table.name not in ("worker", "console", "login_session")
        }


@pytest.mark.parametrize("kind", ["sqlite", "postgres"])
def test_what_was_acknowledged_before_a_backup_began_is_in_it(
    store: Store, other: Callable[[str], Store], kind: str, tmp_path: Path, now: datetime
) -> None:
    town = Town(store, now)
    homes = [town.resident(f"老人{n}") for n in range(8)]
    acknowledged: list[str] = []
    done = threading.Event()

    def press() -> None:
        number = 0
        while not done.is_set():
            key = f"care:town/老人{number % len(homes)}"
            said = Signal(key, Kind.SOS, f"burst-{number}", now)
            with store.write() as connection:
                intake.take(connection, [Reading(signals=(said,))], town.plans, now)
            acknowledged.append(said.unique_key)
            number += 1

    pressing = threading.Thread(target=press)
    pressing.start()
    try:
        assert until(lambda: len(acknowledged) >= BEFORE)
        promised = list(acknowledged)
        copies.save(store, tmp_path / "backup.db")
        begun_after = len(acknowledged)
        assert until(lambda: len(acknowledged) >= begun_after + AFTER)
    finally:
        done.set()
        pressing.join()

    elsewhere = other(kind)
    with copies.opened(tmp_path / "backup.db") as copy:
        assert look(copy).is_whole
        copies.bring(copy, elsewhere)
        kept = everything(copy)
    with elsewhere.read() as connection:
        there = set(connection.execute(select(signal.c.unique_key)).scalars())
    assert set(promised) <= there < set(acknowledged)
    assert everything(elsewhere) == kept
    keeps_its_promises(elsewhere)

    again = Signal("care:town/老人0", Kind.SOS, promised[0], now)
    new = Signal("care:town/老人0", Kind.SOS, "after the restore", now)
    with elsewhere.write() as connection:  # what a device says again is known, and new rows get new numbers
        assert intake.take(connection, [Reading(signals=(again,))], shipped(), now).new_signals == 0
        assert intake.take(connection, [Reading(signals=(new,))], shipped(), now).new_signals == 1


def test_a_whole_street_comes_back_row_by_row(
    store: Store, other: Callable[[str], Store], tmp_path: Path
) -> None:
    with store.write() as connection:
        seeding.load(connection, generate.generate(profile.read("kenli"), 1))
        street = connection.execute(
            select(area.c.id).where(area.c.level == AreaLevel.STREET.value)
        ).scalar_one()
        last = connection.execute(select(func.max(area.c.id))).scalar_one()
        # A child with a smaller number than its parent, as where the grid was drawn anew.
        newer = register.add_area(
            connection, register.Area(0, AreaLevel.COMMUNITY, "99", "local", "新社区", street)
        ).id
        connection.execute(update(area).where(area.c.id == last).values(parent_id=newer))
    copies.save(store, tmp_path / "street.db")
    for kind in ("sqlite", "postgres"):
        elsewhere = other(kind)
        with copies.opened(tmp_path / "street.db") as copy:
            copies.bring(copy, elsewhere)
        assert everything(elsewhere) == everything(store)
        with elsewhere.write() as connection:
            register.enrol_device(connection, Device(0, "care:town/new", Role.HELP_BUTTON, None))


def test_a_store_that_holds_something_is_only_given_up_by_word(town: Town, tmp_path: Path) -> None:
    town.resident("王秀英")
    copies.save(town.store, tmp_path / "before.db")
    town.press("王秀英")
    with copies.opened(tmp_path / "before.db") as copy:
        with pytest.raises(Conflict, match="--replace"):
            copies.bring(copy, town.store)
        assert len(town.open_cards()) == 1
        copies.bring(copy, town.store, replace=True)
    assert town.open_cards() == ()


def test_years_of_cases_and_calls_are_given_up_within_a_statements_time(town: Town, tmp_path: Path) -> None:
    """Deleted row by row, each case was looked for among all calls: more than PostgreSQL may take."""
    copies.save(town.store, tmp_path / "empty.db")
    town.resident("王秀英")
    town.press("王秀英")
    with town.store.write() as connection:
        case = dict(connection.execute(select(incident)).mappings().one())
        past = {**case, "closed_at": town.time, "due_at": None, "stage": "closed", "close_code": "real"}
        del past["id"]
        connection.execute(insert(incident), [{**past, "subject": f"home:{n}"} for n in range(20_000)])
        rang = {"number": "", "at": town.time, "outcome": "handled", "incident_id": case["id"]}
        connection.execute(insert(call), [rang] * 20_000)
    with copies.opened(tmp_path / "empty.db") as copy:
        copies.bring(copy, town.store, replace=True)
    assert town.open_cards() == ()


def test_a_backup_that_is_there_is_never_overwritten_and_none_is_left_half_done(
    town: Town, tmp_path: Path
) -> None:
    copies.save(town.store, tmp_path / "one.db")
    first = (tmp_path / "one.db").read_bytes()
    with pytest.raises(Conflict, match=r"one\.db"):
        copies.save(town.store, tmp_path / "one.db")
    assert (tmp_path / "one.db").read_bytes() == first
    assert [each.name for each in tmp_path.glob("one*")] == ["one.db"]
    assert (tmp_path / "one.db").stat().st_mode & 0o077 == 0


def test_a_changed_past_is_said_wherever_it_was_changed(town: Town, tmp_path: Path) -> None:
    for name in ("王秀英", "李桂兰", "张玉珍"):
        town.resident(name, contacts=("女儿",))
        town.press(name)
    cards = {name: town.card(name).id for name in town.homes}
    with town.store.write() as connection:
        admin = town.operator
        for number in range(3):
            audit.note(connection, admin.id, "device", f"/devices/{number}", ["label"], town.time)
        ends = connection.execute(
            select(func.max(timeline.c.seq)).where(timeline.c.incident_id == cards["李桂兰"])
        ).scalar_one()
    copies.save(town.store, tmp_path / "whole.db")
    with closing(sqlite3.connect(tmp_path / "whole.db")) as hand, hand:
        hand.execute(
            "UPDATE timeline SET text = '没事' WHERE incident_id = ? AND seq = 2", (cards["王秀英"],)
        )
        hand.execute("DELETE FROM timeline WHERE incident_id = ? AND seq = ?", (cards["李桂兰"], ends))
        hand.execute("DELETE FROM timeline WHERE incident_id = ?", (cards["张玉珍"],))
        hand.execute("UPDATE audit SET path = '/devices/7' WHERE id = 2")
    with copies.opened(tmp_path / "whole.db") as copy:
        found = look(copy)
    assert found.broken_cases == {cards["王秀英"]: 2, cards["李桂兰"]: ends, cards["张玉珍"]: 1}
    assert found.broken_audit == 2
    assert not found.is_whole


def test_what_is_no_backup_or_a_damaged_one_changes_nothing(town: Town, tmp_path: Path) -> None:
    (tmp_path / "letter.db").write_text("Dear operator")
    copies.save(town.store, tmp_path / "cut.db")
    whole = (tmp_path / "cut.db").read_bytes()
    (tmp_path / "cut.db").write_bytes(whole[: len(whole) // 2])
    for name in ("letter.db", "cut.db"):
        with pytest.raises(Invalid, match="damaged"), copies.opened(tmp_path / name):
            pass
    (tmp_path / "newer.db").write_bytes(whole)
    with closing(sqlite3.connect(tmp_path / "newer.db")) as hand, hand:
        hand.execute("UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(Invalid, match="update Anxin first"), copies.opened(tmp_path / "newer.db"):
        pass


def test_a_backup_of_last_year_is_brought_up_to_date(tmp_path: Path) -> None:
    old = tmp_path / "old.db"
    with closing(sqlite3.connect(old)):
        pass
    store = Store(f"sqlite:///{old}")
    schema.migrate(store, "0030")
    store.close()
    before = old.read_bytes()
    with copies.opened(old) as copy:
        assert schema.current(copy) == schema.newest()
    assert old.read_bytes() == before


def test_an_older_store_is_left_as_it_is_whoever_works_on_it(town: Town, tmp_path: Path) -> None:
    copies.save(town.store, tmp_path / "backup.db")
    url = f"sqlite:///{tmp_path / 'older.db'}"
    older = Store(url)
    schema.migrate(older, "0042")
    for words in ([], ["--replace"]):
        refused = command(url, "restore", *words, str(tmp_path / "backup.db"))
        assert (refused.returncode, "0042" in refused.stderr) == (1, True), refused.stderr
    with copies.opened(tmp_path / "backup.db") as copy, pytest.raises(schema.SchemaOutOfDate):
        copies.bring(copy, older, replace=True)
    assert schema.current(older) == "0042"
    older.close()


def test_a_store_copied_without_its_log_is_no_backup(tmp_path: Path) -> None:
    """Of what was committed last nothing may be in the file yet: it is whole, and it is old."""
    store = Store(f"sqlite:///{tmp_path / 'anxin.db'}")
    schema.migrate(store)
    with store.write() as connection:
        seeding.load(connection, generate.generate(profile.read("kenli"), 1))
    with pytest.raises(Invalid, match=r"anxin\.py backup"), copies.opened(tmp_path / "anxin.db"):
        pass
    store.close()


def test_who_is_stopped_while_looking_leaves_no_names_behind(tmp_path: Path) -> None:
    street = Store(f"sqlite:///{tmp_path / 'street.db'}")
    schema.migrate(street)
    with street.write() as connection:
        seeding.load(connection, generate.generate(profile.read("kenli"), 1))
    copies.save(street, tmp_path / "backup.db")
    street.close()
    own = tmp_path / "own"
    own.mkdir()
    looking = subprocess.Popen(
        [sys.executable, "-m", "dispatcher.backup", "restore", "--check", str(tmp_path / "backup.db")],
        env={"TMPDIR": str(own), "PYTHONUTF8": "1"},
        cwd=Path(__file__).parents[2],
    )
    assert until(lambda: any(own.iterdir()))
    looking.terminate()
    looking.wait(60)
    assert list(own.iterdir()) == []


def command(url: str, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "dispatcher.backup", *words],
        env={"ANXIN_DATABASE_URL": url, "PYTHONUTF8": "1"},
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_the_commands_say_what_was_kept_and_what_to_do_next(
    town: Town, fresh_store: FreshStore, tmp_path: Path
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    here = town.store.engine.url.render_as_string(hide_password=False)
    taken = command(here, "take", str(tmp_path), "--json")
    assert taken.returncode == 0, taken.stderr
    told = json.loads(taken.stdout)
    assert (told["incidents"], told["open_incidents"], told["is_whole"]) == (1, 1, True)
    assert "王秀英" not in taken.stdout + taken.stderr

    elsewhere = fresh_store.open()
    with elsewhere.write() as connection:
        now = SystemClock().now()
        vitals.beat(connection, Worker("gw-1", WorkerKind.GATEWAY, "box", now, now))
    there = elsewhere.engine.url.render_as_string(hide_password=False)
    refused = command(there, "restore", told["file"])
    assert (refused.returncode, "gw-1" in refused.stderr) == (1, True)
    with elsewhere.write() as connection:
        connection.execute(update(worker).values(last_turn_at=town.time))
    restored = command(there, "restore", told["file"])
    assert restored.returncode == 0, restored.stderr
    assert "broker-files" in restored.stderr
    assert everything(elsewhere) == everything(town.store)
    checked = command("sqlite:////nowhere/at/all.db", "restore", "--check", told["file"])
    assert checked.returncode == 0, checked.stderr
    with closing(sqlite3.connect(told["file"])) as hand, hand:
        hand.execute("UPDATE timeline SET text = '没事' WHERE seq = 1")
    assert command(there, "restore", "--check", told["file"]).returncode == 2
    elsewhere.close()
