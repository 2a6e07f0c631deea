"""What an imported table has changed, and what of it can be taken back.

Pure. A home that a batch added is taken out only as a whole, and while nothing hangs on it; a field that it
changed is set back only while it still says what the batch wrote. What stays says why.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import Any, Final

from community.model import Contact, Household, Position, Resident

KEPT: Final = timedelta(days=30)  # earlier values are personal data: then nothing can be undone any more

Person = Resident | Contact
Values = Mapping[str, Any]  # of the fields of one row, as JSON keeps them


class Of(StrEnum):
    HOUSEHOLD = "household"
    RESIDENT = "resident"
    CONTACT = "contact"


OF_WORD: Mapping[Of, str] = {Of.HOUSEHOLD: "住户", Of.RESIDENT: "老人", Of.CONTACT: "联系人"}
FIELD_WORD: Mapping[str, str] = {
    "address": "地址", "building": "楼栋", "unit": "单元", "floor": "楼层", "room": "房号",
    "name": "姓名", "sex": "性别", "birth_date": "出生日期", "phone": "电话", "lives_alone": "独居",
    "health_notes": "健康备注", "conditions": "疾病", "medicines": "用药", "allergies": "过敏",
    "gate": "哪个门", "door_notes": "门禁、钥匙", "key_holder": "谁有钥匙",
    "key_holder_phone": "有钥匙的人电话", "access_notes": "进门备注", "relation": "关系",
}  # fmt: skip
_NO_VALUES = frozenset({"id", "household_id", "rank", "no_texts_since"})


@dataclass(frozen=True, slots=True)
class Home:
    """A dwelling with its people, as far as a table can change it."""

    household: Household
    residents: tuple[Resident, ...] = ()
    contacts: tuple[Contact, ...] = ()

    def person(self, of: Of, row_id: int) -> Person | None:
        people: Sequence[Person] = self.residents if of is Of.RESIDENT else self.contacts
        return next((one for one in people if one.id == row_id), None)

    def with_person(self, of: Of, row_id: int, person: Person | None) -> Home:
        """The home with this person in the place of the one of that id; None: without."""

        def among(people: Iterable[Any]) -> tuple[Any, ...]:
            there = (person if one.id == row_id else one for one in people)
            return tuple(one for one in there if one is not None)

        if of is Of.RESIDENT:
            return replace(self, residents=among(self.residents))
        return replace(self, contacts=among(self.contacts))


@dataclass(frozen=True, slots=True)
class Change:
    """One row of the register that was written. `before` is None where it was new; else only what differs."""

    of: Of
    row_id: int
    name: str  # of the person, or the address
    before: Values | None
    after: Values
    id: int = 0  # of the change itself, when it is kept

    def in_words(self) -> Iterator[str]:
        """A line for each thing that it did."""
        who = f"{OF_WORD[self.of]} {self.name}"
        if self.before is None:
            yield f"{who}:新增 new"
            return
        for name, was in self.before.items():
            yield f"{who} {FIELD_WORD.get(name, name)}:{said(was)} → {said(self.after[name])}"


def said(value: Any) -> str:
    """A value of the register as people read it."""
    if value is None or value == "":
        return "(空)"
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value)


def values(row: Household | Person) -> dict[str, Any]:
    """What a row says, as JSON keeps it; without its ids."""
    return {each.name: _kept(getattr(row, each.name)) for each in fields(row) if each.name not in _NO_VALUES}


def changes(before: Home | None, after: Home) -> tuple[Change, ...]:
    """What was, or is to be, written so that the home is as `after`. No `before`: all of it."""
    found = [_change(Of.HOUSEHOLD, before.household if before else None, after.household)]
    found += _among(Of.RESIDENT, before.residents if before else (), after.residents)
    found += _among(Of.CONTACT, before.contacts if before else (), after.contacts)
    return tuple(change for change in found if change is not None)


def _among(of: Of, were: Sequence[Person], are: Sequence[Person]) -> list[Change | None]:
    """Who is new comes after those who were there."""
    return [_change(of, were[place] if place < len(were) else None, one) for place, one in enumerate(are)]


def _change(of: Of, before: Household | Person | None, after: Household | Person) -> Change | None:
    name = after.address if isinstance(after, Household) else after.name
    now = values(after)
    if before is None:
        return Change(of, after.id, name, None, now)
    was = {key: value for key, value in values(before).items() if value != now[key]}
    return Change(of, after.id, name, was, {key: now[key] for key in was}) if was else None


@dataclass(frozen=True, slots=True)
class Standing:
    """How a home stands now. Whatever is said here keeps something from being undone, in words."""

    home: Home | None  # None: it is gone
    busy: str = ""  # nothing there is touched
    since: str = ""  # people whom the batch added stay
    hangs_on: tuple[str, ...] = ()  # the home
    of_person: Mapping[tuple[Of, int], str] = field(default_factory=dict)  # hangs on one of its people


@dataclass(frozen=True, slots=True)
class Undoing:
    """What undoing a batch does in one home. `home`: as it is then; None: taken out, or gone already."""

    home: Home | None
    homes_out: int
    elders_out: int
    set_back: int  # fields, and contacts that were added
    stays: Mapping[int, str]  # why, by the id of the change


def undo(written: Sequence[Change], standing: Standing) -> Undoing:
    """Take back what a batch wrote in one home, in the order in which it was written."""
    home = standing.home
    if home is None:
        return _untouched(written, home, "已不在登记中 it is not in the register any more")
    if standing.busy:
        return _untouched(written, home, standing.busy)
    is_new = any(change.of is Of.HOUSEHOLD and change.before is None for change in written)
    result = _each(written, home, standing)
    if not is_new:
        return result
    why = "、".join(standing.hangs_on) or next(iter(result.stays.values()), "")
    if not why and result.home is not None and (result.home.residents or result.home.contacts):
        why = "后来登记了别的人 somebody else was entered since"
    if why:
        return _untouched(written, home, f"整户留下:{why} the whole home stays")
    return replace(result, home=None, homes_out=1, set_back=0)  # all of it went with the home


def _untouched(written: Sequence[Change], home: Home | None, why: str) -> Undoing:
    return Undoing(home, 0, 0, 0, {change.id: why for change in written})


def _each(written: Sequence[Change], home: Home, standing: Standing) -> Undoing:
    elders = set_back = 0
    stays: dict[int, str] = {}
    for change in reversed(written):  # what was written twice is taken back step by step
        row = home.household if change.of is Of.HOUSEHOLD else home.person(change.of, change.row_id)
        if row is None:
            stays[change.id] = "已不在登记中 it is not in the register any more"
            continue
        now = values(row)
        if change.before is not None:
            back = {name: was for name, was in change.before.items() if now[name] == change.after[name]}
            home = _set_back(home, change, row, back)
            set_back += len(back)
            if others := [FIELD_WORD.get(name, name) for name in change.before if name not in back]:
                stays[change.id] = f"{'、'.join(others)}后来又改过 changed since"
        elif now != change.after:
            stays[change.id] = "后来又改过 changed since"
        elif change.of is not Of.HOUSEHOLD:
            is_resident = change.of is Of.RESIDENT
            if why := standing.of_person.get((change.of, change.row_id), "") or standing.since:
                stays[change.id] = why
                continue
            home = home.with_person(change.of, change.row_id, None)
            elders, set_back = elders + is_resident, set_back + (not is_resident)
    return Undoing(home, 0, elders, set_back, stays)


def _set_back(home: Home, change: Change, row: Household | Person, back: Values) -> Home:
    if isinstance(row, Household):
        return replace(home, household=_with(row, back))
    return home.with_person(change.of, change.row_id, _with(row, back))


def _with(row: Any, back: Values) -> Any:
    given = dict(back)
    if given.get("birth_date") is not None:
        given["birth_date"] = date.fromisoformat(given["birth_date"])
    return replace(row, **given)


def _kept(value: Any) -> Any:
    if isinstance(value, Position):
        return {each.name: getattr(value, each.name) for each in fields(value)}
    return value.isoformat() if isinstance(value, date) else value


@dataclass(frozen=True, slots=True)
class Batch:
    """An imported table, or the undoing of one: `undoes` is its number then. Counts are rows of the table."""

    id: int
    at: datetime
    by: str
    file_name: str
    homes: int  # new; of an undoing: taken out
    added: int
    changed: int
    same: int
    refused: int
    undoes: int | None = None
    undone_by: int | None = None
    elders_out: int = 0
    set_back: int = 0
    stayed: int = 0

    @property
    def undoable_until(self) -> datetime:
        return self.at + KEPT
