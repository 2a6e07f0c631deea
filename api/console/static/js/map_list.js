// The map as a list: everything that is on it, by keyboard and for screen readers. Choosing a line takes the map there.

import { byUrgency, distance, door, kindWord, place } from "./card.js";
import { shortTime } from "./clock.js";
import { $, both, fill, h } from "./dom.js";
import words from "/console/words.js";

const AT_MOST = 20; // of each kind; more by typing

export class MapList {
  /** `root` is the panel, `toggle` the button that opens it; `picked(id)` is called when an incident is chosen. */
  constructor(root, toggle, board, picked) {
    this.root = root;
    this.toggle = toggle;
    this.board = board;
    this.onpick = picked;
    this.input = h("input", {
      type: "search", placeholder: "网格、楼栋、住户、人员 filter", "aria-label": "在地图里找 find on the map", autocomplete: "off", oninput: () => this.draw(),
    });
    this.body = h("div", { class: "twin__body" });
    fill(root, h("div", { class: "twin__head" }, this.input,
      h("button", { class: "button", type: "button", "aria-label": "关上 close", onclick: () => this.show(false) }, "×")), this.body);
    root.addEventListener("keydown", (event) => {
      if (event.key !== "Escape") return;
      event.stopPropagation();
      this.show(false);
    });
    toggle.addEventListener("click", () => this.show(root.hidden));
    board.onchange(() => !root.hidden && this._later());
  }

  show(open) {
    this.root.hidden = !open;
    this.toggle.setAttribute("aria-expanded", open);
    if (!open) return this.toggle.focus();
    this.draw();
    this.input.focus();
  }

  /** Many things change at once; one drawing is enough, and it does not take the focus away. */
  _later() {
    if (this.waiting) return;
    this.waiting = true;
    requestAnimationFrame(() => {
      this.waiting = false;
      if (!this.root.hidden) this.draw();
    });
  }

  draw() {
    const focused = document.activeElement && this.body.contains(document.activeElement) ? document.activeElement.dataset.line : null;
    const { is, cards, people, scene } = this.board;
    const features = (name) => (is[name] ? is[name].features : []);
    const word = (kind) => (words.responder[kind] || [kind])[0];
    const at = (lon, lat, more = {}) => Object.assign({ lon, lat }, more);
    const helpers = people.map((one) => ({
      key: `r${one.id}`, text: one.name, more: [word(one.kind), one.busy ? "正在前往 coming" : "", one.seen_at ? `${shortTime(one.seen_at)}手机定位` : ""].filter(Boolean).join(" · "), to: at(one.lon, one.lat), clinic: one.kind === "clinic",
    }));
    fill(this.body,
      this._group(["事件", "incidents"], cards.slice().sort(byUrgency).map((card) => ({
        key: `i${card.id}`, text: `${door(card.address)[0]} ${kindWord(card.kind)[0]}`, more: [card.who, place(card), words.stage[card.stage][0]].filter(Boolean).join(" · "), pick: card.id,
      }))),
      scene ? this._group(["可派,先到在前", "could be sent"], scene.ranked.map((one) => ({
        key: `c${one.responder_id}`, text: `${one.rank} ${one.name}`, to: at(one.lon, one.lat),
        more: [word(one.kind), one.eta_min === null ? "" : `约${one.eta_min}分钟`, `直线${distance(one.distance_m)}`].filter(Boolean).join(" · "),
      }))) : null,
      this._group(["在岗人员", "on duty"], helpers.filter((one) => !one.clinic)),
      this._group(["卫生服务", "clinics"], helpers.filter((one) => one.clinic)),
      this._group(["网格", "cells"], features("areas").filter(({ properties }) => properties.level === "cell").map(({ properties }) => ({
        key: `a${properties.id}`, text: properties.name, more: properties.code, to: at(...properties.label),
      }))),
      this._group(["住户", "homes"], features("homes").map(({ geometry, properties }) => ({
        key: `h${properties.id}`, text: door(properties.address)[0], more: door(properties.address)[1], to: at(...geometry.coordinates),
      }))),
      this._group(["楼栋", "buildings"], features("buildings").map(({ geometry, properties }) => ({
        key: `b${properties.id}`, text: properties.name, more: `${properties.storeys}层`, to: at(...geometry.coordinates[0][0]),
      }))));
    const again = focused && $(`[data-line="${focused}"]`, this.body);
    if (again) again.focus();
  }

  _group(title, lines) {
    const wanted = this.input.value.trim();
    const found = lines.filter(({ text, more }) => `${more} ${text}`.includes(wanted));
    if (!found.length) return null;
    const rest = found.length - AT_MOST;
    return h("section", null, h("h3", null, both(title), h("span", { class: "chip" }, found.length)),
      h("ul", null, found.slice(0, AT_MOST).map((line) => h("li", null, h("button", { type: "button", "data-line": line.key, onclick: () => this._go(line) },
        line.text, line.more ? h("span", { class: "quiet small" }, ` ${line.more}`) : null)))),
      rest > 0 ? h("p", { class: "quiet small" }, `还有 ${rest} 个,输入可筛选 ${rest} more: type to find`) : null);
  }

  _go(line) {
    if (line.pick) this.onpick(line.pick);
    else this.board.flyTo(line.to);
  }
}
