"""An administrator keeps the list of providers and prices, in a real browser on a real server."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from community.storage import Store
from community.storage import desk as service_desk
from tests.api.conftest import Town
from tests.api.console.conftest import Desk
from tests.servers import until

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def prices(store: Store) -> dict[str, int]:
    with store.read() as connection:
        return {one.name: one.price_fen for one in service_desk.items(connection)}


def test_a_provider_is_entered_with_a_price_and_a_service_is_taken_off(
    desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in("/catalogue", login=town.admin.login)
    tab = desk.tab
    tab.get_by_role("link", name="修改").click()
    tab.get_by_role("button", name="新服务商").click()
    form = tab.locator(".plans__form form")
    form.get_by_label("名称").fill("黄河家政")
    form.get_by_label("类别").fill("家政")
    form.get_by_label("电话").fill("0546 2520118")
    form.get_by_role("button", name="添加项目").click()
    form.get_by_label("项目").fill("修水龙头")
    form.get_by_label("价格").fill("49.9")
    form.get_by_role("button", name="保存").click()
    expect(tab.locator("option", has_text="黄河家政")).to_have_count(1)
    assert prices(store)["修水龙头"] == 4990

    form.get_by_label("提供").uncheck()
    form.get_by_role("button", name="保存").click()
    assert until(lambda: "修水龙头" not in prices(store), 60)


def test_prices_are_for_administrators(desk: Desk, town: Town) -> None:
    desk.log_in("/catalogue", login=town.operator.login)
    expect(desk.tab.locator("main")).to_be_visible()
    expect(desk.tab.get_by_role("link", name="修改")).to_have_count(0)
