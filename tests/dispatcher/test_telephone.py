"""What a call says is what the text says, in words that a voice can read."""

from __future__ import annotations

import pytest

from dispatcher.model import Meaning, Purpose
from dispatcher.telephone import KEY_TAKEN, KEYS, by_telephone, key_taken

ASKS = "能赶到请按1,不能请按2,误按请按3。"


@pytest.mark.parametrize(
    "text, purpose, said",
    [
        (
            "【2222999】王秀英14:05按了紧急按钮,幸福里3幢2单元501。正在联系老人。能赶到回1,不能回2,误按回3。",
            Purpose.RAISED,
            f"这里是二二二二九九九。王秀英14点05分按了紧急按钮,幸福里3幢2单元五零一。正在联系老人。{ASKS}",
        ),
        (  # a second open case of this phone: its texts carry a code, its call needs none
            "【安心】王秀英14:05可能跌倒了,3幢。正在联系老人。能赶到回61,不能回62,误按回63。",
            Purpose.RAISED,
            f"这里是安心。王秀英14点05分可能跌倒了,3幢。正在联系老人。{ASKS}",
        ),
        (
            "【安心】请去幸福里3幢1201:王秀英9:05按了紧急按钮。约2350米。能去回1,不能回2,到达回4,完毕回5。",
            Purpose.ASK,
            "这里是安心。请去幸福里3幢一二零一:王秀英9点05分按了紧急按钮。约2350米。能去请按1,不能去请按2。",
        ),
        (
            "【安心】已核实:王秀英误按按钮,人平安,不用赶来。",
            Purpose.CLOSED,
            "这里是安心。已核实:王秀英误按按钮,人平安,不用赶来。",
        ),
    ],
)
def test_a_text_as_a_call_says_it(text: str, purpose: Purpose, said: str) -> None:
    assert by_telephone(text, purpose) == said


def test_a_supervisor_is_asked_to_see_to_it_and_not_to_go() -> None:
    text = "【安心】请督办:幸福里3幢1201,王秀英9:05按了紧急按钮。请安排人前往。督办回1,不能回2,您到场回4。"
    assert by_telephone(text, Purpose.ASK, oversees=True) == (
        "这里是安心。请督办:幸福里3幢一二零一,王秀英9点05分按了紧急按钮。请安排人前往。"
        "您来督办请按1,不能督办请按2。"
    )
    assert "路上" not in key_taken(Meaning.COMING, oversees=True)
    assert all(
        by_telephone(text, purpose, oversees=True) == by_telephone(text, purpose)
        for purpose in KEYS
        if purpose is not Purpose.ASK
    ), "what else she is told is what everybody is told"


def test_every_key_that_is_offered_is_thanked_for() -> None:
    for purpose, keys in KEYS.items():
        offered = by_telephone("【安心】事。", purpose)
        assert all(f"请按{key}" in offered for key in keys)
        assert set(keys.values()) <= set(KEY_TAKEN)
