"""What is read out to 120: all that an ambulance asks for, in the order in which it asks. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from community.model import Contact, HomeRecord, Resident
from community.phones import in_words
from dispatcher.model import Incident
from dispatcher.scripts import SAID_WORD, Line
from dispatcher.wording import KIND_WORD, Pair, Voice

UNKNOWN = "没有登记 not registered"
NEARBY = ("邻居", "楼长", "联户长", "物业")  # relations of those who may have the key and stand at the gate


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
    near = [contact for contact in home.contacts if contact.relation in NEARBY]
    family = [contact for contact in home.contacts if contact.relation not in NEARBY]
    return (
        BriefLine(("地址", "address"), home.household.address),
        BriefLine(("网格", "cell"), cell),
        BriefLine(("哪个门、怎么进", "which gate, how to get in"), home.household.access_notes or UNKNOWN),
        BriefLine(("老人", "who"), ";".join(_person(one, today) for one in home.residents) or UNKNOWN),
        BriefLine(
            ("病史用药", "conditions, medicines"),
            ";".join(_health(one, home.residents) for one in home.residents if one.health_notes) or UNKNOWN,
        ),
        BriefLine(("情况", "what happened"), ";".join([at, *said])),
        BriefLine(("钥匙、接应", "key, who meets you"), ";".join([*map(_contact, near), *coming]) or UNKNOWN),
        BriefLine(("家属", "family"), ";".join(map(_contact, family[:2])) or UNKNOWN),
        BriefLine(("回拨", "call back"), voice.hotline),
    )


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


def _health(one: Resident, all_here: Sequence[Resident]) -> str:
    return one.health_notes if len(all_here) == 1 else f"{one.name}:{one.health_notes}"


def _contact(one: Contact) -> str:
    return f"{one.relation}{one.name} {in_words(one.phone)}"
