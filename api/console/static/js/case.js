// One case: everything an operator needs once she has it, and what she can do about it.

import { get, post } from "./api.js";
import { copy, showBrief } from "./brief.js";
import { callWindow, dialLink, resultChip, results } from "./calls.js";
import { ANSWER_CHIP, countdown, distance, door, isEmergency, isOpen, isStale, kindLine, kindWord, owners, phoneWords, place, saidBy, since, stageBar, tickAll } from "./card.js";
import { clockTime } from "./clock.js";
import { ask, dialogIsOpen } from "./dialog.js";
import { both, fill, h, icon, toast } from "./dom.js";
import { illness, waysIn } from "./particulars.js";
import { Script } from "./script.js";
import words from "/console/words.js";

const FALSE_ALARMS = ["false_press", "device_fault", "test"];
const OPEN_OFFERS = ["asked", "accepted", "on_the_way", "arrived"];
const NEXT = { asked: ["accepted", "declined"], accepted: ["on_the_way"], on_the_way: ["arrived"], arrived: ["done"] };
const isSpoken = (message) => message.is_call || message.channel.endsWith("-voice");
const MESSAGE_CHIP = { delivered: "chip--good", failed: "chip--emergency", undeliverable: "chip--emergency" };
const OFFER_CHIP = { accepted: "chip--good", on_the_way: "chip--good", arrived: "chip--good", done: "chip--good", asked: "chip--amber" };

export class Case {
  /** `changed(card)` is called with every newer card that an answer of the server brings. */
  constructor(root, me, changed) {
    this.root = root;
    this.me = me;
    this.onchanged = changed;
    this.card = null;
    this.detail = null;
    this.reading = 0;
    this.script = new Script(() => this._again());
  }

  get id() {
    return this.card ? this.card.id : null;
  }

  /** Show another case, or none. */
  open(card) {
    this.card = card;
    this.detail = null;
    this.root.scrollTop = 0;
    this._draw();
    if (card) this._read();
    else this.script.read(null);
  }

  /** The case on screen has changed; `force` reads it again although its version is the same. */
  update(card, force) {
    if (!this.card || card.id !== this.card.id) return;
    const moved = force || card.version !== this.card.version;
    this.card = card;
    this._draw();
    if (moved) this._read();
  }

  /** Read the whole case; whoever waits for a reading that was overtaken waits for the newest. */
  _read() {
    this.newest = this._readOnce();
    return this.newest;
  }

  async _readOnce() {
    const turn = ++this.reading;
    const id = this.card.id;
    try {
      const detail = await get(`/api/incidents/${id}`);
      if (turn !== this.reading) return this.newest;
      if (this.id !== id) return undefined;
      this.detail = detail;
      if (detail.card.version >= this.card.version) this.card = detail.card;
      this._draw();
      this.script.read(this.isInHand ? id : null);
    } catch (problem) {
      if (problem.status !== 0) toast(problem.message, true);
    }
    return undefined;
  }

  /** Whether somebody has it, and it is not over: then there is something to ask and to do. */
  get isInHand() {
    return this.card !== null && isOpen(this.card) && this.card.claimed_by !== null;
  }

  /** Something was written on its timeline. */
  async _again() {
    const id = this.id;
    await this._read();
    if (this.id === id) this.onchanged(this.card);
  }

  // ---- what it looks like ----

  _draw() {
    const card = this.card;
    if (!card) {
      this.root.className = "case";
      fill(this.root, h("p", { class: "empty" }, h("strong", null, "没有选中的事件"), "No case picked. ",
        "点左边的卡片,或按 1–9。", h("br"), "Pick a card on the left, or press 1–9."));
      return;
    }
    const active = document.activeElement;
    const focus = active && this.root.contains(active) ? active.dataset.deed : null;
    const inScript = this.script.root.contains(active);
    const scroll = this.root.scrollTop;
    this.root.className = isEmergency(card) ? "case case--emergency" : card.exercise ? "case case--drill" : "case";
    const large = door(card.address || "未登记住户")[0];
    fill(this.root,
      h("h2", { class: "case__title" }, kindLine(card), h("span", { class: "chip" }, `#${card.id}`)),
      h("p", { class: "case__door" }, large),
      h("p", { class: "card__who" }, card.who || "未知 unknown", h("span", { class: "card__where" }, place(card))),
      h("p", { class: "quiet" }, `${clockTime(card.opened_at)} 报警 raised · 已过 `, since(card),
        isOpen(card) ? null : ` · ${clockTime(card.closed_at)} 结案 closed`),
      this.detail && isOpen(card) && this.detail.timeline.some((entry) => entry.entry === "cancel_asked")
        ? h("p", { class: "chip chip--amber" }, "老人按了取消,仍要打一次电话 cancelled at home: call her all the same") : null,
      owners(card, this.me), stageBar(card), countdown(card),
      this._deeds(),
      this.isInHand ? this.script.root : null,
      this._record(),
      this.detail ? [this._ahead(), this._helpers(), this._messages(), this._timeline()] : null);
    tickAll(this.root); // or its times would be blank until the next second
    this.root.scrollTop = scroll;
    if (inScript) active.focus({ preventScroll: true }); // it was only moved
    if (focus) {
      const again = this.root.querySelector(`[data-deed="${focus}"]`);
      if (again) again.focus();
    }
  }

  _deeds() {
    const card = this.card;
    const deed = (name, pair, run, style, key) =>
      h("button", { class: `button ${style}`, type: "button", "data-deed": name, onclick: run },
        pair[0], h("span", { class: "en" }, pair[1]), key ? h("kbd", { "aria-hidden": "true" }, key) : null);
    const map = h("a", {
      class: "button", href: `/api/incidents/${card.id}/map`, target: "_blank", rel: "noopener", title: "可打印的地图 map to print",
    }, icon("map"), "地图");
    const record = h("a", {
      class: "button", href: `/incidents/${card.id}/record`, target: "_blank", rel: "noopener", title: "可打印的记录 record to print",
    }, "记录", h("span", { class: "en" }, "record"));
    if (!isOpen(card)) return h("div", { class: "case__deeds" }, h("p", { class: "chip chip--good" }, icon("check"),
      `已结案 ${words.close[card.close_code] ? words.close[card.close_code].join(" ") : ""}`), map, record);
    if (card.claimed_by === null)
      return h("div", { class: "case__deeds" }, deed("claim", ["接警", "claim"], () => this.claim(), "button--deed button--wide", "空格"));
    const buttons = [
      deed("ask", ["派人", "send"], () => this.sendSomebody(), "", "W"),
      deed("call", ["打给老人", "call her"], () => this.callHome(), "", "C"),
      deed("family", ["打给家属", "call family"], () => this.callFamily(), "", "F"),
      deed("brief", ["120 交接单", "brief"], () => this.brief(), "", "E"),
      deed("note", ["备注", "note"], () => this.note(), "", "N"),
      map,
      record,
    ];
    if (card.claimed_by === this.me) buttons.unshift(deed("close", ["结案", "close"], () => this.close(), "button--deed"));
    else if (isStale(card)) buttons.unshift(deed("take", [`接管 ${card.claimed_by_name} 的事件`, "take over"], () => this.takeOver(), "button--amber button--wide"));
    else buttons.push(deed("take", ["接管", "take over"], () => this.askToTakeOver(), ""));
    return h("div", { class: "case__deeds" }, buttons);
  }

  _record() {
    const card = this.card;
    if (card.claimed_by === null && isOpen(card))
      return h("p", { class: "quiet" }, "接警后显示完整档案。 The whole record opens when you claim the case.");
    if (!this.detail) return h("p", { class: "quiet" }, "正在读取档案… reading the record");
    const home = this.detail.home;
    if (!home) return h("p", { class: "warn" }, "这个设备没有登记到住户。请查设备清单。 This device belongs to no household: look it up under Devices.");
    const household = home.household;
    const ways = waysIn(household, (number, name) => this._phone("key", name || "有钥匙的人", number));
    return h("div", null,
      ways.length ? h("div", { class: "block" }, h("h3", null, both(["进门", "how to get in"])),
        h("div", { class: "warn" }, ways)) : null,
      h("div", { class: "block" }, h("h3", null, both(["老人", "residents"])),
        home.residents.map((resident) => h("div", { class: "resident" },
          h("p", null, h("b", null, resident.name), ` ${[resident.sex, age(resident), resident.lives_alone ? "独居" : ""].filter(Boolean).join(" · ")}`,
            resident.phone ? [" ", this._phone(`resident:${resident.id}`, resident.name, resident.phone)] : null),
          illness(resident))),
        household.phone ? h("p", null, h("span", { class: "quiet" }, "家里电话 home: "), this._phone("home", "家里电话", household.phone)) : null,
        h("p", { class: "quiet small" }, household.address)),
      h("div", { class: "block" }, h("h3", null, both(["联系人", "contacts"])),
        home.contacts.length
          ? h("ol", { class: "people" }, home.contacts.map((contact) => h("li", null,
            h("span", { class: "rank" }, contact.rank),
            h("div", null, h("b", null, contact.name), h("span", { class: "quiet" }, ` ${contact.relation}`), this._answer(contact),
              contact.no_texts_since ? [" ", h("span", { class: "chip chip--amber" }, "已退订短信 wants no texts")] : null), this._phone(`contact:${contact.id}`, contact.name, contact.phone), this._link(`contact:${contact.id}`, contact.name))))
          : h("p", { class: "warn" }, "没有登记联系人。 No contact is registered.")),
      h("div", { class: "block" }, h("h3", null, both(["警情", "alarms"])),
        h("ul", { class: "people" }, this.detail.alarms.map((alarm) => h("li", null, icon(alarm.kind),
          h("div", null, both(kindWord(alarm.kind)), h("span", { class: "quiet small" }, ` ${clockTime(alarm.raised_at)}`),
            alarm.times > 1 ? h("span", { class: "chip" }, `${alarm.times} 次 times`) : null,
            alarm.cleared_at ? h("span", { class: `chip ${alarm.looked_at || !isOpen(card) ? "chip--good" : "chip--amber"}` }, `设备已恢复 ${clockTime(alarm.cleared_at)}`) : null,
            alarm.looked_at ? h("span", { class: "chip chip--good" }, icon("check"), `已查看 ${clockTime(alarm.looked_at)}`) : null,
            alarm.cleared_at && !alarm.looked_at && isOpen(card) ? this._look(alarm) : null),
          h("span", { class: "quiet small" }, alarm.device_key))))));
  }

  _helpers() {
    return h("div", { class: "block" }, h("h3", null, both(["派人", "helpers"])),
      this.detail.card.helpers.length
        ? h("ul", { class: "people" }, this.detail.card.helpers.map((helper) => h("li", null,
          h("div", null,
            h("p", null, h("b", null, helper.name), h("span", { class: "quiet" }, ` ${word(words.responder, helper.kind)} `),
              h("span", { class: `chip ${helper.oversees ? "" : OFFER_CHIP[helper.state] || ""}` }, saidBy(helper)[0], helper.eta_at && helper.state !== "arrived" && helper.state in OFFER_CHIP && helper.state !== "done" ? [" ", h("span", { "data-eta": helper.eta_at })] : null)),
            h("p", { class: "quiet small" }, [helper.why, helper.distance_m === null ? "" : distance(helper.distance_m)].filter(Boolean).join(" · "))),
          this._phone(`responder:${helper.responder_id}`, helper.name, helper.phone), this._link(`responder:${helper.responder_id}`, helper.name), this._hears(helper))))
        : h("p", { class: "quiet" }, "还没有派人。 Nobody has been asked yet."));
  }

  /** What a contact has answered: that she has not is news, too. */
  _answer(contact) {
    const told = this.detail.told.filter((one) => one.who === `contact:${contact.id}`).pop();
    const chip = (style, pair) => [" ", h("span", { class: `chip ${style}` }, pair[0], h("span", { class: "en" }, pair[1]))];
    if (!told) return isOpen(this.card) && !contact.no_texts_since ? chip("", ["还没通知", "not told yet"]) : null;
    if (told.answer) return chip(ANSWER_CHIP[told.answer] || "", words.meaning[told.answer]);
    return told.unreachable ? chip("chip--emergency", ["没联系上", "not reached"]) : chip("chip--amber", ["未回", "no answer yet"]);
  }

  /** The ladder of the plan: whom it turns to next by itself, and when. */
  _ahead() {
    const { ahead, home, told } = this.detail;
    if (!ahead.length) return null;
    const waits = ["covered", "on_scene"].includes(this.card.stage);
    const left = home && this.isInHand && home.contacts.filter((one) => !one.no_texts_since && !told.some((each) => each.who === `contact:${one.id}`));
    const whom = (rung) => rung.repeat_s
      ? `再来一遍,以后每${Math.round(rung.repeat_s / 60)}分钟一次 again, and each ${Math.round(rung.repeat_s / 60)} min`
      : rung.tell.map((tell) => tellWords(tell, left)).filter(Boolean).join("、") || "没有可通知的人,会马上到下一级 nobody: the next follows at once";
    return h("div", { class: "block" }, h("h3", null, both(["接下来", "what comes by itself"])),
      waits ? h("p", { class: "quiet" }, "有人前往,下面的先不发;到时不到就接着发。 Held while somebody comes; goes on when nobody arrives in time.") : null,
      h("ol", { class: "people" }, ahead.map((rung) => h("li", null, h("span", { class: "rank" }, rung.number), h("div", null, whom(rung)),
        waits ? null : h("span", { class: "quiet small" }, h("b", { "data-by": rung.at, role: "timer" }), ` ${clockTime(rung.at)}`)))));
  }

  /** A device's word is not enough: somebody has to have looked. */
  _look(alarm) {
    return h("button", {
      class: "button", type: "button", "data-deed": `look-${alarm.id}`, onclick: () => this._send(`/api/alarms/${alarm.id}/look`),
    }, icon("check"), "已查看", h("span", { class: "en" }, "looked"));
  }

  /** What this helper has just said on the telephone, as the next step of the offer. */
  _hears(helper) {
    const next = NEXT[helper.state];
    if (!next || !isOpen(this.card)) return null;
    const button = (state, pair) => h("button", {
      class: "button", type: "button", "data-deed": `offer-${helper.offer_id}-${state}`, title: `${helper.name} 电话告知 said on the telephone`,
      onclick: () => this._send(`/api/offers/${helper.offer_id}/answer`, { state }),
    }, pair);
    return h("span", { class: "row row--tight" }, h("span", { class: "quiet small" }, "电话里说 by phone:"), next.map((state) => button(state, word(words.offer, state))),
      helper.state === "arrived" ? h("button", {
        class: "button", type: "button", "data-deed": `fine-${helper.offer_id}`, title: `${helper.name} 平安 is well`,
        onclick: () => this._send(`/api/offers/${helper.offer_id}/check-in`),
      }, "报平安") : null);
  }

  /** A number that dials when it is clicked, and then asks how it went; beside it how the last call went. */
  _phone(who, name, number) {
    const last = this.detail ? results(this.detail.timeline).get(who) : null;
    const link = dialLink(this.card.id, { who, number }, { class: "phone" }, () => this._window([`打给${name}`, "call"], [{ who, name, number }]));
    return [fill(link, phoneWords(number)),
      last ? [" ", resultChip(last.result)] : null];
  }

  _window(title, people) {
    return callWindow(this.card.id, title, people, results(this.detail.timeline), () => this._again());
  }

  /** Who was told or asked may have lost the text with the code of the case's page. */
  _link(who, name) {
    const told = this.isInHand && this.detail.messages.some((message) => message.to.who === who);
    return told ? h("button", { class: "button button--bare", type: "button", "data-link": who, onclick: () => this.link(who, name) }, "链接", h("span", { class: "en" }, "link")) : null;
  }

  /** Numbers are of the record, which opens with the claim. */
  _messages() {
    const messages = this.detail.messages;
    const number = (to) => (isOpen(this.card) && !this.isInHand ? "" : phoneWords(to.phone));
    return h("div", { class: "block" }, h("h3", null, both(["短信与电话", "texts and calls"]), h("span", { class: "chip" }, messages.length)),
      messages.map((message) => h("div", { class: "bubble" },
        h("p", null, message.body),
        h("div", { class: "bubble__foot" },
          h("span", null, `${isSpoken(message) ? "☎" : "→"} ${message.to.name} ${number(message.to)}`),
          h("span", null, clockTime(message.delivered_at || message.sent_at || message.created_at)),
          h("span", { class: `chip ${MESSAGE_CHIP[message.state] || ""}` }, word(isSpoken(message) ? words.call : words.message, message.state)),
          message.error ? h("span", null, message.error) : null))));
  }

  _timeline() {
    return h("div", { class: "block" }, h("h3", null, both(["经过", "timeline"])),
      h("ol", { class: "timeline" }, this.detail.timeline.map((entry) => h("li", { class: `entry--${entry.entry}` },
        h("time", { datetime: entry.at }, clockTime(entry.at)),
        h("div", null, entry.entry === "stage" && words.stage[entry.text] ? both(words.stage[entry.text]) : entry.text)))));
  }

  // ---- what can be done ----

  _do(path, body) {
    return this._send(`/api/incidents/${this.card.id}/${path}`, body);
  }

  async _send(path, body) {
    const id = this.card.id;
    try {
      await post(path, body);
      if (this.id === id) await this._read();
      if (this.id === id) this.onchanged(this.card);
      return true;
    } catch (problem) {
      toast(problem.message, true);
      if (this.id === id) this._read();
      return false;
    }
  }

  claim() {
    return this._do("claim");
  }

  takeOver() {
    return this._do("take-over");
  }

  /** From a colleague whose console answers: she may be at work on it, so nobody does it by one click. */
  async askToTakeOver() {
    const name = this.card.claimed_by_name;
    const sure = await ask({
      title: ["接管事件", "take the case over"],
      lead: `${name} 的控制台在线,请先和她说好。接管会写进经过。 ${name}'s console is live: talk to her first. It goes on the timeline.`,
      confirm: ["接管", "take over"],
    });
    if (sure) await this.takeOver();
  }

  /** Herself first, then the line at home. */
  async callHome() {
    const home = await this._home();
    if (!home) return;
    const { household, residents } = home;
    const people = residents.filter((one) => one.phone).map((one) => ({ who: `resident:${one.id}`, name: one.name, number: one.phone }));
    if (household.phone) people.push({ who: "home", name: "家里电话 home", number: household.phone });
    await this._window(["打给老人", "call her"], people);
  }

  /** In the order in which they are told. */
  async callFamily() {
    const home = await this._home();
    if (home) await this._window(["打给家属", "call the family"], home.contacts.map((one) => ({ who: `contact:${one.id}`, name: `${one.relation} ${one.name}`, number: one.phone })));
  }

  /** The record of the home; null, with a word, when there is none. Right after the claim it may still be on its way. */
  async _home() {
    const id = this.id;
    if (!this.detail) await this._read();
    if (this.id !== id || !this.detail || dialogIsOpen()) return null;
    if (!this.detail.home) toast("没有登记住户资料 no home is known");
    return this.detail.home;
  }

  async brief() {
    if (!(await this._home())) return;
    const id = this.id;
    try {
      const brief = await get(`/api/incidents/${id}/brief`);
      if (this.id === id) await showBrief(id, brief, results(this.detail.timeline), () => this._again());
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  /** The page of this case once more, for somebody who has lost the text: to be read out, or sent on. */
  async link(who, name) {
    try {
      const { code, url } = await post(`/api/incidents/${this.id}/passes`, { who });
      await ask({
        title: [`${name}的页面`, "page of the case"], lead: "六位码可以念给本人,链接有效到本班结束。 The six digits may be read out; the link lasts for a shift.",
        body: h("div", null, code ? h("p", { class: "case__door" }, code) : null, h("p", { class: "brief__url" }, url),
          h("button", { class: "button", type: "button", "data-copy": "", onclick: async () => toast((await copy(url)) ? "已复制 copied" : "没有复制成,请选中文字复制 could not copy: select the words") }, both(["复制链接", "copy the link"]))),
        wide: true,
      });
    } catch (problem) {
      toast(problem.message, true);
    }
  }

  async note() {
    const text = await ask({
      title: ["备注", "note"], lead: "写进经过,不能修改。 Goes on the timeline and stays there.",
      body: h("textarea", { name: "text", rows: 4, "aria-label": "备注 note", maxlength: 2000, placeholder: "例:电话接通,老人说头晕,意识清楚" }),
      confirm: ["写入", "write"], ready: (form) => form.elements.text.value.trim() !== "", read: (form) => form.elements.text.value.trim(),
    });
    if (text) await this._do("notes", { text });
  }

  async close() {
    const choice = (code) => h("label", { class: "code" }, h("input", { type: "radio", name: "code", value: code }), h("span", null, both(words.close[code])));
    const codes = Object.keys(words.close);
    const seen = this.card.version; // while the window stands open she may press again, and nobody would see it
    const answer = await ask({
      title: ["结案", "close the case"],
      lead: "家属会收到一条结案短信。 The family gets a closing text.",
      body: h("div", null,
        h("fieldset", null, h("legend", null, "处理结果", h("span", { class: "en" }, "outcome")),
          h("div", { class: "codes" }, codes.filter((code) => !FALSE_ALARMS.includes(code)).map(choice))),
        h("fieldset", null, h("legend", null, "误报", h("span", { class: "en" }, "false alarm")),
          h("div", { class: "codes" }, codes.filter((code) => FALSE_ALARMS.includes(code)).map(choice))),
        h("textarea", { name: "note", rows: 3, "aria-label": "说明 note", maxlength: 2000, placeholder: "说明(可不填)note, may stay empty" })),
      confirm: ["确认结案", "close"],
      ready: (form) => form.elements.code.value !== "",
      read: (form) => ({ code: form.elements.code.value, note: form.elements.note.value.trim(), seen }),
    });
    if (answer && (await this._do("close", answer))) toast("已结案 closed");
  }

  async sendSomebody() {
    const open = this.card.helpers.filter((helper) => OPEN_OFFERS.includes(helper.state)).map((helper) => helper.responder_id);
    let found;
    try {
      found = nearestFirst(await onDuty(), this.card).filter((one) => !open.includes(one.id)).slice(0, 12);
    } catch (problem) {
      toast(problem.message, true);
      return;
    }
    const answer = await ask({
      title: ["派人", "ask somebody to go"], lead: "在岗人员,最近的在前。 On duty, nearest first.",
      body: h("div", { class: "pick-list" }, found.length
        ? found.map((one) => h("label", { class: "code" }, h("input", { type: "radio", name: "responder", value: one.id }),
          h("span", null, h("b", null, one.name), h("span", { class: "quiet" }, ` ${word(words.responder, one.kind)}`),
            h("br"), h("span", { class: "quiet small" }, one.distance_m === null ? "位置未知 position unknown" : `直线 ${distance(one.distance_m)}`))))
        : h("p", { class: "warn" }, "现在没有别的在岗人员。请打电话。 Nobody else is on duty: telephone.")),
      confirm: ["派单", "send"],
      ready: (form) => Boolean(form.elements.responder && form.querySelector("input:checked")),
      read: (form) => Number(form.querySelector("input:checked").value),
    });
    if (answer) await this._do("offers", { responder_id: answer });
  }
}

async function onDuty() {
  const all = [];
  let next = null;
  do {
    const page = await get(`/api/responders?limit=200${next ? `&cursor=${encodeURIComponent(next)}` : ""}`);
    all.push(...page.items);
    next = page.next;
  } while (next);
  return all.filter((one) => one.on_duty).map((one) => one.responder);
}

/** A sphere is good enough to put people in order; the server's own choice is the exact one. */
function nearestFirst(responders, card) {
  const rad = Math.PI / 180;
  const metres = ({ position }) => {
    if (!position || card.lat === null) return null;
    const dy = (position.lat - card.lat) * rad;
    const dx = (position.lon - card.lon) * rad * Math.cos(card.lat * rad);
    return 6371008 * Math.sqrt(dx * dx + dy * dy);
  };
  return responders
    .map((responder) => Object.assign({ distance_m: metres(responder) }, responder))
    .sort((a, b) => (a.distance_m === null) - (b.distance_m === null) || a.distance_m - b.distance_m);
}

/** 儿子李军, 最近的2名网格员或志愿者, 值班台响铃: one line of a rung. It takes the contacts it tells from those who are `left`. */
function tellWords({ whom, count, kinds, skill }, left) {
  if (whom === "desk") return words.whom.desk[0];
  if (whom === "relatives" && !left) return count ? `再通知${count}位联系人` : "其余联系人"; // names come with the record
  if (whom === "relatives") return left.splice(0, count || left.length).map((one) => `${one.relation}${one.name}`).join("、");
  const who = kinds.map((kind) => words.responder[kind][0]).join("或") || "工作人员";
  return `${words.whom[whom][0]}${count}名${who}${skill ? `(会${skill})` : ""}`;
}

const word = (table, key) => (table[key] ? table[key][0] : key);
const age = (resident) => {
  if (!resident.birth_date) return "";
  const born = resident.birth_date.split("-").map(Number);
  const today = new Date();
  const had = today.getMonth() + 1 > born[1] || (today.getMonth() + 1 === born[1] && today.getDate() >= born[2]);
  return `${today.getFullYear() - born[0] - (had ? 0 : 1)}岁`;
};

