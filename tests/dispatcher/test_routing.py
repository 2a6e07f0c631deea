"""By which channel a message leaves: rules as tables."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from community.model import ContactChannel, Medium
from dispatcher.channels import Capabilities
from dispatcher.model import Lane, Purpose, Recipient
from dispatcher.routing import (
    LEAVES,
    LONGEST_REST,
    LONGEST_TURN,
    MOST_FAILURES,
    PROBE,
    SHORTEST_REST,
    WELL,
    Bucket,
    Urgency,
    Way,
    failed,
    in_turn,
    is_shut,
    tried,
    urgency,
    ways,
)
from tests.dispatcher.test_channels import a_message

NOON, NIGHT, EVENING = 12 * 60, 2 * 60, 22 * 60

SMS, VOICE = Capabilities(two_way=True), Capabilities(medium=Medium.VOICE, two_way=True)
PUSH = Capabilities(medium=Medium.PUSH)
STAFF_PUSH = Capabilities(medium=Medium.PUSH, for_staff=True)
TEMPLATES = Capabilities(two_way=True, template_only=True, templates=frozenset({Purpose.RAISED}))
SITE = {"aliyun": TEMPLATES, "twilio": SMS, "call": VOICE, "apprise": PUSH}

CALL_AT_NIGHT = (
    ContactChannel(Medium.VOICE, starts=21 * 60, ends=21 * 60 + 600),
    ContactChannel(Medium.SMS),
)
WECOM_FIRST = (ContactChannel(Medium.PUSH, "wxwork://key"), ContactChannel(Medium.SMS))
ONLY_CALLS = (ContactChannel(Medium.VOICE),)
TWO_PUSHES = (ContactChannel(Medium.PUSH, "wxwork://a"), ContactChannel(Medium.PUSH, "dingtalk://b"))


# ---- which ways there are ----


@pytest.mark.parametrize(
    "purpose, wishes, minute, expected",
    [
        # who has no wishes gets a text, by the site's order; a provider without the template is left out
        (Purpose.RAISED, (), NOON, "aliyun twilio"),
        (Purpose.CLOSED, (), NOON, "twilio"),
        # 夜间只打电话: by night a call, and a text when nobody can be rung; by day a text
        (Purpose.RAISED, CALL_AT_NIGHT, NIGHT, "call aliyun twilio"),
        (Purpose.RAISED, CALL_AT_NIGHT, EVENING, "call aliyun twilio"),
        (Purpose.RAISED, CALL_AT_NIGHT, NOON, "aliyun twilio"),
        # nobody is rung up for news
        (Purpose.CLOSED, CALL_AT_NIGHT, NIGHT, "twilio"),
        (Purpose.ACCEPTED, ONLY_CALLS, NIGHT, "twilio"),
        (Purpose.RAISED, ONLY_CALLS, NOON, "call aliyun twilio"),
        (Purpose.ASK, ONLY_CALLS, NOON, "call twilio"),
        # a push comes where it is wanted, and the text after it
        (Purpose.RAISED, WECOM_FIRST, NOON, "apprise>wxwork://key aliyun twilio"),
        (Purpose.CLOSED, WECOM_FIRST, NOON, "apprise>wxwork://key twilio"),
        # news go where they are wanted and nowhere else; a call for help goes on by text
        (Purpose.CLOSED, TWO_PUSHES, NOON, "apprise>wxwork://a apprise>dingtalk://b"),
        (Purpose.RAISED, TWO_PUSHES, NOON, "apprise>wxwork://a apprise>dingtalk://b aliyun twilio"),
        # who must answer is asked where she can, and pushed to when that fails
        (Purpose.ASK, WECOM_FIRST, NOON, "twilio apprise>wxwork://key"),
        (Purpose.CHECK, TWO_PUSHES, NOON, "twilio apprise>wxwork://a apprise>dingtalk://b"),
        (Purpose.DRILL, TWO_PUSHES, NOON, "twilio apprise>wxwork://a apprise>dingtalk://b"),
        (Purpose.ASK, (*ONLY_CALLS, *WECOM_FIRST), NOON, "call twilio apprise>wxwork://key"),
        # outside every hour that somebody named, it is as if nothing had been wished
        (Purpose.CLOSED, (ContactChannel(Medium.PUSH, "x://y", 0, 60),), NOON, "twilio"),
    ],
)
def test_what_a_person_wants_at_this_hour_comes_first(
    now: datetime, purpose: Purpose, wishes: tuple[ContactChannel, ...], minute: int, expected: str
) -> None:
    found = ways(a_message(now, purpose=purpose), SITE, wishes, minute)

    assert " ".join(way.channel + (f">{way.url}" if way.url else "") for way in found) == expected


def test_what_has_to_be_said_by_telephone_is_never_texted(now: datetime) -> None:
    assert ways(a_message(now, is_call=True), SITE, (), NOON) == (Way("call"),)
    assert ways(a_message(now, is_call=True), {"twilio": SMS}, (), NOON) == ()


def test_a_wish_that_nobody_can_grant_does_not_silence_an_alarm(now: datetime) -> None:
    only_text = {"twilio": SMS}
    assert ways(a_message(now), only_text, ONLY_CALLS, NIGHT) == (Way("twilio"),)
    assert ways(a_message(now), only_text, TWO_PUSHES, NIGHT) == (Way("twilio"),)


def test_many_requests_in_one_text_are_not_read_out_because_a_key_names_none_of_them(now: datetime) -> None:
    many = a_message(now, purpose=Purpose.ASK, incident_id=None)

    assert ways(many, SITE, ONLY_CALLS, NIGHT) == (Way("twilio"),)


def test_the_way_that_failed_for_good_is_not_taken_again(now: datetime) -> None:
    assert ways(a_message(now, refused=("aliyun",)), SITE, (), NOON) == (Way("twilio"),)
    assert ways(a_message(now, refused=("aliyun", "twilio")), SITE, (), NOON) == ()


def test_responders_are_reached_where_the_staff_reads_when_texts_fail(now: datetime) -> None:
    site = {"twilio": SMS, "apprise": STAFF_PUSH}
    worker = Recipient("responder:4", "李强", "+8613900000009")

    assert ways(a_message(now, to=worker), site, (), NOON) == (Way("twilio"), Way("apprise"))
    assert ways(a_message(now), site, (), NOON) == (Way("twilio"),)


@pytest.mark.parametrize(
    "attempts, last, sick, expected",
    [
        (1, "", "", "a b c"),
        (1, "", "a", "b c a"),
        (2, "a", "", "b c a"),
        (2, "b", "", "c a b"),
        (3, "c", "", "a b c"),
        (2, "a", "b", "c a b"),
        (2, "gone", "", "a b c"),  # the site's channels were changed meanwhile
        (2, "a", "a b c", "b c a"),  # when all are sick, an alarm still tries
    ],
)
def test_after_a_failure_comes_the_next_and_the_sick_come_last(
    now: datetime, attempts: int, last: str, sick: str, expected: str
) -> None:
    healths = {}
    for name in sick.split():
        healths[name] = WELL
        for _ in range(MOST_FAILURES):
            healths[name] = failed(healths[name], now)

    order = in_turn(
        [Way("a"), Way("b"), Way("c")], a_message(now, attempts=attempts, channel=last), healths, now
    )

    assert " ".join(way.channel for way in order) == expected


def test_who_does_not_answer_when_asked_comes_last_and_yet_gets_its_turn(now: datetime) -> None:
    two = [Way("a"), Way("b")]
    rests = failed(failed(failed(WELL, now), now), now)

    first = in_turn(two, a_message(now), {}, now, {"a"})
    assert [way.channel for way in first] == ["b", "a"]
    both_sick = in_turn(two, a_message(now, attempts=2, channel="b"), {"b": rests}, now, {"a"})
    assert [way.channel for way in both_sick] == ["a", "b"]


def test_of_two_addresses_of_one_channel_neither_comes_before_what_follows_both(now: datetime) -> None:
    order = in_turn(
        [Way("p", "x"), Way("p", "y"), Way("sms")], a_message(now, attempts=2, channel="p"), {}, now
    )

    assert order[0] == Way("sms")


# ---- which provider is well ----


def test_a_provider_rests_after_three_failures_in_a_row_and_longer_each_time(now: datetime) -> None:
    health, rests = WELL, []
    for _ in range(9):
        health = failed(health, now)
        rests.append((health.shut_until - now).total_seconds() if health.shut_until else 0)

    assert rests == [0, 0, 5, 10, 20, 40, 60, 60, 60]


def test_one_message_finds_out_whether_a_provider_is_well_again(now: datetime) -> None:
    health = failed(failed(failed(WELL, now), now), now)
    assert is_shut(health, now)
    assert tried(health, now) == health

    rested = now + SHORTEST_REST
    assert not is_shut(health, rested)
    probing = tried(health, rested)
    assert is_shut(probing, rested)
    assert not is_shut(probing, rested + PROBE)

    assert is_shut(failed(probing, rested), rested + timedelta(seconds=9))  # 10 s this time


def test_a_clock_that_is_set_back_shuts_nobody_out(now: datetime) -> None:
    health = failed(failed(failed(WELL, now), now), now)

    assert not is_shut(health, now - LONGEST_REST - timedelta(seconds=1))


# ---- what a provider takes in a second ----


@pytest.mark.parametrize(
    "purpose, lane, expected",
    [
        (Purpose.RAISED, Lane.FIRST, Urgency.FIRST),
        (Purpose.ASK, Lane.EARLY, Urgency.FIRST),
        (Purpose.RAISED, Lane.PERSON, Urgency.HELP),
        (Purpose.ASK, Lane.PERSON, Urgency.HELP),
        (Purpose.CLOSED, Lane.PERSON, Urgency.PERSON),
        (Purpose.RAISED, Lane.ORDINARY, Urgency.OTHER),
        (Purpose.RAISED, Lane.LAST, Urgency.OTHER),
    ],
)
def test_who_goes_first(now: datetime, purpose: Purpose, lane: Lane, expected: Urgency) -> None:
    assert urgency(a_message(now, purpose=purpose, lane=lane)) is expected


def drained(who: Urgency, now: datetime, rate: float = 2, burst: float = 20) -> tuple[Bucket, int]:
    bucket, left = Bucket.full(rate, burst, now), 0
    while bucket.has_room(who):
        bucket, left = bucket.less_one(), left + 1
    return bucket, left


def test_each_leaves_a_share_for_those_before_it(now: datetime) -> None:
    others, sent = drained(Urgency.OTHER, now)
    assert sent == 10
    assert others.has_room(Urgency.PERSON)

    news, sent = drained(Urgency.PERSON, now)
    assert sent == 12
    assert news.has_room(Urgency.HELP)

    repeats, sent = drained(Urgency.HELP, now)
    assert sent == 15
    assert repeats.has_room(Urgency.FIRST)

    assert drained(Urgency.FIRST, now)[1] == 20


def test_those_who_find_no_room_come_again_one_after_the_other(now: datetime) -> None:
    bucket, _ = drained(Urgency.OTHER, now)
    turns = []
    for _ in range(4):
        bucket, wait_s = bucket.queued(Urgency.OTHER)
        turns.append(wait_s)
    assert turns == [0.5, 1.0, 1.5, 2.0]

    for turn in turns:
        later = bucket.refilled(now + timedelta(seconds=turn))
        assert later.has_room(Urgency.OTHER)
        bucket = later.less_one()


def test_nobody_waits_for_the_turns_of_those_behind_him(now: datetime) -> None:
    bucket, _ = drained(Urgency.FIRST, now)
    for _ in range(100):
        bucket, repeat_s = bucket.queued(Urgency.HELP)
    bucket, first_s = bucket.queued(Urgency.FIRST)
    assert (repeat_s, first_s) == (52.5, 0.5)

    _, behind_s = bucket.queued(Urgency.PERSON)
    assert behind_s == 53.0, "news waits for both"


@given(
    gaps=st.lists(st.floats(-5, 5), max_size=60),
    who=st.sampled_from(Urgency),
    rate=st.floats(0.05, 500),
)
def test_no_bucket_gives_more_than_its_rate_or_makes_anybody_wait_for_ever(
    gaps: list[float], who: Urgency, rate: float
) -> None:
    now = start = latest = datetime.fromisoformat("2026-11-21T06:05:00+00:00")
    bucket, left = Bucket.full(rate, max(4.0, rate / 2), start), 0
    for gap in gaps:
        now += timedelta(seconds=gap)
        latest = max(latest, now)
        bucket = bucket.refilled(now)
        if bucket.has_room(who):
            bucket, left = bucket.less_one(), left + 1
        else:
            bucket, wait_s = bucket.queued(who)
            assert 0 <= wait_s <= LONGEST_TURN.total_seconds()
    forward_s = sum(max(0.0, (b - a).total_seconds()) for a, b in pairwise(_times(start, gaps)))
    assert left <= bucket.burst + forward_s * rate + 1e-6


def _times(start: datetime, gaps: list[float]) -> list[datetime]:
    times = [start]
    for gap in gaps:
        times.append(times[-1] + timedelta(seconds=gap))
    return times


def test_the_shares_leave_at_least_one_message_for_everybody() -> None:
    smallest = 4.0
    assert all(1 + share * smallest <= smallest for share in LEAVES.values())


def what_the_rules_say(rules: ModuleType) -> object:
    """A table that a copy of the rules with one changed sign fills in differently."""
    now = datetime.fromisoformat("2026-11-21T06:05:00+00:00")
    site = {**SITE, "staff": STAFF_PUSH}
    messages = [
        a_message(now, purpose=purpose, refused=refused, to=to, is_call=is_call, lane=lane)
        for purpose in (Purpose.RAISED, Purpose.ASK, Purpose.CLOSED, Purpose.CHECK)
        for refused in ((), ("twilio",))
        for to in (Recipient("contact:1", "女儿", "+861"), Recipient("responder:1", "李强", "+862"))
        for is_call in (False, True)
        for lane in Lane
    ]
    messages.append(replace(messages[0], purpose=Purpose.ASK, incident_id=None))
    found = [
        [str(rules.ways(message, site, wishes, minute)) for message in messages]
        for wishes in ((), CALL_AT_NIGHT, WECOM_FIRST, TWO_PUSHES)
        for minute in (NOON, NIGHT, EVENING)
    ]
    healths, health = [], rules.WELL
    for step in range(9):
        at = now + timedelta(seconds=5 * step)
        healths.append((rules.is_shut(health, at), str(rules.tried(health, at))))
        health = rules.failed(health, at)
        edges = (timedelta(), timedelta(seconds=5), timedelta(seconds=60), timedelta(seconds=-1))
        healths.append(([rules.is_shut(health, at + edge) for edge in edges], str(health)))
    orders = [
        str(rules.in_turn([Way("a"), Way("b"), Way("a", "x"), Way("c")], message, {"b": sick}, now))
        for attempts, channel in [(1, "a"), (2, "a"), (2, "b"), (3, "c"), (2, "z")]
        for message in [a_message(now, attempts=attempts, channel=channel)]
        for sick in (rules.WELL, health)
    ]
    turns = []
    for who in rules.Urgency:
        bucket = rules.Bucket.full(2.0, 8.0, now)
        for other in rules.Urgency:
            bucket = replace(bucket, level=0.0).queued(other)[0]
        bucket = replace(bucket, level=8.0)
        for second in (0, 0, 0, 0, 0, 0, 0, 0, 0, 1, -1, 100):
            bucket = bucket.refilled(now + timedelta(seconds=second))
            if bucket.has_room(who):
                bucket = bucket.less_one()
            else:
                for _ in range(70):
                    bucket, wait_s = bucket.queued(who)
                    turns.append(wait_s)
            turns.append(bucket.level)
        turns += [bucket.of(1.0, burst).level for burst in (4.0, 16.0)]
    return found, healths, orders, turns, [str(rules.urgency(message)) for message in messages]
