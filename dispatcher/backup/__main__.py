"""`python -m dispatcher.backup`: take a backup while everything runs, look at one, bring one back."""

from __future__ import annotations

import json
import signal
import sqlite3
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy.exc import ArgumentError, OperationalError

from community.errors import Conflict, Refused
from community.starting import opened
from community.storage import Store, copies, schema
from dispatcher.backup.verdict import Verdict, look
from dispatcher.clock import SystemClock
from dispatcher.storage import vitals

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)

_JSON = typer.Option("--json", help="输出JSON / print what was found as JSON")


@app.command()
def take(
    file: Annotated[Path, typer.Argument(help="备份文件,或文件夹 / the file to write, or a folder")],
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """备份全部数据,不必停机 / Copy everything into one file while everything runs, and check the copy.

    The file is an SQLite database, whichever database the centre has. In a folder it is named after the
    moment. Put it on another machine: it holds names, addresses, numbers and the secret of the site.
    """
    if file.is_dir():
        file = file / f"anxin-{SystemClock().now():%Y%m%dT%H%M%SZ}.db"
    with opened() as store:
        copies.save(store, file)
    with copies.opened(file) as copy:
        found = look(copy)
    _tell(file, found, as_json)
    if not found.is_whole:
        raise typer.Exit(2)
    _say("下一步:把它复制到另一台机器 / next: copy it to another machine. To look at it again:")
    _say(f"  python3 anxin.py restore --check {file}")


@app.command()
def restore(
    file: Annotated[Path, typer.Argument(help="备份文件 / a file that `backup` wrote")],
    replace: Annotated[
        bool, typer.Option("--replace", help="放弃现有数据 / give up what the database holds now")
    ] = False,
    check: Annotated[bool, typer.Option("--check", help="只检查 / only look whether it is whole")] = False,
    as_json: Annotated[bool, _JSON] = False,
) -> None:
    """把备份恢复到 ANXIN_DATABASE_URL / Bring a backup back, into an empty database of either kind.

    All of it or nothing. A database that is not empty is left alone unless --replace is said.
    """
    with copies.opened(file) as copy:
        verdict = look(copy)
        if not check:
            with opened() as store:
                _require_nobody_works(store)
                copies.bring(copy, store, replace=replace)
    _tell(file, verdict, as_json)
    if check and not verdict.is_whole:
        raise typer.Exit(2)
    if not check:
        _say(
            "已恢复。下一步 / restored. Next:\n"
            "  python3 anxin.py register broker-files FOLDER   设备登录 / logins of devices\n"
            "  python3 anxin.py dispatcher, gateway, api, watch\n"
            "  未结事件立刻继续处理,未发短信立刻发出;备份之后的事情不在其中,请核对 / open cases go on at "
            "once,\n  texts that wait leave at once; what happened after the backup is not in it"
        )


def _require_nobody_works(store: Store) -> None:
    if schema.current(store) is None:
        return  # nobody can work on it
    schema.require_newest(store)
    now = SystemClock().now()
    with store.read() as connection:
        alive = [one.name for one in vitals.workers(connection) if not one.is_stale(now)]
    if alive:
        raise Conflict(
            "centre_is_running",
            f"平台正在运行,请先停止 / the centre runs on this database, stop it first: {', '.join(alive)}",
        )


def _tell(file: Path, found: Verdict, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"file": str(file), **asdict(found), "is_whole": found.is_whole}))
    else:
        print(
            f"{file}: {found.site or '没有站点 no site'}, 结构 schema {found.schema}\n"
            f"  {found.households} 户 homes, {found.incidents} 事件 cases "
            f"({found.open_incidents} 未结 open), {found.signals} 信号 signals, "
            f"{found.waiting_texts} 未发短信 texts that wait\n"
            f"  审计 audit log: {found.audit_rows} 行 rows, 封印 seal {found.audit_head or '-'}"
        )
    for case, seq in found.broken_cases.items():
        _say(
            f"事件{case}的时间线从第{seq}条起被改动 / the timeline of case {case} was altered at entry {seq}"
        )
    if found.broken_audit is not None:
        _say(
            f"审计日志第{found.broken_audit}行被改动 / row {found.broken_audit} of the audit log was altered"
        )
    if found.is_whole:
        _say("时间线与审计链完整 / every timeline and the audit log are whole")
    else:
        _say("副本与数据库一致,但数据库的历史被改动过 / the copy is true to a store whose past was altered")


def _say(words: str) -> None:
    """For people; stdout is for programs."""
    print(words, file=sys.stderr)


def main() -> None:
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # or the copy that is looked at would stay behind
    try:
        app()
    except (Refused, schema.SchemaOutOfDate, ArgumentError, ValueError, OSError, sqlite3.Error) as error:
        _say(str(error))
        sys.exit(1)
    except OperationalError as error:
        _say(f"数据库没有应答 / the database does not answer ({error.orig}): check ANXIN_DATABASE_URL")
        sys.exit(1)


if __name__ == "__main__":
    main()
