"""The centre is down, and a relative is told all the same: once, in words that are true."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import orjson
import pytest
from sqlalchemy import update

from community.storage import Store, consent
from community.storage.tables import incident
from devices.profiles import shipped
from devices.signal import Frame, Kind
from dispatcher import intake
from dispatcher.channels import TryLater
from dispatcher.health import WorkerKind
from dispatcher.model import CloseCode, Entry, Message
from dispatcher.pulse import Pulse
from gateway.fallback.journal import Journal
from gateway.fallback.rule import GIVE_UP, Centre, Deed, Seen, decide
from gateway.fallback.snapshot import Snapshot, read
from gateway.fallback.station import Station
from tests.gateway.test_a_decoder_fails import Flawed
from tests.stories.conftest import town
from tests.town import Town

__all__ = ["town"]

WAIT = timedelta(seconds=45)
ONE_US = timedelta(microseconds=1)
WELL = Centre(gateway=True, dispatcher=True)


@pytest.mark.parametrize(
    "age, seen, centre, repeats, deed",
    [
        (timedelta(), Seen.IN_HAND, Centre(), True, Deed.FORGET),
        (timedelta(days=1), Seen.IN_HAND, Centre(), True, Deed.FORGET),
        (WAIT - ONE_US, Seen.UNKNOWN, Centre(), True, Deed.WAIT),
        (WAIT, Seen.UNKNOWN, Centre(), True, Deed.TELL),
        (WAIT, Seen.UNKNOWN, Centre(), False, Deed.TELL),
        (WAIT, Seen.UNTOLD, Centre(gateway=True), True, Deed.TELL),
        (WAIT, Seen.UNTOLD, WELL, True, Deed.WAIT),
        (GIVE_UP - ONE_US, Seen.UNTOLD, WELL, True, Deed.WAIT),
        (GIVE_UP, Seen.UNTOLD, WELL, True, Deed.FORGET),
        (WAIT - ONE_US, Seen.NOT_STORED, Centre(), True, Deed.WAIT),
        (WAIT, Seen.NOT_STORED, Centre(dispatcher=True), True, Deed.TELL),
        (WAIT, Seen.NOT_STORED, Centre(dispatcher=True), False, Deed.TELL),
        (WAIT, Seen.NOT_STORED, WELL, False, Deed.FORGET),
        (WAIT, Seen.NOT_STORED, WELL, True, Deed.WAIT),
        (2 * WAIT - ONE_US, Seen.NOT_STORED, WELL, True, Deed.WAIT),
        (2 * WAIT, Seen.NOT_STORED, WELL, True, Deed.TELL),
    ],
)
def test_when_the_fallback_speaks(
    age: timedelta, seen: Seen, centre: Centre, repeats: bool, deed: Deed
) -> None:
    assert decide(age, WAIT, seen, centre, repeats=repeats) is deed


class Nowhere(Store):
    """A database that is away, until the test brings it back."""

    def __init__(self, real: Store) -> None:
        super().__init__("sqlite:////nowhere/anxin.db")
        self.real = real
        self.is_back = False

    def read(self):  # type: ignore[no-untyped-def, override]
        return self.real.read() if self.is_back else super().read()

    def write(self):  # type: ignore[no-untyped-def, override]
        return self.real.write() if self.is_back else super().write()

    def jot(self):  # type: ignore[no-untyped-def, override]
        return self.real.jot() if self.is_back else super().jot()


class StandBy:
    """A fall-back in the town of the stories."""

    def __init__(self, town: Town, folder: Path) -> None:
        self.town = town
        self.folder = folder
        self.store = Nowhere(town.store)
        self.store.is_back = True
        self.said: list[tuple[str, dict[str, object]]] = []
        self.gateway, self.dispatcher, self.courier = (
            Pulse(town.store, kind)
            for kind in (WorkerKind.GATEWAY, WorkerKind.DISPATCHER, WorkerKind.COURIER)
        )
        self.turning: set[Pulse] = set()
        self.start()

    def start(self) -> None:
        self.station = Station(self.store, self.town.phones, self.folder, shipped(), WAIT)

    def hears(self, device: str, id: str = "1", **more: object) -> None:
        """The same message that the gateway hears; our format."""
        body = orjson.dumps({"v": 1, "id": id, "type": "press", **more})
        frame = Frame(f"care/town/{device}/signal", body, self.town.time)
        self.station.hear([frame])

    def pass_time(self, seconds: float) -> None:
        """Time goes by, and the fall-back looks each second; nobody else does."""
        for _ in range(int(seconds)):
            self.town.time += timedelta(seconds=1)
            for pulse in self.turning:
                pulse.turn(self.town.time)
            for receipt in self.station.turn(self.town.time):
                self.said.append((receipt.topic, orjson.loads(receipt.payload)))


@pytest.fixture
def standby(town: Town, tmp_path: Path) -> Iterator[StandBy]:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    made = StandBy(town, tmp_path)
    made.pass_time(1)
    yield made
    made.station.close()


def press(standby: StandBy, id: str = "1") -> None:
    """The gateway stores it; no engine looks."""
    town = standby.town
    with town.store.write() as connection:
        reading = town.reading("王秀英", Kind.SOS, unique=f"care:town/王秀英#{id}")
        intake.take(connection, [reading], town.plans, town.time)


TEXT = "【2222999】王秀英14:05按了紧急按钮,3幢2单元500。平台故障,请马上联系老人,急请拨120。"


def test_nobody_is_disturbed_while_the_centre_does_its_work(standby: StandBy) -> None:
    standby.town.press("王秀英", unique="care:town/王秀英#1")
    standby.hears("王秀英")
    standby.pass_time(6)
    assert standby.station.waiting == 0
    standby.pass_time(120)
    assert len(standby.town.heard("女儿")) == 1
    assert standby.said == []


def test_the_store_is_away_and_the_first_two_relatives_are_told_after_45_s(standby: StandBy) -> None:
    standby.store.is_back = False
    standby.hears("王秀英")
    standby.pass_time(40)
    assert standby.town.phones.texts == []
    standby.pass_time(10)
    assert standby.town.heard("女儿") == standby.town.heard("儿子") == [TEXT]
    assert standby.town.heard("邻居") == []
    topic, said = standby.said[-1]
    assert topic == "care/town/王秀英/cmd"
    assert (said["say"], said["text"]) == ("relatives_told", "已短信通知家属,急请拨打120")

    standby.hears("王秀英", "2")  # she presses again, and the device repeats
    standby.hears("王秀英")
    standby.pass_time(100)
    assert len(standby.town.heard("女儿")) == 1


def test_who_was_told_is_not_told_again_when_the_centre_is_back(standby: StandBy) -> None:
    standby.store.is_back = False
    standby.hears("王秀英")
    standby.pass_time(50)

    standby.store.is_back = True
    press(standby)
    standby.pass_time(5)
    standby.town.work()

    assert standby.town.heard("女儿") == [TEXT]
    assert standby.town.heard("儿子") == [TEXT]
    assert len(standby.town.heard("邻居")) == 1, "the centre goes on with the next"
    notes = [e.text for e in standby.town.detail("王秀英").timeline if e.actor == "fallback"]
    assert ["后备通道已短信通知女儿" in note for note in notes] == [True, False]
    standby.pass_time(60)
    assert len(notes) == 2, "merged once"


def test_the_dispatcher_is_dead_and_the_fallback_tells_in_its_place(standby: StandBy) -> None:
    standby.turning = {standby.gateway}
    press(standby)
    standby.hears("王秀英")
    standby.pass_time(50)
    assert standby.town.heard("女儿") == [TEXT]
    standby.pass_time(6)
    standby.town.work()  # a dispatcher is started
    assert standby.town.heard("女儿") == [TEXT]


def test_a_dispatcher_that_turns_is_left_to_its_plan(standby: StandBy) -> None:
    standby.turning = {standby.gateway, standby.dispatcher, standby.courier}
    press(standby)
    standby.hears("王秀英")
    standby.pass_time(120)
    assert standby.town.phones.texts == []
    assert standby.station.waiting == 1
    standby.town.work()
    standby.pass_time(5)
    assert standby.station.waiting == 0


def test_a_case_that_somebody_works_on_or_has_closed_is_in_hand(standby: StandBy) -> None:
    press(standby)
    standby.hears("王秀英")
    standby.town.close("王秀英", CloseCode.FALSE_PRESS)
    standby.town.phones.texts.clear()
    standby.pass_time(60)
    assert standby.town.phones.texts == []


def test_a_provider_that_is_down_too_is_tried_again_and_the_device_says_so_once(standby: StandBy) -> None:
    standby.store.is_back = False
    standby.town.phones.trouble = {phone: TryLater("HTTP 503") for phone in standby.town.people.values()}
    standby.hears("王秀英")
    standby.pass_time(60)
    assert [said["text"] for _, said in standby.said] == ["请拨打2222999或120"]
    standby.town.phones.trouble.clear()
    standby.pass_time(5)
    assert standby.town.heard("女儿") == [TEXT]
    assert [said["say"] for _, said in standby.said] == ["call_yourself", "relatives_told"]


@pytest.mark.parametrize(
    "more", [{"type": "low_battery"}, {"test": True}, {"historical": True}, {"type": "heartbeat"}]
)
def test_what_is_no_call_for_help_is_not_its_matter(standby: StandBy, more: dict[str, object]) -> None:
    standby.hears("王秀英", **more)
    assert standby.station.waiting == 0


def test_killed_after_the_text_left_it_asks_the_provider_before_it_tells_again(standby: StandBy) -> None:
    standby.store.is_back = False
    standby.hears("王秀英")
    standby.pass_time(50)
    journal = standby.folder / "journal.jsonl"
    begun = [line for line in journal.read_bytes().splitlines() if b'"provider_id":""' in line]
    journal.write_bytes(b"\n".join([*begun, b'{"key": "torn']))

    standby.start()
    standby.hears("王秀英")
    standby.town.time -= timedelta(seconds=50)
    standby.pass_time(110)

    assert standby.town.heard("女儿") == [TEXT]
    assert len(Journal(journal).unmerged()) == 2


def test_its_files_are_readable_by_nobody_else_and_a_snapshot_reads_as_it_was_written(
    standby: StandBy,
) -> None:
    standby.store.is_back = False
    standby.hears("王秀英")
    standby.pass_time(50)
    for name in ("snapshot.json", "journal.jsonl"):
        assert (standby.folder / name).stat().st_mode & 0o777 == 0o600
    kept = read(standby.folder / "snapshot.json")
    assert kept == standby.station.snapshot
    assert kept != Snapshot()
    (standby.folder / "snapshot.json").write_text("{}")
    with pytest.raises(ValueError, match="remove it, and it is made anew"):
        read(standby.folder / "snapshot.json")


class Silent(Nowhere):
    """A database that takes the question and does not answer."""

    def __init__(self, real: Store) -> None:
        super().__init__(real)
        self.answers = threading.Event()

    def write(self):  # type: ignore[no-untyped-def, override]
        self.answers.wait(30)
        return super().write()


def test_a_frame_on_which_a_decoder_fails_takes_no_call_for_help_with_it(standby: StandBy) -> None:
    whole = shipped()
    flawed = Flawed(whole.models, whole.defaults)
    station = Station(standby.store, standby.town.phones, standby.folder, flawed, WAIT)
    press = Frame("care/town/王秀英/signal", b'{"v":1,"id":"1","type":"press"}', standby.town.time)
    station.hear([Frame("zigbee2mqtt/kitchen", b'{"smoke":true}', standby.town.time), press])
    assert station.waiting == 1
    station.close()


def test_relatives_are_told_where_the_disk_is_full(standby: StandBy) -> None:
    """Whoever cannot write stores no press either: this is what the fall-back is there for."""
    shutil.rmtree(standby.folder)
    standby.pass_time(120)  # the snapshot cannot be renewed
    press(standby)  # and the dispatcher is dead
    standby.hears("王秀英")
    standby.pass_time(50)
    assert len(standby.town.heard("女儿")) == len(standby.town.heard("儿子")) == 1
    standby.pass_time(100)
    assert len(standby.town.heard("女儿")) == 1, "what cannot be written down is remembered"


def test_a_case_that_cannot_be_read_keeps_the_fallback_from_no_other(standby: StandBy) -> None:
    """What it told of one home cannot be brought into its case: everybody else's calls are looked after."""
    standby.town.resident("赵玉兰", contacts=("孙女",))
    standby.start()
    standby.pass_time(1)
    standby.store.is_back = False
    standby.hears("王秀英")
    standby.pass_time(50)
    standby.store.is_back = True
    press(standby)
    odd = incident.c.household_id == standby.town.homes["王秀英"]
    with standby.town.store.write() as connection:
        connection.execute(update(incident).where(odd).values(kind="flood"))

    standby.hears("赵玉兰")
    standby.pass_time(50)

    with standby.town.store.write() as connection:
        connection.execute(update(incident).where(odd).values(kind=Kind.SOS.value))
    assert len(standby.town.heard("孙女")) == 1
    standby.pass_time(5)
    merged = [entry.text for entry in standby.town.detail("王秀英").timeline if "后备通道" in entry.text]
    assert len(merged) == 2, "and it is brought home as soon as it can be"


def test_a_provider_that_breaks_when_it_is_asked_still_gets_the_text_of_the_fallback(
    standby: StandBy,
) -> None:
    standby.store.is_back = False
    standby.town.phones.trouble[standby.town.people["女儿"]] = TryLater("busy")
    standby.hears("王秀英")
    standby.pass_time(50)
    standby.town.phones.trouble.clear()

    def riddle(_message: Message) -> None:
        raise ValueError("an answer that nobody foresaw")

    standby.town.phones.find = riddle  # type: ignore[method-assign, assignment]
    standby.start()
    standby.hears("王秀英")
    standby.pass_time(50)

    assert len(standby.town.heard("女儿")) == 1


def test_a_store_that_never_answers_does_not_stop_it(standby: StandBy) -> None:
    standby.station.patience_s = 0.05
    silent = Silent(standby.town.store)
    standby.station._store = standby.station._pulse._store = silent
    standby.hears("王秀英")
    try:
        standby.pass_time(50)
        assert standby.town.heard("女儿") == [TEXT]
    finally:
        silent.answers.set()


def test_its_own_text_stands_on_the_timeline_as_a_message(standby: StandBy) -> None:
    standby.turning = {standby.gateway}
    press(standby)
    standby.hears("王秀英")
    standby.pass_time(60)
    entries = [e.entry for e in standby.town.detail("王秀英").timeline if e.actor == "fallback"]
    assert entries == [Entry.MESSAGE, Entry.MESSAGE]


def test_who_wants_no_texts_gets_none_and_the_next_one_is_told(standby: StandBy) -> None:
    with standby.town.store.write() as connection:
        consent.withdraw(connection, standby.town.people["女儿"], standby.town.time)
    standby.pass_time(300)  # until the next snapshot
    standby.store.is_back = False
    standby.hears("王秀英")
    standby.pass_time(50)
    assert standby.town.heard("女儿") == []
    assert len(standby.town.heard("儿子")) == len(standby.town.heard("邻居")) == 1
