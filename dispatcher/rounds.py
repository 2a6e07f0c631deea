"""The rounds: look at every watched home that is due, ask the rule, and do what it says.

A look that finds nothing to do costs a share of a few queries for many homes. Whatever is to be done is done
in a transaction of its home, which looks again under its lock: somebody may have moved, answered, or looked.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import structlog
from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from community.storage import Store, register
from devices.signal import Kind
from dispatcher import checks, intake
from dispatcher.absence import (
    CALL,
    DAILY,
    LOOK_AT_LEAST,
    LOOK_WHILE_ASKED,
    OUT_OF_BED,
    SETTLE,
    Act,
    Finding,
    look,
)
from dispatcher.clock import Clock
from dispatcher.model import Entry, Fact
from dispatcher.presets import Presets
from dispatcher.pulse import Pulse
from dispatcher.storage import watches
from dispatcher.storage.planbook import Planbook
from dispatcher.storage.watches import CheckState
from dispatcher.wording import Voice

GROUP = 200
MOST_GROUPS = 100  # in one tick; what cannot even be set aside comes again with the next
EVERY_S = 1.0
MOST_STEPS = 20  # one home never needs as many at one moment
BUSY_WAIT = timedelta(seconds=10)
ACTOR = "rounds"  # who says so on the timeline
_BROKEN = Fact(
    Entry.SIGNAL,
    "守护设置无法执行,请重新设置 what it is watched for cannot be carried out: choose anew",
    actor=ACTOR,
    detail={"kind": Kind.FAULT.value},
)

log = structlog.get_logger()


class Rounds:
    """One worker's rounds. Any number may go them: whoever looks first does what is to be done."""

    def __init__(self, store: Store, plans: Planbook, presets: Presets) -> None:
        self._store = store
        self._plans = plans
        self._presets = presets

    def run(self, clock: Clock, stopping: threading.Event, pulse: Pulse, changed: Callable[[], None]) -> None:
        """Look every second until `stopping`; `changed` is called after something was done."""
        while not stopping.wait(EVERY_S):
            try:
                if self.tick(clock.now()):
                    changed()
                pulse.turn(clock.now())
            except Exception:
                log.exception("a round failed")
        pulse.end()

    def tick(self, now: datetime) -> int:
        """Look at everything that is due at `now`; returns in how many homes something was done."""
        done = 0
        for _ in range(MOST_GROUPS):
            with self._store.read() as connection:
                if not watches.is_anything_due(connection, now):
                    break
                zone = ZoneInfo(register.site(connection).timezone)
            try:
                seen, did = self._group(now, zone)
            except Exception:
                log.exception("a group of watched homes failed, taking them one by one")
                seen, did = self._one_by_one(now, zone)
            done += did
            if seen < GROUP:
                break
        return done

    def _group(self, now: datetime, zone: ZoneInfo) -> tuple[int, int]:
        """Look at many together: how many, and in how many something was done."""
        with self._store.read() as connection:
            homes = watches.due(connection, self._presets, now, GROUP)
        found = [(home, look(home.watched, now, zone)) for home in homes]
        quiet = [
            (home.watched.household_id, home.look_at, it.look_at) for home, it in found if it.act is Act.WAIT
        ]
        with self._store.write() as connection:
            watches.look_later(connection, quiet)
        todo = [(home.watched.household_id, home.look_at) for home, it in found if it.act is not Act.WAIT]
        return len(homes), self._each(todo, now, zone)

    def _one_by_one(self, now: datetime, zone: ZoneInfo) -> tuple[int, int]:
        with self._store.read() as connection:
            due = watches.due_ids(connection, now, GROUP)
        return len(due), self._each(due, now, zone)

    def _each(self, homes: Sequence[tuple[int, datetime]], now: datetime, zone: ZoneInfo) -> int:
        done = 0
        for household_id, look_at in homes:
            try:
                done += self._attend(household_id, now, zone)
            except SQLAlchemyError:  # not the home's fault: somebody writes there, or the database is away
                log.exception("a watched home waits", household=household_id)
                self._set_aside(household_id, look_at, now, BUSY_WAIT)
            except Exception:
                log.exception("a watched home cannot be looked at", household=household_id)
                self._set_aside(household_id, look_at, now, LOOK_AT_LEAST, _BROKEN)
        return done

    def _set_aside(
        self, household_id: int, look_at: datetime, now: datetime, wait: timedelta, fact: Fact | None = None
    ) -> None:
        """Look again after `wait`, so that the others get their turn; the desk is told `fact`."""
        try:
            with self._store.write() as connection:
                watches.look_later(connection, [(household_id, look_at, now + wait)])
            if fact is not None:
                with self._store.write() as connection:
                    plans = self._plans.current(connection)
                    intake.bring(connection, household_id, Kind.FAULT, ACTOR, fact, plans, now)
        except Exception:
            log.exception("a watched home cannot be set aside", household=household_id)

    def _attend(self, household_id: int, now: datetime, zone: ZoneInfo) -> bool:
        """Do what is to be done in one home, until there is nothing more; whether anything was."""
        for step in range(MOST_STEPS):
            with self._store.write() as connection:
                watches.lock(connection, household_id)
                home = watches.of(connection, [household_id], self._presets, now).get(household_id)
                if home is None:
                    return step > 0
                found = look(home.watched, now, zone)
                look_at = self._do(connection, home, found, now)
                watches.change(connection, household_id, look_at=look_at)
                if look_at > now:
                    return step > 0 or found.act is not Act.WAIT
        raise RuntimeError(f"household {household_id}: no end of things to do")

    def _do(self, connection: Connection, home: watches.Home, found: Finding, now: datetime) -> datetime:
        """Do what was found; returns when to look again: at once, but after a question."""
        household_id = home.watched.household_id
        since = found.since or now
        match found.act:
            case Act.ASK:
                if found.why == DAILY:
                    watches.change(connection, household_id, daily_asked_at=now)
                if checks.ask(connection, home, found.why, since, found.wait, now) is not None:
                    return now + LOOK_WHILE_ASKED
                self._nobody_to_ask(connection, household_id, now)
            case Act.CALL:
                watches.ask(connection, household_id, CALL, since, now, now + found.wait)
                watches.change(connection, household_id, called_at=since)
            case Act.CLEAR:
                self._clear(connection, home, found, now)
            case Act.RAISE:
                self._raise(connection, home, found, now)
            case Act.BLIND:
                self._blind(connection, home, found.why, since, now)
            case Act.SIGHT:
                left = sorted(home.watched.blind - {found.why})
                watches.change(connection, household_id, blind=left, not_before=now + SETTLE)
            case Act.BACK:
                assert home.watched.away is not None, "who was not away does not come back"
                watches.change(connection, household_id, away=None, away_until=None, since=now)
                checks.tell_back(connection, household_id, home.watched.away, now)
            case Act.WAIT:
                pass
        return found.look_at

    def _nobody_to_ask(self, connection: Connection, household_id: int, now: datetime) -> None:
        """Without a telephone number there is no gentle question: the wait for an answer is over."""
        home = watches.of(connection, [household_id], self._presets, now)[household_id]
        assert home.watched.check is not None, "it has just been kept"
        watches.change_check(connection, home.watched.check.id, until_at=now, message_key="")

    def _clear(self, connection: Connection, home: watches.Home, found: Finding, now: datetime) -> None:
        check = home.watched.call if found.why == CALL else home.watched.check
        assert check is not None, "only what is open is cleared"
        life = home.watched.life
        moved = found.why != CALL and life is not None and life.at > check.asked_at
        watches.settle(connection, check.id, CheckState.MOVED if moved else CheckState.DROPPED, now)
        if moved:
            checks.reassure(connection, home, check.id, now)
        else:
            watches.call_back(connection, check.id)

    def _raise(self, connection: Connection, home: watches.Home, found: Finding, now: datetime) -> None:
        check = home.watched.call if found.why == CALL else home.watched.check
        wants_help = check is not None and check.wants_help
        fact = Fact(
            Entry.SIGNAL,
            self._why(connection, home, found, wants_help),
            actor=ACTOR,
            detail={"kind": found.kind.value, "why": found.why},
        )
        plans, household_id = self._plans.current(connection), home.watched.household_id
        incident_id = intake.bring(connection, household_id, found.kind, ACTOR, fact, plans, now)
        if check is not None and found.kind is Kind.INACTIVITY:
            state = CheckState.HELP if wants_help else CheckState.NO_ANSWER
            watches.settle(connection, check.id, state, now, incident_id=incident_id)

    def _why(self, connection: Connection, home: watches.Home, found: Finding, wants_help: bool) -> str:
        """What the operator reads: what was silent since when, who was asked, what was answered."""
        voice = Voice.of(register.site(connection))
        asked_since = home.check_since if found.why != OUT_OF_BED else None
        since = voice.day_and_clock(asked_since or found.since or home.watched.since)
        if found.why == OUT_OF_BED:
            return f"{since}起离床未归 left her bed at night and is not back in it"
        if found.why == CALL:
            planned = voice.day_and_clock(found.since or home.watched.since)
            if wants_help:
                return f"{planned}的问安电话:老人需要帮忙 needs help, says the welfare call"
            return f"{planned}的问安电话没有打通 the welfare call found nobody"
        preset = self._presets.get(found.why)
        if preset is not None and preset.is_about_a_leak:
            return f"{preset.title[0]}({since}起) {preset.title[1]}"
        what = preset.title[0] if preset is not None else "今天没有报平安 has not said that she is well"
        record = register.household_by_id(connection, home.watched.household_id)
        names = "、".join(one.name for one in checks.recipients(record) if one.who in home.asked)
        if wants_help:
            return f"{what}({since}起):问了{names},回复需要帮忙 asked, and needs help"
        asked = f"问了{names},没有答复 asked, no answer" if names else "没有可询问的电话 no number to ask"
        return f"{what}({since}起):{asked}"

    def _blind(
        self, connection: Connection, home: watches.Home, why: str, since: datetime, now: datetime
    ) -> None:
        household_id = home.watched.household_id
        watches.change(connection, household_id, blind=sorted({*home.watched.blind, why}))
        if why in home.watched.unknown:
            kind = Kind.FAULT
            text = f"守护预设“{why}”已不存在,请重新设置 this preset is gone: choose another"
        else:
            kind = Kind.OFFLINE
            last = Voice.of(register.site(connection)).day_and_clock(since)
            text = (
                f"{self._presets[why].title[0]}无法判断:传感器都没有信号,最后一次动静{last},请打电话问一问 "
                "no sensor can be heard, so silence means nothing here: telephone, and see to the devices"
            )
        fact = Fact(Entry.SIGNAL, text, actor=ACTOR, detail={"kind": kind.value, "why": why})
        plans = self._plans.current(connection)
        intake.bring(connection, household_id, kind, ACTOR, fact, plans, now)
