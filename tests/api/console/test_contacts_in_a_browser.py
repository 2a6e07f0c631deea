"""Whom a home's alarms are told to, and what each may be sent: on the home's page, in a real browser."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from community.storage import Store, consent, register
from dispatcher.courier import LEASE
from dispatcher.drills import Drills
from dispatcher.model import MessageState
from dispatcher.storage import outbox
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def number_of(store: Store, town: Town) -> str:
    with store.read() as connection:
        [daughter] = register.household_by_id(connection, town.household_id).contacts
    return daughter.phone


def test_an_operator_writes_down_what_a_relative_says_and_sees_all_that_was_said(
    desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in("/households")
    tab = desk.tab
    tab.get_by_role("link", name="幸福里3幢2单元501").click()
    hers = tab.locator("[data-contact]")
    expect(hers).to_contain_text("没有同意记录")
    expect(tab.locator(".home-form")).to_have_count(0)  # the register is an administrator's

    hers.get_by_label("怎样告知").select_option("paper")
    hers.get_by_role("button", name="同意收短信").click()
    expect(hers.locator(".chip--good")).to_contain_text("同意收短信")
    hers.get_by_role("button", name="要周报").click()
    expect(hers).to_contain_text("每周发周报")
    hers.get_by_role("button", name="退订短信").click()
    expect(hers).to_contain_text("已退订全部短信")
    hers.get_by_role("button", name="要周报").click()
    expect(tab.locator(".toast--bad")).to_contain_text("请先恢复")

    hers.get_by_text("同意记录").click()
    expect(hers.locator("li").first).to_contain_text("不要周报")
    expect(hers.locator("li").last).to_contain_text("要短信 书面告知,刘芳记录")
    with store.read() as connection:
        assert len(consent.history(connection, [number_of(store, town)]).popitem()[1]) == 4


def test_a_test_is_followed_from_the_tap_to_the_code_that_she_reads_out(
    desk: Desk, centre: Centre, store: Store, town: Town
) -> None:
    desk.log_in("/households")
    tab, worker = desk.tab, Drills(store, monthly=False)
    tab.goto(f"{desk.url}/households/{town.household_id}")
    hers = tab.locator("[data-contact]")
    proof = hers.locator(".told__proof")
    expect(proof).to_contain_text("号码没有验证")

    hers.get_by_role("button", name="发测试短信").click()
    expect(proof).to_contain_text("测试待发")
    now = centre.clock.now()
    assert worker.turn(now) == 1
    with store.write() as connection:
        [text] = outbox.take(connection, worker="w", now=now, lease_until=now + LEASE, limit=9)
    expect(proof).to_contain_text("测试发送中")
    with store.write() as connection:
        outbox.advance(connection, text.id, MessageState.SENT, now, "", "p1")
    expect(proof).to_contain_text("测试已发出")
    with store.write() as connection:
        outbox.advance(connection, text.id, MessageState.DELIVERED, now, "", "p1")
    expect(proof).to_contain_text("测试已送达")
    expect(proof).to_contain_text("等对方回复")

    code = text.variables["code"]
    misheard = f"{(int(code) + 1) % 10000:04d}"
    hers.get_by_label("验证码").fill(misheard)
    hers.get_by_role("button", name="核对").click()
    expect(tab.locator(".toast--bad")).to_contain_text("不是最近一条测试短信里的验证码")
    expect(hers.get_by_label("验证码")).to_have_value(misheard)  # nothing is drawn over what she corrects
    hers.get_by_label("验证码").fill(code)
    hers.get_by_role("button", name="核对").click()
    expect(proof).to_contain_text("号码已验证")
