"""A plan that somebody edits holds for the next press, in a gateway that has been running all the while."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest

from community.model import Account, AccountRole
from community.storage import accounts
from devices.signal import Kind
from dispatcher.model import Severity
from dispatcher.plans import shipped, thaw
from dispatcher.storage.planbook import Planbook
from tests.gateway.conftest import Centre

pytestmark = pytest.mark.broker


def test_an_edited_plan_holds_for_the_next_press_without_a_restart(
    open_centre: Centre, now: datetime
) -> None:
    open_centre.enrol("care:kenli/first", household_id=1)
    open_centre.enrol("care:kenli/second", household_id=2)
    open_centre.publish("care/kenli/first/signal", '{"v":1,"id":"a","type":"press"}')
    open_centre.comes_to(lambda: len(versions(open_centre)) == 1)

    with open_centre.store.write() as connection:
        admin = accounts.create_account(connection, Account(0, "admin", "管理员", AccountRole.ADMIN), "-")
        emergency = shipped().of(Kind.SOS, Severity.EMERGENCY)
        Planbook(shipped()).edit(connection, replace(emergency, repeat_s=90), 0, admin.id, now)
    open_centre.publish("care/kenli/second/signal", '{"v":1,"id":"b","type":"press"}')

    open_centre.comes_to(lambda: versions(open_centre) == [(0, 180), (1, 90)])
    assert open_centre.gateway.is_running()


def versions(centre: Centre) -> list[tuple[int, int]]:
    """Of the plans that the incidents run on, oldest first, with how often their last rung repeats (s)."""
    plans = [thaw(plan) for (plan,) in centre.rows("SELECT plan FROM incident ORDER BY id")]
    return [(plan.version, plan.repeat_s) for plan in plans]
