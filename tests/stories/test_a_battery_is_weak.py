"""A device gets weak or silent: the desk has a case at once, and a contact a text, by day and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from community.storage import Store
from community.storage.tables import message
from devices.signal import Kind, Role
from dispatcher import maintaining, views
from dispatcher.family_news import FamilyNews
from dispatcher.model import Lane, Purpose
from tests.town import Town

WEAK = "【2222999】王秀英家报警设备快没电了,请换电池或充电,不会弄请打热线。这不是呼救。"
NIGHT = datetime(2026, 11, 19, 19, 10, tzinfo=UTC)  # 03:10 in the street
DAY = datetime(2026, 11, 20, 2, 0, tzinfo=UTC)


def a_town(store: Store, start: datetime) -> Town:
    town = Town(store, start)
    town.resident("王秀英", contacts=("女儿", "儿子"))
    return town


def through(town: Town, hours: float, *workers: FamilyNews) -> None:
    for _ in range(round(hours * 6)):
        for worker in workers or (FamilyNews(town.store),):
            worker.turn(town.time)
        town.work()
        town.time += timedelta(minutes=10)


def silent(hours: int) -> str:
    return f"【2222999】王秀英家报警设备已{hours}小时没有信号,按了可能没人知道。请看看电源和网络。"


def test_who_is_first_hears_of_a_weak_battery_in_the_morning_and_nobody_at_night(store: Store) -> None:
    town = a_town(store, NIGHT)
    town.say("王秀英", Kind.LOW_BATTERY)
    assert len(town.open_cards()) == 1, "the desk has it at once"
    through(town, 4.5)  # until 07:40
    assert town.heard("女儿") == []
    through(town, 30)
    assert town.heard("女儿") == [WEAK]
    assert town.heard("儿子") == []
    with store.read() as connection:
        row = connection.execute(select(message).where(message.c.purpose == Purpose.DEVICE.value)).one()
        entries = views.detail(connection, town.card("王秀英").id).timeline
    told = row.created_at.astimezone(UTC) + timedelta(hours=8)
    assert (told.hour, told.day) == (8, 20)
    assert (row.lane, row.incident_id) == (int(Lane.LAST), None)
    assert [entry.text for entry in entries if entry.detail.get("message") == row.key] == [
        "已短信告知女儿女儿 a text to a contact"
    ]


def test_two_dispatchers_tell_it_once_and_the_next_case_anew(store: Store) -> None:
    town = a_town(store, DAY)
    town.say("王秀英", Kind.LOW_BATTERY)
    through(town, 2, FamilyNews(store), FamilyNews(store))
    assert town.heard("女儿") == [WEAK]
    town.close("王秀英")
    town.say("王秀英", Kind.LOW_BATTERY)
    through(town, 2, FamilyNews(store), FamilyNews(store))
    assert town.heard("女儿").count(WEAK) == 2


def test_a_silent_device_is_told_when_it_was_silent_for_two_hours(store: Store) -> None:
    town = a_town(store, DAY)
    key = town.sensor("王秀英", Role.MOTION_SENSOR)
    town.say("王秀英", Kind.OFFLINE, device=key)
    through(town, 2)
    assert town.heard("女儿") == []
    through(town, 2)
    assert town.heard("女儿") == [silent(2)]


def test_a_case_that_is_over_by_the_morning_is_told_to_nobody(store: Store) -> None:
    town = a_town(store, NIGHT)
    town.say("王秀英", Kind.LOW_BATTERY)
    through(town, 2)
    town.close("王秀英")
    through(town, 12)
    assert WEAK not in town.heard("女儿")


def test_who_wants_no_texts_is_passed_over_and_the_next_one_is_told(store: Store) -> None:
    town = a_town(store, DAY)
    town.answer("女儿", "TD")
    before = len(town.heard("女儿"))
    town.say("王秀英", Kind.LOW_BATTERY)
    through(town, 1)
    assert (len(town.heard("女儿")), town.heard("儿子")) == (before, [WEAK])


def test_what_waits_for_a_technician_is_told_to_nobody(store: Store) -> None:
    town = a_town(store, DAY)
    maintaining.begin(store, None, "更换电池", timedelta(hours=3), town.operator, town.time)
    town.say("王秀英", Kind.LOW_BATTERY)
    through(town, 2)
    assert town.heard("女儿") == []


@pytest.mark.parametrize("kind", [Kind.TAMPER, Kind.MAINS_FAILURE])
def test_what_is_no_matter_for_a_contact_is_the_desks(store: Store, kind: Kind) -> None:
    town = a_town(store, DAY)
    town.say("王秀英", kind)
    through(town, 4)
    assert town.heard("女儿") == []
