"""A technician works on a device: its troubles wait for her, and nothing else does."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest
from sqlalchemy import update

from community.errors import Invalid, NotFound
from community.storage import Store, register
from community.storage.tables import incident
from devices.signal import Kind
from dispatcher import intake, maintaining, views
from dispatcher.maintaining import Upkeep
from dispatcher.maintenance import is_over
from dispatcher.model import Entry, Fact, Severity
from dispatcher.storage import maintenance as rows
from tests.town import Town

START = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def town(store: Store) -> Town:
    made = Town(store, START)
    made.resident("王秀英", contacts=("女儿",))
    made.resident("李建国", contacts=("儿子",))
    made.responder("李强", metres=200)
    made.also = Upkeep(store).turn
    return made


def device(town: Town, key: str) -> int:
    with town.store.read() as connection:
        return register.devices_by_key(connection, [key])[key].id


def begin(town: Town, key: str | None = "care:town/王秀英", lasts: timedelta = HOUR) -> int:
    id = None if key is None else device(town, key)
    return maintaining.begin(town.store, id, "更换电池", lasts, town.operator, town.time)


def wait(town: Town, minutes: float) -> None:
    """Time goes by in steps of a minute: what the dispatcher does each second it does here each minute."""
    upkeep, town.also = Upkeep(town.store), None
    end = town.time + timedelta(minutes=minutes)
    while town.time < end:
        town.pass_time(minutes=1)
        upkeep.turn(town.time)
        town.work()


def test_a_trouble_of_a_device_waits_and_is_told_when_the_work_is_over(town: Town) -> None:
    begin(town)
    town.say("王秀英", Kind.MAINS_FAILURE)
    wait(town, 50)
    card = town.card("王秀英")
    assert card.waits_until == START + HOUR
    assert card.deadline_at is None
    assert Entry.RUNG not in {entry.entry for entry in town.detail("王秀英").timeline}
    wait(town, 12)
    assert town.card("王秀英").waits_until is None
    assert Entry.RUNG in {entry.entry for entry in town.detail("王秀英").timeline}, "its plan has begun"
    said = [entry.text for entry in town.detail("王秀英").timeline if entry.entry is Entry.NOTE]
    assert [text.partition(",")[0] for text in said] == ["维护中", "维护到期"]


def test_work_in_a_home_that_cannot_be_read_keeps_no_other_work_from_ending(town: Town) -> None:
    for name in ("王秀英", "李建国"):
        begin(town, f"care:town/{name}")
        town.say(name, Kind.MAINS_FAILURE)
    with town.store.write() as connection:
        broken = incident.c.household_id == town.homes["王秀英"]
        connection.execute(update(incident).where(broken).values(kind="flood"))

    town.time += HOUR
    ended = Upkeep(town.store).turn(town.time)

    with town.store.write() as connection:
        connection.execute(update(incident).where(broken).values(kind=Kind.MAINS_FAILURE.value))
    assert ended == 1
    assert town.card("李建国").waits_until is None
    assert Upkeep(town.store).turn(town.time) == 1


def test_a_case_that_is_open_when_work_begins_says_at_once_that_it_waits(town: Town) -> None:
    town.say("王秀英", Kind.MAINS_FAILURE)
    town.say("李建国", Kind.MAINS_FAILURE)
    before, neighbour = town.card("王秀英"), town.card("李建国")
    begin(town)
    assert town.card("王秀英").version > before.version, "every desk draws it anew"
    assert town.detail("王秀英").timeline[-1].text.startswith("维护中")
    assert town.card("李建国").version == neighbour.version
    begin(town, None, 2 * HOUR)
    assert town.detail("王秀英").timeline[-1].text.startswith("维护中"), "and that it waits longer"
    assert town.card("李建国").version > neighbour.version


def test_a_call_for_help_that_is_open_says_nothing_of_work_on_devices(town: Town) -> None:
    town.press("王秀英")
    before = town.card("王秀英").version
    begin(town)
    assert town.card("王秀英").version == before


@pytest.mark.parametrize("kind", [Kind.SOS, Kind.FALL])
def test_a_person_who_calls_never_waits(town: Town, kind: Kind) -> None:
    begin(town)
    begin(town, None)
    town.say("王秀英", kind)
    assert town.heard("女儿")
    assert town.asked("王秀英")
    assert town.card("王秀英").waits_until is None


def test_fire_never_waits(town: Town) -> None:
    begin(town, "care:town/王秀英/smoke")
    town.smoke("王秀英")
    assert town.heard("女儿")


def test_a_press_ends_the_waiting_of_what_was_open(town: Town) -> None:
    begin(town)
    town.say("王秀英", Kind.MAINS_FAILURE)
    assert town.phones.texts == []
    town.press("王秀英")
    assert town.heard("女儿")
    assert town.card("王秀英").waits_until is None


def test_a_button_that_is_silent_waits_but_not_together_with_more_than_a_device(town: Town) -> None:
    begin(town)
    with town.store.write() as connection:  # she lives alone: it is more than trouble, and still a device's
        said = Fact(Entry.SIGNAL, "失联", detail={"kind": Kind.OFFLINE.value})
        home, how_bad = town.homes["王秀英"], Severity.ROUTINE
        bring = partial(intake.bring, connection, home, Kind.OFFLINE, "patrol", said, town.plans, town.time)
        bring(severity=how_bad)
    town.work()
    assert town.card("王秀英").waits_until is not None
    town.say("王秀英", Kind.BED_EXIT)  # as severe: the case goes on as one about a silent device
    assert town.card("王秀英").kind is Kind.OFFLINE
    assert town.card("王秀英").waits_until is None


def test_silence_beside_a_trouble_of_a_device_does_not_wait(town: Town) -> None:
    begin(town)
    town.say("王秀英", Kind.MAINS_FAILURE)
    town.say("王秀英", Kind.WANDER)
    assert town.card("王秀英").waits_until is None


def test_the_neighbours_device_does_not_wait_unless_it_is_the_whole_site(town: Town) -> None:
    begin(town)
    town.say("李建国", Kind.MAINS_FAILURE)
    assert town.card("李建国").waits_until is None
    begin(town, None, 2 * HOUR)
    town.say("王秀英", Kind.MAINS_FAILURE)
    assert town.card("李建国").waits_until == town.card("王秀英").waits_until == START + 2 * HOUR


def test_a_power_cut_of_a_whole_cell_is_no_work_on_devices(town: Town) -> None:
    site = begin(town, None)
    names = ["张三", "李四", "赵五", "钱六", "孙七"]
    for name in names:
        town.resident(name)
    town.take(*(town.reading(name, Kind.MAINS_FAILURE) for name in names))
    [area] = [card for card in town.cards() if card.subject.startswith("area:")]
    assert area.waits_until is None
    assert town.heard("李强"), "somebody is asked to go and look"
    maintaining.end(town.store, site, town.operator, town.time)
    with town.store.read() as connection:
        said = [entry.text for entry in views.detail(connection, area.id).timeline]
    assert not [text for text in said if "维护" in text], "it did not wait, and does not begin again"


def test_who_is_done_says_so_and_what_waits_for_other_work_goes_on_waiting(town: Town) -> None:
    site, one = begin(town, None), begin(town)
    town.say("王秀英", Kind.MAINS_FAILURE)
    maintaining.end(town.store, one, town.operator, town.time)
    assert town.card("王秀英").waits_until == START + HOUR
    maintaining.end(town.store, site, town.operator, town.time)
    assert town.card("王秀英").waits_until is None
    with pytest.raises(NotFound):
        maintaining.end(town.store, site, town.operator, town.time)
    with town.store.read() as connection:
        assert rows.going_on(connection) == []
        assert {each.id for each in rows.ended_since(connection, START)} == {one, site}


def test_it_needs_a_reason_and_ends_within_a_day(town: Town) -> None:
    id = device(town, "care:town/王秀英")
    for reason, lasts in (("  ", HOUR), ("换电池", timedelta(hours=25)), ("换电池", timedelta(0))):
        with pytest.raises(Invalid):
            maintaining.begin(town.store, id, reason, lasts, town.operator, town.time)
    with pytest.raises(NotFound):
        maintaining.begin(town.store, 999, "换电池", HOUR, town.operator, town.time)


@pytest.mark.parametrize(
    ("now", "over"),
    [
        (START, False),
        (START + HOUR - timedelta(seconds=1), False),
        (START + HOUR, True),
        (START - timedelta(seconds=50), False),  # the clocks of two machines
        (START - timedelta(minutes=2), True),  # the clock was set back: it would last longer than was said
    ],
)
def test_it_lasts_no_longer_than_was_said(now: datetime, over: bool) -> None:
    assert is_over(START, START + HOUR, now) is over
