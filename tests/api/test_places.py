"""The live picture: GeoJSON by id and category, and a map page without anybody's name."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import pytest
from starlette.testclient import TestClient

from api.headers import CSP
from community.model import Building, Household, Position, ResponderKind, Whereabouts
from community.storage import Store, atlas, register, roads, whereabouts
from maps.roads import Mode, Way, build
from tests.api.conftest import Browser, StoppedClock, Town

HOUSE = (
    (
        (118.5448, 37.5849),
        (118.5452, 37.5849),
        (118.5452, 37.5851),
        (118.5448, 37.5851),
        (118.5448, 37.5849),
    ),
)


@pytest.fixture
def house(store: Store, town: Town) -> Building:
    """3幢, where 王秀英 lives on the fifth floor."""
    with store.write() as connection:
        atlas.add_buildings(connection, [Building(0, town.cell_id, "3幢", 6, HOUSE)])
    with store.read() as connection:
        return atlas.buildings(connection)[0]


def test_the_grid_is_given_with_codes_and_says_that_it_is_drafted(operator: Browser, town: Town) -> None:
    collection = operator.get("/api/map/areas", params={"level": "cell"}).json()
    [cell] = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert (cell["properties"]["id"], cell["properties"]["code"]) == (town.cell_id, "370505001012001")
    assert cell["properties"]["synthetic"] is True
    assert cell["geometry"]["type"] == "Polygon"
    assert cell["properties"]["label"] == [118.545, 37.585], "a point inside, for its name"
    tree = operator.get("/api/areas").json()
    assert [area["level"] for area in tree] == ["street", "community", "cell"]
    assert all(area["polygon"] is None for area in tree)


def test_the_live_picture_shows_who_needs_help_and_who_can_come(
    operator: Browser, town: Town, incident_id: int
) -> None:
    features = operator.get("/api/map/live").json()["features"]
    found = {(one["properties"]["category"], one["properties"]["id"]) for one in features}
    assert found == {
        ("household", town.household_id),
        ("responder", town.worker_id),
        ("clinic", town.clinic_id),
    }
    home = features[0]["properties"]
    assert (home["incident_id"], home["kind"], home["who"]) == (incident_id, "sos", "王秀英 85岁")
    assert features[0]["geometry"]["coordinates"] == [118.545, 37.585]


def test_who_moves_is_where_her_telephone_says_for_ten_minutes(
    operator: Browser, town: Town, store: Store, clock: StoppedClock, incident_id: int
) -> None:
    def worker() -> tuple[list[float], str | None]:
        features = operator.get("/api/map/live").json()["features"]
        [one] = [each for each in features if each["properties"]["category"] == "responder"]
        return one["geometry"]["coordinates"], one["properties"]["seen_at"]

    base, seen_at = worker()
    assert seen_at is None
    here = Whereabouts(town.worker_id, Position(118.5455, 37.5855, "page", 8.0), clock.now())
    with store.write() as connection:
        whereabouts.keep(connection, [here], clock.now())
    assert worker() == ([118.5455, 37.5855], "2026-11-21T06:05:00Z")
    [first, _] = operator.get(f"/api/incidents/{incident_id}/candidates").json()
    assert (first["responder_id"], first["lon"]) == (town.worker_id, 118.5455)
    assert "按14:05的手机定位" in first["why"]
    clock.pass_time(minutes=10)
    assert worker() == (base, None)


def test_an_administrator_says_which_telephone_tells_of_whom(
    admin: Browser, operator: Browser, town: Town
) -> None:
    path = f"/api/responders/{town.worker_id}/phone"
    assert admin.get(path).json() is None
    assert operator.put(path, {"key": "owntracks:li/phone"}).status_code == 403
    device = admin.put(path, {"key": "owntracks:li/phone"}).json()
    assert (device["role"], device["household_id"], device["enabled"]) == ("staff_phone", None, True)
    assert admin.get(path).json()["key"] == "owntracks:li/phone"
    assert admin.put(f"/api/responders/{town.clinic_id}/phone", {"key": "owntracks:a/b"}).status_code == 422
    assert admin.put(path, {"key": "care:kenli/KL-0001"}).status_code == 409
    assert admin.get(path).json()["key"] == "owntracks:li/phone", "who is refused changes nothing"
    assert admin.put(path, {"key": "owntracks:li/new"}).status_code == 200
    assert not admin.get(f"/api/devices/{device['id']}").json()["enabled"]
    assert admin.client.delete(path, headers={"X-CSRF-Token": admin.csrf_token}).status_code == 204
    assert admin.get(path).json() is None


def test_who_is_off_is_not_on_the_map(operator: Browser, town: Town) -> None:
    operator.patch(f"/api/responders/{town.worker_id}", {"active": False})
    features = operator.get("/api/map/live").json()["features"]
    assert [one["properties"]["category"] for one in features] == ["clinic"]


def test_the_incident_map_has_its_own_policy_and_nobodys_name(operator: Browser, incident_id: int) -> None:
    page = operator.get(f"/api/incidents/{incident_id}/map")
    assert page.status_code == 200
    policy = page.headers["content-security-policy"]
    assert policy != CSP
    assert "'sha256-" in policy
    assert "unsafe" not in policy
    for private in ("王秀英", "李强", "幸福里", "13800000001"):
        assert private not in page.text
    assert "370505001012001" in page.text


def test_a_home_without_a_position_is_no_map_and_says_what_to_do(
    operator: Browser, admin: Browser, town: Town, incident_id: int
) -> None:
    admin.patch(f"/api/households/{town.household_id}", {"position": None})
    answer = operator.get(f"/api/incidents/{incident_id}/map")
    assert (answer.status_code, answer.json()["code"]) == (409, "no_position")
    assert operator.get("/api/map/live").json()["features"][0]["properties"]["category"] != "household"


def test_a_building_is_on_the_map_with_its_height_and_the_homes_in_it(
    operator: Browser, town: Town, house: Building
) -> None:
    [shown] = operator.get("/api/map/buildings").json()["features"]
    assert shown["geometry"]["coordinates"] == [[list(corner) for corner in HOUSE[0]]]
    assert shown["properties"] == {
        "category": "building",
        "id": house.id,
        "area_id": town.cell_id,
        "name": "3幢",
        "storeys": 6,
        "height_m": 18.0,
        "homes": 1,
        "synthetic": False,
    }
    [home] = operator.get("/api/map/homes").json()["features"]
    assert home["properties"] == {
        "category": "home",
        "id": town.household_id,
        "address": "和平社区幸福里3幢2单元501",
        "building_id": house.id,
        "floor": 5,
    }
    assert home["geometry"]["coordinates"] == [118.545, 37.585]


@pytest.mark.parametrize("part", ["areas", "buildings", "homes"])
def test_what_stands_still_is_sent_once_and_again_when_it_has_changed(
    operator: Browser, store: Store, town: Town, house: Building, part: str
) -> None:
    path = f"/api/map/{part}"
    first = operator.get(path)
    assert house.area_id == town.cell_id
    assert (first.status_code, first.headers["cache-control"]) == (200, "private, no-cache")
    known = {"If-None-Match": first.headers["etag"]}
    again = operator.get(path, headers=known)
    assert (again.status_code, again.content) == (304, b"")

    with store.write() as connection:
        street = register.areas(connection)[0]
        register.add_area(connection, replace(street, code="370505001999", name="新社区"))
        atlas.add_buildings(connection, [Building(0, town.cell_id, "4幢", 6, HOUSE)])
        home = Household(
            0, town.cell_id, "和平社区幸福里4幢1单元101", "4幢", "", 1, "", Position(118.5, 37.5)
        )
        register.add_household(connection, home)
    changed = operator.get(path, headers=known)
    assert changed.status_code == 200
    assert len(changed.json()["features"]) == len(first.json()["features"]) + 1
    assert operator.get(path).headers["etag"] == changed.headers["etag"] != first.headers["etag"]


def test_a_home_that_moves_is_drawn_where_it_is_now(operator: Browser, admin: Browser, town: Town) -> None:
    known = operator.get("/api/map/homes").headers["etag"]
    admin.patch(f"/api/households/{town.household_id}", {"position": {"lon": 118.547, "lat": 37.581}})
    moved = operator.get("/api/map/homes", headers={"If-None-Match": known})
    assert moved.json()["features"][0]["geometry"]["coordinates"] == [118.547, 37.581]


def test_a_browser_that_cannot_unpack_gets_the_same_plainly(operator: Browser, house: Building) -> None:
    packed = operator.get("/api/map/buildings")
    plain = operator.get("/api/map/buildings", headers={"Accept-Encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert plain.json() == packed.json()
    assert plain.json()["features"][0]["properties"]["id"] == house.id


def test_who_could_be_sent_is_ranked_by_minutes(operator: Browser, town: Town, incident_id: int) -> None:
    ranked = operator.get(f"/api/incidents/{incident_id}/candidates").json()
    assert [(one["rank"], one["responder_id"], one["kind"]) for one in ranked] == [
        (1, town.worker_id, ResponderKind.GRID_WORKER),
        (2, town.clinic_id, ResponderKind.CLINIC),
    ]
    assert ranked[0]["distance_m"] == pytest.approx(141.8, abs=1)
    assert ranked[0]["eta_min"] == 1
    assert ranked[0]["eta_min"] <= ranked[1]["eta_min"]
    assert (ranked[0]["lon"], ranked[0]["lat"]) == (118.546, 37.586)


def test_where_the_site_has_roads_the_minutes_are_those_of_the_road(
    operator: Browser, store: Store, town: Town, incident_id: int, now: datetime
) -> None:
    corners = ((118.546, 37.586), (118.57, 37.586), (118.57, 37.585), (118.545, 37.585))
    everybody = frozenset(Mode)
    with store.write() as connection:
        roads.keep(
            connection, build([Way("w", "绕城路", corners, corners, everybody, everybody, 40)]), "", now
        )

    ranked = operator.get(f"/api/incidents/{incident_id}/candidates").json()

    worker = next(one for one in ranked if one["responder_id"] == town.worker_id)
    assert worker["distance_m"] == pytest.approx(141.8, abs=1), "in a straight line, as before"
    assert 17 <= worker["eta_min"] <= 18
    assert f"路网{worker['eta_min']}分钟(电动车)" in worker["why"]


def test_nobody_is_ranked_for_a_home_without_a_position(
    operator: Browser, admin: Browser, town: Town, incident_id: int
) -> None:
    admin.patch(f"/api/households/{town.household_id}", {"position": None})
    assert operator.get(f"/api/incidents/{incident_id}/candidates").json() == []
    assert operator.get("/api/map/homes").json()["features"] == []


def test_strangers_get_no_map(stranger: TestClient) -> None:
    for part in ("areas", "buildings", "homes", "live"):
        assert stranger.get(f"/api/map/{part}").status_code == 401
