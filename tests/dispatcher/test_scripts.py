"""Scripts as data, and what is read out to 120."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from community.model import Area, AreaLevel, Contact, HomeRecord, Household, Resident
from devices.signal import Kind
from dispatcher import scripts
from dispatcher.brief import UNKNOWN, brief
from dispatcher.model import Entry, Incident, Severity, Stage, TimelineEntry
from dispatcher.scripts import Said
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
    assert shipped.keys() == SEVERITY.keys()
    for kind, script in shipped.items():
        assert 3 <= len(script) <= 6, kind
        for question in script:
            for words in (question.ask, *question.steps.values()):
                assert all(words), f"{kind}: {question.name} is said in one language only"
            assert question.call_120 is None or question.call_120 in question.steps


def test_whoever_is_not_awake_gets_an_ambulance_and_the_last_answer_counts() -> None:
    script = scripts.shipped()[Kind.SOS]
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
        ('[x]\nkinds = ["sos"]' + QUESTIONS, "3 to 6 questions"),
        ('[x]\nkinds = ["sos"]' + QUESTIONS + '[[x.questions]]\nname = "a"\nask = ["三?", "?"]', "one name"),
        (
            '[x]\nkinds = ["sos"]' + QUESTIONS + '[[x.questions]]\nname = "c"\nask = ["三?", "?"]',
            "no script for",
        ),
        ('[x]\nkinds = ["sos"]' + QUESTIONS + '[[x.questions]]\nname = "c"\nask = ["三?"]', "cannot be read"),
        ('[x]\nkinds = ["flood"]' + QUESTIONS, "cannot be read"),
    ],
)
def test_a_script_that_cannot_be_meant_is_named(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why):
        scripts.load(text)


def test_two_scripts_for_one_kind_are_refused() -> None:
    third = '[[x.questions]]\nname = "c"\nask = ["三?", "three?"]\n'
    one = '[x]\nkinds = ["sos"]' + QUESTIONS + third
    with pytest.raises(ValueError, match="two scripts"):
        scripts.load(one + one.replace("x", "y"))


def home(**changes: object) -> HomeRecord:
    values = {"access_notes": "东门进,门禁2580", "phone": ""} | changes
    household = Household(1, 3, "和平社区幸福里3幢2单元501", "3幢", "2单元", 5, "501", None, **values)  # type: ignore[arg-type]
    return HomeRecord(
        household=household,
        residents=(
            Resident(1, 1, "王秀英", "女", date(1941, 3, 5), "+8613800000001", True, "高血压,服降压药"),
        ),
        contacts=(
            Contact(1, 1, 1, "李梅", "女儿", "+8613800000002"),
            Contact(2, 1, 2, "张桂兰", "邻居", "+8613800000003"),
        ),
        cell=Area(3, AreaLevel.CELL, "1", "nbs", "和平一网格", None),
        community=Area(2, AreaLevel.COMMUNITY, "2", "nbs", "和平社区", None),
    )


def incident() -> Incident:
    at = NOW - timedelta(minutes=3)
    return Incident(
        1, "household:1", 1, Kind.FALL, Severity.EMERGENCY, Stage.CLAIMED, at, NOW, 0, 0, at, version=1
    )


def test_the_ambulance_hears_door_person_illness_what_happened_and_who_has_the_key() -> None:
    answers = scripts.lines(scripts.shipped()[Kind.FALL], [written(1, "awake", "no")])
    said = {
        line.label[0]: line.text for line in brief(home(), incident(), answers, ["网格员李强"], VOICE, NOW)
    }
    assert said["地址"] == "和平社区幸福里3幢2单元501"
    assert said["哪个门、怎么进"] == "东门进,门禁2580"
    assert said["老人"] == "王秀英,女,85岁,独居,138 0000 0001"
    assert said["病史用药"] == "高血压,服降压药"
    assert said["情况"] == "02:27 跌倒报警;意识清楚吗:否"
    assert said["钥匙、接应"] == "邻居张桂兰 138 0000 0003;网格员李强"
    assert said["家属"] == "女儿李梅 138 0000 0002"
    assert said["回拨"] == "2222999"


def test_what_the_register_does_not_know_is_said_and_never_left_out() -> None:
    nobody = HomeRecord(home(access_notes="").household, (), (), home().cell, None)
    lines = brief(nobody, incident(), (), (), VOICE, NOW)
    assert [line.label[1] for line in lines if line.text == UNKNOWN] == [
        "which gate, how to get in",
        "who",
        "conditions, medicines",
        "key, who meets you",
        "family",
    ]
