"""The live picture: GeoJSON by id and category, and a map page without anybody's name."""

from __future__ import annotations

from api.headers import CSP
from tests.api.conftest import Browser, Town


def test_the_grid_is_given_with_codes_and_says_that_it_is_drafted(operator: Browser, town: Town) -> None:
    collection = operator.get("/api/map/areas", params={"level": "cell"}).json()
    [cell] = collection["features"]
    assert collection["type"] == "FeatureCollection"
    assert (cell["properties"]["id"], cell["properties"]["code"]) == (town.cell_id, "370505001012001")
    assert cell["properties"]["synthetic"] is True
    assert cell["geometry"]["type"] == "Polygon"
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
