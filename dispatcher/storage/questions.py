"""What a phone was asked and may still answer, and the codes by which it tells several cases apart."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import product
from typing import Any

import orjson
from sqlalchemy import Connection, Select, select

from community.storage.prepared import Query, Rows, as_array, driver_cursor
from community.storage.rows import upsert
from community.storage.tables import incident, message, reply, reply_code
from dispatcher.model import DEFINITE, Meaning, Purpose
from dispatcher.understanding import Question
from dispatcher.wording import with_code

ASKS = (Purpose.RAISED.value, Purpose.ASK.value)
# What is answered by digits; the last two only after an ASK.
_ANSWERED = (*ASKS, Purpose.LATE.value, Purpose.CHECK_IN.value)
COOL_DOWN = timedelta(days=1)  # for so long nobody's late answer may count for another case

# Shortest first. Answers are 1 to 5, codes are made of the other digits: see dispatcher/understanding.py.
_CODES = tuple(
    "".join(digits) for length in (1, 2, 3) for digits in product("6789", *["06789"] * (length - 1))
)

_Asked = tuple[str, int]  # a phone, and the incident it is asked about
_Given = tuple[int, datetime | None]  # the incident that has a code, and when that was closed

_GIVEN = Query(
    lambda among: (
        select(reply_code.c.phone, reply_code.c.code, reply_code.c.incident_id, incident.c.closed_at)
        .join(incident, incident.c.id == reply_code.c.incident_id)
        .where(among(reply_code.c.phone, "phones"))
    )
)

_CODES_GIVEN = Rows(reply_code, "phone", "code", "incident_id", "given_at")

# All others: of two named ones PostgreSQL expects next to nothing, and then sorts all that a phone got.
_NO_ASKS = tuple(purpose.value for purpose in Purpose if purpose.value not in ASKS)
_LOOK_BACK = 20  # questions to one phone: it answers one of the latest, and no worker's years are read
_STANDING_SQLITE = (
    "SELECT p.value, m.incident_id, c.code FROM json_each(?) AS p "
    "JOIN message AS m ON m.id IN (SELECT id FROM message WHERE phone = p.value "
    f"AND purpose IN {ASKS!r} ORDER BY id DESC LIMIT {_LOOK_BACK}) "
    "JOIN incident AS i ON i.id = m.incident_id AND i.closed_at IS NULL "
    "LEFT JOIN reply_code AS c ON c.phone = p.value AND c.incident_id = m.incident_id"
)
_STANDING_POSTGRES = (
    "SELECT p.phone, m.incident_id, c.code FROM unnest(%s::text[]) AS p (phone) "
    "CROSS JOIN LATERAL (SELECT incident_id FROM message WHERE phone = p.phone "
    f"AND purpose NOT IN {_NO_ASKS!r} ORDER BY id DESC LIMIT {_LOOK_BACK}) AS m "
    # One case by its id, not the open cases one by one: in a storm statistics know of none that is open.
    "JOIN LATERAL (SELECT closed_at FROM incident WHERE id = m.incident_id LIMIT 1) AS i "
    "ON i.closed_at IS NULL "
    "LEFT JOIN reply_code AS c ON c.phone = p.phone AND c.incident_id = m.incident_id"
)


def tell_apart(connection: Connection, messages: Iterable[dict[str, Any]], now: datetime) -> None:
    """Give each new message a code that asks a phone while it has another case open; one query for all.

    `messages` are rows of stored incidents, not inserted yet. A case keeps its code, or keeps having none.
    """
    asking = [row for row in messages if row["purpose"] in _ANSWERED and row["phone"] and not row["is_call"]]
    if not asking:
        return
    # In one order, or two workers wait in a circle.
    asking.sort(key=lambda row: (str(row["phone"]), int(row["incident_id"])))
    standing = _standing(connection, sorted({row["phone"] for row in asking}))
    without: dict[_Asked, None] = {}
    for row in asking:
        cases = standing[row["phone"]]
        if row["incident_id"] not in cases:
            if cases:
                without[row["phone"], row["incident_id"]] = None
            cases[row["incident_id"]] = ""
    codes = _codes_for(connection, list(without), now) if without else {}
    for row in asking:
        asked = (row["phone"], row["incident_id"])
        if code := codes.get(asked) or standing[asked[0]][asked[1]]:
            row["body"] = with_code(row["body"], code)
            if "what" in row["variables"]:  # a template asks for 1 to 5 and cannot be changed
                what = f"{row['variables']['what']}(答前加{code})"
                row["variables"] = {**row["variables"], "what": what}


def _standing(connection: Connection, phones: list[str]) -> defaultdict[str, dict[int, str]]:
    """For each phone the open cases in which it was asked, with its code there."""
    found: defaultdict[str, dict[int, str]] = defaultdict(dict)
    is_sqlite = connection.dialect.name == "sqlite"
    sql = _STANDING_SQLITE if is_sqlite else _STANDING_POSTGRES
    given = (orjson.dumps(phones).decode() if is_sqlite else as_array(phones),)
    with driver_cursor(connection, sql) as cursor:
        rows = cursor.execute(sql, given).fetchall()
    for phone, incident_id, code in rows:
        found[phone][incident_id] = code or ""
    return found


def _codes_for(connection: Connection, asked: Sequence[_Asked], now: datetime) -> dict[_Asked, str]:
    """A code for each (phone, incident) while there are any: two statements, unless one is used again."""
    given: defaultdict[str, dict[str, _Given]] = defaultdict(dict)
    for row in _GIVEN.rows(connection, phones=sorted({phone for phone, _ in asked})):
        given[row.phone][row.code] = (row.incident_id, row.closed_at)
    free = {phone: _free(given[phone], now) for phone in {phone for phone, _ in asked}}
    found = {(phone, of): code for phone, codes in given.items() for code, (of, _) in codes.items()}
    new: list[dict[str, Any]] = []
    for phone, incident_id in asked:
        if (phone, incident_id) in found:
            continue
        code = next(free[phone], "")
        if code in given[phone]:  # to be taken from a case that was closed a day ago
            found[phone, incident_id] = _code_for(connection, phone, incident_id, now)
        elif code:
            new.append({"phone": phone, "code": code, "incident_id": incident_id, "given_at": now})
    ours = _CODES_GIVEN.insert_unless_there(connection, new, "phone", "code") if new else set()
    for row in new:
        asked_now = (row["phone"], row["incident_id"])
        if (row["phone"], row["code"]) in ours:
            found[asked_now] = row["code"]
        else:  # another worker has given the same one to another case this moment
            found[asked_now] = _code_for(connection, *asked_now, now)
    return found


def _free(given: Mapping[str, _Given], now: datetime) -> Iterator[str]:
    return (code for code in _CODES if _is_free(given.get(code), now))


def _is_free(given: _Given | None, now: datetime) -> bool:
    """Whether a code may be given: it was not, or its case was closed a day ago."""
    return given is None or (given[1] is not None and given[1] <= now - COOL_DOWN)


def _code_for(connection: Connection, phone: str, incident_id: int, now: datetime) -> str:
    """A code that this phone has for no case open or closed within a day; "" when none is left."""
    known: Mapping[str, _Given] = {
        code: (of, closed_at)
        for code, of, closed_at in connection.execute(
            select(reply_code.c.code, reply_code.c.incident_id, incident.c.closed_at)
            .join(incident, incident.c.id == reply_code.c.incident_id)
            .where(reply_code.c.phone == phone)
        )
    }
    for code, (of, _) in known.items():
        if of == incident_id:
            return code
    for code in _CODES:
        given_to = known.get(code)
        if _is_free(given_to, now):
            old = given_to[0] if given_to is not None else 0
            given = connection.execute(
                upsert(connection, reply_code)
                .values(phone=phone, code=code, incident_id=incident_id, given_at=now)
                .on_conflict_do_update(
                    index_elements=[reply_code.c.phone, reply_code.c.code],
                    set_={"incident_id": incident_id, "given_at": now},
                    where=reply_code.c.incident_id == old,
                )
                .returning(reply_code.c.code)
            ).scalar()
            if given is not None:
                return code  # else another worker gave it to another case this moment
    return ""


def _asked(phone: str) -> Select[Any]:
    """The cases in which a phone was asked, as whom, and its code there; the newest question first."""
    return (
        select(message.c.incident_id, message.c.who, reply_code.c.code)
        .join(incident, incident.c.id == message.c.incident_id)
        .outerjoin(
            reply_code,
            (reply_code.c.phone == message.c.phone) & (reply_code.c.incident_id == message.c.incident_id),
        )
        .where(message.c.phone == phone, message.c.purpose.in_(ASKS))
        .order_by(message.c.id.desc())
    )


def open_questions(connection: Connection, phone: str) -> list[Question]:
    """The open cases in which this phone was asked something, the newest question first."""
    query = _asked(phone).where(incident.c.closed_at.is_(None))
    found: dict[int, tuple[str, str]] = {}
    for incident_id, who, code in connection.execute(query):
        found.setdefault(incident_id, (who, code or ""))
    answers = _answers(connection, phone, found) if len(found) > 1 else {}
    return [Question(id, who, code, answers.get(id)) for id, (who, code) in found.items()]


def _answers(connection: Connection, phone: str, incident_ids: Iterable[int]) -> dict[int, Meaning]:
    query = (
        select(reply.c.incident_id, reply.c.meaning)
        .where(
            reply.c.phone == phone,
            reply.c.incident_id.in_(list(incident_ids)),
            reply.c.meaning.in_([meaning.value for meaning in DEFINITE]),
        )
        .order_by(reply.c.id)
    )
    return {incident_id: Meaning(meaning) for incident_id, meaning in connection.execute(query)}


def closed_question(connection: Connection, phone: str, code: str, now: datetime) -> Question | None:
    """The case closed within a day that an answer from this phone is about: by its code, else the last."""
    query = _asked(phone).where(incident.c.closed_at > now - COOL_DOWN).limit(1)
    if code:
        query = query.where(reply_code.c.code == code)
    row = connection.execute(query).first()
    return Question(row.incident_id, row.who, row.code or "") if row is not None else None


def is_said(connection: Connection, key: str) -> bool:
    """Whether there is a message with this key already."""
    return connection.execute(select(message.c.id).where(message.c.key == key)).first() is not None
