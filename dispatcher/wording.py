"""Every word that people read: on screens in two languages, in texts within one UCS-2 segment if possible.

The texts follow forms that relatives and workers were found to understand; none promises what is not known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from community.model import HomeRecord, ResponderKind, Site
from devices.signal import Kind
from dispatcher import passes
from dispatcher.absence import AwayKind
from dispatcher.model import (
    CallResult,
    CloseCode,
    Entry,
    Meaning,
    MessageState,
    OfferState,
    Severity,
    Stage,
    Whom,
)
from dispatcher.weekly import Kit, Week

SEGMENT = 70  # UCS-2 characters in one SMS; a longer text is joined from segments of 67
_JOINED = 67
_LONGEST_NAME = 12  # characters of a name in a text; a longer one is cut, and an operator has the whole

Pair = tuple[str, str]  # Chinese, English

KIND_WORD: Mapping[Kind, Pair] = {
    Kind.SOS: ("紧急呼叫", "emergency call"),
    Kind.FALL: ("跌倒报警", "fall"),
    Kind.SMOKE: ("烟雾报警", "smoke"),
    Kind.GAS: ("燃气报警", "gas"),
    Kind.CO: ("一氧化碳报警", "carbon monoxide"),
    Kind.LEAK: ("漏水报警", "water leak"),
    Kind.INACTIVITY: ("长时间无活动", "no activity"),
    Kind.BED_EXIT: ("离床未归", "out of bed"),
    Kind.WANDER: ("走出安全范围", "wandering"),
    Kind.DOOR: ("门磁", "door"),
    Kind.TAMPER: ("设备被拆动", "tamper"),
    Kind.LOW_BATTERY: ("电池电量低", "low battery"),
    Kind.MAINS_FAILURE: ("停电", "mains failure"),
    Kind.OFFLINE: ("设备离线", "offline"),
    Kind.FAULT: ("设备故障", "device fault"),
    Kind.UNREADABLE: ("无法识别的报警", "unreadable alarm"),
    Kind.REQUEST: ("服务请求", "ordinary wish"),
    Kind.CANCEL: ("取消", "cancel"),
    Kind.TEST: ("测试", "test"),
    Kind.PROBE: ("系统自检", "synthetic press"),
    Kind.HEARTBEAT: ("心跳", "heartbeat"),
    Kind.ACTIVITY: ("活动", "activity"),
    Kind.LOCATION: ("位置", "location"),
}

# What happened, as the middle of a sentence that begins with a name and a time.
HAPPENED: Mapping[Kind, str] = {
    Kind.SOS: "按了紧急按钮",
    Kind.FALL: "可能跌倒了",
    Kind.SMOKE: "家烟雾报警",
    Kind.GAS: "家燃气报警",
    Kind.CO: "家一氧化碳报警",
    Kind.LEAK: "家漏水报警",
    Kind.INACTIVITY: "家长时间没有动静",
    Kind.BED_EXIT: "离床未归",
    Kind.WANDER: "走出了安全范围",
    Kind.TAMPER: "家设备被拆动",
    Kind.LOW_BATTERY: "家报警设备电量低",
    Kind.MAINS_FAILURE: "家停电",
    Kind.OFFLINE: "家报警设备离线",
    Kind.FAULT: "家报警设备故障",
    Kind.UNREADABLE: "家设备报警无法识别",
}

AWAY_WORD: Mapping[AwayKind, Pair] = {
    AwayKind.TRIP: ("外出", "on a trip"),
    AwayKind.HOSPITAL: ("住院", "in hospital"),
    AwayKind.VISITORS: ("有人陪伴", "visitors"),
}

_DANGEROUS_TO_ENTER = frozenset({Kind.SMOKE, Kind.GAS, Kind.CO})

SEVERITY_WORD: Mapping[Severity, Pair] = {
    Severity.EMERGENCY: ("紧急", "emergency"),
    Severity.ROUTINE: ("关注", "attention"),
    Severity.TROUBLE: ("设备", "trouble"),
}

STAGE_WORD: Mapping[Stage, Pair] = {
    Stage.RAISED: ("报警", "raised"),
    Stage.CLAIMED: ("已接警", "claimed"),
    Stage.COVERED: ("有人前往", "covered"),
    Stage.ON_SCENE: ("已到场", "on scene"),
    Stage.CLOSED: ("已结案", "closed"),
}

CLOSE_WORD: Mapping[CloseCode, Pair] = {
    CloseCode.HELPED: ("已上门处理", "helped at home"),
    CloseCode.HOSPITAL: ("已送医", "taken to hospital"),
    CloseCode.SELF_RESOLVED: ("已自行解决", "resolved by themselves"),
    CloseCode.FALSE_PRESS: ("误按", "pressed by mistake"),
    CloseCode.DEVICE_FAULT: ("设备故障误报", "device fault"),
    CloseCode.TEST: ("测试或演练", "test or drill"),
    CloseCode.DUPLICATE: ("重复警情", "duplicate"),
}

OFFER_WORD: Mapping[OfferState, Pair] = {
    OfferState.ASKED: ("已询问", "asked"),
    OfferState.ACCEPTED: ("已接单", "accepted"),
    OfferState.ON_THE_WAY: ("已出发", "on the way"),
    OfferState.ARRIVED: ("已到达", "arrived"),
    OfferState.DONE: ("处理完毕", "done"),
    OfferState.DECLINED: ("不能去", "declined"),
    OfferState.EXPIRED: ("未答复", "no answer"),
    OfferState.WITHDRAWN: ("已撤回", "withdrawn"),
}

MESSAGE_WORD: Mapping[MessageState, Pair] = {
    MessageState.QUEUED: ("待发", "queued"),
    MessageState.SENDING: ("发送中", "sending"),
    MessageState.SENT: ("已发出", "sent"),
    MessageState.UNCONFIRMED: ("没有回执", "unconfirmed"),
    MessageState.DELIVERED: ("已送达", "delivered"),
    MessageState.FAILED: ("发送失败", "failed"),
    MessageState.UNDELIVERABLE: ("无法送达", "undeliverable"),
    MessageState.CANCELLED: ("已取消", "cancelled"),
}

CALL_WORD: Mapping[MessageState, Pair] = {
    MessageState.QUEUED: ("待拨", "queued"),
    MessageState.SENDING: ("拨号中", "dialling"),
    MessageState.SENT: ("已拨出", "ringing"),
    MessageState.UNCONFIRMED: ("结果不明", "unconfirmed"),
    MessageState.DELIVERED: ("已接听", "answered"),
    MessageState.FAILED: ("未拨通", "failed"),
    MessageState.UNDELIVERABLE: ("未接通", "not answered"),
    MessageState.CANCELLED: ("已取消", "cancelled"),
}

CALL_RESULT_WORD: Mapping[CallResult, Pair] = {
    CallResult.ANSWERED: ("接通", "answered"),
    CallResult.NO_ANSWER: ("无人接", "no answer"),
    CallResult.NO_SUCH_NUMBER: ("空号", "no such number"),
}

KIT_WORD: Mapping[Kit, Pair] = {
    Kit.WELL: ("设备正常", "devices are well"),
    Kit.LOW: ("电池低", "a battery is low"),
    Kit.SILENT: ("设备没信号", "a device is not heard"),
    Kit.NONE: ("没装设备", "no device"),
}

OVERSEES: Pair = ("督办", "sees to it")  # a supervisor's yes: somebody will go, not she

ENTRY_WORD: Mapping[Entry, Pair] = {
    Entry.OPENED: ("立案", "opened"),
    Entry.SIGNAL: ("信号", "signal"),
    Entry.CLEARED: ("设备恢复", "cleared"),
    Entry.LOOKED: ("已查看", "looked at"),
    Entry.CANCEL_ASKED: ("老人取消", "cancel asked"),
    Entry.RUNG: ("预案", "plan"),
    Entry.SKIPPED: ("跳过", "skipped"),
    Entry.DESK: ("提醒值班", "desk"),
    Entry.CLAIMED: ("接警", "claim"),
    Entry.LEASE_LOST: ("控制台失联", "console silent"),
    Entry.ASKED: ("派单", "asked"),
    Entry.NEWS: ("告知新情况", "news"),
    Entry.OFFER: ("派单进展", "offer"),
    Entry.MESSAGE: ("通知", "message"),
    Entry.REPLY: ("答复", "reply"),
    Entry.NOTE: ("备注", "note"),
    Entry.SCRIPT: ("问答", "asked and said"),
    Entry.DIALLED: ("拨号", "dialled"),
    Entry.CALLED: ("通话", "call"),
    Entry.STAGE: ("阶段", "stage"),
    Entry.CLOSED: ("结案", "closed"),
}

RESPONDER_WORD: Mapping[ResponderKind, Pair] = {
    ResponderKind.GRID_WORKER: ("网格员", "grid worker"),
    ResponderKind.COMMUNITY_WORKER: ("社区工作人员", "community worker"),
    ResponderKind.CLINIC: ("卫生服务中心", "clinic"),
    ResponderKind.CONNECTOR: ("联户长", "household connector"),
    ResponderKind.VOLUNTEER: ("志愿者", "volunteer"),
    ResponderKind.SUPERVISOR: ("值班长", "supervisor"),
}

WHOM_WORD: Mapping[Whom, Pair] = {
    Whom.RELATIVES: ("联系人", "contacts"),
    Whom.NEAREST: ("最近的", "the nearest"),
    Whom.STAFF: ("本网格的", "own staff"),
    Whom.DESK: ("值班台响铃", "ring the desk"),
}

MEANING_WORD: Mapping[Meaning, Pair] = {
    Meaning.COMING: ("能赶到", "coming"),
    Meaning.CANNOT: ("不能去", "cannot come"),
    Meaning.FALSE_ALARM: ("说是误按", "says it is a false alarm"),
    Meaning.ARRIVED: ("已到达", "arrived"),
    Meaning.DONE: ("处理完毕", "done"),
    Meaning.WELL: ("平安", "is well"),
    Meaning.HELP: ("需要帮忙", "needs help"),
    Meaning.STOP: ("退订", "unsubscribe"),
    Meaning.START: ("恢复短信", "wants texts again"),
    Meaning.WEEKLY: ("要周报", "wants the weekly text"),
    Meaning.NO_WEEKLY: ("退订周报", "no weekly text"),
    Meaning.RECEIVED: ("已收到", "has read it"),
    Meaning.UNCLEAR: ("看不懂", "unclear"),
}


@dataclass(frozen=True, slots=True)
class Wanted:
    """One of several requests in one text: what happened where, and the code before each answer to it."""

    home: HomeRecord
    kind: Kind
    at: datetime
    code: str = ""


@dataclass(frozen=True, slots=True)
class Voice:
    """How a site speaks: its name before each text and its local time."""

    signature: str
    hotline: str
    zone: tzinfo
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, site: Site) -> Voice:
        return cls(site.signature, site.hotline, ZoneInfo(site.timezone), site.secret)

    def page_of(self, incident_id: int, who: str) -> str:
        """Six digits that open the page of a case to `who`. Empty where a site has no such pages."""
        return passes.code(self.secret, passes.Pass(incident_id, who))

    def clock(self, moment: datetime) -> str:
        """HH:MM as the people there read it."""
        return _clock(moment, self.zone)

    def _say(self, body: str) -> str:
        return f"【{self.signature}】{body}"

    def trouble(self, what: Sequence[str]) -> str:
        """To a technician: what fails in the centre itself, in one segment."""
        begin, end = self._say("平台故障:"), "。请立即检查。"
        told = ";".join(what)
        room = SEGMENT - len(begin) - len(end)
        return f"{begin}{told if len(told) <= room else f'{told[: room - 1]}…'}{end}"

    def raised(self, home: HomeRecord, kind: Kind, at: datetime, page: str = "") -> str:
        """To a relative: what happened, where, how to answer. Always one segment. `page`: `page_of` hers."""
        before = f"{_person(home)}{self.clock(at)}{HAPPENED[kind]},"
        code = f"查询码{page}。" if page else ""
        return self._place(before, home, f"。正在联系老人。{code}能赶到回1,不能回2,误按回3。")

    def alone(self, name: str, door: str, kind: Kind, at: datetime) -> str:
        """To a relative while the centre itself is down, and nobody may be on the way. Always one segment."""
        before, after = (
            f"{_short(name)}{self.clock(at)}{HAPPENED[kind]},",
            "。平台故障,请马上联系老人,急请拨120。",
        )
        space = SEGMENT - len(self._say(before + after))
        place = door if len(door) <= space else f"…{door[-max(1, space - 1) :]}"
        return self._say(before + place + after)

    def ask(
        self,
        home: HomeRecord,
        kind: Kind,
        at: datetime,
        distance_m: float | None,
        page: str = "",
        road_min: int | None = None,
    ) -> str:
        """To a responder: where to go, why, how far, and how to answer. `page` is `page_of` hers.

        The door must be found, so the address stays whole: one segment without the distance, or else two.
        """
        what = f":{_person(home)}{self.clock(at)}{HAPPENED[kind]}。"
        code = f"码{page}。" if page else ""
        answers = f"{code}能去回1,不能回2,到达回4,完毕回5。"
        far = f"{words}。" if (words := far_words(distance_m, road_min)) else ""
        full = self._say(f"请去{home.household.address}{what}{far}{answers}")
        brief = self._say(f"请去{home.household.address}{what}{answers}")
        if len(full) > SEGMENT >= len(brief):
            return brief
        return full if len(full) <= SEGMENT else self._place("请去", home, what + far + answers, 2)

    def oversee(self, home: HomeRecord, kind: Kind, at: datetime) -> str:
        """To a supervisor: what happened, where, and to see to it that somebody goes. One segment or two."""
        what = f",{_person(home)}{self.clock(at)}{HAPPENED[kind]}。"
        return self._place("请督办:", home, f"{what}请安排人前往。督办回1,不能回2,您到场回4。", 2)

    def ask_many(
        self, wanted: Sequence[Wanted], *, oversees: bool, page: str = ""
    ) -> tuple[str, frozenset[int]]:
        """To a responder who is asked to many homes at once: to which first, and which others as room allows.

        Also the places in `wanted` of those that are named. Two segments at most. Each answer is spelt out
        with its code, and no two that are named are answered alike. `page` is `page_of` the first, hers: it
        leads to all the others.
        """
        first, *others = wanted
        code, count = first.code, len(wanted)
        if oversees:
            to_do, answers = "请督办,先看", f"督办回{code}1,不能回{code}2,您到场回{code}4。"
        else:
            to_do = "请先去"
            opens = f"码{page}。" if page else ""
            answers = f"{opens}能去回{code}1,不能回{code}2,到达回{code}4,完毕回{code}5。"
        happened = f"{_person(first.home)}{self.clock(first.at)}{HAPPENED[first.kind]}"

        def text(place: str, lines: Sequence[str], rest: int) -> str:
            also = f"还有{';'.join(lines)}。" if lines else ""
            left = f"其余{rest}户听值班员安排。" if rest else ""
            return self._say(f"{count}户求助,{to_do}{place}:{happened}。{also}{left}{answers}")

        most = 2 * _JOINED
        place = first.home.household.address
        if len(text(place, (), count)) > most:
            place = door_of(first.home)
        if (over := len(text(place, (), count)) - most) > 0:
            place = f"…{place[over + 1 :]}"
        named, lines, codes = {0}, list[str](), {code}
        for number, other in enumerate(others, start=1):
            who = _name(other.home) if other.home.residents else ""
            line = f"{door_of(other.home)}{who}回{other.code}1"
            if other.code not in codes and len(text(place, [*lines, line], count)) <= most:
                named.add(number)
                codes.add(other.code)
                lines.append(line)
        return text(place, lines, count - len(named)), frozenset(named)

    def _place(self, before: str, home: HomeRecord, after: str, segments: int = 1) -> str:
        """A text with the place in it: the address, else the door, else its end, where the number stands."""
        space = _room(after, segments) - len(self._say(before + after))
        address, door = home.household.address, door_of(home)
        place = address if len(address) <= space else door
        if len(place) > space:
            place = f"…{place[-max(1, space - 1) :]}"
        return self._say(before + place + after)

    def accepted(self, home: HomeRecord, kind: ResponderKind, name: str, eta_min: int | None) -> str:
        when = f",约{eta_min}分钟到" if eta_min is not None else ",正去"
        return self._say(f"{_short(responder_title(kind, name))}已接单{when}{_name(home)}家。")

    def arrived(self, home: HomeRecord, name: str, at: datetime) -> str:
        return self._say(f"{_short(name)}{self.clock(at)}已到{_name(home)}家。")

    def called_off(self, home: HomeRecord, kind: ResponderKind, name: str) -> str:
        """To relatives: who had accepted does not come after all."""
        return self._say(f"{_short(responder_title(kind, name))}来不了了,正在另请人去{_name(home)}家。")

    def news(self, home: HomeRecord, kind: Kind, at: datetime) -> str:
        """To a responder on the way: trouble has come to the trouble."""
        care = "进门前请注意安全。" if kind in _DANGEROUS_TO_ENTER else "请尽快。"
        return self._say(f"请注意:{_name(home)}家{self.clock(at)}又有{KIND_WORD[kind][0]}。{care}")

    def again(self, home: HomeRecord, kind: Kind, at: datetime, comes: ResponderKind, name: str) -> str:
        """To relatives: trouble has come to the trouble, and somebody is on the way."""
        title = _short(responder_title(comes, name))
        return self._say(f"{_name(home)}家{self.clock(at)}又有{KIND_WORD[kind][0]},{title}正在赶去。")

    def late(self, home: HomeRecord) -> str:
        """To a responder who has accepted, and of whom nothing was heard when she should be there."""
        return self._say(f"您到{_name(home)}家了吗?还没有您的消息,已另请人去。到了回4,去不了回2。")

    def check_in(self, home: HomeRecord, minutes: int) -> str:
        """To a responder on scene from whom nothing was heard for a while."""
        return self._say(f"您在{_name(home)}家已{minutes}分钟。平安回4,处理完毕回5,要人帮忙请打电话。")

    def covered(self, home: HomeRecord, kind: ResponderKind, name: str) -> str:
        """To a responder who was asked: somebody else was quicker."""
        return self._say(f"{_short(responder_title(kind, name))}已接单去{_name(home)}家,您不用去了,谢谢。")

    def stand_down(self, home: HomeRecord) -> str:
        return self._say(f"{_name(home)}家的事已有结果,不用再去了,谢谢您。")

    def not_understood(self, who: str, code: str = "") -> str:
        """To `who`, `contact:<id>` or `responder:<id>`, whose answer to the case `code` made no sense."""
        if who.startswith("responder:"):
            answers = "能去回1,不能回2,到达回4,完毕回5。"
        else:
            answers = "能赶到回1,不能回2,误按回3。"
        return with_code(self._say(f"没看懂您的回复。{answers}"), code)

    def which_case(self, cases: int, named: Sequence[tuple[str, str]]) -> str:
        """To somebody asked in several `cases`, whose answer fits each; `named` are (who, code) of all."""
        lines = "".join(f"{_short(who)}家能去回{code}1,不能回{code}2。" for who, code in named)
        full = self._say(f"您有{cases}件求助,请分开回复。{lines}")
        if named and len(full) <= SEGMENT:
            return full
        return self._say(f"您有{cases}件求助,看不出您答的是哪件。请照各条短信里的数字回复,或等值班员联系您。")

    def drill(self, home: HomeRecord, code: str) -> str:
        """To a contact, once a month. Whoever can read out the `code` has it."""
        return self._say(f"这是测试,不是报警。您是{_name(home)}家的联系人。验证码{code}。收到请回1。")

    def stopped(self, still_told: bool) -> str:
        """To a contact who wants no more texts; `still_told` of how the present case ends."""
        tail = "这次的结果仍会告知。" if still_told else ""
        return self._say(f"已退订,以后报警不再发短信给您。{tail}恢复请回“开通”。")

    def resumed(self) -> str:
        return self._say("已恢复,老人报警时会发短信给您。退订请回TD。")

    def device(self, home: HomeRecord, kind: Kind, since: timedelta) -> str:
        """To a contact, by day: a battery is weak, or a device has been silent for so long."""
        if kind is Kind.LOW_BATTERY:
            return self._say(f"{_name(home)}家报警设备快没电了,请换电池或充电,不会弄请打热线。这不是呼救。")
        hours = since // timedelta(hours=1)
        return self._say(f"{_name(home)}家报警设备已{hours}小时没有信号,按了可能没人知道。请看看电源和网络。")

    def weekly(self, told: Sequence[Week]) -> str:
        """To a relative who wants it: the week of each of her homes, no address, no illness. One segment.

        Of many homes those with something to tell come first, and the others are counted.
        """
        stops = "退订回“退订周报”。"
        if len(told) == 1:
            [week] = told
            who = f"{_whose(week.home)}家近一周:"
            return self._say(f"{who}报警{week.calls}次,测试{week.tests}次,{KIT_WORD[week.kit][0]}。{stops}")
        ordered = sorted(told, key=lambda week: week.is_quiet)
        for named in range(len(ordered), -1, -1):
            lines = [
                f"{_whose(week.home)}报警{week.calls}测试{week.tests}{KIT_WORD[week.kit][0]}"
                for week in ordered[:named]
            ]
            if left := ordered[named:]:
                quiet = all(week.is_quiet for week in left)
                lines.append(
                    f"{'其余' if named else ''}{len(left)}家{'无报警' if quiet else '情况请打电话问'}"
                )
            text = self._say(f"近一周:{';'.join(lines)}。{stops}")
            if len(text) <= SEGMENT:
                break
        return text

    def weekly_wanted(self) -> str:
        return self._say("已开通周报,每周末告诉您家里的报警、测试和设备情况。退订回“退订周报”。")

    def weekly_stopped(self) -> str:
        return self._say("已退订周报,报警时仍会发短信给您。恢复请回“周报”。")

    def weekly_refused(self) -> str:
        """To a contact who wants no texts at all, and asks for this one."""
        return self._say("您已退订全部短信。要收周报,请先回“开通”,再回“周报”。")

    def over(self, home: HomeRecord) -> str:
        """To somebody who answers when the case is closed."""
        return self._say(f"{_name(home)}家的事已经处理完毕,不用再赶来。有新情况请打热线。")

    def closed(self, home: HomeRecord, code: CloseCode, at: datetime) -> str:
        who = _name(home)
        ends = {
            CloseCode.HELPED: f"{who}家的报警{self.clock(at)}处理完毕,已上门看过。",
            CloseCode.HOSPITAL: f"{who}已送医,{self.clock(at)}结案。详情请问值班员。",
            CloseCode.SELF_RESOLVED: f"{who}家的报警{self.clock(at)}处理完毕,情况已自行解决。",
            CloseCode.FALSE_PRESS: f"已核实:{who}误按按钮,人平安,不用赶来。",
            CloseCode.DEVICE_FAULT: f"已核实:{who}家是设备误报,不用赶来。设备会尽快检修。",
            CloseCode.TEST: f"{who}家刚才是测试,不是报警,不用赶来。",
            CloseCode.DUPLICATE: f"{who}家的报警已并入另一件处理。",
        }
        return self._say(ends[code])

    def check(self, home: HomeRecord, is_resident: bool, is_daily: bool, since: datetime) -> str:
        """Is she well? To herself, or to somebody who can look. A daily check is no silence yet."""
        answer = "平安请回1,要帮忙请回2。"
        if is_resident:
            why = "今天还没有报平安。" if is_daily else "家里一直没有动静。"
            return self._say(f"{_name(home)},您今天还好吗?{why}{answer}")
        why = "今天还没有报平安" if is_daily else f"家从{self.day_and_clock(since)}起没有动静"
        return self._say(f"{_name(home)}{why},请您联系一下。{answer}")

    def moved(self, home: HomeRecord, at: datetime) -> str:
        return self._say(f"{_name(home)}家{self.clock(at)}已有动静,不用担心。")

    def back(self, home: HomeRecord, kind: AwayKind) -> str:
        word = AWAY_WORD[kind][0]
        return self._say(f"{_name(home)}的{word}登记到期了,平安守护已恢复。还要延长请联系服务中心。")

    def day_and_clock(self, moment: datetime) -> str:
        return moment.astimezone(self.zone).strftime("%m月%d日%H:%M")


def with_code(body: str, code: str) -> str:
    """The same text, asking for answers to the case `code`: 能去回1,不能回2 → 能去回61,不能回62.

    The distance goes when the code would else need another segment.
    """
    before, dot, answers = body.removesuffix("。").rpartition("。")
    coded = f"{before}{dot}{re.sub('回(?=[1-5](?:,|$))', f'回{code}', answers)}。"
    brief = re.sub(r"(?:约[0-9.]+(?:米|公里)|路上约[0-9]+分钟)。", "", coded)
    return brief if len(coded) > SEGMENT >= len(brief) else coded


def unanswered(body: str, hotline: str, page: str = "") -> str:
    """The same text where no answer comes back: without its digits, with the number to call in their place.

    `page` is the address at which its person can answer. A text that asks nothing stays as it is.
    """
    if not _ASKS_FOR_DIGITS.search(body):
        return body
    kept = []
    for sentence in body.removesuffix("。").split("。"):
        if sentence.startswith("还有"):  # more doors, each with the code of its answer
            kept.append(_DIGITS.sub("", sentence))
        elif left := [clause for clause in sentence.split(",") if not _DIGITS.search(clause)]:
            kept.append(",".join(left))
    how = f"答复请打开 {page} 或打{hotline}" if page else f"答复请打{hotline}"
    return "。".join([*kept, f"此处不能回复,{how}。"])


_DIGITS = re.compile(r"回[1-9][0-9]*(?=;|$)")
_ASKS_FOR_DIGITS = re.compile(r"回[1-9][0-9]*(?=[,;。]|$)")


_ASKED = re.compile("回[1-5]")


def _room(asking: str, segments: int = 1) -> int:
    """Characters that a text may have in all; each answer it asks for may get a code of one digit."""
    return (SEGMENT if segments == 1 else segments * _JOINED) - len(_ASKED.findall(asking))


def fate(is_spoken: bool, name: str, state: MessageState) -> str:
    """What became of a message, for the timeline: 给女儿赵艳的短信已送达, 给女儿赵艳的电话未接通."""
    if is_spoken:
        return f"给{name}的电话{CALL_WORD[state][0]}"
    return f"给{name}的短信{MESSAGE_WORD[state][0]}"


def name_of(home: HomeRecord) -> str:
    """The name by which a home is called: its first resident, or its door."""
    return home.residents[0].name if home.residents else door_of(home)


def _person(home: HomeRecord) -> str:
    """Who is in trouble. Without a known resident not the door: its number would run into the time."""
    return _name(home) if home.residents else "住户"


def _name(home: HomeRecord) -> str:
    if home.residents:
        return _short(home.residents[0].name)
    door = door_of(home)
    return door if len(door) <= _LONGEST_NAME else f"…{door[1 - _LONGEST_NAME :]}"


def _whose(home: HomeRecord) -> str:
    """Who lives there, and never a door: what is told each week names no address."""
    return _short(home.residents[0].name) if home.residents else "老人"


def _short(name: str) -> str:
    return name if len(name) <= _LONGEST_NAME else f"{name[: _LONGEST_NAME - 1]}…"


@lru_cache(maxsize=1024)
def _clock(moment: datetime, zone: tzinfo) -> str:
    return moment.astimezone(zone).strftime("%H:%M")  # of one moment, every text of a case says it twice


def door_of(home: HomeRecord) -> str:
    """The shortest words that still find the door inside the cell."""
    household = home.household
    return f"{household.building}{household.unit}{household.room}" or household.address


_COMPOUND = "欧阳 司马 上官 诸葛 东方 皇甫 尉迟 公孙 慕容 令狐 司徒 司空 夏侯 端木 长孙 宇文 轩辕 南宫 西门"
_SURNAMES_OF_TWO = frozenset(_COMPOUND.split(" "))


def surname(name: str) -> str:
    """王 of 王秀英, 欧阳 of 欧阳敏."""
    return name[:2] if name[:2] in _SURNAMES_OF_TWO else name[:1]


def called(home: HomeRecord) -> str:
    """王奶奶: how a home's first resident is called where her name is nobody's business."""
    if not home.residents:
        return "老人"
    first = home.residents[0]
    return surname(first.name) + {"女": "奶奶", "男": "爷爷"}.get(first.sex, "老人家")


def responder_title(kind: ResponderKind, name: str) -> str:
    """网格员李强; a clinic is called by its own name."""
    return name if kind is ResponderKind.CLINIC else f"{RESPONDER_WORD[kind][0]}{name}"


def distance_words(metres: float) -> str:
    """410米 under a kilometre, to ten metres; 2.3公里 above."""
    return f"{max(10, round(metres, -1)):.0f}米" if metres < 995 else f"{metres / 1000:.1f}公里"


def far_words(distance_m: float | None, road_min: int | None = None) -> str:
    """How far it is: by the minutes on the road where they are known, else in a straight line, or ""."""
    if road_min is not None:
        return f"路上约{road_min}分钟"
    return f"约{distance_words(distance_m)}" if distance_m is not None else ""


def spoken(home: HomeRecord | None, kind: Kind) -> str:
    """For the loudspeaker in the command centre: place, person, trouble."""
    if home is None:
        return f"未登记住户的设备,{KIND_WORD[kind][0]}"
    if not home.residents:  # the door has been said
        return f"{home.household.address},{KIND_WORD[kind][0]}"
    return f"{home.household.address},{name_of(home)},{KIND_WORD[kind][0]}"
