"""Operators' scripts: what is asked on the telephone for which trouble, edited by administrators."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

from fastapi import APIRouter, Path, Response
from pydantic import BaseModel, Field

from api.deps import AdminDep, NowDep, PartsDep, ReadDep
from api.problems import describe
from api.schemas import ScriptIn
from api.versions import IfNew, IfVersion, looked_at, version_tag
from community.errors import Invalid, NotFound
from dispatcher.scripts import Script, parse
from dispatcher.storage import scriptbook
from dispatcher.storage.editions import Edition
from dispatcher.storage.scriptbook import EDITIONS

ScriptName = Annotated[
    str, Path(pattern="^[a-z][a-z0-9_-]{0,39}$", description="a-z, digits, - and _", examples=["fall"])
]

router = APIRouter(tags=["scripts"])


class ScriptOut(BaseModel):
    """A script, and who edited it last. Both are empty for a script as it was shipped."""

    script: Script
    changed_at: datetime | None = None
    changed_by: str = Field(default="", examples=["王管理员"])


@router.get("/scripts", operation_id="listScripts", summary="All scripts", responses=describe(403))
def list_scripts(connection: ReadDep, _admin: AdminDep) -> list[ScriptOut]:
    kept = EDITIONS.newest(connection)
    return [_shown(script, kept.get(script.name)) for script in scriptbook.current(connection).all]


@router.get(
    "/scripts/{name}",
    operation_id="getScriptByName",
    summary="One script; its ETag is its version",
    responses=describe(403, 404, 422),
)
def get_script(name: ScriptName, connection: ReadDep, _admin: AdminDep, response: Response) -> ScriptOut:
    script = scriptbook.current(connection).named(name)
    if script is None:
        raise NotFound("no_such_script", f"there is no script {name}: choose one from the list")
    response.headers["ETag"] = version_tag(script.version)
    return _shown(script, EDITIONS.newest(connection).get(name))


@router.get(
    "/scripts/{name}/versions",
    operation_id="listScriptVersions",
    summary="Every version of a script, newest first",
    responses=describe(403, 404, 422),
)
def list_versions(
    name: ScriptName, connection: ReadDep, admin: AdminDep, response: Response
) -> list[ScriptOut]:
    """A script that nobody has edited has one: as it was shipped."""
    found = EDITIONS.named(connection, name)
    return [_shown(each.value, each) for each in found] or [get_script(name, connection, admin, response)]


@router.put(
    "/scripts/{name}",
    operation_id="editScript",
    summary="Keep a new version of a script, or a new script",
    responses=describe(403, 412, 422, 428),
)
def edit_script(
    name: ScriptName,
    given: ScriptIn,
    parts: PartsDep,
    admin: AdminDep,
    now: NowDep,
    response: Response,
    if_match: IfVersion = None,
    if_none_match: IfNew = None,
) -> Script:
    """It holds for cases that begin from now on; a running case keeps the script it began with.

    Kinds of trouble that it names are taken from the script that had them. 412: somebody has edited it since.
    """
    try:
        script = parse({"name": name, **given.model_dump(mode="json")})
    except ValueError as wrong:
        raise Invalid("bad_script", str(wrong)) from wrong
    version = looked_at(if_match, if_none_match)
    with parts.store.write() as connection:
        kept = scriptbook.edit(connection, script, version, admin.account.id, now)
    response.headers["ETag"] = version_tag(kept.version)
    return kept


def _shown(script: Script, edition: Edition[Script] | None) -> ScriptOut:
    if edition is None or not edition.by:
        return ScriptOut(script=script)
    return ScriptOut(script=script, changed_at=edition.at, changed_by=edition.by)
