"""Seven in the morning: what the night tells the day."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import insert

from community.storage import Store, register
from community.storage.tables import supervision
from devices.signal import Kind, Role
from dispatcher import desk, exercising, handover, maintaining, responses
from dispatcher.model import CallResult
from tests.town import Town

START = datetime(2026, 3, 2, 23, 0, tzinfo=UTC)
ZONE = ZoneInfo("Asia/Shanghai")


def sheet(town: Town) -> handover.Sheet:
    with town.store.read() as connection:
        return handover.sheet(connection, town.time, ZONE)


def test_a_quiet_night_is_an_empty_sheet(store: Store) -> None:
    town = Town(store, START)
    assert sheet(town) == handover.Sheet((), 0, (), (), 0, (), 0, 0)


def test_what_was_promised_written_and_silenced_is_on_the_sheet(store: Store) -> None:
    town = Town(store, START)
    town.resident("王秀英", contacts=("女儿",))
    town.resident("李建国")
    town.responder("李强", metres=200)
    town.press("王秀英")
    town.answer("李强", "1")
    town.answer("女儿", "1")
    town.claim("王秀英")
    case = town.card("王秀英")
    contact = town.detail("王秀英").home.contacts[0].id  # type: ignore[union-attr]
    desk.called(store, case.id, f"contact:{contact}", CallResult.ANSWERED, town.operator, town.time)
    responses.note(store, case.id, town.operator, "女儿坐头班车来,约九点到", town.time)
    exercising.begin(store, town.homes["李建国"], Kind.SOS, town.operator, town.plans, town.time)
    maintaining.begin(store, None, "机房检修", timedelta(hours=4), town.colleague, town.time)
    with store.write() as connection:
        button = register.devices_by_key(connection, ["care:town/李建国"])["care:town/李建国"]
        silent = {"id": button.id, "presence": "down", "since": START, "awaited_at": START, "look_at": START}
        connection.execute(insert(supervision), silent)
    town.responder("赵敏", metres=9000)

    found = sheet(town)

    real, drill = found.cases
    assert (real.card.id, real.card.exercise, drill.card.exercise) == (case.id, False, True)
    assert [line.partition(",")[0] for line in real.promised] == [
        "网格员李强 已接单",
        "女儿女儿 能赶到(07:00)",
    ]
    assert [note.text for note in real.notes] == ["打给女儿女儿:接通", "女儿坐头班车来,约九点到"]
    assert [(one.reason, one.by) for one in found.works] == [("机房检修", "赵值班")]
    assert [(one.device_id, one.since) for one in found.down] == [(button.id, START)]


def test_a_supervisor_who_answers_and_who_has_not_answered_yet_are_told_apart(store: Store) -> None:
    town = Town(store, START)
    town.resident("王秀英")
    town.responder("李强", metres=200)
    town.press("王秀英")
    [case] = sheet(town).cases
    assert case.promised == ("已询问1人,还没有答复",)
    town.answer("李强", "4")
    [case] = sheet(town).cases
    assert case.promised == ("网格员李强 已到达",)


def test_a_sensor_behind_a_silent_hub_is_not_listed_beside_it(store: Store) -> None:
    town = Town(store, START)
    town.resident("王秀英")
    hub, sensor = (town.sensor("王秀英", role) for role in (Role.HUB, Role.MOTION_SENSOR))
    with store.write() as connection:
        ids = register.devices_by_key(connection, [hub, sensor])
        down = {"presence": "down", "since": START, "awaited_at": START, "look_at": START}
        connection.execute(insert(supervision), {"id": ids[hub].id, "hub_id": None, **down})
        connection.execute(insert(supervision), {"id": ids[sensor].id, "hub_id": ids[hub].id, **down})
    assert [one.device_id for one in sheet(town).down] == [ids[hub].id]
