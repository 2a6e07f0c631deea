"""The pages: thin frames that the scripts fill from `/api`, and the plain lists drawn here."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from enum import StrEnum
from pathlib import Path as FilePath
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import orjson
import segno
from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel
from sqlalchemy import Connection
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from api import pages as cursors
from api.console import gridbook
from api.console.cover import covered, weekday
from api.console.speech import Speaker
from api.deps import AdminDep, Caller, CallerDep, FleetDep, NowDep, PartsDep, ReadDep, only_simulated
from api.drawing import templates
from api.headers import policy
from api.parts import Parts
from api.routes import reach, records, rota
from api.routes.devices import DeviceId, may_try
from api.routes.incidents import IncidentId
from community.errors import Conflict, NotFound
from community.model import AccountRole, Contact, Device, HomeRecord, Known, OrderState, ResponderKind, Site
from community.phones import in_words
from community.storage import audit, desk, labels, register
from community.storage.audit import Deed as Change
from devices.signal import Role
from dispatcher import handover, reports, safety, scripts, views, watching, wording
from dispatcher.brief import ways_in
from dispatcher.health import VITAL_WORD
from dispatcher.reach import REASON_WORD, REMEDY, Reason
from dispatcher.safety_net import LEVEL_SHAPE, LEVEL_WORD, Level, Net
from dispatcher.storage import supervised
from dispatcher.storage.watches import CheckLine, CheckState
from dispatcher.supervision import Presence, Status
from dispatcher.watching import Outcome
from hotline import orders as order_book
from hotline.orders import Step

ROWS = 50
SHEET = 96  # labels: four pages of A4
STALE = timedelta(days=2)  # a check of the safety nets comes every day
# The pages in their groups, most used first. The desk stands alone: one tap leads back to it.
MENU = (
    ("值班台", "desk", (("/", "值班台", "console"),)),
    (
        "服务",
        "service",
        (
            ("/hotline", "热线", "hotline"),
            ("/orders", "订单", "orders"),
            ("/welfare", "问安", "welfare"),
            ("/catalogue", "服务目录", "services"),
            ("/phones", "模拟手机", "phones"),
        ),
    ),
    (
        "登记",
        "register",
        (
            ("/households", "住户", "homes"),
            ("/watches", "守护", "watching"),
            ("/reach", "缺口", "gaps"),
            ("/channels", "联系方式", "channels"),
        ),
    ),
    (
        "设备",
        "devices",
        (
            ("/devices", "设备清单", "devices"),
            ("/devices/proposals", "新设备", "new devices"),
            ("/devices/labels", "标签", "labels"),
            ("/install", "安装", "install"),
            ("/maintenance", "维护", "maintenance"),
        ),
    ),
    (
        "报表",
        "reports",
        (
            ("/reports", "报表", "reports"),
            ("/handover", "交班单", "handover"),
            ("/atlas", "图册", "atlas"),
            ("/wall", "大屏", "wall"),
        ),
    ),
    (
        "设置",
        "settings",
        (
            ("/rota", "排班", "rota"),
            ("/plans", "预案", "plans"),
            ("/scripts", "问询", "scripts"),
            ("/webhooks", "事件推送", "webhooks"),
            ("/audit", "操作记录", "audit"),
        ),
    ),
)
FOR_ADMINS = frozenset(
    {
        "/plans",
        "/scripts",
        "/webhooks",
        "/audit",
        "/watches",
        "/channels",
        "/devices/proposals",
        "/devices/labels",
    }
)
METHOD_WORD = {"POST": "登记", "PUT": "设定", "PATCH": "修改", "DELETE": "删除"}
DEED_WORD = {  # by the words of our paths; the last one that is known says what it was about
    "households": "住户", "ledgers": "台账", "batches": "导入批次", "undo": "撤销导入",
    "contacts": "联系人", "texts": "短信意愿", "weekly": "周报意愿", "verify": "号码验证",
    "channels": "联系方式", "devices": "设备", "device-proposals": "新设备", "labels": "标签",
    "trial": "设备测试", "maintenance": "维护", "responders": "工作人员", "duties": "排班", "leaves": "请假",
    "phone": "定位手机", "plans": "预案", "scripts": "问询", "reachability": "缺口检查",
    "providers": "服务商", "calls": "来电", "orders": "订单", "watch": "守护",
    "away": "外出", "welfare-calls": "问安电话", "exercises": "演练", "links": "大屏链接",
    "webhooks": "事件推送", "webhook-deliveries": "事件推送",
}  # fmt: skip
LOGIN_PROBLEM = {
    "wrong_password": "登录名或密码不对,请重试。 Wrong login or password: try again.",
    "slow_down": "输错次数太多,请等几秒再试;账号没有被锁。 Too many tries: wait a few seconds.",
    "busy": "登录的人多,请过几秒再试。 Many people are logging in: try again in a moment.",
}
_UNKNOWN_PROBLEM = "没有登录成功,请重试。 You are not logged in: try again."
PRESENCE_WORD: Mapping[Presence, wording.Pair] = {
    Presence.HEARD: ("在线", "heard"),
    Presence.LATE: ("迟报", "late"),
    Presence.DOWN: ("失联", "silent"),
}
ROLE_WORD: Mapping[Role, wording.Pair] = {
    Role.HELP_BUTTON: ("求助按钮", "help button"),
    Role.SMOKE_DETECTOR: ("烟雾探测器", "smoke detector"),
    Role.GAS_DETECTOR: ("燃气探测器", "gas detector"),
    Role.CO_DETECTOR: ("一氧化碳探测器", "CO detector"),
    Role.LEAK_SENSOR: ("漏水传感器", "leak sensor"),
    Role.FALL_SENSOR: ("跌倒传感器", "fall sensor"),
    Role.MOTION_SENSOR: ("活动传感器", "motion sensor"),
    Role.DOOR_SENSOR: ("门磁", "door sensor"),
    Role.BED_SENSOR: ("床垫传感器", "bed sensor"),
    Role.WATER_METER: ("水表", "water meter"),
    Role.GAS_METER: ("燃气表(仅炊事)", "gas meter, cooking only"),
    Role.SERVICE_BUTTON: ("服务按钮", "service button"),
    Role.STROBE: ("闪光灯(听障家庭)", "strobe light"),
    Role.STAFF_PHONE: ("工作人员手机", "staff phone"),
    Role.HUB: ("家庭网关", "home hub"),
}
AT_HOME = {role: word for role, word in ROLE_WORD.items() if role is not Role.STAFF_PHONE}
KNOWN_WORD: Mapping[Known, wording.Pair] = {
    Known.HOUSEHOLD: ("住户电话", "home line"),
    Known.RESIDENT: ("老人本人", "resident"),
    Known.CONTACT: ("联系人", "contact"),
    Known.RESPONDER: ("工作人员", "responder"),
    Known.PROVIDER: ("服务商", "provider"),
}
NET_CHIP: Mapping[Level, str] = {
    Level.GREEN: "chip--good",
    Level.AMBER: "chip--amber",
    Level.RED: "chip--emergency",
}
ORDER_WORD: Mapping[OrderState, wording.Pair] = {
    OrderState.PLACED: ("已下单", "placed"),
    OrderState.PASSED_ON: ("已转服务商", "passed on"),
    OrderState.TAKEN: ("已接单", "taken"),
    OrderState.DONE: ("已完成", "done"),
    OrderState.CANCELLED: ("已取消", "cancelled"),
}
STEP_WORD: Mapping[Step, wording.Pair] = {
    Step.PASS_ON: ("转给服务商", "pass on"),
    Step.TAKE: ("服务商接单", "taken"),
    Step.GIVE_BACK: ("服务商退单", "give back"),
    Step.FINISH: ("完成", "done"),
    Step.CANCEL: ("取消", "cancel"),
}

CHECK_WORD: Mapping[CheckState, wording.Pair] = {
    CheckState.OPEN: ("待打", "to call"),
    CheckState.WELL: ("平安", "well"),
    CheckState.MOVED: ("有动静", "moved"),
    CheckState.HELP: ("要帮忙,已报警", "needs help"),
    CheckState.NO_ANSWER: ("没人接,已报警", "no answer"),
    CheckState.DROPPED: ("不用打了", "not needed"),
}
PHASE_WORD: Mapping[str, wording.Pair] = {
    "answered": ("接警", "answered"),
    "covered": ("有人答应去", "somebody comes"),
    "attended": ("到场", "attended"),
    "closed": ("结案", "closed"),
}
OUTCOME_WORD: Mapping[Outcome, wording.Pair] = {
    Outcome.WELL: ("平安", "well"),
    Outcome.NO_ANSWER: ("没人接", "no answer"),
    Outcome.HELP: ("要帮忙", "needs help"),
}

_templates = templates(FilePath(__file__).parent / "templates")
_templates.filters["phone"] = in_words
_speaker = Speaker()

router = APIRouter(include_in_schema=False, default_response_class=HTMLResponse)


@router.get("/login")
def login_page(
    parts: PartsDep,
    connection: ReadDep,
    error: Annotated[str, Query(max_length=64)] = "",
    next: Annotated[str, Query(max_length=500)] = "/",
) -> str:
    problem = LOGIN_PROBLEM.get(error, _UNKNOWN_PROBLEM) if error else ""
    return _templates.get_template("login.html").render(
        zone=parts.settings.timezone,
        account=None,
        csrf_token="",
        site_name=_site(connection).name,
        problem=problem,
        login="",
        next=next,
    )


@router.get("/favicon.ico", response_class=RedirectResponse)
def favicon(_caller: CallerDep) -> str:
    """Asked for by pages that name no icon of their own: the printed map is one."""
    return "/static/img/mark.svg"


@router.get("/")
def console(caller: CallerDep, parts: PartsDep, connection: ReadDep) -> HTMLResponse:
    """The only page that may show somebody's tiles: where the site has chosen some, images of that origin."""
    tiles = parts.settings.tiles
    return HTMLResponse(
        _page("console.html", "/", caller, parts, connection, exchange=parts.exchange is not None),
        headers={"Content-Security-Policy": policy(tiles.origin if tiles else "")},
    )


@router.get("/phones", dependencies=[Depends(only_simulated)])
def phones(caller: CallerDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("phones.html", "/phones", caller, parts, connection)


@router.get("/hotline")
def hotline(caller: CallerDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("hotline.html", "/hotline", caller, parts, connection, hotline=_site(connection).hotline)


@router.get("/reach")
def reachability(
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
    now: NowDep,
    cursor: cursors.Cursor = None,
    reason: Annotated[Reason | None, Query()] = None,
) -> str:
    after_id = cursors.decode(cursor) if cursor else 0
    # A rota that is missing for a whole street is said once, above the list, and not for each of its homes.
    reasons = [each for each in Reason if each is not Reason.RUNG_EMPTY] if reason is None else [reason]
    shown = cursors.page(
        reach.homes(connection, after_id, ROWS + 1, reasons), ROWS, lambda home: home.household_id
    )
    check, zone = reach.last_check(connection), _zone(connection)

    def when(moment: datetime | None) -> str:
        return "" if moment is None else f"{moment.astimezone(zone):%m-%d %H:%M}"

    return _page(
        "reach.html", "/reach", caller, parts, connection,
        homes=shown.items, next=shown.next, is_later=cursor is not None, reason=reason,
        reasons=REASON_WORD, check=check, checked=when(check.done_at), when=when,
        titles={plan.name: plan.title for plan in parts.plans.current(connection).all},
        is_admin=caller.account.role is AccountRole.ADMIN, rota_remedy=REMEDY[Reason.RUNG_EMPTY],
        is_stale=check.done_at is not None and now - check.done_at > STALE,
    )  # fmt: skip


@router.get("/incidents/{incident_id}/record")
def record(
    incident_id: IncidentId,
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
    fleet: FleetDep,
    now: NowDep,
) -> str:
    """To be printed: a case to the second, whether its chain holds, and what today's plan would have done."""
    detail = views.detail(connection, incident_id)
    frozen, zone = views.frozen(connection, incident_id), _zone(connection)
    today = None
    with suppress(Conflict):
        today = records.play(connection, detail, parts.plans.current(connection), None, fleet, now)
    return _page(
        "record.html", "/incidents", caller, parts, connection,
        card=detail.card, entries=detail.timeline, plan=frozen.plan, head=frozen.head, today=today,
        broken_at=records.broken_at(detail, frozen),
        day=f"{detail.card.opened_at.astimezone(zone):%Y-%m-%d}",
        clock=lambda moment: f"{moment.astimezone(zone):%H:%M:%S}",
        passed=lambda seconds: f"{seconds // 60}:{seconds % 60:02d}",
        kind_word=wording.KIND_WORD, entry_word=wording.ENTRY_WORD,
        code_word=wording.CLOSE_WORD[detail.card.close_code] if detail.card.close_code else None,
    )  # fmt: skip


@router.get("/handover")
def handover_sheet(caller: CallerDep, parts: PartsDep, connection: ReadDep, now: NowDep) -> str:
    """To be printed at the change of shifts: what goes on, what was promised, what is silenced or broken."""
    zone = _zone(connection)
    return _page(
        "handover.html", "/handover", caller, parts, connection,
        sheet=handover.sheet(connection, now, zone), now=now, day=f"{now.astimezone(zone):%Y-%m-%d}",
        clock=lambda moment: f"{moment.astimezone(zone):%m-%d %H:%M}",
        minute=lambda moment: f"{moment.astimezone(zone):%H:%M}",
        kind_word=wording.KIND_WORD, stage_word=wording.STAGE_WORD,
    )  # fmt: skip


@router.get("/atlas")
def atlas_shelf(caller: CallerDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("shelf.html", "/atlas", caller, parts, connection, shelf=gridbook.shelf(connection))


@router.get("/atlas/{area_id}")
def atlas_book(
    area_id: Annotated[int, Path(ge=1, le=2**63 - 1)],
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
    now: NowDep,
) -> str:
    """To be printed and laid into a drawer: a sheet of A4 for each cell, which needs no network."""
    return _page(
        "atlas.html", "/atlas", caller, parts, connection,
        book=gridbook.book(connection, area_id), day=f"{now.astimezone(_zone(connection)):%Y-%m-%d}",
        hotline=_site(connection).hotline, kind_word=wording.RESPONDER_WORD,
    )  # fmt: skip


@router.get("/reports")
def report(
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
    now: NowDep,
    days: Annotated[int, Query(ge=1, le=366)] = 30,
) -> str:
    zone = _zone(connection)
    since = now - timedelta(days=days)
    figures = reports.report(connection, since, now, zone)
    return _page(
        "reports.html", "/reports", caller, parts, connection,
        days=days, figures=figures, drills=reports.drills(connection, since, now), after=_after,
        when=lambda moment: f"{moment.astimezone(zone):%m-%d %H:%M}",
        bars=bars_of(figures.by_day, now.astimezone(zone).date(), days),
        phase_word=PHASE_WORD, code_word=wording.CLOSE_WORD, kind_word=wording.KIND_WORD, long=_long,
    )  # fmt: skip


@router.get("/plans")
def plans(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    skills = {skill for responder in register.responders(connection) for skill in responder.skills}
    return _page("plans.html", "/plans", caller, parts, connection, skills=sorted(skills))


@router.get("/scripts")
def scripts_page(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("scripts.html", "/scripts", caller, parts, connection)


@router.get("/watches")
def watches(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("watches.html", "/watches", caller, parts, connection)


@router.get("/rota")
def shifts(caller: CallerDep, parts: PartsDep, connection: ReadDep, now: NowDep) -> str:
    found = rota.get_rota(connection, now, _zone(connection))
    return _page(
        "rota.html", "/rota", caller, parts, connection,
        is_admin=caller.account.role is AccountRole.ADMIN,
        days=[weekday(found.since + timedelta(days=number)) for number in range(len(found.covers[0].days))],
        covers=[(wording.RESPONDER_WORD[each.kind], list(map(covered, each.days))) for each in found.covers],
    )  # fmt: skip


@router.get("/channels")
def channels(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("channels.html", "/channels", caller, parts, connection)


@router.get("/devices/proposals")
def proposals(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    roles = [(role.value, *word) for role, word in AT_HOME.items()]
    return _page("proposals.html", "/devices/proposals", caller, parts, connection, roles=roles)


@router.get("/orders")
def orders(caller: CallerDep, parts: PartsDep, connection: ReadDep, cursor: cursors.Cursor = None) -> str:
    before_id = cursors.decode(cursor) if cursor else None
    found = order_book.lines(connection, before_id, ROWS + 1)
    shown = cursors.page(found, ROWS, lambda line: line.order.id)
    zone = _zone(connection)
    rows = [
        (
            Cell(["、".join(one.name for one in line.home.residents) or "—"], line.home.household.address),
            Cell([line.offer.item.name], " · ".join(line.order.note.splitlines())),
            Cell([line.offer.provider.name], in_words(line.offer.provider.phone)),
            Cell([ORDER_WORD[line.order.state][0]], ORDER_WORD[line.order.state][1]),
            Cell(
                [f"{line.order.changed_at.astimezone(zone):%m-%d %H:%M}"],
                f"{line.order.placed_at.astimezone(zone):%m-%d %H:%M} 下单",
            ),
            Cell(
                [],
                deeds=[
                    Deed(line.order.id, step, STEP_WORD[step], step in order_book.NEEDS_A_REASON)
                    for step in line.steps
                ],
            ),
        )
        for line in shown.items
    ]
    heads = (
        ("谁", "who"),
        ("服务", "service"),
        ("服务商", "provider"),
        ("状态", "state"),
        ("从何时", "since"),
        ("下一步", "next"),
    )
    return _table(
        "/orders", caller, parts, connection,
        title=("订单", "orders"), placeholder="", script="orders.js",
        heads=heads, rows=rows, search=None, next=shown.next, is_later=cursor is not None,
    )  # fmt: skip


@router.get("/households")
def households(
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
    now: NowDep,
    cursor: cursors.Cursor = None,
    search: Annotated[str, Query(max_length=100)] = "",
) -> str:
    after_id = cursors.decode(cursor) if cursor else 0
    found = register.list_households(connection, after_id, ROWS + 1, search.strip() or None)
    shown = cursors.page(found, ROWS, lambda home: home.household.id)
    today = now.astimezone(_zone(connection)).date()

    def people(home: HomeRecord) -> list[str]:
        ages = ((one, one.age(today)) for one in home.residents)
        return [f"{one.name} {'' if age is None else f'{age}岁'} {one.sex}".strip() for one, age in ages]

    is_admin = caller.account.role is AccountRole.ADMIN
    nets = safety.nets(connection, shown.items, parts.plans.current(connection), now)
    rows = [
        (
            Cell([home.household.address], href=f"/households/{home.household.id}"),
            _net(nets[home.household.id], home, may_drill=is_admin),
            Cell(people(home) or ["—"]),
            Cell([_contact(one) for one in home.contacts] or ["没有联系人 none"]),
            Cell([home.cell.name], home.cell.code),
        )
        for home in shown.items
    ]
    heads = (
        ("住址", "address"),
        ("安全网", "safety net"),
        ("老人", "residents"),
        ("联系人", "contacts"),
        ("网格", "cell"),
    )
    return _table(
        "/households", caller, parts, connection,
        title=("住户", "households"), placeholder="姓名、地址、电话 name, address, phone", script="homes.js",
        heads=heads, rows=rows, search=search, next=shown.next, is_later=cursor is not None,
        adds="/households/new" if is_admin else "",
    )  # fmt: skip


@router.get("/households/new")
def new_household(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _home_page(caller, parts, connection, None)


@router.get("/households/import")
def import_homes(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("ledger.html", "/households", caller, parts, connection)


@router.get("/households/{household_id}")
def household(
    household_id: Annotated[int, Path(ge=1, lt=2**63)],
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
) -> str:
    """Operators see whom to tell, and what each may be sent; administrators change the home as well."""
    return _home_page(caller, parts, connection, register.household_by_id(connection, household_id))


def _home_page(caller: Caller, parts: Parts, connection: Connection, home: HomeRecord | None) -> str:
    devices = [] if home is None else register.devices_of_homes(connection, [home.household.id])
    return _page(
        "home.html", "/households", caller, parts, connection,
        home=home, devices=[(one, ROLE_WORD[one.role]) for one in devices],
        is_admin=caller.account.role is AccountRole.ADMIN, ways=ways_in(home.household) if home else (),
    )  # fmt: skip


@router.get("/devices")
def devices(
    caller: CallerDep,
    parts: PartsDep,
    connection: ReadDep,
    cursor: cursors.Cursor = None,
    search: Annotated[str, Query(max_length=100)] = "",
) -> str:
    after_id = cursors.decode(cursor) if cursor else 0
    found = register.list_devices(connection, after_id, ROWS + 1, None, search.strip() or None)
    shown = cursors.page(found, ROWS, lambda device: device.id)
    homes = register.homes(
        connection, {one.household_id for one in shown.items if one.household_id is not None}
    )
    there = supervised.statuses(connection, [device.id for device in shown.items])
    zone = _zone(connection)

    def where(device: Device) -> Cell:
        home = homes.get(device.household_id or 0)
        if home is None:
            return Cell(["未登记住户 no household"])
        return Cell([home.household.address], " ".join(one.name for one in home.residents))

    rows = [
        (
            Cell([device.key], device.label, href=f"/devices/{device.id}"),
            Cell([" ".join(ROLE_WORD[device.role])], f"{device.vendor} {device.model}".strip()),
            where(device),
            Cell([_when(device.last_seen_at, zone)]),
            Cell(["—" if device.battery is None else f"{device.battery}%"]),
            Cell([" ".join(_presence(device, there.get(device.id, Status())))]),
        )
        for device in shown.items
    ]
    heads = (
        ("设备", "device"),
        ("用途", "role"),
        ("住户", "home"),
        ("最近一次", "last seen"),
        ("电量", "battery"),
        ("状态", "state"),
    )
    return _table(
        "/devices", caller, parts, connection,
        title=("设备", "devices"), placeholder="编号、厂家、型号 key, vendor, model",
        heads=heads, rows=rows, search=search, next=shown.next, is_later=cursor is not None,
    )  # fmt: skip


@router.get("/webhooks")
def webhooks(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("webhooks.html", "/webhooks", caller, parts, connection)


@router.get("/maintenance")
def maintenance(caller: CallerDep, parts: PartsDep, connection: ReadDep) -> str:
    may = caller.account.role is AccountRole.ADMIN
    return _page("maintenance.html", "/maintenance", caller, parts, connection, may=may)


@router.get("/devices/labels")
def label_page(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    roles = [(role.value, *word) for role, word in AT_HOME.items()]
    return _page("labels.html", "/devices/labels", caller, parts, connection, roles=roles)


@router.get("/devices/labels/sheet")
def label_sheet(caller: AdminDep, parts: PartsDep, connection: ReadDep, cursor: cursors.Cursor = None) -> str:
    """To be printed on A4, 24 labels a page: what a phone scans, the code for a hand, and what it is."""
    found = labels.unused(connection, cursors.decode(cursor) if cursor else 0, SHEET + 1)
    shown = cursors.page(found, SHEET, lambda one: one.device.id)

    def picture(code: str) -> str:
        return segno.make(f"{parts.settings.base_url}/install/{code}", error="m").svg_data_uri(border=2)

    return _page(
        "sheet.html", "/devices/labels", caller, parts, connection,
        labels=shown.items, next=shown.next, picture=picture, role_word=ROLE_WORD,
        hotline=_site(connection).hotline,
    )  # fmt: skip


@router.get("/install")
def install(caller: CallerDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("install.html", "/install", caller, parts, connection, code="", roles=_role_words())


@router.get("/install/{code}")
def install_this(
    code: Annotated[str, Path(max_length=32)], caller: CallerDep, parts: PartsDep, connection: ReadDep
) -> str:
    """Where a scanned label leads. To look changes nothing: the installer says where it is."""
    return _page("install.html", "/install", caller, parts, connection, code=code, roles=_role_words())


@router.get("/devices/{device_id}")
def device(device_id: DeviceId, caller: CallerDep, parts: PartsDep, connection: ReadDep) -> str:
    """One device: whether it is there, whether it is proven, and the button that begins its trial."""
    found = register.device_by_id(connection, device_id)
    status = supervised.statuses(connection, [device_id]).get(device_id, Status())
    hub = None if status.hub_id is None else register.device_by_id(connection, status.hub_id)
    home = None if found.household_id is None else register.household_by_id(connection, found.household_id)
    return _page(
        "device.html", "/devices", caller, parts, connection,
        device=found, role=ROLE_WORD[found.role], home=home, hub=hub,
        presence=_presence(found, status), beat=_beat(status.every_s),
        seen=_when(found.last_seen_at, _zone(connection)), may_try=may_try(connection, caller, device_id),
    )  # fmt: skip


@router.get("/catalogue")
def catalogue(caller: CallerDep, parts: PartsDep, connection: ReadDep, cursor: cursors.Cursor = None) -> str:
    after_id = cursors.decode(cursor) if cursor else 0
    found = [item for item in desk.items(connection) if item.id > after_id]
    shown = cursors.page(found[: ROWS + 1], ROWS, lambda item: item.id)
    providers = desk.providers_by_id(connection, {item.provider_id for item in shown.items})
    rows = [
        (
            Cell([item.name]),
            Cell([item.category]),
            Cell([f"{item.price_fen / 100:.2f} 元 / {item.unit}" if item.price_fen else "免费 free"]),
            Cell([providers[item.provider_id].name], in_words(providers[item.provider_id].phone)),
        )
        for item in shown.items
    ]
    heads = (("服务项目", "service"), ("类别", "class"), ("价格", "price"), ("服务商", "provider"))
    return _table(
        "/catalogue", caller, parts, connection,
        title=("服务目录", "catalogue"), placeholder="",
        heads=heads, rows=rows, search=None, next=shown.next, is_later=cursor is not None,
        edits="/catalogue/edit" if caller.account.role is AccountRole.ADMIN else "",
    )  # fmt: skip


@router.get("/catalogue/edit")
def providers(caller: AdminDep, parts: PartsDep, connection: ReadDep) -> str:
    return _page("providers.html", "/catalogue", caller, parts, connection)


@router.get("/audit")
def changes(caller: AdminDep, parts: PartsDep, connection: ReadDep, cursor: cursors.Cursor = None) -> str:
    """Who changed what, and whether the log is as it was written."""
    before_id = cursors.decode(cursor) if cursor else None
    shown = cursors.page(audit.newest(connection, before_id, ROWS + 1), ROWS, lambda deed: deed.id)
    zone, proof = _zone(connection), audit.check(connection)
    rows = [
        (
            Cell([f"{deed.at.astimezone(zone):%Y-%m-%d %H:%M:%S}"]),
            Cell([deed.by]),
            Cell([_done(deed)], f"{deed.what} · {deed.path}"),
            Cell(["、".join(deed.fields) or "—"]),
        )
        for deed in shown.items
    ]
    heads = (("何时", "when"), ("谁", "who"), ("做了什么", "what"), ("改了哪些", "which fields"))
    whole = (f"✓ 记录完整,共{proof.rows}条 every row is as it was written", "chip--good")
    broken = (
        f"✕ 第{proof.first_broken}条被改动或之前有缺失 changed, or one before it is missing",
        "chip--emergency",
    )
    return _table(
        "/audit", caller, parts, connection,
        title=("操作记录", "audit log"), placeholder="", nothing=("还没有改动", "Nothing was changed yet."),
        heads=heads, rows=rows, search=None, next=shown.next, is_later=cursor is not None,
        proof=whole if proof.first_broken is None else broken,
    )  # fmt: skip


def _done(deed: Change) -> str:
    """修改住户: what somebody who reads no English wants to know of it."""
    method, path = deed.path.split(" ", 1)
    parts = [DEED_WORD[part] for part in re.split(r"[/?]", path) if part in DEED_WORD]
    return f"{METHOD_WORD.get(method, '')}{''.join(parts[-1:])}"


@router.get("/welfare")
def welfare(caller: CallerDep, parts: PartsDep, connection: ReadDep, now: NowDep) -> str:
    """The welfare calls of today, and what is left of the days before."""
    zone = _zone(connection)
    found = watching.calls_of(connection, now.astimezone(zone).date(), zone, now)
    rows = [
        (
            Cell(
                [f"{line.check.since.astimezone(zone):%H:%M}"],
                "请尽快打 overdue" if line.is_late else f"{line.check.since.astimezone(zone):%m-%d}",
            ),
            Cell(["、".join(one.name for one in line.home.residents) or "—"], line.home.household.address),
            Cell(_numbers(line.home)),
            Cell([CHECK_WORD[line.check.state][0]], _how_it_went(line.check)),
            Cell(
                [],
                deeds=[
                    Deed(line.check.id, outcome, OUTCOME_WORD[outcome], outcome is Outcome.HELP, of="call")
                    for outcome in Outcome
                    if line.check.state is CheckState.OPEN
                ],
            ),
        )
        for line in found
    ]
    heads = (("几点", "when"), ("谁", "who"), ("电话", "phone"), ("结果", "result"), ("打过了", "outcome"))
    return _table(
        "/welfare", caller, parts, connection,
        title=("今天的问安电话", "today's welfare calls"), placeholder="", script="welfare.js",
        nothing=("今天没有要打的问安电话", "No welfare call is to be made today."),
        heads=heads, rows=rows, search=None, next=None, is_later=False,
    )  # fmt: skip


def _numbers(home: HomeRecord) -> list[str]:
    """Whom to call, she herself first."""
    known = [(one.name, one.phone) for one in home.residents if one.phone]
    known += [("家里 home", home.household.phone)] if home.household.phone else []
    known += [(f"{one.name}({one.relation})", one.phone) for one in home.contacts[:1]]
    return [f"{name} {in_words(phone)}" for name, phone in known] or ["没有电话 no number"]


def _how_it_went(check: CheckLine) -> str:
    tried = f"已打{check.attempts}次 tried" if check.attempts and check.state is CheckState.OPEN else ""
    case = f"事件 #{check.incident_id}" if check.incident_id is not None else ""
    return " · ".join(word for word in (tried, case, " ".join(check.note.splitlines())) if word)


class HomeStep(StrEnum):
    """What can be done about a home from the list of homes."""

    TEST = "test"
    DRILL = "drill"


@dataclass(frozen=True, slots=True)
class Deed:
    """A button that takes a step with an order, or with what `of` names; `reasoned` ones ask why first."""

    id: int
    step: Step | Outcome | HomeStep
    word: wording.Pair
    reasoned: bool
    of: str = "order"


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a plain list: equal lines, what stands quietly under them, and buttons."""

    lines: Sequence[str]
    under: str = ""
    deeds: Sequence[Deed] = ()
    href: str = ""  # where its first line leads
    chip: tuple[str, str] | None = None  # its words, and the class that colours it


class Owner(BaseModel):
    """Whose simulated phone it is: 女儿, of which home, and which group colours it."""

    role: str
    of: str
    group: str  # family | grid | clinic


@router.get("/console/phones/{number}/owner", response_class=JSONResponse)
def phone_owner(
    number: Annotated[str, Path(max_length=32)], _caller: CallerDep, connection: ReadDep
) -> Owner:
    """What stands above a simulated phone. An unknown number has an empty role."""
    for match in register.by_phone(connection, number):
        if match.known_as is Known.RESPONDER:
            kind = ResponderKind(match.detail)
            group = "clinic" if kind is ResponderKind.CLINIC else "grid"
            return Owner(role=wording.RESPONDER_WORD[kind][0], of="", group=group)
        if match.known_as is Known.CONTACT and match.household_id is not None:
            home = register.household_by_id(connection, match.household_id)
            return Owner(role=match.detail, of=f"{wording.name_of(home)}家", group="family")
    return Owner(role="", of="", group="family")


@router.get("/console/words.js")
def words() -> Response:
    """The words of `dispatcher.wording` and of these pages as a module: every word is written down once."""
    tables: dict[str, Mapping[Any, wording.Pair]] = {
        "kind": wording.KIND_WORD,
        "severity": wording.SEVERITY_WORD,
        "stage": wording.STAGE_WORD,
        "close": wording.CLOSE_WORD,
        "offer": wording.OFFER_WORD,
        "message": wording.MESSAGE_WORD,
        "call": wording.CALL_WORD,
        "called": wording.CALL_RESULT_WORD,
        "said": scripts.SAID_WORD,
        "responder": wording.RESPONDER_WORD,
        "meaning": wording.MEANING_WORD,
        "whom": wording.WHOM_WORD,
        "known": KNOWN_WORD,
    }
    plain = {name: {str(key.value): pair for key, pair in table.items()} for name, table in tables.items()}
    plain["vital"] = dict(VITAL_WORD)
    return Response(
        b"export default " + orjson.dumps(plain | {"oversees": wording.OVERSEES}) + b";\n",
        media_type="text/javascript",
    )


@router.get("/console/speech/{incident_id}.wav")
def speech(incident_id: int, _caller: CallerDep, connection: ReadDep) -> Response:
    """The words that name one incident. 204 when this machine has no voice: the page plays a shipped clip."""
    cards = views.cards(connection, [incident_id])
    if not cards:
        raise NotFound("no_such_incident", f"there is no incident {incident_id}")
    sound = _speaker.say(cards[0].spoken)
    return Response(status_code=204) if sound is None else Response(sound, media_type="audio/wav")


def _page(
    template: str, here: str, caller: Caller, parts: Parts, connection: Connection, **values: object
) -> str:
    return _templates.get_template(template).render(
        zone=_site(connection).timezone,
        account=caller.account,
        csrf_token=caller.csrf_token,
        site_name=_site(connection).name,
        menu=_menu(caller, parts),
        here=here,
        **values,
    )


def _menu(caller: Caller, parts: Parts) -> list[tuple[str, str, list[tuple[str, str, str]]]]:
    """The groups with what this caller may open; a group of which nothing is left is left out."""
    groups = (
        (zh, en, [page for page in inside if _is_shown(page[0], caller, parts)]) for zh, en, inside in MENU
    )
    return [group for group in groups if group[2]]


def _is_shown(path: str, caller: Caller, parts: Parts) -> bool:
    if path in FOR_ADMINS:
        return caller.account.role is AccountRole.ADMIN
    return path != "/phones" or parts.settings.simulated_phones


def _table(here: str, caller: Caller, parts: Parts, connection: Connection, **values: object) -> str:
    return _page(
        "table.html",
        here,
        caller,
        parts,
        connection,
        **{
            "script": "",
            "adds": "",
            "edits": "",
            "proof": None,
            "nothing": ("没有找到", "Nothing found."),
            **values,
        },
    )


def _net(net: Net, home: HomeRecord, *, may_drill: bool) -> Cell:
    """Shape, colour's word, under it what is wrong and what to do; a test of the contacts, a drill."""
    holes = "; ".join(f"{hole.why[0]} → {hole.what_to_do[0]}" for hole in net.holes)
    word = f"{LEVEL_SHAPE[net.level]} {' '.join(LEVEL_WORD[net.level])}"
    deeds = []
    if home.contacts:
        deeds.append(
            Deed(home.household.id, HomeStep.TEST, ("发测试短信", "test the contacts"), False, of="home")
        )
    if may_drill:
        deeds.append(Deed(home.household.id, HomeStep.DRILL, ("演练", "drill"), False, of="home"))
    return Cell([], holes, deeds, chip=(word, NET_CHIP[net.level]))


def _contact(contact: Contact) -> str:
    wants = "" if contact.no_texts_since is None else " 已退订短信 wants no texts"
    return f"{contact.name}({contact.relation}) {in_words(contact.phone)}{wants}"


def _presence(device: Device, status: Status) -> wording.Pair:
    if not device.enabled:
        return ("停用", "off")
    return ("没有信号", "not heard yet") if status.presence is None else PRESENCE_WORD[status.presence]


def _beat(seconds: int) -> wording.Pair:
    """How often it is to be heard; nothing before anybody looks after it."""
    if not seconds:
        return ("—", "")
    hours, minutes = divmod(seconds // 60, 60)
    if minutes:
        return (f"每{seconds // 60}分钟", f"each {seconds // 60} min")
    return (f"每{hours}小时", f"each {hours} h")


def _when(moment: datetime | None, zone: ZoneInfo) -> str:
    return "从未 never" if moment is None else f"{moment.astimezone(zone):%m-%d %H:%M:%S}"


def _role_words() -> dict[str, wording.Pair]:
    return {role.value: word for role, word in AT_HOME.items()}


def _site(connection: Connection) -> Site:
    """The site; a database that is still empty has its login page, too."""
    try:
        return register.site(connection)
    except NotFound:
        return Site(code="", name="", hotline="", signature="")


def _zone(connection: Connection) -> ZoneInfo:
    return ZoneInfo(_site(connection).timezone)


@dataclass(frozen=True, slots=True)
class Bar:
    """A day of a chart, in units of its view box."""

    day: str
    count: int
    x: float
    y: float
    height: float
    word: str  # under it; empty under most


@dataclass(frozen=True, slots=True)
class Bars:
    bars: Sequence[Bar]
    each: float  # the width of one
    width: int = 1000


def bars_of(by_day: Sequence[tuple[str, int]], today: date, days: int) -> Bars:
    """A bar for each of the last `days` days, also for those on which nobody called."""
    counts = dict(by_day)
    dates = [today - timedelta(days=back) for back in reversed(range(days))]
    most, step = max(counts.values(), default=0) or 1, 1000 / len(dates)
    every = max(1, round(len(dates) / 15))
    each = min(round(step * 0.8, 1), 48)
    bars = []
    for place, day in enumerate(dates):
        count = counts.get(day.isoformat(), 0)
        height = round(110 * count / most, 1)
        word = f"{day:%m-%d}" if (len(dates) - 1 - place) % every == 0 else ""
        x = round(place * step + (step - each) / 2, 1)
        bars.append(Bar(day.isoformat(), count, x, 128 - height, height, word))
    return Bars(bars, each)


def _after(course: reports.Course, reached: datetime | None) -> str:
    """How long after its beginning a case got there."""
    return _long(None if reached is None else (reached - course.opened_at).total_seconds())


def _long(seconds: float | None) -> str:
    """14秒, 2分14秒, 1小时03分."""
    if seconds is None:
        return "—"
    whole = round(seconds)
    if whole < 60:
        return f"{whole}秒"
    if whole < 3600:
        return f"{whole // 60}分{whole % 60:02d}秒"
    return f"{whole // 3600}小时{whole % 3600 // 60:02d}分"
