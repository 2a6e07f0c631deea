// The one queue: every open incident, the most urgent first.

import { countdown, door, isEmergency, isStale, kindLine, needsHuman, owners, place, since, stageBar, tickAll } from "./card.js";
import { $, fill, h, write } from "./dom.js";

const KEYS = 9; // the cards that a digit picks
const AT_MOST = 100; // cards: who has more to do is shown how many come behind them, and draws them with a tap

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
    this.shown = []; // the cards that are drawn, in their order
    this.room = AT_MOST;
    this.cards = [];
    this.more = h("button", { class: "button queue__more", type: "button", hidden: true, onclick: () => this._makeRoom() });
    root.after(this.more);
  }

  /** Show `cards`, the most urgent first; only what has changed is built again, so focus and scrolling stay where they are. */
  show(cards) {
    this.cards = cards;
    const wanted = this.filter ? cards.filter((card) => this._matches(card)) : cards;
    if (wanted.length <= AT_MOST) this.room = AT_MOST;
    this.shown = wanted.slice(0, this.room);
    this._count(wanted.length - this.shown.length);
    const seen = new Set();
    for (const card of this.shown) {
      seen.add(card.id);
      const look = `${card.version}:${card.waits_until}:${isStale(card)}:${this.calls(card)}:${card.id === this.picked}`;
      const item = this.items.get(card.id);
      if (!item) this.items.set(card.id, { look, element: this._card(card) });
      else if (item.look !== look) {
        const focused = item.element.contains(document.activeElement);
        const element = this._card(card);
        item.element.replaceWith(element);
        if (focused) $("button", element).focus();
        item.look = look;
        item.element = element;
      }
    }
    for (const [id, item] of this.items)
      if (!seen.has(id)) {
        item.element.remove();
        this.items.delete(id);
      }
    const elements = this.shown.map((card) => this.items.get(card.id).element);
    arrange(this.root, elements);
    elements.forEach((element, index) => {
      const key = $(".card__key", element);
      write(key, index < KEYS ? index + 1 : "");
      key.hidden = index >= KEYS;
    });
  }

  /** Say how many come behind those that are drawn. */
  _count(behind) {
    if (this.more.dataset.behind === String(behind)) return;
    this.more.dataset.behind = behind;
    this.more.hidden = behind === 0;
    fill(this.more, `后面还有 ${behind} 件,点此再显示 `, h("span", { class: "en", lang: "en" }, `${behind} more, less urgent: show`));
  }

  _makeRoom() {
    this.room += AT_MOST;
    this.show(this.cards);
  }

  _matches(card) {
    return !this.filter || `${card.who} ${card.address} ${card.area_name} ${card.id}`.includes(this.filter);
  }

  _card(card) {
    const large = door(card.address || "未登记住户")[0];
    const classes = ["card", isEmergency(card) ? "card--emergency" : "", card.exercise ? "card--drill" : "",
      needsHuman(card) ? "is-unclaimed" : "", isStale(card) ? "is-stale" : "", this.calls(card) ? "is-calling" : "", card.id === this.picked ? "is-picked" : ""];
    const element = h("li", { class: classes.filter(Boolean).join(" "), "data-incident": card.id },
      h("button", {
        class: "card__pick", type: "button", "aria-pressed": card.id === this.picked ? "true" : "false",
        onclick: () => this.onpick(card.id),
      },
        h("span", { class: "card__head" }, kindLine(card),
          h("span", { class: "card__since" }, h("span", { class: "quiet small" }, "已过 "), since(card)),
          h("kbd", { class: "card__key", "aria-hidden": "true" })),
        h("span", { class: large.length > 12 ? "card__door card__door--long" : "card__door" }, large),
        h("span", { class: "card__who" }, card.who || "未知 unknown",
          h("span", { class: "card__where" }, place(card))),
        this.calls(card) ? h("p", { class: "chip chip--amber" }, "再次呼叫 calls again") : null,
        owners(card, this.me),
        stageBar(card),
        countdown(card)));
    tickAll(element); // or its times would be blank until the next second
    return element;
  }
}

/** Put the children of `root` into the order of `elements`; only those that have moved are moved, for each costs a layout. */
function arrange(root, elements) {
  const place = new Map(elements.map((element, index) => [element, index]));
  const now = Array.from(root.children);
  const focused = root.contains(document.activeElement) ? document.activeElement : null;
  elements.forEach((element, index) => {
    while (now[index] !== element) {
      const up = now.indexOf(element) - index; // how far it would come; a new one comes from nowhere
      const down = now.length > index ? place.get(now[index]) - index : 0; // or how far the one that is here would go
      if (up > 0 && down > up) {
        const [gone] = now.splice(index, 1);
        now.push(gone);
        root.appendChild(gone);
      } else {
        root.insertBefore(element, now[index] || null);
        if (up > 0) now.splice(index + up, 1);
        now.splice(index, 0, element);
      }
    }
  });
  if (focused) focused.focus({ preventScroll: true }); // what is moved loses it
}
