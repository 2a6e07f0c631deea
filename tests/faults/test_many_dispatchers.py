"""Any number of dispatchers on one database: none tells what another tells, and none is needed."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import pytest

from devices.sim.player import PRESS, Sender
from devices.sim.script import repeated
from dispatcher.clock import SystemClock
from tests.dispatcher.provider import Provider, running
from tests.faults.conftest import Figure
from tests.faults.street import (
    BUTTONS,
    WITHIN_S,
    Arrives,
    Sending,
    by_twilio,
    is_everybody_told,
    name_of,
    nobody_was_told_twice,
    soon,
    take_in,
    texts,
    told,
    unsent,
    workers,
)
from tests.gateway.conftest import Centre
from tests.servers import Part, until

pytestmark = [pytest.mark.broker, pytest.mark.fault]

FEW = {"ANXIN_SENDERS": "2"}  # sixteen texts for each dispatcher at a time: all of them get some


def test_many_dispatchers_share_a_backlog_and_what_comes_meanwhile(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    many = 2 if centre.store.is_sqlite else 8
    waiting, later, spare = BUTTONS[:44], BUTTONS[44:-many], list(BUTTONS[-many:])
    slow = Arrives(SystemClock().now(), takes_s=0.05)  # too slow for any one of them
    with running(slow) as provider, ExitStack() as stack:
        parts = [by_twilio(centre, tmp_path / str(number), provider, **FEW) for number in range(many)]
        for part in [*parts, centre.gateway]:
            stack.callback(part.kill)
            part.start()
        take_in(centre, waiting)
        with Sender("127.0.0.1", centre.mosquitto.port, site="kenli", gap=soon) as sender:
            sending = Sending(sender, list(repeated(21, later, PRESS, len(later), 40)))
            homes = len(BUTTONS) - len(spare)
            assert until(lambda: is_everybody_told(centre, homes), WITHIN_S), parts[0].tail()
            sending.end()
        shared, took = len(busy(parts, centre)), workers(centre)
        while idle := [part for part in parts if part not in busy(parts, centre)]:
            # How many come to something at once is the machine's affair. Whoever did not is needed now.
            for part in busy(parts, centre):
                part.stop()
            take_in(centre, [spare.pop()])
            homes += 1
            assert until(partial(is_everybody_told, centre, homes), WITHIN_S), idle[0].tail()
        nobody_was_told_twice(centre)
        assert each_text_once(provider) == texts(centre)
    figure(
        f"    {name_of(centre)}: {shared} of {many} dispatchers shared {took.total()} texts, 0 twice, 0 never"
    )


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # how two share SQLite is seen above
def test_what_a_dead_or_paused_dispatcher_had_in_hand_is_told_once_when_its_lease_ends(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    """One is killed and one is stopped, each between commit and send and between send and record."""
    silence: list[tuple[int, int] | str] = ["deaf", "hang"] * 2
    with running(Arrives(SystemClock().now(), answers=silence)) as provider, ExitStack() as stack:
        killed, paused = (by_twilio(centre, tmp_path / name, provider, **FEW) for name in ("a", "b"))
        survivor = by_twilio(centre, tmp_path / "c", provider)
        for part in (killed, paused, survivor):
            stack.callback(part.kill)
        killed.start()
        paused.start()
        take_in(centre, BUTTONS[:20])
        assert until(lambda: not provider.answers, WITHIN_S), "each has two texts that nobody answers"
        os.kill(paused.pid, signal.SIGSTOP)
        killed.kill()
        ended = time.monotonic()
        in_hand = centre.count("SELECT count(*) FROM message WHERE state = 'sending'")
        assert in_hand > 4, "and more that wait for their turn"
        survivor.start()
        assert until(lambda: is_everybody_told(centre, 20), WITHIN_S), survivor.tail()
        took = time.monotonic() - ended
        survivor.stop()
        wakes_up(centre, paused)
        assert each_text_once(provider) == texts(centre)
    nobody_was_told_twice(centre)
    assert took < WITHIN_S, "how long it takes beyond the lease is the machine's affair"
    figure(f"    {name_of(centre)}: {in_hand} texts of two dead workers told once, within {took:.1f} s")


@pytest.mark.parametrize("store", ["postgres"], indirect=True)
def test_what_a_killed_dispatcher_had_in_hand_is_told_once_within_seconds(
    centre: Centre, tmp_path: Path, figure: Figure
) -> None:
    """The kernel says that it is dead: nobody waits for its lease."""
    silence: list[tuple[int, int] | str] = ["deaf", "hang"]
    with running(Arrives(SystemClock().now(), answers=silence)) as provider, ExitStack() as stack:
        killed, survivor = (by_twilio(centre, tmp_path / name, provider, **FEW) for name in ("a", "b"))
        for part in (killed, survivor):
            stack.callback(part.kill)
        killed.start()
        take_in(centre, BUTTONS[:3])
        assert until(lambda: not provider.answers, WITHIN_S), "nobody answers either of its senders"
        in_hand = centre.count("SELECT count(*) FROM message WHERE state = 'sending'")
        killed.kill()
        ended = time.monotonic()
        survivor.start()
        assert until(lambda: is_everybody_told(centre, 3), WITHIN_S), survivor.tail()
        took = time.monotonic() - ended
        survivor.stop()
        assert "a courier has died" in survivor.tail()
        assert each_text_once(provider) == texts(centre)
    assert in_hand > 0
    nobody_was_told_twice(centre)
    figure(
        f"    {name_of(centre)}: {in_hand} texts of a killed worker told once, {took:.1f} s after its death"
    )


def busy(parts: Sequence[Part], centre: Centre) -> list[Part]:
    """Those of `parts` that were the last to take some text; a worker's name has its process id in it."""
    took = {int(worker.split("-")[-2]) for worker in workers(centre)}
    return [part for part in parts if part.pid in took]


def each_text_once(provider: Provider) -> int:
    """How many texts the provider took, none of them twice."""
    taken = Counter((text["to"], text["body"]) for text in provider.texts)
    assert set(taken.values()) == {1}
    return len(taken)


def wakes_up(centre: Centre, paused: Part) -> None:
    """It goes on where it was stopped, and has gone past it when it tells of a new case."""
    before = told(centre)
    os.kill(paused.pid, signal.SIGCONT)
    take_in(centre, BUTTONS[50:51])
    assert until(lambda: told(centre) > before and unsent(centre) == 0, WITHIN_S), paused.tail()
