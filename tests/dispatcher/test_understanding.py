"""What people really write back, and what is made of it."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model import Meaning
from dispatcher.understanding import Heard, Question, is_automatic, question_meant, understand

COMING, CANNOT, FALSE_ALARM = Meaning.COMING, Meaning.CANNOT, Meaning.FALSE_ALARM
ARRIVED, DONE = Meaning.ARRIVED, Meaning.DONE
STOP, START, RECEIVED, UNCLEAR = Meaning.STOP, Meaning.START, Meaning.RECEIVED, Meaning.UNCLEAR

# One line for each meaning: what was written, between bars.
REPLIES = {
    COMING: "1| 1 |１|1。|1!|①|+1|1 谢谢|1,谢谢您|回1|回复1|请回1|一|1👍|1 1|1能去|1能赶到"
    "|能赶到1|能赶到回1|能|能去|能去!|能来|我能去|可以|可以去|我可以过去|没问题|马上到|马上到!|马上就到"
    "|我马上到|马上去|马上过去|马上赶到|马上来了|这就去|我这就过去|立刻赶过去|赶紧过去|好的马上到"
    "|好的,马上到|收到,马上到|嗯,马上去|您好,我马上到,谢谢|能去的|来了|接单|已接单|出发了|已出发"
    "|已经出发了|在路上|在路上了|正在路上|快到了|就到|往回赶|正往回赶|现在过去|我在上班,马上过去"
    "|不好意思,马上到|10分钟到|我10分钟到|大概15分钟能到|还有5分钟到|二十分钟左右到|半小时到"
    "|半个小时能到|一个半小时到|2小时到",
    CANNOT: "2|２|2.|2 抱歉|②|二|回2|2不能去|不能去2|不能|不能去|我不能去|不能去。谢谢|不能去啊"
    "|去不了|去不了。|去不了啊|我去不了|今天去不了|实在去不了|我也去不了|来不了|过不去|赶不到|赶不过去"
    "|赶不回来|回不去|到不了|走不开|没空|我没空|没时间|没有时间|没办法去|无法前往|不行|不去|不方便"
    "|在外地|我在外地|人在外地|我在外地,去不了|不在家|出差|在出差|在上班,走不开|对不起,去不了"
    "|可能去不了|好的,去不了|不接|no|来不及",
    FALSE_ALARM: "3|３|三|③|3误按|误按3|误按|误按了|误按。|误报|误触|误操作|按错了|按错了,不好意思"
    "|没事,误按|没事误按|是误按|老人误按|我妈误按的|妈妈按错了|她按错了|她说是误按|不小心按的"
    "|不小心按到了|不小心碰到的|小孩按着玩的|孩子误按|老太太自己按错了|误按,人平安,谢谢",
    ARRIVED: "4|４|回4|四|到了|到了!|我到了|已到|已到达|已经到了|刚到了|到达|到现场了|已到场"
    "|到楼下了|到门口了|见到老人了|到了,谢谢|4到了",
    DONE: "5|５|五|完毕|处理完毕|处理好了|已处理|办完了|解决了|已解决|搞定|搞定了|完成|5完毕|处理完毕,辛苦了",
    STOP: "TD|td|Td|退订|退订。|STOP|stop|回TD|回复TD|TD退订|回复退订|退订短信|退订,谢谢|unsubscribe",
    START: "开通|START|start|重新开通|恢复|恢复短信|回复开通|开通,谢谢",
    Meaning.WEEKLY: "周报|订周报|订阅周报|开通周报|要周报|我要周报|恢复周报|回复周报|周报,谢谢|每周报",
    Meaning.NO_WEEKLY: "退订周报|TD周报|取消周报|不要周报|停止周报|退订周报。|回复退订周报|退订周报,谢谢",
    RECEIVED: "收到|收到。|已收到|收到谢谢|收到,谢谢|知道了|明白|好|好的|好的谢谢|好的,谢谢|行|行啊"
    "|OK|ok|嗯,好的|谢谢|谢谢你们|辛苦了",
    UNCLEAR: "|。|👍|?|12|11|22|1 2|1/2|1、2|6|66|0|99|1.5|1号楼没人|501|3幢2单元501|2楼|10:30"
    "|没有误按|没误按|不是误按|不是按错|她说没误按|不能去吧?|不能去吧|能去吗|能去吗?|能去吧|可以吗|1?"
    "|2?|行不行|去不去|能不能去|不能不去|怎么了|怎么了?|她没事吧?|她怎么样了|老人没事吧|没事|人平安"
    "|应该是误按|可能能去|好像按错了|我不能去,我儿子能去|我儿子能去|让我哥去|能去,不能去|不能去1"
    "|1不能去|能去2|2能去|马上到2|1,误按|误按了我马上到|没到|还没到|到了吗|没去|别去了|不用来|不用来了"
    "|取消|别打了|别发了|不要再发了|你是谁|什么意思|打错了|发错了|我不认识她|120|打120|叫救护车"
    "|给我打电话|请回电|yes but later|no problem|3q|666分钟到|5小时到|等我|等一下|一会儿去|晚点去"
    "|下班去|明天去|我看看|我问问|家里没人"
    "|我妈妈早上说头晕请你们快点派人去看看她一个人在家我现在赶不过去但是我哥哥可能可以|退订吗"
    "|退订怎么弄|1退订|6退订|stop it|在上班|我在开会"
    "|周报没收到|什么是周报|要不要周报|不想要周报了吗|周报 退订周报",
}
TABLE = [(body, meaning) for meaning, line in REPLIES.items() for body in line.split("|")]


@pytest.mark.parametrize("body, meaning", TABLE)
def test_what_people_write(body: str, meaning: Meaning) -> None:
    assert understand(body).meaning is meaning
    assert understand(body).code == ""


def test_there_is_much_to_read() -> None:
    assert len(TABLE) == len(dict(TABLE)) > 300


@pytest.mark.parametrize(
    "body, code, meaning",
    [
        ("61", "6", COMING),
        ("６１", "6", COMING),
        ("6 1", "6", COMING),
        ("6-2", "6", CANNOT),
        ("6,3", "6", FALSE_ALARM),
        ("回62", "6", CANNOT),
        ("62谢谢", "6", CANNOT),
        ("62,谢谢", "6", CANNOT),
        ("604", "60", ARRIVED),
        ("9805", "980", DONE),
        ("6马上到", "6", COMING),
        ("6 马上到", "6", COMING),
        ("6去不了", "6", CANNOT),
        ("能赶到回61", "6", COMING),
        ("61马上到", "6", COMING),
        ("61,马上到", "6", COMING),
        ("61,不能去", "", UNCLEAR),
        ("61 62", "", UNCLEAR),
        ("61 71", "", UNCLEAR),
        ("6 61", "", UNCLEAR),
        ("611", "", UNCLEAR),
        ("61 1", "6", COMING),
        ("66", "", UNCLEAR),
        ("6666", "", UNCLEAR),
        ("6号楼能去", "", UNCLEAR),
        ("6 TD", "", UNCLEAR),
    ],
)
def test_an_answer_may_name_its_case_by_a_code(body: str, code: str, meaning: Meaning) -> None:
    assert (understand(body).code, understand(body).meaning) == (code, meaning)


@pytest.mark.parametrize(
    "body, minutes",
    [
        ("10分钟到", 10),
        ("大概十五分钟能到", 15),
        ("二十分钟左右到", 20),
        ("两分钟到", 2),
        ("三十五分钟到", 35),
        ("半小时到", 30),
        ("1小时到", 60),
        ("一个半小时到", 90),
        ("1,10分钟到", 10),
        ("610分钟到", None),
        ("马上到", None),
        ("1", None),
    ],
)
def test_when_they_will_be_there_is_understood_too(body: str, minutes: int | None) -> None:
    assert understand(body).eta_min == minutes


BARE, CODED, OTHER = Question(1, "contact:1"), Question(2, "contact:1", "6"), Question(3, "contact:1", "7")


@pytest.mark.parametrize(
    "body, asked, meant",
    [
        ("1", [BARE], BARE),
        ("1", [CODED], CODED),
        ("她怎么样了", [CODED], CODED),
        ("61", [CODED], CODED),
        ("61", [BARE, CODED], CODED),
        ("61", [BARE], None),
        ("71", [BARE, CODED], None),
        ("1", [], None),
        ("61", [], None),
        ("1", [CODED, BARE], BARE),
        ("马上到", [CODED, BARE], None),
        ("1,马上到", [CODED, BARE], BARE),
        ("1", [CODED, OTHER], None),
        ("1", [BARE, replace(BARE, incident_id=9)], None),
        ("2", [CODED, replace(BARE, answer=COMING)], None),
        ("4", [CODED, replace(BARE, answer=COMING)], replace(BARE, answer=COMING)),
        ("5", [CODED, BARE], BARE),
        ("4", [replace(CODED, answer=COMING), replace(BARE, answer=COMING)], None),
        ("4", [replace(CODED, answer=CANNOT), replace(BARE, answer=COMING)], replace(BARE, answer=COMING)),
        ("2", [replace(CODED, answer=COMING), BARE], BARE),
    ],
)
def test_which_case_an_answer_is_to(body: str, asked: list[Question], meant: Question | None) -> None:
    assert question_meant(understand(body), asked) == meant


def test_a_mere_ok_is_a_yes_from_a_worker_and_not_from_a_relative() -> None:
    ok, read, yes = understand("好的"), understand("收到"), understand("1")

    assert ok.said_by("responder:7").meaning is COMING
    assert ok.said_by("contact:7").meaning is RECEIVED
    assert read.said_by("responder:7").meaning is RECEIVED
    assert yes.said_by("contact:7") == yes == Heard(COMING, by_digit=True)
    assert understand("好的,2").said_by("responder:7").meaning is CANNOT


@pytest.mark.parametrize(
    "body",
    [
        "【自动回复】您好,我现在有事不在",
        "自动回复:我正在开会",
        "我正在开车,稍后回复您。",
        "我正在驾驶,开启了驾驶勿扰模式",
        "对不起,我在开会,一会儿联系你",
        "尊敬的客户,您发送的内容有误",
        "您发送的指令错误",
        "Auto-Reply: I am driving",
    ],
)
def test_what_a_machine_wrote_is_known_and_means_nothing(body: str) -> None:
    assert is_automatic(body)
    assert understand(body).meaning is UNCLEAR


@pytest.mark.parametrize(
    "body", ["1", "我在开车", "我正在开会,走不开", "她怎么样了?", "开会,10分钟后回复你是吧"]
)
def test_what_a_person_wrote_is_not_taken_for_a_machine(body: str) -> None:
    assert not is_automatic(body) or "回复" in body


@given(st.text(max_size=200))
def test_no_text_breaks_understanding(body: str) -> None:
    assert understand(body).meaning in Meaning
    is_automatic(body)


@given(
    st.sampled_from(["1", "2", "3", "4", "5", "61", "不能去", "td", "10分钟到"]),
    st.text("。.!！,，、 \u3000~", max_size=5),
)
def test_punctuation_and_blanks_around_an_answer_mean_nothing(body: str, around: str) -> None:
    assert understand(around + body + around) == understand(body)


@given(st.text("去来到能不马上了吗没误按我她1236 ,", max_size=8))
def test_a_text_that_holds_a_no_or_a_question_is_never_taken_for_coming(body: str) -> None:
    if any(word in body for word in "不没吗她"):
        assert understand(body).meaning is not COMING
