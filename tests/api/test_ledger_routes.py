"""A table of homes over HTTP: a large one is taken, one too large refused; for administrators only."""

from __future__ import annotations

import pytest

from community import spreadsheets
from community.storage import Store, register
from tests.api.conftest import URL, Browser, Town

HEADERS = "网格,地址,姓名,电话,健康状况"


def send(browser: Browser, path: str, table: bytes):  # type: ignore[no-untyped-def]
    headers = {"X-CSRF-Token": browser.csrf_token, "Origin": URL, "Content-Type": "application/octet-stream"}
    return browser.client.post(path, content=table, headers=headers)


@pytest.fixture
def cell(store: Store, town: Town) -> str:
    with store.read() as connection:
        return register.area(connection, town.cell_id).code


def table(cell: str, rows: int) -> bytes:
    lines = (f"{cell},幸福里{n}幢101,老人{n},1390000{n:04},{'高血压、' * 8}" for n in range(rows))
    return "\n".join([HEADERS, *lines]).encode()


def test_a_whole_community_is_looked_at_and_then_imported(admin: Browser, store: Store, cell: str) -> None:
    large = table(cell, 2500)
    assert len(large) > 300_000
    looked_at = send(admin, "/api/ledgers", large)
    assert looked_at.status_code == 200, looked_at.text
    assert (looked_at.json()["good"], looked_at.json()["elders"]) == (2500, 0)
    with store.read() as connection:
        assert register.list_households(connection, search="老人1234") == ()

    assert send(admin, "/api/ledgers?write=true", table(cell, 250)).json()["homes"] == 250

    again = send(admin, "/api/ledgers?write=true", table(cell, 251)).json()
    assert (again["good"], again["bad"], again["homes"]) == (1, 250, 1)
    assert len(again["bad_rows"]) == 200
    assert "已经登记" in again["bad_rows"][0]["wrong"][0][1]


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
    assert operator.get("/api/ledgers/template").status_code == 403
