"""How the centre is: a loop that stands still, work that waits, presses that do not come through."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from dispatcher.health import (
    NEEDED,
    OVERDUE,
    STALE,
    ChannelHealth,
    Check,
    Facts,
    Grade,
    Health,
    Probing,
    Waiting,
    Worker,
    WorkerKind,
    database_away,
    judge,
    replaced,
)
from tests.dispatcher.cases import START

NOW = START
ONE_US = timedelta(microseconds=1)


def worker(kind: WorkerKind, silent: timedelta = timedelta(), number: int = 1, **more: object) -> Worker:
    made = Worker(f"{kind}@hall:{number}", kind, "hall", NOW - timedelta(hours=1), NOW - silent)
    return replace(made, **more)  # type: ignore[arg-type]


WELL = Facts(workers=tuple(worker(kind) for kind in NEEDED))


def but(kind: WorkerKind, *instead: Worker) -> Facts:
    """All is well, but of `kind` there are these."""
    return Facts(workers=(*(one for one in WELL.workers if one.kind is not kind), *instead))


def check(health: Health, name: str) -> Check:
    [found] = [check for check in health.checks if check.name == name]
    return found


def test_a_centre_in_which_every_loop_turns_is_well() -> None:
    assert judge(WELL, NOW).grade is Grade.PASS


@pytest.mark.parametrize("kind", sorted(NEEDED))
def test_a_kind_of_worker_that_was_never_started_is_missed(kind: WorkerKind) -> None:
    health = judge(but(kind), NOW)
    assert health.grade is Grade.FAIL
    assert [ill.name for ill in health.ill] == [kind]


@pytest.mark.parametrize(
    "silent, grade", [(timedelta(), Grade.PASS), (STALE, Grade.PASS), (STALE + ONE_US, Grade.FAIL)]
)
def test_a_loop_that_stands_still_is_noticed_and_says_since_when(silent: timedelta, grade: Grade) -> None:
    health = judge(but(WorkerKind.DISPATCHER, worker(WorkerKind.DISPATCHER, silent)), NOW)
    assert check(health, "dispatcher").grade is grade
    if grade is Grade.FAIL:
        assert check(health, "dispatcher").since == NOW - silent


def test_a_turn_from_the_future_was_written_before_the_clock_was_set_back() -> None:
    health = judge(but(WorkerKind.GATEWAY, worker(WorkerKind.GATEWAY, -timedelta(hours=1))), NOW)
    assert check(health, "gateway").grade is Grade.FAIL


def test_one_of_two_that_stands_still_is_a_warning_for_the_work_is_done() -> None:
    two = worker(WorkerKind.DISPATCHER), worker(WorkerKind.DISPATCHER, timedelta(minutes=5), 2)
    assert check(judge(but(WorkerKind.DISPATCHER, *two), NOW), "dispatcher").grade is Grade.WARN


def test_who_was_killed_and_has_a_successor_is_not_missed() -> None:
    killed = worker(WorkerKind.DISPATCHER, timedelta(minutes=5))
    successor = worker(WorkerKind.DISPATCHER, number=2, started_at=killed.last_turn_at + ONE_US)
    elsewhere = replace(successor, host="cellar")
    assert list(replaced([killed, successor], NOW)) == [killed]
    assert list(replaced([killed, elsewhere], NOW)) == []
    assert list(replaced([killed, replace(successor, started_at=killed.last_turn_at)], NOW)) == []
    assert judge(but(WorkerKind.DISPATCHER, killed, successor), NOW).grade is Grade.PASS


def test_a_gateway_that_hears_no_device_fails_although_it_turns() -> None:
    deaf = worker(WorkerKind.GATEWAY, ailment="听不到设备 cut off from the broker")
    found = check(judge(but(WorkerKind.GATEWAY, deaf), NOW), "gateway")
    assert (found.grade, "cut off" in found.text[1]) == (Grade.FAIL, True)


def test_a_worker_that_helps_nobody_directly_is_only_a_warning() -> None:
    facts = replace(WELL, workers=(*WELL.workers, worker(WorkerKind.WATCH, timedelta(minutes=1))))
    assert check(judge(facts, NOW), "watch").grade is Grade.WARN


def test_nothing_that_strangers_may_read_names_a_machine() -> None:
    facts = but(WorkerKind.GATEWAY, worker(WorkerKind.GATEWAY, timedelta(minutes=1)))
    assert all("hall" not in "".join(check.text) for check in judge(facts, NOW).checks)


@pytest.mark.parametrize(
    "what, name",
    [("overdue", "incidents"), ("unsent", "messages"), ("orphans", "alarms"), ("pages", "pages")],
)
def test_work_that_waits_too_long_fails(what: str, name: str) -> None:
    facts = replace(WELL, **{what: Waiting(2, NOW - OVERDUE)})  # type: ignore[arg-type]
    found = check(judge(facts, NOW), name)
    assert (found.grade, found.value, found.since) == (Grade.FAIL, 2, NOW - OVERDUE)
    assert "15秒" in found.text[0]


@pytest.mark.parametrize(
    "misses, grade", [(0, Grade.PASS), (1, Grade.WARN), (2, Grade.FAIL), (9, Grade.FAIL)]
)
def test_two_synthetic_presses_that_do_not_come_through_are_a_failure(misses: int, grade: Grade) -> None:
    facts = replace(WELL, probing=(Probing(misses, NOW, 0.4),))
    assert check(judge(facts, NOW), "probe").grade is grade


def test_one_sick_provider_is_a_warning_while_another_answers() -> None:
    def facts(*misses: int) -> Facts:
        channels = tuple(ChannelHealth(f"c{n}", NOW, NOW, miss) for n, miss in enumerate(misses))
        return replace(WELL, channels=channels)

    assert judge(facts(0, 0), NOW).grade is Grade.PASS
    assert judge(facts(0, 1), NOW).grade is Grade.WARN
    assert judge(facts(2, 0), NOW).grade is Grade.WARN
    assert judge(facts(2, 1), NOW).grade is Grade.WARN
    assert judge(facts(2, 3), NOW).grade is Grade.FAIL
    assert judge(facts(2), NOW).grade is Grade.FAIL
    assert [channel.is_sick for channel in facts(1, 2).channels] == [False, True]


def test_a_silent_database_is_the_whole_answer() -> None:
    health = database_away(NOW, "4 s")
    assert (health.grade, [one.name for one in health.checks]) == (Grade.FAIL, ["database"])
