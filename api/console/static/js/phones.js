// Every simulated phone, as its owner holds it: the texts, and one tap to answer.

import { get, post } from "./api.js";
import { duration, everySecond, clockTime, now, shortTime } from "./clock.js";
import { phoneWords } from "./card.js";
import { $, fill, h, toast } from "./dom.js";
import words from "/console/words.js";

const LOOK_MS = 1000;
const NEW_MS = 12000; // how long a text that has just come is marked

const root = $(".phones");
const phones = new Map(); // number -> Phone
let heardAt = performance.now();
let isLive = true;
let started = false; // after the first look, a phone that appears has a new text

/** 能赶到回1,不能回2,误按回3 -> [["1", "能赶到"], ["2", "不能"], ["3", "误按"]] */
export function offered(body) {
  const found = [];
  const pattern = /([^,,。;;::!!、\s【】]+?)回(\d+)/g;
  let match;
  while ((match = pattern.exec(body)) !== null) found.push([match[2], match[1].replace(/^收到请$/, "收到")]);
  return found;
}

class Phone {
  constructor(about) {
    this.number = about.phone;
    this.seen = new Set();
    this.first = true;
    this.newUntil = 0;
    this.texts = h("div", { class: "phone-set__texts", role: "log", tabindex: "0", "aria-label": `${about.name} 的短信 texts` });
    this.answers = h("div", { class: "phone-set__answers" });
    this.input = h("input", { type: "text", maxlength: 300, placeholder: "回复 reply", "aria-label": `以 ${about.name} 回复 reply`, autocomplete: "off" });
    this.send = h("button", { class: "button button--deed", type: "submit" }, "发送");
    this.owner = h("div", { class: "phone-set__owner" });
    this.element = h("section", { class: "phone-set", "data-phone": about.phone, "aria-label": about.name },
      h("div", { class: "phone-set__screen" }, this.owner, this.texts, this.answers,
        h("form", { class: "phone-set__write", onsubmit: (event) => {
          event.preventDefault();
          this.answer(this.input.value);
        } }, this.input, this.send)));
    this.about(about);
    this._draw({ role: "", of: "", group: "family" }, about.name);
    get(`/console/phones/${encodeURIComponent(about.phone)}/owner`).then((owner) => this._draw(owner, about.name)).catch(() => {});
  }

  about(about) {
    this.lastAt = about.last_at;
    this.count = about.count;
  }

  _draw(owner, called) {
    const name = owner.role && called.startsWith(owner.role) ? called.slice(owner.role.length) : called; // 女儿赵艳
    fill(this.owner,
      h("span", { class: `avatar avatar--${owner.group}`, "aria-hidden": "true" }, name.slice(0, 1)),
      h("div", { class: "phone-set__name" },
        h("h2", null, owner.group === "clinic" ? null : h("span", { class: "phone-set__role" }, owner.role), name),
        h("p", { class: "quiet small" }, [owner.of, phoneWords(this.number)].filter(Boolean).join(" · "))));
    this.element.setAttribute("aria-label", `${owner.role} ${name}`);
  }

  async read() {
    const texts = await get(`/api/phones/${encodeURIComponent(this.number)}`);
    const keys = texts.map((text) => text.id);
    const fresh = texts.filter((text, index) => !this.seen.has(keys[index]));
    if (fresh.length === 0 && !this.first) return;
    const came = this.first ? [] : fresh.filter((text) => text.incoming);
    if (came.length) this.newUntil = performance.now() + NEW_MS;
    const cameKeys = new Set(came.map((text) => text.id));
    fill(this.texts, texts.map((text) => bubble(text, cameKeys.has(text.id))));
    keys.forEach((key) => this.seen.add(key));
    this.first = false;
    const last = texts.filter((text) => text.incoming && offered(text.body).length).pop();
    const choices = last ? offered(last.body) : [];
    this.answers.classList.toggle("phone-set__answers--pairs", choices.length === 4);
    fill(this.answers, choices.map(([digit, meaning]) =>
      h("button", { class: "button", type: "button", onclick: () => this.answer(digit) }, h("b", null, digit), meaning)));
  }

  /** Show the newest text; only once the phone is on the page has it a height. */
  toTheEnd() {
    this.texts.scrollTop = this.texts.scrollHeight;
  }

  async answer(body) {
    const text = body.trim();
    if (!text) return;
    this.send.disabled = true;
    try {
      const { meaning, incident_id: about } = await post(`/api/phones/${encodeURIComponent(this.number)}/reply`, { body: text });
      this.input.value = "";
      if (meaning === "unclear") toast("系统看不懂,转给值班员 Not understood: an operator will see it");
      else if (about === null) toast("不能确定是哪一件事,转给值班员 Not sure which case is meant: an operator decides");
      else toast(`系统理解为:${(words.meaning[meaning] || [meaning])[0]}`);
      await this.read();
      this.toTheEnd();
    } catch (problem) {
      toast(problem.message, true);
    }
    this.send.disabled = false;
  }
}

function bubble(text, isNew) {
  const mine = !text.incoming;
  return h("div", { class: `text${mine ? " text--mine" : ""}${isNew ? " is-new" : ""}` },
    h("p", null, text.body),
    h("div", { class: "text__foot" }, shortTime(text.at).length > 5 ? shortTime(text.at) : clockTime(text.at)));
}

async function look() {
  try {
    const list = await get("/api/phones");
    heardAt = performance.now();
    isLive = true;
    const changed = [];
    for (const about of list) {
      let phone = phones.get(about.phone);
      if (!phone) {
        phone = new Phone(about);
        if (started) phone.first = false;
        phones.set(about.phone, phone);
        changed.push(phone);
      } else if (phone.count !== about.count || phone.lastAt !== about.last_at) {
        phone.about(about);
        changed.push(phone);
      }
    }
    await Promise.all(changed.map((phone) => phone.read()));
    arrange();
    changed.forEach((phone) => phone.toTheEnd());
    started = true;
  } catch (problem) {
    isLive = false;
    if (problem.status === 401) location.href = "/login?next=/phones";
  }
  setTimeout(look, LOOK_MS);
}

// Phones with new texts come first; but nothing moves under the hand of somebody who is typing.
function arrange() {
  const order = Array.from(phones.values()).sort((a, b) => Date.parse(b.lastAt) - Date.parse(a.lastAt));
  if (!root.contains(document.activeElement))
    order.forEach((phone, index) => {
      if (root.children[index] !== phone.element) root.insertBefore(phone.element, root.children[index] || null);
    });
  else for (const phone of order) if (!phone.element.isConnected) root.appendChild(phone.element);
  $(".phones__empty").hidden = order.length > 0;
}

everySecond(() => {
  $(".top__time").textContent = clockTime(now());
  for (const phone of phones.values()) phone.element.classList.toggle("has-new", performance.now() < phone.newUntil);
  const badge = $(".link");
  badge.className = `state link ${isLive ? "state--good" : "state--bad"}`;
  fill(badge, h("span", { class: "dot" }), isLive ? "实时" : `已断开 ${duration((performance.now() - heardAt) / 1000)}`,
    h("span", { class: "en" }, isLive ? "live" : "cut off"));
});
look();
