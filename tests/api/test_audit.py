"""Every change of the register is on record: by whom, when, and which fields, sealed."""

from __future__ import annotations

from sqlalchemy import Connection, delete, event, func, select, update

from community.storage import Store, audit, tables
from tests.api.conftest import URL, Browser, StoppedClock, Town


def test_who_changed_what_is_on_record_and_what_was_refused_is_not(
    admin: Browser, operator: Browser, town: Town, clock: StoppedClock
) -> None:
    home = f"/api/households/{town.household_id}"
    admin.patch(home, {"access_notes": "密码换成 1357#", "phone": "05462520118"})
    admin.patch("/api/households/999", {"room": "1"})
    operator.patch(home, {"room": "1"})
    clock.pass_time(minutes=1)
    operator.patch(f"/api/responders/{town.worker_id}", {"active": False})
    operator.get("/api/households")

    newest, first = admin.get("/api/audit").json()["items"]
    assert (newest["by"], newest["what"], newest["fields"]) == ("刘芳", "changeResponder", ["active"])
    assert (first["by"], first["what"], first["path"]) == ("管理员", "changeHousehold", f"PATCH {home}")
    assert first["fields"] == ["access_notes", "phone"]
    assert newest["at"] > first["at"]
    assert "1357" not in admin.get("/api/audit").text, "what stood in the fields is the register's"
    page = admin.get("/audit").text
    assert ("修改住户" in page, "修改工作人员" in page) == (True, True)
    assert operator.get("/api/audit").status_code == operator.get("/audit").status_code == 403


def test_a_change_and_its_note_are_kept_together_or_not_at_all(
    admin: Browser, store: Store, town: Town
) -> None:
    seen = []

    def look(connection: Connection) -> None:
        label = connection.execute(select(tables.device.c.label)).scalars().first()
        seen.append((label, connection.execute(select(func.count()).select_from(tables.audit)).scalar_one()))

    event.listen(store.engine, "commit", look)
    admin.patch(f"/api/devices/{town.device_id}", {"label": "床头"})
    event.remove(store.engine, "commit", look)
    assert ("床头", 1) in seen
    assert ("床头", 0) not in seen, "who is killed between the two leaves a change that nobody made"


def test_a_body_that_nobody_reads_may_be_anything(admin: Browser) -> None:
    token = {"X-CSRF-Token": admin.csrf_token, "Origin": URL, "Content-Type": "application/json"}
    for body in (b"{", b"\xff"):
        answer = admin.client.post("/api/reachability/check", content=body, headers=token)
        assert answer.status_code == 200, answer.text
    assert [one["what"] for one in admin.get("/api/audit").json()["items"]] == ["checkReachability"] * 2


def test_a_case_has_a_timeline_of_its_own_and_fills_no_log(
    admin: Browser, operator: Browser, incident_id: int
) -> None:
    operator.post(f"/api/incidents/{incident_id}/claim", {})
    operator.put("/api/consoles/k3x9q0p7w2", {"audio_ok": True})
    call = operator.post("/api/hotline/calls", {"number": "13800000001"}).json()["call"]["id"]
    assert operator.post(f"/api/hotline/calls/{call}/incident", {"kind": "sos"}).status_code == 201
    assert admin.get("/api/audit").json()["items"] == []


def test_a_row_that_was_changed_or_taken_out_is_found(admin: Browser, store: Store, town: Town) -> None:
    for label in ("床头", "门口", "厨房"):
        admin.patch(f"/api/devices/{town.device_id}", {"label": label})
    assert admin.get("/api/audit/proof").json()["first_broken"] is None
    assert "记录完整" in admin.get("/audit").text
    with store.read() as connection:
        ids = connection.execute(select(tables.audit.c.id).order_by(tables.audit.c.id)).scalars().all()

    with store.write() as connection:
        connection.execute(update(tables.audit).where(tables.audit.c.id == ids[1]).values(what="nothing"))
        assert audit.check(connection).first_broken == ids[1]
        connection.execute(delete(tables.audit).where(tables.audit.c.id == ids[1]))
        assert audit.check(connection).first_broken == ids[2]
    assert "被改动" in admin.get("/audit").text
