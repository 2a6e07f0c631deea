// The map helps; it is never needed. Our own polygons on a canvas, no tiles, nothing from outside.

import { door, isEmergency, kindWord } from "./card.js";
import { $, fill, h, icon } from "./dom.js";
import words from "/console/words.js";

const LETTER_PX = 13; // a name is shown where its cell is wide enough for it
const NAMES_AT_MOST = 80;
const CLOSE_UP = 16.5;
const CALM = window.matchMedia("(prefers-reduced-motion: reduce)");
const LEVELS = {
  street: { color: "#5d7480", weight: 2.5, fill: false },
  community: { color: "#7d93a0", weight: 1.6, fill: false },
  cell: { color: "#b3c3cc", weight: 0.8, fillColor: "#f7fafb", fillOpacity: 1 },
};

export class Board {
  /** `root` holds the canvas and the legend; `picked(id)` is called when an incident on the map is picked. */
  constructor(root, picked) {
    this.root = root;
    this.onpick = picked;
    this.cells = [];
    this.named = new Map();
    this.incidents = new Map(); // id -> {look, marker}
    this.responders = new Map(); // id -> {look, marker}
    if (!window.L) {
      $(".map__broken", root).hidden = false;
      return;
    }
    const map = window.L.map($(".map__canvas", root), {
      preferCanvas: true, zoomControl: false, attributionControl: true, zoomSnap: 0.5, maxZoom: 20, minZoom: 9,
      fadeAnimation: !CALM.matches, zoomAnimation: !CALM.matches, keyboard: true,
    }).setView([37.587, 118.55], 13);
    this.map = map;
    map.attributionControl.setPrefix(false);
    window.L.control.zoom({ position: "topright", zoomInTitle: "放大 zoom in", zoomOutTitle: "缩小 zoom out" }).addTo(map);
    // Moving things have a canvas of their own, or each step would draw all the cells again.
    this.still = window.L.canvas({ padding: 0.3 });
    map.createPane("names").style.zIndex = 420;
    map.createPane("moving").style.zIndex = 450;
    map.createPane("incidents").style.zIndex = 640;
    this.moving = window.L.canvas({ pane: "moving", padding: 0.3 });
    map.on("zoomend moveend", () => this._names());
  }

  /** Areas as GeoJSON features with `level`, `name` and `synthetic`. */
  setAreas(collection) {
    if (!this.map) return;
    const order = { cell: 0, community: 1, street: 2, district: 3 };
    const features = collection.features
      .filter((feature) => feature.geometry && LEVELS[feature.properties.level])
      .sort((a, b) => order[a.properties.level] - order[b.properties.level]);
    const names = new Map(features.map((feature) => [feature.properties.id, feature.properties.name]));
    // 和平社区第7网格 lies in 和平社区: on the map 第7网格 is enough.
    const shortName = ({ name, parent_id: parent }) => (names.has(parent) && name.startsWith(names.get(parent)) ? name.slice(names.get(parent).length) : name) || name;
    let all = null;
    for (const feature of features) {
      const level = feature.properties.level;
      const layer = window.L.polygon(
        feature.geometry.coordinates.map((ring) => (typeof ring[0][0] === "number" ? ring : ring[0]).map(([lon, lat]) => [lat, lon])),
        Object.assign({ renderer: this.still, interactive: false }, LEVELS[level]),
      ).addTo(this.map);
      all = all ? all.extend(layer.getBounds()) : window.L.latLngBounds(layer.getBounds().getSouthWest(), layer.getBounds().getNorthEast());
      if (level === "cell") this.cells.push({ name: shortName(feature.properties), bounds: layer.getBounds(), layer });
    }
    if (all) {
      this.whole = all;
      if (!this.flown) this.map.fitBounds(all, { padding: [20, 20], animate: false });
    }
    $(".legend__synthetic", this.root).hidden = !features.some((feature) => feature.properties.synthetic);
    this._names();
  }

  _names() {
    const view = this.map.getBounds();
    const width = ({ bounds }) => this.map.latLngToLayerPoint(bounds.getNorthEast()).x - this.map.latLngToLayerPoint(bounds.getSouthWest()).x;
    const wanted = this.cells
      .filter((cell) => view.intersects(cell.bounds) && width(cell) > (cell.name.length + 1) * LETTER_PX)
      .slice(0, NAMES_AT_MOST);
    for (const [cell, tooltip] of this.named)
      if (!wanted.includes(cell)) {
        tooltip.remove();
        this.named.delete(cell);
      }
    for (const cell of wanted)
      if (!this.named.has(cell))
        this.named.set(cell, window.L.tooltip({ permanent: true, direction: "center", className: "cell-name", pane: "names", opacity: 1 })
          .setContent(h("span", null, cell.name)).setLatLng(cell.bounds.getCenter()).addTo(this.map));
  }

  /** Open incidents; those without a position are simply not on the map. */
  setIncidents(cards, pickedId) {
    if (!this.map) return;
    const seen = new Set();
    for (const card of cards) {
      if (card.lat === null || card.lon === null) continue;
      seen.add(card.id);
      const look = [card.kind, card.severity, card.stage, card.lat, card.lon, card.id === pickedId].join();
      const old = this.incidents.get(card.id);
      if (old && old.look === look) continue;
      if (old) old.marker.remove();
      this.incidents.set(card.id, { look, marker: this._pin(card, card.id === pickedId) });
    }
    for (const [id, { marker }] of this.incidents)
      if (!seen.has(id)) {
        marker.remove();
        this.incidents.delete(id);
      }
  }

  _pin(card, isPicked) {
    const urgent = isEmergency(card);
    const classes = ["pin", urgent ? "pin--emergency" : "pin--other", isPicked ? "is-picked" : ""];
    const element = h("div", { class: classes.join(" ") }, icon(card.kind));
    const marker = window.L.marker([card.lat, card.lon], {
      pane: "incidents", keyboard: true, zIndexOffset: isPicked ? 1000 : card.severity,
      icon: window.L.divIcon({ className: "pin-place", html: element, iconSize: [44, 44], iconAnchor: [22, 44] }),
    });
    marker.on("click", () => this.onpick(card.id));
    marker.on("keypress", (event) => event.originalEvent.key === "Enter" && this.onpick(card.id));
    const label = h("span", null, `${door(card.address)[0]} ${kindWord(card.kind)[0]}`);
    marker.bindTooltip(label, {
      permanent: isPicked, direction: "right", offset: [20, -26], opacity: 1, pane: "tooltipPane",
      className: urgent ? "pin-name pin-name--emergency" : "pin-name",
    });
    marker.addTo(this.map);
    marker.getElement().setAttribute("aria-label", `${door(card.address)[0]} ${kindWord(card.kind).join(" ")}`);
    return marker;
  }

  /** Responders: [{id, kind, name, lon, lat, busy}]; clinics stand still and have a cross. */
  setResponders(list) {
    if (!this.map) return;
    const seen = new Set();
    for (const person of list) {
      if (person.lat === null || person.lon === null) continue;
      seen.add(person.id);
      const look = `${person.kind}:${person.busy}`;
      const old = this.responders.get(person.id);
      if (old && old.look === look) {
        old.marker.setLatLng([person.lat, person.lon]);
        continue;
      }
      if (old) old.marker.remove();
      this.responders.set(person.id, { look, marker: this._helper(person).addTo(this.map) });
    }
    for (const [id, { marker }] of this.responders)
      if (!seen.has(id)) {
        marker.remove();
        this.responders.delete(id);
      }
  }

  _helper(person) {
    const at = [person.lat, person.lon];
    const word = words.responder[person.kind] ? words.responder[person.kind][0] : "";
    const label = h("span", null, person.kind === "clinic" ? person.name : `${word}${person.name}`);
    let marker;
    if (person.kind === "clinic") {
      marker = window.L.marker(at, {
        pane: "incidents", keyboard: false, zIndexOffset: -1000,
        icon: window.L.divIcon({ className: "pin-place", html: h("div", { class: "clinic" }), iconSize: [22, 22] }),
      });
    } else {
      marker = window.L.circleMarker(at, {
        renderer: this.moving, pane: "moving", radius: person.busy ? 9 : 5.5, weight: 2, color: "#fff",
        fillColor: person.busy ? "#0a6b3d" : "#5b8f76", fillOpacity: 1,
      });
    }
    return marker.bindTooltip(label, { permanent: Boolean(person.busy), direction: "top", offset: [0, -8], className: "pin-name", opacity: 1 });
  }

  /** Show the home, and whoever of `helperIds` is on the map as well. */
  flyTo(card, helperIds = []) {
    if (!this.map || card.lat === null || card.lon === null) return;
    this.flown = true;
    const bounds = window.L.latLngBounds([[card.lat, card.lon], [card.lat, card.lon]]);
    for (const id of helperIds) if (this.responders.has(id)) bounds.extend(this.responders.get(id).marker.getLatLng());
    const options = { maxZoom: CLOSE_UP, padding: [90, 90], duration: 0.8 };
    if (CALM.matches) this.map.fitBounds(bounds, Object.assign(options, { animate: false }));
    else this.map.flyToBounds(bounds, options);
  }

  showAll() {
    if (this.map && this.whole) this.map.fitBounds(this.whole, { padding: [20, 20], animate: !CALM.matches });
  }
}

/** The legend: shapes with words, so that nothing is said by colour alone. */
export function drawLegend(element) {
  fill(element,
    h("ul", null,
      h("li", null, h("span", { class: "swatch swatch--emergency" }), "紧急事件", h("span", { class: "en" }, "emergency")),
      h("li", null, h("span", { class: "swatch swatch--other" }), "其他事件", h("span", { class: "en" }, "other incident")),
      h("li", null, h("span", { class: "swatch swatch--worker" }), "在岗人员", h("span", { class: "en" }, "on duty")),
      h("li", null, h("span", { class: "swatch swatch--coming" }), "正在前往", h("span", { class: "en" }, "coming")),
      h("li", null, h("span", { class: "clinic swatch" }), "卫生服务中心", h("span", { class: "en" }, "clinic"))),
    h("p", { class: "legend__note legend__synthetic", hidden: true }, "示意几何 synthetic geometry"));
}
