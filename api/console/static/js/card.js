// How one incident looks wherever it is shown: its door, its stage, its countdown, its owner.

import { clockTime, duration, now, shortTime } from "./clock.js";
import { both, h, icon, write } from "./dom.js";
import words from "/console/words.js";

export const STAGES = ["raised", "claimed", "covered", "on_scene", "closed"];
const STAGE_SHORT = { raised: "报警", claimed: "接警", covered: "有人去", on_scene: "到场", closed: "结案" };
const STARTED_BY = { raised: "opened_at", claimed: "claimed_at", covered: "covered_at", on_scene: "on_scene_at" };
export const ANSWER_CHIP = { coming: "chip--good", arrived: "chip--good", done: "chip--good", false_alarm: "chip--amber" };
const COMING = ["accepted", "on_the_way", "arrived"];
const SOON = 0.3; // the last part of a deadline that is shown as nearly over

export const EMERGENCY = 3;

export const kindWord = (kind) => words.kind[kind] || [kind, kind];
export const isOpen = (card) => card.stage !== "closed";
/** Whether it is red: a drill never is. */
export const isEmergency = (card) => card.severity === EMERGENCY && !card.exercise;

/** Whether the owner's console has fallen silent: the engine has then taken her lease away, and says so. */
export const isStale = (card) => isOpen(card) && card.claimed_by !== null && card.lease_until === null;

const comes = (helper) => COMING.includes(helper.state) && !helper.oversees;

/** The word for what a helper said: a supervisor's yes is no journey. */
export const saidBy = (helper) => (helper.oversees ? words.oversees : words.offer[helper.state]);

/** The ids of the responders who are coming or there. */
export const coming = (card) => card.helpers.filter(comes).map((helper) => helper.responder_id);

/** Whether no human has the case: this is what rings. One that rests for its area's case, or for work on devices, does not. */
export const needsHuman = (card) => isOpen(card) && (card.claimed_by === null ? !card.area_case && !card.waits_until : isStale(card));

/**
 * Whether its owner is called to it again: nobody came, it happened once more, or who is on scene says no word.
 * `seen` has the moment of the last call that was answered, by incident id.
 */
export const callsAgain = (card, me, seen) => isOpen(card) && card.claimed_by === me && card.called_at !== null
  && Date.parse(card.called_at) > (seen.get(card.id) || 0);

const isOfArea = (card) => card.subject.startsWith("area:");

const deadlines = new WeakMap(); // card -> ms: a storm sorts thousands of cards many times a second

function deadline(card) {
  if (!deadlines.has(card)) deadlines.set(card, card.deadline_at === null ? Infinity : Date.parse(card.deadline_at));
  return deadlines.get(card);
}

/** The queue's order: what is real before drills, the worst first, homes before areas, then whose time is up first. */
export function byUrgency(a, b) {
  return a.exercise - b.exercise || b.severity - a.severity || isOfArea(a) - isOfArea(b) || deadline(a) - deadline(b) || a.id - b.id;
}

/**
 * 和平社区幸福里3幢2单元501 -> ["3幢2单元501", "和平社区幸福里"]: the part that finds the door is shown large. An
 * address that is written otherwise stays whole.
 */
export function door(address) {
  const match = /^(.*?[^\d])(\d+(?:幢|号楼|栋|座|楼|号院|号).*)$/.exec(address);
  return match ? [match[2], match[1]] : [address, ""];
}

/** Where the door is, without saying the community twice: 幸福里 · 和平社区第7网格 */
export function place(card) {
  const [community, cell] = card.area_name.split(" ");
  const rest = door(card.address || "")[1];
  const inside = community && rest.startsWith(community) ? rest.slice(community.length) : rest;
  return [inside, cell && cell.startsWith(community) ? cell : card.area_name].filter(Boolean).join(" · ");
}

/** +8613800000380 -> 138 0000 0380, +865462520118 -> 0546 2520118: as people here read a number. */
export function phoneWords(number) {
  const mobile = /^\+86(1\d{2})(\d{4})(\d{4})$/.exec(number);
  if (mobile) return mobile.slice(1).join(" ");
  return number.replace(/^\+86(10|2\d|\d{3})/, "0$1 ");
}

/** 240米, 1.6公里 */
export const distance = (metres) => (metres < 995 ? `${Math.max(10, Math.round(metres / 10) * 10)}米` : `${(metres / 1000).toFixed(1)}公里`);

/** A stage that was passed over (somebody came before a claim, a false alarm that nobody went to) is not shown as done. */
export function stageBar(card) {
  const reached = STAGES.indexOf(card.stage);
  const wasThere = (stage) => card[STARTED_BY[stage]] !== null;
  return h("ol", { class: "stages", "aria-label": `阶段 ${STAGE_SHORT[card.stage]}` },
    STAGES.map((stage, index) =>
      h("li", {
        class: index < reached ? (wasThere(stage) ? "is-past" : "is-skipped") : index === reached ? "is-now" : null,
        "aria-current": index === reached ? "step" : null,
      }, STAGE_SHORT[stage])));
}

/** "2分14秒": the time since the press, kept up by `tickAll`. */
export function since(card) {
  return h("b", { "data-since": card.opened_at, "data-until": card.closed_at || "", role: "timer", title: "报警后 since the alarm" });
}

/** The countdown to the next deadline, in colour and in words; empty when the case is closed. */
export function countdown(card) {
  if (!isOpen(card) || card.deadline_at === null) return null;
  const start = card[STARTED_BY[card.stage]] || card.opened_at;
  return h("p", { class: "deadline", role: "timer", "data-deadline": card.deadline_at, "data-start": start },
    h("span", { class: "deadline__state" }), h("span", { class: "deadline__what" }, card.deadline_word), h("b", null));
}

/** Who owns the case, who is coming, and what they and the relatives have answered, as chips. */
export function owners(card, me) {
  const chips = [];
  if (card.waits_until) chips.push(h("span", { class: "chip chip--amber" }, `▲ 维护中,${shortTime(card.waits_until)} 后通知 under maintenance`));
  if (card.claimed_by === null) {
    if (card.area_case) chips.push(h("span", { class: "chip" }, `属于网格事件${card.area_case} part of its area's case`));
    else if (isOpen(card)) chips.push(h("span", { class: isEmergency(card) ? "chip chip--emergency" : "chip chip--amber" }, "无人接警 nobody yet"));
  } else {
    const name = card.claimed_by === me ? `${card.claimed_by_name}(我 me)` : card.claimed_by_name;
    chips.push(isStale(card)
      ? h("span", { class: "chip chip--amber" }, `${name} 已失联 not responding`)
      : h("span", { class: "chip chip--deed" }, icon("check"), `接警 ${name}`));
  }
  for (const helper of card.helpers)
    if (COMING.includes(helper.state))
      chips.push(h("span", { class: helper.oversees ? "chip" : "chip chip--good" }, `${helper.name} ${saidBy(helper)[0]}`,
        helper.state !== "arrived" && helper.eta_at ? h("span", { "data-eta": helper.eta_at }) : null));
  for (const answer of card.answers)
    if (!isShownAsComing(card, answer))
      chips.push(h("span", { class: `chip ${ANSWER_CHIP[answer.meaning] || ""}` }, `${answer.name}:${words.meaning[answer.meaning][0]}`));
  for (const kind of card.cleared)
    chips.push(h("span", { class: "chip chip--amber" }, icon(kind), `${kindWord(kind)[0]} 设备已恢复,待查看 cleared, look`));
  const asked = card.helpers.filter((helper) => helper.state === "asked").length;
  if (asked) chips.push(h("span", { class: "chip" }, `已询问 ${asked} 人 asked`));
  return h("div", { class: "card__owner" }, chips);
}

/** A worker's yes is the offer's own chip already, with the time of arrival. */
const isShownAsComing = (card, answer) => ["coming", "arrived"].includes(answer.meaning)
  && card.helpers.some((helper) => helper.name === answer.name && COMING.includes(helper.state));

const drillChip = () => h("span", { class: "chip chip--drill" }, "演练", h("span", { class: "en", lang: "en" }, "drill"));

export function kindLine(card) {
  const kinds = card.kinds && card.kinds.length ? card.kinds : [card.kind];
  return h("span", { class: "card__kind" },
    icon(card.kind), card.exercise ? drillChip() : null, both(kindWord(card.kind)),
    kinds.length > 1 ? h("span", { class: "chip" }, `+${kinds.length - 1}`) : null);
}

/** Bring every ticking number below `root` up to date. Called each second; touches text and class only. */
export function tickAll(root) {
  const at = now();
  for (const element of root.querySelectorAll("[data-since]")) {
    const until = element.dataset.until ? Date.parse(element.dataset.until) : at;
    write(element, duration((until - Date.parse(element.dataset.since)) / 1000));
  }
  for (const element of root.querySelectorAll("[data-by]")) {
    const left = (Date.parse(element.dataset.by) - at) / 1000;
    write(element, left > 0 ? `${duration(left)}后` : "马上");
  }
  for (const element of root.querySelectorAll("[data-eta]")) {
    const minutes = Math.ceil((Date.parse(element.dataset.eta) - at) / 60000);
    write(element, minutes > 0 ? `${minutes}分钟到` : `应于${clockTime(element.dataset.eta).slice(0, 5)}到`);
  }
  for (const element of root.querySelectorAll("[data-deadline]")) {
    const left = (Date.parse(element.dataset.deadline) - at) / 1000;
    const whole = (Date.parse(element.dataset.deadline) - Date.parse(element.dataset.start)) / 1000;
    const state = left <= 0 ? "late" : left <= whole * SOON ? "soon" : "ok";
    const word = { late: "已超时", soon: "将超时", ok: "正常" }[state];
    if (element.dataset.state !== state) {
      element.dataset.state = state;
      element.className = `deadline deadline--${state}`;
      write(element.querySelector(".deadline__state"), word);
    }
    write(element.querySelector("b"), left <= 0 ? `+${duration(-left)}` : duration(left));
  }
}
