// Calls of an operator: whom to call, the number to click, and one tap for how it went. Each goes on the timeline.
//
// Where the centre has a telephone exchange, a click rings the telephone of the desk, and whoever picks it up is
// connected. Without one, without a telephone of the desk, or when it did not ring, the computer dials (tel:).

import { post } from "./api.js";
import { phoneWords } from "./card.js";
import { ask } from "./dialog.js";
import { $, both, fill, h, keep, kept, toast } from "./dom.js";
import words from "/console/words.js";

const CHIP = { answered: "chip--good", no_answer: "chip--amber", no_such_number: "chip--emergency" };
const SIGN = { answered: "✓ ", no_answer: "– ", no_such_number: "× " };

/** How calls went, by whom they went to: the last result of each, from the timeline of a case. */
export function results(timeline) {
  const found = new Map();
  for (const entry of timeline) if (entry.entry === "called") found.set(entry.detail.who, { result: entry.detail.result, at: entry.at });
  return found;
}

export const resultChip = (result) => h("span", { class: `chip ${CHIP[result]}` }, SIGN[result], words.called[result].join(" "));

const DESK = "anxin.desk";
const PAUSE = 2000; // ms in which a second tap, or a key held down, is the same call
const hasExchange = () => Boolean($("main[data-exchange]"));
const going = new Set(); // calls that were begun a moment ago
const byHand = new Set(); // those that the exchange could not do
let typed = null; // as it stands in the field, also where the browser keeps nothing
const extension = () => (hasExchange() ? (typed ?? kept(DESK) ?? "") : "");

/** A number to click; `also()` is done at once. What the exchange could not do, the next click does by the computer. */
export function dialLink(incident, { who, number }, more, also = () => {}) {
  const call = `${incident} ${who}`;
  const dial = async (event) => {
    const desk = byHand.has(call) ? "" : extension();
    if (desk) event.preventDefault();
    if (going.has(call)) return;
    going.add(call);
    also();
    try {
      await post(`/api/incidents/${incident}/dial`, { who, extension: desk });
      if (desk) toast(`已请分机${desk}振铃,拿起话筒即可接通。 Extension ${desk} is to ring: pick it up.`);
    } catch (problem) {
      if (desk) byHand.add(call);
      toast(desk ? `${problem.message} 再点一下由电脑拨号。 The next click dials by the computer.` : problem.message, true);
    }
    setTimeout(() => going.delete(call), byHand.has(call) ? 0 : PAUSE);
  };
  return h("a", { ...more, href: `tel:${number}`, onclick: dial });
}

/** Which telephone stands on this desk: this browser remembers it. What the field shows is what rings. */
export function deskTelephone() {
  if (!hasExchange()) return null;
  const field = h("input", { inputmode: "numeric", maxlength: 12, size: 8, value: extension(), placeholder: "601", autocomplete: "off" });
  field.addEventListener("input", () => {
    const digits = field.value.normalize("NFKC").trim();
    const isOne = /^([0-9]{2,8})?$/.test(digits);
    field.setAttribute("aria-invalid", String(!isOne));
    typed = isOne ? digits : "";
    keep(DESK, typed);
    byHand.clear();
  });
  field.addEventListener("keydown", (event) => event.key === "Enter" && event.preventDefault()); // it calls nobody, and closes nothing
  return h("label", { class: "call-desk" }, "本机分机 this desk's extension ", field,
    h("span", { class: "quiet small" }, "填写后,交换机先呼本机;留空则手动拨号。 It rings first; empty: dialled by hand."));
}

/** A number to click, with one button for each way the call can go; `done()` when one was written down. */
export function callRow(incident, { who, name, number }, done, last = null) {
  const shown = h("span", { class: "call-row__last", role: "status" }, last ? resultChip(last) : null);
  const say = async (result) => {
    try {
      await post(`/api/incidents/${incident}/calls`, { who, result });
      fill(shown, resultChip(result));
      done();
    } catch (problem) {
      toast(problem.message, true);
    }
  };
  return h("li", { class: "call-row", "data-who": who },
    h("span", { class: "call-row__name" }, h("b", null, name), shown),
    fill(dialLink(incident, { who, number }, { class: "button button--deed", "data-dial": "" }), `拨打 ${phoneWords(number)}`, h("span", { class: "en" }, "dial")),
    h("span", { class: "row row--tight", role: "group", "aria-label": `${name}:结果 how it went` }, Object.keys(words.called).map((result) =>
      h("button", { class: "button", type: "button", "data-result": result, onclick: () => say(result) }, both(words.called[result])))));
}

/** One window with everybody who is meant; it stays until it is put away, for the second number follows the first. */
export function callWindow(incident, title, people, last, done) {
  return ask({
    title, lead: "拨号后点一下结果,写进经过。 After the call tap how it went: it goes on the timeline.",
    body: people.length
      ? h("div", null, h("ul", { class: "call-rows" }, people.map((one) => callRow(incident, one, done, (last.get(one.who) || {}).result))), deskTelephone())
      : h("p", { class: "warn" }, "没有登记号码。 No number is registered."),
    wide: true,
  });
}
