"""The map of the console in a real browser: in three dimensions, flat without WebGL2, and broken."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from community.model import Building, Position, Whereabouts
from community.storage import Store, atlas, whereabouts
from dispatcher import views
from tests.api.conftest import Town
from tests.api.console.centre import Centre
from tests.api.console.conftest import PATIENCE_MS, Desk

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("store", ["sqlite"], indirect=True)]

BUTTON = "care:kenli/KL-0001"
LON, LAT = 118.545, 37.585  # where 王秀英 lives
ON = pytest.mark.parametrize
SOLID, FLAT = (ON("chromium", [how], indirect=True) for how in ("solid", "flat"))
EITHER = ON("chromium", ["solid", "flat"], indirect=True)

# How many dots of the map are of a house that calls (a pale red), and how many of its storey (a deep red).
# What would be printed is looked at: pins and words are not part of it.
REDS = """async () => {
  dispatchEvent(new Event("beforeprint"));
  const still = document.querySelector(".map__still");
  if (!still.src) return [0, 0];
  await still.decode();
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [still.naturalWidth, still.naturalHeight];
  const brush = canvas.getContext("2d");
  brush.drawImage(still, 0, 0);
  const dots = brush.getImageData(0, 0, canvas.width, canvas.height).data;
  let [house, storey] = [0, 0];
  for (let at = 0; at < dots.length; at += 4) {
    const [red, green, blue] = dots.subarray(at, at + 3);
    if (red - green > 40 && green > 70 && Math.abs(green - blue) < 30) house++;
    if (red > 110 && green < 45 && blue < 60) storey++;
  }
  dispatchEvent(new Event("afterprint"));
  return [house, storey];
}"""


@pytest.fixture(autouse=True)
def all_is_well_at_the_end(desk: Desk) -> Iterator[None]:
    """Nothing left loopback, and the page had no error, of its own or of the policy.

    The tab is small and moves nothing by itself: without a graphics card each picture takes a while.
    """
    desk.tab.set_viewport_size({"width": 1280, "height": 720})
    desk.tab.emulate_media(reduced_motion="reduce")
    yield
    assert desk.asked_elsewhere == []
    assert desk.wrong == []


@pytest.fixture(autouse=True)
def houses(store: Store, town: Town) -> None:
    """3幢 of six storeys, where 王秀英 lives on the fifth, and one beside it."""
    with store.write() as connection:
        atlas.add_buildings(
            connection,
            [
                Building(0, town.cell_id, name, 6, (a_house(LON + east, LAT),))
                for name, east in (("3幢", 0.0), ("4幢", 0.0008))
            ],
        )


def a_house(lon: float, lat: float) -> tuple[tuple[float, float], ...]:
    across, along = 0.0003, 0.00008
    corners = ((-across, -along), (across, -along), (across, along), (-across, along), (-across, -along))
    return tuple((lon + x, lat + y) for x, y in corners)


def drawn(tab: Page, how: str) -> None:
    """Wait until the map is there, has everything that it was given, and stands still."""
    expect(tab.locator(f'.map[data-view="{how}"][data-settled="true"]')).to_be_visible()


def reds_of(tab: Page, at_least: tuple[int, int]) -> None:
    """Look until there is so much of both reds; never waited for in vain."""
    found = tab.evaluate(
        f"""async ([house, storey, patience]) => {{
          const until = performance.now() + patience;
          let found;
          do {{
            found = await ({REDS})();
            await new Promise(requestAnimationFrame);
          }} while ((found[0] < house || found[1] < storey) && performance.now() < until);
          return found;
        }}""",
        [*at_least, PATIENCE_MS],
    )
    assert min(found[0] - at_least[0], found[1] - at_least[1]) >= 0, f"house and storey: {found} dots"


@SOLID
def test_a_call_turns_its_house_and_its_storey_red_and_says_who_could_be_there_first(
    centre: Centre, desk: Desk, store: Store, town: Town
) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    assert tab.evaluate(REDS) == [0, 0], "only an emergency is red"

    incident_id = centre.press(BUTTON)
    expect(tab.locator(f'.map [data-pin="{incident_id}"]')).to_have_attribute(
        "aria-label", "3幢2单元501 紧急呼叫 emergency call"
    )
    tab.keyboard.press("Space")
    expect(tab.locator(f'.map[data-case="{incident_id}"][data-floor="5"]')).to_be_visible()
    tab.keyboard.press("m")
    could_go = tab.locator(".twin section", has_text="可派").locator("li")
    expect(could_go).to_have_text(
        [re.compile("1 李强.*网格员.*约1分钟.*直线140米"), re.compile("2 和平卫生服务站.*约3分钟")]
    )
    tab.locator(".twin section", has=tab.locator("h3", has_text="住户")).locator(
        "li button"
    ).click()  # go near
    reds_of(tab, at_least=(1000, 500))

    tab.evaluate("dispatchEvent(new Event('beforeprint'))")
    expect(tab.locator(".map__ranked li").first).to_contain_text("李强 网格员 · 约1分钟")
    tab.evaluate("dispatchEvent(new Event('afterprint'))")

    with store.read() as connection:
        (asked,) = (one for one in views.detail(connection, incident_id).card.helpers if one.name == "李强")
    tab.locator(f'[data-deed="offer-{asked.offer_id}-accepted"]').click()
    coming = tab.locator(".twin section", has_text="在岗人员").locator("li")
    expect(coming).to_have_text([re.compile("李强.*正在前往")])
    with store.write() as connection:
        here = Whereabouts(town.worker_id, Position(118.5455, 37.5855, "phone", 8.0), centre.clock.now())
        whereabouts.keep(connection, [here], centre.clock.now())
    expect(coming).to_have_text([re.compile(r"李强.*正在前往.* · \d\d:\d\d手机定位")])
    drawn(tab, "3d")
    for part in ("areas", "buildings", "homes"):
        assert desk.asked.count(f"{desk.url}/api/map/{part}") == 1, "what stands still is not sent again"


@SOLID
def test_without_its_picture_in_three_dimensions_the_desk_goes_on_with_a_flat_one(
    centre: Centre, desk: Desk
) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    incident_id = centre.press(BUTTON)
    expect(tab.locator(f'.map [data-pin="{incident_id}"]')).to_be_visible()
    tab.evaluate(
        "document.querySelector('.map canvas.maplibregl-canvas')"
        ".getContext('webgl2').getExtension('WEBGL_lose_context').loseContext()"
    )
    drawn(tab, "2d")
    expect(tab.locator(f'.map .leaflet-pane [data-pin="{incident_id}"]')).to_be_visible()
    tab.keyboard.press("Space")
    expect(tab.locator('[data-deed="close"]')).to_be_visible()
    assert [text for text in desk.wrong if "context is lost" not in text and "CONTEXT_LOST" not in text] == []
    desk.wrong.clear()


@SOLID
def test_who_wants_it_flat_and_dark_finds_it_so_the_next_time(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    tab.click(".map__solid")
    drawn(tab, "2d")
    tab.click(".map__look")
    expect(tab.locator('.map[data-look="night"]')).to_be_visible()
    tab.reload()
    drawn(tab, "2d")
    expect(tab.locator('.map[data-look="night"]')).to_be_visible()
    tab.click(".map__solid")
    drawn(tab, "3d")


@SOLID
def test_without_a_graphics_card_the_map_is_flat_until_somebody_wants_it_otherwise(desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "3d")
    tab.evaluate("localStorage.removeItem('anxin.map')")
    tab.reload()
    drawn(tab, "2d")
    tab.click(".map__solid")
    drawn(tab, "3d")
    tab.reload()
    drawn(tab, "3d")


@FLAT
def test_without_webgl_the_same_is_flat(centre: Centre, desk: Desk) -> None:
    desk.log_in()
    tab = desk.tab
    drawn(tab, "2d")
    incident_id = centre.press(BUTTON)
    pin = tab.locator(f'.map [data-pin="{incident_id}"]')
    expect(pin).to_be_visible()
    pin.click()
    expect(tab.locator(".case__door")).to_have_text("3幢2单元501")
    tab.keyboard.press("Space")
    expect(tab.locator('[data-deed="close"]')).to_be_visible()
    expect(tab.locator(f'.map[data-case="{incident_id}"][data-floor="5"]')).to_be_visible()
    expect(tab.locator(".leaflet-tooltip", has_text="1 李强 1分钟")).to_be_visible()
    assert not any("maplibre" in url for url in desk.asked), "what cannot be used is not loaded"


@FLAT
def test_everything_on_the_map_is_in_its_list_and_the_keyboard_reaches_it(centre: Centre, desk: Desk) -> None:
    incident_id = centre.press(BUTTON)
    desk.log_in()
    tab = desk.tab
    drawn(tab, "2d")
    tab.keyboard.press("m")
    twin = tab.locator(".twin")
    for kind, line in (
        ("事件", "3幢2单元501 紧急呼叫"),
        ("在岗人员", "李强"),
        ("卫生服务", "和平卫生服务站"),
        ("网格", "和平一网格"),
        ("住户", "3幢2单元501"),
        ("楼栋", "4幢"),
    ):
        group = twin.locator("section", has=tab.locator("h3", has_text=kind))
        expect(group.locator("li", has_text=line)).to_be_visible()
    tab.keyboard.type("紧急")
    expect(twin.locator("li")).to_have_count(1)
    tab.keyboard.press("Tab")
    tab.keyboard.press("Tab")
    tab.keyboard.press("Enter")
    expect(tab.locator(f'.map[data-case="{incident_id}"]')).to_be_visible()
    expect(tab.locator(".case__door")).to_have_text("3幢2单元501")
    tab.keyboard.press("Escape")
    expect(twin).to_be_hidden()
    expect(tab.locator(".map__list")).to_be_focused()


@EITHER
def test_no_map_at_all_leaves_queue_and_claim_as_they_are(centre: Centre, desk: Desk) -> None:
    tab = desk.tab
    for library in ("maplibre-gl.mjs", "leaflet.js"):
        tab.route(f"**/{library}", lambda route: route.abort())
    desk.log_in()
    expect(tab.locator(".map__broken")).to_be_visible()
    incident_id = centre.press(BUTTON)
    card = tab.locator(f'[data-incident="{incident_id}"]')
    expect(card.locator(".card__door")).to_have_text("3幢2单元501")
    tab.keyboard.press("Space")
    expect(card).to_contain_text("刘芳(我 me)")
    assert desk.wrong, "what is broken is said where a technician looks"
    assert [text for text in desk.wrong if not text.startswith("map ")] == []
    desk.wrong.clear()
