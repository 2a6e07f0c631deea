// The one queue: every open incident, the most urgent first.

import { byUrgency, countdown, door, isEmergency, isStale, kindLine, needsHuman, owners, place, since, stageBar } from "./card.js";
import { $, h } from "./dom.js";

export class Queue {
  /** `picked(id)` is called when an operator picks a card. */
  constructor(root, me, picked, calls) {
    this.root = root;
    this.me = me;
    this.onpick = picked;
    this.calls = calls; // whether a card calls its owner again
    this.items = new Map(); // incident id -> {look, element}
    this.filter = "";
    this.picked = null;
    this.shown = [];
  }

  /** Show `cards`; only what has changed is built again, so focus and scrolling stay where they are. */
  show(cards) {
    const wanted = cards.filter((card) => this._matches(card)).sort(byUrgency);
    this.shown = wanted;
    const seen = new Set();
    wanted.forEach((card, index) => {
      seen.add(card.id);
      const look = `${card.version}:${card.waits_until}:${isStale(card)}:${this.calls(card)}:${index < 9 ? index : 9}:${card.id === this.picked}`;
      const item = this.items.get(card.id);
      if (!item) this.items.set(card.id, { look, element: this._card(card, index) });
      else if (item.look !== look) {
        const focused = item.element.contains(document.activeElement);
        const element = this._card(card, index);
        item.element.replaceWith(element);
        if (focused) $("button", element).focus();
        item.look = look;
        item.element = element;
      }
    });
    for (const [id, item] of this.items)
      if (!seen.has(id)) {
        item.element.remove();
        this.items.delete(id);
      }
    wanted.forEach((card, index) => {
      const element = this.items.get(card.id).element;
      if (this.root.children[index] !== element) this.root.insertBefore(element, this.root.children[index] || null);
    });
  }

  _matches(card) {
    return !this.filter || `${card.who} ${card.address} ${card.area_name} ${card.id}`.includes(this.filter);
  }

  _card(card, index) {
    const large = door(card.address || "未登记住户")[0];
    const classes = ["card", isEmergency(card) ? "card--emergency" : "", card.exercise ? "card--drill" : "",
      needsHuman(card) ? "is-unclaimed" : "", isStale(card) ? "is-stale" : "", this.calls(card) ? "is-calling" : "", card.id === this.picked ? "is-picked" : ""];
    return h("li", { class: classes.filter(Boolean).join(" "), "data-incident": card.id },
      h("button", {
        class: "card__pick", type: "button", "aria-pressed": card.id === this.picked ? "true" : "false",
        onclick: () => this.onpick(card.id),
      },
        h("span", { class: "card__head" }, kindLine(card),
          h("span", { class: "card__since" }, h("span", { class: "quiet small" }, "已过 "), since(card)),
          index < 9 ? h("kbd", { class: "card__key", "aria-hidden": "true" }, index + 1) : null),
        h("span", { class: large.length > 12 ? "card__door card__door--long" : "card__door" }, large),
        h("span", { class: "card__who" }, card.who || "未知 unknown",
          h("span", { class: "card__where" }, place(card))),
        this.calls(card) ? h("p", { class: "chip chip--amber" }, "再次呼叫 calls again") : null,
        owners(card, this.me),
        stageBar(card),
        countdown(card)));
  }
}
