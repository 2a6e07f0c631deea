"""What users of other systems complain of (in their trackers, by number), told as an evening in our town."""

from __future__ import annotations

from datetime import timedelta

from devices.signal import Kind
from dispatcher import responses
from dispatcher.channels import TryLater
from dispatcher.model import FALSE_ALARMS, LOOK_AT_LEAST, CloseCode, Meaning, Severity
from dispatcher.storage import suspects as rows
from dispatcher.storage.planbook import Planbook
from dispatcher.suspects import TIMES, WITHIN, Suspects
from tests.town import Town

DAY = 24 * 60


def test_a_case_that_was_closed_is_silent_two_months_later(town: Town) -> None:
    """An alert that somebody had acknowledged paged again after two months (oncall #3111)."""
    town.resident("王秀英", contacts=("女儿", "儿子"))
    town.responder("李强", metres=200)
    town.press("王秀英")
    town.close("王秀英")
    told = len(town.phones.texts)

    town.pass_time(minutes=61 * DAY)

    assert len(town.phones.texts) == told
    assert town.open_cards() == ()


def test_an_operator_who_claims_and_then_does_nothing_holds_up_nobody(town: Town) -> None:
    """Acknowledged was as good as forgotten (oncall #3111): here a claim has an owner, and still a future."""
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.responder("李强", metres=200)
    town.press("王秀英")
    town.claim("王秀英")

    for _ in range(2 * 60):  # her console lives all the time, and she does nothing
        town.pass_time(minutes=1)
        card = town.card("王秀英")
        responses.renew(town.store, card.id, town.operator, town.time)
        assert card.due_at is not None
        assert card.due_at <= town.time + LOOK_AT_LEAST

    assert town.card("王秀英").claimed_by == town.operator.id
    assert len(town.heard("邻居")) >= 1, "the second rung came as ever"
    assert len(town.heard("女儿")) > 10, "and the last one goes on"


def test_a_button_that_cries_by_itself_is_believed_each_time(town: Town) -> None:
    """Some buttons send an emergency unpressed (zigbee2mqtt #31821): the one that is real looks the same."""
    town.resident("王秀英", contacts=("女儿",))
    for times in range(1, 5):
        town.press("王秀英")
        assert len(town.open_cards()) == 1
        alarms = [text for text in town.heard("女儿") if "按了紧急按钮" in text]
        assert len(alarms) == times
        town.close("王秀英", CloseCode.FALSE_PRESS)
        town.pass_time(minutes=60)


def test_a_device_with_three_false_alarms_in_a_day_is_to_be_replaced_and_believed_until_then(
    town: Town,
) -> None:
    """(zigbee2mqtt #31821): 设备可疑, and the next press wakes everybody as ever."""
    town.also = Suspects(town.store, Planbook(town.plans)).turn
    town.resident("王秀英", contacts=("女儿",))
    for times, code in enumerate((CloseCode.FALSE_PRESS, CloseCode.DEVICE_FAULT, CloseCode.FALSE_PRESS), 1):
        assert town.open_cards() == (), times
        town.press("王秀英")
        town.close("王秀英", code)
        town.pass_time(minutes=2)

    [suspicion] = town.open_cards()
    assert (suspicion.kind, suspicion.severity) == (Kind.FAULT, Severity.TROUBLE)
    assert any("设备可疑" in line.text and "3次误报" in line.text for line in town.detail("王秀英").timeline)
    told = len(town.heard("女儿"))

    town.press("王秀英")

    assert town.card("王秀英").severity is Severity.EMERGENCY
    assert "按了紧急按钮" in town.heard("女儿")[told]
    town.close("王秀英", CloseCode.FALSE_PRESS)
    town.pass_time(minutes=2)
    assert town.open_cards() == (), "it is told of again after three more"


def test_three_false_alarms_in_a_week_and_tests_make_no_device_suspect(town: Town) -> None:
    town.also = Suspects(town.store, Planbook(town.plans)).turn
    town.resident("王秀英", contacts=("女儿",))
    for code in (CloseCode.FALSE_PRESS, CloseCode.TEST, CloseCode.HELPED, CloseCode.FALSE_PRESS):
        town.press("王秀英")
        town.close("王秀英", code)
        town.time += timedelta(minutes=1)
    town.time += timedelta(hours=24)  # the first ones are of yesterday
    town.press("王秀英")
    town.close("王秀英", CloseCode.FALSE_PRESS)
    town.pass_time(minutes=2)

    assert town.open_cards() == ()


def test_two_dispatchers_tell_of_a_suspect_once(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    for _ in range(TIMES):
        town.press("王秀英")
        town.close("王秀英", CloseCode.FALSE_PRESS)
    first, second = (Suspects(town.store, Planbook(town.plans)) for _ in range(2))
    with town.store.read() as connection:
        [liar] = rows.liars(connection, FALSE_ALARMS, town.time - WITHIN, TIMES)

    assert first.turn(town.time) == 1
    assert second.turn(town.time) == 0
    with town.store.write() as connection:
        assert not rows.mark(connection, liar, town.time), "who has looked before the other wrote"


def test_a_press_that_comes_again_after_the_case_was_closed_opens_nothing(town: Town) -> None:
    """The broker, or a device that has heard no receipt, says late what was dealt with long ago."""
    town.resident("王秀英", contacts=("女儿",))
    press = town.reading("王秀英", Kind.SOS)
    town.take(press)
    town.close("王秀英")
    told = len(town.heard("女儿"))

    town.pass_time(minutes=10)
    town.take(press, press)

    assert town.open_cards() == ()
    assert len(town.heard("女儿")) == told


def test_an_answer_counts_while_our_own_text_still_waits_to_be_tried_again(town: Town) -> None:
    """It had arrived, and the provider said that it had not: she answers what we believe unsent."""
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    phone = town.people["女儿"]
    town.phones.trouble[phone] = TryLater("HTTP 500", 30)
    town.press("王秀英")
    assert town.heard("女儿") == []

    town.answer("女儿", "1")
    town.phones.trouble.clear()
    town.pass_time(minutes=10)

    said = [reply for reply in town.detail("王秀英").timeline if reply.actor.startswith("contact:")]
    assert [entry.detail["meaning"] for entry in said] == [Meaning.COMING.value]
    assert town.heard("邻居") == [], "somebody comes: the next are left in peace"
    raised = [text for text in town.heard("女儿") if "按了紧急按钮" in text]
    assert len(raised) <= 1


def test_who_was_told_late_of_a_closed_case_is_told_how_it_ended(town: Town) -> None:
    """Notifications went on after the acknowledgement (oncall #4654): what has not left is called off."""
    town.resident("王秀英", contacts=("女儿", "儿子"))
    town.phones.trouble[town.people["儿子"]] = TryLater("HTTP 500", 30)
    town.press("王秀英")
    town.close("王秀英", CloseCode.FALSE_PRESS)
    town.phones.trouble.clear()

    town.pass_time(seconds=timedelta(minutes=30).total_seconds())

    assert not any("按了紧急按钮" in text for text in town.heard("儿子")), (
        "an alarm that is over alarms nobody"
    )
    assert town.heard("女儿")[-1].startswith("【2222999】已核实")
