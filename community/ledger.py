"""The register as communities keep it: a table with an elder in each row, and a reason for each bad cell.

Pure. All rows are looked at before anything is written, so that whoever imports sees everything at once: who
is new, what changes, what is there already, what is wrong. An empty cell changes nothing. An identity number
is checked and gives the birth date; it is kept nowhere.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from community import phones, spreadsheets
from community.batches import Change, Home, changes
from community.errors import Invalid
from community.model import Contact, Household, Resident

WRONG = "错误"  # the column with the reasons, in what is given back
_GUARD = "'"  # before what a spreadsheet would take for a formula, in tables of others
_FIRST_ROWS = 10  # a ledger often begins with a title; its headers stand in one of these
_WORDS: Mapping[str, tuple[str, ...]] = {
    "cell": ("网格", "网格编码", "网格名称", "所属网格", "所在网格"),
    "address": ("地址", "住址", "家庭住址", "详细地址", "家庭地址", "居住地址", "现住址", "现居住地址"),
    "building": ("楼栋", "幢", "楼号", "楼栋号", "栋"),
    "unit": ("单元", "单元号"),
    "floor": ("楼层", "层"),
    "room": ("房号", "室", "门牌", "房间号", "门牌号"),
    "name": ("姓名", "老人姓名", "老年人姓名"),
    "sex": ("性别",),
    "born": ("出生日期", "生日", "出生年月日", "出生年月"),
    "identity": ("身份证号", "身份证", "公民身份号码", "身份证号码", "证件号码"),
    "phone": ("电话", "老人电话", "手机", "联系电话", "手机号", "手机号码", "电话号码", "本人电话"),
    "alone": ("独居", "是否独居", "独居老人"),
    "conditions": ("疾病", "病史", "既往病史", "慢性病", "所患疾病"),
    "medicines": ("用药", "常用药", "长期用药", "服药情况", "服用药物"),
    "allergies": ("过敏", "过敏史", "药物过敏", "过敏药物"),
    "health": ("健康备注", "健康状况", "身体状况", "健康情况"),
    "gate": ("哪个门", "从哪个门进", "小区入口", "入口"),
    "door_notes": ("门禁、钥匙", "门禁", "门禁密码", "门禁钥匙", "开门方式"),
    "key_holder": ("谁有钥匙", "钥匙保管人", "持钥匙人"),
    "key_holder_phone": ("有钥匙的人电话", "钥匙保管人电话", "持钥匙人电话"),
    "access": ("进门备注", "进门方式", "怎么进门"),
    **{f"contact{n}": (f"联系人{n}", f"亲属{n}", f"联系人{n}姓名") for n in (1, 2, 3)},
    **{f"relation{n}": (f"关系{n}", f"联系人{n}关系", f"与老人关系{n}") for n in (1, 2, 3)},
    **{
        f"contact_phone{n}": (f"电话{n}", f"联系人{n}电话", f"亲属{n}电话", f"联系人电话{n}")
        for n in (1, 2, 3)
    },
}
_UNNUMBERED: Mapping[str, tuple[str, ...]] = {  # where there is only one
    "contact1": ("联系人", "紧急联系人", "联系人姓名", "紧急联系人姓名", "亲属", "家属", "家属姓名"),
    "relation1": ("关系", "与老人关系", "联系人关系"),
    "contact_phone1": ("联系人电话", "紧急联系人电话", "亲属电话", "家属电话", "紧急联系电话"),
}
_NEEDED = ("cell", "address", "name")
_COLUMN = {
    word: column for words in (_WORDS, _UNNUMBERED) for column, named in words.items() for word in named
}
_FLOAT = re.compile(r"\d+\.0+")
_SCIENTIFIC = re.compile(r"\d(?:\.\d+[eE]\+?|[eE]\+)\d+")  # and no room 1E02
_DATED = re.compile(r"\d{4}-\d{2}-\d{2}")
_SPREADSHEET_ERROR = re.compile(r"#(N/A|REF!|VALUE!|NAME\?|DIV/0!|NULL!|NUM!|SPILL!|#+)")
_UNSEEN = re.compile(r"[\x00-\x08\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
_NUMERAL = "0-9A-Z零〇一二三四五六七八九十百甲乙丙丁东西南北"
_PATTERNS: Mapping[str, tuple[re.Pattern[str], str]] = {
    "building": (re.compile(rf".*[{_NUMERAL}].*|平房|别墅|自建房"), "3幢"),
    "unit": (re.compile(rf"[{_NUMERAL}#-]{{1,6}}(单元|门|梯|号)?"), "2单元"),
    "room": (re.compile(rf"附?[{_NUMERAL}#-]{{1,12}}(室|号|户)?"), "501"),
}
_LONGEST, _LONGEST_NOTES = 200, 2000
_NOTES = frozenset({"conditions", "medicines", "allergies", "health", "door_notes", "access"})
_FLOORS = range(-9, 200)
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)  # GB 11643-1999
_CHECK_DIGITS = "10X98765432"
_YES, _NO = frozenset({"是", "1", "y", "Y", "√"}), frozenset({"否", "0", "n", "N", "", "×"})
_SEX: Mapping[str, str] = {"男": "男", "女": "女", "男性": "男", "女性": "女", "": ""}

Place = tuple[int, str]  # cell, address as it is compared
Person = tuple[Place, str]  # name as it is compared


class Fate(StrEnum):
    """What becomes of a row."""

    ADDED = "added"
    CHANGED = "changed"
    SAME = "same"  # the register, or a row above, says all of it already
    BAD = "bad"


@dataclass(frozen=True, slots=True)
class Kin:
    name: str
    relation: str
    phone: str


@dataclass(frozen=True, slots=True)
class WayIn:
    """How to get in, in the words of a household."""

    gate: str = ""
    door_notes: str = ""
    key_holder: str = ""
    key_holder_phone: str = ""
    access_notes: str = ""


@dataclass(frozen=True, slots=True)
class Elder:
    """What a good row says. `cell` is the id of an area. What is None or empty was not said."""

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
    alone: bool | None
    health: str
    kin: tuple[Kin, ...]
    conditions: str = ""
    medicines: str = ""
    allergies: str = ""
    way_in: WayIn = WayIn()

    @property
    def place(self) -> Place:
        return self.cell, compared(self.address)


@dataclass(frozen=True, slots=True)
class Row:
    """One row, `number` as a spreadsheet counts. `wrong`: (column, reason); with any there is no `elder`."""

    number: int
    cells: Mapping[str, str]  # by the header of the file
    elder: Elder | None
    fate: Fate
    wrong: tuple[tuple[str, str], ...] = ()
    changes: tuple[Change, ...] = ()  # what it would write
    note: str = ""  # why it writes nothing


@dataclass(frozen=True, slots=True)
class Ledger:
    headers: tuple[str, ...]
    ignored: tuple[str, ...]  # headers that nobody knows
    rows: tuple[Row, ...]

    def of(self, *fates: Fate) -> tuple[Row, ...]:
        return tuple(row for row in self.rows if row.fate in fates)

    @property
    def good(self) -> tuple[Row, ...]:
        """Those that write something."""
        return self.of(Fate.ADDED, Fate.CHANGED)

    @property
    def bad(self) -> tuple[Row, ...]:
        return self.of(Fate.BAD)

    @property
    def counts(self) -> dict[Fate, int]:
        return {fate: len(self.of(fate)) for fate in Fate}


def compared(words: str) -> str:
    """An address or a name as it is compared: without blanks, wide letters as narrow ones."""
    return re.sub(r"\s", "", unicodedata.normalize("NFKC", words)).upper()


def read(table: bytes, cells: Mapping[str, int], known: Mapping[Place, Home], today: date) -> Ledger:
    """Read a table (xlsx or CSV). `cells` are the ids of the grid's cells by name and by code,
    `known` the homes of the register. Invalid: it is no such table.
    """
    lines = spreadsheets.rows(table)
    first = _first(lines)
    headers = tuple(header.strip() for header in lines[first]) if lines else ()
    columns = _columns(headers)
    told = _Told(known)
    rows = []
    for number, line in enumerate(lines[first + 1 :], start=first + 2):
        if not any(cell.strip() for cell in line):
            continue
        said = dict(zip(headers, (cell.strip().removeprefix(_GUARD) for cell in line), strict=False))
        rows.append(_Reader(said, columns, cells, today).row(number, told))
    ignored = tuple(header for header in headers if header and header not in columns and header != WRONG)
    return Ledger(headers, ignored, tuple(rows))


def given_back(ledger: Ledger) -> bytes:
    """The bad rows as a spreadsheet (xlsx), as they were; what is wrong in colour, with its reasons."""
    headers = [header for header in ledger.headers if header != WRONG]
    place = {header: column for column, header in enumerate(headers)}
    lines, marked = [], set()
    for number, row in enumerate(ledger.bad):
        why = ";".join(f"{column}:{reason}" for column, reason in row.wrong)
        lines.append([*(_visible(row.cells.get(header, "")) for header in headers), why])
        marked |= {(number, place.get(column, len(headers))) for column, _ in row.wrong}
    return spreadsheets.sheet([*headers, WRONG], lines, marked)


def template() -> bytes:
    """An empty table to be filled, with every column that is read; each takes words, not numbers."""
    return spreadsheets.sheet([words[0] for words in _WORDS.values()], [])


def brought(elder: Elder, home: Home | None) -> Home:
    """The home as it is when what the row says is written. What is new has the id 0.

    Elders at one address live together. Who or what the row does not name stays as it is.
    """
    if home is None:
        home = Home(Household(0, elder.cell, elder.address, "", "", None, "", position=None))
    house = home.household
    house = replace(
        house,
        building=elder.building or house.building,
        unit=elder.unit or house.unit,
        floor=house.floor if elder.floor is None else elder.floor,
        room=elder.room or house.room,
        **_way_in(elder.way_in, house),
    )
    return Home(house, _residents(elder, home), _contacts(elder, home))


def _way_in(told: WayIn, house: Household) -> dict[str, Any]:
    """A number belongs to whoever has the key: another one has another number, or none."""
    said = {each.name: getattr(told, each.name) for each in fields(told)}
    if told.key_holder and told.key_holder != house.key_holder:
        return {name: words for name, words in said.items() if words or name == "key_holder_phone"}
    return {name: words for name, words in said.items() if words}


def _residents(elder: Elder, home: Home) -> tuple[Resident, ...]:
    mine = [one for one in home.residents if compared(one.name) == compared(elder.name)]
    before = mine[0] if mine else Resident(0, home.household.id, elder.name)
    after = replace(
        before,
        sex=elder.sex or before.sex,
        birth_date=elder.born or before.birth_date,
        phone=elder.phone or before.phone,
        lives_alone=before.lives_alone if elder.alone is None else elder.alone,
        health_notes=elder.health or before.health_notes,
        conditions=elder.conditions or before.conditions,
        medicines=elder.medicines or before.medicines,
        allergies=elder.allergies or before.allergies,
    )
    if not mine:
        return (*home.residents, after)
    return tuple(after if one is before else one for one in home.residents)


def _contacts(elder: Elder, home: Home) -> tuple[Contact, ...]:
    """A contact of the same name gets number and relation, others come after those who are there."""
    found = list(home.contacts)
    for kin in elder.kin:
        same = [n for n, one in enumerate(found) if compared(one.name) == compared(kin.name)]
        if same:
            place = next((n for n in same if found[n].phone == kin.phone), same[0])
            before = found[place]
            found[place] = replace(before, relation=kin.relation or before.relation, phone=kin.phone)
        else:
            found.append(Contact(0, home.household.id, len(found) + 1, kin.name, kin.relation, kin.phone))
    return tuple(found)


def _first(lines: Sequence[Sequence[str]]) -> int:
    """Where the headers stand: in the first row with all that are needed, else with most that are known."""
    known = [{_COLUMN.get(_plain(cell), "") for cell in line} - {""} for line in lines[:_FIRST_ROWS]]
    for number, columns in enumerate(known):
        if columns.issuperset(_NEEDED):
            return number
    return max(range(len(known)), key=lambda number: len(known[number]), default=0)


def _plain(header: str) -> str:
    """A header without blanks, stars, and what stands in brackets behind it: 姓 名*(必填)."""
    return re.sub(r"\(.*?\)|[*:]", "", compared(header))


def _columns(headers: Sequence[str]) -> dict[str, str]:
    """Which column each header means. Invalid: one is missing, or two mean the same."""
    columns: dict[str, str] = {}
    by_column: dict[str, str] = {}
    for header in headers:
        if (column := _COLUMN.get(_plain(header))) is None:
            continue
        if column in by_column:
            raise Invalid(
                "same_column_twice",
                f"表头“{by_column[column]}”和“{header}”是同一项,请只留一列,或写明是谁的(如:联系人1电话) "
                "two headers mean the same: keep one, or say whose it is",
            )
        columns[header] = column
        by_column[column] = header
    if missing := [_WORDS[column][0] for column in _NEEDED if column not in by_column]:
        raise Invalid(
            "no_such_column", f"表头缺少:{'、'.join(missing)} a row of headers must name these columns"
        )
    return columns


def _visible(said: str) -> str:
    return _UNSEEN.sub("�", said)


@dataclass(slots=True)
class _Told:
    """What the register knows and the rows above have said; grows row by row."""

    known: Mapping[Place, Home]
    homes: dict[Place, Home] = field(init=False)
    rows: dict[Person, tuple[int, Elder]] = field(default_factory=dict)
    places: set[Place] = field(default_factory=set)  # of these rows
    identities: dict[str, tuple[int, Person]] = field(default_factory=dict)
    doors: dict[tuple[int, str, str, str], str] = field(default_factory=dict)  # the address behind each
    elsewhere: dict[tuple[str, str], int] = field(default_factory=dict)  # cell, by address and elder

    def __post_init__(self) -> None:
        self.homes = dict(self.known)
        for (cell, address), home in self.known.items():
            self._at_the_door(cell, home.household)
            for one in home.residents:
                self.elsewhere[address, compared(one.name)] = cell

    def _at_the_door(self, cell: int, house: Household) -> None:
        if door := _door(cell, house.building, house.unit, house.room):
            self.doors.setdefault(door, house.address)

    def keep(self, number: int, elder: Elder, home: Home) -> None:
        self.rows[elder.place, compared(elder.name)] = number, elder
        self.places.add(elder.place)
        self.homes[elder.place] = home
        self._at_the_door(elder.cell, home.household)


def _door(cell: int, building: str, unit: str, room: str) -> tuple[int, str, str, str] | None:
    if not (building and room):
        return None
    plain = re.sub(r"(号楼|幢|栋|座|楼)$", "", compared(building))
    return cell, plain, compared(unit).removesuffix("单元"), compared(room).removesuffix("室")


class _Reader:
    """One row in the making: what its cells say, and what is wrong with them."""

    def __init__(
        self, said: Mapping[str, str], columns: Mapping[str, str], cells: Mapping[str, int], today: date
    ) -> None:
        self._said = said
        self._header = {column: header for header, column in columns.items()}
        self._by_column = {
            column: re.sub(r"\s+", " ", said.get(header, "")) for header, column in columns.items()
        }
        self._identity_number = ""
        self._cells = cells
        self._today = today
        self._wrong: list[tuple[str, str]] = []
        for column, words in self._by_column.items():
            if why := _not_words(words, _LONGEST_NOTES if column in _NOTES else _LONGEST):
                self._refuse(column, why)
                self._by_column[column] = ""

    def row(self, number: int, told: _Told) -> Row:
        elder = self._elder()
        if not self._wrong:
            self._compare(number, elder, told)
        if self._wrong:
            wrong: dict[str, str] = {}  # of each cell the first reason
            for column, why in self._wrong:
                wrong.setdefault(column, why)
            return Row(number, self._said, None, Fate.BAD, tuple(wrong.items()))
        person = elder.place, compared(elder.name)
        if person in told.rows:
            note = f"与第{told.rows[person][0]}行重复 as row {told.rows[person][0]}"
            return Row(number, self._said, elder, Fate.SAME, note=note)
        before = told.homes.get(elder.place)
        after = brought(elder, before)
        told.keep(number, elder, after)
        written = changes(before, after)
        if not written:
            return Row(number, self._said, elder, Fate.SAME, note="已经登记 in the register already")
        known = told.known.get(elder.place)
        new = known is None or all(compared(one.name) != person[1] for one in known.residents)
        fate = Fate.ADDED if new else Fate.CHANGED
        return Row(number, self._said, elder, fate, changes=written)

    def _compare(self, number: int, elder: Elder, told: _Told) -> None:
        """With the rows above and the register: one elder, one home, one door."""
        person = elder.place, compared(elder.name)
        row, above = told.rows.get(person, (0, elder))
        if above != elder:
            self._refuse(
                "name",
                f"与第{row}行是同一人,内容却不同 the same elder as in row {row}, and not the same words",
            )
        if self._identity_number:
            row, other = told.identities.setdefault(self._identity_number, (number, person))
            if other != person:
                self._refuse("identity", f"与第{row}行的身份证号相同 the same number as in row {row}")
        cell, address = elder.place
        if elder.place in told.homes:
            self._agree(elder, told.homes[elder.place], told)
            return
        registered = told.elsewhere.get((address, compared(elder.name)), cell)
        if registered != cell:
            where = next((name for name, id in self._cells.items() if id == registered), str(registered))
            self._refuse(
                "cell", f"这位老人在同一地址已登记在网格“{where}” is registered there in another cell"
            )
        door = _door(cell, elder.building, elder.unit, elder.room)
        if door is not None and door in told.doors:
            self._refuse(
                "address",
                f"楼栋、单元、房号与“{told.doors[door]}”相同,是同一户请用同一地址,不是请在楼栋前写小区名 "
                "the same door under another address",
            )

    def _agree(self, elder: Elder, home: Home, told: _Told) -> None:
        """Two rows of one table do not say two things of one home."""
        if elder.place not in told.places:
            return
        says = {name: getattr(elder, name) for name in ("building", "unit", "floor", "room")}
        says |= {each.name: getattr(elder.way_in, each.name) for each in fields(elder.way_in)}
        for name, said in says.items():
            is_there = getattr(home.household, name)
            column = "access" if name == "access_notes" else name
            if said not in ("", None) and is_there not in ("", None) and said != is_there:
                self._refuse(
                    column, f"同一地址的上一行写的是“{is_there}” a row above says otherwise of this address"
                )

    def _elder(self) -> Elder:
        identity = self._identity()
        born = self._born(identity)
        kin = []
        for n in (1, 2, 3):
            name, phone = self._person(f"contact{n}"), self._phone(f"contact_phone{n}")
            if name and not phone and not self._of(f"contact_phone{n}"):
                self._refuse(f"contact{n}", "有姓名没有电话 a name without a telephone number")
            if phone and not name:
                self._refuse(f"contact_phone{n}", "有电话没有姓名 a telephone number without a name")
            if name and phone:
                kin.append(Kin(name, self._of(f"relation{n}"), phone))
        alone = self._one_of("alone", _YES | _NO)
        return Elder(
            cell=self._cell(),
            address=self._needed("address"),
            building=self._part("building"),
            unit=self._part("unit"),
            floor=self._floor(),
            room=self._part("room"),
            name=self._needed("name") and self._person("name"),
            sex=_SEX.get(self._one_of("sex", _SEX), ""),
            born=born,
            phone=self._phone("phone"),
            alone=alone in _YES if alone else None,
            health=self._of("health"),
            kin=tuple(kin),
            conditions=self._of("conditions"),
            medicines=self._of("medicines"),
            allergies=self._of("allergies"),
            way_in=WayIn(
                gate=self._of("gate"),
                door_notes=self._of("door_notes"),
                key_holder=self._of("key_holder"),
                key_holder_phone=self._phone("key_holder_phone"),
                access_notes=self._of("access"),
            ),
        )

    def _of(self, column: str) -> str:
        return self._by_column.get(column, "")

    def _refuse(self, column: str, why: str) -> None:
        self._wrong.append((self._header.get(column, _WORDS[column][0]), why))

    def _needed(self, column: str) -> str:
        if not (said := self._of(column)):
            self._refuse(
                column, "不能为空(合并的单元格请拆开填满) must not be empty; fill each of merged cells"
            )
        return said

    def _person(self, column: str) -> str:
        """A name; blanks that only widen a short one are none of it: 王  芳."""
        return re.sub(r"(?<=[\u3400-\u9fff])\s+(?=[\u3400-\u9fff])", "", self._of(column))

    def _one_of(self, column: str, words: Collection[str]) -> str:
        said = self._of(column)
        if said not in words:
            self._refuse(column, f"不认识“{said}” write one of {'/'.join(sorted(filter(None, words)))}")
        return said

    def _cell(self) -> int:
        if not (said := self._needed("cell")):
            return 0
        code = said if said in self._cells else self._digits("cell")
        if code is not None and code not in self._cells:
            self._refuse("cell", f"没有网格“{said}” there is no such cell: write its name or its code")
        return self._cells.get(code or "", 0)

    def _digits(self, column: str) -> str | None:
        """What was written as text; None, with the reason, when a spreadsheet has made a number of it."""
        said = unicodedata.normalize("NFKC", self._of(column))
        if _SCIENTIFIC.fullmatch(said):
            self._refuse(
                column, f"“{said}”被表格软件改成了科学计数,请把该列设为文本重新填写 format the column as text"
            )
            return None
        return said.partition(".")[0] if _FLOAT.fullmatch(said) else said

    def _part(self, column: str) -> str:
        """Building, unit or room, as they are called here."""
        said = self._digits(column)
        if not said:
            return ""
        if _DATED.fullmatch(said):
            self._refuse(
                column, f"“{said}”被表格软件改成了日期,请把该列设为文本重新填写 format the column as text"
            )
            return ""
        pattern, like = _PATTERNS[column]
        if not pattern.fullmatch(said.upper()):
            self._refuse(column, f"“{said}”看不懂,请写成“{like}”这样 write it like {like}")
        return said

    def _phone(self, column: str) -> str:
        said = self._digits(column)
        if not said:
            return ""
        if len(re.findall(r"\d{7,}", said)) > 1:
            self._refuse(column, "一格只写一个号码 write one number in a cell")
            return ""
        try:
            return phones.checked(said)
        except ValueError:
            self._refuse(
                column,
                f"“{said}”拨不通:手机应为11位,座机要带区号(0546-2222999) "
                "cannot be dialled: 11 digits, or a fixed line with its area code",
            )
            return ""

    def _floor(self) -> int | None:
        said = self._digits("floor")
        if not said:
            return None
        number = said.removesuffix("层").removesuffix("楼")
        if re.fullmatch(r"-?\d{1,3}", number) and int(number) in _FLOORS:
            return int(number)
        self._refuse("floor", f"“{said}”不是楼层 write a number")
        return None

    def _identity(self) -> date | None:
        """The birth date in an identity number of 18 places."""
        said = self._digits("identity")
        if not said:
            return None
        number = said.upper()
        if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
            self._refuse("identity", "应为18位 an identity number has 18 places")
            return None
        total = sum(int(digit) * weight for digit, weight in zip(number, _WEIGHTS, strict=False))
        if number[-1] != _CHECK_DIGITS[total % 11]:
            self._refuse("identity", "校验位不对,请核对 the check digit is wrong")
            return None
        self._identity_number = number
        return self._date("identity", f"{number[6:10]}-{number[10:12]}-{number[12:14]}")

    def _born(self, by_identity: date | None) -> date | None:
        said = self._digits("born")
        if not said:
            return by_identity
        if re.fullmatch(r"\d{4,5}", said):
            self._refuse(
                "born", f"“{said}”是表格软件里日期的序号,请把该列设为日期或文本 format the column as a date"
            )
            return None
        plain = re.sub(r"[T ]+00:00(:00)?(\.0+)?$", "", said)
        born = self._date("born", re.sub(r"[./年月]", "-", plain).removesuffix("日"))
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


def _not_words(said: str, longest: int) -> str:
    """Why nobody can read what a cell says; empty when one can."""
    if _SPREADSHEET_ERROR.fullmatch(said):
        return f"“{said}”是表格里公式的错误,请写值 the error of a formula: write the value"
    if _UNSEEN.search(said):
        return "有看不见的字符,请重新填写 has characters that cannot be seen: write it anew"
    if len(said) > longest:
        return f"太长,最多{longest}字 too long: at most {longest} characters"
    return ""


def file_name(said: str) -> str:
    """The name of a file as it is kept: without its folders, and no longer than a line."""
    return _visible(re.split(r"[/\\]", said)[-1]).strip()[:120]


def report(ledger: Ledger) -> Iterable[str]:
    """For whoever imports: counts, and each bad cell with its reason."""
    count = ledger.counts
    yield (
        f"新增{count[Fate.ADDED]}行,更新{count[Fate.CHANGED]}行,"
        f"重复{count[Fate.SAME]}行,有误{count[Fate.BAD]}行 "
        f"{count[Fate.ADDED]} new, {count[Fate.CHANGED]} changed, "
        f"{count[Fate.SAME]} there already, {count[Fate.BAD]} bad"
    )
    if ledger.ignored:
        yield f"不认识的列(不导入):{'、'.join(ledger.ignored)} columns that are not read"
    for row in ledger.rows:
        if row.fate is Fate.CHANGED:
            yield from (f"第{row.number}行 {words}" for change in row.changes for words in change.in_words())
        yield from (f"第{row.number}行 {column}:{why}" for column, why in row.wrong)
