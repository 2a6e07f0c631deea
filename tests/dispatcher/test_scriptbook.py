"""Scripts that people edit: every version is kept, and a running case is asked what it began with."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import update
from structlog.typing import EventDict

from community.errors import Invalid, NotFound, Stale
from community.model import Account, AccountRole
from community.storage import Store, accounts
from community.storage.tables import script as rows
from devices.signal import Kind
from dispatcher import desk
from dispatcher.scripts import Said, Script, Scripts, shipped
from dispatcher.storage import scriptbook
from dispatcher.storage.scriptbook import EDITIONS
from tests.town import Town

FALL = shipped().of(Kind.FALL)
SHORT = replace(FALL, questions=FALL.questions[:3])


@pytest.fixture
def admin(store: Store) -> int:
    with store.write() as connection:
        return accounts.create_account(connection, Account(0, "admin", "管理员", AccountRole.ADMIN), "-").id


def edit(store: Store, edited: Script, version: int | None, by: int, now: datetime) -> Script:
    with store.write() as connection:
        return scriptbook.edit(connection, edited, version, by, now)


def current(store: Store, until: datetime | None = None) -> Scripts:
    with store.read() as connection:
        return scriptbook.current(connection, until)


def test_every_version_stays_with_who_and_when_and_what_stood_when_is_known(
    store: Store, admin: int, now: datetime
) -> None:
    assert current(store).all == shipped().all
    later = now + timedelta(hours=1)
    assert edit(store, SHORT, 0, admin, now).version == 1
    assert edit(store, FALL, 1, admin, later).version == 2

    with store.read() as connection:
        versions = EDITIONS.named(connection, "fall")
        with pytest.raises(NotFound, match="no script night"):
            EDITIONS.named(connection, "night")
    assert [(e.value.version, e.by, e.at, len(e.value.questions)) for e in versions] == [
        (2, "管理员", later, 6),
        (1, "管理员", now, 3),
        (0, "", now, 6),
    ]
    tick = timedelta(microseconds=1)
    stood = [now - tick, now, later - tick, later, None]
    assert [current(store, then).of(Kind.FALL).version for then in stood] == [0, 1, 1, 2, 2]


def test_a_new_script_takes_its_kinds_in_the_same_breath_and_leaves_none_without(
    store: Store, admin: int, now: datetime
) -> None:
    co = replace(shipped().of(Kind.CO), name="co", title="一氧化碳", kinds=(Kind.CO,))
    with pytest.raises(Invalid, match="no script for gas"):
        edit(store, replace(shipped().of(Kind.CO), kinds=(Kind.CO,)), 0, admin, now)
    with pytest.raises(Stale, match="there is no script co"):
        edit(store, co, 1, admin, now)
    assert edit(store, co, None, admin, now).version == 1
    found = current(store)
    assert (found.of(Kind.CO).name, found.of(Kind.GAS).version) == ("co", 1)
    before = current(store, now - timedelta(seconds=1))
    assert (before.of(Kind.CO).name, before.of(Kind.CO).version) == ("gas", 0)


def test_of_two_who_save_at_once_one_is_told(store: Store, admin: int, now: datetime) -> None:
    at_once = threading.Barrier(4)
    outcomes: list[str] = []

    def save() -> None:
        at_once.wait(60)
        try:
            edit(store, SHORT, 0, admin, now)
            outcomes.append("kept")
        except Stale:
            outcomes.append("told")

    savers = [threading.Thread(target=save) for _ in range(4)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join(100)
    assert sorted(outcomes) == ["kept", "told", "told", "told"]


def test_a_script_that_nobody_can_read_any_more_harms_no_other(
    store: Store, admin: int, now: datetime, logs: list[EventDict]
) -> None:
    edit(store, SHORT, 0, admin, now)
    edit(store, replace(shipped().of(Kind.SOS), title="求救"), 0, admin, now)
    with store.write() as connection:
        connection.execute(update(rows).where(rows.c.name == "fall").values(body='{"name": "?"}'))

    found = current(store)

    assert found.of(Kind.FALL) == FALL
    assert found.of(Kind.SOS).title == "求救"
    with store.read() as connection:
        assert EDITIONS.named(connection, "fall") == ()
    assert "the shipped one stands in" in logs[0]["event"]
    assert edit(store, SHORT, 0, admin, now).version == 2, "and it can be mended"


def test_scripts_that_do_not_fit_together_are_not_used(
    store: Store, admin: int, now: datetime, logs: list[EventDict]
) -> None:
    edit(store, SHORT, 0, admin, now)
    twice = scriptbook.freeze(replace(SHORT, name="sos"))
    with store.write() as connection:
        connection.execute(update(rows).where(rows.c.name == "sos").values(body=twice))
    assert current(store).all == shipped().all
    assert "do not fit together" in logs[0]["event"]


def test_a_running_case_is_asked_what_it_began_with_and_the_next_one_what_was_edited(town: Town) -> None:
    for name in ("王秀英", "李大山"):
        town.resident(name)
    sos = shipped().of(Kind.SOS)
    changed = replace(sos, questions=(replace(sos.questions[0], ask=("听得见吗?", "")), *sos.questions[1:3]))
    town.press("王秀英")
    town.claim("王秀英")

    town.pass_time(seconds=30)
    edit(town.store, changed, 0, town.operator.id, town.time)
    town.pass_time(seconds=30)
    town.press("李大山")
    town.claim("李大山")

    before, after = town.card("王秀英").id, town.card("李大山").id
    desk.answer(town.store, before, "door", Said.NO, town.operator, town.time)
    with pytest.raises(NotFound, match=r"asks: speaks, awake, breathes$"):
        desk.answer(town.store, after, "door", Said.NO, town.operator, town.time)
    with town.store.read() as connection:
        assert len(desk.script(connection, before)) == 6
        assert desk.script(connection, after)[0].ask == ("听得见吗?", "")
        assert "她能自己开门吗:否" in desk.ambulance(connection, before, town.time).text
