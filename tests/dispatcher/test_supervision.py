"""When a device counts as late and as down, and whose matter that is."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from devices.signal import Role
from dispatcher.absence import Gap
from dispatcher.model import Severity
from dispatcher.supervision import (
    LOOK_AGAIN,
    LOOK_AT_LEAST,
    Presence,
    Supervised,
    every,
    is_network,
    look,
    matters,
)
from tests.conftest import NOW

HOUR = timedelta(hours=1)
BUTTON = Supervised(1, "care:kenli/1", Role.HELP_BUTTON, "床头", 5, NOW, HOUR, Presence.HEARD, NOW, NOW)


@pytest.mark.parametrize(
    ("minutes", "presence"),
    [(0, "heard"), (74, "heard"), (75, "late"), (134, "late"), (135, "down"), (9999, "down")],
)
def test_one_missed_beat_is_late_and_two_are_down(minutes: float, presence: str) -> None:
    assert look(BUTTON, (), NOW + timedelta(minutes=minutes))[0] == presence


def test_it_is_looked_at_again_when_something_may_have_changed() -> None:
    assert look(BUTTON, (), NOW) == (Presence.HEARD, NOW + 1.25 * HOUR)
    late = NOW + 1.25 * HOUR
    assert look(BUTTON, (), late) == (Presence.LATE, late + LOOK_AGAIN)
    assert look(BUTTON, (), NOW + 2.24 * HOUR) == (Presence.LATE, NOW + 2.25 * HOUR)
    seldom = replace(BUTTON, every=timedelta(days=7))
    assert look(seldom, (), NOW) == (Presence.HEARD, NOW + LOOK_AT_LEAST)


def test_silence_counts_only_while_somebody_listens() -> None:
    off = Gap(NOW + HOUR, NOW + 9 * HOUR)
    assert look(BUTTON, (off,), NOW + 9 * HOUR)[0] is Presence.HEARD
    assert look(BUTTON, (off,), NOW + 10.25 * HOUR)[0] is Presence.DOWN


def test_what_its_hub_could_not_pass_on_is_no_silence() -> None:
    behind = replace(BUTTON, hub_id=7, hub_back_at=NOW + 5 * HOUR)
    assert look(behind, (), NOW + 6 * HOUR)[0] is Presence.HEARD
    assert look(behind, (), NOW + 8 * HOUR)[0] is Presence.DOWN


def test_what_is_down_is_so_until_it_is_heard() -> None:
    said = replace(BUTTON, presence=Presence.DOWN, since=NOW + HOUR / 2)  # its network says that it is away
    assert look(said, (), NOW + HOUR)[0] is Presence.DOWN
    assert look(replace(said, heard_at=NOW + HOUR), (), NOW + HOUR)[0] is Presence.HEARD
    behind = replace(said, hub_id=7, hub_back_at=NOW + HOUR)  # what its hub took along gets a beat's time
    assert look(behind, (), NOW + HOUR)[0] is Presence.HEARD


def test_a_clock_that_was_set_back_makes_nobody_silent() -> None:
    assert look(replace(BUTTON, heard_at=NOW + 24 * HOUR), (), NOW)[0] is Presence.HEARD


def test_a_hub_is_to_be_heard_more_often_than_what_sleeps() -> None:
    assert every(Role.HUB, None) == timedelta(minutes=15)
    assert every(Role.HELP_BUTTON, None) == timedelta(hours=25)
    assert every(Role.HUB, 600) == timedelta(minutes=10)


def test_somebody_knows_better_than_the_model_and_the_model_than_the_role() -> None:
    assert every(Role.HUB, None, timedelta(minutes=10)) == timedelta(minutes=10)
    assert every(Role.HUB, 300, timedelta(minutes=10)) == timedelta(minutes=5)


def test_what_was_never_heard_is_late_and_down_from_when_it_is_awaited() -> None:
    new = replace(BUTTON, heard_at=None, awaited_at=NOW + HOUR)
    ahead = [look(new, (), NOW + timedelta(hours=hours))[0] for hours in (2.24, 2.25, 3.24, 3.25)]
    assert ahead == [Presence.HEARD, Presence.LATE, Presence.LATE, Presence.DOWN]
    late = replace(new, presence=Presence.LATE, since=NOW + 2.25 * HOUR)
    assert look(late, (), NOW + 3 * HOUR)[0] is Presence.LATE
    down = replace(new, presence=Presence.DOWN, since=NOW + 3.25 * HOUR)
    assert look(down, (), NOW + 9 * HOUR)[0] is Presence.DOWN
    assert look(replace(down, heard_at=NOW + 9 * HOUR), (), NOW + 9 * HOUR)[0] is Presence.HEARD


def test_what_came_before_it_was_awaited_is_no_silence() -> None:
    back = replace(BUTTON, heard_at=NOW - 99 * HOUR, awaited_at=NOW)
    assert look(back, (), NOW + HOUR)[0] is Presence.HEARD
    late = replace(back, presence=Presence.LATE, since=NOW + 1.25 * HOUR)
    assert look(late, (), NOW + 2 * HOUR)[0] is Presence.LATE


def down(id: int, household_id: int | None = 5, role: Role = Role.DOOR_SENSOR, **more: object) -> Supervised:
    gone = Supervised(id, f"care:kenli/{id}", role, "", household_id, NOW, HOUR, Presence.DOWN, NOW, NOW)
    return replace(gone, **more)  # type: ignore[arg-type]


def told(*gone: Supervised, risk: set[int] | None = None, **behind: int) -> list[tuple[int | None, int, int]]:
    found = matters(
        gone, network=False, at_risk=risk or set(), behind={int(k[1:]): n for k, n in behind.items()}
    )
    return [(matter.household_id, len(matter.devices), int(matter.severity)) for matter in found]


def test_the_devices_of_a_home_are_one_matter() -> None:
    trouble = int(Severity.TROUBLE)
    assert told(down(1), down(2), down(3, 6)) == [(5, 2, trouble), (6, 1, trouble)]
    assert told(down(1, None), down(2, None)) == [(None, 1, trouble), (None, 1, trouble)]


def test_a_hub_takes_what_it_carries_along() -> None:
    found = matters(
        [down(7, role=Role.HUB), down(1, hub_id=7, hub_is_away=True), down(2, hub_id=7, hub_is_away=True)],
        network=False,
        at_risk=(),
        behind={7: 2},
    )
    assert [([device.id for device in matter.devices], matter.behind) for matter in found] == [([7], 2)]


def test_a_lifeline_is_a_matter_of_who_is_at_risk() -> None:
    for role in (Role.HELP_BUTTON, Role.FALL_SENSOR, Role.HUB):
        assert told(down(1, role=role), risk={5}) == [(5, 1, int(Severity.ROUTINE))]
        assert told(down(1, role=role)) == [(5, 1, int(Severity.TROUBLE))]
    assert told(down(1, role=Role.DOOR_SENSOR), risk={5}) == [(5, 1, int(Severity.TROUBLE))]


def test_what_was_never_heard_is_never_a_persons_matter() -> None:
    new = down(2, heard_at=None, role=Role.HELP_BUTTON)
    trouble, routine = int(Severity.TROUBLE), int(Severity.ROUTINE)
    assert told(new, risk={5}) == [(5, 1, trouble)]
    both = told(new, down(1, role=Role.HELP_BUTTON), risk={5})
    assert both == [(5, 1, trouble), (5, 1, routine)]
    many = [replace(new, id=id, household_id=id) for id in range(10)]
    for network in (True, False):
        [matter] = matters(many, network=network, at_risk={1}, behind={})
        assert (matter.household_id, matter.is_new, matter.severity) == (None, True, Severity.TROUBLE)
    assert len(matters(many[1:], network=False, at_risk=(), behind={})) == 9


def test_a_network_that_is_away_is_one_matter_of_the_centre() -> None:
    gone = [down(id, id) for id in range(1, 31)]
    [matter] = matters(gone, network=True, at_risk={1, 2}, behind={})
    assert (matter.household_id, len(matter.devices), matter.is_network) == (None, 30, True)
    assert [is_network(9, 9), is_network(10, 50), is_network(10, 51), is_network(200, 1000)] == [
        False,
        True,
        False,
        True,
    ]
