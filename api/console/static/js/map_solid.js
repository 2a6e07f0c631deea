// The map in three dimensions: MapLibre GL on WebGL2. Our own polygons and words, no glyphs, no sprites; under them what the site has.

import { layersOf } from "./map_ground.js";
import { FONT, LOOKS } from "./map_looks.js";
import { pin } from "./map_pin.js";
import { TILE_PX, Tiles } from "./map_tiles.js";

const LIBRARY = "/vendor/maplibre-gl/maplibre-gl.mjs";
const WORKER = "/vendor/maplibre-gl/maplibre-gl-worker.mjs";
const STYLES = "/vendor/maplibre-gl/maplibre-gl.css";
const CLOSE_UP = 17;
const TILTED = 55, FROM_AFAR = 42, TURNED = -14; // degrees
const NEARER = 0.25; // what lies down needs less height
const FLIGHT_MS = 1100;
const EQUATOR_M = 40075016.7;
const WITHOUT_A_CARD = /swiftshader|llvmpipe|software|basic render/i; // Chromium, Mesa, Apple, Windows
const NOTHING = { type: "FeatureCollection", features: [] };
const SPEECH = {
  "Map.Title": "地图 map", "NavigationControl.ZoomIn": "放大 zoom in", "NavigationControl.ZoomOut": "缩小 zoom out",
  "NavigationControl.ResetBearing": "转回正北,拖动可旋转 north up, drag to turn", "Marker.Title": "事件 incident",
};

/**
 * Whether this browser draws with WebGL2: MapLibre throws without it. What is drawn without a graphics card is too
 * slow to be dragged, a few pictures a second: only who wants it gets that.
 */
export function canDrawSolid(isWanted) {
  try {
    const context = document.createElement("canvas").getContext("webgl2");
    if (!context) return false;
    const named = context.getExtension("WEBGL_debug_renderer_info");
    const drawnBy = named ? context.getParameter(named.UNMASKED_RENDERER_WEBGL) : "";
    const away = context.getExtension("WEBGL_lose_context");
    if (away) away.loseContext(); // a browser has only a few of them
    return isWanted || !WITHOUT_A_CARD.test(drawnBy);
  } catch (refused) {
    return false;
  }
}

export class Solid {
  /** A map in `element` that can be drawn on. Rejected when the library, its worker or WebGL2 does not come up. */
  static async open(element, look, events) {
    const library = await import(LIBRARY);
    await styles();
    library.setWorkerUrl(WORKER);
    const solid = new Solid(library, element, look, events);
    try {
      await solid.ready;
    } catch (problem) {
      solid.close();
      throw problem;
    }
    return solid;
  }

  constructor(library, element, look, events) {
    this.library = library;
    this.element = element;
    this.events = events;
    this.look = LOOKS[look];
    this.known = new Map(); // source -> id -> what was last said of it
    this.pins = new Map(); // incident id -> {look, marker, height}
    this.marked = new Set(); // ids of the buildings that call
    this.cell = null; // the id of the cell of the case on screen
    this.base = null; // what lies under it all
    const map = new library.Map({
      container: element, style: this._style(), center: [118.55, 37.587], zoom: 12.6, pitch: FROM_AFAR, bearing: TURNED, minZoom: 9, maxZoom: 20,
      maxPitch: 70, attributionControl: false, localIdeographFontFamily: FONT, locale: SPEECH, fadeDuration: 0, renderWorldCopies: false,
      canvasContextAttributes: { antialias: true },
    });
    this.map = map;
    map.addControl(new library.NavigationControl({ visualizePitch: true }), "top-right");
    map.addControl(new library.ScaleControl({ maxWidth: 110 }), "bottom-right");
    map.on("move", () => this._lift());
    map.on("dataloading", () => events.settled(false));
    map.on("movestart", () => events.settled(false));
    map.on("idle", () => events.settled(true));
    this.ready = new Promise((loaded, failed) => {
      map.once("load", loaded);
      map.on("error", ({ error }) => (map.loaded() ? console.error("map", error) : failed(error)));
      map.on("webglcontextlost", () => {
        failed(new Error("the WebGL context is lost"));
        events.lost(new Error("the WebGL context is lost"), this);
      });
    });
    map.once("load", () => this._symbols());
  }

  close() {
    for (const { marker } of this.pins.values()) marker.remove();
    this.map.remove();
    this.element.remove();
  }

  // ---- how it looks ----

  _style() {
    const data = (more = {}) => Object.assign({ type: "geojson", data: NOTHING }, more);
    return {
      version: 8,
      light: { anchor: "viewport", color: "#ffffff", intensity: this.look.light, position: [1.3, 210, 35] },
      sources: {
        areas: data({ promoteId: "id" }), names: data(), buildings: data({ promoteId: "id", tolerance: 0 }), numbers: data(), floor: data({ tolerance: 0 }),
        homes: data(), incidents: data(), responders: data(), lines: data(), helpers: data(),
      },
      layers: this._layers(),
    };
  }

  _layers() {
    const look = this.look;
    const level = (name) => ["==", ["get", "level"], name];
    const calls = ["boolean", ["feature-state", "called"], false];
    const line = (id, width, color) => ({ id, type: "line", source: "areas", filter: level(id), paint: { "line-color": color, "line-width": width }, layout: { "line-join": "round" } });
    const label = (id, source, size, color, more = {}, layout = {}) => Object.assign({
      id, type: "symbol", source, layout: Object.assign({ "text-field": ["get", "words"], "text-font": [FONT], "text-size": size, "text-padding": 4, "text-max-width": 12 }, layout),
      paint: { "text-color": color, "text-halo-color": look.halo, "text-halo-width": 1.6 },
    }, more);
    return [
      { id: "ground", type: "background", paint: { "background-color": look.ground } },
      {
        id: "cells", type: "fill", source: "areas", filter: level("cell"),
        paint: { "fill-color": ["case", calls, look.ownCell, look.cell], "fill-opacity": this.base ? ["case", calls, 0.4, 0] : 1, "fill-antialias": false },
      },
      line("cell", ["interpolate", ["linear"], ["zoom"], 12, 0.5, 17, 1.5], this.base ? look.communityLine : look.cellLine), line("community", 1.8, look.communityLine), line("street", 2.8, look.streetLine),
      {
        id: "buildings", type: "fill-extrusion", source: "buildings", minzoom: 13,
        paint: {
          "fill-extrusion-color": ["case", calls, look.called, [">", ["get", "homes"], 0], look.lived, look.building],
          "fill-extrusion-height": ["get", "height_m"], "fill-extrusion-vertical-gradient": true,
        },
      },
      {
        id: "floor", type: "fill-extrusion", source: "floor",
        paint: { "fill-extrusion-color": look.floor, "fill-extrusion-base": ["get", "base"], "fill-extrusion-height": ["get", "top"], "fill-extrusion-vertical-gradient": false },
      },
      { id: "line-edge", type: "line", source: "lines", layout: { "line-cap": "round" }, paint: { "line-color": look.halo, "line-width": 6, "line-opacity": 0.75 } },
      { id: "line-could", type: "line", source: "lines", filter: ["!", ["get", "coming"]], paint: { "line-color": look.line, "line-width": 2.2, "line-dasharray": [2.2, 1.6] } },
      { id: "line-coming", type: "line", source: "lines", filter: ["get", "coming"], layout: { "line-cap": "round" }, paint: { "line-color": look.coming, "line-width": 3.6 } },
      {
        id: "homes", type: "circle", source: "homes", minzoom: 13.5,
        paint: { "circle-radius": ["interpolate", ["linear"], ["zoom"], 13.5, 1.8, 17, 4.5], "circle-color": look.home, "circle-stroke-color": look.ring, "circle-stroke-width": 1.2 },
      },
      label("numbers", "numbers", 11, look.quiet, { minzoom: 16.6 }),
      label("names", "names", 12.5, look.text, { minzoom: 14, filter: level("cell") }),
      label("communities", "names", 15, look.text, { maxzoom: 14, filter: level("community") }, { "text-allow-overlap": true }),
      {
        id: "people", type: "circle", source: "responders", filter: ["!", ["get", "clinic"]],
        paint: {
          "circle-radius": ["interpolate", ["linear"], ["zoom"], 12, ["case", ["get", "busy"], 8, 3], 16, ["case", ["get", "busy"], 8, 6]],
          "circle-color": ["case", ["get", "busy"], look.coming, look.worker], "circle-stroke-color": look.ring, "circle-stroke-width": 1.8,
        },
      },
      {
        id: "clinics", type: "symbol", source: "responders", filter: ["get", "clinic"],
        layout: { "icon-image": "clinic", "icon-allow-overlap": true, "icon-ignore-placement": true },
      },
      label("clinic-names", "responders", 12, look.clinic, { minzoom: 14.5, filter: ["get", "clinic"] }, { "text-offset": [0, 1.5], "text-anchor": "top" }),
      label("people-names", "responders", 12, look.text, { minzoom: 16, filter: ["all", ["!", ["get", "clinic"]], ["!", ["get", "busy"]]] }, { "text-offset": [0, 0.9], "text-anchor": "top" }),
      label("coming-names", "responders", 13.5, look.coming, { filter: ["get", "busy"] }, { "text-offset": [0, 1], "text-anchor": "top", "text-allow-overlap": true }),
      {
        id: "helper-dots", type: "circle", source: "helpers",
        paint: { "circle-radius": 7, "circle-color": ["case", ["get", "coming"], look.coming, look.line], "circle-stroke-color": look.ring, "circle-stroke-width": 2 },
      },
      label("helpers", "helpers", 14, ["case", ["get", "coming"], look.coming, look.line], {}, {
        "text-variable-anchor": ["bottom", "right", "left", "top"], "text-radial-offset": 0.9, "text-justify": "auto", "symbol-sort-key": ["get", "order"],
      }),
      {
        id: "incidents", type: "circle", source: "incidents",
        paint: { "circle-radius": 6, "circle-color": ["case", ["get", "emergency"], look.emergency, look.other], "circle-stroke-color": look.ring, "circle-stroke-width": 1.5 },
      },
    ];
  }

  setLook(name) {
    this.look = LOOKS[name];
    this._paint();
    this.map.setLight({ anchor: "viewport", color: "#ffffff", intensity: this.look.light, position: [1.3, 210, 35] });
    this._symbols();
  }

  _paint() {
    const layers = [...this._layers(), ...(this.base ? layersOf(this.base, this.look) : [])];
    for (const { id, paint } of layers) for (const [property, value] of Object.entries(paint || {})) this.map.setPaintProperty(id, property, value);
  }

  /** The cross of a clinic, drawn here: no sprite is fetched. */
  _symbols() {
    const size = 44;
    const canvas = document.createElement("canvas");
    canvas.width = canvas.height = size;
    const brush = canvas.getContext("2d");
    brush.fillStyle = this.look.ring;
    brush.fillRect(0, 0, size, size);
    brush.fillStyle = this.look.clinic;
    brush.fillRect(4, 4, size - 8, size - 8);
    brush.fillStyle = this.look.ring;
    brush.fillRect(19, 11, 6, 22);
    brush.fillRect(11, 19, 22, 6);
    const drawn = brush.getImageData(0, 0, size, size);
    if (this.map.hasImage("clinic")) this.map.updateImage("clinic", drawn);
    else this.map.addImage("clinic", drawn, { pixelRatio: 2 });
  }

  // ---- what is shown ----

  /** Show `value` as the new state of one part; only what is different is handed on. */
  show(part, value) {
    this[`_${part}`](value || NOTHING);
  }

  /** `base` as `/api/map/base` says it; nothing for none. */
  _base(base) {
    const { map } = this;
    if (this.base) {
      for (const { id } of layersOf(this.base, this.look)) map.removeLayer(id);
      map.removeSource("ground");
    }
    this.base = base.drawn ? base : null;
    if (this.base) {
      const tiles = new Tiles(base, true);
      const isVector = base.drawn === "vector";
      this.library.addProtocol("ground", async ({ url }, { signal }) => {
        const place = url.split("/").slice(-3).map(Number);
        const picture = isVector ? await tiles.bytes(...place, signal) : await tiles.picture(...place, signal);
        return { data: picture instanceof HTMLCanvasElement ? await createImageBitmap(picture) : picture };
      });
      const bounds = base.bounds ? { bounds: base.bounds } : {};
      map.addSource("ground", Object.assign({ type: base.drawn, tiles: ["ground://tile/{z}/{x}/{y}"], tileSize: isVector ? 512 : TILE_PX, minzoom: base.min_zoom, maxzoom: base.max_zoom }, bounds));
      for (const layer of layersOf(base, this.look)) map.addLayer(layer, layer.type === "symbol" ? "homes" : "cells");
    }
    this._paint();
  }

  _areas(collection) {
    const still = ["cell", "community", "street"];
    const areas = collection.features.filter(({ properties }) => still.includes(properties.level));
    this._source("areas").setData({ type: "FeatureCollection", features: areas });
    this._source("names").setData(points(areas, ({ properties }) => [properties.label, { level: properties.level, words: properties.short }]));
    this.whole = new this.library.LngLatBounds();
    for (const { geometry, properties } of areas) if (properties.level === "street" || areas.length === 1) for (const corner of geometry.coordinates[0]) this.whole.extend(corner);
    if (this.whole.isEmpty()) for (const { geometry } of areas) for (const corner of geometry.coordinates[0]) this.whole.extend(corner);
    if (!this.flown) this.showAll(false);
  }

  _buildings(collection) {
    this._source("buildings").setData(collection);
    this._source("numbers").setData(points(collection.features, ({ geometry, properties }) => [centre(geometry), { words: properties.name }]));
  }

  _homes(collection) {
    this._source("homes").setData(collection);
  }

  _incidents(list) {
    const incidents = Array.isArray(list) ? list : [];
    this._update("incidents", incidents.map((one) => feature(one.id, [one.lon, one.lat], { emergency: one.emergency })));
    this._mark(new Set(incidents.filter((one) => one.building && (one.picked || one.emergency)).map((one) => one.building.properties.id)));
    const seen = new Set();
    for (const one of incidents.filter((each) => each.pin)) {
      seen.add(one.id);
      const look = [one.kind, one.emergency, one.picked, one.lon, one.lat, one.words].join();
      const height = one.building ? one.building.properties.height_m : 0;
      const old = this.pins.get(one.id);
      if (old && old.look === look && old.height === height) continue;
      if (old) old.marker.remove();
      const element = pin(one, this.events.picked);
      element.style.zIndex = one.picked ? 3 : one.emergency ? 2 : 1;
      const marker = new this.library.Marker({ element, anchor: "bottom-left" }).setLngLat([one.lon, one.lat]).addTo(this.map);
      this.pins.set(one.id, { look, height, marker });
    }
    for (const [id, { marker }] of this.pins)
      if (!seen.has(id)) {
        marker.remove();
        this.pins.delete(id);
      }
    this._lift();
  }

  _responders(list) {
    const all = Array.isArray(list) ? list : [];
    this._update("responders", all.map((one) => feature(one.id, [one.lon, one.lat], { clinic: one.clinic, busy: Boolean(one.busy), words: one.words })));
  }

  _scene(scene) {
    this.scene = scene.id ? scene : null;
    const helpers = this.scene ? scene.helpers : [];
    this._source("floor").setData(this.scene && scene.floor ? scene.floor : NOTHING);
    this._update("lines", helpers.map((one) => ({
      type: "Feature", id: one.responder_id, properties: { coming: one.coming },
      geometry: { type: "LineString", coordinates: [[scene.lon, scene.lat], [one.lon, one.lat]] },
    })));
    this._update("helpers", helpers.map((one) => feature(one.responder_id, [one.lon, one.lat], { words: one.words, coming: one.coming, order: one.coming ? 0 : one.rank })));
    const cell = this.scene && scene.building ? scene.building.properties.area_id : null;
    if (cell === this.cell) return;
    if (this.cell) this.map.setFeatureState({ source: "areas", id: this.cell }, { called: false });
    if (cell) this.map.setFeatureState({ source: "areas", id: cell }, { called: true });
    this.cell = cell;
  }

  /** Buildings are recoloured one by one; the eight thousand others are not touched. */
  _mark(called) {
    for (const id of this.marked) if (!called.has(id)) this.map.setFeatureState({ source: "buildings", id }, { called: false });
    for (const id of called) if (!this.marked.has(id)) this.map.setFeatureState({ source: "buildings", id }, { called: true });
    this.marked = called;
  }

  _source(name) {
    return this.map.getSource(name);
  }

  /** Hand on the difference to what was said last; features have ids. */
  _update(name, features) {
    const known = this.known.get(name) || new Map();
    const now = new Map(features.map((one) => [one.id, JSON.stringify(one)]));
    const add = features.filter((one) => known.get(one.id) !== now.get(one.id));
    const remove = Array.from(known.keys()).filter((id) => !now.has(id));
    this.known.set(name, now);
    if (add.length || remove.length) this._source(name).updateData({ add, remove });
  }

  /** Pins stand on the roofs of their houses, not in front of their doors. */
  _lift() {
    const { map } = this;
    const metre = (512 * 2 ** map.getZoom()) / (EQUATOR_M * Math.cos((map.getCenter().lat * Math.PI) / 180)) * Math.sin((map.getPitch() * Math.PI) / 180);
    for (const { marker, height } of this.pins.values()) marker.setOffset([-22, Math.round(-height * metre)]);
  }

  // ---- where it looks ----

  flyTo(places) {
    this.map.resize(); // it may have had no size until now, and be told of it only later
    this.flown = true;
    const bounds = new this.library.LngLatBounds();
    for (const place of places) bounds.extend(place);
    this.map.fitBounds(bounds, { padding: this._margins(), maxZoom: CLOSE_UP, pitch: TILTED, bearing: TURNED, duration: FLIGHT_MS });
  }

  showAll(moving = true) {
    if (!this.whole || this.whole.isEmpty()) return;
    const seen = this.map.cameraForBounds(this.whole, { padding: 24, bearing: TURNED });
    this.map.easeTo(Object.assign(seen, { zoom: seen.zoom + NEARER, pitch: FROM_AFAR, duration: moving ? FLIGHT_MS : 0 }));
  }

  _margins() {
    const { clientWidth: width, clientHeight: height } = this.element;
    return { top: Math.min(170, height / 3), bottom: Math.min(190, height / 6), left: Math.min(70, width / 6), right: Math.min(190, width / 3) }; // the words of a pin stand to its right
  }

  /** The map as it is now, as the address of an image. */
  picture() {
    this.map.redraw();
    return this.map.getCanvas().toDataURL("image/png");
  }
}

const feature = (id, coordinates, properties) => ({ type: "Feature", id, properties, geometry: { type: "Point", coordinates } });

function points(features, of) {
  return { type: "FeatureCollection", features: features.map((one, index) => feature(index, ...of(one))) };
}

function centre({ coordinates: [ring] }) {
  const corners = ring.slice(0, -1);
  return [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
}

/** MapLibre's own style sheet, once; a map without it would lie beside its frame. */
function styles() {
  if (document.querySelector(`link[href="${STYLES}"]`)) return Promise.resolve();
  return new Promise((loaded, failed) => {
    const link = document.createElement("link");
    Object.assign(link, { rel: "stylesheet", href: STYLES, onload: loaded, onerror: () => failed(new Error(`${STYLES} does not come`)) });
    document.head.prepend(link); // ours may overrule it
  });
}
