// How vector tiles of the site's own lie under our polygons, in a quiet style of ours: only what helps to find a door. Layers may
// have the names of OpenMapTiles, of Protomaps or of Shortbread; what a file does not have is left out.

import { FONT } from "./map_looks.js";

const GREEN = ["wood", "grass", "forest", "park", "garden", "meadow", "farmland", "cemetery", "nature_reserve", "pitch", "recreation_ground", "village_green"];
const MAIN = ["motorway", "trunk", "primary", "secondary", "highway", "major_road"];
const TRACK = ["path", "track", "footway", "cycleway", "steps", "rail", "transit", "pedestrian"];
const ROADS = ["transportation", "roads", "streets"];
const FAR = 11, NEAR = 18, GROWTH = 1.6; // the zooms of the two widths of a line, and how it grows between them

// The lowest first. `kinds` are those it draws, `but` those it leaves to others; `color` is one of the look's; widths in pixels.
export const RULES = [
  { what: "green", of: ["landcover", "landuse", "park", "land"], shape: "Polygon", kinds: GREEN, color: "green" },
  { what: "lake", of: ["ocean", "water", "water_polygons"], shape: "Polygon", color: "water" },
  { what: "river", of: ["water", "waterway", "water_lines"], shape: "LineString", color: "water", width: [0.8, 5] },
  { what: "track", of: ROADS, shape: "LineString", kinds: TRACK, color: "track", width: [0.3, 3] },
  { what: "kerb", of: ROADS, shape: "LineString", but: TRACK, color: "kerb", width: [0.8, 13] },
  { what: "main-kerb", of: ROADS, shape: "LineString", kinds: MAIN, color: "kerb", width: [2.4, 20] },
  { what: "minor", of: ROADS, shape: "LineString", but: [...MAIN, ...TRACK], color: "road", width: [0.4, 11] },
  { what: "main", of: ROADS, shape: "LineString", kinds: MAIN, color: "road", width: [1.6, 18] },
  { what: "house", of: ["building", "buildings"], shape: "Polygon", color: "building", from: 14 },
  { what: "name", of: ["transportation_name", "roads", "street_labels"], shape: "LineString", size: 12, from: 14 },
  { what: "place", of: ["place", "places", "place_labels"], shape: "Point", size: 13, from: 10 },
];

/** How wide a line is at `zoom`, in pixels. */
export function widthAt([far, near], zoom) {
  const share = (GROWTH ** (zoom - FAR) - 1) / (GROWTH ** (NEAR - FAR) - 1);
  return far + (near - far) * Math.min(Math.max(share, 0), 1);
}

/** Whether `rule` draws a feature of this shape with these tags. */
export function draws(rule, shape, tags) {
  const kind = tags.class || tags.kind || "";
  return shape === rule.shape && (!rule.kinds || rule.kinds.includes(kind)) && !(rule.but && rule.but.includes(kind));
}

export const nameOf = (tags) => tags["name:zh"] || tags.name || "";

/** The same as layers of MapLibre's style, for what lies under everything; their source is called "ground". */
export function layersOf(base, look) {
  if (base.drawn === "raster") return [{ id: "ground-tiles", type: "raster", source: "ground", paint: look.tiles }];
  const kind = ["coalesce", ["get", "class"], ["get", "kind"], ""];
  const isOne = (kinds) => ["in", kind, ["literal", kinds]];
  return RULES.flatMap((rule) => rule.of.filter((name) => base.layers.includes(name)).map((name) => {
    const filter = ["all", ["==", ["geometry-type"], rule.shape], rule.kinds ? isOne(rule.kinds) : true, rule.but ? ["!", isOne(rule.but)] : true];
    return Object.assign({ id: `ground-${name}-${rule.what}`, source: "ground", "source-layer": name, minzoom: rule.from || 0, filter }, styled(rule, look));
  }));
}

function styled({ color, shape, size, width }, look) {
  if (size) return {
    type: "symbol",
    layout: { "text-field": ["coalesce", ["get", "name:zh"], ["get", "name"], ""], "text-font": [FONT], "text-size": size, "symbol-placement": shape === "Point" ? "point" : "line" },
    paint: { "text-color": look.quiet, "text-halo-color": look.halo, "text-halo-width": 1.4 },
  };
  if (shape === "Polygon") return { type: "fill", paint: { "fill-color": look[color] } };
  const grows = ["interpolate", ["exponential", GROWTH], ["zoom"], FAR, width[0], NEAR, width[1]];
  return { type: "line", layout: { "line-join": "round" }, paint: { "line-color": look[color], "line-width": grows } };
}
