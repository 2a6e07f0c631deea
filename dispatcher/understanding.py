"""What an answer by text means. Pure: the whole of it is understood, or none of it and an operator reads it.

Never a word inside a sentence: "不能去" holds "能去", and "没有误按" holds "误按". To be taken for coming by
mistake may cost a life, to be taken for not coming costs one more text: so the words for coming are few.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, replace

from dispatcher.model import Meaning

LONGEST = 40  # characters; who writes more has more to say than yes or no
LONGEST_ETA_MIN = 180  # who is further away is told of by the operator


@dataclass(frozen=True, slots=True)
class Heard:
    """An answer as it was understood: `code` names the case ("" when it names none), `eta_min` in minutes.

    `agreed`: a mere "好的" is a yes from a worker who was asked to go, and "I have read it" from others.
    `by_digit`: it has the digit that was asked for, not only words.
    """

    meaning: Meaning
    code: str = ""
    eta_min: int | None = None
    agreed: bool = False
    by_digit: bool = False

    def said_by(self, who: str) -> Heard:
        """The same answer as it counts from `who`, `contact:<id>` or `responder:<id>`."""
        if self.agreed and who.startswith("responder:"):
            return replace(self, meaning=Meaning.COMING)
        return self


UNCLEAR = Heard(Meaning.UNCLEAR)


@dataclass(frozen=True, slots=True)
class Question:
    """An open case in which a phone was asked something, as `who`, and answered last with `answer`.

    Its texts asked for answers with `code`, or for bare ones.
    """

    incident_id: int
    who: str
    code: str = ""
    answer: Meaning | None = None


_DIGIT: Mapping[str, Meaning] = {
    "1": Meaning.COMING,
    "2": Meaning.CANNOT,
    "3": Meaning.FALSE_ALARM,
    "4": Meaning.ARRIVED,
    "5": Meaning.DONE,
}
# A code is made of 6 to 9 and 0, an answer is 1 to 5: however they are strung together, they are read in one
# way, and nobody who types an answer twice names a case by it.
_CODE = r"[6-9][06-9]{0,2}"
_CODED = re.compile(f"({_CODE})([1-5])")
_CODE_ALONE = re.compile(_CODE)
_CODE_AND_WORDS = re.compile(f"({_CODE})([^0-9].*)")
_DIGIT_AND_WORDS = re.compile(f"((?:{_CODE})?[1-5])([^0-9].*)")
_WORDS_AND_DIGITS = re.compile(f"(.*[^0-9])((?:{_CODE})?[1-5])")
_REPLY = re.compile(r"^(?:请?回复?|选)|回复?$")

_I = r"(?:我们?|俺们?|咱们?|本人)?"
_NOW = r"(?:现在|今天|目前|暂时|实在|真的?|确实|也|都|可能)*"
_AT_ONCE = r"(?:马上就|马上|立马|立刻|立即|很快|这就|赶紧)"
_ON_THE_MOVE = r"(?:马上就|马上|立马|立刻|立即|很快|这就|赶紧|现在|正在?|已经?)"
_PERSON = (
    r"(?:老人家?|老太太|老爷子|我?妈妈?|我?爸爸?|我?奶奶|我?爷爷|小?孩子?|孙子|孙女|[她他])?(?:自己|说)?是?"
)
_SOFT = r"[的啊呀哦噢喔哈啦嘞]?"
_COUNT = r"(?:[0-9]{1,3}|[一二两三四五六七八九]?十[一二三四五六七八九]?|[一二两三四五六七八九])"

_COMING = re.compile(
    f"{_I}(?:{_AT_ONCE}*(?:能|可以)(?:马上|立刻)?(?:去|来|到|赶到|过去|过来|赶过去|赶过来|赶回去|前往)"
    f"|{_AT_ONCE}+(?:要|能)?到了?|(?:快|就|就要|快要)到了?"
    f"|{_ON_THE_MOVE}+就?(?:去|来|出发|动身|过去|过来|赶来|赶去|赶到|赶过去|赶过来|赶回去|赶回来|往回赶|往家赶)了?"
    "|去|能|可以|没问题|来了|来啦|接单了?|已接单|出发了|(?:已经?|正)?在?(?:路上|赶来的路上|去的路上)了?"
    f"|往(?:回|家|那)(?:里|边)?赶){_SOFT}"
)
_ETA = re.compile(
    f"{_I}(?:大概|大约|约|预计|还有|还要|差不多|最多)?(?:({_COUNT})分钟?|({_COUNT}|半)个?(半)?小时)(?:左右|以内|之内|内|后)?"
    f"(?:就|能|可以|可|就能)?(?:到|到达|赶到|过去|过来|到那|到家){_SOFT}"
)
_CANNOT = re.compile(
    f"{_I}{_NOW}(?:(?:不能|不可以|没法|没办法|无法)(?:去|来|到|赶到|过去|过来|前往|到达|赶过去|赶过来|赶回去|赶回来)?了?"
    "|不去了?|不来了?|不行|不成|不中|不方便|不接单?"
    "|[去来到走]不(?:了|成|开)|[过回赶]不(?:了|到|去|来|过去|过来|回去|回来|上|及)|来不及了?"
    "|没空|没有空|没时间|没有时间|[走抽脱]不开身|有事走不开|不在家|不在本地"
    f"|(?:人)?在外地|在外面回不去|在?出差|在?住院){_SOFT}"
)
_FALSE_ALARM = re.compile(
    f"{_I}{_PERSON}(?:没事)?(?:误按|误报|误触|误碰|误操作|按错|按错键|碰错|错按|按着玩|不小心(?:误)?(?:按|碰|触)(?:到|上|错)?)了?{_SOFT}"
)
_ARRIVED = re.compile(
    f"{_I}(?:已经?|刚刚?)?(?:到了|已到|到达了?|已到达|到位了?|到现场了?|到场了?|到家了|到门口了?|到楼下了|见到(?:老人|人|她|他)了){_SOFT}"
)
_DONE = re.compile(
    f"{_I}(?:已经?)?(?:完毕|处理完毕|处理好了|处理完了?|办完了?|办好了|弄好了|弄完了|解决了|已解决|已处理|搞定了?|完成了?|已完成|处理了){_SOFT}"
)
_SAID: tuple[tuple[re.Pattern[str], Meaning], ...] = (
    (_COMING, Meaning.COMING),
    (_CANNOT, Meaning.CANNOT),
    (_FALSE_ALARM, Meaning.FALSE_ALARM),
    (_ARRIVED, Meaning.ARRIVED),
    (_DONE, Meaning.DONE),
    (re.compile(r"no"), Meaning.CANNOT),
    # These change what may be sent at all: the keywords only.
    (re.compile(r"(?:回复?)?(?:td|退订|取消|停止|不要|不收)(?:每?周报)"), Meaning.NO_WEEKLY),
    (re.compile(r"(?:回复?)?(?:我?要|开通|恢复|订阅?)?每?周报"), Meaning.WEEKLY),
    (re.compile(r"(?:回复?)?(?:td|退订|stop|unsubscribe)(?:退订|短信)?"), Meaning.STOP),
    (re.compile(r"(?:回复?)?(?:重新)?(?:开通|恢复|订阅|start)(?:短信|接收)?"), Meaning.START),
)
_AGREED = re.compile(
    r"(?:嗯+)?(?:好|好的|好滴|好嘞|行|中|成|可|ok|okay|yes|没问题|收到好的|好的收到)[啊呀哦哈]?"
)
_RECEIVED = re.compile(
    r"(?:已|我|我已|短信)?(?:收到|知道|明白|了解|清楚|看到)(?:了|短信了?)?[啊哦]?|roger"
    r"|谢+|(?:非常|多)?(?:感谢|谢谢)(?:您|你|你们|大家)?了?[啊哦]?|(?:您|你|你们|大家)?辛苦(?:您|你|你们|大家)?了?"
)
# What may stand beside an answer without changing it.
_POLITE = re.compile(
    r"(?:您|你|大家)好[啊呀]?|嗯+|哦+|哎+|麻烦(?:您|你|你们)?了?|不好意思|对不起|抱歉|没事|别担心|放心|请放心|拜托了?|同志|领导|师傅|值班员|人平安"
)
_COURTESY = re.compile(r"^(?:好的|收到|嗯+|[您你]好)|(?:谢+[您你]?|[您你]?辛苦了?|抱歉|不好意思)$")
_REASON = re.compile(
    r"我?(?:正|正在|还)?在?(?:上班|开会|上课|加班|医院|单位|外面|开车|地里|忙|有事|家)[呢着里]*"
)
_AUTOMATIC = re.compile(
    r"自动回复|自动答复|auto[- ]?reply|automatic reply|out of office|勿扰模式|驾驶(?:模式|勿扰)"
    r"|(?:正在|在)(?:开车|驾驶|开会|忙|通话|休假)[^0-9]*(?:稍后|待会|一会儿?|晚点|回头)[^0-9]*(?:回复|联系|回电|回你|回您)"
    r"|您?发送的(?:内容|指令|信息)(?:有误|错误|不正确)|尊敬的(?:用户|客户)"
)
_MEANT_ONE: Mapping[str, str] = {"一": "1", "二": "2", "三": "3", "四": "4", "五": "5"}


def understand(body: str) -> Heard:
    """What an answer means, from the whole of it; anything else is UNCLEAR and goes to an operator."""
    plain = unicodedata.normalize("NFKC", body).casefold()
    if len(plain) > LONGEST or "?" in plain:
        return UNCLEAR
    pieces = [piece for piece in _pieces(plain) if piece]
    code = ""
    if len(pieces) > 1 and _CODE_ALONE.fullmatch(pieces[0]):  # 6 1, 6-1
        code, *pieces = pieces
    heard = _agree(_piece(piece) for piece in pieces)
    if code:
        return replace(heard, code=code) if _is_an_answer(heard) and not heard.code else UNCLEAR
    return heard


# In answer to "are you well?" the same digits mean something else.
_WELL = re.compile(
    r"1|(?:请?回复?1)|(?:我|她|他|老人|妈妈?|爸爸?|奶奶|爷爷|都|一切|人)*(?:很|挺|都|还)?(?:平安|没事|好|在家|安全|正常)(?:的|着|呢|啊)?|ok"
)
_HELP = re.compile(
    r"2|(?:请?回复?2)|(?:我|她|他)?(?:要|需要|请)?(?:帮忙|帮助|来人|救命|救我|help)|(?:我|她|他)?(?:不好|不舒服|难受|摔倒了?|跌倒了?)"
)


def understand_check(body: str) -> Meaning:
    """What an answer to a welfare check means: WELL, HELP, or UNCLEAR, which goes to an operator."""
    plain = unicodedata.normalize("NFKC", body).casefold()
    if len(plain) > LONGEST or "?" in plain:
        return Meaning.UNCLEAR
    told = {
        _is_she_well(piece)
        for piece in _pieces(plain)
        if piece and (_WELL.fullmatch(piece) or not (_POLITE.fullmatch(piece) or _RECEIVED.fullmatch(piece)))
    }
    return told.pop() if len(told) == 1 else Meaning.UNCLEAR


def _is_she_well(piece: str) -> Meaning:
    if _HELP.fullmatch(piece):
        return Meaning.HELP
    return Meaning.WELL if _WELL.fullmatch(piece) else Meaning.UNCLEAR


def question_meant(heard: Heard, asked: Collection[Question]) -> Question | None:
    """The question that an answer is to; None when that is not certain, and an operator decides.

    A code names its question. Without one it is the only question there is. Of several, a bare digit is to
    the one that asked for bare digits, unless this phone has answered that one and may mean another.
    """
    if heard.code:
        return next((one for one in asked if one.code == heard.code), None)
    if len(asked) == 1:
        return next(iter(asked))
    bare = [one for one in asked if not one.code]
    if not heard.by_digit or len(bare) != 1:
        return None
    if heard.meaning in (Meaning.ARRIVED, Meaning.DONE):
        goes_elsewhere = any(one.answer is Meaning.COMING for one in asked if one.code)
        return None if goes_elsewhere else bare[0]
    return bare[0] if bare[0].answer is None else None


def is_automatic(body: str) -> bool:
    """Whether a machine wrote it: such a text gets no answer, or two machines talk until the money is out."""
    return _AUTOMATIC.search(unicodedata.normalize("NFKC", body).casefold()) is not None


def _pieces(plain: str) -> list[str]:
    """The text between punctuation, blanks, emoji."""
    return "".join(" " if unicodedata.category(c)[0] in "PSZCM" else c for c in plain).split(" ")


def _agree(pieces: Iterable[Heard | None]) -> Heard:
    """What all pieces together say; they must not contradict each other. None: a piece of politeness."""
    said = [piece for piece in pieces if piece is not None]
    answers = [one for one in said if one.meaning is not Meaning.RECEIVED]
    told = answers or said
    if not told or len({one.meaning for one in told}) > 1 or len({one.code for one in told} - {""}) > 1:
        return UNCLEAR
    return Heard(
        told[0].meaning,
        next((one.code for one in told if one.code), ""),
        next((one.eta_min for one in told if one.eta_min is not None), None),
        agreed=told[0].agreed,
        by_digit=any(one.by_digit for one in told),
    )


def _piece(piece: str) -> Heard | None:
    """One piece of an answer; UNCLEAR when it means nothing, None when it is mere politeness."""
    words = _words(piece)
    if words is not UNCLEAR:
        return words
    if (bare := _COURTESY.sub("", piece, count=1)) != piece:  # 好的马上到, 1谢谢
        return _piece(bare)
    digits = _REPLY.sub("", piece)
    digits = _MEANT_ONE.get(digits, digits)
    if digits in _DIGIT:
        return Heard(_DIGIT[digits], by_digit=True)
    if coded := _CODED.fullmatch(digits):
        return Heard(_DIGIT[coded[2]], coded[1], by_digit=True)
    if mixed := _CODE_AND_WORDS.fullmatch(digits):
        heard = _words(mixed[2])
        return replace(heard, code=mixed[1]) if heard is not None and _is_an_answer(heard) else UNCLEAR
    if mixed := _DIGIT_AND_WORDS.fullmatch(digits):
        return _agree((_piece(mixed[1]), _words(mixed[2])))
    if mixed := _WORDS_AND_DIGITS.fullmatch(piece):
        return _agree((_words(_REPLY.sub("", mixed[1])), _piece(mixed[2])))
    return UNCLEAR


def _is_an_answer(heard: Heard) -> bool:
    return heard.meaning in _DIGIT.values() or heard.agreed


def _words(piece: str) -> Heard | None:
    if eta := _ETA.fullmatch(piece):
        minutes = _number(eta[1]) if eta[1] else _hours(eta[2], bool(eta[3]))
        return Heard(Meaning.COMING, eta_min=minutes) if minutes <= LONGEST_ETA_MIN else UNCLEAR
    for pattern, meaning in _SAID:
        if pattern.fullmatch(piece):
            return Heard(meaning)
    if _AGREED.fullmatch(piece):
        return Heard(Meaning.RECEIVED, agreed=True)
    if _RECEIVED.fullmatch(piece):
        return Heard(Meaning.RECEIVED)
    return None if _POLITE.fullmatch(piece) or _REASON.fullmatch(piece) else UNCLEAR


_ONES = {word: number for number, word in enumerate("零一二三四五六七八九")} | {"两": 2}


def _number(words: str) -> int:
    """1 to 99 in digits or in Chinese: 15, 十五, 二十."""
    if words.isascii():
        return int(words)
    tens, ten, ones = words.partition("十")
    if not ten:
        return _ONES[words]
    return 10 * (_ONES[tens] if tens else 1) + (_ONES[ones] if ones else 0)


def _hours(words: str, and_a_half: bool) -> int:
    return 30 if words == "半" else 60 * _number(words) + 30 * and_a_half
