"""The register of a community as a table: looked at as a whole, then imported, and the rest given back."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from api.deps import AdminDep, NowDep, PartsDep, ReadDep, ZoneDep
from api.problems import describe
from community import ledger, spreadsheets
from community.ledger import Ledger
from community.storage import ledger as ledgers

LARGEST = 8 * 1024 * 1024  # bytes; some thousand homes with their relatives are one
SHOWN = 200  # bad rows; who has more mends them in the spreadsheet

router = APIRouter(tags=["register"], max_body_size=LARGEST)
TableBody = Annotated[bytes, Body(media_type="application/octet-stream", description="xlsx or CSV")]


class BadRow(BaseModel):
    """`number` as a spreadsheet counts rows."""

    number: int
    said: str = Field(examples=["和平一网格 幸福里3幢2单元501 王秀英"])
    wrong: list[tuple[str, str]] = Field(
        examples=[[["身份证号", "校验位不对,请核对 the check digit is wrong"]]]
    )


class LookedAt(BaseModel):
    """What a table would bring, or has brought: `homes` and `elders` count what was written."""

    good: int
    bad: int
    ignored: tuple[str, ...]
    bad_rows: list[BadRow]
    homes: int = 0
    elders: int = 0


@router.post(
    "/ledgers",
    operation_id="importLedger",
    summary="Look at a table of elders, every row of it; import the good ones with `write`",
    responses=describe(403, 413, 422),
)
def import_ledger(
    table: TableBody,
    parts: PartsDep,
    _admin: AdminDep,
    zone: ZoneDep,
    now: NowDep,
    write: Annotated[bool, Query(description="import the good rows")] = False,
) -> LookedAt:
    """Who is registered already, by name and address, is a bad row: nothing is overwritten."""
    with parts.store.read() as connection:
        found = _read(connection, table, now, zone)
    homes, elders = ledgers.bring(parts.store, found) if write else (0, 0)
    return LookedAt(
        good=len(found.good),
        bad=len(found.bad),
        ignored=found.ignored,
        bad_rows=[
            BadRow(
                number=row.number, said=" ".join(filter(None, row.cells.values()))[:80], wrong=list(row.wrong)
            )
            for row in found.bad[:SHOWN]
        ],
        homes=homes,
        elders=elders,
    )


@router.post(
    "/ledgers/bad-rows",
    operation_id="getBadRows",
    summary="The bad rows of a table, with their reasons, to be mended and imported again",
    response_class=Response,
    responses={200: {"content": {spreadsheets.MEDIA_TYPE: {}}}, **describe(403, 413, 422)},
)
def get_bad_rows(
    table: TableBody, connection: ReadDep, _admin: AdminDep, zone: ZoneDep, now: NowDep
) -> Response:
    return _file(ledger.given_back(_read(connection, table, now, zone)), f"{ledger.WRONG}.xlsx")


@router.get(
    "/ledgers/template",
    operation_id="getLedgerTemplate",
    summary="An empty table with every column that is read",
    response_class=Response,
    responses={200: {"content": {spreadsheets.MEDIA_TYPE: {}}}, **describe(403)},
)
def get_template(_admin: AdminDep) -> Response:
    return _file(ledger.template(), "ledger.xlsx")


def _read(connection: Connection, table: bytes, now: datetime, zone: ZoneInfo) -> Ledger:
    cells, known = ledgers.cells(connection), ledgers.elders(connection)
    return ledger.read(table, cells, known, now.astimezone(zone).date())


def _file(content: bytes, name: str) -> Response:
    quoted = name.encode().hex("%")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''%{quoted}"}
    return Response(content, media_type=spreadsheets.MEDIA_TYPE, headers=headers)
