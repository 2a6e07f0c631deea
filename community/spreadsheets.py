"""Tables as people keep them: read from Excel's format or CSV, written so that words stay words.

The only place that knows the library for Excel's format.
"""

from __future__ import annotations

import csv
import io
import zipfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date, datetime

from openpyxl import Workbook, load_workbook
from openpyxl.cell import Cell
from openpyxl.styles import Font, PatternFill
from openpyxl.utils.exceptions import InvalidFileException

from community.errors import Invalid

MEDIA_TYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MOST_ROWS = 20_000  # of one table; a street has some thousand homes
_MOST_BYTES = 64 * 1024 * 1024  # unpacked: a small file may hold a mountain of zeros
_EXACT = 10**15  # a spreadsheet keeps fifteen digits of a number; of an identity number the rest is lost
_ENCODINGS = ("utf-8-sig", "gb18030")  # what spreadsheets write in China
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # "Unicode text", with tabs
_ZIP = b"PK\x03\x04"
_OLD_EXCEL = b"\xd0\xcf\x11\xe0"
_MOST_COLUMNS = 200
_WIDEST = 60
_MARK = PatternFill("solid", fgColor="FFD9D6")


def rows(table: bytes) -> list[list[str]]:
    """The cells of the first sheet as text, row by row, without the empty ones at its end.

    Invalid: it is no table, or too large.
    """
    if table.startswith(_OLD_EXCEL):
        raise Invalid(
            "no_table",
            "是旧格式(.xls)或加了密码,请另存为没有密码的xlsx an old or a locked file: save it as xlsx",
        )
    try:
        found = list(_of_excel(table) if table.startswith(_ZIP) else _of_csv(table))
    except csv.Error as wrong:
        raise Invalid("no_table", f"CSV读不懂({wrong}),请存为xlsx save it as xlsx") from wrong
    while found and not any(cell.strip() for cell in found[-1]):
        found.pop()  # a sheet may be coloured far below its last word
    if len(found) > MOST_ROWS + 1:
        raise Invalid("too_many_rows", f"最多{MOST_ROWS}行,请分开 at most {MOST_ROWS} rows: divide the table")
    return found


def sheet(
    headers: Sequence[str],
    lines: Iterable[Sequence[str | int]],
    marked: Collection[tuple[int, int]] = frozenset(),
) -> bytes:
    """An Excel file. `marked` are the (line, column), from 0, of cells to be coloured. Words stay words."""
    book = Workbook()
    page = book.worksheets[0]
    widths = [len(header.encode()) for header in headers]
    for column, header in enumerate(headers, start=1):
        _say(page.cell(1, column), header)
        page.cell(1, column).font = Font(bold=True)
    for number, line in enumerate(lines):
        for column, said in enumerate(line):
            cell = page.cell(number + 2, column + 1)
            _say(cell, said)
            widths[column] = max(widths[column], len(str(said).encode()))
            if (number, column) in marked:
                cell.fill = _MARK
    for column, width in enumerate(widths, start=1):
        whole = page.column_dimensions[page.cell(1, column).column_letter]
        whole.width, whole.number_format = (
            min(_WIDEST, width + 2),
            "@",
        )  # what is typed there stays words, too
    page.freeze_panes = "A2"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _say(cell: Cell, said: str | int) -> None:
    cell.value = said
    if isinstance(said, str):
        cell.data_type, cell.number_format = (
            "s",
            "@",
        )  # no formula, and a leading zero stays


def _of_csv(table: bytes) -> Iterator[list[str]]:
    for encoding in ("utf-16",) if table.startswith(_UTF_16) else _ENCODINGS:
        try:
            words = table.decode(encoding)
        except UnicodeDecodeError:
            continue
        first = words.partition("\n")[0]
        between = max(",\t;", key=first.count)  # a comma, where nothing else is more frequent
        return csv.reader(io.StringIO(words, newline=""), delimiter=between)
    raise Invalid("no_table", "不是表格文件,请存为xlsx或CSV no table: save it as xlsx or CSV")


def _of_excel(table: bytes) -> Iterator[list[str]]:
    try:
        with zipfile.ZipFile(io.BytesIO(table)) as packed:
            if sum(part.file_size for part in packed.infolist()) > _MOST_BYTES:
                raise Invalid("too_large", "表格太大,请分开 the table is too large: divide it")
        book = load_workbook(io.BytesIO(table), read_only=True, data_only=True)
        lines = [
            _without_end([_text(value) for value in line])
            for line in book.worksheets[0].iter_rows(
                max_row=MOST_ROWS + 2, max_col=_MOST_COLUMNS, values_only=True
            )
        ]
    except (zipfile.BadZipFile, InvalidFileException, KeyError, ValueError, IndexError, SyntaxError) as wrong:
        raise Invalid(
            "no_table", "表格文件已损坏,请重新存为xlsx the file is damaged: save it as xlsx again"
        ) from wrong
    return iter(lines)


def _without_end(line: list[str]) -> list[str]:
    while line and not line[-1]:
        line.pop()
    return line


def _text(value: object) -> str:
    """As somebody would have typed it. A number too long for a spreadsheet stays as it would be shown."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))
    if isinstance(value, int) and abs(value) >= _EXACT:
        return f"{value:.14E}"
    if isinstance(value, datetime):
        return value.date().isoformat()
    return value.isoformat() if isinstance(value, date) else str(value)
