"""From readings to incidents: once, in order, and with nothing left out."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError

from community.errors import Invalid, NotFound
from community.model import Device
from community.storage import register
from community.storage.tables import signal
from devices.signal import Kind, Reading, Role, Signal, State, Ticket
from dispatcher import intake, views
from dispatcher.model import CloseCode, Entry, Severity, Stage
from dispatcher.storage import signals
from tests.town import Town


def stored(town: Town) -> int:
    with town.store.read() as connection:
        return connection.execute(select(func.count()).select_from(signal)).scalar_one()


def unread(town: Town) -> tuple[views.Unread, ...]:
    with town.store.read() as connection:
        return views.unread(connection, 50)


def entries(town: Town, name: str = "王秀英") -> list[Entry]:
    return [entry.entry for entry in town.detail(name).timeline]


def test_a_clock_that_disagrees_stands_beside_what_the_device_said_and_delays_nothing(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    told = [
        (town.time - timedelta(hours=1), "its clock says"),
        (town.time - timedelta(minutes=4), ""),
        (datetime(2000, 1, 1, tzinfo=UTC), "its clock was never set"),
    ]
    for device_time, doubt in told:
        town.take(town.reading("王秀英", Kind.SOS, device_time=device_time))
        said = [entry.text for entry in town.detail("王秀英").timeline if entry.entry is Entry.SIGNAL][-1]
        assert doubt in said
        assert bool(doubt) is ("clock" in said)
    assert len(town.heard("女儿")) >= 1


# ---- once ----


def test_a_late_redelivery_does_not_reopen_a_closed_incident(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    press = town.reading("王秀英", Kind.SOS)
    town.take(press)
    town.close("王秀英", CloseCode.FALSE_PRESS)
    heard = town.heard("女儿")

    town.pass_time(minutes=30)
    again = town.take(press)

    assert again == intake.Taken(0, (), touched=False)
    assert town.open_cards() == ()
    assert len(town.cards()) == 1
    assert town.heard("女儿") == heard
    assert stored(town) == 1


def test_a_new_press_after_closing_is_a_new_incident(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")
    town.close("王秀英", CloseCode.FALSE_PRESS)

    town.press("王秀英")

    assert len(town.cards()) == 2
    assert len(town.open_cards()) == 1
    assert len(town.heard("女儿")) == 3


def test_the_same_batch_twice_changes_nothing_the_second_time(town: Town) -> None:
    for name in ("王秀英", "赵玉兰"):
        town.resident(name, contacts=(f"{name}的女儿",))
    batch = [
        town.reading("王秀英", Kind.SOS),
        town.reading("赵玉兰", Kind.FALL),
        town.reading("王秀英", Kind.SOS),
    ]
    first = town.take(*batch)
    before = [town.detail(name).timeline for name in ("王秀英", "赵玉兰")]

    second = town.take(*batch)

    assert (first.new_signals, len(first.opened)) == (3, 2)
    assert (second.new_signals, second.opened) == (0, ())
    assert [town.detail(name).timeline for name in ("王秀英", "赵玉兰")] == before


def test_one_batch_may_say_the_same_twice(town: Town) -> None:
    town.resident("王秀英")
    press = town.reading("王秀英", Kind.SOS)

    assert town.take(press, press).new_signals == 1
    assert town.detail("王秀英").alarms[0].times == 1


def test_presses_of_one_home_in_one_group_are_counted_one_by_one(town: Town) -> None:
    town.resident("王秀英")
    town.press("王秀英")

    town.take(*(town.reading("王秀英", Kind.SOS) for _ in range(3)))

    assert town.detail("王秀英").alarms[0].times == 4


def test_two_gateways_that_hear_the_same_things_make_one_incident_of_each(town: Town) -> None:
    names = [f"老人{n}" for n in range(6)]
    for name in names:
        town.resident(name)
    batches = [[town.reading(name, Kind.SOS) for name in names] for _ in range(4)]
    ready = threading.Barrier(2)
    new: list[int] = []

    def gateway(order: int) -> None:
        ready.wait()
        for batch in batches:
            with town.store.write() as connection:
                heard = batch[::order]
                new.append(intake.take(connection, heard, town.plans, town.time).new_signals)

    threads = [threading.Thread(target=gateway, args=(order,)) for order in (1, -1)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(new) == stored(town) == 24
    assert sorted(card.household_id or 0 for card in town.open_cards()) == sorted(town.homes.values())
    for name in names:
        assert town.detail(name).alarms[0].times == 4


def test_two_gateways_that_open_the_same_case_at_once_leave_one_after_the_loser_tries_again(
    town: Town,
) -> None:
    town.resident("王秀英")
    presses = [town.reading("王秀英", Kind.SOS) for _ in range(2)]
    ready = threading.Barrier(2)
    refused: list[IntegrityError] = []

    def gateway(press: Reading) -> None:
        ready.wait()
        for _ in range(3):  # as gateway.receive does
            try:
                with town.store.write() as connection:
                    intake.take(connection, [press], town.plans, town.time)
                return
            except IntegrityError as lost:
                refused.append(lost)

    threads = [threading.Thread(target=gateway, args=(press,)) for press in presses]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(town.cards()) == 1
    assert town.detail("王秀英").alarms[0].times == 2
    assert len(refused) <= 1


# ---- what joins and what does not ----


def test_an_alarm_of_a_device_that_belongs_to_nobody_yet_is_a_case_of_the_device(town: Town) -> None:
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "care:town/spare", Role.HELP_BUTTON, None))

    town.say("", Kind.SOS, device="care:town/spare")
    town.say("", Kind.SOS, device="care:town/never-seen")

    assert sorted(card.subject for card in town.open_cards()) == [
        "device:care:town/never-seen",
        "device:care:town/spare",
    ]
    assert {card.severity for card in town.open_cards()} == {Severity.EMERGENCY}


def test_smoke_that_clears_is_noted_and_a_human_still_has_to_look(town: Town) -> None:
    town.resident("王秀英")
    town.smoke("王秀英")
    town.smoke("王秀英", State.CLEAR)
    town.smoke("王秀英", State.CLEAR)

    assert entries(town).count(Entry.CLEARED) == 1
    [card] = town.open_cards()
    assert card.stage is Stage.RAISED
    assert town.detail("王秀英").alarms[0].cleared_at == town.time


def test_smoke_that_comes_back_alarms_again(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.smoke("王秀英")
    town.smoke("王秀英", State.CLEAR)
    town.pass_time(minutes=2)

    town.smoke("王秀英")

    assert len(town.detail("王秀英").alarms) == 2
    assert len(town.heard("女儿")) == 2


def test_smoke_that_comes_and_goes_is_written_down_each_time_and_alarms_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    for _ in range(5):
        town.smoke("王秀英")
        town.pass_time(seconds=5)
        town.smoke("王秀英", State.CLEAR)

    assert len(town.detail("王秀英").alarms) == 5
    assert len(town.heard("女儿")) == 1


def test_smoke_that_flickers_within_one_batch_is_kept_in_order(town: Town) -> None:
    town.resident("王秀英")
    device = "care:town/王秀英/smoke"

    def smoke(state: State) -> Reading:
        return town.reading("王秀英", Kind.SMOKE, device=device, state=state)

    town.take(smoke(State.ACTIVE), smoke(State.CLEAR), smoke(State.ACTIVE))
    town.take(smoke(State.CLEAR), smoke(State.ACTIVE), smoke(State.ACTIVE), smoke(State.CLEAR))

    alarms = town.detail("王秀英").alarms
    assert [alarm.times for alarm in alarms] == [1, 1, 2]
    assert all(alarm.cleared_at is not None for alarm in alarms)


def test_a_cancel_at_home_is_noted_and_ends_nothing(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.say("王秀英", Kind.CANCEL)
    assert town.cards() == ()
    town.press("王秀英")

    town.say("王秀英", Kind.CANCEL)

    assert Entry.CANCEL_ASKED in entries(town)
    assert len(town.open_cards()) == 1


def test_worse_trouble_takes_the_case_over_and_lesser_joins_it(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.say("王秀英", Kind.LOW_BATTERY)
    assert town.card("王秀英").severity is Severity.TROUBLE
    assert town.heard("女儿") == []

    town.press("王秀英")
    town.say("王秀英", Kind.LEAK)

    card = town.card("王秀英")
    assert (card.severity, card.kind) == (Severity.EMERGENCY, Kind.SOS)
    assert card.kinds == (Kind.LOW_BATTERY, Kind.SOS, Kind.LEAK)
    assert len(town.heard("女儿")) == 1


def test_an_old_person_alarm_pages_nobody_and_waits_for_a_human(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))

    town.press("王秀英", historical=True)
    town.say("王秀英", Kind.LEAK, retained=True)

    assert town.cards() == ()
    assert town.heard("女儿") == []
    [line] = unread(town)
    assert "紧急呼叫:补报" in line.reason
    assert stored(town) == 2


# ---- what nobody could read ----


def ticket(key: str, town: Town) -> Reading:
    return Reading(tickets=(Ticket("不认识", "a/b\x00", b"\xff\x00", town.time, key),))


def test_an_unreadable_message_of_a_life_safety_device_rings_the_desk(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))

    town.take(ticket("care:town/王秀英", town))

    card = town.card("王秀英")
    assert (card.kind, card.severity) == (Kind.UNREADABLE, Severity.ROUTINE)
    assert Entry.DESK in entries(town)
    assert town.heard("女儿") == []
    assert unread(town)[0].payload == b"\xff\x00"


def test_so_does_one_of_a_leak_sensor_for_water_calls_people_too(town: Town) -> None:
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "care:town/sink", Role.LEAK_SENSOR, None))

    town.take(ticket("care:town/sink", town))

    (card,) = town.cards()
    assert card.kind is Kind.UNREADABLE


def test_an_unreadable_message_of_an_unknown_sender_only_waits_to_be_looked_at(town: Town) -> None:
    with town.store.write() as connection:
        register.enrol_device(connection, Device(0, "care:town/door", Role.DOOR_SENSOR, None))

    for key in ("", "care:town/stranger", "care:town/door"):
        town.take(ticket(key, town))

    assert town.cards() == ()
    assert len(unread(town)) == 3


# ---- levels ----


def test_levels_survive_and_the_newest_counts(town: Town) -> None:
    key = ("care:town/x", "smoke")
    town.take(Reading(levels={key: "off", ("care:town/x", "tamper"): "off"}))
    town.take(Reading(levels={key: "on"}), Reading(levels={key: "off"}), Reading(levels={key: "on"}))

    with town.store.read() as connection:
        assert signals.levels(connection, [key]) == {key: "on"}
        assert len(signals.levels(connection)) == 2


# ---- what people report ----


def test_a_report_joins_the_open_case_or_opens_one(town: Town) -> None:
    home = town.resident("王秀英", contacts=("女儿",))
    actor = f"account:{town.operator.id}"
    first = intake.report(town.store, home, Kind.FALL, "邻居说摔倒了", actor, town.plans, town.time)
    second = intake.report(town.store, home, Kind.FALL, "", actor, town.plans, town.time)
    town.work()

    assert first.id == second.id
    assert [entry.text for entry in town.detail("王秀英").timeline][1] == "邻居说摔倒了"
    assert len(town.heard("女儿")) == 1


def test_a_report_must_be_about_trouble_in_a_home_that_exists(town: Town) -> None:
    home = town.resident("王秀英")
    with pytest.raises(Invalid, match="choose one of bed_exit"):
        intake.report(town.store, home, Kind.HEARTBEAT, "", "account:1", town.plans, town.time)
    with pytest.raises(NotFound):
        intake.report(town.store, 4711, Kind.FALL, "", "account:1", town.plans, town.time)


def test_two_people_who_report_the_same_home_at_once_are_both_heard(town: Town) -> None:
    home = town.resident("王秀英")
    ready = threading.Barrier(2)

    def call(text: str) -> None:
        ready.wait()
        intake.report(town.store, home, Kind.FALL, text, "account:1", town.plans, town.time)

    threads = [threading.Thread(target=call, args=(text,)) for text in ("邻居来电", "女儿来电")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert {"邻居来电", "女儿来电"} <= {entry.text for entry in town.detail("王秀英").timeline}


def test_a_signal_is_kept_with_all_that_the_device_said(town: Town) -> None:
    said = Signal(
        "care:town/x",
        Kind.HEARTBEAT,
        "x#9",
        town.time,
        device_time=town.time - timedelta(hours=1),
        battery=17,
        rule="native:beat",
        text="好",
        topic="care/town/x",
        payload=b"\x00\xff",
    )
    town.take(Reading(signals=(said,)))

    with town.store.read() as connection:
        row = connection.execute(select(signal)).one()
    assert (row.device_time, row.received_at) == (said.device_time, said.received_at)
    assert (row.battery, row.payload, row.kind, row.is_old) == (17, b"\x00\xff", "heartbeat", False)
