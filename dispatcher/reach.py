"""Whether anybody can be reached for a home, in every hour of the week: found by day, not at night. Pure.

A week is a number of 10,080 bits, one for each minute from Monday 0:00 in the site's time. Who is on duty
in some minute, for any line of any plan, is then an OR; what is left over are the gaps.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from community import phones
from community.model import Contact, Duty, HomeRecord, Responder, ResponderKind, areas_of
from dispatcher.model import SENDS, Plan, Tell, Whom

DAY = 24 * 60
WEEK = 7 * DAY
ALWAYS = (1 << WEEK) - 1

Span = tuple[int, int]  # minutes of the week, from Monday 0:00; the end is not in it


class Reason(StrEnum):
    """What is wrong, worst first."""

    NOBODY = "nobody"  # in these hours a plan reaches nobody but the desk
    NO_CONTACT = "no_contact"
    CONTACTS_LOST = "contacts_lost"  # all have said STOP, or their phones cannot be reached
    RUNG_EMPTY = "rung_empty"  # in these hours a rung asks responders and finds none on duty


@dataclass(frozen=True, slots=True)
class Gap:
    """One thing that is wrong with the safety net of a home. Without `hours` it is so at any time."""

    reason: Reason
    plan: str = ""
    rung: int = 0
    hours: tuple[Span, ...] = ()


class Rota:
    """Who is on duty when, prepared for asking about many homes."""

    def __init__(
        self,
        responders: Iterable[Responder],
        duties: Mapping[int, tuple[Duty, ...]],
        drawn: Container[int] = frozenset(),
    ) -> None:
        """`drawn` are the cells of which is known where they are."""
        self._drawn = drawn
        there = [each for each in responders if each.active and each.phone and duties.get(each.id)]
        self._weeks = {each.id: week_of(duties[each.id]) for each in there}
        self._located = [each for each in there if each.position is not None]
        self._supervisors = [each for each in there if each.kind is ResponderKind.SUPERVISOR]
        self._staff: defaultdict[int, list[Responder]] = defaultdict(list)
        for responder in there:
            for area in responder.cells:
                self._staff[area].append(responder)
        self._anywhere: dict[Tell, int] = {}  # for homes with a position, wherever they are

    def covers(self, tell: Tell, home: HomeRecord) -> int:
        """The minutes of the week in which somebody whom `tell` means can be asked for `home`.

        As `fleet` finds them: supervisors always, own staff always, and others when both the home and they
        are somewhere: a home without a position is where its cell is.
        """
        own = [each for area in areas_of(home) for each in self._staff.get(area, ())]
        week = self._of([*own, *self._supervisors], tell, home)
        placed = home.household.position is not None or home.cell.id in self._drawn
        if tell.whom is Whom.NEAREST and placed:
            if tell not in self._anywhere:
                self._anywhere[tell] = self._of(self._located, tell, home)
            week |= self._anywhere[tell]
        return week

    def _of(self, people: Iterable[Responder], tell: Tell, home: HomeRecord) -> int:
        week = 0
        for each in people:
            if tell.fits(each, home):
                week |= self._weeks[each.id]
        return week


def gaps(
    home: HomeRecord, plans: Iterable[Plan], rota: Rota, lost: frozenset[int] = frozenset()
) -> tuple[Gap, ...]:
    """What is wrong with the safety net of `home`, worst first; `lost` are contacts whom no text reaches."""
    usable = usable_contacts(home)
    reached = [each for each in usable if each.id not in lost and each.no_texts_since is None]
    found: list[Gap] = []
    if not usable:
        found.append(Gap(Reason.NO_CONTACT))
    elif not reached:
        found.append(Gap(Reason.CONTACTS_LOST))
    for plan in plans:
        if plan.kinds:
            found += _of_plan(plan, home, rota, bool(reached))
    order = list(Reason)
    return tuple(sorted(found, key=lambda gap: order.index(gap.reason)))


def usable_contacts(home: HomeRecord) -> tuple[Contact, ...]:
    """Contacts who can be told: with a number that can be dialled and is not that of the home itself."""
    own = {phones.normalise(home.household.phone), *(phones.normalise(each.phone) for each in home.residents)}
    return tuple(
        contact
        for contact in home.contacts
        if _can_be_dialled(contact.phone) and phones.normalise(contact.phone) not in own
    )


def _can_be_dialled(number: str) -> bool:
    try:
        return bool(phones.checked(number))
    except ValueError:
        return False


def _of_plan(plan: Plan, home: HomeRecord, rota: Rota, has_contact: bool) -> list[Gap]:
    tells_relatives = any(tell.whom is Whom.RELATIVES for tell in plan.tells)
    if not tells_relatives and not any(tell.whom in SENDS for tell in plan.tells):
        return []  # the desk alone is what it is meant to ring
    found: list[Gap] = []
    ever = 0
    for number, rung in enumerate(plan.rungs, start=1):
        asks = [tell for tell in rung.tell if tell.whom in SENDS]
        week = 0
        for tell in asks:
            week |= rota.covers(tell, home)
        ever |= week
        if asks and week != ALWAYS:
            found.append(Gap(Reason.RUNG_EMPTY, plan.name, number, spans(ALWAYS & ~week)))
    if not (tells_relatives and has_contact) and ever != ALWAYS:
        hours = spans(ALWAYS & ~ever)
        return [Gap(Reason.NOBODY, plan.name, 0, hours)] + [gap for gap in found if gap.hours != hours]
    return found


# ---- weeks ----


def week_of(duties: Iterable[Duty]) -> int:
    """The minutes of the week that `duties` cover; one that passes Sunday midnight goes on on Monday."""
    week = 0
    for duty in duties:
        for day in duty.days:
            bits = ((1 << (duty.ends - duty.starts)) - 1) << ((day - 1) * DAY + duty.starts)
            week |= (bits | bits >> WEEK) & ALWAYS
    return week


def spans(week: int) -> tuple[Span, ...]:
    """The minutes of `week` as spans; one that passes Sunday midnight is one, and ends beyond the week."""
    found: list[Span] = []
    at = 0
    while week >> at:
        rest = week >> at
        at += (rest & -rest).bit_length() - 1
        gap = ~(week >> at)
        end = at + (gap & -gap).bit_length() - 1
        found.append((at, end))
        at = end
    if len(found) > 1 and found[0][0] == 0 and found[-1][1] == WEEK:
        (_, head), (start, _) = found[0], found[-1]
        found = [*found[1:-1], (start, WEEK + head)]
    return tuple(found)


# ---- words ----

REASON_WORD: Mapping[Reason, tuple[str, str]] = {
    Reason.NOBODY: ("只有值班台,联系不上任何人", "nobody but the desk"),
    Reason.NO_CONTACT: ("没有能用的联系人电话", "no contact with a usable phone"),
    Reason.CONTACTS_LOST: ("联系人都联系不上或已退订", "every contact is lost or unsubscribed"),
    Reason.RUNG_EMPTY: ("有的时段这一级没人在岗", "a rung with nobody on duty"),
}
REMEDY: Mapping[Reason, tuple[str, str]] = {
    Reason.NOBODY: ("先补一位联系人,再给这些时段排班", "enter a contact, fill the rota"),
    Reason.NO_CONTACT: ("上门或打电话问清,补登亲属或邻居的手机", "ask at home, enter a relative"),
    Reason.CONTACTS_LOST: ("打电话核对号码,征得同意后恢复通知", "ring them up, ask for consent"),
    Reason.RUNG_EMPTY: ("给这些时段排班,或在预案里换一种人", "fill the rota, or change the plan"),
}
_DAYS = "一二三四五六日"


def hours_in_words(hours: Sequence[Span], most: int = 6) -> str:
    """周一18:00–周二08:00、…; every day's same hours as 每天18:00–次日08:00; the whole week as 全周."""
    if not hours:
        return ""
    if tuple(hours) == ((0, WEEK),):
        return "全周 all week"
    daily = {(start % DAY, end - start) for start, end in hours}
    if len(hours) == 7 and len(daily) == 1:
        (start, length) = daily.pop()
        end = start + length
        return f"每天 daily {_clock(start)}–{'次日' if end > DAY else ''}{_clock(end)}"
    said = [f"周{_day(start)}{_clock(start)}–{_until(start, end)}" for start, end in hours[:most]]
    more = f" 等{len(hours)}段" if len(hours) > most else ""
    return "、".join(said) + more


def _until(start: int, end: int) -> str:
    same_day = end // DAY == start // DAY or (end % DAY == 0 and end // DAY == start // DAY + 1)
    if same_day:
        return "24:00" if end % DAY == 0 else _clock(end)
    return f"周{_day(end)}{_clock(end)}"


def _day(minute: int) -> str:
    return _DAYS[minute // DAY % 7]


def _clock(minute: int) -> str:
    return f"{minute % DAY // 60:02d}:{minute % 60:02d}"
