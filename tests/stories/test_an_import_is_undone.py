"""The wrong table was imported, and is taken back: what nobody has touched since, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import Connection, func, select

from community import ledger
from community.batches import KEPT, Batch
from community.errors import Conflict, NotFound
from community.ledger import Fate
from community.model import (
    Call,
    CallOutcome,
    CatalogueItem,
    ContactChannel,
    Device,
    HomeRecord,
    Medium,
    Order,
    OrderState,
    Provider,
    Resident,
)
from community.storage import Store, batches, consent, desk, register, wishes
from community.storage import ledger as ledgers
from community.storage import tables as t
from community.storage.ledger import TOGETHER
from devices.signal import Kind, Role
from dispatcher import exercising, responses, retention
from dispatcher.model import CloseCode
from tests.town import Town

TODAY = date(2026, 11, 22)
HEADERS = "网格,地址,姓名,房号,电话,出生日期,独居,健康状况,联系人1,关系1,联系人1电话"


@pytest.fixture
def town(town: Town) -> Town:
    town.resident("王秀英", contacts=("女儿",))
    return town


def bring(town: Town, *rows: str) -> Batch:
    """Import these rows."""
    table = "\n".join([HEADERS, *rows]).encode()
    with town.store.read() as connection:
        found = ledger.read(table, ledgers.cells(connection), ledgers.homes(connection), TODAY)
    assert not found.bad, [row.wrong for row in found.bad]
    batch = ledgers.bring(town.store, found, town.operator.id, "台账.csv", town.time)
    assert batch is not None
    return batch


def new(room: int, name: str = "钱玉兰") -> str:
    return f"第一网格,幸福里9幢1单元{room},{name},{room},13800138000,,是,,孙军,儿子,13900139{room:03}"


def known(town: Town, phone: str = "13800138111", health: str = "高血压", kin: str = ",,") -> str:
    return (
        f"第一网格,{home_of(town, '王秀英').household.address},王秀英,,{phone},1940-05-01,是,{health},{kin}"
    )


def undo(town: Town, batch: Batch) -> Batch:
    return batches.undo_batch(town.store, batch.id, town.operator.id, town.time)


def stays(town: Town, batch: Batch) -> list[str]:
    """Why what stays does so."""
    with town.store.read() as connection:
        found = batches.changed(connection, batch.id)
    return [
        one.undoing.stays[change.id]
        for one in found
        for change in one.written
        if change.id in one.undoing.stays
    ]


def register_of(store: Store) -> list[list[Any]]:
    """Every row of homes and people."""
    with store.read() as connection:
        return [
            [tuple(row) for row in connection.execute(select(table).order_by(table.c.id))]
            for table in (t.household, t.resident, t.contact)
        ]


def find(town: Town, search: str) -> tuple[HomeRecord, ...]:
    with town.store.read() as connection:
        return register.list_households(connection, search=search)


def home_of(town: Town, search: str) -> HomeRecord:
    [home] = find(town, search)
    return home


def test_a_batch_that_nobody_has_touched_leaves_no_trace_in_the_register(town: Town) -> None:
    before = register_of(town.store)
    batch = bring(town, *(new(room) for room in range(101, 104)), known(town, kin="孙丽,侄女,13900139555"))
    assert (batch.homes, batch.added, batch.changed) == (3, 3, 1)
    after = register_of(town.store)
    assert after != before
    assert stays(town, batch) == []
    assert register_of(town.store) == after, "to look is not to undo"

    town.pass_time(minutes=60)
    undone = undo(town, batch)

    assert register_of(town.store) == before
    assert (undone.undoes, undone.homes, undone.elders_out, undone.stayed) == (batch.id, 3, 3, 0)
    assert undone.set_back == 5, "phone, birth date, alone, health, and the niece"
    with town.store.read() as connection:
        listed = batches.newest(connection, None, 10)
        kept = connection.execute(select(func.count()).select_from(t.import_change)).scalar_one()
    assert [(one.id, one.undone_by) for one in listed] == [(undone.id, None), (batch.id, undone.id)]
    assert [one.at for one in listed] == [town.time, town.time - timedelta(minutes=60)]
    assert kept == 0, "nothing is kept of whom the register does not know any more"


def test_it_is_undone_once_and_an_undoing_never(town: Town) -> None:
    batch = bring(town, new(101))
    undone = undo(town, batch)

    for again in (batch, undone):
        with pytest.raises(Conflict, match="撤销"):
            undo(town, again)
    with pytest.raises(NotFound):
        batches.undo_batch(town.store, 99, town.operator.id, town.time)


def enrol(_town: Town, home: HomeRecord, connection: Connection) -> None:
    register.enrol_device(connection, Device(0, "care:town/new", Role.HELP_BUTTON, home.household.id))


def telephone(town: Town, home: HomeRecord, connection: Connection) -> None:
    call = Call(0, "13800138000", town.time, home.household.id, CallOutcome.INFORMATION)
    desk.add_call(connection, call)


def move_in(_town: Town, home: HomeRecord, connection: Connection) -> None:
    register.add_resident(connection, Resident(0, home.household.id, "孙大爷"))


def note_the_key(_town: Town, home: HomeRecord, connection: Connection) -> None:
    register.update_household(connection, replace(home.household, access_notes="钥匙在502"))


def change_the_number(_town: Town, home: HomeRecord, connection: Connection) -> None:
    [son] = home.contacts
    register.set_contacts(connection, home.household.id, [replace(son, phone="13900139777")])


HANGS: dict[str, Callable[[Town, HomeRecord, Connection], None]] = {
    "有设备": enrol,
    "有来电记录": telephone,
    "后来登记了别的人": move_in,
    "后来又改过": note_the_key,
    "后来又改过 changed": change_the_number,
}


@pytest.mark.parametrize("why", HANGS)
def test_a_home_on_which_something_hangs_stays_whole_and_says_why(town: Town, why: str) -> None:
    batch = bring(town, new(101), new(102))
    with town.store.write() as connection:
        HANGS[why](town, home_of(town, "幸福里9幢1单元101"), connection)
    kept = home_of(town, "幸福里9幢1单元101")

    undone = undo(town, batch)

    assert (undone.homes, undone.elders_out, undone.stayed) == (1, 1, 3)
    assert home_of(town, "幸福里9幢1单元101") == kept
    assert find(town, "幸福里9幢1单元102") == ()
    assert all(why in reason and "整户留下" in reason for reason in stays(town, batch))
    assert stays(town, undone) == stays(town, batch)


def test_a_home_with_a_drill_stays_whole(town: Town) -> None:
    """A drill is no case of the home, and yet every console shows where it is held."""
    alone = f"{new(101).rsplit(',', 3)[0]},,,"
    batch = bring(town, alone)
    home = home_of(town, "幸福里9幢1单元101").household.id
    drill = exercising.begin(town.store, home, Kind.SOS, town.operator, town.plans, town.time)
    responses.claim(town.store, drill.id, town.operator, town.time)
    responses.close(town.store, drill.id, town.operator, CloseCode.TEST, "", town.time)

    assert undo(town, batch).homes == 0
    assert any("演练过" in why for why in stays(town, batch))
    assert [card.id for card in town.cards()] == [drill.id]


def test_who_is_watched_or_was_told_something_stays(town: Town) -> None:
    batch = bring(town, new(101), new(102), new(103))
    for room in (101, 102):
        town.homes[str(room)] = home_of(town, f"幸福里9幢1单元{room}").household.id
    town.watch("101", "half_day")
    with town.store.write() as connection:
        enrol(town, home_of(town, "幸福里9幢1单元102"), connection)
    town.press("102", device="care:town/new")
    town.close("102")
    with town.store.write() as connection:
        device = register.devices_by_key(connection, ["care:town/new"])["care:town/new"]
        register.update_device(connection, replace(device, household_id=None))

    undone = undo(town, batch)

    assert (undone.homes, undone.stayed) == (1, 6)
    assert ["守护" in why for why in stays(town, batch)] == [True] * 3 + [False] * 3
    assert all("有过事件" in why and "发过通知" in why for why in stays(town, batch)[3:])


def test_only_what_still_says_what_the_batch_wrote_is_set_back(town: Town) -> None:
    batch = bring(town, known(town, kin="女儿,,13900139555"))
    home = home_of(town, "王秀英")
    with town.store.write() as connection:
        [elder] = home.residents
        register.update_resident(connection, replace(elder, health_notes="高血压、糖尿病"))

    undone = undo(town, batch)

    home = home_of(town, "王秀英")
    [elder], [daughter] = home.residents, home.contacts
    assert elder.health_notes == "高血压、糖尿病"
    assert (elder.phone, elder.birth_date, elder.lives_alone) == ("", None, False)
    assert daughter.phone == town.people["女儿"]
    assert (undone.set_back, undone.stayed) == (4, 1)
    assert ["健康备注后来又改过" in why for why in stays(town, batch)] == [True]


def test_of_a_home_with_an_open_case_nothing_is_touched(town: Town) -> None:
    batch = bring(town, known(town), new(101))
    town.press("王秀英")
    before = home_of(town, "王秀英")

    undone = undo(town, batch)

    assert home_of(town, "王秀英") == before
    assert (undone.homes, undone.set_back) == (1, 0)
    assert ["有未结束的事件" in why for why in stays(town, batch)] == [True]


def test_who_came_into_a_home_stays_when_it_had_a_case_since(town: Town) -> None:
    address = home_of(town, "王秀英").household.address
    batch = bring(town, f"第一网格,{address},李建国,,,,,,孙军,儿子,13900139555", known(town))
    town.press("王秀英")
    town.close("王秀英")

    undone = undo(town, batch)

    home = home_of(town, "王秀英")
    assert {one.name for one in home.residents} == {"王秀英", "李建国"}
    assert len(home.contacts) == 2
    assert (undone.elders_out, undone.set_back, undone.stayed) == (0, 4, 2), "and fields are set back"


def test_who_came_into_a_home_leaves_it_and_the_others_stay(town: Town) -> None:
    before = home_of(town, "王秀英")
    batch = bring(town, f"第一网格,{before.household.address},李建国,,,,,,孙军,儿子,13900139555")
    with town.store.write() as connection:
        home = register.household_by_id(connection, before.household.id)
        son = next(one for one in home.contacts if one.name == "孙军")
        wishes.replace_for_contact(connection, home.household.id, son.id, [ContactChannel(Medium.VOICE)])

    undo(town, batch)

    home = home_of(town, "王秀英")
    assert {one.name for one in home.residents} == {"王秀英"}
    assert {one.name for one in home.contacts} == {"女儿", "孙军"}
    assert ["设了联系方式" in why for why in stays(town, batch)] == [True]


def test_a_relative_who_said_whether_she_wants_texts_stays(town: Town) -> None:
    before = home_of(town, "王秀英")
    batch = bring(town, known(town, kin="孙军,儿子,13900139555"))
    with town.store.write() as connection:
        consent.withdraw(connection, "+8613900139555", town.time)

    undo(town, batch)

    assert [one.name for one in home_of(town, "王秀英").contacts] == ["女儿", "孙军"]
    assert home_of(town, "王秀英").residents == before.residents
    assert ["收短信" in why for why in stays(town, batch)] == [True]


def test_a_later_batch_is_undone_before_an_earlier_one(town: Town) -> None:
    before = register_of(town.store)
    first = bring(town, new(101))
    second = bring(town, new(101).replace("13800138000", "13800138222"))
    assert (second.added, second.changed) == (0, 1)
    assert ["后来又改过" in why for why in stays(town, first)] == [True] * 3

    undo(town, second)
    undo(town, first)

    assert register_of(town.store) == before


class Dying:
    """A store whose process is killed when it writes once too often."""

    def __init__(self, store: Store, writes: int) -> None:
        self._store, self._left = store, writes
        self.read = store.read

    @contextmanager
    def write(self) -> Iterator[Connection]:
        if self._left == 0:
            raise KeyboardInterrupt
        self._left -= 1
        with self._store.write() as connection:
            yield connection


def test_an_undoing_that_was_killed_goes_on_when_it_is_asked_for_again(town: Town) -> None:
    before = register_of(town.store)
    batch = bring(town, *(new(room) for room in range(100, 100 + TOGETHER + 5)))
    with pytest.raises(KeyboardInterrupt):
        batches.undo_batch(Dying(town.store, 2), batch.id, town.operator.id, town.time)  # type: ignore[arg-type]
    assert len(find(town, "幸福里9幢")) == 5

    undone = undo(town, batch)

    assert (undone.homes, undone.elders_out) == (TOGETHER + 5, TOGETHER + 5)
    assert register_of(town.store) == before
    with pytest.raises(Conflict):
        undo(town, batch)


def test_an_import_that_is_being_undone_writes_no_more(town: Town) -> None:
    batch = bring(town, new(101))
    undo(town, batch)
    with town.store.write() as connection, pytest.raises(Conflict, match="正在被撤销"):
        batches.going_on(connection, batch.id)


def test_earlier_values_are_deleted_after_thirty_days_and_then_nothing_is_undone(town: Town) -> None:
    batch = bring(town, known(town), new(101))
    later = bring(town, new(102))

    def kept() -> int:
        with town.store.read() as connection:
            return int(connection.execute(select(func.count()).select_from(t.import_change)).scalar_one())

    forgetting = retention.of_imports(town.store)
    town.time += KEPT
    forgetting.turn(town.time)
    assert kept() == 7, "to the last second they can be used"
    with town.store.write() as connection:
        connection.execute(
            t.import_batch.update().where(t.import_batch.c.id == later.id).values(at=town.time)
        )
    town.time += timedelta(hours=2)
    forgetting.turn(town.time)

    assert kept() == 3
    with pytest.raises(Conflict, match="30天"):
        undo(town, batch)
    assert undo(town, later).homes == 1


def test_whatever_may_hang_on_a_home_has_a_word() -> None:
    referring = {table.name for table, _ in batches._referring()}

    assert referring == set(batches.HANGS_ON)


def test_a_table_that_is_imported_again_changes_nothing_and_is_no_batch(town: Town) -> None:
    bring(town, new(101))
    table = "\n".join([HEADERS, new(101)]).encode()
    with town.store.read() as connection:
        found = ledger.read(table, ledgers.cells(connection), ledgers.homes(connection), TODAY)

    assert [row.fate for row in found.rows] == [Fate.SAME]
    assert ledgers.bring(town.store, found, town.operator.id, "台账.csv", town.time) is None


def test_an_order_keeps_a_home(town: Town) -> None:
    batch = bring(town, new(101))
    home = home_of(town, "幸福里9幢1单元101").household
    with town.store.write() as connection:
        provider = desk.add_provider(connection, Provider(0, "安康家政", "家政", "0546-2222000"))
        item = desk.add_item(connection, CatalogueItem(0, provider.id, "家政", "擦窗", "次", 5000))
        order = Order(0, home.id, item.id, provider.id, None, OrderState.PLACED, "", town.time, town.time)
        desk.add_order(connection, order)

    assert undo(town, batch).homes == 0
    assert all("有订单" in why for why in stays(town, batch))
