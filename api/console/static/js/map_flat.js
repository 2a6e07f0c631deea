// The same map flat, on Leaflet's canvas: for browsers without WebGL2, and for whoever likes it better.

import { h } from "./dom.js";
import { LOOKS } from "./map_looks.js";
import { pin } from "./map_pin.js";
import { TILE_PX, Tiles } from "./map_tiles.js";
import { paint, read } from "./map_vector.js";

const LETTER_PX = 13; // a name is shown where its cell is wide enough for it
const NAMES_AT_MOST = 80;
const CLOSE_UP = 16.5;
const WITH_HOUSES = 15; // from this zoom on, those in view
const WITH_HOMES = 14;
const VECTORS_KEPT = 24;
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const ORDER = { cell: 0, community: 1, street: 2 };

const turned = ([lon, lat]) => [lat, lon];

export class Flat {
  constructor(element, look, events) {
    if (!window.L) throw new Error("Leaflet did not load");
    this.L = window.L;
    this.element = element;
    this.events = events;
    this.look = LOOKS[look];
    this.cells = [];
    this.named = new Map(); // cell -> its name on the map
    this.houses = new Map(); // building id -> {bounds, feature, layer}
    this.pins = new Map(); // incident id -> {look, marker}
    this.people = new Map(); // responder id -> {look, marker}
    const map = this.L.map(element, {
      preferCanvas: true, zoomControl: false, attributionControl: true, zoomSnap: 0.5, maxZoom: 20, minZoom: 9,
      fadeAnimation: !CALM.matches, zoomAnimation: !CALM.matches, keyboard: true,
    }).setView([37.587, 118.55], 13);
    this.map = map;
    map.attributionControl.setPrefix(false);
    this.L.control.zoom({ position: "topright", zoomInTitle: "放大 zoom in", zoomOutTitle: "缩小 zoom out" }).addTo(map);
    this.L.control.scale({ position: "bottomright", imperial: false }).addTo(map);
    // Moving things have a canvas of their own, or each step would draw all the cells again.
    this.still = this.L.canvas({ padding: 0.3 });
    for (const [name, above] of [["names", 420], ["lines", 430], ["moving", 450], ["incidents", 640]]) map.createPane(name).style.zIndex = above;
    this.moving = this.L.canvas({ pane: "moving", padding: 0.3 });
    this.lines = this.L.layerGroup([], { pane: "lines" }).addTo(map);
    this.ground = this.L.layerGroup().addTo(map);
    this.dots = this.L.layerGroup();
    map.on("zoomend moveend", () => this._inView());
    this.sized = new ResizeObserver(() => {
      map.invalidateSize({ animate: false });
      this._begin();
    });
    this.sized.observe(element);
  }

  close() {
    this.sized.disconnect();
    this.map.remove();
    this.element.remove();
  }

  setLook(name) {
    this.look = LOOKS[name];
    for (const [part, value] of Object.entries(this.is || {})) {
      if (part === "incidents") continue; // pins are coloured by the style sheet
      if (part === "responders") for (const known of this.people.values()) known.look = "";
      if (part === "buildings") this._forgetHouses();
      this[`_${part}`](value);
    }
  }

  show(part, value) {
    this.is = Object.assign(this.is || {}, { [part]: value });
    this[`_${part}`](value);
    this.events.settled(true);
  }

  /** What lies under it, on canvases: pictures, moved to their place, or vector tiles painted here. */
  _base(base) {
    if (this.tiles) this.tiles.remove();
    this.tiles = base ? this._tiles(base).addTo(this.map) : null;
    if (this.is.areas) this._areas(this.is.areas);
  }

  _tiles(base) {
    const tiles = new Tiles(base, false);
    const isVector = base.drawn === "vector";
    const options = { minZoom: 9, maxZoom: 20, className: isVector ? "" : "is-picture", minNativeZoom: base.min_zoom };
    if (!isVector) options.maxNativeZoom = base.max_zoom;
    if (base.bounds) options.bounds = [[base.bounds[1], base.bounds[0]], [base.bounds[3], base.bounds[2]]];
    const fill = isVector ? vectors(tiles, base.max_zoom, () => this.look) : async (brush, { x, y, z }) => {
      const picture = await tiles.picture(z, x, y);
      if (picture) brush.drawImage(picture, 0, 0, TILE_PX, TILE_PX);
    };
    const Layer = this.L.GridLayer.extend({
      createTile(place, done) {
        const tile = Object.assign(document.createElement("canvas"), { width: TILE_PX, height: TILE_PX });
        fill(tile.getContext("2d"), place).then(() => done(null, tile), (problem) => done(problem, tile));
        return tile;
      },
    });
    return new Layer(options);
  }

  _areas(collection) {
    if (!collection) return;
    const { L, look } = this;
    const styles = {
      street: { color: look.streetLine, weight: 2.5, fill: false }, community: { color: look.communityLine, weight: 1.6, fill: false },
      cell: { color: this.tiles ? look.communityLine : look.cellLine, weight: 0.8, fillColor: look.cell, fillOpacity: this.tiles ? 0 : 1 },
    };
    this.ground.clearLayers();
    this.cells = [];
    const features = collection.features.filter(({ geometry, properties }) => geometry && styles[properties.level])
      .sort((a, b) => ORDER[a.properties.level] - ORDER[b.properties.level]);
    let all = null;
    for (const { geometry, properties } of features) {
      const layer = L.polygon(geometry.coordinates.map((ring) => ring.map(turned)), Object.assign({ renderer: this.still, interactive: false }, styles[properties.level]));
      this.ground.addLayer(layer);
      all = all ? all.extend(layer.getBounds()) : L.latLngBounds(layer.getBounds().getSouthWest(), layer.getBounds().getNorthEast());
      if (properties.level === "cell") this.cells.push({ name: properties.short, bounds: layer.getBounds(), layer });
    }
    this.whole = all;
    this._begin();
    this._inView();
  }

  /** Show the whole of it once, as soon as there is something to show, and room for it: without room it would break. */
  _begin() {
    if (this.isBegun || this.flown || !this.whole || !this.element.clientWidth) return;
    this.isBegun = true;
    this.map.fitBounds(this.whole, { padding: [20, 20], animate: false });
  }

  _buildings(collection) {
    this._forgetHouses();
    if (!collection) return;
    for (const feature of collection.features) {
      const corners = feature.geometry.coordinates[0].map(turned);
      this.houses.set(feature.properties.id, { corners, bounds: this.L.latLngBounds(corners), lived: feature.properties.homes > 0, layer: null });
    }
    this._inView();
  }

  _forgetHouses() {
    for (const house of this.houses.values()) if (house.layer) house.layer.remove();
    if (this.is && this.is.buildings) this.houses.forEach((house) => (house.layer = null));
  }

  _homes(collection) {
    this.dots.clearLayers();
    for (const { geometry } of collection ? collection.features : [])
      this.dots.addLayer(this.L.circleMarker(turned(geometry.coordinates), { renderer: this.still, interactive: false, radius: 3, weight: 1, color: this.look.ring, fillColor: this.look.home, fillOpacity: 1 }));
    this._inView();
  }

  /** What is only drawn from near: names, houses, homes. */
  _inView() {
    const view = this.map.getBounds();
    const near = this.map.getZoom() >= WITH_HOUSES;
    for (const [id, house] of this.houses) {
      const wanted = near && view.intersects(house.bounds);
      if (wanted && !house.layer) house.layer = this.L.polygon(house.corners, Object.assign({ renderer: this.still, interactive: false, weight: 1 }, this._houseLook(id))).addTo(this.map);
      else if (!wanted && house.layer) {
        house.layer.remove();
        house.layer = null;
      }
    }
    if (this.map.getZoom() >= WITH_HOMES) this.dots.addTo(this.map);
    else this.dots.remove();
    this._names(view);
  }

  _houseLook(id) {
    const { look } = this;
    if (this.called === id) return { color: look.floor, fillColor: look.floor, fillOpacity: 0.9, weight: 2 };
    const color = this.houses.get(id).lived ? look.lived : look.building;
    return { color: look.communityLine, fillColor: color, fillOpacity: 1, weight: 0.6 };
  }

  _names(view) {
    const width = ({ bounds }) => this.map.latLngToLayerPoint(bounds.getNorthEast()).x - this.map.latLngToLayerPoint(bounds.getSouthWest()).x;
    const wanted = this.cells.filter((cell) => view.intersects(cell.bounds) && width(cell) > (cell.name.length + 1) * LETTER_PX).slice(0, NAMES_AT_MOST);
    for (const [cell, tooltip] of this.named)
      if (!wanted.includes(cell)) {
        tooltip.remove();
        this.named.delete(cell);
      }
    for (const cell of wanted)
      if (!this.named.has(cell))
        this.named.set(cell, this.L.tooltip({ permanent: true, direction: "center", className: "cell-name", pane: "names", opacity: 1 })
          .setContent(h("span", null, cell.name)).setLatLng(cell.bounds.getCenter()).addTo(this.map));
  }

  _incidents(list) {
    const seen = new Set();
    for (const one of list) {
      seen.add(one.id);
      const look = [one.kind, one.emergency, one.picked, one.pin, one.lon, one.lat, one.words].join();
      const old = this.pins.get(one.id);
      if (old && old.look === look) continue;
      if (old) old.marker.remove();
      this.pins.set(one.id, { look, marker: (one.pin ? this._pin(one) : this._dot(one)).addTo(this.map) });
    }
    for (const [id, { marker }] of this.pins)
      if (!seen.has(id)) {
        marker.remove();
        this.pins.delete(id);
      }
  }

  _pin(one) {
    const place = this.L.divIcon({ className: "pin-place", html: pin(one, this.events.picked), iconSize: [44, 44], iconAnchor: [22, 44] });
    return this.L.marker([one.lat, one.lon], { pane: "incidents", keyboard: false, zIndexOffset: one.picked ? 1000 : one.emergency ? 500 : 0, icon: place });
  }

  _dot(one) {
    return this.L.circleMarker([one.lat, one.lon], {
      renderer: this.moving, pane: "moving", radius: 6, weight: 1.5, color: this.look.ring, fillColor: one.emergency ? this.look.emergency : this.look.other, fillOpacity: 1,
    });
  }

  _responders(list) {
    const seen = new Set();
    for (const one of list) {
      seen.add(one.id);
      const look = `${one.kind}:${one.busy}:${one.words}`;
      const old = this.people.get(one.id);
      if (old && old.look === look) {
        old.marker.setLatLng([one.lat, one.lon]);
        continue;
      }
      if (old) old.marker.remove();
      this.people.set(one.id, { look, marker: this._person(one).addTo(this.map) });
    }
    for (const [id, { marker }] of this.people)
      if (!seen.has(id)) {
        marker.remove();
        this.people.delete(id);
      }
  }

  _person(one) {
    const at = [one.lat, one.lon];
    const marker = one.clinic
      ? this.L.marker(at, {
        pane: "incidents", keyboard: false, zIndexOffset: -1000, icon: this.L.divIcon({ className: "pin-place", html: h("div", { class: "clinic" }), iconSize: [22, 22] }),
      })
      : this.L.circleMarker(at, {
        renderer: this.moving, pane: "moving", radius: one.busy ? 9 : 5.5, weight: 2, color: this.look.ring, fillColor: one.busy ? this.look.coming : this.look.worker, fillOpacity: 1,
      });
    return marker.bindTooltip(h("span", null, one.words), { permanent: Boolean(one.busy), direction: "top", offset: [0, -8], className: "pin-name", opacity: 1 });
  }

  _scene(scene) {
    this.lines.clearLayers();
    const before = this.called;
    this.called = scene && scene.building ? scene.building.properties.id : null;
    for (const id of [before, this.called]) {
      const house = this.houses.get(id);
      if (house && house.layer) house.layer.setStyle(this._houseLook(id)).bringToFront();
    }
    if (!scene) return;
    for (const one of scene.helpers) {
      const color = one.coming ? this.look.coming : this.look.line;
      this.lines.addLayer(this.L.polyline([[scene.lat, scene.lon], [one.lat, one.lon]], { renderer: this.moving, pane: "moving", interactive: false, color, weight: one.coming ? 3.5 : 2, dashArray: one.coming ? null : "7 5" }));
      this.lines.addLayer(this.L.circleMarker([one.lat, one.lon], { renderer: this.moving, pane: "moving", radius: 7, weight: 2, color: this.look.ring, fillColor: color, fillOpacity: 1 })
        .bindTooltip(h("span", null, one.words), { permanent: true, direction: "top", offset: [0, -8], className: "pin-name", opacity: 1 }));
    }
  }

  flyTo(places) {
    this.map.invalidateSize({ animate: false }); // it may have had none until now, and be told of it only later
    this.flown = true;
    const options = { maxZoom: CLOSE_UP, padding: [90, 90], duration: 0.8 };
    const bounds = this.L.latLngBounds(places.map(turned));
    if (CALM.matches) this.map.fitBounds(bounds, Object.assign(options, { animate: false }));
    else this.map.flyToBounds(bounds, options);
  }

  showAll() {
    if (this.whole) this.map.fitBounds(this.whole, { padding: [20, 20], animate: !CALM.matches });
  }
}

/** Paints a tile of the map from the vector tile that it is in; those seen last are kept as they were read. */
function vectors(tiles, deepest, look) {
  const known = new Map();
  const layers = (z, x, y) => {
    const name = `${z}/${x}/${y}`;
    const found = known.get(name) || tiles.bytes(z, x, y).then((bytes) => (bytes ? read(bytes) : new Map()));
    known.delete(name);
    known.set(name, found);
    found.catch(() => known.delete(name));
    if (known.size > VECTORS_KEPT) known.delete(known.keys().next().value);
    return found;
  };
  return async (brush, { x, y, z }) => {
    const deeper = Math.max(0, z - deepest);
    const parts = 2 ** deeper;
    const [column, row] = [Math.floor(x / parts), Math.floor(y / parts)];
    const found = await layers(z - deeper, column, row);
    paint(brush, found, look(), { zoom: z, whole: parts * TILE_PX, left: (column * parts - x) * TILE_PX, top: (row * parts - y) * TILE_PX, side: TILE_PX });
  };
}
