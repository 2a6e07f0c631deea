"""What a call of ours says, and what the keys mean that are pressed in it.

Whatever reads these sentences aloud takes a long number for a quantity: rooms and hotlines are spelt out.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from dispatcher.model import Meaning, Purpose

# What a key means to somebody who was rung up: the same as the digit in a text.
KEYS: Mapping[Purpose, Mapping[str, Meaning]] = {
    Purpose.RAISED: {"1": Meaning.COMING, "2": Meaning.CANNOT, "3": Meaning.FALSE_ALARM},
    Purpose.ASK: {"1": Meaning.COMING, "2": Meaning.CANNOT},
    Purpose.CHECK: {"1": Meaning.WELL, "2": Meaning.HELP},
}
_PRESS: Mapping[Purpose, str] = {
    Purpose.RAISED: "能赶到请按1,不能请按2,误按请按3。",
    Purpose.ASK: "能去请按1,不能去请按2。",
    Purpose.CHECK: "平安请按1,要帮忙请按2。",
}
_PRESS_TO_OVERSEE = "您来督办请按1,不能督办请按2。"  # a supervisor is not asked to go
KEY_TAKEN: Mapping[Meaning, str] = {
    Meaning.COMING: "已记下您能来。谢谢您,路上注意安全。",
    Meaning.CANNOT: "已记下您不能来,我们继续联系别人。谢谢您。",
    Meaning.WELL: "已记下平安。谢谢您。",
    Meaning.HELP: "已报告值班员。紧急时请直接打120。",
    Meaning.FALSE_ALARM: "已转告值班员:您说是误按。谢谢您。",
}
_OVERSEES: Mapping[Meaning, str] = {
    Meaning.COMING: "已记下由您督办,请安排人前往。谢谢您。",
    Meaning.CANNOT: "已记下您不能督办,我们继续联系别人。谢谢您。",
}
KEY_UNKNOWN = "没有这个选项。"
NO_KEY = "没有收到按键,我们继续联系别人。"
CALL_OVER = "这件事已经处理完毕,您不用赶来了。谢谢您。"
COVERED = "已经有人前往,您不用去了。谢谢您。"
COVERED_TO_OVERSEER = "已经有人前往,不用您安排了。谢谢您。"

# What became of a call, after "给女儿的电话未接通:".
BUSY = "占线 busy"
NO_ANSWER = "无人接听 no answer"
VOICEMAIL = "语音信箱 voicemail"
SILENT = "接通但无人按键 taken up, no key pressed"

RING_S = 25  # then nobody takes it up; most voicemails come on later

_ASKS_FOR_A_TEXT = re.compile(r"[^。]*回[A-Za-z]?\d[^。]*。")
_CLOCK = re.compile(r"(?<!\d)(\d{1,2}):(\d{2})(?!\d)")
_NUMBER = re.compile(r"\d{3,}(?![\d.]|米|公里|分|秒|小时|天)")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")


def call_the_desk(hotline: str) -> str:
    """To whoever rings back the number that rang: no machine can tell what it is about."""
    return f"请拨打值班电话{hotline.translate(_DIGITS)}。"


def key_taken(meaning: Meaning, *, oversees: bool = False) -> str:
    """What is said to whoever pressed a key; `oversees`: a supervisor, who sees to it that somebody goes."""
    words = {**KEY_TAKEN, **_OVERSEES} if oversees else KEY_TAKEN
    return words.get(meaning, KEY_UNKNOWN)


def covered(*, oversees: bool = False) -> str:
    """What is said to who takes a call up when others go already."""
    return COVERED_TO_OVERSEER if oversees else COVERED


def by_telephone(body: str, purpose: Purpose, *, oversees: bool = False) -> str:
    """A text as a call says it: asks for a key, and says room and hotline numbers digit by digit."""
    signature, _, said = body.removeprefix("【").partition("】")
    said = _ASKS_FOR_A_TEXT.sub("", said) if purpose in _PRESS else said
    press = _PRESS_TO_OVERSEE if oversees and purpose is Purpose.ASK else _PRESS.get(purpose, "")
    said = _CLOCK.sub(r"\1点\2分", f"这里是{signature}。{said}")
    return _NUMBER.sub(lambda found: found[0].translate(_DIGITS), said) + press
