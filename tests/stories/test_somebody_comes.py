"""What may still happen when somebody has said yes: the arrival clock, seen by those who wait."""

from __future__ import annotations

from datetime import timedelta

import pytest

from community.errors import Conflict, NotFound
from community.model import ResponderKind
from devices.signal import Kind, State
from dispatcher import looking, responses
from dispatcher.model import CloseCode, Entry, OfferState, Stage
from tests.town import Town


def entries(town: Town, entry: Entry) -> list[str]:
    return [line.text for line in town.detail("王秀英").timeline if line.entry is entry]


def offer_of(town: Town, who: str) -> int:
    return max(helper.offer_id for helper in town.card("王秀英").helpers if helper.name == who)


# ---- the supervisor ----


def test_a_supervisors_yes_brings_nobody_so_the_others_are_asked_on_and_no_relative_is_told_of_it(
    town: Town,
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("马站长", metres=500, kind=ResponderKind.SUPERVISOR)
    town.press("王秀英")
    town.pass_time(minutes=3)
    assert town.heard("马站长")[0].endswith("请安排人前往。督办回1,不能回2,您到场回4。")

    town.answer("马站长", "1")
    town.responder("李强", metres=400)
    town.pass_time(minutes=4)

    assert not any("马站长" in text for text in town.heard("女儿"))
    assert town.card("王秀英").stage is Stage.RAISED
    assert town.card("王秀英").covered_at is None
    assert [helper.oversees for helper in town.card("王秀英").helpers] == [True, False]
    assert any("马站长督办" in text for text in entries(town, Entry.OFFER))
    assert len(town.heard("李强")) >= 1  # the plan has gone on
    assert len(town.heard("马站长")) == 1  # and leaves her in peace
    town.close("王秀英")
    assert "已有结果" in town.heard("马站长")[-1]


@pytest.mark.parametrize("said, stage", [("1,8分钟到", Stage.COVERED), ("4", Stage.ON_SCENE)])
def test_a_supervisor_who_says_when_she_comes_or_stands_there_is_waited_for_like_anybody(
    town: Town, said: str, stage: Stage
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("马站长", metres=500, kind=ResponderKind.SUPERVISOR)
    town.press("王秀英")
    town.pass_time(minutes=3)
    town.answer("马站长", "1")

    town.answer("马站长", said)

    assert town.card("王秀英").stage is stage
    assert "马站长" in town.heard("女儿")[-1]


# ---- more trouble ----


def test_a_second_fall_after_the_acceptance_reaches_whoever_is_on_the_way(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=2000)
    town.responder("张敏", metres=2100)
    town.say("王秀英", Kind.FALL)
    town.answer("李强", "1")
    town.pass_time(minutes=3)

    town.say("王秀英", Kind.FALL)

    assert town.heard("李强")[1:] == ["【2222999】请注意:王秀英家14:08又有跌倒报警。请尽快。"]
    assert town.heard("女儿")[2:] == ["【2222999】王秀英家14:08又有跌倒报警,网格员李强正在赶去。"]
    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    assert entries(town, Entry.NEWS) == [
        "已告知李强:又有跌倒报警 on the way, told",
        "已告知家属:又有跌倒报警 relatives told",
    ]


def test_a_fire_after_the_acceptance_warns_whoever_is_on_the_way_and_alarms_everybody_again(
    town: Town,
) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=2000)
    town.responder("张敏", metres=2100)
    town.press("王秀英")
    town.answer("李强", "1")
    town.pass_time(seconds=30)

    town.smoke("王秀英")

    assert town.heard("李强")[-1] == "【2222999】请注意:王秀英家14:05又有烟雾报警。进门前请注意安全。"
    assert "家烟雾报警" in town.heard("女儿")[-1]
    assert town.asked("王秀英")["张敏"] is OfferState.ASKED


def test_a_smoke_detector_that_flickers_is_not_a_new_fire_each_time(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=2000)
    town.smoke("王秀英")
    town.answer("李强", "1")
    heard = len(town.heard("女儿"))

    for _ in range(20):
        town.pass_time(seconds=3)
        town.smoke("王秀英", State.CLEAR)
        town.pass_time(seconds=3)
        town.smoke("王秀英")

    assert len(town.heard("女儿")) - heard == 1  # two minutes have passed
    assert len(town.heard("李强")) == 2


def test_who_falls_again_when_the_worker_has_gone_home_is_helped_again(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿",))
    town.responder("李强", metres=400)
    town.say("王秀英", Kind.FALL)
    for word in ("1", "4", "5"):
        town.pass_time(minutes=2)
        town.answer("李强", word)
    assert town.card("王秀英").stage is Stage.ON_SCENE
    town.pass_time(minutes=5)

    town.say("王秀英", Kind.FALL)

    assert town.card("王秀英").stage is Stage.RAISED
    assert "14:16可能跌倒了" in town.heard("李强")[-1]
    assert "14:16可能跌倒了" in town.heard("女儿")[-1]
    town.answer("李强", "4")
    assert town.card("王秀英").stage is Stage.ON_SCENE


# ---- who does not come ----


def test_a_worker_who_is_late_is_not_waited_for_and_the_next_one_may_say_yes(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=250)
    town.responder("张敏", metres=300)
    town.press("王秀英")
    town.answer("李强", "1")  # two minutes away, five minutes' grace
    town.pass_time(minutes=7)
    assert town.asked("王秀英")["张敏"] is OfferState.ASKED

    assert (
        town.heard("李强")[-1] == "【2222999】您到王秀英家了吗?还没有您的消息,已另请人去。到了回4,去不了回2。"
    )

    town.answer("张敏", "1")

    assert town.asked("王秀英") == {"李强": OfferState.ACCEPTED, "张敏": OfferState.ACCEPTED}
    assert any("过了预计时间还未到达" in text for text in entries(town, Entry.OFFER))


def test_a_worker_who_says_that_it_takes_longer_is_waited_for_as_long(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=250)
    town.responder("张敏", metres=300)
    town.press("王秀英")
    town.answer("李强", "1")
    town.pass_time(minutes=2)

    town.answer("李强", "15分钟到")

    assert town.card("王秀英").helpers[0].eta_at == town.time + timedelta(minutes=15)
    assert "李强已接单,约15分钟到" in entries(town, Entry.OFFER)
    town.pass_time(minutes=19)
    assert town.asked("王秀英")["张敏"] is OfferState.WITHDRAWN
    town.pass_time(minutes=1)
    assert town.asked("王秀英")["张敏"] is OfferState.ASKED


def test_a_son_who_says_he_comes_and_never_does_leaves_nobody_waiting(town: Town) -> None:
    town.resident("王秀英", contacts=("儿子", "女儿", "邻居", "侄子"))
    town.press("王秀英")
    town.answer("儿子", "马上到")
    town.pass_time(minutes=14, seconds=59)
    assert (town.heard("邻居"), town.heard("侄子")) == ([], [])

    town.pass_time(seconds=1)

    assert len(town.heard("邻居")) == len(town.heard("侄子")) == 1
    assert any("家属说能赶到,15分钟没有消息" in text for text in entries(town, Entry.DESK))


def test_a_daughters_yes_to_the_press_is_none_to_the_fire(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.press("王秀英")
    town.answer("女儿", "1")
    town.pass_time(seconds=61)
    assert town.heard("邻居") == []

    town.smoke("王秀英")
    town.pass_time(seconds=60)

    assert "家烟雾报警" in town.heard("女儿")[-1]
    assert len(town.heard("邻居")) == 1


# ---- on scene ----


def test_who_is_on_scene_is_asked_after_until_she_says_that_she_is_well(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "4")
    town.pass_time(minutes=20)
    assert town.heard("李强")[-1] == (
        "【2222999】您在王秀英家已20分钟。平安回4,处理完毕回5,要人帮忙请打电话。"
    )
    town.pass_time(minutes=6)
    rings = [text for text in entries(town, Entry.DESK) if "没有消息" in text]
    assert [text[:8] for text in rings] == ["李强已20分钟没", "李强已23分钟没", "李强已26分钟没"]

    town.answer("李强", "4")
    town.pass_time(minutes=19)

    assert len([text for text in entries(town, Entry.DESK) if "没有消息" in text]) == 3
    assert "李强报平安 is well on scene" in entries(town, Entry.OFFER)
    assert town.card("王秀英").stage is Stage.ON_SCENE


def test_an_operator_who_has_talked_to_her_says_it_with_one_tap(town: Town) -> None:
    town.resident("王秀英")
    town.responder("李强", metres=400)
    town.press("王秀英")
    town.answer("李强", "4")
    town.pass_time(minutes=19)

    responses.check_in(town.store, offer_of(town, "李强"), f"account:{town.operator.id}", town.time)
    town.pass_time(minutes=19)

    assert not any("没有消息" in text for text in entries(town, Entry.DESK))
    town.pass_time(minutes=1)
    assert any("李强已20分钟没有消息" in text for text in entries(town, Entry.DESK))


# ---- what the devices say ----


def test_what_a_device_says_is_over_stays_on_the_card_until_a_human_has_looked(town: Town) -> None:
    town.resident("王秀英")
    town.smoke("王秀英")
    [smoke] = town.detail("王秀英").alarms
    with pytest.raises(Conflict, match="has not reported it over"):
        looking.look(town.store, smoke.id, town.operator, town.time)
    town.smoke("王秀英", State.CLEAR)
    assert town.card("王秀英").cleared == (Kind.SMOKE,)

    looking.look(town.store, smoke.id, town.operator, town.time)
    looking.look(town.store, smoke.id, town.colleague, town.time)

    assert town.card("王秀英").cleared == ()
    assert entries(town, Entry.LOOKED) == ["李值班已查看:烟雾报警(设备报告已恢复) has looked"]
    [smoke] = town.detail("王秀英").alarms
    assert smoke.looked_at == town.time
    assert town.card("王秀英").stage is Stage.RAISED  # only a code ends it
    with pytest.raises(NotFound, match="no alarm 4711"):
        looking.look(town.store, 4711, town.operator, town.time)


def test_smoke_that_comes_back_has_to_be_looked_at_again(town: Town) -> None:
    town.resident("王秀英")
    for _ in range(2):
        town.smoke("王秀英")
        town.smoke("王秀英", State.CLEAR)
        assert town.card("王秀英").cleared == (Kind.SMOKE,)
        newest = max(alarm.id for alarm in town.detail("王秀英").alarms)
        looking.look(town.store, newest, town.operator, town.time)
        assert town.card("王秀英").cleared == ()


# ---- the operator ----


def test_a_case_whose_operators_browser_died_is_reported_and_taken_over(town: Town) -> None:
    town.resident("王秀英", contacts=("女儿", "儿子", "邻居"))
    town.responder("诊所", metres=500, kind=ResponderKind.CLINIC)
    town.press("王秀英")
    town.claim("王秀英")
    town.pass_time(seconds=44)
    assert town.card("王秀英").lease_until is not None

    town.pass_time(seconds=1)  # no renewal came

    card = town.card("王秀英")
    assert (card.lease_until, card.claimed_by_name) == (None, "李值班")  # shown as silent, never released
    assert len(entries(town, Entry.LEASE_LOST)) == 1
    town.pass_time(seconds=15)
    assert len(town.heard("邻居")) == 1  # and the ladder has never stopped

    responses.take_over(town.store, card.id, town.colleague, town.time)
    assert town.card("王秀英").claimed_by_name == "赵值班"
    assert town.card("王秀英").lease_until == town.time + timedelta(seconds=45)
    assert "赵值班从李值班接手 took over" in entries(town, Entry.CLAIMED)
    responses.close(town.store, card.id, town.colleague, CloseCode.HELPED, "", town.time)
