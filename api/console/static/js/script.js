// The script of a case: one question at a time, answered by one tap, and what to do next after each answer.

import { get, post } from "./api.js";
import { clockTime } from "./clock.js";
import { both, fill, h, icon, toast } from "./dom.js";
import words from "/console/words.js";

export const KEYS = { y: "yes", x: "no" };

/** The questions as an operator sees them. `said(question, answer)` is called with each answer. */
export class Panel {
  constructor(said) {
    this.root = h("section", { class: "script", "aria-label": "问询 script", hidden: true });
    this.said = said;
    this.lines = [];
    this.again = null; // the question that is answered anew
  }

  /** An answer by key goes to the question that is large. */
  answer(answer) {
    const line = this._asked();
    if (!line) return;
    this.again = null;
    this.said(line.question, answer);
  }

  _asked() {
    return this.lines.find((line) => line.question === this.again) || this.lines.find((line) => line.answer === null);
  }

  show(lines) {
    const hadFocus = this.root.contains(document.activeElement);
    this.lines = lines;
    this.root.hidden = lines.length === 0;
    const asked = this._asked();
    const answered = lines.filter((line) => line.answer !== null).sort((a, b) => Date.parse(a.at) - Date.parse(b.at));
    const left = lines.length - answered.length;
    fill(this.root,
      h("h3", null, both(["问询", "ask"]), h("span", { class: "chip" }, `${answered.length} / ${lines.length}`)),
      asked ? this._question(asked) : h("p", { class: "chip chip--good" }, icon("check"), "问完了 all asked"),
      asked && left > 1 ? h("p", { class: "quiet small" }, `后面还有 ${left - 1} 个问题 more to ask`) : null,
      answered.length ? h("ul", { class: "script__said" }, answered.reverse().map((line) => this._said(line))) : null);
    if (hadFocus) {
      const first = this.root.querySelector("[data-said]");
      if (first) first.focus();
    }
  }

  _question(line) {
    const button = (said, key) => h("button", { class: "button button--answer", type: "button", "data-said": said, onclick: () => this.answer(said) },
      both(words.said[said]), h("kbd", { "aria-hidden": "true" }, key));
    return h("div", { class: "script__ask", role: "group", "aria-label": line.ask.join(" ") },
      h("p", { class: "script__question" }, line.ask[0], h("span", { class: "en", lang: "en" }, line.ask[1])),
      h("div", { class: "row" }, button("yes", "Y"), button("no", "X")));
  }

  _said(line) {
    return h("li", { "data-question": line.question },
      h("p", null, h("span", { class: "quiet" }, line.ask[0]), " ", h("b", null, words.said[line.answer].join(" ")),
        h("span", { class: "quiet small" }, ` ${clockTime(line.at)} `),
        h("button", { class: "button button--bare", type: "button", "aria-label": `改答案 answer again: ${line.ask[0]}`, onclick: () => { this.again = line.question; this.show(this.lines); } },
          "改", h("span", { class: "en" }, "change"))),
      line.step ? h("p", { class: line.calls_120 ? "script__step script__step--120" : "script__step" },
        line.calls_120 ? icon("sos") : h("span", { "aria-hidden": "true" }, "→ "), line.step[0], h("span", { class: "en", lang: "en" }, line.step[1])) : null);
  }
}

/** The script of a case. `answered()` is called when an answer was taken: the timeline has one more line. */
export class Script extends Panel {
  constructor(answered) {
    super((question, answer) => this._send(question, answer));
    this.onanswer = answered;
    this.incident = null;
  }

  /** Read the script of a case that somebody has; null: there is none to show. */
  async read(incident) {
    if (incident !== this.incident) {
      this.incident = incident;
      this.again = null;
      this.show([]);
    }
    if (incident === null) return;
    try {
      const lines = await get(`/api/incidents/${incident}/script`);
      if (incident === this.incident) this.show(lines);
    } catch (problem) {
      if (problem.status !== 0) toast(problem.message, true);
    }
  }

  async _send(question, answer) {
    const incident = this.incident;
    try {
      const lines = await post(`/api/incidents/${incident}/script`, { question, answer });
      if (incident === this.incident) this.show(lines);
      this.onanswer();
    } catch (problem) {
      toast(problem.message, true);
    }
  }
}
