"""What a text says, in a few short words: for providers that only fill the gaps of an approved template.

Mainland operators approve a template once, and take only short variables: no link, no telephone number. A
template may go through many hands, so relatives' ones name no address and no full name (王奶奶); those for
responders name the door, which they must find. The order of the variables is the order of the gaps where a
provider numbers them. `docs/channels.md` holds a wording for each that reads well with these.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from types import MappingProxyType

from community.model import HomeRecord, ResponderKind
from devices.signal import Kind
from dispatcher.absence import AwayKind
from dispatcher.model import CloseCode
from dispatcher.weekly import Kit, Week
from dispatcher.wording import (
    AWAY_WORD,
    HAPPENED,
    KIND_WORD,
    KIT_WORD,
    Voice,
    door_of,
    far_words,
    responder_title,
    surname,
)

LONGEST = 20  # characters of one variable that every provider takes

Variables = Mapping[str, str]
NONE: Variables = MappingProxyType({})  # no template can say this

_TITLE = {"女": "奶奶", "男": "爷爷"}

_ENDED: Mapping[CloseCode, str] = {
    CloseCode.HELPED: "已上门看过",
    CloseCode.HOSPITAL: "已送医",
    CloseCode.SELF_RESOLVED: "情况已自行解决",
    CloseCode.FALSE_PRESS: "是误按,人平安",
    CloseCode.DEVICE_FAULT: "是设备误报",
    CloseCode.TEST: "是测试",
    CloseCode.DUPLICATE: "已并入另一件处理",
}


def raised(voice: Voice, home: HomeRecord, kind: Kind, at: datetime) -> Variables:
    return _short(who=title_of(home), time=voice.clock(at), what=HAPPENED[kind])


def oversee(voice: Voice, home: HomeRecord, kind: Kind, at: datetime) -> Variables:
    """To a supervisor, who is asked by the same template: she sees to it, and need not go."""
    return {**ask(voice, home, kind, at, None), "far": "请督办,派人去即可"}


def ask(
    voice: Voice,
    home: HomeRecord,
    kind: Kind,
    at: datetime,
    distance_m: float | None,
    road_min: int | None = None,
) -> Variables:
    address = home.household.address
    place = address if len(address) <= LONGEST else door_of(home)
    return _short(
        place=place if len(place) <= LONGEST else f"…{place[1 - LONGEST :]}",  # the door stands at the end
        who=title_of(home),
        time=voice.clock(at),
        what=HAPPENED[kind],
        far=far_words(distance_m, road_min) or "不远",
    )


def accepted(home: HomeRecord, kind: ResponderKind, name: str, eta_min: int | None) -> Variables:
    when = f"约{eta_min}分钟到" if eta_min is not None else "正去"
    return _short(worker=responder_title(kind, name), when=when, who=title_of(home))


def arrived(voice: Voice, home: HomeRecord, name: str, at: datetime) -> Variables:
    return _short(worker=name, time=voice.clock(at), who=title_of(home))


def called_off(home: HomeRecord, kind: ResponderKind, name: str) -> Variables:
    return _short(worker=responder_title(kind, name), who=title_of(home))


def news(voice: Voice, home: HomeRecord, kind: Kind, at: datetime) -> Variables:
    return _news(voice, home, kind, at, "请注意安全")


def again(
    voice: Voice, home: HomeRecord, kind: Kind, at: datetime, comes: ResponderKind, name: str
) -> Variables:
    return _news(voice, home, kind, at, f"{responder_title(comes, name)}正在赶去")


def _news(voice: Voice, home: HomeRecord, kind: Kind, at: datetime, more: str) -> Variables:
    return _short(who=title_of(home), time=voice.clock(at), what=KIND_WORD[kind][0], more=more)


def trouble(what: Sequence[str]) -> Variables:
    return _short(what=";".join(what))


def late(home: HomeRecord) -> Variables:
    return _short(who=title_of(home))


def check_in(home: HomeRecord, minutes: int) -> Variables:
    return _short(who=title_of(home), minutes=f"{minutes}")


def covered(home: HomeRecord, kind: ResponderKind, name: str) -> Variables:
    return _short(worker=responder_title(kind, name), who=title_of(home))


def drill(home: HomeRecord, code: str) -> Variables:
    return _short(who=title_of(home), code=code)


def device(home: HomeRecord, kind: Kind, since: timedelta) -> Variables:
    what = "快没电了" if kind is Kind.LOW_BATTERY else f"{since // timedelta(hours=1)}小时没有信号"
    return _short(who=title_of(home), what=what)


def weekly(told: Sequence[Week]) -> Variables:
    if len(told) == 1:
        [week] = told
        what = f"报警{week.calls}次,测试{week.tests}次,{KIT_WORD[week.kit][0]}"
        return _short(who=title_of(week.home), what=what)
    ill = sum(week.kit is not Kit.WELL for week in told)
    kits = f"{ill}家设备要查" if ill else "设备正常"
    return _short(who=f"您关心的{len(told)}家", what=f"报警{sum(week.calls for week in told)}次,{kits}")


def stand_down(home: HomeRecord) -> Variables:
    return _short(who=title_of(home))


def closed(voice: Voice, home: HomeRecord, code: CloseCode, at: datetime) -> Variables:
    return _short(who=title_of(home), time=voice.clock(at), how=_ENDED[code])


def check(voice: Voice, home: HomeRecord, since: datetime) -> Variables:
    return _short(who=title_of(home), since=voice.day_and_clock(since))


def moved(voice: Voice, home: HomeRecord, at: datetime) -> Variables:
    return _short(who=title_of(home), time=voice.clock(at))


def back(home: HomeRecord, kind: AwayKind) -> Variables:
    return _short(who=title_of(home), what=AWAY_WORD[kind][0])


def not_understood(who: str, code: str) -> Variables:
    """To `who`, `contact:<id>` or `responder:<id>`: how to answer, as much of it as one variable holds."""
    if who.startswith("responder:"):
        ways = [f"能去回{code}1", f"不能回{code}2", f"到达回{code}4", f"完毕回{code}5"]
    else:
        ways = [f"能赶到回{code}1", f"不能回{code}2", f"误按回{code}3"]
    while len(",".join(ways)) > LONGEST:
        ways.pop()
    return _short(what="没看懂您的回复", how=",".join(ways))


def which_case(cases: int) -> Variables:
    """The digits of each case do not fit into a variable: they stand in the text of each."""
    return _short(what=f"您有{cases}件求助,请分开回复", how="请照各条短信里的数字回")


def stopped(still_told: bool) -> Variables:
    what = "已停止,这次的结果仍会告知" if still_told else "已停止"
    return _short(what=what, how="恢复请回“开通”")


def resumed() -> Variables:
    return _short(what="已恢复", how="退订请回TD")


def weekly_wanted() -> Variables:
    return _short(what="照旧,周报已开通", how="不要周报请回“退订周报”")


def weekly_stopped() -> Variables:
    return _short(what="照旧,周报已停止", how="恢复周报请回“周报”")


def weekly_refused() -> Variables:
    return _short(what="已停止,周报也不发", how="要收先回“开通”再回“周报”")


def title_of(home: HomeRecord) -> str:
    """王奶奶, 李爷爷: enough for who knows them, nothing for anybody else."""
    if not home.residents:
        return "您家老人"
    first = home.residents[0]
    return f"{surname(first.name)}{_TITLE.get(first.sex, '老人')}"


def exercised(variables: Variables) -> Variables:
    """The same in a drill: whoever is named is named with it. NONE where nobody is, for it must be said."""
    return {**variables, **_short(who=f"演练{variables['who']}")} if "who" in variables else NONE


def _short(**variables: str) -> Variables:
    return {
        name: value if len(value) <= LONGEST else f"{value[: LONGEST - 1]}…"
        for name, value in variables.items()
    }
