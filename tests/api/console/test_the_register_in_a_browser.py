"""An administrator enters a home and changes another, in a real browser on a real server."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import expect

from community import spreadsheets
from community.model import Device, HomeRecord
from community.storage import Store, register
from devices.signal import Role
from tests.api.conftest import Town
from tests.api.console.conftest import Desk

pytestmark = [
    pytest.mark.browser,
    pytest.mark.usefixtures("only_refusals"),
    pytest.mark.parametrize("store", ["sqlite"], indirect=True),
]


def at_home(store: Store, town: Town) -> HomeRecord:
    with store.read() as connection:
        return register.household_by_id(connection, town.household_id)


def test_a_home_is_entered_with_its_people(desk: Desk, store: Store, town: Town) -> None:
    desk.log_in("/households", login=town.admin.login)
    tab = desk.tab
    tab.get_by_role("link", name="添加").click()
    with store.read() as connection:
        [home] = register.homes(connection, {town.household_id}).values()
    community = home.community.name if home.community else ""
    tab.get_by_label("网格").fill(f"{community} {home.cell.name}")
    tab.get_by_label("完整住址").fill("和平社区幸福里9幢1单元301")
    tab.get_by_label("哪个门").fill("北门")
    tab.get_by_label("谁有钥匙").fill("门卫老孙")
    tab.get_by_label("有钥匙的人电话").fill("13900000003")
    tab.get_by_role("button", name="添加老人").click()
    old = tab.locator("fieldset.person")
    old.get_by_label("姓名").fill("钱玉兰")
    old.get_by_label("性别").select_option("女")
    old.get_by_label("生日").fill("1938-05-01")
    old.get_by_label("独居").check()
    for field, said in (("疾病", "房颤"), ("用药", "华法林"), ("过敏", "青霉素")):
        old.get_by_label(field).fill(said)
    for name, relation, phone in (("孙军", "儿子", "13900000001"), ("孙丽", "女儿", "13900000002")):
        tab.get_by_role("button", name="添加联系人").click()
        one = tab.locator("fieldset.person").last
        one.get_by_label("姓名").fill(name)
        one.get_by_label("关系").fill(relation)
        one.get_by_label("电话").fill(phone)
    tab.get_by_role("button", name="提前").click()
    tab.get_by_role("button", name="保存").click()
    expect(tab.locator("h1")).to_have_text("和平社区幸福里9幢1单元301")

    number = int(tab.url.rsplit("/", 1)[1])
    with store.read() as connection:
        entered = register.household_by_id(connection, number)
    assert entered.cell.id == home.cell.id
    assert [(one.name, one.sex, one.lives_alone) for one in entered.residents] == [("钱玉兰", "女", True)]
    assert [(one.conditions, one.medicines, one.allergies) for one in entered.residents] == [
        ("房颤", "华法林", "青霉素")
    ]
    lives = entered.household
    assert (lives.gate, lives.key_holder, lives.key_holder_phone) == ("北门", "门卫老孙", "+8613900000003")
    assert [(one.rank, one.name) for one in entered.contacts] == [(1, "孙丽"), (2, "孙军")]


def test_who_looked_at_what_has_changed_is_told_so_and_loses_nothing(
    desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in("/households", login=town.admin.login)
    tab = desk.tab
    tab.goto(f"{desk.url}/households/{town.household_id}")
    access = tab.get_by_label("进门备注")
    expect(access).to_be_visible()
    with store.write() as connection:
        home = register.household_by_id(connection, town.household_id)
        register.update_household(connection, replace(home.household, access_notes="密码换成 1357#"))

    access.fill("密码 2580#")
    tab.get_by_role("button", name="保存").click()
    expect(tab.locator(".warn")).to_contain_text("别人刚改过")
    with store.read() as connection:
        assert (
            register.household_by_id(connection, town.household_id).household.access_notes == "密码换成 1357#"
        )

    tab.reload()
    expect(access).to_have_value("密码换成 1357#")
    access.fill("密码 1357#,钥匙在502")
    tab.get_by_role("button", name="保存").click()
    expect(tab.locator(".toast")).to_contain_text("已保存")
    with tab.expect_response(lambda said: said.request.method == "PATCH") as again:
        tab.get_by_role("button", name="保存").click()
    assert again.value.status == 200, "what was kept is what is looked at now"
    kept = at_home(store, town)
    assert kept.household.access_notes == "密码 1357#,钥匙在502"
    assert kept.contacts == home.contacts


def test_a_wrong_number_is_said_in_words(desk: Desk, store: Store, town: Town) -> None:
    desk.log_in("/households", login=town.admin.login)
    tab = desk.tab
    tab.goto(f"{desk.url}/households/{town.household_id}")
    contact = tab.locator("fieldset.person").last
    contact.get_by_label("电话").fill("没有")
    tab.get_by_role("button", name="保存").click()

    expect(tab.locator(".warn")).to_be_visible()
    assert "没有" not in {one.phone for one in at_home(store, town).contacts}


def test_a_table_is_looked_at_imported_and_the_rest_given_back(
    desk: Desk, store: Store, town: Town, tmp_path: Path
) -> None:
    cell = at_home(store, town).cell.name
    table = tmp_path / "台账.xlsx"
    headers = ["网格", "地址", "姓名", "电话"]
    good, bad = [cell, "幸福里77幢101", "周桂芬", "13900000003"], ["没有的网格", "幸福里78幢", "吴大爷", "12"]
    table.write_bytes(spreadsheets.sheet(headers, [good, bad]))
    desk.log_in("/households", login=town.admin.login)
    tab = desk.tab
    tab.get_by_role("link", name="导入").click()
    tab.get_by_label("台账").set_input_files(table)
    expect(tab.locator(".ledger h2")).to_contain_text("有误 1 行,新增 1 行,更新 0 行,重复 0 行")
    expect(tab.locator(".ledger tbody tr")).to_contain_text("没有网格“没有的网格”")
    with store.read() as connection:
        assert register.list_households(connection, search="周桂芬") == ()

    tab.get_by_role("button", name="导入这 1 行").click()
    expect(tab.locator(".ledger h2")).to_contain_text("第 1 批:新增 1 人(1 户)")
    with store.read() as connection:
        [home] = register.list_households(connection, search="周桂芬")
    assert home.household.address == "幸福里77幢101"
    with tab.expect_download() as back:
        tab.get_by_role("button", name="下载有误的").click()
    assert back.value.suggested_filename == "台账-错误.xlsx"
    lines = spreadsheets.rows(Path(back.value.path()).read_bytes())
    assert [line[:4] for line in lines[1:]] == [bad], "and not who has been imported meanwhile"


def test_a_file_that_is_no_table_says_so(desk: Desk, town: Town, tmp_path: Path) -> None:
    broken = tmp_path / "照片.xlsx"
    broken.write_bytes(b"PK\x03\x04 a picture")
    desk.log_in("/households", login=town.admin.login)
    desk.tab.goto(f"{desk.url}/households/import")
    desk.tab.get_by_label("台账").set_input_files(broken)

    expect(desk.tab.locator(".ledger .warn")).to_contain_text("已损坏")


def test_a_wrong_table_is_taken_back_after_a_look_and_what_hangs_together_stays(
    desk: Desk, store: Store, town: Town, tmp_path: Path
) -> None:
    cell = at_home(store, town).cell.name
    table = tmp_path / "旧台账.xlsx"
    rows = [[cell, f"幸福里77幢{room}", f"老人{room}"] for room in (101, 102)]
    table.write_bytes(spreadsheets.sheet(["网格", "地址", "姓名"], rows))
    desk.log_in("/households/import", login=town.admin.login)
    tab = desk.tab
    tab.get_by_label("台账").set_input_files(table)
    tab.get_by_role("button", name="导入这 2 行").click()
    batches = tab.locator(".batches tbody tr")
    expect(batches).to_have_count(1)
    expect(batches).to_contain_text("旧台账.xlsx")
    with store.write() as connection:
        [home] = register.list_households(connection, search="老人101")
        register.enrol_device(connection, Device(0, "care:kenli/KL-77", Role.HELP_BUTTON, home.household.id))

    batches.get_by_role("button", name="撤销").click()
    detail = tab.locator(".batch")
    expect(detail).to_contain_text("撤销会取出 1 户 1 人,改回 0 项;2 项留下")
    expect(detail.locator("li").first).to_contain_text("整户留下:有设备")
    with store.read() as connection:
        assert len(register.list_households(connection, search="幸福里77幢")) == 2, "it was only looked at"
    detail.get_by_role("button", name="撤销这批").click()

    expect(batches).to_have_count(2)
    expect(batches.first).to_contain_text("撤销第 1 批:取出 1 户 1 人,改回 0 项,留下 2 项")
    expect(batches.last).to_contain_text("已由第 2 批撤销")
    expect(detail).to_contain_text("整户留下:有设备")
    expect(detail.get_by_role("button")).to_have_count(0)
    with store.read() as connection:
        left = register.list_households(connection, search="幸福里77幢")
    assert [one.household.address for one in left] == ["幸福里77幢101"]
