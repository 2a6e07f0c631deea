"""The register of a community as a table: looked at as a whole, then imported, and the rest given back.

What was imported is a batch, which is looked at and undone.
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated
from urllib.parse import unquote
from zoneinfo import ZoneInfo

from fastapi import APIRouter, Body, Header, Path, Query
from pydantic import BaseModel, Field
from sqlalchemy import Connection
from starlette.responses import Response

from api import pages
from api.deps import AdminDep, NowDep, PartsDep, ReadDep, ZoneDep
from api.problems import describe
from community import ledger, spreadsheets
from community.batches import Batch
from community.ledger import Fate, Ledger, Row
from community.storage import batches
from community.storage import ledger as ledgers
from community.storage.batches import InHome

LARGEST = 8 * 1024 * 1024  # bytes; some thousand homes with their relatives are one

router = APIRouter(tags=["register"], max_body_size=LARGEST)
TableBody = Annotated[bytes, Body(media_type="application/octet-stream", description="xlsx or CSV")]
BatchId = Annotated[int, Path(ge=1, lt=2**63, examples=[3])]
FileName = Annotated[
    str,
    Header(alias="X-File-Name", max_length=600, description="percent-encoded; kept with the batch"),
]


class LedgerRow(BaseModel):
    """`number` as a spreadsheet counts rows; `why` it writes nothing; `changes`: a line for each."""

    number: int
    fate: Fate
    said: str = Field(examples=["和平一网格 幸福里3幢2单元501 王秀英"])
    wrong: list[tuple[str, str]] = Field(
        examples=[[["身份证号", "校验位不对,请核对 the check digit is wrong"]]]
    )
    changes: list[str] = Field(examples=[["老人 王秀英 电话:+8613800138000 → +8613900139000"]])
    why: str


class LookedAt(BaseModel):
    """Every row of a table and what becomes, or became, of it. `batch`: what was written; null: nothing."""

    added: int
    changed: int
    same: int
    bad: int
    ignored: tuple[str, ...]
    rows: list[LedgerRow]
    batch: Batch | None = None


class BatchLine(BaseModel):
    """What a batch did to one row of the register; `stays`: why it cannot be taken back, else empty."""

    what: list[str] = Field(examples=[["老人 王秀英 电话:+8613800138000 → +8613900139000"]])
    stays: str = Field(examples=["电话后来又改过 changed since"])


class BatchHome(BaseModel):
    household_id: int
    address: str
    lines: list[BatchLine]


class BatchSeen(BaseModel):
    """A batch, and what undoing it would do now. `why_not`: why it cannot be undone, else empty.

    Of a batch that was undone, or of an undoing: what stayed.
    """

    batch: Batch
    undoable_until: datetime
    why_not: str
    homes_out: int
    elders_out: int
    set_back: int
    stays: int
    homes: list[BatchHome]


@router.post(
    "/ledgers",
    operation_id="importLedger",
    summary="Look at a table of elders, every row of it; import the good ones with `write`",
    responses=describe(403, 413, 422),
)
def import_ledger(
    table: TableBody,
    parts: PartsDep,
    admin: AdminDep,
    zone: ZoneDep,
    now: NowDep,
    write: Annotated[bool, Query(description="import the good rows")] = False,
    file_name: FileName = "",
) -> LookedAt:
    """Who is registered already, by cell, address and name, is changed where the table says otherwise.

    What it leaves empty, and whom it does not name, stays.
    """
    with parts.store.read() as connection:
        found = _read(connection, table, now, zone)
    batch = None
    if write:
        name = ledger.file_name(unquote(file_name))
        batch = ledgers.bring(parts.store, found, admin.account.id, name, now)
    count = found.counts
    return LookedAt(
        added=count[Fate.ADDED],
        changed=count[Fate.CHANGED],
        same=count[Fate.SAME],
        bad=count[Fate.BAD],
        ignored=found.ignored,
        rows=[_row(row) for row in found.rows],
        batch=batch,
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


@router.get(
    "/ledgers/batches",
    operation_id="listBatches",
    summary="Tables that were imported or undone, newest first",
    responses=describe(403, 422),
)
def list_batches(
    connection: ReadDep, _admin: AdminDep, limit: pages.Limit = 50, cursor: pages.Cursor = None
) -> pages.Page[Batch]:
    before_id = pages.decode(cursor) if cursor else None
    return pages.page(batches.newest(connection, before_id, limit + 1), limit, lambda batch: batch.id)


@router.get(
    "/ledgers/batches/{batch_id}",
    operation_id="getBatch",
    summary="What a batch changed, and what undoing it would do; nothing is written",
    responses=describe(403, 404),
)
def get_batch(batch_id: BatchId, connection: ReadDep, _admin: AdminDep, now: NowDep) -> BatchSeen:
    """Earlier values are kept for 30 days, and then no home is listed any more."""
    batch = batches.one(connection, batch_id)
    found = batches.changed(connection, batch_id)
    return BatchSeen(
        batch=batch,
        undoable_until=batch.undoable_until,
        why_not=batches.why_not(batch, now),
        homes_out=sum(one.undoing.homes_out for one in found),
        elders_out=sum(one.undoing.elders_out for one in found),
        set_back=sum(one.undoing.set_back for one in found),
        stays=sum(len(one.undoing.stays) for one in found),
        homes=[_home(one) for one in found],
    )


@router.post(
    "/ledgers/batches/{batch_id}/undo",
    operation_id="undoBatch",
    summary="Undo a batch as far as it can be; what stays says why",
    responses=describe(403, 404, 409),
)
def undo_batch(batch_id: BatchId, parts: PartsDep, admin: AdminDep, now: NowDep) -> Batch:
    """Answers with the batch that did it, whose `undoes` is this one. It is done once.

    A home that was added is taken out while nothing hangs on it; a field is set back while it still says what
    the batch wrote. Homes with an open case are not touched.
    """
    return batches.undo_batch(parts.store, batch_id, admin.account.id, now)


def _row(row: Row) -> LedgerRow:
    return LedgerRow(
        number=row.number,
        fate=row.fate,
        said=" ".join(filter(None, row.cells.values()))[:80],
        wrong=list(row.wrong),
        changes=[words for change in row.changes for words in change.in_words()],
        why=row.note,
    )


def _home(found: InHome) -> BatchHome:
    stays = found.undoing.stays
    return BatchHome(
        household_id=found.household_id,
        address=found.address,
        lines=[
            BatchLine(what=list(change.in_words()), stays=stays.get(change.id, ""))
            for change in found.written
        ],
    )


def _read(connection: Connection, table: bytes, now: datetime, zone: ZoneInfo) -> Ledger:
    cells, known = ledgers.cells(connection), ledgers.homes(connection)
    return ledger.read(table, cells, known, now.astimezone(zone).date())


def _file(content: bytes, name: str) -> Response:
    quoted = name.encode().hex("%")
    headers = {"content-disposition": f"attachment; filename*=UTF-8''%{quoted}"}
    return Response(content, media_type=spreadsheets.MEDIA_TYPE, headers=headers)
