"""Tables as communities really keep them: a title above the headers, numbers that a spreadsheet spoilt, two
addresses of one home. Each is read as it is meant, or refused with what to do, and never half understood.
"""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import cache
from itertools import product
from types import ModuleType
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from openpyxl.styles import PatternFill

from community import ledger, spreadsheets
from community.batches import Home
from community.errors import Invalid
from community.ledger import Fate, Ledger, Place, Row, brought

TODAY = date(2026, 11, 22)
PLAIN = ["网格", "地址", "姓名"]
CELL = "第一网格"
ID = "11010519491231002X"  # the example of GB 11643-1999


def book(*rows: list[Any]) -> bytes:
    made = Workbook()
    page = made.worksheets[0]
    for row in rows:
        page.append(row)
    return saved(made)


def saved(made: Workbook) -> bytes:
    out = io.BytesIO()
    made.save(out)
    return out.getvalue()


def looked_at(table: bytes, known: Mapping[Place, Home] | None = None) -> Ledger:
    return ledger.read(table, {CELL: 1, "第二网格": 2}, known or {}, TODAY)


def registered(*rows: list[Any]) -> dict[Place, Home]:
    """The register after these rows were imported."""
    homes: dict[Place, Home] = {}
    for elder in (row.elder for row in looked_at(book(*rows)).good):
        assert elder is not None
        homes[elder.place] = brought(elder, homes.get(elder.place))
    return homes


def changes_of(row: Row) -> list[str]:
    return [words for change in row.changes for words in change.in_words()]


def test_headers_below_a_title_with_stars_and_brackets_are_found() -> None:
    found = looked_at(
        book(
            ["垦利街道独居老人台账", None, None],
            ["填表人:王芳", None, "2026年11月"],
            [
                "序号",
                "所在网格*",
                "家庭住址(必填)",
                "姓 名",
                "联系电话(本人)",
                "紧急联系人",
                "与老人关系",
                "紧急联系人电话",
            ],
            [1, CELL, "幸福里9幢101", "王  芳", 13800138000, "王 军", "儿子", 13900139000.0],
        ),
    )

    [row] = found.rows
    assert row.elder is not None, row.wrong
    assert (row.number, found.ignored) == (4, ("序号",))
    assert (row.elder.name, row.elder.phone) == ("王芳", "+8613800138000")
    assert [(one.name, one.relation, one.phone) for one in row.elder.kin] == [
        ("王军", "儿子", "+8613900139000")
    ]


@pytest.mark.parametrize("headers", [("电话", "电话"), ("手机", "联系电话")])
def test_two_columns_of_one_meaning_are_refused_and_nobody_gets_anothers_number(
    headers: tuple[str, str],
) -> None:
    table = book(
        ["网格", "地址", "姓名", *headers], [CELL, "幸福里9幢101", "钱玉兰", "13800138000", "13900139000"]
    )
    with pytest.raises(Invalid, match=f"“{headers[0]}”和“{headers[1]}”是同一项"):
        looked_at(table)


def table_with(header: str, said: Any) -> tuple[bytes, list[str]]:
    """A table of one good row in which one cell says `said`, and its headers."""
    cells = {"网格": CELL, "地址": "幸福里9幢101", "姓名": "钱玉兰"}
    if header == "网格编码":
        cells.pop("网格")
    cells[header] = said
    lines = [list(cells), list(cells.values())]
    if "\x08" in str(said):  # what no workbook can hold
        return "\n".join(map(",".join, lines)).encode(), lines[0]
    return book(*lines), lines[0]


SPOILT = {
    ("电话", "1.38E+10"): "科学计数",
    ("电话", "1.38001E10"): "科学计数",
    ("身份证号", "1.10105E+17"): "科学计数",
    ("身份证号", 110105194912310020): "科学计数",
    ("身份证号", 1.1010519491231002e17): "科学计数",
    ("网格编码", "3.70505E+14"): "科学计数",
    ("电话", "1380013800"): "拨不通",
    ("电话", "138001380000"): "拨不通",
    ("电话", "见备注"): "拨不通",
    ("电话", "13800138000/13900139000"): "一格只写一个号码",
    ("电话", "13800138000,13900139000"): "一格只写一个号码",
    ("电话", "#N/A"): "公式的错误",
    ("房号", datetime(2026, 3, 2)): "改成了日期",  # noqa: DTZ001 - as a spreadsheet has it
    ("楼栋", date(2026, 3, 2)): "改成了日期",
    ("楼栋", "?"): "请写成“3幢”",
    ("单元", "左边那个单元"): "请写成“2单元”",
    ("房号", "五楼靠楼梯的那一户人家"): "请写成“501”",
    ("楼层", "五"): "不是楼层",
    ("楼层", "99999999999"): "不是楼层",
    ("楼层", "1_0"): "不是楼层",
    ("出生日期", "14732"): "日期的序号",
    ("出生日期", "1940年5月"): "不是日期",
    ("出生日期", "1940-02-30"): "不是日期",
    ("出生日期", "2030-01-01"): "不可能",
    ("身份证号", "110105491231002"): "应为18位",
    ("身份证号", "110105194912310021"): "校验位不对",
    ("健康状况", "心脏\x08病"): "看不见的字符",
    ("联系人1", "王芳"): "有姓名没有电话",
    ("独居", "可能"): "不认识“可能”",
    ("地址", "幸" * 201): "太长",
}


@pytest.mark.parametrize(("header", "said"), SPOILT)
def test_what_cannot_be_meant_is_named_in_words_at_its_own_cell(header: str, said: Any) -> None:
    table, headers = table_with(header, said)

    [row] = looked_at(table).rows

    assert row.fate is Fate.BAD
    [(column, why)] = row.wrong
    assert column == header
    assert SPOILT[header, said] in why
    assert why.isascii() is False
    back = load_workbook(io.BytesIO(ledger.given_back(looked_at(table)))).worksheets[0]
    assert [one.column - 1 for one in back[2] if one.fill.fill_type == "solid"] == [headers.index(header)]
    assert why in str(back.cell(2, len(headers) + 1).value)


READ_AS_MEANT = {
    ("电话", 13800138000.0): ("phone", "+8613800138000"),
    ("电话", "13800138000.0"): ("phone", "+8613800138000"),
    ("电话", "138-0013-8000"): ("phone", "+8613800138000"),
    ("电话", "0546-2222999转8001"): ("phone", "+865462222999"),
    ("房号", 501.0): ("room", "501"),
    ("房号", "501.0"): ("room", "501"),
    ("房号", "1E02"): ("room", "1E02"),
    ("楼栋", 3): ("building", "3"),
    ("楼层", "5层"): ("floor", 5),
    ("楼层", -1): ("floor", -1),
    ("出生日期", datetime(1940, 5, 1)): ("born", date(1940, 5, 1)),  # noqa: DTZ001
    ("出生日期", "1940.5.1"): ("born", date(1940, 5, 1)),
    ("出生日期", "1940年05月01日"): ("born", date(1940, 5, 1)),
    ("出生日期", "1940-05-01 00:00:00"): ("born", date(1940, 5, 1)),
    ("出生日期", 19400501): ("born", date(1940, 5, 1)),
    ("身份证号", ID.lower()): ("born", date(1949, 12, 31)),
    ("性别", "女性"): ("sex", "女"),
    ("独居", "√"): ("alone", True),
    ("独居", ""): ("alone", None),
}


@pytest.mark.parametrize(("header", "said"), READ_AS_MEANT)
def test_what_can_only_be_meant_in_one_way_is_read_so(header: str, said: Any) -> None:
    [row] = looked_at(book([*PLAIN, header], [CELL, "幸福里9幢101", "钱玉兰", said])).rows

    assert row.elder is not None, row.wrong
    field, meant = READ_AS_MEANT[header, said]
    assert getattr(row.elder, field) == meant


def test_the_same_address_in_other_letters_is_the_same_home() -> None:
    known = registered(PLAIN, [CELL, "幸福里9幢101", "钱玉兰"])

    [row] = looked_at(book([*PLAIN, "电话"], [CELL, "幸福里9幢 101", "钱 玉兰", "13800138000"]), known).rows

    assert row.fate is Fate.CHANGED
    assert changes_of(row) == ["老人 钱玉兰 电话:(空) → +8613800138000"]


def test_one_door_under_two_addresses_is_refused() -> None:
    door = ["网格", "地址", "姓名", "楼栋", "单元", "房号"]
    first = [CELL, "幸福里9幢1单元101", "钱玉兰", "9幢", "1单元", "101"]
    second = [CELL, "幸福里小区9号楼1-101", "孙大爷", "9号楼", "1", "101室"]

    _, bad = looked_at(book(door, first, second)).rows
    assert [(column, "同一户" in why) for column, why in bad.wrong] == [("地址", True)]

    [bad] = looked_at(book(door, second), registered(door, first)).rows
    assert "“幸福里9幢1单元101”" in dict(bad.wrong)["地址"]


def test_two_rows_that_say_otherwise_of_one_elder_or_home_are_named() -> None:
    titles = ["网格", "地址", "姓名", "房号", "电话", "身份证号"]
    found = looked_at(
        book(
            titles,
            [CELL, "幸福里9幢101", "钱玉兰", "101", "13800138000", ID],
            [CELL, "幸福里9幢101", "钱玉兰", "101", "13900139000", ID],
            [CELL, "幸福里9幢101", "孙大爷", "102", "", ""],
            [CELL, "幸福里9幢102", "李小红", "102", "", ID],
        ),
    )

    assert [row.fate for row in found.rows] == [Fate.ADDED, Fate.BAD, Fate.BAD, Fate.BAD]
    reasons = [dict(row.wrong) for row in found.bad]
    assert "与第2行是同一人,内容却不同" in reasons[0]["姓名"]
    assert "上一行写的是“101”" in reasons[1]["房号"]
    assert "与第2行的身份证号相同" in reasons[2]["身份证号"]


def test_an_elder_who_is_registered_in_another_cell_is_not_registered_twice() -> None:
    known = registered(PLAIN, [CELL, "幸福里9幢101", "钱玉兰"])

    [row] = looked_at(book(PLAIN, ["第二网格", "幸福里9幢101", "钱玉兰"]), known).rows

    assert f"已登记在网格“{CELL}”" in dict(row.wrong)["网格"]


def test_an_empty_cell_changes_nothing_and_a_number_of_a_relative_is_changed() -> None:
    titles = ["网格", "地址", "姓名", "独居", "电话", "联系人1", "关系1", "联系人1电话"]
    first = [CELL, "幸福里9幢101", "钱玉兰", "是", "13800138000", "孙军", "儿子", "13900139000"]
    again = [CELL, "幸福里9幢101", "钱玉兰", "", "", "孙军", "", "13900139111"]

    [row] = looked_at(book(titles, again), registered(titles, first)).rows

    assert (row.fate, changes_of(row)) == (Fate.CHANGED, ["联系人 孙军 电话:+8613900139000 → +8613900139111"])


def test_a_sheet_that_is_coloured_far_below_its_last_word_is_no_large_table() -> None:
    made = Workbook()
    page = made.worksheets[0]
    page.append(["网格", "地址", "姓名"])
    page.append([CELL, "幸福里9幢101", "钱玉兰"])
    page.cell(spreadsheets.MOST_ROWS + 50, 250).fill = PatternFill("solid", fgColor="FFFF00")

    assert [row.fate for row in looked_at(saved(made)).rows] == [Fate.ADDED]


@pytest.mark.parametrize("encoding", ["utf-16", "gb18030", "utf-8-sig"])
@pytest.mark.parametrize("between", [",", "\t", ";"])
def test_a_text_file_is_read_in_the_letters_and_with_the_marks_that_spreadsheets_write(
    encoding: str, between: str
) -> None:
    lines = [between.join(("网格", "地址", "姓名")), between.join((CELL, "幸福里9幢101", "钱玉兰"))]

    [row] = looked_at("\r\n".join(lines).encode(encoding)).rows

    assert row.elder is not None


def test_an_old_or_a_locked_workbook_says_what_to_do() -> None:
    with pytest.raises(Invalid, match=r"另存为没有密码的xlsx"):
        looked_at(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + b"\x00" * 600)


def test_what_is_typed_into_the_empty_table_stays_words() -> None:
    page = load_workbook(io.BytesIO(ledger.template())).worksheets[0]

    assert all(page.column_dimensions[cell.column_letter].number_format == "@" for cell in page[1])


TITLES = [*PLAIN, "电话", "楼栋", "房号", "身份证号", "出生日期", "独居"]
TITLES += ["谁有钥匙", "有钥匙的人电话", "联系人1", "关系1", "联系人1电话"]
WIFE = [CELL, "幸福里9幢101", "钱玉兰", "13800138000", "9幢", "101", ID, "", "是"]
WIFE += ["502张姐", "13800138502", "孙军", "儿子", "13900139000"]


@cache
def tables() -> tuple[bytes, ...]:
    """Each cell that is spoilt or odd, and rows that tell of one elder, home or door twice."""

    def row(**said: str) -> list[str]:
        return [said.get(title, words) for title, words in zip(TITLES, WIFE, strict=True)]

    rows = [
        row(姓名="孙大爷", 身份证号=""),
        row(姓名="孙大爷"),
        row(地址="幸福里9号楼"),
        row(电话="13800138111"),
        row(房号="102", 姓名="李小红", 身份证号=""),
        row(网格="第二网格"),
        row(谁有钥匙="503李姐", 有钥匙的人电话=""),
        row(独居="", 电话="", 关系1=""),
        row(独居="否"),
        row(出生日期="1950-01-01"),
        row(身份证号="", 出生日期=TODAY.isoformat()),
    ]
    return (
        *(table_with(header, said)[0] for header, said in (*SPOILT, *READ_AS_MEANT)),
        *(book(TITLES, one) for one in rows),
        *(book(TITLES, WIFE, one) for one in rows),
        book(["台账"], ["姓名", ""], TITLES, WIFE),
        book([*PLAIN, "手机", "电话"], WIFE[:3]),
        book([*PLAIN, "疾病"], [*WIFE[:3], "病" * 2000]),
        book(PLAIN, [CELL, "幸" * 200, "钱玉兰"]),
    )


def what_is_read(rules: ModuleType) -> list[Any]:
    """Of each of them, into an empty register, one that knows the home, and one with two sons of a name."""
    elder = rules.read(book(TITLES, WIFE), {CELL: 1}, {}, TODAY).rows[0].elder
    known = {} if elder is None else {elder.place: rules.brought(elder, None)}
    two_sons = {
        place: replace(home, contacts=(replace(home.contacts[0], phone="+8613900139111"), *home.contacts))
        for place, home in known.items()
    }
    found: list[Any] = []
    for table, homes in product(tables(), ({}, known, two_sons)):
        try:
            read = rules.read(table, {CELL: 1, "第二网格": 2}, homes, TODAY)
        except Invalid as refused:
            found.append(refused.message)
            continue
        found += [(one.number, str(one.fate), one.elder, one.wrong, changes_of(one)) for one in read.rows]
    return found
