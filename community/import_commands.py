"""Imported tables of homes from a command line: look, import, and undo."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection

from community import ledger
from community.batches import Batch
from community.errors import Invalid
from community.model import Account, AccountRole
from community.starting import opened
from community.storage import accounts, audit, batches, schema
from community.storage import ledger as ledgers

app = typer.Typer()

_By = Annotated[str, typer.Option("--by", help="管理员的登录名 / login of the administrator who does it")]
_Json = Annotated[bool, typer.Option("--json", help="给程序看 / for programs")]


@app.command()
def import_homes(
    table: Annotated[Path, typer.Argument(help="台账,xlsx或CSV / the ledger, xlsx or CSV")],
    write: Annotated[bool, typer.Option("--write", help="导入无误的行 / import the good rows")] = False,
    by: _By = "",
    bad_rows: Annotated[
        Path | None, typer.Option(help="有误的行写到这里 / where the bad rows go; else beside the table")
    ] = None,
    as_json: _Json = False,
) -> None:
    """检查并导入老人台账 / Check a ledger of elders, all rows of it, and with --write import the good ones.

    Bad rows are given back as a table with a column of reasons, to be mended and imported again. What was
    imported is a batch, which undo-import takes back.
    """
    with opened() as store:
        schema.require_newest(store)
        now, batch = datetime.now(UTC), None  # noqa: TID251 - a command is where time comes in
        with store.read() as connection:
            who = _administrator(connection, by) if write else None
            cells, known = ledgers.cells(connection), ledgers.homes(connection)
        found = ledger.read(table.read_bytes(), cells, known, now.date())
        if who is not None:
            with _noted(who, "importLedger", "POST /api/ledgers?write=true", now):
                batch = ledgers.bring(store, found, who.id, ledger.file_name(table.name), now)
    back = None
    if found.bad:
        back = bad_rows or table.with_name(f"{table.stem}-{ledger.WRONG}.xlsx")
        back.write_bytes(ledger.given_back(found))
    if as_json:
        counts = {fate.value: count for fate, count in found.counts.items()}
        wrong = {row.number: dict(row.wrong) for row in found.bad}
        given = {"batch": batch and batch.id, "bad_rows": back and str(back)}
        typer.echo(
            json.dumps({**counts, "ignored": found.ignored, "wrong": wrong, **given}, ensure_ascii=False)
        )
        return
    for line in ledger.report(found):
        typer.echo(line)
    if batch is not None:
        typer.echo(
            f"第{batch.id}批:新增{batch.added}人({batch.homes}户),更新{batch.changed}人 imported; "
            f"撤销 undo: python3 anxin.py register undo-import {batch.id}"
        )
    if back is not None:
        typer.echo(f"有误的行在 the bad rows are in {back}")


@app.command()
def undo_import(
    batch: Annotated[int | None, typer.Argument(help="批号,不写则列出 / its number; without: a list")] = None,
    write: Annotated[bool, typer.Option("--write", help="真的撤销 / really undo it")] = False,
    by: _By = "",
    as_json: _Json = False,
) -> None:
    """撤销一次导入 / Say what undoing an imported table would do, and with --write undo it.

    What cannot be taken back stays, with the reason.
    """
    with opened() as store:
        schema.require_newest(store)
        now = datetime.now(UTC)  # noqa: TID251 - a command is where time comes in
        with store.read() as connection:
            if batch is None:
                _say_batches(batches.newest(connection, None, 50), as_json=as_json)
                return
            who = _administrator(connection, by) if write else None
            why_not = batches.why_not(batches.one(connection, batch), now)
            found = batches.changed(connection, batch)
        done = None
        if who is not None:
            with _noted(who, "undoBatch", f"POST /api/ledgers/batches/{batch}/undo", now):
                done = batches.undo_batch(store, batch, who.id, now)
            with store.read() as connection:
                found = batches.changed(connection, batch)
    _say_undoing(done, why_not, found, as_json=as_json)


def _say_batches(found: Sequence[Batch], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([_plain(batch) for batch in found], ensure_ascii=False))
        return
    for batch in found:
        what = (
            f"新增{batch.added}人({batch.homes}户) 更新{batch.changed} 重复{batch.same} 有误{batch.refused}"
            if batch.undoes is None
            else f"撤销第{batch.undoes}批:取出{batch.elders_out}人({batch.homes}户) "
            f"改回{batch.set_back} 留下{batch.stayed}"
        )
        after = f" 已由第{batch.undone_by}批撤销 undone" if batch.undone_by else ""
        typer.echo(f"{batch.id}  {batch.at:%Y-%m-%d %H:%M}Z  {batch.by}  {batch.file_name}  {what}{after}")


def _say_undoing(done: Batch | None, why_not: str, found: Sequence[batches.InHome], *, as_json: bool) -> None:
    homes, elders, fields, stay = (
        (done.homes, done.elders_out, done.set_back, done.stayed)
        if done is not None
        else (
            sum(one.undoing.homes_out for one in found),
            sum(one.undoing.elders_out for one in found),
            sum(one.undoing.set_back for one in found),
            sum(len(one.undoing.stays) for one in found),
        )
    )
    stays = [
        (one.household_id, one.address, "; ".join(change.in_words()), one.undoing.stays[change.id])
        for one in found
        for change in one.written
        if change.id in one.undoing.stays
    ]
    if as_json:
        counts = {"homes_out": homes, "elders_out": elders, "set_back": fields, "stays": stay}
        reasons = [{"household_id": id, "what": what, "why": why} for id, _, what, why in stays]
        by = {"batch": done and done.id, "why_not": "" if done else why_not}
        typer.echo(json.dumps({**by, **counts, "stayed": reasons}, ensure_ascii=False))
        return
    if done is None and why_not:
        typer.echo(why_not)
        return
    begins = f"第{done.id}批:已" if done is not None else "将"
    typer.echo(f"{begins}取出{homes}户{elders}人,改回{fields}项,留下{stay}项 taken out, set back, left")
    for _, address, what, why in stays:
        typer.echo(f"{address} {what}:{why}")


def _plain(batch: Batch) -> dict[str, object]:
    return {**asdict(batch), "at": batch.at.isoformat()}


def _administrator(connection: Connection, login: str) -> Account:
    """Who answers for a change of the register."""
    found = accounts.account_for_login(connection, login) if login else None
    if found is None or found.account.role is not AccountRole.ADMIN:
        raise Invalid(
            "who_does_it", "请用 --by 写管理员的登录名 say who does it: --by LOGIN of an administrator"
        )
    return found.account


def _noted(who: Account, what: str, path: str, now: datetime) -> AbstractContextManager[None]:
    """With the change: one that is killed half-way is on the log, too."""
    return audit.beside(audit.Note(who.id, what, path, ["command line"], now))
