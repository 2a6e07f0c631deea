// Every simulated phone, as its owner holds it: the texts and calls, and one tap to answer.

import { get, post } from "./api.js";
import { duration, everySecond, clockTime, shortTime } from "./clock.js";
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
    this.call = h("div", { class: "phone-set__call", role: "alert" });
    this.reception = h("button", { class: "button phone-set__reception", type: "button", onclick: () => this.switchReception() });
    this.input = h("input", { type: "text", maxlength: 300, placeholder: "回复 reply", "aria-label": `以 ${about.name} 回复 reply`, autocomplete: "off" });
    this.send = h("button", { class: "button button--deed", type: "submit" }, "发送");
    this.owner = h("div", { class: "phone-set__owner" });
    this.element = h("section", { class: "phone-set", "data-phone": about.phone, "aria-label": about.name },
      h("div", { class: "phone-set__screen" }, this.owner, this.call, this.texts, this.answers,
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
    this.textsArrive = about.texts_arrive;
    this.reception.setAttribute("aria-pressed", String(!this.textsArrive));
    this.reception.title = this.textsArrive ? "短信能收到:点一下就收不到 texts arrive: tap to stop them" : "短信收不到:点一下就能收到 no text arrives: tap to let them";
    fill(this.reception, this.textsArrive ? "短信 ✓" : "短信 ✗");
  }

  async switchReception() {
    try {
      await post(`/api/phones/${encodeURIComponent(this.number)}/reception`, { texts_arrive: !this.textsArrive });
      this.about({ last_at: this.lastAt, count: this.count, texts_arrive: !this.textsArrive });
      if (!this.textsArrive) toast("短信送不到这部手机,15 秒后会来电 No text arrives here now: it rings after 15 s");
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  /** The call that rings or goes on here, if any; what it says stays on the screen while it goes on. */
  rings(call) {
    const state = call ? `${call.id} ${call.taken_at ? "taken" : "rings"}` : "";
    if (state === this.callState) return;
    this.callState = state;
    this.element.classList.toggle("is-ringing", Boolean(call && !call.taken_at));
    if (!call) fill(this.call);
    else if (!call.taken_at)
      fill(this.call, h("p", null, h("b", null, "来电 call")), h("div", { class: "row row--tight" },
        h("button", { class: "button button--deed", type: "button", onclick: () => this.takeUp(call) }, "接听 answer"),
        h("button", { class: "button", type: "button", onclick: () => this.endCall(call, "voicemail") }, "语音信箱 voicemail"),
        h("button", { class: "button", type: "button", onclick: () => this.endCall(call, "rejected") }, "挂断 reject")));
    else this.inCall(call, this.says || { words: "通话中 in a call", asks: true });
  }

  async takeUp(call) {
    try {
      this.says = await post(`/api/phones/calls/${call.id}/take-up`);
      this.callState = `${call.id} taken`;
      this.element.classList.remove("is-ringing");
      this.inCall(call, this.says);
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  inCall(call, says) {
    const keys = says.asks ? Array.from(says.words.matchAll(/([^,,。]+?)请按(\d)/g), (found) => [found[2], found[1]]) : [];
    fill(this.call, h("p", null, `☎ ${says.words}`), h("div", { class: "row row--tight" },
      keys.map(([digit, meaning]) => h("button", { class: "button", type: "button", onclick: () => this.press(call, digit) }, h("b", null, digit), meaning)),
      h("button", { class: "button", type: "button", onclick: () => this.endCall(call, "hung_up") }, "挂断 hang up")));
  }

  async press(call, digit) {
    try {
      const { say } = await post(`/api/phones/calls/${call.id}/key`, { digit });
      this.says = null;
      toast(`电话里说:${say}`);
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  async endCall(call, how) {
    this.says = null;
    await post(`/api/phones/calls/${call.id}/end`, { how }).catch((problem) => toast(problem.message, true));
  }

  _draw(owner, called) {
    const name = owner.role && called.startsWith(owner.role) ? called.slice(owner.role.length) : called; // 女儿赵艳
    fill(this.owner,
      h("span", { class: `avatar avatar--${owner.group}`, "aria-hidden": "true" }, name.slice(0, 1)),
      h("div", { class: "phone-set__name" },
        h("h2", null, owner.group === "clinic" ? null : h("span", { class: "phone-set__role" }, owner.role), name),
        h("p", { class: "quiet small" }, [owner.of, phoneWords(this.number)].filter(Boolean).join(" · "))),
      this.reception);
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
    const [list, calls] = await Promise.all([get("/api/phones"), get("/api/phones/calls")]);
    const texted = new Set(list.map((about) => about.phone));
    for (const call of calls)  // a phone may ring that never got a text
      if (!texted.has(call.phone)) list.push({ phone: call.phone, name: call.name, last_at: call.at, count: 0, texts_arrive: false });
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
      } else if (phone.textsArrive !== about.texts_arrive) phone.about(about);
      phone.rings(calls.find((call) => call.phone === about.phone));
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
  for (const phone of phones.values()) phone.element.classList.toggle("has-new", performance.now() < phone.newUntil);
  const badge = $(".link");
  badge.className = `state link ${isLive ? "state--good" : "state--bad"}`;
  fill(badge, h("span", { class: "dot" }), isLive ? "实时" : `已断开 ${duration((performance.now() - heardAt) / 1000)}`,
    h("span", { class: "en" }, isLive ? "live" : "cut off"));
});
look();
