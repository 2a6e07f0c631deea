"""What an operator does on the telephone: follows the script, reads out to 120, says how a call went."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from community.errors import Conflict, Invalid, NotFound
from community.model import Account, HomeRecord
from community.phones import in_words
from community.storage import Store, register
from dispatcher import scripts, views
from dispatcher.brief import BriefLine, brief
from dispatcher.model import COVERING, CallResult, Entry, Fact, Stage
from dispatcher.scripts import Line, Questions, Said
from dispatcher.storage import reading, scriptbook
from dispatcher.storage.casebook import Casebook
from dispatcher.storms import area_of
from dispatcher.wording import CALL_RESULT_WORD, OFFER_WORD, Voice, responder_title

AMBULANCE = "120"


@dataclass(frozen=True, slots=True)
class Brief:
    """`text` is what is copied: the lines with their Chinese labels."""

    lines: tuple[BriefLine, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Callee:
    """Who can be called in a case. `number` is empty where none is registered."""

    name: str
    number: str


def script(connection: Connection, incident_id: int) -> tuple[Line, ...]:
    """The questions of a case with their answers; none for the case of an area. NotFound, not_claimed."""
    detail = _claimed(connection, incident_id)
    return scripts.lines(_questions(connection, detail.card), detail.timeline)


def ambulance(connection: Connection, incident_id: int, now: datetime) -> Brief:
    """What is read out to 120. NotFound; Conflict while nobody has the case; Invalid without a home."""
    detail = _claimed(connection, incident_id)
    if detail.home is None:
        raise Invalid(
            "no_household", "设备未登记到住户 this device belongs to no household: nothing is known"
        )
    voice = Voice.of(register.site(connection))
    coming = [
        f"{responder_title(one.kind, one.name)} {in_words(one.phone)} {OFFER_WORD[one.state][0]}"
        for one in detail.card.helpers
        if one.state in COVERING and not one.oversees
    ]
    [incident] = reading.incidents(connection, [incident_id])
    answers = scripts.lines(_questions(connection, detail.card), detail.timeline)
    lines = brief(detail.home, incident, answers, coming, voice, now)
    return Brief(lines, "\n".join(f"{line.label[0]}:{line.text}" for line in lines))


def answer(
    store: Store, incident_id: int, question: str, said: Said, account: Account, now: datetime
) -> tuple[Line, ...]:
    """Write an answer on the timeline; the last one counts. NotFound when the script has no such question."""
    with store.write() as connection:
        detail = _claimed(connection, incident_id)
        if detail.card.stage is Stage.CLOSED:
            raise Conflict("already_closed", "事件已结案 this case is closed: write a note instead")
        known = {one.name: one for one in _questions(connection, detail.card)}
        if question not in known:
            names = ", ".join(known) or "none"
            raise NotFound("no_such_question", f"没有这个问题 the script of this case asks: {names}")
        _write(connection, incident_id, scripts.answered(known[question], said, f"account:{account.id}"), now)
        return script(connection, incident_id)


def called(
    store: Store, incident_id: int, who: str, result: CallResult, account: Account, now: datetime
) -> None:
    """Write on the timeline how a call went; also after closing. NotFound when `who` is nobody of this case.

    `who` is `resident:<id>`, `contact:<id>`, `home` for its own line, `key` for the key holder,
    `responder:<id>`, or `120`.
    """
    with store.write() as connection:
        name = _callee(who, views.detail(connection, incident_id)).name
        text = f"打给{name}:{CALL_RESULT_WORD[result][0]}"
        fact = Fact(Entry.CALLED, text, f"account:{account.id}", {"who": who, "result": result.value})
        _write(connection, incident_id, fact, now)


def dialled(store: Store, incident_id: int, who: str, extension: str, account: Account, now: datetime) -> str:
    """Write on the timeline that somebody is called, by telephone `extension` or by hand (""); the number.

    `who` is as in `called`. NotFound when nobody, or nothing to dial; Conflict when a drill would ring 120.
    """
    with store.write() as connection:
        detail = views.detail(connection, incident_id)
        found = _callee(who, detail)
        if not found.number:
            raise NotFound("no_number", f"没有登记{found.name}的号码 no number is registered")
        if extension and who == AMBULANCE and detail.card.exercise:
            raise Conflict("drill", "这是演练,不会拨出120 this is a drill: 120 is not rung")
        text = f"用分机{extension}拨打{found.name}" if extension else f"拨打{found.name}"
        fact = Fact(Entry.DIALLED, text, f"account:{account.id}", {"who": who, "extension": extension})
        _write(connection, incident_id, fact, now)
        return found.number


def did_not_ring(store: Store, incident_id: int, text: str, account: Account, now: datetime) -> None:
    """Write on the timeline that what `dialled` had begun came to nothing; `text` says why."""
    with store.write() as connection:
        _write(connection, incident_id, Fact(Entry.DIALLED, text, f"account:{account.id}"), now)


def _write(connection: Connection, incident_id: int, fact: Fact, now: datetime) -> None:
    book = Casebook(connection)
    book.load_ids([incident_id])
    book.note(incident_id, now, fact)
    book.write()


def _claimed(connection: Connection, incident_id: int) -> views.Detail:
    detail = views.detail(connection, incident_id)
    if detail.card.claimed_by is None and detail.card.stage is not Stage.CLOSED:
        raise Conflict(
            "not_claimed", "请先接警 claim the case first: who reads the record is on the timeline"
        )
    return detail


def _questions(connection: Connection, card: views.Card) -> Questions:
    """Those that stood when the case began: an edit changes nothing under an operator's hands."""
    if area_of(card.subject) is not None:
        return ()
    return scriptbook.current(connection, card.opened_at).of(card.kind).questions


def _callee(who: str, detail: views.Detail) -> Callee:
    if who == AMBULANCE:
        return Callee("120", AMBULANCE)
    known = _people(detail.home) if detail.home is not None else {}
    known |= {
        f"responder:{one.responder_id}": Callee(responder_title(one.kind, one.name), one.phone)
        for one in detail.card.helpers
    }
    if who not in known:
        raise NotFound("no_such_person", f"此案没有这个人 nobody of this case is {who}")
    return known[who]


def _people(home: HomeRecord) -> dict[str, Callee]:
    household = home.household
    people = {f"resident:{one.id}": Callee(f"老人{one.name}", one.phone) for one in home.residents}
    people |= {f"contact:{one.id}": Callee(f"{one.relation}{one.name}", one.phone) for one in home.contacts}
    key_holder = Callee(f"有钥匙的{household.key_holder or '人'}", household.key_holder_phone)
    return people | {"home": Callee("家里电话", household.phone), "key": key_holder}
