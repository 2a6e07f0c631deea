"""The register from a command line: migrate, check, seed, import, accounts, keys, logins of devices."""

from __future__ import annotations

import json
import os
import secrets
import sys
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from sqlalchemy import Connection
from sqlalchemy.exc import ArgumentError, OperationalError

from community import logins, passwords
from community.doorkeeper import MosquittoDoor
from community.errors import NotFound, Refused
from community.geometry_commands import app as geometry_app
from community.import_commands import app as import_app
from community.model import Account, AccountRole
from community.roster import roster as roster_of
from community.settings import BrokerSettings
from community.sites import generate, profile
from community.starting import opened
from community.storage import accounts, device_logins, register, schema, seeding

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False, add_completion=False)
app.add_typer(geometry_app)
app.add_typer(import_app)

_DEMO_KEY = "demo"
_DEMO_ACCOUNTS = (
    Account(0, "operator", "演示值班员", AccountRole.OPERATOR),
    Account(0, "admin", "演示管理员", AccountRole.ADMIN),
)


@app.command()
def migrate() -> None:
    """把数据库升级到最新结构 / Bring the database to the newest schema."""
    with opened() as store:
        print(f"schema {schema.migrate(store)}")


_AsJson = Annotated[bool, typer.Option("--json", help="输出JSON / print it as JSON")]


@app.command()
def check(as_json: _AsJson = False) -> None:
    """检查数据库 / Say whether the database answers and has the newest schema."""
    with opened() as store:
        schema.require_newest(store)
        with store.read() as connection:
            name = register.site(connection).name if seeding.is_seeded(connection) else "no site yet"
        found = {"database": store.engine.dialect.name, "schema": schema.newest(), "site": name}
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    else:
        print("{database}, schema {schema}, {site}".format_map(found))


@app.command()
def seed(
    site: Annotated[str, typer.Option(help="站点 / a folder in community/sites")] = "kenli",
    number: Annotated[
        int, typer.Option("--seed", help="随机种子 / the same number gives the same street")
    ] = 1,
    demo_logins: Annotated[
        bool, typer.Option(help="演示账号,密码随机 / logins and a key with random secrets, printed once")
    ] = False,
) -> None:
    """写入演示街道 / Fill an empty database with a made-up street. One that has a site is left alone.

    With --demo-logins the secrets are printed as JSON on stdout; they are made anew each time, also in a
    database that has its street already.
    """
    data = generate.generate(profile.read(site), number)
    secrets_made: dict[str, object] | None = None
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            if seeding.is_seeded(connection):
                present = register.site(connection)
                _tell(f"already {present.name} ({present.code}); the register is left as it is")
            else:
                seeding.load(connection, data)
                register.set_site(connection, replace(data.site, secret=secrets.token_hex(32)))
                _tell(f"{data.site.name}: {len(data.households)} homes, {len(data.devices)} devices")
            if demo_logins:
                secrets_made = _demo_logins(connection, _now())
    if secrets_made is not None:
        print(json.dumps(secrets_made, ensure_ascii=False))


@app.command()
def roster() -> None:
    """设备清单(JSON),供模拟器使用 / The enrolled devices as JSON, for the simulator."""
    with opened() as store:
        schema.require_newest(store)
        with store.read() as connection:
            site = register.site(connection)
            devices = register.devices(connection)
            homes = register.homes(
                connection, {device.household_id for device in devices if device.household_id is not None}
            )
    print(json.dumps(roster_of(site, devices, homes), ensure_ascii=False, indent=1))


@app.command()
def add_user(
    login: str,
    role: Annotated[AccountRole, typer.Option()] = AccountRole.OPERATOR,
    name: Annotated[str, typer.Option(help="显示的姓名 / shown instead of the login")] = "",
    password_stdin: Annotated[
        bool, typer.Option(help="从标准输入读密码 / read the password from stdin")
    ] = False,
) -> None:
    """新建账号 / Create an account; asks for its password."""
    if password_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
    else:
        password = typer.prompt("密码 Password", hide_input=True, confirmation_prompt=True)
    hashed = passwords.hashed(password)
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            accounts.create_account(connection, Account(0, login, name or login, role), hashed)
    print(f"{login} ({role.value})")


@app.command()
def add_key(
    login: str,
    label: Annotated[str, typer.Option(help="用在哪里 / what uses it")],
) -> None:
    """新建接口密钥,只显示一次 / Create an API key that may do what LOGIN may; shown once."""
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            owner = accounts.account_for_login(connection, login)
            if owner is None:
                raise NotFound(
                    "no_such_account", f"there is no active account {login}: create it with add-user"
                )
            token = _new_key()
            accounts.create_api_key(connection, owner.account.id, label, token, _now())
    print(token)


@app.command()
def device_login(
    device_key: Annotated[str, typer.Argument(help="例如 care:kenli/KL-0001 / as it is enrolled")],
    name: Annotated[str, typer.Option(help="登录名 / else the one it has, or the end of its key")] = "",
) -> None:
    """给设备新的登录密码,只显示一次 / Give a device a new password for the MQTT server; shown once.

    It counts when `broker-files` has written it. The client id of the device is its login.
    """
    password = logins.invented()
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            name = device_logins.issue(connection, device_key, name, password)
    print(json.dumps({"username": name, "client_id": name, "password": password}))


@app.command()
def device_off(device_key: str) -> None:
    """停用设备 / Take a device out of service, and put it out at the broker."""
    _switch(device_key, on=False)


@app.command()
def device_on(device_key: str) -> None:
    """重新启用设备 / Take a device into service again."""
    _switch(device_key, on=True)


def _switch(device_key: str, *, on: bool) -> None:
    with opened() as store:
        schema.require_newest(store)
        with store.write() as connection:
            name = device_logins.switch(connection, device_key, on=on)
    print(f"{device_key}: {'in service' if on else 'out of service'}")
    if not name:
        return
    settings = BrokerSettings()
    wrong = "ANXIN_BROKER_ADMIN is not set"
    if settings.admin:
        password = settings.admin_password.get_secret_value()
        door = MosquittoDoor(settings.host, settings.port, settings.admin, password)
        wrong = door.tell(name, may_enter=on)
    if wrong:
        _tell(
            f"the broker was not told ({wrong}). With its dynamic security, at the broker:\n"
            f"  {logins.by_hand(name, may_enter=on)}\n"
            "with plain files: python3 anxin.py register broker-files FOLDER && pkill -HUP -x mosquitto"
        )
    else:
        print(f"{name}: {'may come in' if on else 'put out'} at the broker")


@app.command()
def broker_files(
    folder: Annotated[Path, typer.Argument(help="放 devices.* 的文件夹 / where devices.* are, or are to be")],
) -> None:
    """写出设备的登录和权限 / Write what devices may do at Mosquitto: plain files, and dynamic security.

    devices.passwords and devices.acl, or dynamic-security.json: the broker is told to use one of both.
    Network servers and administrators that stand in them already stay.
    """
    with opened() as store:
        schema.require_newest(store)
        with store.read() as connection:
            issued = device_logins.issued(connection)
    access, secret, dynamic = (
        folder / name for name in ("devices.acl", "devices.passwords", "dynamic-security.json")
    )
    before = json.loads(_text(dynamic) or "{}")
    _replace(access, logins.access_list(issued, _text(access)))
    _replace(secret, logins.passwords(issued, _text(secret)))
    _replace(dynamic, json.dumps(logins.dynamic_security(issued, before), indent=1) + "\n")
    print(f"{len(issued)} logins: {access}, {secret}, {dynamic}")


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _replace(path: Path, text: str) -> None:
    """All of it or nothing, with the owner and the rights that the old one had; a new one is the owner's."""
    fresh = path.with_name(f".{path.name}.new")
    fresh.touch(mode=0o600)
    fresh.write_text(text, encoding="utf-8")
    if path.exists():
        old = path.stat()
        fresh.chmod(old.st_mode & 0o777)
        with suppress(PermissionError):
            os.chown(fresh, old.st_uid, old.st_gid)
    fresh.replace(path)


def _demo_logins(connection: Connection, now: datetime) -> dict[str, object]:
    """Fresh secrets for the demo's own accounts; a login that a real person took is never touched."""
    logins = []
    for wanted in _DEMO_ACCOUNTS:
        password = passwords.invented()
        present = accounts.account_for_login(connection, wanted.login)
        if present is None:
            accounts.create_account(connection, wanted, passwords.hashed(password))
        elif present.account.name == wanted.name:
            accounts.set_password(connection, present.account.id, passwords.hashed(password))
        else:
            _tell(f"{wanted.login} belongs to {present.account.name}; no demo login was made of it")
            continue
        logins.append({"login": wanted.login, "password": password, "role": wanted.role.value})
    for key in accounts.api_keys(connection):
        if key.label == _DEMO_KEY and key.revoked_at is None:
            accounts.revoke_api_key(connection, key.id, now)
    token = ""
    if logins:
        owner = accounts.account_for_login(connection, str(logins[-1]["login"]))
        assert owner is not None, "it was made or found a few lines above"
        token = _new_key()
        accounts.create_api_key(connection, owner.account.id, _DEMO_KEY, token, now)
    return {"logins": logins, "api_key": token}


def _new_key() -> str:
    return f"anxin_{secrets.token_urlsafe(32)}"


def _now() -> datetime:
    return datetime.now(UTC)  # noqa: TID251 - a command is where time comes in


def _tell(words: str) -> None:
    """For people; stdout is for programs."""
    print(words, file=sys.stderr)


def main() -> None:
    try:
        app()
    except (Refused, schema.SchemaOutOfDate, ArgumentError, ValueError) as error:
        _tell(str(error))
        sys.exit(1)
    except OperationalError as error:
        _tell(f"the database does not answer ({error.orig}): check ANXIN_DATABASE_URL")
        sys.exit(1)


if __name__ == "__main__":
    main()
