"""Once a day, and when somebody asks: homes for which nobody could be reached are found and kept."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from structlog.typing import EventDict

from community.model import Area, AreaLevel, Contact, HomeRecord, Household, ResponderKind, Site
from community.storage import Store, register
from dispatcher.channels import Undeliverable
from dispatcher.model import Tell
from dispatcher.plans import shipped
from dispatcher.reach import Reason, Rota
from dispatcher.reachcheck import STEP, ReachCheck, day_to_check, look
from dispatcher.storage import gaps as rows
from dispatcher.storage.planbook import Planbook
from tests.town import Town

ZONE = ZoneInfo("Asia/Shanghai")
TODAY = date(2026, 11, 21)


def check(store: Store) -> ReachCheck:
    return ReachCheck(store, Planbook(shipped()))


def work_through(worker: ReachCheck, now: datetime) -> int:
    """Until there is nothing more to do; how many turns that took."""
    turns = 1
    while worker.turn(now):
        turns += 1
        assert turns < 100
    return turns


def reasons(store: Store) -> dict[int, list[Reason]]:
    with store.read() as connection:
        found = rows.homes_with(connection)
    return {home: [each.gap.reason for each in gaps] for home, gaps in found.items()}


def street(town: Town) -> tuple[int, int]:
    """One home that is well looked after, and one for which there is nobody."""
    town.responder("网格员", metres=100)
    town.responder("卫生站", metres=100, kind=ResponderKind.CLINIC)
    town.responder("值班长", metres=100, kind=ResponderKind.SUPERVISOR)
    return town.resident("王秀英", contacts=("女儿", "儿子")), town.resident("李大山")


# ---- when ----


@pytest.mark.parametrize(
    "hour, last, starts",
    [
        (8, None, False),
        (9, None, True),
        (17, None, True),
        (18, None, False),
        (3, TODAY - timedelta(days=9), False),
        (12, TODAY, False),
        (12, TODAY - timedelta(days=1), True),
        (12, TODAY + timedelta(days=1), False),
    ],
)
def test_it_is_done_once_a_day_at_a_civil_hour(hour: int, last: date | None, starts: bool) -> None:
    local = datetime(2026, 11, 21, hour, 59 if hour in (8, 17) else 0, tzinfo=ZONE)

    assert day_to_check(last, local.astimezone(UTC), ZONE) == (TODAY if starts else None)


def test_an_empty_database_has_nobody_to_look_at(store: Store, now: datetime) -> None:
    assert not check(store).turn(now)


def test_a_day_has_one_check_however_many_workers_there_are(store: Store, town: Town, now: datetime) -> None:
    poor = street(town)[1]
    first, second = check(store), check(store)

    while first.turn(now) | second.turn(now):
        pass

    assert reasons(store) == {poor: [Reason.NO_CONTACT]}
    with store.read() as connection:
        done = rows.last_finished(connection)
    assert done is not None
    assert (done.day, done.homes, done.gaps, done.done_at) == (TODAY, 2, 1, now)
    assert not first.turn(now + timedelta(hours=1))
    assert first.turn(now + timedelta(days=1))


def test_a_check_that_was_left_half_done_is_finished_by_another(
    store: Store, town: Town, now: datetime
) -> None:
    first = town.resident("王秀英")
    with store.write() as connection:
        some = register.household_by_id(connection, first).household
        for number in range(STEP):
            register.add_household(connection, replace(some, address=f"振兴路{number}号"))
    dead = check(store)
    dead.turn(now)  # begins
    dead.turn(now)  # takes a step, and dies

    assert work_through(check(store), now + timedelta(minutes=5)) == 3, "a step, the end, nothing more"
    with store.read() as connection:
        done = rows.last_finished(connection)
    assert done is not None
    assert done.homes == STEP + 1


# ---- what ----


def test_a_gap_is_kept_with_since_when_and_goes_when_it_is_mended(
    store: Store, town: Town, now: datetime
) -> None:
    poor = street(town)[1]
    check(store).check_now(now)
    check(store).check_now(now + timedelta(days=1))
    with store.read() as connection:
        [(only,)] = rows.homes_with(connection).values()
    assert (only.household_id, only.gap.reason, only.since) == (poor, Reason.NO_CONTACT, now)

    with store.write() as connection:
        register.set_contacts(connection, poor, [Contact(0, poor, 1, "李强", "儿子", "13912345678")])
    done = check(store).check_now(now + timedelta(days=2))

    assert (done.homes, done.gaps) == (2, 0)
    assert reasons(store) == {}


def test_contacts_who_unsubscribed_or_cannot_be_reached_are_found_and_forgiven(
    store: Store, town: Town
) -> None:
    rich = street(town)[0]
    town.phones.trouble[town.people["儿子"]] = Undeliverable("空号")
    town.press("王秀英")
    town.answer("女儿", "TD")
    check(store).check_now(town.time)
    assert reasons(store)[rich] == [Reason.CONTACTS_LOST]

    town.phones.trouble.clear()
    town.pass_time(minutes=7)  # the last rung repeats, and tries his phone again
    assert town.heard("儿子")
    check(store).check_now(town.time)

    assert rich not in reasons(store)


def test_hours_without_anybody_on_duty_are_found_with_the_edited_plan(
    store: Store, town: Town, now: datetime
) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    town.responder("白天", metres=100, duty=(8 * 60, 18 * 60))

    check(store).check_now(now)

    with store.read() as connection:
        found = rows.homes_with(connection, reasons=[Reason.RUNG_EMPTY])
        counted = rows.counts(connection)
        summed = rows.rota_gaps(connection)
    assert {(each.gap.plan, each.gap.rung) for each in found[home]} >= {("emergency", 1), ("routine", 2)}
    assert all(len(each.gap.hours) == 7 for each in found[home])
    assert {(gap.plan, gap.rung, gap.hours, homes) for gap, homes in summed} == {
        (each.gap.plan, each.gap.rung, each.gap.hours, 1) for each in found[home]
    }
    assert counted == {
        Reason.NOBODY: 0,
        Reason.NO_CONTACT: 0,
        Reason.CONTACTS_LOST: 0,
        Reason.RUNG_EMPTY: 1,
    }


class BrokenRota(Rota):
    """One that cannot be asked about one home."""

    def __init__(self, home: int) -> None:
        super().__init__((), {})
        self._home = home

    def covers(self, tell: Tell, home: HomeRecord) -> int:
        if home.household.id == self._home:
            raise RuntimeError("a bug")
        return super().covers(tell, home)


def test_a_home_that_cannot_be_judged_harms_no_other(store: Store, town: Town, logs: list[EventDict]) -> None:
    first, poor = street(town)
    with store.read() as connection:
        found = look(connection, [first, poor], shipped(), BrokenRota(first))

    assert list(found) == [poor]
    assert "cannot be judged" in logs[0]["event"]


def test_lists_go_on_after_a_home(store: Store, now: datetime) -> None:
    with store.write() as connection:
        register.set_site(connection, Site("town", "小镇", "2222999", "2222999"))
        street_id = register.add_area(connection, Area(0, AreaLevel.STREET, "1", "local", "街道", None)).id
        ids = [
            register.add_household(connection, Household(0, street_id, f"{n}号", "", "", None, "", None)).id
            for n in range(5)
        ]
    check(store).check_now(now)

    with store.read() as connection:
        assert list(rows.homes_with(connection, limit=2)) == ids[:2]
        assert list(rows.homes_with(connection, after_id=ids[1], limit=9)) == ids[2:]
        assert list(rows.homes_with(connection, reasons=[Reason.CONTACTS_LOST])) == []
