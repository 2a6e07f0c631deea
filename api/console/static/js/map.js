// The map helps; it is never needed. It keeps what is to be shown, chooses how to draw it, and whatever goes wrong in a drawing
// stays here: in three dimensions where the browser has WebGL2, else flat on a canvas, else not at all. Nothing comes from outside but tiles that the site has chosen.

import { coming, distance, door, isEmergency, kindWord } from "./card.js";
import { $, fill, h, keep, kept } from "./dom.js";
import { Flat } from "./map_flat.js";
import { canDrawSolid, Solid } from "./map_solid.js";
import words from "/console/words.js";

const PATIENCE_MS = 4000; // a flat map is there meanwhile
const PINS_AT_MOST = 60; // the most urgent ones; the others are dots
const WANTS = "anxin.map"; // "flat" | "solid": what this operator chose
const BASE = "anxin.map.base"; // "off": who wants our own polygons alone
const LOOK = "anxin.map.look"; // "day" | "night": who wants a dark map on a light desk, until the desk changes
const PAPER_PX = 700; // what fits on a sheet of A4
const LEGEND_FITS_PX = 520;
const NEAREST = 3, NEAR_M = 700; // how many of those who could go are taken into view, and how far away at most
const ABOVE = 1.12; // how much larger than its house the storey is drawn, so that it is seen on all sides

export class Board {
  /** `root` holds the canvas and the legend; `picked(id)` is called when an incident on the map is picked. */
  constructor(root, picked) {
    this.root = root;
    this.onpick = picked;
    this.is = { base: null, areas: null, buildings: null, homes: null, incidents: [], responders: [], scene: null };
    this.look = kept(LOOK) || document.documentElement.dataset.look;
    this.cards = [];
    this.people = [];
    this.pickedId = null;
    this.scene = null; // {card, ranked} of the case on screen
    this.flown = null; // where the operator was taken to, for a drawing that begins later
    this.listeners = [];
    root.dataset.look = this.look;
    addEventListener("look", () => this.setLook(document.documentElement.dataset.look));
    // A map that is not on the screen (a narrow window) costs nothing until it is.
    let isBegun = false;
    new ResizeObserver(() => {
      if (!root.clientWidth) return;
      if (isBegun && this.owed) this._fly();
      else if (!isBegun) this._begin(kept(WANTS));
      isBegun = true;
    }).observe(root);
  }

  // ---- what is to be shown ----

  /** What lies under our polygons, as `/api/map/base` says it; shown unless this operator has put it away. */
  setBase(base) {
    this.base = base.drawn ? base : null;
    $(".map__base", this.root).hidden = !this.base;
    this._putBase(base.problem);
  }

  toggleBase() {
    keep(BASE, this.is.base ? "off" : "on");
    this._putBase("");
  }

  _putBase(problem) {
    const wanted = this.base && kept(BASE) !== "off" ? this.base : null;
    this._set("base", wanted);
    this.root.dataset.base = wanted ? wanted.drawn : "";
    $(".map__base", this.root).setAttribute("aria-pressed", String(Boolean(wanted)));
    const line = $(".map__source", this.root);
    line.textContent = wanted ? wanted.attribution : problem;
    line.hidden = !line.textContent;
  }

  /** Areas as GeoJSON features with `level`, `name`, `label` and `synthetic`. */
  setAreas(collection) {
    const names = new Map(collection.features.map(({ properties }) => [properties.id, properties.name]));
    // 和平社区第7网格 lies in 和平社区: on the map 第7网格 is enough.
    for (const { properties } of collection.features) {
      const outer = names.get(properties.parent_id);
      properties.short = (outer && properties.name.startsWith(outer) ? properties.name.slice(outer.length) : properties.name) || properties.name;
    }
    this._synthetic(collection);
    this._set("areas", collection);
  }

  /** Buildings as GeoJSON features with `id`, `name`, `storeys`, `height_m` and `homes`. */
  setBuildings(collection) {
    this._synthetic(collection);
    this.byId = new Map(collection.features.map((feature) => [feature.properties.id, feature]));
    this._set("buildings", collection);
    this.setIncidents(this.cards, this.pickedId);
  }

  /** The homes of the register as GeoJSON points with `id`, `building_id` and `floor`. */
  setHomes(collection) {
    this.homeById = new Map(collection.features.map((feature) => [feature.properties.id, feature]));
    this._set("homes", collection);
    this.setIncidents(this.cards, this.pickedId);
  }

  /** Open incidents, the most urgent first; those without a position are simply not on the map. */
  setIncidents(cards, pickedId) {
    this.cards = cards;
    this.pickedId = pickedId;
    const placed = cards.filter((card) => card.lat !== null && card.lon !== null);
    this._set("incidents", placed.map((card, index) => ({
      id: card.id, lon: card.lon, lat: card.lat, kind: card.kind, emergency: isEmergency(card), picked: card.id === pickedId,
      pin: index < PINS_AT_MOST || card.id === pickedId, building: this._building(card.household_id),
      words: `${door(card.address)[0]} ${kindWord(card.kind)[0]}`, aria: `${door(card.address)[0]} ${kindWord(card.kind).join(" ")}`,
    })));
    if (this.scene && !placed.some((card) => card.id === this.scene.card.id)) this.setCase(null, []);
    else if (this.scene) this.setCase(placed.find((card) => card.id === this.scene.card.id), this.scene.ranked);
  }

  /** People and clinics: [{id, kind, name, lon, lat, busy, seen_at}]; `seen_at` when a telephone told the place. */
  setResponders(list) {
    this.people = list.filter((one) => one.lat !== null && one.lon !== null);
    if (this.scene) this.setCase(this.scene.card, this.scene.ranked);
    this._nameThem();
  }

  /** Some of them have moved: [{id, lon, lat, seen_at}]. Who is not on the map stays off it. */
  moveResponders(moved) {
    const by = new Map(moved.map((one) => [one.id, one]));
    if (this.people.some((one) => by.has(one.id))) this.setResponders(this.people.map((one) => Object.assign({}, one, by.get(one.id))));
  }

  /** Show the case on screen: with those who are coming, else with the nearest who could. */
  flyToCase(card, ranked = []) {
    const goes = coming(card);
    const there = this.people.filter((one) => goes.includes(one.id));
    this.flyTo(card, there.length ? there : ranked.filter((one) => one.distance_m <= NEAR_M).slice(0, NEAREST));
  }

  /** The case on screen, and who could be sent to it, the first there in front: [{rank, responder_id, name, lon, lat, eta_min}]. */
  setCase(card, ranked) {
    this.scene = card ? { card, ranked } : null;
    const building = card && this._building(card.household_id);
    const home = card && this.homeById && this.homeById.get(card.household_id);
    const floor = home && home.properties.floor;
    const goes = new Set(card ? coming(card) : []);
    const now = new Map(this.people.map((one) => [one.id, one]));
    const others = Array.from(goes).filter((id) => now.has(id) && !ranked.some((one) => one.responder_id === id))
      .map((id) => ({ responder_id: id, rank: 0, name: now.get(id).name, eta_min: null, lon: 0, lat: 0 }));
    const scene = card && card.lat !== null ? {
      id: card.id, lon: card.lon, lat: card.lat, building, floor: building && floor ? storey(building, floor) : null,
      helpers: [...ranked, ...others].map((one) => {
        const { lon, lat } = now.get(one.responder_id) || one; // where they are by now
        const says = goes.has(one.responder_id) ? " 前往" : one.eta_min === null ? "" : ` ${one.eta_min}分钟`;
        return { responder_id: one.responder_id, rank: one.rank, lon, lat, coming: goes.has(one.responder_id), words: `${one.rank || ""} ${one.name}${says}`.trim() };
      }),
    } : null;
    if (JSON.stringify(scene) !== JSON.stringify(this.is.scene)) {
      this._set("scene", scene); // each event of a storm comes by here
      this._nameThem();
    }
    this.root.dataset.case = card ? card.id : "";
    this.root.dataset.floor = floor || "";
  }

  /** Who stands at the end of a line of the case has a name there already. */
  _nameThem() {
    const named = new Set(this.is.scene ? this.is.scene.helpers.map((one) => one.responder_id) : []);
    const word = (kind) => (kind === "clinic" || !words.responder[kind] ? "" : words.responder[kind][0]);
    this._set("responders", this.people.map((one) => Object.assign({}, one, { clinic: one.kind === "clinic", words: named.has(one.id) ? "" : `${word(one.kind)}${one.name}` })));
  }

  _building(householdId) {
    const home = this.homeById && this.homeById.get(householdId);
    return (home && this.byId && this.byId.get(home.properties.building_id)) || null;
  }

  /** Show the home, with those of `helpers` ({lon, lat}) who are on the map as well. */
  flyTo(card, helpers = []) {
    if (card.lat === null || card.lon === null) return;
    this.flown = [[card.lon, card.lat], ...helpers.map((one) => [one.lon, one.lat])];
    this._fly();
  }

  /** No map flies while it has no size: it would break, and be put away for the rest of the shift. */
  _fly() {
    this.owed = !this.root.clientWidth;
    if (!this.owed) this._tell("flyTo", this.flown);
  }

  showAll() {
    this.flown = null;
    this.owed = false;
    this._tell("showAll");
  }

  // ---- how it is drawn ----

  /** "solid" or "flat": by the operator's wish, as far as this browser can; without one, what it draws smoothly. */
  choose(how) {
    keep(WANTS, how);
    this._begin(how);
  }

  get isSolid() {
    return this.view instanceof Solid;
  }

  setLook(look) {
    this.look = look;
    keep(LOOK, look);
    this.root.dataset.look = look;
    this._tell("setLook", look);
  }

  async _begin(how) {
    const turn = (this.turn = (this.turn || 0) + 1);
    if (how === "flat" || !canDrawSolid(how === "solid")) return this._useFlat();
    const meanwhile = setTimeout(() => !this.view && turn === this.turn && this._useFlat(), PATIENCE_MS);
    try {
      const solid = await Solid.open(this._canvas(), this.look, this._events());
      if (turn === this.turn) this._use(solid);
      else solid.close();
    } catch (problem) {
      if (turn === this.turn) this._failed(problem);
    } finally {
      clearTimeout(meanwhile);
    }
  }

  _useFlat() {
    try {
      this._use(new Flat(this._canvas(), this.look, this._events()));
    } catch (problem) {
      this._broken(problem);
    }
  }

  _canvas() {
    const element = h("div", { class: "map__canvas" });
    $(".map__frame", this.root).appendChild(element);
    return element;
  }

  _events() {
    return {
      picked: (id) => this.onpick(id),
      lost: (problem, view) => this.view === view && this._failed(problem),
      settled: (is) => (this.root.dataset.settled = is),
    };
  }

  /** Draw with `view` from now on; the one before goes when this one has everything. */
  _use(view) {
    const before = this.view;
    this.view = view;
    for (const name of Object.keys(this.is)) if (this.is[name]) this._show(name);
    if (this.flown) this._tell("flyTo", this.flown);
    if (this.view !== view) return; // it has failed meanwhile, and another one draws
    if (before) before.close();
    view.element.classList.add("is-shown");
    this.root.dataset.view = this.isSolid ? "3d" : "2d";
    this._changed();
  }

  _set(name, value) {
    this.is[name] = value;
    this._show(name);
    this._changed();
  }

  _show(name) {
    this._tell("show", name, this.is[name]);
  }

  _tell(method, ...what) {
    if (!this.view) return;
    try {
      this.view[method](...what);
    } catch (problem) {
      this._failed(problem);
    }
  }

  /** The drawing is broken: a simpler one, or the words that say so. The queue goes on in any case. */
  _failed(problem) {
    const broken = this.view;
    this.view = null;
    try {
      if (broken) broken.close();
    } catch (again) {
      // It was broken before.
    }
    if (broken instanceof Flat) return this._broken(problem);
    console.error("map", problem);
    this._useFlat();
  }

  _broken(problem) {
    console.error("map", problem);
    this.view = null;
    this.root.dataset.view = "none";
    $(".map__broken", this.root).hidden = false;
  }

  /** `callback` is called when what is on the map, or how, has changed. */
  onchange(callback) {
    this.listeners.push(callback);
  }

  _changed() {
    for (const callback of this.listeners) callback();
  }

  _synthetic({ features }) {
    if (features.some((feature) => feature.properties.synthetic)) $(".legend__synthetic", this.root).hidden = false;
  }

  /** Before printing: an image of what cannot be printed itself, as large as it is, and who could go in words. */
  freeze() {
    const still = $(".map__still", this.root);
    let picture = "";
    try {
      if (this.isSolid) picture = this.view.picture();
    } catch (problem) {
      console.error("map", problem); // the words are printed without it
    }
    still.hidden = !picture;
    if (picture) still.src = picture;
    else still.removeAttribute("src");
    const { clientWidth: width, clientHeight: height } = this.root;
    Object.assign(this.root.style, { width: `${width}px`, height: `${height}px`, zoom: Math.min(1, PAPER_PX / width) });
    fill($(".map__ranked", this.root.parentElement), this.scene ? this.scene.ranked.map((one) => h("li", null, `${one.name} ${(words.responder[one.kind] || [""])[0]} · ${
      one.eta_min === null ? "" : `约${one.eta_min}分钟 · `}直线${distance(one.distance_m)}`)) : null);
  }

  thaw() {
    $(".map__still", this.root).hidden = true;
    Object.assign(this.root.style, { width: "", height: "", zoom: "" });
  }
}

/** The storey `floor` of a building as a slab a little larger than its walls; heights in metres. */
function storey({ geometry, properties }, floor) {
  const each = properties.height_m / properties.storeys;
  const [ring] = geometry.coordinates;
  const corners = ring.slice(0, -1);
  const middle = [0, 1].map((axis) => corners.reduce((sum, corner) => sum + corner[axis], 0) / corners.length);
  const grown = ring.map((corner) => corner.map((value, axis) => middle[axis] + (value - middle[axis]) * ABOVE));
  const base = (Math.min(floor, properties.storeys) - 1) * each;
  return { type: "Feature", geometry: { type: "Polygon", coordinates: [grown] }, properties: { base: Math.max(0, base), top: Math.max(0, base) + each } };
}

/** The legend: shapes with words, so that nothing is said by colour alone. Folded where it would hide the map. */
export function drawLegend(element) {
  let fits = null;
  new ResizeObserver(() => {
    const now = element.parentElement.clientHeight >= LEGEND_FITS_PX;
    if (now !== fits) element.open = fits = now;
  }).observe(element.parentElement);
  const line = (swatch, zh, en) => h("li", null, h("span", { class: `swatch ${swatch}` }), zh, h("span", { class: "en" }, en));
  fill($("div", element),
    h("ul", null,
      line("swatch--emergency", "紧急", "emergency"), line("swatch--other", "其他", "other"),
      line("swatch--floor", "报警楼层", "calling floor"), line("swatch--home", "住户", "home"),
      line("swatch--worker", "在岗", "on duty"), line("swatch--coming", "前往", "coming"),
      line("swatch--line", "可派", "could go"), line("clinic", "卫生服务", "clinic")),
    h("p", { class: "legend__note legend__synthetic", hidden: true }, "示意几何 synthetic geometry"));
}
