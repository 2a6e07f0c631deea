"""The register as communities keep it: a table with an elder in each row, and a reason for each bad cell.

Pure. All rows are looked at before anything is written, so that whoever imports sees everything at once. An
identity number is checked and gives the birth date; it is kept nowhere.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from community import phones, spreadsheets
from community.errors import Invalid

WRONG = "错误"  # the column with the reasons, in what is given back
_GUARD = "'"  # before what a spreadsheet would take for a formula, in tables of others
_WORDS: Mapping[str, tuple[str, ...]] = {
    "cell": ("网格", "网格编码", "网格名称", "所属网格"),
    "address": ("地址", "住址", "家庭住址", "详细地址"),
    "building": ("楼栋", "幢", "楼号"),
    "unit": ("单元",),
    "floor": ("楼层", "层"),
    "room": ("房号", "室", "门牌"),
    "name": ("姓名", "老人姓名"),
    "sex": ("性别",),
    "born": ("出生日期", "生日"),
    "identity": ("身份证号", "身份证", "公民身份号码"),
    "phone": ("电话", "老人电话", "手机", "联系电话"),
    "alone": ("独居", "是否独居"),
    "health": ("健康状况", "病史"),
    **{f"contact{n}": (f"联系人{n}", f"亲属{n}") for n in (1, 2, 3)},
    **{f"relation{n}": (f"关系{n}", f"联系人{n}关系") for n in (1, 2, 3)},
    **{f"contact_phone{n}": (f"电话{n}", f"联系人{n}电话", f"亲属{n}电话") for n in (1, 2, 3)},
}
_NEEDED = ("cell", "address", "name")
_COLUMN = {word: column for column, words in _WORDS.items() for word in words}
_FLOAT = re.compile(r"\d+\.0+")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+)?[eE]\+?\d+")
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CHECK_DIGITS = "10X98765432"
_YES, _NO = frozenset({"是", "1", "y", "Y", "√"}), frozenset({"否", "0", "n", "N", "", "×"})


@dataclass(frozen=True, slots=True)
class Kin:
    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class Elder:
    """What a good row says. `cell` is the id of an area."""

    cell: int
    address: str
    building: str
    unit: str
    floor: int | None
    room: str
    name: str
    sex: str
    born: date | None
    phone: str
    alone: bool
    health: str
    kin: tuple[Kin, ...]


@dataclass(frozen=True, slots=True)
class Row:
    """One row, `number` as a spreadsheet counts. `wrong`: (column, reason); with any there is no `elder`."""

    number: int
    cells: Mapping[str, str]  # by the header of the file
    elder: Elder | None
    wrong: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Ledger:
    headers: tuple[str, ...]
    ignored: tuple[str, ...]  # headers that nobody knows
    rows: tuple[Row, ...]

    @property
    def good(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.elder is not None)

    @property
    def bad(self) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.elder is None)


def read(
    table: bytes, cells: Mapping[str, int], known: Collection[tuple[int, str, str]], today: date
) -> Ledger:
    """Read a table (xlsx or CSV). `cells` are the ids of the grid's cells by name and by code,
    `known` the elders (cell, address, name) of the register. Invalid: it is no such table.
    """
    lines = iter(spreadsheets.rows(table))
    headers = tuple(header.strip() for header in next(lines, []))
    columns = {header: _COLUMN[header] for header in headers if header in _COLUMN}
    missing = [_WORDS[column][0] for column in _NEEDED if column not in columns.values()]
    if missing:
        raise Invalid(
            "no_such_column", f"表头缺少:{'、'.join(missing)} the first row must name these columns"
        )
    seen = dict.fromkeys(known, 0)
    rows = []
    for number, line in enumerate(lines, start=2):
        if not any(cell.strip() for cell in line):
            continue
        said = dict(zip(headers, (cell.strip().removeprefix(_GUARD) for cell in line), strict=False))
        rows.append(_Reader(said, columns, cells, today).row(number, seen))
    ignored = tuple(header for header in headers if header and header not in columns and header != WRONG)
    return Ledger(headers, ignored, tuple(rows))


def given_back(ledger: Ledger) -> bytes:
    """The bad rows as a spreadsheet (xlsx), as they were; what is wrong in colour, with its reasons."""
    headers = [header for header in ledger.headers if header != WRONG]
    place = {header: column for column, header in enumerate(headers)}
    lines, marked = [], set()
    for number, row in enumerate(ledger.bad):
        why = ";".join(f"{column}:{reason}" for column, reason in row.wrong)
        lines.append([*(row.cells.get(header, "") for header in headers), why])
        marked |= {(number, place[column]) for column, _ in row.wrong if column in place}
    return spreadsheets.sheet([*headers, WRONG], lines, marked)


def template() -> bytes:
    """An empty table to be filled, with every column that is read."""
    return spreadsheets.sheet([words[0] for words in _WORDS.values()], [])


class _Reader:
    """One row in the making: what its cells say, and what is wrong with them."""

    def __init__(
        self, said: Mapping[str, str], columns: Mapping[str, str], cells: Mapping[str, int], today: date
    ) -> None:
        self._said = said
        self._by_column = {column: said.get(header, "") for header, column in columns.items()}
        self._header = {column: header for header, column in columns.items()}
        self._cells = cells
        self._today = today
        self._wrong: list[tuple[str, str]] = []

    def row(self, number: int, seen: dict[tuple[int, str, str], int]) -> Row:
        """`seen` grows: where each elder was met first, 0 in the register."""
        elder = self._elder()
        place = (elder.cell, elder.address, elder.name)
        if not self._wrong and place in seen:
            where = f"与第{seen[place]}行重复" if seen[place] else "已经登记"
            self._refuse("name", f"{where} is there already")
        seen.setdefault(place, number)
        wrong = tuple(self._wrong)
        return Row(number, self._said, None if wrong else elder, wrong)

    def _elder(self) -> Elder:
        identity = self._identity()
        born = self._born(identity)
        kin = []
        for n in (1, 2, 3):
            name, phone = self._of(f"contact{n}"), self._phone(f"contact_phone{n}")
            if name and not phone and not self._of(f"contact_phone{n}"):
                self._refuse(f"contact{n}", "有姓名没有电话 a name without a telephone number")
            if phone and not name:
                self._refuse(f"contact_phone{n}", "有电话没有姓名 a telephone number without a name")
            if name and phone:
                kin.append(Kin(name, self._of(f"relation{n}"), phone))
        return Elder(
            cell=self._cell(),
            address=self._needed("address"),
            building=self._of("building"),
            unit=self._of("unit"),
            floor=self._floor(),
            room=self._of("room"),
            name=self._needed("name"),
            sex=self._one_of("sex", {"男", "女", ""}),
            born=born,
            phone=self._phone("phone"),
            alone=self._one_of("alone", _YES | _NO) in _YES,
            health=self._of("health"),
            kin=tuple(kin),
        )

    def _of(self, column: str) -> str:
        return self._by_column.get(column, "")

    def _refuse(self, column: str, why: str) -> None:
        self._wrong.append((self._header.get(column, _WORDS[column][0]), why))

    def _needed(self, column: str) -> str:
        if not (said := self._of(column)):
            self._refuse(column, "不能为空 must not be empty")
        return said

    def _one_of(self, column: str, words: Collection[str]) -> str:
        said = self._of(column)
        if said not in words:
            self._refuse(column, f"不认识“{said}” write one of {'/'.join(sorted(filter(None, words)))}")
        return said

    def _cell(self) -> int:
        said = self._needed("cell")
        if said and said not in self._cells:
            self._refuse("cell", f"没有网格“{said}” there is no such cell: write its name or its code")
        return self._cells.get(said, 0)

    def _digits(self, column: str) -> str | None:
        """What was written as text; None, with the reason, when a spreadsheet has made a number of it."""
        said = self._of(column)
        if _SCIENTIFIC.fullmatch(said):
            self._refuse(
                column, f"“{said}”被表格软件改成了科学计数,请把该列设为文本重新填写 format the column as text"
            )
            return None
        return said.partition(".")[0] if _FLOAT.fullmatch(said) else said

    def _phone(self, column: str) -> str:
        said = self._digits(column)
        if not said:
            return ""
        try:
            return phones.checked(said)
        except ValueError as wrong:
            self._refuse(column, str(wrong))
            return ""

    def _floor(self) -> int | None:
        said = self._digits("floor")
        if not said:
            return None
        try:
            return int(said.removesuffix("层").removesuffix("楼"))
        except ValueError:
            self._refuse("floor", f"“{said}”不是楼层 write a number")
            return None

    def _identity(self) -> date | None:
        """The birth date in an identity number of 18 places."""
        said = self._digits("identity")
        if not said:
            return None
        number = said.upper()
        if not re.fullmatch(r"\d{17}[\dX]", number):
            self._refuse("identity", "应为18位 an identity number has 18 places")
            return None
        total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
        if number[-1] != _CHECK_DIGITS[total % 11]:
            self._refuse("identity", "校验位不对,请核对 the check digit is wrong")
            return None
        return self._date("identity", f"{number[6:10]}-{number[10:12]}-{number[12:14]}")

    def _born(self, by_identity: date | None) -> date | None:
        said = self._digits("born")
        if not said:
            return by_identity
        born = self._date("born", re.sub(r"[./年月]", "-", said).removesuffix("日"))
        if born is not None and by_identity is not None and born != by_identity:
            self._refuse("born", f"与身份证({by_identity})不符 differs from the identity number")
        return born

    def _date(self, column: str, said: str) -> date | None:
        plain = said if "-" in said or len(said) != 8 else f"{said[:4]}-{said[4:6]}-{said[6:]}"
        try:
            born = datetime.strptime(plain, "%Y-%m-%d").date()  # noqa: DTZ007 - a day of birth has no zone
        except ValueError:
            self._refuse(column, f"“{said}”不是日期 write it like 1940-05-01")
            return None
        if not date(1890, 1, 1) <= born <= self._today:
            self._refuse(column, f"{born}不可能 nobody was born then")
            return None
        return born


def report(ledger: Ledger) -> Iterable[str]:
    """For whoever imports: counts, and each bad cell with its reason."""
    yield f"可导入{len(ledger.good)}行,有误{len(ledger.bad)}行 {len(ledger.good)} good, {len(ledger.bad)} bad"
    if ledger.ignored:
        yield f"不认识的列(不导入):{'、'.join(ledger.ignored)} columns that are not read"
    for row in ledger.bad:
        yield from _reasons(row)


def _reasons(row: Row) -> Sequence[str]:
    return [f"第{row.number}行 {column}:{why}" for column, why in row.wrong]
