"""The command line, run as people and the launcher run it."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from community import passwords, spreadsheets
from community.model import AccountRole
from community.storage import Store, accounts, audit, register

Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def run(tmp_path: Path, sqlite_template: Path) -> Run:
    (tmp_path / "anxin.db").write_bytes(sqlite_template.read_bytes())

    def community(
        *words: str, stdin: str = "", database: str = "anxin.db"
    ) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "community", *words],
            env={"ANXIN_DATABASE_URL": f"sqlite:///{tmp_path / database}", "PYTHONUTF8": "1"},
            cwd=Path(__file__).parents[2],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )

    return community


@pytest.fixture
def opened(tmp_path: Path) -> Iterator[Store]:
    store = Store(f"sqlite:///{tmp_path / 'anxin.db'}")
    yield store
    store.close()


def test_an_empty_folder_becomes_a_street_in_two_commands(run: Run) -> None:
    assert "run `python3 anxin.py migrate`" in run("seed", database="new.db").stderr
    assert run("migrate", database="new.db").returncode == 0
    assert "88 homes" in run("seed", "--site", "kenli", "--seed", "1", database="new.db").stderr
    checked = run("check", database="new.db")
    assert (checked.returncode, "垦利街道" in checked.stdout) == (0, True)


def test_what_is_found_is_told_to_programs_as_json(run: Run) -> None:
    run("seed")
    assert json.loads(run("check", "--json").stdout)["site"] == "垦利街道"
    checked = run("check-geometry", "--json")
    assert (checked.returncode, json.loads(checked.stdout)) == (0, {"codes": [], "cells": []})


def test_a_seeded_street_is_left_alone(run: Run, opened: Store) -> None:
    run("seed")
    with opened.write() as connection:
        changed = register.update_device(connection, register.device_by_id(connection, 1))
    again = run("seed", "--seed", "2")
    assert again.returncode == 0
    assert "already 垦利街道" in again.stderr
    with opened.read() as connection:
        assert register.device_by_id(connection, 1) == changed
        assert len(register.devices(connection)) == 161


def test_demo_logins_work_are_new_each_time_and_never_take_a_persons_login(run: Run, opened: Store) -> None:
    run("add-user", "operator", "--name", "梅", "--password-stdin", stdin="a long password\n")
    first = json.loads(run("seed", "--demo-logins").stdout)
    second = json.loads(run("seed", "--demo-logins").stdout)
    assert [(each["login"], each["role"]) for each in second["logins"]] == [("admin", "admin")]
    with opened.read() as connection:
        found = accounts.account_for_login(connection, "admin")
        assert found is not None
        assert passwords.verify(second["logins"][0]["password"], found.password_hash)
        assert not passwords.verify(first["logins"][0]["password"], found.password_hash)
        assert accounts.account_for_key(connection, accounts.token_hash(first["api_key"])) is None
        key_owner = accounts.account_for_key(connection, accounts.token_hash(second["api_key"]))
        assert key_owner == found.account
        operator = accounts.account_for_login(connection, "operator")
        assert operator is not None
        assert passwords.verify("a long password", operator.password_hash)


def test_the_roster_names_topic_home_and_person(run: Run) -> None:
    run("seed")
    records = json.loads(run("roster").stdout)
    assert records[0] == {
        "device_key": "care:kenli/KL-0001",
        "family": "native",
        "topic": "care/kenli/KL-0001/signal",
        "role": "help_button",
        "vendor": "Anxin",
        "model": "one-touch",
        "household": "kenli-0001",
        "address": "和平社区幸福里3幢2单元501",
        "resident": "王秀英",
    }
    topics = {record["family"]: record["topic"] for record in records}
    assert topics["zigbee2mqtt"].startswith("zigbee2mqtt/0x")
    assert topics["chirpstack"].endswith("/event/up")


def test_an_account_and_its_key_are_made(run: Run, opened: Store) -> None:
    made = run("add-user", "mei", "--role", "admin", "--password-stdin", stdin="correct horse\n")
    key = run("add-key", "mei", "--label", "pbx").stdout.strip()
    with opened.read() as connection:
        found = accounts.account_for_login(connection, "mei")
        assert found is not None
        assert found.account.role is AccountRole.ADMIN
        assert passwords.verify("correct horse", found.password_hash)
        assert accounts.account_for_key(connection, accounts.token_hash(key)) == found.account
    assert "correct horse" not in made.stdout + made.stderr


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (("seed", "--site", "atlantis"), "choose one of"),
        (("add-user", "mei", "--password-stdin"), "at least 10"),
        (("add-key", "nobody", "--label", "x"), "add-user"),
    ],
)
def test_a_mistake_is_told_in_one_line(run: Run, words: tuple[str, ...], advice: str) -> None:
    refused = run(*words, stdin="short\n")
    assert refused.returncode == 1
    assert advice in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_database_that_is_not_there_is_said_so(run: Run) -> None:
    refused = run("check", database="no/such/folder/anxin.db")
    assert refused.returncode == 1
    assert "ANXIN_DATABASE_URL" in refused.stderr
    assert "Traceback" not in refused.stderr


def test_a_ledger_is_looked_at_first_and_imported_when_told_so(
    run: Run, opened: Store, tmp_path: Path
) -> None:
    run("seed")
    with opened.read() as connection:
        cell = next(area.code for area in register.areas(connection) if area.level.value == "cell")
    table = tmp_path / "台账.csv"
    rows = f"网格,地址,姓名\n{cell},幸福里99号,王秀兰\n不知道,幸福里98号,李建国\n"
    table.write_text(rows, encoding="utf-8-sig")

    looked = run("import-homes", str(table))
    assert (looked.returncode, "新增1行,更新0行,重复0行,有误1行" in looked.stdout) == (0, True)
    assert "第3行 网格:没有网格“不知道”" in looked.stdout
    with opened.read() as connection:
        assert register.list_households(connection, search="幸福里99号") == ()

    nobody = run("import-homes", str(table), "--write")
    assert (nobody.returncode, "--by" in nobody.stderr) == (1, True)
    run("add-user", "mei", "--role", "admin", "--password-stdin", stdin="long enough 1\n")
    assert "第1批:新增1人(1户)" in run("import-homes", str(table), "--write", "--by", "mei").stdout
    assert "错误" in spreadsheets.rows((tmp_path / "台账-错误.xlsx").read_bytes())[0]
    with opened.read() as connection:
        [home] = register.list_households(connection, search="幸福里99号")
    assert home.residents[0].name == "王秀兰"


def test_an_import_that_breaks_off_is_on_the_log(run: Run, opened: Store, tmp_path: Path) -> None:
    run("seed")
    run("add-user", "mei", "--role", "admin", "--password-stdin", stdin="long enough 1\n")
    with opened.write() as connection:
        cell = next(area.code for area in register.areas(connection) if area.level.value == "cell")
        connection.exec_driver_sql(
            "CREATE TRIGGER full BEFORE INSERT ON household WHEN NEW.address = '幸福里939号' "
            "BEGIN SELECT RAISE(ABORT, 'the disk is full'); END"
        )
    table = tmp_path / "台账.csv"
    rows = "".join(f"{cell},幸福里9{number}号,王{number}\n" for number in range(10, 40))
    table.write_text(f"网格,地址,姓名\n{rows}", encoding="utf-8")

    assert run("import-homes", str(table), "--write", "--by", "mei").returncode == 1
    with opened.read() as connection:
        assert register.list_households(connection, search="幸福里910号") != (), "half of it is written"
        assert [deed.what for deed in audit.newest(connection, None, 5)] == ["importLedger"]


def test_an_import_is_undone_from_a_command_line(run: Run, opened: Store, tmp_path: Path) -> None:
    run("seed")
    run("add-user", "mei", "--role", "admin", "--password-stdin", stdin="long enough 1\n")
    run("add-user", "li", "--password-stdin", stdin="long enough 2\n")
    with opened.read() as connection:
        cell = next(area.code for area in register.areas(connection) if area.level.value == "cell")
    table = tmp_path / "台账.csv"
    table.write_text(
        f"网格,地址,姓名\n{cell},幸福里99号,王秀兰\n不知道,幸福里98号,李建国\n", encoding="utf-8"
    )
    words = run("import-homes", str(table), "--write", "--by", "mei", "--json")
    said = json.loads(words.stdout)
    assert (said["added"], said["bad"], said["batch"], list(said["wrong"])) == (1, 1, 1, ["3"])
    assert "台账.csv" in run("undo-import").stdout

    assert "将取出1户1人,改回0项,留下0项" in run("undo-import", "1").stdout
    assert "--by" in run("undo-import", "1", "--write", "--by", "li").stderr, "who is no administrator"
    with opened.read() as connection:
        assert len(register.list_households(connection, search="幸福里99号")) == 1
    done = json.loads(run("undo-import", "1", "--write", "--by", "mei", "--json").stdout)

    assert (done["batch"], done["homes_out"], done["elders_out"], done["stayed"]) == (2, 1, 1, [])
    with opened.read() as connection:
        assert register.list_households(connection, search="幸福里99号") == ()
        assert [deed.what for deed in audit.newest(connection, None, 5)] == ["undoBatch", "importLedger"]
    assert run("undo-import", "1", "--write", "--by", "mei").returncode == 1
    assert [one["undoes"] for one in json.loads(run("undo-import", "--json").stdout)] == [1, None]
