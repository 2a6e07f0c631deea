"""A table of homes over HTTP: a large one is taken, one too large refused; for administrators only."""

from __future__ import annotations

from urllib.parse import quote

import pytest

from community import spreadsheets
from community.storage import Store, register
from tests.api.conftest import URL, Browser, Town

HEADERS = "网格,地址,姓名,电话,健康状况"


def send(browser: Browser, path: str, table: bytes, name: str = ""):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": browser.csrf_token, "Origin": URL, "Content-Type": "application/octet-stream"}
    headers["X-File-Name"] = quote(name)
    return browser.client.post(path, content=table, headers=headers)


@pytest.fixture
def cell(store: Store, town: Town) -> str:
    with store.read() as connection:
        return register.area(connection, town.cell_id).code


def table(cell: str, rows: int) -> bytes:
    lines = (f"{cell},幸福里{n}幢101,老人{n},1390000{n:04},{'高血压、' * 8}" for n in range(rows))
    return "\n".join([HEADERS, *lines]).encode()


def test_a_whole_community_is_looked_at_and_then_imported(
    admin: Browser, store: Store, town: Town, cell: str
) -> None:
    large = table(cell, 2500)
    assert len(large) > 300_000
    looked_at = send(admin, "/api/ledgers", large)
    assert looked_at.status_code == 200, looked_at.text
    assert (looked_at.json()["added"], looked_at.json()["batch"]) == (2500, None)
    assert [row["fate"] for row in looked_at.json()["rows"]] == ["added"] * 2500, "every row, not the first"
    with store.read() as connection:
        assert register.list_households(connection, search="老人1234") == ()

    batch = send(admin, "/api/ledgers?write=true", table(cell, 250)).json()["batch"]
    assert (batch["homes"], batch["added"], batch["by"]) == (250, 250, town.admin.name)

    again = send(admin, "/api/ledgers?write=true", table(cell, 251)).json()
    assert (again["added"], again["same"], again["bad"], again["batch"]["homes"]) == (1, 250, 0, 1)
    assert "已经登记" in again["rows"][0]["why"]


def test_a_batch_is_listed_looked_at_undone_and_noted(
    admin: Browser, store: Store, town: Town, cell: str
) -> None:
    send(admin, "/api/ledgers?write=true", table(cell, 3), name="C:\\台账\\老人.xlsx")
    [listed] = admin.get("/api/ledgers/batches").json()["items"]
    assert (listed["file_name"], listed["added"], listed["refused"]) == ("老人.xlsx", 3, 0)

    seen = admin.get("/api/ledgers/batches/1").json()
    assert (seen["homes_out"], seen["stays"], seen["why_not"]) == (3, 0, "")
    assert seen["homes"][0]["lines"][1]["what"] == ["老人 老人0:新增 new"]
    undone = admin.post("/api/ledgers/batches/1/undo").json()
    assert (undone["id"], undone["undoes"], undone["elders_out"]) == (2, 1, 3)
    with store.read() as connection:
        assert register.list_households(connection, search="幸福里0幢101") == ()

    again = admin.post("/api/ledgers/batches/1/undo")
    assert (again.status_code, again.json()["code"]) == (409, "not_undoable")
    assert admin.get("/api/ledgers/batches/3").status_code == 404
    [deed, _] = admin.get("/api/audit").json()["items"]
    assert (deed["what"], deed["by"]) == ("undoBatch", town.admin.name)
    assert "老人.xlsx" not in str(admin.get("/api/audit").json()), "names of files may name people"


def test_what_is_too_large_or_no_table_is_refused(admin: Browser, cell: str) -> None:
    assert send(admin, "/api/ledgers", b"x" * (8 * 1024 * 1024 + 1)).status_code == 413
    assert send(admin, "/api/ledgers", table(cell, 20_001)).json()["code"] == "too_many_rows"
    assert send(admin, "/api/ledgers", b"\xff\xfe\x00").json()["code"] == "no_table"
    assert send(admin, "/api/ledgers", b"\n").json()["code"] == "no_such_column"


def test_the_empty_table_and_the_bad_rows_are_spreadsheets(admin: Browser) -> None:
    template = admin.get("/api/ledgers/template")
    assert template.headers["content-type"] == spreadsheets.MEDIA_TYPE
    assert "网格" in spreadsheets.rows(template.content)[0]
    back = send(admin, "/api/ledgers/bad-rows", table("no-such-cell", 2))
    assert [line[-1].startswith("网格:没有网格") for line in spreadsheets.rows(back.content)[1:]] == [
        True,
        True,
    ]


def test_an_operator_imports_nothing(operator: Browser, cell: str) -> None:
    for path in ("/api/ledgers", "/api/ledgers?write=true", "/api/ledgers/bad-rows"):
        assert send(operator, path, table(cell, 1)).status_code == 403
    for path in ("template", "batches", "batches/1"):
        assert operator.get(f"/api/ledgers/{path}").status_code == 403
    assert operator.post("/api/ledgers/batches/1/undo").status_code == 403
