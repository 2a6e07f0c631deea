"""What of an imported table can be taken back: the pure rule, home by home."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from types import ModuleType
from typing import Any

from community import batches
from community.model import Contact, Household, Position, Resident

HOUSE = Household(1, 7, "幸福里9幢101", "9幢", "", 1, "101", position=Position(118.5, 37.5))
WIFE = Resident(11, 1, "钱玉兰", "女", date(1940, 5, 1), "+8613800138000", True, "高血压")
HUSBAND = Resident(12, 1, "孙大爷", "男")
SON = Contact(21, 1, 1, "孙军", "儿子", "+8613900139000")


def written(rules: ModuleType, before: Any, after: Any) -> tuple[Any, ...]:
    """What a batch wrote, as it is kept: each change with a number."""
    return tuple(replace(change, id=number) for number, change in enumerate(rules.changes(before, after), 1))


def what_is_taken_back(rules: ModuleType) -> list[tuple[str, Any]]:
    """What is taken back in each case."""
    return list(_cases(rules))


def _cases(rules: ModuleType) -> Iterator[tuple[str, Any]]:
    """Of a home that is new, and of one that was changed, all that may have happened since."""
    home = rules.Home(HOUSE, (WIFE, HUSBAND), (SON,))
    earlier = rules.Home(
        replace(HOUSE, building="", floor=None),
        (replace(WIFE, birth_date=None, phone="", lives_alone=False),),
        (replace(SON, phone="+8613900139999"),),
    )
    other = replace(HUSBAND, id=13, name="李小红")
    since = {
        "as it was": home,
        "gone": None,
        "a key": replace(home, household=replace(HOUSE, key_holder="502张姐")),
        "another floor": replace(home, household=replace(HOUSE, floor=2)),
        "another number": replace(home, residents=(replace(WIFE, phone="120"), HUSBAND)),
        "somebody more": replace(home, residents=(WIFE, HUSBAND, other)),
        "a friend": replace(home, contacts=(SON, replace(SON, id=22, name="王芳"))),
        "alone": replace(home, residents=(WIFE,)),
        "nobody to tell": replace(home, contacts=()),
        "the son's number": replace(home, contacts=(replace(SON, phone="120"),)),
    }
    for was, before in (("new", None), ("changed", earlier)):
        batch = written(rules, before, home)
        for what, now in since.items():
            yield f"{was}, {what}", rules.undo(batch, rules.Standing(now))
        told = {(rules.Of.RESIDENT, 12): "told", (rules.Of.CONTACT, 21): "told"}
        yield (
            f"{was}, nobody left",
            rules.undo(batch, rules.Standing(replace(home, residents=(), contacts=()))),
        )
        for standing in (
            rules.Standing(home, busy="busy"),
            rules.Standing(home, since="a case since"),
            rules.Standing(home, hangs_on=("a device", "calls")),
            rules.Standing(home, of_person=told),
        ):
            yield f"{was}, {standing}", rules.undo(batch, standing)
    alone, told = rules.Home(HOUSE, (WIFE,)), rules.Home(HOUSE, (WIFE,), (SON,))
    yield "a son came", rules.undo(written(rules, alone, told), rules.Standing(told))
    older = rules.Home(HOUSE, (replace(WIFE, birth_date=date(1939, 5, 1)),))
    yield "a year younger", rules.undo(written(rules, older, alone), rules.Standing(alone))
    twice = [
        *written(rules, None, earlier),
        *(replace(one, id=one.id + 9) for one in rules.changes(earlier, home)),
    ]
    yield "written twice", rules.undo(twice, rules.Standing(home))


def test_what_was_written_is_taken_back_where_it_still_stands_so() -> None:
    told = {what: (undoing.home, len(undoing.stays)) for what, undoing in what_is_taken_back(batches)}

    assert told["new, as it was"] == (None, 0)
    for what in ("a key", "another floor", "another number", "somebody more", "a friend", "the son's number"):
        home, stay = told[f"new, {what}"]
        assert (home is not None, stay) == (True, 4), what
    home, stay = told["changed, another number"]
    assert (home.residents[0].phone, home.residents[0].birth_date, stay) == ("120", None, 1)
    assert told["written twice"] == (None, 0)


def test_values_come_back_as_they_were() -> None:
    home = batches.Home(HOUSE, (WIFE,), (SON,))
    changed = batches.Home(
        replace(HOUSE, floor=3), (replace(WIFE, birth_date=date(1941, 1, 1), lives_alone=False),), (SON,)
    )

    undoing = batches.undo(written(batches, home, changed), batches.Standing(changed))

    assert (undoing.home, undoing.set_back) == (home, 3)
