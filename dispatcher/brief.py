"""What is read out to 120: all that an ambulance asks for, in the order in which it asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from community.model import Contact, HomeRecord, Household, Resident
from community.phones import in_words
from dispatcher.model import Incident
from dispatcher.scripts import SAID_WORD, Line
from dispatcher.wording import KIND_WORD, Pair, Voice

UNKNOWN = "没有登记 not registered"
IN_REMARK = "见备注 see the remark"  # what was written down before it had a field of its own
NEARBY = ("邻居", "楼长", "联户长", "物业")  # relations of those who may have the key and stand at the gate


GATE: Pair = ("哪个门", "which gate")
DOOR: Pair = ("门禁、钥匙", "door, key")
KEY_HOLDER: Pair = ("谁有钥匙", "key holder")
ACCESS_REMARK: Pair = ("进门备注", "getting in, remark")


@dataclass(frozen=True, slots=True)
class BriefLine:
    label: Pair
    text: str


def brief(
    home: HomeRecord,
    incident: Incident,
    answers: Iterable[Line],
    coming: Sequence[str],
    voice: Voice,
    now: datetime,
) -> tuple[BriefLine, ...]:
    """`answers` are those of the script, `coming` who is on the way to meet the ambulance, in words."""
    today = now.astimezone(voice.zone).date()
    said = [f"{line.ask[0].rstrip('?')}:{SAID_WORD[line.answer][0]}" for line in answers if line.answer]
    at = f"{voice.clock(incident.opened_at)} {KIND_WORD[incident.kind][0]}"
    community = home.community.name if home.community is not None else ""
    cell = home.cell.name if home.cell.name.startswith(community) else f"{community} {home.cell.name}"
    lives, people = home.household, home.residents
    near = [
        contact
        for contact in home.contacts
        if contact.relation in NEARBY and contact.phone != lives.key_holder_phone
    ]
    family = [contact for contact in home.contacts if contact.relation not in NEARBY]
    in_access = IN_REMARK if lives.access_notes else UNKNOWN
    in_health = IN_REMARK if any(one.health_notes for one in people) else UNKNOWN
    lines = (
        BriefLine(("地址", "address"), lives.address),
        BriefLine(("网格", "cell"), cell),
        BriefLine(GATE, lives.gate or in_access),
        BriefLine(DOOR, lives.door_notes or in_access),
        BriefLine(ACCESS_REMARK, lives.access_notes),
        BriefLine(("老人", "who"), ";".join(_person(one, today) for one in people) or UNKNOWN),
        BriefLine(("疾病", "conditions"), _each(people, "conditions") or in_health),
        BriefLine(("用药", "medicines"), _each(people, "medicines") or in_health),
        BriefLine(("过敏", "allergies"), _each(people, "allergies") or in_health),
        BriefLine(("健康备注", "health, remark"), _each(people, "health_notes")),
        BriefLine(("情况", "what happened"), ";".join([at, *said])),
        BriefLine(KEY_HOLDER, key_holder(lives) or in_access),
        BriefLine(("接应", "who meets you"), ";".join([*map(_contact, near), *coming]) or UNKNOWN),
        BriefLine(("家属", "family"), ";".join(map(_contact, family[:2])) or UNKNOWN),
        BriefLine(("回拨", "call back"), voice.hotline),
    )
    return tuple(line for line in lines if line.text)  # a remark that nobody made is no line


def ways_in(household: Household) -> tuple[BriefLine, ...]:
    """How to get in, as far as it is known."""
    known = (
        BriefLine(GATE, household.gate),
        BriefLine(DOOR, household.door_notes),
        BriefLine(KEY_HOLDER, key_holder(household)),
        BriefLine(ACCESS_REMARK, household.access_notes),
    )
    return tuple(line for line in known if line.text)


def key_holder(household: Household) -> str:
    """502邻居张桂芝 138 0000 0003."""
    return f"{household.key_holder} {in_words(household.key_holder_phone)}".strip()


def _person(one: Resident, today: date) -> str:
    age = one.age(today)
    words = [
        one.name,
        one.sex,
        "" if age is None else f"{age}岁",
        "独居" if one.lives_alone else "",
        in_words(one.phone),
    ]
    return ",".join(word for word in words if word)


def _each(all_here: Sequence[Resident], field: str) -> str:
    """What `field` says of each; by name where several live there."""
    known = ((one.name, str(getattr(one, field))) for one in all_here)
    return ";".join(said if len(all_here) == 1 else f"{name}:{said}" for name, said in known if said)


def _contact(one: Contact) -> str:
    return f"{one.relation}{one.name} {in_words(one.phone)}"
