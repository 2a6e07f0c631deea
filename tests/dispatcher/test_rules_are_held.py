"""Each rule is held by its tests: change one sign in it, and the tables below tell the mutant apart."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from itertools import product
from types import ModuleType

import pytest

import community.batches
import community.ledger
import community.logins
import community.whereabouts
import devices.formats.meaning
import devices.formats.resent
import devices.formats.rights
import devices.formats.shelly_gen1
import devices.formats.traccar
import devices.profiles.rhythms
import devices.profiles.zigbee.lights
import dispatcher.absence
import dispatcher.answering
import dispatcher.chain
import dispatcher.escalation
import dispatcher.exercise
import dispatcher.failing
import dispatcher.followup
import dispatcher.health
import dispatcher.maintenance
import dispatcher.meters
import dispatcher.model
import dispatcher.news
import dispatcher.pace
import dispatcher.plans
import dispatcher.proving
import dispatcher.reach
import dispatcher.reachability
import dispatcher.routing
import dispatcher.safety_net
import dispatcher.scripts
import dispatcher.storms
import dispatcher.supervision
import dispatcher.travel
import dispatcher.triage
import dispatcher.understanding
import dispatcher.waves
import dispatcher.weekly
import dispatcher.wording
import gateway.fallback.rule
import gateway.trying
import maps.gate
from community.model import Device, Responder, ResponderKind
from devices.signal import Kind, Role, Signal, State
from dispatcher.model import Case, Entry, Fact, Meaning, Offer, OfferState, TimelineEntry
from dispatcher.reach import Gap, Reason
from dispatcher.reachability import Reached
from tests.community.test_batches import what_is_taken_back
from tests.community.test_ledger import what_is_read
from tests.community.test_whereabouts import what_is_believed
from tests.devices.test_begun_again import what_begins_again
from tests.devices.test_resent import what_is_new
from tests.devices.test_shelly_gen1 import what_is_pressed
from tests.devices.test_traccar_owntracks import what_is_kept
from tests.dispatcher.at_the_desk import what_a_drill_says, what_is_asked, what_waits
from tests.dispatcher.cases import (
    CLINIC,
    DESK,
    START,
    VOICE,
    WORKER,
    a_case,
    after,
    answered,
    carried_out,
    cried,
    home,
    nearest,
    plan,
    relatives,
    replied,
    unreachable,
)
from tests.dispatcher.enrolled import (
    what_a_key_gives,
    what_flashes,
    what_is_a_test,
    what_is_told_at_home,
    what_is_usual,
    what_is_written,
    who_is_there,
)
from tests.dispatcher.test_followup import what_the_rules_say as followed_up
from tests.dispatcher.test_pace import what_the_rules_say as what_the_pace_says
from tests.dispatcher.test_reach import what_is_missing
from tests.dispatcher.test_routing import what_the_rules_say
from tests.dispatcher.test_storms import what_makes_a_storm
from tests.dispatcher.test_travel import who_is_there_first
from tests.dispatcher.test_understanding import TABLE
from tests.dispatcher.watched import what_is_found, what_meters_tell
from tests.maps.test_gate import what_is_declared_wrong

Table = Callable[[ModuleType], object]


def _triage(rules: ModuleType) -> object:
    return [
        (type(verdict := rules.judge(said)).__name__, verdict.why)
        for kind in Kind
        for state in State
        for old in (False, True)
        for test in (False, True)
        for said in [Signal("care:x", kind, "x#1", START, state, retained=old, test=test)]
    ]


LADDER = plan(
    (0, (relatives(1), nearest(2), nearest(1, CLINIC))),
    (60, (relatives(1), nearest(2))),
    (180, (DESK, relatives(0), nearest(3, WORKER, CLINIC))),
    repeat_s=100,
    offer_s=30,
    arrive_grace_s=300,
    relative_s=200,
    check_in_s=600,
)


LOOKS = (0, 10, 29.999999, 30, 59.999999, 60, 130, 180, 209.999999, 210, 280, 399.999999, 400, 480)
LOOKS += (609.999999, 610, 709.999999, 710, 1210, 9000)


def _escalation(rules: ModuleType) -> object:
    """A few evenings, looked at on every border and one microsecond before."""
    steps: list[object] = []
    for happens in EVENINGS:
        case = a_case(LADDER, contacts=3, workers=6, clinics=2)
        for seconds in LOOKS:
            now = after(seconds)
            step = rules.next_step(case, now, VOICE)
            steps.append((happens.__name__, seconds, step))
            case = carried_out(case, step, now)
            if seconds == 10:
                case = happens(case)
    empty = rules.next_step(a_case(LADDER), START, VOICE)
    one = case.offers[0]
    stages = [
        rules.stage_of(claimed, (replace(one, state=state, changed_at=after(5)),), after(since))
        for claimed in (False, True)
        for state in OfferState
        for since in (0, 5, 9)
    ]
    return steps, empty, stages


def _nothing(case: Case) -> Case:
    return case


def _one_comes(case: Case) -> Case:
    return answered(case, 1, OfferState.ACCEPTED, after(10), eta_s=90)


def _one_is_there(case: Case) -> Case:
    return answered(case, 1, OfferState.ARRIVED, after(10))


def _one_is_done(case: Case) -> Case:
    return answered(case, 7, OfferState.DONE, after(10))


def _some_say_no(case: Case) -> Case:
    case = answered(case, 1, OfferState.DECLINED, after(10))
    return unreachable(replied(case, 1, Meaning.CANNOT, after(10)), "responder:7", after(10))


def _a_fire(case: Case) -> Case:
    case = cried(replied(_one_comes(case), 1, Meaning.COMING, after(10)), Kind.SMOKE, after(10))
    incident = case.incident
    return replace(
        case, incident=replace(incident, ladder_rung=incident.rung, ladder_at=after(10), due_at=after(10))
    )


def _two_are_done(case: Case) -> Case:
    case = answered(case, 1, OfferState.DONE, after(10))
    return answered(case, 7, OfferState.DONE, after(5))


def _a_relative_says_she_comes(case: Case) -> Case:
    return replied(case, 1, Meaning.COMING, after(10))


def _another_cry_on_the_way(case: Case) -> Case:
    return cried(replied(_one_comes(case), 1, Meaning.STOP, after(10)), Kind.SOS, after(125))


def _another_cry_while_nobody_comes(case: Case) -> Case:
    return cried(case, Kind.FALL, after(20))


def _another_cry_when_one_is_there(case: Case) -> Case:
    return cried(_one_is_there(case), Kind.FALL, after(20))


def _another_cry_when_all_are_gone(case: Case) -> Case:
    return cried(_one_is_done(case), Kind.FALL, after(20))


def _the_clinic_says_no_while_one_comes(case: Case) -> Case:
    return answered(_one_comes(case), 7, OfferState.DECLINED, after(10))


def _one_comes_and_turns_back(case: Case) -> Case:
    return answered(_one_comes(case), 1, OfferState.DECLINED, after(10))


def _an_owner(case: Case) -> Case:
    return replace(case, incident=replace(case.incident, claimed_by=3, lease_until=after(30)))


def _two_are_there(case: Case) -> Case:
    case = answered(case, 1, OfferState.ARRIVED, after(10))
    return answered(case, 7, OfferState.ARRIVED, after(5))


def _a_phone_is_off(case: Case) -> Case:
    return unreachable(case, "contact:1", after(10))


EVENINGS = (
    _nothing,
    _one_comes,
    _one_is_there,
    _two_are_there,
    _one_is_done,
    _some_say_no,
    _two_are_done,
    _a_relative_says_she_comes,
    _another_cry_on_the_way,
    _another_cry_while_nobody_comes,
    _another_cry_when_one_is_there,
    _another_cry_when_all_are_gone,
    _a_phone_is_off,
    _the_clinic_says_no_while_one_comes,
    _one_comes_and_turns_back,
    _a_fire,
    _an_owner,
)


def _whom(rules: ModuleType) -> object:
    """Every line over everybody who differs in one thing."""
    people = [
        Responder(1, kind, "人", "1", None, frozenset(areas), frozenset(skills))
        for kind in (WORKER, CLINIC, ResponderKind.SUPERVISOR)
        for areas in ((1,), (2,), (9,))
        for skills in ((), ("急救",))
    ]
    tells = [
        rules.Tell(whom, 1, kinds, skill)
        for whom in (rules.Whom.NEAREST, rules.Whom.STAFF)
        for kinds in ((), (WORKER,), (ResponderKind.SUPERVISOR, CLINIC))
        for skill in ("", "急救")
        if whom is rules.Whom.STAFF or kinds or skill
    ]
    counts = []
    for whom, count in [(rules.Whom.STAFF, 20), (rules.Whom.STAFF, 1), (rules.Whom.RELATIVES, 0)]:
        counts.append(rules.Tell(whom, count))
    return [[tell.fits(each, home()) for each in people] for tell in tells], len(counts)


def _waves(rules: ModuleType) -> object:
    kinds = {1: WORKER, 2: WORKER, 3: CLINIC, 4: ResponderKind.VOLUNTEER}
    people = {id: Responder(id, kind, "人", "1", None) for id, kind in kinds.items()}
    ladder = plan((0, (nearest(2), nearest(1, CLINIC))), (60, (DESK, nearest(2, *kinds.values()))))
    waves = rules.Waves(ladder, home(), people)
    some = [
        Offer(10 + id, 7, id, state, "", START, after(60), None, eta_at, START)
        for id in kinds
        for state in OfferState
        for eta_at in (None, after(120))
    ]
    everybody = [Responder(1, kind, "人", "1", None) for kind in ResponderKind]
    return (
        [rules.suffices(ladder, home(), one, other) for one in everybody for other in everybody],
        [[o.id for o in waves.overtaken(first, some)] for first in some],
        [
            waves.covered_by(mine, (first, mine), after(seconds))
            for first in some
            for mine in some
            for seconds in (299.999999, 300, 419.999999, 420)
        ],
    )


def _news(rules: ModuleType) -> object:
    """Whatever may stand on a timeline, in every order of four, each a minute after the one before."""
    lines: list[tuple[Entry, dict[str, object]]] = [
        (Entry.SIGNAL, {"kind": "sos"}),
        (Entry.SIGNAL, {"kind": "leak"}),
        (Entry.SIGNAL, {"kind": "offline"}),
        (Entry.ASKED, {"responder": 1}),
        (Entry.NEWS, {"responders": [1]}),
        (Entry.RUNG, {}),
        (Entry.OFFER, {"state": "done"}),
    ]
    found = []
    for chosen in product(lines, repeat=4):
        log = [
            TimelineEntry(seq, 7, seq, after(60 * seq), entry, "", "", detail, "")
            for seq, (entry, detail) in enumerate(chosen, start=1)
        ]
        new = (rules.new_to_responder(log, 1), rules.new_to_all(log), rules.heard_since(log, 2))
        found.append([cry and cry.seq for cry in new])
    return found


def _wording(rules: ModuleType) -> object:
    voice = rules.Voice("2222999", "2222999", VOICE.zone)
    long = [replace(home(), household=replace(home().household, address="甲" * n)) for n in range(6, 30)]
    return (
        [voice.raised(place, Kind.SOS, START) for place in long],
        [voice.ask(place, Kind.SOS, START, 410.0) for place in long],
        rules.with_code("甲。能去回1,不能回2", "6"),
        [
            rules.unanswered(said, "2222999")
            for said in ("甲,乙。能去回1,不能回2。", "还有甲回61。能去回71。", "甲。")
        ],
        [rules.distance_words(metres) for metres in (0, 9, 410, 994.9, 995, 996, 2300)],
    )


def _understanding(rules: ModuleType) -> object:
    more = ["61", "60", "6 1", "6 71", "61,71", "61,72", "6 马上到", "12", "一个半小时到", "180分钟到"]
    more += ["好的", "好的,2", "二十五分钟到", "1" + "。" * 39]
    return [
        (rules.understand(body), rules.is_automatic(body), rules.understand(body).said_by("responder:1"))
        for body in [*(body for body, _ in TABLE), *more]
    ], [
        (said, place, rules.question_meant(rules.understand(said), asked))
        for said in ("1", "2", "4", "61", "马上到")
        for place, asked in enumerate(
            [
                [
                    rules.Question(number, "contact:1", code, answer)
                    for number, (code, answer) in enumerate(case)
                ]
                for case in (
                    [("", None)],
                    [("6", None)],
                    [("6", None), ("", None)],
                    [("6", Meaning.COMING), ("", None)],
                    [("6", Meaning.CANNOT), ("", Meaning.COMING)],
                    [("", None), ("", None)],
                )
            ]
        )
    ]


def _failing(rules: ModuleType) -> object:
    hours = [rules.is_day(after(3600 * hour), VOICE.zone) for hour in range(24)]
    return hours, rules.key(7), dict(rules.WAITS)


def _weekly(rules: ModuleType) -> object:
    zone, button = VOICE.zone, Device(1, "a", Role.HELP_BUTTON, 1, last_seen_at=START)
    moments = [after(3600 * hours) for hours in range(0, 24 * 10)]
    lates = [-8 * 86400 - 1, -8 * 86400, *range(-3600, 3 * 86400, 1800)]
    kits = [
        replace(button, battery=battery, id=id, key=key, last_seen_at=seen, enabled=on)
        for battery in (None, 14, 15, 16)
        for id in (1, 9)
        for key in ("a", "low")
        for seen in (None, START)
        for on in (True, False)
    ]
    return (
        [rules.next_at(f"+86138{n:08}", START, zone) for n in range(50)],
        [rules.next_at("+8613800000001", at, zone) for at in moments],
        rules.next_at("+8613800000001", rules.next_at("+8613800000001", START, zone), zone),
        [rules.turn(after(5400), after(5400 + late), zone) for late in lates],
        [rules.key("1", at, zone) for at in moments],
        [rules.kit_of([one], {9}, {"low"}) for one in kits],
        [rules.Week(home(), calls, 0, kit).is_quiet for calls in (0, 1) for kit in rules.Kit],
    )


def _reachability(rules: ModuleType) -> object:
    zone = VOICE.zone
    moments = [after(3600 * hours) for hours in range(0, 24 * 40, 7)]
    trials = [
        None,
        *(rules.Trial(START, answered, None, lost) for answered in (None, after(9)) for lost in (0, 1)),
    ]
    days = (0, 1.9999, 2, 2.0001, 61.9999, 62, 62.0001, 90)
    return (
        [rules.drill_at("+8613800000001", at, zone) for at in moments],
        [rules.drill_at(f"+86138{n:08}", START, zone) for n in range(3000)],
        [rules.is_civil(after(60 * minute), zone) for minute in range(1440)],
        [
            rules.reached(trial, heard, after(86400 * day))
            for trial in trials
            for heard in (None, START, after(10))
            for day in days
        ],
    )


def _proving(rules: ModuleType) -> object:
    moments = (None, START)
    borders = [
        rules.proof(Role.HELP_BUTTON, START, START, START + timedelta(seconds=more)) for more in (-1, 0, 1)
    ]
    proofs = [rules.proof(role, heard, cried) for role in Role for heard in moments for cried in moments]
    return proofs, borders, sorted(rules.PROVES)


def _safety_net(rules: ModuleType) -> object:
    button = Device(1, "care:x/1", Role.HELP_BUTTON, 1, last_seen_at=START, battery=80)
    homes = [
        [replace(button, **change)]  # type: ignore[arg-type]
        for change in ({}, {"enabled": False}, {"last_seen_at": None}, {"battery": 15}, {"battery": 16})
    ]
    homes += [
        [],
        [replace(button, role=Role.DOOR_SENSOR)],
        [button, replace(button, id=2, last_seen_at=None)],
    ]
    ages = (rules.QUIET, rules.DEAD)
    moments = [START + age + timedelta(seconds=more) for age in ages for more in (-1, 0, 1)]
    phones = [contact.phone for contact in home(2).contacts]
    numbers = [dict(zip(phones, pair, strict=True)) for pair in product(Reached, repeat=2)]
    gaps = [(), (Gap(Reason.NO_CONTACT),), (Gap(Reason.RUNG_EMPTY, "x", 1, ((0, 9),)), Gap(Reason.NOBODY))]
    gaps.append((Gap(Reason.RUNG_EMPTY, "x", 1, ((0, 9),)), Gap(Reason.RUNG_EMPTY, "x", 1, ((0, 90),))))
    return [
        *(rules.net_of(home(2), devices, numbers[0], (), at) for devices in homes for at in moments),
        *(rules.net_of(home(2), homes[0], known, found, START) for known in numbers for found in gaps),
        *(rules.net_of(home(2), devices, numbers[0], (), START, unproven={2}) for devices in homes),
    ]


def _chain(rules: ModuleType) -> object:
    entries: list[TimelineEntry] = []
    for seq in (1, 2, 3):
        fact = Fact(Entry.NOTE, f"{seq}", "system", {"n": seq})
        head = rules.link(entries[-1].digest if entries else "", seq, after(seq), fact)
        entries.append(
            TimelineEntry(seq, 1, seq, after(seq), fact.entry, fact.actor, fact.text, fact.detail, head)
        )
    wrong_seq = [entries[0], replace(entries[1], seq=5), entries[2]]
    wrong_text = [entries[0], replace(entries[1], text="x"), entries[2]]
    return [
        rules.first_break(chain) for chain in (entries, entries[1:], wrong_seq, wrong_text, entries[::-1])
    ]


def _health(rules: ModuleType) -> object:
    def turned(kind: str, silent_s: float, started_s: float = 900, ailment: str = "", host: str = "hall"):  # type: ignore[no-untyped-def]
        name = f"{kind}{silent_s}{started_s}{host}"
        return rules.Worker(name, rules.WorkerKind(kind), host, after(-started_s), after(-silent_s), ailment)

    well = [turned(kind, 0) for kind in ("gateway", "dispatcher", "courier", "api")]
    gone = turned("dispatcher", 60)
    scenes = [
        [],
        well,
        *[[*well[:1], *well[2:], turned("dispatcher", silent)] for silent in (10, 10.000001, -11)],
        [*well, gone],
        *[[*well[:1], *well[2:], gone, turned("dispatcher", 0, began)] for began in (59, 60, 61)],
        [*well[:1], *well[2:], gone, turned("dispatcher", 0, 59, host="cellar")],
        [*well[1:], turned("gateway", 0, ailment="聋 deaf")],
        [*well[1:], turned("gateway", 5, ailment="聋 deaf"), turned("gateway", 0, 2)],
        [*well, turned("watch", 60)],
    ]
    waiting = rules.Waiting(2, after(-20))
    facts = [rules.Facts(workers=tuple(workers)) for workers in scenes]
    facts += [replace(facts[1], **{what: waiting}) for what in ("overdue", "unsent", "orphans")]
    facts += [replace(facts[1], probing=(rules.Probing(misses, START, 0.5),)) for misses in (0, 1, 2)]
    worst = (rules.Probing(0, START, 0.5, "east"), rules.Probing(2, START, None, "west"))
    facts.append(replace(facts[1], probing=worst))
    for misses in ((0, 0), (1, 0), (2, 0), (2, 1), (2, 3)):
        channels = tuple(rules.ChannelHealth(f"c{n}", START, START, m) for n, m in enumerate(misses))
        facts.append(replace(facts[1], channels=channels))
    carried = (
        rules.Traffic("c0", START), rules.Traffic("c0", START, START, 2), rules.Traffic("c0", None, START, 3),
        rules.Traffic("c0"), rules.Traffic("c0", None, START, 1),
    )  # fmt: skip
    facts += [replace(facts[1], traffic=(one,)) for one in carried]
    facts += [replace(facts[1], traffic=(one, rules.Traffic("c1", START))) for one in carried]
    down = (rules.ChannelHealth("c1", START, START, 2),)
    facts += [replace(facts[1], traffic=(one,), channels=down) for one in carried]
    sounded = [rules.Audible(), rules.Audible(1), *(rules.Audible(2, after(-s)) for s in (60, 61, -60, -61))]
    facts += [replace(facts[1], audible=audible) for audible in sounded]
    heard = ((0, 9), (1, 9), (2, 9), (1, 2))
    few = [replace(facts[1], hearing=tuple(rules.Hearing(f"p{n}", 3, n) for n in each)) for each in heard]
    judged = [rules.judge(known, START) for known in facts]
    judged += [rules.judge(known, START, gateways=wanted) for known in few for wanted in (1, 2)]
    return [(health.grade, health.checks) for health in judged]


def _fallback(rules: ModuleType) -> object:
    wait = timedelta(seconds=45)
    ages = [wait * share + timedelta(microseconds=more) for share in (0, 1, 2) for more in (-1, 0)]
    ages += [rules.GIVE_UP - timedelta(microseconds=1), rules.GIVE_UP]
    return [
        rules.decide(age, wait, seen, rules.Centre(gateway, turns), repeats=repeats)
        for age in ages
        for seen in rules.Seen
        for gateway in (False, True)
        for turns in (False, True)
        for repeats in (False, True)
    ]


TABLES: dict[ModuleType, Table] = {
    community.batches: what_is_taken_back,
    community.ledger: what_is_read,
    dispatcher.health: _health,
    gateway.fallback.rule: _fallback,
    devices.formats.meaning: what_begins_again,
    devices.formats.resent: what_is_new,
    devices.formats.shelly_gen1: what_is_pressed,
    devices.formats.traccar: what_is_kept,
    dispatcher.absence: what_is_found,
    dispatcher.meters: what_meters_tell,
    dispatcher.triage: _triage,
    dispatcher.escalation: _escalation,
    dispatcher.storms: what_makes_a_storm,
    dispatcher.model: _whom,
    dispatcher.reach: what_is_missing,
    dispatcher.waves: _waves,
    dispatcher.news: _news,
    dispatcher.wording: _wording,
    dispatcher.understanding: _understanding,
    dispatcher.reachability: _reachability,
    dispatcher.failing: _failing,
    dispatcher.weekly: _weekly,
    dispatcher.safety_net: _safety_net,
    dispatcher.proving: _proving,
    dispatcher.supervision: who_is_there,
    dispatcher.answering: what_is_told_at_home,
    gateway.trying: what_is_a_test,
    devices.formats.rights: what_a_key_gives,
    devices.profiles.rhythms: what_is_usual,
    devices.profiles.zigbee.lights: what_flashes,
    community.logins: what_is_written,
    community.whereabouts: what_is_believed,
    dispatcher.pace: what_the_pace_says,
    dispatcher.routing: what_the_rules_say,
    dispatcher.chain: _chain,
    dispatcher.followup: followed_up,
    dispatcher.scripts: what_is_asked,
    dispatcher.exercise: what_a_drill_says,
    dispatcher.maintenance: what_waits,
    dispatcher.travel: who_is_there_first,
    maps.gate: what_is_declared_wrong,
}

MUTANTS = [
    (dispatcher.health, "abs(now - self.last_turn_at) > STALE", "abs(now - self.last_turn_at) >= STALE"),
    (dispatcher.health, "abs(now - self.last_turn_at) > STALE", "now - self.last_turn_at > STALE"),
    (dispatcher.health, "self.misses >= TWO_MISSES", "self.misses > TWO_MISSES"),
    (dispatcher.health, "other.started_at > gone", "other.started_at >= gone"),
    (dispatcher.health, "if gone.is_stale(now) and any", "if any"),
    (dispatcher.health, "(other.kind, other.host) == (gone.kind, gone.host)", "other.kind is gone.kind"),
    (dispatcher.health, "if own or kind in needed", "if own"),
    (dispatcher.health, "or worker.ailment]", "]"),
    (dispatcher.health, "if is_needed and not well", "if not well"),
    (dispatcher.health, "if is_needed and not well", "if is_needed"),
    (dispatcher.health, "if misses >= TWO_MISSES", "if misses > TWO_MISSES"),
    (dispatcher.health, "misses = max(each.misses", "misses = min(each.misses"),
    (dispatcher.health, "fewest = min(", "fewest = max("),
    (dispatcher.health, "if fewest >= wanted", "if fewest > wanted"),
    (dispatcher.health, "Grade.WARN if fewest else Grade.FAIL", "Grade.WARN"),
    (dispatcher.health, "Grade.WARN if fewest else Grade.FAIL", "Grade.FAIL"),
    (dispatcher.health, "sick == {one.name for one in known}", "sick"),
    (dispatcher.health, "self.failures >= THREE_FAILURES", "self.failures > THREE_FAILURES"),
    (dispatcher.health, "if one.sent_at or one.failed_at]", "if one.sent_at]"),
    (dispatcher.health, "if not audible.consoles:", "if audible.consoles > 1:"),
    (dispatcher.health, "<= INAUDIBLE", "< INAUDIBLE"),
    (dispatcher.health, "abs(now - audible.last_at) <= INAUDIBLE", "now - audible.last_at <= INAUDIBLE"),
    (dispatcher.escalation, "if offer.asked_at >= self.incident.ladder_at]", "if True]"),
    (dispatcher.health, "for one in traffic if one.sent_at or one.failed_at]", "for one in traffic]"),
    (devices.formats.meaning, "abs(since) < ANEW", "abs(since) <= ANEW"),
    (devices.formats.meaning, "abs(since) < ANEW", "since < ANEW"),
    (devices.formats.meaning, "if rest != self.rest():", "if False:"),
    (devices.formats.meaning, "kind in (None, Kind.SOS)", "kind is None"),
    (devices.formats.meaning, "kind in EMERGENCY and not heard.frame.retained and", "kind in EMERGENCY and"),
    (devices.formats.meaning, "if kind in EMERGENCY and not heard.frame", "if not heard.frame"),
    (devices.formats.meaning, "if p not in self.heard.fleeting", ""),
    (devices.formats.meaning, "if this in taken:", "if False:"),
    (devices.formats.meaning, "and not self.still_says(was)", ""),
    (devices.formats.meaning, "before is None or text.casefold() in _NOT_TOLD", "before is None"),
    (devices.formats.meaning, "[*taken, this][-REMEMBERED:]", "[*taken, this][:REMEMBERED]"),
    (devices.formats.meaning, "[*taken, this][-REMEMBERED:]", "[*taken, this]"),
    (devices.formats.resent, "abs(at - first) < WINDOW", "abs(at - first) <= WINDOW"),
    (devices.formats.resent, "abs(at - first) < WINDOW", "at - first < WINDOW"),
    (devices.formats.resent, "said[-REMEMBERED:]", "said[:REMEMBERED]"),
    (devices.formats.resent, "if known == message", "if known != message"),
    (devices.formats.resent, "if _is_recent(each, at)", ""),
    (devices.formats.shelly_gen1, "levels.get(counter) == count", "levels.get(counter) != count"),
    (devices.formats.shelly_gen1, "heard.is_old or ", ""),
    (devices.formats.shelly_gen1, "{word[:_WORD_LIMIT]}", ""),
    (devices.formats.shelly_gen1, 'place in ([], ["0"])', "True"),
    (devices.formats.traccar, 'if not event or type_ == "alarm":', "if True:"),
    (devices.formats.traccar, 'if not event or type_ == "alarm":', "if not event:"),
    (devices.formats.traccar, "isinstance(heard_at := place.get", "not isinstance(heard_at := place.get"),
    (devices.formats.traccar, 'place.get("id") or event', 'event.get("id") or event'),
    (devices.formats.traccar, 'place.get("outdated") is True or', ""),
    (devices.formats.traccar, 'words["presence" if', 'words["event" if'),
    (gateway.fallback.rule, "if age < wait:", "if age <= wait:"),
    (gateway.fallback.rule, "if age < GIVE_UP", "if age <= GIVE_UP"),
    (gateway.fallback.rule, "if age < 2 * wait", "if age <= 2 * wait"),
    (gateway.fallback.rule, "and centre.dispatcher", ""),
    (gateway.fallback.rule, "and centre.gateway", ""),
    (gateway.fallback.rule, "if not repeats", "if repeats"),
    (gateway.fallback.rule, "if seen is Seen.IN_HAND", "if seen is Seen.UNTOLD"),
    (dispatcher.absence, "if signal.is_old or", "if not signal.is_old or"),
    (dispatcher.absence, "and role in _BUTTONS", "and role is not None"),
    (dispatcher.absence, "or signal.kind in _BOTH_WAYS", ""),
    (dispatcher.absence, "begins - EARLY <= at < ends", "begins - EARLY <= at <= ends"),
    (dispatcher.absence, "begins - EARLY <= at < ends", "begins - EARLY < at < ends"),
    (dispatcher.absence, "well_at < begins - EARLY", "well_at <= begins - EARLY"),
    (dispatcher.absence, "home.away.until <= now", "home.away.until < now"),
    (dispatcher.absence, "if check.wants_help:", "if not check.wants_help:"),
    (dispatcher.absence, "home.case_open or home.away is not None or self", "home.away is not None or self"),
    (dispatcher.absence, "if until <= now:", "if until < now:"),
    (dispatcher.absence, "home.handled_at >= since", "home.handled_at > since"),
    (dispatcher.absence, "if begins > since:", "if begins >= since:"),
    (dispatcher.absence, "since >= ends or due >= ends", "since >= ends or due > ends"),
    (dispatcher.absence, "since >= ends or due >= ends", "since >= ends"),
    (dispatcher.absence, "or now >= due + LATE", "or now > due + LATE"),
    (dispatcher.absence, "or self._out_of_bed()", ""),
    (dispatcher.absence, "(self._heard(check.asked_at) - check.asked_at)", "timedelta(0)"),
    (dispatcher.absence, "home.handled_at > call.asked_at", "home.handled_at < call.asked_at"),
    (dispatcher.absence, "call.until <= now and not", "call.until < now and not"),
    (dispatcher.absence, "call.until <= now and not home.case_open", "call.until <= now"),
    (dispatcher.absence, "if home.case_open:", "if not home.case_open:"),
    (dispatcher.absence, "and due > after:", "and due >= after:"),
    (dispatcher.absence, "ends + LATE <= self.now", "ends + LATE < self.now"),
    (dispatcher.absence, "home.since > begins", "home.since >= begins"),
    (dispatcher.absence, "at >= begins - EARLY for", "at > begins for"),
    (
        dispatcher.absence,
        "home.water.read_at - since >= preset.after",
        "home.water.read_at - since > 9 * DAY",
    ),
    (dispatcher.absence, "max(flows, home.handled_at or flows)", "flows"),
    (dispatcher.absence, "if preset.name in home.blind and", "if preset.name not in home.blind and"),
    (dispatcher.absence, "and not self._was_there(preset)", ""),
    (dispatcher.absence, "and not self._was_read(preset, due)", ""),
    (dispatcher.absence, "elif preset.name not in home.blind", "elif preset.name in home.blind"),
    (dispatcher.absence, "max(silent, begins) if preset.within_hours", "silent if preset.within_hours"),
    (dispatcher.absence, "self.home.not_before or begins", "begins"),
    (dispatcher.absence, "if due < ends:", "if due <= ends:"),
    (dispatcher.absence, "if self.now < ends:", "if self.now <= ends:"),
    (dispatcher.absence, "sensor.seen_at <= sensor.offline_at", "sensor.seen_at < sensor.offline_at"),
    (dispatcher.absence, "if one.role in preset.eyes", ""),
    (dispatcher.absence, "self.home.life.at > moment", "self.home.life.at >= moment"),
    (dispatcher.absence, "return moment + lost", "return moment"),
    (dispatcher.meters, "last - one.litres < litres", "last - one.litres <= litres"),
    (dispatcher.meters, "after.litres <= before.litres or", "after.litres < before.litres or"),
    (dispatcher.meters, "after.at - before.at > STEADY", "after.at - before.at >= 2 * STEADY"),
    (dispatcher.meters, "if slots and one.litres <", "if slots and one.litres >"),
    (dispatcher.meters, "last.litres - before.litres >= USED_L", "last.litres - before.litres > USED_L"),
    (dispatcher.meters, "last.at - before.at <= STEADY and", ""),
    (dispatcher.triage, "if signal.is_old:", "if not signal.is_old:"),
    (dispatcher.triage, "is Severity.EMERGENCY and", "is Severity.EMERGENCY or"),
    (dispatcher.triage, "signal.state is State.ACTIVE", "signal.state is not State.ACTIVE"),
    (dispatcher.triage, "if signal.state is State.CLEAR", "if signal.state is State.ACTIVE"),
    (dispatcher.triage, "if signal.test", "if not signal.test"),
    (dispatcher.triage, "if signal.kind is Kind.CANCEL", "if signal.kind is Kind.SOS"),
    (dispatcher.triage, "Kind.CO: Severity.EMERGENCY", "Kind.CO: Severity.ROUTINE"),
    (dispatcher.escalation, "and offer.expires_at <= now", "and offer.expires_at < now"),
    (dispatcher.escalation, "if self._late_at(o) <= self.now", "if self._late_at(o) < self.now"),
    (dispatcher.escalation, "not self.now < lease_until", "not self.now <= lease_until"),
    (
        dispatcher.escalation,
        "self.ladder_at, self._fired) <= self.now",
        "self.ladder_at, self._fired) < self.now",
    ),
    (dispatcher.escalation, "if fired < len(plan.rungs)", "if fired <= len(plan.rungs)"),
    (dispatcher.escalation, "if fired >= top:", "if fired > top:"),
    (dispatcher.escalation, "repeating=fired >= top", "repeating=fired > top"),
    (dispatcher.escalation, "len(coming) > len(self.late)", "len(coming) >= len(self.late)"),
    (dispatcher.escalation, "due_at=min(min(due)", "due_at=min(max(due)"),
    (
        dispatcher.escalation,
        "last = max(offer",
        "last = min(offer",
    ),
    (dispatcher.escalation, "last + wait * (waits + 1)", "last + wait * waits"),
    (dispatcher.escalation, "self.incident.due_at <= moment <=", "self.incident.due_at < moment <="),
    (dispatcher.escalation, "moment <= self.now", "moment < self.now"),
    (dispatcher.escalation, "if waits and", "if not waits and"),
    (dispatcher.escalation, "hurry = not reached", "hurry = False"),
    (dispatcher.escalation, "if told.rung > self.incident.ladder_rung", "if told.rung >= 0"),
    (dispatcher.escalation, "(not covered or self._fired == 0) and", "(not covered) and"),
    (dispatcher.storms, "now - trouble.since) <= threshold", "now - trouble.since) < threshold"),
    (dispatcher.storms, "abs(now - trouble.since)", "(now - trouble.since)"),
    (dispatcher.storms, "_homes(some) >= threshold.homes", "_homes(some) > threshold.homes"),
    (dispatcher.storms, "_homes(some) >= threshold.street", "_homes(some) > threshold.street"),
    (dispatcher.storms, "lambda trouble: trouble.cell_id", "lambda trouble: 0"),
    (dispatcher.storms, "lambda trouble: trouble.street_id)", "lambda trouble: 0)"),
    (dispatcher.storms, "trouble.street_id not in streets", "True"),
    (dispatcher.storms, "not trouble.known_to and", ""),
    (dispatcher.storms, "if trouble.is_new_to(trouble.street_id)", ""),
    (dispatcher.storms, "len({trouble.household_id for trouble in troubles})", "len(list(troubles))"),
    (dispatcher.storms, "return max(SEVERITY", "return min(SEVERITY"),
    (dispatcher.storms, "kind is one or kind in", "kind in"),
    (dispatcher.storms, "kind is one or kind in BRINGS.get(one, ())", "kind is one"),
    (dispatcher.storms, "is Severity.TROUBLE\n", "is not Severity.TROUBLE\n"),
    (dispatcher.storms, "(Stage.RAISED, Stage.CLAIMED)", "(Stage.RAISED,)"),
    (dispatcher.storms, "(Stage.RAISED, Stage.CLAIMED)", "tuple(Stage)"),
    (dispatcher.escalation, "self.told = set(self.just_told)", "self.told = set()"),
    (dispatcher.escalation, "self.unreachable.clear()", "self.unreachable.add('')"),
    (dispatcher.escalation, "or reached < tell.count", "or reached <= tell.count"),
    (dispatcher.escalation, "self._free(tell, missing)", "self._free(tell, missing + 1)"),
    (dispatcher.escalation, "if missing > 0 else", "if missing != 0 else"),
    (dispatcher.escalation, "not in passed", "in passed"),
    (dispatcher.escalation, "self.told - gone", "self.told"),
    (dispatcher.escalation, "left[:count] if count", "left[: count + 1] if count"),
    (dispatcher.escalation, "OfferState.ARRIVED in states or", "OfferState.ARRIVED in states and"),
    (dispatcher.reach, "(bits | bits >> WEEK) & ALWAYS", "bits & ALWAYS"),
    (dispatcher.reach, "found[-1][1] == WEEK", "found[-1][1] != WEEK"),
    (dispatcher.reach, "if asks and week != ALWAYS", "if week != ALWAYS"),
    (dispatcher.reach, "tells_relatives and has_contact", "tells_relatives or has_contact"),
    (dispatcher.reach, "if gap.hours != hours", "if gap.hours == hours"),
    (dispatcher.reach, "no_texts_since is None", "no_texts_since is not None"),
    (dispatcher.reach, "each.id not in lost", "each.id in lost"),
    (dispatcher.reach, "not in own", "in own"),
    (dispatcher.reach, "tell.whom is Whom.NEAREST and placed", "tell.whom is Whom.NEAREST or placed"),
    (dispatcher.reach, "is not None or home.cell.id in", "is not None and home.cell.id in"),
    (dispatcher.reach, "[*own, *self._supervisors]", "[*own]"),
    (dispatcher.reach, "if each.position is not None", "if each.position is None"),
    (dispatcher.reach, "if plan.kinds:", "if not plan.kinds:"),
    (dispatcher.reach, "elif not reached", "elif reached"),
    (dispatcher.reach, "if end > DAY else", "if end >= DAY else"),
    (dispatcher.reach, "end // DAY == start // DAY + 1", "end // DAY == start // DAY + 2"),
    (dispatcher.model, "in (self.kinds or GO)", "in (self.kinds or tuple(ResponderKind))"),
    (dispatcher.model, "not self.skill or self.skill in", "self.skill in"),
    (dispatcher.model, "self.whom is not Whom.STAFF or", "self.whom is Whom.STAFF or"),
    (dispatcher.model, "not least <= self.count <= MOST_TOLD", "not least < self.count <= MOST_TOLD"),
    (dispatcher.model, "not least <= self.count <= MOST_TOLD", "not least <= self.count < MOST_TOLD"),
    (dispatcher.wording, "if len(address) <= space", "if len(address) < space"),
    (dispatcher.wording, "if len(place) > space", "if len(place) >= space"),
    (dispatcher.wording, "SEGMENT >= len(brief)", "SEGMENT > len(brief)"),
    (dispatcher.wording, "if len(full) > SEGMENT", "if len(full) >= SEGMENT"),
    (dispatcher.wording, "(?:,|$)", "(?:,)"),
    (dispatcher.escalation, "(tell, self.in_time)", "(tell, set())"),
    (dispatcher.escalation, "offer.changed_at < since", "offer.changed_at <= since"),
    (dispatcher.escalation, "return self.now < end", "return self.now <= end"),
    (dispatcher.escalation, "if tell.count == 0 or", "if"),
    (dispatcher.escalation, "if self.now < first:", "if self.now <= first:"),
    (dispatcher.escalation, "(self.now - first) // again * again", "(self.now - first)"),
    (dispatcher.escalation, "if self._is_new(first) and", "if"),
    (dispatcher.escalation, "if not gone or any(", "if any("),
    (dispatcher.escalation, "elif self.in_time and self._fired:", "elif self.in_time:"),
    (dispatcher.escalation, "self.told - self.stopped", "self.told"),
    (dispatcher.news, "return severity > Severity.TROUBLE", "return severity >= Severity.TROUBLE"),
    (dispatcher.news, "is Severity.EMERGENCY and", "is Severity.EMERGENCY or"),
    (dispatcher.news, ">= SAME_CRY", "> SAME_CRY"),
    (dispatcher.news, "entry.seq > seq", "entry.seq >= seq"),
    (dispatcher.news, "is Entry.SIGNAL and", "is not Entry.ASKED and"),
    (dispatcher.news, "[kind_of(cry)] > Severity.TROUBLE)", "[kind_of(cry)] > Severity.ROUTINE)"),
    (dispatcher.news, "(SEVERITY[kind_of(cry)], cry.seq)", "cry.seq"),
    (dispatcher.news, "(OfferState.ARRIVED, OfferState.DONE)", "(OfferState.ARRIVED,)"),
    (dispatcher.news, "(Entry.RUNG, Entry.NEWS)", "(Entry.RUNG,)"),
    (dispatcher.escalation, "if climbs or not (on_scene", "if climbs or (on_scene"),
    (dispatcher.waves, "return comes.kind is other.kind", "return True"),
    (dispatcher.waves, "return all(tell", "return any(tell"),
    (dispatcher.waves, "offer.state is OfferState.ASKED and", "offer.state is not OfferState.ASKED and"),
    (dispatcher.waves, "offer.id != first.id and", "offer.id == first.id and"),
    (dispatcher.waves, "and self._answers(first, offer)", ""),
    (dispatcher.waves, "if offer.state is OfferState.ASKED:", "if offer.state is OfferState.EXPIRED:"),
    (dispatcher.waves, "other.responder_id != offer", "other.responder_id == offer"),
    (dispatcher.waves, "o, now) and self", "o, now) or self"),
    (dispatcher.waves, "if offer.state is OfferState.ARRIVED:", "if offer.state is OfferState.DONE:"),
    (dispatcher.waves, "covers and now <", "covers and now <="),
    (dispatcher.waves, "offer.eta_at or offer.changed_at", "offer.changed_at or offer.eta_at"),
    (dispatcher.wording, 'sentence.startswith("还有")', "False"),
    (dispatcher.wording, "if not _ASKS_FOR_DIGITS.search(body)", "if False"),
    (dispatcher.wording, "if not _DIGITS.search(clause)", "if True"),
    (dispatcher.wording, "if metres < 995", "if metres <= 995"),
    (dispatcher.wording, "max(10, round", "min(10, round"),
    (dispatcher.understanding, "pattern.fullmatch(piece)", "pattern.search(piece)"),
    (dispatcher.understanding, 'or "?" in plain', ""),
    (dispatcher.understanding, "len(plain) > LONGEST", "len(plain) >= LONGEST"),
    (dispatcher.understanding, "minutes <= LONGEST_ETA_MIN", "minutes < LONGEST_ETA_MIN"),
    (dispatcher.understanding, "in told}) > 1 or", "in told}) > 2 or"),
    (dispatcher.understanding, 'in told} - {""}) > 1', 'in told} - {""}) > 2'),
    (dispatcher.understanding, "told = answers or said", "told = said"),
    (dispatcher.understanding, 'who.startswith("responder:")', 'who.startswith("contact:")'),
    (dispatcher.understanding, "and not heard.code else", "else"),
    (dispatcher.understanding, "([1-5])", "([0-5])"),
    (dispatcher.understanding, "one.code == heard.code", "one.code != heard.code"),
    (dispatcher.understanding, "if len(asked) == 1", "if asked"),
    (dispatcher.understanding, "or len(bare) != 1", "or not bare"),
    (dispatcher.understanding, "not heard.by_digit or", "heard.by_digit or"),
    (dispatcher.understanding, "if goes_elsewhere", "if not goes_elsewhere"),
    (dispatcher.understanding, "if bare[0].answer is None", "if True"),
    (dispatcher.understanding, "30 * and_a_half", "0 * and_a_half"),
    (dispatcher.routing, "and name not in message.refused", ""),
    (dispatcher.routing, "if message.is_call:", "if not message.is_call:"),
    (dispatcher.routing, "if wish.covers(minute):", "if not wish.covers(minute):"),
    (dispatcher.routing, "found += by_phone if may_ring else ()", "found += by_phone"),
    (dispatcher.routing, "calls_for_help(message) and not message.is_bundle", "calls_for_help(message)"),
    (dispatcher.routing, "if calls_for_help(message) or message.purpose", "if message.purpose"),
    (dispatcher.routing, "or message.purpose in AWAITED or", "or"),
    (dispatcher.routing, "in AWAITED or not found", "in AWAITED"),
    (dispatcher.routing, "if message.purpose in AWAITED:", "if False:"),
    (dispatcher.routing, "if message.purpose in AWAITED:", "if True:"),
    (dispatcher.routing, "not channels[way.channel].two_way", "channels[way.channel].two_way"),
    (dispatcher.routing, "is Medium.PUSH and can.for_staff", "is Medium.PUSH"),
    (dispatcher.routing, 'startswith("responder:")', 'startswith("contact:")'),
    (dispatcher.routing, "message.attempts > 1 and", ""),
    (
        dispatcher.routing,
        "len(names) - names[::-1].index(message.channel)",
        "names.index(message.channel) + 1",
    ),
    (dispatcher.routing, "now < health.shut_until <=", "now <= health.shut_until <="),
    (dispatcher.routing, "<= now + LONGEST_REST", "<= now + LONGEST_REST * 0"),
    (dispatcher.routing, "health.failures + 1", "health.failures + 2"),
    (dispatcher.routing, "if failures < MOST_FAILURES:", "if failures <= MOST_FAILURES:"),
    (dispatcher.routing, "min(LONGEST_REST, SHORTEST_REST", "max(LONGEST_REST, SHORTEST_REST"),
    (dispatcher.routing, "health.failures >= MOST_FAILURES and not", "health.failures >= MOST_FAILURES and"),
    (dispatcher.routing, "health.failures >= MOST_FAILURES and", "health.failures > MOST_FAILURES and"),
    (dispatcher.escalation, "is_silent = self.told <= self.unreachable", "is_silent = bool(self.told)"),
    (dispatcher.escalation, "if not self.is_silent or", "if"),
    (dispatcher.escalation, "if self.spoken == 1 else Lane.EARLY", "if self.spoken else Lane.EARLY"),
    (dispatcher.followup, "text.lane if text.state in LOST else max", "max"),
    (dispatcher.followup, "max(text.lane, Lane.PERSON)", "text.lane"),
    (dispatcher.pace, "MANY = 3", "MANY = 4"),
    (dispatcher.pace, "len(lately) + new >= MANY", "len(lately) + new > MANY"),
    (dispatcher.pace, "if now - at < GATHER]", "if now - at <= GATHER]"),
    (dispatcher.pace, "now - GATHER < known.leaves_at", "now < known.leaves_at"),
    (dispatcher.pace, "known.leaves_at <= now + GATHER", "known.leaves_at <= now + GATHER * 9"),
    (dispatcher.pace, "if known.leaves_at > now else", "if known.leaves_at >= now else"),
    (dispatcher.pace, "known.leaves_at + GATHER", "now + GATHER"),
    (dispatcher.pace, "[*lately, *[now]", "[*[now]"),
    (dispatcher.routing, "Urgency.OTHER: 0.5", "Urgency.OTHER: 0.0"),
    (dispatcher.routing, "Urgency.PERSON: 0.375", "Urgency.PERSON: 0.25"),
    (dispatcher.routing, "Urgency.HELP: 0.25", "Urgency.HELP: 0.0"),
    (dispatcher.routing, "if not message.lane.is_persons", "if message.lane.is_persons"),
    (dispatcher.routing, "if message.lane.is_urgent else", "if not message.lane.is_urgent else"),
    (dispatcher.routing, "max(0.0, (now - self.at)", "max(-9.0, (now - self.at)"),
    (dispatcher.routing, "min(self.burst, self.level", "max(self.burst, self.level"),
    (dispatcher.routing, "self._missing(who) <= 0", "self._missing(who) < 0"),
    (dispatcher.routing, "min(burst, self.level)", "self.level"),
    (dispatcher.routing, "min(burst, self.level)", "burst"),
    (dispatcher.routing, "max(0.0, self.level - 1)", "max(0.0, self.level - 2)"),
    (dispatcher.routing, "max(refilled, *self.promised[: who + 1])", "refilled"),
    (dispatcher.routing, "self.promised[: who + 1]", "self.promised[:who]"),
    (dispatcher.routing, "self.promised[: who + 1]", "self.promised"),
    (dispatcher.routing, "self.at + LONGEST_TURN)", "self.at + LONGEST_TURN * 9)"),
    (dispatcher.reachability, "local.day + 1, LAST_DAY + 1", "local.day, LAST_DAY + 1"),
    (dispatcher.reachability, "local.day + 1, LAST_DAY + 1", "local.day + 1, LAST_DAY"),
    (dispatcher.reachability, "if minute < ends - starts", "if minute <= ends - starts"),
    (dispatcher.reachability, "local.minute < ends", "local.minute <= ends"),
    (dispatcher.reachability, "max(answers) > now - PROVED_FOR", "max(answers) >= now - PROVED_FOR"),
    (dispatcher.reachability, ">= trial.asked_at", "< trial.asked_at"),
    (dispatcher.reachability, "trial.asked_at < PATIENCE", "trial.asked_at <= PATIENCE"),
    (dispatcher.reachability, "if trial.lost:", "if not trial.lost:"),
    (dispatcher.failing, "FROM_HOUR <= now", "FROM_HOUR < now"),
    (dispatcher.failing, ".hour < TO_HOUR", ".hour <= TO_HOUR"),
    (dispatcher.failing, "now.astimezone(zone).hour", "now.hour"),
    (dispatcher.weekly, "if this_week > local", "if this_week >= local"),
    (dispatcher.weekly, "_SATURDAY + day", "_SATURDAY"),
    (dispatcher.weekly, "due_at > now + FURTHEST", "due_at >= now + FURTHEST"),
    (dispatcher.weekly, "now >= due_at + PATIENCE", "now > due_at + PATIENCE"),
    (dispatcher.weekly, "if due_at <= now and", "if due_at < now and"),
    (dispatcher.weekly, "and is_civil(now, zone)", ""),
    (dispatcher.weekly, "device.battery <= LOW_BATTERY", "device.battery < LOW_BATTERY"),
    (dispatcher.weekly, "or device.last_seen_at is None", ""),
    (dispatcher.weekly, "not self.calls and", ""),
    (dispatcher.safety_net, "now - max(heard) > DEAD", "now - max(heard) >= DEAD"),
    (dispatcher.safety_net, "now - device.last_seen_at > QUIET", "now - device.last_seen_at >= QUIET"),
    (dispatcher.safety_net, "device.battery <= LOW_BATTERY", "device.battery < LOW_BATTERY"),
    (dispatcher.safety_net, "is_life_safety and device.enabled", "is_life_safety or device.enabled"),
    (dispatcher.safety_net, "[Level.RED, Level.AMBER]", "[Level.AMBER, Level.RED]"),
    (dispatcher.safety_net, "if device.id in unproven", "if device.id not in unproven"),
    (dispatcher.proving, "cried_at if role in NEEDS_A_PRESS else heard_at", "heard_at"),
    (dispatcher.proving, "cried_at if role in NEEDS_A_PRESS else heard_at", "cried_at"),
    (dispatcher.proving, "cried_at if role in NEEDS_A_PRESS", "cried_at if role not in NEEDS_A_PRESS"),
    (dispatcher.proving, "CALLS_PEOPLE | {", "{"),
    (dispatcher.proving, "severity is Severity.EMERGENCY", "severity is not Severity.EMERGENCY"),
    (dispatcher.proving, "at < installed_at", "at <= installed_at"),
    (dispatcher.proving, "if at is None or (", "if at is None and ("),
    (dispatcher.supervision, "if device.heard_at is None else max(", "if device.heard_at is None else min("),
    (dispatcher.supervision, "is_gone and not device.is_excused", "is_gone"),
    (
        dispatcher.supervision,
        "device.heard_at is None or device.heard_at <",
        "device.heard_at is not None and device.heard_at <",
    ),
    (
        dispatcher.supervision,
        "device.heard_at < min(device.since, now)",
        "device.heard_at <= min(device.since, now)",
    ),
    (dispatcher.supervision, "min(device.since, now)", "device.since"),
    (dispatcher.supervision, "if now < late_at", "if now <= late_at"),
    (dispatcher.supervision, "if now < down_at", "if now <= down_at"),
    (dispatcher.supervision, "beat * (2 + GRACE)", "beat * (1 + GRACE)"),
    (dispatcher.supervision, "began = min(began, now)", "began = began"),
    (dispatcher.supervision, "is not None and not device.hub_is_away", "is not None"),
    (dispatcher.supervision, "self.hub_back_at >= self.since", "self.hub_back_at > self.since"),
    (dispatcher.supervision, "usual if usual is not None else", "EVERY.get(role, USUAL) if usual else"),
    (dispatcher.supervision, "if said_s is not None", "if said_s is None"),
    (dispatcher.supervision, "device.hub_is_away or device.is_excused", "device.hub_is_away"),
    (dispatcher.supervision, "device.hub_is_away or device.is_excused", "device.is_excused"),
    (
        dispatcher.supervision,
        "lost = [device for device in own if device.heard_at is not None]",
        "lost = own",
    ),
    (dispatcher.supervision, "len(new) >= FLEET_LEAST", "len(new) > FLEET_LEAST"),
    (dispatcher.supervision, "down >= max(", "down > max("),
    (dispatcher.supervision, "max(FLEET_LEAST,", "min(FLEET_LEAST,"),
    (dispatcher.supervision, "in at_risk and is_lifeline", "in at_risk"),
    (dispatcher.supervision, "in LIFE_SAFETY or", "in LIFE_SAFETY and"),
    (dispatcher.answering, "is Stage.COVERED and", "is not Stage.COVERED and"),
    (dispatcher.answering, "standing.eta_at > now", "standing.eta_at >= now"),
    (dispatcher.answering, "Stage.CLAIMED: 2,", "Stage.CLAIMED: 8,"),
    (dispatcher.answering, "Stage.CLAIMED: 2,", "Stage.RAISED: 2,"),
    (dispatcher.answering, "if device_key.startswith(OURS)", "if True"),
    (gateway.trying, "signal.received_at < ends", "signal.received_at <= ends"),
    (gateway.trying, "and signal.device_key not in tried", ""),
    (gateway.trying, "is Severity.EMERGENCY", "is not Severity.EMERGENCY"),
    (gateway.trying, "and signal.state is State.ACTIVE", ""),
    (gateway.trying, "and not signal.is_old", ""),
    (gateway.trying, "tried |= firsts", "tried &= firsts"),
    (devices.formats.rights, "not name or not name.isprintable()", "not name"),
    (devices.formats.rights, "or name != name.strip()", ""),
    (devices.formats.rights, 'or {"+", "#"} & set(name)', ""),
    (devices.formats.rights, 'name.count("/") == 1 and all', "all"),
    (devices.formats.rights, 'and all(name.split("/"))', ""),
    (devices.formats.rights, 'name == "bridge" or', ""),
    (devices.formats.rights, "not in _TAKEN and", "not in _TAKEN or"),
    (devices.profiles.rhythms, "key.startswith(r.keys) and", ""),
    (devices.profiles.rhythms, "r.role in (None, role)", "r.role in (None,)"),
    (devices.profiles.rhythms, "r.role in (None, role)", "True"),
    (devices.profiles.zigbee.lights, '"mode": "stop"', '"mode": "emergency"'),
    (devices.profiles.zigbee.lights, '"strobe": seconds > 0', '"strobe": seconds >= 0'),
    (devices.profiles.zigbee.lights, '.get("unit") == "s"', '.get("unit") != "s"'),
    (devices.profiles.zigbee.lights, '{"mode", "strobe", "duration"} <= set', '{"mode", "strobe"} <= set'),
    (devices.profiles.zigbee.lights, "or off is None or", "or"),
    (devices.profiles.zigbee.lights, "if on is None or", "if"),
    (community.logins, "or name in SERVERS", ""),
    (community.logins, "[0] in SERVERS]", "[0] not in SERVERS]"),
    (community.logins, "if not _is_ours(client)", ""),
    (community.logins, 'if client["username"] not in names', ""),
    (community.logins, 'if not role["rolename"].startswith(_ROLE)', ""),
    (community.logins, '"enableClient" if may_enter else', '"enableClient" if not may_enter else'),
    (community.logins, '"clientid": login.name', '"clientid": ""'),
    (dispatcher.safety_net, "if gap.reason in said", "if gap.reason not in said"),
    (dispatcher.safety_net, "key=lambda gap: -sum(", "key=lambda gap: sum("),
    (dispatcher.safety_net, "for state in states.values()) and not", "for state in states.values()) or not"),
    (dispatcher.chain, "entry.seq != expected or", "entry.seq != expected and"),
    (dispatcher.chain, "start=1", "start=0"),
    (dispatcher.chain, "before = entry.digest", "before = ''"),
    (dispatcher.followup, "message.is_spoken or astray.called", "astray.called"),
    (dispatcher.followup, "or astray.called or", "or"),
    (dispatcher.followup, "or not asks or", "or"),
    (dispatcher.followup, "or not astray.needed:", "or False:"),
    (dispatcher.followup, "and message.lane.is_persons", ""),
    (dispatcher.followup, "if message.state in LOST", "if message.state not in LOST"),
    (dispatcher.followup, "(waits_for_a_sender or has_left)", "True"),
    (dispatcher.followup, "(waits_for_a_sender or has_left)", "has_left"),
    (dispatcher.followup, "MessageState.SENT and astray.reports", "MessageState.SENT"),
    (dispatcher.followup, "is MessageState.QUEUED and not", "is MessageState.QUEUED and"),
    (dispatcher.followup, "astray.message.is_call and astray", "astray"),
    (dispatcher.followup, "message.state is MessageState.SENT", "message.state is not None"),
    (dispatcher.followup, "CALL_GIVEN_UP_AFTER if", "TEXT_GIVEN_UP_AFTER if"),
    (dispatcher.followup, "since >= wait", "since > wait"),
    (dispatcher.followup, "now > _CLOCKS", "now >= _CLOCKS"),
    (dispatcher.scripts, "if entry.entry is Entry.SCRIPT", "if entry.detail"),
    (dispatcher.scripts, "answer is question.call_120", "answer is not question.call_120"),
    (dispatcher.scripts, "answer is not None and answer is question", "answer is question"),
    (dispatcher.scripts, "<= len(self.questions) <= MOST", "<= len(self.questions) < MOST"),
    (dispatcher.scripts, "if not FEWEST <= len", "if not FEWEST < len"),
    (dispatcher.scripts, "if not question.ask[0]", "if not question.ask[1]"),
    (dispatcher.scripts, "question.call_120 not in question.steps", "question.call_120 in question.steps"),
    (dispatcher.scripts, "len({one.name for one", "len({one.ask for one"),
    (dispatcher.scripts, "len({one.ask[0] for one", "len({one.name for one"),
    (dispatcher.scripts, "if kind not in SEVERITY", "if False"),
    (dispatcher.scripts, "if self._of.setdefault(kind, script) is not script", "if not script"),
    (dispatcher.scripts, "sorted(SEVERITY.keys() - self._of.keys())", "()"),
    (dispatcher.scripts, "_without(each, frozenset(script.kinds)) for", "each for"),
    (dispatcher.scripts, "[script if each.name == script.name else each for", "[each for"),
    (dispatcher.scripts, "return Scripts([*others, script])", "return Scripts(others)"),
    (dispatcher.scripts, "if left.kinds and script.name in found", "if script.name in found and False"),
    (dispatcher.scripts, "replace(mine, kinds=mine.kinds + left.kinds)", "left"),
    (dispatcher.scripts, "and (left.kinds or not script.kinds)", ""),
    (dispatcher.scripts, "if kind not in taken)", "if kind in taken)"),
    (dispatcher.scripts, "for answer, words in said.items() if words[0]", "for answer, words in ()"),
    (dispatcher.exercise, "if says_so(draft.body)", "if not says_so(draft.body)"),
    (dispatcher.exercise, 'partition("】")[2].startswith', 'partition("】")[2].count'),
    (dispatcher.exercise, "max(draft.lane, Lane.ORDINARY)", "min(draft.lane, Lane.ORDINARY)"),
    (dispatcher.exercise, "max(draft.lane, Lane.ORDINARY)", "Lane.ORDINARY"),
    (dispatcher.exercise, "exercised(draft.variables)", "draft.variables"),
    (dispatcher.exercise, "if subject.startswith(_SUBJECT) else", "if subject else"),
    (dispatcher.maintenance, "begins_at - _CLOCKS <= now", "begins_at - _CLOCKS < now"),
    (dispatcher.maintenance, "begins_at - _CLOCKS <= now", "begins_at <= now"),
    (dispatcher.maintenance, "now < ends_at", "now <= ends_at"),
    (dispatcher.maintenance, "incident.kind in TECHNICAL", "True"),
    (dispatcher.maintenance, "and area_of(incident.subject) is None", ""),
    (dispatcher.maintenance, "(Stage.RAISED, Stage.CLAIMED)", "Stage"),
    (community.whereabouts, "now - found.at < FRESH", "now - found.at <= FRESH"),
    (community.whereabouts, "-AHEAD <= now - found.at", "-AHEAD < now - found.at"),
    (community.whereabouts, "-AHEAD <= now - found.at", "True and now - found.at"),
    (community.whereabouts, "radius <= ROUGH_M", "radius < ROUGH_M"),
    (community.whereabouts, "radius is None or", ""),
    (community.whereabouts, "is not ResponderKind.CLINIC", "is not None"),
    (community.whereabouts, "or not is_of_use(found, now)", ""),
    (dispatcher.travel, "return self._left >= 0", "return self._left > 0"),
    (dispatcher.travel, "if isfinite(times.get(id, inf))", ""),
    (dispatcher.travel, "{id: seconds + walk_s for", "{id: seconds for"),
    (dispatcher.travel, "READY_S[mode])", "0.0)"),
    (dispatcher.travel, "if seconds > LIMIT_S", "if seconds < LIMIT_S"),
    (dispatcher.travel, "ceil(seconds / 60)", "int(seconds / 60)"),
    (dispatcher.travel, "_NO_TIME if self._budget.is_spent", "_NO_TIME if not self._budget.is_spent"),
    (dispatcher.travel, "distance_m * DETOUR / speed", "distance_m / speed"),
    (dispatcher.travel, "not in self._found:", "in self._found or True:"),
    (maps.gate, "off_m - others[best] > doubt and", "off_m > doubt and"),
    (maps.gate, "< HONEST_M + doubt", "> HONEST_M + doubt"),
    (maps.gate, "if off_m > HONEST_M + doubt", "if off_m > 9 * HONEST_M + doubt"),
    (maps.gate, "if others[best] - off_m < doubt", "if False"),
    (maps.gate, "if crs is not declared.crs", ""),
    (maps.gate, "max(spread, honest)", "min(spread, honest)"),
    (community.batches, "if home is None:", "if False:"),
    (community.batches, "if standing.busy:", "if False:"),
    (community.batches, "if not is_new:", "if is_new:"),
    (community.batches, '"、".join(standing.hangs_on) or', ""),
    (community.batches, 'or next(iter(result.stays.values()), "")', ""),
    (community.batches, "(result.home.residents or result.home.contacts)", "result.home.residents"),
    (community.batches, "(result.home.residents or result.home.contacts)", "result.home.contacts"),
    (community.batches, "in reversed(written)", "in written"),
    (community.batches, "if now[name] == change.after[name]", ""),
    (community.batches, "elif now != change.after:", "elif False:"),
    (community.batches, "or standing.since", ""),
    (community.batches, 'standing.of_person.get((change.of, change.row_id), "") or', ""),
    (community.batches, "set_back + (not is_resident)", "set_back"),
    (community.batches, "homes_out=1, set_back=0)", "homes_out=1)"),
    (community.batches, "if row is None:", "if False:"),
    (community.batches, "date.fromisoformat(given", "str(given"),
    (community.ledger, "if above != elder:", "if False:"),
    (community.ledger, "if other != person:", "if False:"),
    (community.ledger, "if registered != cell:", "if False:"),
    (community.ledger, "if door is not None and door in told.doors:", "if False:"),
    (community.ledger, "if elder.place not in told.places:", "if False:"),
    (community.ledger, "if elder.place not in told.places:", "if True:"),
    (community.ledger, "told.key_holder != house.key_holder", "False"),
    (community.ledger, "if elder.alone is None else", "if not elder.alone else"),
    (community.ledger, "elder.phone or before.phone", "elder.phone"),
    (community.ledger, "kin.relation or before.relation", "kin.relation"),
    (community.ledger, "if found[n].phone == kin.phone", ""),
    (community.ledger, "if column in by_column:", "if False:"),
    (community.ledger, "% 11", "% 10"),
    (community.ledger, "and born != by_identity", "and False"),
    (community.ledger, "<= born <= self._today", "<= born < self._today"),
    (community.ledger, "> 1:", "> 2:"),
    (community.ledger, "if _FLOAT.fullmatch(said) else said", "if False else said"),
    (community.ledger, "if len(said) > longest:", "if len(said) >= longest:"),
    (community.ledger, "columns.issuperset(_NEEDED)", "columns"),
]


@contextmanager
def mutated(module: ModuleType, old: str, new: str) -> Iterator[ModuleType]:
    """A copy of `module` in which `old`, that stands there once or more, reads `new` at its first place."""
    assert module.__file__ is not None
    with open(module.__file__, encoding="utf-8") as file:
        source = file.read()
    assert old in source, f"{old!r} is not in {module.__name__} any more: bring the mutants up to date"
    mutant = ModuleType(f"{module.__name__}__mutant")
    mutant.__file__ = module.__file__
    sys.modules[mutant.__name__] = mutant  # where dataclasses look their annotations up
    try:
        exec(compile(source.replace(old, new, 1), module.__file__, "exec"), mutant.__dict__)
        yield mutant
    finally:
        del sys.modules[mutant.__name__]


def outcome(table: Table, rules: ModuleType) -> str:
    try:
        return repr(table(rules))
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as broken:
        return f"{type(broken).__name__}: {broken}"


@pytest.mark.parametrize("module", list(TABLES), ids=lambda module: module.__name__)
def test_a_copy_that_changes_nothing_is_not_told_apart(module: ModuleType) -> None:
    with mutated(module, "annotations", "annotations") as same:
        assert outcome(TABLES[module], same) == outcome(TABLES[module], module)


@pytest.mark.parametrize("module, old, new", MUTANTS, ids=lambda part: part if isinstance(part, str) else "")
def test_a_rule_that_is_changed_by_one_sign_is_told_apart(module: ModuleType, old: str, new: str) -> None:
    with mutated(module, old, new) as mutant:
        assert outcome(TABLES[module], mutant) != outcome(TABLES[module], module)
