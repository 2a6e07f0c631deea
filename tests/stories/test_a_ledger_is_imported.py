"""A community brings the ledger that it really keeps.

Elsewhere they complain of the mere number of errors, of a look at the first hundred rows, of a grey button
without a reason (ThingsBoard #3266, orbeon #6052, constellation #1449).
"""

from __future__ import annotations

import io
from datetime import date

import pytest
from openpyxl import Workbook, load_workbook

from community import ledger, spreadsheets
from community.errors import Invalid
from community.ledger import Fate, Ledger
from community.model import Area, AreaLevel
from community.storage import ledger as ledgers
from community.storage import register
from tests.town import Town

TODAY = date(2026, 11, 22)
HEADERS = "网格,地址,老人姓名,性别,出生日期,身份证号,电话,独居,联系人1,关系1,联系人1电话,备注"


def looked_at(town: Town, *rows: str, headers: str = HEADERS, encoding: str = "utf-8-sig") -> Ledger:
    table = "\n".join([headers, *rows]).encode(encoding)
    with town.store.read() as connection:
        return ledger.read(table, ledgers.cells(connection), ledgers.homes(connection), TODAY)


def imported(town: Town, found: Ledger) -> tuple[int, int, int]:
    """How many homes were new, how many elders, and how many were changed."""
    batch = ledgers.bring(town.store, found, town.operator.id, "台账.csv", town.time)
    return (batch.homes, batch.added, batch.changed) if batch else (0, 0, 0)


def back_from(found: Ledger) -> list[list[str]]:
    return spreadsheets.rows(ledger.given_back(found))


@pytest.fixture
def cell(town: Town) -> str:
    with town.store.read() as connection:
        return register.area(connection, town.cell).name


def test_good_rows_are_imported_and_bad_ones_come_back_with_a_reason_for_each_cell(
    town: Town, cell: str
) -> None:
    good = f"{cell},幸福里9幢1单元%s,老人%s,女,1940-05-01,,13800138000,是,王芳,女儿,13900139000,"
    rows = [good % (room, room) for room in range(1000, 1120)]
    rows[110] = "第九网格,,赵大爷,先生,1940-13-01,,1.38E+10,也许,赵敏,,13,"

    found = looked_at(town, *rows)

    assert (len(found.good), len(found.bad)) == (119, 1), "those after the first hundred are looked at, too"
    [bad] = found.bad
    assert bad.number == 112, "as the spreadsheet shows it"
    reasons = dict(bad.wrong)
    assert reasons.keys() == {"网格", "地址", "性别", "出生日期", "电话", "独居", "联系人1电话"}
    assert "没有网格“第九网格”" in reasons["网格"]
    assert "科学计数" in reasons["电话"]
    assert imported(town, found) == (119, 119, 0)
    with town.store.read() as connection:
        [home] = register.list_households(connection, search="老人1007")
    assert (home.household.address, home.residents[0].lives_alone) == ("幸福里9幢1单元1007", True)
    assert [(one.name, one.relation, one.phone) for one in home.contacts] == [
        ("王芳", "女儿", "+8613900139000")
    ]

    headers, back = back_from(found)
    assert headers == [*HEADERS.split(","), "错误"]
    assert back[:3] == ["第九网格", "", "赵大爷"]
    assert all(f"{column}:" in back[-1] for column in reasons)


def test_what_came_back_is_mended_and_imported_and_nobody_is_there_twice(town: Town, cell: str) -> None:
    row = f"{cell},幸福里9幢1单元101,王秀兰,女,,,%s,,王芳,女儿,13900139000,"
    spouse = f"{cell},幸福里9幢1单元101,李建国,男,,,,,王芳,女儿,13900139000,"
    found = looked_at(town, row % "12", spouse)
    assert imported(town, found) == (1, 1, 0)
    headers, back = back_from(found)
    mended = ["13800138000" if said == "12" else said for said in back]

    again = looked_at(town, ",".join(mended), spouse, spouse, headers=",".join(headers))

    assert [row.elder.name for row in again.good if row.elder] == ["王秀兰"]
    assert [row.fate for row in again.rows] == [Fate.ADDED, Fate.SAME, Fate.SAME]
    assert ["已经登记" in again.rows[1].note, "与第3行重复" in again.rows[2].note] == [True, True]
    assert imported(town, again) == (0, 1, 0), "into the home of her husband"
    with town.store.read() as connection:
        [home] = register.list_households(connection, search="王秀兰")
    assert {one.name for one in home.residents} == {"王秀兰", "李建国"}
    assert len(home.contacts) == 1


def test_who_stands_in_the_table_twice_is_imported_once(town: Town, cell: str) -> None:
    row = f"{cell},幸福里9幢1单元101,王秀兰,,,,,,,,,"

    first, second = looked_at(town, row, row).rows

    assert first.elder is not None
    assert (second.fate, "与第2行重复" in second.note) == (Fate.SAME, True)
    assert imported(town, looked_at(town, row, row)) == (1, 1, 0)


def test_an_identity_number_is_checked_gives_the_birth_date_and_is_kept_nowhere(
    town: Town, cell: str
) -> None:
    row = f"{cell},幸福里9幢1单元%s,老人%s,,%s,%s,,,,,,"
    found = looked_at(
        town,
        row % (1, 1, "", "11010519491231002X"),  # the example of GB 11643-1999
        row % (2, 2, "", "110105194912310021"),
        row % (3, 3, "1950/01/01", "11010519491231002X"),
        row % (4, 4, "1949年12月31日", ""),
    )

    born = date(1949, 12, 31)
    assert [row.elder.born if row.elder else None for row in found.rows] == [born, None, None, born]
    assert [[column for column, _ in row.wrong] for row in found.bad] == [["身份证号"], ["出生日期"]]
    assert "11010519491231002X" not in repr([row.elder for row in found.good])


def test_a_file_that_is_no_ledger_says_what_is_missing(town: Town) -> None:
    with pytest.raises(Invalid, match="网格、姓名"):
        looked_at(town, "幸福里,3", headers="地址,楼层")
    with pytest.raises(Invalid, match="已损坏"):
        ledger.read(b"PK\x03\x04\xff\xff", {}, {}, TODAY)


def test_an_old_spreadsheet_and_a_column_that_nobody_knows_are_read_all_the_same(
    town: Town, cell: str
) -> None:
    found = looked_at(town, f"{cell},幸福里1号,王秀兰,,,,,,,,,好", encoding="gb18030")

    assert len(found.good) == 1
    assert found.ignored == ("备注",)


def test_a_cell_that_would_be_a_formula_is_given_back_as_text_and_read_as_it_was(town: Town) -> None:
    found = looked_at(town, "=1+1,幸福里1号,王秀兰,,,,+8613800138000,,,,,")

    headers, back = back_from(found)

    assert (back[0], back[6]) == ("=1+1", "+8613800138000")
    cell = load_workbook(io.BytesIO(ledger.given_back(found))).worksheets[0]["A2"]
    assert (cell.value, cell.data_type) == ("=1+1", "s"), "words, and no formula"
    [again] = looked_at(town, ",".join(back), headers=",".join(headers)).rows
    assert again.cells["电话"] == "+8613800138000"


def test_a_name_that_two_cells_have_is_to_be_said_by_its_code(town: Town, cell: str) -> None:
    with town.store.write() as connection:
        mine = register.area(connection, town.cell)
        register.add_area(connection, Area(0, AreaLevel.CELL, "other-1", "local", cell, mine.parent_id))

    by_name, by_code = looked_at(
        town, f"{cell},幸福里1号,王秀兰,,,,,,,,,", "other-1,幸福里2号,李建国,,,,,,,,,"
    ).rows

    assert by_name.elder is None
    assert by_code.elder is not None


def test_a_spreadsheet_is_read_as_it_looks(town: Town, cell: str) -> None:
    book = Workbook()
    page = book.worksheets[0]
    page.append(HEADERS.split(","))
    born, phones = date(1940, 5, 1), (13800138000, 13900139000.0)
    page.append([cell, "幸福里1号", "王秀兰", "女", born, "", phones[0], True, "王芳", "女儿", phones[1]])
    page.append([cell, "幸福里2号", "李建国", "男", "", 110105194912310020])
    out = io.BytesIO()
    book.save(out)
    with town.store.read() as connection:
        found = ledger.read(out.getvalue(), ledgers.cells(connection), ledgers.homes(connection), TODAY)

    good, bad = found.rows
    assert good.elder is not None
    assert (good.elder.born, good.elder.phone, good.elder.alone) == (born, "+8613800138000", True)
    assert [one.phone for one in good.elder.kin] == ["+8613900139000"]
    [(column, why)] = bad.wrong
    assert column == "身份证号"
    assert "科学计数" in why, "a number of eighteen digits has lost its last three"


def test_what_comes_back_shows_where_it_is_wrong(town: Town, cell: str) -> None:
    found = looked_at(town, f"{cell},幸福里1号,王秀兰,先生,,,,,,,,")

    page = load_workbook(io.BytesIO(ledger.given_back(found))).worksheets[0]

    assert [one.column_letter for one in page[2] if one.fill.fill_type == "solid"] == ["D"]


def test_the_empty_table_has_every_column_and_is_a_ledger(town: Town) -> None:
    with town.store.read() as connection:
        found = ledger.read(ledger.template(), ledgers.cells(connection), {}, TODAY)

    assert (found.rows, found.ignored) == ((), ())


def test_what_120_asks_for_comes_with_the_table_under_the_words_that_communities_use(
    town: Town, cell: str
) -> None:
    headers = (
        "网格,地址,姓名,病史,常用药,过敏史,健康状况,从哪个门进,门禁密码,钥匙保管人,钥匙保管人电话,进门方式"
    )
    first = f"{cell},幸福里9幢1单元101,王秀兰,冠心病,阿司匹林,青霉素,耳背,,,,,"
    second = f"{cell},幸福里9幢1单元101,李建国,,,,,北门,2580#,502张姐,13800138000,敲门要重"
    third = f"{cell},幸福里9幢1单元101,李小军,,,,,南门,,,,"

    found = looked_at(town, first, second, third, headers=headers)

    assert found.ignored == ()
    assert [(row.number, column) for row in found.bad for column, _ in row.wrong] == [(4, "从哪个门进")]
    assert imported(town, found) == (1, 2, 0)
    with town.store.read() as connection:
        [home] = register.list_households(connection, search="王秀兰")
    wife = home.residents[0]
    assert (wife.conditions, wife.medicines, wife.allergies) == ("冠心病", "阿司匹林", "青霉素")
    assert wife.health_notes == "耳背"
    lives = home.household
    assert (lives.gate, lives.door_notes, lives.access_notes) == ("北门", "2580#", "敲门要重")
    assert (lives.key_holder, lives.key_holder_phone) == ("502张姐", "+8613800138000")

    another = second.replace("502张姐,13800138000", "503李姐,")
    assert imported(town, looked_at(town, another, headers=headers)) == (0, 0, 1)
    with town.store.read() as connection:
        [home] = register.list_households(connection, search="王秀兰")
    lives = home.household
    assert (lives.key_holder, lives.key_holder_phone) == ("503李姐", ""), "whose number it was has no key now"

    [bad] = looked_at(town, second.replace("13800138000", "12"), headers=headers).bad
    assert [column for column, _ in bad.wrong] == ["钥匙保管人电话"]


def test_every_column_of_the_empty_table_is_read(town: Town) -> None:
    headers = spreadsheets.rows(ledger.template())[0]
    assert {"疾病", "用药", "过敏", "哪个门", "门禁、钥匙", "谁有钥匙", "有钥匙的人电话"} < set(headers)
    assert looked_at(town, headers=",".join(headers)).ignored == ()
