"""An administrator says when a worker works, in a real browser on a real server."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from community.model import Duty
from community.storage import Store, register, rota, whereabouts
from tests.api.conftest import Town
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def test_a_week_and_a_leave_are_kept(desk: Desk, store: Store, town: Town) -> None:
    with store.read() as connection:
        worker = register.responders(connection)[0]
    desk.log_in("/rota", login=town.admin.login)
    tab = desk.tab
    expect(tab.locator(".cover tbody tr")).to_have_count(6)
    tab.get_by_label("查找工作人员").fill(worker.name)
    tab.get_by_text("是这位").first.click()
    week = tab.locator("form.rung")
    remove = week.get_by_role("button", name="删去")
    expect(remove).not_to_have_count(0)
    while remove.count():
        remove.first.click()
    week.get_by_role("button", name="添加").click()
    for day in ("周六", "周日"):
        week.get_by_label(day).check()
    week.get_by_label("从 from").fill("20:00")
    week.get_by_label("到 until").fill("08:00")
    week.get_by_role("button", name="保存").click()
    expect(tab.locator(".toast")).to_contain_text("已保存")
    with store.read() as connection:
        assert register.duties(connection)[worker.id] == (
            Duty(worker.id, frozenset(range(1, 8)), 1200, 1920),
        )

    leave = tab.locator("section.rung", has_text="请假")
    leave.get_by_label("从 from").fill("2036-01-05T08:00")
    leave.get_by_label("到 until").fill("2036-01-07T08:00")
    leave.get_by_label("事由").fill("年假")
    leave.get_by_role("button", name="请假").click()
    expect(leave.locator("li")).to_contain_text("年假")
    with store.read() as connection:
        [kept] = rota.leaves(connection)[worker.id]
    assert kept.starts.isoformat() == "2036-01-05T00:00:00+00:00"  # eight in the morning in Shanghai

    leave.get_by_role("button", name="销假").click()
    expect(leave.locator("li")).to_contain_text("没有请假")
    tab.get_by_role("button", name="生成链接").click()
    expect(tab.get_by_label("日历链接")).to_have_value(re.compile(rf"/rota/{worker.id}\.ics\?pass=\S+"))


def test_a_new_worker_is_entered_and_gets_a_new_number(desk: Desk, store: Store, town: Town) -> None:
    desk.log_in("/rota", login=town.admin.login)
    tab = desk.tab
    tab.get_by_role("button", name="新工作人员").click()
    form = tab.locator(".responder-form")
    form.get_by_label("姓名").fill("赵阳")
    form.get_by_label("电话").fill("13800000077")
    form.get_by_label("身份").select_option("volunteer")
    form.get_by_label("会什么").fill("急救,开锁")
    form.get_by_label("添加所属社区或网格").fill("和平社区 第1网格")
    form.get_by_label("经度").fill("118.5476")
    form.get_by_label("纬度").fill("37.5879")
    form.get_by_role("button", name="保存资料").click()
    expect(tab.locator(".plans__form h2")).to_contain_text("赵阳")
    with store.read() as connection:
        kept = register.responders(connection)[-1]
    assert (kept.name, kept.kind, kept.skills) == ("赵阳", "volunteer", {"急救", "开锁"})
    assert kept.position is not None

    tab.get_by_text("资料:姓名").click()
    form.get_by_label("电话").fill("13800000078")
    form.get_by_label("在用").uncheck()
    form.get_by_role("button", name="保存资料").click()
    expect(tab.locator(".plans__form h2")).to_contain_text("停用")
    with store.read() as connection:
        changed = register.responder_by_id(connection, kept.id)
    assert (changed.phone, changed.active, changed.position) == ("+8613800000078", False, kept.position)


def test_an_operator_looks_and_changes_nothing(desk: Desk, store: Store, town: Town) -> None:
    with store.read() as connection:
        worker = register.responders(connection)[0]
    desk.log_in("/rota", login=town.operator.login)
    desk.tab.goto(f"{desk.url}/phones")
    desk.tab.goto(f"{desk.url}/rota#{worker.id}")

    expect(desk.tab.locator(".plans__form h2")).to_contain_text(worker.name)
    expect(desk.tab.get_by_role("button", name="保存")).to_have_count(0)
    expect(desk.tab.get_by_label("周一").first).to_be_disabled()


def test_a_telephone_that_tells_where_a_worker_is_comes_with_what_to_type_into_it(
    desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in("/rota", login=town.admin.login)
    tab = desk.tab
    tab.goto(f"{desk.url}/rota#{town.worker_id}")
    tab.reload()
    phone = tab.locator("section.rung", has_text="定位手机")
    name = phone.get_by_label("名称")
    name.fill("li")  # OwnTracks wants two words
    phone.get_by_role("button", name="登记手机").click()
    expect(phone.locator("dl")).to_have_count(0)
    name.fill("li/phone")
    phone.get_by_role("button", name="登记手机").click()
    expect(phone.locator("dl")).to_contain_text("owntracks/li/phone")
    expect(phone.locator("dl")).to_contain_text("register device-login owntracks:li/phone --name li")
    with store.read() as connection:
        kept = whereabouts.phone_of(connection, town.worker_id)
    assert kept is not None
    assert kept.key == "owntracks:li/phone"

    phone.get_by_role("button", name="取消这部手机").click()
    expect(phone.locator("dl")).to_have_count(0)
    with store.read() as connection:
        assert whereabouts.phone_of(connection, town.worker_id) is None

    tab.goto(f"{desk.url}/rota#{town.clinic_id}")  # a clinic stays where it is
    tab.reload()
    expect(tab.locator("section.rung", has_text="手机日历")).to_be_visible()
    expect(phone).to_have_count(0)
