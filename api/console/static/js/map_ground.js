// How the tiles under our polygons are drawn: somebody's pictures, faded, or the site's own vector tiles in a quiet style of ours.
// Of a vector file only what helps to find a door: water, green, roads and their names. Its layers may have the names of
// OpenMapTiles, of Protomaps or of Shortbread; those it does not have are left out.

import { FONT } from "./map_looks.js";

const KIND = ["coalesce", ["get", "class"], ["get", "kind"], ""];
const NAME = ["coalesce", ["get", "name:zh"], ["get", "name"], ""];
const GREEN = ["wood", "grass", "forest", "park", "garden", "meadow", "farmland", "cemetery", "nature_reserve", "pitch", "recreation_ground", "village_green"];
const MAIN = ["motorway", "trunk", "primary", "secondary", "highway", "major_road"];
const TRACK = ["path", "track", "footway", "cycleway", "steps", "rail", "transit", "pedestrian"];
const WIDTH = (far, near) => ["interpolate", ["exponential", 1.6], ["zoom"], 11, far, 18, near];
const is = (type) => ["==", ["geometry-type"], type];

/** The style layers of `base` in `look`, the lowest first; their source is called "ground". */
export function layersOf(base, look) {
  if (base.drawn === "raster") return [{ id: "ground-tiles", type: "raster", source: "ground", paint: look.tiles }];
  const found = [];
  const add = (names, what, layer) => {
    for (const name of names.filter((each) => base.layers.includes(each)))
      found.push(Object.assign({ id: `ground-${name}-${what}`, source: "ground", "source-layer": name }, layer));
  };
  const fill = (color) => ({ type: "fill", filter: is("Polygon"), paint: { "fill-color": color } });
  const line = (filter, color, width) => ({ type: "line", filter: ["all", is("LineString"), filter], layout: { "line-join": "round" }, paint: { "line-color": color, "line-width": width } });
  const words = (size, color, layout) => ({
    type: "symbol", layout: Object.assign({ "text-field": NAME, "text-font": [FONT], "text-size": size }, layout),
    paint: { "text-color": color, "text-halo-color": look.halo, "text-halo-width": 1.4 },
  });
  add(["landcover", "landuse", "park", "land"], "green", Object.assign(fill(look.green), { filter: ["all", is("Polygon"), ["in", KIND, ["literal", GREEN]]] }));
  add(["ocean", "water", "water_polygons"], "area", fill(look.water));
  add(["water", "waterway", "water_lines"], "line", line(true, look.water, WIDTH(0.8, 5)));
  const roads = ["transportation", "roads", "streets"];
  add(roads, "track", line(["in", KIND, ["literal", TRACK]], look.track, WIDTH(0.3, 3)));
  add(roads, "minor", line(["!", ["in", KIND, ["literal", [...MAIN, ...TRACK]]]], look.road, WIDTH(0.4, 11)));
  add(roads, "main", line(["in", KIND, ["literal", MAIN]], look.road, WIDTH(1.6, 18)));
  add(["building", "buildings"], "area", Object.assign(fill(look.building), { minzoom: 14 }));
  add(["transportation_name", "roads", "street_labels"], "name", Object.assign(words(12, look.quiet, { "symbol-placement": "line" }), { minzoom: 14 }));
  add(["place", "places", "place_labels"], "name", Object.assign(words(13, look.quiet, {}), { filter: is("Point") }));
  return found;
}
