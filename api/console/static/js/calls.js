// Calls by hand: whom to call, the number to click, and one tap for how it went, which goes on the timeline.

import { post } from "./api.js";
import { phoneWords } from "./card.js";
import { ask } from "./dialog.js";
import { both, fill, h, toast } from "./dom.js";
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
    h("a", { class: "button button--deed", href: `tel:${number}`, "data-dial": "" }, `拨打 ${phoneWords(number)}`, h("span", { class: "en" }, "dial")),
    h("span", { class: "row row--tight", role: "group", "aria-label": `${name}:结果 how it went` }, Object.keys(words.called).map((result) =>
      h("button", { class: "button", type: "button", "data-result": result, onclick: () => say(result) }, both(words.called[result])))));
}

/** One window with everybody who is meant; it stays until it is put away, for the second number follows the first. */
export function callWindow(incident, title, people, last, done) {
  return ask({
    title, lead: "拨号后点一下结果,写进经过。 After the call tap how it went: it goes on the timeline.",
    body: people.length
      ? h("ul", { class: "call-rows" }, people.map((one) => callRow(incident, one, done, (last.get(one.who) || {}).result)))
      : h("p", { class: "warn" }, "没有登记号码。 No number is registered."),
    wide: true,
  });
}
