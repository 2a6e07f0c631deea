"""What people decide about watched homes, and what they see of them: presets, trips, welfare calls."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, tzinfo
from enum import StrEnum

import structlog
from sqlalchemy import Connection

from community.errors import Conflict, Invalid, NotFound
from community.model import Account, HomeRecord
from community.storage import Store, register
from devices.signal import Role
from dispatcher.absence import CALL, AwayKind, Hours, Life, Night, at_minute
from dispatcher.presets import Presets
from dispatcher.storage import lives, watches
from dispatcher.storage.watches import CheckLine, CheckState, Choice

LONGEST_AWAY = timedelta(days=180)
MOST_ATTEMPTS = 2  # a call that nobody answers is tried again once, then somebody goes

log = structlog.get_logger()


class Outcome(StrEnum):
    """How a welfare call went."""

    WELL = "well"
    NO_ANSWER = "no_answer"
    HELP = "help"


@dataclass(frozen=True, slots=True)
class Status:
    """A watched home as people see it."""

    home: HomeRecord
    presets: tuple[str, ...]
    daily: Hours | None
    call_days: tuple[int, ...]
    call_minute: int | None
    night: Night | None
    away: AwayKind | None
    away_until: datetime | None
    life_at: datetime | None
    well_at: datetime | None  # when she last pressed or answered herself
    blind: tuple[str, ...]  # presets that nothing at home can see at present
    look_at: datetime
    checks: tuple[CheckLine, ...]  # newest first


@dataclass(frozen=True, slots=True)
class CallLine:
    """A welfare call with everything that is needed to make it."""

    check: CheckLine
    home: HomeRecord
    is_late: bool


# ---- what a home is watched for ----


def choose(
    store: Store, household_id: int, choice: Choice, presets: Presets, account: Account, now: datetime
) -> Status:
    """Watch a home from now on. Invalid: there is no such preset, or nothing at home could see it."""
    with store.write() as connection:
        register.household_by_id(connection, household_id)
        roles = {
            device.role
            for device in register.list_devices(connection, household_id=household_id)
            if device.enabled
        }
        for name in choice.presets:
            preset = presets.get(name)
            if preset is None:
                raise Invalid(
                    "no_such_preset", f"there is no preset {name}: choose from {', '.join(presets)}"
                )
            if not preset.eyes & roles:
                eyes = ", ".join(sorted(preset.eyes))
                raise Invalid(
                    "nothing_sees",
                    f"没有能看到“{preset.title[0]}”的设备 no device there can see it: enrol one of {eyes}",
                )
        if choice.night is not None and Role.BED_SENSOR not in roles:
            raise Invalid(
                "nothing_sees",
                "没有床位传感器 no device there can see whether she is in bed: enrol a bed_sensor",
            )
        watches.choose(connection, household_id, choice, now)
        log.info("a home is watched", household=household_id, account=account.id, presets=choice.presets)
        return _status(connection, household_id, presets, now)


def forget(store: Store, household_id: int, account: Account, now: datetime) -> None:
    """Watch a home no longer; open questions are dropped. NotFound: it was not watched."""
    with store.write() as connection:
        if not watches.forget(connection, household_id, now):
            raise _not_watched(household_id)
        log.info("a home is watched no longer", household=household_id, account=account.id)


def leave(
    store: Store,
    household_id: int,
    kind: AwayKind,
    until: datetime,
    presets: Presets,
    account: Account,
    now: datetime,
) -> Status:
    """For now silence means nothing there, until it ends by itself. Invalid: the end is not ahead."""
    if not now < until <= now + LONGEST_AWAY:
        raise Invalid(
            "bad_end", f"结束时间须在今后{LONGEST_AWAY.days}天内 the end lies ahead, within {LONGEST_AWAY}"
        )
    with store.write() as connection:
        if not watches.change(connection, household_id, away=kind.value, away_until=until, look_at=now):
            raise _not_watched(household_id)
        log.info("a home is away", household=household_id, account=account.id, kind=kind.value)
        return _status(connection, household_id, presets, now)


def come_back(store: Store, household_id: int, presets: Presets, account: Account, now: datetime) -> Status:
    """She is back before the end: watching goes on, from now. Saying it twice is harmless."""
    with store.write() as connection:
        watches.lock(connection, household_id)
        if _status(connection, household_id, presets, now).away is not None:
            watches.change(connection, household_id, away=None, away_until=None, since=now, look_at=now)
            log.info("a home is back", household=household_id, account=account.id)
        return _status(connection, household_id, presets, now)


# ---- welfare calls ----


def called(
    store: Store, check_id: int, outcome: Outcome, note: str, account: Account, now: datetime
) -> CheckLine:
    """How a welfare call went. Nobody answers twice, or she needs help: an incident follows at once.

    NotFound: there is no such call. Conflict: it is settled already.
    """
    with store.write() as connection:
        found = watches.check_by_id(connection, check_id)
        if found is None or found.why != CALL:
            raise NotFound("no_such_call", f"没有问安电话{check_id} there is no welfare call {check_id}")
        watches.lock(connection, found.household_id)
        values: dict[str, object] = {"note": note.strip(), "settled_by": account.id}
        match outcome:
            case Outcome.WELL:
                done = watches.settle(connection, check_id, CheckState.WELL, now, **values)
                if done:
                    lives.heard_from(connection, found.household_id, "call", now, by_hand=True)
            case Outcome.HELP:
                done = watches.change_check(connection, check_id, wants_help=True, **values)
            case Outcome.NO_ANSWER:
                attempts = found.attempts + 1
                if attempts >= MOST_ATTEMPTS:
                    values["until_at"] = now
                done = watches.change_check(connection, check_id, attempts=attempts, **values)
        if not done:
            raise Conflict(
                "call_settled", "这个电话已有结果 this call is settled already: load the list again"
            )
        watches.change(connection, found.household_id, look_at=now)
        line = watches.check_by_id(connection, check_id)
        assert line is not None, "checks are never deleted"
        return line


def calls_of(connection: Connection, day: date, zone: tzinfo, now: datetime) -> tuple[CallLine, ...]:
    """The welfare calls of a local day, and those of days before that are still to be made."""
    start, end = at_minute(day, 0, zone), at_minute(day, 1440, zone)
    found = watches.calls_between(connection, start, end)
    homes = register.homes(connection, {line.household_id for line in found})
    return tuple(
        CallLine(
            line,
            homes[line.household_id],
            is_late=line.state is CheckState.OPEN and line.since + timedelta(hours=1) <= now,
        )
        for line in found
    )


# ---- what people see ----


def status(connection: Connection, household_id: int, presets: Presets, now: datetime) -> Status | None:
    """One home; None when it is not watched. NotFound: there is no such household."""
    register.household_by_id(connection, household_id)
    return _statuses(connection, [household_id], presets, now, checks=20).get(household_id)


def page(
    connection: Connection, presets: Presets, now: datetime, after_id: int = 0, limit: int = 50
) -> tuple[Status, ...]:
    """Watched homes by the id of their household, after `after_id`."""
    ids = watches.watched_ids(connection, after_id, limit)
    return tuple(_statuses(connection, ids, presets, now, checks=1).values())


def _status(connection: Connection, household_id: int, presets: Presets, now: datetime) -> Status:
    found = _statuses(connection, [household_id], presets, now, checks=20).get(household_id)
    if found is None:
        raise _not_watched(household_id)
    return found


def _statuses(
    connection: Connection, ids: Sequence[int], presets: Presets, now: datetime, checks: int
) -> dict[int, Status]:
    watched = watches.of(connection, ids, presets, now)
    homes = register.homes(connection, ids)
    lines = watches.checks_of(connection, ids, checks)
    return {id: _as_seen(watched[id], homes[id], lines.get(id, ())) for id in ids if id in watched}


def _as_seen(found: watches.Home, record: HomeRecord, checks: tuple[CheckLine, ...]) -> Status:
    home, choice = found.watched, found.choice
    life: Life | None = home.life
    return Status(
        home=record,
        presets=choice.presets,
        daily=choice.daily,
        call_days=tuple(sorted(choice.calls.days)) if choice.calls is not None else (),
        call_minute=choice.calls.minute if choice.calls is not None else None,
        night=choice.night,
        away=home.away.kind if home.away is not None else None,
        away_until=home.away.until if home.away is not None else None,
        life_at=life.at if life is not None else None,
        well_at=life.by_hand_at if life is not None else None,
        blind=tuple(sorted(home.blind)),
        look_at=found.look_at,
        checks=checks,
    )


def _not_watched(household_id: int) -> NotFound:
    return NotFound(
        "not_watched",
        f"住户{household_id}没有开通守护 household {household_id} is not watched: choose presets",
    )
