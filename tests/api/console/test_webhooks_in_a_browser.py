"""An administrator tells another program of cases, and sees that it listens, in a real browser."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect
from sqlalchemy import update

from community.storage import Store
from community.storage.tables import webhook_delivery
from dispatcher.herald import Herald
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import Desk
from tests.exchange import AtOnce
from tests.servers import free_port

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_receiver_is_entered_tried_and_what_it_did_not_take_is_said(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in("/webhooks", login=town.admin.login)
    tab = desk.tab
    tab.get_by_role("button", name="新接收方").click()
    tab.get_by_label("名称").fill("大数据平台")
    tab.get_by_label("网址").fill("http://example.org/")
    tab.get_by_role("button", name="保存").click()
    expect(tab.get_by_role("alert")).to_contain_text("公网请用https")

    tab.get_by_label("网址").fill(f"http://127.0.0.1:{free_port()}/")
    tab.get_by_role("button", name="保存").click()
    expect(tab.locator("code")).to_have_text(re.compile("^whsec_"))
    expect(tab.locator(".plans__list")).to_contain_text("还没有推送")
    tab.get_by_role("button", name="发送测试").click()
    sent = tab.locator(".webhook__sent li")
    expect(sent).to_contain_text("webhook.test")
    Herald(store, centre.clock, AtOnce()).turn(centre.clock.now())
    expect(sent).to_contain_text("第1次 attempt 1 NewConnectionError")

    with store.write() as connection:
        connection.execute(update(webhook_delivery).values(due_at=None))
    again = sent.get_by_role("button", name="重发")
    again.focus()
    with tab.expect_response(re.compile("/deliveries$")):  # it looks each three seconds
        pass
    with tab.expect_response(re.compile("/deliveries$")):
        expect(again).to_be_focused()

    tab.reload()
    tab.get_by_role("button", name="大数据平台").click()
    expect(tab.locator(".webhook__sent li")).to_have_count(1)
    expect(tab.locator("code")).to_have_count(0)
