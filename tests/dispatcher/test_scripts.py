"""Scripts as data, and what is read out to 120."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from community.model import Area, AreaLevel, Contact, HomeRecord, Household, Resident
from devices.signal import Kind
from dispatcher import scripts
from dispatcher.brief import IN_REMARK, UNKNOWN, brief, ways_in
from dispatcher.model import Entry, Incident, Severity, Stage, TimelineEntry
from dispatcher.scripts import Said, Script
from dispatcher.triage import SEVERITY
from dispatcher.wording import Voice

NOW = datetime(2026, 11, 22, 18, 30, tzinfo=UTC)
VOICE = Voice("2222999", "2222999", ZoneInfo("Asia/Shanghai"))

QUESTIONS = """
[[x.questions]]
name = "a"
ask = ["一?", "one?"]
[[x.questions]]
name = "b"
ask = ["二?", "two?"]
"""


def written(seq: int, question: str, answer: str) -> TimelineEntry:
    detail = {"question": question, "answer": answer}
    return TimelineEntry(seq, 1, seq, NOW + timedelta(seconds=seq), Entry.SCRIPT, "account:1", "", detail, "")


def test_every_kind_of_trouble_has_three_to_six_questions_in_two_languages() -> None:
    shipped = scripts.shipped()
    for kind in SEVERITY:
        script = shipped.of(kind)
        assert script.title
        assert 3 <= len(script.questions) <= 6, kind
        for question in script.questions:
            for words in (question.ask, *question.steps.values()):
                assert all(words), f"{kind}: {question.name} is said in one language only"
            assert question.call_120 is None or question.call_120 in question.steps


def test_whoever_is_not_awake_gets_an_ambulance_and_the_last_answer_counts() -> None:
    script = scripts.shipped().of(Kind.SOS).questions
    said = [written(1, "awake", "yes"), written(2, "awake", "no"), written(3, "door", "no")]
    lines = {line.question: line for line in scripts.lines(script, said)}
    assert (lines["awake"].answer, lines["awake"].at) == (Said.NO, NOW + timedelta(seconds=2))
    assert lines["awake"].calls_120
    assert lines["awake"].step is not None
    assert "120" in lines["awake"].step[0]
    assert not lines["door"].calls_120
    assert lines["breathes"].answer is lines["breathes"].step is None

    [awake] = [one for one in scripts.lines(script, said[:1]) if one.question == "awake"]
    assert not awake.calls_120


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ('[x]\ntitle = "X"\nkinds = ["sos"]' + QUESTIONS, "3 to 6 questions"),
        (
            '[x]\ntitle = "X"\nkinds = ["sos"]'
            + QUESTIONS
            + '[[x.questions]]\nname = "a"\nask = ["三?", "?"]',
            "one name",
        ),
        (
            '[x]\ntitle = "X"\nkinds = ["sos"]'
            + QUESTIONS
            + '[[x.questions]]\nname = "c"\nask = ["三?", "?"]',
            "no script for",
        ),
        (
            '[x]\ntitle = "X"\nkinds = ["sos"]' + QUESTIONS + '[[x.questions]]\nname = "c"\nask = ["三?"]',
            "cannot be read",
        ),
        ('[x]\ntitle = "X"\nkinds = ["flood"]' + QUESTIONS, "cannot be read"),
    ],
)
def test_a_script_that_cannot_be_meant_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        scripts.load(text)


def test_two_scripts_for_one_kind_are_refused() -> None:
    third = '[[x.questions]]\nname = "c"\nask = ["三?", "three?"]\n'
    one = '[x]\ntitle = "X"\nkinds = ["sos"]' + QUESTIONS + third
    with pytest.raises(ValueError, match="two scripts"):
        scripts.load(one + one.replace("x", "y"))


def changed(place: int = 0, **changes: object) -> Script:
    """The script for falls with one question that is different."""
    fall = scripts.shipped().of(Kind.FALL)
    questions = list(fall.questions)
    questions[place] = replace(questions[place], **changes)  # type: ignore[arg-type]
    return replace(fall, questions=tuple(questions))


@pytest.mark.parametrize(
    ("change", "why"),
    [
        (lambda: changed(2, ask=("", "")), "第3个问题还没有写"),
        (lambda: changed(0, call_120=Said.YES), "第1个问题答“是”要代叫120,请写上怎么做"),
        (lambda: changed(1, name="speaks"), "两个问题同名"),
        (lambda: changed(1, ask=("有人接听,老人能回答吗?", "?")), "两个问题一样"),
        (lambda: replace(changed(), questions=changed().questions[:2]), "问题要3到6个,现在2个"),
        (lambda: replace(changed(), questions=changed().questions * 2), "问题要3到6个,现在12个"),
    ],
)
def test_what_cannot_be_asked_is_said_with_what_to_do(change: Callable[[], Script], why: str) -> None:
    with pytest.raises(ValueError, match=why):
        change()


def test_a_script_is_kept_as_it_is_and_a_step_without_words_is_none() -> None:
    for script in scripts.shipped().all:
        assert scripts.thaw(scripts.freeze(script)) == script
    frozen = scripts.freeze(changed(2, steps={Said.NO: (" ", ""), Said.YES: (" 代叫120 ", "")}))
    assert scripts.thaw(frozen).questions[2].steps == {Said.YES: ("代叫120", "")}


def test_a_script_that_takes_a_kind_takes_it_from_the_other() -> None:
    before = scripts.shipped()
    gas = before.of(Kind.GAS)
    after = before.edited(replace(gas, name="co", title="一氧化碳", kinds=(Kind.CO,)))
    assert (after.of(Kind.CO).name, after.of(Kind.GAS).kinds) == ("co", (Kind.GAS,))
    assert [one.name for one in after.all] == [*(one.name for one in before.all), "co"]
    with pytest.raises(ValueError, match=r"没有问询的警情:一氧化碳报警.*no script for co"):
        before.edited(replace(gas, kinds=(Kind.GAS,)))
    with pytest.raises(ValueError, match="heartbeat is no trouble"):
        before.edited(replace(gas, kinds=(*gas.kinds, Kind.HEARTBEAT)))


def test_a_kind_that_no_edited_script_has_is_asked_what_was_shipped() -> None:
    before = scripts.shipped()
    assert scripts.completed((), before).all == before.all
    older = replace(before.of(Kind.GAS), kinds=(Kind.GAS,), version=3)
    again = scripts.completed([older], before)
    assert (again.of(Kind.CO).version, again.of(Kind.CO).name) == (3, "gas")
    taken = replace(before.of(Kind.GAS), name="fumes", version=1)
    others = scripts.completed([taken], before)
    assert (others.of(Kind.CO), others.named("gas")) == (taken, None)


def home(**changes: object) -> HomeRecord:
    values = {
        "gate": "东门,西门夜里不开",
        "door_notes": "单元门2580",
        "key_holder": "502张桂兰",
        "key_holder_phone": "+8613800000003",
        "access_notes": "敲门要重",
    } | changes
    household = Household(1, 3, "和平社区幸福里3幢2单元501", "3幢", "2单元", 5, "501", None, **values)  # type: ignore[arg-type]
    return HomeRecord(
        household=household,
        residents=(
            Resident(
                id=1,
                household_id=1,
                name="王秀英",
                sex="女",
                birth_date=date(1941, 3, 5),
                phone="+8613800000001",
                lives_alone=True,
                conditions="高血压",
                medicines="氨氯地平",
                allergies="青霉素",
                health_notes="听力减退",
            ),
        ),
        contacts=(
            Contact(1, 1, 1, "李梅", "女儿", "+8613800000002"),
            Contact(2, 1, 2, "张桂兰", "邻居", "+8613800000003"),
            Contact(3, 1, 3, "刘洋", "楼长", "+8613800000004"),
        ),
        cell=Area(3, AreaLevel.CELL, "1", "nbs", "和平一网格", None),
        community=Area(2, AreaLevel.COMMUNITY, "2", "nbs", "和平社区", None),
    )


def bare(**known: str) -> Household:
    """A home of which nothing is registered but where it is, and what is `known`."""
    nothing = dict.fromkeys(("gate", "door_notes", "key_holder", "key_holder_phone", "access_notes"), "")
    return home(**nothing | known).household


def incident() -> Incident:
    at = NOW - timedelta(minutes=3)
    return Incident(
        1, "household:1", 1, Kind.FALL, Severity.EMERGENCY, Stage.CLAIMED, at, NOW, 0, 0, at, version=1
    )


def test_the_ambulance_hears_door_person_illness_what_happened_and_who_has_the_key() -> None:
    answers = scripts.lines(scripts.shipped().of(Kind.FALL).questions, [written(1, "awake", "no")])
    said = {
        line.label[0]: line.text for line in brief(home(), incident(), answers, ["网格员李强"], VOICE, NOW)
    }
    assert said["地址"] == "和平社区幸福里3幢2单元501"
    assert said["哪个门"] == "东门,西门夜里不开"
    assert said["门禁、钥匙"] == "单元门2580"
    assert said["进门备注"] == "敲门要重"
    assert said["老人"] == "王秀英,女,85岁,独居,138 0000 0001"
    assert (said["疾病"], said["用药"], said["过敏"]) == ("高血压", "氨氯地平", "青霉素")
    assert said["健康备注"] == "听力减退"
    assert said["情况"] == "02:27 跌倒报警;意识清楚吗:否"
    assert said["谁有钥匙"] == "502张桂兰 138 0000 0003"
    assert said["接应"] == "楼长刘洋 138 0000 0004;网格员李强", "who has the key has been named"
    assert said["家属"] == "女儿李梅 138 0000 0002"
    assert said["回拨"] == "2222999"


def test_what_the_register_does_not_know_is_said_and_never_left_out() -> None:
    lines = brief(HomeRecord(bare(), (), (), home().cell, None), incident(), (), (), VOICE, NOW)
    assert [line.label[1] for line in lines if line.text == UNKNOWN] == [
        "which gate",
        "door, key",
        "who",
        "conditions",
        "medicines",
        "allergies",
        "key holder",
        "who meets you",
        "family",
    ]
    assert not [line for line in lines if "remark" in line.label[1]], "a remark that nobody made is no line"


def test_what_was_written_before_there_were_fields_is_read_out_as_the_remark() -> None:
    old = Resident(1, 1, "王秀英", health_notes="高血压,吃药")
    there = HomeRecord(bare(access_notes="东门,钥匙在502"), (old,), (), home().cell, None)
    said = {line.label[0]: line.text for line in brief(there, incident(), (), (), VOICE, NOW)}
    assert said["哪个门"] == said["门禁、钥匙"] == said["谁有钥匙"] == IN_REMARK
    assert said["进门备注"] == "东门,钥匙在502"
    assert said["疾病"] == said["用药"] == said["过敏"] == IN_REMARK
    assert said["健康备注"] == "高血压,吃药"


def test_of_two_who_live_together_each_illness_is_said_by_name() -> None:
    wife = replace(home().residents[0], medicines="")
    husband = Resident(2, 1, "李德山", conditions="房颤", medicines="华法林")
    both = replace(home(), residents=(wife, husband))
    said = {line.label[0]: line.text for line in brief(both, incident(), (), (), VOICE, NOW)}
    assert said["疾病"] == "王秀英:高血压;李德山:房颤"
    assert said["用药"] == "李德山:华法林"


def test_how_to_get_in_is_said_as_far_as_it_is_known() -> None:
    assert ways_in(bare()) == ()
    assert [(line.label[0], line.text) for line in ways_in(bare(gate="东门", key_holder="张桂兰"))] == [
        ("哪个门", "东门"),
        ("谁有钥匙", "张桂兰"),
    ]
