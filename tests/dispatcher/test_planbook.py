"""Plans that people edit: every version is kept, everybody sees it at once, a running case keeps its own."""

from __future__ import annotations

import threading
from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from sqlalchemy import func, select, update
from structlog.typing import EventDict

from community.errors import Invalid, NotFound, Stale
from community.model import Account, AccountRole
from community.storage import Store, accounts, register
from community.storage.tables import plan as rows
from devices.signal import Kind
from dispatcher.model import Entry, Plan, Rung, Severity, Tell, Whom
from dispatcher.plans import Plans, completed, shipped
from dispatcher.storage import planbook
from dispatcher.storage.planbook import EDITIONS, Planbook
from tests.dispatcher.cases import DESK, relatives
from tests.town import Town

ONLY_DESK = (Rung(0, (Tell(Whom.DESK),)),)


@pytest.fixture
def admin(store: Store) -> int:
    with store.write() as connection:
        return accounts.create_account(connection, Account(0, "admin", "管理员", AccountRole.ADMIN), "-").id


def edit(store: Store, book: Planbook, edited: Plan, version: int | None, by: int, now: datetime) -> Plan:
    with store.write() as connection:
        return book.edit(connection, edited, version, by, now)


def current(store: Store, book: Planbook) -> Plans:
    with store.read() as connection:
        return book.current(connection)


def quiet(version: int = 0) -> Plan:
    """The emergency plan as somebody makes it who trusts the desk alone."""
    return replace(shipped().of(Kind.SOS, Severity.EMERGENCY), rungs=ONLY_DESK, version=version)


def test_a_fresh_store_runs_on_the_shipped_plans(store: Store) -> None:
    assert current(store, Planbook(shipped())).all == shipped().all
    with store.read() as connection:
        assert EDITIONS.newest(connection) == {}
        assert EDITIONS.named(connection, "emergency") == ()


def test_an_edit_is_seen_by_everybody_else_at_their_next_look(
    store: Store, admin: int, now: datetime
) -> None:
    here, elsewhere = Planbook(shipped()), Planbook(shipped())
    current(store, elsewhere)

    kept = edit(store, here, quiet(), 0, admin, now)

    assert kept.version == 1
    for book in (here, elsewhere):
        assert current(store, book).of(Kind.SOS, Severity.EMERGENCY) == kept
        assert current(store, book) is current(store, book), "it is read once"
    assert elsewhere.known.of(Kind.SOS, Severity.EMERGENCY) == kept


def test_every_version_stays_with_who_and_when(store: Store, admin: int, now: datetime) -> None:
    book, later = Planbook(shipped()), now + timedelta(hours=1)
    edit(store, book, quiet(), 0, admin, now)
    edit(store, book, replace(quiet(), repeat_s=90), 1, admin, later)

    with store.read() as connection:
        versions = EDITIONS.named(connection, "emergency")
        newest = EDITIONS.newest(connection)
    assert [(e.value.version, e.by, e.at, e.value.repeat_s) for e in versions] == [
        (2, "管理员", later, 90),
        (1, "管理员", now, 180),
        (0, "", now, 180),
    ]
    assert versions[-1].value == shipped().named("emergency")
    assert list(newest) == [each.name for each in shipped().all]
    assert newest["routine"].value.version == 0


def test_who_decided_on_an_older_version_is_told_and_nothing_is_kept(
    store: Store, admin: int, now: datetime
) -> None:
    book = Planbook(shipped())
    edit(store, book, quiet(), 0, admin, now)

    for version in (0, None, 2):
        with pytest.raises(Stale, match="edited plan emergency in the meantime"):
            edit(store, book, quiet(), version, admin, now)
    with pytest.raises(Stale, match="there is no plan night"):
        edit(store, book, Plan("night", ONLY_DESK), 3, admin, now)
    with store.read() as connection:
        assert len(EDITIONS.named(connection, "emergency")) == 2


def test_a_new_plan_takes_its_kinds_from_the_others_in_the_same_breath(
    store: Store, admin: int, now: datetime
) -> None:
    book = Planbook(shipped())
    fire = Plan("fire", ONLY_DESK, title="火情", kinds=(Kind.SMOKE, Kind.GAS, Kind.CO))

    assert edit(store, book, fire, None, admin, now).version == 1

    plans = current(store, book)
    assert plans.of(Kind.SMOKE, Severity.EMERGENCY).name == "fire"
    emergency = plans.of(Kind.SOS, Severity.EMERGENCY)
    assert (emergency.kinds, emergency.version) == ((Kind.SOS, Kind.FALL), 1)
    assert plans.of(Kind.LEAK, Severity.ROUTINE).version == 0


def test_a_kind_of_trouble_is_never_left_without_a_plan(store: Store, admin: int, now: datetime) -> None:
    book = Planbook(shipped())

    with pytest.raises(Invalid, match="no plan for co, fall, gas, smoke"):
        edit(store, book, replace(quiet(), kinds=(Kind.SOS,)), 0, admin, now)
    with pytest.raises(Invalid, match="heartbeat is no trouble"):
        edit(store, book, replace(quiet(), kinds=(*quiet().kinds, Kind.HEARTBEAT)), 0, admin, now)
    assert current(store, book).all == shipped().all
    with store.read() as connection:
        assert connection.execute(select(func.count()).select_from(rows)).scalar() == 0
        assert register.revisions(connection).plan == 0


def test_of_two_who_save_at_once_one_is_told(store: Store, admin: int, now: datetime) -> None:
    book, at_once = Planbook(shipped()), threading.Barrier(4)
    outcomes: list[str] = []

    def save() -> None:
        at_once.wait(60)
        try:
            edit(store, book, quiet(), 0, admin, now)
            outcomes.append("kept")
        except Stale:
            outcomes.append("told")

    savers = [threading.Thread(target=save) for _ in range(4)]
    for saver in savers:
        saver.start()
    for saver in savers:
        saver.join(100)
    assert sorted(outcomes) == ["kept", "told", "told", "told"]


def test_a_plan_that_nobody_can_read_any_more_harms_no_other(
    store: Store, admin: int, now: datetime, logs: list[EventDict]
) -> None:
    book = Planbook(shipped())
    edit(store, book, quiet(), 0, admin, now)
    edit(store, book, replace(shipped().of(Kind.LEAK, Severity.ROUTINE), repeat_s=77), 0, admin, now)
    with store.write() as connection:
        connection.execute(update(rows).where(rows.c.name == "emergency").values(body='{"name": "?"}'))
        register.plans_changed(connection)

    plans = current(store, book)

    assert plans.of(Kind.SOS, Severity.EMERGENCY) == shipped().of(Kind.SOS, Severity.EMERGENCY)
    assert plans.of(Kind.LEAK, Severity.ROUTINE).repeat_s == 77
    assert "the shipped one stands in" in logs[0]["event"]
    assert edit(store, book, quiet(), 0, admin, now).version == 2, "and it can be mended"
    assert current(store, book).of(Kind.SOS, Severity.EMERGENCY).rungs == ONLY_DESK


def test_plans_that_do_not_fit_together_are_not_used(
    store: Store, admin: int, now: datetime, logs: list[EventDict]
) -> None:
    book = Planbook(shipped())
    kept = edit(store, book, quiet(), 0, admin, now)
    with store.write() as connection:
        connection.execute(update(rows).where(rows.c.name == "routine").values(body=planbook.freeze(kept)))
        connection.execute(
            update(rows)
            .where(rows.c.name == "trouble")
            .values(body=planbook.freeze(replace(kept, name="trouble")))
        )
        register.plans_changed(connection)

    assert current(store, book).all == shipped().all
    assert "do not fit together" in logs[0]["event"]


def test_a_name_that_is_not_there_is_said_to(store: Store, admin: int, now: datetime) -> None:
    edit(store, Planbook(shipped()), quiet(), 0, admin, now)
    with store.read() as connection, pytest.raises(NotFound, match="no plan night"):
        EDITIONS.named(connection, "night")


def test_trouble_runs_on_the_plan_for_its_severity(town: Town) -> None:
    grave = Plan("grave", ONLY_DESK, kinds=(Kind.SOS, Kind.LEAK), severity=Severity.EMERGENCY)
    town.plans = town.plans.edited(grave)
    for name in ("王秀英", "李大山"):
        town.resident(name)

    town.press("王秀英")
    town.say("李大山", Kind.LEAK)

    def plan_of(name: str) -> str:
        [fired] = [entry.text for entry in town.detail(name).timeline if entry.entry is Entry.RUNG]
        return fired.rpartition(" ")[2]

    assert (plan_of("王秀英"), plan_of("李大山")) == ("grave", "routine")


# ---- a program that knows more kinds of trouble than the plans that were edited ----


def test_a_kind_that_is_new_to_the_program_has_the_shipped_plan() -> None:
    older = [
        replace(each, version=4, kinds=tuple(kind for kind in each.kinds if kind is not Kind.WANDER))
        for each in shipped().all
    ]

    plans = completed(older, shipped())

    assert plans.of(Kind.WANDER, Severity.ROUTINE).name == "routine"
    assert plans.of(Kind.WANDER, Severity.ROUTINE).version == 4
    assert plans.of(Kind.LEAK, Severity.ROUTINE).version == 4


def test_a_shipped_plan_stands_in_under_another_name_when_its_own_is_taken_for_something_special() -> None:
    special = Plan(
        "routine", (Rung(0, (relatives(1), DESK)),), kinds=(Kind.LEAK,), severity=Severity.EMERGENCY
    )
    others = [each for each in shipped().all if each.name != "routine"]

    plans = completed([*others, special], shipped())

    assert plans.of(Kind.LEAK, Severity.ROUTINE).name == "routine-shipped"
    assert plans.of(Kind.LEAK, Severity.EMERGENCY) is special
