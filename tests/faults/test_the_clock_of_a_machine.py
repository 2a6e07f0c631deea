"""G8: somebody corrects the clock of the machine that escalates; nobody is told later for it."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import datetime, timedelta
from math import inf
from pathlib import Path

import pytest

from community.model import Account, AccountRole
from community.storage import accounts
from devices.signal import Kind
from dispatcher import responses
from dispatcher.clock import SystemClock
from dispatcher.model import CloseCode, Severity
from dispatcher.plans import Plans
from tests.faults.conftest import Figure
from tests.faults.street import BUTTONS, PLANS, WITHIN_S, dispatcher, take_in
from tests.gateway.conftest import Centre
from tests.servers import least, until

DUE_S = 3  # the second rung
LATE_S = 2.0
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
# Set forward and back again: six jumps. Each line is how far off the clock is after it.
CLOCKS = {
    **{"+1 h": HOUR, "-1 h": timedelta(0), "+1 day": DAY, "-1 day": timedelta(0)},
    **{"+10 min": timedelta(minutes=10), "-10 min": timedelta(0)},
}

pytestmark = [pytest.mark.broker, pytest.mark.fault]


@pytest.fixture
def faketime() -> str:
    found = [*Path("/usr/lib").glob("**/faketime/libfaketimeMT.so.1")]
    if not found:
        pytest.skip("no libfaketime: apt-get install libfaketime")
    return str(found[0])


def brisk() -> Plans:
    """The shipped plans, with a second rung that does not keep a test waiting."""
    plan = PLANS.of(Kind.SOS, Severity.EMERGENCY)
    first, second, *others = plan.rungs
    return PLANS.edited(replace(plan, rungs=(first, replace(second, after_s=DUE_S), *others)))


@pytest.mark.parametrize("store", ["postgres"], indirect=True)  # who asks the time is no database
def test_no_rung_is_late_when_the_clock_jumps(
    centre: Centre, tmp_path: Path, faketime: str, figure: Figure
) -> None:
    clock = tmp_path / "clock"
    telling = dispatcher(
        centre,
        tmp_path,
        LD_PRELOAD=faketime,
        FAKETIME_TIMESTAMP_FILE=str(clock),
        FAKETIME_NO_CACHE="1",
        FAKETIME_DONT_FAKE_MONOTONIC="1",
    )
    homes = iter(BUTTONS)

    def told(rung: int, home: str) -> bool:
        found = (
            "SELECT count(*) FROM message JOIN incident ON incident.id = message.incident_id JOIN device "
            "ON device.household_id = incident.household_id WHERE device.key = :key AND message.rung = :rung "
            "AND message.state = 'delivered'"
        )
        return centre.count(found, key=home, rung=rung) > 0

    def nothing_leaves() -> bool:
        return centre.count("SELECT count(*) FROM message WHERE state IN ('queued', 'sending')") == 0

    with centre.store.write() as connection:
        operator = accounts.create_account(connection, Account(0, "li", "李值班", AccountRole.OPERATOR), "-")

    def close_all(now: datetime) -> None:
        """A ladder that catches up with a day would still be at it when the clock is set next."""
        for (incident_id,) in centre.rows("SELECT id FROM incident WHERE closed_at IS NULL"):
            responses.claim(centre.store, incident_id, operator, now)
            responses.close(centre.store, incident_id, operator, CloseCode.HELPED, "", now)

    def jumps() -> tuple[float, ...]:
        """How late the second rung was after each jump, in seconds."""
        off, late = timedelta(0), []
        for button, after in zip(homes, CLOCKS.values(), strict=False):
            take_in(centre, [button], brisk(), off)
            pressed = time.monotonic()
            assert until(lambda: told(1, button.key), WITHIN_S), telling.tail()  # noqa: B023
            # Whose lease ends while it is being sent is sent again: another promise (test_every_crash_point).
            assert until(nothing_leaves, WITHIN_S), telling.tail()
            off = after
            clock.write_text(f"+{off.total_seconds():.0f}")
            assert until(lambda: told(2, button.key), WITHIN_S), telling.tail()  # noqa: B023
            took = time.monotonic() - pressed
            ((noted,),) = centre.rows("SELECT at FROM timeline ORDER BY id DESC LIMIT 1")
            # On a machine so slow that the rung came before the jump nothing was measured: once more.
            has_jumped = abs(noted - SystemClock().now() - off) < timedelta(minutes=1)
            late.append(took - DUE_S if has_jumped else inf)
            close_all(SystemClock().now() + off)
        return tuple(late)

    clock.write_text("+0")
    telling.start()
    try:
        late = least(jumps, LATE_S)
    finally:
        telling.kill()
    beside = ", ".join(f"{jump}: {by:+.1f} s" for jump, by in zip(CLOCKS, late, strict=True))
    figure(f"G8  the next rung, beside when it was due: {beside}")
    assert max(late) <= LATE_S
