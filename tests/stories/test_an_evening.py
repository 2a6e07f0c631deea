"""The main job, told as it happens to people."""

from __future__ import annotations

from community.model import ResponderKind
from devices.signal import Kind
from dispatcher.chain import first_break
from dispatcher.model import CloseCode, Entry, OfferState, Stage


def test_a_press_brings_the_daughter_a_text_and_the_nearest_worker_to_the_door(town) -> None:
    town.resident("王秀英", contacts=("女儿", "邻居"))
    town.responder("李强", metres=400)
    town.responder("远处的小刘", metres=3000)
    town.responder("张敏", metres=900)
    town.responder("和平诊所", metres=1200, kind=ResponderKind.CLINIC)

    town.press("王秀英")

    assert town.heard("女儿") == [
        "【2222999】王秀英14:05按了紧急按钮,和平社区幸福里3幢2单元500。正在联系老人。"
        "能赶到回1,不能回2,误按回3。"
    ]
    assert town.heard("邻居") == town.heard("女儿")
    assert town.asked("王秀英") == {
        "李强": OfferState.ASKED,
        "张敏": OfferState.ASKED,
        "和平诊所": OfferState.ASKED,
    }
    assert town.heard("远处的小刘") == []
    assert "请去和平社区幸福里3幢2单元500" in town.heard("李强")[0]
    assert "约400米" in town.heard("李强")[0]

    town.answer("李强", "1")
    assert town.card("王秀英").stage is Stage.COVERED
    assert town.heard("女儿")[1] == "【2222999】网格员李强已接单,约3分钟到王秀英家。"

    town.pass_time(minutes=3)
    town.answer("李强", "4")
    assert town.card("王秀英").stage is Stage.ON_SCENE
    assert town.heard("女儿")[2] == "【2222999】李强14:08已到王秀英家。"

    town.pass_time(minutes=10)
    town.close("王秀英", CloseCode.HELPED)
    assert town.card("王秀英").stage is Stage.CLOSED
    assert town.heard("女儿")[-1] == "【2222999】王秀英家的报警14:18处理完毕,已上门看过。"
    assert town.heard("张敏")[-1] == "【2222999】网格员李强已接单去王秀英家,您不用去了,谢谢。"
    assert town.heard("和平诊所")[-1].endswith("不用再去了,谢谢您。")

    timeline = town.detail("王秀英").timeline
    assert [entry.entry for entry in timeline][:2] == [Entry.OPENED, Entry.SIGNAL]
    assert timeline[-1].entry in (Entry.CLOSED, Entry.MESSAGE)
    assert first_break(timeline) is None


def test_the_neighbour_and_the_next_workers_are_asked_when_nobody_answers(town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    for number in range(1, 6):
        town.responder(f"网格员{number}", metres=100 * number)

    town.press("王秀英")
    assert town.heard("邻居") == []
    assert list(town.asked("王秀英")) == ["网格员1", "网格员2"]

    town.pass_time(seconds=59)
    assert town.heard("邻居") == []
    town.pass_time(seconds=1)

    assert len(town.heard("邻居")) == 1
    assert town.asked("王秀英") == {
        "网格员1": OfferState.EXPIRED,
        "网格员2": OfferState.EXPIRED,
        "网格员3": OfferState.ASKED,
        "网格员4": OfferState.ASKED,
    }


def test_a_worker_who_declines_is_replaced_at_once_by_the_next_nearest(town) -> None:
    town.resident("王秀英")
    for number in range(1, 4):
        town.responder(f"网格员{number}", metres=100 * number)
    town.press("王秀英")

    town.answer("网格员1", "去不了")

    assert town.asked("王秀英") == {
        "网格员1": OfferState.DECLINED,
        "网格员2": OfferState.ASKED,
        "网格员3": OfferState.ASKED,
    }


def test_a_worker_who_accepts_but_does_not_arrive_is_not_waited_for(town) -> None:
    town.resident("王秀英")
    town.responder("网格员1", metres=250)
    town.responder("网格员2", metres=300)
    town.responder("网格员3", metres=900)
    town.press("王秀英")
    town.answer("网格员1", "1")  # two minutes away, five minutes' grace
    town.answer("网格员2", "2")

    town.pass_time(minutes=6, seconds=59)
    assert "网格员3" not in town.asked("王秀英")
    town.pass_time(seconds=1)

    assert town.asked("王秀英")["网格员3"] is OfferState.ASKED
    assert town.asked("王秀英")["网格员1"] is OfferState.ACCEPTED


def test_the_last_rung_repeats_for_ever(town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.press("王秀英")

    town.pass_time(minutes=13)

    # at once; the rungs at 1 and 3 minutes have nobody new to tell; repeats at 6, 9 and 12 minutes
    assert len(town.heard("女儿")) == 4


def test_relatives_who_cannot_come_are_not_asked_again(town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    town.answer("女儿", "不能去")
    assert len(town.heard("邻居")) == 1  # takes the daughter's place at once

    town.pass_time(minutes=7)

    assert len(town.heard("女儿")) == 1


def test_a_second_press_joins_the_open_case_and_a_fire_alarms_everybody_again(town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "1")
    town.press("王秀英")
    assert len(town.heard("女儿")) == 2  # raised, accepted: not a second alarm

    town.smoke("王秀英")

    assert len(town.open_cards()) == 1
    assert town.card("王秀英").kinds == (Kind.SOS, Kind.SMOKE)
    assert "烟雾报警" in town.heard("女儿")[-1]


def test_a_worker_off_duty_is_not_asked(town) -> None:
    town.resident("王秀英")
    town.responder("夜班", metres=100, duty=(20 * 60, 20 * 60 + 600))  # 20:00 to 06:00; it is 14:05
    town.responder("白班", metres=900, duty=(8 * 60, 20 * 60))

    town.press("王秀英")

    assert list(town.asked("王秀英")) == ["白班"]


def test_a_home_without_a_position_gets_its_own_cells_staff(town) -> None:
    town.resident("王秀英", located=False)
    town.responder("别处的", metres=10)
    town.responder("本网格的", metres=9000, cells=frozenset({town.cell}))

    town.press("王秀英")

    assert list(town.asked("王秀英")) == ["本网格的"]


def test_nothing_that_was_closed_is_said_afterwards(town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    town.close("王秀英", CloseCode.FALSE_PRESS)
    assert town.heard("女儿")[-1] == "【2222999】已核实:王秀英误按按钮,人平安,不用赶来。"

    town.pass_time(minutes=5)

    assert len(town.heard("女儿")) == 2
    assert town.heard("邻居") == []
