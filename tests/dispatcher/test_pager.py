"""Nobody carries the pages: the watch tells the technicians itself, once for each trouble."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest
from sqlalchemy import Connection
from sqlalchemy.exc import OperationalError

from community.storage import Store
from dispatcher.channels import Outcome, Sent, TryLater
from dispatcher.checkup import Checkup
from dispatcher.health import Check, Grade, WorkerKind
from dispatcher.model import Message
from dispatcher.pulse import Pulse
from dispatcher.watch.__main__ import Round
from dispatcher.watch.heartbeat import Heartbeat
from dispatcher.watch.pager import AGAIN, AWAY_S, PATIENCE, Pager
from dispatcher.watch.prober import Prober
from dispatcher.watch.watchdog import Watchdog
from tests.exchange import AtOnce
from tests.town import Town

TECHNICIANS = ("+8613800000099", "+8613800000098")
LOOK_S = 3.0


class MayBeAway(Store):
    """The town's database, as a process sees it that is cut off from it at times."""

    is_away = False

    @contextmanager
    def read(self) -> Iterator[Connection]:
        self._answers()
        with super().read() as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        self._answers()
        with super().write() as connection:
            yield connection

    def _answers(self) -> None:
        if self.is_away:
            raise OperationalError("SELECT 1", {}, Exception("no route to host"))


class Watch:
    """A watch process beside a centre in which only the gateway turns: no dispatcher, no courier."""

    def __init__(self, town: Town, name: str = "watch") -> None:
        self.town = town
        self.seconds = 0.0
        self.store = MayBeAway(town.store.engine.url.render_as_string(hide_password=False))
        self.pager = Pager(self.store, town.channel, TECHNICIANS, town, AtOnce(), name)
        checkup = Checkup({WorkerKind.DISPATCHER})
        self.round = Round(
            Watchdog(self.store, TECHNICIANS, checkup),
            Prober(self.store, lambda *_: False, 3600),
            Heartbeat({}, 3600),
            self.pager,
            Pulse(self.store, WorkerKind.WATCH, name),
            grace_s=0,
        )

    def pass_time(self, seconds: float, *others: Watch) -> None:
        end = self.seconds + seconds
        while self.seconds < end:
            self.town.time += timedelta(seconds=LOOK_S)
            for watch in (self, *others):
                watch.seconds += LOOK_S
                watch.round.turn(self.town, watch.seconds)

    def check(self, name: str) -> Check | None:
        with self.town.store.read() as connection:
            health = Checkup(()).look(connection, self.town.time)
        return next((check for check in health.checks if check.name == name), None)

    def close(self) -> None:
        self.store.close()


@pytest.fixture
def watch(town: Town) -> Iterator[Watch]:
    town.people |= {"技术员": TECHNICIANS[0], "第二个": TECHNICIANS[1]}
    watch = Watch(town)
    yield watch
    watch.close()


def test_with_every_courier_dead_each_technician_is_told_once_by_the_watch_itself(watch: Watch) -> None:
    watch.pass_time(PATIENCE.total_seconds() - LOOK_S)
    assert watch.town.heard("技术员") == [], "a courier may still come"
    watch.pass_time(2 * LOOK_S)
    assert watch.town.heard("技术员") == ["【2222999】平台故障:调度没有运行。请立即检查。"]
    assert watch.town.heard("第二个") == watch.town.heard("技术员")

    watch.pass_time(300)
    watch.town.work()  # a dispatcher is back
    watch.pass_time(60)
    assert len(watch.town.heard("技术员")) == 1


def test_it_is_told_again_while_it_lasts_and_new_trouble_at_once(watch: Watch) -> None:
    watch.pass_time(AGAIN.total_seconds() + PATIENCE.total_seconds() + 2 * LOOK_S)
    assert len(watch.town.heard("技术员")) == 2


def test_health_says_that_the_watch_had_to_tell_by_itself(watch: Watch) -> None:
    watch.pass_time(2 * LOOK_S)
    assert watch.check("watch").grade is Grade.PASS
    watch.pass_time(PATIENCE.total_seconds() + 2 * LOOK_S)
    found = watch.check("watch")
    assert (found.grade, found.text[0]) == (Grade.WARN, "看门已自行通知技术员")


def test_while_a_courier_carries_the_watch_keeps_out_of_it(watch: Watch) -> None:
    watch.pass_time(2 * LOOK_S)
    watch.town.work()
    watch.pass_time(2 * PATIENCE.total_seconds())
    assert len(watch.town.heard("技术员")) == 1
    assert watch.check("watch").grade is Grade.PASS, "nothing was told past the couriers"


def test_two_watches_tell_each_trouble_once(watch: Watch) -> None:
    other = Watch(watch.town, "other")
    watch.pass_time(3 * PATIENCE.total_seconds(), other)
    other.close()
    assert len([text for text in watch.town.heard("技术员") if "调度" in text]) == 1


def test_what_the_provider_refuses_is_tried_again_and_nobody_knows_is_a_failure(watch: Watch) -> None:
    watch.town.phones.trouble[TECHNICIANS[0]] = TryLater("HTTP 503")
    watch.pass_time(120)
    assert watch.town.heard("技术员") == []
    assert watch.check("pages").grade is Grade.FAIL
    watch.town.phones.trouble.clear()
    watch.pass_time(120)
    assert len(watch.town.heard("技术员")) == 1
    assert watch.check("pages").grade is Grade.PASS


def test_while_the_database_is_away_they_are_told_without_it_once_for_each_time(watch: Watch) -> None:
    watch.pass_time(LOOK_S)
    for times in (1, 2):
        watch.store.is_away = True
        watch.pass_time(AWAY_S)
        assert len(away(watch)) == times - 1, "it may only be restarted"
        watch.pass_time(5 * LOOK_S)
        assert away(watch)[0] == "【2222999】平台故障:数据库无响应(OperationalError)。请立即检查。"
        watch.pass_time(300)
        assert len(away(watch)) == times
        watch.store.is_away = False
        watch.pass_time(10)


def test_a_page_without_a_database_that_may_have_left_is_asked_after_before_it_is_sent_again(
    watch: Watch,
) -> None:
    class Hangs:
        """Took the text, and never said so."""

        name, capabilities = watch.town.phones.name, watch.town.phones.capabilities
        tries = 0

        def send(self, message: Message) -> Outcome:
            self.tries += 1
            watch.town.phones.send(message)
            return TryLater("ReadTimeout")

        def find(self, message: Message) -> Sent | None:
            return watch.town.phones.find(message)

    watch.store.is_away = True
    hangs = Hangs()
    watch.pager._channel = hangs
    watch.pass_time(AWAY_S + 60)
    assert len(away(watch)) == 1
    assert hangs.tries == len(TECHNICIANS)


def away(watch: Watch) -> list[str]:
    return [text for text in watch.town.heard("技术员") if "数据库" in text]
